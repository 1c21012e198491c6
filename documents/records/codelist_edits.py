"""Editing code lists (แก้ไขรหัสมาตรฐาน): an area's admin adds values, renames, arranges and retires them for given years.

Every edit holds for that area alone, is one conditional update on the version that was seen, and is noted in the
chained history in the same transaction. A value of the product is never deleted; one that the area added only while
no record holds it. What a lock froze keeps its words.
"""

import re

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.records import codelists
from documents.records.codelist_uses import said_of, uses_of
from documents.records.codelists import AreaList, code_list
from documents.records.codes import PlaceCodes, plain
from documents.records.declarations import count_up
from documents.trail.history import naive_now, note_event
from documents.trail.refusals import noting_refusals

NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")
CODE_SAYS = "รหัสใช้ตัวอักษรอังกฤษ ตัวเลข ขีดกลาง หรือขีดล่าง ไม่เกิน 20 ตัว ไม่มีช่องว่างหรือเครื่องหมายอื่น"
LONGEST_LABEL = 100
LONGEST_REASON = 500
SOMEBODY_ELSE = "มีผู้อื่นแก้ไขรายการนี้ก่อนหน้าท่าน กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง"
# Lists whose codes the rules count by: their words may be changed, their values not added to or retired.
FIXED = ("GRADE", "SEX", "STATUS", "ID_TYPE", "YEAR_RESULT", "LEAVE")
FIXED_SAYS = "ค่าของรายการนี้ผูกกับกติกาการนับของระบบ จึงเปลี่ยนคำได้ แต่เพิ่มหรือเลิกใช้ค่าไม่ได้"
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
        count_up()
        _note(made, actor, "create", told, reason)

    in_transaction(work)
    codelists.forget()
    with codelists.of_area(area_code):
        return code_list(name)


# ---- one value ----


@noting_refusals(2)
def add_value(area_code, name, actor, values, reason, seen):
    """Add a value to a list: `values` are label, label_en, short, code (numbered where it is blank), parent, since.

    `seen` is the version of the area's list that the person saw (`version_of`). Raises NotAllowed, WrongState where
    somebody edited since, Invalid with {field: sentence}.
    """
    codes = _open_to(area_code, name, actor)
    row = {key: thai.clean(values.get(key)) for key in ("label", "label_en", "short", "parent")}
    row["code"] = thai.clean(values.get("code")) or next_code(codes.codes)
    row |= {"since": values.get("since"), "added": True}
    wrong = _wrong_label(codes, row) | _wrong_parent(codes, row) | _wrong_reason(reason)
    if name in FIXED:
        wrong["label"] = FIXED_SAYS
    if said := wrong_code(row["code"]):
        wrong["code"] = said
    elif row["code"] in codes.codes:
        wrong["code"] = f"มีรหัส {row['code']} อยู่แล้ว: {codes.label(row['code'])}"
    if len(codes.codes) >= MOST_VALUES:
        wrong["label"] = f"รายการหนึ่งมีได้ไม่เกิน {MOST_VALUES:,} ค่า"
    if wrong:
        raise Invalid({0: wrong})

    def change(own):
        own["entries"].append(_present(row))
        if own["order"]:
            own["order"].append(row["code"])

    _edit(area_code, name, actor, reason, seen, change, "add", row["code"], {"label": [None, row["label"]]})
    return row["code"]


@noting_refusals(3)
def change_value(area_code, name, code, actor, values, reason, seen):
    """Rename a value, or retire it from a year on: `values` are label, label_en, short, retired_from (None: in use).

    The old word is still understood in files. A value is not retired from a year of which a round that is not locked
    holds it. Raises as `add_value` does.
    """
    codes = _open_to(area_code, name, actor)
    entry = codes.entry(code)
    if entry is None:
        raise OutOfScope("ไม่พบค่านี้ในรายการ กรุณาเปิดหน้านี้ใหม่")
    new = {key: thai.clean(values.get(key)) for key in ("label", "label_en", "short")}
    new["short"] = new["short"] or new["label"]
    new["retired_from"] = values.get("retired_from")
    changed = {
        key: [getattr(entry, key), value] for key, value in new.items() if value != getattr(entry, key)
    }
    wrong = _wrong_label(codes, new | {"code": code}) | _wrong_reason(reason)
    if "retired_from" in changed and (said := _refuse_to_retire(area_code, codes, code, new["retired_from"])):
        wrong["retired_from"] = said
    if wrong:
        raise Invalid({0: wrong})
    if not changed:
        return

    def change(own):
        row = next((each for each in own["entries"] if each["code"] == code), None)
        if row is None:
            row = {"code": code}
            own["entries"].append(row)
        row |= {key: value for key, (_, value) in changed.items()}
        if "label" in changed:
            known = [*row.get("synonyms", entry.synonyms), entry.label]
            row["synonyms"] = [word for word in dict.fromkeys(known) if word != new["label"]]

    deed = "retire" if new["retired_from"] is not None and "retired_from" in changed else "update"
    _edit(area_code, name, actor, reason, seen, change, deed, code, changed)


@noting_refusals(3)
def move_value(area_code, name, code, actor, up, seen):
    """Move a value one place up or down in the order shown. Raises as `add_value` does."""
    codes = _open_to(area_code, name, actor)
    order = list(codes.codes)
    if code not in order:
        raise OutOfScope("ไม่พบค่านี้ในรายการ กรุณาเปิดหน้านี้ใหม่")
    at = order.index(code)
    to = max(at - 1, 0) if up else min(at + 1, len(order) - 1)
    if to == at:
        return
    order.insert(to, order.pop(at))
    told = {"place": [at + 1, to + 1]}
    _edit(area_code, name, actor, None, seen, lambda own: own.update(order=order), "move", code, told)


@noting_refusals(3)
def remove_value(area_code, name, code, actor, reason, seen):
    """Take away a value that the area added, while no record holds it. Raises as `add_value` does."""
    codes = _open_to(area_code, name, actor)
    own = own_of(area_code, name)
    if not any(row["code"] == code and row.get("added") for row in own["entries"]):
        raise Invalid({0: {"code": "ค่านี้เป็นค่ามาตรฐาน ลบไม่ได้ ให้เลิกใช้ตั้งแต่ปีที่ต้องการแทน"}})
    if said := said_of(uses_of(area_code, name, code)):
        raise Invalid({0: {"code": f"ลบไม่ได้ เพราะ{said} ให้เลิกใช้ตั้งแต่ปีที่ต้องการแทน"}})
    if len(codes.codes) == 1:
        raise Invalid({0: {"code": "เป็นค่าสุดท้ายของรายการ จึงลบไม่ได้"}})
    if wrong := _wrong_reason(reason):
        raise Invalid({0: wrong})

    def change(own):
        own["entries"] = [row for row in own["entries"] if row["code"] != code]
        own["order"] = [each for each in own["order"] if each != code]

    _edit(area_code, name, actor, reason, seen, change, "remove", code, {"label": [codes.label(code), None]})


def own_of(area_code, name):
    """What the area has of its own in a list, as stored; version 0 before its first edit."""
    found = collection(AreaList).find_one({"area_code": area_code, "name": name})
    fresh = {"area_code": area_code, "name": name, "version": 0}
    return {"entries": [], "order": []} | (found or fresh)


def version_of(area_code, name):
    """The version of what the area has of its own in a list: what a page sends back as seen."""
    return own_of(area_code, name)["version"]


def _edit(area_code, name, actor, reason, seen, change, deed, code, told):
    """Make one edit of the area's list where its version is the one seen, and note it."""

    def work():
        own = own_of(area_code, name)
        if own["version"] != seen:
            raise WrongState(SOMEBODY_ELSE)
        change(own)
        kept = {key: own[key] for key in ("entries", "order")} | _by(actor)
        if own["version"] == 0:
            own["_id"] = ObjectId()
            key = {"_id": own["_id"], "area_code": area_code, "name": name, "version": 1}
            collection(AreaList).insert_one(key | kept)
        else:
            asked = {"_id": own["_id"], "area_code": area_code, "version": seen}
            done = collection(AreaList).update_one(asked, {"$set": kept, "$inc": {"version": 1}})
            if not done.matched_count:
                raise WrongState(SOMEBODY_ELSE)
        count_up()  # a rule may name the value (check_rules.py), and its English is said on pages
        _note(own, actor, deed, {"code": [None, code]} | told, reason)

    try:
        in_transaction(work)
    except DuplicateKeyError:
        raise WrongState(SOMEBODY_ELSE) from None
    codelists.forget()


def _open_to(area_code, name, actor):
    """The Codes of a list that this person edits for the area. Raises NotAllowed, OutOfScope."""
    _only_admin(actor, area_code)
    with codelists.of_area(area_code):
        try:
            codes = code_list(name)
        except KeyError:
            raise OutOfScope("ไม่พบรายการนี้ กรุณาเลือกจากรายการ") from None
    if isinstance(codes, PlaceCodes):
        raise NotAllowed("ทะเบียนพื้นที่มาจากกรมการปกครอง แก้ไขที่นี่ไม่ได้")
    return codes


def _wrong_label(codes, row):
    """{field: sentence} of the words of a value: there, readable, and no other value's."""
    wrong = {}
    if said := wrong_words(row["label"]):
        wrong["label"] = said
    for field in ("short", "label_en"):
        if len(row.get(field) or "") > LONGEST_LABEL:
            wrong[field] = f"คำยาวได้ไม่เกิน {LONGEST_LABEL} ตัวอักษร"
    meant = plain(row["label"])
    for entry in codes.entries.values():
        same_parent = not row.get("parent") or entry.parent == row["parent"]
        if not wrong and entry.code != row["code"] and same_parent and meant in _readings(entry):
            wrong["label"] = f"มีค่านี้อยู่แล้ว: รหัส {entry.code} {entry.label}"
    return wrong


def _readings(entry):
    return {plain(word) for word in (entry.label, entry.short, entry.code, *entry.synonyms)}


def _wrong_parent(codes, row):
    parents = {entry.parent for entry in codes.entries.values()} - {None}
    if codes.parents:
        parents = set(code_list(codes.parents).codes)
    if parents and row["parent"] not in parents:
        return {"parent": "กรุณาเลือกว่าอยู่ในกลุ่มใด"}
    return {}


def _wrong_reason(reason):
    given = thai.clean(reason)
    if not given:
        return {"reason": "โปรดระบุเหตุผล เพื่อให้ผู้อื่นทราบว่าแก้เพราะอะไร"}
    return {"reason": f"เหตุผลยาวได้ไม่เกิน {LONGEST_REASON} ตัวอักษร"} if len(given) > LONGEST_REASON else {}


def _refuse_to_retire(area_code, codes, code, year):
    """Why a value cannot be retired from a year on, in a sentence; None where it can."""
    if year is None:
        return None
    if codes.name in FIXED:
        return FIXED_SAYS
    left = [other for other, _ in codes.choices_in(year) if other != code]
    if not left:
        return "เป็นค่าสุดท้ายที่เลือกได้ จึงเลิกใช้ไม่ได้"
    if said := said_of(uses_of(area_code, codes.name, code, year, running=True)):
        return f"ยังเลิกใช้ไม่ได้ เพราะ{said} กรุณาเปลี่ยนค่าในรายการเหล่านั้นก่อน หรือเลิกใช้ตั้งแต่ปีถัดไป"
    return None


# ---- rows and words ----


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
        if plain(row["label"]) in words:
            return [], f"มีค่า “{row['label']}” ซ้ำกัน"
        words.add(plain(row["label"]))
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
    if not plain(label) or label in ("-", "–", "—"):
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
