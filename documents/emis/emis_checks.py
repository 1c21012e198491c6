"""Checks of EMIS (กฎตรวจสอบข้อมูลบุคลากรและเทคโนโลยี): the rows of domain.md 3.2. Pupils of DMC and equipment of M-OBEC are
read from the counters of those submissions; who serves in two schools is asked of the area's staff.

EM-07 and EM-08 are no rows there: the one profile must be there at all, and a position number has one holder (3.2.2).
"""

from functools import partial

from documents.checking.checks import ERROR, WARNING, Check, Limit
from documents.checking.checks import Sums as Tallies
from documents.district.schools import School
from documents.emis.staff import Staff
from documents.emis.staff_rules import is_active, is_counted, with_fact
from documents.emis.technology import PURPOSES, computers_of

SUBSYSTEM = "EMIS"

LIMITS = {
    "most_pupils": Limit("นักเรียนต่อครู 1 คน เกิน", "Pupils to a teacher above", "คน", 40, 10, 100),
    "fewest_pupils": Limit("นักเรียนต่อครู 1 คน ต่ำกว่า", "Pupils to a teacher below", "คน", 5, 1, 40),
}
# Items whose usable count M-OBEC knows too: the code, the counter of it, ours, what it is for.
COMPUTERS = (
    ("22033", "u22033", "pc_teach_ok", "เพื่อการเรียนการสอน"),
    ("21007", "u21007", "pc_admin_ok", "เพื่อการบริหารจัดการ"),
)
GRADES = tuple(f"{number:02d}" for number in range(1, 19))
BY_GRADE = tuple(f"{sex}{grade}" for grade in GRADES for sex in "mf")
LINKED = {"DMC": ("pupils", *BY_GRADE), "M-OBEC": ("equipment", *(theirs for _, theirs, _, _ in COMPUTERS))}
SERVING_ELSEWHERE = "elsewhere"  # in `beside`: {number of a person: names of the other schools}


class Sums(Tallies):
    """The tallies of a school's records, and how many hold each position number."""

    def __init__(self):
        super().__init__()
        self.holders = {}

    def take(self, document, values):
        """Count one record."""
        super().take(document, values)
        if document is Staff and values.get("position_no") and is_active(values):
            number = values["position_no"]
            self.holders[number] = self.holders.get(number, 0) + 1


# ---- what is looked at beside ----


def questions(round_, codes, rows=None):
    """What the engine asks of the database for `beside`: people of these schools who serve in another of the area too."""
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    serving = {"work_status": {"$in": with_fact("WORK_STATUS", "counted")}}
    others = [
        {"$match": place | serving},
        {"$project": {"_id": 0, "school_code": 1}},
    ]
    stages = [
        {"$match": place | {"school_code": {"$in": codes}, "person_id": {"$exists": True}} | serving},
        {"$project": {"_id": 0, "school_code": 1, "person_id": 1}},
        {
            "$lookup": {
                "from": Staff._get_collection_name(), "localField": "person_id", "foreignField": "person_id",
                "pipeline": others, "as": "at",
            }
        },
        {"$match": {"at.1": {"$exists": True}}},
        {
            "$lookup": {
                "from": School._get_collection_name(), "localField": "at.school_code", "foreignField": "code",
                "pipeline": [
                    {"$match": {"area_code": round_.area_code}},
                    {"$project": {"_id": 0, "code": 1, "name": 1}},
                ],
                "as": "schools",
            }
        },
    ]  # fmt: skip
    return {"serving": (Staff, stages)}


def beside(found, rows=None):
    """{school code: {"elsewhere": {number of a person: names of the other schools}}} of what was read."""
    schools = {}
    for row in found["serving"]:
        others = sorted(each["name"] for each in row["schools"] if each["code"] != row["school_code"])
        if others:
            by_person = schools.setdefault(row["school_code"], {SERVING_ELSEWHERE: {}})[SERVING_ELSEWHERE]
            by_person[row["person_id"]] = others
    return schools


# ---- the rules of one record ----


def _sums_of_computers(purpose, values, context):
    parts = [values.get(f"pc_{purpose}_{name}") for name in ("obec", "own", "ok", "broken")]
    if None in parts:
        return None  # what is blank is told of already
    total, ok, broken = computers_of(values, purpose), *parts[2:]
    if ok + broken == total:
        return None
    return (
        f"คอมพิวเตอร์เพื่อ{PURPOSES[purpose][0]}มีทั้งหมด {total:,} เครื่อง แต่ใช้งานได้ {ok:,} รวมกับใช้งานไม่ได้ {broken:,} "
        f"เป็น {ok + broken:,} เครื่อง"
    )


def _serves_elsewhere(values, context):
    others = context.beside.get(SERVING_ELSEWHERE, {}).get(values.get("person_id"))
    if not others or not is_counted(values):
        return None
    return f"บุคคลนี้ยังคงปฏิบัติราชการที่{' และ'.join(others)}ด้วย"


# ---- the rules of one school ----


def _without_director(sums, context):
    pupils = context.linked.get("DMC", {}).get("pupils", 0)
    if pupils and not sums["leaders"]:
        yield "", f"มีนักเรียน {pupils:,} คน แต่ไม่มีผู้อำนวยการหรือผู้รักษาการที่ยังคงปฏิบัติราชการ", {"leaders": 0}


def _other_computers(sums, context):
    elsewhere = context.linked.get("M-OBEC", {})
    if not elsewhere.get("equipment") or not sums["technology"]:
        return
    for item, theirs, ours, purpose in COMPUTERS:
        own, other = sums[ours], elsewhere[theirs]
        if own != other:
            yield (
                item,
                f"คอมพิวเตอร์{purpose}ที่ใช้งานได้ {own:,} เครื่อง แต่ M-OBEC มี {other:,} เครื่อง (รหัส {item})",
                {"own": own, "m_obec": other},
            )


def _pupils_to_a_teacher(sums, context):
    pupils, teachers = context.linked.get("DMC", {}).get("pupils", 0), sums["teachers"]
    if not pupils or not sums["people"]:
        return
    if not teachers:
        yield "", f"มีนักเรียน {pupils:,} คน แต่ไม่มีครู", {"pupils": pupils, "teachers": 0}
        return
    most, fewest = context.limits["most_pupils"], context.limits["fewest_pupils"]
    if not fewest * teachers <= pupils <= most * teachers:
        side = f"เกิน {most:,}" if pupils > most * teachers else f"ต่ำกว่า {fewest:,}"
        yield (
            "",
            f"นักเรียน {pupils:,} คน ครู {teachers:,} คน เป็น {pupils / teachers:.1f} ต่อ 1 ({side})",
            {"pupils": pupils, "teachers": teachers},
        )


def _pupils_in_no_grade(sums, context):
    counters = context.linked.get("DMC", {})
    pupils, shown = counters.get("pupils", 0), sum(counters.get(name, 0) for name in BY_GRADE)
    if pupils != shown:
        yield (
            "",
            f"ตารางนักเรียนตามชั้นและเพศรวม {shown:,} คน แต่ DMC มีนักเรียน {pupils:,} คน",
            {"shown": shown, "pupils": pupils},
        )


def _without_profile(sums, context):
    if sums["staff"] and not sums["technology"]:
        yield "", "ยังไม่ได้บันทึกข้อมูลเทคโนโลยีโรงเรียน", {"technology": 0}


def _two_in_a_position(sums, context):
    for number, holders in sorted(sums.holders.items()):
        if holders > 1:
            yield number, f"เลขที่ตำแหน่ง {number} มีผู้ครอง {holders:,} คน", {"holders": holders}


# ---- the rows ----

_row = partial(Check, subsystem=SUBSYSTEM)


def _sum_row(purpose, english):
    fields = tuple(f"pc_{purpose}_{name}" for name in ("ok", "broken", "obec", "own"))
    return _row("EM-01", purpose, ERROR, "record", f"ยอดคอมพิวเตอร์เพื่อ{PURPOSES[purpose][0]}ไม่ตรงกัน",
                f"Computers for {english} do not add up", "แก้ให้ใช้งานได้รวมกับใช้งานไม่ได้เท่ากับจำนวนทั้งหมด",
                partial(_sums_of_computers, purpose), fields, document="technology")  # fmt: skip


CHECKS = (
    *(_sum_row(purpose, english) for purpose, (_, english) in PURPOSES.items()),
    _row("EM-02", "", ERROR, "record", "ปฏิบัติราชการสองโรงเรียน", "In service at two schools",
         "หากมาช่วยราชการ ให้แก้สถานะเป็น “ช่วยราชการ” หากย้ายแล้ว ให้โรงเรียนเดิมแก้เป็น “ไม่ได้ปฏิบัติราชการ”",
         _serves_elsewhere, ("work_status", "person_id"), document="staff"),
    _row("EM-03", "", WARNING, "school", "ไม่มีผู้อำนวยการ", "No director",
         "เพิ่มผู้อำนวยการ หรือเลือก “รักษาการในตำแหน่งผู้อำนวยการโรงเรียน” ให้ผู้รักษาการ หากยังว่างให้เขียนเหตุผล",
         _without_director, document="staff"),
    _row("EM-04", "", WARNING, "school", "คอมพิวเตอร์ไม่ตรงกับ M-OBEC", "Computers against M-OBEC",
         "ตรวจนับเครื่องที่ใช้งานได้แล้วแก้ให้ตรงกันทั้งสองระบบ หรือเขียนเหตุผล", _other_computers, document="technology",
         at=lambda item: ({}, next((ours for code, _, ours, _ in COMPUTERS if code == item), ""))),
    _row("EM-05", "", WARNING, "school", "สัดส่วนนักเรียนต่อครูผิดปกติ", "Pupils to a teacher",
         "ตรวจว่าบันทึกครูครบและเลือกตำแหน่งถูกต้อง หากถูกต้องแล้วให้เขียนเหตุผล", _pupils_to_a_teacher, document="staff"),
    _row("EM-06", "", WARNING, "school", "นักเรียนในตารางไม่ตรงกับ DMC", "Pupils shown against DMC",
         "กรอกชั้นและเพศของนักเรียนใน DMC ให้ครบ หรือเขียนเหตุผล", _pupils_in_no_grade, document="technology"),
    _row("EM-07", "", ERROR, "school", "ไม่มีข้อมูลเทคโนโลยี", "No technology profile",
         "เปิดเมนูเทคโนโลยีโรงเรียน กรอกข้อมูลแล้วบันทึก", _without_profile, document="technology"),
    _row("EM-08", "", WARNING, "school", "เลขที่ตำแหน่งซ้ำ", "Position number held twice",
         "ตรวจเลขที่ตำแหน่งกับคำสั่งแต่งตั้ง หากถูกต้องแล้วให้เขียนเหตุผล", _two_in_a_position, document="staff"),
)  # fmt: skip
TITLES = {"EM-01": "ยอดคอมพิวเตอร์ไม่ตรงกัน"}
