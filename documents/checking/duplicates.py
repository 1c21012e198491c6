"""The duplicates desk (ตรวจซ้ำซ้อน): cases opened by a scan of the area, answered by schools, decided by the district.

What a decision that the two are one child does stands in `one_child.py`.
"""

import datetime as dt
from collections import Counter

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.background.timetable import daily
from documents.checking import one_child
from documents.checking.duplicate_cases import (
    AGENCY,
    ANSWERS,
    NUMBER,
    OPEN,
    OURS,
    PERSON,
    SETTLED,
    DuplicateCase,
    acting_for,
)  # fmt: skip
from documents.checking.lookups import is_on_roll
from documents.checking.one_child import SCANNER, put_owed_numbers
from documents.checking.twofold import pairs_of
from documents.collecting.rounds import Round
from documents.database import collection
from documents.district.schools import School
from documents.dmc.students import Student
from documents.dmc.transfers import days_of
from documents.errors import (
    Invalid,
    NotAllowed,
    OutOfScope,
    WrongState,
)
from documents.formats import citizen_id
from documents.notifying import notice_rules, notices
from documents.records import evidence
from documents.records.cases import advance, check_step, open_case, reason_of
from documents.trail.history import as_stored, note_event
from documents.trail.refusals import noting_refusals

MOST_DAYS = 90


# ---- finding ----


class Told(dict):
    """What a scan did: {"new", "known", "settled", "gone"}: numbers of cases."""

    def __missing__(self, name):
        return 0


def scan(round_, tell=None):
    """Look through all pupils of a round, open a case for each pair that has none, and close those that are no more.

    Safe to run again at any time. `tell(number)` hears how many pupils were read. Gives a Told.
    """
    this, done, names = ObjectId(), Told(), names_of(round_.area_code)
    for pair in pairs_of(round_, tell):
        done[_keep(pair, round_, names, this)] += 1
    done["gone"] = _close_gone(round_, this)
    tell_schools(round_, this)
    return done


def tell_schools(round_, this):
    """Tell the schools of the cases that this scan opened: each once, however many there are."""
    where = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code,
        "state": "found", "last_scan": this, "opened_by_scan": this,
    }  # fmt: skip
    found = Counter()
    for row in collection(DuplicateCase).find(where, {"schools": 1}):
        found.update(row["schools"])
    if found:
        notice_rules.after_scan(round_.area_code, found, this)


@daily("duplicates", 3, 30)
def scan_running(area_code):
    """Each night: look through the area's DMC rounds that run, so that what was mended closes by itself."""
    rounds = list(Round.objects(area_code=area_code, subsystem="DMC", state="open"))
    for round_ in rounds:
        scan(round_)
    put_owed_numbers(area_code, rounds)


def names_of(area_code):
    """{code: name} of the schools of an area."""
    return {one.code: one.name for one in School.objects(area_code=area_code).only("code", "name")}


def _keep(pair, round_, names, this):
    """Open the case of a pair, or mark the one there is as found again; gives what was done."""
    one, other = sorted((pair.one, pair.other), key=lambda row: (row["school_code"], str(row["_id"])))
    if pair.same_number and one["school_code"] != other["school_code"]:
        code, kind = "DMC-01", NUMBER
    else:
        code, kind = ("DMC-04" if pair.score.equal else "DMC-05"), PERSON
    rows = [entry_of(row, names) for row in (one, other)]
    key = ":".join(sorted(str(row["lineage"]) for row in (one, other)))
    return open_pair(round_, code, kind, f"{kind}:{key}", rows, this, score=pair.score.value, why=list(pair.score.why),
                 number=citizen_id.mask_id(one["person_id"]) if kind == NUMBER else None)  # fmt: skip


def entry_of(row, names):
    """What a case keeps of a stored pupil (a dict); `names` is {school code: name}."""
    code = row["school_code"]
    return {
        "record": row["_id"],
        "lineage": row["lineage"],
        "school_code": code,
        "school_name": names.get(code, code),
    }


def open_pair(round_, code, kind, pair, rows, this, **more):
    """Store the case of a pair, unless one stands; gives "new", "known" or "settled"."""
    now = clock.now()
    case = DuplicateCase(
        area_code=round_.area_code, school_code=rows[0]["school_code"], school_name=rows[0]["school_name"],
        academic_year=round_.academic_year, round=round_.code, opened_by_scan=this, kind=kind, code=code, pair=pair, standing=pair,
        schools=sorted({row["school_code"] for row in rows}), records=rows, state="found", last_scan=this,
        due_at=as_stored(now + dt.timedelta(days=days_of(round_.area_code))), **more,
    )  # fmt: skip
    cases, where = collection(DuplicateCase), {"area_code": round_.area_code, "standing": pair}
    known = cases.find_one(where, {"state": 1, "schools": 1}, hint="standing")
    if known is None:
        if kind == PERSON and cases.find_one(
            {"area_code": round_.area_code, "apart": pair}, {"_id": 1}, hint="apart"
        ):
            return "settled"
        try:
            with notices.quietly():  # each school is told once a scan, not of each case
                open_case(case, SCANNER)
        except DuplicateKeyError:  # another scan was first
            known = cases.find_one(where, {"state": 1, "schools": 1}, hint="standing")
        else:
            return "new"
    if known is None or known["state"] in SETTLED:
        return "settled"
    # The same pair in a later round, or in other schools: it goes on there.
    moved = {
        name: case[name] for name in ("academic_year", "round", "schools", "records", "code", "why", "score")
    }
    fresh = moved | {"school_code": case.school_code, "school_name": case.school_name, "last_scan": this}
    if known.get("schools") != case.schools:
        fresh["opened_by_scan"] = this  # to the schools it came to it is news
    cases.update_one(where | {"_id": known["_id"], "state": {"$in": list(OPEN)}}, {"$set": fresh})
    return "known"


def _close_gone(round_, this):
    """Close the open cases of a round that a scan no longer found; gives how many."""
    where = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code,
        "state": {"$in": list(OPEN)}, "last_scan": {"$ne": this},
    }  # fmt: skip
    closed = 0
    for case in DuplicateCase.objects(__raw__=where):
        if case.kind == AGENCY and _still_there(case):
            continue
        try:
            advance(case, "gone", SCANNER, changes=_ended("gone", case))
            closed += 1
        except WrongState:  # somebody decided it meanwhile
            continue
    return closed


def _still_there(case):
    """Whether the pupil of an agency's list is on the roll still, under the number that was listed."""
    row = case.records[0]
    plain = collection(Student).find_one({**case.place_of(row)._asdict(), "_id": row["record"]})
    return bool(plain) and is_on_roll(plain) and citizen_id.mask_id(plain.get("person_id")) == case.number


def _ended(to, case):
    """What is set beside a step's state: a pair that is over may be found again, one that is settled may not."""
    if to in SETTLED or to in OPEN:
        return {"standing": case.pair}
    return {"standing": None}


# ---- what a school says ----


@noting_refusals(2)
def answer(case, name, actor, reason=None, content=None):
    """Say for the school that `case.acting` names what its pupil is: a step of `ANSWERS`. Gives the fresh case.

    `content` are the bytes of an evidence file; against another agency "ours" needs one (DMC-02).
    Raises OutOfScope, NotAllowed, WrongState or Invalid by field (evidence, reason).
    """
    step = case.steps.get(name)
    if name not in ANSWERS or step is None:
        raise NotAllowed("ไม่มีขั้นตอนนี้")
    check_step(case, step, actor, clock.now())
    said = reason_of(reason, needed=step.reason)
    earlier = case.answers.get(case.acting) or {}
    if case.kind == AGENCY and name == OURS and not content and not earlier.get("evidence"):
        raise Invalid({0: {"evidence": "กรุณาแนบหลักฐานว่าเรียนจริงในโรงเรียนนี้ เช่น ใบรายงานตัวหรือบัญชีเรียกชื่อ"}})
    kept = evidence.keep(content, case.area_code, case.acting) if content else None
    told = {
        "answer": name, "by": actor.id, "by_name": actor.name, "at": as_stored(clock.now()), "reason": said,
        "evidence": kept.id if kept else earlier.get("evidence"),
        "evidence_kind": kept.kind if kept else earlier.get("evidence_kind"),
    }  # fmt: skip
    try:
        fresh = advance(
            case, name, actor, said, changes={f"answers.{case.acting}": told}, noted={"school": case.acting}
        )
    except Exception:
        if kept:
            evidence.drop(kept.id)
        raise
    if kept and earlier.get("evidence"):
        evidence.drop(earlier["evidence"])
    return acting_for(fresh, actor)


def evidence_of(case, school_code, actor):
    """(bytes, media type) of what a school gave; who looked at it is noted. Raises OutOfScope without one."""
    told = case.answers.get(school_code) or {}
    own = actor.holds("school", case.area_code, school_code) or actor.holds(
        "director", case.area_code, school_code
    )
    if not told.get("evidence") or not (own or _is_officer(actor, case.area_code)):
        raise OutOfScope("ไม่มีหลักฐานนี้ในเรื่องของโรงเรียนหรือเขตของท่าน")
    about, seen = {"case": [None, str(case.id)]}, {"what": "duplicates", "school_code": school_code}
    note_event(case.area_code, actor, "evidence", "access", actor.id, about, seen=seen)
    return evidence.read(told["evidence"]), told["evidence_kind"]


def _is_officer(user, area_code):
    return user.is_system or any(user.holds(role, area_code) for role in ("district", "approver"))


# ---- what the district decides ----


@noting_refusals(2)
def decide(case, name, actor, reason=None, keeper=None, days=None):
    """Make a step of the district; `keeper` is the id (text) of the record that stays ("same"), or whose number is right
    ("mend"), `days` the new time to answer ("again"). Gives the fresh case.

    Raises OutOfScope, NotAllowed, WrongState, Invalid (reason, keeper, days), or what the door raises.
    """
    step = case.steps.get(name)
    if step is None or step.roles != ("district",):
        raise NotAllowed("ไม่มีขั้นตอนนี้")
    check_step(case, step, actor, clock.now())
    said = reason_of(reason, needed=step.reason)
    if name == "same":
        one_child.settle(case, keeper, actor, said, _ended("same", case))
        return acting_for(DuplicateCase.objects(area_code=case.area_code, id=case.id).get(), actor)
    changes = _ended(step.to, case)
    if name == "mend":
        # Once the number is mended they are two of one name: that was answered here.
        apart = case.pair.replace(NUMBER, PERSON, 1)
        changes |= {"mended_by": one_child.other_than(case, keeper)["school_code"], "apart": apart}
    if name in ("again", "reopen"):
        changes |= {
            "answers": {},
            "kept_by": None,
            "mended_by": None,
            "number_owed": None,
            "owed_tries": 0,
            "owed_next": None,
            "apart": None,
            "ended_at": None,
            "due_at": _until(days, case.area_code),
        }
    try:
        done = advance(case, name, actor, said, changes=changes)
    except DuplicateKeyError as error:
        raise WrongState("คู่นี้มีเรื่องที่ยังเปิดอยู่อีกเรื่องหนึ่ง กรุณาทำรายการในเรื่องนั้น") from error
    if "answers" in changes:
        for told in case.answers.values():
            if told.get("evidence"):
                evidence.drop(told["evidence"])
    return acting_for(done, actor)


def _until(days, area_code):
    if days in (None, ""):
        days = days_of(area_code)
    if not str(days).isascii() or not str(days).isdecimal() or not 1 <= int(days) <= MOST_DAYS:
        raise Invalid({0: {"days": f"กรุณากรอกจำนวนวัน 1 ถึง {MOST_DAYS}"}})
    return as_stored(clock.now() + dt.timedelta(days=int(days)))
