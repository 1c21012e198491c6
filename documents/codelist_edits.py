"""Editing code lists (แก้ไขรหัสมาตรฐาน): an area's admin adds values, renames, arranges and retires them for given years.

Every edit holds for that area alone, is one conditional update on the version that was seen, and is noted in the
chained history in the same transaction. A value of the product is never deleted; one that the area added only while
no record holds it. What a lock froze keeps its words.
"""

import re

from bson import ObjectId

from documents import codelists, thai
from documents.codelists import AreaList, code_list
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed
from documents.history import naive_now, note_event
from documents.refusals import noting_refusals

NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")
CODE_SAYS = "รหัสใช้ตัวอักษรอังกฤษ ตัวเลข ขีดกลาง หรือขีดล่าง ไม่เกิน 20 ตัว ไม่มีช่องว่างหรือเครื่องหมายอื่น"
LONGEST_LABEL = 100
MOST_VALUES = 1000


def may_edit(actor, area_code):
    """Whether this person edits the area's code lists."""
    return actor.is_system or actor.holds("admin", area_code)


@noting_refusals(5)
def new_list(area_code, name, title, values, source, actor, reason=None, title_en=None):
    """Make a list that the area alone has; gives back its Codes.

    `values` are labels, or dicts with `label` and what else an entry has (code, label_en, short); one without a code
    gets the next number. Raises NotAllowed, or Invalid with {"name" or "title" or "values": sentence}.
    """
    _only_admin(actor, area_code)
    wrong = {}
    title = thai.clean(title)
    if not NAME.fullmatch(name or ""):
        wrong["name"] = "รหัสรายการใช้อักษรอังกฤษตัวใหญ่ ตัวเลข และขีดล่าง 2–40 ตัว ขึ้นต้นด้วยตัวอักษร"
    elif name in codelists.names() or _is_taken(area_code, name):
        wrong["name"] = f"มีรายการรหัส {name} อยู่แล้ว กรุณาใช้รหัสอื่น"
    if not 0 < len(title) <= LONGEST_LABEL:
        wrong["title"] = f"โปรดพิมพ์ชื่อรายการ ไม่เกิน {LONGEST_LABEL} ตัวอักษร"
    rows, problem = rows_of(values)
    if problem:
        wrong["values"] = problem
    if wrong:
        raise Invalid({0: wrong})
    made = {
        "_id": ObjectId(), "area_code": area_code, "name": name, "title": title, "title_en": thai.clean(title_en),
        "source": thai.clean(source), "version": 1, "entries": rows, **_by(actor),
    }  # fmt: skip
    told = {"title": [None, title], "values": [None, ", ".join(row["label"] for row in rows)]}

    def work():
        collection(AreaList).insert_one(dict(made))
        _note(made, actor, "create", told, reason)

    in_transaction(work)
    codelists.forget()
    with codelists.of_area(area_code):
        return code_list(name)


def rows_of(values):
    """([row of each value], a sentence of what is wrong or None); codes that are not given are numbered."""
    given = [{"label": each} if isinstance(each, str) else dict(each) for each in values]
    rows = [
        {**each, "label": thai.clean(each.get("label")), "code": thai.clean(each.get("code"))}
        for each in given
    ]
    if not rows:
        return [], "โปรดใส่ค่าอย่างน้อยหนึ่งค่า"
    if len(rows) > MOST_VALUES:
        return [], f"รายการหนึ่งมีได้ไม่เกิน {MOST_VALUES:,} ค่า"
    taken, words = {row["code"] for row in rows if row["code"]}, set()
    for row in rows:
        row["code"] = row["code"] or next_code(taken)
        taken.add(row["code"])
        if problem := wrong_words(row["label"]) or wrong_code(row["code"]):
            return [], problem
        if codelists.plain(row["label"]) in words:
            return [], f"มีค่า “{row['label']}” ซ้ำกัน"
        words.add(codelists.plain(row["label"]))
    if len(taken) < len(rows):
        return [], "มีรหัสซ้ำกันในรายการ"
    return [_present(row) | {"added": True} for row in rows], None


def next_code(taken):
    """The number after the largest among codes, as wide as that one."""
    numbers = [code for code in taken if code.isascii() and code.isdigit()]
    widest = max(map(len, numbers), default=2)
    return str(max(map(int, numbers), default=0) + 1).zfill(widest)


def wrong_code(code):
    """What is wrong with a code, in a sentence; None for nothing."""
    return None if CODE.fullmatch(code or "") else CODE_SAYS


def wrong_words(label):
    """What is wrong with a label, in a sentence; None for nothing."""
    if not label:
        return "โปรดพิมพ์คำของค่านี้"
    if len(label) > LONGEST_LABEL:
        return f"คำยาวได้ไม่เกิน {LONGEST_LABEL} ตัวอักษร"
    if not codelists.plain(label) or label in ("-", "–", "—"):
        return "คำนี้อ่านไม่ได้ โปรดพิมพ์เป็นตัวอักษรหรือตัวเลข"
    return None


def _present(row):
    return {name: value for name, value in row.items() if value not in (None, "", [], ())}


def _is_taken(area_code, name):
    asked = {"area_code": area_code, "name": name}
    return collection(AreaList).find_one(asked, {"_id": 1}) is not None or (
        collection(codelists.CodeList).find_one({"_id": name}, {"_id": 1}) is not None
    )


def _only_admin(actor, area_code):
    if not may_edit(actor, area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบของเขตเท่านั้นที่แก้ไขรหัสมาตรฐานได้")


def _by(actor):
    return {"updated_at": naive_now(), "updated_by": actor.id, "updated_by_name": actor.name}


def _note(own, actor, action, changes, reason):
    """Note an edit in the chained history of the area's list."""
    note_event(
        own["area_code"], actor, action, "codelists", own["_id"], changes, reason, headline=own["name"]
    )
