"""Checks of M-OBEC (กฎตรวจสอบครุภัณฑ์): the rows of domain.md 3.5. What a school had before, its computers in EMIS and
its pupils in DMC are read from the counters of those submissions.
"""

from functools import partial

from documents.checking.checks import ERROR, WARNING, Check, Limit
from documents.mobec.equipment import NUMBERS, counter
from documents.records.codelists import code_list

SUBSYSTEM = "M-OBEC"
BACK = 2  # rounds before this one: MO-06 looks at three

LIMITS = {
    "equipment_change": Limit("จำนวนครุภัณฑ์ต่างจากรอบก่อนเกิน", "Change of a count", "%", 50, 1, 1000),
    "equipment_units": Limit("และต่างจากรอบก่อนเกิน", "Change of a count in units", "หน่วย", 10, 1, 10_000),
}

# The desks of each level, and the codes of GRADE whose pupils sit at them.
DESKS = (
    ("11001", "อนุบาล", ("01", "02", "03")),
    ("22001", "ป.1–ป.6", ("04", "05", "06", "07", "08", "09")),
    ("22002", "ม.1–ม.6", ("10", "11", "12", "13", "14", "15")),
)
PUPILS = tuple(f"{sex}{grade}" for _, _, grades in DESKS for grade in grades for sex in "mf")
# Items whose usable count EMIS knows too: the code, its counter there, what it is for.
COMPUTERS = (("22033", "pc_teach_ok", "เพื่อการเรียนการสอน"), ("21007", "pc_admin_ok", "เพื่อการบริหารจัดการ"))
LINKED = {"DMC": PUPILS, "EMIS": ("technology", *(name for _, name, _ in COMPUTERS))}


def pupils_at(grades, counters):
    """How many pupils of these grades a school has, by its counters of DMC."""
    return sum(counters.get(f"{sex}{grade}", 0) for grade in grades for sex in "mf")


def desks_of(own, pupils):
    """[(item code, level, usable desks, pupils)] of a school, by its counters here and in DMC; levels it has pupils of."""
    rows = [
        (item, level, own.get(counter("qty_usable", item), 0), pupils_at(grades, pupils))
        for item, level, grades in DESKS
    ]
    return [row for row in rows if row[3]]


# ---- the rules of one line ----


def _no_count(values, context):
    wrong = [values[name] for name in NUMBERS if values.get(name) is not None and not _is_count(values[name])]
    return f"มีจำนวนที่ไม่ใช่จำนวนเต็มตั้งแต่ 0: {', '.join(map(str, wrong))}" if wrong else None


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _changed_much(values, context):
    before = _before(values, context)
    if not before or before[0] is None:
        return None
    share, units = context.limits["equipment_change"], context.limits["equipment_units"]
    told = []
    for name, word in WORDS.items():
        new, old = values.get(name) or 0, before[0].get(name, 0)
        if abs(new - old) > units and abs(new - old) * 100 > old * share:
            told.append(f"{word}เดิม {old:,} รอบนี้ {new:,}")
    return f"ต่างจากรอบก่อนมาก: {', '.join(told)}" if told else None


WORDS = dict(zip(NUMBERS, ("ใช้ได้", "รอซ่อม", "รอจำหน่าย"), strict=True))


def _never_disposed(values, context):
    many, before = values.get("qty_dispose") or 0, _before(values, context)
    if not many or len(before) < BACK:
        return None
    if any(each is None or each.get("qty_dispose", 0) != many for each in before):
        return None
    return f"รอจำหน่าย {many:,} หน่วยเท่าเดิมติดต่อกัน {BACK + 1} รอบ"


def _before(values, context):
    """The same line's counts in the rounds before, the newest first: {field: number}, None where nothing is known.

    From the school's counters of those rounds; where a page did not ask for them, from the records carried over.
    """
    if context.earlier:
        return [_line_of(counts, values.get("item_code")) for counts in context.earlier]
    return [row or None for row in context.was(values)]


def _line_of(counts, item):
    """A line's counts in a round by the school's counters; None where the school entered nothing."""
    if not counts.get("equipment") or not item:
        return None
    return {name: counts.get(counter(name, item), 0) for name in NUMBERS}


# ---- the rules of one school ----


def _all_zero(sums, context):
    if sums["equipment"] and not any(sums[counter(name, item)] for item in _items() for name in NUMBERS):
        yield "", f"ทั้ง {sums['equipment']:,} รายการเป็น 0", {"lines": sums["equipment"]}


def _not_entered(sums, context):
    wanted = len(code_list("EQUIPMENT").choices_in(context.academic_year))
    lacking = wanted - sums["equipment"]
    if sums["equipment"] and lacking > 0:
        yield "", f"ยังไม่กรอก {lacking:,} จาก {wanted:,} รายการ", {"lines": sums["equipment"]}


def _items():
    return code_list("EQUIPMENT").codes


def _other_computers(sums, context):
    elsewhere = context.linked.get("EMIS", {})
    if not elsewhere.get("technology") or not sums["equipment"]:
        return
    for item, name, purpose in COMPUTERS:
        own, other = sums[counter("qty_usable", item)], elsewhere[name]
        if own != other:
            yield (
                item,
                f"คอมพิวเตอร์{purpose}ที่ใช้ได้ {own:,} เครื่อง (รหัส {item}) แต่ EMIS มี {other:,} เครื่อง",
                {"own": own, "emis": other},
            )


def _too_few_desks(sums, context):
    if not sums["equipment"]:
        return
    for item, level, desks, pupils in desks_of(sums, context.linked.get("DMC", {})):
        if desks < pupils:
            yield (
                item,
                f"โต๊ะเก้าอี้{level}ที่ใช้ได้ {desks:,} ชุด นักเรียน {pupils:,} คน ขาด {pupils - desks:,} ชุด",
                {"desks": desks, "pupils": pupils},
            )


def _usable_of(item):
    """Where what is usable of an item is mended."""
    return {"item_code": item}, "qty_usable"


_row = partial(Check, subsystem=SUBSYSTEM, document="equipment")

CHECKS = (
    _row("MO-01", "", ERROR, "record", "จำนวนไม่ถูกต้อง", "Not a count",
         "แก้เป็นจำนวนเต็มตั้งแต่ 0 ขึ้นไป", _no_count, NUMBERS),
    _row("MO-02", "zero", WARNING, "school", "ทุกรายการเป็นศูนย์", "Every line is zero",
         "ตรวจว่ากรอกจำนวนแล้ว หากไม่มีครุภัณฑ์จริงให้เขียนเหตุผล", _all_zero),
    _row("MO-02", "blank", WARNING, "school", "ยังไม่กรอกครบทุกรายการ", "Lines not entered",
         "กรอกรายการที่ว่าง รายการที่ไม่มีให้กรอก 0 หรือกด “เติม 0 ในช่องที่ว่าง”", _not_entered),
    _row("MO-03", "", WARNING, "school", "คอมพิวเตอร์ไม่ตรงกับ EMIS", "Computers against EMIS",
         "ตรวจนับเครื่องที่ใช้ได้แล้วแก้ให้ตรงกันทั้งสองระบบ หรือเขียนเหตุผล", _other_computers, at=_usable_of),
    _row("MO-04", "", WARNING, "school", "โต๊ะเก้าอี้ไม่พอกับนักเรียน", "Fewer desks than pupils",
         "ตรวจจำนวนโต๊ะเก้าอี้ที่ใช้ได้ หากไม่พอจริงให้เขียนเหตุผล โรงเรียนจะอยู่ในรายชื่อขาดแคลนโต๊ะเก้าอี้", _too_few_desks,
         at=_usable_of),
    _row("MO-05", "", WARNING, "record", "จำนวนต่างจากรอบก่อนมาก", "Count far from the round before",
         "ตรวจนับอีกครั้ง หากถูกต้องแล้วให้เขียนเหตุผลที่จำนวนเปลี่ยน", _changed_much, ("qty_usable", "qty_repair", "qty_dispose"),
         before=NUMBERS),
    _row("MO-06", "", WARNING, "record", "รอจำหน่ายเท่าเดิมหลายรอบ", "Disposal not done",
         "ดำเนินการจำหน่ายตามระเบียบ หรือเขียนเหตุผลที่ยังจำหน่ายไม่ได้", _never_disposed, ("qty_dispose",), before=("qty_dispose",)),
)  # fmt: skip
TITLES = {"MO-02": "บัญชีครุภัณฑ์เป็นศูนย์หรือกรอกไม่ครบ"}
