"""From the G-code onward: offered to DMC, replaced by a 13-digit number or the ministry's code, cancelled."""

import pytest

from documents.collecting.locking import lock_school
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc import id_changes
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, OutOfScope, StaleRevision, WrongState
from documents.formats import thai
from documents.formats.citizen_id import mask_id
from documents.gcode import gcode_linking
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_linking import FATES, cancel, learner_values, link_of, offered, renew, replace
from documents.gcode.gcode_numbers import ISSUED, set_mode
from documents.records import evidence
from documents.records.writing import Change, write
from documents.trail import history, verifying
from tests.certified import certified, certify
from tests.districts import bring
from tests.learners import PDF, checked
from tests.people import AREA, OTHER, SCHOOL, place
from tests.pupils import number, pupil

CODE = "G683400000001"


@pytest.fixture
def done(open_round, teacher, officer, approver):
    """A certified request."""
    return certified(teacher, officer, approver, CODE)


def enter(done, who, where=SCHOOL, **more):
    """The learner of a request as a pupil of a school; gives the stored dict."""
    values = pupil(**learner_values(done)) | more
    (written,) = write([Change(Student, place(where), values)], who)
    return collection(Student).find_one({"_id": written.id})


def row(plain):
    return collection(Student).find_one({"_id": plain["_id"]})


def seal(where, approver):
    """Lock a school's data."""
    verified = bring(find_submission("DMC", place(where)), "confirm", "certify", "verify")
    lock_school(verified, approver)


def test_a_certified_learner_is_offered_until_he_stands_in_dmc(done, open_round, teacher, officer, approver):
    checked(teacher, officer, first_name="ปอ")
    assert [one.id for one in offered(open_round, SCHOOL)] == [done.id]
    assert offered(open_round, OTHER) == []
    values = learner_values(done)
    assert values["person_id"] == CODE
    assert (values["id_type"], values["first_name"], values["mother_first_name"]) == ("G", "ซอ", "มะ")
    assert "native_name" not in values
    enter(done, teacher)
    assert offered(open_round, SCHOOL) == []


def test_a_13_digit_number_goes_through_the_request_and_all_that_is_open(
    done, teacher, neighbour, officer, approver
):
    own, near = enter(done, teacher), enter(done, neighbour, OTHER)
    seal(OTHER, approver)
    near = row(near)
    new = number()
    outcome = replace(done, f"{new[0]}-{new[1:]}", new, PDF, officer, "สำนักทะเบียนแจ้งตามหนังสือ อบ 0018/1")
    assert (outcome.request.state, outcome.request.new_number, outcome.changed) == ("replaced", new, 1)
    assert [one.school_code for one in outcome.locked] == [OTHER]
    now = row(own)
    assert (now["person_id"], now["id_type"], now["former_ids"][0]["id"]) == (new, "I", CODE)
    assert row(near) == near, "what is locked stays as it was"
    move_row = outcome.request.moves[-1]
    assert (move_row["name"], move_row["reason"]) == ("replace", "สำนักทะเบียนแจ้งตามหนังสือ อบ 0018/1")
    event = history.events_of(AREA, own["_id"])[0]
    assert (event.changes["person_id"], event.actor, event.via) == ([CODE, new], officer.id, "gcode")
    kept = outcome.request.evidence[-1]
    assert (kept["kind"], evidence.read(kept["id"])) == ("other", PDF)
    assert list(verifying.verify()) == []
    for plain, words in ((now, "เดิมใช้รหัส G"), (near, "คงไว้ตามที่ล็อก")):
        told = link_of(plain, officer)
        assert words in told["sentence"]
        assert told["request"] == str(done.id)
        assert new not in told["sentence"]
    assert mask_id(new) in link_of(near, officer)["sentence"]
    assert link_of(near, neighbour)["request"] is None, "another school's request is told, not opened"


def test_what_is_wrong_with_a_replacement_is_said_and_nothing_is_stored(
    done, teacher, officer, approver, neighbour, database
):
    plain, new = enter(done, teacher), number()
    for field, given in {
        "number": ("1000000000001", "1000000000001", PDF, "แจ้งแล้ว"),
        "again": (new, number(), PDF, "แจ้งแล้ว"),
        "evidence": (new, new, b"", "แจ้งแล้ว"),
        "reason": (new, new, PDF, " "),
    }.items():
        with pytest.raises(Invalid) as refused:
            replace(done, *given[:3], officer, given[3])
        assert set(refused.value.errors[0]) == {field}
    for stranger in (teacher, neighbour, approver):
        with pytest.raises(OutOfScope):
            replace(done, new, new, PDF, stranger, "แจ้งแล้ว")
    taken = pupil(first_name="ชื่ออื่น")
    write([Change(Student, place(), taken)], teacher)
    with pytest.raises(DuplicateKey, match="ชื่ออื่น"):
        replace(done, taken["person_id"], taken["person_id"], PDF, officer, "แจ้งแล้ว")
    assert (row(plain), GCodeRequest.objects.get().state) == (plain, "certified")
    assert database["evidence.files"].count_documents({}) == len(done.evidence)


def test_what_was_handed_in_is_returned_first_and_then_nothing_is_half_done(done, teacher, officer):
    plain, new = enter(done, teacher), number()
    bring(find_submission("DMC", place()), "confirm")
    with pytest.raises(WrongState, match="ส่งกลับแก้ไขก่อน"):
        replace(done, new, new, PDF, officer, "แจ้งแล้ว")
    assert (row(plain), GCodeRequest.objects.get().state) == (plain, "certified")
    move(find_submission("DMC", place()), "unconfirm", teacher)
    assert replace(done, new, new, PDF, officer, "แจ้งแล้ว").changed == 1


def test_of_two_officers_one_replaces(done, teacher, officer):
    enter(done, teacher)
    first, second = number(), number()
    replace(done, first, first, PDF, officer, "แจ้งแล้ว")
    with pytest.raises((WrongState, StaleRevision)):
        replace(done, second, second, PDF, officer, "แจ้งแล้ว")
    assert collection(Student).find_one()["person_id"] == first


def test_one_number_is_given_to_one_learner(done, teacher, officer, approver):
    new = number()
    assert replace(done, new, new, PDF, officer, "แจ้งแล้ว").changed == 0, "he was not in DMC"
    other = certified(teacher, officer, approver, "G683400000002", first_name="ปอ")
    with pytest.raises(DuplicateKey, match="2568-0001"):
        replace(other, new, new, PDF, officer, "แจ้งแล้ว")


def test_a_change_of_number_that_the_school_asks_for_takes_the_request_along(done, teacher, officer):
    enter(done, teacher)
    bring(find_submission("DMC", place()), "confirm")
    move(find_submission("DMC", place()), "unconfirm", teacher)
    plain, new = collection(Student).find_one(), number()
    case = id_changes.ask(plain, new, new, "I", PDF, teacher, "ได้เลข 13 หลักแล้ว")
    assert id_changes.answer(case, "approve", officer, "ตรงตามทะเบียนบ้าน").state == "approved"
    request = GCodeRequest.objects.get()
    assert (request.state, request.new_number) == ("replaced", new)
    assert row(plain)["former_ids"][0]["id"] == CODE
    assert list(verifying.verify()) == []


def test_the_ministrys_code_takes_the_place_of_a_temporary_one(open_round, teacher, officer, approver):
    set_mode(AREA, ISSUED, officer, "ระบบกระทรวงปิด")
    made = certify(checked(teacher, officer), approver)
    plain, temporary = enter(made, teacher), made.code
    with pytest.raises(DuplicateKey):
        renew(made, temporary, temporary, officer, "กระทรวงแจ้ง")
    outcome = renew(made, CODE, CODE, officer, "กระทรวงแจ้ง")
    assert thai.search_key(CODE) in outcome.request.search_key, "found by the code that it has now"
    assert (outcome.request.code, outcome.request.code_kind, outcome.request.state) == (
        CODE,
        "ministry",
        "certified",
    )
    assert outcome.request.former_codes[0]["code"] == temporary
    assert (row(plain)["person_id"], row(plain)["former_ids"][0]["id"]) == (CODE, temporary)
    with pytest.raises(WrongState, match="กระทรวง"):
        renew(outcome.request, "G683400000009", "G683400000009", officer, "ลอง")
    assert list(verifying.verify()) == []


@pytest.mark.parametrize("fate", FATES)
def test_cancelling_does_to_the_pupil_what_was_chosen(fate, done, teacher, officer, approver):
    plain, new = enter(done, teacher), number()
    with pytest.raises(OutOfScope):
        cancel(done, fate, officer, "ออกซ้ำ", new, new)
    for wrong, field in ((("", "ออกซ้ำ"), "fate"), ((fate, ""), "reason")):
        with pytest.raises(Invalid) as refused:
            cancel(done, wrong[0], approver, wrong[1], new, new)
        assert set(refused.value.errors[0]) == {field}
    outcome = cancel(done, fate, approver, "ออกซ้ำกับคนเดิม", new, new)
    assert (outcome.request.state, outcome.request.fate, outcome.request.code) == ("cancelled", fate, CODE)
    now = row(plain)
    if fate == "removed":
        assert now is None
    else:
        expected = (None, "O") if fate == "without" else (new, "I")
        assert (now.get("person_id"), now["id_type"]) == expected
        assert now["former_ids"][0]["id"] == CODE
        assert "ยกเลิก" in link_of(now, teacher)["sentence"]
    assert outcome.request.learner_key is None
    assert list(verifying.verify()) == []


def test_another_certified_code_may_take_a_cancelled_ones_place(done, teacher, officer, approver):
    plain = enter(done, teacher)
    with pytest.raises(Invalid, match="รหัสอื่นที่รับรองแล้ว"):
        cancel(done, "number", approver, "ออกซ้ำ", CODE, CODE)
    other = certified(teacher, officer, approver, "G683400000002", first_name="ซอ", last_name="แสงจันทร์")
    cancel(done, "number", approver, "ออกซ้ำ", other.code, other.code)
    assert (row(plain)["person_id"], row(plain)["id_type"]) == (other.code, "G")


def test_a_pupil_without_a_code_has_no_link(open_round, teacher):
    write([Change(Student, place(), pupil())], teacher)
    assert link_of(collection(Student).find_one(), teacher) is None
    assert gcode_linking.of_code(AREA, "G689999999999") is None
