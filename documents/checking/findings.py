"""Findings (ข้อที่ต้องตรวจสอบ): what the checks found in a school's records, and what people said to it.

They are worked out from the records of one submission in one pass and stored with the write counter they were worked
out at, in a document of their own (`Checkup`), so that reading never touches the submission. They are stale when the
counter moved on, or when what the records are looked at beside (bounds, levels taught, required fields, the round
before) is another. A finding ends by the data alone; people explain a warning or, in the district, pass an error.
"""

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

from documents.checking import checks
from documents.checking.check_rules import check_named
from documents.checking.checks import ERROR, check_of, is_blank
from documents.checking.contexts import contexts_of, looking_back, stamp_of
from documents.collecting.rounds import find_round
from documents.collecting.submissions import CERTIFIED, SEALED, place_filter
from documents.database import collection, in_transaction
from documents.notifying import notice_rules
from documents.records.codelists import of_area
from documents.records.completeness import add
from documents.records.digests import by_school
from documents.records.kinds import documents_in
from documents.trail import history
from documents.trail.history import fingerprint

OPEN, EXPLAINED, PASSED, FIXED = "open", "explained", "passed", "fixed"
STATES = {OPEN: "เปิดอยู่", EXPLAINED: "ชี้แจงแล้ว", PASSED: "ผ่านโดยเขต", FIXED: "แก้ไขแล้ว"}
AT_ONCE = 10  # schools whose findings are held at once


class Finding(Document):
    """One thing that one check found of one record, or of a school; `answer` is what people said to it."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    subsystem = StringField(required=True, max_length=32)
    round = StringField(required=True, max_length=24)
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
        return check_named(self.check_key, self.area_code)


class Checkup(Document):
    """How a submission's records were when they were last looked at: at which write counter, and what was counted."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    subsystem = StringField(required=True, max_length=32)
    round = StringField(required=True, max_length=24)
    school_code = StringField(required=True, max_length=8)
    writes = IntField()
    stamp = StringField(max_length=64)
    records = IntField()
    # Of findings: errors, warnings (both open), explained, passed, blank, blank_passed, outside.
    counts = DictField()
    codes = DictField()  # {code: open findings}
    missing = DictField()  # {slug: {required field: records that lack it}}; older versions kept none
    at = DateTimeField()

    meta = {
        "collection": "checkups",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "academic_year", "subsystem", "round", "school_code"], "unique": True}
        ],
    }


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

    A few schools are read in one pass a document and stored before the next ones are; `tell(number)` hears of each.
    """
    area = submissions[0].area_code if submissions else None
    with of_area(area):  # also where no request said so: a job, the command line
        return _refreshed(submissions, tell)


def _refreshed(submissions, tell):
    kept = checkups_of(submissions)
    contexts, round_ = _contexts([each for each in submissions if each.state not in SEALED])
    stale = [each for each in submissions if _is_stale(each, kept.get(each.school_code), contexts)]
    number = 0
    for first in range(0, len(stale), AT_ONCE):
        several = stale[first : first + AT_ONCE]
        for submission, found, counts in _looked_at(several, contexts, round_):
            stamp = stamp_of(contexts[submission.school_code])
            kept[submission.school_code] = _store(submission, found, counts | {"stamp": stamp})
            number += 1
            if tell:
                tell(number)
    return {each.school_code: kept.get(each.school_code, {}) for each in submissions}


def stale_among(submissions):
    """Those submissions of one round whose findings are stale; where nothing was ever written there is nothing to find."""
    kept = checkups_of(submissions, ("school_code", "writes", "stamp"))
    asked = [
        each for each in submissions if each.state not in SEALED and (each.writes or each.school_code in kept)
    ]
    contexts, _round = _contexts(asked)
    return [each for each in asked if _is_stale(each, kept.get(each.school_code), contexts)]


def written_among(submissions):
    """Those submissions of one round that were written in since they were looked at, by maintained counters alone."""
    kept = checkups_of(submissions)
    return [
        each
        for each in submissions
        if each.state not in SEALED and each.writes != kept.get(each.school_code, {"writes": 0})["writes"]
    ]


def _contexts(submissions):
    """({school code: Context}, the Round) of submissions of one round."""
    if not submissions:
        return {}, None
    first = submissions[0]
    round_ = find_round(first.area_code, first.subsystem, first.academic_year, first.round)
    return contexts_of(round_, [each.school_code for each in submissions]), round_


def checkups_of(submissions, names=None):
    """{school code: Checkup dict} of submissions of one round, as stored; of `names` alone where they are given."""
    if not submissions:
        return {}
    place = _of(submissions[0])
    if len(submissions) > 1:
        place["school_code"] = {"$in": [each.school_code for each in submissions]}
    return {row["school_code"]: row for row in collection(Checkup).find(place, names)}


def _is_stale(submission, checkup, contexts):
    if submission.state in SEALED:
        return False
    if not checkup or checkup["writes"] != submission.writes:
        return True
    return checkup["stamp"] != stamp_of(contexts[submission.school_code])


def _looked_at(submissions, contexts, round_):
    """Yield (submission, [(what it was found of, Found)], {"records", "missing"}) of several submissions of a round."""
    subsystem, codes = round_.subsystem, [each.school_code for each in submissions]
    found, records, unreviewed = {code: [] for code in codes}, Counter(), Counter()
    sums = {code: checks.rules_of(subsystem).sums() for code in codes}
    missing = {code: {} for code in codes}
    for document in documents_in(round_):
        for code, rows in by_school(document, submissions[0], codes):
            context = looking_back(document, contexts[code], round_, code)
            total, into, required = sums[code], found[code], context.required[document.slug]
            for row in rows:
                records[code] += 1
                unreviewed[code] += row.get("reviewed") is False
                if lacks := document.missing(row, required):
                    add(missing[code].setdefault(document.slug, {}), dict.fromkeys(lacks, 1), 1)
                total.take(document, row)
                into += [((document, row["_id"]), one) for one in checks.of_record(document, row, context)]
    for each in submissions:
        code = each.school_code
        of_school = [
            *checks.of_school(subsystem, sums[code], contexts[code]),
            *checks.of_unreviewed(records[code], unreviewed[code], contexts[code]),
        ]
        counts = {"records": records[code], "missing": missing[code]}
        yield each, [*found.pop(code), *((None, one) for one in of_school)], counts


def _store(submission, found, about):
    """Store what was found of a submission as read, unless somebody stored what is newer; gives the Checkup (a dict).

    `about` is what else the Checkup says: its stamp, how many records there are and what they lack.
    """
    place = _of(submission)
    wanted = {(one.check.key, at and at[1], one.about): (at, one) for at, one in found}

    def work():
        stored = {
            (row["check_key"], row.get("record"), row.get("about", "")): row
            for row in collection(Finding).find(place)
        }
        before = counted([row for row in stored.values() if row["state"] != FIXED])["counts"]
        operations, kept = _operations(place, stored, wanted)
        checkup = place | about | {"writes": submission.writes, "at": history.naive_now()} | counted(kept)
        collection(Checkup).replace_one(place | {"writes": {"$lte": submission.writes}}, checkup, upsert=True)
        if operations:
            collection(Finding).bulk_write(operations, ordered=False)
        if submission.state in CERTIFIED:
            more = {name: checkup["counts"][name] - before[name] for name in ("errors", "warnings")}
            notice_rules.after_findings(submission, **more)
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
    counts = dict.fromkeys(("errors", "warnings", "explained", "passed", "blank", "blank_passed"), 0)
    codes = Counter()
    for each in findings:
        check = check_of(each["check_key"])
        blank = check is not None and is_blank(check)
        if check is not None and check.counter:
            counts[check.counter] = counts.get(check.counter, 0) + 1
        if each["state"] == OPEN:
            counts["errors" if each["level"] == ERROR else "warnings"] += 1
            counts["blank"] += blank
            codes[each["code"]] += 1
        elif each["state"] in (EXPLAINED, PASSED):
            counts[each["state"]] += 1
            counts["blank_passed"] += blank
    return {"counts": counts, "codes": dict(codes)}
