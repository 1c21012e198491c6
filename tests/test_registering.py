"""Registration: asked by a stranger, proven by a link, checked, certified by another; links to set a password, once."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image

from documents import clock
from documents.clock import real_now
from documents.collecting.waiting import waiting_for
from documents.database import collection, db
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, WrongState
from documents.notifying import mail
from documents.notifying.notices import Notice
from documents.people import account_links, accounts, passwords, registering, retention, sessions
from documents.people.account_links import AccountLink
from documents.people.registrations import Registration
from documents.people.users import Grant, User
from documents.trail import history, verifying
from tests.people import AREA, OTHER, SCHOOL, person
from tests.web import PASSWORD, with_password

EMAIL = "new.teacher@example.org"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def form(**more):
    typed = {"area": AREA, "school": f"{OTHER} บ้านสอง", "role": "school", "name": "ครูมาใหม่ ตั้งใจ"}
    return {**typed, "position": "ครู", "phone": "081 000 0000", "email": EMAIL, **more}


def send(browser, letter=PDF, path="/register", **more):
    return browser.send(path, form(letter=(io.BytesIO(letter), "letter.pdf"), **more))


def link_in(letter):
    """The path of the link that a letter carries."""
    found = re.search(r"http://localhost(/\S+\?t=[\w-]+)", letter.get_content())
    return found and found[1]


def token_in(letter):
    return link_in(letter).partition("?t=")[2]


def post_to(browser, letter, **data):
    """Press the button of the page behind a letter's link."""
    path, _, token = link_in(letter).partition("?t=")
    return browser.send(path, {"t": token, **data})


def typed(**more):
    given = form(school_code=OTHER, **more)
    return {name: given[name] for name in (*accounts.PERSONAL, "role", "school_code")}


@pytest.fixture
def waiting(area):
    """A registration that waits for the district; no mail goes out."""
    return registering.ask(AREA, typed(), PDF)


@pytest.fixture
def checked(waiting, officer):
    return registering.decide(waiting, "check", officer)[0]


def test_who_registered_waits_on_the_home_of_who_is_to_decide(waiting, officer, approver, teacher, sign_in):
    def of(who):
        return [each.what for each in waiting_for(who, AREA, []) if each.what.startswith("join")]

    assert (of(officer), of(approver), of(teacher)) == (["join_check"], [], [])
    officer.update(push__grants=Grant(role="approver", area_code=AREA))
    registering.decide(waiting, "check", officer.reload())
    assert (of(officer), of(approver)) == ([], ["join_certify"])  # who checked does not certify
    page = sign_in(approver).get("/admin/").text
    assert "รับรองผู้ลงทะเบียน 1 คน" in page
    assert "/admin/registrations/?state=checked" in page


# The way of one who registers


def test_from_registration_to_the_first_sign_in_by_mail(
    client, sign_in, officer, approver, neighbour, post_office
):
    assert send(client).status_code == 303
    (proof,) = post_office.to(EMAIL)
    desk = sign_in(officer)
    assert "ครูมาใหม่" not in desk.get("/admin/registrations/?state=all").text  # not proven yet
    assert "ครูมาใหม่" in client.get(link_in(proof)).text
    assert Registration.objects.get().state == "asked"  # opening it proves nothing
    assert "ส่งถึงเขตแล้ว" in post_to(client, proof).text
    case = Registration.objects.get()
    page = desk.get(f"/admin/registrations/details/?id={case.id}").text
    assert "โรงเรียนนี้มีครูข้อมูลโรงเรียนอยู่แล้ว" in page  # the neighbour
    step = {"id": str(case.id), "step": "check"}
    undecided = desk.send("/admin/registrations/step/", step)
    assert undecided.status_code == 422
    assert neighbour.name in undecided.text
    assert desk.send("/admin/registrations/step/", {**step, "beside": "second"}).status_code == 303
    above = sign_in(approver)
    above.send("/admin/registrations/step/", {"id": str(case.id), "step": "certify"})
    letter = post_office.to(EMAIL)[-1]
    made = User.objects.get(email=EMAIL)
    assert (made.schools("school"), made.password, made.login_count) == ([(AREA, OTHER)], None, 0)
    assert made.name in client.get(link_in(letter)).text
    done = post_to(client, letter, password="แมวสามตัวนอนกลางวัน", again="แมวสามตัวนอนกลางวัน")
    assert done.location == "/login"
    assert client.type_in(EMAIL, "แมวสามตัวนอนกลางวัน").location == "/admin/"
    told = [event.action for event in history.events_of(AREA, made.id)]
    assert told == ["activated", "create"]
    assert [row["name"] for row in Registration.objects.get().moves] == ["ask", "prove", "check", "certify"]
    assert list(verifying.verify(AREA)) == []


def test_without_mail_everything_is_done_at_the_desk(client, sign_in, officer, approver):
    assert "ยังไม่ได้เปิดส่งอีเมล" in client.get("/register").text
    assert "รับคำขอแล้ว" in client.get(send(client).location).text
    case = Registration.objects.get()
    assert case.state == "waiting"
    assert collection(Notice).count_documents({"person": officer.id}) == 1
    desk, above = sign_in(officer), sign_in(approver)
    assert "ยังไม่ได้ยืนยัน" in desk.get(f"/admin/registrations/details/?id={case.id}").text
    desk.send("/admin/registrations/step/", {"id": str(case.id), "step": "check"})
    slip = above.send("/admin/registrations/step/", {"id": str(case.id), "step": "certify"}).text
    first = re.search(r'class="secret"[^>]*>([^<]+)<', slip)[1]
    client.type_in(EMAIL, first)
    assert client.get("/admin/").location == "/change"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"school": "บ้านไม่มี"}, "เลือกโรงเรียน"),
        ({"school": "99999999"}, "เลือกโรงเรียน"),
        ({"role": "admin"}, "เลือกหน้าที่"),
        ({"name": " "}, "ชื่อ-สกุล"),
        ({"name": "รับรางวัลที่ https://evil.example/a"}, "เฉพาะชื่อ-สกุล"),
        ({"name": "รับรางวัลที่ EVIL.COM ด่วน"}, "เฉพาะชื่อ-สกุล"),
        ({"phone": ""}, "โทรศัพท์"),
        ({"phone": "ไม่มี"}, "โทรศัพท์เป็นตัวเลข"),
        ({"email": "ไม่ใช่"}, "ตัวอักษรอังกฤษ"),
        ({"email": "a@b\r\nBcc: c@d"}, "ตัวอักษรอังกฤษ"),
        ({"letter": b"<svg onload=alert(1)>"}, "JPEG"),
        ({"letter": b"MZ\x90"}, "JPEG"),
        ({"letter": b""}, "แนบหนังสือ"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, area, wrong, said):
    answer = send(client, **wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert "081 000 0000" in answer.text or "phone" in wrong
    assert Registration.objects.count() == 0
    assert db()["evidence.files"].count_documents({}) == 0


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_form(client, area):
    answer = send(client, letter=b"MZ\x90", school="", email="", name="")
    told = answer.text.split("data-summary")[1].split("</ul>")[0]
    places = [told.index(f'href="#field-{name}"') for name in ("school", "name", "email", "letter")]
    assert places == sorted(places)


def test_a_letter_is_checked_by_its_content_and_handed_out_as_a_file(
    client, sign_in, officer, neighbour, area
):
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(picture, "JPEG", comment=b"made in a secret place")
    assert send(client, letter=picture.getvalue()).status_code == 303
    case = Registration.objects.get()
    answer = sign_in(officer).get(f"/admin/registrations/letter/?id={case.id}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (answer.mimetype, b"secret" in answer.data) == ("image/jpeg", False)
    assert sign_in(neighbour).get(f"/admin/registrations/letter/?id={case.id}").status_code == 403


def test_nobody_learns_whether_an_email_is_known(client, app, teacher, post_office):
    answers = [send(app.test_client(), email=email) for email in (teacher.email, EMAIL)]
    pages = [app.test_client().get(answer.location).text for answer in answers]
    same = [re.sub(r"<b>\d+</b>|nonce=\"[^\"]*\"|value=\"[^\"]*\"", "", page) for page in pages]
    assert same[0] == same[1]
    assert [one.state for one in Registration.objects()] == ["asked", "asked"]
    (known,) = post_office.to(teacher.email)
    assert "มีบัญชีอยู่แล้ว" in known.get_content()
    assert link_in(known) is None


def test_a_second_registration_of_one_email_is_told_by_its_link_alone(client, post_office, area):
    send(client)
    send(client)
    first, second = post_office.to(EMAIL)
    assert post_to(client, second).status_code == 200
    refused = post_to(client, first)
    assert refused.status_code == 409
    assert "รอเขตพิจารณาอยู่แล้ว" in refused.text
    assert "ใช้ไปแล้ว" in post_to(client, second).text


def test_nobodys_letter_box_is_filled_by_those_who_register_with_it(client, app, teacher, post_office, area):
    for email in (EMAIL, teacher.email):
        answers = {send(client, email=email).status_code for _ in range(registering.SENT_EACH_HOUR + 2)}
        assert answers == {303}
        assert len(post_office.to(email)) == registering.SENT_EACH_HOUR
    assert Registration.objects.count() == 2 * (registering.SENT_EACH_HOUR + 2)


@pytest.mark.parametrize(
    "name", ["Mr. John O'Neil", "ว่าที่ร.ต.สมชาย ใจดี", "ม.ร.ว.หญิง ก. ข.", "Dr.Anna-Lena Berg"]
)
def test_names_as_people_have_them_are_taken(client, name, area):
    assert send(client, name=name).status_code == 303


def test_what_was_not_proven_in_time_is_deleted_with_its_letter(client, waiting, post_office, area):
    send(client)
    collection(Registration).update_one(
        {"state": "asked"}, {"$set": {"link_until": real_now() - timedelta(hours=1)}}
    )
    assert post_to(client, post_office.to(EMAIL)[0]).status_code == 409
    assert registering.forget_unproven() == 1
    assert [one.state for one in Registration.objects()] == ["waiting"]
    assert db()["evidence.files"].count_documents({}) == 1


def test_what_the_district_returns_is_amended_by_the_link(client, sign_in, officer, post_office, area):
    send(client)
    post_to(client, post_office.to(EMAIL)[0])
    case = Registration.objects.get()
    sign_in(officer).send(
        "/admin/registrations/step/", {"id": str(case.id), "step": "return", "reason": "หนังสือไม่ชัด"}
    )
    letter = post_office.to(EMAIL)[-1]
    assert "หนังสือไม่ชัด" in letter.get_content()
    page = client.get(link_in(letter)).text
    assert "หนังสือไม่ชัด" in page
    assert "ครูมาใหม่" in page
    old = case.letter
    amended = form(
        t=token_in(letter), email="other@example.org", phone="045 111", letter=(io.BytesIO(PDF), "a.pdf")
    )
    assert "ส่งใหม่แล้ว" in client.send("/register/amend", amended).text
    case = Registration.objects.get()
    assert (case.state, case.email, case.phone) == ("waiting", EMAIL, "045 111")
    assert db()["evidence.files"].find_one({"_id": old}) is None
    assert client.get(link_in(letter)).status_code == 409


def test_a_refused_registration_leaves_no_letter_and_tells_why(waiting, officer):
    done, _ = registering.decide(waiting, "refuse", officer, "ไม่ใช่ครูของโรงเรียน")
    assert (done.state, done.letter) == ("refused", None)
    assert db()["evidence.files"].count_documents({}) == 0
    with pytest.raises(Invalid):
        registering.decide(registering.ask(AREA, typed(), PDF), "refuse", officer, " ")


# Who may


def test_what_came_to_nothing_is_deleted_after_its_time_and_letters_of_certified_ones(
    area, officer, approver, database
):
    """The row of a certified one stays: there is an account that it made."""
    refused, returned, made = (
        registering.ask(AREA, typed(email=f"{name}@example.org"), PDF) for name in ("one", "two", "three")
    )
    registering.decide(refused, "refuse", officer, "ไม่มีคำสั่ง")
    registering.decide(returned, "return", officer, "ขอหนังสือใหม่")
    registering.decide(registering.decide(made, "check", officer)[0], "certify", approver)
    kept = timedelta(days=30)
    assert retention.erase_registrations(AREA, kept) == 0
    clock.configure(clock.now() + timedelta(days=31))
    long_ago = {"$set": {"link_until": real_now() - timedelta(days=31)}}
    database.registrations.update_one({"_id": returned.id}, long_ago)
    assert retention.erase_registrations(AREA, kept) == 3
    left = Registration.objects.get()
    assert (left.id, left.letter, bool(left.letter_digest)) == (made.id, None, True)
    assert database["evidence.files"].count_documents({}) == 0
    assert retention.erase_registrations(AREA, kept) == 0


def test_who_checked_does_not_certify(waiting, area):
    both = person("both", "district")
    both.grants.append(Grant(role="approver", area_code=AREA))
    both.save()
    case, _ = registering.decide(waiting, "check", both)
    with pytest.raises(NotAllowed):
        registering.decide(case, "certify", both)
    assert registering.decide(case, "certify", person("second", "approver"))[0].state == "certified"


def test_nobody_decides_about_himself(waiting, officer, approver):
    for who in (officer, approver):
        collection(User).update_one(
            {"_id": who.id}, {"$set": {"email": f"{who.fs_uniquifier}.own@example.org"}}
        )
    own = registering.ask(AREA, typed(email="officer.own@example.org"), PDF)
    with pytest.raises(NotAllowed):
        registering.decide(own, "check", officer.reload())
    with pytest.raises(NotAllowed):
        registering.invite(officer, AREA, typed(email="officer.own@example.org"))


def test_whoever_has_the_next_step_is_told_by_the_bell(officer, approver, waiting, sign_in):
    told = {row["person"]: row["text"] for row in collection(Notice).find()}
    assert set(told) == {officer.id}
    assert told[officer.id] == "คำขอลงทะเบียน · บ้านสอง: รอเขตตรวจสอบ"
    registering.decide(waiting, "check", officer)
    (notice,) = collection(Notice).find({"person": approver.id})
    assert sign_in(approver).get(notice["url"]).status_code == 200
    registering.decide(waiting.reload(), "certify", approver)
    assert collection(Notice).distinct("person") == sorted([officer.id, approver.id])


def test_two_who_decide_at_once_do_not_both_win(checked, approver, area):
    second = person("second", "approver")
    registering.decide(checked, "certify", approver)
    with pytest.raises(WrongState):
        registering.decide(checked, "certify", second)
    assert User.objects(email=EMAIL).count() == 1


def test_another_area_and_the_school_see_nothing(checked, sign_in, teacher, administrator, area):
    far = person("far", "district", area="34020000")
    for who in (far, teacher, administrator):
        browser = sign_in(who)
        for path in ("details/", "letter/"):
            assert browser.get(f"/admin/registrations/{path}?id={checked.id}").status_code == 403
    assert "ครูมาใหม่" not in sign_in(far).get("/admin/registrations/?state=all").text
    with pytest.raises(OutOfScope):
        registering.decide(checked, "certify", person("far_approver", "approver", area="34020000"))


# A school that has its officer


def test_the_one_in_whose_place_he_comes_loses_the_role_with_the_certification(
    waiting, officer, approver, neighbour
):
    with pytest.raises(Invalid) as refused:
        registering.decide(waiting, "check", officer)
    assert neighbour.name in refused.value.message
    case, _ = registering.decide(waiting, "check", officer, typed={"beside": "replace"})
    began = sessions.begin(neighbour)
    assert User.objects.get(id=neighbour.id).active
    registering.decide(case, "certify", approver)
    old = User.objects.get(id=neighbour.id)
    assert (old.active, old.schools("school")) == (False, [(AREA, OTHER)])
    assert sessions.resume(str(began.id)) is None
    assert "ครูมาใหม่" in history.events_of(AREA, neighbour.id)[0].reason


def test_one_who_has_other_roles_keeps_them(waiting, officer, approver, neighbour):
    neighbour.grants = [Grant(role="school", area_code=AREA, school_codes=[SCHOOL, OTHER])]
    neighbour.save()
    case, _ = registering.decide(
        waiting, "check", officer, typed={"beside": "replace", "replaces": str(neighbour.id)}
    )
    registering.decide(case, "certify", approver)
    old = User.objects.get(id=neighbour.id)
    assert (old.active, old.schools("school")) == (True, [(AREA, SCHOOL)])


def test_a_proven_email_with_an_account_gets_the_role_beside_its_own(
    client, post_office, officer, approver, area
):
    send(client)
    post_to(client, post_office.to(EMAIL)[0])
    known = person("known", "director", SCHOOL)
    collection(User).update_one({"_id": known.id}, {"$set": {"email": EMAIL}})
    case, _ = registering.decide(Registration.objects.get(), "check", officer)
    registering.decide(case, "certify", approver)
    found = User.objects.get(id=known.id)
    assert (found.schools("school"), found.schools("director")) == ([(AREA, OTHER)], [(AREA, SCHOOL)])
    assert "บัญชีเดิม" in post_office.to(EMAIL)[-1].get_content()


def test_an_unproven_email_with_an_account_gets_nothing(checked, approver, area):
    person("known", "director", SCHOOL)
    collection(User).update_one({"fs_uniquifier": "known"}, {"$set": {"email": EMAIL}})
    with pytest.raises(DuplicateKey):
        registering.decide(checked, "certify", approver)
    assert Registration.objects.get().state == "checked"


# Invitations


def test_an_invitation_is_certified_by_another_and_comes_by_mail(
    sign_in, client, officer, approver, post_office
):
    desk = sign_in(officer)
    answer = desk.send("/admin/registrations/invite/", form(position="", phone=""))
    assert answer.status_code == 303
    case = Registration.objects.get()
    assert (case.state, case.invited) == ("checked", True)
    assert collection(Notice).count_documents({"person": approver.id}) == 1
    assert post_office.letters == []
    sign_in(approver).send("/admin/registrations/step/", {"id": str(case.id), "step": "certify"})
    (letter,) = post_office.to(EMAIL)
    assert post_to(client, letter, password=PASSWORD, again=PASSWORD).location == "/login"
    again = desk.send("/admin/registrations/invite/", form())
    assert again.status_code == 409
    assert "มีบัญชีอยู่แล้ว" in again.text
    assert sign_in(approver).get("/admin/registrations/invite/").status_code == 403


# Links to set a password


@pytest.fixture
def reset_letter(client, teacher, post_office):
    with_password(teacher)
    client.send("/password/forgot", {"email": f" {teacher.email.upper()} "}, buffered=True)
    (letter,) = post_office.to(teacher.email)
    return letter


def test_a_reset_link_is_good_once(client, teacher, reset_letter):
    began = sessions.begin(teacher)
    new = "ทุ่งดอกบัว กับ จักรยาน"
    assert post_to(client, reset_letter, password="short", again="short").status_code == 422
    assert "ไม่ตรงกัน" in post_to(client, reset_letter, password=new, again=PASSWORD).text
    assert post_to(client, reset_letter, password=new, again=new).status_code == 303
    assert sessions.resume(str(began.id)) is None
    for answer in (
        client.get(link_in(reset_letter)),
        post_to(client, reset_letter, password=PASSWORD, again=PASSWORD),
    ):
        assert answer.status_code == 409
        assert "ใช้ไปแล้วเมื่อ" in answer.text
    assert passwords.matches(new, teacher.reload().password)
    assert history.events_of(AREA, teacher.id)[0].action == "reset_by_link"


def test_a_newer_link_ends_the_one_before_and_old_ones_end_by_themselves(
    client, teacher, reset_letter, post_office
):
    client.send("/password/forgot", {"email": teacher.email}, buffered=True)
    newer = post_office.to(teacher.email)[1]
    assert "ลิงก์ใหม่กว่า" in client.get(link_in(reset_letter)).text
    assert client.get(link_in(newer)).status_code == 200
    collection(AccountLink).update_many({}, {"$set": {"expires_at": real_now() - timedelta(seconds=1)}})
    assert "หมดอายุเมื่อ" in client.get(link_in(newer)).text
    assert "ไม่ถูกต้อง" in client.get("/password/new?t=x").text


def test_a_link_is_no_good_once_the_account_is_another(client, teacher, administrator, reset_letter):
    accounts.reset(administrator, teacher.id, "ลืม")
    assert "บัญชีเปลี่ยนไป" in client.get(link_in(reset_letter)).text
    accounts.suspend(administrator, teacher.id, "ลาออก")
    assert "ถูกระงับ" in client.get(link_in(reset_letter)).text


def test_asking_tells_nobody_whether_there_is_such_an_account(client, teacher, post_office):
    suspended = person("gone", "school", OTHER)
    collection(User).update_one({"_id": suspended.id}, {"$set": {"active": False}})
    pages = []
    for email in (teacher.email, "nobody@example.org", suspended.email, "ไม่ใช่", "", "x" * 5000):
        answer = client.send("/password/forgot", {"email": email}, buffered=True)
        assert answer.status_code == 200
        pages.append(re.sub(r'nonce="[^"]*"|value="[^"]*"', "", answer.text))
    assert len(set(pages)) == 1
    assert {letter["To"] for letter in post_office.letters} == {teacher.email}


def test_the_answer_does_not_wait_for_the_letter(client, teacher, post_office, monkeypatch):
    """What a known e-mail costs more is done after the answer was sent."""
    asked = []
    monkeypatch.setattr(account_links, "ask_reset", asked.append)
    answer = client.send("/password/forgot", {"email": teacher.email})
    assert answer.status_code == 200
    assert asked == []
    answer.close()
    assert asked == [teacher.email]


def test_one_person_gets_three_letters_an_hour_and_an_address_is_limited(client, teacher, post_office):
    answers = [
        client.send("/password/forgot", {"email": teacher.email}, buffered=True).status_code
        for _ in range(21)
    ]
    assert answers == [200] * 20 + [429]
    assert len(post_office.letters) == account_links.SENT_EACH_HOUR


def test_registrations_of_one_address_are_limited(app, area):
    answers = [send(app.test_client(), letter=b"").status_code for _ in range(31)]
    assert answers == [422] * 30 + [429]


def test_accounts_without_a_letter_box_are_sent_nothing(client, post_office, area):
    made_up = person("made", "school", SCHOOL)
    collection(User).update_one({"_id": made_up.id}, {"$set": {"email": f"{SCHOOL}@school.khet"}})
    client.send("/password/forgot", {"email": f"{SCHOOL}@school.khet"}, buffered=True)
    assert mail.is_on()
    assert post_office.letters == []


def test_tokens_are_kept_as_digests_and_stand_in_no_path(reset_letter, client, database):
    token = token_in(reset_letter)
    assert token not in str(list(database.account_links.find()))
    assert "?t=" in link_in(reset_letter)
    assert (
        client.post("/password/new", data={"t": token, "password": PASSWORD}).status_code == 400
    )  # no form of ours
