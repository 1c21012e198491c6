"""The control room: what it shows of whom, where a press leads, and that bulk moves act on the schools shown alone."""

import datetime as dt
import io
import re

import pytest
from python_calamine import load_workbook

from documents import clock
from documents.background.jobs import Job
from documents.collecting import progress, reminders, round_moves
from documents.collecting.asides import set_hold
from documents.collecting.bulk_moves import move_many
from documents.collecting.moves import move
from documents.collecting.rounds import Round, get_round
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.district.schools import School
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, place
from views.collecting import control_room

ROOM = "/admin/control-room/"


@pytest.fixture
def schools(area):
    """Six more schools in two clusters, so that there is something to narrow."""
    for number in range(3, 9):
        cluster = "กลุ่มหนึ่ง" if number % 2 else "กลุ่มสอง"
        School(area_code=AREA, code=f"3401000{number}", name=f"บ้านที่{number}", cluster=cluster).save()


@pytest.fixture
def room(schools, open_round):
    """The open round of eight schools."""
    return open_round


def put(code, state=None, **more):
    """A school's submission as if it had come so far."""
    changes = ({"state": state} if state else {}) | more
    collection(Submission).update_one({"school_code": code}, {"$set": changes})
    return find_submission("DMC", place(code))


def board(room, user, **more):
    return {each.code: each for each in progress.board_of(room, user, **more).schools}


def page(browser, path=ROOM, status=200):
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"))
    return answer.get_data(as_text=True)


def tiles(html):
    """{name: (state, href)} of the tiles on the map."""
    found = re.findall(r'<a class="tile[^"]*" href="([^"]*)" title="([^"]*)" data-state="([^"]*)"', html)
    return {title.split(" · ")[0]: (state, href.replace("&amp;", "&")) for href, title, state in found}


# ---- figures ----


@pytest.mark.parametrize(
    ("state", "more", "look"),
    [
        ("draft", {}, "idle"),
        ("draft", {"started": True}, "empty"),
        ("draft", {"started": True, "counts": {"students": 3}}, "draft"),
        ("draft", {"started": True, "counts": {"students": 3, "incomplete": 1}}, "error"),
        ("returned", {"started": True, "counts": {"students": 3}}, "returned"),
        ("returned", {"started": True, "counts": {"students": 3, "incomplete": 2}}, "error"),
        ("confirmed", {"counts": {"students": 3}}, "confirmed"),
        ("confirmed", {"counts": {}}, "empty"),
        ("certified", {"counts": {"students": 3, "incomplete": 1}}, "error"),
        ("verified", {"counts": {"students": 3}}, "verified"),
        ("locked", {"counts": {}}, "locked"),
        ("unreported", {}, "unreported"),
    ],
)
def test_a_school_shows_its_state_unless_something_is_red(state, more, look, room, officer):
    put(SCHOOL, state, **more)
    assert board(room, officer)[SCHOOL].look == look


def test_after_the_window_who_has_not_confirmed_is_late(room, officer):
    put(SCHOOL, started=True, counts={"students": 3})
    clock.configure("2025-06-10T16:30:00+07:00")
    shown = board(room, officer)
    assert shown[SCHOOL].look == "late"
    assert shown[SCHOOL].is_red


def test_counts_stand_against_the_round_before(room, officer):
    before = Round(area_code=AREA, subsystem="DMC", academic_year=YEAR - 1, code="3", title="สิ้นปี", as_of=room.as_of,
                   state="locked", windows=room.windows).save()  # fmt: skip
    key = {"area_code": AREA, "academic_year": before.academic_year, "subsystem": "DMC", "round": "3"}
    collection(Submission).insert_one(
        {**key, "school_code": SCHOOL, "state": "locked", "counts": {"pupils": 50}}
    )
    put(SCHOOL, started=True, counts={"students": 48, "pupils": 47})
    whole = progress.board_of(room, officer)
    assert (whole.heads, whole.heads_before) == (47, 50)
    assert board(room, officer)[SCHOOL].change == -3
    assert board(room, officer)[OTHER].heads_before == 0


def test_a_locked_round_says_who_did_not_report_and_no_hours_left(room, sign_in, officer):
    collection(Submission).update_many({}, {"$set": {"state": "locked"}})
    put(OTHER, "unreported")
    Round.objects(id=room.id).update(state="locked")
    html = page(sign_in(officer))
    assert "ทุกโรงเรียนยืนยันข้อมูลแล้ว" not in html
    assert "ยืนยันครบทุกโรงเรียน" not in html
    assert "ปิดโดยไม่ได้รายงาน 1 โรงเรียน" in html
    assert "รอบนี้ล็อกแล้ว" in html
    assert "เหลือ" not in html.split("กำหนดเวลา")[1]


def test_the_board_takes_three_queries_whatever_the_number_of_schools(room, officer, count_commands):
    with count_commands() as names:
        progress.board_of(room, officer)
    assert len(names) <= 4, names


def test_the_boards_queries_are_walked_by_an_index(room, officer, database):
    plan = database.submissions.find(progress.match(room, officer)).explain()["queryPlanner"]["winningPlan"]
    assert "COLLSCAN" not in str(plan)
    assert "IXSCAN" in str(plan)


def test_an_officer_of_another_area_sees_no_school_of_it(room):
    stranger = person("stranger", "district", area="10010000")
    assert progress.board_of(room, stranger).schools == []


def test_the_sums_count_schools_by_state(room, officer):
    put(SCHOOL, "certified", counts={"students": 5, "incomplete": 1})
    sums = progress.sums_of(room, officer)
    assert (sums["certified"], sums.schools, sums.not_handed_in) == (1, 8, 7)
    assert sums.counts["students"] == 5


# ---- the page ----


def test_every_school_is_a_tile_with_letter_colour_and_title(room, sign_in, officer):
    put(SCHOOL, "certified", counts={"students": 5})
    html = page(sign_in(officer))
    shown = tiles(html)
    assert len(shown) == 8
    assert shown["บ้านหนึ่ง"][0] == "certified"
    assert "5 วัน 7 ชม." in html
    assert "กลุ่มสอง" in html


def test_one_press_on_a_red_tile_leads_to_the_rows_at_fault(room, sign_in, officer):
    put(SCHOOL, started=True, counts={"students": 5, "incomplete": 2})
    browser = sign_in(officer)
    state, href = tiles(page(browser))["บ้านหนึ่ง"]
    assert (state, href) == ("error", f"/admin/students/?school={SCHOOL}&missing=1")
    page(browser, href)


def test_a_superior_is_led_to_the_submission_not_to_records(room, sign_in, executive):
    submission = put(SCHOOL, started=True, counts={"students": 5, "incomplete": 2})
    browser = sign_in(executive)
    href = tiles(page(browser))["บ้านหนึ่ง"][1]
    assert str(submission.id) in href
    assert "/admin/students" not in page(browser, href)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?cluster=กลุ่มสอง", {"บ้านที่4", "บ้านที่6", "บ้านที่8"}),
        ("?state=certified", {"บ้านหนึ่ง"}),
        ("?state=red", {"บ้านสอง"}),
        ("?q=บ้านที่ 5", {"บ้านที่5"}),
        ("?q=34010007", {"บ้านที่7"}),
        ("?q=ไม่มีจริง", set()),
        ("?state=$where&cluster=", None),
    ],
)
def test_the_map_is_narrowed_by_cluster_state_and_search(query, names, room, sign_in, officer):
    put(SCHOOL, "certified", counts={"students": 5})
    put(OTHER, "confirmed", counts={})
    shown = tiles(page(sign_in(officer), ROOM + query))
    assert set(shown) == names if names is not None else len(shown) == 8


def test_the_table_says_the_same_in_words(room, sign_in, officer):
    put(SCHOOL, started=True, counts={"students": 5, "incomplete": 2})
    html = page(sign_in(officer), f"{ROOM}?view=table")
    assert html.count("<tr>") == 9
    assert f"/admin/students/?school={SCHOOL}&amp;missing=1" in html


def test_the_list_goes_out_as_a_workbook_as_it_is_narrowed(room, sign_in, officer, teacher, database):
    put(SCHOOL, started=True, counts={"students": 5, "pupils": 5, "incomplete": 2})
    path = "/admin/submissions/export/xlsx/"

    def rows(who, query=""):
        answer = sign_in(who).get(path + query)
        return load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()

    header, *schools = rows(officer)
    assert len(schools) == 8
    first = next(row for row in schools if row[1] == SCHOOL)
    assert dict(zip(header, first, strict=True)) | {"บันทึกล่าสุด": ""} == {
        "กลุ่มโรงเรียน": first[0], "รหัสโรงเรียน": SCHOOL, "โรงเรียน": "บ้านหนึ่ง", "สถานะ": "กำลังบันทึก", "จำนวน": 5, "ไม่ครบ": 2,
        "ข้อผิดพลาด": 0, "คำเตือน": 0, "บันทึกล่าสุด": "", "ยืนยันเมื่อ": "", "รับรองเมื่อ": "", "เขตตรวจสอบเมื่อ": "",
        "ส่งได้ถึง": "10 มิ.ย. 2568 16.30 น.",
    }  # fmt: skip
    assert [row[1] for row in rows(officer, "?search=บ้านที่3")[1:]] == ["34010003"]
    assert [row[1] for row in rows(teacher)[1:]] == [SCHOOL]
    html = page(sign_in(officer), "/admin/submissions/?search=บ้านที่3&endpoint=x")
    assert f'href="{path}?search=' in html
    assert database.audit_events.count_documents({"action": "export"}) == 3


@pytest.mark.parametrize(
    ("who", "status"), [("teacher", 403), ("director", 403), ("administrator", 403), ("approver", 200)]
)
def test_the_room_is_open_to_who_looks_after_the_area(who, status, room, sign_in, request):
    page(sign_in(request.getfixturevalue(who)), status=status)


def test_before_a_round_has_opened_the_page_says_what_to_do(area, sign_in, officer):
    assert "ยังไม่มีรอบการจัดเก็บข้อมูล" in page(sign_in(officer))


# ---- words for LINE ----


def test_the_message_for_line_names_schools_and_no_pupils(room, officer):
    put(SCHOOL, "confirmed", counts={"students": 5})
    put(OTHER, started=True, counts={"students": 5, "incomplete": 2})
    left = progress.board_of(room, officer).waiting_schools()
    text = reminders.not_confirmed_text(room, left, "https://khet.example")
    assert "ยังไม่ยืนยันข้อมูล 7 โรงเรียน" in text
    assert "บ้านสอง (ไม่ครบ 2 รายการ)" in text
    assert "บ้านหนึ่ง" not in text
    assert "เหลือ 5 วัน 7 ชม." in text
    assert "https://khet.example" in text


def test_after_the_end_the_message_says_so(room, officer):
    clock.configure("2025-06-11T09:00:00+07:00")
    left = progress.board_of(room, officer).waiting_schools()
    assert "ครบกำหนดไปแล้ว" in reminders.not_confirmed_text(room, left, "x")


# ---- bulk ----


def ids_on(html, do):
    """The hidden ids of one bulk form."""
    form = html.split(f'<input type="hidden" name="do" value="{do}">')[1].split("</form>")[0]
    return re.findall(r'name="ids" value="([^"]+)"', form)


def test_bulk_verify_acts_on_exactly_the_schools_shown(room, sign_in, officer):
    for code in (SCHOOL, "34010004", "34010006"):
        put(code, "certified", counts={"students": 5})
    browser = sign_in(officer)
    html = page(browser, f"{ROOM}?cluster=กลุ่มสอง")
    ids = ids_on(html, "verify")
    assert len(ids) == 2
    assert "บันทึกว่าเขตตรวจสอบแล้ว 2 โรงเรียน" in html
    answer = browser.send(f"{ROOM}bulk/", {"do": "verify", "ids": ids})
    assert answer.status_code == 200
    states = {each.school_code: each.state for each in Submission.objects(area_code=AREA)}
    assert [states[code] for code in (SCHOOL, "34010004", "34010006")] == [
        "certified",
        "verified",
        "verified",
    ]


def test_the_result_says_which_were_refused_and_why(room, sign_in, officer):
    good, moved, held, written = (put(code, "certified", counts={"students": 5}) for code in
                                  (SCHOOL, "34010004", "34010006", "34010008"))  # fmt: skip
    browser = sign_in(officer)
    ids = ids_on(page(browser), "verify")
    second = person("second", "district")
    move(moved, "return", second, "ตรวจใหม่")
    set_hold(held, second, "สงสัย")
    collection(Submission).update_one({"_id": written.id}, {"$inc": {"writes": 1}})
    html = browser.send(f"{ROOM}bulk/", {"do": "verify", "ids": ids}).get_data(as_text=True)
    assert "เขตตรวจสอบแล้ว 1 โรงเรียน" in html
    for words in ("ส่งกลับแก้ไข", "สงสัย", "เปลี่ยนไปหลังจากที่ท่านเปิดหน้านี้"):
        assert words in html
    assert Submission.objects(area_code=AREA, id=good.id).get().state == "verified"
    assert Submission.objects(area_code=AREA, id=written.id).get().state == "certified"


def test_bulk_return_wants_a_reason_and_gives_it_to_each(room, sign_in, officer):
    for code, state in ((SCHOOL, "confirmed"), (OTHER, "certified"), ("34010004", "verified")):
        put(code, state, counts={"students": 5})
    browser = sign_in(officer)
    ids = ids_on(page(browser), "return")
    assert len(ids) == 3
    assert browser.send(f"{ROOM}bulk/", {"do": "return", "ids": ids, "reason": " "}).status_code == 422
    form = {"do": "return", "ids": ids, "reason": "ตรวจชั้น ป.1", "until": "12/06/2568", "until_time": "12.00"}
    assert browser.send(f"{ROOM}bulk/", form).status_code == 200
    back = list(Submission.objects(area_code=AREA, state="returned"))
    assert {each.return_reason for each in back} == {"ตรวจชั้น ป.1"}
    assert {clock.in_bangkok(each.return_until).strftime("%d %H.%M") for each in back} == {"12 12.00"}


def test_many_schools_are_moved_by_a_job_that_may_run_twice(room, sign_in, officer, monkeypatch):
    monkeypatch.setattr(control_room, "AT_ONCE", 2)
    codes = (SCHOOL, "34010004", "34010006")
    rows = [put(code, "certified", counts={"students": 5}) for code in codes]
    browser = sign_in(officer)
    ids = ids_on(page(browser), "verify")
    collection(Submission).update_one({"_id": rows[2].id}, {"$inc": {"writes": 1}})
    html = browser.get(browser.send(f"{ROOM}bulk/", {"do": "verify", "ids": ids}).location).text
    assert "เขตตรวจสอบแล้ว 2 โรงเรียน" in html
    assert "ไม่ได้ทำ 1 โรงเรียน" in html
    job = Job.objects(kind="bulk_moves").get()
    assert [rows[2].school_name in line["text"] for line in job.log].count(True) == 1
    assert [Submission.objects(area_code=AREA, id=row.id).get().state for row in rows] == [
        "verified", "verified", "certified"
    ]  # fmt: skip

    seen = [tuple(one.split(".")) for one in ids]
    round_ = get_round([AREA], str(job.arguments["round_id"]))
    results = list(move_many(round_, "verify", [(i, int(w)) for i, w in seen], officer, again=True))
    assert [one.refusal is None for one in results].count(True) == 2
    assert len(Submission.objects(area_code=AREA, id=rows[0].id).get().moves) == len(rows[0].moves) + 1


def test_a_job_that_moves_no_school_says_so(room, sign_in, officer, monkeypatch):
    monkeypatch.setattr(control_room, "AT_ONCE", 0)
    submission = put(SCHOOL, "certified", counts={"students": 5})
    browser = sign_in(officer)
    answer = browser.send(f"{ROOM}bulk/", {"do": "verify", "ids": [f"{submission.id}.77"]})
    assert "ไม่มีโรงเรียนใดทำรายการนี้ได้" in browser.get(answer.location).text
    assert find_submission("DMC", place()).state == "certified"


def test_an_id_of_another_round_or_area_is_refused(room, sign_in, officer):
    other = put(SCHOOL, "certified", counts={"students": 5})
    collection(Submission).update_one({"_id": other.id}, {"$set": {"academic_year": 2560}})
    answer = sign_in(officer).send(
        f"{ROOM}bulk/", {"do": "verify", "ids": [f"{other.id}.0", "zz.1", "$ne.0"]}
    )
    assert "ไม่อยู่ในรอบที่เลือกอยู่" in answer.get_data(as_text=True)
    assert collection(Submission).find_one({"_id": other.id})["state"] == "certified"


@pytest.mark.parametrize("who", ["approver", "executive"])
def test_who_only_looks_cannot_press(who, room, sign_in, request):
    submission = put(SCHOOL, "certified", counts={"students": 5})
    browser = sign_in(request.getfixturevalue(who))
    assert 'name="do"' not in page(browser)
    answer = browser.send(f"{ROOM}bulk/", {"do": "verify", "ids": [f"{submission.id}.0"]})
    assert answer.status_code == 403


def test_bulk_without_the_pages_token_does_nothing(room, sign_in, officer):
    submission = put(SCHOOL, "certified", counts={"students": 5})
    answer = sign_in(officer).post(f"{ROOM}bulk/", data={"do": "verify", "ids": [f"{submission.id}.0"]})
    assert answer.status_code == 400
    assert find_submission("DMC", place()).state == "certified"


# ---- one school's page ----


def details(submission):
    return f"/admin/submissions/details/?id={submission.id}"


def test_the_page_names_its_own_round_whichever_is_looked_at(room, sign_in, officer):
    submission = put(SCHOOL, "confirmed", counts={"students": 5, "pupils": 5})
    browser = sign_in(officer)
    own = page(browser, details(submission))
    other = Round(area_code=AREA, subsystem="EMIS", academic_year=YEAR, code="1", title="รอบอื่น", state="open",
                  as_of=room.as_of).save()  # fmt: skip
    browser.get(f"/admin/choose/?round={other.id}")
    html = page(browser, details(submission))
    assert "เปลี่ยนไปรอบนี้" in html
    assert "เปลี่ยนไปรอบนี้" not in own
    assert f"DMC {room.title}/{YEAR}" in html.partition("<main")[2]
    assert "รอบอื่น" not in html.partition("<main")[2]


def test_the_page_has_the_buttons_this_person_may_press(room, sign_in, teacher, director, officer):
    submission = put(SCHOOL, "confirmed", counts={"students": 5, "pupils": 5})
    for who, there, absent in (
        (teacher, "ยกเลิกการยืนยัน", "รับรองข้อมูล"),
        (director, "รับรองข้อมูล", "พักการรายงาน"),
        (officer, "พักการรายงาน", "รับรองข้อมูลของ"),
    ):
        html = page(sign_in(who), details(submission))
        assert there in html
        assert absent not in html


def test_a_school_does_not_see_another_schools_page(room, sign_in, neighbour):
    submission = put(SCHOOL, "confirmed", counts={"students": 5})
    browser = sign_in(neighbour)
    page(browser, details(submission), 403)
    for path in ("move", "hold", "lift", "extend", "lock"):
        form = {
            "id": str(submission.id),
            "move": "unconfirm",
            "reason": "x",
            "until": "12/06/2568",
            "whom": "school",
        }
        assert browser.send(f"/admin/submissions/{path}/", form).status_code == 403
    html = page(browser, "/admin/submissions/")
    assert "บ้านสอง" in html
    assert "บ้านหนึ่ง" not in html


def test_a_refused_move_shows_why_and_keeps_what_was_typed(room, sign_in, officer):
    submission = put(SCHOOL, "certified", counts={"students": 5})
    form = {"id": str(submission.id), "move": "return", "reason": "ขอให้ตรวจห้อง", "until": "31/06/2568"}
    answer = sign_in(officer).send("/admin/submissions/move/", form)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for kept in ("ไม่มีวันที่", "ขอให้ตรวจห้อง", "31/06/2568"):
        assert kept in html
    assert find_submission("DMC", place()).state == "certified"


def test_the_district_returns_holds_lifts_and_extends_from_the_page(room, sign_in, officer):
    submission = put(SCHOOL, "certified", counts={"students": 5})
    browser, own = sign_in(officer), {"id": str(submission.id)}
    sent = [
        browser.send("/admin/submissions/move/", own | {"move": "return", "reason": "ตรวจใหม่"}),
        browser.send("/admin/submissions/hold/", own | {"reason": "สงสัย"}),
        browser.send("/admin/submissions/lift/", own),
        browser.send(
            "/admin/submissions/extend/", own | {"reason": "ไฟดับ", "until": "12/06/2568", "whom": ["school"]}
        ),
    ]
    assert [each.status_code for each in sent] == [303] * 4
    fresh = find_submission("DMC", place())
    assert [row["name"] for row in fresh.moves] == ["return", "hold", "lift", "extend"]
    assert clock.in_bangkok(fresh.extension["until"]).strftime("%d %H.%M") == "12 16.30"
    html = page(browser, details(fresh))
    for words in ("ตรวจใหม่", "สงสัย", "ไฟดับ", "ขยายเวลา"):
        assert words in html


def test_the_missing_fields_are_named_and_lead_to_the_rows(room, sign_in, teacher):
    from documents.dmc.students import Student
    from documents.records.writing import Change, write

    write(
        [Change(Student, place(), {"first_name": "กานต์", "last_name": "ใจดี", "sex": "M", "grade": "07"})],
        teacher,
    )
    html = page(sign_in(teacher), details(find_submission("DMC", place())))
    assert "เลขประจำตัวประชาชน" in html
    assert f"/admin/students/?school={SCHOOL}&amp;missing=1" in html
    assert "กานต์" not in html


@pytest.mark.parametrize("id_", ["", "x", "000000000000000000000000", "{'$ne':1}"])
def test_an_id_that_is_none_is_refused_with_a_page(id_, room, sign_in, officer):
    page(sign_in(officer), f"/admin/submissions/details/?id={id_}", 403)


def test_the_watching_step_tells_when_it_begins_then_until_when_then_that_it_is_shut(
    draft_round, officer, executive, approver
):
    opened = round_moves.propose(draft_round, officer, "ขอเปิดรอบ")
    opened = round_moves.record_order(opened, executive, "ศธ 1", clock.midnight(clock.today()), "ดำเนินการ")
    opened = round_moves.open_round(opened, approver)
    said = [
        control_room.steps_of(round_, clock.in_bangkok(dt.datetime.fromisoformat(when)))[3]["note"]
        for round_, when in (
            (draft_round, "2025-05-20T09:00+07:00"),
            (opened, "2025-05-20T09:00+07:00"),
            (opened, "2025-06-05T09:00+07:00"),
            (opened, "2025-06-10T16:30+07:00"),
        )
    ]
    assert said == ["เริ่ม 1 มิ.ย. 68", "เริ่ม 1 มิ.ย. 68", "ถึง 10 มิ.ย. 16.30 น.", "ปิดรับข้อมูลแล้ว"]
