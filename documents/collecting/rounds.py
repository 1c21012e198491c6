"""Rounds (รอบการจัดเก็บข้อมูล): one subsystem, one academic year, one code, and the windows of its steps."""

import datetime as dt
import json
from pathlib import Path

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

from documents import clock, subsystems
from documents.clock import naive, utc
from documents.database import collection
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import buddhist
from documents.notifying import notice_rules
from documents.records.cases import follow_on
from documents.records.declarations import documents_in
from documents.trail.refusals import noting_refusals

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
TEMPLATES = Path(__file__).parent.parent / "seeds" / "round_templates.json"


class Window(EmbeddedDocument):
    """When one step may be done, by its actor. Instants in UTC; the last minute counts until it is over."""

    step = StringField(required=True, choices=list(STEPS))
    opens_at = DateTimeField(required=True)
    closes_at = DateTimeField(required=True)

    meta = {"strict": False}  # read also as another version of the product stored it

    def open_at(self, now):
        """Whether `now` (aware UTC) lies in the window."""
        return utc(self.opens_at) <= now < utc(self.closes_at)


class RoundTemplate(Document):
    """The standing calendar of a round, from which each year's round is made. Source: domain.md 2.1, data not law.

    Days are [month, day, years after the academic year]; windows are {step: [first day, last day]}.
    """

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=32)
    code = StringField(required=True, max_length=2)
    title = StringField(required=True, max_length=120)
    title_en = StringField(max_length=120)
    as_of = ListField(IntField())
    windows = DictField()

    meta = {
        "collection": "round_templates",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "subsystem", "code"], "unique": True}],
    }


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

    def state_at(self, now=None):
        """The state by the clock: open turns into verifying when the school's window is over."""
        entering = self.window("enter")
        if self.state == "open" and entering and (now or clock.now()) >= utc(entering.closes_at):
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
    """2568-1; a survey's code has its key before the number (documents/records/surveys.py)."""
    return f"{academic_year}-{code.rpartition('-')[2]}"


def system_name(subsystem):
    """What the subsystem of a round is called before its title: DMC, or that it is a survey."""
    return "แบบสำรวจ" if subsystem[:1].isdigit() else subsystem


def find_round(area_code, subsystem, academic_year, code):
    """The Round, or None."""
    return Round.objects(
        area_code=area_code, academic_year=academic_year, subsystem=subsystem, code=code
    ).first()


def get_round(areas, id_, revision=None):
    """The Round of an id within the areas a person has; with `revision`, only as that person saw it.

    Raises OutOfScope for any other id, WrongState where somebody changed the round since.
    """
    found = Round.objects(area_code__in=list(areas), id=id_).first() if ObjectId.is_valid(id_ or "") else None
    if found is None:
        raise OutOfScope("ไม่พบรอบนี้ในเขตของท่าน กรุณาเลือกรอบจากรายการ")
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


def templates_of(area_code, subsystem=None):
    """The area's RoundTemplates, by subsystem and code; the standing calendar stands in for those not stored.

    Those of subsystems that have no document are left out: a round of nothing cannot be reported.
    """
    known = {document.subsystem for document in subsystems()}
    found = {(each.subsystem, each.code): each for each in RoundTemplate.objects(area_code=area_code)}
    for row in _standing_calendar():
        found.setdefault((row["subsystem"], row["code"]), RoundTemplate(area_code=area_code, **row))
    return [found[key] for key in sorted(found) if key[0] in known and subsystem in (None, key[0])]


def _standing_calendar():
    return json.loads(TEMPLATES.read_text("utf-8"))["templates"]


def seed_templates(area_code):
    """Store the standing calendar an area does not have yet; what an officer changed stays. Gives back how many."""
    made = 0
    for row in _standing_calendar():
        key = {"area_code": area_code, "subsystem": row["subsystem"], "code": row["code"]}
        done = collection(RoundTemplate).update_one(key, {"$setOnInsert": row | key}, upsert=True)
        made += done.upserted_id is not None
    return made


def make_rounds(area_code, subsystem, academic_year, actor):
    """Make the year's rounds from the area's templates, as drafts; those already there are left alone.

    Gives back the new rounds. Raises NotAllowed for anyone but a district officer.
    """
    _only("district", area_code, actor, "เฉพาะเจ้าหน้าที่เขตเท่านั้นที่สร้างรอบได้")
    made = []
    for template in templates_of(area_code, subsystem):
        if not find_round(area_code, subsystem, academic_year, template.code):
            made.append(from_template(template, academic_year).save(force_insert=True))
    return made


def from_template(template, academic_year):
    """An unsaved draft Round of the year, its windows ending at 16.30 of their last day."""
    windows = [
        Window(
            step=step, opens_at=_instant(first, academic_year), closes_at=_instant(last, academic_year, True)
        )
        for step, (first, last) in template.windows.items()
    ]
    month, day, later = template.as_of
    return Round(
        area_code=template.area_code,
        subsystem=template.subsystem,
        academic_year=academic_year,
        code=template.code,
        title=template.title,
        as_of=dt.datetime(academic_year - 543 + later, month, day),  # noqa: DTZ001  a day has no zone
        windows=windows,
    )


def _instant(day, academic_year, closing=False):
    month, day_of_month, later = day
    return instant_of(dt.date(academic_year - 543 + later, month, day_of_month), closing)


def instant_of(day, closing=False):
    """When a day begins in Bangkok (closing: 16.30 of it), as MongoDB keeps it."""
    return naive(dt.datetime.combine(day, CLOSING_TIME if closing else dt.time(0), clock.BANGKOK))


@noting_refusals(3)
def set_windows(round_, windows, as_of, actor, reason=None, confirmer_certifies=None):
    """Change the windows and the as-of date of a round that is not locked; a move row tells who, why and what.

    `windows` is {step: (aware opens, aware closes)}; `confirmer_certifies` None leaves that as it is.
    Raises Invalid, by step, where an end lies before its start or a step cannot be; a reason is asked for
    once the superior's order is recorded.
    """
    _only("district", round_.area_code, actor, "เฉพาะเจ้าหน้าที่เขตเท่านั้นที่แก้กำหนดเวลาของรอบได้")
    if round_.state not in EDITABLE:
        raise WrongState(f"รอบ {round_.label} {STATES[round_.state]} จึงแก้กำหนดเวลาไม่ได้")
    wrong = _wrong_windows(windows)
    if round_.order and not (reason or "").strip():
        wrong["reason"] = "ผู้บังคับบัญชาสั่งการรอบนี้แล้ว โปรดระบุเหตุผลที่แก้กำหนดเวลา"
    if wrong:
        raise Invalid({0: wrong})
    rows = [
        {"step": step, "opens_at": naive(windows[step][0]), "closes_at": naive(windows[step][1])}
        for step in STEPS
        if step in windows
    ]
    certifies = round_.confirmer_certifies if confirmer_certifies is None else confirmer_certifies
    return change_state(
        round_, round_.state, actor, reason or "แก้กำหนดเวลา", noted=_changed_windows(round_, rows, as_of, certifies),
        windows=rows, as_of=as_of, confirmer_certifies=certifies,
    )  # fmt: skip


def _wrong_windows(windows):
    """{step: sentence} of what is wrong with windows; domain.md 2.3: an end before its start is refused on entry."""
    wrong = {step: "วันสิ้นสุดต้องไม่ก่อนวันเริ่มต้น" for step, (first, last) in windows.items() if last <= first}
    wrong |= {step: "ไม่มีขั้นตอนนี้" for step in windows if step not in STEPS}
    if "enter" not in windows:
        wrong["enter"] = "ต้องกำหนดช่วงเวลาที่โรงเรียนบันทึกและยืนยันข้อมูล"
    elif "verify" in windows and "verify" not in wrong and windows["verify"][1] < windows["enter"][1]:
        wrong["verify"] = "ช่วงตรวจสอบของเขตต้องไม่สิ้นสุดก่อนช่วงบันทึกของโรงเรียน"
    return wrong


def _changed_windows(round_, rows, as_of, certifies):
    """{name: [old, new]} of what an edit of a round changes; plain values."""
    old = {window.step: [window.opens_at, window.closes_at] for window in round_.windows}
    new = {row["step"]: [row["opens_at"], row["closes_at"]] for row in rows}
    pairs = {step: [old.get(step), new.get(step)] for step in STEPS}
    pairs |= {"as_of": [round_.as_of, as_of], "confirmer_certifies": [round_.confirmer_certifies, certifies]}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@noting_refusals(1)
def propose(round_, actor, memo):
    """เสนอผู้บังคับบัญชา: the district officer lays the draft before the superior."""
    _only("district", round_.area_code, actor, "เฉพาะเจ้าหน้าที่เขตเท่านั้นที่เสนอรอบได้")
    _from(round_, "draft")
    from documents.records.surveys import refuse_retired

    refuse_retired(round_.subsystem)
    if not round_.window("enter"):
        raise Invalid({0: {"windows": "ยังไม่ได้กำหนดช่วงเวลา กรุณากำหนดวันเปิดและปิดก่อนเสนอ"}})
    if not (memo or "").strip():
        raise Invalid({0: {"memo": "โปรดพิมพ์ข้อความเสนอผู้บังคับบัญชา"}})
    return change_state(
        round_, "proposed", actor, memo, memo=memo, proposed_by=actor.id, proposed_at=naive(clock.now())
    )


@noting_refusals(1)
def record_order(round_, actor, number, day, text):
    """สั่งการ: the superior's order, by the superior or recorded for him; the round may then be opened."""
    _only("executive", round_.area_code, actor, "เฉพาะผู้บังคับบัญชาเท่านั้นที่บันทึกคำสั่งการได้")
    _from(round_, "proposed")
    if not (text or "").strip():
        raise Invalid({0: {"text": "โปรดระบุข้อความสั่งการ"}})
    order = {"number": number, "day": day, "text": text, "by": actor.id, "by_name": actor.name}
    return change_state(round_, "proposed", actor, text, order=order | {"at": naive(clock.now())})


@noting_refusals(1)
def open_round(round_, actor):
    """เปิดรอบ: the approver opens the round after the order; its schools are fixed at this moment."""
    from documents.collecting.submissions import prepare_submissions

    _only("approver", round_.area_code, actor, "เฉพาะผู้รับรองระดับเขตเท่านั้นที่เปิดรอบได้")
    _from(round_, "proposed")
    if not round_.order:
        raise WrongState("ยังเปิดรอบไม่ได้ เพราะผู้บังคับบัญชายังไม่ได้สั่งการ กรุณาเสนอและรอคำสั่งการก่อน")
    if any(document.needs_added and not document.added for document in documents_in(round_)):
        raise WrongState("ยังเปิดรอบไม่ได้ เพราะแบบสำรวจนี้ไม่มีช่องคำถามในปีการศึกษานี้ กรุณาให้ผู้ดูแลระบบเพิ่มช่องก่อน")
    prepare_submissions(round_)
    return change_state(round_, "open", actor, None, opened_by=actor.id, opened_at=naive(clock.now()))


@noting_refusals(1)
def publish(round_, actor):
    """เผยแพร่: a locked round's figures may be shown to the public."""
    _only("approver", round_.area_code, actor, "เฉพาะผู้รับรองระดับเขตเท่านั้นที่เผยแพร่รอบได้")
    _from(round_, "locked")
    return change_state(round_, "published", actor, None)


def change_state(round_, state, actor, reason, noted=None, **also):
    """One conditional update on the state and revision as read; the move is pushed, chained, in the same update.

    `noted` is {name: [old, new]}, kept in the row of the move. Raises WrongState when somebody else moved the
    round meanwhile. Gives back the fresh Round.
    """
    row = {
        "from": round_.state,
        "to": state,
        "at": naive(clock.now()),
        "by": actor.id,
        "by_name": actor.name,
        "reason": reason,
    } | ({"changes": noted} if noted else {})
    row = follow_on(round_, row)
    done = collection(Round).update_one(
        {"_id": round_.id, "area_code": round_.area_code, "state": round_.state, "revision": round_.revision},
        {
            "$set": {"state": state, "history_hash": row["hash"]} | also,
            "$inc": {"revision": 1},
            "$push": {"moves": row},
        },
    )
    if not done.modified_count:
        raise WrongState(SOMEBODY_ELSE)
    fresh = Round.objects(area_code=round_.area_code, id=round_.id).get()
    notice_rules.after_round(fresh, round_)
    return fresh


def until_text(window):
    """'10 มิ.ย. 2568 16.30 น.': until when a window is open."""
    return buddhist.format_datetime(utc(window.closes_at))


def _only(role, area_code, actor, sentence):
    if not actor.is_system and not actor.holds(role, area_code):
        raise NotAllowed(sentence)


def _from(round_, state):
    if round_.state != state:
        raise WrongState(f"รอบ {round_.label} อยู่ในสถานะ “{STATES[round_.state]}” จึงทำขั้นตอนนี้ไม่ได้")
