"""One child under a G-code and a 13-digit number: the verdict of the duplicates desk replaces the code in one transaction."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from documents import clock
from documents.checking import duplicates, findings, one_child
from documents.checking.duplicate_cases import DuplicateCase, get_case
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import OutOfScope, WrongState
from documents.formats.citizen_id import mask_id
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_linking import learner_values
from documents.records.writing import Change, write
from documents.trail import verifying
from documents.trail.history import AuditEvent
from tests.certified import certified
from tests.people import AREA, OTHER, SCHOOL, person, place
from tests.pupils import number, pupil

CODE = "G683400000001"


@pytest.fixture
def asked(open_round, teacher, officer, approver):
    """A certified request."""
    return certified(teacher, officer, approver, CODE)


def entered(values, where, who):
    (written,) = write([Change(Student, place(where), values)], who)
    return row(written.id)


def row(id_):
    return collection(Student).find_one({"_id": id_})


@pytest.fixture
def twofold(asked, open_round, teacher, neighbour):
    """Gives the case of one child, under his number in a school and under the code in another or the same."""

    def made(where=OTHER, who=neighbour):
        under_code = learner_values(asked)
        same = {
            name: under_code[name]
            for name in ("first_name", "last_name", "birth_date", "sex", "mother_first_name")
        }
        of_number = entered(pupil(**same, person_id=number()), SCHOOL, teacher)
        of_code = entered(pupil(**under_code), where, who)
        duplicates.scan(open_round)
        return DuplicateCase.objects.get(), of_number, of_code

    return made


def same(case, officer, keeper):
    return duplicates.decide(
        get_case(officer, str(case.id)), "same", officer, "ใบสูติบัตรใหม่", keeper=str(keeper["_id"])
    )


def codes_found(school):
    findings.refresh(find_submission("DMC", place(school)))
    return {one.code for one in findings.Finding.objects(school_code=school, state="open")} & {
        "DMC-01",
        "DMC-06",
    }


@pytest.mark.parametrize("keeps", ["number", "code"])
def test_whoever_is_kept_stands_under_the_number_and_the_request_says_so(
    twofold, asked, officer, keeps, open_round
):
    case, of_number, of_code = twofold()
    new = of_number["person_id"]
    assert mask_id(new) in one_child.code_of(case).sentence, "said before it is pressed"
    kept, gone = (of_number, of_code) if keeps == "number" else (of_code, of_number)
    done = same(case, officer, kept)
    assert (done.state, done.number_owed) == ("same", None)
    request = GCodeRequest.objects.get(id=asked.id)
    assert (request.state, request.new_number, request.code) == ("replaced", new, CODE)
    assert (request.moves[-1]["by"], request.moves[-1]["reason"]) == (officer.id, "ใบสูติบัตรใหม่")
    stays, left = row(kept["_id"]), row(gone["_id"])
    assert (stays["person_id"], stays["id_type"], stays["status"]) == (new, "I", "enrolled")
    assert [one["id"] for one in stays["former_ids"]] == [CODE]
    assert (left["person_id"], left["status"]) == (new, "moved_out")
    told = collection(AuditEvent).find_one({"subject": request.id, "action": "replace"})
    assert told["changes"]["new_number"] == [None, new]
    assert codes_found(SCHOOL) == codes_found(OTHER) == set()
    assert one_child.code_of(done).tone == "ok"
    assert sum(duplicates.scan(open_round).values()) == 0
    assert list(verifying.verify()) == []


@pytest.mark.parametrize("keeps", ["number", "code"])
def test_in_one_school_the_other_entry_is_removed_and_its_number_is_free(
    twofold, asked, officer, teacher, keeps
):
    case, of_number, of_code = twofold(SCHOOL, teacher)
    kept, gone = (of_number, of_code) if keeps == "number" else (of_code, of_number)
    same(case, officer, kept)
    stays = row(kept["_id"])
    assert row(gone["_id"]) is None
    assert (stays["person_id"], [one["id"] for one in stays["former_ids"]]) == (
        of_number["person_id"],
        [CODE],
    )
    assert GCodeRequest.objects.get(id=asked.id).state == "replaced"
    assert list(verifying.verify()) == []


def test_a_school_that_handed_in_has_its_code_replaced_when_it_takes_changes_again(
    twofold, asked, officer, sign_in
):
    case, of_number, of_code = twofold()
    submission = {"school_code": OTHER, "subsystem": "DMC"}
    collection(Submission).update_one(submission, {"$set": {"state": "certified"}})
    done = same(case, officer, of_code)
    assert (done.state, done.number_owed) == ("same", of_code["_id"])
    assert (row(of_number["_id"])["status"], row(of_code["_id"])["person_id"]) == ("moved_out", CODE)
    page = sign_in(officer).get(f"/admin/duplicates/details/?id={case.id}").text
    assert "ส่งกลับแก้ไขก่อน" in page
    assert f"/admin/gcode/details/?id={asked.id}" in page
    assert "ระบบจะลองคืนนี้" in page
    duplicates.scan_running(AREA)
    assert GCodeRequest.objects.get(id=asked.id).state == "certified"
    assert "ระบบจะลองอีกครั้งวันที่" in one_child.code_of(DuplicateCase.objects.get()).sentence
    collection(Submission).update_one(submission, {"$set": {"state": "returned"}})
    clock.configure("2025-06-20T03:30:00+07:00")  # no window is open: nobody is asked to write
    duplicates.scan_running(AREA)
    stays = row(of_code["_id"])
    assert (stays["person_id"], [one["id"] for one in stays["former_ids"]]) == (
        of_number["person_id"],
        [CODE],
    )
    assert GCodeRequest.objects.get(id=asked.id).state == "replaced"
    assert DuplicateCase.objects.get().number_owed is None


def test_when_somebody_is_first_at_the_request_nothing_of_the_verdict_is_stored(
    twofold, asked, officer, monkeypatch
):
    case, of_number, of_code = twofold()
    real = one_child.write

    def after_another(*given, **more):
        collection(GCodeRequest).update_one({"_id": asked.id}, {"$inc": {"revision": 1}})
        return real(*given, **more)

    monkeypatch.setattr(one_child, "write", after_another)
    with pytest.raises(WrongState):
        same(case, officer, of_number)
    assert DuplicateCase.objects.get().state == "found"
    assert row(of_number["_id"]) == of_number
    assert row(of_code["_id"]) == of_code
    assert GCodeRequest.objects.get(id=asked.id).state == "certified"


def test_of_two_officers_who_decide_at_once_one_does_and_the_number_stands_once(twofold, asked, officer):
    case, of_number, of_code = twofold()
    both = [(officer, of_number), (person("second", "district"), of_code)]
    with ThreadPoolExecutor(2) as pool:
        tried = [pool.submit(same, case, who, keeper) for who, keeper in both]
    assert [each.exception() is None for each in tried].count(True) == 1
    on_roll = [one for one in collection(Student).find() if one["status"] == "enrolled"]
    assert [(one["person_id"], [each["id"] for each in one["former_ids"]]) for one in on_roll] == [
        (of_number["person_id"], [CODE])
    ]
    assert [row["name"] for row in GCodeRequest.objects.get(id=asked.id).moves].count("replace") == 1
    assert list(verifying.verify()) == []


def test_who_decides_nothing_replaces_nothing(twofold, asked, teacher, approver, sign_in):
    case, of_number, _ = twofold()
    for user in (teacher, approver):
        with pytest.raises(OutOfScope):
            same(case, user, of_number)
    assert GCodeRequest.objects.get(id=asked.id).state == "certified"
    page = sign_in(teacher).get(f"/admin/duplicates/details/?id={case.id}").text
    assert asked.request_no not in page, "the other school's request is not told"
