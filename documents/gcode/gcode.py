"""G-code requests (คำขอรหัส G): a learner without papers is given a number, checked and certified; open all year.

A request is a `Case` with fields of its own, declared as a record's are, and a revision: whoever changes it or moves it
on does so where it still is as he read it. It has no round. Source of fields, flow and rules: domain.md 3.3. The code
itself is given by `gcode_numbers.py` when it is certified, and replaced or cancelled by `gcode_linking.py`.
"""

from bson import ObjectId
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents.checking import resemblance
from documents.dmc import student_rules as pupils
from documents.dmc.households import ADDRESS, FAMILY, address
from documents.errors import NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.formats.telephone import phone
from documents.gcode import gcode_rules as rules
from documents.people import access
from documents.records.cases import Case, Step, find_case, table
from documents.records.fields import PERSONAL, SENSITIVE, choice, date, flag, text
from documents.records.record import declared
from documents.trail.access_log import number_hash

IDENTITY, BIRTH, SCHOOLING = "ข้อมูลผู้เรียน", "การเกิดและสัญชาติ", "การเข้าเรียนและหลักฐาน"
EMPLOYER = "นายจ้างของบิดา มารดา หรือผู้ปกครอง"
CODE_KINDS = {"ministry": "ออกโดยระบบของกระทรวง", "temporary": "ชั่วคราว (ออกโดยเขต)"}
STATES = {
    "draft": "ร่าง",
    "sent": "ส่งคำขอแล้ว",
    "checking": "อยู่ระหว่างตรวจสอบ",
    "checked": "ตรวจสอบแล้ว รอรับรอง",
    "returned": "ส่งกลับแก้ไข",
    "refused": "ไม่รับรอง",
    "certified": "รับรองแล้ว",
    "replaced": "เปลี่ยนเป็นเลข 13 หลักแล้ว",
    "cancelled": "ยกเลิกแล้ว",
}
AT_SCHOOL = ("draft", "returned")  # the school writes
AT_DISTRICT = ("checking", "checked")  # an officer writes; what was checked is then checked anew
WAITING = ("sent", "checking", "checked")  # the district is waited for
HOLDS_CODE = ("certified", "replaced")  # a code was given and stands
# Whoever made one of these has recorded or checked, and certifies nothing of it.
HANDS = ("ask", "send", "take", "check", "change", "return", "refuse")


def adult(prefix, who, english):
    """The fields of father, mother or guardian, {name: field}."""
    about = {"group": FAMILY, "section": who, "personal": PERSONAL}
    made = {
        "first_name": text(f"ชื่อ{who}", en=f"First name ({english})", max_length=80, need="C", **about),
        "last_name": text(f"นามสกุล{who}", en=f"Last name ({english})", max_length=80, **about),
        "nationality": choice(
            f"สัญชาติ{who}", "NATION", en=f"Nationality ({english})", **about | {"personal": SENSITIVE}
        ),
        "passport": text(
            f"เลขหนังสือเดินทาง{who}", en=f"Passport ({english})", max_length=20, check=rules.passport, masked=True,
            help="อักษรอังกฤษหรือตัวเลข 5–20 ตัว", **about,
        ),
    }  # fmt: skip
    return {f"{prefix}_{name}": field for name, field in made.items()}


class GCodeRequest(Case):
    """One learner's request; `asked_by` is who recorded it first, `state` one of STATES."""

    request_year = IntField(required=True)  # B.E., of the day it was recorded
    request_seq = IntField(required=True)
    request_no = StringField(max_length=20, verbose_name="เลขที่คำขอ")
    revision = IntField(required=True)
    sort_key = StringField()
    search_key = StringField()
    likeness = ListField(IntField())  # the blocks it is found in by what it resembles

    requested_on = date("วันที่ขอ", en="Requested on", need="R", check=pupils.not_in_the_future, group=SCHOOLING)
    title = choice("คำนำหน้าชื่อ", "TITLE", en="Title", group=IDENTITY)
    first_name = text("ชื่อ (ไทย)", en="First name (Thai)", need="R", max_length=80, pattern=pupils.NAME,
                      pattern_says=pupils.NAME_SAYS, group=IDENTITY, personal=PERSONAL)  # fmt: skip
    last_name = text("นามสกุล (ไทย)", en="Last name (Thai)", need="R", max_length=80, pattern=pupils.NAME,
                     pattern_says=pupils.NAME_SAYS, group=IDENTITY, personal=PERSONAL, help="ไม่มีนามสกุลให้พิมพ์ -")  # fmt: skip
    native_name = text("ชื่อ-สกุล (ภาษาเดิม)", en="Name in the own language", max_length=120, group=IDENTITY,
                       personal=PERSONAL, help="ตามที่เขียนในเอกสารของประเทศเดิม ถ้ามี")  # fmt: skip
    sex = choice("เพศ", "SEX", en="Sex", need="R", group=IDENTITY)
    birth_date = date("วันเกิด", en="Birth date", need="R", check=pupils.not_in_the_future, group=BIRTH,
                      personal=PERSONAL, help="ทราบเพียงปี ให้พิมพ์ 01/01/ปี พ.ศ. แล้วตอบว่าเป็นการประมาณ")  # fmt: skip
    birth_date_estimated = flag("วันเกิดเป็นการประมาณ", en="Birth date is estimated", group=BIRTH)
    birth_country = choice(
        "ประเทศที่เกิด", "COUNTRY", en="Country of birth", need="R", group=BIRTH, personal=PERSONAL
    )
    birth_province = text("จังหวัดหรือเมืองที่เกิด", en="Place of birth", need="R", max_length=80, group=BIRTH,
                          personal=PERSONAL, help="ไม่ทราบให้พิมพ์ ไม่ทราบ")  # fmt: skip
    nationality = choice("สัญชาติ", "NATION", en="Nationality", need="R", group=BIRTH, personal=SENSITIVE)
    race = choice("เชื้อชาติ", "NATION", en="Race", need="R", group=BIRTH, personal=SENSITIVE)
    grade = choice("ชั้นที่เข้าเรียน", "GRADE", en="Grade", need="R", group=SCHOOLING)
    admission_date = date(
        "วันที่เข้าเรียน", en="Admitted on", need="R", check=pupils.not_in_the_future, group=SCHOOLING
    )
    evidence_rank = choice("ลำดับหลักฐานที่ใช้", "EVIDENCE_RANK", en="Rank of the evidence", need="R", group=SCHOOLING,
                           help="หลักฐานที่ดีที่สุดที่มีในการรับเข้าเรียน")  # fmt: skip

    vars().update(adult("father", "บิดา", "father"))
    vars().update(adult("mother", "มารดา", "mother"))
    vars().update(adult("guardian", "ผู้ปกครอง", "guardian"))
    guardian_relation = choice("ความเกี่ยวข้องของผู้ปกครองกับผู้เรียน", "RELATION", en="Guardian's relation",
                               group=FAMILY, section="ผู้ปกครอง", personal=PERSONAL)  # fmt: skip
    guardian_tel = text("โทรศัพท์ผู้ปกครอง", en="Guardian's telephone", max_length=50, check=phone,
                        group=FAMILY, section="ผู้ปกครอง", personal=PERSONAL)  # fmt: skip

    vars().update(address("cur", "ที่อยู่ปัจจุบัน", "current", "O"))
    employer_name = text("ชื่อนายจ้าง", en="Employer", max_length=120, group=ADDRESS, section=EMPLOYER,
                         personal=PERSONAL)  # fmt: skip
    employer_house_id = text("เลขรหัสประจำบ้านนายจ้าง", en="Employer's house ID", max_length=20, check=pupils.house_id,
                             group=ADDRESS, section=EMPLOYER, personal=PERSONAL)  # fmt: skip

    # What the district adds. The code and what becomes of it are written by gcode_numbers.py and gcode_linking.py.
    evidence = ListField(DictField())  # see documents/gcode/gcode_evidence.py
    recorded_by = ListField(ObjectIdField())  # everybody who wrote in it for the school
    mended_by = ListField(ObjectIdField())  # officers who wrote in it
    over_warning = StringField(max_length=2000)  # why the school asks though a likely same learner is known
    # The likely same learners that were seen: kind, id, school_code, by.
    known_likely = ListField(DictField())
    told_apart = StringField(max_length=2000)  # why the officer holds the likely same learners to be others
    sent_at = DateTimeField()  # the first time: the age of the case counts from here
    checked_by = ObjectIdField()
    checked_by_name = StringField(max_length=200)
    checked_at = DateTimeField()
    certified_by = ObjectIdField()
    certified_by_name = StringField(max_length=200)
    certified_at = DateTimeField()
    learner_key = StringField()  # of a certified learner: nobody else is certified under the same
    code = StringField(max_length=13, verbose_name="รหัส G")
    code_kind = StringField(choices=list(CODE_KINDS), verbose_name="ที่มาของรหัส")
    code_at = DateTimeField(verbose_name="วันที่ได้รหัส")
    new_number = StringField(max_length=13, verbose_name="เลข 13 หลักที่ได้ภายหลัง")
    replaced_on = DateTimeField(verbose_name="วันที่เปลี่ยนเป็นเลข 13 หลัก")
    # Taken in from the ministry's register; see documents/gcode/gcode_register.py.
    registered = BooleanField()
    taken_in = ObjectIdField()  # by which RegisterImport
    former_codes = ListField(DictField())  # temporary ones before the present: code, kind, at, until
    # Of the pupil, where the code was cancelled; see documents/gcode/gcode_linking.py.
    fate = StringField(max_length=10)

    slug = "gcode"
    label, label_en = "คำขอรหัส G", "G-code request"
    unit = "คำขอ"
    groups = (IDENTITY, BIRTH, SCHOOLING, FAMILY, ADDRESS)
    states = STATES
    revised = True
    open_states = (*AT_SCHOOL, *WAITING)
    steps = table(
        Step("send", "ส่งคำขอ", "Send", AT_SCHOOL, "sent", ("school",), tone="main"),
        Step("take", "รับไว้ตรวจสอบ", "Take up", ("sent",), "checking", ("district",), tone="main"),
        Step("check", "ตรวจสอบแล้ว ส่งผู้รับรอง", "Checked", ("checking",), "checked", ("district",), tone="main"),
        Step("change", "แก้ไขหลังตรวจสอบ", "Changed after the check", ("checked",), "checking", ("district",), plain=False),
        Step("return", "ส่งกลับให้แก้ไข", "Return", WAITING, "returned", ("district",), reason=True),
        Step("recheck", "ให้ตรวจสอบใหม่", "Check again", ("checked",), "checking", ("approver",), reason=True),
        Step("refuse", "ไม่รับรองคำขอ", "Refuse", ("checking",), "refused", ("district",), reason=True, tone="risk"),
        Step("turn_down", "ไม่รับรองคำขอ", "Turn down", ("checked",), "refused", ("approver",), reason=True, tone="risk"),
        Step("certify", "รับรอง", "Certify", ("checked",), "certified", ("approver",), tone="main"),
        Step("withdraw", "ถอนคำขอ", "Withdraw", (*AT_SCHOOL, "sent"), "cancelled", ("school",), reason=True, tone="risk"),
        Step("replace", "บันทึกเลข 13 หลัก", "Record the 13-digit number", ("certified",), "replaced", ("district",),
             reason=True, plain=False),
        Step("renew", "แทนรหัสชั่วคราว", "Take the ministry's code", ("certified",), "certified", ("district",),
             reason=True, plain=False),
        Step("undo", "เลิกทำการนำเข้า", "Undo the import", ("certified",), "cancelled", ("approver",), reason=True, plain=False,
             tone="risk"),
        Step("cancel", "ยกเลิกรหัส", "Cancel the code", ("certified",), "cancelled", ("approver",), reason=True,
             plain=False, tone="risk"),
    )  # fmt: skip
    meta = {
        "collection": "gcode_requests",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "request_year", "request_seq"], "unique": True, "name": "request_no"},
            {"fields": ["area_code", "code"], "unique": True, "name": "code",
             "partialFilterExpression": {"code": {"$exists": True}}},
            {"fields": ["area_code", "learner_key"], "unique": True, "name": "learner",
             "partialFilterExpression": {"learner_key": {"$type": "string"}}},
            {"fields": ["area_code", "asked_at", "_id", "search_key"], "name": "area_newest"},
            {"fields": ["area_code", "school_code", "asked_at", "_id", "search_key"], "name": "school_newest"},
            {"fields": ["area_code", "state", "sent_at", "_id"], "name": "queue"},
            {"fields": ["area_code", "school_code", "state", "sent_at", "_id"], "name": "school_queue"},
            {"fields": ["area_code", "sort_key", "_id"], "name": "area_order"},
            {"fields": ["area_code", "school_code", "sort_key", "_id"], "name": "school_order"},
            {"fields": ["area_code", "new_number"], "unique": True, "name": "new_number",
             "partialFilterExpression": {"new_number": {"$type": "string"}}},
            {"fields": ["area_code", "state", "code_at", "_id"], "name": "certified"},
            {"fields": ["area_code", "likeness"], "name": "likeness"},
            {"fields": ["area_code", "taken_in", "_id"], "name": "taken_in",
             "partialFilterExpression": {"taken_in": {"$type": "objectId"}}},
        ],
    }  # fmt: skip

    @property
    def name(self):
        """The learner's name in one piece."""
        return pupils.full_name(self.to_mongo())

    @classmethod
    def headline(cls, values):
        """What a stored request is called in lists and messages."""
        return f"{pupils.full_name(values) or 'ไม่มีชื่อ'} ({values.get('request_no')})"

    def refuse(self, step, actor, now):
        """Separation is by person, whatever roles he holds: who recorded does not check, who did either does not certify."""
        if step.name == "renew" and self.code_kind != "temporary":
            raise WrongState("ผู้เรียนคนนี้มีรหัสที่ระบบของกระทรวงออกให้แล้ว ผู้เรียนหนึ่งคนมีได้รหัสเดียว")
        if step.name == "undo" and (not self.taken_in or self.revision != 1):
            raise WrongState(
                f"คำขอเลขที่ {self.request_no} ถูกแก้ไขหลังนำเข้า จึงเลิกทำไม่ได้ หากรหัสผิดให้ยกเลิกรหัสในคำขอนั้น"
            )
        if actor.is_system:
            return
        if step.name in ("take", "check") and actor.id in self.recorders:
            raise NotAllowed("ท่านเป็นผู้บันทึกคำขอนี้ให้โรงเรียน จึงตรวจสอบเองไม่ได้ กรุณาให้เจ้าหน้าที่เขตคนอื่นตรวจสอบ")
        if step.name in ("certify", "turn_down") and actor.id in self.hands:
            raise NotAllowed("ท่านเป็นผู้บันทึกหรือผู้ตรวจสอบคำขอนี้ จึงรับรองเองไม่ได้ กรุณาให้ผู้รับรองคนอื่นรับรอง")

    @property
    def recorders(self):
        """Ids of everybody who recorded or sent it for the school."""
        return {*self.recorded_by, self.asked_by, *(row["by"] for row in self.moves if row["name"] == "send")}

    @property
    def hands(self):
        """Ids of everybody who recorded, mended or checked it."""
        return self.recorders | {*self.mended_by} | {row["by"] for row in self.moves if row["name"] in HANDS}


def keys_of(values):
    """The derived order and search keys of a request's values."""
    looked = (values.get(name) for name in ("first_name", "last_name", "native_name", "request_no", "code"))
    return {
        "sort_key": thai.sort_key(values.get("first_name"), values.get("last_name")),
        "search_key": thai.search_key(*filter(None, looked)),
        "likeness": resemblance.keys(values),
    }


def editable():
    """{name: field} of what is typed in the form, in declared order."""
    return declared(GCodeRequest)


def visible_to(user):
    """The MongoDB filter of the requests a person may see: officers the area's, a school its own."""
    return access.visible(user)


def get_request(user, id_):
    """The GCodeRequest of an id as far as this person may see it; raises OutOfScope for any other."""
    return find_case(GCodeRequest, id_, visible_to(user))


def get_requests(user, ids):
    """The GCodeRequests of several ids, in their order; raises OutOfScope where one of them is not this person's to see."""
    wanted = [ObjectId(one) for one in ids if ObjectId.is_valid(one)]
    query = {"$and": [{"_id": {"$in": wanted}}, visible_to(user)]}
    found = {one.id: one for one in GCodeRequest.objects(__raw__=query)}
    if len(found) < len(ids):
        raise OutOfScope()
    return [found[id_] for id_ in wanted]


def access_entry(request):
    """The fields of an entry of the access log that say which request was looked at."""
    return {
        "school_code": request.school_code,
        "what": GCodeRequest.slug,
        "record": request.id,
        "lineage": request.id,
        "numbers": [number_hash(one) for one in (request.code, request.new_number) if one],
    }


def writes_as(request, user):
    """As whom this person may change the request now, by its state: 'school', 'district', 'system' or None."""
    if user.is_system:
        return "system"
    if request.state in AT_SCHOOL and user.holds("school", request.area_code, request.school_code):
        return "school"
    if request.state in AT_DISTRICT and user.holds("district", request.area_code):
        return "district"
    return None


def may_ask(user, area_code, school_code):
    """Whether this person records requests of the school."""
    return user.is_system or user.holds("school", area_code, school_code)


def open_names(user, area_code, school_code):
    """{name: field} of the fields whose class is open to this person."""
    return access.open_fields(user, editable(), area_code, school_code)
