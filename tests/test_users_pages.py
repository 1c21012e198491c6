"""The administrator's pages of accounts, and one's own."""

import io
import json
import re

import pytest
from python_calamine import load_workbook

from documents.background.jobs import Job
from documents.people import accounts, granting, passwords, school_accounts, sessions
from documents.people.users import User
from documents.trail import history, verifying
from tests.people import AREA, OTHER, SCHOOL, person, utc
from tests.web import with_password
from views.people import account_list


@pytest.fixture
def desk(sign_in, administrator):
    """A browser in which the area's administrator is signed in."""
    return sign_in(administrator)


def first_password(page):
    return re.search(r'class="secret">([^<]+)<', page)[1]


def new_form(**more):
    form = {
        "name": "ครูใหม่",
        "email": "new@school.khet",
        "grants-0-role": "school",
        "grants-0-area_code": AREA,
    }
    return {**form, "grants-0-schools": f"{SCHOOL} บ้านหนึ่ง, บ้านสอง", **more}


def test_the_grid_shows_the_accounts_of_the_area(desk, teacher, officer):
    page = desk.get("/admin/users/").text
    assert teacher.email in page
    assert "บ้านหนึ่ง" in page
    assert "เจ้าหน้าที่เขต" in page


def test_the_grid_shows_nobody_of_another_area(desk):
    person("stranger", "district", area="34020000")
    assert "stranger" not in desk.get("/admin/users/").text


@pytest.mark.parametrize(
    "query", ["flt0_0=school", "flt0_1=บ้านหนึ่ง", "flt0_2=active&flt1_0=school", "search=teach"]
)
def test_filters_and_search_narrow_the_grid(desk, teacher, officer, query):
    page = desk.get(f"/admin/users/?{query}").text
    assert teacher.email in page
    assert officer.email not in page


@pytest.mark.parametrize(
    "query", ["page=-1", "page=1000000000000000000", "search=%00", "sort=99", "flt0_2=%24ne"]
)
def test_odd_addresses_are_answered(desk, query):
    assert desk.get(f"/admin/users/?{query}").status_code == 200


def test_the_list_goes_out_as_a_workbook_as_it_is_narrowed(
    desk, sign_in, administrator, teacher, officer, database, monkeypatch
):
    stranger = person("stranger", "district", area="34020000")
    both = person("both", "school", SCHOOL, OTHER)
    both.grants = [*both.grants, *stranger.grants]
    both.save()
    there, mine = utc(2, 8, 30), utc(1, 9)
    signed_in = {"password": "ลับ", "current_login_at": there, "login_count": 3, "must_change_password": False}
    confirmed = {AREA: {"at": mine}, "34020000": {"at": there}}
    database.users.update_one({"_id": both.id}, {"$set": signed_in | {"confirmed": confirmed}})
    path = "/admin/users/export/xlsx/"

    def rows(browser, query=""):
        answer = browser.get(path + query)
        return load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()

    header, *people = rows(desk)
    everybody = [administrator, both, officer, teacher]
    assert sorted(row[1] for row in people) == sorted(one.email for one in everybody)
    assert "ลับ" not in str(people)
    own = next(row for row in people if row[1] == both.email)
    assert dict(zip(header, own, strict=True)) == {
        "ชื่อ-สกุล": both.name, "อีเมล": both.email, "บทบาท": "ครูข้อมูลโรงเรียน, เจ้าหน้าที่เขต", "โรงเรียน/เขต": "บ้านหนึ่ง, บ้านสอง",
        "สถานะ": "ใช้งานได้", "เข้าใช้ล่าสุด": "2 มิ.ย. 2568 08.30 น.", "ยืนยันบัญชีล่าสุด": "1 มิ.ย. 2568 09.00 น.",
    }  # fmt: skip
    assert [row[1] for row in rows(desk, "?flt0_0=district&search=both")[1:]] == [both.email]
    assert rows(desk, "?sort=5&desc=1")[1][1] == both.email, "by last sign-in"
    assert f'href="{path}?search=both' in desk.get("/admin/users/?search=both").text
    events = list(history.AuditEvent.objects(action="export").order_by("number"))
    assert [(one.area_code, one.changes["rows"][1]) for one in events] == [(AREA, 4), (AREA, 1), (AREA, 4)]
    operator = rows(sign_in(person("operator", "admin", area="*")), "?search=both")
    assert dict(zip(header, operator[1], strict=True))["ยืนยันบัญชีล่าสุด"] == "2 มิ.ย. 2568 08.30 น."
    assert {one.area_code for one in history.AuditEvent.objects(action="export")} == {AREA, "34020000"}
    assert sign_in(officer).get(path).status_code == 403
    monkeypatch.setattr(account_list, "MOST_ACCOUNTS", 3)
    assert "ส่งออกได้ครั้งละไม่เกิน 3 แถว (เลือกไว้ 4)" in desk.get(path, follow_redirects=True).text


@pytest.mark.parametrize("area", [AREA, "*"])
@pytest.mark.parametrize("narrowed", [{}, {"grants__role": "school"}, {"name__icontains": "ครู"}])
def test_the_grid_reads_by_an_index(administrator, area, narrowed):
    actor = administrator if area == AREA else person("operator", "admin", area="*")
    query = User.objects(__raw__=accounts.scope(actor)).filter(**narrowed).order_by("name", "id").limit(50)
    assert "COLLSCAN" not in str(query.explain()["queryPlanner"]["winningPlan"])


EVIL = ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]


@pytest.mark.parametrize("evil", EVIL)
def test_no_way_back_leads_away(desk, teacher, evil):
    form = {"name": "x", "email": teacher.email, "revision": teacher.revision, "grants-0-role": "school"}
    form |= {"grants-0-area_code": AREA, "grants-0-schools": SCHOOL, "url": evil}
    answer = desk.send("/admin/users/edit/", form, query_string={"id": str(teacher.id), "url": evil})
    assert answer.location == "/admin/users/"
    action = {"action": "activate", "rowid": str(teacher.id), "url": evil}
    assert desk.send("/admin/users/action/", action).location == "/admin/users/"
    assert "evil" not in desk.get("/admin/users/new/", query_string={"url": evil}).text


def test_a_new_account_shows_its_slip_once(desk):
    page = desk.send("/admin/users/new/", new_form()).text
    shown = first_password(page)
    made = User.objects.get(email="new@school.khet")
    assert passwords.matches(shown, made.password)
    assert made.schools("school") == [(AREA, SCHOOL), (AREA, OTHER)]
    assert shown not in desk.get(f"/admin/users/details/?id={made.id}").text


def test_what_was_typed_comes_back_with_the_refusal(desk):
    page = desk.send("/admin/users/new/", new_form(email="ไม่ใช่อีเมล", phone="045 123")).text
    assert "ตัวอักษรอังกฤษ" in page
    assert "045 123" in page
    page = desk.send("/admin/users/new/", new_form(**{"grants-0-schools": "บ้านไร้ชื่อ"})).text
    assert "ไม่พบโรงเรียน" in page


def test_an_account_is_changed_from_its_page(desk, teacher):
    form = {"name": "ครูย้าย", "email": teacher.email, "revision": teacher.revision, "reason": "ย้าย"}
    form |= {"grants-0-role": "school", "grants-0-area_code": AREA, "grants-0-schools": OTHER}
    answer = desk.send(f"/admin/users/edit/?id={teacher.id}", form)
    assert answer.status_code == 302
    assert User.objects.get(id=teacher.id).schools("school") == [(AREA, OTHER)]
    page = desk.get(f"/admin/users/details/?id={teacher.id}").text
    assert "ครูย้าย" in page
    assert "ย้าย" in page


def test_an_accounts_history_tells_of_the_account_and_not_of_what_the_person_did(desk, sign_in, teacher):
    assert sign_in(teacher).get("/admin/users/").status_code == 403
    told = {"what": [None, "grid"], "rows": [None, 3]}
    history.note_event(AREA, teacher, "export", "access", teacher.id, told)
    page = desk.get(f"/admin/users/details/?id={teacher.id}").text
    said = page[page.index("ประวัติของบัญชี") :]
    assert not re.search("refuse|export|scope|where|grid", re.sub(r"<[^>]*>|href=\S+", "", said))


def test_two_who_change_one_account_see_both_versions(desk, administrator, teacher):
    form = {"name": "ครูย้าย", "email": teacher.email, "revision": teacher.revision, "phone": "045 111"}
    form |= {"grants-0-role": "school", "grants-0-area_code": AREA, "grants-0-schools": SCHOOL}
    path = f"/admin/users/edit/?id={teacher.id}"
    assert desk.send(path, form).status_code == 302
    stale = desk.send(path, {**form, "name": "ช้าไป"}).text
    assert User.objects.get(id=teacher.id).name == "ครูย้าย"
    dialog = stale[stale.index("<dialog") :]
    assert "ช้าไป" in dialog
    assert "ครูย้าย" in dialog
    assert administrator.name in dialog
    assert 'name="revision" type="hidden" value="2"' in stale
    assert desk.send(path, {**form, "name": "ช้าไป", "revision": 2}).status_code == 302


def test_suspending_and_the_desk_work_from_the_page(desk, sign_in, teacher):
    browser = sign_in(with_password(teacher))
    page = desk.send("/admin/users/reset/", {"id": teacher.id, "reason": "ลืม"}).text
    shown = first_password(page)
    assert browser.get("/admin/").status_code == 302
    assert browser.type_in(teacher.email, shown).status_code == 302
    assert browser.get("/admin/").location == "/change"
    desk.send("/admin/users/suspend/", {"id": teacher.id, "reason": "ลาออก"})
    assert browser.get("/change").location.startswith("/login")


def test_several_are_suspended_at_once_and_oneself_is_left_out(desk, administrator, teacher, officer):
    ids = [str(one.id) for one in (teacher, officer, administrator)]
    desk.send(
        "/admin/users/action/", {"action": "suspend", "rowid": ids, "url": "/admin/users/", "reason": "ลาออก"}
    )
    active = {one.email.split("@")[0]: one.active for one in User.objects()}
    assert active == {"teacher": False, "officer": False, "administrator": True}


def test_all_schools_accounts_are_planned_then_made(desk):
    form = {"area": AREA, "roles": ["school", "director"]}
    assert "สร้าง 4 บัญชีและพิมพ์สลิป" in desk.send("/admin/users/schools/", form).text
    slips = desk.send("/admin/users/schools/", {**form, "make": "1"}).text
    assert slips.count('class="slip"') == 4
    assert desk.send("/admin/users/schools/", {**form, "make": "1"}).text.count('class="slip"') == 0


def test_many_accounts_are_a_job_whose_slips_are_sealed_and_shown_once(
    desk, sign_in, officer, monkeypatch, database
):
    monkeypatch.setattr(school_accounts, "AT_ONCE", 1)
    form = {"area": AREA, "roles": ["school", "director"], "make": "1"}
    page = desk.send("/admin/users/schools/", form)
    assert page.status_code == 303
    assert "แสดงได้ครั้งเดียว" in desk.get(page.location).text
    job = database.jobs.find_one({"kind": "school_accounts"})
    person = User.objects.get(email=f"{SCHOOL}@school.khet")
    assert person.email not in json.dumps(job["result"])
    assert sign_in(officer).send("/admin/users/slips/", {"job": job["_id"]}).status_code == 403
    slips = desk.send("/admin/users/slips/", {"job": job["_id"]}).text
    assert slips.count('class="slip"') == 4
    shown = re.search(r"<dd>" + person.email + r'</dd>.*?class="secret">([^<]+)<', slips, re.S)[1]
    assert passwords.matches(shown, person.password)
    again = desk.send("/admin/users/slips/", {"job": job["_id"]})
    assert again.status_code == 400
    assert 'class="slip"' not in again.text
    assert "แสดงไปแล้ว" in desk.get(page.location).text
    # Killed after its accounts were stored: the second run gives those who never came a new password, nobody else.
    User.objects(email=f"d{SCHOOL}@school.khet").update(login_count=3)
    done = Job.objects.get(id=job["_id"])
    emails = done.arguments["emails"]
    assert sorted(emails) == sorted(
        f"{mark}{code}@school.khet" for mark in ("", "d") for code in (SCHOOL, OTHER)
    )
    done.actor = User.objects.get(id=done.owner)
    told = school_accounts.make_job(done, Quiet(), **done.arguments)
    assert told["summary"] == ["สร้าง 3 บัญชีแล้ว"]
    assert not passwords.matches(shown, person.reload().password)
    assert list(verifying.verify()) == []


class Quiet:
    """A progress that nobody watches."""

    def begin(self, total, unit):
        """Nothing."""

    def at(self, done):
        """Nothing."""


def test_a_pasted_list_says_which_row_is_wrong(desk):
    lines = f"{SCHOOL}\tone@school.khet\tครูหนึ่ง\n99999999\ttwo@school.khet\n{OTHER},,ผอ.สอง,ผอ."
    page = desk.send("/admin/users/schools/", {"area": AREA, "lines": lines}).text
    assert "แถวที่ 2" in page
    assert User.objects(email="one@school.khet").count() == 0
    good = lines.replace("99999999", SCHOOL)
    assert (
        desk.send("/admin/users/schools/", {"area": AREA, "lines": good, "make": "1"}).text.count('slip"')
        == 3
    )
    assert User.objects.get(email=f"d{OTHER}@school.khet").schools("director") == [(AREA, OTHER)]


def test_ones_own_page_lists_and_ends_sessions(sign_in, teacher):
    browser, other = sign_in(teacher), sessions.begin(teacher, "10.0.0.9", "Mozilla Windows Chrome/1")
    page = browser.get("/account/").text
    assert "10.0.0.9" in page
    assert "Chrome บน Windows" in page
    browser.send("/account/end/", {"id": str(other.id)})
    assert sessions.resume(str(other.id)) is None
    assert browser.get("/account/").status_code == 200


def test_ones_own_telephone_is_ones_own_to_change_and_nothing_else(sign_in, teacher, neighbour):
    browser = sign_in(teacher)
    refused = browser.send("/account/phone/", {"phone": "โทรหาครู"})
    assert refused.status_code == 422
    assert "โทรศัพท์เป็นตัวเลข" in refused.text
    assert 'value="โทรหาครู"' in refused.text
    assert "ยาวเกิน 30" in browser.send("/account/phone/", {"phone": "0" * 40}).text
    asked = {
        "phone": "๐๘๑ 234 5678",
        "name": "x",
        "email": "x@y.z",
        "id": str(neighbour.id),
        "grants-0-role": "admin",
    }
    assert browser.send("/account/phone/", asked).status_code == 303
    now = User.objects.get(id=teacher.id)
    assert (now.phone, now.name, now.email, now.grants) == (
        "081 234 5678",
        teacher.name,
        teacher.email,
        teacher.grants,
    )
    assert neighbour.reload().phone is None
    event = history.events_of(AREA, teacher.id)[0]
    assert (event.action, event.actor_name, event.changes) == (
        "update",
        teacher.name,
        {"phone": [None, "081 234 5678"]},
    )


def test_nobody_ends_anothers_session(sign_in, teacher, neighbour):
    other = sessions.begin(neighbour)
    sign_in(teacher).send("/account/end/", {"id": str(other.id)})
    assert sessions.resume(str(other.id))


def test_ones_own_account_offers_no_form_that_could_not_be_saved(sign_in, administrator):
    browser = sign_in(administrator)
    answer = browser.get(f"/admin/users/edit/?id={administrator.id}", follow_redirects=True)
    assert answer.request.path == "/admin/users/details/"
    assert granting.OWN in answer.text
