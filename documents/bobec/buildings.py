"""Buildings (อาคารและสิ่งก่อสร้าง, B-OBEC): one record a building a round, of a school or of the area office.

Fields and labels: domain.md 3.4. The building is followed over the years by its `lineage`; its condition is asked anew
each year. Rules over several fields stand in `building_rules.py`, checks in `building_checks.py`.
"""

from documents.bobec import building_rules as rules
from documents.records.codelists import code_list
from documents.records.fields import choice, count, derived, measure, picture, text
from documents.records.record import Figures, Record

STRUCTURE, ROOMS, FUNDS, STATE, PHOTOS = (
    "สิ่งก่อสร้าง",
    "ห้องและที่นั่ง",
    "การก่อสร้างและงบประมาณ",
    "สภาพและการใช้งาน",
    "ภาพถ่าย",
)


class Building(Record):
    """One building of one school, or of the area office, in one round."""

    building_type = choice(
        "ประเภทสิ่งก่อสร้าง", "BTYPE", en="Type of structure", need="R", group=STRUCTURE,
        synonyms=("ประเภท", "รายการสิ่งก่อสร้าง"),
    )  # fmt: skip
    seq_no = count(
        "ลำดับที่", en="Number within its type", need="R", min_value=1, max_value=999, group=STRUCTURE,
        synonyms=("ลำดับ",), help="นับ 1, 2, 3 … แยกแต่ละประเภท เช่น อาคารเรียน ลำดับที่ 4",
    )  # fmt: skip
    name = text(
        "ชื่ออาคาร",
        en="Name of the building",
        max_length=120,
        group=STRUCTURE,
        help="ถ้ามี เช่น อาคาร 1 หรือชื่อผู้บริจาค",
    )
    design = choice(
        "แบบสิ่งก่อสร้าง", "DESIGN", parent="building_type", en="Design", need="R", group=STRUCTURE, synonyms=("แบบ", "แบบอาคาร"),
    )  # fmt: skip
    design_text = text(
        "ชื่อแบบ (สร้างเอง)", en="Design's own name", need="C", max_length=120, group=STRUCTURE,
        help="พิมพ์เมื่อเลือก “อื่น(สร้างเอง)”",
    )  # fmt: skip

    rooms_design = count(
        "จำนวนห้องตามแบบ", en="Rooms by design", unit="ห้อง", need="C", max_value=200, group=ROOMS,
        synonyms=("จำนวนห้องตามแปลน",), help="ต้องกรอกสำหรับอาคารเรียน",
    )  # fmt: skip
    rooms_actual = count(
        "จำนวนห้องจริง", en="Rooms in fact", unit="ห้อง", need="C", max_value=200, group=ROOMS, help="ห้องเรียนที่ใช้สอนจริง ไม่รวมห้องพิเศษ",
    )  # fmt: skip
    rooms_special = count("จำนวนห้องพิเศษ", en="Special rooms", unit="ห้อง", max_value=200, group=ROOMS)
    ext_classrooms = count(
        "ต่อเติมเป็นห้องเรียน", en="Classrooms added", unit="ห้อง", max_value=100, group=ROOMS, help="เช่น ต่อเติมชั้นล่าง",
    )  # fmt: skip
    ext_special = count("ต่อเติมเป็นห้องพิเศษ", en="Special rooms added", unit="ห้อง", max_value=100, group=ROOMS)
    classrooms = derived("ห้องเรียนที่ใช้ได้", rules.classrooms, en="Classrooms in use", unit="ห้อง", group=ROOMS)
    seats = count(
        "จำนวนที่นั่ง (ส้วม)", en="Toilet seats", unit="ที่", need="C", max_value=200, group=ROOMS, synonyms=("จำนวนที่นั่ง",),
        help="ต้องกรอกสำหรับส้วม",
    )  # fmt: skip

    built_year = count(
        "ก่อสร้างเมื่อปี พ.ศ.", en="Year built (B.E.)", need="R", min_value=rules.FIRST_YEAR, max_value=rules.LAST_YEAR,
        group=FUNDS, plain=True, synonyms=("ปีที่สร้าง", "ปี พ.ศ. ที่สร้าง", "สร้าง", "พ.ศ. ที่ก่อสร้าง"),
    )  # fmt: skip
    age = derived("อายุการใช้งาน (ปี)", rules.age, en="Years of use", unit="ปี", group=FUNDS)
    budget_baht = measure(
        "งบประมาณ (บาท)", en="Budget", unit="บาท", decimals=2, max_value=9_999_999_999, group=FUNDS, synonyms=("งบประมาณ",),
    )  # fmt: skip
    budget_source = choice("แหล่งที่มาของงบประมาณ", "BUDGET_SOURCE", en="Source of funds", group=FUNDS)

    condition = choice(
        "สภาพการใช้งาน", "CONDITION", en="Condition", need="R", group=STATE, synonyms=("สภาพ", "สภาพปัจจุบัน"),
        help="สภาพปีนี้ ประเมินใหม่ทุกปี",
    )  # fmt: skip
    use_status = choice("สถานะการใช้งาน", "USE_STATUS", en="Use", need="R", group=STATE, synonyms=("สถานะ",))
    repair_note = text(
        "การซ่อมแซมในปีนี้", en="Repaired this year", max_length=400, group=STATE, synonyms=("บันทึกการซ่อมแซม",),
        help="บอกเมื่อสภาพดีขึ้นกว่าปีก่อน เช่น เปลี่ยนหลังคาและทาสีใหม่ทั้งหลัง",
    )  # fmt: skip
    photo_front = picture("ภาพด้านหน้า", en="Front", need="O", group=PHOTOS, help="ควรมีทุกอาคาร เห็นทั้งหลัง")
    photo_back = picture("ภาพด้านหลัง", en="Back", group=PHOTOS)
    photo_left = picture("ภาพด้านซ้าย", en="Left side", group=PHOTOS)
    photo_right = picture("ภาพด้านขวา", en="Right side", group=PHOTOS)
    called = derived("สิ่งก่อสร้าง", rules.called, kind="text", en="Structure", group=STRUCTURE)

    slug = "buildings"
    label = "สิ่งก่อสร้าง (B-OBEC)"
    label_en = "Buildings"
    subsystem = "B-OBEC"
    public = True
    units = ("school", "office")
    sheet_title = "แบบข้อมูลสิ่งก่อสร้าง"
    search_hint = "ค้นหาชื่ออาคาร ประเภท หรือแบบ"
    key = ("building_type", "seq_no")
    not_carried = ("condition", "repair_note")
    carried_by = ("use_status",)
    grid = (
        "school_code", "called", "photo_front", "condition", "use_status", "design", "name", "built_year", "age", "rooms_actual",
        "ext_classrooms", "seats", "budget_baht",
    )  # fmt: skip
    quick = ("building_type", "condition")
    cells = ("name", "rooms_actual", "ext_classrooms", "seats", "built_year", "condition", "use_status")
    filters = (
        "building_type", "design", "condition", "use_status", "built_year", "rooms_actual", "seats", "budget_baht",
        "budget_source", "repair_note", "photo_front",
    )  # fmt: skip
    search = ("name", "design_text", "building_type", "design")
    order = ("building_type", "seq_no")
    groups = (STRUCTURE, ROOMS, FUNDS, STATE, PHOTOS)

    meta = {"collection": "buildings"}

    @classmethod
    def check(cls, values):
        """Yield (field, sentence) where a building's values contradict each other."""
        return rules.broken(values)

    @classmethod
    def carried(cls, values, from_round, to_round):
        """Whatever stands goes on; its condition is asked anew."""
        return values if rules.stands(values) else None

    @classmethod
    def required_by_condition(cls, values):
        """What kind and state of the building ask for."""
        return rules.required_by_condition(values)

    @classmethod
    def missing_query(cls):
        """MongoDB filters for the buildings that lack something on a condition."""
        return rules.lacking_by_condition()

    @classmethod
    def asked_less(cls):
        """Of a building that was taken down only what names it."""
        return {"use_status": rules.DEMOLISHED}, OF_THE_GONE

    tallied = ("building_type", "condition", "use_status", "rooms_actual", "ext_classrooms", "seats")

    @classmethod
    def tally(cls, values):
        """One record; of a building that stands its type, its condition, both together, its classrooms and seats.

        `standing`, `t01` (of a type), `good`, `fair`, `poor`, `t01_good`; `classrooms` of blocks in use; `seats`.
        """
        counters = {"buildings": 1}
        kind, condition = values.get("building_type"), values.get("condition")
        if rules.stands(values):
            counters["standing"] = 1
            kinds = [f"t{kind}"] if kind in code_list("BTYPE").codes else []
            conditions = [condition] if condition in code_list("CONDITION").codes else []
            both = [f"{one}_{other}" for one in kinds for other in conditions]
            counters |= dict.fromkeys((*kinds, *conditions, *both), 1)
            if rooms := rules.classrooms(values):
                counters["classrooms"] = rooms
            if values.get("seats") and rules.is_used(values):
                counters["seats"] = values["seats"]
        return counters

    @classmethod
    def figures(cls, counts):
        """The buildings that stand, of each type, by condition."""
        conditions, kinds = code_list("CONDITION"), code_list("BTYPE")
        rows = [
            (
                kinds.short(kind),
                (*(counts.get(f"t{kind}_{one}", 0) for one in conditions.codes), counts.get(f"t{kind}", 0)),
            )
            for kind in kinds.codes
            if counts.get(f"t{kind}")
        ]
        heads = ("ประเภท", *(conditions.short(one) for one in conditions.codes), "รวม")
        totals = (*(counts.get(one, 0) for one in conditions.codes), counts.get("standing", 0))
        return Figures(heads, rows, totals) if counts.get("standing") else None

    @classmethod
    def headline(cls, values):
        """'อาคารเรียน ลำดับที่ 4 (อาคารเฉลิมพระเกียรติ)'."""
        name = values.get("name")
        words = rules.called(values) or name or "ไม่มีชื่อ"
        return f"{words} ({name})" if name and name != words else words


OF_THE_GONE = ("building_type", "seq_no", "use_status")
