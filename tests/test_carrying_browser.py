"""The next round in real browsers: the approver opens it filled from the last one, a teacher looks a class over by one press."""

import pytest
from playwright.sync_api import expect

from documents.collecting import round_moves
from documents.collecting.rounds import Round, Window, find_round
from documents.database import collection
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.people.users import System
from documents.records.writing import Change, write
from tests.browsing import PHONE
from tests.kitchens import food_round
from tests.people import AREA, YEAR, place, utc
from tests.pupils import pupil

pytestmark = pytest.mark.browser
LOADER = System("tests")
CLASS, OTHERS = ("กอ", "ขอ", "คอ"), ("งอ", "จอ")  # who goes up from ป.4 to ป.5, and from ป.1 to ป.2
GRID = "/admin/students/"

WHOLE = """cells => cells.map(cell =>
  cell.querySelector(".chip").getBoundingClientRect().right <= cell.getBoundingClientRect().right)"""


@pytest.fixture
def proposed(officer, executive, approver, teacher):
    """Round 2568-1, ordered and not open yet, after a year's end with two classes."""
    food_round({"officer": officer, "executive": executive, "approver": approver}, YEAR - 1, "3", "DMC")
    there = place(round_="3", year=YEAR - 1)
    grades = [*((name, "07", "2558") for name in CLASS), *((name, "04", "2561") for name in OTHERS)]
    passed = {"year_result": "passed"}
    changes = [
        Change(Student, there, pupil(first_name=name, grade=grade, birth_date=f"10/06/{born}") | passed)
        for name, grade, born in grades
    ]
    write([*changes, Change(SchoolRooms, there, {"grade": "07", "rooms": 1})], LOADER)
    windows = [
        Window(step=step, opens_at=utc(1), closes_at=utc(15, 16, 30))
        for step in ("enter", "certify", "verify")
    ]
    draft = Round(
        area_code=AREA, subsystem="DMC", academic_year=YEAR, code="1", title="ภาคเรียนที่ 1", as_of=utc(10), windows=windows
    ).save()  # fmt: skip
    return round_moves.record_order(
        round_moves.propose(draft, officer, "ขอเปิดรอบ"), executive, "1", utc(1), "ดำเนินการ"
    )


def reviewed():
    """{first name: (grade, whether he was looked over)} of the new round's pupils."""
    rows = collection(Student).find({"academic_year": YEAR, "round": "1"})
    return {row["first_name"]: (row["grade"], row.get("reviewed")) for row in rows}


@pytest.mark.parametrize("phone", [False, True])
def test_the_next_round_is_filled_and_a_class_is_looked_over_by_one_press(
    phone, window, proposed, approver, teacher
):
    above = window(approver)
    above.go(f"/admin/rounds/carry/?id={proposed.id}")
    expect(above.page.get_by_label("ยกข้อมูลจากรอบ 2567-3 มาให้โรงเรียนทบทวน")).to_be_checked()
    expect(above.page.get_by_text("เลื่อนชั้น").first).to_be_visible()
    above.shot(f"carrying-01-{'phone' if phone else 'laptop'}")
    above.press("เปิดรอบ")
    assert find_round(AREA, "DMC", YEAR, "1").state == "open"
    everybody = {name: ("08", False) for name in CLASS} | {name: ("05", False) for name in OTHERS}
    assert reviewed() == everybody

    own = window(teacher, **({"size": PHONE} if phone else {}))
    own.go("/admin/")
    expect(own.page.get_by_text("ยังไม่ทบทวน").first).to_be_visible()
    own.go(GRID)
    note = own.page.get_by_text("ยกมาจากรอบก่อนและยังไม่ทบทวน 5 คน")
    expect(note).to_be_visible()
    own.go(f"{GRID}?flt0_grade_eq=08&unreviewed=1")
    expect(own.page.get_by_text("ยกมาจากรอบก่อนและยังไม่ทบทวน 3 คน")).to_be_visible()
    own.shot(f"carrying-02-{'phone' if phone else 'laptop'}")
    assert own.page.locator("td.keep:has(.chip)").evaluate_all(WHOLE) == [True] * 3
    own.press("ทบทวนแล้วทั้ง 3 คน", confirm="ทบทวนแล้วทั้ง 3 คน")
    own.look_over()
    assert reviewed() == everybody | {name: ("08", True) for name in CLASS}
    own.go(GRID)
    expect(own.page.get_by_text("ยกมาจากรอบก่อนและยังไม่ทบทวน 2 คน")).to_be_visible()
    own.shot(f"carrying-03-{'phone' if phone else 'laptop'}")
