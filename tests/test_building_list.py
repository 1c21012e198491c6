"""A list of buildings as the ministry's pages tell it: number and type in one column, years with their era, free designs."""

import pytest

from documents.bobec.buildings import Building
from documents.records.codelists import code_list
from exports.district.school_fields import values_of
from exports.imports.importing import plan_import
from exports.workbooks.cell_values import year_in
from tests import awkward_files as made
from tests.people import SCHOOL

HEAD = ["รหัส Smis 8 หลัก", "รายการสิ่งก่อสร้าง", "แบบ", "จำนวนห้องตามแปลน", "สร้าง", "สภาพปัจจุบัน"]


@pytest.fixture
def plan(open_round, teacher, database):
    """The plan of a list's rows."""
    database.rounds.update_many({}, {"$set": {"subsystem": "B-OBEC"}})
    database.submissions.update_many({}, {"$set": {"subsystem": "B-OBEC"}})
    open_round.reload()
    return lambda *rows: plan_import(
        Building, made.csv([HEAD, *rows], "cp874"), "อาคาร.csv", teacher, open_round
    )


def test_type_and_number_in_one_column_are_two_fields(plan):
    done = plan(
        [SCHOOL, "อาคารเรียน ลำดับที่ 4", "สปช.105/29", "8", "พ.ศ. 2530", "ดี"],
        [SCHOOL, "ส้วม ลำดับที่ ๒", "-", "", "พ.ศ. 0", "พอใช้"],
    )
    assert done.errors == []
    first, second = (row.values for row in done.new)
    assert (first["building_type"], first["seq_no"], first["built_year"], first["rooms_design"]) == (
        "01",
        4,
        2530,
        8,
    )
    assert (second["building_type"], second["seq_no"], second.get("built_year")) == ("05", 2, None)


def test_a_design_of_no_list_is_the_school_s_own_in_its_words(plan):
    done = plan(
        [SCHOOL, "อาคารเรียน ลำดับที่ 1", "อื่นๆ แบบหลวงพ่อ", "8", "พ.ศ. 2530", "ดี"],
        [SCHOOL, "อาคารเรียน ลำดับที่ 2", "อื่น อื่น(สร้างเอง)", "8", "พ.ศ. 2530", "ดี"],
    )
    assert done.errors == []
    assert [row.values.get("design_text") for row in done.new] == ["แบบหลวงพ่อ", None]
    assert all(code_list("DESIGN").fact(row.values["design"], "typed") for row in done.new)
    assert "แบบที่ไม่อยู่ในรายการ 2 แถว เก็บเป็น “อื่น(สร้างเอง)” พร้อมชื่อแบบตามไฟล์" in done.understood


def test_a_type_of_no_list_is_still_refused(plan):
    [*errors] = plan([SCHOOL, "ปราสาท ลำดับที่ 1", "อื่น", "8", "พ.ศ. 2530", "ดี"]).errors
    assert "ไม่อยู่ในรายการประเภทสิ่งก่อสร้าง" in " ".join(error.sentence for error in errors)


@pytest.mark.parametrize(
    ("cell", "year"),
    [("พ.ศ. 2509", "2509"), ("ปี พ.ศ.๒๕๐๙", "2509"), ("2509", "2509"), (2509, "2509"), ("พ.ศ. 0", "0")],
)
def test_a_year_is_read_behind_its_era(cell, year):
    assert year_in(cell) == year


@pytest.mark.parametrize("text", ["19มี.ค.19", "19 มี.ค. 19", "19 มี.ค.19"])
def test_a_school_was_founded_in_a_buddhist_year_of_two_digits(text):
    assert values_of("founded_on", text)["founded_on"].year == 1976
