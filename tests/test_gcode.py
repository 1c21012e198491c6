"""G-code requests: recording, evidence, sending, checking; who may, and what is refused."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson import ObjectId

from documents import clock
from documents.errors import Invalid, NotAllowed, OutOfScope, StaleRevision, WrongState
from documents.gcode import gcode, gcode_evidence, gcode_numbers, gcode_requests
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_certifying import Chosen, certify, certify_each
from documents.people.users import Grant
from documents.records import evidence
from documents.records.cases import steps_for
from documents.trail import verifying
from documents.trail.history import AuditEvent
from tests.learners import PDF, checked, learner, recorded, sent
from tests.people import AREA, OTHER, SCHOOL, person


def test_a_request_is_recorded_with_number_history_and_what_follows(teacher):
    request = gcode_requests.record(
        AREA, SCHOOL, learner(title="002", sex="F", cur_subdistrict="340101"), teacher
    )
    assert (request.request_no, request.state, request.revision) == ("2568-0001", "draft", 1)
    assert request.requested_on == dt.datetime(2025, 6, 5)  # noqa: DTZ001  a day has no zone
    assert (request.cur_province, request.cur_district) == ("34", "3401")
    event = AuditEvent.objects.get(subject=request.id)
    assert (event.document, event.action, event.actor, event.school_code) == (
        "gcode",
        "create",
        teacher.id,
        SCHOOL,
    )
    assert list(verifying.verify()) == []


def test_a_child_born_in_thailand_is_told_which_number_to_use(teacher):
    with pytest.raises(Invalid) as refused:
        gcode_requests.record(AREA, SCHOOL, learner(birth_country="TH"), teacher)
    assert "สูติบัตร" in refused.value.errors[0]["birth_country"]
    assert not GCodeRequest.objects()


def test_the_same_child_again_needs_a_written_reason(teacher, neighbour):
    recorded(teacher, evidence=False)
    with pytest.raises(Invalid) as refused:
        gcode_requests.record(AREA, OTHER, learner(), neighbour)
    assert refused.value.errors[0].keys() == {"over_warning"}
    made = gcode_requests.record(AREA, OTHER, learner(), neighbour, "คนละคน คนนี้เป็นลูกพี่ลูกน้อง")
    assert (len(made.known_likely), made.over_warning) == (1, "คนละคน คนนี้เป็นลูกพี่ลูกน้อง")


def test_only_the_school_records_and_changes_until_it_sends(teacher, neighbour, officer, director):
    for stranger in (neighbour, officer, director):
        with pytest.raises(OutOfScope):
            gcode_requests.record(AREA, SCHOOL, learner(), stranger)
    request = recorded(teacher)
    with pytest.raises(OutOfScope):
        gcode_requests.change(request, {"grade": "08"}, request.revision, neighbour)
    with pytest.raises(WrongState):
        gcode_requests.change(request, {"grade": "08"}, request.revision, officer, "แก้ให้")
    request = gcode_requests.change(request, {"grade": "08"}, request.revision, teacher)
    assert request.grade == "08"
    request = gcode_requests.step(request, "send", teacher)
    with pytest.raises(WrongState):
        gcode_requests.change(request, {"grade": "09"}, request.revision, teacher)


def test_two_who_change_one_request_do_not_overwrite_each_other(teacher):
    request = recorded(teacher, evidence=False)
    gcode_requests.change(request, {"grade": "08"}, request.revision, teacher)
    with pytest.raises(StaleRevision):
        gcode_requests.change(request, {"grade": "09"}, request.revision, teacher)
    assert GCodeRequest.objects.get().grade == "08"


def test_nothing_is_sent_without_required_fields_and_evidence(teacher):
    request = recorded(teacher, evidence=False, race=None, mother_first_name=None)
    with pytest.raises(Invalid) as refused:
        gcode_requests.step(request, "send", teacher)
    assert refused.value.errors[0].keys() == {"race", "guardian_first_name", "evidence"}
    assert "แบบนักเรียนติด G" in refused.value.errors[0]["evidence"]


def test_a_change_after_the_check_goes_back_to_checking(teacher, officer):
    request = checked(teacher, officer)
    with pytest.raises(Invalid):
        gcode_requests.change(request, {"grade": "08"}, request.revision, officer)
    request = gcode_requests.change(request, {"grade": "08"}, request.revision, officer, "ตามใบสมัคร")
    assert (request.state, request.checked_by, request.grade) == ("checking", None, "08")
    assert (request.moves[-1]["name"], request.moves[-1]["reason"]) == ("change", "ตามใบสมัคร")
    assert list(verifying.verify()) == []


def test_evidence_taken_out_after_the_check_goes_back_and_stops_the_next_check(teacher, officer):
    request = checked(teacher, officer)
    first = request.evidence[0]
    request = gcode_evidence.detach(request, first["id"], officer, "ภาพไม่ชัด")
    assert request.state == "checking"
    assert evidence.still_there([first["id"]]) == {}
    with pytest.raises(Invalid) as refused:
        gcode_requests.step(request, "check", officer)
    assert refused.value.errors[0].keys() == {"evidence"}


def test_evidence_whose_file_was_deleted_behind_the_request_counts_as_missing(teacher, officer):
    request = sent(teacher)
    evidence.drop(request.evidence[1]["id"])
    request = gcode_requests.step(request, "take", officer)
    with pytest.raises(Invalid) as refused:
        gcode_requests.step(request, "check", officer)
    assert "หนังสือเดินทาง" in refused.value.errors[0]["evidence"]
    with pytest.raises(WrongState):
        gcode_evidence.read(request, request.evidence[1]["id"], officer)


@pytest.mark.parametrize(
    "content", [b"", b"<html>%PDF-</html>", b"<svg onload=alert(1)>", b"MZ\x90\x00", b"%PDF-1.4 no end"]
)
def test_evidence_that_lies_about_its_type_is_refused(content, teacher):
    request = recorded(teacher, evidence=False)
    with pytest.raises(Invalid) as refused:
        gcode_evidence.attach(request, "form", content, teacher)
    assert refused.value.errors[0].keys() == {"evidence"}
    assert GCodeRequest.objects.get().evidence == []


def test_who_recorded_does_not_check_though_he_is_an_officer_too(teacher, officer):
    request = sent(teacher)
    teacher.grants.append(officer.grants[0])
    with pytest.raises(NotAllowed):
        gcode_requests.step(request, "take", teacher)
    assert [step.name for step in steps_for(request, teacher)] == ["return", "withdraw"]


def test_two_at_once_of_one_step_are_told_apart(teacher, officer):
    request = sent(teacher)
    gcode_requests.step(request, "take", officer)
    with pytest.raises(WrongState):
        gcode_requests.step(request, "take", officer)


def test_the_district_says_what_evidence_is_required(teacher, officer):
    with pytest.raises(NotAllowed):
        gcode_evidence.set_required(AREA, [], teacher)
    gcode_evidence.set_required(AREA, ["form"], officer)
    request = recorded(teacher)
    assert [row["kind"] for row in request.evidence] == ["form"]
    assert gcode_requests.step(request, "send", teacher).state == "sent"


def test_each_sees_the_requests_of_his_own_alone(
    teacher, neighbour, director, officer, executive, administrator
):
    request = recorded(teacher, evidence=False)
    for who in (teacher, director, officer):
        assert gcode.get_request(who, str(request.id)) == request
    for who in (neighbour, executive, administrator):
        with pytest.raises(OutOfScope):
            gcode.get_request(who, str(request.id))
    with pytest.raises(OutOfScope):
        gcode_evidence.read(request, ObjectId(), teacher)


def test_the_age_of_a_case_counts_from_its_first_sending(teacher, officer):
    request = sent(teacher)
    clock.configure("2025-06-20T09:00:00+07:00")
    request = gcode_requests.step(request, "return", officer, "รูปไม่ชัด")
    request = gcode_requests.step(request, "send", teacher)
    assert gcode_requests.waiting_days(request.sent_at) == 15
    assert gcode_evidence.read(request, request.evidence[0]["id"], officer) == (PDF, "application/pdf")


# ---- certifying: what must never pass (abuse case 17), and two at once ----


@pytest.fixture
def issuing(officer):
    gcode_numbers.set_mode(AREA, gcode_numbers.ISSUED, officer, "ระบบกระทรวงปิดปรับปรุง")


def test_an_attachment_deleted_after_the_check_stops_the_certifier(teacher, officer, approver, issuing):
    request = checked(teacher, officer)
    evidence.drop(request.evidence[0]["id"])
    with pytest.raises(Invalid) as refused:
        certify(Chosen(request, request.revision), approver)
    assert "แบบนักเรียนติด G" in refused.value.errors[0]["evidence"]


def test_one_child_under_two_spellings_is_not_certified_unseen(
    teacher, neighbour, officer, approver, issuing
):
    first = checked(teacher, officer, first_name="มะลิวัลย์", last_name="พงศ์สุข")
    again = recorded(neighbour, OTHER, first_name="มะลิวัลย์", last_name="พงษ์สุข")
    with pytest.raises(WrongState) as refused:
        certify(Chosen(first, first.revision), approver)
    assert "ตรวจสอบใหม่" in str(refused.value)
    again = gcode_requests.step(gcode_requests.step(again, "send", neighbour), "take", officer)
    with pytest.raises(Invalid) as unsaid:
        gcode_requests.step(again, "check", officer)
    assert unsaid.value.errors[0].keys() == {"told_apart"}


def test_a_child_found_to_be_born_in_thailand_is_not_certified(teacher, officer, approver, issuing, database):
    request = checked(teacher, officer)
    database.gcode_requests.update_one({"_id": request.id}, {"$set": {"birth_country": "TH"}})
    request = GCodeRequest.objects.get()
    with pytest.raises(Invalid) as refused:
        certify(Chosen(request, request.revision), approver)
    assert "สูติบัตร" in refused.value.errors[0]["birth_country"]


def test_who_recorded_or_checked_never_certifies_by_whatever_way(teacher, officer, approver, issuing):
    request = checked(teacher, officer)
    for who in (teacher, officer):
        who.grants += [*approver.grants, Grant(role="director", area_code=AREA, school_codes=[SCHOOL])]
        with pytest.raises(NotAllowed):
            certify(Chosen(request, request.revision), who)
        (result,) = certify_each([Chosen(request, request.revision)], who)
        assert isinstance(result.refusal, NotAllowed)
        assert "certify" not in [step.name for step in steps_for(request, who)]
    assert GCodeRequest.objects.get().state == "checked"


def test_of_two_who_certify_at_once_one_loses_with_a_sentence(teacher, officer, approver, issuing):
    request = checked(teacher, officer)
    both = [approver, person("second", "approver")]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda who: certify_each([Chosen(request, request.revision)], who)[0], both))
    refusals = [result.refusal for result in results if result.refusal]
    assert len(refusals) == 1
    assert isinstance(refusals[0], WrongState)
    stored = GCodeRequest.objects.get()
    assert [row["name"] for row in stored.moves].count("certify") == 1
    assert gcode_numbers.next_code(AREA, 2568).endswith("00002")
