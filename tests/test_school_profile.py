"""The school profile: declared once, kept by the school and the district each in its part, with land, place and size."""

import io
import re

import pytest
from PIL import Image

from documents.district.land import accepted, total
from documents.district.levels import stages_in_words
from documents.district.school_gaps import gaps_of
from documents.district.school_profile import edit_school
from documents.district.school_sizes import sizes_of
from documents.district.schools import School, size_band
from documents.dmc.rooms import SchoolRooms
from documents.errors import Invalid, NotAllowed, WrongState
from documents.records.writing import Change, write
from documents.trail.history import events_of
from documents.trail.verifying import verify
from tests.people import AREA, OTHER, SCHOOL, place

PAGE = "/admin/schools/"


def profile(code=SCHOOL):
    return School.objects.get(area_code=AREA, code=code)


def parcel(at=0, **typed):
    return {f"land-{at}-{name}": text for name, text in typed.items()} | {"land-shown": "1"}


def test_a_school_keeps_its_own_part_and_nothing_of_the_districts(
    open_round, teacher, neighbour, director, sign_in
):
    browser, own = sign_in(teacher), profile()
    form = {"id": own.id, "revision": 1, "phone": "๐๔๕-123456", "website": "www.baan1.ac.th", "moo": "๐๗",
            "latitude": "15.2448", "longitude": "104.8473", "founded_on": "10/06/2480", "subdistrict": "340101"}  # fmt: skip
    form |= parcel(document="deed", number="123", tenure="state", rai="12", ngan="3", wah="20.5")
    form |= parcel(1, tenure="temple", rai="๒", ngan="2", wah="90") | parcel(2, rai="")
    assert browser.send(f"{PAGE}edit/", form).status_code == 303
    stored = profile()
    assert (stored.phone, stored.moo, stored.district, stored.founded_on.year) == (
        "045-123456",
        "7",
        "3401",
        1937,
    )
    assert [each.get("rai") for each in stored.land] == [12, 2]
    assert total(stored.land) == (15, 2, 10.5)
    page = browser.get(f"{PAGE}details/?id={own.id}").text
    for words in (
        "15 ไร่ 2 งาน 10.5 ตร.ว.",
        "โฉนดที่ดิน",
        "10/06/2480",
        "15.244800, 104.847300",
    ):
        assert words in page
    assert 'href="http://www.baan1.ac.th"' in page
    (event, *_) = events_of(AREA, own.id)
    assert (event.school_code, event.actor_name) == (SCHOOL, teacher.name)
    for name, text in (("name", "ชื่อใหม่"), ("moe_code", "1034010999"), ("cluster", "อื่น"), ("grade_to", "12")):
        answer = browser.send(f"{PAGE}edit/", {"id": own.id, "revision": 2, name: text})
        assert answer.status_code == 403, name
        assert "แก้ได้เฉพาะเจ้าหน้าที่เขต" in answer.text
    for who, school, status in ((neighbour, own, 403), (teacher, profile(OTHER), 403), (director, own, 403)):
        answer = sign_in(who).send(f"{PAGE}edit/", {"id": school.id, "revision": 2, "phone": "0000"})
        assert answer.status_code == status
    assert profile().revision == 2
    assert list(verify()) == []


def test_what_cannot_be_is_said_beside_its_field_and_stays_typed(open_round, teacher, officer, sign_in):
    browser, own = sign_in(teacher), profile()
    for form, sentence in (
        ({"latitude": "104.8473", "longitude": "15.2448"}, "สลับกัน"),
        ({"latitude": "15.2"}, "ทั้งละติจูดและลองจิจูด"),
        ({"latitude": "0", "longitude": "0"}, "พิกัด 0"),
        ({"latitude": "-19.31", "longitude": "104.8"}, "ต้องอยู่ระหว่าง 5 ถึง 21"),
        ({"website": "javascript:alert(1)"}, "เว็บไซต์ต้อง"),
        ({"phone": "<b>1</b>"}, "โทรศัพท์เป็นตัวเลข"),
        ({"subdistrict": "349999"}, "ไม่อยู่ในรายการ"),
        ({"founded_on": "10/06/2999"}, "ปี"),
        (parcel(rai="1", ngan="5"), "5 งาน คือ 1 ไร่ 1 งาน"),
        (parcel(rai="1", wah="382"), "382 ตร.ว. คือ 3 งาน 82 ตร.ว."),
        (parcel(document="deed"), "เนื้อที่ของแปลง"),
        (parcel(document="x", rai="1"), "ไม่อยู่ในรายการ"),
        (parcel(rai="-1"), "ต้องไม่น้อยกว่า 0"),
    ):  # fmt: skip
        answer = browser.send(f"{PAGE}edit/", {"id": own.id, "revision": 1, **form})
        assert answer.status_code == 422, form
        assert sentence in answer.text, form
        typed = next(text for name, text in form.items() if name != "land-shown")
        assert f'value="{typed}"'.replace("<", "&lt;").replace(">", "&gt;") in answer.text or len(typed) < 5
    assert profile().revision == 1
    school, edit = profile(), lambda **typed: edit_school(profile(), typed, profile().revision, officer, "แก้")
    edit(moe_code="1034010101", obec_code="010101")
    for typed, name in (
        ({"obec_code": "010102"}, "obec_code"),
        ({"moe_code": "1034010102"}, "moe_code"),
        ({"grade_from": "12"}, "grade_from"),
        ({"moe_code": "12"}, "moe_code"),
        ({"name": " "}, "name"),
        ({"name_en": "บ้าน"}, "name_en"),
    ):
        with pytest.raises(Invalid) as refusal:
            edit(**typed)
        assert name in refusal.value.errors[0]
    with pytest.raises(Invalid, match="เหตุผล"):
        edit_school(profile(), {"name": "ชื่อใหม่"}, 2, officer)
    with pytest.raises(Invalid, match="เป็นของบ้านหนึ่ง"):
        edit_school(profile(OTHER), {"moe_code": "1034010101"}, 1, officer, "แก้")
    with pytest.raises(NotAllowed, match="code"):
        edit(code="34019999")
    with pytest.raises(Invalid):
        accepted([{"rai": "1"}] * 41)
    School.objects(id=school.id).update(status="closed")
    with pytest.raises(WrongState, match="ยุบ/เลิก"):
        edit_school(profile(), {"phone": "0000"}, 2, teacher)
    assert "ดูข้อมูลเดิมได้ แต่แก้ไขไม่ได้" in browser.get(f"{PAGE}edit/?id={own.id}").text


def test_size_follows_the_pupils_counted_on_10_june(open_round, teacher, officer, sign_in, database):
    def counted(code, pupils, state="verified", year=2568):
        row = {
            "area_code": AREA,
            "academic_year": year,
            "subsystem": "DMC",
            "round": "1",
            "school_code": code,
        }
        database.submissions.update_one(
            row, {"$set": {"counts.pupils": pupils, "state": state, "version": 1}}, upsert=True
        )

    database.schools.update_many({}, {"$set": {"size_band": "l"}})
    assert sizes_of(AREA) == {}
    database.rounds.insert_one(
        {**database.rounds.find_one({}, {"_id": 0}), "academic_year": 2567, "state": "locked"}
    )
    write([Change(SchoolRooms, place(), {"grade": "04", "rooms": 2})], teacher)
    counted(SCHOOL, 121)
    counted(OTHER, 300, "draft")
    counted(OTHER, 120, "locked", 2567)
    sizes = sizes_of(AREA)
    assert (sizes[SCHOOL].band, sizes[SCHOOL].round_label) == ("m", "2568-1")
    assert (sizes[OTHER].band, sizes[OTHER].round_label) == (
        "s",
        "2567-1",
    )  # this year's is not confirmed yet
    browser = sign_in(officer)
    for band, there, gone in (("m", "บ้านหนึ่ง", "บ้านสอง"), ("s", "บ้านสอง", "บ้านหนึ่ง")):
        html = browser.get(f"{PAGE}?flt1_ขนาดโรงเรียน_คือ={band}&flt1_1={band}").text
        assert there in html
        assert gone not in html
    page = browser.get(f"{PAGE}details/?id={profile().id}").text
    assert "นักเรียน 121 คน 2 ห้องเรียน รอบ DMC 2568-1" in page
    assert '<dt>จำนวนห้องเรียน</dt><dd>ป.1\u00a0(2)<small class="why">รอบ DMC 2568-1</small></dd>' in page
    assert "<dt>สถานะ</dt><dd>ปกติ</dd>" in page
    assert f"<dt>รหัสเขต</dt><dd>{AREA}</dd>" in page
    bounds = [size_band(number) for number in (0, 120, 121, 600, 601, 1500, 1501)]
    assert bounds == ["s", "s", "m", "m", "l", "l", "xl"]
    assert [size_band(number, "101701") for number in (499, 500, 1500, 2500)] == ["s", "m", "l", "xl"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("02", "09", "อนุบาล–ประถมศึกษา"),
        ("04", "12", "ประถมศึกษา–มัธยมศึกษาตอนต้น"),
        ("13", "15", "มัธยมศึกษาตอนปลาย"),
        ("02", None, ""),
    ],
)
def test_what_a_school_teaches_is_said_in_stages(first, last, words):
    assert stages_in_words(first, last) == words


def test_a_name_stands_without_the_word_school_in_front(open_round, officer, sign_in):
    form = {"id": profile().id, "revision": 1, "name": "โรงเรียน บ้านหนึ่งใหม่", "reason": "ตามประกาศ"}
    assert sign_in(officer).send(f"{PAGE}edit/", form).status_code == 303
    assert profile().name == "บ้านหนึ่งใหม่"


def test_what_a_profile_lacks_is_said_and_found(
    open_round, teacher, officer, director, executive, sign_in, database
):
    filled = {"moe_code": "1034010001", "obec_code": "010001", "address": "1", "subdistrict": "340101",
              "postcode": "34000", "site_plan": "0" * 24, "land": [{"tenure": "state", "rai": 2}]}  # fmt: skip
    database.schools.update_one({"code": SCHOOL}, {"$set": filled})
    database.schools.update_one({"code": OTHER}, {"$set": filled | {"cluster": "", "land": [{"rai": 1}]}})
    page = f"{PAGE}details/?id={profile().id}"
    assert "ยังไม่ครบถ้วน" not in sign_in(teacher).get(page).text, "director and teacher have accounts"
    browser = sign_in(officer)
    for asked, there, gone in (("lacking", "บ้านสอง", "บ้านหนึ่ง"), ("whole", "บ้านหนึ่ง", "บ้านสอง")):
        html = browser.get(f"{PAGE}?flt1_ข้อมูลพื้นฐาน_คือ={asked}&flt1_4={asked}").text
        assert there in html
        assert gone not in html
    other = browser.get(f"{PAGE}details/?id={profile(OTHER).id}").text
    assert "เขตกรอก: กลุ่มโรงเรียน" in other
    assert "โรงเรียนกรอก: กรรมสิทธิ์ที่ดิน · ผู้อำนวยการ · ครูผู้รับผิดชอบข้อมูล" in other
    assert "ยังไม่ครบถ้วน" not in sign_in(executive).get(f"{PAGE}details/?id={profile(OTHER).id}").text


def test_the_office_is_no_school_of_the_list(area, officer, teacher, sign_in):
    office = School(area_code=AREA, code=AREA, name="สพป. ทดสอบ เขต 1", kind="office").save()
    html = sign_in(officer).get(PAGE).text
    assert "2 โรงเรียน" in html
    assert gaps_of(office) == [], "nothing of a school is asked of it"
    assert f"details/?id={office.id}" in html
    assert str(office.id) not in sign_in(teacher).get(PAGE).text


def test_the_site_plan_is_a_picture_of_the_school_and_of_no_other(open_round, teacher, neighbour, sign_in):
    drawn, own = io.BytesIO(), profile()
    Image.new("RGB", (80, 60), "white").save(drawn, "PNG")
    browser, form = sign_in(teacher), {"id": own.id, "revision": 1, "site_plan": ""}

    def send(who, **more):
        return who.send(f"{PAGE}edit/", form | more, content_type="multipart/form-data")

    # The file comes under the name of the id beside it, as the page's own form sends it.
    claimed = io.BytesIO(b"<svg onload=alert(1)>")
    assert "ไม่ใช่ภาพที่เปิดได้" in send(browser, site_plan=(claimed, "x.png")).text
    drawn.seek(0)
    refused = send(browser, site_plan=(drawn, "plan.png"), phone="<b>")
    assert refused.status_code == 422
    kept = re.search(r'name="site_plan" value="(\w{24})"', refused.text)[
        1
    ]  # not lost by another field's fault
    assert send(browser, site_plan=kept).status_code == 303
    page = browser.get(f"{PAGE}details/?id={own.id}").text
    assert f"id={kept}&amp;size=thumb" in page
    assert browser.get(f"/admin/pictures/?id={kept}").status_code == 200
    other = sign_in(neighbour)
    assert other.get(f"/admin/pictures/?id={kept}").status_code == 404
    form["id"] = profile(OTHER).id
    stolen = send(other, site_plan=kept)
    assert stolen.status_code == 422
    assert "ไม่พบภาพนี้ในภาพของโรงเรียน" in stolen.text
    form |= {"id": own.id, "revision": 2}
    assert send(browser, site_plan="-").status_code == 303
    assert profile().site_plan is None
