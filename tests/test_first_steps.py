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
    officer, _ = person("เจ้าหน้าที่", "district"), person("ผู้รับรอง", "approver")
    page = sign_in(officer).get("/admin/").text
    assert 'href="/admin/schools/import/">นำเข้ารายชื่อโรงเรียน' in page
    School(area_code=AREA, code="34010001", name="บ้านหนึ่ง").save()
    assert 'href="/admin/rounds/new/">สร้างรอบของปี' in sign_in(officer).get("/admin/").text
    assert 'href="/admin/users/schools/">สร้างบัญชีทุกโรงเรียน' in sign_in(admin).get("/admin/").text
    Round(
        area_code=AREA, subsystem="DMC", academic_year=2568, code="1", title="ภาคเรียนที่ 1", as_of=AS_OF
    ).save()
    assert 'href="/admin/rounds/">เสนอ สั่งการ และเปิดรอบ' in sign_in(officer).get("/admin/").text
    teacher = person("ครู", "school", "34010001")
    assert TITLE not in sign_in(teacher).get("/admin/").text


def test_a_district_at_work_is_not_told_to_begin(sign_in, open_round, officer, administrator):
    assert Round.objects.count() == 1
    assert User.objects.count() > 1
    for one in (officer, administrator):
        assert TITLE not in sign_in(one).get("/admin/").text
