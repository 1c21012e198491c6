"""Findings (ข้อที่ต้องตรวจสอบ): what the checks found in a school's records, and what people said to it.

They are worked out from the records of one submission in one pass and stored with the write counter they were worked
out at, in a document of their own (`Checkup`), so that reading never touches the submission. They are stale when the
counter moved on, or when what the records are looked at beside (bounds, levels taught, required fields, the round
before) is another. A finding ends by the data alone; people explain a warning or, in the district, pass an error.
"""

import hashlib
from collections import Counter

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from documents import access, checks, history, thai
from documents.checks import BY_KEY, ERROR, WARNING, Context, Sums
from documents.completeness import required_of
from documents.database import asked_together, collection, in_transaction
from documents.digests import by_school, documents_of
from documents.errors import Invalid, NotAllowed, WrongState
from documents.limits import limits_by, limits_question
from documents.progress import HEADCOUNT
from documents.rooms import SchoolRooms
from documents.rounds import find_round, round_before
from documents.schools import School
from documents.submissions import SEALED, Submission, place_filter

OPEN, EXPLAINED, PASSED, FIXED = "open", "explained", "passed", "fixed"
STATES = {OPEN: "เปิดอยู่", EXPLAINED: "ชี้แจงแล้ว", PASSED: "ผ่านโดยเขต", FIXED: "แก้ไขแล้ว"}
LONGEST_REASON = 1000
MOST_AT_ONCE = 2000  # findings answered with one reason


class Finding(Document):
    """One thing that one check found of one record, or of a school; `answer` is what people said to it."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    subsystem = StringField(required=True, max_length=10)
    round = StringField(required=True, max_length=2)
    school_code = StringField(required=True, max_length=8)
    check_key = StringField(required=True, max_length=30)
    code = StringField(required=True, max_length=10)
    level = StringField(choices=list(checks.LEVELS))
    document = StringField(max_length=40)  # the slug of the record's kind; None for a school's own
    record = ObjectIdField()
    about = StringField(max_length=20)  # a school's finding may be about one grade
    names = ListField(StringField())  # fields to mend, the first one first
    sentence = StringField()
    sensitive = BooleanField(default=False)
    seen = StringField(max_length=64)  # fingerprint of the values it stands on
    state = StringField(choices=list(STATES), default=OPEN)
    answer = DictField()  # state, reason, by, by_name, at
    found_at = DateTimeField()
    fixed_at = DateTimeField()

    meta = {
        "collection": "findings",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {
                "fields": [
                    "area_code", "academic_year", "school_code", "round", "subsystem", "check_key", "record", "about",
                ],
                "unique": True,
            },
            {
                "fields": [
                    "area_code", "academic_year", "subsystem", "round", "state", "level", "code", "school_code", "_id",
                ],
            },
            {"fields": ["area_code", "record"]},
        ],
    }  # fmt: skip

    @property
    def check(self):
        """The row of the table that found it."""
        return BY_KEY.get(self.check_key)


class Checkup(Document):
    """How a submission's records were when they were last looked at: at which write counter, and what was counted."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    subsystem = StringField(required=True, max_length=10)
    round = StringField(required=True, max_length=2)
    school_code = StringField(required=True, max_length=8)
    writes = IntField()
    stamp = StringField(max_length=64)
    records = IntField()
    # Of findings: errors, warnings (both open), explained, passed, blank, blank_passed, outside.
    counts = DictField()
    codes = DictField()  # {code: open findings}
    at = DateTimeField()

    meta = {
        "collection": "checkups",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "academic_year", "subsystem", "round", "school_code"], "unique": True}
        ],
    }


# ---- what records are looked at beside ----


def contexts_of(round_, codes, taught=None, whole=True):
    """{school code: Context} of schools in a round; one query a kind of thing, however many schools.

    `taught` is what a caller has read already. Without `whole` the round before and the required fields are left
    out: a page asks for those itself, or not at all.
    """
    area, year = round_.area_code, round_.academic_year
    kinds = documents_of(round_.subsystem) if whole else ()
    required = {document.slug: required_of(document, area, year) for document in kinds}
    asked = {"limits": limits_question(area, round_.subsystem, year), **_rooms_question(round_, codes)}
    found = asked_together(asked)
    limits, rooms = limits_by(found["limits"]), _rooms_by(found.get("rooms", ()))
    taught = taught_in(area, codes) if taught is None else taught
    before = _heads_before(round_, codes) if whole else {}
    return {
        code: Context(
            year,
            round_.code,
            round_.as_of,
            taught.get(code),
            rooms.get(code, {}),
            limits,
            required,
            before.get(code),
        )
        for code in codes
    }


def taught_in(area_code, codes):
    """{school code: (first, last) grade} of the schools that say both."""
    found = collection(School).find(
        {"area_code": area_code, "code": {"$in": codes}}, {"code": 1, "grade_from": 1, "grade_to": 1}
    )
    grades = ((row["code"], (row.get("grade_from"), row.get("grade_to"))) for row in found)
    return {code: pair for code, pair in grades if all(pair)}


def _rooms_question(round_, codes):
    """{"rooms": what asks for the rooms that schools declared in a round}; nothing where its subsystem has none."""
    if SchoolRooms.subsystem != round_.subsystem:
        return {}
    asked = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    fields = {"school_code": 1, "grade": 1, "rooms": 1, "_id": 0}
    return {
        "rooms": (SchoolRooms, [{"$match": asked | {"school_code": {"$in": codes}}}, {"$project": fields}])
    }


def _rooms_by(rows):
    """{school code: {grade: rooms}} of what was read."""
    found = {}
    for row in rows:
        if row.get("grade"):
            found.setdefault(row["school_code"], {})[row["grade"]] = row.get("rooms") or 0
    return found


def _heads_before(round_, codes):
    """{school code: heads} of the round before, of the schools that reported somebody then."""
    before = round_before(round_)
    if before is None:
        return {}
    slug = documents_of(round_.subsystem)[0].slug
    name = HEADCOUNT.get(slug, slug)
    place = {"area_code": before.area_code, "academic_year": before.academic_year}
    place |= {"subsystem": before.subsystem, "round": before.code, "school_code": {"$in": codes}}
    rows = collection(Submission).find(place, {"school_code": 1, f"counts.{name}": 1})
    return {row["school_code"]: row.get("counts", {}).get(name, 0) or None for row in rows}


def stamp_of(context):
    """A short value that is another when the same records would be judged in another way.

    Rooms are records of the submission itself, so its write counter tells of them.
    """
    beside = [
        checks.VERSION, context.as_of, context.taught, sorted(context.limits.items()), context.before,
        {slug: sorted(names) for slug, names in context.required.items()},
    ]  # fmt: skip
    return fingerprint(beside)


def fingerprint(value):
    """SHA-256 (hex, half) of a plain value."""
    return hashlib.sha256(history.canonical(value).encode()).hexdigest()[:32]


# ---- working out ----


def checkup_of(submission):
    """The stored Checkup of a submission as a dict, fresh or not; {} before the first."""
    return collection(Checkup).find_one(_of(submission)) or {}


def _of(submission):
    return place_filter(submission.subsystem, submission)


def refresh(submission):
    """The Checkup (a dict) of a submission as read, worked out anew when it is stale; a sealed one stays as it was."""
    return refresh_all([submission])[submission.school_code]


def refresh_all(submissions, tell=None):
    """{school code: Checkup dict} of submissions of one round; those that are stale are worked out anew.

    Their records are read in one pass a document, a school at a time; `tell(number)` hears of each school done.
    """
    kept = checkups_of(submissions)
    contexts = _contexts([each for each in submissions if each.state not in SEALED])
    stale = [each for each in submissions if _is_stale(each, kept.get(each.school_code), contexts)]
    found, sums, records = _looked_at(stale, contexts)
    for number, submission in enumerate(stale, 1):
        code = submission.school_code
        found[code] += [
            (None, one) for one in checks.of_school(submission.subsystem, sums[code], contexts[code])
        ]
        kept[code] = _store(submission, found.pop(code), stamp_of(contexts[code]), records[code])
        if tell:
            tell(number)
    return {each.school_code: kept.get(each.school_code, {}) for each in submissions}


def stale_among(submissions):
    """Those submissions of one round whose findings are stale; where nothing was ever written there is nothing to find."""
    kept = checkups_of(submissions)
    asked = [
        each for each in submissions if each.state not in SEALED and (each.writes or each.school_code in kept)
    ]
    contexts = _contexts(asked)
    return [each for each in asked if _is_stale(each, kept.get(each.school_code), contexts)]


def _contexts(submissions):
    if not submissions:
        return {}
    first = submissions[0]
    round_ = find_round(first.area_code, first.subsystem, first.academic_year, first.round)
    return contexts_of(round_, [each.school_code for each in submissions])


def checkups_of(submissions):
    """{school code: Checkup dict} of submissions of one round, as stored."""
    if not submissions:
        return {}
    place = _of(submissions[0])
    if len(submissions) > 1:
        place["school_code"] = {"$in": [each.school_code for each in submissions]}
    return {row["school_code"]: row for row in collection(Checkup).find(place)}


def _is_stale(submission, checkup, contexts):
    if submission.state in SEALED:
        return False
    if not checkup or checkup["writes"] != submission.writes:
        return True
    return checkup["stamp"] != stamp_of(contexts[submission.school_code])


def _looked_at(submissions, contexts):
    """({code: [(record, Found)]}, {code: Sums}, {code: how many records}) of the records of several submissions."""
    codes = [each.school_code for each in submissions]
    found, sums = {code: [] for code in codes}, {code: Sums() for code in codes}
    records = Counter()
    for document in documents_of(submissions[0].subsystem) if submissions else ():
        for code, rows in by_school(document, submissions[0], codes):
            context, total, into = contexts[code], sums[code], found[code]
            for row in rows:
                records[code] += 1
                if document.slug == "students":
                    total.take(row)
                into += [((document, row["_id"]), one) for one in checks.of_record(document, row, context)]
    return found, sums, records


def _store(submission, found, stamp, records):
    """Store what was found of a submission as read, unless somebody stored what is newer; gives the Checkup (a dict)."""
    place = _of(submission)
    wanted = {(one.check.key, at and at[1], one.about): (at, one) for at, one in found}

    def work():
        stored = {
            (row["check_key"], row.get("record"), row.get("about", "")): row
            for row in collection(Finding).find(place)
        }
        operations, kept = _operations(place, stored, wanted)
        checkup = place | {
            "writes": submission.writes,
            "stamp": stamp,
            "records": records,
            "at": history.naive_now(),
        }
        checkup |= counted(kept)
        collection(Checkup).replace_one(place | {"writes": {"$lte": submission.writes}}, checkup, upsert=True)
        if operations:
            collection(Finding).bulk_write(operations, ordered=False)
        return checkup

    try:
        return in_transaction(work)
    except DuplicateKeyError:  # a newer one is there already
        return checkup_of(submission)


def _operations(place, stored, wanted):
    """(what is to be written, the findings as they will be) given those stored and those found now."""
    now, operations, kept = history.naive_now(), [], []
    for key, (at, one) in wanted.items():
        old, new = stored.pop(key, None), _plain(place, key, at, one)
        if old is None:
            new |= {"state": OPEN, "found_at": now}
        elif old["seen"] == new["seen"]:
            new |= {"state": (old.get("answer") or {}).get("state", OPEN)}
        else:
            new |= {"state": OPEN, "answer": {}, "found_at": now}
        kept.append(new)
        if old is None or any(old.get(name) != value for name, value in new.items()):
            which = {"_id": old["_id"] if old else ObjectId(), "area_code": place["area_code"]}
            operations.append(UpdateOne(which, {"$set": new}, upsert=old is None))
    for old in stored.values():
        if old["state"] != FIXED:
            which = {"_id": old["_id"], "area_code": place["area_code"]}
            operations.append(UpdateOne(which, {"$set": {"state": FIXED, "fixed_at": now}}))
    return operations, kept


def _plain(place, key, at, one):
    """The stored values of one finding, but for its state."""
    document = at and at[0]
    return place | {
        "check_key": key[0], "record": key[1], "about": key[2],
        "code": one.check.code, "level": one.check.level,
        "document": document and document.slug, "names": list(one.fields), "sentence": one.sentence,
        "sensitive": checks.is_sensitive(one.check, document), "seen": fingerprint(one.values),
    }  # fmt: skip


def counted(findings):
    """{'counts', 'codes'} of a submission's findings (plain dicts, those fixed left out)."""
    counts = dict.fromkeys(
        ("errors", "warnings", "explained", "passed", "blank", "blank_passed", "outside"), 0
    )
    codes = Counter()
    for each in findings:
        blank = each["check_key"] == checks.BLANK.key
        counts["outside"] += each["check_key"] == "DMC-07.counting"
        if each["state"] == OPEN:
            counts["errors" if each["level"] == ERROR else "warnings"] += 1
            counts["blank"] += blank
            codes[each["code"]] += 1
        elif each["state"] in (EXPLAINED, PASSED):
            counts[each["state"]] += 1
            counts["blank_passed"] += blank
    return {"counts": counts, "codes": dict(codes)}


# ---- what people say to them ----


def may_answer(user, submission, level):
    """As what this person may answer findings of a level: 'explained', 'passed' or None."""
    if submission.state in SEALED:
        return None
    if level == WARNING:
        writes = access.writes_as(user, submission.area_code, submission.school_code)
        return EXPLAINED if writes in ("school", "district") else None
    return PASSED if user.holds("district", submission.area_code) else None


def answer(submission, ids, actor, reason):
    """Explain warnings, or pass errors, with one written reason; gives back how many were answered.

    `ids` are findings of this submission of one level, open ones; those that are open no more are left out.
    Raises NotAllowed, Invalid without a reason, WrongState where nothing is left to answer.
    """
    reason = thai.clean(reason, lines=True)[:LONGEST_REASON]
    if not reason:
        raise Invalid({0: {"reason": "โปรดเขียนเหตุผล"}})
    place = _of(submission)
    wanted = place | {"_id": {"$in": list(ids)[:MOST_AT_ONCE]}, "state": OPEN}

    def work():
        rows = list(collection(Finding).find(wanted))
        for level in {row["level"] for row in rows}:
            _answer_level(submission, [row for row in rows if row["level"] == level], actor, reason)
        if rows:
            _count_again(place)
        return len(rows)

    done = in_transaction(work)
    if not done:
        raise WrongState("ข้อเหล่านี้แก้ไขหรือชี้แจงไปแล้ว กรุณาเปิดหน้านี้ใหม่")
    return done


def _answer_level(submission, rows, actor, reason):
    level = rows[0]["level"]
    state = may_answer(actor, submission, level)
    if state is None:
        who = "โรงเรียนหรือเจ้าหน้าที่เขต" if level == WARNING else "เจ้าหน้าที่เขต"
        raise NotAllowed(f"{checks.LEVELS[level]}นี้ตอบได้โดย{who} และก่อนล็อกข้อมูล")
    if any(row["sensitive"] for row in rows) and not access.sees_sensitive(
        actor, submission.area_code, submission.school_code
    ):
        raise NotAllowed("ข้อนี้เกี่ยวกับข้อมูลอ่อนไหวที่ท่านไม่มีสิทธิ์ดู")
    said = {
        "state": state,
        "reason": reason,
        "by": actor.id,
        "by_name": actor.name,
        "at": history.naive_now(),
    }
    ids = [row["_id"] for row in rows]
    collection(Finding).update_many(
        {"_id": {"$in": ids}, "area_code": submission.area_code}, {"$set": {"state": state, "answer": said}}
    )
    codes = Counter(row["code"] for row in rows)
    changes = {code: [None, many] for code, many in sorted(codes.items())}
    action = "explain" if state == EXPLAINED else "pass_error"
    # A reason about what is sensitive stands with the finding alone, for who may read that.
    told = None if any(row["sensitive"] for row in rows) else reason
    history.note_event(submission.area_code, actor, action, "findings", submission.id, changes, told)


def _count_again(place):
    """Set the counts of a Checkup from the stored findings; inside the transaction that changed them."""
    rows = collection(Finding).find(
        place | {"state": {"$ne": FIXED}}, {"check_key": 1, "state": 1, "level": 1, "code": 1}
    )
    collection(Checkup).update_one(place, {"$set": counted(list(rows))})


# ---- reading ----


def visible_to(user, area_code):
    """The filter of the findings of an area that this person may read: those of records he sees, field by field.

    What is found of a sensitive field tells of it, so officers without the mark do not read that.
    """
    codes = access.open_schools(user, area_code)
    if codes is not None:
        return {"area_code": area_code, "school_code": codes[0] if len(codes) == 1 else {"$in": codes}}
    return {"area_code": area_code} | ({} if access.sees_sensitive(user, area_code) else {"sensitive": False})


def answered_of(area_code, ids):
    """{(record, check key): the stored finding} of what people have answered of the records with these ids."""
    rows = collection(Finding).find(
        {"area_code": area_code, "record": {"$in": ids}, "state": {"$in": [EXPLAINED, PASSED]}},
        {"record": 1, "check_key": 1, "state": 1, "seen": 1, "answer": 1},
    )
    return {(row["record"], row["check_key"]): row for row in rows}


def answer_to(found, id_, answered):
    """What people answered to a Found of the record with this id, None if nothing: an answer is to its own values."""
    row = answered.get((id_, found.check.key))
    return row["answer"] if row and row["seen"] == fingerprint(found.values) else None
