"""Buildings: what a record holds and is refused, what is counted of them, and what the checks say."""

import datetime as dt
import re

import pytest

from documents.bobec.building_rules import age, band
from documents.bobec.buildings import Building
from documents.checking import checks
from documents.checking.checks import Context
from documents.checking.contexts import contexts_of
from documents.checking.findings import Finding, refresh
from documents.collecting import round_templates
from documents.collecting.moves import move
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission, round_of
from documents.database import collection
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid
from documents.records import fields
from documents.records.carrying import carry_over
from documents.records.codelists import code_list
from documents.records.completeness import counts_of, missing_of
from documents.records.record import declared, default_required
from documents.records.writing import Change, write
from tests.people import AREA, SCHOOL, YEAR, opened_like, place
from tests.pupils import pupil

AS_OF = dt.datetime(2025, 10, 30)  # noqa: DTZ001
BLOCK = {
    "building_type": "01", "seq_no": 1, "name": "อาคาร 1", "design": "0101", "rooms_design": 8, "rooms_actual": 8,
    "built_year": 2545, "budget_baht": 2_500_000, "budget_source": "agency", "condition": "fair", "use_status": "used",
}  # fmt: skip
TOILET = {
    "building_type": "05", "seq_no": 1, "design": "0504", "seats": 4, "built_year": 2550, "condition": "good",
    "use_status": "used",
}  # fmt: skip


GROUND = {
    "site_plan": "0" * 24,
    "land": [{"tenure": "state"}],
}  # of a school's profile, without which nothing is confirmed


@pytest.fixture
def building_round(open_round, officer, executive, approver):
    """The round of buildings, open."""
    return opened_like(open_round, "B-OBEC", officer, executive, approver)


@pytest.fixture
def put(building_round, teacher):
    """`put({...}, ...)` stores buildings of the teacher's school."""

    def stored(*rows, where=None, who=None, lineage=None):
        return write(
            [Change(Building, where or place(), row, lineage=lineage) for row in rows], who or teacher
        )

    return stored


def submission():
    return find_submission("B-OBEC", place())


# ---- the lists and the rules ----


def test_every_design_lies_under_a_type_that_has_one_to_type_oneself():
    kinds, designs = code_list("BTYPE"), code_list("DESIGN")
    for kind in kinds.codes:
        under = [code for code, _ in designs.children(kind)]
        assert under[-1] == f"{kind}99"
        assert designs.fact(under[-1], "typed")
    assert designs.find("สปช.105/29", "01") == "0101"
    assert designs.find("อื่น(สร้างเอง)", "27") == "2799"
    assert designs.find("อื่น(สร้างเอง)") is None


def test_the_round_stands_in_the_calendar_of_a_year(area, officer):
    (made,) = round_templates.make_rounds(AREA, "B-OBEC", YEAR, officer)
    assert (made.window("enter").closes_at.month, made.as_of) == (10, AS_OF)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"design": "0501"}, "design"),
        ({"design_text": "แบบ ก"}, "design_text"),
        ({"built_year": 2399}, "built_year"),
        ({"built_year": 1999}, "built_year"),
        ({"seq_no": 0}, "seq_no"),
        ({"rooms_actual": -1}, "rooms_actual"),
        ({"budget_baht": -0.01}, "budget_baht"),
        ({"condition": "ดีมาก"}, "condition"),
        ({"building_type": "99"}, "building_type"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(typed, field, put):
    with pytest.raises(Invalid) as refused:
        put(BLOCK | typed)
    assert field in refused.value.errors[0]


def test_two_buildings_of_a_type_bear_two_numbers(put):
    put(BLOCK, TOILET)
    with pytest.raises((DuplicateKey, Invalid)):
        put(BLOCK | {"name": "อาคาร 2"})


def test_a_year_is_read_without_separators_and_the_tenth_stands_after_the_second(put):
    assert fields.shown(declared(Building)["built_year"], 2545) == "2545"
    for number in (10, 2, 1):
        put(BLOCK | {"seq_no": number})
    rows = collection(Building).find({}).sort("sort_key")
    assert [row["seq_no"] for row in rows] == [1, 2, 10]


def test_what_is_required_follows_from_type_design_and_use(put):
    put({"building_type": "01", "seq_no": 1}, {"building_type": "05", "seq_no": 1, "design": "0599"})
    put({"building_type": "27", "seq_no": 1, "use_status": "demolished"})
    missing = missing_of(submission())
    assert missing.records == 2
    assert missing.by_field["buildings"] == {
        "design": 1, "built_year": 2, "condition": 2, "use_status": 2, "rooms_design": 1, "rooms_actual": 1,
        "design_text": 1, "seats": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("built", "years", "which"), [(2568, 0, "young"), (2543, 25, "young"), (2542, 26, "aging"),
                                                       (2518, 50, "aging"), (2517, 51, "old"), (2570, None, None)])  # fmt: skip
def test_the_age_is_of_the_rounds_day(built, years, which):
    found = age({"built_year": built}, Context(YEAR, "1", AS_OF))
    assert (found, band(found)) == (years, which)


# ---- what is counted ----


def test_the_counters_tell_types_conditions_and_classrooms(put, teacher):
    first, _ = put(BLOCK | {"ext_classrooms": 2}, TOILET)
    put(BLOCK | {"seq_no": 2, "use_status": "unused"}, BLOCK | {"seq_no": 3, "use_status": "demolished"})
    counts = {name: number for name, number in submission().counts.items() if number}
    told = {"t01": 2, "t05": 1, "fair": 2, "good": 1, "t01_fair": 2, "t05_good": 1}
    assert counts == {"buildings": 4, "standing": 3, "classrooms": 10, "seats": 4} | told
    write([Change(Building, place(), {"condition": "poor"}, first.id, first.revision)], teacher)
    counts = {name: number for name, number in submission().counts.items() if number}
    assert counts == {name: number for name, number in counts_of(submission()).items() if number}
    assert (counts["poor"], counts["t01_poor"], counts["t01_fair"]) == (1, 1, 1)


# ---- the checks ----


def found_of(values, before=(), **more):
    """Codes of what is found of one building, beside which `before` are its rows in the rounds before."""
    context = Context(
        YEAR, "1", AS_OF, limits=checks.default_limits("B-OBEC"), required={"buildings": default_required(Building)},
        before=lambda lineage: tuple(before),
    )  # fmt: skip
    plain = {
        name: value
        for name, value in (BLOCK | {"photo_front": "0" * 24} | values | more).items()
        if value is not None
    }
    return {one.check.code for one in checks.of_record(Building, plain, context)}


@pytest.mark.parametrize(
    ("values", "before", "codes"),
    [
        ({}, (), set()),
        ({"condition": None}, (), {"REQ"}),
        ({"built_year": 2569}, (), {"BO-02"}),
        ({"built_year": 2568}, (), set()),
        ({"rooms_actual": 9}, (), {"BO-03"}),
        ({"rooms_actual": 9, "ext_classrooms": 1}, (), set()),
        ({"condition": "good", "built_year": 2517}, (), {"BO-04"}),
        ({"condition": "good", "built_year": 2518}, (), set()),
        ({"condition": "good"}, ({"condition": "fair"},), {"BO-08"}),
        ({"condition": "good", "repair_note": "ทาสีใหม่"}, ({"condition": "fair"},), set()),
        ({"condition": "fair"}, ({"condition": "good"},), set()),
        ({"condition": "good"}, ({},), set()),
        ({"photo_front": None, "photo_back": "0" * 24}, (), {"BO-05"}),
    ],
)
def test_one_building_is_looked_at(values, before, codes):
    assert found_of(values, before) == codes


def test_a_school_is_looked_at_beside_its_pupils_and_rooms(put, teacher):
    put(BLOCK | {"rooms_actual": 2})
    collection(School).update_one({"code": SCHOOL}, {"$set": GROUND})

    def codes():
        return {code for code, many in refresh(submission())["codes"].items() if many} - {"BO-05"}

    assert codes() == set()
    write(
        [Change(Student, place(), pupil()), Change(SchoolRooms, place(), {"grade": "07", "rooms": 3})],
        teacher,
    )
    assert codes() == {"BO-06", "BO-07"}
    put(TOILET, BLOCK | {"seq_no": 2, "rooms_actual": 1, "rooms_design": 1})
    assert codes() == set()


def test_the_plan_and_the_tenure_are_required_once_of_a_school_and_not_of_the_office(put, teacher, sign_in):
    put(BLOCK)
    with pytest.raises(Invalid):
        move(submission(), "confirm", teacher)
    found = {row["about"] for row in collection(Finding).find({"code": "BO-09", "state": "open"})}
    assert found == {"plan", "tenure"}
    browser = sign_in(teacher)
    browser.get(f"/admin/choose/?round={round_of(submission()).id}")
    mended = re.search(r'href="(/admin/schools/edit/[^"]+)"', browser.get("/admin/findings/").text)[1]
    assert browser.get(mended).status_code == 200
    collection(School).update_one({"code": SCHOOL}, {"$set": GROUND | {"land": [{"rai": 2}]}})
    assert (refresh(submission())["codes"]["BO-09"], refresh(submission())["counts"]["errors"]) == (1, 1)
    collection(School).update_one({"code": SCHOOL}, {"$set": GROUND})
    assert not refresh(submission())["codes"].get("BO-09"), "what changed in the profile is seen at once"
    office = contexts_of(round_of(submission()), [AREA])[AREA]
    assert not office.beside


def test_what_a_building_was_last_year_is_found_by_its_lineage(
    put, open_round, officer, executive, approver, teacher
):
    before = opened_like(open_round, "B-OBEC", officer, executive, approver, academic_year=YEAR - 1)
    old = put(BLOCK | {"condition": "poor"}, where=place(year=before.academic_year))[0].id
    put(BLOCK | {"condition": "good"}, lineage=old)
    assert refresh(submission())["codes"]["BO-08"] == 1


# ---- over the years ----


def test_a_building_goes_on_with_its_condition_asked_anew_and_its_page_shows_the_years(
    put, open_round, officer, executive, approver, teacher, neighbour, sign_in
):
    old = opened_like(open_round, "B-OBEC", officer, executive, approver, academic_year=YEAR - 1)
    there = place(year=old.academic_year)
    first, second, _gone = put(
        BLOCK | {"condition": "poor", "repair_note": "ซ่อมหลังคาปีก่อน"}, TOILET,
        BLOCK | {"seq_no": 2, "use_status": "demolished"}, where=there,
    )  # fmt: skip
    here = find_round(AREA, "B-OBEC", YEAR, "1")
    carry_over(here, approver)
    rows = {row["lineage"]: row for row in collection(Building).find(place()._asdict())}
    assert rows.keys() == {first.id, second.id}, "what was taken down is left out"
    assert not {"condition", "repair_note"} & (rows[first.id].keys() | rows[second.id].keys())
    browser = sign_in(teacher)
    page = browser.get(f"/admin/buildings/details/?id={rows[first.id]['_id']}").text
    years = page[page.index("สภาพแต่ละปี") :]
    assert years.index("ปี 2568") < years.index("ยังไม่ระบุ") < years.index("ปี 2567") < years.index("ทรุดโทรม")
    assert "ซ่อมหลังคาปีก่อน" in years
    put(BLOCK | {"seq_no": 9, "condition": None})
    stranger = [str(row["_id"]) for row in rows.values()]
    act = {"action": "as_before", "rowid": stranger}
    sign_in(neighbour).send("/admin/buildings/action/", act)
    assert all("condition" not in row for row in collection(Building).find(place()._asdict()))
    everything = [str(row["_id"]) for row in collection(Building).find(place()._asdict())]
    assert browser.send("/admin/buildings/action/", act | {"rowid": everything}).status_code == 302
    now = {row.get("lineage"): row.get("condition") for row in collection(Building).find(place()._asdict())}
    assert (now[first.id], now[second.id], len(now)) == ("poor", "good", 3)
    assert missing_of(submission()).by_field["buildings"]["condition"] == 1
