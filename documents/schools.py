"""Areas (สำนักงานเขตพื้นที่การศึกษา) and their schools (โรงเรียนในสังกัด)."""

from mongoengine import Document
from mongoengine.fields import (
    DateTimeField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

STATUSES = {"open": "ปกติ", "merged": "เรียนรวม", "closed": "ยุบ/เลิก", "transferred": "ถ่ายโอน"}
KINDS = {"school": "โรงเรียน", "office": "สำนักงานเขต"}
SIZES = {"s": "เล็ก", "m": "กลาง", "l": "ใหญ่", "xl": "ใหญ่พิเศษ"}
# Upper bounds of the bands of a primary area. Source: domain.md 4.1 (S14, S31).
PRIMARY_BANDS = (("s", 120), ("m", 600), ("l", 1500), ("xl", None))


class Area(Document):
    """One area office: code 34010000 for a primary area, six digits for a secondary one."""

    code = StringField(required=True, max_length=8)
    name = StringField(required=True, max_length=200)
    short_name = StringField(max_length=80)
    province = StringField(max_length=2)
    clusters = ListField(StringField(max_length=100))

    meta = {
        "collection": "areas",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["code"], "unique": True}],
    }

    def __str__(self):
        return self.name


class School(Document):
    """One school, or the area office itself (kind `office`): never deleted, closed with a date instead."""

    area_code = StringField(required=True, max_length=8)
    code = StringField(required=True, max_length=8, verbose_name="รหัส SMIS")
    moe_code = StringField(max_length=10, verbose_name="รหัสกระทรวง")
    obec_code = StringField(max_length=6, verbose_name="รหัส OBEC")
    name = StringField(required=True, max_length=200, verbose_name="ชื่อโรงเรียน")
    kind = StringField(choices=list(KINDS), default="school")
    cluster = StringField(max_length=100, verbose_name="กลุ่มโรงเรียน")
    subdistrict = StringField(max_length=6, verbose_name="ตำบล")
    district = StringField(max_length=4, verbose_name="อำเภอ")
    province = StringField(max_length=2, verbose_name="จังหวัด")
    postcode = StringField(max_length=5, verbose_name="รหัสไปรษณีย์")
    latitude = FloatField(min_value=-90, max_value=90, verbose_name="ละติจูด")
    longitude = FloatField(min_value=-180, max_value=180, verbose_name="ลองจิจูด")
    grade_from = StringField(max_length=2, verbose_name="เปิดสอนตั้งแต่ชั้น")
    grade_to = StringField(max_length=2, verbose_name="ถึงชั้น")
    size_band = StringField(choices=list(SIZES), verbose_name="ขนาดโรงเรียน")
    director_name = StringField(max_length=200, verbose_name="ผู้อำนวยการ")
    phone = StringField(max_length=30, verbose_name="โทรศัพท์")
    status = StringField(choices=list(STATUSES), default="open", verbose_name="สถานะ")
    closed_on = DateTimeField()
    revision = IntField(default=1)

    meta = {
        "collection": "schools",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "code"], "unique": True},
            {"fields": ["area_code", "cluster", "code"]},
            {"fields": ["area_code", "name"]},
        ],
    }

    def __str__(self):
        return self.name


def size_band(pupils, bands=PRIMARY_BANDS):
    """The band of a school with so many pupils: 's', 'm', 'l' or 'xl'."""
    return next(name for name, most in bands if most is None or pupils <= most)


def school(area_code, code):
    """The school, or None."""
    return School.objects(area_code=area_code, code=code).first()
