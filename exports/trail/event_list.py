"""The log as a workbook: a row for each changed value, what is known of its event on every one of them."""

from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("when", "เวลา", width=24),
    Column("who", "ผู้ทำ", width=24),
    Column("role", "ทำในฐานะ", width=20),
    Column("action", "การกระทำ", width=16),
    Column("about", "เรื่อง", width=22),
    Column("subject", "รายการ", width=28),
    Column("number", "ครั้งที่", cell="count", width=9),
    Column("school", "โรงเรียน", width=26),
    Column("round", "รอบ", width=10),
    Column("field", "สิ่งที่เปลี่ยน", width=26),
    Column("old", "เดิม", width=24),
    Column("new", "ใหม่", width=24),
    Column("unit", "หน่วย", width=9),
    Column("reason", "เหตุผล", width=32),
    Column("via", "ช่องทาง", width=18),
    Column("address", "จากเครื่อง", width=16),
    Column("note", "หมายเหตุ", width=28),
]


def events_file(events, title):
    """An open workbook of events in words (`views/trail/telling.py`), which are asked for as they are written."""
    rows = (row for event in events for row in _rows(event))
    return list_file(title, "บันทึกการใช้งาน", COLUMNS, rows, personal=True)


def _rows(event):
    """The rows of one event; one without values is a row too."""
    before = [event[name] for name in ("when", "who", "role", "action", "about", "subject", "number")]
    before += [event["school"], event["round"]]
    after = [event["reason"], event["via"], event["address"], _note(event)]
    for change in event["changes"] or [{}]:
        values = [change.get("label"), _text(change.get("old")), _text(change.get("new")), change.get("unit")]
        yield [*before, *values, *after]


def _note(event):
    """Why values are not told."""
    if event["erased"]:
        return "ค่าถูกลบตามกำหนดเวลาเก็บ"
    return f"ไม่แสดงค่า {event['hidden']} ช่อง" if event["hidden"] else None


def _text(value):
    return None if value is None else str(value)
