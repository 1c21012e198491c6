"""Announcements (แจ้งข่าวโรงเรียน): what the district tells all or some of its schools, and who has read it.

The schools are fixed when it is published: by cluster, by level taught, by how they stand in a round. Their people
hear of it by the bell and on their home page until it expires; a group on LINE hears it where one is set.
"""

import datetime as dt

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import BooleanField, DateTimeField, DictField, ListField, ObjectIdField, StringField

from documents import clock
from documents.clock import naive
from documents.collecting.progress import match
from documents.collecting.rounds import get_round
from documents.collecting.submissions import Submission
from documents.database import collection, in_transaction
from documents.district.schools import Area, School
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import buddhist, citizen_id, thai
from documents.notifying import mail
from documents.notifying.notices import at_schools, tell
from documents.people import access
from documents.people.users import EVERY_AREA, SCHOOL_ROLES
from documents.trail.history import naive_now, note_event

LONGEST_TITLE, LONGEST_TEXT = 150, 4000
MOST_SHOWN = 200
LONGEST_DAYS = 366
PUBLISHERS = ("district", "approver")
AUDIENCES = {
    "all": "ทุกโรงเรียน",
    "clusters": "บางกลุ่มโรงเรียน",
    "levels": "ตามระดับที่เปิดสอน",
    "states": "ตามสถานะการส่งข้อมูล",
}
# name: (words, first grade, last grade) of the codes of GRADE
LEVELS = {
    "kindergarten": ("ปฐมวัย", "01", "03"),
    "primary": ("ประถมศึกษา", "04", "09"),
    "lower": ("มัธยมศึกษาตอนต้น", "10", "12"),
    "upper": ("มัธยมศึกษาตอนปลาย", "13", "18"),
}
# name: (words, states of a submission)
STANDINGS = {
    "waiting": ("ยังไม่ยืนยัน", ("draft", "returned")),
    "confirmed": ("ยืนยันแล้ว รอรับรอง", ("confirmed",)),
    "returned": ("ส่งกลับแก้ไข", ("returned",)),
    "done": ("รับรองหรือตรวจสอบแล้ว", ("certified", "verified", "locked")),
}


class Announcement(Document):
    """One announcement: to which schools, until when, and who of their people has read it."""

    area_code = StringField(required=True, max_length=8)
    title = StringField(required=True, max_length=LONGEST_TITLE)
    text = StringField(required=True, max_length=LONGEST_TEXT)
    to = DictField()  # audience, and what was chosen: words for people
    school_codes = ListField(StringField(max_length=8))
    by = ObjectIdField(required=True)
    by_name = StringField(max_length=200)
    at = DateTimeField(required=True)
    until = DateTimeField(required=True)  # the last minute it is shown
    withdrawn_at = DateTimeField()
    withdrawn_by_name = StringField(max_length=200)
    to_line = BooleanField(default=False)
    reads = ListField(DictField())  # person, name, schools, at

    meta = {
        "collection": "announcements",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "-at", "-_id"], "name": "area_newest"},
            {"fields": ["area_code", "school_codes", "-at", "-_id"], "name": "school_newest"},
        ],
    }

    @property
    def is_over(self):
        """Whether it is shown no longer."""
        return self.withdrawn_at is not None or self.until <= naive(clock.now())

    @property
    def page(self):
        """The path of its page."""
        return f"/admin/announcements/details/?id={self.id}"

    def read_by(self, user):
        """Whether this person has read it."""
        return any(row["person"] == user.id for row in self.reads)

    def schools_read(self):
        """{school code: the first of its people who read it, as a row of reads}."""
        found = {}
        for row in self.reads:
            for code in row["schools"]:
                found.setdefault(code, row)
        return found


# ---- publishing ----


def may_publish(user, area_code):
    """Whether this person announces to the schools of an area."""
    return any(user.holds(role, area_code) for role in PUBLISHERS)


def audience(user, area_code, to):
    """(school codes in order of code, words for whom it is) of a choice: {audience, clusters, levels, round, standing}.

    Raises Invalid by field where nothing, or nobody, is chosen.
    """
    kind, chosen = to.get("audience"), []
    schools = School.objects(area_code=area_code, kind="school", status__in=["open", None])
    schools = list(schools.only("code", "cluster", "grade_from", "grade_to"))
    if kind == "all":
        return _some([each.code for each in schools], "audience"), AUDIENCES["all"]
    if kind == "clusters":
        chosen = [name for name in to.get("clusters", ()) if name]
        codes = [each.code for each in schools if each.cluster in chosen]
        return _some(codes, "clusters"), ", ".join(chosen)
    if kind == "levels":
        chosen = [name for name in LEVELS if name in to.get("levels", ())]
        codes = [each.code for each in schools if any(_teaches(each, *LEVELS[name][1:]) for name in chosen)]
        return _some(codes, "levels"), ", ".join(LEVELS[name][0] for name in chosen)
    if kind == "states" and to.get("standing") in STANDINGS:
        words, states = STANDINGS[to["standing"]]
        round_ = get_round([area_code], to.get("round"))
        asked = match(round_, user) | {"state": {"$in": list(states)}}
        reporting = {row["school_code"] for row in collection(Submission).find(asked, {"school_code": 1})}
        codes = [each.code for each in schools if each.code in reporting]
        return _some(codes, "standing"), f"{words} · {round_}"
    raise Invalid({0: {"audience": "โปรดเลือกว่าแจ้งโรงเรียนใด"}})


def _some(codes, field):
    if not codes:
        raise Invalid({0: {field: "ไม่มีโรงเรียนที่ตรงกับที่เลือก กรุณาเลือกใหม่"}})
    return sorted(codes)


def _teaches(school, first, last):
    return (
        bool(school.grade_from and school.grade_to) and school.grade_from <= last and first <= school.grade_to
    )


def publish(user, area_code, title, text, to, until, to_line=False):
    """แจ้งข่าว: store an announcement and tell its schools' people; `until` is its last day (date). Gives it back.

    Raises NotAllowed, or Invalid by field.
    """
    if not may_publish(user, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขตเท่านั้นที่แจ้งข่าวโรงเรียนได้")
    title, text = thai.clean(title), thai.clean(text, lines=True)
    wrong = {}
    if not title or len(title) > LONGEST_TITLE:
        wrong["title"] = f"โปรดพิมพ์หัวเรื่อง ไม่เกิน {LONGEST_TITLE} ตัวอักษร"
    if not text or len(text) > LONGEST_TEXT:
        wrong["text"] = f"โปรดพิมพ์ข้อความ ไม่เกิน {LONGEST_TEXT:,} ตัวอักษร"
    for name, said in (("title", title), ("text", text)):
        if citizen_id.stands_in(said):
            wrong[name] = (
                "มีเลขประจำตัวประชาชนหรือรหัส G ของบุคคล ประกาศไปถึงทุกคนของโรงเรียนและกลุ่มไลน์ กรุณาลบเลขนั้นออก"
            )
    if until is None or not clock.today() <= until <= clock.today() + dt.timedelta(days=LONGEST_DAYS):
        wrong["until"] = "โปรดระบุวันสุดท้ายที่แสดง ตั้งแต่วันนี้ ไม่เกินหนึ่งปี"
    if wrong:
        raise Invalid({0: wrong})
    codes, words = audience(user, area_code, to)
    made = Announcement(
        id=ObjectId(),
        area_code=area_code,
        title=title,
        text=text,
        to={"audience": to["audience"], "words": words},
        school_codes=codes,
        by=user.id,
        by_name=user.name,
        at=naive_now(),
        until=clock.day_begins(until + dt.timedelta(days=1)),
        to_line=bool(to_line),
    )
    plain = made.to_mongo().to_dict()

    def work():
        collection(Announcement).insert_one(plain)
        _note(made, user, "publish", {"for": [None, words], "schools": [None, len(codes)]})
        people = dict.fromkeys(id_ for ids in at_schools(area_code, codes).values() for id_ in ids)
        tell(people, "announcement", f"ประกาศ: {title}", made.page, area_code, once=f"announcement/{made.id}")
        if to_line:
            send_to_line(area_code, f"{title}\n\n{text}", f"announcement/{made.id}")

    in_transaction(work)
    return made


def withdraw(found, user):
    """ถอนประกาศ: show it no longer. Raises NotAllowed, WrongState."""
    if not may_publish(user, found.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขตเท่านั้นที่ถอนประกาศได้")

    shown = {"_id": found.id, "area_code": found.area_code, "withdrawn_at": None}
    over = {"withdrawn_at": naive_now(), "withdrawn_by_name": user.name}

    def work():
        if not collection(Announcement).update_one(shown, {"$set": over}).modified_count:
            raise WrongState("ประกาศนี้ถูกถอนไปแล้ว")
        _note(found, user, "withdraw", {"schools": [len(found.school_codes), None]})

    in_transaction(work)


def _note(found, user, action, changes):
    """The event of an announcement, with its title."""
    note_event(found.area_code, user, action, "announcements", found.id, changes, headline=found.title)


# ---- the group on LINE ----

_group = ""


def configure_line(group):
    """Tell the group of areas that set none of their own."""
    global _group
    _group = group or ""


def line_group(area_code):
    """The id of the LINE group of an area; '' without one."""
    found = Area.objects(code=area_code).only("line_group").first()
    return (found and found.line_group) or _group


def set_line_group(area_code, group, user):
    """Say which LINE group hears of the area's announcements; '' none of its own. Raises NotAllowed, Invalid."""
    if not (may_publish(user, area_code) or user.holds("admin", area_code)):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่กำหนดกลุ่มไลน์ได้")
    group = thai.clean(group)
    if group and not (group.isascii() and group.isalnum() and len(group) == 33 and group[0] in "CRU"):
        raise Invalid({0: {"group": "รหัสกลุ่มไลน์เป็นอักษร C ตามด้วยตัวอักษรและตัวเลข 32 ตัว คัดลอกจากบัญชีทางการของเขต"}})

    def work():
        before = Area.objects(code=area_code).only("line_group").get().line_group
        collection(Area).update_one({"code": area_code}, {"$set": {"line_group": group}})
        area = Area.objects(code=area_code).only("id").get()
        note_event(
            area_code, user, "settings", "fields", area.id, {"line_group": [before or None, group or None]}
        )

    in_transaction(work)


def send_to_line(area_code, text, once):
    """Queue a text without personal data for the area's LINE group; gives whether there is one and LINE is set."""
    group = line_group(area_code)
    if not group or not mail.is_on("line"):
        return False
    return (
        mail.send(
            group, text.partition("\n")[0], text, "line", area_code, once=f"line/{once}", channel="line"
        )
        is not None
    )


# ---- reading ----


def visible(user):
    """The MongoDB filter of the announcements a person may see: officers the area's, a school those to it."""
    ways = [
        {"area_code": area} for area in user.areas(*access.AREA_READERS, "executive") if area != EVERY_AREA
    ]
    by_area = {}
    for area, code in user.schools(*SCHOOL_ROLES):
        by_area.setdefault(area, []).append(code)
    ways += [
        {"area_code": area, "school_codes": {"$in": codes}, "withdrawn_at": None}
        for area, codes in by_area.items()
    ]
    return {"$or": ways} if ways else access.NOTHING


def shown_to(user):
    """The newest announcements a person may see, at most MOST_SHOWN, with who read them."""
    return list(Announcement.objects(__raw__=visible(user)).order_by("-at", "-id").limit(MOST_SHOWN))


def current_for(user, area_code, most=5):
    """What is announced now to a person's schools of an area, the newest first, unread ones before."""
    codes = [code for area, code in user.schools(*SCHOOL_ROLES) if area == area_code]
    if not codes:
        return []
    now = {"area_code": area_code, "school_codes": {"$in": codes}, "withdrawn_at": None}
    now["until"] = {"$gt": naive(clock.now())}
    found = Announcement.objects(__raw__=now).order_by("-at", "-id").limit(MOST_SHOWN)
    return sorted(found, key=lambda each: each.read_by(user))[:most]


def get_announcement(user, id_):
    """The Announcement of an id as far as this person may see it; raises OutOfScope for any other."""
    found = None
    if ObjectId.is_valid(id_ or ""):
        found = Announcement.objects(__raw__={"$and": [{"_id": ObjectId(id_)}, visible(user)]}).first()
    if found is None:
        raise OutOfScope("ไม่พบประกาศนี้ หรือประกาศถูกถอนแล้ว กรุณาดูจากหน้า “ประกาศ”")
    return found


def mark_read(found, user):
    """Remember that one of the schools it was sent to has read it; the district's own reading is nobody's news."""
    schools = [
        code
        for area, code in user.schools(*SCHOOL_ROLES)
        if area == found.area_code and code in found.school_codes
    ]
    if not schools or found.read_by(user):
        return
    row = {"person": user.id, "name": user.name, "schools": schools, "at": naive_now()}
    unread = {"_id": found.id, "area_code": found.area_code, "reads.person": {"$ne": user.id}}
    collection(Announcement).update_one(unread, {"$push": {"reads": row}})
    found.reads.append(row)


def share_text(found, address):
    """The announcement as it is pasted into a LINE group."""
    until = buddhist.format_long(clock.in_bangkok(found.until - dt.timedelta(seconds=1)).date())
    return f"📢 {found.title}\n\n{found.text}\n\n(แสดงถึง {until})\nอ่านและกดรับทราบที่ {address}"
