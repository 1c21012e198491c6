"""What a lock freezes of a round (Freeze), so that its files come out the same for ever: who and what its exports name
besides records, what counts for money, and the root hash over its schools. A reopened school that is locked again takes its old row's place.
"""

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

from documents.checking.limits import limits_of
from documents.collecting.submissions import submissions_of
from documents.database import collection
from documents.district.schools import Area, School
from documents.dmc.counting import Rules
from documents.records.codelists import code_list, of_area
from documents.records.declarations import definitions_of
from documents.records.digests import root_of
from documents.records.kinds import documents_in
from documents.records.record import declared, shown_fields
from documents.subsidies import money_counts
from documents.trail.history import naive_now

MONEY = "DMC"  # the subsystem whose pupils bring money
LIMIT_OF_A_LIST = 2000  # longer lists (places) are frozen by the codes that are used


class Freeze(Document):
    """What a lock froze of a round, so that its files come out the same for ever."""

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=32)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    area_name = StringField()
    title = StringField()
    as_of = DateTimeField()
    schools = ListField(DictField())  # code, name, cluster, district..., state, digest, counts, reason
    code_lists = DictField()  # {list name: [[code, label, short label, parent], ...]}
    layouts = DictField()  # {slug: [[field name, label], ...]}
    definitions = DictField()  # {slug: [the FieldDefinitions of its added fields as they stood]}
    limits = DictField()  # {name: value} of the bounds of the checks, which the reports' rule of age asks
    # Who counts for money (documents/subsidies/money_counts.py): whether it was counted, a row's `money`, the doubles left out.
    money_counted = BooleanField()
    doubles = ListField(ObjectIdField())
    locked_at = DateTimeField()
    locked_by_name = StringField()
    root_hash = StringField()
    # Before a reopened school was locked again: root_hash, until, school, version (of the school, which that ended).
    earlier = ListField(DictField())

    meta = {
        "collection": "freezes",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "academic_year", "subsystem", "round"], "unique": True}],
    }


def closing_of(round_):
    """The row of the round's moves that marked it closing; {} before that."""
    return next((row for row in reversed(round_.moves) if row["to"] == "closing"), {})


def freeze_round(round_):
    """The Freeze of a round whose submissions are all sealed; one that an interrupted lock left holds."""
    schools = {school.code: school for school in School.objects(area_code=round_.area_code)}
    sealed = list(submissions_of(round_).order_by("school_code"))
    rows = [frozen_school(each, schools.get(each.school_code)) for each in sealed]
    area = Area.objects(code=round_.area_code).first()
    closing = closing_of(round_)
    limits = limits_of(round_.area_code, round_.subsystem, round_.academic_year)
    money, doubles = _money_of(round_, limits)
    for row in rows:
        row["money"] = money.get(row["code"], {})
    frozen = {
        "area_name": area.name if area else round_.area_code,
        "title": round_.title,
        "as_of": round_.as_of,
        "schools": rows,
        "code_lists": frozen_lists(round_),
        "layouts": {
            document.slug: [[name, field.verbose_name] for name, field in shown_fields(document).items()]
            for document in documents_in(round_)
        },
        "definitions": {
            document.slug: [
                each.to_mongo()
                for each in definitions_of(document, round_.area_code)
                if each.holds_in(round_.academic_year)
            ]
            for document in documents_in(round_)
        },
        "limits": limits,
        "money_counted": round_.subsystem == MONEY,
        "doubles": doubles,
        "locked_at": closing["at"],
        "locked_by_name": closing["by_name"],
        "root_hash": _root(rows),
    }
    collection(Freeze).update_one(_key(round_), {"$setOnInsert": frozen}, upsert=True)
    return freeze_of(round_)


def _money_of(round_, limits):
    """({school code: what counts for money}, ids of doubles) of a round of pupils; nothing of another."""
    if round_.subsystem != MONEY:
        return {}, []
    doubles = money_counts.doubles_of(round_)
    return money_counts.money_counts(round_, Rules.of(limits), doubles), list(doubles)


def _key(round_):
    return {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "subsystem": round_.subsystem,
        "round": round_.code,
    }


def _root(rows):
    return root_of({row["code"]: row["digest"] for row in rows})


def frozen_school(submission, school):
    """What a lock freezes of one sealed submission; `school` may be None.

    Its counters are those the door keeps in the transaction of every write; `manage verify-audit` counts them again.
    """
    last = submission.moves[-1]
    return {
        "code": submission.school_code,
        "name": submission.school_name,
        "cluster": submission.cluster,
        "subdistrict": school.subdistrict if school else None,
        "district": school.district if school else None,
        "state": submission.state,
        "version": submission.version,
        "digest": submission.digest,
        "counts": {name: value for name, value in sorted(submission.counts.items()) if value},
        "reason": last.get("reason") if submission.state == "unreported" else None,
    }


def frozen_lists(round_):
    """{list name: [[code, label, short label, parent], ...]} of every code list the round's subsystem uses, withdrawn codes included.

    Of a long list (places) only the codes that stand in the round's records.
    """
    users = {}
    for document in documents_in(round_):
        for name, field in declared(document).items():
            if field.codelist:
                users.setdefault(field.codelist, []).append((document, name))
    with of_area(round_.area_code):
        return {name: _frozen_list(name, round_, users[name]) for name in sorted(users)}


def _frozen_list(name, round_, users):
    entries = code_list(name).entries
    chosen = list(entries)
    if len(chosen) > LIMIT_OF_A_LIST:
        place = {
            "area_code": round_.area_code,
            "academic_year": round_.academic_year,
            "round": round_.code,
        }
        used = {code for document, field in users for code in collection(document).distinct(field, place)}
        chosen = sorted(used & entries.keys())
    found = [entries[code] for code in chosen]
    return [[entry.code, entry.label, entry.short, entry.parent] for entry in found]


def freeze_of(round_):
    """The Freeze of a round, or None."""
    return Freeze.objects(__raw__=_key(round_)).first()


def latest_version(freeze):
    """Which version of the round a Freeze is of: 1, and one more each time a reopened school was locked again."""
    return 1 + len(freeze.earlier)


def versions_within(freeze, since, until):
    """{school code: (its version in version `since` of the round, in version `until`)} of the schools that differ."""
    changed = dict.fromkeys(row["school"] for row in freeze.earlier[since - 1 : until - 1])
    return {code: (_version_in(freeze, code, since), _version_in(freeze, code, until)) for code in changed}


def _version_in(freeze, code, version):
    """A school's version in a version of the round: what the next lock of it replaced, or what is frozen now."""
    rows = [(at, row) for at, row in enumerate(freeze.earlier, 1) if row["school"] == code]
    for number, (at, row) in enumerate(rows, 1):
        if at >= version:
            return row.get("version") or number  # Khet before 0.1 did not write it down
    return next(row["version"] for row in freeze.schools if row["code"] == code)


# ---- one school, locked again ----


def row_of(freeze, submission):
    """(place in the list, row) of a submission's school in what the lock froze."""
    return next(pair for pair in enumerate(freeze.schools) if pair[1]["code"] == submission.school_code)


def freeze_again(submission, round_):
    """Put one school's new row, and the new root hash, into the Freeze; safe to run again, also at once."""
    school = School.objects(area_code=submission.area_code, code=submission.school_code).first()
    row = frozen_school(submission, school)
    while True:
        freeze = freeze_of(round_)
        index, old = row_of(freeze, submission)
        if old["version"] >= submission.version:
            break
        rows = [*freeze.schools[:index], row, *freeze.schools[index + 1 :]]
        money, doubles = _money_of(round_, freeze.limits)
        counted = {
            f"schools.{at}.money": money.get(each["code"], {}) for at, each in enumerate(rows) if at != index
        }
        row["money"] = money.get(row["code"], {})
        before = {"root_hash": freeze.root_hash, "until": naive_now(), "school": submission.school_code}
        before["version"] = old["version"]
        collection(Freeze).update_one(
            {**_key(round_), "root_hash": freeze.root_hash},
            {
                "$set": {
                    f"schools.{index}": row,
                    **counted,
                    "doubles": doubles,
                    "money_counted": round_.subsystem == MONEY,
                    "root_hash": _root(rows),
                    "code_lists": _with_new_codes(freeze, round_),
                },
                "$push": {"earlier": before},
            },
        )


def number_again(submission):
    """Say in the Freeze that a school's frozen data is now its newest version's too: a reopening was taken back."""
    older = {"$elemMatch": {"code": submission.school_code, "version": {"$lt": submission.version}}}
    place = {
        "area_code": submission.area_code,
        "academic_year": submission.academic_year,
        "subsystem": submission.subsystem,
        "round": submission.round,
    }
    collection(Freeze).update_one(
        {**place, "schools": older}, {"$set": {"schools.$.version": submission.version}}
    )


def _with_new_codes(freeze, round_):
    """The frozen lists with the codes added since; what was frozen keeps its words."""
    lists = dict(freeze.code_lists)
    for name, rows in frozen_lists(round_).items():
        known = {row[0] for row in lists.get(name, ())}
        lists[name] = [*lists.get(name, ()), *(row for row in rows if row[0] not in known)]
    return lists
