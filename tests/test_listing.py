"""Listing: scope, order and keyset paging, search, counts; every way to ask means the same rows."""

import pytest
from bson import ObjectId

from documents.collecting.submissions import find_submission
from documents.district.schools import Area, School
from documents.people.users import Grant, System
from documents.records import listing
from documents.records.completeness import missing_of
from documents.records.listing import Wanted, all_of, count_of, one_of, page_of, query_of, schools_among
from documents.records.writing import Change, remove, write
from tests.canteens import Canteen
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place

NAMES = ("กาแฟ", "เกาะ", "ขนม", "ไข่", "เข่ง", "โต๊ะ", "แตง", "น้ำ", "หมู", "ใหญ่", "เอก", "ฮา")
LOADER = System("tests")


def asked(**more):
    return Wanted(Canteen, AREA, YEAR, ROUND, **more)


def fill(school, count, start=0, **values):
    """So many canteens of a school, their names spread over the alphabet, some alike."""
    changes = [
        Change(Canteen, place(school), {"code": f"c{n}", "name": f"{NAMES[n % 12]} {n % 7}", **values})
        for n in range(start, start + count)
    ]
    return [written.id for written in write(changes, LOADER)]


@pytest.fixture
def filled(canteens, open_round):
    """43 canteens of one school, 40 of the other."""
    return [*fill(SCHOOL, 43), *fill(OTHER, 40)]


def ids(rows):
    return [row["_id"] for row in rows]


def walked(wanted, user, size=10, between=lambda: None):
    """Every row met from the first page to the last."""
    rows, page = [], page_of(wanted, user, size=size)
    while True:
        rows.extend(page.rows)
        if not page.later:
            return rows
        between()
        page = page_of(wanted, user, after=str(page.rows[-1]["_id"]), size=size)


def walked_back(wanted, user, size=10, between=lambda: None):
    """Every row met from the last page to the first, in reading order."""
    rows, page = [], page_of(wanted, user, last=True, size=size)
    while True:
        rows[:0] = page.rows
        if not page.earlier:
            return rows
        between()
        page = page_of(wanted, user, before=str(page.rows[0]["_id"]), size=size)


# ---- scope ----


def test_a_teacher_sees_the_own_school_alone(filled, teacher, neighbour):
    assert {row["school_code"] for row in walked(asked(), teacher)} == {SCHOOL}
    assert {row["school_code"] for row in walked(asked(), neighbour)} == {OTHER}
    assert (count_of(asked(), teacher), count_of(asked(), neighbour)) == ((43, False), (40, False))


@pytest.mark.parametrize("role", ["officer", "approver"])
def test_the_district_sees_the_area(role, filled, request):
    user = request.getfixturevalue(role)
    assert len(walked(asked(), user)) == 83
    assert schools_among(asked(), user) == [SCHOOL, OTHER]


@pytest.mark.parametrize("role", ["executive", "administrator"])
def test_who_reads_no_persons_sees_nothing(role, filled, request):
    user = request.getfixturevalue(role)
    assert page_of(asked(), user).rows == []
    assert count_of(asked(), user) == (0, False)
    assert list(all_of(asked(), user)) == []
    assert schools_among(asked(), user) == []
    assert one_of(Canteen, user, filled[0]) is None


def test_another_school_asked_for_gives_nothing_on_any_page(filled, neighbour):
    wanted = asked(school=SCHOOL)
    pages = [
        page_of(wanted, neighbour),
        page_of(wanted, neighbour, last=True),
        page_of(wanted, neighbour, letter="ก"),
        page_of(wanted, neighbour, after=str(filled[0])),
        page_of(wanted, neighbour, before=str(filled[42])),
        page_of(asked(school=SCHOOL, sort="seats"), neighbour),
    ]
    assert [page.rows for page in pages] == [[]] * 6
    assert count_of(wanted, neighbour) == (0, False)


def test_a_foreign_anchor_gives_the_first_page_of_ones_own(filled, neighbour):
    for how in ("after", "before"):
        page = page_of(asked(), neighbour, **{how: str(filled[0])}, size=5)
        assert page.lost
        assert ids(page.rows) == ids(page_of(asked(), neighbour, size=5).rows)


def test_two_schools_of_one_person_are_walked_in_one_order(filled, area):
    both = person("both", "school", SCHOOL, OTHER)
    assert ids(walked(asked(), both)) == ids(walked(asked(), LOADER))


def test_who_has_roles_in_two_areas_keeps_the_scope_on_every_page(filled, area):
    """Such a scope is an $or, which a second page must not lose."""
    Area(code="34020000", name="สพป. อื่น", province="34").save()
    School(area_code="34020000", code="34020001", name="อื่น").save()
    user = person("two", "school", OTHER)
    user.grants.append(Grant(role="district", area_code="34020000"))
    user.save()
    assert {row["school_code"] for row in walked(asked(), user)} == {OTHER}
    assert {row["school_code"] for row in page_of(asked(), user, letter="ก").rows} == {OTHER}
    assert len(walked_back(asked(), user)) == 40


@pytest.mark.parametrize("id_", ["", "x", "1,2", None, 7, "0" * 24, {"$ne": None}, "\0" * 12])
def test_a_malformed_id_is_not_found(id_, filled, officer):
    assert one_of(Canteen, officer, id_) is None


def test_one_record_is_found_by_its_own_school_alone(filled, teacher, neighbour):
    assert one_of(Canteen, teacher, str(filled[0]))["_id"] == filled[0]
    assert one_of(Canteen, neighbour, str(filled[0])) is None


# ---- order and paging ----


def test_paging_meets_every_row_once_in_thai_order_both_ways(filled, officer):
    rows = walked(asked(), officer)
    assert ids(rows) == ids(walked_back(asked(), officer)) == ids(all_of(asked(), officer))
    assert sorted(ids(rows)) == sorted(filled)
    order = [(row["sort_key"], row["_id"]) for row in rows]
    assert order == sorted(order)
    first = dict.fromkeys(row["name"].split()[0] for row in rows)
    assert list(first) == ["กาแฟ", "เกาะ", "ขนม", "เข่ง", "ไข่", "แตง", "โต๊ะ", "น้ำ", "หมู", "ใหญ่", "เอก", "ฮา"]


@pytest.mark.parametrize("walk", [walked, walked_back])
def test_paging_meets_every_row_once_while_others_insert_and_remove(walk, filled, officer):
    count = iter(range(100, 200))
    gone = []

    def others():
        fill(SCHOOL, 1, next(count))
        victim = Canteen.objects(area_code=AREA).order_by("-sort_key")[len(gone)]
        gone.append(victim.id)
        remove([victim], LOADER, "ซ้ำ")

    met = ids(walk(asked(), officer, 7, others))
    assert len(met) == len(set(met))
    assert set(filled) - set(gone) <= set(met)


@pytest.mark.parametrize("more", [{"search": "กาแฟ"}, {"criteria": ({"seats": 3},)}, {"missing": True}])
def test_what_was_asked_for_holds_on_every_page(more, canteens, open_round, officer):
    fill(SCHOOL, 30, seats=3)
    fill(OTHER, 30)
    wanted = asked(**more)
    expected = ids(all_of(wanted, officer))
    assert ids(walked(wanted, officer, 3)) == expected
    assert ids(walked_back(wanted, officer, 3)) == expected
    assert len(expected) == count_of(wanted, officer, exactly=True)[0]
    letter = page_of(wanted, officer, letter="ข", size=100)
    assert set(ids(letter.rows)) <= set(expected)


def test_a_letter_begins_at_its_first_name(filled, officer):
    page = page_of(asked(), officer, letter="ข", size=4)
    assert page.rows[0]["name"].startswith("ขนม")
    assert page.earlier
    assert page_of(asked(), officer, letter="ฮ", size=50).later is False


def test_the_ends_say_that_nothing_lies_beyond(filled, officer):
    first = page_of(asked(), officer, size=50)
    second = page_of(asked(), officer, after=str(first.rows[-1]["_id"]), size=50)
    assert (first.earlier, first.later, second.earlier, second.later) == (False, True, True, False)
    assert len(second.rows) == 33
    last = page_of(asked(), officer, last=True, size=50)
    assert (last.earlier, last.later, last.rows[-1]) == (True, False, second.rows[-1])
    back = page_of(asked(), officer, before=str(last.rows[0]["_id"]), size=50)
    assert (back.earlier, back.later, len(back.rows)) == (False, True, 33)


@pytest.mark.parametrize("number", [-1, -(10**18), 0, 1, 19, 20, 10**18])
def test_a_page_number_is_followed_only_as_far_as_twenty(number, filled, officer):
    page = page_of(asked(), officer, page=number, size=4)
    start = min(max(number, 0), listing.LAST_PAGE - 1) * 4
    assert ids(page.rows) == ids(all_of(asked(), officer))[start : start + 4]
    assert page.earlier == (start > 0)


def test_a_column_sorts_within_one_school_page_by_page(filled, teacher, canteens):
    fill(SCHOOL, 5, 50, seats=2)
    wanted = asked(school=SCHOOL, sort="seats", descending=True)
    pages = [page_of(wanted, teacher, page=number, size=20) for number in range(3)]
    rows = [row for page in pages for row in page.rows]
    assert [row.get("seats") for row in rows[:6]] == [2, 2, 2, 2, 2, None]
    assert len(set(ids(rows))) == 48
    assert [(page.earlier, page.later) for page in pages] == [(False, True), (True, True), (True, False)]
    assert page_of(wanted, teacher, page=10**18).rows == []


@pytest.mark.parametrize("name", ["$where", "nothing", "crowding", "name\0"])
def test_a_column_that_is_not_stored_leaves_the_natural_order(name, filled, teacher):
    page = page_of(asked(school=SCHOOL, sort=name), teacher)
    assert ids(page.rows) == ids(page_of(asked(school=SCHOOL), teacher).rows)


# ---- search ----


@pytest.mark.parametrize(
    "typed", ["สม ชาย", "สม\u200bชาย", "  สมชาย ", "เด็กชายสมชาย", "นาย สมชาย", "มชา", "สมชาย 12", "สมชาย ๑๒"]
)
def test_search_passes_over_blanks_titles_and_what_shows_nothing(typed, canteens, open_round, officer):
    write([Change(Canteen, place(), {"code": "z9", "name": "เด็กชายสม ชาย 12"})], LOADER)
    fill(OTHER, 12)
    assert [row["code"] for row in page_of(asked(search=typed), officer).rows] == ["z9"]


@pytest.mark.parametrize(
    "typed",
    ["\0", ".*", "(", "[ก-ฮ]+", "^", "$", "a{99999}", "\ud800", "(?:(?:a+)+)+$", "' || 9==9", "ก" * 30_000],
)
def test_no_search_is_taken_for_a_pattern_or_breaks(typed, filled, officer):
    assert page_of(asked(search=typed), officer).rows == []
    assert count_of(asked(search=typed), officer) == (0, False)


# ---- counts ----


def test_a_count_stops_at_ten_thousand_and_says_so(filled, officer, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED_TO", 50)
    assert count_of(asked(), officer) == (50, True)
    assert count_of(asked(), officer, exactly=True) == (83, False)
    monkeypatch.setattr(listing, "COUNTED_TO", 83)
    assert count_of(asked(), officer) == (83, False)


def test_select_all_means_what_was_counted(filled, officer, teacher):
    for user in (officer, teacher):
        for wanted in (
            asked(),
            asked(search="กาแฟ"),
            asked(criteria=({"code": "c1"},)),
            asked(school=SCHOOL),
        ):
            chosen = ids(all_of(wanted, user))
            assert len(chosen) == count_of(wanted, user, exactly=True)[0] == len(walked(wanted, user, 9))


def test_chosen_ids_stay_in_scope(filled, neighbour):
    wanted = asked(ids=tuple(filled))
    assert {row["school_code"] for row in all_of(wanted, neighbour)} == {OTHER}
    assert count_of(wanted, neighbour) == (40, False)
    assert count_of(asked(ids=(ObjectId(),)), neighbour) == (0, False)


# ---- missing ----


def test_the_filter_for_missing_finds_what_stops_the_confirmation(canteens, open_round, officer):
    fill(SCHOOL, 5)
    nameless = [Change(Canteen, place(), {"code": f"n{n}"}) for n in range(3)]
    keyless = [Change(Canteen, place(), {"name": "ไม่มีรหัส"})]
    write([*nameless, *keyless], LOADER)
    missing = missing_of(find_submission("DMC", place()))
    assert count_of(asked(missing=True), officer) == (4, False) == (missing.records, False)


def test_every_part_of_a_question_stands_in_the_filter(filled, teacher):
    query = query_of(asked(search="ก", missing=True, criteria=({"seats": 1},), ids=(filled[0],)), teacher)
    assert list(query)[:3] == ["area_code", "academic_year", "round"]
    assert query["school_code"] == SCHOOL
    assert len(query["$and"]) == 4
