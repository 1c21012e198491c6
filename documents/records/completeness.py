"""Completeness (ครบถ้วน/ไม่ครบถ้วน): which fields must be filled before ยืนยัน, and where they are not.

Required is a setting per field and year, seeded from the `need` of the declaration.
"""

from functools import lru_cache
from typing import NamedTuple

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DictField, IntField, StringField

from documents.background.jobs import job_kind
from documents.collecting.submissions import SEALED, Submission
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed
from documents.records import declarations
from documents.records.declarations import declaration
from documents.records.digests import by_school
from documents.records.kinds import documents_in
from documents.records.record import Place, declared, default_required
from documents.trail.history import note_event


class FieldSetting(Document):
    """What an area decided for one kind of record from one academic year on: {field: 'R' or 'O'}."""

    area_code = StringField(required=True, max_length=8)
    document = StringField(required=True, max_length=40)
    academic_year = IntField(required=True)
    needs = DictField()

    meta = {
        "collection": "field_settings",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "document", "-academic_year"], "unique": True}],
    }


class Missing(NamedTuple):
    """How many records a submission has, how many lack something, and what: {slug: {field: count}}."""

    total: int
    records: int
    by_field: dict


def required_of(document, area_code, academic_year):
    """Names of the fields required in this area and year: the newest setting up to the year over the declaration."""
    document = declaration(document, area_code, academic_year)
    asked = _settings_query([document], area_code, academic_year)
    setting = collection(FieldSetting).find_one(asked, sort=[("academic_year", -1)])
    return required_by([setting] if setting else [], document, area_code, academic_year)


def required_known(document, area_code, academic_year):
    """`required_of` for pages: asked of the database once a process, until a definition or setting changes."""
    known, asked = declarations.kept(), ("required", document.slug, area_code, academic_year)
    if asked not in known:
        known[asked] = required_of(document, area_code, academic_year)
    return known[asked]


def required_by(settings, document, area_code, academic_year):
    """`required_of`, from the stored settings that `reading_settings` read: the document's newest one counts."""
    own = [each for each in settings if each["document"] == document.slug]
    needs = max(own, key=lambda each: each["academic_year"], default={}).get("needs") or {}
    return _required(document, tuple(sorted(needs.items())))


def reading_settings(documents, area_code, academic_year):
    """The stage of an aggregation that adds the settings of these documents to each row, as `settings`."""
    asked = [{"$match": _settings_query(documents, area_code, academic_year)}]
    return {"$lookup": {"from": FieldSetting._get_collection_name(), "pipeline": asked, "as": "settings"}}


def _settings_query(documents, area_code, academic_year):
    slugs = sorted(document.slug for document in documents)
    return {
        "area_code": area_code,
        "document": slugs[0] if len(slugs) == 1 else {"$in": slugs},
        "academic_year": {"$lte": academic_year},
    }


@lru_cache(maxsize=256)
def _required(document, needs):
    """The required fields by the declaration, as far as `needs`, ((name, 'R' or 'O'), ...), do not say otherwise."""
    said, default = dict(needs), default_required(document)
    return frozenset(
        name for name in declared(document) if said.get(name, "R" if name in default else "O") == "R"
    )


def set_required(document, area_code, academic_year, needs, actor, reason=None, recount=None):
    """Say which fields are required from this year on, {field: 'R' or 'O'}; open submissions are counted anew.

    That reads every record of theirs: `recount(subsystem, area_code, academic_year)` may do it later instead; what it
    gives is given back.
    Raises NotAllowed for anyone but the area's admin, Invalid for a field that does not exist.
    """
    if not actor.holds("admin", area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบเท่านั้นที่กำหนดข้อมูลที่ต้องกรอกได้")
    known = declared(declaration(document, area_code, academic_year))
    unknown = {name: "ไม่มีข้อมูลนี้ในแบบฟอร์ม" for name in needs if name not in known}
    if unknown:
        raise Invalid({0: unknown})

    def work():
        before = required_of(document, area_code, academic_year)
        setting = FieldSetting.objects(
            area_code=area_code, document=document.slug, academic_year=academic_year
        ).modify(upsert=True, new=True, set__needs=needs)
        after = required_of(document, area_code, academic_year)
        changes = {name: [name in before, name in after] for name in sorted(before ^ after)}
        note_event(area_code, actor, "settings", "fields", setting.id, changes, reason)
        declarations.count_up()

    in_transaction(work)
    return (recount or recount_open)(document.subsystem, area_code, academic_year)


def missing_of(submission):
    """The Missing of one submission, read from its records."""
    place = Place(submission.area_code, submission.academic_year, submission.round, submission.school_code)
    total = records = 0
    by_field = {}
    for document in documents_in(submission):
        required = required_of(document, place.area_code, place.academic_year)
        for record in collection(document).find(place._asdict()):
            names = document.missing(record, required)
            total += 1
            records += bool(names)
            for name in names:
                counted = by_field.setdefault(document.slug, {})
                counted[name] = counted.get(name, 0) + 1
    return Missing(total, records, by_field)


def counts_of(submission):
    """The counters of a submission, counted from its records: what the door keeps up to date by deltas."""
    return counts_by_school([submission])[submission.school_code]


def counts_by_school(submissions):
    """{school code: counters} of several submissions of one round, their records read in one pass a document."""
    found = {each.school_code: {} for each in submissions}
    for document in documents_in(submissions[0]) if submissions else ():
        required = required_of(document, submissions[0].area_code, submissions[0].academic_year)
        for code, records in by_school(document, submissions[0], list(found)):
            for record in records:
                add(found[code], tally_of(document, record, required), 1)
    return found


def tally_of(document, record, required):
    """What one record adds to its submission's counters: `incomplete`, `by_district` and the unreviewed included."""
    tally = document.tally(record) | {"incomplete": int(bool(document.missing(record, required)))}
    if record.get("by_district"):
        tally["by_district"] = 1
    if record.get("reviewed") is False:
        tally[unreviewed_counter(document)] = 1
    return tally


def unreviewed_counter(document):
    """The counter of a submission's records of a kind that were carried over and nobody has looked over yet."""
    return f"unreviewed_{document.slug}"


def add(counts, tally, sign):
    """Add (or take off, sign -1) one tally from counters in place."""
    for name, value in tally.items():
        counts[name] = counts.get(name, 0) + sign * value


def open_from(subsystem, area_code, academic_year):
    """The Submissions of this year and later ones that are not sealed."""
    return Submission.objects(
        area_code=area_code,
        academic_year__gte=academic_year,
        subsystem=subsystem,
        state__nin=list(SEALED),
    )


def recount_open(subsystem, area_code, academic_year, progress=None):
    """Count anew the submissions of this year and later ones that are not sealed; what is set holds from a year on.

    A job's `progress` counts them.
    """
    submissions = open_from(subsystem, area_code, academic_year)
    if progress:
        progress.begin(submissions.count(), "โรงเรียน")
    for number, submission in enumerate(submissions):
        recount(submission)
        if progress:
            progress.at(number + 1)


# One that stopped halfway would leave old counts with nothing to say so: it runs to its end.
@job_kind("recount", "นับความครบถ้วนใหม่", "Count completeness anew", cancellable=False)
def recount_job(job, progress, subsystem, academic_year):
    """The job of `recount_open`."""
    recount_open(subsystem, job.area_code, academic_year, progress)
    return {"summary": ["นับความครบถ้วนของทุกโรงเรียนใหม่แล้ว"]}


def recount(submission):
    """Set one submission's counters from its records, where its write counter still holds; else once more."""
    while True:
        counts = counts_of(submission)
        done = collection(Submission).update_one(
            {"_id": submission.id, "area_code": submission.area_code, "writes": submission.writes},
            {"$set": {"counts": counts, "counted": ObjectId()}},
        )
        if done.matched_count:
            return counts
        submission = Submission.objects(area_code=submission.area_code, id=submission.id).get()
