"""The duplicates desk: who is found to stand twice, what people say to it, and what becomes of the pupils."""

import datetime as dt
import random
from types import SimpleNamespace

import pytest

from documents import clock
from documents.checking import agencies, duplicates, findings, one_child, resemblance
from documents.checking.duplicate_cases import ANSWERS, OURS, DuplicateCase, acting_for, get_case
from documents.checking.twofold import pairs_of
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.district.schools import School
from documents.dmc.students import Student
from documents.errors import FileRefused, Invalid, OutOfScope, RuleBroken, WrongState
from documents.notifying.notices import Notice
from documents.people import retention
from documents.records import evidence
from documents.records.cases import check_step
from documents.records.writing import Change, write
from documents.trail import history, verifying
from exports.checking.duplicate_jobs import lines_of
from tests.likenesses import labelled
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place
from tests.pupils import number, pupil

PDF = b"%PDF-1.4\n%%EOF\n"

HERE = {"area_code": AREA, "academic_year": YEAR, "round": ROUND}
THE_ROUND = SimpleNamespace(area_code=AREA, academic_year=YEAR, code=ROUND)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_who_stands_twice_is_found_and_who_only_looks_alike_is_not(area, seed, capsys):
    made = labelled(seed)
    again = [learner for learner, same in made.asked if same]
    common = HERE | {"status": "enrolled", "sort_key": ""}
    collection(Student).insert_many(
        common | {"school_code": code, "lineage": each["_id"], "likeness": resemblance.keys(each), **each}
        for code, entries in ((SCHOOL, again), (OTHER, made.stored))
        for each in entries
    )
    found = {frozenset((pair.one["_id"], pair.other["_id"])) for pair in pairs_of(THE_ROUND)}
    recall, precision = len(found & made.pairs) / len(made.pairs), len(found & made.pairs) / len(found)
    with capsys.disabled():
        print(f"\n  seed {seed}: recall {recall:.3f}, precision {precision:.3f} of {len(made.pairs)} pairs")
    assert recall >= 0.95
    assert precision >= 0.90


# ---- cases ----


@pytest.fixture
def twice(open_round, teacher, neighbour):
    """One number in both schools, as stored: (the teacher's pupil, the neighbour's)."""
    values = pupil()
    (mine,) = write([Change(Student, place(), values)], teacher)
    (theirs,) = write([Change(Student, place(OTHER), values | {"student_no": "77"})], neighbour)
    return row(mine.id), row(theirs.id)


@pytest.fixture
def case(twice, open_round):
    duplicates.scan(open_round)
    return DuplicateCase.objects.get()


def test_each_school_is_told_once_a_scan_of_what_it_found(twice, open_round, teacher, neighbour, officer):
    for _ in range(2):
        duplicates.scan(open_round)
    told = list(collection(Notice).find({"kind": "case"}))
    assert {row["person"] for row in told} == {teacher.id, neighbour.id}
    assert [row["text"] for row in told] == ["พบนักเรียนซ้ำซ้อน 1 เรื่อง รอโรงเรียนตรวจสอบ"] * 2


def row(id_):
    return collection(Student).find_one({"_id": id_})


def seen_by(user, case):
    """The case as somebody opens it."""
    return get_case(user, str(case.id))


def found_in(school):
    """{code: level} of what the checks find of a school's pupils."""
    submission = find_submission("DMC", place(school))
    findings.refresh(submission)
    rows = findings.Finding.objects(school_code=school, state="open", code__startswith="DMC-0")
    return {one.code: one.level for one in rows if one.code in ("DMC-01", "DMC-02", "DMC-04", "DMC-05")}


def test_one_number_in_two_schools_is_a_case_and_an_error_of_both_until_they_answer(
    case, open_round, teacher, neighbour
):
    assert (case.code, case.state, case.schools) == ("DMC-01", "found", [SCHOOL, OTHER])
    assert case.due_at.date() == dt.date(2025, 6, 12)
    assert found_in(SCHOOL) == found_in(OTHER) == {"DMC-01": "error"}
    duplicates.answer(seen_by(teacher, case), OURS, teacher)
    assert found_in(SCHOOL) == {"DMC-01": "warning"}
    assert found_in(OTHER) == {"DMC-01": "error"}
    duplicates.answer(seen_by(neighbour, case), "moved", neighbour)
    assert found_in(OTHER) == {"DMC-01": "error"}, "who says that he moved has still to move him"
    assert duplicates.scan(open_round)["known"] == 1
    assert DuplicateCase.objects.count() == 1


def test_one_child_leaves_the_school_that_does_not_keep_him_with_the_step(case, twice, officer, open_round):
    done = duplicates.decide(seen_by(officer, case), "same", officer, "ตรวจแล้ว", keeper=str(twice[0]["_id"]))
    assert (done.state, done.kept_by) == ("same", SCHOOL)
    gone = row(twice[1]["_id"])
    assert (gone["status"], gone["leave_to"], gone["leave_reason"]) == ("moved_out", "บ้านหนึ่ง", "32")
    assert row(twice[0]["_id"])["status"] == "enrolled"
    assert found_in(SCHOOL) == found_in(OTHER) == {}
    assert sum(duplicates.scan(open_round).values()) == 0
    assert list(verifying.verify()) == []


def test_the_number_of_the_entry_that_goes_stays_with_the_one_that_is_kept(alike, officer, open_round):
    case, mine, theirs = alike
    done = duplicates.decide(seen_by(officer, case), "same", officer, "ตรวจแล้ว", keeper=str(mine["_id"]))
    kept, gone = row(mine["_id"]), row(theirs["_id"])
    assert [(one["id"], one["type"]) for one in kept["former_ids"]] == [("G680000000001", "G")]
    assert (kept["person_id"], kept["revision"], done.number_owed) == (mine["person_id"], 2, None)
    assert (gone["status"], gone["person_id"]) == ("moved_out", "G680000000001")
    assert "G680000000001" in {each["id"] for each in kept["former_ids"]}
    event = history.events_of(AREA, mine["_id"])[0]
    assert (event.via, event.reason, event.acting_as) == ("duplicate", "ตรวจแล้ว", "district")
    assert list(verifying.verify()) == []
    assert sum(duplicates.scan(open_round).values()) == 0


def test_a_number_owed_to_a_school_that_handed_in_comes_when_it_takes_changes_again(
    alike, officer, open_round
):
    case, mine, theirs = alike
    collection(Submission).update_one({"school_code": SCHOOL}, {"$set": {"state": "certified"}})
    done = duplicates.decide(seen_by(officer, case), "same", officer, "ตรวจแล้ว", keeper=str(mine["_id"]))
    assert (done.state, done.number_owed) == ("same", mine["_id"])
    assert row(theirs["_id"])["status"] == "moved_out"
    duplicates.scan_running(AREA)
    assert "former_ids" not in row(mine["_id"])
    collection(Submission).update_one({"school_code": SCHOOL}, {"$set": {"state": "returned"}})
    clock.configure("2025-06-20T03:30:00+07:00")  # no window is open: nobody is asked to write
    duplicates.scan_running(AREA)
    assert [one["id"] for one in row(mine["_id"])["former_ids"]] == ["G680000000001"]
    assert DuplicateCase.objects.get().number_owed is None
    assert duplicates.put_owed_numbers(AREA, [open_round]) == 0


def test_what_is_owed_is_tried_less_and_less_often_and_not_for_ever(alike, officer, open_round, monkeypatch):
    case, mine, _ = alike
    collection(Submission).update_one({"school_code": SCHOOL}, {"$set": {"state": "certified"}})
    duplicates.decide(seen_by(officer, case), "same", officer, "ตรวจแล้ว", keeper=str(mine["_id"]))
    tried, first = [], clock.today()
    monkeypatch.setattr(one_child, "MOST_TRIES", 7)
    for day in range(60):
        clock.configure(f"{first + dt.timedelta(days=day)}T03:30:00+07:00")
        before = DuplicateCase.objects.get().owed_tries
        duplicates.put_owed_numbers(AREA, [open_round])
        tried += [day] if DuplicateCase.objects.get().owed_tries > before else []
    assert tried == [0, 1, 3, 7, 14, 21, 28]
    assert DuplicateCase.objects.get().number_owed is None
    told = [one.text for one in Notice.objects(person=officer.id, kind="case") if "ใส่เลข" in one.text]
    assert ["เลิกลอง" in text for text in told] == [False, True]
    assert all(one.url == f"/admin/duplicates/details/?id={case.id}" for one in Notice.objects(text__in=told))


def test_a_case_that_goes_on_in_another_school_is_told_there(twice, open_round, third):
    duplicates.scan(open_round)
    collection(Student).update_one({"_id": twice[1]["_id"]}, {"$set": {"school_code": "34010003"}})
    duplicates.scan(open_round)
    assert DuplicateCase.objects.get().schools == [SCHOOL, "34010003"]
    assert Notice.objects(person=third.id, kind="case").count() == 1


def test_a_school_that_handed_in_is_named_and_nothing_is_half_done(case, twice, officer):
    collection(Submission).update_one({"school_code": OTHER}, {"$set": {"state": "confirmed"}})
    with pytest.raises(WrongState, match="บ้านสองส่งข้อมูลรอบ DMC ภาคเรียนที่ 1/2568"):
        duplicates.decide(seen_by(officer, case), "same", officer, "ตรวจแล้ว", keeper=str(twice[0]["_id"]))
    assert row(twice[1]["_id"])["status"] == "enrolled"
    assert DuplicateCase.objects.get().state == "found"


def test_two_children_with_one_number_wait_for_the_one_that_is_wrong(
    case, twice, officer, neighbour, open_round
):
    with pytest.raises(Invalid):
        duplicates.decide(seen_by(officer, case), "mend", officer, "คนละคน")
    done = duplicates.decide(seen_by(officer, case), "mend", officer, "คนละคน", keeper=str(twice[0]["_id"]))
    assert (done.state, done.mended_by) == ("mending", OTHER)
    assert (found_in(SCHOOL), found_in(OTHER)) == ({"DMC-01": "warning"}, {"DMC-01": "error"})
    write([Change(Student, place(OTHER), {"person_id": number()}, id=twice[1]["_id"], revision=1)], neighbour)
    assert duplicates.scan(open_round) == {"settled": 1, "gone": 1}, "of one name, and known to be two"
    assert DuplicateCase.objects.get().state == "gone"


@pytest.fixture
def alike(open_round, teacher, neighbour):
    """One child under a G-code in one school and a citizen number, misspelt, in the other."""
    values = pupil(first_name="ณัฐวรรณ", last_name="ศรีแก้ว")
    (mine,) = write([Change(Student, place(), values)], teacher)
    other = values | {
        "first_name": "นัฐวรรณ",
        "id_type": "G",
        "person_id": "G680000000001",
        "nationality": "048",
    }
    (theirs,) = write([Change(Student, place(OTHER), other)], neighbour)
    duplicates.scan(open_round)
    return DuplicateCase.objects.get(), row(mine.id), row(theirs.id)


def test_who_is_settled_to_be_two_is_never_asked_again_unless_the_district_reopens(
    alike, officer, open_round
):
    case, _, theirs = alike
    assert case.code == "DMC-04"
    assert found_in(SCHOOL) == found_in(OTHER) == {"DMC-04": "warning"}
    duplicates.decide(seen_by(officer, case), "different", officer, "ลูกพี่ลูกน้องกัน")
    assert found_in(SCHOOL) == {}
    assert duplicates.scan(open_round) == {"settled": 1, "gone": 0}
    assert DuplicateCase.objects.count() == 1
    duplicates.decide(seen_by(officer, case), "reopen", officer, "มีหลักฐานใหม่", days="5")
    assert DuplicateCase.objects.get().state == "found"
    collection(Student).update_one({"_id": theirs["_id"]}, {"$set": {"status": "moved_out"}})
    assert duplicates.scan(open_round)["gone"] == 1


def test_a_school_sees_the_other_s_name_and_answers_for_itself_alone(alike, teacher, neighbour, third):
    case, *_ = alike
    with pytest.raises(OutOfScope):
        seen_by(third, case)
    mine = seen_by(teacher, case)
    assert (mine.acting, mine.others(SCHOOL)) == (SCHOOL, ["บ้านสอง"])
    with pytest.raises(Invalid):
        duplicates.answer(mine, "both", teacher)
    done = duplicates.answer(mine, "both", teacher, "เห็นตัวทั้งสองคน", PDF)
    assert (done.state, done.moves[-1]["school"]) == ("answered", SCHOOL)
    assert duplicates.evidence_of(done, SCHOOL, teacher)[0] == PDF
    with pytest.raises(OutOfScope):
        duplicates.evidence_of(seen_by(neighbour, case), SCHOOL, neighbour)
    for name in ("same", "different"):
        with pytest.raises(OutOfScope):
            duplicates.decide(mine, name, teacher, "ขอ")


def test_a_list_of_another_agency_wants_evidence_or_a_move_out(twice, open_round, teacher, officer):
    content = f"ลำดับ,เลขประจำตัวประชาชน,โรงเรียน\n1,{twice[0]['person_id']},เทศบาล 1\n2,1.34E+12,เทศบาล 2\n3,1000000000017,เทศบาล 3\n"
    lines = lines_of(content.encode(), "รายชื่อ.csv", "เทศบาลนคร")
    told = agencies.match(open_round, lines)
    assert (told["lines"], told["wrong"], told["matched"], told["new"]) == (3, 1, 2, 2)
    assert agencies.match(open_round, lines)["known"] == 2
    case = DuplicateCase.objects(school_code=SCHOOL).get()
    assert (case.code, case.others(SCHOOL)) == ("DMC-02", ["เทศบาลนคร เทศบาล 1"])
    assert found_in(SCHOOL) == {"DMC-02": "error"}
    with pytest.raises(Invalid) as refused:
        duplicates.answer(seen_by(teacher, case), OURS, teacher)
    assert refused.value.errors[0].keys() == {"evidence"}
    duplicates.answer(seen_by(teacher, case), OURS, teacher, None, PDF)
    assert found_in(SCHOOL) == {"DMC-02": "warning"}
    duplicates.decide(seen_by(officer, case), "real", officer, "หลักฐานถูกต้อง")
    assert found_in(SCHOOL) == {}
    assert agencies.match(open_round, lines)["settled"] == 1
    other = DuplicateCase.objects(school_code=OTHER).get()
    duplicates.decide(seen_by(officer, other), "same", officer, "เรียนเทศบาล")
    assert row(twice[1]["_id"])["leave_to"] == "เทศบาลนคร เทศบาล 1"


def test_a_list_without_numbers_is_refused_with_a_sentence(area):
    with pytest.raises(FileRefused, match="เลขประจำตัวประชาชน"):
        lines_of("ชื่อ,โรงเรียน\nก,ข\n".encode(), "a.csv", "เทศบาล")


def answered_with_proof(case, teacher):
    duplicates.answer(seen_by(teacher, case), OURS, teacher, None, PDF)
    return collection(evidence.EvidenceFile)


def test_evidence_goes_with_the_answer_that_is_asked_for_again(case, teacher, officer):
    files = answered_with_proof(case, teacher)
    assert files.count_documents({}) == 1
    duplicates.decide(seen_by(officer, case), "again", officer, "ขอภาพใหม่", days="5")
    assert files.count_documents({}) == 0


def test_evidence_of_a_decided_case_goes_after_the_area_s_time(case, twice, teacher, officer):
    files = answered_with_proof(case, teacher)
    duplicates.decide(seen_by(officer, case), "same", officer, "ตรวจแล้ว", keeper=str(twice[0]["_id"]))
    clock.configure(clock.now() + dt.timedelta(days=700))
    assert retention.erase(AREA)["duplicate_evidence"] == 0
    assert duplicates.evidence_of(seen_by(teacher, case), SCHOOL, teacher)[0] == PDF
    clock.configure(clock.now() + dt.timedelta(days=60))
    assert retention.erase(AREA)["duplicate_evidence"] == 1
    assert files.count_documents({}) == 0
    left = seen_by(teacher, case)
    assert left.answers[SCHOOL]["answer"] == OURS
    with pytest.raises(OutOfScope):
        duplicates.evidence_of(left, SCHOOL, teacher)
    assert retention.erase(AREA)["duplicate_evidence"] == 0
    assert list(verifying.verify()) == []


# ---- the table of steps ----


def test_no_forbidden_step_of_a_case_succeeds(
    case, alike_beside, teacher, neighbour, officer, approver, director, third
):
    dice = random.Random(20_260_605)  # noqa: S311  not a secret
    people = [teacher, neighbour, officer, approver, director, third, person("both", "school", SCHOOL, OTHER)]
    done = 0
    for _ in range(400):
        case = dice.choice(list(DuplicateCase.objects))
        actor, name = dice.choice(people), dice.choice(list(DuplicateCase.steps))
        acting_for(case, actor)
        try:
            check_step(case, case.steps[name], actor, clock.now())
            allowed = True
        except RuleBroken:
            allowed = False
        reason, keeper = dice.choice(("เหตุ", "")), str(dice.choice(case.records)["record"])
        try:
            if name in ANSWERS:
                after = duplicates.answer(case, name, actor, reason, dice.choice((None, PDF)))
            else:
                after = duplicates.decide(case, name, actor, reason, keeper=keeper)
        except RuleBroken:
            assert len(DuplicateCase.objects.get(id=case.id).moves) == len(case.moves)
            continue
        assert allowed, (name, actor.name)
        last = after.moves[-1]
        assert (len(after.moves), last["name"], last["by"]) == (len(case.moves) + 1, name, actor.id)
        assert last["reason"] or not case.steps[name].reason
        assert name not in ANSWERS or actor.holds("school", AREA, last["school"])
        assert name in ANSWERS or actor.holds("district", AREA)
        done += 1
    assert done > 20
    assert list(verifying.verify()) == []


@pytest.fixture
def alike_beside(twice, open_round, teacher, neighbour):
    """Two who are alike besides, and one on another agency's list: a case of each kind."""
    values = pupil(first_name="กมลวรรณ", last_name="พรมมา", birth_date="01/02/2559")
    write([Change(Student, place(), values)], teacher)
    write(
        [Change(Student, place(OTHER), values | {"person_id": number(), "birth_date": "02/01/2559"})],
        neighbour,
    )
    duplicates.scan(open_round)
    agencies.match(open_round, [agencies.Listed(twice[0]["person_id"], "อปท.")])
    assert sorted(DuplicateCase.objects.distinct("kind")) == ["agency", "number", "person"]


@pytest.fixture
def third(open_round):
    """A teacher of a school that is no party of anything."""
    School(area_code=AREA, code="34010003", name="บ้านสาม").save()
    return person("third", "school", "34010003")


def test_what_the_desk_asks_walks_an_index(case, twice, open_round, explains, teacher, officer):
    with explains() as questions:
        duplicates.scan(open_round)
        agencies.match(open_round, [agencies.Listed(twice[0]["person_id"], "อปท.")])
        get_case(teacher, str(case.id))
        findings.refresh(find_submission("DMC", place()))
        duplicates.decide(seen_by(officer, case), "mend", officer, "คนละคน", keeper=str(twice[0]["_id"]))
        duplicates.scan(open_round)
    questions.check()
