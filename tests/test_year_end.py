"""The year's end: its menus over HTTP and on a phone, what the door refuses there, and the reconciliation of the year."""

import re
from collections import Counter

import pytest
from playwright.sync_api import expect

from documents import clock
from documents.collecting import locking
from documents.collecting.rounds import Round
from documents.database import collection
from documents.dmc import year_end
from documents.dmc.reporting import counted, terms_of
from documents.dmc.student_reports import BY_KEY
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.browsing import PHONE
from tests.people import OTHER, SCHOOL, place
from tests.pupils import pupil
from tests.report_world import *  # noqa: F403  fixtures of the world

PAGE = "/admin/year-end/"


@pytest.fixture
def classes(end_round, teacher, neighbour):
    """Two classes of the teacher's school, ป.5/1 and ป.6/1 of three pupils each, and one pupil of the other school."""
    rows = [
        pupil(grade=grade, room=1, student_no=f"{grade}{n}", first_name=f"กานต์{'กขค'[n]}")
        for grade in ("08", "09")
        for n in range(3)
    ]
    made = write([Change(Student, place(SCHOOL, "3"), row) for row in rows], teacher)
    write([Change(Student, place(OTHER, "3"), pupil(grade="09", room=1))], neighbour)
    return [one.id for one in made]


def form_of(page, **typed):
    """What the form on a page would post, with some values typed."""
    form = {"menu": "results", "school": SCHOOL}
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if not name or name[1] == "csrf_token":
            continue
        if 'type="radio"' in tag or 'type="checkbox"' in tag:
            if "checked" in tag:
                found.setdefault(name[1], []).append(value[1])
        else:
            found.setdefault(name[1], []).append(value[1] if value else "")
    return form | {name: values if len(values) > 1 else values[0] for name, values in found.items()} | typed


def stored(id_):
    return collection(Student).find_one({"_id": id_})


def test_a_class_passes_in_one_write_but_for_those_marked(classes, teacher, sign_in, database):
    browser = sign_in(teacher)
    page = browser.get(f"{PAGE}?grade=08&room=1").text
    before = database.submissions.find_one({"school_code": SCHOOL, "round": "3"})["writes"]
    fails = classes[1]
    typed = {f"result-{fails}": "repeat", f"reason-{fails}": ["1", "2"]}
    assert browser.send(f"{PAGE}save/", form_of(page, **typed)).status_code == 303
    assert [stored(id_).get("year_result") for id_ in classes] == [
        "passed",
        "repeat",
        "passed",
        None,
        None,
        None,
    ]
    assert stored(fails)["fail_reasons"] == ["1", "2"]
    assert database.submissions.find_one({"school_code": SCHOOL, "round": "3"})["writes"] == before + 1
    assert "บันทึกผลสิ้นปี 3 คน" in browser.get("/admin/").text, "those of the other class wait at home"
    assert database.audit_events.count_documents({"via": "results"}) == 3
    assert (
        "ไม่มีอะไรเปลี่ยน"
        in browser.send(
            f"{PAGE}save/", form_of(browser.get(f"{PAGE}?grade=08&room=1").text), follow_redirects=True
        ).text
    )


def test_saving_a_class_leads_on_to_the_next_that_lacks_something_then_to_the_next_menu(
    classes, teacher, sign_in
):
    browser = sign_in(teacher)
    browser.get("/admin/")

    def saved(query, **typed):
        return browser.send(
            f"{PAGE}save/", form_of(browser.get(PAGE + query).text, **typed), follow_redirects=True
        ).text

    shown = saved("?grade=08&room=1", **{f"result-{classes[0]}": "repeat"})
    assert "บันทึก ป.6/1" in shown
    shown = saved("?grade=09&room=1")
    assert ("ใส่สาเหตุให้ผู้ที่ยังว่าง" in shown, "บันทึก ทั้งหมด" in shown) == (True, True)
    shown = saved("?menu=failed", menu="failed", **{f"reason-{classes[0]}": ["1"]})
    assert ("ใส่ที่ศึกษาต่อให้ผู้ที่ยังว่าง" in shown, "บันทึก ป.6/1" in shown) == (True, True)


def test_who_leaves_says_where_to_and_changing_the_result_takes_it_off(classes, teacher, sign_in):
    browser, one = sign_in(teacher), classes[3]
    page = browser.get(f"{PAGE}?grade=09&room=1").text
    assert 'value="101"' not in page, "the school ends at ป.6, nobody goes on in it"
    refused = browser.send(f"{PAGE}save/", form_of(page, **{f"destination-{one}": "101"}))
    assert (refused.status_code, "ไม่เปิดสอนชั้นถัดไป" in refused.text) == (422, True)
    typed = {f"destination-{one}": "102", f"years-{one}": "๖"}
    assert browser.send(f"{PAGE}save/", form_of(page, **typed)).status_code == 303
    assert {name: stored(one)[name] for name in ("year_result", "destination", "years_taken")} == {
        "year_result": "graduated", "destination": "102", "years_taken": 6,
    }  # fmt: skip
    leavers = browser.get(f"{PAGE}?menu=leavers").text
    assert "ยังขาด 2 คน" in leavers  # of the others neither destination nor years
    page = browser.get(f"{PAGE}?grade=09&room=1").text
    browser.send(f"{PAGE}save/", form_of(page, **{f"result-{one}": "repeat", f"reason-{one}": "4"}))
    assert not {"destination", "years_taken"} & stored(one).keys()
    assert stored(one)["fail_reasons"] == ["4"]
    failed = browser.get(f"{PAGE}?menu=failed").text
    posted = form_of(failed, menu="failed", **{f"reason-{one}": ["3"]})
    assert browser.send(f"{PAGE}save/", posted).status_code == 303
    assert (stored(one)["fail_reasons"], stored(one)["year_result"]) == (["3"], "repeat")


def test_the_years_of_a_stage_that_nobody_leaves_are_asked_and_counted(end_round, teacher, sign_in):
    rows = [pupil(grade=grade, room=1) for grade in ("03", "06", "06")]
    made = write([Change(Student, place(SCHOOL, "3"), row) for row in rows], teacher)
    browser = sign_in(teacher)
    assert "ใส่ 3 ปีให้ผู้ที่ยังว่าง" in (page := browser.get(f"{PAGE}?grade=06&room=1").text)
    typed = {f"years-{made[1].id}": "3", f"years-{made[2].id}": "4"}
    assert browser.send(f"{PAGE}save/", form_of(page, **typed)).status_code == 303
    page = browser.get(f"{PAGE}?grade=03&room=1").text
    browser.send(f"{PAGE}save/", form_of(page, **{f"years-{made[0].id}": "3"}))
    figures = counted(BY_KEY["years-taken"], terms_of(end_round))
    told = {line: figures.number(line, SCHOOL) for line in ("all", "over2", "y3", "y4")}
    assert told == {"all": 3, "over2": 1, "y3": 1, "y4": 1}


def test_a_stale_page_is_told_what_was_saved_and_overwrites_nobody_untouched(
    classes, teacher, director, sign_in
):
    browser = sign_in(teacher)
    browser.send(f"{PAGE}save/", form_of(browser.get(f"{PAGE}?grade=08&room=1").text))
    page, (one, other, _) = browser.get(f"{PAGE}?grade=08&room=1").text, classes[:3]
    for id_ in (one, other):
        row = stored(id_)
        write(
            [
                Change(
                    Student, place(SCHOOL, "3"), {"year_result": "repeat"}, id=id_, revision=row["revision"]
                )
            ],
            teacher,
        )
    posted = form_of(page, **{f"result-{one}": "passed", f"years-{one}": ""})
    assert browser.send(f"{PAGE}save/", posted).status_code == 303  # touched nobody
    assert stored(one)["year_result"] == "repeat"
    third = classes[2]
    answer = browser.send(
        f"{PAGE}save/",
        form_of(page, **{f"result-{other}": "repeat", f"reason-{other}": "2", f"result-{third}": "repeat"}),
    )
    assert answer.status_code == 409
    assert "บันทึกไว้แล้วว่า" in answer.text
    assert stored(third)["year_result"] == "passed"  # all or none
    again = form_of(answer.text)
    assert browser.send(f"{PAGE}save/", again).status_code == 303
    assert stored(other)["fail_reasons"] == ["2"]
    assert stored(third)["year_result"] == "repeat"
    assert stored(one)["year_result"] == "repeat"


def test_abuse_is_refused_and_stores_nothing(
    classes, teacher, neighbour, director, officer, executive, sign_in, database
):
    browser, one = sign_in(teacher), classes[3]
    page = browser.get(f"{PAGE}?grade=09&room=1").text
    for typed in (
        {f"result-{one}": "hacked"},
        {f"destination-{one}": "201"},
        {f"years-{one}": "99"},
        {f"years-{one}": "abc"},
    ):
        assert browser.send(f"{PAGE}save/", form_of(page, **typed)).status_code == 422, typed
    assert browser.send(f"{PAGE}save/", form_of(page, pupil="x")).status_code == 303
    theirs = database.students.find_one({"school_code": OTHER})
    foreign = form_of(page, pupil=str(theirs["_id"])) | {
        f"result-{theirs['_id']}": "repeat",
        f"revision-{theirs['_id']}": "1",
    }
    assert browser.send(f"{PAGE}save/", foreign).status_code == 422
    assert browser.send(f"{PAGE}save/", foreign | {"school": OTHER}).status_code == 403
    assert sign_in(neighbour).send(f"{PAGE}save/", form_of(page)).status_code == 403
    assert sign_in(neighbour).get(f"{PAGE}?school={SCHOOL}").status_code == 403
    assert sign_in(director).send(f"{PAGE}save/", form_of(page)).status_code == 403
    assert sign_in(executive).get(PAGE).status_code == 403
    desk = sign_in(officer)
    assert desk.get(PAGE).text.count("บ้าน") >= 2
    assert desk.send(f"{PAGE}save/", form_of(page)).status_code == 422  # the district says why
    assert database.audit_events.count_documents({"via": "results"}) == 0
    assert desk.send(f"{PAGE}save/", form_of(page, reason="โรงเรียนขอ")).status_code == 303
    assert database.audit_events.count_documents({"via": "results"}) == 3


def test_the_menus_are_in_the_years_end_alone_and_within_its_window(
    classes, open_round, teacher, sign_in, database
):
    browser = sign_in(teacher)
    page = browser.get(f"{PAGE}?grade=08&room=1").text
    assert PAGE in browser.get("/admin/").text
    clock.configure("2026-05-01T09:00:00+07:00")
    assert browser.send(f"{PAGE}save/", form_of(page)).status_code == 409
    assert 'name="result-' in (shut := browser.get(f"{PAGE}?grade=08&room=1").text)
    assert "disabled" in shut
    browser.get(f"/admin/choose/?round={open_round.id}")
    assert browser.get(PAGE).status_code == 404
    assert PAGE not in browser.get("/admin/").text
    assert browser.send(f"{PAGE}save/", form_of(page)).status_code == 404
    assert database.audit_events.count_documents({"via": "results"}) == 0


def test_the_year_closes_and_whoever_is_lost_opens_it(open_round, approver, end_round, teacher, database):
    clock.configure("2025-06-05T09:00:00+07:00")
    stays, leaves, lost = (
        pupil(grade="04", sex=sex, title=t) for sex, t in (("M", "001"), ("F", "002"), ("M", "001"))
    )
    first = write([Change(Student, place(), row) for row in (stays, leaves, lost)], teacher)
    clock.configure("2026-03-10T09:00:00+07:00")
    came = pupil(grade="04", sex="F", title="002")
    gone = {"status": "discharged", "leave_reason": "14"}
    end = [Change(Student, place(SCHOOL, "3"), row, lineage=lineage) for row, lineage in (
        (stays, first[0].id), (leaves | gone, first[1].id), (came, None), (pupil(grade="04") | {"status": "dropped_out", "leave_reason": "27"}, None))]  # fmt: skip
    write(end, teacher)
    found = counted(BY_KEY["reconciliation"], terms_of(end_round))
    numbers = {line.key: found.number(line.key) for line in BY_KEY["reconciliation"].lines}
    assert numbers == {
        "opening": 3,
        "came": 2,
        "moved_out": 0,
        "dropped_out": 1,
        "discharged": 1,
        "closing": 2,
    }
    assert found.number("opening") + 2 - 0 - 1 - 1 - found.number("closing") == 1  # the lost one
    assert year_end.first_round_of(end_round).id == open_round.id
    database.rounds.update_one({"_id": open_round.id}, {"$set": {"state": "draft"}})
    alone = Counter(line for _, line, *_ in year_end.reconciled(end_round))
    assert alone["opening"] == 2 + 2  # worked back: all who are or were here


def test_the_roll_is_handed_over_once_locked_by_an_officer_alone(
    classes, teacher, officer, approver, sign_in, database
):
    desk, path = sign_in(officer), "/admin/reports/handover/?type=csv"
    row = stored(classes[3])
    result = {"year_result": "graduated", "destination": "101", "years_taken": 6}
    write([Change(Student, place(SCHOOL, "3"), result, id=row["_id"], revision=row["revision"])], teacher)
    write([Change(Student, place(SCHOOL, "3"), {"suspended_flag": True}, id=classes[0], revision=1)], teacher)
    assert desk.get(path).status_code == 409
    assert "ดาวน์โหลดได้เมื่อล็อกรอบแล้ว" in desk.get("/admin/reports/").text
    locking.lock_round(Round.objects.get(code="3"), approver, "ปิดตามกำหนด")
    for stranger in (teacher, approver):
        assert sign_in(stranger).get(path).status_code == 403
    lines = desk.get(path).data.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 6  # seven pupils, one of them suspended
    assert lines[0].startswith("ปีการศึกษา,รหัสเขต,รหัสโรงเรียน,ชื่อโรงเรียน,เลขประจำตัวประชาชน")
    order = [(each[2], each[13], each[15]) for each in (line.split(",") for line in lines[1:])]
    assert order == sorted(order), "class by class of each school"
    told = next(line for line in lines if row["person_id"] in line).split(",")
    assert told[12:] == [
        "10/06/2558",
        "09",
        "ป.6",
        "1",
        "graduated",
        "สอบได้ เรียนจบ",
        "101",
        "โรงเรียนเดิม",
        "6",
    ]
    assert desk.get("/admin/reports/handover/?type=xlsx").data[:2] == b"PK"
    assert desk.get(f"{path}&encoding=cp874").data.decode("cp874").count("\n") == 7
    events = list(database.audit_events.find({"action": "export"}))
    assert [(one["changes"]["what"][1], one["changes"]["rows"][1]) for one in events] == [("handover", 6)] * 3


def test_a_teacher_sets_a_class_on_a_phone(classes, teacher, window):
    phone = window(teacher, size=PHONE)
    phone.go(f"{PAGE}?grade=08&room=1")
    page = phone.page
    second = page.locator("li[data-pupil]").nth(1)
    expect(second.locator(".why-failed")).to_be_hidden()
    second.get_by_label("ตก ซ้ำชั้น").check()
    second.get_by_label("การอ่าน คิด วิเคราะห์ และเขียน").check()
    expect(page.locator("[data-results-sum]")).to_have_text("สอบได้ 2 คน ตก 1 คน")
    phone.shot("year-end-class")
    phone.press("บันทึก ป.5/1")
    expect(page.locator("main")).to_contain_text("บันทึกผลสิ้นปี 3 คนแล้ว")
    phone.go(f"{PAGE}?grade=09&room=1")
    radio = page.locator("li[data-pupil]").nth(0).locator("input[type=radio]").first
    radio.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")  # the second pupil fails
    page.locator("[data-fill=destination]").select_option("102")
    page.get_by_role("button", name="ใส่ 6 ปีให้ผู้ที่ยังว่าง").click()
    phone.shot("year-end-leavers")
    phone.press("บันทึก ป.6/1")
    assert [(stored(id_)["year_result"], stored(id_).get("destination"), stored(id_).get("years_taken")) for id_ in classes[3:]] == [
        ("graduated", "102", 6), ("repeat", None, None), ("graduated", "102", 6),
    ]  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = window(teacher)
    wide.go(f"{PAGE}?menu=failed")
    wide.shot("year-end-failed")
    wide.go(f"{PAGE}?grade=09&room=1")
    wide.shot("year-end-wide")
