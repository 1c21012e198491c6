"""Equipment: the count sheet of 76 lines, its rules, what is kept of it for reports, and what the sheet refuses."""

import datetime as dt

import pytest

from documents import rounds
from documents.codelists import code_list
from documents.completeness import counts_of
from documents.database import collection
from documents.equipment import Equipment, counter
from documents.errors import DuplicateKey, Invalid
from documents.submissions import find_submission
from documents.writing import Change, write
from tests.people import AREA, YEAR, opened_like, place


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
    made = rounds.make_rounds(AREA, "M-OBEC", YEAR, officer)
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
