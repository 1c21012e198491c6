"""First steps: a new installation says what comes next and who does it, until its first round is open."""

import datetime as dt

from documents.collecting.rounds import Round
from documents.district.schools import Area, School
from documents.people.users import User
from tests.people import AREA, person

AS_OF = dt.datetime(2025, 6, 10)  # noqa: DTZ001  a day has no zone
TITLE = "เริ่มต้นใช้งาน"


def test_each_sees_the_next_step_that_is_his_until_a_round_is_open(sign_in):
    Area(code=AREA, name="สพป. ทดสอบ เขต 1", province="34").save()
    admin = person("ผู้ดูแล", "admin")
    page = sign_in(admin).get("/admin/").text
    assert TITLE in page
    assert 'href="/admin/users/new/">สร้างบัญชีเจ้าหน้าที่' in page
    officer, approver = person("เจ้าหน้าที่", "district"), person("ผู้รับรอง", "approver")
    assert "ผู้ดูแลระบบ · ยังไม่มีผู้บังคับบัญชา" in sign_in(admin).get("/admin/").text
    superior = person("ผู้บังคับบัญชา", "executive")
    page = sign_in(officer).get("/admin/").text
    assert 'href="/admin/schools/import/">นำเข้ารายชื่อโรงเรียน' in page
    assert 'href="/admin/users/schools/">สร้างบัญชีทุกโรงเรียน' not in sign_in(admin).get("/admin/").text
    School(area_code=AREA, code="34010001", name="บ้านหนึ่ง").save()
    assert 'href="/admin/rounds/new/">สร้างรอบของปี' in sign_in(officer).get("/admin/").text
    assert 'href="/admin/users/schools/">สร้างบัญชีทุกโรงเรียน' in sign_in(admin).get("/admin/").text
    made = Round(
        area_code=AREA, subsystem="DMC", academic_year=2568, code="1", title="ภาคเรียนที่ 1", as_of=AS_OF
    ).save()
    assert 'href="/admin/rounds/">เสนอรอบ' in sign_in(officer).get("/admin/").text
    made.update(state="proposed")
    assert 'href="/admin/rounds/">' not in sign_in(officer).get("/admin/").text.partition(TITLE)[2]
    assert 'href="/admin/rounds/">สั่งการ' in sign_in(superior).get("/admin/").text
    assert 'href="/admin/rounds/">เปิดรอบ' not in sign_in(approver).get("/admin/").text
    made.update(order={"text": "ทราบ"})
    assert 'href="/admin/rounds/">เปิดรอบ' in sign_in(approver).get("/admin/").text
    teacher = person("ครู", "school", "34010001")
    assert TITLE not in sign_in(teacher).get("/admin/").text


def test_a_district_at_work_is_not_told_to_begin(sign_in, open_round, officer, administrator):
    assert Round.objects.count() == 1
    assert User.objects.count() > 1
    for one in (officer, administrator):
        assert TITLE not in sign_in(one).get("/admin/").text


def test_a_draft_beside_an_open_round_does_not_begin_anew(sign_in, open_round, officer):
    draft = Round(
        area_code=AREA, subsystem="EMIS", academic_year=2568, code="1", title="ประจำปี", as_of=AS_OF
    ).save()
    client = sign_in(officer)
    client.get(f"/admin/choose/?round={draft.id}")
    page = client.get("/admin/").text
    assert "EMIS ประจำปี" in page
    assert TITLE not in page


def test_every_empty_page_says_what_comes_first_and_who_does_it(sign_in):
    Area(code=AREA, name="สพป. ทดสอบ เขต 1", province="34").save()
    officer, superior = sign_in(person("เจ้าหน้าที่", "district")), sign_in(person("ผู้บังคับบัญชา", "executive"))
    teacher, admin = sign_in(person("ครู", "school", "34010001")), sign_in(person("ผู้ดูแล", "admin"))
    for page, who, words in (
        ("students", officer, "ไปที่รอบการจัดเก็บข้อมูล"),
        ("students", teacher, "เมื่อเขตสร้างและเปิดรอบแล้ว"),
        ("control-room", superior, "เมื่อเจ้าหน้าที่เขตสร้างและเสนอรอบของปีแล้ว"),
        ("submissions", teacher, "เมื่อเขตเปิดรอบแล้ว การส่งข้อมูล"),
        ("schools", officer, "นำเข้ารายชื่อโรงเรียนทั้งเขตจากไฟล์"),
        ("schools", superior, "เมื่อเจ้าหน้าที่เขตนำเข้ารายชื่อโรงเรียนแล้ว"),
        ("schools/contacts", officer, "เมื่อเจ้าหน้าที่เขตนำเข้ารายชื่อโรงเรียนแล้ว"),
    ):
        assert words in who.get(f"/admin/{page}/").text, page
    asked = admin.send("/admin/users/schools/", {"area": AREA, "roles": "school"})
    assert "กรุณาให้เจ้าหน้าที่เขตนำเข้ารายชื่อโรงเรียนก่อน" in asked.text


def test_a_round_whose_time_is_over_says_so_before_it_is_opened(sign_in, area, officer, executive):
    desk = sign_in(officer)
    assert "เวลาผ่านไปแล้ว" in desk.get("/admin/rounds/new/?year=2567").text
    desk.send("/admin/rounds/new/", {"year": "2567", "subsystem": "B-OBEC"})
    late = Round.objects(academic_year=2567).get()
    page = desk.get(f"/admin/rounds/details/?id={late.id}").text
    assert "จะไม่มีโรงเรียนใดบันทึกได้ กรุณาแก้กำหนดเวลาก่อน" in page
    late.update(state="proposed")
    page = sign_in(executive).get(f"/admin/rounds/details/?id={late.id}").text
    assert "กรุณาให้เจ้าหน้าที่เขตแก้กำหนดเวลาก่อน" in page
    desk.send("/admin/rounds/new/", {"year": "2568", "subsystem": "B-OBEC"})
    page = desk.get(f"/admin/rounds/details/?id={Round.objects(academic_year=2568).get().id}").text
    assert "จะไม่มีโรงเรียนใดบันทึกได้" not in page
