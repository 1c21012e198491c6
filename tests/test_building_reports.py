"""Reports of buildings: their sums are those of an independent count of the records, and each person reads his own."""

import io
from collections import Counter

import pytest
from python_calamine import CalamineWorkbook

from documents.bobec.buildings import Building
from documents.database import collection
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.records import pictures
from documents.records.codelists import code_list
from documents.records.writing import Change, write
from exports.bobec.building_reports import SHORT, TITLES, table_of
from tests.people import AREA, OTHER, SCHOOL, opened_like, place
from tests.test_buildings import BLOCK, TOILET
from tests.test_pictures import photo

PAGE = "/admin/buildings/reports/"


@pytest.fixture
def built(open_round, officer, executive, approver, teacher, neighbour, area, database):
    """Two schools in two districts and the office with buildings; gives the round."""
    database.schools.insert_one(
        {"area_code": AREA, "code": AREA, "name": "สำนักงานเขต", "kind": "office", "status": "open"}
    )
    for code, district in ((SCHOOL, "3401"), (OTHER, "3404")):
        database.schools.update_one({"code": code}, {"$set": {"district": district}})
    round_ = opened_like(open_round, "B-OBEC", officer, executive, approver)
    front = pictures.store(io.BytesIO(photo((64, 48))), AREA, SCHOOL)
    rows = {
        SCHOOL: [
            BLOCK | {"photo_front": front}, BLOCK | {"seq_no": 2, "built_year": 2510, "condition": "poor", "rooms_actual": 3}, TOILET,
            TOILET | {"seq_no": 2, "use_status": "demolished"},
            {"building_type": "27", "seq_no": 1},
        ],
        OTHER: [
            BLOCK | {"built_year": 2560, "condition": "good", "rooms_actual": 2, "ext_classrooms": 1}, TOILET | {"condition": "poor"},
        ],
        AREA: [{"building_type": "84", "seq_no": 1, "design": "8499", "design_text": "ก", "built_year": 2515, "condition": "fair",
                "use_status": "used"}],
    }  # fmt: skip
    for (code, several), who in zip(rows.items(), (teacher, neighbour, officer), strict=True):
        write([Change(Building, place(code), row) for row in several], who, "บันทึก")
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 9})], teacher)
    write([Change(SchoolRooms, place(OTHER), {"grade": "07", "rooms": 5})], neighbour)
    return round_


def standing():
    """The stored buildings that were not taken down, as they are."""
    return [
        row for row in collection(Building).find({"area_code": AREA}) if row.get("use_status") != "demolished"
    ]


def counted(rows, *keys):
    """{label or labels: Counter of conditions} of records, counted one by one."""
    found = {}
    for row in rows:
        found.setdefault(tuple(key(row) for key in keys), Counter())[row.get("condition")] += 1
    return found


def kind(row):
    return code_list("BTYPE").label(row["building_type"])


def district(row):
    return {SCHOOL: "เมืองอุบลราชธานี", OTHER: "เขื่องใน", AREA: "สำนักงานเขต"}[row["school_code"]]


@pytest.mark.parametrize(("name", "keys"), [("types", (kind,)), ("districts", (district, kind))])
def test_counts_by_condition_are_those_of_the_records(name, keys, built):
    table, expected = table_of(name, built), counted(standing(), *keys)
    first = len(keys)
    assert {tuple(row[:first]): row[first:] for row in table.rows} == {
        key: [many["good"], many["fair"], many["poor"], many[None], many.total()]
        for key, many in expected.items()
    }
    assert table.total[first:] == [sum(row[at] for row in table.rows) for at in range(first, first + 5)]
    assert table.total[-1] == len(standing()) == 7


def test_ages_are_counted_at_the_rounds_day(built):
    table = table_of("ages", built)
    expected = {}
    for row in standing():
        years = 2568 - row["built_year"] if row.get("built_year") else None
        at = 3 if years is None else 0 if years <= 25 else 1 if years <= 50 else 2
        expected.setdefault(kind(row), [0, 0, 0, 0])[at] += 1
    assert {row[0]: row[1:5] for row in table.rows} == expected
    assert table.total[1:] == [4, 0, 2, 1, 7]


def test_classrooms_are_those_of_blocks_in_use_beside_those_of_dmc(built):
    table = table_of("rooms", built)
    have = Counter()
    for row in standing():
        if row["building_type"] == "01" and row["use_status"] == "used":
            have[row["school_code"]] += row["rooms_actual"] + row.get("ext_classrooms", 0)
    need = {row["school_code"]: row["rooms"] for row in collection(SchoolRooms).find({})}
    assert [(row[1], *row[5:]) for row in table.rows] == [
        (OTHER, need[OTHER], have[OTHER], 2, 0), (SCHOOL, need[SCHOOL], have[SCHOOL], 0, 2),
    ]  # fmt: skip
    assert table.total[5:] == [14, 14, 2, 2]
    assert "ขาดห้องเรียน 1 จาก 2" in table.about


def test_schools_and_the_register_hold_every_building(built, officer, sign_in):
    table = table_of("schools", built)
    of = Counter(row["school_code"] for row in standing())
    assert {row[1]: row[3] for row in table.rows} == of
    assert {tuple(row[-2:]) for row in table.rows} == {("ยังไม่มี", "ยังไม่ระบุ")}
    School.objects(code=SCHOOL).update(site_plan="0" * 24, land=[{"rai": 7, "ngan": 1, "wah": 56.0}])
    (row,) = [row for row in table_of("schools", built).rows if row[1] == SCHOOL]
    assert row[-2:] == ["มี", "7 ไร่ 1 งาน 56 ตร.ว."]
    assert "#land" in sign_in(officer).get(f"/admin/buildings/?school={SCHOOL}").text
    assert len(table_of("register", built).rows) == collection(Building).count_documents({})
    assert len(table_of("register", built, SCHOOL).rows) == 5
    assert {row[1] for row in table_of("waiting", built).rows} == {SCHOOL, OTHER, AREA}
    content = sign_in(officer).get(f"{PAGE}export/xlsx/?what=all").data
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == [*SHORT.values(), TITLES["register"]], "whole names, none cut at 31 letters"
    types = book.get_sheet_by_name(SHORT["types"]).to_python()
    assert [int(cell) for cell in types[-1][1:]] == table_of("types", built).total[1:]
    register = book.get_sheet_by_name(TITLES["register"]).to_python()
    assert sum("/admin/pictures/?id=" in str(cell) for row in register for cell in row) == 1
    assert "2545" in str(register)


def test_each_person_reads_his_own_reports(built, sign_in, teacher, neighbour, officer, executive):
    for name in SHORT:
        for who in (officer, executive):
            assert TITLES[name] in sign_in(who).get(f"{PAGE}?what={name}").text
        assert sign_in(teacher).get(f"{PAGE}?what={name}").status_code in (403, 404)
    own = sign_in(teacher).get(PAGE).text
    assert "อาคารเรียน ลำดับที่ 2" in own
    assert "ดูภาพ" in own
    for who in (neighbour, executive):
        for page in (PAGE, f"{PAGE}export/xlsx/"):
            assert sign_in(who).get(f"{page}?what=register&school={SCHOOL}").status_code in (403, 404)
    assert sign_in(officer).get(f"{PAGE}?what=register&school={SCHOOL}").status_code == 200
    assert "what=register" in sign_in(officer).get(f"{PAGE}?what=rooms").text
    assert "what=register" not in sign_in(executive).get(f"{PAGE}?what=rooms").text
