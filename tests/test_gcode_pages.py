"""Pages of G-code requests: search first, evidence in and out, queues, steps, certifying, settings, the paper."""

import io
import re

import pytest
from PIL import Image
from python_calamine import load_workbook

from documents.background import job_runs, jobs
from documents.database import collection
from documents.gcode import gcode_evidence, gcode_numbers, gcode_queues, gcode_requests
from documents.gcode.gcode import GCodeRequest
from documents.records import evidence
from documents.records.evidence import EvidenceFile
from documents.trail.history import AuditEvent
from tests.certified import certified
from tests.learners import PDF, checked, learner, recorded, sent
from tests.people import AREA, OTHER, SCHOOL, person
from views.records import lists_out


def fresh(request):
    return GCodeRequest.objects.get(id=request.id)


def run_again(job):
    """Run a job once more, as when its worker was lost at its very end; the stored job."""
    collection(jobs.Job).update_one({"_id": job.id}, {"$set": {"state": "waiting"}})
    job_runs.run(job.id)
    return jobs.Job.objects.get(id=job.id)


def rows_of(answer):
    """The rows of a workbook's first sheet."""
    return load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()


def jpeg():
    out = io.BytesIO()
    Image.new("RGB", (60, 80), "teal").save(out, "JPEG", comment=b"<script>alert(1)</script>")
    return out.getvalue()


def test_the_search_comes_first_and_keeps_what_was_typed(teacher, sign_in):
    browser = sign_in(teacher)
    assert 'name="race"' not in browser.get("/admin/gcode/new/").text
    found = browser.send("/admin/gcode/new/", {"school": SCHOOL, "do": "search", **learner()})
    assert found.status_code == 200
    assert "ไม่พบผู้เรียนที่อาจเป็นคนเดียวกัน" in found.text
    assert 'name="race"' in found.text
    assert 'value="แสงจันทร์"' in found.text
    made = browser.send("/admin/gcode/new/", {"school": SCHOOL, "do": "save", **learner()})
    assert made.status_code == 303
    assert GCodeRequest.objects.get().first_name == "ซอ"


def test_a_child_born_in_thailand_is_stopped_at_the_search(teacher, sign_in):
    answer = sign_in(teacher).send(
        "/admin/gcode/new/", {"school": SCHOOL, "do": "search", **learner(birth_country="TH")}
    )
    assert answer.status_code == 422
    assert "ให้ใช้เลขประจำตัว 13 หลักในสูติบัตร" in answer.text
    assert 'name="race"' not in answer.text


def test_of_another_schools_learner_the_name_of_the_school_and_the_fact_are_told(teacher, neighbour, sign_in):
    recorded(teacher, evidence=False)
    browser = sign_in(neighbour)
    typed = {"school": OTHER, **learner(native_name="")}
    answer = browser.send("/admin/gcode/new/", {**typed, "do": "search"})
    assert "ผู้เรียนของโรงเรียนอื่น" in answer.text
    assert "บ้านหนึ่ง" in answer.text
    assert str(GCodeRequest.objects.get().id) not in answer.text
    refused = browser.send("/admin/gcode/new/", {**typed, "do": "save"})
    assert refused.status_code == 422
    assert "ให้เขียนเหตุผลที่ยังขอรหัส G ใหม่" in refused.text
    saying = {**typed, "do": "save", "over_warning": "คนละคน"}
    assert browser.send("/admin/gcode/new/", saying).status_code == 422, "a word on nobody that was shown"
    saying["seen"] = re.search(r'name="seen" value="(\w+)"', refused.text)[1]
    assert browser.send("/admin/gcode/new/", saying).status_code == 303
    again = browser.send("/admin/gcode/new/", saying)
    assert (again.status_code, GCodeRequest.objects.count()) == (422, 2), (
        "sent twice, it is asked of the first too"
    )


def test_nobody_records_for_a_school_that_is_not_his(neighbour, officer, sign_in):
    for who in (neighbour, officer):
        answer = sign_in(who).send("/admin/gcode/new/", {"school": SCHOOL, "do": "save", **learner()})
        assert answer.status_code == 403
    assert not GCodeRequest.objects()


def test_evidence_goes_out_as_a_file_and_only_pictures_made_anew_are_looked_at(teacher, sign_in):
    request = recorded(teacher, evidence=False)
    browser = sign_in(teacher)
    for kind, content in (("form", jpeg()), ("passport", PDF)):
        sent_file = {"id": str(request.id), "kind": kind, "file": (io.BytesIO(content), "ลับ.pdf")}
        assert browser.send("/admin/gcode/evidence/attach/", sent_file).status_code == 303
    picture, paper = (str(row["id"]) for row in fresh(request).evidence)
    for piece, look, disposition in (
        (picture, "1", "inline"),
        (picture, "0", "attachment"),
        (paper, "1", "attachment"),
    ):
        answer = browser.get(f"/admin/gcode/evidence/?id={request.id}&piece={piece}&look={look}")
        assert answer.headers["Content-Disposition"].startswith(disposition)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src" in answer.headers["Content-Security-Policy"]
        assert b"<script>" not in answer.data
    assert AuditEvent.objects(action="evidence").count() == 3
    gone = {"id": str(request.id), "piece": paper}
    assert browser.send("/admin/gcode/evidence/remove/", gone).status_code == 303
    assert [row["kind"] for row in fresh(request).evidence] == ["form"]


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04", b"%PDF-1.4 but no end"])
def test_a_file_that_lies_is_refused_on_the_requests_own_page(content, teacher, sign_in):
    request = recorded(teacher, evidence=False)
    given = {"id": str(request.id), "kind": "form", "file": (io.BytesIO(content), "ok.pdf")}
    answer = sign_in(teacher).send("/admin/gcode/evidence/attach/", given)
    assert answer.status_code == 422
    assert "แนบหลักฐาน" in answer.text


def test_a_request_that_lacks_something_is_not_sent_and_says_what(teacher, sign_in):
    request = recorded(teacher, evidence=False, race=None)
    answer = sign_in(teacher).send(
        "/admin/gcode/step/", {"id": str(request.id), "step": "send", "revision": str(request.revision)}
    )
    assert answer.status_code == 422
    assert "เชื้อชาติ: กรุณากรอก" in answer.text
    assert "ยังขาดหลักฐานที่เขตกำหนด" in answer.text
    assert fresh(request).state == "draft"


def test_a_step_is_made_of_what_was_seen_alone(teacher, officer, neighbour, sign_in):
    request = gcode_requests.step(sent(teacher), "take", officer)
    browser, page = sign_in(officer), f"/admin/gcode/details/?id={request.id}"

    def check(**more):
        shown = {
            name: (re.search(f'name="{name}" value="(\\w+)"', browser.get(page).text) or ("", ""))[1]
            for name in ("revision", "seen")
        }
        return browser.send("/admin/gcode/step/", {"id": str(request.id), "step": "check", **shown, **more})

    gcode_requests.change(request, {"grade": "08"}, request.revision, officer, "ตามใบสมัคร")
    stale = check(revision=str(request.revision))
    assert (stale.status_code, "เปลี่ยนไปหลังจากที่ท่านเปิดดู" in stale.text) == (409, True)
    recorded(neighbour, OTHER, evidence=False)
    asked = check(told_apart="คนละคน", seen="")
    assert (asked.status_code, "คนละคน" in asked.text) == (422, True), "of one who came up since"
    assert fresh(request).state == "checking"
    assert check(told_apart="คนละคน").status_code == 303
    assert fresh(request).state == "checked"


def test_a_piece_that_is_sent_twice_is_attached_once(teacher, sign_in):
    request, browser = recorded(teacher, evidence=False), sign_in(teacher)
    for _ in range(2):
        file = {"id": str(request.id), "kind": "form", "file": (io.BytesIO(PDF), "form.pdf")}
        assert browser.send("/admin/gcode/evidence/attach/", file).status_code == 303
    assert len(fresh(request).evidence) == 1
    assert collection(EvidenceFile).count_documents({}) == 1
    evidence.drop(fresh(request).evidence[0]["id"])
    gcode_evidence.attach(fresh(request), "form", PDF, teacher)
    assert "form" not in gcode_evidence.lacking(fresh(request)), "one whose file was lost comes again"


def test_a_form_opened_before_another_saved_shows_both_and_stores_nothing(teacher, sign_in):
    request = recorded(teacher, evidence=False)
    gcode_requests.change(request, {"grade": "08"}, request.revision, teacher)
    form = {"id": str(request.id), "revision": str(request.revision), **learner(grade="09")}
    answer = sign_in(teacher).send(f"/admin/gcode/edit/?id={request.id}", form)
    assert answer.status_code == 409
    assert "data-conflict" in answer.text
    assert fresh(request).grade == "08"


def test_queues_list_filter_and_search(teacher, neighbour, officer, sign_in):
    sent(teacher)
    checked(teacher, officer, first_name="สอ", birth_date="01/02/2559")
    recorded(neighbour, OTHER, first_name="นาง", birth_date="02/02/2559", evidence=False)
    browser = sign_in(officer)

    def names(address):
        page = browser.get(f"/admin/gcode/{address}").text
        return [name for name in ("ซอ แสงจันทร์", "สอ แสงจันทร์", "นาง แสงจันทร์") if name in page]

    assert len(names("")) == 3
    assert names("?queue=check") == ["ซอ แสงจันทร์"]
    assert names("?queue=certify") == ["สอ แสงจันทร์"]
    assert names("?search=สอ") == ["สอ แสงจันทร์"]
    assert names("?flt0_0=draft") == ["นาง แสงจันทร์"]
    assert names(f"?flt0_1={OTHER}") == ["นาง แสงจันทร์"]
    assert len(names("?flt0_3=7")) == 2
    assert names("?flt0_3=more") == []
    assert names("?flt0_2=048") == []  # this officer has no mark for the sensitive class
    own = sign_in(neighbour).get("/admin/gcode/").text
    assert "นาง แสงจันทร์" in own
    assert "ซอ แสงจันทร์" not in own


def test_the_list_goes_out_as_a_workbook_as_it_is_narrowed(
    teacher, neighbour, officer, executive, sign_in, monkeypatch
):
    sent(teacher)
    coded = checked(teacher, officer, first_name="สอ", birth_date="01/02/2559")
    gcode_numbers.record(coded, "G680000000012", "G680000000012", officer, None)
    recorded(neighbour, OTHER, first_name="นาง", birth_date="02/02/2559", evidence=False)
    path = "/admin/gcode/export/xlsx/"

    def rows(who, query=""):
        return rows_of(sign_in(who).get(path + query))

    header, *requests = rows(officer)
    assert [row[0] for row in requests] == ["นาง แสงจันทร์", "สอ แสงจันทร์", "ซอ แสงจันทร์"]
    assert dict(zip(header, requests[1], strict=True)) == {
        "ชื่อ-สกุล": "สอ แสงจันทร์", "เลขที่คำขอ": fresh(coded).request_no, "รหัสโรงเรียน": SCHOOL, "โรงเรียน": "บ้านหนึ่ง",
        "ชั้น": "ป.4", "วันที่ขอ": fresh(coded).requested_on.date(), "หลักฐาน": "3/3", "อายุเรื่อง (วัน)": 0,
        "สถานะ": "ตรวจสอบแล้ว รอรับรอง", "รหัส G": "G6800xxxxx012", "ที่มาของรหัส": "ออกโดยระบบของกระทรวง",
    }  # fmt: skip
    assert [row[6:8] for row in requests] == [["0/3", ""], ["3/3", 0], ["3/3", 0]]
    for query in ("?queue=check", "?search=ซอ", f"?flt0_1={SCHOOL}&flt1_0=sent"):
        assert [row[0] for row in rows(officer, query)[1:]] == ["ซอ แสงจันทร์"], query
    assert [row[0] for row in rows(officer, "?sort=0")[1:]] == ["ซอ แสงจันทร์", "นาง แสงจันทร์", "สอ แสงจันทร์"]
    assert rows(officer, "?flt0_2=048")[1:] == [], "this officer has no mark for the sensitive class"
    assert [row[0] for row in rows(neighbour)[1:]] == ["นาง แสงจันทร์"]
    events = list(AuditEvent.objects(action="export", document="access"))
    assert [event.changes["rows"][1] for event in events] == [3, 1, 1, 1, 3, 0, 1]
    assert {event.changes["what"][1] for event in events} == {"gcode"}
    assert sign_in(executive).get(path).status_code == 403
    monkeypatch.setattr(lists_out, "MOST_ROWS", 1)
    grid = sign_in(officer).get(path + "?queue=check&search=&flt0_1=บ้าน")
    assert rows_of(grid)[1][0] == "ซอ แสงจันทร์"
    grid = sign_in(officer).get(path + f"?flt0_1={SCHOOL}", follow_redirects=True)
    assert "ส่งออกได้ครั้งละไม่เกิน 1 แถว (เลือกไว้ 2)" in grid.text
    assert "นาง แสงจันทร์" not in grid.text, "still narrowed"


def test_a_workbook_of_a_searched_number_is_only_whose_search_it_was(teacher, officer, approver, sign_in):
    coded = checked(teacher, officer)
    gcode_numbers.record(coded, "G680000000012", "G680000000012", officer, None)
    sent(teacher, first_name="สอ", birth_date="01/02/2559")
    browser, path = sign_in(officer), "/admin/gcode/export/xlsx/"
    grid = browser.get(path + "?search=G680000000012")
    assert (grid.status_code, "G680000000012" in grid.location) == (302, False)
    page = browser.get(grid.location).text
    href = re.search(rf'href="({path}[^"]*)"', page)[1].replace("&amp;", "&")
    assert [row[0] for row in rows_of(browser.get(href))[1:]] == ["ซอ แสงจันทร์"]
    assert sign_in(approver).get(href).status_code == 302
    assert AuditEvent.objects(action="export").count() == 1


def test_the_certifier_sees_whom_and_certifies_what_he_ticked(teacher, officer, approver, sign_in):
    gcode_numbers.set_mode(AREA, gcode_numbers.ISSUED, officer, "ระบบกระทรวงปิด")
    first = checked(teacher, officer)
    second = checked(teacher, officer, first_name="สอ", birth_date="01/02/2559")
    browser = sign_in(approver)
    chosen = browser.send(
        "/admin/gcode/action/", {"action": "certify", "rowid": [str(first.id), str(second.id)]}
    )
    assert chosen.status_code == 303
    page = browser.get(chosen.location).text
    assert "ซอ แสงจันทร์" in page
    assert "บ้านหนึ่ง" in page
    assert "ไม่มีสิทธิ์ดู" in page
    form = {"id": [str(first.id), str(second.id)], "ticked": [str(first.id)]}
    form |= {f"revision-{one.id}": str(one.revision) for one in (first, second)}
    assert browser.send("/admin/gcode/certify/", form).status_code == 303
    assert (fresh(first).state, fresh(second).state) == ("certified", "checked")
    assert (fresh(first).code_kind, fresh(first).certified_by) == ("temporary", approver.id)


def test_more_than_a_page_waits_for_are_certified_by_a_job_that_may_run_twice(
    teacher, officer, approver, sign_in, monkeypatch
):
    for module in ("views.gcode.gcode", "views.gcode.gcode_steps"):
        monkeypatch.setattr(f"{module}.MOST_AT_ONCE", 2)
    gcode_numbers.set_mode(AREA, gcode_numbers.ISSUED, officer, "ระบบกระทรวงปิด")
    names = ("ซอ", "สอ", "มอ", "ปอ")
    waiting = [
        checked(teacher, officer, first_name=name, birth_date=f"0{at}/02/2559")
        for at, name in enumerate(names, 1)
    ]
    recorded(teacher, first_name="รอ", evidence=False)
    browser = sign_in(approver)
    chosen = browser.send("/admin/gcode/action/?queue=certify", {"action": "certify", "all_matching": "1"})
    page = browser.get(chosen.location).text
    assert all(f"{name} แสงจันทร์" in page for name in names)
    assert "รอ แสงจันทร์" not in page
    assert page.count("checked>") == 0, "nobody is ticked unasked"
    assert browser.get(f"{chosen.location}&tick=1").text.count("checked>") == 4
    gcode_requests.change(waiting[0], {"grade": "08"}, waiting[0].revision, officer, "ตามใบสมัคร")
    form = {"id": [str(one.id) for one in waiting], "ticked": [str(one.id) for one in waiting]}
    form |= {f"revision-{one.id}": str(one.revision) for one in waiting}
    assert browser.send("/admin/gcode/certify/", form).status_code == 303
    job = jobs.Job.objects.get(kind="gcode_certify")
    assert (job.result["summary"], job.result["refusals"]) == (["รับรองแล้ว 3 คำขอ"], 1)
    assert job.result["refused"][0].startswith(f"คำขอเลขที่ {waiting[0].request_no}")
    codes = [fresh(one).code for one in waiting[1:]]
    assert [int(code[-5:]) for code in codes] == [1, 2, 3], "in the order they were chosen, none left out"
    again = run_again(job)
    assert (again.state, again.result["summary"][0]) == ("done", "รับรองแล้ว 3 คำขอ")
    assert [fresh(one).code for one in waiting[1:]] == codes
    assert gcode_numbers.GCodeSequence.objects.get().last == 3


def test_a_request_that_changed_since_it_was_shown_is_not_certified(teacher, officer, approver, sign_in):
    gcode_numbers.set_mode(AREA, gcode_numbers.ISSUED, officer, "ระบบกระทรวงปิด")
    seen = checked(teacher, officer)
    gcode_requests.change(seen, {"grade": "08"}, seen.revision, officer, "ตามใบสมัคร")
    again = gcode_requests.step(fresh(seen), "check", officer)
    form = {"id": str(seen.id), "ticked": str(seen.id), f"revision-{seen.id}": str(seen.revision)}
    answer = sign_in(approver).send("/admin/gcode/certify/", form)
    assert answer.status_code == 409
    assert "เปลี่ยนไปหลังจากที่ท่านเปิดดู" in answer.text
    assert fresh(again).state == "checked"


def test_the_ministrys_number_is_typed_twice_by_the_certifier(teacher, officer, approver, sign_in):
    request = checked(teacher, officer)
    browser = sign_in(approver)
    form = {"id": str(request.id), "ticked": str(request.id), f"revision-{request.id}": str(request.revision)}
    wrong = browser.send(
        "/admin/gcode/certify/",
        {**form, f"code-{request.id}": "G68340000000", f"again-{request.id}": "G68340000000"},
    )
    assert wrong.status_code == 422
    assert 'value="G68340000000"' in wrong.text
    code = {f"{name}-{request.id}": "G683400000001" for name in ("code", "again")}
    assert browser.send("/admin/gcode/certify/", {**form, **code}).status_code == 303
    assert fresh(request).code == "G683400000001"


def test_a_code_that_another_has_is_said_beside_it_and_another_may_be_typed(
    teacher, officer, approver, sign_in
):
    certified(teacher, officer, approver, "G683400000001", first_name="สอ", birth_date="01/02/2559")
    request, browser = checked(teacher, officer), sign_in(approver)
    form = {"id": str(request.id), "ticked": str(request.id), f"revision-{request.id}": str(request.revision)}
    taken = {f"{name}-{request.id}": "G683400000001" for name in ("code", "again")}
    page = browser.send("/admin/gcode/certify/", form | taken)
    assert (page.status_code, "ไม่ใช้ซ้ำ" in page.text) == (409, True)
    assert f'name="code-{request.id}" value="G683400000001"' in page.text
    other = {name: "G683400000002" for name in taken}
    assert browser.send("/admin/gcode/certify/", form | other).status_code == 303
    assert fresh(request).code == "G683400000002"


def test_a_typed_code_of_another_year_and_province_is_certified_only_when_said_to_be_right(
    teacher, officer, approver, sign_in
):
    request, browser, odd = checked(teacher, officer), sign_in(approver), "G674200000001"
    form = {"id": str(request.id), "ticked": str(request.id), f"revision-{request.id}": str(request.revision)}
    form |= {f"{name}-{request.id}": odd for name in ("code", "again")}
    doubted = browser.send("/admin/gcode/certify/", form)
    assert doubted.status_code == 422
    for said in ("รหัสขึ้นต้นด้วยปี 67", "เลขจังหวัด 42", f'name="sure-{request.id}" value="{odd}"'):
        assert said in doubted.text
    other = browser.send("/admin/gcode/certify/", form | {f"sure-{request.id}": "G674200000002"})
    assert (other.status_code, fresh(request).state) == (422, "checked")
    assert browser.send("/admin/gcode/certify/", form | {f"sure-{request.id}": odd}).status_code == 303
    assert fresh(request).code == odd


def test_a_draft_says_what_lacks_and_leads_there_and_then_to_sending(teacher, officer, sign_in):
    bare, whole = (
        recorded(teacher, evidence=False),
        recorded(teacher, first_name="สอ", birth_date="01/02/2559"),
    )
    first, second = (sign_in(teacher).get(f"/admin/gcode/details/?id={one.id}").text for one in (bare, whole))
    assert ("ก่อนส่ง ยังต้องแนบ" in first, 'href="#kind"' in first, 'href="#do"' in first) == (True, True, False)
    assert ("ก่อนส่ง" in second, 'href="#do"' in second, 'id="do"' in second) == (False, True, True)
    assert "ก่อนส่ง" not in sign_in(officer).get(f"/admin/gcode/details/?id={bare.id}").text


def test_who_checks_again_finds_his_words_on_whom_he_told_apart_until_another_is_there(
    teacher, officer, sign_in
):
    sent(teacher)
    request = checked(teacher, officer)  # the same name and birth date
    gcode_requests.change(request, {"cur_house_no": "99"}, request.revision, officer, "ตามทะเบียน")
    browser, page = sign_in(officer), f"/admin/gcode/details/?id={request.id}"
    assert "คนละคน ตรวจจากรูปถ่ายแล้ว</textarea>" in browser.get(page).text
    recorded(teacher, evidence=False)
    assert "ตรวจจากรูปถ่ายแล้ว</textarea>" not in browser.get(page).text


def test_from_one_case_the_way_leads_to_the_next_that_waits_for_the_reader(
    teacher, officer, approver, sign_in, explains
):
    first, second = sent(teacher), sent(teacher, first_name="สอ", birth_date="01/02/2559")
    done = checked(teacher, officer, first_name="มอ", birth_date="09/11/2556")

    def following(who, request):
        page = sign_in(who).get(f"/admin/gcode/details/?id={request.id}").text
        found = re.search(r'href="/admin/gcode/details/\?id=([0-9a-f]{24})">เรื่องถัดไปในคิว', page)
        return found and found[1]

    assert [following(officer, one) for one in (first, second, done)] == [
        str(second.id), str(first.id), str(first.id)
    ]  # fmt: skip
    assert following(approver, first) == str(done.id)
    assert following(approver, done) is following(teacher, first) is None
    with explains() as questions:
        gcode_queues.next_of(officer, second)
    questions.check()


def test_an_officer_takes_several_up_at_once(teacher, officer, approver, sign_in):
    both = [sent(teacher), sent(teacher, first_name="สอ", birth_date="01/02/2559")]
    ids = [str(one.id) for one in both]
    assert sign_in(approver).send("/admin/gcode/action/", {"action": "take", "rowid": ids}).status_code == 403
    far = person("far", "district", area="34020000")
    assert sign_in(far).send("/admin/gcode/action/", {"action": "take", "rowid": ids}).status_code == 403
    assert {fresh(one).state for one in both} == {"sent"}
    sign_in(officer).send("/admin/gcode/action/", {"action": "take", "rowid": ids})
    assert {fresh(one).state for one in both} == {"checking"}


def test_more_than_a_page_waits_for_are_taken_up_by_a_job(teacher, officer, sign_in, monkeypatch):
    for module in ("views.gcode.gcode", "views.gcode.gcode_steps"):
        monkeypatch.setattr(f"{module}.MOST_AT_ONCE", 2)
    waiting = [
        sent(teacher, first_name=name, birth_date=f"0{at}/02/2559")
        for at, name in enumerate(("ซอ", "สอ", "มอ"), 1)
    ]
    own = sent(teacher, first_name="ปอ", birth_date="04/02/2559")
    # Another officer looks at what he recorded.
    GCodeRequest.objects(id=own.id).update(push__recorded_by=officer.id)
    browser = sign_in(officer)
    form = {"action": "take", "all_matching": "1"}
    assert browser.send("/admin/gcode/action/?queue=check", form).status_code == 303
    assert [fresh(one).state for one in (*waiting, own)] == ["checking"] * 3 + ["sent"]
    job = jobs.Job.objects.get(kind="gcode_take")
    assert (job.result["summary"], job.result["refusals"]) == (["รับไว้ตรวจสอบ 3 คำขอ"], 1)
    assert run_again(job).result["summary"] == job.result["summary"]


def test_the_district_says_which_evidence_is_required(officer, teacher, sign_in):
    assert sign_in(teacher).get("/admin/gcode/settings/").status_code == 403
    browser = sign_in(officer)
    assert (
        browser.send(
            "/admin/gcode/settings/", {"kinds": ["form", "birth"], "reason": "ประกาศเขต"}
        ).status_code
        == 303
    )
    assert gcode_evidence.required_kinds(AREA) == ["form", "birth"]


def test_the_paper_is_a_pdf_of_the_request_and_is_noted(teacher, officer, sign_in):
    request = recorded(teacher, evidence=False)
    answer = sign_in(teacher).get(f"/admin/gcode/form/?id={request.id}")
    assert answer.mimetype == "application/pdf"
    assert answer.data[:5] == b"%PDF-"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.get(action="export").changes["what"] == [None, "gcode_form"]


def test_a_masked_passport_is_opened_by_a_press_that_is_noted(teacher, officer, sign_in):
    request = recorded(teacher, evidence=False, mother_passport="MA123456")
    browser = sign_in(officer)
    assert "MA123456" not in browser.get(f"/admin/gcode/details/?id={request.id}").text
    shown = browser.send("/admin/gcode/reveal/", {"id": str(request.id), "name": "mother_passport"})
    assert shown.json == {"value": "MA123456"}
    assert AuditEvent.objects(action="reveal").count() == 1


def test_nationality_is_shown_to_officers_with_the_mark_alone(teacher, officer, sign_in):
    request = recorded(teacher, evidence=False)
    marked = person("marked", "district", sensitive=True)
    address = f"/admin/gcode/details/?id={request.id}"
    assert "พม่า" not in sign_in(officer).get(address).text
    assert "พม่า" in sign_in(marked).get(address).text
