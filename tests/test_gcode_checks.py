"""GC-01 to GC-06: each fires where it must and is silent where it must not (GC-02 and GC-06: test_gcode_numbers.py)."""

import pytest

from documents import clock
from documents.checking.findings import Finding, refresh
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, WrongState
from documents.gcode import gcode_evidence, gcode_requests
from documents.gcode.gcode_linking import learner_values
from documents.records.writing import Change, write
from tests.certified import certified, certify
from tests.learners import checked, learner, recorded, sent
from tests.people import AREA, NOON, OTHER, SCHOOL, place
from tests.pupils import pupil

CODE = "G683400000001"
LATER = "2025-07-06T09:00:00+07:00"  # a month and a day after NOON


@pytest.fixture
def done(open_round, teacher, officer, approver):
    return certified(teacher, officer, approver, CODE)


def found(code, school=SCHOOL):
    """[(what it is about, sentence)] of what a check finds in a school."""
    refresh(find_submission("DMC", place(school)))
    rows = Finding.objects(area_code=AREA, school_code=school, check_key=code, state="open")
    return [(row.about, row.sentence) for row in rows]


def entered(done, who, school=SCHOOL, **more):
    (written,) = write([Change(Student, place(school), pupil(**learner_values(done)) | more)], who)
    return written


def test_gc_01_the_same_learner_twice_is_stopped(teacher, neighbour, officer):
    recorded(teacher, evidence=False)
    with pytest.raises(Invalid) as refused:
        gcode_requests.record(AREA, OTHER, learner(), neighbour)
    assert set(refused.value.errors[0]) == {"over_warning"}
    other = learner(first_name="จันทร์เพ็ญ", last_name="ทองคำ", birth_date="01/02/2557", mother_first_name="บัว")
    assert gcode_requests.record(AREA, OTHER, other, neighbour).state == "draft"


def test_gc_02_a_second_learner_under_one_code_is_stopped(teacher, officer, approver):
    certified(teacher, officer, approver, CODE)
    other = checked(teacher, officer, first_name="ปอ")
    with pytest.raises(DuplicateKey):
        certify(other, approver, CODE)
    assert certify(other, approver, "G683400000002").code == "G683400000002"


def test_gc_03_nothing_is_sent_without_its_evidence(teacher):
    request = recorded(teacher, evidence=False)
    with pytest.raises(Invalid) as refused:
        gcode_requests.step(request, "send", teacher)
    assert "evidence" in refused.value.errors[0]
    assert gcode_evidence.lacking(sent(teacher, first_name="ปอ")) == []


def test_gc_04_a_certified_learner_is_missed_in_dmc_after_thirty_days(done, teacher, neighbour):
    assert found("GC-04") == []
    clock.configure("2025-07-05T09:00:00+07:00")  # thirty days, to the minute
    assert found("GC-04") == []
    clock.configure(LATER)
    assert [about for about, _ in found("GC-04")] == ["2568-0001"]
    assert "ซอ" not in found("GC-04")[0][1], "a finding of a school names no child"
    assert found("GC-04", OTHER) == []
    clock.configure(NOON)
    entered(done, neighbour, OTHER)
    clock.configure(LATER)
    assert found("GC-04") == [], "he went to another school"


def test_gc_05_a_code_in_dmc_is_a_certified_learners_own(done, teacher):
    entered(done, teacher)
    assert found("DMC-06") == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"person_id": "G683400000009"}, "ไม่มีคำขอ"),
        ({"first_name": "ปอ"}, "ชื่ออื่น"),
        ({"last_name": "อื่น"}, "ชื่ออื่น"),
        ({"birth_date": "11/06/2558"}, "เกิดวันอื่น"),
    ],
)
def test_gc_05_a_code_nobody_certified_or_of_another_is_found(values, words, done, teacher):
    entered(done, teacher, **values)
    assert [words in sentence for _, sentence in found("DMC-06")] == [True]


@pytest.mark.parametrize(
    ("state", "words"), [("cancelled", "ยกเลิก"), ("checking", "ตรวจสอบ"), ("replaced", "เปลี่ยนเป็น")]
)
def test_gc_05_a_code_that_is_not_certified_any_more_is_found(state, words, done, teacher, database):
    entered(done, teacher)
    assert found("DMC-06") == []
    database.gcode_requests.update_one(
        {"_id": done.id}, {"$set": {"state": state, "new_number": "1000000000017"}}
    )
    ((_, sentence),) = found("DMC-06")
    assert words in sentence
    assert "1000000000017" not in sentence


def test_an_estimated_birth_date_is_compared_by_its_year(open_round, teacher, officer, approver):
    done = certified(teacher, officer, approver, CODE, birth_date="01/01/2558", birth_date_estimated=True)
    first = entered(done, teacher, birth_date="10/06/2558")
    assert found("DMC-06") == []
    stored = collection(Student).find_one({"_id": first.id})
    change = Change(Student, place(), {"birth_date": "10/06/2557"}, id=first.id, revision=stored["revision"])
    write([change], teacher)
    assert len(found("DMC-06")) == 1


def test_what_was_refused_is_not_certified_all_the_same(teacher, officer, approver, database):
    request = checked(teacher, officer)
    database.gcode_requests.update_one({"_id": request.id}, {"$set": {"state": "refused"}})
    with pytest.raises(WrongState):
        certify(type(request).objects.get(id=request.id), approver, CODE)
