"""Money: rates are kept whole, an estimate is worked out of a locked round's frozen heads to the satang."""

import pytest

from documents.collecting import locking
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, WrongState
from documents.records.writing import Change, write
from documents.subsidies import money, money_back, rates
from documents.subsidies.money import by_level, dues_of
from documents.subsidies.rate_rows import Rate, baht, satang
from documents.subsidies.rate_seeds import TABLES
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil
from tests.report_world import filled as filled


def seeded(year):
    return [Rate(id=number, **row) for number, row in enumerate(TABLES[year])]


def sums(dues, part="year"):
    found = {}
    for due in dues:
        found[due.rate.item] = found.get(due.rate.item, 0) + getattr(due, part)
    return found


def test_the_worked_example_comes_to_159_840_baht():
    counts = {"counted": by_level({"01": 12, "03": 8, "04": 30, "09": 30})}
    found = sums(dues_of(counts, seeded(2567), "1"))
    assert found["teaching"] == 20 * 1836_00 + 60 * 2052_00 == 159_840_00
    assert found["small"] == 80 * 500_00
    assert sums(dues_of(counts, seeded(2567), "1"), "term")["teaching"] == 20 * 918_00 + 60 * 1026_00


def test_poor_pupils_are_paid_up_to_the_cap_rounded_down():
    counts = {"counted": {"primary": 99, "lower": 10}, "poor": {"primary": 60, "lower": 2}}
    paid = {
        due.level: (due.heads, due.paid, due.term)
        for due in dues_of(counts, seeded(2567), "2")
        if due.rate.item == "poor"
    }
    assert paid == {"primary": (60, 39, 39 * 500_00), "lower": (2, 2, 2 * 1500_00)}


@pytest.mark.parametrize(
    ("size", "a_day"), [(1, 36), (40, 36), (41, 27), (100, 27), (101, 24), (120, 24), (121, 22), (900, 22)]
)
def test_lunch_goes_by_the_size_of_the_school(size, a_day):
    found = sums(dues_of({"counted": {"primary": size}}, seeded(2567), "1"))
    assert found["lunch"] == size * a_day * 200 * 100
    assert ("small" in found) == (size <= 120)


def test_the_terms_of_an_odd_amount_add_up_to_the_year():
    rate = Rate(id=1, item="teaching", level="pre", amount=101, per="year")
    first, second = (dues_of({"counted": {"pre": 3}}, [rate], term)[0] for term in "12")
    assert (first.term, second.term, first.year) == (151, 152, 303)


@pytest.mark.parametrize(("text", "said"), [("1,836", 183600), ("๑,๘๓๖.๕๐ บาท", 183650), ("0.01", 1)])
def test_typed_baht_are_whole_satang(text, said):
    assert satang(text) == said
    assert satang(baht(said)) == said


@pytest.mark.parametrize("text", ["", "-5", "0", "NaN", "1e400", "1.005", "สิบ", "99,999,999"])
def test_what_is_no_amount_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"[ก-๙]"):
        satang(text)


@pytest.fixture
def table(area, administrator):
    rates.seed(AREA, administrator)
    return rates.table_for(AREA, 2568)


def typed(**more):
    return {
        "item": "lunch",
        "level": "primary",
        "term": "",
        "per": "day",
        "amount": "25",
        "days": "200",
        **more,
    }


def test_overlapping_rows_are_refused_by_name_and_nothing_is_stored(table, administrator):
    for more in ({"size_from": "30", "size_to": "50"}, {"level": ""}, {"size_from": "121"}):
        with pytest.raises(Invalid) as refusal:
            rates.save_rate(table, None, typed(**more), administrator)
        assert "ทับซ้อน" in refusal.value.message
        assert "“อาหารกลางวัน " in refusal.value.message
    assert rates.get_table(AREA, table.id).revision == table.revision
    with pytest.raises(Invalid, match="ทับซ้อน"):
        rates.save_rate(table, None, typed(item="poor", per="term", term="1"), administrator)
    changed = rates.save_rate(table, None, typed(level="lower", size_to="40"), administrator)
    assert (
        rates.save_rate(changed, None, typed(level="lower", size_from="41"), administrator).revision
        == table.revision + 2
    )


def test_of_two_who_save_a_table_the_second_sees_that_the_first_was_there(table, administrator):
    rates.save_rate(table, None, typed(item="books", per="year", amount="200"), administrator)
    with pytest.raises(WrongState, match="ก่อนหน้าท่าน"):
        rates.save_rate(table, None, typed(item="uniform", per="year", amount="300"), administrator)
    assert [
        rate.item for rate in rates.get_table(AREA, table.id).rates if rate.item in ("books", "uniform")
    ] == ["books"]


def test_only_the_admin_of_the_area_sets_rates(table, officer, approver, teacher):
    for actor in (officer, approver, teacher):
        with pytest.raises(NotAllowed):
            rates.save_rate(table, None, typed(item="books"), actor)
        with pytest.raises(NotAllowed):
            rates.make_table(AREA, 2569, actor)


def test_a_trial_is_a_copy_raised_by_percent_and_no_estimate_goes_by_it_unasked(table, administrator):
    trial = rates.make_table(AREA, 2568, administrator, "เพิ่ม 5%", table, 5)
    was, now = ({(r.item, r.level, r.size): r.amount for r in each.rates} for each in (table, trial))
    assert now["teaching", "pre", ""] == 1836_00 * 105 // 100
    assert was.keys() == now.keys()
    assert not any(rate.verified for rate in trial.rates)
    assert rates.table_for(AREA, 2568).id == table.id
    with pytest.raises(Invalid, match="มีตาราง"):
        rates.make_table(AREA, 2568, administrator, "เพิ่ม 5%", table, 5)
    with pytest.raises(WrongState):
        rates.remove_table(table, administrator)
    rates.remove_table(trial, administrator)
    assert trial.id not in [each.id for each in rates.tables_of(AREA)]


@pytest.fixture
def locked(filled, table, approver):
    return locking.lock_round(filled, approver, "ปิดตามกำหนด")


def test_only_a_locked_round_is_estimated(filled, table):
    with pytest.raises(WrongState, match="ยังไม่ล็อก"):
        money.estimate_of(filled)


def test_an_unreported_school_brings_nothing_and_is_told(locked):
    estimate = money.estimate_of(locked)
    assert all(school.unreported and not school.dues for school in estimate.schools)
    assert estimate.total() == 0
    assert (estimate.fiscal_year, estimate.term, estimate.exact) == (YEAR, "1", False)


def reported(database):
    """Say in what the lock froze that the schools had reported."""
    database.freezes.update_many({}, {"$set": {"schools.$[].state": "locked"}})


def test_the_estimate_of_a_school_is_that_of_its_frozen_heads(locked, database, officer):
    reported(database)
    estimate = money.estimate_of(locked)
    frozen = {row["code"]: row["money"] for row in database.freezes.find_one()["schools"]}
    for school in estimate.schools:
        heads = frozen[school.code]["counted"]
        pre, primary = (
            sum(heads.get(grade, 0) for grade in grades)
            for grades in (("01", "02", "03"), ("04", "06", "09"))
        )
        lower, upper = heads.get("12", 0), heads.get("15", 0)
        teaching = pre * 1836_00 + primary * 2052_00 + lower * 3780_00 + upper * 4104_00
        assert school.total(items=("teaching",)) == teaching
        assert school.size == pre + primary + lower + upper
    assert estimate.total() == sum(school.total() for school in estimate.schools)
    assert sum(row[2] for row in estimate.by_item().values()) == estimate.total()
    money.set_home_learners(locked, {"pre": "2", "primary": "๓"}, 0, officer)
    with_home = money.estimate_of(locked)
    assert with_home.total() - estimate.total() == 2 * 7767_00 + 3 * 7950_00
    with pytest.raises(WrongState):
        money.set_home_learners(locked, {"pre": "5"}, 0, officer)


def test_poor_pupils_who_left_after_the_snapshot_are_what_may_be_owed(
    open_round, table, teacher, neighbour, approver, database
):
    rows = [pupil(disadvantages=["09"]) for _ in range(2)] + [pupil() for _ in range(4)]
    kept = write([Change(Student, place(), row) for row in rows], teacher)
    write([Change(Student, place(OTHER), pupil(disadvantages=["09"]))], neighbour)
    locked_ = locking.lock_round(open_round, approver, "ปิดตามกำหนด")
    reported(database)
    assert money_back.leavers_of(locked_) == []
    later = dict(database.rounds.find_one({"_id": locked_.id}), code="2", state="open")
    later.pop("_id")
    database.rounds.insert_one(later)
    for record, gone in (
        (kept[0], {"status": "moved_out"}),
        (kept[2], {"status": "dropped_out"}),
        (kept[1], {}),
    ):
        row = database.students.find_one({"_id": record.id})
        row.pop("_id")
        database.students.insert_one(row | {"round": "2"} | gone)
    leavers = money_back.leavers_of(locked_)
    assert [(each.school_code, each.is_poor) for each in leavers] == [(SCHOOL, True), (SCHOOL, False)]
    owed = money_back.owed_of(money.estimate_of(locked_), leavers)
    assert [(each.school.code, each.leavers, each.poor, each.satang) for each in owed] == [
        (SCHOOL, 2, 1, 500_00)
    ]
