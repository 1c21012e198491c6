"""What a file leaves open is asked once before the plan: like columns, two-digit years, a school's name for its code."""

import io
import os
import re

import pytest

from documents.database import collection
from documents.district import school_names
from documents.district.schools import School
from documents.errors import FileRefused, RuleBroken
from documents.records.fields import date
from exports.imports import file_years, mapped_files
from exports.imports.file_years import ShortYears
from exports.imports.importing import apply_plan, plan_import
from exports.imports.mapped_files import Upload
from exports.imports.questions import NOBODY, Unanswered, keep_answers
from tests import awkward_files as made
from tests.people import AREA, OTHER, SCHOOL, place
from tests.test_importing import FULL, HEAD

NAMED = ["ชื่อโรงเรียน", *HEAD[1:]]
PAGE = "/admin/students/import/"
PUPILS = ["ชื่อโรงเรียน", "เลขประจำตัวประชาชน", "ชื่อ", "นามสกุล", "วันที่เข้าเรียน"]
PUPIL = ["โรงเรียนบ้านสอง", "1000000000017", "สมชาย", "ใจดี", "05/06/13"]


def sheet(*rows, head=HEAD):
    return made.xlsx([head, *rows])


@pytest.fixture
def plan(canteens, open_round):
    """`plan(rows..., user=, head=, answers=)`: the plan of a file of canteens."""

    def planned(*rows, user, head=HEAD, **more):
        return plan_import(canteens, sheet(*rows, head=head), "ไฟล์.xlsx", user, open_round, **more)

    return planned


def asked(call):
    with pytest.raises(Unanswered) as refusal:
        call()
    return refusal.value.questions


# ---- a school's name instead of its code ----


def test_a_name_is_proposed_confirmed_once_and_remembered_for_the_area(plan, officer):
    rows = [
        ["โรงเรียนบ้านหนึ่ง", *FULL[1:]],
        ["ร.ร. บ้านสอง (ประชา)", "B02", *FULL[2:]],
        ["บ้านหนึ่ง ", "A02", *FULL[2:]],
    ]
    [unsure, sure] = asked(lambda: plan(*rows, user=officer, head=NAMED))
    assert (unsure.title, unsure.chosen, unsure.choices[0][:2]) == (
        "ร.ร. บ้านสอง (ประชา)",
        OTHER,
        [OTHER, f"{OTHER} บ้านสอง"],
    )
    assert (sure.exact, sure.chosen, sure.said) == (True, SCHOOL, "2 แถว")
    answers = {unsure.id: OTHER, sure.id: SCHOOL}
    keep_answers(AREA, "canteens", NAMED, [unsure, sure], answers, officer)
    again = plan(*rows, user=officer, head=NAMED)
    assert {code: school.new for code, school in again.schools.items()} == {SCHOOL: 2, OTHER: 1}
    assert any("3 แถวบอกชื่อโรงเรียนแทนรหัส" in said for said in again.understood)


def test_a_name_that_is_nobody_s_leaves_its_rows_out(plan, officer):
    rows = [
        [SCHOOL, "บ้านหนึ่ง", *FULL[1:]],
        [None, "บ้านสองห้อง", "B02", *FULL[2:]],
        [None, "โรงพยาบาล", "C02", *FULL[2:]],
    ]
    head = ["รหัสโรงเรียน", *NAMED]
    [one] = asked(lambda: plan(*rows, user=officer, head=head))
    assert one.title == "บ้านสองห้อง"
    done = plan(*rows, user=officer, head=head, answers={one.id: NOBODY})
    assert (
        {code: school.new for code, school in done.schools.items()},
        [error.row for error in done.errors],
    ) == ({SCHOOL: 1}, [3, 4])


def test_a_name_in_the_column_of_codes_is_a_name(plan, officer):
    [one] = asked(lambda: plan(["บ้านสอง", *FULL[1:]], user=officer))
    assert (one.exact, one.chosen) == (True, OTHER)


def test_a_teacher_is_told_no_other_school_and_asked_nothing_of_his_own(plan, teacher, officer):
    school_names.remember(AREA, {"บ้านสอง": OTHER}, officer)
    done = plan(["โรงเรียน บ้านหนึ่ง", *FULL[1:]], ["บ้านสอง", "B02", *FULL[2:]], user=teacher)
    assert list(done.schools) == [SCHOOL]
    assert [error.row for error in done.errors] == [3]
    assert "บ้านสอง" not in str(done.warnings + done.understood)


def test_a_teacher_s_word_holds_for_himself_alone(plan, teacher, officer):
    school_names.remember(AREA, {"บ้านสอง": SCHOOL}, teacher)
    assert school_names.remembered(AREA, officer) == {}
    [one] = asked(lambda: plan(["บ้านสอง", *FULL[1:]], user=officer))
    assert one.chosen == OTHER
    assert list(plan(["บ้านสอง", *FULL[1:]], user=teacher).schools) == [SCHOOL]


def test_another_code_of_the_school_does_as_well(plan, officer):
    collection(School).update_one(
        {"code": SCHOOL}, {"$set": {"moe_code": "1034010101", "obec_code": "010101"}}
    )
    for label, cell in (("รหัสโรงเรียน 10 หลัก", "1034010101"), ("รหัส Obec 6 หลัก", 10101), ("รหัสโรงเรียน", "๓๔๐๑๐๐๐๑"),
                        ("รหัสโรงเรียน", "'34010001"), ("รหัสโรงเรียน", 34010001.0), ("รหัสโรงเรียน", "3401 0001")):  # fmt: skip
        assert list(plan([cell, *FULL[1:]], user=officer, head=[label, *HEAD[1:]]).schools) == [SCHOOL], label


def test_a_code_whose_name_is_another_school_s_is_told(plan, officer):
    done = plan([SCHOOL, "โรงพยาบาลใหญ่", *FULL[1:]], user=officer, head=["รหัสโรงเรียน", *NAMED])
    assert any("รหัสกับชื่อโรงเรียนไม่ตรงกัน" in said and "แถวที่ 2" in said for said in done.warnings)


def test_a_file_that_tells_no_school_at_all_is_refused(plan, officer):
    with pytest.raises(FileRefused, match="ชื่อโรงเรียน"):
        plan(FULL[1:], user=officer, head=HEAD[1:])


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("โรงเรียนไทยรัฐวิทยา ๗๘", "ไทยรัฐวิทยา78", 1, 1),
        ("วัดราษฏร์บำรุง", "วัดราษฎร์บำรุง", 0.82, 0.95),
        ("อนุบาลปะทิว(บางสน)", "อนุบาลปะทิว", 0.95, 0.95),
        ("บ้านหนองบัว", "วัดหนองบัว", 0, 0.9),
        ("บ้านเขาใหญ่", "ชุมชนริมน้ำ", 0, 0.5),
        ("", "บ้านหนึ่ง", 0, 0),
    ],
)
def test_names_are_as_alike_as_they_look(one, other, least, most):
    assert least <= school_names.likeness(one, other) <= most


def test_of_two_like_schools_none_is_proposed():
    found = school_names.Register({"1": "บ้านหนองบัว", "2": "วัดหนองบัว", "3": "เขาใหญ่"}).likely("หนองบัว")
    assert ({one.code for one in found}, school_names.proposed(found)) == ({"1", "2"}, "")


# ---- two-digit years ----


def test_years_in_words_are_understood_and_said(plan, teacher):
    done = plan(
        [*FULL[:6], "๕ มิ.ย. ๕๖", FULL[7]],
        [SCHOOL, "B02", *FULL[2:6], "5 มิถุนายน พ.ศ. 56", FULL[7]],
        user=teacher,
    )
    assert {row.values["built"].isoformat()[:10] for row in done.new} == {"2013-06-05"}
    assert done.understood == ["คอลัมน์ G วันที่สร้าง มีปีสองหลัก 2 แถว อ่านเป็นปี พ.ศ. เช่น “๕ มิ.ย. ๕๖” คือ 5 มิถุนายน 2556"]


def test_years_of_figures_are_asked_once_for_the_column_and_remembered(plan, teacher, neighbour):
    rows = [
        [*FULL[:6], "05/06/13", FULL[7]],
        [SCHOOL, "B02", *FULL[2:6], "6-7-12", FULL[7]],
        [SCHOOL, "C02", *FULL[2:]],
    ]
    [one] = asked(lambda: plan(*rows, user=teacher))
    assert one.choices == [["be", "ปี พ.ศ. คือ 5 มิถุนายน 2513"], ["ce", "ปี ค.ศ. คือ 5 มิถุนายน 2556"]]
    assert one.said == "ปีสองหลัก 2 แถว เช่น “05/06/13”"
    keep_answers(AREA, "canteens", HEAD, [one], {one.id: "ce"}, teacher)
    done = plan(*rows, user=teacher)
    assert [row.values["built"].year for row in done.new] == [2013, 2012, 2017]
    assert "ปี ค.ศ." in done.understood[0]
    assert asked(lambda: plan(["34010002", *rows[0][1:]], user=neighbour))  # his own word only


@pytest.mark.parametrize(
    ("ages", "typed", "era"),
    [((1, 30), ["05/06/56", "1/2/61"], "be"), ((17, 80), ["05/06/13"], "be"), ((17, 80), ["05/06/60"], "ce"),
     ((17, 80), ["05/06/13", "05/06/60"], None), (None, ["05/06/56"], None), (None, ["5 ม.ค. 56"], "be")],
)  # fmt: skip
def test_the_age_of_a_field_s_people_decides_where_it_can(ages, typed, era):
    found, one = ShortYears(), date("วันเกิด", ages=ages)
    for text in typed:
        file_years.note(found, one, text)
    assert file_years.decided(found) == era


def test_a_form_still_wants_all_four_digits(plan, teacher):
    done = plan([*FULL[:6], "5/6/256", FULL[7]], user=teacher)
    assert "สี่หลัก" in done.errors[0].sentence


# ---- the same column twice ----


def test_two_columns_of_one_label_are_chosen_from(plan, teacher):
    head = [*HEAD, "ที่นั่ง"]
    [one] = asked(lambda: plan([*FULL, 300], user=teacher, head=head))
    assert (one.id, [choice[0] for choice in one.choices]) == ("column:seats", ["4", "8"])
    assert one.choices[1][1] == "คอลัมน์ I: 300"
    done = plan([*FULL, 300], user=teacher, head=head, answers={one.id: "8"})
    assert done.new[0].values["seats"] == 300
    assert "อ่านคอลัมน์ I ตามที่เลือกไว้" in done.understood[0]


def test_two_columns_that_hold_the_same_are_told_and_not_asked(plan, teacher):
    done = plan([*FULL, "120"], [SCHOOL, "B02", *FULL[2:], 120], user=teacher, head=[*HEAD, "ที่นั่ง"])
    assert (len(done.new), done.warnings) == (2, ["คอลัมน์ E I เป็น “ที่นั่ง” ทั้งหมด ระบบอ่านคอลัมน์ E"])


def test_a_hidden_column_s_samples_are_not_shown(plan, officer):
    head = [*HEAD, "ความต้องการพิเศษ", "ความต้องการพิเศษ"]
    done = plan([*FULL, "ออทิสติก", "ตาบอด"], user=officer, head=head)
    assert "ออทิสติก" not in str(done.warnings + done.understood)


# ---- rows that are none ----


def test_sums_between_schools_and_cells_beside_the_table_are_no_rows(plan, officer):
    rows = [
        FULL,
        ["รวม", None, None, None, 120, 250.5, None, None],
        [OTHER, "B02", *FULL[2:]],
        ["รวมทั้งสิ้น", None, None, None, 240, 501, None, None],
    ]
    done = plan(*rows, user=officer)
    assert (len(done.new), done.errors, done.rows_read) == (2, [], 2)
    assert any("ข้าม 1 แถวที่ไม่ใช่รายการ" in said for said in done.understood)
    assert any("แถวรวมที่ 5 ตรงกับผลบวก" in said for said in done.understood)


# ---- in the browser's way ----


def choose(browser, content, name="นักเรียน.xlsx"):
    return browser.send(PAGE, {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data")


def test_the_page_asks_and_plans(open_round, officer, sign_in):
    browser = sign_in(officer)
    answer = choose(browser, sheet(PUPIL, head=PUPILS))
    assert (answer.status_code, "/import/ask/" in answer.location) == (303, True)
    page = browser.get(answer.location).text
    for words in ("โรงเรียนบ้านสอง", f"{OTHER} บ้านสอง", "ปี ค.ศ. คือ 5 มิถุนายน 2556", "คล้าย 100%"):
        assert words in page
    id_ = re.search(r"id=(\w+)", answer.location)[1]
    wrong = browser.send(f"{PAGE}ask/", {"id": id_, "answer-0": "be", "answer-1": "ไม่มีที่นี่"})
    assert (wrong.status_code, "ไม่รู้จักโรงเรียน" in wrong.text, "ไม่มีที่นี่" in wrong.text) == (400, True, True)
    assert browser.send(f"{PAGE}ask/", {"id": id_, "answer-0": "x", "answer-1": OTHER}).status_code == 400
    done = browser.send(f"{PAGE}ask/", {"id": id_, "answer-0": "ce", "answer-1": f"{OTHER} บ้านสอง"})
    page = browser.get(done.location).text
    assert "ระบบอ่านไฟล์อย่างไร" in page
    assert "5 มิถุนายน 2556" in page
    again = choose(browser, sheet([*PUPIL[:4], "06/06/13"], head=PUPILS))
    assert "/import/plan/" in again.location


def test_questions_are_their_owner_s_alone(open_round, officer, teacher, sign_in):
    answer = choose(sign_in(officer), sheet(PUPIL, head=PUPILS))
    assert "ไม่พบไฟล์นี้" in sign_in(teacher).get(answer.location).text
    collection(Upload).delete_many({})
    assert "ไม่พบไฟล์นี้" in sign_in(officer).get(answer.location).text


def test_a_file_larger_than_a_document_holds_waits_for_its_answers_too(officer, teacher):
    content = os.urandom(13 * 1024 * 1024)  # what does not pack
    id_ = mapped_files.keep(content, "ใหญ่.xlsx", AREA, officer)
    assert mapped_files.find(id_, officer)["content"] == content
    for one in collection(Upload).find({}, {"_id": 1}):
        with pytest.raises(RuleBroken, match="ไม่พบไฟล์นี้"):
            mapped_files.find(one["_id"], officer if one["_id"] != id_ else teacher)


def test_a_confirmed_name_is_written_where_it_belongs(plan, officer, canteens):
    [one] = asked(lambda: plan(["บ้านสอง", *FULL[1:]], user=officer))
    done = plan(["บ้านสอง", *FULL[1:]], user=officer, answers={one.id: OTHER})
    apply_plan(done.id, officer, "ตามไฟล์")
    assert collection(canteens).count_documents(place(OTHER)._asdict()) == 1


def test_an_answer_for_a_school_that_is_not_one_s_own_brings_nothing(plan, teacher):
    done = plan(
        ["บ้านสอง", *FULL[1:]], user=teacher, answers={f"school:{school_names.key_of('บ้านสอง')}": OTHER}
    )
    assert (list(done.schools), len(done.errors)) == ([], 1)


def test_more_is_no_answer():
    from exports.imports.questions import Question, refuse_unfit

    with pytest.raises(RuleBroken, match="วันเกิด"):
        refuse_unfit([Question("year:birth_date", "วันเกิด", "", [["be", "x"]])], {"year:birth_date": "$ne"})
