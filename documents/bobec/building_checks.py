"""Checks of B-OBEC (กฎตรวจสอบข้อมูลสิ่งก่อสร้าง): the rows of domain.md 3.4.

Two buildings of one school with the same type and number are refused at the door; the row of BO-01 stands for it in
the lists of rules, and finds what came in by another way. Site plan and tenure of the land are required once a school
and stand in its profile; BO-09 keeps its buildings from being confirmed without them.
"""

from functools import partial

from documents.bobec import building_rules as rules
from documents.checking.checks import ERROR, WARNING, Check, Limit
from documents.checking.checks import Sums as Tallies
from documents.district.school_gaps import lacks_tenure
from documents.district.schools import School
from documents.records.codelists import code_list

SUBSYSTEM = "B-OBEC"
LINKED = {"DMC": ("classrooms", "pupils")}
LIMITS = {
    "good_until": Limit("สภาพดีได้จนอายุ", "Good until the age of", "ปี", 50, 10, 150),
}  # fmt: skip
NEEDED = {"01": "อาคารเรียน", "05": "ส้วม"}  # what every school has, BO-07


class Sums(Tallies):
    """The tallies of a school's buildings, and how often each type and number is taken."""

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.numbers = {}

    def take(self, document, values):
        """Count one building."""
        super().take(document, values)
        if document.slug == "buildings" and values.get("building_type") and values.get("seq_no"):
            key = values["building_type"], values["seq_no"]
            self.numbers[key] = self.numbers.get(key, 0) + 1


# ---- what is looked at beside ----


def questions(round_, codes, rows=None):
    """What the engine asks of the database for `beside`: the schools' site plans, and whose their land is."""
    if rows is not None:
        return {}  # of a page of records
    stages = [
        {"$match": {"area_code": round_.area_code, "code": {"$in": codes}, "kind": {"$ne": "office"}}},
        {"$project": {"_id": 0, "code": 1, "site_plan": 1, "land.tenure": 1}},
    ]
    return {"grounds": (School, stages)}


def beside(found, rows=None):
    """{school code: {"plan", "tenure"}}: whether what is asked once of a school is there; the office is asked neither."""
    return {
        row["code"]: {"plan": bool(row.get("site_plan")), "tenure": not lacks_tenure(row.get("land"))}
        for row in found.get("grounds", ())
    }


# ---- the rules of one building ----


def _yet_to_come(values, context):
    built, year = values.get("built_year"), rules.year_of(context)
    return f"ก่อสร้างเมื่อปี พ.ศ. {built} ซึ่งยังมาไม่ถึง (ข้อมูลรอบนี้เป็นของปี {year})" if built and built > year else None


def _more_rooms_than_built(values, context):
    actual, design = values.get("rooms_actual"), values.get("rooms_design")
    added = (values.get("ext_classrooms") or 0) + (values.get("ext_special") or 0)
    if actual is None or design is None or actual <= design + added:
        return None
    more = f" และต่อเติม {added} ห้อง" if added else ""
    return f"ห้องจริง {actual} ห้อง มากกว่าตามแบบ {design} ห้อง{more}"


def _good_at_an_age(values, context):
    years, bound = rules.age(values, context), context.limits["good_until"]
    if values.get("condition") != "good" or years is None or years <= bound:
        return None
    return f"อายุการใช้งาน {years} ปี เกิน {bound} ปี แต่บันทึกสภาพว่า “ดี”"


def _without_front(values, context):
    return None if values.get("photo_front") else "ยังไม่มีภาพถ่ายด้านหน้า"


def _better_unrepaired(values, context):
    before = next((row["condition"] for row in context.was(values) if row.get("condition")), None)
    conditions, now = code_list("CONDITION"), values.get("condition")
    better = conditions.fact(now, "rank", 0) > conditions.fact(before, "rank", 0)
    if not before or not better or values.get("repair_note"):
        return None
    return f"ปีก่อนสภาพ “{conditions.label(before)}” ปีนี้ “{conditions.label(now)}” แต่ไม่ได้บันทึกการซ่อมแซม"


# ---- the rules of one school ----


def _twice(sums, context):
    for (kind, number), times in sorted(sums.numbers.items()):
        if times > 1:
            words = rules.called({"building_type": kind, "seq_no": number})
            yield f"{kind}-{number}", f"{words} บันทึกไว้ {times} รายการ", {"times": times}


def _too_few_classrooms(sums, context):
    need, have = context.linked.get("DMC", {}).get("classrooms", 0), sums["classrooms"]
    if sums["buildings"] and have < need:
        yield (
            "",
            f"มีห้องเรียนที่ใช้ได้ {have:,} ห้อง แต่ใช้ {need:,} ห้องตามข้อมูล DMC ขาด {need - have:,} ห้อง",
            {"have": have, "need": need},
        )


def _without_the_needed(sums, context):
    if not sums["buildings"] or not context.linked.get("DMC", {}).get("pupils"):
        return  # one that has entered nothing yet is told so by its state; the area office teaches nobody
    for kind, words in NEEDED.items():
        if not sums[f"t{kind}"]:
            yield kind, f"ไม่มี{words}ในรายการสิ่งก่อสร้าง", {}


def _without_plan_or_tenure(sums, context):
    said = {"plan": "ยังไม่แนบแผนผังโรงเรียน", "tenure": "ยังไม่เลือกประเภทกรรมสิทธิ์ที่ดิน"}
    for name, there in context.beside.items():
        if not there:
            yield name, said[name], {}


def _of_the_type(about):
    """Where buildings of one type, and number, are mended."""
    return {"building_type": about.partition("-")[0]}, "seq_no"


building = partial(Check, subsystem=SUBSYSTEM, document="buildings")
CHECKS = (
    building("BO-01", "", ERROR, "school", "สิ่งก่อสร้างซ้ำ", "Building twice", "ลบรายการที่ซ้ำ หรือแก้ลำดับที่ให้ไม่ซ้ำกัน", _twice,
             at=_of_the_type),
    building("BO-02", "", ERROR, "record", "ปีที่ก่อสร้างยังมาไม่ถึง", "Year built in the future", "แก้ปีที่ก่อสร้างเป็นปี พ.ศ. ที่ถูกต้อง",
             _yet_to_come, ("built_year",)),
    building("BO-03", "", WARNING, "record", "ห้องจริงมากกว่าตามแบบ", "More rooms than designed",
             "ตรวจจำนวนห้อง หรือกรอกจำนวนห้องที่ต่อเติม หากกั้นห้องเพิ่มให้เขียนเหตุผล", _more_rooms_than_built,
             ("rooms_actual", "rooms_design", "ext_classrooms", "ext_special")),
    building("BO-04", "", WARNING, "record", "อาคารเก่าแต่บันทึกสภาพว่าดี", "Good at a high age",
             "ตรวจสภาพและปีที่ก่อสร้าง หากถูกต้องแล้วให้เขียนเหตุผล", _good_at_an_age, ("condition", "built_year")),
    building("BO-05", "", WARNING, "record", "ไม่มีภาพถ่ายด้านหน้า", "No front photograph",
             "ถ่ายภาพด้านหน้าของอาคารแล้วแนบในแบบฟอร์ม หากถ่ายไม่ได้ให้เขียนเหตุผล", _without_front, ("photo_front",)),
    building("BO-06", "", WARNING, "school", "ห้องเรียนไม่พอใช้", "Fewer classrooms than used",
             "ตรวจจำนวนห้องจริงของอาคารเรียน หากขาดจริงให้เขียนเหตุผล เขตจะเห็นในบัญชีโรงเรียนที่ขาดห้องเรียน", _too_few_classrooms),
    building("BO-07", "", WARNING, "school", "ไม่มีอาคารเรียนหรือส้วม", "No classroom block or no toilet",
             "เพิ่มอาคารเรียนหรือส้วมที่ยังไม่ได้บันทึก หากไม่มีจริงให้เขียนเหตุผล", _without_the_needed),
    building("BO-08", "", WARNING, "record", "สภาพดีขึ้นโดยไม่มีการซ่อมแซม", "Better than last year, not repaired",
             "บันทึกการซ่อมแซมในปีนี้ หรือแก้สภาพให้ตรงกับความจริง", _better_unrepaired, ("condition", "repair_note"),
             before=("condition",)),
    building("BO-09", "", ERROR, "school", "แผนผังหรือกรรมสิทธิ์ที่ดินยังไม่ครบ", "Site plan or tenure of the land missing",
             "เปิดหน้าข้อมูลพื้นฐานโรงเรียน แนบแผนผัง และเลือกประเภทกรรมสิทธิ์ของที่ดิน ถามเพียงครั้งเดียว ไม่ถามซ้ำทุกปี",
             _without_plan_or_tenure),
)  # fmt: skip
