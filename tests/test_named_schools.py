"""Lists, rooms and reconciliations whose files name schools instead of coding them, and reports by category."""

import io
import re

import pytest

from documents.database import collection
from documents.district import school_names
from documents.district.schools import School
from documents.dmc.reconciling import Reconciliation
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import RuleBroken
from documents.records.writing import Change, write
from exports.dmc import enrolment_file
from exports.dmc.enrolment_file import figures_of, guess
from exports.imports.mapped_files import table_of
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, place
from tests.test_reconciling import PAGE as RECONCILE
from tests.test_schools import apply, mapped, upload

LIST = "โรงเรียน\tเครือข่าย\tหมู่บ้าน\nร.ร.บ้านหนึ่ง (ประชาบำรุง)\tกลุ่มเก้า\tบ้านเก้า\nโรงเรียนบ้านสอง\tกลุ่มเก้า\tบ้านเก้า\nโรงเรียนไกลลิบ\tกลุ่มเก้า\t\nรวม 3 โรงเรียน\t\t\n"


def named(page):
    """{the name asked about: what is proposed} of a page that asks."""
    rows = re.findall(
        r'<th scope="row" id="name-[^>]*>(.*?)</th>.*?name="named" value="([^"]*)".*?name="meant" value="([^"]*)"',
        page,
        re.S,
    )
    return {name: (key, meant) for name, key, meant in rows}


def test_a_list_without_codes_is_matched_by_name_once(open_round, officer, sign_in):
    browser = sign_in(officer)
    answer = upload(browser, LIST)
    _, asked = mapped(browser, answer)
    assert (asked.status_code, "ชื่อโรงเรียนแทนรหัส" in asked.text) == (409, True)
    rows = named(asked.text)
    assert {name: meant for name, (_, meant) in rows.items()} == {
        "ร.ร.บ้านหนึ่ง (ประชาบำรุง)": f"{SCHOOL} บ้านหนึ่ง", "โรงเรียนบ้านสอง": f"{OTHER} บ้านสอง",
    }  # fmt: skip
    keys, meant = map(list, zip(*rows.values(), strict=True))
    _, wrong = mapped(browser, answer, named=keys, meant=[meant[0], "ไม่มี"])
    assert (wrong.status_code, "ไม่รู้จักโรงเรียน" in wrong.text) == (409, True)
    id_, planned = mapped(browser, answer, named=keys, meant=meant)
    page = browser.get(planned.location).text
    assert "2 แถวบอกชื่อโรงเรียนแทนรหัส" in page
    assert "หรือจากชื่อ" in browser.get(f"{planned.location}&show=refused").text
    apply(browser, id_, partly="1")
    stored = {one.code: one for one in School.objects(area_code=AREA)}
    assert (stored[SCHOOL].name, stored[SCHOOL].village, stored[OTHER].cluster) == ("บ้านหนึ่ง", "เก้า", "กลุ่มเก้า")
    assert "/plan/" in mapped(browser, upload(browser, LIST))[1].location  # asked no more


def test_rooms_of_named_schools(open_round, teacher, officer, sign_in):
    browser = sign_in(officer)
    school_names.remember(AREA, {"หนึ่งวิทยา": SCHOOL}, officer)
    text = "ชื่อโรงเรียน\tป.1 ห้อง\tป.2 ห้อง\tป.3 ห้อง\nหนึ่งวิทยา\t2\t1\t1\nรวม\t2\t1\t1\n"
    id_, planned = mapped(browser, upload(browser, text))
    assert "แถวที่ 3 เป็นแถวรวม" in browser.get(planned.location).text
    apply(browser, id_)
    found = {row["grade"]: row["rooms"] for row in collection(SchoolRooms).find(place()._asdict())}
    assert found == {"04": 2, "05": 1, "06": 1}


def test_a_reconciliation_asks_for_names_once(open_round, officer, sign_in):
    browser = sign_in(officer)
    text = "ชื่อโรงเรียน,ป.1 ชาย,ป.1 หญิง\nบ้านหนึ่ง,3,4\nโรงเรียนของเทศบาล,9,9\nรวมทั้งสิ้น,12,13\n".encode("cp874")

    def send(**more):
        more = {name: list(values) for name, values in more.items()}
        form = {"round": str(open_round.id), "file": (io.BytesIO(text), "นักเรียน.csv"), **more}
        return browser.send(RECONCILE, form, content_type="multipart/form-data")

    asked = send()
    rows = named(asked.text)
    assert (asked.status_code, [meant for _, meant in rows.values()]) == (409, [f"{SCHOOL} บ้านหนึ่ง"])
    assert 'name="col-0"' not in asked.text
    keys, meant = map(list, zip(*rows.values(), strict=True))
    assert send(named=keys, meant=meant).status_code == 303
    assert send().status_code == 303
    found = Reconciliation.objects.order_by("-at", "-id").first()
    assert found.theirs == {SCHOOL: {"m04": 3, "f04": 4}}
    assert [one["sentence"] for one in found.faults] == ["ไม่พบโรงเรียนนี้ในเขตจากชื่อหรือรหัสอื่น"]
    assert any("แถวรวมที่ 4 ตรงกับผลบวกของทุกแถวใน 2 คอลัมน์" in note for note in found.notes)
    assert "ระบบอ่านไฟล์อย่างไร" in browser.get(f"{RECONCILE}details/?id={found.id}").text


# ---- reports of the ministry without a header ----


def report(width, *rows):
    """A report: rows are (code, category or None, boys of ป.1, girls of ป.1)."""
    before = 3 if width in (72, 63) else 2
    each = 4 if width in (94, 82) else 3
    lines = []
    for code, category, boys, girls in rows:
        cells = [0] * width
        cells[0], cells[1] = "2568-1", code
        if before == 3:
            cells[2] = category
        place_of = before + each * 4
        cells[place_of : place_of + 3] = boys, girls, boys + girls
        cells[width - 1 - (each == 4)] = boys + girls
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines).encode("cp874")


def read(width, *rows):
    table = table_of(report(width, *rows), "x.csv", enrolment_file.known_labels())
    return figures_of(table, guess(table), AREA)


@pytest.mark.parametrize("width", [94, 82, 72, 63, 71, 62])
def test_every_layout_of_the_ministry_is_known_by_its_shape(width):
    told = read(width, (SCHOOL, "ทั้งหมด", 3, 4), (OTHER, "ทั้งหมด", 1, 0), (AREA, "ทั้งหมด", 4, 4))
    assert told["theirs"] == {SCHOOL: {"m04": 3, "f04": 4}, OTHER: {"m04": 1}}
    assert told["totals"][0]["pupils"] == 8
    assert told["notes"] == ["แถวรวมของเขต 1 แถว ตรงกับผลบวกของทุกโรงเรียนในทุกคอลัมน์"]
    assert told["only_g"] == (width in (71, 62))


def test_a_report_by_category_compares_all_pupils_and_tells_the_rest():
    rows = [(code, category, boys, 0) for code, each in ((SCHOOL, (5, 3, 2)), (AREA, (5, 3, 2))) for category, boys in
            zip(("นักเรียนทั้งหมด", "ไทย", "ข้อมูลผิดปกติ"), each, strict=True)]  # fmt: skip
    told = read(72, *rows)
    assert told["theirs"] == {SCHOOL: {"m04": 5}}
    assert told["notes"] == [
        "แถวรวมของเขต 3 แถว ตรงกับผลบวกของทุกโรงเรียนในทุกคอลัมน์",
        "รายงานแยกหมวด 3 หมวด เทียบเฉพาะหมวด “นักเรียนทั้งหมด” 5 คน",
        "หมวดอื่นรวมกันได้เท่ากับหมวดแรก 5 คน",
        "แต่ละหมวด: ไทย 3, ข้อมูลผิดปกติ 2",
        "หมวด “ข้อมูลผิดปกติ” คือข้อมูลที่ต้องแก้ 2 คน",
    ]


def test_categories_that_overlap_are_told():
    told = read(72, (SCHOOL, "ทั้งหมด", 5, 0), (SCHOOL, "แบบเรียน", 4, 0), (SCHOOL, "เครื่องแบบ", 3, 0))
    assert "หมวดอื่นรวมกันได้ 7 คน ไม่เท่าหมวดแรก 5 คน (หมวดซ้อนกัน หรือไม่ครบ)" in told["notes"]


@pytest.mark.parametrize(("end", "words"), [(6, "ทั้งปีสมดุล: ต้นปี 5 เข้า 2 ออก 1 เหลือ 6 คน"), (7, "ทั้งปีไม่สมดุล")])
def test_a_report_of_a_year_compares_its_end_and_tells_whether_it_balances(end, words):
    told = read(
        72,
        (SCHOOL, "ต้นปีการศึกษา", 5, 0),
        (SCHOOL, "ย้ายมาเรียน", 2, 0),
        (SCHOOL, "ย้ายไปเรียน", 1, 0),
        (SCHOOL, "วันสินปีการศึกษา", end, 0),
    )
    assert told["theirs"] == {SCHOOL: {"m04": end}}
    assert any(words in note for note in told["notes"])


def test_a_total_that_does_not_add_up_is_told_with_both_figures():
    told = read(94, (SCHOOL, None, 3, 4), (AREA, None, 4, 4))
    assert "แถวรวม 4 ผลบวก 3" in told["notes"][0]


def test_a_file_of_the_area_s_sums_alone_says_so():
    told = read(72, (AREA, "ทั้งหมด", 5, 0), (AREA, "พิการ", 2, 0))
    assert (told["theirs"], "มีแต่แถวรวมของเขต" in told["notes"][0]) == ({}, True)


def test_a_report_without_grades_is_named_so():
    table = table_of(b"2568-1,34010001,1,0\n2568-1,34010002,0,1\n", "x.csv", enrolment_file.known_labels())
    with pytest.raises(RuleBroken, match="แบบ 4 คอลัมน์"):
        enrolment_file.refuse_incomplete(guess(table), table)


def test_a_row_for_each_grade_is_read_as_well():
    text = "รหัสโรงเรียน,ชั้น/เพศ,ชาย,หญิง,รวม\n34010001,อ1,2,3,5\n34010001,ป1,1,0,1\n34010001,ป1,1,0,1\n34010001,ปลาทู,1,0,1\n"
    table = table_of(text.encode(), "x.csv", enrolment_file.known_labels())
    told = figures_of(table, guess(table), AREA)
    assert told["theirs"] == {SCHOOL: {"m01": 2, "f01": 3, "m04": 1}}
    assert [one["row"] for one in told["faults"]] == [4, 5]


def test_pupils_with_g_codes_are_compared_with_pupils_with_g_codes(open_round, teacher, officer, sign_in):
    for number in ("G681234567890", "1000000000017"):
        values = complete(Student, sex="M", grade="04", title="001", status="enrolled", suspended_flag=False)
        write(
            [
                Change(
                    Student,
                    place(),
                    values | {"person_id": number, "id_type": number[0] if number[0] == "G" else "I"},
                )
            ],
            teacher,
        )
    content = report(71, (SCHOOL, None, 2, 0), (AREA, None, 2, 0))
    form = {"round": str(open_round.id), "file": (io.BytesIO(content), "รหัส G.csv")}
    assert sign_in(officer).send(RECONCILE, form, content_type="multipart/form-data").status_code == 303
    assert Reconciliation.objects.get().ours == {SCHOOL: {"m04": 1}}
