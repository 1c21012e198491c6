"""Areas (สำนักงานเขตพื้นที่การศึกษา) and the profiles of their schools (ข้อมูลพื้นฐานโรงเรียน).

A school declares its fields once, with the makers of `fields.py`: form, checks, import, export and history are read
off them, as a yearly record's are. `by` says who keeps a field: the school its own contacts, place and land, the
district the codes, the name and what the school is.
"""

from bson import ObjectId
from mongoengine import Document, EmbeddedDocument
from mongoengine.fields import DateTimeField, DictField, IntField, ListField, StringField

from documents.district import school_rules as rules
from documents.errors import OutOfScope
from documents.formats import telephone
from documents.records.codelists import code_list
from documents.records.fields import (
    PERSONAL,
    PUBLIC,
    choice,
    choices,
    count,
    date,
    flag,
    measure,
    picture,
    text,
)

STATUSES = {"open": "ปกติ", "merged": "ยุบรวม", "closed": "ยุบ/เลิก", "transferred": "ถ่ายโอน"}
KINDS = {"school": "โรงเรียน", "office": "สำนักงานเขต"}
NAMES, TEACHING, PLACE, LAND, CONTACT = "ชื่อและรหัส", "การเปิดสอน", "ที่ตั้ง", "ที่ดิน", "ติดต่อ"
DISTRICT, SCHOOL = "district", "school"  # who keeps a field


class Area(Document):
    """One area office: code 34010000 for a primary area, six digits for a secondary one."""

    code = StringField(required=True, max_length=8)
    name = StringField(required=True, max_length=200)
    short_name = StringField(max_length=80)
    province = StringField(max_length=2)
    clusters = ListField(StringField(max_length=100))
    line_group = StringField(max_length=40)  # the LINE group that hears of announcements
    # How long a school may take to answer a move-in; see documents/dmc/transfers.py.
    transfer_days = IntField()
    # Of the accounts of its schools; see documents/people/recertifying.py.
    recertification = DictField(default=None)
    # See documents/gcode/gcode_evidence.py.
    gcode_evidence = ListField(StringField(max_length=40), default=None)
    gcode_mode = StringField(max_length=20)  # see documents/gcode/gcode_numbers.py

    meta = {
        "collection": "areas",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["code"], "unique": True}],
    }

    def __str__(self):
        return self.name


class Parcel(EmbeddedDocument):
    """One parcel of a school's land (ที่ดินหนึ่งแปลง); stored as a plain dict in School.land."""

    document = choice("เอกสารสิทธิ์", "LAND_DOC", en="Document",
                      synonyms=("เอกสารสิทธิ", "ประเภทเอกสารสิทธิ์", "หนังสือสำคัญ", "ชนิดเอกสารสิทธิ์"))  # fmt: skip
    number = text("เลขที่เอกสาร", en="Document number", max_length=60,
                  synonyms=("เลขที่เอกสารสิทธิ์", "เลขที่โฉนด", "โฉนดเลขที่", "เลขทะเบียนที่ราชพัสดุ", "หมายเลขทะเบียน"))  # fmt: skip
    tenure = choice("กรรมสิทธิ์การถือครอง", "LAND_TENURE", en="Tenure",
                    synonyms=("กรรมสิทธิ์", "ประเภทกรรมสิทธิ์", "ที่ดิน: ประเภทกรรมสิทธิ์", "การถือครอง", "ประเภทที่ดิน", "สถานะที่ดิน"))  # fmt: skip
    rai = count("ไร่", en="Rai", max_value=99_999, synonyms=("จำนวนไร่", "เนื้อที่ไร่", "เนื้อที่ (ไร่)"))
    ngan = count("งาน", en="Ngan", max_value=999, synonyms=("จำนวนงาน", "เนื้อที่งาน", "เนื้อที่ (งาน)"))
    wah = measure("ตร.ว.", en="Square wah", decimals=1, max_value=99_999,
                  synonyms=("ตารางวา", "วา", "จำนวนตารางวา", "เนื้อที่ตารางวา", "เนื้อที่ (ตารางวา)", "เนื้อที่ (ตร.ว.)"))  # fmt: skip

    meta = {"strict": False}  # read also as another version of the product stored it

    groups = ()


class School(Document):
    """One school, or the area office itself (kind `office`): never deleted, closed with a date instead.

    Only a list's own mistake is taken out again: `school_list.take_back`.
    """

    area_code = StringField(required=True, max_length=8)
    code = StringField(required=True, max_length=8, verbose_name="รหัส SMIS")
    kind = StringField(choices=list(KINDS), default="school")

    name = text("ชื่อโรงเรียน", en="Name", need="R", group=NAMES, by=DISTRICT, personal=PUBLIC, width="l",
                check=rules.school_name, help="ไม่ต้องมีคำว่า โรงเรียน นำหน้า",
                synonyms=("โรงเรียน", "ชื่อสถานศึกษา", "ชื่อโรงเรียน (ไทย)", "ชื่อโรงเรียน (ภาษาไทย)", "name", "sch_name", "schoolname",
                          "สถานศึกษา"))  # fmt: skip
    name_en = text("ชื่อภาษาอังกฤษ", en="English name", group=NAMES, by=DISTRICT, personal=PUBLIC, width="l",
                   check=rules.english_name,
                   synonyms=("โรงเรียนภาษาอังกฤษ", "ชื่อโรงเรียน (ภาษาอังกฤษ)", "name_en", "ชื่อโรงเรียน (อังกฤษ)"))  # fmt: skip
    moe_code = text("รหัสกระทรวง", en="Ministry code", max_length=10, group=NAMES, by=DISTRICT, personal=PUBLIC,
                    check=rules.digits("รหัสกระทรวง", 10), digits=10, help="10 หลัก เช่น 1034040001",
                    synonyms=("รหัสกระทรวง 10 หลัก", "รหัสกระทรวง (10 หลัก)", "รหัส 10 หลัก", "รหัสโรงเรียน 10 หลัก", "moe code", "schoolid", "sch_code",
                              "รหัสสถานศึกษา"))  # fmt: skip
    obec_code = text("รหัส OBEC", en="OBEC code", max_length=6, group=NAMES, by=DISTRICT, personal=PUBLIC,
                     check=rules.digits("รหัส OBEC", 6), digits=6, help="6 หลักท้ายของรหัสกระทรวง",
                     synonyms=("รหัส OBEC 6 หลัก", "รหัส obec", "obec", "percode", "percode รหัส 6 หลัก", "รหัส 6 หลัก",
                               "รหัส สพฐ"))  # fmt: skip
    cluster = text("กลุ่มโรงเรียน", en="Cluster", max_length=100, group=NAMES, by=DISTRICT, personal=PUBLIC,
                   synonyms=("เครือข่าย", "กลุ่ม", "กลุ่มเครือข่าย", "เครือข่ายพัฒนาคุณภาพการศึกษา", "ศูนย์เครือข่าย"))  # fmt: skip
    grade_from = choice("เปิดสอนตั้งแต่ชั้น", "GRADE", en="First grade taught", group=TEACHING, by=DISTRICT,
                        personal=PUBLIC, synonyms=("ชั้นต่ำสุด", "ตั้งแต่ชั้น", "เปิดสอนตั้งแต่"))  # fmt: skip
    grade_to = choice("ถึงชั้น", "GRADE", en="Last grade taught", group=TEACHING, by=DISTRICT, personal=PUBLIC,
                      synonyms=("ชั้นสูงสุด",))  # fmt: skip
    size_band = choice("ขนาดตามบัญชีโรงเรียน", "SCHOOL_SIZE", en="Listed size", group=TEACHING, by=DISTRICT,
                       personal=PUBLIC, help="ใช้เมื่อยังไม่มีจำนวนนักเรียนของรอบ 10 มิ.ย.",
                       synonyms=("ขนาดโรงเรียน", "ขนาดสถานศึกษา", "ขนาด"))  # fmt: skip
    flags = choices("ลักษณะพิเศษ", "SCHOOL_FLAG", en="Special features", group=TEACHING, by=DISTRICT,
                    personal=PUBLIC, width="full")  # fmt: skip
    founded_on = date("วันก่อตั้ง", en="Founded on", group=TEACHING, by=SCHOOL, personal=PUBLIC,
                      synonyms=("วันที่ก่อตั้ง", "วัน-เดือน-ปี ก่อตั้ง", "วันเดือนปีที่ก่อตั้ง"))  # fmt: skip
    founded_year = count("ปีที่ก่อตั้ง (พ.ศ.)", en="Founded in (B.E.)", group=TEACHING, by=SCHOOL, personal=PUBLIC,
                         min_value=2300, max_value=2700, era=True, help="เมื่อไม่ทราบวันและเดือน",
                         synonyms=("ปีที่ก่อตั้ง", "ก่อตั้งปี พ.ศ."))  # fmt: skip

    address = text("ที่อยู่", en="Address", max_length=120, group=PLACE, by=SCHOOL, personal=PUBLIC, help="เลขที่ ถนน ซอย",
                   width="l", synonyms=("เลขที่", "address"))  # fmt: skip
    moo = text("หมู่ที่", en="Village number", max_length=3, group=PLACE, by=SCHOOL, personal=PUBLIC,
               check=rules.village_number, synonyms=("หมู่", "moo"))  # fmt: skip
    village = text("หมู่บ้าน", en="Village", max_length=80, group=PLACE, by=SCHOOL, personal=PUBLIC,
                   synonyms=("บ้าน", "ชื่อหมู่บ้าน", "village"))  # fmt: skip
    subdistrict = choice(
        "ตำบล", "SUBDISTRICT", en="Sub-district", group=PLACE, by=SCHOOL, personal=PUBLIC, width="l"
    )
    # With the province it follows the sub-district.
    district = StringField(max_length=4, verbose_name="อำเภอ")
    province = StringField(max_length=2, verbose_name="จังหวัด")
    postcode = text("รหัสไปรษณีย์", en="Postcode", max_length=5, group=PLACE, by=SCHOOL, personal=PUBLIC,
                    check=rules.digits("รหัสไปรษณีย์", 5), digits=5,
                    synonyms=("รหัส ปณ.", "postcode", "ไปรษณีย์"))  # fmt: skip
    house_id = text("เลขรหัสประจำบ้าน", en="House ID", max_length=11, group=PLACE, by=SCHOOL,
                    check=rules.digits("เลขรหัสประจำบ้าน", 11), digits=11, synonyms=("รหัสประจำบ้าน",))  # fmt: skip
    local_gov = text("องค์กรปกครองส่วนท้องถิ่น", en="Local government", max_length=100, group=PLACE, by=SCHOOL,
                     personal=PUBLIC, synonyms=("อปท.", "อปท", "ชื่อ อปท."))  # fmt: skip
    municipal_type = choice("ประเภทท้องถิ่น", "LOCAL_GOV", en="Kind of local government", group=PLACE, by=SCHOOL,
                            personal=PUBLIC, synonyms=("เขตเทศบาล", "ประเภทเขต"))  # fmt: skip
    latitude = measure("ละติจูด", en="Latitude", decimals=6, min_value=-180, max_value=180, group=PLACE, by=SCHOOL,
                       personal=PUBLIC, help="เช่น 15.244800", synonyms=("latitude", "lat"))  # fmt: skip
    longitude = measure("ลองจิจูด", en="Longitude", decimals=6, min_value=-180, max_value=180, group=PLACE, by=SCHOOL,
                        personal=PUBLIC, help="เช่น 104.847300",
                        synonyms=("longitude", "lng", "long", "ลองติจูด"))  # fmt: skip
    km_to_area = measure("ระยะทางถึงเขตพื้นที่", en="Distance to the area office", unit="กม.", max_value=999, group=PLACE,
                         by=SCHOOL, personal=PUBLIC, synonyms=("ระยะทางถึงเขตพื้นที่ (กม.)",))  # fmt: skip
    km_to_district = measure("ระยะทางถึงอำเภอ", en="Distance to the district town", unit="กม.", max_value=999,
                             group=PLACE, by=SCHOOL, personal=PUBLIC, synonyms=("ระยะทางถึงอำเภอ (กม.)",))  # fmt: skip

    in_temple = flag("ตั้งอยู่ในบริเวณวัด", en="On temple grounds", group=LAND, by=SCHOOL, personal=PUBLIC,
                     synonyms=("ที่ตั้งบริเวณวัด",))  # fmt: skip
    site_plan = picture("แผนผังโรงเรียน", en="Site plan", group=LAND, by=SCHOOL, width="full")
    land = ListField(DictField(), verbose_name="แปลงที่ดิน", default=list)  # parcels as `land.py` accepts them

    phone = text("โทรศัพท์", en="Telephone", max_length=60, group=CONTACT, by=SCHOOL, check=telephone.phone,
                 synonyms=("เบอร์โทร", "เบอร์โทรศัพท์", "เบอร์โทรศัพท์ 1", "phone", "phone1", "tel"))  # fmt: skip
    fax = text("โทรสาร", en="Fax", max_length=60, group=CONTACT, by=SCHOOL, check=telephone.phone,
               synonyms=("แฟกซ์", "เบอร์โทรสาร 1", "fax"))  # fmt: skip
    email = text("อีเมลโรงเรียน", en="E-mail", max_length=254, group=CONTACT, by=SCHOOL, check=rules.email,
                 synonyms=("อีเมล", "อีเมล์", "อีเมล์ติดต่อ", "email", "e-mail"))  # fmt: skip
    website = text("เว็บไซต์", en="Website", max_length=200, group=CONTACT, by=SCHOOL, personal=PUBLIC, check=rules.website,
                   width="l", synonyms=("เว็บไซต์โรงเรียน", "website", "เว็บ"))  # fmt: skip
    line = text("ไลน์หรือช่องทางอื่น", en="LINE or other", max_length=100, group=CONTACT, by=SCHOOL,
                synonyms=("ไลน์", "line", "line id", "ไอดีไลน์"))  # fmt: skip
    director_name = text("ผู้อำนวยการ", en="Director", group=CONTACT, by=SCHOOL, personal=PERSONAL, width="l",
                         help="ใช้เมื่อผู้อำนวยการยังไม่มีบัญชี",
                         synonyms=("ผู้บริหาร", "directorname", "ผู้บริหารสถานศึกษา", "ชื่อผู้บริหาร", "ชื่อผู้อำนวยการ"))  # fmt: skip
    data_officer_name = text("ครูผู้รับผิดชอบข้อมูล", en="Data officer", group=CONTACT, by=SCHOOL, personal=PERSONAL,
                             help="ใช้เมื่อครูยังไม่มีบัญชี",
                             synonyms=("ครูข้อมูล", "เจ้าหน้าที่ข้อมูล", "ผู้รับผิดชอบ"))  # fmt: skip
    data_officer_phone = text("โทรศัพท์ครูผู้รับผิดชอบข้อมูล", en="Data officer's telephone", max_length=60, group=CONTACT,
                              by=SCHOOL, personal=PERSONAL, check=telephone.phone, synonyms=("เบอร์ครูข้อมูล",))  # fmt: skip

    status = StringField(choices=list(STATUSES), default="open", verbose_name="สถานะ")
    opened_on = DateTimeField(verbose_name="วันที่จัดตั้ง")
    closed_on = DateTimeField(verbose_name="ตั้งแต่วันที่")
    successor = StringField(max_length=8, verbose_name="โรงเรียนที่รวมด้วย")
    moves = ListField(DictField())  # establish, merge, close ...: see documents/district/school_moves.py
    history_hash = StringField(max_length=64)  # of the last of the moves, so that its loss is noticed
    acting = ListField(DictField(), verbose_name="รักษาการผู้อำนวยการ")  # see documents/people/acting.py
    revision = IntField(default=1)

    groups = (NAMES, TEACHING, PLACE, LAND, CONTACT)
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

    @property
    def is_open(self):
        """Whether the school teaches: it was not merged, closed or transferred."""
        return self.status in (None, "open")

    def __str__(self):
        return self.name


def size_band(pupils, area_code=""):
    """The band of a school with so many pupils: 's', 'm', 'l' or 'xl'; an area of six digits is a secondary one."""
    fact = "most_secondary" if len(area_code) == 6 else "most"
    bands = code_list("SCHOOL_SIZE")
    for code in bands.codes:
        most = bands.fact(code, fact)
        if most is None or pupils <= most:
            return code
    return None


def school(area_code, code):
    """The school, or None."""
    return School.objects(area_code=area_code, code=code).first()


def may_edit(user, area_code):
    """Whether this person changes the schools of an area."""
    return user.is_system or any(user.holds(role, area_code) for role in ("district", "admin"))


def get_school(scope, id_):
    """The School of an id within a filter (`access.visible_schools`); raises OutOfScope for any other."""
    found = None
    if ObjectId.is_valid(id_ or ""):
        found = School.objects(__raw__={"$and": [{"_id": ObjectId(id_)}, scope]}).first()
    if found is None:
        raise OutOfScope("ไม่พบโรงเรียนนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found
