"""The demo district: what is loaded is whole, believable, and nobody's."""

import json
import stat
from collections import Counter
from types import SimpleNamespace

import pytest

from documents import clock
from documents.checking import findings
from documents.collecting.freezing import freeze_of
from documents.collecting.rounds import Round, find_round, round_before
from documents.collecting.submissions import HANDED_IN, Submission, submissions_of
from documents.database import collection, db, stored_documents
from documents.district import land, school_rules
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.emis.staff import Staff
from documents.emis.technology import Technology
from documents.formats import citizen_id
from documents.gcode.gcode import GCodeRequest
from documents.notifying.announcements import Announcement
from documents.people.users import ROLES, User
from documents.records import evidence, fields
from documents.records.codelists import code_list
from documents.records.completeness import counts_of
from documents.records.digests import digest_of
from documents.records.kinds import documents_of
from documents.records.record import declared, default_required
from documents.trail import verifying
from scripts import demo
from scripts.demo import emis, names
from scripts.demo.plan import AREA, SHARES, plan, shared_out
from scripts.demo.pupils import pupils_of

SCHOOLS, PUPILS = 12, 500
REAL_OFFICE = slice(1, 5)


def load(data, **wanted):
    """Load the demo and give back what its progress said."""
    told = []
    size = {"schools": SCHOOLS, "students": PUPILS} | wanted
    demo.load(**size, data=data, progress=lambda sentence, share: told.append((sentence, share)))
    return told


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, connected):
    """A small demo, loaded once: its data folder and the documents it stored, by collection."""
    for document in set(stored_documents()) - connected:
        document.ensure_indexes()
        connected.add(document)
    data = tmp_path_factory.mktemp("demo")
    clock.configure("2025-06-05T09:00:00+07:00")
    load(data)
    return data, {name: list(db()[name].find()) for name in db().list_collection_names()}


@pytest.fixture
def district(loaded, database):
    """The loaded demo, put back as it was; gives its data folder."""
    data, kept = loaded
    for name, rows in kept.items():
        database[name].delete_many({})
        if rows:
            database[name].insert_many(rows)
    return data


def students(year):
    return list(Student.objects(academic_year=year).as_pymongo())


def test_counts_digests_and_history_are_those_of_the_records(district):
    for submission in Submission.objects(area_code=AREA):
        kept = {name: number for name, number in submission.counts.items() if number}
        assert kept == {name: number for name, number in counts_of(submission).items() if number}
        if submission.digest:
            assert submission.digest == digest_of(submission)
    assert list(verifying.verify()) == []


def test_the_last_round_is_locked_and_this_one_is_half_way(district):
    locked, running = find_round(AREA, "DMC", 2567, "3"), find_round(AREA, "DMC", 2568, "1")
    assert (locked.state, running.state) == ("locked", "open")
    assert running.order["text"]
    assert len(running.moves) == 5  # proposed, ordered, opened, and the numbers of its two letters
    assert set(running.letters) == {"memo", "schools"}
    assert freeze_of(locked).root_hash == locked.root_hash
    assert set(Submission.objects(academic_year=2567).scalar("state")) == {"locked"}
    states = Counter(each.shown_state for each in Submission.objects(subsystem="DMC", academic_year=2568))
    assert sum(states.values()) == SCHOOLS
    assert len(states) == 6
    assert not Round.objects(subsystem="DMC", academic_year=2568, code__ne="1", state__ne="draft")


@pytest.mark.parametrize("subsystem", ["EMIS", "B-OBEC", "M-OBEC"])
def test_each_year_begins_with_what_the_last_one_held(district, subsystem):
    [this] = Round.objects(subsystem=subsystem, academic_year=2568, state="open")
    last = round_before(this)
    assert (last.academic_year, last.state) == (2567, "locked")
    assert {each.state for each in submissions_of(last)} == {"locked"}
    assert all(each.carried["from"] == last.label for each in submissions_of(this))
    for document in documents_of(subsystem):
        before, now = (list(collection(document).find({"academic_year": year})) for year in (2567, 2568))
        known = {row["lineage"] for row in before}
        went_on = [row for row in now if row["lineage"] in known]
        assert 0.8 * len(now) < len(went_on) <= len(before)
        assert {row["reviewed"] for row in went_on} == {True, False}
        told = set(declared(document))
        then = {row["lineage"]: row for row in before}
        assert any(row.get(name) != then[row["lineage"]].get(name) for row in went_on for name in told)


def test_an_empty_school_confirmed_says_why(district):
    [empty] = [
        each
        for each in Submission.objects(subsystem="DMC", state="confirmed")
        if not each.counts.get("students")
    ]
    assert empty.moves[-1]["reason"]


def test_as_many_pupils_are_entered_as_were_asked_for(district):
    assert abs(len(students(2568)) - PUPILS) <= 15
    assert len(students(2567)) > PUPILS


def test_every_number_is_of_the_office_that_does_not_exist(district):
    for pupil in students(2567) + students(2568):
        for name in ("person_id", "father_id", "mother_id", "guardian_id"):
            number = pupil.get(name)
            if number and number.startswith("G"):
                assert citizen_id.is_g_code(number)
            elif number:
                assert citizen_id.is_citizen_id(number)
                assert number[REAL_OFFICE] == "0000"


def test_a_number_is_one_persons_except_where_a_pupil_stands_in_two_schools(district):
    now = Counter(pupil["person_id"] for pupil in students(2568))
    twice = [number for number, many in now.items() if many > 1]
    assert len(twice) <= 12
    for number in twice:
        there = [pupil for pupil in students(2568) if pupil["person_id"] == number]
        assert len({pupil["school_code"] for pupil in there}) == len(there) == 2


def test_pupils_go_on_from_year_to_year_one_grade_higher(district):
    before = {pupil["lineage"]: pupil for pupil in students(2567)}
    grades = list(code_list("GRADE").codes)
    steps = Counter(
        grades.index(pupil["grade"]) - grades.index(before[pupil["lineage"]]["grade"])
        for pupil in students(2568)
        if pupil["lineage"] in before
    )
    assert steps[1] > 0.7 * PUPILS
    assert set(steps) <= {0, 1}


def test_brothers_and_sisters_share_house_surname_and_parents(district):
    houses = {}
    for pupil in students(2568):
        houses.setdefault(pupil.get("reg_house_id"), []).append(pupil)
    families = [pupils for house, pupils in houses.items() if house and len(pupils) > 1]
    assert len(families) > PUPILS / 20
    for pupils in families:
        assert len({pupil["last_name"] for pupil in pupils}) == 1
        assert len({pupil.get("mother_first_name") for pupil in pupils} - {None}) <= 1


def test_there_are_mistakes_to_be_found(district):
    rooms = {(row.school_code, row.grade): row.rooms for row in SchoolRooms.objects(academic_year=2568)}
    now = students(2568)
    assert sum(
        each.counts.get("incomplete", 0) for each in Submission.objects(subsystem="DMC", academic_year=2568)
    )
    assert any(pupil["room"] > rooms[pupil["school_code"], pupil["grade"]] for pupil in now)
    names_and_days = Counter((p["first_name"], p["last_name"], p["birth_date"]) for p in now)
    assert max(names_and_days.values()) > 1


def test_accounts_are_private_and_of_every_role(district):
    path = district / "demo-accounts.json"
    accounts = json.loads(path.read_text())["accounts"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {account["role"] for account in accounts} == set(ROLES)
    for role in ("school", "director"):
        codes = {account["scope"] for account in accounts if account["role"] == role}
        assert len(codes) == 2
        assert School.objects(area_code=AREA, code__in=codes).count() == 2
    officers = [user for user in User.objects(areas_listed=AREA) if user.holds("district", AREA)]
    assert sorted(user.has_mark(AREA) for user in officers) == [False, True]


def test_the_accounts_password_may_be_given(tmp_path, monkeypatch):
    monkeypatch.setenv("KHET_DEMO_PASSWORD", "three words on paper")
    load(tmp_path, schools=2, students=20)
    accounts = json.loads((tmp_path / "demo-accounts.json").read_text())["accounts"]
    assert {account["password"] for account in accounts} == {"three words on paper"}


def test_the_first_teacher_has_a_handful_to_fill_in(district):
    teacher = User.objects(email="teacher1@khet.example").get()
    [code] = teacher.grants[0].school_codes
    submission = Submission.objects(subsystem="DMC", academic_year=2568, school_code=code).get()
    assert submission.shown_state == "กำลังบันทึก"
    assert 0 < submission.counts["incomplete"] <= 8


def test_the_second_teacher_could_confirm_at_once(district):
    teacher = User.objects(email="teacher2@khet.example").get()
    [code] = teacher.grants[0].school_codes
    submission = Submission.objects(subsystem="DMC", academic_year=2568, school_code=code).get()
    assert submission.state == "draft"
    assert submission.counts["students"]
    assert not submission.counts.get("incomplete")


def test_the_clock_goes_on_as_if_nothing_had_happened(tmp_path):
    before = clock.now()
    load(tmp_path, schools=2, students=20)
    assert 0 < (clock.now() - before).total_seconds() < 60


def test_progress_is_told_to_its_end(tmp_path):
    told = load(tmp_path, schools=4, students=60)
    ended = {sentence for sentence, share in told if share == 1}
    assert ended == {sentence for sentence, _ in told}
    assert len(ended) == 5


def test_the_same_district_is_made_up_each_time():
    assert plan(30, 2000) == plan(30, 2000)
    school = plan(30, 2000)[3]
    assert [one.this for one in pupils_of(school)] == [one.this for one in pupils_of(school)]


def test_a_whole_district_is_of_real_proportions():
    schools = plan(230, 50_000)
    assert len({school.name for school in schools}) == len({school.code for school in schools}) == 230
    assert sum(school.pupils for school in schools if school.has_pupils) == 50_000
    assert 11 <= len({school.cluster for school in schools}) <= 13
    small = sum(school.pupils <= 120 for school in schools)
    assert 0.40 < small / 230 < 0.55
    assert 2 <= sum(school.pupils > 1500 for school in schools) <= 4
    assert {school.story for school in schools} == {*SHARES, "entering"}
    assert [school.pupils for school in schools if school.account == 1] == [140]
    halves = [
        sum(school.pupils for cluster in share for school in cluster) for share in shared_out(schools, 2)
    ]
    assert max(halves) < 1.1 * min(halves)


def test_names_are_many():
    assert min(len(names.BOYS), len(names.GIRLS)) >= 300
    assert len(names.SURNAMES) >= 600


def test_nothing_is_left_to_explain_where_a_school_has_confirmed_and_little_elsewhere(district):
    for year, code in ((2567, "3"), (2568, "1")):
        of_round = list(Submission.objects(area_code=AREA, subsystem="DMC", academic_year=year, round=code))
        found = findings.refresh_all(of_round)
        for each in of_round:
            counts = found[each.school_code].get("counts", {})
            left = counts.get("errors", 0) + counts.get("warnings", 0)
            assert not left or each.state not in HANDED_IN, (each, counts)
            assert left <= 10 + 0.2 * each.counts.get("students", 0), (each, counts)
    assert findings.Finding.objects(state="explained").count()
    assert findings.Finding.objects(academic_year=2568, state="open", level="warning").count()


def test_schools_have_staff_and_technology_and_those_that_confirmed_have_nothing_left_to_explain(district):
    of_round = list(Submission.objects(area_code=AREA, subsystem="EMIS", academic_year=2568))
    found = findings.refresh_all(of_round)
    assert {each.state for each in of_round} >= {"draft", "confirmed", "verified"}
    for each in of_round:
        counts = found[each.school_code].get("counts", {})
        if each.state in HANDED_IN:
            assert each.counts["technology"] == 1
            assert not counts.get("errors") + counts.get("warnings"), (each, counts)
    staff = list(db()["staff"].find({"academic_year": 2568}))
    assert sum(one["work_status"] == "1" for one in staff) == sum(
        each.counts.get("people", 0) for each in of_round
    )
    assert {one["position"] for one in staff} > {"1", "3", "7"}
    pupils = {number for one in students(2568) for number in (one["person_id"], one.get("father_id"))}
    for one in staff:
        assert citizen_id.is_citizen_id(one["person_id"])
        assert one["person_id"][REAL_OFFICE] == "0000"
        assert one["person_id"] not in pupils


def test_schools_and_the_office_have_counted_their_equipment(district):
    of_round = list(Submission.objects(area_code=AREA, subsystem="M-OBEC", academic_year=2568))
    assert {each.state for each in of_round} >= {"draft", "confirmed", "verified"}
    found = findings.refresh_all(of_round)
    items = len(code_list("EQUIPMENT").codes)
    for each in of_round:
        if each.state in HANDED_IN or each.is_office:
            assert each.counts["equipment"] == items, each
        if each.state in HANDED_IN:
            counts = found[each.school_code]["counts"]
            assert not counts.get("errors") + counts.get("warnings"), (each, counts)
    desks = sum(each.counts.get("u22001", 0) for each in of_round)
    pupils = sum(1 for one in students(2568) if "04" <= one["grade"] <= "09")
    assert 0.8 * pupils < desks < 1.6 * pupils


def test_the_whole_district_s_staff_and_profiles_are_taken_as_they_are():
    clock.configure("2025-05-19T09:00:00+07:00")  # the first day on which a school enters them
    people = SimpleNamespace(of=lambda role, code: SimpleNamespace(name="นายสมชาย ใจดี"))
    numbers = {2567: [], 2568: []}
    for school in plan(230, 50_000):
        staff = {2567: emis.staff_then(school, people), 2568: emis.staff_of(school, people)}
        profiles = {
            2567: emis.profile_then(school),
            2568: emis.profile_of(school, emis.computers(school)),
        }
        for year in numbers:
            for one in staff[year]:
                numbers[year].append(taken(Staff, one, year)["person_id"])
            taken(Technology, profiles[year], year)
    for known in numbers.values():
        assert 2300 <= len(known) <= 2600
        assert len(set(known)) == len(known)
    assert 2000 < len(set(numbers[2567]) & set(numbers[2568])) < len(numbers[2567]), "some left"


def taken(document, values, year):
    """The values as the door would store them; nothing is wrong with them, or lacking."""
    known = declared(document)
    stored = {"academic_year": year} | {name: fields.accept(known[name], one) for name, one in values.items()}
    stored |= document.derive(stored)
    assert dict(document.check(stored)) == {}
    assert document.missing(stored, default_required(document)) == []
    return stored


def test_every_profile_holds_to_the_rules_of_profiles(district):
    schools = list(School.objects(area_code=AREA, kind="school"))
    assert len(schools) == SCHOOLS
    for one in schools:
        values = {name: getattr(one, name) for name in declared(School)}
        for name, value in values.items():
            if value is not None:
                assert fields.accept(declared(School)[name], value) == value, name
        assert not list(school_rules.together(values))
        assert land.accepted(one.land) == one.land
        assert one.land


def test_there_are_requests_for_g_codes_in_every_state_that_verify(district):
    states = {row["state"] for row in collection(GCodeRequest).find()}
    assert states == set(GCodeRequest.states)
    papers = [row["id"] for one in collection(GCodeRequest).find() for row in one.get("evidence", ())]
    assert len(evidence.still_there(papers)) == len(papers) > 50


def test_people_were_told_of_what_waits_and_some_have_read_the_news(district):
    news = list(Announcement.objects(area_code=AREA).order_by("at"))
    assert len(news) == 3
    assert any(0 < len(each.schools_read()) < len(each.school_codes) for each in news)
    told = Counter(row["kind"] for row in db()["notices"].find({}, {"kind": 1}))
    assert {"announcement", "due"} <= set(told)
    unread = Counter(row["person"] for row in db()["notices"].find({"read_at": None}, {"person": 1}))
    assert {user.id: user.unread for user in User.objects(unread__gt=0)} == unread
