"""Who is told of what: the table behind the bell. Each function is called where the thing was done, and tells at once
or after the transaction in progress; none of them can undo what was done.
"""

from documents import clock
from documents.clock import utc
from documents.collecting.submissions import round_of, submissions_of
from documents.formats import buddhist
from documents.notifying.notices import at_schools, later, number_told, people_with, tell, tell_each
from documents.people.users import SCHOOL_ROLES, System

SLOW_JOB = 10  # seconds: a person who waited less saw it end
FIRST_FOUND = 5  # schools of a round of which the officers are told one by one in a day


def title_of(submission):
    """The round of a submission as officers write it: 'DMC ภาคเรียนที่ 1/2568'."""
    return str(round_of(submission))


def page_of(submission):
    """The page of one school in one round."""
    return f"/admin/submissions/details/?id={submission.id}"


def round_page(round_):
    """The page of a round."""
    return f"/admin/rounds/details/?id={round_.id}"


# ---- submissions ----

# move: (kind, roles told, sentence)
MOVES = {
    "confirm": ("certify", ("director",), "{round}: {school} ยืนยันข้อมูลแล้ว รอท่านรับรอง"),
    "return": ("returned", SCHOOL_ROLES, "{round}: ข้อมูลของ{school}ถูกส่งกลับแก้ไข"),
    "verify": ("verified", SCHOOL_ROLES, "{round}: เขตตรวจสอบข้อมูลของ{school}แล้ว"),
    "reopen": ("reopened", SCHOOL_ROLES, "{round}: เปิดคืนข้อมูลของ{school}ให้แก้ไข"),
}
ASIDES = {
    "extend": ("time", SCHOOL_ROLES, "{round}: ขยายเวลาให้{school}ถึง {until}"),
    "prolong": ("time", SCHOOL_ROLES, "{round}: ขยายเวลาเปิดคืนให้{school}ถึง {until}"),
    "hold": ("hold", SCHOOL_ROLES, "{round}: เขตพักการรายงานของ{school}ไว้"),
    "lift": ("hold", SCHOOL_ROLES, "{round}: เขตเลิกพักการรายงานของ{school}แล้ว"),
    "keep": ("hold", SCHOOL_ROLES, "{round}: เขตตอบคำชี้แจงของ{school}แล้ว"),
    "answer": ("hold", ("district",), "{round}: {school} ชี้แจงเรื่องที่เขตพักไว้"),
}


def after_move(submission, name, actor, until=None):
    """Tell whose turn it is after a move of a submission, or a row beside its moves; not who did it."""
    row = MOVES.get(name) or ASIDES.get(name)
    if name == "certify":
        later(lambda: _certified(submission, actor))
    elif row:
        later(lambda: _told(submission, row, actor, until))


def _told(submission, row, actor, until):
    kind, roles, sentence = row
    words = {"round": title_of(submission), "school": submission.school_name or submission.school_code}
    words["until"] = buddhist.format_datetime(until) if until else ""
    area = submission.area_code
    who = [each.id for each in people_with(area, roles, [submission.school_code]) if each.id != actor.id]
    tell(who, kind, sentence.format(**words), page_of(submission), area)


def _certified(submission, actor):
    """The officers hear once a day of a round that schools wait to be verified, not of each school."""
    round_ = title_of(submission)
    who = [each.id for each in people_with(submission.area_code, ["district"]) if each.id != actor.id]
    once = f"verify/{submission.subsystem}/{submission.round_label}/{clock.today()}"
    url = "/admin/control-room/?state=certified"
    tell(who, "verify", f"{round_}: มีโรงเรียนที่รับรองข้อมูลแล้ว รอเขตตรวจสอบ", url, submission.area_code, once)


def after_findings(submission, errors, warnings):
    """Tell the officers what was found of a school after its director had certified: so many more of each."""
    if errors > 0 or warnings > 0:
        later(lambda: _found_told(submission, max(errors, 0), max(warnings, 0)))


def _found_told(submission, errors, warnings):
    area, day = (
        submission.area_code,
        f"found/{submission.subsystem}/{submission.round_label}/{clock.today()}/",
    )
    who, url, once = [each.id for each in people_with(area, ["district"])], page_of(submission), day
    what = f"ข้อผิดพลาด {errors:,} ข้อ" if errors else f"คำเตือน {warnings:,} ข้อ"
    text = f"{title_of(submission)}: พบ{what}ใน{submission.school_name}หลังผู้อำนวยการรับรอง"
    if who and number_told(area, who[0], day) < FIRST_FOUND:
        once += submission.school_code
    else:  # a new rule, or another bound, concerns many schools at once
        text = f"{title_of(submission)}: พบข้อผิดพลาดหรือคำเตือนในอีกหลายโรงเรียนหลังผู้อำนวยการรับรอง"
        url = "/admin/control-room/?state=found"
    tell(who, "found", text, url, area, once)


# ---- rounds ----


def after_round(round_, before):
    """Tell who acts next after a round was proposed, ordered or opened, or its schools that their time was changed."""
    came_from, ordered_before = before.state, before.order
    if round_.state == "open" and came_from == "open":
        _windows_moved(round_, before)
    elif round_.state == "proposed" and came_from == "draft":
        later(lambda: _of_round(round_, "executive", "เสนอเปิดรอบ {round} รอท่านสั่งการ"))
    elif round_.state == "proposed" and round_.order and not ordered_before:
        later(lambda: _of_round(round_, "approver", "ผู้บังคับบัญชาสั่งการรอบ {round} แล้ว รอท่านเปิดรอบ"))
    elif round_.state == "open" and came_from == "proposed":
        later(lambda: _opened(round_))


def _of_round(round_, role, sentence):
    who = [each.id for each in people_with(round_.area_code, [role])]
    words = sentence.format(round=round_)
    tell(who, "round", words, round_page(round_), round_.area_code)


def _opened(round_):
    window = round_.window("enter")
    until = f" ถึง {buddhist.format_datetime(utc(window.closes_at))}" if window else ""
    to_schools(round_, f"เปิดรับข้อมูล {round_}{until}")


def _windows_moved(round_, before):
    now, then = round_.window("enter"), before.window("enter")
    if now and then and now.closes_at != then.closes_at:
        text = f"{round_}: กำหนดยืนยันข้อมูลเปลี่ยนเป็น {buddhist.format_datetime(utc(now.closes_at))}"
        later(lambda: to_schools(round_, text))


def to_schools(round_, text):
    """Tell the people of a round's schools, each with the page of his own school."""
    found = {each.school_code: each for each in submissions_of(round_).only("id", "school_code")}
    rows = [
        (person, "round" if round_.state == "open" else "time", text, page_of(found[code]), None)
        for code, people in at_schools(round_.area_code, found).items()
        for person in people
    ]
    tell_each(list({row[0]: row for row in rows}.values()), round_.area_code)


# ---- cases: transfers, changes of numbers, reopening, time, G-codes, whatever has a table of steps ----


def after_step(case, actor, steps_for):
    """Tell who may take a case on now and could not be told from its doer; and who asked, once it has ended.

    `steps_for(case, person)` gives the steps that a person may make (documents/records/cases.py).
    """
    later(lambda: _step_told(case, actor, steps_for))


def _step_told(case, actor, steps_for):
    own = {step.name for step in steps_for(case, actor)} if not actor.is_system else set()
    asked = [step for step in case.steps.values() if case.state in step.come_from and step.name not in own]
    if not case.is_open:  # it may be taken up again, but waits for nobody
        asked = []
    who = []
    for school in dict.fromkeys(case.school_of(step.at) for step in asked):
        roles = {role for step in asked if case.school_of(step.at) == school for role in step.roles}
        for person in people_with(case.area_code, sorted(roles), [school]):
            if person.id != actor.id and {step.name for step in steps_for(case, person)} - own:
                who.append(person.id)
    if not case.is_open and case.asker not in (None, actor.id, *who):
        who.append(case.asker)
    tell(who, "case", f"{case.label} · {case.school_name}: {case.shown_state}", case.page, case.area_code)


def after_scan(area_code, found, mark):
    """Tell each school once how many new clashes a scan found; `found` is {school code: number}."""
    rows = [
        (
            person,
            "case",
            f"พบนักเรียนซ้ำซ้อน {found[code]:,} เรื่อง รอโรงเรียนตรวจสอบ",
            "/admin/duplicates/",
            f"scan/{mark}/{code}",
        )
        for code, people in at_schools(area_code, found, ("school",)).items()
        for person in people
    ]
    tell_each(rows, area_code)


def after_owed(case, ended):
    """Tell the officers that a number decided on could not be put in yet, or that it is tried no more."""
    what = "ระบบเลิกลองแล้ว กรุณาบันทึกเลขเอง" if ended else "ระบบจะลองต่อทุก 7 วัน หรือส่งข้อมูลกลับให้โรงเรียนแก้ไข"
    who = [each.id for each in people_with(case.area_code, ["district"])]
    text = f"{case.label} · {case.school_name}: ยังใส่เลขตามคำตัดสินไม่ได้ {what}"
    tell(who, "case", text, case.page, case.area_code, once=f"owed/{case.id}/{'end' if ended else 'wait'}")


# ---- jobs ----


def after_job(job, state, finished_at):
    """Tell the owner of a job that took its time how it ended; one that failed, whatever it took."""
    took = (finished_at - job.asked_at).total_seconds()
    if job.owner == System("").id:
        return
    if state == "failed" or (state == "done" and took >= SLOW_JOB):
        words = "เสร็จแล้ว" if state == "done" else "ไม่สำเร็จ"
        text = f"งาน{words}: {job.title}"
        tell(
            [job.owner], "job", text, f"/admin/jobs/details/?id={job.id}", job.area_code, once=f"job/{job.id}"
        )
