"""G-codes: their form, one for one learner, and the area's own sequence taken by twenty at once."""

import datetime as dt
import threading

import pytest
from bson import ObjectId

from documents.background import job_access, job_runs, jobs
from documents.clock import midnight
from documents.database import collection
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.gcode import gcode_certifying, gcode_numbers
from documents.gcode.gcode import GCodeRequest, keys_of
from documents.gcode.gcode_certifying import Chosen
from documents.gcode.gcode_numbers import (
    ISSUED,
    GCodeSequence,
    doubts,
    doubts_of,
    erase,
    mode_of,
    record,
    set_mode,
)
from tests.certified import certified, certify
from tests.learners import checked, sent
from tests.people import AREA, person

CODE, OTHER_CODE = "G683400000001", "G683400000002"
AT_ONCE = 20
NAMES = ("มานี", "ปิติ", "ชูใจ", "สมคิด", "เพชร", "วีระ", "ดวงแก้ว", "จันทร")


@pytest.fixture
def issuing(officer):
    """The area issues codes from its own sequence."""
    set_mode(AREA, ISSUED, officer, "ระบบของกระทรวงปิดปรับปรุง")


@pytest.mark.parametrize(
    "wrong",
    ["", "683400000001", "G68340000000", "G6834000000011", "H683400000001", "1.34E+12", "G68340000000ก"],
)
def test_a_code_of_the_wrong_form_is_refused(wrong):
    with pytest.raises(Invalid) as refused:
        gcode_numbers.clean_code(wrong)
    assert set(refused.value.errors[0]) == {"code"}


@pytest.mark.parametrize("typed", ["G683400000001", "g683400000001", " G68 34 0000 0001", "G๖๘๓๔๐๐๐๐๐๐๐๑"])
def test_a_code_is_stored_as_one_form_however_it_was_typed(typed):
    assert gcode_numbers.clean_code(typed) == CODE


def test_a_code_is_typed_twice_and_stands_for_one_learner_only(teacher, officer, approver):
    first, second = sent(teacher), sent(teacher, first_name="ปอ")
    with pytest.raises(Invalid) as refused:
        record(first, CODE, OTHER_CODE, officer)
    assert set(refused.value.errors[0]) == {"again"}
    with pytest.raises(OutOfScope):
        record(first, CODE, CODE, teacher)
    first = record(first, CODE, CODE.lower(), officer)
    assert (first.code, first.code_kind, first.state, first.code_at) == (CODE, "ministry", "sent", None)
    with pytest.raises(DuplicateKey, match=r"2568-0001"):
        record(second, CODE, CODE, officer)
    with pytest.raises(DuplicateKey, match="มีได้รหัสเดียว"):
        record(first, OTHER_CODE, OTHER_CODE, officer)
    assert GCodeRequest.objects(search_key__contains=thai.search_key(CODE)).count() == 1, "found by it"
    first = erase(first, officer, "พิมพ์ผิดคน")
    assert not GCodeRequest.objects(search_key__contains=thai.search_key(CODE))
    assert record(second, CODE, CODE, officer).code == CODE
    assert first.code is None


def test_a_code_is_never_given_again_even_when_it_was_cancelled(teacher, officer, approver, database):
    done = certified(teacher, officer, approver, CODE)
    database.gcode_requests.update_one({"_id": done.id}, {"$set": {"state": "cancelled"}})
    with pytest.raises(DuplicateKey, match="ไม่ใช้ซ้ำ"):
        certify(checked(teacher, officer, first_name="ปอ"), approver, CODE)


def test_what_was_written_down_for_one_who_was_never_certified_is_free_again(
    teacher, officer, approver, database
):
    refused = record(sent(teacher), CODE, CODE, officer)
    database.gcode_requests.update_one({"_id": refused.id}, {"$set": {"state": "refused"}})
    done = certify(checked(teacher, officer, first_name="ปอ"), approver, CODE)
    assert done.code == CODE
    assert GCodeRequest.objects.get(id=refused.id).code is None


def test_without_a_code_of_the_ministry_nobody_is_certified_where_the_area_records_them(
    teacher, officer, approver
):
    request = checked(teacher, officer)
    with pytest.raises(Invalid, match="ก่อนรับรอง"):
        certify(request, approver)
    request = record(request, CODE, CODE, officer)
    assert request.state == "checked"
    done = certify(request, approver)
    assert (done.code, done.code_kind, done.state) == (CODE, "ministry", "certified")
    with pytest.raises(WrongState):
        record(done, OTHER_CODE, OTHER_CODE, officer)


def test_a_code_of_another_year_or_province_is_doubted(teacher, officer, approver):
    assert list(doubts(CODE, 2568, "34")) == []
    assert len(list(doubts("G674200000001", 2568, "34"))) == 2
    done = certified(teacher, officer, approver, "G673400000001")
    assert ["ปี 67" in said for said in doubts_of(done)] == [True]
    assert doubts_of(checked(teacher, officer, first_name="ปอ"), CODE) == []


def test_only_the_district_says_how_codes_come_about(teacher, officer, approver):
    assert mode_of(AREA) == "recorded"
    for who in (teacher, approver):
        with pytest.raises(NotAllowed):
            set_mode(AREA, ISSUED, who, "ลอง")
    with pytest.raises(Invalid, match="เหตุผล"):
        set_mode(AREA, ISSUED, officer, " ")
    set_mode(AREA, ISSUED, officer, "ระบบกระทรวงปิด")
    assert mode_of(AREA) == ISSUED


def test_an_issued_code_is_temporary_and_met_by_no_other(issuing, teacher, officer, approver, database):
    done = certified(teacher, officer, approver, None)
    assert (done.code, done.code_kind) == ("G683490100001", "temporary")
    assert doubts_of(done) == []
    assert gcode_numbers.temporary_codes(AREA) == {done.code}
    database.gcode_sequences.update_one({}, {"$set": {"last": gcode_numbers.LAST}})
    with pytest.raises(WrongState, match="หมดแล้ว"):
        certified(teacher, officer, approver, None, first_name="ปอ")
    assert database.gcode_sequences.find_one()["last"] == gcode_numbers.LAST


class GivenUp(Exception):
    """A certification that fails after its number was taken."""


def certify_at_once(requests, approver):
    """Certify requests as the approver's page does, from as many threads. Gives [code or fault]."""
    found, ready = [None] * len(requests), threading.Barrier(len(requests))

    def one(at, request):
        ready.wait()
        try:
            found[at] = gcode_certifying.certify(Chosen(request, request.revision), approver).code
        except Exception as fault:  # whichever: the test says what is expected
            found[at] = fault

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture
def given_up(monkeypatch):
    """Has the certification of these requests fail in its transaction, after the number was taken."""
    real, fails = gcode_certifying.learner_key, set()

    def learner_key(request):
        if request.id in fails:
            raise GivenUp
        return real(request)

    monkeypatch.setattr(gcode_certifying, "learner_key", learner_key)
    return lambda requests: fails.update(one.id for one in requests)


@pytest.fixture
def waiting(issuing, approver, teacher, officer, database):
    """Twenty checked requests of learners whom nobody takes for one: one made as people do, the others like it."""
    row = checked(teacher, officer).to_mongo().to_dict()
    database.gcode_requests.delete_many({})
    for at in range(AT_ONCE):
        row |= {"_id": ObjectId(), "request_seq": at + 1, "request_no": f"2568-{at + 1:04d}"}
        row |= {
            "first_name": NAMES[at % 8],
            "last_name": NAMES[-at // 3 % 8],
            "mother_first_name": NAMES[at // 2 % 8],
        }
        row |= {
            "birth_date": midnight(dt.date(2012 + at % 8, at % 12 + 1, 26 - at)),
            "told_apart": None,
            "known_likely": [],
        }
        database.gcode_requests.insert_one(row | keys_of(row))
    return list(GCodeRequest.objects)


def again(database, requests):
    """As before the certifications; gives the requests anew."""
    database.gcode_requests.delete_many({})
    database.gcode_requests.insert_many(one.to_mongo().to_dict() for one in requests)
    database.gcode_sequences.delete_many({})
    return list(GCodeRequest.objects)


def consecutive(many):
    return [f"G6834901{number:05d}" for number in range(1, many + 1)]


def test_twenty_at_once_are_given_twenty_consecutive_codes(waiting, approver, database, times):
    for _ in range(times(3, 50)):
        codes = certify_at_once(waiting, approver)
        assert sorted(codes) == consecutive(AT_ONCE)
        stored = list(GCodeRequest.objects)
        assert sorted(one.code for one in stored) == consecutive(AT_ONCE)
        assert {(one.state, one.moves[-1]["by"]) for one in stored} == {("certified", approver.id)}
        waiting = again(database, waiting)


def test_those_given_up_leave_no_gap(waiting, approver, given_up):
    given_up(waiting[::3])
    found = certify_at_once(waiting, approver)
    codes = [one for one in found if isinstance(one, str)]
    assert [type(one) for one in found if not isinstance(one, str)] == [GivenUp] * 7
    assert sorted(codes) == consecutive(AT_ONCE - 7)


def apart(take):
    """`take` by a thread of its own, that is outside of the transaction."""

    def taken(area_code, year):
        found = []
        thread = threading.Thread(target=lambda: found.append(take({"area_code": area_code, "year": year})))
        thread.start()
        thread.join()
        return found[0]

    return taken


def read_then_written(asked):
    row = collection(GCodeSequence).find_one(asked)
    number = (row or {"last": 0})["last"] + 1
    meeting.wait(0.3)
    collection(GCodeSequence).update_one(asked, {"$set": {"last": number}}, upsert=True)
    return number


def counted_up(asked):
    collection(GCodeSequence).update_one(asked, {"$inc": {"last": 1}}, upsert=True)
    return collection(GCodeSequence).find_one(asked)["last"]


meeting = threading.Event()  # never set: the moment in which others read the same


def test_read_and_written_apart_the_sequence_repeats(waiting, approver, monkeypatch, database):
    monkeypatch.setattr(gcode_numbers, "taken", apart(read_then_written))
    database.gcode_requests.drop_index("code")
    try:
        assert len(set(certify_at_once(waiting[:4], approver))) < 4
    finally:
        database.gcode_requests.delete_many({})
        GCodeRequest.ensure_indexes()


def test_counted_up_outside_the_transaction_the_sequence_skips(waiting, approver, monkeypatch, given_up):
    given_up([waiting[0]])
    with monkeypatch.context() as patched:
        patched.setattr(gcode_numbers, "taken", apart(counted_up))
        certify_at_once(waiting[:1], approver)
        assert certify_at_once(waiting[1:2], approver) != consecutive(1)
    collection(GCodeSequence).delete_many({})
    certify_at_once(waiting[:1], approver)
    assert certify_at_once(waiting[2:3], approver) == consecutive(1)


def certifying(requests, actor):
    """The job that certifies these, not run yet."""
    chosen = [[str(one.id), one.revision] for one in requests]
    return jobs.ask("gcode_certify", actor, AREA, arguments={"chosen": chosen})


def test_a_job_stopped_half_way_goes_on_and_two_at_once_give_each_learner_one_number(
    waiting, approver, monkeypatch
):
    monkeypatch.setattr(jobs, "_queue", None)
    monkeypatch.setattr(job_runs, "WRITTEN_EVERY", 0)
    different = waiting[:8]
    job, real = certifying(different, approver), job_runs._Run.at

    def at(self, done):
        if done == 3:
            job_access.cancel(jobs.Job.objects.get(id=job.id), approver)
        real(self, done)

    with monkeypatch.context() as patched:
        patched.setattr(job_runs._Run, "at", at)
        assert job_runs.run(job.id) == "cancelled"
    said = jobs.Job.objects.get(id=job.id).result["summary"]
    assert said == ["ทำไปแล้ว 3 จาก 8 ราย อีก 5 รายยังไม่ได้ทำ สั่งอีกครั้งเพื่อทำต่อได้"]
    both = [certifying(different, approver), certifying(different[::-1], approver)]
    threads = [threading.Thread(target=job_runs.run, args=(one.id,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = list(GCodeRequest.objects(id__in=[one.id for one in different]))
    assert sorted(one.code for one in stored) == consecutive(8)
    assert {one.state for one in stored} == {"certified"}
    assert GCodeSequence.objects.get().last == 8


def test_a_job_certifies_nothing_for_one_who_may_not_or_no_longer_may(waiting, officer, monkeypatch):
    monkeypatch.setattr(jobs, "_queue", None)
    job = certifying(waiting[:2], officer)
    assert job_runs.run(job.id) == "done"
    result = jobs.Job.objects.get(id=job.id).result
    assert (result["summary"], result["refusals"]) == (["รับรองแล้ว 0 คำขอ"], 2)
    assert {one.state for one in GCodeRequest.objects} == {"checked"}


def test_a_stranger_of_another_area_takes_nothing_of_this_sequence(issuing, teacher, officer, approver):
    other = person("other_officer", "district", area="34020000")
    with pytest.raises(OutOfScope):
        record(sent(teacher), CODE, CODE, other)
