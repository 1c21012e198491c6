"""Layouts of files (รูปแบบไฟล์ส่งออก): which columns an export has, in which order, under which words and how written.

An area has as many as it likes for each kind of record; the product's own is there without being stored. What a column
is called and how its cells look is `exports/workbooks/layouts.py`'s; here stands what was chosen.
"""

from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ListField, StringField
from pymongo.errors import DuplicateKeyError

from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.trail.history import naive_now, note_event

LONGEST_NAME, LONGEST_LABEL, MOST = 60, 80, 50
FORMS = {"": "ตามปกติ", "code": "รหัส", "iso": "วันที่ ค.ศ. (2026-05-16)"}
SCHOOL = "school_code"


class ExportLayout(Document):
    """One layout: `columns` are {name, label, form} in order; a label of "" is the column's own, `form` one of FORMS."""

    area_code = StringField(required=True, max_length=8)
    document = StringField(required=True, max_length=40)
    name = StringField(required=True, max_length=LONGEST_NAME)
    columns = ListField(DictField())
    revision = IntField(required=True, default=1)
    updated_at = DateTimeField()
    updated_by_name = StringField(max_length=200)

    slug = "layouts"
    meta = {
        "collection": "export_layouts",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "document", "name"], "unique": True}],
    }


def may_edit(user, area_code):
    """Whether this person makes and changes an area's layouts: its admin and its officers."""
    return user.holds("admin", area_code) or user.holds("district", area_code)


def layouts_of(area_code, slug):
    """The area's layouts of a kind of record, by name."""
    document, pipeline = layouts_question(area_code, slug)
    return layouts_by(collection(document).aggregate(pipeline))


def layouts_question(area_code, slug):
    """What `layouts_by` is to be given, as `database.asked_together` takes it."""
    return ExportLayout, [{"$match": {"area_code": area_code, "document": slug}}, {"$sort": {"name": 1}}]


def layouts_by(rows):
    """`layouts_of`, from what was read."""
    return [ExportLayout._from_son(row) for row in rows]


def get_layout(area_code, slug, id_):
    """The layout of an id in its area and kind of record. Raises OutOfScope for any other."""
    from bson import ObjectId

    found = None
    if ObjectId.is_valid(str(id_)):
        found = ExportLayout.objects(area_code=area_code, document=slug, id=id_).first()
    if found is None:
        raise OutOfScope("ไม่พบรูปแบบไฟล์นี้ในเขตของท่าน อาจถูกลบไปแล้ว กรุณาเลือกใหม่จากรายการ")
    return found


def key_of(document):
    """Names of the columns that a layout cannot do without: rows are known by them when a file comes back."""
    return [SCHOOL, *(() if document.single else (name for name in document.key if name != SCHOOL))]


def save_layout(area_code, document, known, typed, actor, layout=None, revision=None):
    """Store a layout, a new one without `layout`; gives back its id.

    `known` is {name: Column} of what the document's files may have, `typed` {"name", "columns": [{name, label, form}]}.
    Raises NotAllowed, Invalid with a sentence for `name` or `columns`, and WrongState where somebody saved it first.
    """
    _refuse_others(actor, area_code)
    name = thai.clean(typed.get("name"))
    columns = [_column(each, known) for each in typed["columns"] if each.get("name") in known]
    wrong = _wrong(name, columns, document, known)
    if layout is None and len(layouts_of(area_code, document.slug)) >= MOST:
        wrong["name"] = f"มีรูปแบบไฟล์ครบ {MOST} แบบแล้ว กรุณาลบแบบที่ไม่ใช้ก่อน"
    if wrong:
        raise Invalid({0: wrong})
    new = ExportLayout(area_code=area_code, document=document.slug, name=name, columns=columns)
    values = {"name": name, "columns": columns, "updated_at": naive_now(), "updated_by_name": actor.name}

    def work():
        if layout is None:
            first = {"area_code": area_code, "document": document.slug, "revision": 1}
            id_ = collection(ExportLayout).insert_one(first | values).inserted_id
        else:
            id_ = layout.id
            mine = {"_id": id_, "area_code": area_code, "revision": revision}
            done = collection(ExportLayout).update_one(mine, {"$set": values, "$inc": {"revision": 1}})
            if not done.matched_count:
                raise WrongState("มีผู้แก้ไขรูปแบบไฟล์นี้ก่อนหน้าท่าน กรุณาเปิดหน้านี้ใหม่แล้วแก้ไขอีกครั้ง")
        action, told = "create" if layout is None else "update", _told(layout, new, known)
        note_event(area_code, actor, action, ExportLayout.slug, id_, told, headline=name)
        return id_

    try:
        return in_transaction(work)
    except DuplicateKeyError:
        raise Invalid({0: {"name": f"มีรูปแบบไฟล์ชื่อ “{name}” แล้ว กรุณาตั้งชื่ออื่น"}}) from None


def remove_layout(layout, actor):
    """Delete a layout; files that were made by it stay as they are. Raises NotAllowed."""
    _refuse_others(actor, layout.area_code)

    def work():
        gone = collection(ExportLayout).delete_one({"_id": layout.id, "area_code": layout.area_code})
        if gone.deleted_count:
            note_event(
                layout.area_code, actor, "remove", ExportLayout.slug, layout.id, {"name": [layout.name, None]},
                headline=layout.name,
            )  # fmt: skip

    in_transaction(work)


def _refuse_others(actor, area_code):
    if not may_edit(actor, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้ดูแลระบบเท่านั้นที่กำหนดรูปแบบไฟล์ส่งออกได้")


def _column(typed, known):
    """One column as it is stored; its own label is not kept, so that it follows when that changes."""
    column, label = known[typed["name"]], thai.clean(typed.get("label"))
    form = typed.get("form") if typed.get("form") in forms_of(column) else ""
    return {"name": column.name, "label": "" if label == column.label else label, "form": form}


def forms_of(column):
    """{form: words} of the ways in which the cells of a Column may be written."""
    names = (
        ("", "code")
        if column.kind in ("choice", "choices")
        else ("", "iso")
        if column.kind == "date"
        else ("",)
    )
    return {name: FORMS[name] for name in names}


def _wrong(name, columns, document, known):
    wrong, names = {}, [each["name"] for each in columns]
    if not name:
        wrong["name"] = "กรุณาตั้งชื่อรูปแบบไฟล์"
    elif len(name) > LONGEST_NAME:
        wrong["name"] = f"ชื่อยาวเกิน {LONGEST_NAME} ตัวอักษร กรุณาย่อให้สั้นลง"
    lacking = [known[each].label for each in key_of(document) if each in known and each not in names]
    labels = [each["label"] or known[each["name"]].label for each in columns]
    doubled = next((label for label in labels if labels.count(label) > 1), None)
    too_long = next((label for label in labels if len(label) > LONGEST_LABEL), None)
    if lacking:
        said = " และ ".join(f"“{label}”" for label in lacking)
        wrong["columns"] = f"ต้องมีคอลัมน์ {said} เพราะใช้จับคู่รายการเมื่อนำไฟล์กลับเข้าระบบ กรุณาเลือกคอลัมน์นี้ด้วย"
    elif doubled:
        wrong["columns"] = f"หัวตาราง “{doubled}” ซ้ำกัน กรุณาตั้งหัวตารางให้ต่างกัน"
    elif too_long:
        wrong["columns"] = f"หัวตารางยาวเกิน {LONGEST_LABEL} ตัวอักษร กรุณาย่อ “{too_long[:20]}…”"
    return wrong


def _told(before, after, known):
    """What an event tells of a change: {what: [old, new]}, columns by their words."""
    pairs = {
        "name": [before and before.name, after.name],
        "columns": [before and _listed(before, known), _listed(after, known)],
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _listed(layout, known):
    return ", ".join(
        each["label"] or known[each["name"]].label for each in layout.columns if each["name"] in known
    )
