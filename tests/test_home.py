"""The home page and the frame around every page: what waits for each of the six roles, year, round, menu, ribbon."""

import datetime as dt
import re

import pytest

from documents import clock
from documents.collecting import round_moves
from documents.collecting.asides import extend, set_hold
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission, find_submission
from documents.collecting.waiting import newest_rounds, waiting_for
from documents.database import collection
from documents.district.schools import School
from documents.records.writing import Change, write
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, place

HOME = "/admin/"


def put(state=None, code=SCHOOL, **more):
    changes = ({"state": state} if state else {}) | more
    collection(Submission).update_one({"school_code": code}, {"$set": changes})
    return find_submission("DMC", place(code))


FILLED = {
    "moe_code": "1034010001", "obec_code": "010001", "address": "1", "subdistrict": "340101", "postcode": "34000",
    "site_plan": "0" * 24, "land": [{"tenure": "state", "rai": 2}],
}  # fmt: skip


@pytest.fixture(autouse=True)
def whole_profiles(area):
    """Schools whose profiles lack nothing, so that what waits is of the rounds."""
    collection(School).update_many({}, {"$set": FILLED})


def waits(user):
    """Names of what waits for this person now."""
    return [each.what for each in waiting_for(user, AREA, newest_rounds(AREA))]


def page(browser, path=HOME, status=200):
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"))
    return answer.get_data(as_text=True)


# ---- what waits, by role ----


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        ("draft", {}, ["start"]),
        ("draft", {"started": True, "counts": {"students": 3, "incomplete": 2}}, ["complete"]),
        ("draft", {"started": True, "counts": {"students": 3}}, ["confirm"]),
        (
            "returned",
            {"started": True, "counts": {"students": 3}, "return_reason": "ตรวจห้อง"},
            ["returned", "confirm"],
        ),
        ("confirmed", {"counts": {"students": 3}}, []),
        ("locked", {"counts": {"students": 3}}, []),
    ],
)
def test_what_waits_for_a_teacher(state, more, expected, open_round, teacher):
    put(state, **more)
    assert waits(teacher) == expected


def test_what_a_school_keeps_of_its_profile_waits_until_it_is_filled_in(
    open_round, teacher, director, sign_in
):
    collection(School).update_one(
        {"code": SCHOOL}, {"$set": {"moe_code": None, "site_plan": None, "land": []}}
    )
    (wait,) = [each for each in waiting_for(teacher, AREA, newest_rounds(AREA)) if each.what == "profile"]
    assert (wait.count, wait.said) == (2, "แผนผังโรงเรียน · กรรมสิทธิ์ที่ดิน"), "the code is the district's to fill"
    assert "profile" not in waits(director)
    html = page(sign_in(teacher))
    assert "กรอกข้อมูลพื้นฐานโรงเรียนให้ครบ 2 ช่อง" in html
    assert page(sign_in(teacher), re.search(r'"(/admin/schools/edit/[^"]+)"', html)[1])
    collection(School).update_one({"code": SCHOOL}, {"$set": {"land": [{"rai": 2}]}})
    assert "profile" in waits(teacher), "land of which nobody said whose it is"
    collection(School).update_one({"code": SCHOOL}, {"$set": FILLED | {"moe_code": None}})
    assert "profile" not in waits(teacher)


def test_a_teacher_is_told_of_a_hold_and_of_being_late(open_round, teacher, officer):
    set_hold(put("draft", started=True, counts={"students": 3}), officer, "สงสัยซ้ำ")
    assert waits(teacher) == ["hold", "confirm"]
    clock.configure("2025-06-11T09:00:00+07:00")
    assert waits(teacher) == ["late", "hold"]
    until = dt.datetime(2025, 6, 12, tzinfo=clock.BANGKOK)
    extend(find_submission("DMC", place()), officer, until, ["school"], "ไฟดับ")
    assert waits(teacher) == ["hold", "confirm"]


def test_what_was_carried_over_and_not_looked_over_waits(open_round, teacher, canteens, monkeypatch):
    from documents.dmc.students import Student

    values = {"first_name": "กานต์", "last_name": "ใจดี", "sex": "M", "grade": "07"}
    write([Change(Student, place(), values, reviewed=False)], teacher)
    assert "review" in waits(teacher)


def test_what_waits_for_a_director(open_round, director):
    assert waits(director) == ["await_confirm"]
    put("confirmed", counts={"students": 3})
    assert waits(director) == ["certify"]
    put("certified")
    assert waits(director) == []


def test_what_waits_for_an_officer(open_round, officer):
    assert waits(officer) == ["unconfirmed"]
    put("certified", counts={"students": 3})
    put("returned", code=OTHER)
    assert waits(officer) == ["unconfirmed", "verify", "out_again"], (
        "five days are left to confirm, ten to verify"
    )
    clock.configure("2025-06-02T09:00:00+07:00")
    assert waits(officer) == ["verify", "unconfirmed", "out_again"], "with weeks to go, what only he can do"


def test_a_round_waits_for_one_role_after_the_other(draft_round, officer, executive, approver):
    def who():
        return [name for name, user in (("o", officer), ("e", executive), ("a", approver)) if waits(user)]

    assert who() == ["o"]
    proposed = round_moves.propose(draft_round, officer, "ขอ")
    assert who() == ["e"]
    ordered = round_moves.record_order(proposed, executive, "1", draft_round.as_of, "ทราบ")
    assert who() == ["a"]
    opened = round_moves.open_round(ordered, approver)
    assert who() == ["o"]
    clock.configure("2025-06-15T16:30:00+07:00")
    assert waits(approver) == ["lock_round"]
    lock_round(opened, approver, "ไม่รายงาน")
    assert waits(approver) == ["publish"]


def test_a_school_reopened_after_the_lock_has_its_work_again(open_round, teacher, approver):
    lock_round(open_round, approver, "ไม่รายงาน")
    assert waits(teacher) == []
    until = dt.datetime(2025, 6, 20, tzinfo=clock.BANGKOK)
    move(find_submission("DMC", place()), "reopen", approver, "โรงเรียนขอแก้", until)
    assert waits(teacher)[0] == "reopened"


def test_nothing_of_another_school_or_area_waits(open_round, neighbour):
    put("returned", started=True, counts={"students": 3, "incomplete": 1})
    assert waits(neighbour) == ["start"]
    assert waiting_for(person("stranger", "district", area="10010000"), AREA, newest_rounds(AREA)) == []


# ---- the page ----


@pytest.mark.parametrize("who", ["teacher", "director", "officer", "approver", "executive", "administrator"])
def test_every_role_has_a_home_page(who, open_round, sign_in, request):
    html = page(sign_in(request.getfixturevalue(who)))
    assert "รอคุณอยู่" in html
    assert "ปีการศึกษา" in html
    assert "style=" not in html
    assert not re.search(r"\son\w+=", html)


def test_the_root_leads_home(sign_in, teacher):
    answer = sign_in(teacher).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_a_teacher_confirms_from_home_once_all_is_filled(open_round, sign_in, teacher, canteens):
    put("draft", started=True, counts={"students": 3, "incomplete": 2})
    browser = sign_in(teacher)
    html = page(browser)
    assert "ปุ่มนี้กดได้เมื่อกรอกข้อมูลครบ" in html
    assert re.search(r"<button[^>]*disabled[^>]*>(?:(?!</button>).)*ยืนยันข้อมูล", html, re.S)
    assert f"/admin/students/?school={SCHOOL}&amp;missing=1" in html
    put(counts={"students": 3})
    write([Change(canteens, place(), {"code": "1", "name": "โรงอาหาร"})], teacher)
    html = page(browser)
    assert "เมื่อยืนยันแล้วจะแก้ไขไม่ได้" in html
    form = {"id": str(find_submission("DMC", place()).id), "move": "confirm", "back": "home"}
    answer = browser.send("/admin/submissions/move/", form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/")
    assert find_submission("DMC", place()).state == "confirmed"


def test_a_director_certifies_from_home(open_round, sign_in, director):
    submission = put("confirmed", counts={"students": 3, "pupils": 3})
    browser = sign_in(director)
    assert "รับรองข้อมูล" in page(browser)
    form = {"id": str(submission.id), "move": "certify", "seen": submission.writes, "back": "home"}
    assert browser.send("/admin/submissions/move/", form).headers["Location"] == "/admin/"
    assert find_submission("DMC", place()).state == "certified"


def test_a_superior_reads_the_memo_at_home(draft_round, officer, sign_in, executive):
    round_moves.propose(draft_round, officer, "ขอเปิดรอบตามปฏิทิน")
    html = page(sign_in(executive))
    assert "ขอเปิดรอบตามปฏิทิน" in html
    assert "/admin/students" not in html


def test_an_administrator_sees_accounts_and_no_records(open_round, sign_in, administrator):
    html = page(sign_in(administrator))
    assert "บัญชีที่ใช้งาน" in html
    assert "/admin/students" not in html
    assert "/admin/control-room" not in html


# ---- the frame ----


@pytest.fixture
def last_year(open_round):
    """A locked round of the year before."""
    return Round(area_code=AREA, subsystem="DMC", academic_year=YEAR - 1, code="3", title="สิ้นปีการศึกษา",
                 as_of=open_round.as_of, state="locked", windows=open_round.windows).save()  # fmt: skip


def test_year_and_round_are_chosen_in_the_top_bar_and_stay(last_year, sign_in, teacher):
    browser = sign_in(teacher)
    html = page(browser)
    assert "เปิดรับข้อมูล · เหลือ 5 วัน 7 ชม." in html
    link = re.search(r'href="(/admin/choose/[^"]*)"[^>]*>2567', html)[1].replace("&amp;", "&")
    assert str(last_year.id) in link
    assert browser.get(link).status_code == 302
    html = page(browser, "/admin/rounds/")
    assert re.search(r"<small>รอบข้อมูล</small>\s*<b>DMC สิ้นปีการศึกษา</b>", html)


def test_choosing_leads_back_to_the_pages_own_list(last_year, sign_in, teacher):
    browser = sign_in(teacher)
    submission = find_submission("DMC", place())
    html = page(browser, f"/admin/submissions/details/?id={submission.id}")
    link = re.search(r'href="(/admin/choose/[^"]*)"[^>]*>2567', html)[1].replace("&amp;", "&")
    assert browser.get(link).headers["Location"] == "/admin/submissions/"


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil", "javascript:alert(1)", "/admin/x"]
)
def test_choosing_never_leads_elsewhere(then, last_year, sign_in, teacher):
    answer = sign_in(teacher).get("/admin/choose/", query_string={"round": str(last_year.id), "then": then})
    assert answer.headers["Location"] == "/admin/"


def test_another_sites_link_chooses_nothing(last_year, sign_in, teacher):
    browser = sign_in(teacher)
    browser.get(f"/admin/choose/?round={last_year.id}", headers={"Sec-Fetch-Site": "cross-site"})
    assert "<b>DMC ภาคเรียนที่ 1</b>" in page(browser)


def test_a_round_of_another_area_cannot_be_chosen(last_year, sign_in):
    stranger = person("stranger", "district", area="10010000")
    assert sign_in(stranger).get(f"/admin/choose/?round={last_year.id}").status_code == 404


def test_the_menu_counts_the_current_rounds_records_of_whom_it_is_for(
    open_round, sign_in, teacher, neighbour
):
    put(counts={"students": 1234})
    assert '<span class="count">1,234</span>' in page(sign_in(teacher))
    assert "1,234" not in page(sign_in(neighbour))


def test_the_ribbon_tells_a_clock_that_was_set(open_round, sign_in, teacher):
    assert "ไม่ใช่เวลาจริง" in page(sign_in(teacher))
    clock.configure(None)
    assert "ไม่ใช่เวลาจริง" not in page(sign_in(teacher))


def test_a_home_page_takes_few_queries(open_round, sign_in, officer, count_commands):
    browser = sign_in(officer)
    with count_commands() as names:
        page(browser)
    assert len([name for name in names if name in ("find", "aggregate")]) <= 16, names


# ---- schools ----


def test_an_officer_changes_a_school_with_history_and_the_submission_follows(open_round, sign_in, officer):
    from documents.district.schools import School

    school = School.objects(code=SCHOOL).get()
    put("certified", digest="a" * 64, digest_writes=0)
    form = {"id": str(school.id), "revision": 1, "name": "บ้านหนึ่งใหม่", "reason": "เปลี่ยนชื่อ"}
    browser = sign_in(officer)
    assert browser.send("/admin/schools/edit/", form).status_code == 303
    assert find_submission("DMC", place()).school_name == "บ้านหนึ่งใหม่"
    assert find_submission("DMC", place()).digest is None
    html = page(browser, f"/admin/schools/details/?id={school.id}")
    assert "เปลี่ยนชื่อ" in html
    assert "<del>บ้านหนึ่ง</del>" in html


def test_a_stale_edit_of_a_school_shows_both_and_keeps_what_was_typed(open_round, sign_in, officer):
    from documents.district.schools import School

    school = School.objects(code=SCHOOL).get()
    browser, form = (
        sign_in(officer),
        {"id": str(school.id), "revision": 1, "name": "ชื่อแรก", "reason": "เปลี่ยนชื่อ"},
    )
    assert browser.send("/admin/schools/edit/", form).status_code == 303
    answer = browser.send("/admin/schools/edit/", form | {"name": "ชื่อที่สอง"})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'value="ชื่อที่สอง"' in html
    assert "ที่บันทึกไว้แล้ว: ชื่อแรก" in html


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "กรุณากรอก"),
        ("grade_from", "99", "ไม่อยู่ในรายการ"),
        ("subdistrict", "999999", "ไม่อยู่ในรายการ"),
        ("latitude", "95", "ต้องอยู่ระหว่าง"),
        ("moe_code", "12", "10 หลัก"),
        ("municipal_type", "{'$ne': 1}", "ไม่อยู่ในรายการ"),
    ],
)
def test_a_schools_bad_values_come_back_beside_their_fields(field, value, said, open_round, sign_in, officer):
    from documents.district.schools import School

    school = School.objects(code=SCHOOL).get()
    form = {"id": str(school.id), "revision": 1, "name": "บ้านหนึ่ง", "reason": "แก้"} | {field: value}
    answer = sign_in(officer).send("/admin/schools/edit/", form)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert School.objects(code=SCHOOL).get().revision == 1


def test_schools_are_seen_and_changed_by_whom_they_concern(
    open_round, sign_in, teacher, administrator, executive
):
    from documents.district.schools import School

    own, other = (School.objects(code=code).get() for code in (SCHOOL, OTHER))
    browser = sign_in(teacher)
    html = page(browser, "/admin/schools/")
    assert "บ้านหนึ่ง" in html
    assert "บ้านสอง" not in html
    page(browser, f"/admin/schools/details/?id={other.id}", 403)
    assert 'name="name"' not in page(
        browser, f"/admin/schools/edit/?id={own.id}"
    )  # the school's own part alone
    page(browser, f"/admin/schools/edit/?id={other.id}", 403)
    page(sign_in(executive), f"/admin/schools/edit/?id={own.id}", 403)
    page(sign_in(administrator), f"/admin/schools/edit/?id={own.id}")


def test_an_operator_of_every_area_has_a_home_without_a_round(area, sign_in):
    operator = person("operator", "admin", area="*")
    html = page(sign_in(operator))
    assert "บัญชีที่ใช้งาน" in html
    page(sign_in(operator), "/admin/schools/")
    page(sign_in(operator), "/admin/control-room/", 403)
