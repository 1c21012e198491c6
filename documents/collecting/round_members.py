"""Schools that enter or leave a round while it runs, each by a move of the district with a reason.

A round's schools are fixed when it opens. One that is established later enters by a submission of its own; one that
wrote nothing leaves, and the round's chained list of moves keeps that it was there. What was written stays: it is
reported, or closed unreported when the round is locked.
"""

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents.checking.findings import Checkup, Finding
from documents.collecting.round_moves import change_state
from documents.collecting.rounds import Round, find_round
from documents.collecting.submissions import Submission, new_submission, units_of
from documents.database import collection, in_transaction
from documents.district.schools import STATUSES, School
from documents.errors import NotAllowed, WrongState
from documents.records.cases import follow_on, reason_of
from documents.trail.history import naive_now

ENTERED = "enter"  # the name of the first row of a submission that came later
MOVED = {"entered": "หน่วยงานเข้ารอบ", "left": "หน่วยงานออกจากรอบ"}


def rounds_to_enter(school):
    """The running Rounds of the area in which an open school or office has no submission, newest first."""
    if not school.is_open:
        return []
    running = Round.objects(area_code=school.area_code, state="open").order_by("-academic_year", "-code")
    there = {
        (row["subsystem"], row["academic_year"], row["round"])
        for row in collection(Submission).find(
            {"area_code": school.area_code, "school_code": school.code},
            {"subsystem": 1, "academic_year": 1, "round": 1},
        )
    }
    return [
        each
        for each in running
        if (each.subsystem, each.academic_year, each.code) not in there
        and (school.kind or "school") in units_of(each.subsystem)
    ]


def enter(round_, school, actor, reason):
    """Let a school into a running round; gives back its Submission. Raises NotAllowed, Invalid or WrongState."""
    _only_district(actor, school.area_code)
    reason = reason_of(reason)
    if not school.is_open:
        raise WrongState(f"{school.name}{STATUSES[school.status]}แล้ว จึงเข้ารอบไม่ได้")
    if (school.kind or "school") not in units_of(round_.subsystem):
        raise WrongState(f"{school.name}ไม่ใช่หน่วยที่รายงานในรอบนี้")
    _refuse_not_running(round_)

    def work():
        plain = new_submission(round_, school) | {"_id": ObjectId()}
        row = follow_on(Submission._from_son(plain), _row(actor, reason))
        plain |= {"moves": [row], "history_hash": row["hash"]}
        change_state(round_, round_.state, actor, reason, noted={"entered": [None, _named(school)]})
        collection(Submission).insert_one(plain)
        return plain["_id"]

    try:
        made = in_transaction(work)
    except DuplicateKeyError as error:
        raise WrongState(f"{school.name}อยู่ในรอบ {round_} อยู่แล้ว กรุณาเปิดหน้านี้ใหม่") from error
    return Submission.objects(area_code=school.area_code, id=made).get()


def leave(submission, actor, reason):
    """Take a school that wrote nothing out of a running round. Raises NotAllowed, Invalid or WrongState."""
    _only_district(actor, submission.area_code)
    reason = reason_of(reason)

    def work():
        fresh = collection(Submission).find_one({"_id": submission.id, "area_code": submission.area_code})
        take_out(fresh, actor, reason)

    in_transaction(work)


def take_out(plain, actor, reason):
    """Inside a transaction: remove a stored submission (a dict) of a running round, and note it on the round.

    Raises WrongState where something was written, or the round does not run.
    """
    if plain is None:
        raise WrongState("หน่วยงานนี้ออกจากรอบไปแล้ว กรุณาเปิดหน้านี้ใหม่")
    round_ = find_round(plain["area_code"], plain["subsystem"], plain["academic_year"], plain["round"])
    _refuse_not_running(round_)
    if not is_untouched(plain):
        raise WrongState(
            f"{plain['school_name']}มีข้อมูลหรือการดำเนินการในรอบ {round_} แล้ว จึงนำออกจากรอบไม่ได้ "
            "ให้ส่งข้อมูลให้ครบ หรือให้ปิดโดยไม่ได้รายงานเมื่อล็อกรอบ"
        )
    named = f"{plain['school_name']} ({plain['school_code']})"
    change_state(round_, round_.state, actor, reason, noted={"left": [named, None]})
    done = collection(Submission).delete_one(
        {"_id": plain["_id"], "area_code": plain["area_code"], "writes": plain["writes"],
         "moves": {"$size": len(plain["moves"])}}
    )  # fmt: skip
    if not done.deleted_count:
        raise WrongState("มีผู้ทำรายการของหน่วยงานนี้ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")
    place = {
        name: plain[name] for name in ("area_code", "academic_year", "school_code", "round", "subsystem")
    }
    for looked_at in (Checkup, Finding):  # what the checks said of it, rooms not declared for one
        collection(looked_at).delete_many(place)


def is_untouched(plain):
    """Whether nobody wrote or moved anything in a submission (a stored dict) since it was made."""
    moved = [row for row in plain["moves"] if row["name"] != ENTERED]
    counted = sum((plain.get("counts") or {}).values())
    return plain["state"] == "draft" and not (plain["writes"] or plain.get("started") or counted or moved)


def _refuse_not_running(round_):
    if not round_.running:
        raise WrongState(f"รอบ {round_} ไม่ได้เปิดรับข้อมูลอยู่ จึงเปลี่ยนหน่วยงานในรอบไม่ได้")


def _only_district(actor, area_code):
    if not actor.is_system and not actor.holds("district", area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่ให้หน่วยงานเข้าหรือออกจากรอบได้")


def _named(school: School):
    return f"{school.name} ({school.code})"


def _row(actor, reason):
    return {"name": ENTERED, "from": "draft", "to": "draft", "at": naive_now(), "by": actor.id,
            "by_name": actor.name, "reason": reason, "version": 1}  # fmt: skip
