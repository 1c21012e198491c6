"""A round as its form types it and as its pages say it: windows, as-of date, and what an edit changed."""

import datetime as dt

from documents.clock import in_bangkok, midnight, utc
from documents.collecting import reminders
from documents.collecting.letters import MOVED as LETTERS
from documents.collecting.round_members import MOVED as MEMBERS
from documents.collecting.rounds import CLOSING_TIME, STEPS
from documents.errors import Invalid
from documents.formats import buddhist, days_off
from views import instants
from views.collecting.submissions import event_of

OPENING_TIME = dt.time(0)
MOVED = {
    "draft": "สร้างร่าง", "proposed": "เสนอผู้บังคับบัญชา", "open": "เปิดรับข้อมูล", "closing": "เริ่มล็อกรอบ",
    "locked": "ล็อกรอบ", "published": "เผยแพร่",
}  # fmt: skip


def windows_in_words(round_, now):
    """[{step, who, opens, closes, left, state, day_off}] of a round's windows; state is 'done', 'now' or ''."""
    rows = []
    for window in round_.windows:
        opens, closes = utc(window.opens_at), utc(window.closes_at)
        state = "done" if now >= closes else "now" if now >= opens else ""
        what, who = STEPS[window.step]
        rows.append({"step": what, "who": who, "opens": reminders.opening_words(window),
                     "closes": buddhist.format_datetime(closes), "state": state,
                     "left": instants.left(closes, now) if state == "now" else "",
                     "day_off": state != "done" and days_off.said_of_day(in_bangkok(closes).date())})  # fmt: skip
    return rows


def typed_of(round_):
    """A round's windows and as-of date as the form's fields hold them."""
    typed = {"as_of": buddhist.format_date(round_.as_of), "revision": round_.revision}
    typed["confirmer_certifies"] = "1" if round_.confirmer_certifies else ""
    for window in round_.windows:
        typed |= {
            f"{window.step}_opens": instants.day_of(window.opens_at),
            f"{window.step}_opens_time": instants.time_of(window.opens_at),
            f"{window.step}_closes": instants.day_of(window.closes_at),
            f"{window.step}_closes_time": instants.time_of(window.closes_at),
        }
    return typed


def read_windows(form):
    """({step: (opens, closes)}, as-of datetime) of the posted form; a step with both days empty is left out.

    Raises Invalid, by field, for what cannot be read.
    """
    windows, wrong = {}, {}
    for step in STEPS:
        ends = {}
        for end, default in (("opens", OPENING_TIME), ("closes", CLOSING_TIME)):
            name = f"{step}_{end}"
            try:
                ends[end] = instants.read_instant(form.get(name, ""), form.get(f"{name}_time", ""), default)
            except ValueError as error:
                wrong[name] = str(error)
        if len(ends) == 2 and (ends["opens"] or ends["closes"]):
            for end, typed in ends.items():
                if typed is None:
                    wrong[f"{step}_{end}"] = "กรุณากรอกวันเริ่มและวันสิ้นสุดให้ครบ"
            windows[step] = (ends["opens"], ends["closes"])
    as_of = None
    try:
        as_of = read_day(form.get("as_of"), "as_of")
    except Invalid as error:
        wrong |= error.errors[0]
    if wrong:
        raise Invalid({0: wrong})
    return windows, as_of


def read_day(text, name):
    """A typed day as a naive midnight, as days are stored; raises Invalid under the field's name."""
    try:
        day = buddhist.parse_date(text or "")
    except ValueError as error:
        raise Invalid({0: {name: str(error)}}) from error
    return midnight(day)


def round_event(row):
    """One row of a round's list of moves, as the timeline draws it."""
    event = event_of(row | {"name": ""})
    same = row.get("from") == row.get("to")
    member = next((MEMBERS[name] for name in row.get("changes") or {} if name in MEMBERS), None)
    letter = next((name for name in row.get("changes") or {} if name in LETTERS), None)
    title = (
        member
        if member
        else LETTERS[letter]
        if letter
        else "แก้กำหนดเวลา"
        if same and row.get("changes")
        else "บันทึกการสั่งการ"
        if same
        else MOVED.get(row["to"], row["to"])
    )
    words = {name: what for name, (what, _) in STEPS.items()} | {
        "as_of": "ข้อมูล ณ วันที่",
        "confirmer_certifies": "ผู้ยืนยันรับรองเองได้",
        **dict.fromkeys(MEMBERS, "หน่วยงาน"),
        **dict.fromkeys(LETTERS, "เลขที่หนังสือ"),
    }
    changes = [
        {"label": words.get(name, name), "old": _said(old), "new": _said(new)}
        for name, (old, new) in (row.get("changes") or {}).items()
    ]
    reason = None if row.get("to") == "proposed" else event["reason"]  # a memo, which the page shows whole
    return event | {"title": title, "changes": changes, "system": same, "reason": reason}


def _said(value):
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " – ".join(buddhist.format_datetime(each) for each in value)
    if isinstance(value, bool):
        return "ใช่" if value else "ไม่ใช่"
    return buddhist.format_long(value) if value else "ไม่มี"
