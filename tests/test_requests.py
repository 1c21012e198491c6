"""Requests of schools through the pages: asked, forwarded, granted; what changed; and who is turned away."""

import datetime as dt
import io

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from documents import clock
from documents.collecting.locking import lock_round
from documents.collecting.reopening import ReopenRequest, ask_reopening, grant
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.renumbering import former_ids
from documents.dmc.students import Student
from documents.people.users import Grant
from documents.records.cases import advance
from documents.records.warrants import Granted, Warrant
from documents.records.writing import Change, write
from documents.trail import history, verifying
from tests.browsing import PHONE
from tests.districts import LOADER, bring
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, person, place

WHY = "พิมพ์ชื่อผิด"
NAMES = ("กานดา", "ขวัญใจ", "คมสัน")


def here(school=SCHOOL):
    return find_submission("DMC", place(school))


@pytest.fixture
def pupils(open_round, approver):
    """Three complete pupils in the locked first school, one in the other; their ids."""
    new = [Change(Student, place(), complete(Student, first_name=name)) for name in NAMES]
    new.append(Change(Student, place(OTHER), complete(Student, first_name="งาม")))
    ids = [one.id for one in write(new, LOADER)]
    bring(here(), "confirm", "certify", "verify")
    lock_round(open_round, approver, "ไม่รายงาน")
    return ids


@pytest.fixture
def opened(pupils, teacher, officer, approver):
    """The school open again for its first pupil alone, until 20 June."""
    request = advance(ask_reopening(here(), teacher, WHY, pupils[:1]), "forward", officer, "เห็นควร")
    grant(request, approver, dt.datetime(2025, 6, 20, 16, tzinfo=clock.BANGKOK))
    return pupils


def step(name, request, **form):
    return "/admin/reopening/step/", {"kind": "reopen", "id": str(request.id), "step": name} | form


def test_a_school_names_records_and_everybody_does_his_part(pupils, teacher, officer, approver, sign_in):
    school, district, above = sign_in(teacher), sign_in(officer), sign_in(approver)
    id_ = str(here().id)
    assert "ขอเปิดคืนให้แก้ไข" in school.get(f"/admin/submissions/details/?id={id_}").text
    found = school.send("/admin/reopening/ask/", {"id": id_, "scope": "named", "q": "กานดา", "find": "1"})
    assert str(pupils[0]) in found.text
    assert str(pupils[1]) not in found.text
    none = school.send("/admin/reopening/ask/", {"id": id_, "scope": "named", "reason": WHY})
    assert none.status_code == 422
    asked = {"id": id_, "scope": "named", "reason": WHY, "records": [str(pupils[0]), str(pupils[1])]}
    assert school.send("/admin/reopening/ask/", asked).status_code == 303
    assert school.send("/admin/reopening/ask/", asked).status_code == 409
    request = ReopenRequest.objects.get()
    assert "พิจารณาคำขอเปิดคืน 1 โรงเรียน" in district.get("/admin/").text
    assert WHY in district.get("/admin/control-room/").text
    assert district.send(*step("forward", request)).status_code == 422
    assert district.send(*step("forward", request, reason="เห็นควร")).status_code == 303
    assert district.send(*step("grant", request, until="20/06/2568")).status_code == 403
    assert "คำขอเปิดคืนที่เขตเห็นควร 1" in above.get("/admin/").text
    for until in ("", "01/06/2568", "20/06/2573", "ไม่ใช่วัน"):
        assert (
            above.send(
                *step("grant", request, until=until, scope="named", records=str(pupils[0]))
            ).status_code
            == 422
        )
    wrong = step("grant", request, until="20/06/2568", scope="named", records=str(pupils[3]))
    assert above.send(*wrong).status_code == 422
    right = step("grant", request, until="20/06/2568", scope="named", records=str(pupils[0]))
    assert above.send(*right).status_code == 303
    assert above.send(*right).status_code == 409
    assert (here().version, here().named_records) == (2, [pupils[0]])
    assert "เปิดคืนให้แก้ไข" in school.get("/admin/").text
    assert list(verifying.verify()) == []


def test_strangers_ask_and_decide_nothing(pupils, teacher, neighbour, executive, sign_in):
    request = ask_reopening(here(), teacher, WHY)
    far = person("far", "approver", area="34020000")
    off = person("off", "approver")
    suspended, moved = sign_in(off), sign_in(teacher)
    collection(type(off)).update_one({"_id": off.id}, {"$set": {"active": False}})
    teacher.grants = [Grant(role="school", area_code=AREA, school_codes=[OTHER])]
    teacher.save()
    before = here().moves
    for browser in (sign_in(neighbour), sign_in(far), sign_in(executive), suspended, moved):
        for path, form in (
            step("withdraw", request), step("grant", request, until="20/06/2568"),
            ("/admin/reopening/ask/", {"id": str(here().id), "reason": WHY}),
            ("/admin/submissions/time/", {"id": str(here().id), "reason": WHY, "whom": "school"}),
            ("/admin/submissions/back/", {"id": str(here().id), "reason": WHY}),
        ):  # fmt: skip
            assert browser.send(path, form).status_code in (302, 401, 403), path
        assert browser.get(f"/admin/reopening/details/?kind=reopen&id={request.id}").status_code in (302, 403)
        assert browser.get(f"/admin/changes/?id={here().id}").status_code in (302, 403)
    assert (here().moves, ReopenRequest.objects.get().state) == (before, "asked")


def test_no_path_reaches_a_record_that_was_not_named(opened, teacher, sign_in):
    browser, other = sign_in(teacher), str(opened[1])
    row = Student.objects.get(id=opened[1])
    whole = {"reason": WHY, "school": SCHOOL}
    form = {"first_name": "อื่น", "revision": row.revision, **whole}
    browser.send(f"/admin/students/edit/?id={other}", form)
    cell = {"pk": other, "name": "room", "value": "9", "revision": row.revision, **whole}
    assert browser.send("/admin/students/ajax/update/", cell).status_code >= 400
    browser.send("/admin/students/action/", {"action": "review", "rowid": other, **whole})
    browser.send("/admin/students/action/", {"action": "delete", "rowid": other, **whole})
    browser.send("/admin/students/delete/", {"id": other, "revision": row.revision, **whole})
    browser.send("/admin/students/new/", {"first_name": "ใหม่", **whole})
    stored = collection(Student).find_one({"_id": opened[1]})
    assert (stored["revision"], stored["first_name"]) == (row.revision, NAMES[1])
    assert collection(Student).count_documents({"school_code": SCHOOL}) == len(NAMES)
    mine = cell | {"pk": str(opened[0]), "revision": Student.objects.get(id=opened[0]).revision}
    assert browser.send("/admin/students/ajax/update/", mine).status_code == 200


def test_what_changed_is_told_by_class_on_page_and_sheet(opened, teacher, officer, executive, sign_in):
    one = Student.objects.get(id=opened[0])
    number = one.person_id
    values = {"first_name": "กานต์", "religion": "001" if one.religion != "001" else "002"}
    write([Change(Student, one.place, values, id=one.id, revision=one.revision)], teacher, "ตามสูติบัตร")
    address = f"/admin/changes/?id={here().id}"
    page = sign_in(officer).get(address).text
    for there in ("กานดา", "กานต์", "ตามสูติบัตร", teacher.name, "ไม่แสดงค่าข้อมูลอ่อนไหว 1 ช่อง"):
        assert there in page, there
    assert number not in page
    browser = sign_in(teacher)
    assert "ไม่แสดงค่าข้อมูลอ่อนไหว" not in browser.get(address + "&sensitive=1").text
    assert collection(history.AuditEvent).count_documents({"action": "view_sensitive"}) == 1
    answer = browser.get(address.replace("/?", "/xlsx/?"))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert any("กานดา" in row and "กานต์" in row for row in rows)
    assert number not in str(rows)
    assert sign_in(executive).get(address).status_code == 403


def test_a_lapsed_reopening_is_seen_and_taken_back_by_a_press(opened, teacher, officer, approver, sign_in):
    before = here().versions[0]["digest"]
    one = Student.objects.get(id=opened[0])
    write([Change(Student, one.place, {"first_name": "กานต์"}, id=one.id, revision=one.revision)], teacher)
    number = {"person_id": complete(Student)["person_id"]}
    granted = {
        one.id: Granted(one.place, frozenset(number), beside={"former_ids": former_ids(one.to_mongo())})
    }
    warrant = Warrant("district", granted, along=lambda: None)  # as the decision of a change of number gives
    write([Change(Student, one.place, number, id=one.id, revision=2)], officer, "สูติบัตร", warrant=warrant)
    clock.configure("2025-06-21T09:00:00+07:00")
    assert "หมดเวลาเปิดคืน" in sign_in(teacher).get("/admin/").text
    assert "หมดเวลาเปิดคืน" in sign_in(officer).get("/admin/control-room/").text
    browser = sign_in(approver)
    assert "หมดเวลาเปิดคืน" in browser.get("/admin/").text
    page = browser.get(f"/admin/submissions/details/?id={here().id}").text
    assert "ยกเลิกการเปิดคืน" in page
    assert browser.send("/admin/submissions/back/", {"id": str(here().id), "reason": ""}).status_code == 422
    assert (
        browser.send("/admin/submissions/back/", {"id": str(here().id), "reason": "หมดเวลา"}).status_code
        == 303
    )
    assert (here().state, here().digest, Student.objects.get(id=opened[0]).first_name) == (
        "locked",
        before,
        "กานดา",
    )


def test_a_posted_reopen_is_no_move_of_the_page(pupils, approver, sign_in):
    form = {"id": str(here().id), "move": "reopen", "reason": "ลัด", "until": "20/06/2568"}
    assert sign_in(approver).send("/admin/submissions/move/", form).status_code == 403
    assert here().version == 1


def test_a_hold_is_talked_about_on_the_page(open_round, teacher, officer, sign_in):
    school, district, id_ = sign_in(teacher), sign_in(officer), str(here().id)
    page = f"/admin/submissions/details/?id={id_}"
    district.send("/admin/submissions/hold/", {"id": id_, "reason": "สงสัยนักเรียนซ้ำ"})
    shown = school.get(page).text
    assert "สงสัยนักเรียนซ้ำ" in shown
    assert officer.name in shown
    assert "ยืนยันว่าไม่มีข้อมูล" not in shown
    aside = {"id": id_, "aside": "answer", "reason": "ย้ายมาแล้ว <b>จริง</b>"}
    assert school.send("/admin/submissions/aside/", aside).status_code == 303
    assert "ชี้แจงเรื่องที่พักไว้แล้ว" in district.get("/admin/").text
    assert "ย้ายมาแล้ว &lt;b&gt;จริง" in district.get(page).text
    assert school.send("/admin/submissions/aside/", aside | {"aside": "keep"}).status_code == 403
    assert district.send("/admin/submissions/lift/", {"id": id_}).status_code == 303
    assert "ยืนยันว่าไม่มีข้อมูล" in school.get(page).text


def test_in_a_browser_a_name_is_found_asked_for_forwarded_and_granted(
    pupils, teacher, officer, approver, window
):
    school = window(teacher)
    school.page.goto(f"{school.base}/admin/submissions/details/?id={here().id}")
    school.page.get_by_role("link", name="ขอเปิดคืนให้แก้ไข").click()
    school.page.get_by_label("เหตุผลที่ต้องแก้ไข").fill(WHY)
    school.page.get_by_label("เฉพาะรายการที่เลือก").check()
    school.page.get_by_text("เลือกรายการที่จะแก้", exact=True).click()
    school.page.get_by_placeholder("ค้นหาชื่อ").fill("กานดา")
    school.press("ค้นหา")
    school.page.locator(f"input[value='{pupils[0]}']").check()
    expect(school.page.get_by_label("เหตุผลที่ต้องแก้ไข")).to_have_value(WHY)
    school.shot("requests-ask")
    school.press("ส่งคำขอ")
    request = ReopenRequest.objects.get()
    assert request.records == [pupils[0]]
    address = f"/admin/reopening/details/?kind=reopen&id={request.id}"
    district = window(officer, size=PHONE)
    district.go(address)
    district.page.get_by_label("ความเห็นของเขต").fill("เห็นควร")
    district.press("เห็นควรเปิดคืน ส่งผู้รับรอง")
    above = window(approver, dark=True)
    above.go(address)
    above.page.get_by_label("ให้แก้ไขได้ถึง").fill("20/06/2568")
    above.shot("requests-grant")
    above.press("อนุมัติเปิดคืน")
    assert (here().state, here().named_records) == ("returned", [pupils[0]])
    school.go(f"/admin/changes/?id={here().id}")
