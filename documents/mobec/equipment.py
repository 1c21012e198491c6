"""Equipment (ครุภัณฑ์, M-OBEC): one record a school and item code a round, three counts each.

Not a register of things: the ministry's system keeps a count line for each of 76 standard codes (domain.md 3.5). A line
that is not there was not entered yet; a line of zeros says that the school has none.
"""

from documents.records.codelists import code_list
from documents.records.fields import choice, count, derived, text
from documents.records.record import Figures, LineSheet, Record

NUMBERS = ("qty_usable", "qty_repair", "qty_dispose")
COUNTERS = dict(zip(NUMBERS, "urd", strict=True))  # how the counters of a count begin: u22001
MOST = 99_999


def counter(number, item):
    """The name of the counter that a submission keeps of one count of one item: u22001 of qty_usable."""
    return COUNTERS[number] + item


def total(values, round_=None):
    """All three counts of a line together; None where nothing was entered."""
    known = [values[name] for name in NUMBERS if values.get(name) is not None]
    return sum(known) if known else None


def group(values, round_=None):
    """The words of the group that the line's item stands in."""
    return code_list("EQUIPMENT_GROUP").label(code_list("EQUIPMENT").parent(values.get("item_code")))


class Equipment(Record):
    """How many of one item a school, or the area office, has in a round. Source: domain.md 3.5."""

    item_code = choice(
        "รายการครุภัณฑ์",
        "EQUIPMENT",
        en="Item",
        required=True,
        synonyms=("รหัส", "รหัสครุภัณฑ์", "รายการ(cm.)", "ชื่อครุภัณฑ์"),
    )
    item_group = derived("กลุ่มครุภัณฑ์", group, kind="text", en="Group")
    qty_usable = count(
        "จำนวนที่ใช้ได้", en="Usable", max_value=MOST, required=True, synonyms=("ใช้ได้",), short="ใช้ได้"
    )
    qty_repair = count(
        "จำนวนรอซ่อม", en="Awaiting repair", max_value=MOST, required=True, synonyms=("รอซ่อม",), short="รอซ่อม"
    )
    qty_dispose = count(
        "จำนวนรอจำหน่าย",
        en="Awaiting disposal",
        max_value=MOST,
        required=True,
        synonyms=("รอจำหน่าย",),
        short="รอจำหน่าย",
    )
    qty_total = derived("รวม", total, sums=NUMBERS, en="Total")
    note = text("หมายเหตุ", en="Note", max_length=200)

    slug = "equipment"
    label = "ครุภัณฑ์ (M-OBEC)"
    label_en = "Equipment"
    subsystem = "M-OBEC"
    public = True
    units = ("school", "office")
    key = ("item_code",)
    grid = ("school_code", "item_code", "item_group", *NUMBERS, "qty_total", "note")
    cells = NUMBERS
    filters = ("item_code", *NUMBERS)
    quick = ("item_code",)
    search = ("item_code",)
    search_hint = "ค้นหารหัสหรือชื่อครุภัณฑ์"
    order = ("item_code",)
    sheet = LineSheet(line="item_code", numbers=NUMBERS, note="note")

    meta = {"collection": "equipment"}

    tallied = ("item_code", *NUMBERS)

    @classmethod
    def derive(cls, values):
        """A line on which one count was entered has none of the others, where they were left blank."""
        if total(values) is None:
            return {}
        return {name: 0 for name in NUMBERS if values.get(name) is None}

    @classmethod
    def tally(cls, values):
        """One line, and each of its counts under a counter of its own."""
        item = values.get("item_code")
        counts = {counter(name, item): values[name] for name in NUMBERS if item and values.get(name)}
        return {"equipment": 1} | counts

    @classmethod
    def figures(cls, counts):
        """The counts of each group that has any."""
        groups, items = {}, code_list("EQUIPMENT")
        for item in items.codes:
            numbers = [counts.get(counter(name, item), 0) for name in NUMBERS]
            if any(numbers):
                sums = groups.setdefault(items.parent(item), [0] * len(NUMBERS))
                groups[items.parent(item)] = [one + other for one, other in zip(sums, numbers, strict=True)]
        rows = [
            (code_list("EQUIPMENT_GROUP").label(code), tuple(sums)) for code, sums in sorted(groups.items())
        ]
        totals = tuple(map(sum, zip(*groups.values(), strict=True)))
        return Figures(("กลุ่มครุภัณฑ์", "ใช้ได้", "รอซ่อม", "รอจำหน่าย"), rows, totals) if rows else None

    @classmethod
    def headline(cls, values):
        """The item's code and words."""
        item = values.get("item_code")
        return f"{item} {code_list('EQUIPMENT').label(item)}" if item else "ไม่ระบุรายการ"
