"""Kinds of record (ชนิดข้อมูล): the classes of the subsystems and of the surveys that areas made, found by what they are called.

A survey (แบบสำรวจ) is a subsystem of one area: its slug, and the subsystem of its rounds, are the area's code and its key
("34010000-tablets"), so that whoever holds one of them finds it without asking where. Its records are `Answer`s in the one
collection that all surveys share; the code of a survey's round begins with its key ("tablets-1"), so that the place of a
record is of one survey alone and every index serves as it is.

What asks which kinds there are stands above this file, and nothing of it below: so nothing is imported in a circle.
"""

from mongoengine import Document
from mongoengine.fields import BooleanField, IntField, ObjectIdField, StringField

from documents import subsystems
from documents.records import declarations
from documents.records.fields import count, derived
from documents.records.record import Record


class Survey(Document):
    """One survey of an area; `single` where a school has one answer a round, else many."""

    area_code = StringField(required=True, max_length=8)
    key = StringField(required=True, max_length=20)
    name = StringField(required=True, max_length=100)
    name_en = StringField(max_length=100)
    about = StringField(max_length=1000)
    single = BooleanField(default=True)
    retired = BooleanField(default=False)  # no new round is given; what was answered stays to be read
    revision = IntField(default=1)
    made_by = ObjectIdField()

    meta = {
        "collection": "surveys",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "key"], "unique": True}],
    }

    @property
    def slug(self):
        """What stands for it everywhere: in rounds, history, files and jobs."""
        return f"{self.area_code}-{self.key}"

    def __str__(self):
        return self.name


class Answer(Record):
    """One answer of a school to a survey in a round: what every survey has, without its fields."""

    number = count("ลำดับที่", en="Number", min_value=1, max_value=100_000, need="R")
    entry = derived("รายการ", lambda plain, round_: entry_of(plain), en="Entry", kind="text", exported=False)

    slug = "answers"
    label = "แบบสำรวจ"
    label_en = "Survey"
    subsystem = ""  # each survey is one
    key = ("number",)
    needs_added = True
    grid = ("school_code", "entry")
    order = ("school_code",)
    sheet_title = "แบบตอบแบบสำรวจ"

    meta = {"collection": "answers"}

    @classmethod
    def own(cls):
        """A round's code begins with its survey's key, so that an answer's place is of one survey alone."""
        area_code, _, key = cls.slug.partition("-")
        return {"area_code": area_code, "round": {"$regex": f"^{key}-"}} if key else {}

    @classmethod
    def derive(cls, values):
        """The only answer of a school is its first."""
        return {"number": 1} if cls.single else {}

    @classmethod
    def headline(cls, values):
        """The survey, and which of the school's answers."""
        return cls.label if cls.single else f"{cls.label} {entry_of(values)}"


def entry_of(plain):
    """Which of a school's answers, in words."""
    number = plain.get("number")
    return f"ลำดับที่ {number:,}" if number else "ยังไม่มีลำดับที่"


def is_survey(slug):
    """Whether a slug, or a subsystem, is a survey's."""
    return slug[:1].isdigit()  # an area's code


def survey_of(slug):
    """The Survey that a slug stands for, None where it is no survey's."""
    area_code, _, key = slug.partition("-")
    return Survey.objects(area_code=area_code, key=key).first() if is_survey(slug) else None


def document_of(slug):
    """The class of a survey, without the fields of any year. Raises KeyError for an unknown one."""
    kept = declarations.kept()
    found = kept.get(("survey", slug))
    if found is None:
        survey = survey_of(slug)
        if survey is None:
            raise KeyError(slug)
        found = kept["survey", slug] = _class_of(survey)
    return found


def _class_of(survey):
    """A class that is Answer under the survey's name; made as a variant is (see declarations.py)."""
    said = {
        "__doc__": survey.about or survey.name,
        "__module__": __name__,
        "made": True,
        "slug": survey.slug,
        "label": survey.name,
        "label_en": survey.name_en or survey.name,
        "subsystem": survey.slug,
        "single": bool(survey.single),
        "about": survey.about,
        "retired": bool(survey.retired),
    }
    if survey.single:
        ordered = tuple(name for name in Answer._fields_ordered if name != "number")
        said |= {"key": ("school_code",), "unit": "โรงเรียน", "_fields_ordered": ordered}
        said["entry"] = _entry_of_single()
    return type.__new__(type(Answer), "Answer", (Answer,), said)


def _entry_of_single():
    made = derived("คำตอบ", lambda plain, round_: "ตอบแล้ว", en="Answer", kind="text", exported=False)
    made.name = "entry"
    return made


def survey_documents(areas):
    """The classes of all surveys of areas, by slug: {slug: class}."""
    found = Survey.objects(area_code__in=list(areas)).scalar("area_code", "key")
    return {f"{area}-{key}": document_of(f"{area}-{key}") for area, key in found}


def documents_of(subsystem):
    """The document classes whose records a submission of this subsystem guards, in menu order."""
    if is_survey(subsystem):
        return [document_of(subsystem)]
    return [document for document in subsystems() if document.subsystem == subsystem]


def documents_in(of_round):
    """The documents of a round (or of a submission in it) as its area declares them for its year, in menu order."""
    return [
        declarations.declaration(document, of_round.area_code, of_round.academic_year)
        for document in documents_of(of_round.subsystem)
    ]
