"""Rates (อัตราเงินอุดหนุน): what a pupil brings, by fiscal year, term, item, level and size of school.

A `RateTable` is the rates of one fiscal year in an area: the one without a name is what estimates go by, named ones are
trials (ตารางทดลอง). Two rows that would both pay for the same pupil are refused. The
table is one document with a revision, so that of two people at once the second sees that the first was there.
Sources of the rates themselves stand in every row (documents/subsidies/rate_seeds.py for those the product begins with).
"""

from decimal import ROUND_HALF_UP, Decimal

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ListField, StringField
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.database import collection
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.formats.buddhist import fiscal_year as fiscal_year_of
from documents.subsidies.rate_rows import ITEMS, LEVELS, LONGEST_NOTE, TERMS, UNITS, Rate, baht, plain, read
from documents.trail.history import naive_now, note_event

LONGEST_NAME = 60


class RateTable(Document):
    """The rates of one fiscal year in an area; one with a name is a trial."""

    area_code = StringField(required=True, max_length=8)
    fiscal_year = IntField(required=True)
    name = StringField(max_length=LONGEST_NAME, default="")
    rows = ListField(DictField())
    revision = IntField(required=True, default=1)
    made_from = StringField(max_length=200)
    updated_at = DateTimeField()
    updated_by_name = StringField(max_length=200)

    slug = "rates"
    meta = {
        "collection": "rate_tables",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "-fiscal_year", "name"], "unique": True, "name": "year"}],
    }

    @property
    def is_trial(self):
        """Whether no estimate goes by it unless asked to."""
        return bool(self.name)

    @property
    def title(self):
        """What it is called: 'ปีงบประมาณ 2567', 'ปีงบประมาณ 2567 (ทดลอง เพิ่ม 5%)'."""
        return f"ปีงบประมาณ {self.fiscal_year}" + (f" (ทดลอง {self.name})" if self.name else "")

    @property
    def rates(self):
        """The Rates, in the order of items, levels, terms and sizes."""
        order = (list(ITEMS), ["", *LEVELS], list(TERMS))
        found = (Rate.of(row) for row in self.rows)
        return sorted(
            found,
            key=lambda r: (order[0].index(r.item), order[1].index(r.level), order[2].index(r.term), r.size_from or 0),
        )  # fmt: skip

    def rate(self, id_):
        """The Rate of an id. Raises OutOfScope where the table has none."""
        found = next((rate for rate in self.rates if str(rate.id) == str(id_)), None)
        if found is None:
            raise OutOfScope("ไม่มีอัตรานี้แล้ว กรุณาเปิดตารางอัตราใหม่")
        return found


# ---- which there are ----


def tables_of(area_code):
    """[RateTable] of an area, the newest year first, trials after their year's own."""
    return list(RateTable.objects(area_code=area_code).order_by("-fiscal_year", "name"))


def get_table(area_code, id_):
    """The RateTable of an id in an area. Raises OutOfScope."""
    found = RateTable.objects(area_code=area_code, id=id_).first() if ObjectId.is_valid(str(id_)) else None
    if found is None:
        raise OutOfScope("ไม่มีตารางอัตรานี้ในเขตของท่าน กรุณาเลือกจากหน้าอัตราเงินอุดหนุน")
    return found


def table_for(area_code, fiscal_year):
    """The RateTable by which a fiscal year is estimated: its own, else the newest before it, else the first after; or None."""
    own = [table for table in tables_of(area_code) if not table.is_trial]
    before = [table for table in own if table.fiscal_year <= fiscal_year]
    return before[0] if before else own[-1] if own else None


def may_edit(actor, area_code):
    """Whether this person sets the rates of an area."""
    return actor.is_system or actor.holds("admin", area_code)


# ---- what may be done ----


def make_table(area_code, fiscal_year, actor, name="", copied=None, percent=0, reason=None):
    """A new RateTable: empty, or the rows of `copied` (a RateTable) raised by so many percent; gives it back.

    Copied rates are not verified for the new year. Raises NotAllowed; Invalid for a year, name or percentage that
    cannot be, and for one that there is already.
    """
    refuse(actor, area_code)
    name, errors = thai.clean(name or "")[:LONGEST_NAME], {}
    if not 2500 <= fiscal_year <= 2700:
        errors["fiscal_year"] = "กรุณากรอกปีงบประมาณเป็น พ.ศ. สี่หลัก เช่น 2568"
    if not -90 <= percent <= 900:
        errors["percent"] = "กรุณากรอกร้อยละระหว่าง -90 ถึง 900"
    if errors:
        raise Invalid({0: errors})
    rows = [_raised(row, percent, copied) for row in (copied.rows if copied else ())]
    table = RateTable(
        area_code=area_code, fiscal_year=fiscal_year, name=name, rows=rows, made_from=copied and copied.title,
        updated_at=naive_now(), updated_by_name=actor.name,
    )  # fmt: skip
    table.id = ObjectId()
    try:
        collection(RateTable).insert_one(table.to_mongo().to_dict())
    except DuplicateKeyError:
        raise Invalid(
            {0: {"name": f"มีตาราง{table.title}แล้ว กรุณาเปิดตารางเดิม หรือตั้งชื่อตารางทดลองเป็นชื่ออื่น"}}
        ) from None
    told = {"table": [None, table.title], "rows": [None, len(rows)]}
    note_event(area_code, actor, "create", RateTable.slug, table.id, told, reason)
    return table


def _raised(row, percent, copied):
    amount = Decimal(row["amount"]) * (100 + Decimal(percent)) / 100
    note = f"คัดลอกจาก{copied.title}" + (f" ปรับ {percent:+g}%" if percent else "")
    return row | {
        "id": ObjectId(),
        "amount": int(amount.quantize(Decimal(1), ROUND_HALF_UP)),
        "verified": False,
        "source_note": f"{note} · {row.get('source_note', '')}".strip(" ·")[:LONGEST_NOTE],
    }


def save_rate(table, id_, typed, actor, reason=None):
    """Add a row (without an id) or change one; `typed` are texts by name of field. Gives back the RateTable as stored.

    Raises NotAllowed, Invalid by field, and WrongState where somebody saved the table first. A row that overlaps
    others is refused by a sentence that names them.
    """
    refuse(actor, table.area_code)
    before = table.rate(id_) if id_ else None
    rate = read(typed, before.id if before else ObjectId())
    others = [other for other in table.rates if other.id != rate.id]
    if met := [other for other in others if rate.overlaps(other)]:
        names = "; ".join(f"“{other.words}” {baht(other.amount)} {UNITS[other.per]}" for other in met[:3])
        more = f" และอีก {len(met) - 3} แถว" if len(met) > 3 else ""
        said = f"แถวนี้ทับซ้อนกับ {names}{more} กรุณาแก้ระดับ ภาคเรียน หรือช่วงขนาดโรงเรียนไม่ให้ทับกัน"
        raise Invalid({0: {"item": said}})
    rows = [plain(each) for each in others] + [plain(rate)]
    changes = {
        name: [plain(before).get(name) if before else None, value]
        for name, value in plain(rate).items()
        if name != "id" and (before is None or plain(before).get(name) != value)
    }
    if not changes:
        raise Invalid({0: {"form": "ยังไม่ได้แก้ค่าใด จึงไม่มีอะไรต้องบันทึก"}})
    return _store(table, rows, actor, changes | {"rate": [None, rate.words]}, reason)


def remove_rate(table, id_, actor, reason=None):
    """Take a row out; gives back the RateTable. Raises NotAllowed, OutOfScope, WrongState."""
    refuse(actor, table.area_code)
    rate = table.rate(id_)
    rows = [plain(each) for each in table.rates if each.id != rate.id]
    return _store(table, rows, actor, {"rate": [rate.words, None], "amount": [rate.amount, None]}, reason)


def remove_table(table, actor, reason=None):
    """Remove a trial, or a year's table of which nothing is left. Raises NotAllowed, WrongState."""
    refuse(actor, table.area_code)
    if not table.is_trial and table.rows:
        raise WrongState(f"{table.title}เป็นอัตราที่ใช้ประมาณการ ลบทั้งตารางไม่ได้ ให้ลบทีละแถว หรือแก้อัตราให้ถูกต้อง")
    gone = collection(RateTable).delete_one(_seen(table))
    if not gone.deleted_count:
        raise WrongState(CHANGED)
    note_event(
        table.area_code, actor, "remove", RateTable.slug, table.id, {"table": [table.title, None]}, reason
    )


CHANGED = "มีผู้อื่นแก้ตารางอัตรานี้ก่อนหน้าท่าน กรุณาเปิดหน้าใหม่ ตรวจดู แล้วบันทึกอีกครั้ง"


def _seen(table):
    return {"area_code": table.area_code, "_id": table.id, "revision": table.revision}


def _store(table, rows, actor, changes, reason):
    put = {
        "rows": rows,
        "revision": table.revision + 1,
        "updated_at": naive_now(),
        "updated_by_name": actor.name,
    }
    if not collection(RateTable).update_one(_seen(table), {"$set": put}).modified_count:
        raise WrongState(CHANGED)
    told = {"table": [None, table.title]} | changes
    note_event(table.area_code, actor, "update", RateTable.slug, table.id, told, reason)
    return get_table(table.area_code, table.id)


def refuse(actor, area_code):
    """Raise NotAllowed for who may not set the rates of an area."""
    if not may_edit(actor, area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบของเขตเท่านั้นที่แก้อัตราเงินอุดหนุนได้")


def seed(area_code, actor):
    """Give an area without any rates those the product knows; gives back how many tables were made."""
    from documents.subsidies.rate_seeds import TABLES

    if RateTable.objects(area_code=area_code).first():
        return 0
    for fiscal_year, rows in TABLES.items():
        table = RateTable(area_code=area_code, fiscal_year=fiscal_year, made_from="อัตราตั้งต้นของระบบ")
        table.id, table.updated_at, table.updated_by_name = ObjectId(), naive_now(), actor.name
        table.rows = [plain(Rate(id=ObjectId(), **row)) for row in rows]
        key = {"area_code": area_code, "fiscal_year": fiscal_year, "name": ""}
        collection(RateTable).update_one(key, {"$setOnInsert": table.to_mongo().to_dict()}, upsert=True)
    return len(TABLES)


def fiscal_place(academic_year, round_code):
    """(fiscal year, term) that a round's pupils bring money in: 10 June stands for term 1, 10 November for term 2.

    The year's end brings none of its own: it stands for term 2. Source: domain.md 5 (inferred there).
    """
    return (academic_year, "1") if round_code == "1" else (academic_year + 1, "2")


def today():
    """The fiscal year of today."""
    return fiscal_year_of(clock.now())
