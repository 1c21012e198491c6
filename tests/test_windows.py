"""Windows hold by the clock, to the minute, in Bangkok's time, though nobody pressed anything; refusals say which word applies."""

import datetime as dt

import pytest

from documents import clock
from documents.collecting.asides import extend
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.progress import look_of_one
from documents.collecting.submissions import Submission, find_submission, is_late, may_write, round_of
from documents.collecting.windows import open_until, step_open
from documents.database import collection
from documents.errors import RoundLocked, WindowShut
from tests.people import place

# The tests' round: schools and directors 1 June 0.00 to 10 June 16.30, the district to 15 June 16.30.
EDGES = [
    ("enter", "2025-05-31T23:59:59", False),
    ("enter", "2025-06-01T00:00:00", True),
    ("enter", "2025-06-10T16:29:59", True),
    ("enter", "2025-06-10T16:30:00", False),
    ("certify", "2025-06-10T16:29:59", True),
    ("certify", "2025-06-10T16:30:00", False),
    ("verify", "2025-06-15T16:29:59", True),
    ("verify", "2025-06-15T16:30:00", False),
]


@pytest.fixture
def submission(open_round):
    return find_submission("DMC", place())


def bangkok(text):
    """An aware instant by Bangkok's clocks."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=clock.BANGKOK)


@pytest.mark.parametrize(("step", "moment", "is_open"), EDGES)
def test_a_window_holds_to_the_second(step, moment, is_open, submission):
    assert step_open(submission, round_of(submission), step, bangkok(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "hour"), [("2025-06-10T16:29:59+07:00", True), ("2025-06-10T09:30:00+00:00", False)]
)
def test_the_same_instant_in_another_zone_is_the_same_instant(moment, hour, submission):
    now = dt.datetime.fromisoformat(moment)
    assert step_open(submission, round_of(submission), "enter", now) is hour


def test_the_state_turns_by_the_clock_though_nobody_pressed_anything(submission):
    round_ = round_of(submission)
    assert round_.state_at(bangkok("2025-06-10T16:29:59")) == "open"
    assert round_.state_at(bangkok("2025-06-10T16:30:00")) == "verifying"
    assert round_.state == "open"


def test_a_page_opened_before_the_end_does_not_outlive_it(submission, teacher):
    clock.configure("2025-06-10T16:29:58+07:00")
    assert may_write(submission, round_of(submission), teacher) == "school"
    clock.configure("2025-06-10T16:30:00+07:00")
    with pytest.raises(WindowShut):
        may_write(submission, round_of(submission), teacher)


def test_a_round_edited_meanwhile_counts_at_once(submission, teacher):
    shorter = bangkok("2025-06-05T08:00:00").astimezone(dt.UTC).replace(tzinfo=None)
    collection(type(round_of(submission))).update_one({}, {"$set": {"windows.0.closes_at": shorter}})
    with pytest.raises(WindowShut, match="ปิดรับข้อมูลแล้ว"):
        move(submission, "confirm", teacher, "ไม่มี")


# ---- three words for three things ----


def refusal_of(submission, actor, moment, expected):
    clock.configure(f"{moment}+07:00")
    fresh = Submission.objects(area_code=submission.area_code, id=submission.id).get()
    with pytest.raises(expected) as caught:
        may_write(fresh, round_of(fresh), actor)
    return caught.value.message


def test_not_open_yet_says_when_it_opens(submission, teacher):
    said = refusal_of(submission, teacher, "2025-05-31T12:00:00", WindowShut)
    assert "ยังไม่เปิดรับข้อมูล" in said
    assert "1 มิ.ย. 2568 00.00 น." in said


def test_closed_says_since_when_and_whom_to_ask(submission, teacher):
    said = refusal_of(submission, teacher, "2025-06-11T09:00:00", WindowShut)
    assert "ปิดรับข้อมูลแล้ว" in said
    assert "10 มิ.ย. 2568 16.30 น." in said
    assert "เจ้าหน้าที่เขต" in said
    assert "ล็อก" not in said
    assert "เกินกำหนด" not in said


def test_a_time_of_ones_own_that_ran_out_is_called_overdue(submission, teacher, officer):
    clock.configure("2025-06-11T09:00:00+07:00")
    extend(submission, officer, bangkok("2025-06-12T12:00:00"), ["school"], "ไฟฟ้าดับ")
    said = refusal_of(submission, teacher, "2025-06-12T12:00:00", WindowShut)
    assert "เกินกำหนด" in said
    assert "12 มิ.ย. 2568 12.00 น." in said
    assert "ล็อก" not in said


def test_locked_says_locked_and_how_to_have_it_reopened(submission, teacher, approver):
    lock_round(round_of(submission), approver, "ปิดรอบ")
    said = refusal_of(submission, teacher, "2025-06-05T09:00:00", RoundLocked)
    assert "ล็อกแล้ว" in said
    assert "เจ้าหน้าที่เขต" in said
    assert "ปิดรับ" not in said


def test_an_officer_is_told_to_change_the_windows_not_to_ask_himself(submission, officer):
    said = refusal_of(submission, officer, "2025-06-16T09:00:00", WindowShut)
    assert "แก้กำหนดเวลาของรอบ" in said
    assert "ขอขยายเวลา" not in said


# ---- late, and until when ----


def test_a_school_is_late_when_its_window_is_over_and_no_other_time_is_left(submission, officer):
    round_ = round_of(submission)
    clock.configure("2025-06-10T16:29:00+07:00")
    assert not is_late(submission, round_)
    clock.configure("2025-06-10T16:30:00+07:00")
    assert is_late(submission, round_)
    assert look_of_one(submission, round_) == "late"
    extended = extend(submission, officer, bangkok("2025-06-12T12:00:00"), ["school"], "ไฟฟ้าดับ")
    assert not is_late(extended, round_)
    assert open_until(extended, round_, "enter") == bangkok("2025-06-12T12:00:00")


def test_who_has_handed_in_is_never_late(submission, teacher):
    confirmed = move(submission, "confirm", teacher, "ไม่มีนักเรียน")
    assert not is_late(confirmed, round_of(submission), bangkok("2025-06-20T09:00:00"))
