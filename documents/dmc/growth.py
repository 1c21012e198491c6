"""Growth tables (เกณฑ์การเจริญเติบโต): the bounds by which pupils' weight and height are sorted, brought by the district.

The product ships none (domain.md 3.1.2): the reports of nutrition appear once the area has imported its own. A row is a
sex, a height in centimetres (for weight) or an age in months (for height), and the bounds between the categories in
ascending order: below the first is the lowest category, above the last the highest.
"""

from mongoengine import Document
from mongoengine.fields import DateTimeField, IntField, ListField, StringField

from documents.database import collection, in_transaction
from documents.district.levels import SEXES
from documents.dmc.reporting import OUTSIDE, Line
from documents.errors import Invalid, NotAllowed
from documents.trail.history import naive_now, note_event

WEIGHTS = (
    Line("w0", "ผอม"), Line("w1", "ค่อนข้างผอม"), Line("w2", "สมส่วน"), Line("w3", "ท้วม"), Line("w4", "เริ่มอ้วน"),
    Line("w5", "อ้วน"),
)  # fmt: skip
HEIGHTS = (
    Line("h0", "เตี้ย"), Line("h1", "ค่อนข้างเตี้ย"), Line("h2", "สูงตามเกณฑ์"), Line("h3", "ค่อนข้างสูง"),
    Line("h4", "สูง"),
)  # fmt: skip
MOST_ROWS = 1_000
# Kind: its title, its lines (one more than there are bounds), from where to where its rows may reach (cm, months).
KINDS = {
    "weight": ("น้ำหนักตามเกณฑ์ส่วนสูง", WEIGHTS, (30, 250)),
    "height": ("ส่วนสูงตามเกณฑ์อายุ", HEIGHTS, (0, 300)),
}


class GrowthTable(Document):
    """One kind of bounds of an area for one sex: `bounds[i]` are those at `first + i` (cm or months), [] for none."""

    area_code = StringField(required=True, max_length=8)
    kind = StringField(required=True, choices=list(KINDS))
    sex = StringField(required=True, choices=list(SEXES))
    first = IntField(required=True)
    bounds = ListField()
    updated_at = DateTimeField()
    updated_by_name = StringField()

    meta = {
        "collection": "growth_tables",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "kind", "sex"], "unique": True}],
    }


def tables_of(area_code):
    """{(kind, sex): stored dict} of an area."""
    rows = collection(GrowthTable).find({"area_code": area_code})
    return {(row["kind"], row["sex"]): row for row in rows}


def kinds_of(area_code):
    """The kinds of which the area has both tables, with when they were stored: part of what a report stands on."""
    found = tables_of(area_code)
    return {
        kind: max(found[kind, sex]["updated_at"] for sex in SEXES)
        for kind in KINDS
        if all((kind, sex) in found for sex in SEXES)
    }


def set_table(area_code, kind, rows, actor):
    """Store an area's table of one kind, both sexes at once; `rows` are (sex, cm or months, [bounds]).

    Raises NotAllowed for anyone but an officer of the area, Invalid where a row is wrong or a sex has none.
    """
    if not actor.holds("district", area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่นำเข้าเกณฑ์การเจริญเติบโตได้")
    _refuse_wrong(kind, rows)

    def work():
        for sex in SEXES:
            at = {where: list(map(float, bounds)) for s, where, bounds in rows if s == sex}
            first, last = min(at), max(at)
            values = {
                "first": first,
                "bounds": [at.get(where, []) for where in range(first, last + 1)],
                "updated_at": naive_now(),
                "updated_by_name": actor.name,
            }
            key = {"area_code": area_code, "kind": kind, "sex": sex}
            collection(GrowthTable).update_one(key, {"$set": values}, upsert=True)
        stored = collection(GrowthTable).find_one({"area_code": area_code, "kind": kind, "sex": SEXES[0]})
        note_event(
            area_code,
            actor,
            "settings",
            "growth",
            stored["_id"],
            {"rows": [None, len(rows)], "kind": [None, kind]},
        )

    in_transaction(work)


def _refuse_wrong(kind, rows):
    _, lines, (least, most) = KINDS[kind]
    bounds, seen = len(lines) - 1, set()
    for number, (sex, where, given) in enumerate(rows, 1):
        says = None
        if sex not in SEXES:
            says = "ไม่รู้จักเพศ ให้ใช้ ชาย หรือ หญิง"
        elif not least <= where <= most:
            says = f"ค่าแรกต้องอยู่ระหว่าง {least:,}–{most:,}"
        elif len(given) != bounds or list(given) != sorted(set(given)) or min(given, default=0) <= 0:
            says = f"ต้องมีเส้นแบ่ง {bounds} ค่า เรียงจากน้อยไปมาก"
        elif (sex, where) in seen:
            says = "ซ้ำกับแถวก่อนหน้า"
        if says:
            raise Invalid({0: {"file": f"แถวข้อมูลที่ {number:,}: {says}"}})
        seen.add((sex, where))
    if {sex for sex, _, _ in rows} != set(SEXES):
        raise Invalid({0: {"file": "ต้องมีทั้งแถวของชายและหญิง"}})


# ---- expressions ----


def line_by(area_code, kind, where, value, off, beyond):
    """[line] of a pupil by his area's table: `off` without a value, `beyond` without `where` or where the table has none."""
    found = tables_of(area_code)
    boys, girls = (found[kind, sex] for sex in SEXES)
    branches = [
        {"case": {"$eq": ["$sex", sex]}, "then": _looked_up(table, where, value, KINDS[kind][1], beyond)}
        for sex, table in zip(SEXES, (boys, girls), strict=True)
    ]
    sorted_ = {"$switch": {"branches": branches, "default": [off]}}
    return {"$cond": [{"$gt": [where, None]}, {"$cond": [{"$gt": [value, None]}, sorted_, [off]]}, [beyond]]}


def _looked_up(table, where, value, lines, beyond):
    place = {"$subtract": [{"$toInt": {"$floor": where}}, table["first"]]}
    inside = {"$and": [{"$gte": [place, 0]}, {"$lt": [place, len(table["bounds"])]}]}
    bounds = {"$arrayElemAt": [{"$literal": table["bounds"]}, {"$max": [place, 0]}]}
    steps = [
        {"case": {"$lt": [value, {"$arrayElemAt": ["$$bounds", number]}]}, "then": [lines[number].key]}
        for number in range(len(lines) - 1)
    ]
    sorted_ = {"$switch": {"branches": steps, "default": [lines[-1].key]}}
    read = {"$let": {"vars": {"bounds": bounds},
                     "in": {"$cond": [{"$gt": [{"$size": "$$bounds"}, 0]}, sorted_, [beyond]]}}}  # fmt: skip
    return {"$cond": [inside, read, [beyond]]}


def weight_line(terms):
    """[line] by weight for height."""
    return line_by(terms.round.area_code, "weight", "$height_cm", "$weight_kg", "off", "off")


def height_line(terms):
    """[line] by height for age in months on the round's day; an age that is not known, or not in the table, is outside.

    As the ministry's file has it: its own ส่วนสูงนอกเกณฑ์ is 0 where อายุนอกเกณฑ์ counts those of 19 years.
    """
    day = terms.round.as_of
    months = {"$dateDiff": {"startDate": "$birth_date", "endDate": day, "unit": "month"}}
    not_yet = {"$cond": [{"$gt": [{"$dayOfMonth": "$birth_date"}, day.day]}, 1, 0]}
    age = {"$cond": [{"$gt": ["$birth_date", None]}, {"$subtract": [months, not_yet]}, None]}
    return line_by(terms.round.area_code, "height", age, "$height_cm", "off", OUTSIDE)
