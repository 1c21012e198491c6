"""Cases of duplicates (เรื่องซ้ำซ้อน): two entries that cannot both be right, or may be one child, until somebody has said which.

Found by the scan of an area (`duplicates.py`) or by a list of another agency (`agencies.py`). Each school says what its
pupil is (ours, moved, theirs, both real); the district decides. A pair that was decided to be two children is never asked
again. Sources: DMC-01, DMC-02, DMC-04, DMC-05 of domain.md 3.1.5; what a school sees of another, domain.md 6.
"""

from mongoengine.fields import (
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents.database import collection
from documents.errors import NotAllowed
from documents.people import access
from documents.records.cases import Case, Step, find_case, table
from documents.records.record import Place

NUMBER, AGENCY, PERSON = "number", "agency", "person"
KINDS = {
    NUMBER: "เลขเดียวกันในสองโรงเรียน",
    AGENCY: "ซ้ำซ้อนต่างสังกัด",
    PERSON: "อาจเป็นเด็กคนเดียวกัน",
}
ASKED = ("found", "answered")
OPEN = (*ASKED, "mending")
SETTLED = ("different", "real")  # what is never asked again
OURS, MOVED, THEIRS, BOTH = "ours", "moved", "theirs", "both"
ANSWERS = {
    OURS: "เรียนอยู่ที่นี่จริง",
    MOVED: "ย้ายออกไปแล้ว",
    THEIRS: "ไม่ใช่นักเรียนของเรา",
    BOTH: "คนละคน เรียนจริงทั้งสองคน",
}
LETS_GO = (MOVED, THEIRS)
# Which steps each kind has; the others are none of its own.
OF_KIND = {
    NUMBER: {OURS, MOVED, THEIRS, BOTH, "same", "mend", "again", "reopen", "gone"},
    AGENCY: {OURS, MOVED, "same", "real", "again", "reopen", "gone"},
    PERSON: {OURS, MOVED, THEIRS, BOTH, "same", "different", "again", "reopen", "gone"},
}


def _answer(name, reason=False, tone=None):
    words = {OURS: "Ours", MOVED: "Moved away", THEIRS: "Not ours", BOTH: "Two children"}
    return Step(name, ANSWERS[name], words[name], ASKED, "answered", ("school",), reason=reason, at="party",
                tone=tone, plain=False)  # fmt: skip


class DuplicateCase(Case):
    """One pair: `records` are the entries that clash (one where the other stands with another agency).

    Of each: record, lineage, school_code, school_name. `answers` is {school code: {answer, by, by_name, at, reason,
    evidence, evidence_kind}}; `kept_by` is the school that the district left the pupil with.
    """

    kind = StringField(required=True, choices=list(KINDS))
    code = StringField(required=True, max_length=10)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=2)
    schools = ListField(StringField())
    records = ListField(DictField())
    pair = StringField(required=True, max_length=120)
    standing = StringField(max_length=120)  # the pair, while the case is open or settled: there is one of it
    score = FloatField()
    why = ListField(StringField())
    number = StringField(max_length=20)  # masked
    agency = DictField()  # name, school: of a list of another agency
    due_at = DateTimeField(required=True)
    answers = DictField()
    kept_by = StringField(max_length=8)
    mended_by = StringField(max_length=8)  # the school that mends its number
    # Of two children with one number: the pair that is not asked about again.
    apart = StringField(max_length=120)
    # Decided to be one child, whose school had handed in: the record whose other number is still to be put beside it.
    number_owed = ObjectIdField()
    owed_tries = IntField(default=0)  # nights in which that could not be done
    owed_next = DateTimeField()  # not tried before
    last_scan = ObjectIdField()
    opened_by_scan = ObjectIdField()

    acting = None  # the school for which a reader looks at it; see `get_case`

    slug = "duplicates"
    label, label_en = "เรื่องซ้ำซ้อน", "Duplicate"
    states = {
        "found": "รอโรงเรียนตรวจสอบ", "answered": "รอเขตตัดสิน", "mending": "รอโรงเรียนแก้เลข", "same": "คนเดียวกัน",
        "different": "คนละคน", "real": "เรียนจริง มีหลักฐาน", "gone": "ไม่ซ้ำแล้ว",
    }  # fmt: skip
    open_states = OPEN
    steps = table(
        _answer(OURS, tone="main"),
        _answer(MOVED),
        _answer(THEIRS, reason=True),
        _answer(BOTH, reason=True),
        Step("same", "คนเดียวกัน", "One child", OPEN, "same", ("district",), reason=True, plain=False, tone="main"),
        Step("different", "คนละคน", "Two children", ASKED, "different", ("district",), reason=True, plain=False),
        Step("mend", "คนละคน ให้แก้เลข", "Two children, a number to mend", ASKED, "mending", ("district",), reason=True,
             plain=False),
        Step("real", "รับหลักฐานว่าเรียนจริง", "Proven", ("answered",), "real", ("district",), reason=True, plain=False,
             tone="main"),
        Step("again", "ให้โรงเรียนตรวจใหม่", "Ask again", ("answered", "mending"), "found", ("district",), reason=True,
             plain=False),
        Step("reopen", "เปิดเรื่องใหม่", "Reopen", ("same", *SETTLED), "found", ("district",), reason=True, plain=False),
        Step("gone", "ปิดเพราะข้อมูลไม่ซ้ำแล้ว", "No longer there", OPEN, "gone", (), plain=False),
    )  # fmt: skip
    meta = {
        "collection": "duplicate_cases",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {
                "fields": ["area_code", "standing"],
                "unique": True,
                "partialFilterExpression": {"standing": {"$type": "string"}},
                "name": "standing",
            },
            {
                "fields": ["area_code", "apart"],
                "partialFilterExpression": {"apart": {"$type": "string"}},
                "name": "apart",
            },
            {"fields": ["area_code", "ended_at", "due_at", "_id", "kind", "state"], "name": "queue"},
            {
                "fields": ["area_code", "schools", "ended_at", "due_at", "_id", "kind", "state"],
                "name": "school_queue",
            },
            {"fields": ["area_code", "kind", "ended_at", "due_at", "_id"], "name": "kind_queue"},
            {"fields": ["area_code", "ended_at", "state", "due_at", "_id"], "name": "officers_queue"},
            {
                "fields": ["area_code", "kind", "ended_at", "state", "due_at", "_id"],
                "name": "officers_kind_queue",
            },
            {"fields": ["area_code", "schools", "state"], "name": "of_school"},
            {"fields": ["area_code", "academic_year", "round", "state", "last_scan"], "name": "of_round"},
            {
                "fields": ["area_code", "number_owed"],
                "partialFilterExpression": {"number_owed": {"$type": "objectId"}},
                "name": "number_owed",
            },
            {"fields": ["area_code", "-asked_at", "-_id"], "name": "newest"},
            {"fields": ["area_code", "schools", "-asked_at", "-_id"], "name": "school_newest"},
        ],
    }

    def school_of(self, at):
        """The school for which somebody answers; one that is no party of it has no step."""
        return self.acting if at == "party" else self.school_code

    def refuse(self, step, actor, now):
        """A step of another kind of case, and what a school says once it let its pupil go to mend."""
        if step.name not in OF_KIND[self.kind]:
            raise NotAllowed("เรื่องชนิดนี้ไม่มีขั้นตอนนี้ กรุณาเปิดหน้านี้ใหม่")

    def row_of(self, school_code):
        """The entry of a school, its first one."""
        return next((row for row in self.records if row["school_code"] == school_code), None)

    def others(self, school_code):
        """Names of the others in it, as a school is told: other schools, or the other agency."""
        if self.kind == AGENCY:
            return [" ".join(filter(None, (self.agency.get("name"), self.agency.get("school"))))]
        names = [row["school_name"] for row in self.records if row["school_code"] != school_code]
        return names or [self.school_name]

    def place_of(self, row):
        """Where one of its entries stands."""
        return Place(self.area_code, self.academic_year, self.round, row["school_code"])

    def answer_of(self, school_code):
        """What a school said, '' for nothing yet."""
        return (self.answers.get(school_code) or {}).get("answer", "")


def visible_to(user):
    """The MongoDB filter of the cases a person may see: officers the area's, a school those it is a party of."""
    ways = [{"area_code": area} for area in user.areas(*access.AREA_READERS)]
    ways += [{"area_code": area, "schools": code} for area, code in user.schools(*access.SCHOOL_READERS)]
    return {"$or": ways} if ways else access.NOTHING


def get_case(user, id_):
    """The DuplicateCase of an id as far as this person may see it; raises OutOfScope for any other."""
    case = find_case(DuplicateCase, id_, visible_to(user))
    return acting_for(case, user)


def acting_for(case, user):
    """The case as this person looks at it: for the school of it where he records, if there is one."""
    own = [code for code in case.schools if user.holds("school", case.area_code, code)]
    waiting = [code for code in own if not case.answer_of(code)]
    case.acting = next(iter([*waiting, *own]), None)
    return case


def unanswered_by(codes):
    """The MongoDB filter of the open cases to which one of these schools has not answered."""
    ways = [{"schools": code, f"answers.{code}": {"$exists": False}} for code in codes]
    return {"state": {"$in": list(ASKED)}, "$or": ways}


def awaits_decision(now):
    """The MongoDB filter of the cases that the district decides: a school answered, or its time is over."""
    return {"$or": [{"state": "answered"}, {"state": "found", "due_at": {"$lte": now}}]}


# ---- as findings ----

# What the checks ask of a round: the cases that stand open there, of these schools.
SHOWN = {
    "code": 1,
    "kind": 1,
    "state": 1,
    "records": 1,
    "answers": 1,
    "agency": 1,
    "mended_by": 1,
    "school_name": 1,
}


def question(area_code, academic_year, round_code, codes):
    """The question that reads the open cases of schools in a round, for `asked_together`."""
    where = {
        "area_code": area_code, "schools": {"$in": codes}, "state": {"$in": list(OPEN)},
        "academic_year": academic_year, "round": round_code,
    }  # fmt: skip
    return DuplicateCase, [{"$match": where}, {"$project": SHOWN}]


def clashes_in(rows):
    """{school code: {record id as text: {key of a check: sentence}}} of open cases (stored dicts)."""
    found = {}
    for row in rows:
        case = DuplicateCase._from_son(row)
        for entry in case.records:
            key, sentence = _told(case, entry)
            of_school = found.setdefault(entry["school_code"], {}).setdefault(str(entry["record"]), {})
            of_school[key] = f"{of_school[key]} และ{sentence}" if key in of_school else sentence
    return found


def _told(case, entry):
    """(key of the check, sentence) that one entry's school is told."""
    school = entry["school_code"]
    others = [row for row in case.records if row["record"] != entry["record"]]
    if case.kind == AGENCY:
        with_whom = f"ในรายชื่อของ {case.others(school)[0]}"
    else:
        same = others and others[0]["school_code"] == school
        with_whom = "ในโรงเรียนนี้เอง" if same else f"ที่โรงเรียน {others[0]['school_name']}"
    if case.kind == PERSON:
        return case.code, f"อาจเป็นคนเดียวกับนักเรียน{with_whom}"
    said = case.answer_of(school)
    if case.state == "mending":
        mends = case.mended_by == school
        what = "เขตให้โรงเรียนนี้แก้เลข" if mends else "รอโรงเรียนนั้นแก้เลข"
        return f"{case.code}.{'open' if mends else 'waits'}", f"มีเลขนี้{with_whom} ด้วย {what}"
    if said in (OURS, BOTH):
        return f"{case.code}.waits", f"มีเลขนี้{with_whom} ด้วย ตอบแล้ว รอเขตตัดสิน"
    todo = "ตอบว่าย้ายออกหรือไม่ใช่นักเรียนของเราแล้ว ให้จำหน่ายหรือย้ายออก" if said in LETS_GO else "ยังไม่ได้ตอบว่าเรียนที่ใด"
    return f"{case.code}.open", f"มีเลขนี้{with_whom} ด้วย {todo}"


def open_of(area_code, record_id, school_code):
    """The open cases of one stored record, for its page."""
    where = {
        "area_code": area_code,
        "schools": school_code,
        "state": {"$in": list(OPEN)},
        "records.record": record_id,
    }
    return [DuplicateCase._from_son(row) for row in collection(DuplicateCase).find(where).limit(5)]
