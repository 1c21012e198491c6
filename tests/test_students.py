"""Students: every field of the ministry's form, what is required, and the rules a pupil's values keep."""

import datetime as dt
import itertools
import re

import pytest

from documents import subsystems
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc import student_rules
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, RuleBroken
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.completeness import missing_of
from documents.records.record import declared, default_required, shown_fields
from documents.records.writing import Change, write
from tests.people import OTHER, place
from views.records.forms import NOT_ALIKE


def words(text):
    """The words of a text, parted by blanks."""
    return text.split()


ROSTER = [
    *words(
        "เลขประจำตัวประชาชน ชั้น ห้อง เลขประจำตัวนักเรียน เพศ คำนำหน้าชื่อ ชื่อ นามสกุล วันเกิด อายุ(ปี) น้ำหนัก ส่วนสูง กลุ่มเลือด"
    ),
    *words("ศาสนา เชื้อชาติ สัญชาติ บ้านเลขที่ หมู่ ถนน ซอย ตำบล อำเภอ จังหวัด ชื่อผู้ปกครอง นามสกุลผู้ปกครอง อาชีพของผู้ปกครอง"),
    *words("ความเกี่ยวข้องของผู้ปกครองกับนักเรียน ชื่อบิดา นามสกุลบิดา อาชีพของบิดา ชื่อมารดา นามสกุลมารดา อาชีพของมารดา"),
    "ความด้อยโอกาส",
    "ยังไม่สามารถจำหน่ายได้ (3.1.8)",
]
REQUIRED = words(
    """
    person_id id_type student_no admission_date grade room sex title first_name last_name birth_date birth_province
    weight_kg height_cm religion race nationality reg_house_id reg_house_no reg_subdistrict reg_district reg_province
    reg_postcode father_first_name father_last_name mother_first_name mother_last_name guardian_first_name
    guardian_last_name guardian_relation disadvantages lacks_textbook lacks_lunch lacks_stationery lacks_uniform status
    """
)
SENSITIVE = words(
    """
    nationality race religion weight_kg height_cm blood disadvantages disability lacks_textbook lacks_lunch
    lacks_stationery lacks_uniform leave_reason father_blood mother_blood guardian_blood father_income_year
    mother_income_year guardian_income_year
    """
)
# These say nothing of a person by themselves; every other field is personal or sensitive.
INTERNAL = words(
    "id_type title sex boarding journey_type travel_minutes grade room admission_date status suspended_flag"
)

COMPLETE = {
    "person_id": "1-0000-00000-01-7",
    "student_no": "00123",
    "title": "001",
    "first_name": "สมชาย",
    "last_name": "ใจดี",
    "birth_date": "10/06/2561",
    "birth_province": "34",
    "nationality": "099",
    "race": "099",
    "religion": "001",
    "reg_house_id": "3401-000000-1",
    "reg_house_no": "12/3",
    "reg_subdistrict": "340101",
    "father_first_name": "สมศักดิ์",
    "father_last_name": "ใจดี",
    "mother_first_name": "สมใจ",
    "mother_last_name": "ใจดี",
    "guardian_first_name": "สมใจ",
    "guardian_last_name": "ใจดี",
    "guardian_relation": "02",
    "weight_kg": "22.45",
    "height_cm": 120,
    "disadvantages": ["00"],
    "grade": "04",
    "room": 1,
    "admission_date": "16/05/2568",
}


def pupil(**values):
    """A change that makes a pupil of the teacher's school."""
    return Change(Student, place(), COMPLETE | values)


def complete(**values):
    """The stored values of a complete pupil, as the rules see them."""
    accepted = {
        name: fields.accept(declared(Student)[name], value) for name, value in (COMPLETE | values).items()
    }
    accepted = place()._asdict() | {name: value for name, value in accepted.items() if value is not None}
    return accepted | Student.derive(accepted)


def broken(**values):
    return dict(Student.check(complete(**values)))


# --- The declaration --------------------------------------------------------------------------------------------------


def test_every_column_of_the_roster_is_a_field_by_label_or_synonym():
    known = {name for one in shown_fields(Student).values() for name in (one.verbose_name, *one.synonyms)}
    assert set(ROSTER) <= known


def test_what_is_required_is_what_the_ministrys_form_requires():
    assert default_required(Student) == set(REQUIRED)


def test_no_two_fields_have_one_label():
    labels = [one.verbose_name for one in shown_fields(Student).values()]
    assert len(set(labels)) == len(labels)


def test_every_field_stands_under_a_heading_of_the_form():
    assert {one.group for one in declared(Student).values()} == set(Student.groups)
    assert Student.groups[0] == "ข้อมูลนักเรียน"


def test_every_stored_field_is_in_the_form_or_said_not_to_be():
    spine = {name for name in Student._fields if name in dir(Student.__bases__[0])} | {"id"}
    assert set(Student._fields) - spine - set(declared(Student)) == {"former_ids", "duplicate_evidence"}


def test_the_classes_of_personal_data_are_those_of_the_law():
    by_class = {"internal": set(), "personal": set(), "sensitive": set()}
    for name, one in declared(Student).items():
        by_class[one.personal].add(name)
    assert by_class["sensitive"] == set(SENSITIVE)
    assert by_class["internal"] == set(INTERNAL)


@pytest.mark.parametrize(
    "names", [Student.grid, Student.cells, Student.filters, Student.search, Student.order, Student.key]
)
def test_columns_filters_and_search_are_fields(names):
    assert set(names) <= set(shown_fields(Student)) | {"school_code"}
    assert set(Student.cells) <= set(Student.grid)


@pytest.mark.parametrize("name", [name for name, one in declared(Student).items() if one.codelist])
def test_every_choice_names_a_list_that_exists(name):
    assert code_list(declared(Student)[name].codelist).choices


# --- The rules --------------------------------------------------------------------------------------------------------


def test_a_complete_pupil_breaks_no_rule_and_lacks_nothing():
    values = complete()
    assert list(Student.check(values)) == []
    assert Student.missing(values, default_required(Student)) == []


def test_what_other_values_give_is_filled_in():
    values = complete()
    assert (values["id_type"], values["sex"], values["status"]) == ("I", "M", "enrolled")
    assert (values["reg_district"], values["reg_province"], values["reg_postcode"]) == ("3401", "34", "34000")
    assert [values[name] for name in student_rules.DEFAULT_NO] == [False] * 4
    assert complete(person_id="G683400000001")["id_type"] == "G"


def test_what_was_typed_is_not_overwritten():
    values = complete(status="pending", reg_postcode="34190", lacks_lunch=True)
    assert (values["status"], values["reg_postcode"], values["lacks_lunch"]) == ("pending", "34190", True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"person_id": "1000000000018"}, "person_id"),
        ({"person_id": "1000000000017", "id_type": "G"}, "person_id"),
        ({"person_id": "G683400000001", "id_type": "I"}, "person_id"),
        ({"father_id": "1000000000018"}, "father_id"),
        ({"guardian_id": "1000000000018", "guardian_id_type": "I"}, "guardian_id"),
        ({"title": "002", "sex": "M"}, "sex"),
        ({"title": "832", "sex": "F"}, "sex"),
        ({"admission_date": "10/06/2560"}, "admission_date"),
        ({"disadvantages": ["00", "09"]}, "disadvantages"),
        (
            {
                "n_older_brother": 1,
                "n_younger_brother": 0,
                "n_older_sister": 0,
                "n_younger_sister": 0,
                "child_index": 3,
            },
            "child_index",
        ),
        ({"reg_province": "10"}, "reg_district"),
        ({"reg_district": "3404"}, "reg_subdistrict"),
        ({"cur_subdistrict": "340101", "cur_province": "10"}, "cur_district"),
        ({"grade": "09", "destination": "201"}, "destination"),
        ({"status": "enrolled", "leave_reason": "11"}, "leave_reason"),
        ({"status": "dropped_out", "leave_reason": "11"}, "leave_reason"),
    ],
)
def test_values_that_contradict_each_other_are_refused(values, field):
    assert list(broken(**values)) == [field]


@pytest.mark.parametrize(
    "values",
    [
        {"person_id": "0-0000-00000-01-" + student_rules.citizen_id.check_digit("000000000001")},
        {"person_id": "AA1234567", "id_type": "P"},
        {"person_id": "123/4567", "id_type": "A"},
        {"disadvantages": ["09", "12"]},
        {
            "n_older_brother": 1,
            "n_younger_brother": 0,
            "n_older_sister": 1,
            "n_younger_sister": 0,
            "child_index": 3,
        },
        {"n_older_brother": 1, "child_index": 3},
        {"grade": "09", "destination": "101", "year_result": "graduated"},
        {"status": "discharged", "leave_reason": "14"},
        {"status": "moved_out", "leave_reason": "32"},
        {"last_name": "-"},
    ],
)
def test_values_that_agree_pass(values):
    assert broken(**values) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("person_id", "1.34E+12"),
        ("person_id", "123"),
        ("person_id", "'; drop"),
        ("student_no", "12 34"),
        ("student_no", "12345678901"),
        ("first_name", "Somchai"),
        ("first_name", "=1+1"),
        ("first_name", "ก" * 81),
        ("birth_date", "10/06/2569"),
        ("birth_date", "10/06/2015"),
        ("admission_date", "06/06/2568"),
        ("reg_house_id", "1234"),
        ("reg_postcode", "3400"),
        ("reg_tel", "โทรไม่ได้"),
        ("reg_moo", 100),
        ("grade", "19"),
        ("room", 0),
        ("weight_kg", 301),
        ("height_cm", 20),
        ("child_index", 0),
        ("travel_minutes", 301),
        ("nationality", "ไทย"),
    ],
)
def test_a_value_outside_its_limits_is_refused_in_thai(name, value):
    with pytest.raises(ValueError, match=r"[ก-๙]"):
        fields.accept(declared(Student)[name], value)


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("person_id", "๑-๐๐๐๐-๐๐๐๐๐-๐๑-๗", "1000000000017"),
        ("person_id", "g 6834 0000 0001", "G683400000001"),
        ("student_no", "๐๐๑๒", "0012"),
        ("first_name", " สม\u200bชาย ", "สมชาย"),
        ("last_name", "ณ  อุบล", "ณ อุบล"),
        ("birth_date", "๑๐ มิ.ย. ๒๕๖๑", dt.datetime(2018, 6, 10)),  # noqa: DTZ001
        ("reg_tel", "081-234-5678 ต่อ 12", "081-234-5678 ต่อ 12"),
        ("weight_kg", "๒๒.๔๔", 22.4),
        ("reg_house_id", "3401 0000001", "34010000001"),
    ],
)
def test_a_value_is_stored_in_one_way(name, value, stored):
    assert fields.accept(declared(Student)[name], value) == stored


# --- Required, counted, aged ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"status": "discharged"}, ["leave_reason"]),
        ({"status": "moved_out"}, ["leave_reason"]),
        ({"round": "3"}, ["year_result"]),
        ({"round": "3", "status": "suspended"}, []),
        ({"year_result": "repeat"}, ["fail_reasons"]),
        ({"year_result": "graduated"}, ["years_taken"]),
        ({"year_result": "graduated", "grade": "09", "years_taken": 6}, ["destination"]),
        ({"first_name": None, "year_result": "repeat"}, ["first_name", "fail_reasons"]),
    ],
)
def test_what_a_pupil_lacks_depends_on_the_pupil(values, names):
    assert Student.missing(complete() | values, default_required(Student)) == names


def test_the_database_finds_exactly_the_pupils_who_lack_something_on_a_condition(database):
    options = {
        "round": ["1", "3"],
        "status": ["enrolled", "suspended", "discharged", "pending"],
        "suspended_flag": [None, True],
        "year_result": [None, "passed", "repeat", "graduated"],
        "grade": ["04", "09"],
        "fail_reasons": [None, [], ["1"]],
        "years_taken": [None, 6],
        "destination": [None, "101"],
        "leave_reason": [None, "11"],
    }
    rows = [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]
    rows = [
        {"_id": n} | {name: value for name, value in row.items() if value is not None}
        for n, row in enumerate(rows)
    ]
    database.trial.insert_many(rows)
    found = {row["_id"] for row in database.trial.find({"$or": Student.missing_query()}, {"_id": 1})}
    assert found == {row["_id"] for row in rows if Student.missing(row, frozenset())}


@pytest.mark.parametrize(
    ("values", "counters"),
    [
        ({}, {"students": 1, "pupils": 1, "male": 1, "m04": 1}),
        ({"title": "002", "grade": "01"}, {"students": 1, "pupils": 1, "female": 1, "f01": 1}),
        ({"status": "pending"}, {"students": 1, "pupils": 1, "male": 1, "m04": 1}),
        ({"status": "suspended"}, {"students": 1}),
        ({"suspended_flag": True}, {"students": 1}),
        ({"status": "moved_out"}, {"students": 1}),
    ],
)
def test_who_is_counted(values, counters):
    assert Student.tally(complete(**values)) == counters


def test_a_pupil_of_unknown_sex_or_grade_is_counted_in_the_sum_alone():
    assert Student.tally({"status": "enrolled"}) == {"students": 1, "pupils": 1}
    assert Student.tally({"status": "enrolled", "sex": "M", "grade": "77"}) == {
        "students": 1,
        "pupils": 1,
        "male": 1,
    }


def test_both_ages_are_told_by_their_names():
    round_ = Round(academic_year=2568, as_of=dt.datetime(2025, 6, 10))  # noqa: DTZ001
    young = complete(birth_date="11/06/2561")
    age, counting = (shown_fields(Student)[name] for name in ("age", "counting_age"))
    assert (age.verbose_name, counting.verbose_name) == ("อายุ(ปี)", "อายุตามเกณฑ์(ปี)")
    assert (age.work(young, round_), counting.work(young, round_)) == (6, 7)
    small = complete(birth_date="17/05/2564", grade="02")
    assert (age.work(small, round_), counting.work(small, round_)) == (4, 3)
    assert age.work({"academic_year": 2568}, round_) is counting.work({"academic_year": 2568}, round_) is None


def test_names_and_distances_are_put_together_when_shown():
    assert Student.headline(complete(middle_name="กลาง")) == "เด็กชายสมชาย กลาง ใจดี"
    assert Student.headline({}) == "ไม่มีชื่อ"
    distance = shown_fields(Student)["distance_km"]
    assert distance.work({"dist_gravel_m": 1200, "dist_paved_m": 2050}, None) == 3.2
    assert distance.work({}, None) is None


# --- Through the door -------------------------------------------------------------------------------------------------


def test_a_pupil_goes_through_the_door_with_what_follows(open_round, teacher, database):
    (written,) = write([pupil()], teacher)
    row = collection(Student).find_one({"_id": written.id})
    assert (row["person_id"], row["sex"], row["weight_kg"], row["reg_postcode"]) == (
        "1000000000017",
        "M",
        22.4,
        "34000",
    )
    assert row["search_key"] == "สมชายใจดี00123 1000000000017"
    submission = find_submission("DMC", place())
    assert submission.counts == {"students": 1, "pupils": 1, "male": 1, "m04": 1}
    assert missing_of(submission).records == 0


def test_a_broken_rule_stores_nothing_and_names_the_field(open_round, teacher):
    with pytest.raises(Invalid) as refusal:
        write([pupil(title="002", sex="M")], teacher)
    assert list(refusal.value.errors[0]) == ["sex"]
    assert collection(Student).count_documents({}) == 0


def test_the_same_number_twice_in_a_school_is_refused_and_in_two_schools_is_kept(
    open_round, teacher, neighbour
):
    write([pupil()], teacher)
    with pytest.raises((DuplicateKey, Invalid)):
        write([pupil(student_no="9")], teacher)
    write([Change(Student, place(OTHER), dict(COMPLETE))], neighbour)
    assert collection(Student).count_documents({"person_id": "1000000000017"}) == 2


def test_a_draft_may_lack_its_number(open_round, teacher):
    write(
        [Change(Student, place(), {"first_name": "ก้อย"}), Change(Student, place(), {"first_name": "กุ้ง"})],
        teacher,
    )
    assert collection(Student).count_documents({}) == 2


def test_declared_rooms_are_records_of_the_round(open_round, teacher):
    write([Change(SchoolRooms, place(), {"grade": "04", "rooms": 2})], teacher)
    assert find_submission("DMC", place()).counts["classrooms"] == 2
    with pytest.raises(RuleBroken):
        write([Change(SchoolRooms, place(), {"grade": "04", "rooms": 3})], teacher)


# ---- as the form asks ----


@pytest.mark.parametrize(
    ("again", "status"),
    [("1-0000-00000-01-7", 302), ("๑๐๐๐๐๐๐๐๐๐๐๑๗", 302), ("", 302), ("1000000000025", 422), ("x", 422)],
)
def test_a_number_typed_twice_must_say_the_same(again, status, open_round, sign_in, teacher):
    browser, new = sign_in(teacher), "/admin/students/new/"
    assert 'name="person_id_again"' in browser.get(new).text
    typed = {"first_name": "กานต์", "person_id": "1000000000017", "person_id_again": again}
    answer = browser.send(new, typed)
    assert answer.status_code == status
    assert Student.objects.count() == (status == 302)
    if status == 422:
        assert NOT_ALIKE in answer.text
        assert 'value="1000000000017"' in answer.text


def test_changing_a_stored_number_asks_twice_and_anything_else_does_not(open_round, sign_in, teacher):
    (made,) = write([Change(Student, place(), {"person_id": "1000000000017"})], teacher)
    browser, edit = sign_in(teacher), f"/admin/students/edit/?id={made.id}"
    kept = {"person_id": "1000000000017", "person_id_again": "9", "revision": "1", "first_name": "ณิชา"}
    assert browser.send(edit, kept).status_code == 302
    other = kept | {"person_id": "1000000000025", "revision": "2"}
    assert browser.send(edit, other).status_code == 422
    assert Student.objects.get().person_id == "1000000000017"
    assert browser.send(edit, other | {"person_id_again": "1000000000025"}).status_code == 302
    assert Student.objects.get().person_id == "1000000000025"


def test_the_way_to_school_is_typed_in_kilometres_and_stored_in_metres(open_round, sign_in, teacher):
    browser = sign_in(teacher)
    typed = {"first_name": "กานต์", "dist_paved_m": "๒.๓", "dist_gravel_m": "0.25", "dist_water_m": "0"}
    assert browser.send("/admin/students/new/", typed).status_code == 302
    pupil = Student.objects.get()
    assert (pupil.dist_paved_m, pupil.dist_gravel_m, pupil.dist_water_m) == (2300, 250, 0)
    edit = f"/admin/students/edit/?id={pupil.id}"
    page = browser.get(edit).text
    shown = [
        re.search(rf'name="dist_{way}_m"[^>]*value="([^"]*)"', page)[1]
        for way in ("paved", "gravel", "water")
    ]
    assert shown == ["2.3", "0.25", "0"]
    answer = browser.send(edit, {"dist_paved_m": "501", "revision": "1"})
    assert "ต้องไม่เกิน 500 กม." in answer.text
    assert browser.send(edit, {"dist_paved_m": "1.75", "revision": "1"}).status_code == 302
    assert Student.objects.get().dist_paved_m == 1750
    details = re.sub(r"<[^>]+>|\s+", " ", browser.get(f"/admin/students/details/?id={pupil.id}").text)
    assert re.search(r"ระยะทาง: ลาดยาง\s+1\.75\s+กม\.", details)
    # A file, and whoever writes by script, gives metres.
    write([Change(Student, place(), {"dist_paved_m": 900}, id=pupil.id, revision=2)], teacher)
    assert Student.objects.get().dist_paved_m == 900


def test_every_stored_number_reads_as_text(open_round):
    for document in subsystems():
        for field in declared(document).values():
            if field.kind in ("count", "measure"):
                assert isinstance(fields.shown(field, 2568), str), (document, field.name)
