"""Fields that an admin adds in the browser (ช่องที่เพิ่มเอง): to a subsystem of his area, for given academic years.

A definition becomes a field of the same kind as a declared one (`fields.py`), so that form, grid, filter, file, history
and checks know no difference. Its key and its kind are for good: what was stored under them must stay readable.
"""

from mongoengine import Document
from mongoengine.fields import BooleanField, FloatField, IntField, ObjectIdField, StringField

from documents.records import fields
from documents.records.codes import PLACES

PREFIX = "x_"  # before every stored name, which so is none of a declared field, now or in a later version
KINDS = {
    "text": "ข้อความ",
    "number": "ตัวเลข",
    "date": "วันที่",
    "flag": "ใช่ หรือ ไม่ใช่",
    "choice": "เลือกหนึ่งอย่าง",
    "choices": "เลือกได้หลายอย่าง",
    "file": "ไฟล์แนบ (PDF หรือรูป)",
}
LISTED = ("choice", "choices")
IN_CELLS = ("text", "number", "date", "flag", "choice")  # what an editor within a cell of the grid can hold
CLASSES = (fields.PUBLIC, fields.INTERNAL, fields.PERSONAL, fields.SENSITIVE)
CLASS_WORDS = {
    fields.PUBLIC: "เปิดเผยได้",
    fields.INTERNAL: "ใช้ภายใน",
    fields.PERSONAL: "ส่วนบุคคล",
    fields.SENSITIVE: "อ่อนไหว",
}
LABELS = {
    "label": "ชื่อช่อง",
    "label_en": "ชื่อภาษาอังกฤษ",
    "key": "รหัสช่อง",
    "kind": "ชนิดข้อมูล",
    "unit": "หน่วย",
    "low": "ค่าต่ำสุด",
    "high": "ค่าสูงสุด",
    "decimals": "จำนวนทศนิยม",
    "longest": "ความยาวไม่เกิน",
    "codelist": "รายการให้เลือก",
    "required": "ต้องกรอกก่อนยืนยัน",
    "help": "คำอธิบายใต้ช่อง",
    "personal": "ระดับข้อมูล",
    "group": "หมวดในแบบฟอร์ม",
    "in_grid": "แสดงในตาราง",
    "in_export": "อยู่ในไฟล์ส่งออก",
    "filterable": "ใช้กรองได้",
    "first_year": "ใช้ตั้งแต่ปีการศึกษา",
    "last_year": "ใช้ถึงปีการศึกษา",
    "order": "ลำดับ",
}
GROUP, QUESTIONS = "ข้อมูลเพิ่มเติม", "คำถาม"  # the heading of a subsystem's form, and of a survey's
FIRST_YEAR, LAST_YEAR = 2500, 2700


class FieldDefinition(Document):
    """One field that an area added to one kind of record."""

    area_code = StringField(required=True, max_length=8)
    document = StringField(required=True, max_length=40)
    key = StringField(required=True, max_length=30)
    label = StringField(required=True, max_length=120)
    label_en = StringField(max_length=120)
    kind = StringField(required=True, choices=list(KINDS))
    unit = StringField(max_length=20)
    low = FloatField()
    high = FloatField()
    decimals = IntField(default=0)
    longest = IntField(default=200)
    codelist = StringField(max_length=40)
    required = BooleanField(default=False)
    help = StringField(max_length=300)
    personal = StringField(choices=list(CLASSES), default=fields.INTERNAL)
    group = StringField(max_length=60)
    in_grid = BooleanField(default=True)
    in_export = BooleanField(default=True)
    filterable = BooleanField(default=True)
    order = IntField(default=0)
    first_year = IntField(required=True)
    last_year = IntField()  # stopped after it; None: still in use
    revision = IntField(default=1)
    made_by = ObjectIdField()

    meta = {
        "collection": "field_definitions",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "document", "key"], "unique": True}],
    }

    @property
    def name(self):
        """The name under which a record keeps its value."""
        return PREFIX + self.key

    @property
    def in_cells(self):
        """Whether it is edited in a cell of the grid."""
        return bool(self.in_grid) and self.kind in IN_CELLS and self.longest <= 200

    @property
    def in_lines(self):
        """Whether a sheet of lines (LineSheet) has it: everybody sees all of a sheet, and a place is found, not picked."""
        fits = self.kind in IN_CELLS and self.longest <= 200 and self.codelist not in PLACES
        return fits and self.personal != fields.SENSITIVE

    def holds_in(self, academic_year):
        """Whether the forms of that year have it."""
        return self.first_year <= academic_year and (
            self.last_year is None or academic_year <= self.last_year
        )

    def field(self):
        """A new field of that kind, as a subsystem's file would declare it."""
        made = getattr(self, f"_as_{self.kind}")(
            {
                "en": self.label_en,
                "required": bool(self.required),
                "personal": self.personal,
                "group": self.group or (QUESTIONS if self.document[:1].isdigit() else GROUP),
                "help": self.help,
                "synonyms": tuple(filter(None, (self.label_en, self.key))),
                "exported": bool(self.in_export),
            }
        )
        made.name = made.db_field = self.name
        return made

    def _as_text(self, said):
        return fields.text(self.label, max_length=self.longest, **said)

    def _as_number(self, said):
        """A whole number, or a measured one; without bounds it is not below nothing."""
        low = 0 if self.low is None else self.low
        if self.decimals:
            high = 1e9 if self.high is None else self.high
            return fields.measure(
                self.label, unit=self.unit, decimals=self.decimals, min_value=low, max_value=high, **said
            )
        high = fields.LARGEST_INT if self.high is None else int(self.high)
        return fields.count(self.label, unit=self.unit, min_value=int(low), max_value=high, **said)

    def _as_file(self, said):
        return fields.file(self.label, **said)

    def _as_date(self, said):
        return fields.date(self.label, **said)

    def _as_flag(self, said):
        return fields.flag(self.label, **said)

    def _as_choice(self, said):
        return fields.choice(self.label, self.codelist, **said)

    def _as_choices(self, said):
        return fields.choices(self.label, self.codelist, **said)

    def __str__(self):
        return self.label
