"""What holds for a building's values together, and what is worked out of them when they are shown."""

from documents import clock
from documents.formats import buddhist
from documents.records.codelists import code_list

FIRST_YEAR = 2400  # the oldest year a building may be of, domain.md 3.4
LAST_YEAR = 2700
DEMOLISHED = "demolished"
OLD, AGING = 50, 25  # the bands of age, in years: 0-25, 26-50, over 50 (domain.md 3.4)
BANDS = (("young", "0–25 ปี"), ("aging", "26–50 ปี"), ("old", "เกิน 50 ปี"))


def broken(values):
    """Yield (field, Thai sentence) for each rule over several values of one building that does not hold."""
    kind, design = values.get("building_type"), values.get("design")
    if kind and design and code_list("DESIGN").parent(design) != kind:
        yield "design", f"แบบนี้ไม่ใช่แบบของ{code_list('BTYPE').short(kind)} กรุณาเลือกแบบใหม่ หรือเลือก “อื่น(สร้างเอง)”"
    if values.get("design_text") and design and not is_typed(design):
        yield "design_text", "พิมพ์ชื่อแบบเองได้เฉพาะเมื่อเลือก “อื่น(สร้างเอง)” กรุณาลบข้อความ หรือเลือกแบบใหม่"


def required_by_condition(values):
    """Names of the fields that a building's other values make required (the need C of the declaration)."""
    kinds, kind = code_list("BTYPE"), values.get("building_type")
    if is_typed(values.get("design")):
        yield "design_text"
    if stands(values) and kinds.fact(kind, "rooms"):
        yield from ("rooms_design", "rooms_actual")
    if stands(values) and kinds.fact(kind, "seats"):
        yield "seats"


def lacking_by_condition():
    """MongoDB filters, one of which matches a building for which `required_by_condition` names an empty field."""
    kinds, designs = code_list("BTYPE"), code_list("DESIGN")
    roomed = [code for code in kinds.codes if kinds.fact(code, "rooms")]
    seated = [code for code in kinds.codes if kinds.fact(code, "seats")]
    typed = [code for code in designs.codes if designs.fact(code, "typed")]
    standing = {"use_status": {"$ne": DEMOLISHED}}
    return [
        {"design": {"$in": typed}, "design_text": {"$in": [None, ""]}},
        {"building_type": {"$in": roomed}, "rooms_design": None} | standing,
        {"building_type": {"$in": roomed}, "rooms_actual": None} | standing,
        {"building_type": {"$in": seated}, "seats": None} | standing,
    ]


def is_typed(design):
    """Whether a design's name is typed beside its code (อื่น(สร้างเอง))."""
    return bool(code_list("DESIGN").fact(design, "typed"))


def stands(values):
    """Whether the building is still there; one whose use nobody said yet is."""
    return values.get("use_status") != DEMOLISHED


def is_used(values):
    """Whether the building is in use, so that its rooms count among those a school has."""
    return values.get("use_status") in (None, "used")


def classrooms(values, round_=None):
    """Rooms that pupils are taught in: those of a classroom block in use and those added to it; None elsewhere."""
    if not code_list("BTYPE").fact(values.get("building_type"), "classrooms"):
        return None
    if not stands(values) or not is_used(values):
        return 0
    return (values.get("rooms_actual") or 0) + (values.get("ext_classrooms") or 0)


def year_of(round_):
    """The year (B.E.) a round's figures are of: its as-of date's, without one this year's."""
    day = round_.as_of if round_ and round_.as_of else clock.today()
    return buddhist.to_buddhist_year(day)


def age(values, round_):
    """Years of use at the round's as-of date; None without a year, or with one that is yet to come."""
    built = values.get("built_year")
    years = year_of(round_) - built if built else None
    return years if years is not None and years >= 0 else None


def band(years):
    """The band of an age: 'young', 'aging' or 'old'; None for none."""
    return None if years is None else "young" if years <= AGING else "aging" if years <= OLD else "old"


def called(values, round_=None):
    """'อาคารเรียน ลำดับที่ 4': what officers call a building; '' without its type."""
    kind, number = values.get("building_type"), values.get("seq_no")
    words = code_list("BTYPE").short(kind) if kind else ""
    return f"{words} ลำดับที่ {number}" if words and number else words
