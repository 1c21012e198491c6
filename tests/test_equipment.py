"""Equipment: the count sheet of 76 lines, its rules, what is kept of it for reports, and what the sheet refuses."""

import datetime as dt

import pytest

from documents.checking import findings
from documents.checking.checks import Context, Sums
from documents.collecting import round_templates
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid
from documents.mobec import equipment_checks
from documents.mobec.equipment import Equipment, counter
from documents.records.codelists import code_list
from documents.records.completeness import counts_of
from documents.records.writing import Change, write
from tests.people import AREA, SCHOOL, YEAR, opened_like, place
from tests.pupils import pupil


@pytest.fixture
def count_round(open_round, officer, executive, approver):
    """The round of the count sheet, open."""
    return opened_like(open_round, "M-OBEC", officer, executive, approver)


@pytest.fixture
def put(count_round, teacher):
    """`put({item: (usable, repair, dispose)})` stores lines of the teacher's school."""

    def stored(lines, where=None, who=None):
        changes = [Change(Equipment, where or place(), line(item, *many)) for item, many in lines.items()]
        return write(changes, who or teacher)

    return stored


def line(item, usable=None, repair=None, dispose=None):
    """The values of a line."""
    return {"item_code": item, "qty_usable": usable, "qty_repair": repair, "qty_dispose": dispose}


def stored_lines(where=None):
    """{item: (usable, repair, dispose)} as stored."""
    rows = collection(Equipment).find((where or place())._asdict())
    return {row["item_code"]: tuple(row.get(name) for name in Equipment.sheet.numbers) for row in rows}


# ---- the list and the rules ----


def test_the_list_has_the_76_codes_in_order_each_in_a_group():
    items, groups = code_list("EQUIPMENT"), code_list("EQUIPMENT_GROUP")
    assert len(items.codes) == 76
    assert list(items.codes) == sorted(items.codes)
    assert {entry.parent for entry in items.entries.values()} == set(groups.codes)
    assert all(items.parent(code)[:2] == code[:2] for code in items.codes)
    assert items.find("22033") == "22033"
    assert items.find("เครื่องไมโครคอมพิวเตอร์") is None  # two codes bear these words in the source


def test_two_windows_stand_in_the_calendar_of_a_year(area, officer):
    made = round_templates.make_rounds(AREA, "M-OBEC", YEAR, officer)
    days = [(each.window("enter").opens_at.month, each.as_of) for each in made]
    assert days == [(5, dt.datetime(2025, 6, 30)), (9, dt.datetime(2025, 10, 30))]  # noqa: DTZ001


def test_a_count_that_is_left_blank_beside_another_is_none(put):
    put({"22001": (40,), "21001": (0,), "25002": ()})
    assert stored_lines() == {"22001": (40, 0, 0), "21001": (0, 0, 0), "25002": (None, None, None)}
    submission = find_submission("M-OBEC", place())
    assert submission.counts["incomplete"] == 1


@pytest.mark.parametrize("wrong", [-1, 1.5, "สิบ", 100_000, "1e3", True])
def test_a_count_is_a_whole_number_of_what_may_be(wrong, put):
    with pytest.raises(Invalid) as refused:
        put({"22001": (wrong,)})
    assert set(refused.value.errors[0]) == {"qty_usable"}


def test_a_school_has_one_line_of_an_item(put):
    put({"22001": (40,)})
    with pytest.raises((DuplicateKey, Invalid)):
        put({"22001": (41,)})


def test_the_counters_are_those_of_the_lines(put, teacher):
    (first, _) = put({"22001": (40, 2, 5), "21001": (1,)})
    submission = find_submission("M-OBEC", place())
    assert [submission.counts.get(counter(name, "22001")) for name in Equipment.sheet.numbers] == [40, 2, 5]
    write([Change(Equipment, place(), {"qty_repair": 0}, first.id, first.revision)], teacher)
    submission = find_submission("M-OBEC", place())
    kept = {name: number for name, number in submission.counts.items() if number}
    assert kept == {name: number for name, number in counts_of(submission).items() if number}
    assert kept["equipment"] == 2
    assert "r22001" not in kept


def test_an_item_is_found_by_its_words(put, sign_in, teacher):
    put({"22001": (40,), "21001": (1,)})
    page = sign_in(teacher).get("/admin/equipment/?search=เก้าอี้").text
    assert "โต๊ะเก้าอี้นักเรียน ประถมศึกษา" in page.split("<tbody")[1]
    assert "เครื่องถ่ายเอกสาร" not in page.split("<tbody")[1]


# ---- the checks ----


@pytest.fixture
def rounds_before(open_round, count_round, officer, executive, approver):
    """The two rounds of the count sheet before this one, the newest first."""
    return [
        opened_like(open_round, "M-OBEC", officer, executive, approver, academic_year=YEAR - 1, code=code)
        for code in "21"
    ]


def codes_found():
    """{check key: [what it is about or the headline's item]} of the teacher's school now."""
    findings.refresh(find_submission("M-OBEC", place()))
    found = {}
    for row in findings.Finding.objects(subsystem="M-OBEC", school_code=SCHOOL, state="open"):
        found.setdefault(row.check.key, []).append(row.sentence)
    return found


def test_counts_are_held_against_the_rounds_before(put, rounds_before):
    newest, oldest = (place(round_=each.code, year=each.academic_year) for each in rounds_before)
    put({"22001": (40, 0, 4), "22024": (20,), "23005": (5,), "24001": (3, 0, 2)}, oldest)
    put({"22001": (40, 0, 4), "22024": (20,), "23005": (5,), "24001": (3, 0, 2)}, newest)
    put({"22001": (70, 0, 4), "22024": (31,), "23005": (15,), "24001": (3, 0, 3), "25002": (90,)})
    found = codes_found()
    assert found["MO-05"] == [  # 22024 by 55 % and 11, 23005 by 10 alone, 22001 by 75 %, 25002 was none
        "ต่างจากรอบก่อนมาก: ใช้ได้เดิม 40 รอบนี้ 70",
        "ต่างจากรอบก่อนมาก: ใช้ได้เดิม 20 รอบนี้ 31",
        "ต่างจากรอบก่อนมาก: ใช้ได้เดิม 0 รอบนี้ 90",
    ]
    assert found["MO-06"] == ["รอจำหน่าย 4 หน่วยเท่าเดิมติดต่อกัน 3 รอบ"]
    assert found["MO-02.blank"] == ["ยังไม่กรอก 71 จาก 76 รายการ"]


def test_desks_are_held_against_the_pupils_of_dmc_and_zeros_are_told(put, teacher):
    put({item: (0,) for item in code_list("EQUIPMENT").codes})
    assert set(codes_found()) == {"MO-02.zero"}
    write([Change(Student, place(), pupil(grade=grade)) for grade in ("01", "07", "07", "10", "16")], teacher)
    found = codes_found()
    assert [sentence.partition(" นักเรียน")[0] for sentence in found["MO-04"]] == [
        "โต๊ะเก้าอี้อนุบาลที่ใช้ได้ 0 ชุด",
        "โต๊ะเก้าอี้ป.1–ป.6ที่ใช้ได้ 0 ชุด",
        "โต๊ะเก้าอี้ม.1–ม.6ที่ใช้ได้ 0 ชุด",
    ]
    desk = collection(Equipment).find_one({"item_code": "22001"})
    write([Change(Equipment, place(), {"qty_usable": 2}, desk["_id"], desk["revision"])], teacher)
    assert len(codes_found()["MO-04"]) == 2


def test_computers_are_held_against_emis_once_it_is_there():
    context = Context(YEAR, "1", linked={"EMIS": {"technology": 1, "pc_teach_ok": 20, "pc_admin_ok": 3}})
    (rule,) = [each for each in equipment_checks.CHECKS if each.code == "MO-03"]
    sums = Sums({"equipment": 76, "u22033": 20, "u21007": 2})
    assert [about for about, _, _ in rule.find(sums, context)] == ["21007"]
    nothing = Context(YEAR, "1", linked={"EMIS": {"technology": 0, "pc_teach_ok": 0, "pc_admin_ok": 0}})
    assert list(rule.find(sums, nothing)) == []


def test_a_number_that_came_in_by_another_way_is_an_error(put, database):
    put({"22001": (40,), "21001": (1,)})
    database.equipment.update_one({"item_code": "22001"}, {"$set": {"qty_repair": -3, "qty_dispose": 1.5}})
    assert codes_found()["MO-01"] == ["มีจำนวนที่ไม่ใช่จำนวนเต็มตั้งแต่ 0: -3, 1.5"]
