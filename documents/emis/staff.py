"""Staff (ครูและบุคลากรทางการศึกษา, EMIS): one record a person a round, in one school, paid by the budget or not.

Fields and labels: domain.md 3.2.2; the rules over several fields stand in `staff_rules.py`. Salary and allowances
exist in the ministry's standard and are not collected: the manual does not ask for them.
"""

from documents.dmc.student_rules import NAME, NAME_SAYS, looks_like_person_id, not_in_the_future, person_id
from documents.emis import staff_rules as rules
from documents.records.fields import PERSONAL, choice, count, date, derived, flag, text
from documents.records.record import Record

IDENTITY, POST = "ข้อมูลบุคคล", "ตำแหน่งและสถานะ"
SERVICE, CONTRACT, EDUCATION = "วันสำคัญในการรับราชการ", "สัญญาจ้าง", "วุฒิการศึกษา"


class Staff(Record):
    """One person on the staff of one school in one round. Source of fields and labels: domain.md 3.2.2."""

    id_type = choice("ประเภทบัตร", "ID_TYPE", en="Kind of number", need="R", group=IDENTITY, personal=PERSONAL)
    person_id = text(
        "เลขประจำตัวประชาชน",
        en="Citizen number",
        need="R",
        max_length=20,
        check=person_id,
        looks=looks_like_person_id,
        masked=True,
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=("เลขบัตรประชาชน", "หมายเลขบัตรประชาชน", "เลขประจำตัวประชาชน 13 หลัก"),
        help="เลข 13 หลัก หรือเลขตามบัตรที่ใช้ มีขีดหรือเว้นวรรคได้",
    )
    title = choice(
        "คำนำหน้า",
        "STAFF_TITLE",
        en="Title",
        need="R",
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=("คำนำหน้าชื่อ",),
    )
    first_name = text(
        "ชื่อ",
        en="First name",
        need="R",
        max_length=80,
        pattern=NAME,
        pattern_says=NAME_SAYS,
        group=IDENTITY,
        personal=PERSONAL,
    )
    last_name = text(
        "นามสกุล",
        en="Last name",
        need="R",
        max_length=80,
        pattern=NAME,
        pattern_says=NAME_SAYS,
        group=IDENTITY,
        personal=PERSONAL,
        synonyms=("ชื่อสกุล", "สกุล"),
    )
    sex = choice("เพศ", "SEX", en="Sex", need="R", group=IDENTITY, personal=PERSONAL)
    birth_date = date(
        "วันเกิด",
        en="Birth date",
        need="R",
        check=not_in_the_future,
        group=IDENTITY,
        personal=PERSONAL,
        ages=(17, 80),
        synonyms=("วันเดือนปีเกิด", "วัน/เดือน/ปีเกิด"),
    )
    age = derived(
        "อายุ(ปี)",
        rules.age,
        reads=("birth_date",),
        en="Age in completed years",
        unit="ปี",
        group=IDENTITY,
        personal=PERSONAL,
        help="ปีเต็ม ณ วันที่ของรอบ",
    )
    nationality = choice("สัญชาติ", "NATION", en="Nationality", need="R", group=IDENTITY, personal=PERSONAL)

    personnel_type = choice(
        "ประเภทบุคลากร",
        "PERSONNEL",
        en="Kind of staff",
        need="R",
        group=POST,
        personal=PERSONAL,
        help="กำหนดว่าต้องกรอกวันสำคัญในการรับราชการ หรือสัญญาจ้าง",
    )
    position = choice("ตำแหน่ง", "POSITION", en="Position", need="R", group=POST, personal=PERSONAL)
    academic_standing = choice(
        "วิทยฐานะ",
        "STANDING",
        en="Academic standing",
        need="C",
        group=POST,
        personal=PERSONAL,
        help="เฉพาะผู้อำนวยการ รองผู้อำนวยการ และครู",
    )
    salary_rank = choice(
        "ระดับ (อันดับ)",
        "RANK",
        en="Salary rank",
        need="C",
        group=POST,
        personal=PERSONAL,
        synonyms=("ระดับ", "อันดับ", "ระดับ_ตำแหน่ง"),
        help="เว้นว่างไว้ ระบบเติมให้ตามวิทยฐานะ",
    )
    position_no = text(
        "เลขที่ตำแหน่ง",
        en="Position number",
        max_length=20,
        pattern=r"[0-9A-Za-zก-ฮ/.\-]+",
        pattern_says="เลขที่ตำแหน่งเป็นตัวเลขหรือตัวอักษร ไม่มีเว้นวรรค",
        group=POST,
        personal=PERSONAL,
        synonyms=("รหัสประจำตำแหน่ง", "ตำแหน่งเลขที่"),
    )
    pay_source = choice(
        "ประเภทเงินที่จ้าง", "PAY_SOURCE", en="Source of pay", need="R", group=POST, personal=PERSONAL
    )
    work_status = choice(
        "สถานะ",
        "WORK_STATUS",
        en="State",
        need="R",
        group=POST,
        personal=PERSONAL,
        synonyms=("สถานะบุคลากร", "สถานะการปฏิบัติราชการ"),
        help="ยอดบุคลากรนับเฉพาะผู้ที่ยังคงปฏิบัติราชการ ผู้มาช่วยราชการนับที่โรงเรียนต้นสังกัด",
    )
    acting_director = flag(
        "รักษาการในตำแหน่งผู้อำนวยการโรงเรียน",
        en="Acting director",
        group=POST,
        personal=PERSONAL,
        synonyms=("รักษาการ",),
    )

    appointed_on = date(
        "วันที่บรรจุ", en="Appointed on", need="C", check=not_in_the_future, group=SERVICE, personal=PERSONAL
    )
    in_post_since = date(
        "วันที่ดำรงตำแหน่ง",
        en="In the post since",
        need="C",
        check=not_in_the_future,
        group=SERVICE,
        personal=PERSONAL,
        synonyms=("เริ่มดำรงตำแหน่ง", "วันที่ดำรงตำแหน่งปัจจุบัน"),
    )
    retires_on = date(
        "วันที่เกษียณ",
        en="Retires on",
        need="C",
        group=SERVICE,
        personal=PERSONAL,
        synonyms=("วันเกษียณ", "วันเกษียณอายุ"),
        help="สิ้นปีงบประมาณที่อายุครบ 60 ปี เว้นว่างไว้ ระบบคำนวณให้จากวันเกิด",
    )

    contract_type = choice(
        "ประเภทสัญญาจ้าง", "CONTRACT", en="Kind of contract", need="C", group=CONTRACT, personal=PERSONAL
    )
    contract_no = text(
        "เลขที่สัญญาจ้าง", en="Contract number", need="C", max_length=40, group=CONTRACT, personal=PERSONAL
    )
    contract_times = count(
        "สัญญาจ้างครั้งที่",
        en="Contract, which time",
        need="C",
        min_value=1,
        max_value=60,
        group=CONTRACT,
        personal=PERSONAL,
    )
    contract_from = date("วันเริ่มสัญญาจ้าง", en="Contract from", need="C", group=CONTRACT, personal=PERSONAL)
    contract_until = date("วันสิ้นสุดสัญญาจ้าง", en="Contract until", need="C", group=CONTRACT, personal=PERSONAL)

    degree = choice(
        "วุฒิการศึกษาสูงสุด",
        "DEGREE",
        en="Highest degree",
        group=EDUCATION,
        personal=PERSONAL,
        synonyms=("การศึกษาสูงสุด", "วุฒิการศึกษา"),
    )
    major = text(
        "วิชาเอก", en="Major", max_length=100, group=EDUCATION, personal=PERSONAL, synonyms=("สาขาวิชาเอก",)
    )
    has_teaching_cert = flag(
        "มีวุฒิทางครู", en="Qualified as a teacher", group=EDUCATION, personal=PERSONAL, synonyms=("วุฒิทางครู",)
    )
    full_name = derived("ชื่อ-นามสกุล", rules.full_name, kind="text", en="Name", personal=PERSONAL)

    slug = "staff"
    label = "ครูและบุคลากร (EMIS)"
    label_en = "Staff"
    subsystem = "EMIS"
    unit = "คน"
    public = True
    headcount = "people"
    sheet_title = "แบบข้อมูลครูและบุคลากรทางการศึกษารายบุคคล"
    search_hint = "ค้นหาชื่อ เลขประจำตัวประชาชน หรือเลขที่ตำแหน่ง"
    key = ("person_id",)
    grid = (
        "school_code",
        "full_name",
        "person_id",
        "position",
        "academic_standing",
        "salary_rank",
        "personnel_type",
        "pay_source",
        "sex",
        "age",
        "degree",
        "major",
        "retires_on",
        "contract_until",
        "work_status",
    )
    quick = ("position", "personnel_type")
    cells = ("pay_source", "degree", "major", "work_status")
    filters = (
        "position",
        "personnel_type",
        "academic_standing",
        "salary_rank",
        "pay_source",
        "work_status",
        "sex",
        "birth_date",
        "retires_on",
        "contract_until",
        "contract_type",
        "degree",
        "has_teaching_cert",
        "acting_director",
        "nationality",
    )
    search = ("first_name", "last_name", "position_no", "person_id")
    order = ("first_name", "last_name")
    groups = (IDENTITY, POST, SERVICE, CONTRACT, EDUCATION)

    meta = {
        "collection": "staff",
        "indexes": [
            {
                # One number in every school of an area: who is active in two of them.
                "fields": ["area_code", "person_id", "-academic_year", "-round"],
                "partialFilterExpression": {"person_id": {"$exists": True}},
                "name": "number",
            }
        ],
    }

    tallied = ("position", "personnel_type", "sex", "work_status", "acting_director", "has_teaching_cert")

    carried_by = rules.CARRIED_BY
    outcomes = rules.OUTCOMES

    @classmethod
    def outcome(cls, values, from_round, to_round, taught=None):
        """Who is still in post goes on; who left or has retired is left out, and a contract that ended is left blank."""
        return rules.outcome(values, to_round)

    @classmethod
    def check(cls, values):
        """Yield (field, sentence) where a person's values contradict each other."""
        return rules.broken(values)

    @classmethod
    def derive(cls, values):
        """What follows from other values where it is missing: kind of number, sex, rank, day of retirement."""
        return rules.following(values)

    @classmethod
    def required_by_condition(cls, values):
        """What the kind of post and of contract asks for."""
        return rules.required_by_condition(values)

    @classmethod
    def missing_query(cls):
        """MongoDB filters for the persons who lack something on a condition."""
        return rules.lacking_by_condition()

    @classmethod
    def is_counted(cls, values):
        """Whether the person is in service at this school."""
        return rules.is_counted(values)

    @classmethod
    def tally(cls, values):
        """One record; a person in service adds to the sum, to the sex and to the teachers; who leads is counted too."""
        counters = {"staff": 1} | ({"leaders": 1} if rules.leads(values) else {})
        if rules.is_counted(values):
            counters["people"] = 1
            if values.get("sex") in ("M", "F"):
                counters["male" if values["sex"] == "M" else "female"] = 1
            if rules.teaches(values):
                counters["teachers"] = 1
        return counters

    @classmethod
    def headline(cls, values):
        """The person's title and name."""
        return rules.full_name(values) or "ไม่มีชื่อ"
