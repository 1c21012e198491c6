"""Rounds (รอบการจัดเก็บข้อมูล): one subsystem, one academic year, one code, and the windows of its steps."""

import datetime as dt

from bson import ObjectId
from mongoengine import Document, EmbeddedDocument
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents import clock
from documents.clock import utc
from documents.errors import NotAllowed, Unknown, WrongState
from documents.formats import buddhist

STATES = {
    "draft": "ร่าง",
    "proposed": "เสนอผู้บังคับบัญชา",
    "open": "เปิดรับข้อมูล",
    "verifying": "ปิดรับ/ตรวจสอบ",
    "closing": "กำลังล็อก",
    "locked": "ล็อกแล้ว",
    "published": "เผยแพร่แล้ว",
}
STEPS = {
    "enter": ("บันทึกและยืนยันข้อมูล", "โรงเรียน"),
    "certify": ("รับรองข้อมูล", "ผู้อำนวยการโรงเรียน"),
    "verify": ("ตรวจสอบข้อมูล", "สพท."),
    "process": ("ปิดระบบเพื่อประมวลผล", "สพฐ."),
}
CLOSING_TIME = dt.time(16, 30)
DRAFTS = ("draft", "proposed")  # not opened yet: there are no submissions
EDITABLE = ("draft", "proposed", "open")
SOMEBODY_ELSE = "มีผู้อื่นแก้ไขรอบนี้ไปแล้ว กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง"


class Window(EmbeddedDocument):
    """When one step may be done, by its actor. Instants in UTC; the last minute counts until it is over."""

    step = StringField(required=True, choices=list(STEPS))
    opens_at = DateTimeField(required=True)
    closes_at = DateTimeField(required=True)

    meta = {"strict": False}  # read also as another version of the product stored it

    def open_at(self, now):
        """Whether `now` (aware UTC) lies in the window."""
        return utc(self.opens_at) <= now < utc(self.closes_at)


class Round(Document):
    """One collection round. It opens only after the superior's order is recorded."""

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=32)
    academic_year = IntField(required=True, min_value=2500, max_value=2700)
    code = StringField(required=True, max_length=24)
    title = StringField(required=True, max_length=120)
    as_of = DateTimeField(required=True)
    windows = EmbeddedDocumentListField(Window)
    state = StringField(choices=list(STATES), default="draft")
    confirmer_certifies = BooleanField(default=False)  # a round may let the confirmer certify
    memo = StringField(max_length=4000)
    proposed_by = ObjectIdField()
    proposed_at = DateTimeField()
    order = DictField()  # number, date, text, by, by_name, at: the superior's order (สั่งการ)
    letters = DictField()  # memo, schools: number, day, by, by_name (documents/collecting/letters.py)
    opened_by = ObjectIdField()
    opened_at = DateTimeField()
    locked_by = ObjectIdField()
    locked_by_name = StringField(max_length=200)
    locked_at = DateTimeField()
    root_hash = StringField(max_length=64)
    revision = IntField(default=1)
    moves = ListField(DictField())
    history_hash = StringField(max_length=64)  # of the last of the moves, so that its loss is noticed

    meta = {
        "collection": "rounds",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "academic_year", "subsystem", "code"], "unique": True},
            {"fields": ["area_code", "subsystem", "-academic_year", "-code"]},
            {"fields": ["area_code", "-academic_year", "-code", "subsystem"]},
        ],
    }

    @property
    def label(self):
        """The ministry's own label, 2568-1."""
        return label_of(self.academic_year, self.code)

    def __str__(self):
        """As officers write it: DMC ภาคเรียนที่ 1/2568."""
        return f"{system_name(self.subsystem)} {self.title}/{self.academic_year}"

    def window(self, step):
        """The window of a step, or None when the round has none for it."""
        return next((window for window in self.windows if window.step == step), None)

    def is_past_entering(self, now=None):
        """Whether the schools' window is over: where the round is not yet open, it would open to nobody."""
        entering = self.window("enter")
        return bool(entering) and (now or clock.now()) >= utc(entering.closes_at)

    def state_at(self, now=None):
        """The state by the clock: open turns into verifying when the school's window is over."""
        if self.state == "open" and self.is_past_entering(now):
            return "verifying"
        return self.state

    @property
    def running(self):
        """Whether schools, directors and the district may still move things."""
        return self.state == "open"

    @property
    def sealed(self):
        """Whether the round is locked, or being locked at this moment."""
        return self.state in ("closing", "locked", "published")


def label_of(academic_year, code):
    """2568-1; a survey's code has its key before the number (documents/records/kinds.py)."""
    return f"{academic_year}-{code.rpartition('-')[2]}"


def system_name(subsystem):
    """What the subsystem of a round is called before its title: DMC, or that it is a survey."""
    return "แบบสำรวจ" if subsystem[:1].isdigit() else subsystem


def find_round(area_code, subsystem, academic_year, code):
    """The Round, or None."""
    return Round.objects(
        area_code=area_code, academic_year=academic_year, subsystem=subsystem, code=code
    ).first()


def rounds_at(area_code, places):
    """{(subsystem, year, code): Round} of the rounds that these, submissions or the like, are in: one question for all."""
    years = sorted({each.academic_year for each in places})
    found = Round.objects(area_code=area_code, academic_year__in=years).exclude("moves", "memo")
    return {(each.subsystem, each.academic_year, each.code): each for each in found}


def get_round(areas, id_, revision=None):
    """The Round of an id within the areas a person has; with `revision`, only as that person saw it.

    Raises Unknown for any other id, WrongState where somebody changed the round since.
    """
    found = Round.objects(area_code__in=list(areas), id=id_).first() if ObjectId.is_valid(id_ or "") else None
    if found is None:
        raise Unknown("ไม่พบรอบนี้ในเขตของท่าน กรุณาเลือกรอบจากรายการ")
    if revision is not None and str(found.revision) != str(revision):
        raise WrongState(SOMEBODY_ELSE)
    return found


def round_before(round_):
    """The Round of the same subsystem that came before this one and was opened, or None."""
    return next(iter(rounds_before(round_, 1)), None)


def rounds_before(round_, most):
    """The Rounds of the same subsystem that came before this one and were opened, the newest first."""
    earlier = {
        "$or": [
            {"academic_year": {"$lt": round_.academic_year}},
            {"academic_year": round_.academic_year, "code": {"$lt": round_.code}},
        ],
        "state": {"$nin": list(DRAFTS)},
    }
    found = Round.objects(area_code=round_.area_code, subsystem=round_.subsystem, __raw__=earlier)
    return list(found.order_by("-academic_year", "-code").limit(most))


def until_text(window):
    """'10 มิ.ย. 2568 16.30 น.': until when a window is open."""
    return buddhist.format_datetime(utc(window.closes_at))


def refuse_others(role, area_code, actor, sentence):
    """Raise NotAllowed with a sentence for whoever does not hold a role in an area."""
    if not actor.is_system and not actor.holds(role, area_code):
        raise NotAllowed(sentence)
