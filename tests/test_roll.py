"""What a school does with pupils on its roll: they leave, come back, change room, grade and number; all or none."""

import pytest

from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc import roll
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, WrongState
from documents.records.record import Place
from documents.records.writing import Change, write
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil

DAY = "05/06/2568"


@pytest.fixture
def rows(open_round, teacher):
    """A class of three, as stored."""
    names = ("งาม", "กานต์", "ขวัญ")
    changes = [
        Change(Student, place(), pupil(first_name=n, student_no=f"010{i}")) for i, n in enumerate(names)
    ]
    write(changes, teacher)
    return stored()


def stored():
    return list(collection(Student).find({"school_code": SCHOOL}).sort("student_no", 1))


def counted():
    return find_submission("DMC", place()).counts["pupils"]


@pytest.mark.parametrize(
    ("status", "reason", "to"),
    [("moved_out", None, "โรงเรียนเอกชน"), ("discharged", "14", None), ("dropped_out", "27", None)],
)
def test_who_leaves_is_off_the_roll_with_reason_and_day_and_may_be_brought_back(
    rows, status, reason, to, teacher
):
    write(roll.leave(rows[:2], status, reason, DAY, to), teacher, via="action")
    gone = stored()[0]
    assert (gone["status"], gone["leave_reason"], gone.get("leave_to")) == (status, reason or "32", to)
    assert counted() == 1
    with pytest.raises(WrongState, match="ไม่อยู่ในทะเบียน"):
        roll.leave(stored(), status, reason, DAY, to)
    with pytest.raises(WrongState, match="ยังอยู่ในทะเบียน"):
        roll.bring_back(stored())
    write(roll.bring_back(stored()[:2]), teacher, "บันทึกผิดคน", via="action")
    assert counted() == 3
    assert not {"leave_reason", "leave_date", "leave_to"} & set(stored()[0])


def test_what_does_not_fit_is_refused_before_anything_is_stored(rows):
    for given, field in {
        ("gone", "14", DAY, None): "status",
        ("discharged", "27", DAY, None): "leave_reason",
        ("discharged", None, DAY, None): "leave_reason",
        ("discharged", "14", "", None): "leave_date",
        ("discharged", "14", "05/06/2570", None): "leave_date",
        ("moved_out", None, DAY, " "): "leave_to",
    }.items():
        with pytest.raises(Invalid) as refused:
            roll.leave(rows, *given)
        assert set(refused.value.errors[0]) == {field}
    ended = [row | {"round": "3"} for row in rows]
    with pytest.raises(WrongState, match="ไม่ใช่การเรียนจบ"):
        roll.leave(ended, "moved_out", None, DAY, "ที่อื่น")
    assert [code for code, _ in roll.reasons_of("moved_out")] == ["32"]


def test_who_is_at_another_school_by_now_is_not_brought_back(rows, teacher, neighbour):
    write(roll.leave(rows[:1], "discharged", "15", DAY), teacher)
    (gone, *_) = stored()
    write([Change(Student, place(OTHER), pupil(), lineage=gone["lineage"])], neighbour)
    with pytest.raises(WrongState, match="ย้ายเข้า"):
        roll.bring_back([gone])


def test_a_class_is_arranged_and_promotion_is_not_meant(rows, teacher):
    changes = roll.arrange(rows, room="2")
    write(changes, teacher, via="action")
    assert {row["room"] for row in stored()} == {2}
    with pytest.raises(Invalid, match="ชั้นและห้องนี้แล้ว"):
        roll.arrange(stored(), room="2")
    for grade, room in (("", ""), ("99", ""), ("", "0"), ("", "x")):
        with pytest.raises(Invalid):
            roll.arrange(rows, grade, room)
    ended = [row | {"round": "3"} for row in rows]
    assert "ไม่ใช่การเลื่อนชั้น" in roll.is_no_promotion(ended, roll.arrange(ended, grade="08"))
    assert roll.is_no_promotion(ended, roll.arrange(ended[:1], grade="08")) is None
    assert roll.is_no_promotion(rows, roll.arrange(rows, grade="08")) is None


def test_a_class_is_numbered_by_name_keeps_its_zeros_and_may_swap(rows, teacher):
    assert roll.numbers_from("ก099", 3) == ["ก099", "ก100", "ก101"]
    write(roll.renumber(rows, roll.numbers_from("0100", 3)), teacher, via="action")
    assert [(row["first_name"], row["student_no"]) for row in stored()] == [
        ("กานต์", "0100"), ("ขวัญ", "0101"), ("งาม", "0102"),
    ]  # fmt: skip
    write(roll.renumber(stored(), ["0102", "0100", "๐๑๐๑"]), teacher, via="action")
    assert [row["first_name"] for row in stored()] == ["ขวัญ", "งาม", "กานต์"]
    for numbers, words in (
        (["1", "2"], "มีเลข 2"),
        (["1", "1", "2"], "มากกว่าหนึ่ง"),
        (["1", "", "2"], "มีเลข 2"),
    ):
        with pytest.raises(Invalid, match=words):
            roll.renumber(stored(), numbers)
    for first in ("", "กขค", "1 2"):
        with pytest.raises(Invalid):
            roll.numbers_from(first, 2)
    with pytest.raises((Invalid, DuplicateKey)):
        write(roll.renumber(stored()[:1], ["0102"]), teacher)


def test_before_adding_a_known_number_or_a_late_pupil_a_reason_is_asked(rows, neighbour, database):
    twin = Change(Student, place(OTHER), pupil(person_id=rows[0]["person_id"]))
    with pytest.raises(Invalid, match=r"บ้านหนึ่ง.*ย้ายเข้า"):
        roll.before_adding(twin, neighbour, "")
    roll.before_adding(twin, neighbour, "เรียนจริงที่นี่")
    roll.before_adding(Change(Student, place(OTHER), pupil()), neighbour, "")
    late = Change(Student, Place(AREA, YEAR, "3", OTHER), pupil())
    with pytest.raises(Invalid, match="สอบปลายปี"):
        roll.before_adding(late, neighbour, None)
    assert database.audit_events.count_documents({"action": "lookup"}) == 1
