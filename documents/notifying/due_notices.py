"""Reminders of due dates: 7, 3 and 1 days before a step's end, to whoever has not done it."""

from documents import clock
from documents.background.timetable import daily
from documents.clock import in_bangkok, utc
from documents.collecting.rounds import Round
from documents.collecting.submissions import WRITABLE, submissions_of
from documents.collecting.windows import open_until
from documents.formats import buddhist
from documents.notifying import announcements, notices
from documents.notifying.notice_rules import page_of

DAYS_BEFORE = (7, 3, 1)
MORNING = 7  # o'clock
# step: (states of what is not done, roles told, what is to be done)
STEPS = {
    "enter": (WRITABLE, ("school",), "ยืนยันข้อมูล"),
    "certify": (("confirmed",), ("director",), "รับรองข้อมูล"),
}


@daily("due", MORNING)
def remind(area_code):
    """Tell the people of an area's schools and its officers what is due in 7, 3 or 1 days; gives how many were told."""
    number = 0
    for round_ in Round.objects(area_code=area_code, state="open"):
        rows = [*_of_schools(round_), *_of_officers(round_)]
        notices.tell_each(rows, area_code)
        _to_line(round_)
        number += len(rows)
    return number


def _of_schools(round_):
    due = {}
    for step, (states, roles, _) in STEPS.items():
        for submission in submissions_of(round_).filter(state__in=states).exclude("moves", "counts"):
            until = open_until(submission, round_, step)
            if days := _days_left(until):
                due.setdefault((step, roles), []).append((submission, days, until))
    for (step, roles), found in due.items():
        people = notices.at_schools(round_.area_code, {each.school_code for each, *_ in found}, roles)
        for submission, days, until in found:
            text = f"อีก {days} วันครบกำหนด{STEPS[step][2]} {round_} ของ{submission.school_name}"
            once = f"due/{submission.id}/{step}/{in_bangkok(utc(until)).date()}/{days}"
            for person in people[submission.school_code]:
                yield person, "due", text, page_of(submission), once


def _of_officers(round_):
    window = round_.window("verify")
    days = window and _days_left(window.closes_at)
    if not days:
        return
    text = f"อีก {days} วันครบกำหนดตรวจสอบข้อมูล {round_} ของเขต"
    once = f"due/{round_.id}/verify/{in_bangkok(utc(window.closes_at)).date()}/{days}"
    for person in notices.people_with(round_.area_code, ["district"]):
        yield person.id, "due", text, "/admin/control-room/", once


def _to_line(round_):
    """Tell the area's group on LINE how many schools have not confirmed; of schools and pupils it names none."""
    window = round_.window("enter")
    days = window and _days_left(window.closes_at)
    left = submissions_of(round_).filter(state__in=WRITABLE).count() if days else 0
    if left:
        until = buddhist.format_datetime(utc(window.closes_at))
        text = f"อีก {days} วันครบกำหนดยืนยันข้อมูล {round_} ({until}) ยังไม่ยืนยัน {left:,} โรงเรียน"
        announcements.send_to_line(round_.area_code, text, f"due/{round_.id}/{days}/{clock.today()}")


def _days_left(until):
    """7, 3 or 1, when so many days lie between today and the day of the last minute; None otherwise."""
    days = until and (in_bangkok(utc(until)).date() - clock.today()).days
    return days if days in DAYS_BEFORE else None
