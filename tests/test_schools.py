"""The list of schools: imported by mapping a file's columns, the district's notes, and whom to call."""

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from documents.collecting.submissions import find_submission
from documents.district import school_notes
from documents.district.school_list import SchoolChange, write_schools
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, StaleRevision, WrongState
from documents.people import acting
from documents.people.users import User
from documents.trail.verifying import verify
from exports.district.school_fields import area_of, guess, known_labels, levels_of, values_of
from exports.imports import mapped_files
from exports.imports.mapped_files import table_of
from tests.people import AREA, OTHER, SCHOOL, person, place

PAGE = "/admin/schools/import/"
HEAD = "รหัส สพท.\tโรงเรียน\tรหัส 10 หลัก\tรหัส Smis\tรหัส Obec\tประเภทการศึกษา\tเครือข่าย\tตำบล\tอำเภอ\tจังหวัด\tlat\tlng\n"
LIST = HEAD + (
    '3401\tบ้าน"หนึ่ง"\t1034010101\t34010001\t10101\tอนุบาล-ประถมศึกษา\tกลุ่มสอง\tในเมือง\tเมืองอุบลราชธานี\tอุบลราชธานี\t15.2\t104.8\n'
    "3401\tโรงเรียนนํ้าคำ ๗๘ \t1034010103\t34010003\t010103\tอนุบาล-มัธยมศึกษาตอนต้น\tกลุ่มสอง\tในเมือง\tเมืองอุบลราชธานี\tอุบลราชธานี\t0\t0\n"
    "3401\tเลขผิด\t1034010104\t340109\t\t\t\t\t\t\t-19.31\t4.22\n"
    "3401\t=cmd|'/c calc'!A0\t\t34010004\t\t\t<b>กลุ่ม</b>\tไม่มีตำบลนี้\tเมืองอุบลราชธานี\tอุบลราชธานี\t\t\n"
    "3401\tซ้ำ\t\t34010003\t\t\t\t\t\t\t\t\n"
    "1401\tบ้านไกล\t\t14010001\t\t\t\t\t\t\t\t\n"
    "3401\tรหัสซ้ำ\t1034010103\t34010005\t\t\t\t\t\t\t\t\n"
    "\t\t\t\t\tรวม\t\t\t\t\t\t\n"
)


def upload(browser, text, name="schools.tsv", encoding="utf-8"):
    """Choose a file; gives the answer."""
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return browser.send(PAGE, {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data")


def mapped(browser, answer, **more):
    """Press ตรวจ with the columns as they were guessed, some picked otherwise; gives (id, the answer)."""
    id_ = answer.location.rpartition("=")[2]
    page = browser.get(answer.location).text
    fields = {}
    for name, options in re.findall(r'name="(col-\d+)"[^>]*>(.*?)</select>', page, re.S):
        picked = re.search(r'value="([^"]*)" selected', options)
        fields[name] = picked[1] if picked else ""
    kind = re.search(r'name="kind" value="(\w+)"', page)[1]
    header = re.search(r'name="header" value="(\d+)"', page)[1]
    form = {"id": id_, "kind": kind, "header": header, **fields, **more}
    return id_, browser.send(f"{PAGE}map/", form)


def apply(browser, id_, **more):
    return browser.send(f"{PAGE}apply/", {"id": id_, **more}, follow_redirects=True)


def test_a_list_is_mapped_planned_and_stored_with_history(open_round, officer, sign_in):
    browser = sign_in(officer)
    id_, answer = mapped(browser, upload(browser, LIST))
    page = browser.get(answer.location).text
    for words in ("กลุ่มสอง", "น้ำคำ 78", "<ins>010103</ins>", "พิกัด 0", "ไม่พบตำบล “ไม่มีตำบลนี้”"):
        assert words in page
    wrong = browser.get(f"{answer.location}&show=refused").text
    for words in (
        "รหัส SMIS ต้องมี 8 หลัก",
        "โรงเรียนนี้อยู่ในไฟล์แล้วที่แถว 3",
        "D รหัส Smis",
        "1034010103 อยู่ในไฟล์แล้วที่แถว 3",
    ):
        assert words in wrong
    assert "เช่น แถวรวม" in browser.get(f"{answer.location}&show=total").text
    told = (
        CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{PAGE}rows/?id={id_}").data))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert [line[3] for line in told[1:]] == [
        "เปลี่ยนแปลง", "เพิ่มใหม่", "นำเข้าไม่ได้", "เพิ่มใหม่", "นำเข้าไม่ได้", "ไม่ใช่เขตของท่าน", "นำเข้าไม่ได้", "แถวรวม",
        "มีในระบบแต่ไม่มีในไฟล์",
    ]  # fmt: skip
    assert "เป็นโรงเรียนของเขต 14010000" in browser.get(f"{answer.location}&show=elsewhere").text
    assert "บ้านสอง" in browser.get(f"{answer.location}&show=absent").text
    assert apply(browser, id_).status_code == 400  # the faulty rows were not agreed to
    assert School.objects(area_code=AREA).count() == 2
    assert apply(browser, id_, partly="1").status_code == 200
    first, third, fourth = (School.objects.get(code=code) for code in (SCHOOL, "34010003", "34010004"))
    assert (first.name, first.obec_code, first.subdistrict) == ('บ้าน"หนึ่ง"', "010101", "340101")
    assert (first.latitude, first.revision, first.grade_from) == (15.2, 2, "01")  # อนุบาล is no change of อ.1
    assert (third.name, third.grade_from, third.grade_to, third.latitude) == ("น้ำคำ 78", "02", "12", None)
    assert fourth.name == "=cmd|'/c calc'!A0"
    assert "&lt;b&gt;กลุ่ม" in browser.get(f"/admin/schools/details/?id={fourth.id}").text
    assert find_submission("DMC", place()).school_name == 'บ้าน"หนึ่ง"'
    assert list(verify()) == []
    assert apply(browser, id_, partly="1").status_code == 400  # done is done
    page = browser.get(f"/admin/schools/details/?id={first.id}").text
    assert "นำเข้าจากไฟล์" in page


def test_a_grade_that_a_file_says_is_taken_where_levels_in_words_are_not(open_round, officer, sign_in):
    browser = sign_in(officer)
    exact = "รหัส Smis,เปิดสอนตั้งแต่ชั้น,ถึงชั้น\n34010001,อ.3,ม.3\n"
    id_, _ = mapped(browser, upload(browser, exact, "levels.csv"))
    apply(browser, id_)
    found = School.objects.get(code=SCHOOL)
    assert (found.grade_from, found.grade_to) == ("03", "12")
    id_, _ = mapped(
        browser, upload(browser, "รหัส Smis,ประเภทการศึกษา\n34010001,อนุบาล-ประถมศึกษา\n", "words.csv")
    )
    apply(browser, id_)
    found.reload()
    assert (found.grade_from, found.grade_to) == ("03", "09")


def test_the_mapping_is_remembered_by_the_shape_of_the_file(open_round, officer, sign_in):
    browser = sign_in(officer)
    first = upload(browser, LIST)
    mapped(browser, first, **{"col-1": "", "col-6": "name"})
    other = HEAD.rstrip("\n") + "\n3401\tอื่น\t\t34010009\t\t\tกลุ่ม\t\t\t\t\t\n"
    page = browser.get(upload(browser, other).location).text
    assert "เจ้าหน้าที่ ใจเย็น เคยเลือกไว้" in page
    assert re.search(r'name="col-6"[^>]*>.*?value="name" selected', page, re.S)
    bare = "34010001,บ้านเก่า,กลุ่มสาม\n34010002,บ้านเดิม,กลุ่มสี่\n"
    _, answer = mapped(
        browser, upload(browser, bare, "x.csv", "cp874"), **{"col-1": "name", "col-2": "cluster"}
    )
    assert answer.status_code == 303
    page = browser.get(upload(browser, bare.replace("สาม", "ห้า"), "y.csv").location).text
    assert re.search(r'name="col-2"[^>]*>.*?value="cluster" selected', page, re.S)


def test_a_bad_mapping_or_file_is_refused_with_a_sentence(open_round, officer, administrator, sign_in):
    browser = sign_in(officer)
    answer = upload(browser, LIST)
    for more, words in (
        ({"col-1": "code"}, "สองคอลัมน์"),
        ({"col-1": "", "col-2": "", "col-3": "", "col-4": ""}, "รหัสโรงเรียน"),
    ):
        _, refused = mapped(browser, answer, **more)
        assert refused.status_code == 400
        assert words in refused.text
    for content, words in (
        (HEAD + "3401\tก\t\t34010001\t\t\t\t\t\t\t\t\n" * 30_000, "เกินครั้งละ 10,000 แถว"),
        (b"%PDF-1.7", "PDF"),
        ('[{"a": {"b": 1}}]', "ชั้นเดียว"),
        ("", "ว่างเปล่า"),
    ):
        refused = upload(browser, content)
        assert refused.status_code == 400
        assert words in refused.text
    evil = upload(browser, "=1+1,<script>alert(1)</script>\n34010001,ก\n", "x.csv")
    assert "<script>alert(1)" not in browser.get(evil.location).text
    id_ = answer.location.rpartition("=")[2]
    assert (
        sign_in(administrator).get(f"{PAGE}map/?id={id_}").status_code == 400
    )  # a file is its owner's alone
    _, plan = mapped(browser, upload(browser, "รหัสโรงเรียน\tชื่อโรงเรียน\n14010001\tบ้านไกล\n"))
    page = browser.get(plan.location).text
    assert "ไม่ใช่เขตของท่าน" in page
    assert "บันทึก 1" not in page
    _, plan = mapped(browser, upload(browser, "รหัสโรงเรียน\tชื่อโรงเรียน\n14010001\tบ้านไกล\n"), trusts="1")
    assert "บันทึก 1 โรงเรียน" in browser.get(plan.location).text
    told = upload(browser, "รหัส สพท.\tรหัสโรงเรียน\tชื่อโรงเรียน\n14010000\t14010002\tบ้านไกล\n")
    assert 'name="trusts"' in browser.get(told.location).text
    page = browser.get(mapped(browser, told)[1].location).text
    for words in ("เป็นโรงเรียนของเขต 14010000", "เลือกว่าทุกแถวในไฟล์เป็นโรงเรียนในเขตของเรา"):
        assert words in page
    assert "บันทึก 1 โรงเรียน" in browser.get(mapped(browser, told, trusts="1")[1].location).text


def statistics(label="2568-1", total=AREA):
    """A file of the ministry's report: ป.1 has 2 rooms in the first school and 1 in the second."""

    def row(code, rooms):
        cells = [0] * 92
        cells[19], cells[91] = rooms, rooms
        return f"{label},{code}," + ",".join(map(str, cells[:-1])) + f',"{rooms}\n"\n'

    return "\ufeff" + row(SCHOOL, 2) + row(OTHER, 1) + row(total, 3)


def test_rooms_come_from_the_ministrys_report(open_round, teacher, officer, administrator, sign_in, database):
    browser = sign_in(officer)
    answer = upload(browser, statistics(), "r.csv")
    assert "ระบบจับคู่คอลัมน์ให้ครบแล้ว" in browser.get(answer.location).text
    id_, plan = mapped(browser, answer)
    page = browser.get(plan.location).text
    assert "แถวที่ 3 เป็นแถวรวมของเขต" in page
    assert "ในไฟล์มี 3 ห้อง ของ 2 โรงเรียน" in page
    bare = (
        "รหัส smis,ชื่อโรงเรียน,ป.1 ห้อง,ป.2 ห้อง,ป.3 ห้อง\n34010001,บ้านหนึ่ง,2,1,1\n34010002,บ้านสอง,1,1,1\n,,3,2,2\n"
    )
    _, other = mapped(browser, upload(browser, bare, "b.csv"))
    assert 'name="partly"' not in browser.get(other.location).text  # a sum without a name is no faulty school
    database.submissions.update_one({"school_code": OTHER}, {"$set": {"state": "confirmed"}})
    page = apply(browser, id_).text
    assert "1 โรงเรียนแล้ว" in page
    assert "บ้านสอง: " in page
    (row,) = database.school_rounds.find()
    assert (row["school_code"], row["grade"], row["rooms"]) == (SCHOOL, "04", 2)
    assert row["by_district"]["by_name"] == officer.name
    _, refused = mapped(browser, upload(browser, statistics("2562-1"), "r.csv"))
    assert "เป็นของรอบ 2562-1" in refused.text
    _, again = mapped(browser, upload(browser, statistics(), "r.csv"))
    assert "บันทึก 1 โรงเรียน" in browser.get(again.location).text  # the second school's is still to be written
    assert (
        "ระบบจับคู่คอลัมน์"
        not in sign_in(administrator).get(upload(sign_in(administrator), statistics(), "r.csv").location).text
    )


def test_many_schools_cost_no_more_commands_than_few(area, officer, neighbour, count_commands):
    def cost(codes):
        with count_commands() as sent:
            write_schools(AREA, [SchoolChange(code, {"name": f"บ้าน{code}"}) for code in codes], officer)
        return len(sent)

    assert cost(["34010011"]) == cost([f"340101{n:02d}" for n in range(20, 60)])
    with pytest.raises(NotAllowed):
        write_schools(AREA, [SchoolChange("34010070", {"name": "ก"})], neighbour)
    one = School.objects.get(code=SCHOOL)
    stale = [SchoolChange("34010071", {"name": "ก"}), SchoolChange(SCHOOL, {"name": "ข"}, one.id, 7)]
    for changes in (stale, [SchoolChange("34010072", {"name": "ก"}), SchoolChange(OTHER, {"name": "ซ้ำ"})]):
        with pytest.raises(StaleRevision):
            write_schools(AREA, changes, officer)
    assert not School.objects(code__in=["34010071", "34010072"])
    assert list(verify()) == []


def test_cells_are_read_as_real_lists_write_them():
    for name, cell, value in (
        ("obec_code", 10064.0, "010064"),
        ("name", " โรงเรียนนํ้าคำ​ ", "น้ำคำ"),
        ("name", 'บ้านยาง ""คุรุราษฎร์""', 'บ้านยาง "คุรุราษฎร์"'),
        ("size_band", "type4", "xl"),
        ("grade_to", "ป.๖", "09"),
        ("km_to_area", "33 กม.", 33.0),
        ("flags", "ขยายโอกาส, พักนอน", ["expanded", "boarding"]),
    ):
        assert values_of(name, cell) == {name: value}
    for nothing in (("phone", "-"), ("km_to_area", "กม."), ("founded_on", "0")):
        assert values_of(*nothing) == {}
    assert values_of("village", "หมู่ 15 บ้านหนองบัว") == {"moo": "15", "village": "หนองบัว"}
    for text, day in (
        ("20มกราคม 2480", "1937-01-20"),
        ("14052482", "1939-05-14"),
        ("วันที่ ๑ มิถุนายน พุทธศักราช ๒๔๗๗", "1934-06-01"),
    ):
        assert values_of("founded_on", text)["founded_on"].date().isoformat() == day
    assert values_of("founded_on", "สิงหาคม พ.ศ. 2474") == {"founded_year": 2474}
    assert (area_of("1086010000"), area_of("8601"), area_of(86010000.0), area_of("x")) == (
        "86010000",
    ) * 3 + ("",)
    assert levels_of("มัธยมศึกษาตอนต้น-มัธยมศึกษาตอนปลาย") == ("10", "15")
    for name, value in (("longitude", "nan"), ("latitude", 0.0), ("postcode", "1"), ("founded_on", "1921/05/00"),
                        ("founded_on", "25/11/545"), ("founded_on", "19/8/98"), ("name_en", "บ้านเก่า")):  # fmt: skip
        with pytest.raises(ValueError, match=r"ต้อง|มี|พิกัด|ปี"):
            values_of(name, value)
    table = table_of(b'[{"sch_code": "1034010101", "latitude": "15.2"}]', "x", known_labels())
    assert guess(table)[1] == {0: "moe_code", 1: "latitude"}


def test_notes_are_the_districts_alone_and_are_struck_out_never_deleted(
    area, officer, approver, teacher, director, executive, administrator, sign_in, database
):
    school = School.objects.get(code=SCHOOL)
    page, secret = f"/admin/schools/details/?id={school.id}", "โทรแล้วไม่รับสาย"
    browser = sign_in(officer)
    browser.send("/admin/schools/notes/", {"id": school.id, "text": secret})
    assert secret in sign_in(approver).get(page).text
    for who in (teacher, director, executive, administrator):
        other = sign_in(who)
        assert secret not in other.get(page).text
        for path, form in (("", {"text": "ก"}), ("strike/", {"note": note(database), "reason": "ก"})):
            assert other.send(f"/admin/schools/notes/{path}", {"id": school.id, **form}).status_code == 403
    assert secret not in str(list(database.audit_events.find()))
    with pytest.raises(Invalid):
        school_notes.strike_note(approver, school, note(database), " ")
    school_notes.strike_note(approver, school, note(database), "ผิดโรงเรียน")
    with pytest.raises(WrongState):
        school_notes.strike_note(officer, school, note(database), "อีกครั้ง")
    shown = browser.get(page).text
    assert secret in shown
    assert "ขีดฆ่าโดย ผู้รับรอง ใจตรง" in shown


def note(database):
    return database.school_notes.find_one()["_id"]


def test_contacts_name_the_acting_director_and_keep_to_ones_own_school(
    area, officer, teacher, neighbour, director, executive, sign_in, database, monkeypatch
):
    database.users.update_one({"_id": teacher.id}, {"$set": {"phone": "081-2345678"}})
    school = School.objects.get(code=SCHOOL)
    browser = sign_in(officer)
    form = {"since": "01/06/2568", "until": "30/06/2568", "order_number": "9/2568", "order_day": "31/05/2568"}
    asked = {"id": school.id, "revision": 1, "person": neighbour.id}
    refused = browser.send("/admin/schools/acting/", asked | form | {"until": "40/06/2568"})
    assert refused.status_code == 422
    assert 'value="9/2568"' in refused.text  # what was typed stays
    assert sign_in(neighbour).send("/admin/schools/acting/", asked | form).status_code == 403
    assert browser.send("/admin/schools/acting/", asked | form).status_code == 303
    page = browser.get("/admin/schools/contacts/?search=081-2345678").text
    for words in ("ครูหนึ่ง ใจดี", "ผอ.หนึ่ง ใจมั่น", "ครูสอง ใจงาม", "รักษาการถึง 30 มิ.ย. 68", "1 โรงเรียน"):
        assert words in page
    monkeypatch.setattr("views.district.contacts.SHOWN", 1)
    page = browser.get("/admin/schools/contacts/").text
    assert "แสดง 1 โรงเรียนแรก" in page
    assert page.count('<th scope="row">') == 1
    taken = browser.get("/admin/schools/contacts/export/xlsx/").data
    row = CalamineWorkbook.from_filelike(io.BytesIO(taken)).get_sheet_by_index(0).to_python()[5]
    assert [row[0], row[3]] == [
        SCHOOL,
        "ครูสอง ใจงาม (รักษาการถึง 30 มิ.ย. 68)\nผอ.หนึ่ง ใจมั่น",
    ]
    own = sign_in(teacher).get("/admin/schools/contacts/").text
    assert "บ้านหนึ่ง" in own
    assert "บ้านสอง" not in own
    assert officer.name in own
    assert sign_in(executive).get("/admin/schools/contacts/").status_code == 403
    school = acting.School.objects.get(code=SCHOOL)
    given = {"id": school.id, "appointment": school.acting[0]["id"], "revision": school.revision}
    assert sign_in(neighbour).send("/admin/schools/acting/end/", given | {"reason": "ก"}).status_code == 403
    assert browser.send("/admin/schools/acting/end/", given | {"reason": "มีคนใหม่"}).status_code == 303
    assert User.objects.get(id=neighbour.id).acting == []


def test_nobody_appoints_himself(area, sign_in):
    both = person("both", "district")
    User.objects(id=both.id).update(
        push__grants={"role": "school", "area_code": AREA, "school_codes": [SCHOOL]}
    )
    form = {"since": "01/06/2568", "until": "30/06/2568", "order_number": "9/2568", "order_day": "31/05/2568"}
    school = School.objects.get(code=SCHOOL)
    asked = {"id": school.id, "revision": 1, "person": both.id} | form
    answer = sign_in(both).send("/admin/schools/acting/", asked)
    assert answer.status_code == 403
    assert "แต่งตั้งตนเองไม่ได้" in answer.text


def test_a_plan_is_found_by_the_pages_of_its_kind_alone(open_round, officer, sign_in):
    browser = sign_in(officer)
    students = "/admin/students/import/ask/"
    taken = {
        "schools": {"plan/", "rows/"},
        "land": {"plan/", "rows/"},
        "rooms": {"plan/"},
        "questions": {students},
        "gcode_register": set(),
    }
    for kind, ways in taken.items():
        id_ = mapped_files.keep(b"x", "x.csv", AREA, officer)
        plan = {
            "kind": kind,
            "rows": 0,
            "counts": {},
            "faults": 0,
            "slug": "students",
            "round": open_round.label,
            "questions": [],
        }
        mapped_files.keep_plan(
            id_,
            officer,
            plan | {"new": [], "changed": [], "errors": [], "absent": [], "same": 0, "notes": []},
        )
        for way in ("plan/", "rows/", students):
            answer = browser.get(f"{way if way == students else PAGE + way}?id={id_}")
            assert ("ไม่พบไฟล์นี้".encode() in answer.data) == (way not in ways), (kind, way, answer.status_code)
        if kind not in ("schools", "land", "rooms"):
            assert "ไม่พบไฟล์นี้" in browser.send(f"{PAGE}apply/", {"id": str(id_)}).text
