"""Carry-over: what a round begins with, that it is done once, and what a person sees before and after."""

import pytest

from documents import clock, subsystems
from documents.background.job_runs import run
from documents.background.jobs import ask
from documents.checking.findings import refresh
from documents.checking.limits import set_limits
from documents.collecting.moves import move
from documents.collecting.rounds import Round, find_round
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection, db
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.people.users import System
from documents.records import carrying
from documents.records.carrying import carry_over, outlook
from documents.records.change import Copy
from documents.records.completeness import counts_of
from documents.records.record import Place, declared
from documents.records.writing import Change, write
from documents.records.writing import carrying as door
from documents.trail import history, verifying
from documents.trail.history import FirstEvents, event
from tests.kitchens import Kitchen, food_round
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil

LOADER = System("tests")
# (what he is called, what the year-end round says of him, outcome, grade in the new year)
PUPILS = [
    ("ขึ้น", {"grade": "07", "year_result": "passed"}, "promoted", "08"),
    ("ซ้ำ", {"grade": "07", "year_result": "repeat", "fail_reasons": ["1"]}, "kept", "07"),
    (
        "จบ",
        {"grade": "09", "year_result": "graduated", "destination": "102", "years_taken": 6},
        "graduated",
        None,
    ),
    (
        "ต่อ",
        {"grade": "09", "year_result": "graduated", "destination": "101", "years_taken": 6},
        "promoted",
        "10",
    ),
    ("เลื่อน", {"grade": "09", "year_result": "passed"}, "promoted", "10"),
    ("เงียบ", {"grade": "07"}, "promoted_unsaid", "08"),
    ("ออก", {"status": "dropped_out", "leave_reason": "21"}, "left_school", None),
    ("ลอย", {"suspended_flag": True}, "stays", "07"),
]


@pytest.fixture
def round_of(officer, executive, approver):
    """Opens a round of DMC of a year and code."""
    people = {"officer": officer, "executive": executive, "approver": approver}
    return lambda year, code: food_round(people, year, code, "DMC")


@pytest.fixture
def year_end(area, round_of):
    """Round 2567-3 with the pupils above in a school that teaches to ม.3, one of them in the school to ป.6."""
    db().schools.update_one({"code": SCHOOL}, {"$set": {"grade_from": "02", "grade_to": "12"}})
    made = round_of(YEAR - 1, "3")
    there = place(round_="3", year=YEAR - 1)
    changes = [Change(Student, there, pupil(first_name=name) | values) for name, values, *_ in PUPILS]
    changes += [Change(SchoolRooms, there, {"grade": "07", "rooms": 2})]
    write(changes, LOADER)
    last = pupil(first_name="สุดชั้น", grade="09", year_result="passed")
    write([Change(Student, place(OTHER, "3", YEAR - 1), last)], LOADER)
    return made


def rows(round_, document=Student, **more):
    asked = {"academic_year": round_.academic_year, "round": round_.code} | more
    return {
        row.get("first_name") or row.get("code") or row["grade"]: row
        for row in collection(document).find(asked)
    }


def test_pupils_begin_the_year_as_the_year_end_left_them(year_end, round_of, officer, approver):
    first = round_of(YEAR, "1")
    expected = {}
    for _, _, outcome, _ in PUPILS:
        expected[outcome] = expected.get(outcome, 0) + 1
    expected["graduated"] += 1  # in the school that teaches to ป.6 (ม.3 by default: its own grade_to)
    db().schools.update_one({"code": OTHER}, {"$set": {"grade_to": "09"}})
    seen = outlook(first)
    assert seen.records == {"students": expected, "rooms": {"carried": 1}}
    assert (seen.total, seen.schools, seen.not_sealed) == (7, 2, 2)
    done, schools = carry_over(first, approver)
    assert {name: number for (slug, name), number in done.items() if slug == "students"} == expected
    assert schools == 2
    before, after = rows(year_end), rows(first)
    for name, _, _, grade in PUPILS:
        assert (name in after) is (grade is not None), name
        if grade:
            row, was = after[name], before[name]
            assert (row["grade"], row["lineage"], row["reviewed"], row["revision"]) == (
                grade,
                was["lineage"],
                False,
                1,
            )
            assert row["person_id"] == was["person_id"]
            assert row["sort_key"] == was["sort_key"]
            assert not {"year_result", "fail_reasons", "destination", "years_taken"} & row.keys()
    assert rows(first, SchoolRooms)["07"]["rooms"] == 2
    submission = find_submission("DMC", place())
    kept, counted = submission.counts, counts_of(submission)
    assert {name: n for name, n in kept.items() if n} == {name: n for name, n in counted.items() if n}
    assert submission.counts["unreviewed_students"] == 6
    assert (submission.started, submission.carried["from"]) == (False, "2567-3")
    assert list(verifying.verify()) == []
    told = db().audit_events.find_one({"subject": after["ขึ้น"]["_id"]})
    assert (told["via"], told["acting_as"], told["number"]) == ("carry_over", "system", 1)
    assert "2567-3" in told["reason"]
    assert approver.name in told["reason"]


def test_within_a_year_everybody_on_the_roll_is_copied_as_he_stands(year_end, round_of, approver):
    second = Round.objects(id=year_end.id).modify(new=True, set__code="2")
    collection(Student).update_many({}, {"$set": {"round": "2"}})
    collection(Submission).update_many({}, {"$set": {"round": "2"}})
    third = round_of(YEAR - 1, "3")
    carry_over(third, approver)
    before, after = rows(second), rows(third)
    assert before.keys() - after.keys() == {"ออก"}, "he left in the round before, and stands there"
    assert after["ซ้ำ"]["year_result"] == "repeat"


def test_a_second_run_does_nothing_and_one_after_a_kill_does_the_rest(
    year_end, round_of, approver, monkeypatch
):
    first = round_of(YEAR, "1")
    monkeypatch.setattr(carrying, "BATCH", 1)  # a school a transaction

    class Killed(BaseException):
        pass

    class Progress:
        def begin(self, *_):
            pass

        def at(self, number):
            raise Killed

    with pytest.raises(Killed):
        carry_over(first, approver, Progress())
    assert len({row["school_code"] for row in collection(Student).find({"academic_year": YEAR})}) == 1
    half = outlook(first)
    assert (half.schools, half.already) == (1, 1)
    job = ask("carry_over", approver, AREA, first, arguments={"round_id": str(first.id)})
    run(job.id)
    done = job.reload()
    assert done.result["summary"][1].startswith("ก่อนหน้านี้ยกไปแล้ว 1 โรงเรียน")
    everything = list(collection(Student).find().sort("_id"))
    write([_removal(rows(first)["ขึ้น"])], LOADER)
    assert carry_over(first, approver) == ({}, 0)
    assert outlook(first).total == 0
    assert [row["_id"] for row in everything if row["first_name"] != "ขึ้น" or row["academic_year"] < YEAR] == [
        row["_id"] for row in collection(Student).find().sort("_id")
    ]


def _removal(row):
    return Change(Student, Place.of(row), id=row["_id"], revision=row["revision"], remove=True)


def test_what_is_in_the_round_already_is_not_doubled(year_end, round_of, teacher, approver):
    """Typed anew with the same number, or moved to another school of the same round: neither is carried over."""
    first = round_of(YEAR, "1")
    was = rows(year_end)
    typed = {"first_name": "พิมพ์เอง", "person_id": was["ขึ้น"]["person_id"], "student_no": "9001"}
    write([Change(Student, place(), pupil(**typed))], teacher)
    moved = pupil(first_name="ย้ายแล้ว", person_id=was["ซ้ำ"]["person_id"])
    write([Change(Student, place(OTHER), moved, lineage=was["ซ้ำ"]["lineage"])], LOADER)
    assert outlook(first).there == 2
    done, _ = carry_over(first, approver)
    assert done["students", "there"] == 2
    assert outlook(first).there == 0, "of the schools that are still to be filled"
    assert rows(first).keys() & {"ขึ้น", "ซ้ำ"} == set()


def test_a_race_with_a_teacher_who_types_or_confirms_is_read_again(
    year_end, round_of, teacher, approver, monkeypatch
):
    first = round_of(YEAR, "1")
    was, real, times = rows(year_end), carrying.carrying, []

    def slowly(*arguments):
        ready = real(*arguments)
        if not times:
            times.append(1)
            typed = pupil(first_name="พิมพ์เอง", person_id=was["ขึ้น"]["person_id"], student_no="9001")
            write([Change(Student, place(), typed)], teacher)
            move(find_submission("DMC", place(OTHER)), "confirm", LOADER, "ไม่มีนักเรียน")
        return ready

    monkeypatch.setattr(carrying, "carrying", slowly)
    done, _ = carry_over(first, approver)
    assert done["students", "there"] == 1
    assert {row["school_code"] for row in rows(first).values()} == {SCHOOL}
    assert list(verifying.verify()) == []


def test_two_runs_at_once_store_each_record_once(year_end, round_of, approver, monkeypatch):
    first, real, times = round_of(YEAR, "1"), carrying.carrying, []

    def slowly(*arguments):
        ready = real(*arguments)
        if not times:
            times.append(1)
            carry_over(first, approver)  # another run does all of it while this one has made its own ready
        return ready

    monkeypatch.setattr(carrying, "carrying", slowly)
    assert carry_over(first, approver)[0] == {}
    assert collection(Student).count_documents({"academic_year": YEAR}) == 6
    assert find_submission("DMC", place()).counts["unreviewed_students"] == 6


def test_only_the_system_stores_copies_and_only_the_area_asks_for_them(
    year_end, round_of, teacher, officer, approver
):
    first = round_of(YEAR, "1")
    with pytest.raises(OutOfScope):
        door([Copy(Student, place(), {}, None)], first, teacher, "x", {})
    for who, refused in ((teacher, True), (officer, False), (approver, False)):
        if refused:
            with pytest.raises(NotAllowed):
                carrying.refuse_unable(first, who)
        else:
            carrying.refuse_unable(first, who)
    with pytest.raises(WrongState, match="ไม่มีรอบก่อน"):
        carrying.refuse_unable(year_end, officer)


def test_unreviewed_records_stop_confirming_until_one_press_or_a_setting(
    kitchens, teacher, officer, executive, approver, administrator, sign_in
):
    people = {"officer": officer, "executive": executive, "approver": approver}
    food_round(people, YEAR - 1)
    there = Place(AREA, YEAR - 1, "1", SCHOOL)
    write([Change(Kitchen, there, {"code": code, "plates": 9, "note": "เก่า"}) for code in "ABC"], LOADER)
    first = food_round(people)
    carry_over(first, officer)
    assert all("note" not in row for row in rows(first, Kitchen).values()), "not_carried"
    submission = find_submission("FOOD", Place(AREA, YEAR, "1", SCHOOL))
    assert refresh(submission)["codes"] == {"REV": 1}
    with pytest.raises(Invalid, match="มีข้อผิดพลาด 1 ข้อ"):
        move(submission, "confirm", teacher)
    one = rows(first, Kitchen)["A"]
    write([Change(Kitchen, Place.of(one), {"plates": 10}, one["_id"], 1)], teacher)  # changed: looked over
    set_limits(AREA, "FOOD", YEAR, {"unreviewed": 67}, administrator, "ปีแรก")
    assert (
        refresh(find_submission("FOOD", Place(AREA, YEAR, "1", SCHOOL)))["counts"]["warnings"] == 2
    )  # and FO-01


def test_one_press_looks_over_all_that_the_grid_is_narrowed_to(
    year_end, round_of, teacher, approver, officer, sign_in
):
    first = round_of(YEAR, "1")
    carry_over(first, approver)
    browser, narrowed = sign_in(teacher), "/admin/students/?flt0_grade_eq=10&unreviewed=1"
    page = browser.get("/admin/students/").text
    assert "ทบทวนแล้วทั้ง 6 คน" in page
    assert page.count(">ยังไม่ทบทวน</span>") == 6
    page = browser.get(narrowed).text
    assert "ทบทวนแล้วทั้ง 2 คน" in page
    assert "เฉพาะที่ยังไม่ทบทวน" in page
    press = {"action": "review", "all_matching": "1", "url": narrowed}
    assert browser.send(narrowed.replace("students/", "students/action/"), press).status_code == 302
    looked_over = {name for name, row in rows(first).items() if row["reviewed"]}
    assert looked_over == {"ต่อ", "เลื่อน"}
    assert find_submission("DMC", place()).counts["unreviewed_students"] == 4
    assert "เฉพาะที่ยังไม่ทบทวน" not in browser.get("/admin/students/").text
    assert db().audit_events.find_one({"subject": rows(first)["ต่อ"]["_id"], "number": 2})["changes"][
        "reviewed"
    ] == [False, True]
    office = sign_in(officer)
    assert (
        office.send(narrowed.replace("students/", "students/action/").replace("10", "08"), press).status_code
        == 302
    )
    assert not rows(first)["ขึ้น"]["reviewed"], "the district says why, and of one school"


def test_opening_a_round_says_what_will_be_done_and_does_it_as_a_job(
    year_end, round_of, executive, approver, officer, sign_in
):
    order = {"number": "1", "text": "ดำเนินการ", "at": clock.now().replace(tzinfo=None), "by_name": "ผอ."}
    draft = Round(
        area_code=AREA, subsystem="DMC", academic_year=YEAR, code="1", title="ภาคเรียนที่ 1", state="proposed",
        as_of=clock.now().replace(tzinfo=None), order=order,
    ).save()  # fmt: skip
    browser = sign_in(approver)
    page = browser.get(f"/admin/rounds/carry/?id={draft.id}").text
    for words in ("เลื่อนชั้น", "ทั้งที่ไม่มีผลสิ้นปี", "เรียนซ้ำชั้น", "เรียนจบ ไม่ยกมา", "รอบ 2567-3"):
        assert words in page
    assert sign_in(officer).get(f"/admin/rounds/carry/?id={draft.id}").status_code == 403
    form = {"id": str(draft.id), "revision": draft.revision}
    assert browser.send("/admin/rounds/carry/", form | {"revision": 9, "carry": "1"}).status_code == 409
    assert find_round(AREA, "DMC", YEAR, "1").state == "proposed"
    answer = browser.send("/admin/rounds/carry/", form | {"carry": "1"})
    assert answer.status_code == 303
    assert find_round(AREA, "DMC", YEAR, "1").state == "open"
    assert len(rows(draft)) == 6
    again = sign_in(officer)
    assert "ไม่มีข้อมูลที่ต้องยกมาอีก" in again.get(f"/admin/rounds/carry/?id={draft.id}").text
    answer = again.send("/admin/rounds/carry/", form)
    assert answer.status_code == 303
    assert "ครั้งนี้ไม่ได้ยกมาเพิ่ม" in again.get(answer.location).text
    assert len(rows(draft)) == 6


def test_a_first_event_made_of_a_form_is_the_event_itself(area, officer):
    told = {
        "document": "students",
        "acting_as": "system",
        "via": "carry_over",
        "reason": '“เหตุ"ผล"\n<subject>”',
    }
    where = {"area_code": AREA, "academic_year": YEAR, "round": "1"}
    made = FirstEvents(where, officer, "create", **told)
    id_, lineage = (collection(Student).insert_one({}).inserted_id for _ in range(2))
    name = 'เด็กชาย "ก" \\ ข'
    ours = made.event(id_, lineage, SCHOOL, name)
    theirs = event(
        id_,
        where | {"school_code": SCHOOL},
        officer,
        "create",
        {},
        None,
        number=1,
        headline=name,
        lineage=lineage,
        **told,
    )
    for one in (ours, theirs):
        assert one["hash"] == history.event_hash(one)
        assert one["values_digest"] == history.values_digest(one)
    same = {"_id", "at", "hash"}
    assert {k: v for k, v in ours.items() if k not in same} == {
        k: v for k, v in theirs.items() if k not in same
    }


@pytest.mark.parametrize("subsystem", sorted({one.subsystem for one in subsystems()} - {"DMC"}))
def test_every_subsystem_is_carried_over_and_only_once(subsystem, area, officer, executive, approver):
    """Each of its records goes on under its lineage, without what it says is asked anew, and counted by the door."""
    people = {"officer": officer, "executive": executive, "approver": approver}
    kinds = [one for one in subsystems() if one.subsystem == subsystem]
    there = place(year=YEAR - 1)
    food_round(people, YEAR - 1, subsystem=subsystem)
    for kind in kinds:
        write([Change(kind, there, complete(kind)) for _ in range(1 if kind.single else 2)], LOADER)
    now = food_round(people, subsystem=subsystem)
    seen = outlook(now)
    done, _ = carry_over(now, officer)
    for kind in kinds:
        before = {row["lineage"]: row for row in collection(kind).find(there._asdict())}
        after = {row["lineage"]: row for row in collection(kind).find(place()._asdict())}
        kept = sum(
            number for (slug, name), number in done.items() if slug == kind.slug and name not in ("left",)
        )
        assert after.keys() <= before.keys()
        assert len(after) == kept > 0, kind
        for lineage, row in after.items():
            assert row["reviewed"] is False
            assert not {*kind.not_carried} & row.keys()
            same = declared(kind).keys() - {*kind.not_carried}
            assert {n: row.get(n) for n in same} == {n: before[lineage].get(n) for n in same}, kind
    assert {(slug, name): n for slug, counts in seen.records.items() for name, n in counts.items()} == done
    submission = find_submission(subsystem, place())
    assert {k: v for k, v in submission.counts.items() if v} == {
        k: v for k, v in counts_of(submission).items() if v
    }
    assert carry_over(now, officer) == ({}, 0)
    assert list(verifying.verify()) == []
