"""The yearly confirmation of accounts (การยืนยันบัญชีประจำปี): the district says of each account that it is still right.

An officer opens it with a last day. The accounts of schools are confirmed by officers, those of the office by the approver
or an administrator, nobody's by himself (`granting.py`). Whoever is not confirmed is told at once, who confirms again
before the end; after the last day, and never less than a week after they were told, a job suspends the accounts that
nobody confirmed. It leaves accounts that also have roles in other areas alone, and an area's last administrator.
"""

import datetime as dt

from documents import clock
from documents.background.jobs import ask, job_kind
from documents.background.timetable import daily
from documents.clock import utc
from documents.database import collection, in_transaction
from documents.district.schools import Area
from documents.errors import Invalid, NotAllowed, OutOfScope, StaleRevision, WrongState
from documents.formats import buddhist
from documents.notifying import mail, notices
from documents.people import accounts, granting
from documents.people.account_links import front, letter, reachable
from documents.people.users import ROLES, SCHOOL_ROLES, System, User
from documents.records.cases import reason_of
from documents.trail.history import naive_now, note_event
from documents.trail.refusals import noting_refusals

SHORTEST, LONGEST = 14, 180  # days from its opening to its last day
TOLD_BEFORE = dt.timedelta(days=7)
REMIND_AT = (7, 3, 1)  # days before the end, to who confirms
PAGE = "/admin/recertification/"
CONFIRM = [role for role in ROLES if any(role in rule.confirmed_by for rule in granting.GRANTING.values())]


def present(area_code):
    """The area's confirmation that is open: {since, due (a day), told_at, by_name, reminded}, or None."""
    found = Area.objects(code=area_code).only("recertification").first()
    return (found and found.recertification) or None


def last_day(running):
    """The last day of a confirmation, as a date."""
    return running["due"].date()


def is_over(running):
    """Whether its last day is past."""
    return clock.today() > last_day(running)


@noting_refusals(0)
def begin(actor, area_code, due, reason=None):
    """Open the confirmation of all accounts of the area's schools until a day (date). Raises NotAllowed, Invalid, WrongState."""
    _require(actor, area_code)
    today = clock.today()
    first, last = today + dt.timedelta(days=SHORTEST), today + dt.timedelta(days=LONGEST)
    if due is None or not first <= due <= last:
        raise Invalid(
            {
                0: {
                    "due": f"วันสุดท้ายต้องอยู่ระหว่าง {buddhist.format_short(first)} ถึง {buddhist.format_short(last)}"
                }
            }
        )
    said = reason_of(reason, needed=False)
    now = naive_now()
    kept = {"since": now, "due": clock.midnight(due), "by_name": actor.name}

    def work():
        free = {"code": area_code, "recertification": None}
        if not collection(Area).update_one(free, {"$set": {"recertification": kept}}).matched_count:
            raise WrongState("มีการยืนยันบัญชีประจำปีที่เปิดอยู่แล้ว กรุณาเปิดหน้านี้ใหม่")
        area = Area.objects(code=area_code).get()
        told = {"recertification": [None, buddhist.format_long(due)]}
        note_event(area_code, actor, "settings", "users", area.id, told, said)

    in_transaction(work)
    ask("recertify", System("ระบบ"), area_code, alone=True)


@noting_refusals(0)
def end(actor, area_code, reason):
    """Close it before its time: nobody is suspended by it any more."""
    _require(actor, area_code)
    said = reason_of(reason)

    def work():
        area = Area.objects(code=area_code).get()
        if (
            not collection(Area)
            .update_one(
                {"code": area_code, "recertification": {"$ne": None}}, {"$unset": {"recertification": ""}}
            )
            .matched_count
        ):
            raise WrongState("ไม่มีการยืนยันบัญชีประจำปีที่เปิดอยู่")
        note_event(
            area_code,
            actor,
            "settings",
            "users",
            area.id,
            {"recertification": [buddhist.format_long(area.recertification["due"]), None]},
            said,
        )

    in_transaction(work)


@noting_refusals(0)
def confirm(actor, area_code, person_ids, reason=None):
    """Say of accounts that they are right for another year; gives how many it was said of.

    Raises OutOfScope for an account that is none of the actor's to confirm, NotAllowed for his own, WrongState for a
    suspended one.
    """
    if not granting.confirms(actor, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขต ผู้รับรอง หรือผู้ดูแลระบบของเขตเท่านั้นที่ยืนยันบัญชีได้")
    said = reason_of(reason, needed=False)
    people = _find(actor, area_code, person_ids)
    for person in people:
        granting.require_other(actor, person.id)
        if not person.active:
            raise WrongState(f"บัญชีของ {person.name} ถูกระงับอยู่ กรุณาให้ผู้ดูแลระบบเปิดใช้ก่อน แล้วจึงยืนยัน")
    mark = accounts.confirmed_by(actor)

    def work():
        for person in people:
            still = {"_id": person.id, "active": True}
            if (
                not collection(User)
                .update_one(still, {"$set": {f"confirmed.{area_code}": mark}})
                .matched_count
            ):
                raise StaleRevision([])
            note_event(area_code, actor, "recertify", accounts.SUBJECT, person.id, {}, said)

    in_transaction(work)
    return len(people)


def _find(actor, area_code, person_ids):
    """The accounts of these ids, if the actor confirms every role that each has in the area. Raises OutOfScope."""
    ids = {accounts.object_id(id_) for id_ in person_ids}
    asked = {"_id": {"$in": list(ids - {None})}}
    people = list(User.objects(__raw__={"$and": [asked, scope(actor, area_code)]}))
    if len(people) != len(ids):
        raise OutOfScope("ไม่พบบัญชีนี้ในบัญชีที่ท่านยืนยันได้")
    return people


def scope(actor, area_code):
    """The filter of the accounts whose every role in the area the actor confirms."""
    roles = granting.confirms(actor, area_code)
    others = [role for role in ROLES if role not in roles]

    def held(some):
        return {"$elemMatch": {"role": {"$in": some}, "area_code": area_code}}

    return {"areas_listed": area_code, "$and": [{"grants": held(roles)}, {"grants": {"$not": held(others)}}]}


def waiting_for(actor, area_code, running):
    """The filter of the active accounts that wait for the actor's confirmation, his own never; `running["since"]` may be a
    variable of a pipeline.
    """
    return {"$and": [left(area_code, running), scope(actor, area_code), {"_id": {"$ne": actor.id}}]}


def waiting_question(actor, area_code):
    """{"recertify": (document class, pipeline)}, as `database.asked_together` takes it: a row {n, due} while accounts wait for
    him; empty for who confirms none.
    """
    if not granting.confirms(actor, area_code):
        return {}
    waits = {"$match": waiting_for(actor, area_code, {"since": "$$since"})}
    counted = {"from": User._get_collection_name(), "as": "left", "let": {"since": "$recertification.since"}}
    counted["pipeline"] = [waits, {"$count": "n"}]
    return {
        "recertify": (
            Area,
            [
                {"$match": {"code": area_code, "recertification": {"$ne": None}}},
                {"$lookup": counted},
                {"$unwind": "$left"},
                {"$project": {"n": "$left.n", "due": "$recertification.due"}},
            ],
        )
    }


def is_confirmed(person, area_code, running):
    """Whether the account was confirmed since the present confirmation began, or is younger than it."""
    mark = (person.confirmed or {}).get(area_code)
    return bool(mark) and mark["at"] >= running["since"]


def left(area_code, running):
    """The filter of the area's active accounts that nobody has confirmed yet."""
    return {"areas_listed": area_code, "active": True, "$expr": _unsaid(area_code, running["since"])}


def _unsaid(area_code, since):
    """The expression that is true of an account that nobody confirmed since; what lacks comes before every date."""
    return {"$lt": [{"$ifNull": [f"$confirmed.{area_code}.at", None]}, since]}


def counts_of_schools(area_code, running=None):
    """{school code: {"people": active accounts, "left": those not confirmed}} of an area, by one question."""
    held = {"grants.area_code": area_code, "grants.role": {"$in": list(SCHOOL_ROLES)}}
    unsaid = _unsaid(area_code, running["since"]) if running else False
    stages = [
        {"$match": {"areas_listed": area_code, "active": True}},
        {"$unwind": "$grants"},
        {"$match": held},
        {"$unwind": "$grants.school_codes"},
        {
            "$group": {
                "_id": {"code": "$grants.school_codes", "user": "$_id"},
                "left": {"$max": {"$cond": [unsaid, 1, 0]}},
            }
        },
        {"$group": {"_id": "$_id.code", "people": {"$sum": 1}, "left": {"$sum": "$left"}}},
    ]
    rows = collection(User).aggregate(stages)
    return {row["_id"]: {"people": row["people"], "left": row["left"]} for row in rows}


def _require(actor, area_code):
    if not any(actor.holds(role, area_code) for role in granting.OF_SCHOOL.kept_by):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบของเขตเท่านั้นที่เปิดหรือปิดการยืนยันบัญชีได้")


# ---- the timetable ----


@job_kind("recertify", "ยืนยันบัญชีประจำปี", "Yearly confirmation of accounts", cancellable=False)
def run(job, progress):
    """Tell, remind, and after the last day suspend who was not confirmed; run again it does nothing twice."""
    area_code = job.area_code
    running = present(area_code)
    if running is None:
        return {"summary": ["ไม่มีการยืนยันบัญชีประจำปีที่เปิดอยู่"]}
    if not running.get("told_at"):
        return {"summary": [f"แจ้งผู้ใช้ทางอีเมล {tell(area_code, running):,} คน"]}
    if not is_over(running):
        return {"summary": [f"เตือนผู้ยืนยัน {remind(area_code, running):,} คน"]}
    if clock.now() < utc(running["told_at"]) + TOLD_BEFORE:
        return {"summary": ["ยังไม่ครบ 7 วันหลังแจ้งผู้ใช้ จึงยังไม่ระงับบัญชีใด"]}
    done, kept = suspend_left(job.actor, area_code, running, progress)
    lines = [f"ระงับบัญชีที่ไม่ได้ยืนยัน {done:,} บัญชี"]
    if kept:
        lines.append(f"ไม่ได้ระงับ {kept:,} บัญชีที่มีหน้าที่ในเขตอื่น หรือเป็นผู้ดูแลระบบคนสุดท้าย กรุณาตรวจเอง")
    return {"summary": lines}


def tell(area_code, running):
    """Tell everybody who is not confirmed, by bell and letter, and note that they were told; gives how many letters went out."""
    due, sent = buddhist.format_long(running["due"]), 0
    people = list(User.objects(__raw__=left(area_code, running)))
    text = f"เขตกำลังตรวจบัญชีผู้ใช้ประจำปี บัญชีของท่านต้องได้รับการยืนยันจากเขตภายในวันที่ {due}"
    mark = f"recertify/{running['since']:%Y%m%d%H%M%S}"
    notices.tell([one.id for one in people], "account", text, "/account/", area_code, mark)
    for person in people:
        if reachable(person.email):
            lines = [
                f"เรียน {person.name}",
                f"เขตกำลังตรวจว่าบัญชีของแต่ละคนยังถูกต้อง บัญชีของท่านต้องได้รับการยืนยันจากเขตภายในวันที่ {due}",
                "ถ้าท่านยังทำหน้าที่เดิม ไม่ต้องทำอะไร หากไม่แน่ใจให้ถามเจ้าหน้าที่เขต บัญชีที่ไม่ได้ยืนยันจะถูกระงับหลังวันนั้น ข้อมูลไม่หาย",
            ]
            once = f"recertify {running['since']:%Y%m%d%H%M%S} {person.id}"
            mail.send(person.email, "การยืนยันบัญชีประจำปี", letter(lines), "account", area_code, once=once)
            sent += 1
    collection(Area).update_one(_same(area_code, running), {"$set": {"recertification.told_at": naive_now()}})
    return sent


def remind(area_code, running):
    """Write to who confirms some days before the end what still waits for him, once for each; gives to how many."""
    days = (last_day(running) - clock.today()).days
    step = next((one for one in sorted(REMIND_AT) if days <= one), None)
    if step is None or step in running.get("reminded", ()):
        return 0
    marked = {"$addToSet": {"recertification.reminded": step}}
    if not collection(Area).update_one(_same(area_code, running), marked).modified_count:
        return 0
    mark, told = f"recertify/{running['since']:%Y%m%d%H%M%S}/{step}", 0
    for person in notices.people_with(area_code, CONFIRM):
        if waits := User.objects(__raw__=waiting_for(person, area_code, running)).count():
            text = f"ยังไม่ได้ยืนยัน {waits:,} บัญชี เหลือ {max(days, 0):,} วันก่อนถูกระงับ"
            notices.tell([person.id], "account", text, PAGE, area_code, mark)
            if reachable(person.email):
                lines = [f"เรียน {person.name}", f"{text} ยืนยันได้ที่ {front(PAGE)}"]
                mail.send(person.email, "บัญชีที่ยังไม่ได้ยืนยัน", letter(lines), "account", area_code)
            told += 1
    return told


def suspend_left(actor, area_code, running, progress=None):
    """Suspend whoever was not confirmed; gives (how many, how many were left alone: other areas' too, the last administrator)."""
    done = kept = spared = 0
    people = list(User.objects(__raw__=left(area_code, running)).order_by("id"))
    if progress:
        progress.begin(len(people), "บัญชี")
    reason = f"ไม่ได้ยืนยันภายในวันที่ {buddhist.format_long(running['due'])}"
    for number, person in enumerate(people, 1):
        if any(grant.area_code != area_code for grant in person.grants):
            kept += 1
        elif _suspend(actor, person, reason):
            done += 1
        else:
            spared += 1
        if progress:
            progress.at(number)
    if not kept:
        collection(Area).update_one(_same(area_code, running), {"$unset": {"recertification": ""}})
    return done, kept + spared


def _suspend(actor, person, reason):
    """Whether the account could be suspended: an area keeps an administrator."""

    def work():
        accounts.store_change(
            actor, person, {"active": False}, person.revision, "lapse", reason, ends_sessions=True
        )

    try:
        in_transaction(work)
    except NotAllowed:
        return False
    return True


def _same(area_code, running):
    return {"code": area_code, "recertification.since": running["since"]}


@daily("recertify", 7, 30)
def ask_daily(area_code):
    """Queue the job of an area whose confirmation is open."""
    if present(area_code):
        ask("recertify", System("ระบบ"), area_code, alone=True)
