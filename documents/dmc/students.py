"""Students (นักเรียนรายบุคคล, DMC): one record a pupil a round, in one school.

Fields, labels and what is required follow the pupil form of the ministry's system (domain.md 3.1.1); the rules over
several fields stand in `student_rules.py`.
"""

from mongoengine.fields import DictField, ListField, ObjectIdField

from documents.checking import resemblance
from documents.dmc import counting, promotion, standing
from documents.dmc import student_rules as rules
from documents.dmc.households import ADDRESS, FAMILY, address, relative
from documents.records.codelists import code_list
from documents.records.fields import (
    PERSONAL,
    SENSITIVE,
    choice,
    choices,
    count,
    date,
    derived,
    flag,
    measure,
    text,
)
from documents.records.record import Figures, Record

IDENTITY = "ข้อมูลนักเรียน"
WELFARE, TRAVEL, STATUS = "สวัสดิการและสุขภาพ", "การเดินทาง", "สถานะ"
LACKS = "ความขาดแคลน"
METRES = 1000  # of a kilometre: ways to school are typed in kilometres and stored in metres


class Student(Record):
    """One pupil in one school in one round. Source of fields and labels: domain.md 3.1.1."""

    id_type = choice("ประเภทบัตร", "ID_TYPE", en="Kind of number", need="R", group=IDENTITY)
    person_id = text(
        "เลขประจำตัวประชาชน",
        en="Citizen number",
        need="R",
        max_length=20,
        check=rules.person_id,
        looks=rules.looks_like_person_id,
        masked=True,
        twice=True,
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=(
            "เลขประจำตัวนักเรียน",
            "เลขบัตรประชาชน",
            "หมายเลขบัตรประชาชน",
            "เลขประจำตัวประชาชน 13 หลัก",
            "หมายเลขบัตรประจำตัว",
            "หมายเลขบัตรประจำตัวประชาชน",
            "เลขบัตรประจำตัวประชาชน",
        ),
        help="เลข 13 หลัก รหัส G หรือเลขตามบัตรที่ใช้ มีขีดหรือเว้นวรรคได้",
    )
    student_no = text(
        "เลขประจำตัวนักเรียน",
        en="Student number",
        need="R",
        max_length=10,
        check=rules.student_no,
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=("รหัสนักเรียน", "เลขประจำตัวนักเรียน2", "รหัสประจำตัวนักเรียน"),
        help="เลขที่โรงเรียนออกให้ เลขศูนย์ข้างหน้าคงอยู่",
    )
    title = choice("คำนำหน้าชื่อ", "TITLE", en="Title", need="R", group=IDENTITY, synonyms=("คำนำหน้า",))
    first_name = text(
        "ชื่อ",
        en="First name",
        need="R",
        max_length=80,
        pattern=rules.NAME,
        pattern_says=rules.NAME_SAYS,
        group=IDENTITY,
        personal=PERSONAL,
    )
    middle_name = text(
        "ชื่อกลาง",
        en="Middle name",
        max_length=80,
        pattern=rules.NAME,
        pattern_says=rules.NAME_SAYS,
        group=IDENTITY,
        personal=PERSONAL,
    )
    last_name = text(
        "นามสกุล",
        en="Last name",
        need="R",
        max_length=80,
        pattern=rules.NAME,
        pattern_says=rules.NAME_SAYS,
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=("ชื่อสกุล", "สกุล"),
    )
    first_name_en = text(
        "ชื่อ (อังกฤษ)", en="First name (English)", max_length=80, group=IDENTITY, personal=PERSONAL
    )
    last_name_en = text(
        "นามสกุล (อังกฤษ)",
        en="Last name (English)",
        max_length=80,
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=("สกุล (อังกฤษ)",),
    )
    sex = choice("เพศ", "SEX", en="Sex", need="R", group=IDENTITY)
    birth_date = date(
        "วันเกิด",
        en="Birth date",
        need="R",
        check=rules.not_in_the_future,
        group=IDENTITY,
        personal=PERSONAL,
        ages=(1, 30),
        synonyms=("วันเดือนปีเกิด", "วัน/เดือน/ปีเกิด"),
    )
    age = derived(
        "อายุ(ปี)",
        rules.age,
        reads=("birth_date",),
        en="Age in completed years",
        unit="ปี",
        group=IDENTITY,
        help="ปีเต็ม ณ วันที่ของรอบ",
    )
    counting_age = derived(
        "อายุตามเกณฑ์(ปี)",
        rules.counting_age,
        reads=("birth_date", "grade", "academic_year"),
        en="Counting age",
        unit="ปี",
        group=IDENTITY,
        help="อนุบาล: ปีเต็ม ณ 16 พฤษภาคม, ป.1 ขึ้นไป: ปีการศึกษาลบปีเกิด",
    )
    birth_province = choice(
        "จังหวัดที่เกิด", "PROVINCE", en="Birth province", need="R", group=IDENTITY, personal=PERSONAL
    )
    nationality = choice("สัญชาติ", "NATION", en="Nationality", need="R", group=IDENTITY, personal=SENSITIVE)
    race = choice("เชื้อชาติ", "NATION", en="Race", need="R", group=IDENTITY, personal=SENSITIVE)
    religion = choice("ศาสนา", "RELIGION", en="Religion", need="R", group=IDENTITY, personal=SENSITIVE)

    vars().update(address("reg", "ทะเบียนบ้าน", "registered", "R"))
    vars().update(address("cur", "ที่อยู่ปัจจุบัน", "current", "O"))

    parents_marital = choice(
        "สถานภาพสมรสของบิดามารดา", "PARENTS", en="Parents' marital status", group=FAMILY, personal=PERSONAL
    )
    n_older_brother = count(
        "จำนวนพี่ชาย", en="Older brothers", unit="คน", max_value=30, group=FAMILY, personal=PERSONAL
    )
    n_younger_brother = count(
        "จำนวนน้องชาย", en="Younger brothers", unit="คน", max_value=30, group=FAMILY, personal=PERSONAL
    )
    n_older_sister = count(
        "จำนวนพี่สาว", en="Older sisters", unit="คน", max_value=30, group=FAMILY, personal=PERSONAL
    )
    n_younger_sister = count(
        "จำนวนน้องสาว", en="Younger sisters", unit="คน", max_value=30, group=FAMILY, personal=PERSONAL
    )
    n_siblings_studying = count(
        "จำนวนพี่น้องที่กำลังเรียน",
        en="Siblings at school",
        unit="คน",
        max_value=30,
        group=FAMILY,
        personal=PERSONAL,
        synonyms=("จำนวนพี่น้องที่ศึกษาอยู่",),
    )
    child_index = count(
        "เป็นบุตรลำดับที่",
        en="Place among the children",
        min_value=1,
        max_value=40,
        group=FAMILY,
        personal=PERSONAL,
        synonyms=("เป็นบุตรคนที่", "เป็นบุตร/ธิดาลำดับที่"),
    )
    vars().update(relative("father", "บิดา", "father"))
    vars().update(relative("mother", "มารดา", "mother"))
    vars().update(relative("guardian", "ผู้ปกครอง", "guardian"))
    guardian_relation = choice(
        "ความเกี่ยวข้องของผู้ปกครองกับนักเรียน",
        "RELATION",
        en="Guardian's relation to the pupil",
        need="R",
        group=FAMILY,
        section="ผู้ปกครอง",
        personal=PERSONAL,
    )

    weight_kg = measure(
        "น้ำหนัก",
        en="Weight",
        unit="กก.",
        min_value=1,
        max_value=300,
        need="R",
        group=WELFARE,
        personal=SENSITIVE,
        synonyms=("น้ำหนัก (กก.)",),
    )
    height_cm = measure(
        "ส่วนสูง",
        en="Height",
        unit="ซม.",
        min_value=30,
        max_value=250,
        need="R",
        group=WELFARE,
        personal=SENSITIVE,
        synonyms=("ส่วนสูง (ซม.)",),
    )
    blood = choice(
        "กลุ่มเลือด", "BLOOD", en="Blood group", group=WELFARE, personal=SENSITIVE, synonyms=("หมู่โลหิต",)
    )
    disadvantages = choices(
        "ความด้อยโอกาส", "DISADV", en="Disadvantages", need="R", group=WELFARE, personal=SENSITIVE
    )
    disability = choice("ความพิการ", "DISAB", en="Disability", group=WELFARE, personal=SENSITIVE)
    lacks_textbook = flag(
        "ขาดแคลนแบบเรียน", en="Lacks textbooks", need="R", group=WELFARE, section=LACKS, personal=SENSITIVE
    )
    lacks_lunch = flag(
        "ขาดแคลนอาหารกลางวัน", en="Lacks lunch", need="R", group=WELFARE, section=LACKS, personal=SENSITIVE
    )
    lacks_stationery = flag(
        "ขาดแคลนเครื่องเขียน", en="Lacks stationery", need="R", group=WELFARE, section=LACKS, personal=SENSITIVE
    )
    lacks_uniform = flag(
        "ขาดแคลนเครื่องแบบนักเรียน",
        en="Lacks a uniform",
        need="R",
        group=WELFARE,
        section=LACKS,
        personal=SENSITIVE,
        synonyms=("ขาดแคลนเครื่องแบบ",),
    )
    boarding = choice(
        "การพักนอน",
        "BOARD",
        en="Boarding",
        need="C",
        group=WELFARE,
        synonyms=("การพักนอนประจำ",),
        help="ว่างไว้ = ไม่พักนอน",
    )

    journey_type = choice(
        "วิธีเดินทาง",
        "JOURNEY",
        en="Way to school",
        need="C",
        group=TRAVEL,
        synonyms=("ลักษณะการเดินทางมาโรงเรียน",),
    )
    dist_water_m = count(
        "ระยะทาง: ทางน้ำ",
        en="Distance by water",
        unit="กม.",
        scale=METRES,
        max_value=500_000,
        group=TRAVEL,
        personal=PERSONAL,
        synonyms=("ระยะทางจากบ้านถึงโรงเรียน (ทางน้ำ)",),
    )
    dist_gravel_m = count(
        "ระยะทาง: ลูกรัง",
        en="Distance on gravel",
        unit="กม.",
        scale=METRES,
        max_value=500_000,
        group=TRAVEL,
        personal=PERSONAL,
        synonyms=("ระยะทางจากบ้านถึงโรงเรียน (ถนนลูกรัง)",),
    )
    dist_paved_m = count(
        "ระยะทาง: ลาดยาง",
        en="Distance on paved road",
        unit="กม.",
        scale=METRES,
        max_value=500_000,
        group=TRAVEL,
        personal=PERSONAL,
        synonyms=("ระยะทางจากบ้านถึงโรงเรียน (ถนนลาดยาง)",),
    )
    distance_km = derived(
        "ระยะทาง (กม.)",
        rules.distance_km,
        reads=("dist_water_m", "dist_gravel_m", "dist_paved_m"),
        kind="measure",
        decimals=1,
        en="Distance",
        unit="กม.",
        group=TRAVEL,
    )
    travel_minutes = count(
        "เวลาเดินทาง (นาที)",
        en="Travelling time",
        unit="นาที",
        max_value=300,
        group=TRAVEL,
        synonyms=("ระยะเวลาจากบ้านถึงโรงเรียน",),
    )

    grade = choice("ชั้น", "GRADE", en="Grade", need="R", group=STATUS, synonyms=("ระดับชั้น", "ชั้นเรียน"))
    room = count("ห้อง", en="Room", min_value=1, max_value=99, need="R", group=STATUS, synonyms=("ห้องเรียน",))
    admission_date = date(
        "วันที่เข้าเรียน", en="Admitted on", need="R", check=rules.not_in_the_future, group=STATUS
    )
    status = choice("สถานะนักเรียน", "STATUS", en="Status", need="R", group=STATUS)
    suspended_flag = flag(
        "ยังไม่สามารถจำหน่ายได้ (3.1.8)",
        en="Suspended on the roll",
        group=STATUS,
        synonyms=("ยังไม่สามารถจำหน่ายได้", "แขวนลอย"),
        help="อยู่ในทะเบียนแต่ไม่มาเรียน (แขวนลอย) ไม่นับเป็นจำนวนนักเรียน",
    )
    leave_reason = choice(
        "สาเหตุการจำหน่าย", "LEAVE", en="Reason of leaving", need="C", group=STATUS, personal=SENSITIVE
    )
    leave_date = date("วันที่ออก", en="Left on", check=rules.not_in_the_future, group=STATUS, personal=PERSONAL)
    leave_to = text("ย้ายไปที่", en="Moved to", max_length=200, group=STATUS, personal=PERSONAL)
    year_result = choice(
        "ผลสิ้นปี", "YEAR_RESULT", en="Result of the year", need="C", group=STATUS, personal=PERSONAL
    )
    fail_reasons = choices(
        "สาเหตุที่ไม่ผ่าน", "FAIL", en="Reasons of failing", need="C", group=STATUS, personal=PERSONAL
    )
    destination = choice(
        "ศึกษาต่อ / ทำงาน",
        "DESTINATION",
        parent="grade",
        en="After the last grade",
        need="C",
        group=STATUS,
        personal=PERSONAL,
    )
    years_taken = count(
        "จำนวนปีที่เรียน",
        en="Years taken",
        unit="ปี",
        min_value=1,
        max_value=20,
        need="C",
        group=STATUS,
        personal=PERSONAL,
    )
    full_name = derived(
        "ชื่อ-นามสกุล",
        rules.full_name,
        reads=("title", "first_name", "middle_name", "last_name"),
        kind="text",
        en="Name",
        personal=PERSONAL,
    )

    # Not in the form: written by the change of a number and by the evidence of a duplicate.
    former_ids = ListField(DictField(), verbose_name="เลขเดิม")
    duplicate_evidence = ObjectIdField(verbose_name="เอกสารยืนยันตัวตนนักเรียนซ้ำซ้อนต่างหน่วยงาน")

    beside = ("former_ids",)

    slug = "students"
    label = "นักเรียน (DMC)"
    label_en = "Students"
    subsystem = "DMC"
    unit = "คน"
    public = True
    adding = "เพิ่มนักเรียน"
    sheet_title = "แบบข้อมูลนักเรียนรายบุคคล"
    headcount = "pupils"
    linked_round = "1"  # the heads of 10 June, by which the year is planned
    search_hint = "ค้นหาชื่อ เลขประจำตัวประชาชน หรือเลขประจำตัวนักเรียน"
    key = ("person_id",)
    also_unique = (("student_no",),)
    grid = (
        "school_code",
        "full_name",
        "person_id",
        "grade",
        "room",
        "student_no",
        "sex",
        "birth_date",
        "age",
        "weight_kg",
        "height_cm",
        "journey_type",
        "distance_km",
        "status",
    )
    quick = ("grade",)
    cells = ("grade", "room", "student_no", "weight_kg", "height_cm", "journey_type", "status")
    filters = (
        "grade",
        "room",
        "sex",
        "status",
        "title",
        "id_type",
        "birth_date",
        "nationality",
        "religion",
        "disadvantages",
        "disability",
        "boarding",
        "journey_type",
        "suspended_flag",
        "reg_district",
        "year_result",
    )
    search = ("first_name", "last_name", "middle_name", "student_no", "person_id")
    order = ("first_name", "last_name")
    alike = resemblance.NAMED_BY
    groups = (IDENTITY, ADDRESS, FAMILY, WELFARE, TRAVEL, STATUS)

    meta = {
        "collection": "students",
        "indexes": [
            {
                # One number in every school and round of an area: where a pupil is, for a move.
                "fields": ["area_code", "person_id", "-academic_year", "-round"],
                "partialFilterExpression": {"person_id": {"$exists": True}},
                "name": "number",
            },
            {
                # What resembles a learner, in every school and round of an area (documents/checking/likeness.py).
                "fields": ["area_code", "likeness", "-academic_year", "-round"],
                "name": "likeness",
            },
        ],
    }

    @classmethod
    def check(cls, values):
        """Yield (field, sentence) where a pupil's values contradict each other."""
        return rules.broken(values)

    @classmethod
    def derive(cls, values):
        """What follows from other values where it is missing: kind of number, sex, status, the four "no"."""
        return rules.following(values)

    @classmethod
    def blocks(cls, values):
        """The blocks of names, birth date and former numbers in which the same child is looked for."""
        return resemblance.keys(values)

    @classmethod
    def required_by_condition(cls, values):
        """What status, number and family ask for."""
        return rules.required_by_condition(values)

    @classmethod
    def missing_query(cls):
        """MongoDB filters for the pupils who lack something on a condition."""
        return rules.lacking_by_condition()

    tallied = ("grade", "sex", "status", "suspended_flag")

    @classmethod
    def held(cls, before, after):
        """A pupil who waits to move in, and a number that was handed in, are changed by their cases."""
        return standing.held(before, after)

    @classmethod
    def open_to_files(cls, stored):
        """Of a pupil who waits to move in what the receiving school typed; the rest comes from the sending school."""
        return (standing.TYPED, standing.FILE_SAYS) if stored.get("status") == standing.AWAITING else None

    @classmethod
    def asked_less(cls):
        """Of a pupil who waits to move in only what the receiving school types."""
        return {"status": standing.AWAITING}, standing.TYPED

    carried_by = promotion.READ
    outcomes = promotion.OUTCOMES

    @classmethod
    def outcome(cls, values, from_round, to_round, taught=None):
        """Whether the pupil goes up, stays, graduates or is left out, and how he begins the round."""
        return promotion.outcome(values, from_round, to_round, taught)

    @classmethod
    def is_counted(cls, values):
        """Whether the pupil counts among the school's: neither left nor suspended."""
        return counting.is_counted(values)

    @classmethod
    def tally(cls, values):
        """One record; a pupil who counts adds to the sum, to the sex, and to grade by sex (m04: boys of ป.1)."""
        counters = {"students": 1}
        sex, grade = values.get("sex"), values.get("grade")
        if counting.is_counted(values):
            counters["pupils"] = 1
            if sex in ("M", "F"):
                counters["male" if sex == "M" else "female"] = 1
                if grade in code_list("GRADE").codes:
                    counters[f"{sex.lower()}{grade}"] = 1
        return counters

    @classmethod
    def figures(cls, counts):
        """The pupils of each grade that has any, by sex; those in no grade or of no sex on a line of their own."""
        rows = []
        for grade in code_list("GRADE").codes:
            boys, girls = (counts.get(f"{sex}{grade}", 0) for sex in "mf")
            if boys or girls:
                rows.append((code_list("GRADE").short(grade), (boys, girls, boys + girls)))
        pupils = counts.get("pupils", 0)
        if rest := pupils - sum(numbers[-1] for _, numbers in rows):
            rows.append(("ไม่ระบุชั้นหรือเพศ", (None, None, rest)))
        totals = (counts.get("male", 0), counts.get("female", 0), pupils)
        return Figures(("ชั้น", "ชาย", "หญิง", "รวม"), rows, totals) if pupils else None

    @classmethod
    def headline(cls, values):
        """The pupil's title and name."""
        nameless = "นักเรียนรอย้ายเข้า" if values.get("status") == standing.AWAITING else "ไม่มีชื่อ"
        return rules.full_name(values, None) or nameless
