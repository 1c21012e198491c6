"""What the letters of a round say (ข้อความในหนังสือราชการ): made from the round each time, in words for paper."""

import re
from dataclasses import dataclass

from documents.clock import utc
from documents.collecting import reminders
from documents.collecting.letters import MEMO
from documents.collecting.reminders import title_of
from documents.collecting.rounds import STEPS
from documents.district.schools import Area, School
from documents.formats import buddhist
from documents.people.users import User

GROUP = "กลุ่มนโยบายและแผน กลุ่มงานข้อมูลสารสนเทศ"
BLANK = "." * 30
GREETING = re.compile(r"^(เรื่อง|เรียน)\s+(.*)$")


@dataclass(frozen=True)
class Letter:
    """One letter as it is set: all texts in Arabic digits, the exports write them in Thai ones."""

    kind: str
    office: str  # ส่วนราชการ
    address: str
    phone: str
    number: str
    day: str  # '5 มิถุนายน 2568', dots where it has none yet
    subject: str
    to: str
    reference: str  # อ้างถึง; '' for none
    paragraphs: tuple
    windows: tuple  # (what, who, from when until when)
    closing: tuple  # the last paragraphs
    farewell: str  # 'ขอแสดงความนับถือ' of a letter
    signer: str
    post: str
    group: str

    @property
    def is_memo(self):
        """Whether it is the memo within the office."""
        return self.kind == MEMO


def letter_of(round_, kind, writer=None):
    """The Letter of a round; `writer` (a User) signs a memo that nobody has proposed yet."""
    area = Area.objects(code=round_.area_code).get()
    unit = School.objects(area_code=round_.area_code, kind="office").only("address", "phone").first()
    kept = (round_.letters or {}).get(kind, {})
    day = kept.get("day")
    about = {
        "kind": kind,
        "office": area.name,
        "address": (unit and unit.address) or "",
        "phone": (unit and unit.phone) or "",
        "number": kept.get("number") or "",
        "day": buddhist.format_long(day) if day else BLANK,
        "windows": tuple(_windows(round_)),
        "group": GROUP,
    }
    return Letter(**about, **(_memo(round_, area, writer) if kind == MEMO else _to_schools(round_, area)))


def _windows(round_):
    for window in round_.windows:
        what, who = STEPS[window.step]
        until = buddhist.format_datetime(utc(window.closes_at))
        yield what, who, f"{reminders.opening_words(window)} – {until}"


def _memo(round_, area, writer):
    """The parts of the memo: what the officer wrote when he proposed, else what he is offered to write."""
    heads, body = _parts(round_.memo or reminders.memo_text(round_, area.name))
    proposer = User.objects(id=round_.proposed_by).first() if round_.proposed_by else writer
    body = [line for line in body if not line.startswith("- ")]  # the windows stand in a table
    last = body[-1:] if body and body[-1].startswith("จึง") else ["จึงเรียนมาเพื่อทราบและพิจารณาสั่งการ"]
    return {
        "subject": heads.get("เรื่อง") or f"ขอความเห็นชอบการจัดเก็บข้อมูล {title_of(round_)}",
        "to": heads.get("เรียน") or f"ผู้อำนวยการ{area.name}",
        "reference": "",
        "paragraphs": tuple(line for line in body if line not in last),
        "closing": tuple(last),
        "farewell": "",
        "signer": proposer.name if proposer else "",
        "post": (proposer.position or "") if proposer else "",
    }


def _parts(text):
    """({'เรื่อง': ..., 'เรียน': ...}, the other lines that say something) of a memo as it was typed."""
    heads, body = {}, []
    for line in filter(None, map(str.strip, text.split("\n"))):
        found = GREETING.match(line)
        if found and not body:
            heads[found[1]] = found[2]
        else:
            body.append(line)
    return heads, body


def _to_schools(round_, area):
    order = round_.order or {}
    superior = User.objects(id=order["by"]).first() if order.get("by") else None
    what = title_of(round_)
    return {
        "subject": f"การจัดเก็บข้อมูล {what}",
        "to": "ผู้อำนวยการโรงเรียนในสังกัดทุกโรงเรียน",
        "reference": order.get("number") or "",
        "paragraphs": (
            f"ด้วย{area.name} กำหนดให้โรงเรียนในสังกัดรายงานข้อมูล {what} ข้อมูล ณ วันที่ {buddhist.format_long(round_.as_of)} "
            "เพื่อใช้ในการวางแผนและบริหารจัดการศึกษา โดยมีกำหนดการดังนี้",
        ),
        "closing": (
            f"ทั้งนี้ ขอให้โรงเรียนบันทึก ตรวจสอบความถูกต้องครบถ้วน ยืนยันและรับรองข้อมูลภายในกำหนด หากมีปัญหาให้ติดต่อ{GROUP}",
            "จึงเรียนมาเพื่อทราบและดำเนินการ",
        ),
        "farewell": "ขอแสดงความนับถือ",
        "signer": superior.name if superior else "",
        "post": f"ผู้อำนวยการ{area.name}",
    }
