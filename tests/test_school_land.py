"""Land of schools from a file: a row a parcel, a school whole or not at all, what a file does not tell stays; taken back."""

import pytest
from bson import ObjectId

from documents.collecting.submissions import Submission, new_submission
from documents.database import collection
from documents.district.school_list import SchoolChange, take_back, write_schools
from documents.district.school_notes import add_note
from documents.district.schools import School
from documents.errors import NotAllowed, WrongState
from documents.trail.history import AuditEvent, note_event
from documents.trail.verifying import verify
from exports.district.land_plan import READERS
from exports.district.school_fields import guess, known_labels
from exports.imports.mapped_files import table_of
from tests.people import AREA, OTHER, SCHOOL, person
from tests.test_schools import PAGE, apply, mapped, upload

HEAD = "รหัสเขตพื้นที่การศึกษา,รหัสโรงเรียน (smis),ชื่อโรงเรียน,ลำดับ,แปลงที่,ตารางวา,งาน,ไร่,กรรมสิทธิ์การถือครอง\n"
FILE = "\ufeff" + HEAD + (
    "34010000,34010001,บ้านหนึ่ง,1,1,20,3,12,ที่ราชพัสดุ\n"
    "34010000,34010001,บ้านหนึ่ง,2,โฉนดที่ดิน ที่8839,0,2,๑๐,ที่สาธารณะประโยชน์\n"
    "34010000,34010001,บ้านหนึ่ง,3,-,0,0,0,-\n"
    "34010000,34010002,บ้านสอง,1,อาคารเรียน,382,3,19,ที่ราชพัสดุ\n"
    "34010000,34010009,ไม่รู้จัก,1,1,0,0,3,ที่ธรณีสงฆ์\n"
    "14010000,14010001,บ้านไกล,1,1,0,0,3,ที่ธรณีสงฆ์\n"
    ",,รวม,,,402,8,47,\n"
)  # fmt: skip
PARCELS = [
    {"tenure": "state", "rai": 12, "ngan": 3, "wah": 20.0},
    {"document": "deed", "number": "8839", "tenure": "public", "rai": 10, "ngan": 2},
]


def test_a_file_of_parcels_is_planned_stored_and_taken_back(open_round, officer, sign_in):
    browser = sign_in(officer)
    old = {"tenure": "temple", "number": "7", "rai": 12, "ngan": 3, "wah": 20.0}
    School.objects(code=SCHOOL).update(set__land=[old])
    id_, answer = mapped(browser, upload(browser, FILE, "ที่ดิน.csv"))
    page = browser.get(answer.location).text
    for words in ("2 แปลง ของ 1 โรงเรียน รวม 23 ไร่ 1 งาน 20 ตร.ว.", "โฉนดที่ดิน · 8839", "แถว 4", "ไม่นับเป็นแปลง"):
        assert words in page
    wrong = browser.get(f"{answer.location}&show=refused").text
    for words in ("382 ตร.ว. คือ 3 งาน 82 ตร.ว.", "“อาคารเรียน” ไม่ใช่ลำดับแปลง", "กรุณานำเข้ารายชื่อโรงเรียนก่อน"):
        assert words in wrong
    assert "เป็นโรงเรียนของเขต 14010000" in browser.get(f"{answer.location}&show=elsewhere").text
    assert browser.send(f"{PAGE}undo/", {"id": id_}).status_code == 400  # nothing is stored yet
    assert apply(browser, id_).status_code == 400  # the faulty rows were not agreed to
    assert apply(browser, id_, partly="1").status_code == 200
    first = School.objects.get(code=SCHOOL)
    assert [dict(one) for one in first.land] == [PARCELS[0] | {"number": "7"}, PARCELS[1]]
    assert School.objects.get(code=OTHER).land == []
    _, again = mapped(browser, upload(browser, FILE, "ที่ดิน.csv"))
    assert "ข้อมูลในไฟล์ตรงกับที่มีอยู่แล้ว" in browser.get(again.location).text
    browser.send(f"{PAGE}undo/", {"id": id_})
    assert [dict(one) for one in School.objects.get(code=SCHOOL).land] == [old]
    assert list(verify()) == []


def test_what_was_changed_or_used_since_is_not_taken_back_and_new_schools_are(open_round, officer, sign_in):
    browser = sign_in(officer)
    text = "รหัส Smis,ชื่อโรงเรียน\n34010001,บ้านอื่น\n34010002,บ้านโน้น\n34010003,บ้านใหม่\n34010004,บ้านแก้\n34010005,บ้านมีครู\n34010006,บ้านจด\n"
    id_, _ = mapped(browser, upload(browser, text, "list.csv"))
    apply(browser, id_)
    School.objects(code=OTHER).update(set__name="บ้านใครแก้", inc__revision=1)
    School.objects(code="34010004").update(inc__revision=1)
    person("ครูใหม่", "school", "34010005")
    add_note(officer, School.objects.get(code="34010006"), "โทรแล้ว")
    new = School.objects.get(code="34010003").id
    said = browser.send(f"{PAGE}undo/", {"id": id_}, follow_redirects=True).text
    for words in (
        "เลิกทำแล้ว 2 โรงเรียน",
        "มีผู้แก้ไขหลังนำเข้า",
        "บ้านแก้: โรงเรียนนี้ถูกแก้ไขหรือใช้งานแล้ว",
        "บ้านมีครู: ",
        "บ้านจด: ",
    ):
        assert words in said
    left = ["บ้านหนึ่ง", "บ้านใครแก้", "บ้านแก้", "บ้านมีครู", "บ้านจด"]
    assert [one.name for one in School.objects.order_by("code")] == left
    added, gone = AuditEvent.objects(subject=new).order_by("number")
    assert (added.action, gone.action, gone.via, gone.actor) == ("create", "remove", "undo", officer.id)
    assert list(verify()) == []
    again = browser.send(f"{PAGE}undo/", {"id": id_}, follow_redirects=True).text
    assert "เลิกทำแล้ว 0 โรงเรียน" in again


def test_a_new_school_that_a_round_or_a_request_knows_is_not_taken_back(open_round, officer, approver):
    for code in ("34010003", "34010004"):
        write_schools(AREA, [SchoolChange(code, {"name": f"บ้าน{code}"})], officer)
    collection(Submission).insert_one(new_submission(open_round, School.objects.get(code="34010003")))
    note_event(AREA, officer, "create", "gcode", ObjectId(), {}, school_code="34010004")
    for code in ("34010003", "34010004"):
        with pytest.raises(WrongState, match="ใช้งานแล้ว"):
            take_back(AREA, code, officer, "ผิดเขต")
    write_schools(AREA, [SchoolChange("34010005", {"name": "บ้านห้า"})], officer)
    with pytest.raises(NotAllowed):
        take_back(AREA, "34010005", approver, "ผิดเขต")
    take_back(AREA, "34010005", officer, "ผิดเขต")
    assert not School.objects(code="34010005")
    write_schools(AREA, [SchoolChange("34010005", {"name": "บ้านห้า"})], officer)
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("name", "cell", "means"),
    [
        ("size", "12-3-20.5", {"rai": 12, "ngan": 3, "wah": 20.5}),
        ("size", "1,012 ไร่ ๒ งาน", {"rai": 1012, "ngan": 2}),
        ("size", "80 ตารางวา", {"wah": 80.0}),
        ("wah", "20 ตร.ว.", {"wah": 20.0}),
        ("plot", "แปลงที่ 1", {}),
        ("plot", 41262.0, {"number": "41262"}),
        ("plot", "นว748", {"number": "นว748"}),
        ("plot", "ไม่ทราบ", {}),
        ("number", 12.0, {"number": "12"}),
        ("tenure", "โฉนด", {"document": "deed"}),
    ],
)
def test_a_cell_is_read_as_land_files_write_it(name, cell, means):
    assert READERS[name](name, cell) == means


def test_a_size_in_one_cell_under_a_group_is_known_for_land():
    content = "รหัสโรงเรียน,เอกสารสิทธิ์,เลขที่โฉนด,กรรมสิทธิ์,เนื้อที่\n34010001,โฉนด,1,ที่ราชพัสดุ,1-2-3\n".encode("cp874")
    kind, names, _ = guess(table_of(content, "x.csv", known_labels()))
    assert (kind, names) == ("land", {0: "code", 1: "document", 2: "number", 3: "tenure", 4: "size"})
