"""Imports (ประวัติการนำเข้า): what each import wrote, school by school, and the way to undo it.

An import may be undone for a school until somebody changed what it wrote there. The records' own history holds the
old values; here stands which revisions are the import's, kept in the transaction that wrote them.
"""

from collections import Counter

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ListField, ObjectIdField, StringField

from documents import subsystem
from documents.collecting.rounds import label_of
from documents.collecting.submissions import Submission, may_write, round_of
from documents.database import collection
from documents.errors import Invalid, NotAllowed, RuleBroken, StaleRevision, WrongState
from documents.people import access
from documents.records.declarations import declaration
from documents.records.record import Place, declared
from documents.records.writing import Change, write
from documents.trail import history
from documents.trail.refusals import noting_refusals

LINKS_A_PART = 5_000  # a document holds 16 MB at most
GONE = "ไม่พบประวัติการนำเข้านี้ในโรงเรียนหรือเขตของท่าน กรุณาเลือกจากรายการ"
UNDONE = "การนำเข้าของโรงเรียนนี้ถูกเลิกทำไปแล้ว ไม่ต้องทำซ้ำ"


class Import(Document):
    """One import: who, when, which file into which round; `schools` is {code: what became of that school}.

    A school's row: name, new, changed, at, and once undone undone_at, undone_by, undone_by_name.
    """

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    document = StringField(required=True, max_length=40)
    owner = ObjectIdField(required=True)
    owner_name = StringField(max_length=200)
    filename = StringField(max_length=300)
    reason = StringField(max_length=2000)
    at = DateTimeField(required=True)
    school_codes = ListField(StringField())
    schools = DictField()

    meta = {
        "collection": "imports",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "academic_year", "round", "document", "-at", "-_id"], "name": "newest"},
            {"fields": ["area_code", "school_codes", "-at", "-_id"], "name": "school_newest"},
        ],
    }

    @property
    def round_label(self):
        """2568-1."""
        return label_of(self.academic_year, self.round)


class ImportLinks(Document):
    """Records an import wrote in one school: `links` are [id, revision written]; revision 1 is a new record."""

    area_code = StringField(required=True, max_length=8)
    import_id = ObjectIdField(required=True)
    school_code = StringField(required=True, max_length=8)
    number = IntField(required=True)
    links = ListField(ListField())

    meta = {
        "collection": "import_links",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "import_id", "school_code", "number"], "unique": True}],
    }


def note_school(head, code, name, written, new):
    """Within the import's transaction: remember what it wrote in a school.

    `head` are the Import's own values, stored with its first school; `written` the Writtens, `new` how many are new.
    """
    row = {"name": name, "new": new, "changed": len(written) - new, "at": history.naive_now()}
    collection(Import).update_one(
        {"_id": head["_id"], "area_code": head["area_code"]},
        {
            "$setOnInsert": {key: value for key, value in head.items() if key not in ("_id", "area_code")},
            "$set": {f"schools.{code}": row},
            "$addToSet": {"school_codes": code},
        },
        upsert=True,
    )
    links = [[each.id, each.revision] for each in written]
    collection(ImportLinks).insert_many(
        {
            "_id": ObjectId(),
            "area_code": head["area_code"],
            "import_id": head["_id"],
            "school_code": code,
            "number": at,
            "links": links[at : at + LINKS_A_PART],
        }
        for at in range(0, len(links), LINKS_A_PART)
    )


# ---- who sees which ----


def visible(user):
    """The MongoDB filter of the imports a person may see: an officer those of the area, a teacher those of his school."""
    ways = [{"area_code": area} for area in user.areas(*access.AREA_READERS)]
    for area in sorted({area for area, _ in user.schools(*access.SCHOOL_READERS)}):
        ways.append({"area_code": area, "school_codes": {"$in": access.open_schools(user, area) or []}})
    return {"$or": ways} if ways else access.NOTHING


def imports_of(user, document, round_, skip=0, limit=30):
    """A round's imports of one kind of record that this person may see, the newest first."""
    own = {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "round": round_.code,
        "document": document.slug,
    }
    found = Import.objects(__raw__={"$and": [own, visible(user)]})
    return list(found.order_by("-at", "-id").skip(skip).limit(limit))


def get_import(user, id_):
    """The Import of an id, as far as this person may see it. Raises NotAllowed for any other."""
    found = None
    if ObjectId.is_valid(str(id_ or "")):
        found = Import.objects(__raw__={"$and": [visible(user), {"_id": ObjectId(str(id_))}]}).first()
    if found is None:
        raise NotAllowed(GONE)
    return found


def seen_schools(done, user):
    """{code: row} of an import's schools that this person may see, by code."""
    return {
        code: row for code, row in sorted(done.schools.items()) if access.sees(user, done.area_code, code)
    }


def may_undo(done, user):
    """Whether this person may undo an import at all: whoever made it, or an officer of the district."""
    return done.owner == user.id or user.holds("district", done.area_code)


# ---- undoing ----


@noting_refusals(1)
def undo_import(import_id, actor, reason, schools=None, progress=None):
    """Undo an import, all or none for a school; gives back {school code: None or the sentence that refuses it}.

    `schools` names some of its schools; else all that are not undone yet. What it made anew is removed, what it
    changed gets back the values before it, through the one door. Raises NotAllowed for one who may not, Invalid
    without a reason, WrongState where there is nothing left to undo.
    """
    done = get_import(actor, import_id)
    if not may_undo(done, actor):
        raise NotAllowed("เลิกทำการนำเข้าได้เฉพาะผู้ที่นำเข้าเอง หรือเจ้าหน้าที่เขต")
    if not (reason or "").strip():
        raise Invalid({0: {"reason": "โปรดระบุเหตุผลที่เลิกทำการนำเข้า"}})
    mine = {
        code: row for code, row in seen_schools(done, actor).items() if schools is None or code in schools
    }
    left = [code for code, row in mine.items() if not row.get("undone_at")]
    if not left:
        raise WrongState("การนำเข้านี้ถูกเลิกทำไปแล้ว ไม่มีโรงเรียนที่ต้องเลิกทำอีก")
    if progress:
        progress.begin(len(left), "โรงเรียน")
    outcomes = {}
    for number, code in enumerate(left, 1):
        outcomes[code] = _undo_school(done, code, actor, reason)
        if progress:
            progress.at(number)
    return outcomes


def _undo_school(done, code, actor, reason):
    """None, or the sentence of what refuses it."""
    try:
        _take_back(done, code, actor, reason)
    except StaleRevision:
        return f"{done.schools[code]['name']}: มีผู้แก้ไขข้อมูลขณะเลิกทำ จึงยังไม่ได้เลิกทำ กรุณาลองอีกครั้ง"
    except RuleBroken as refusal:
        return f"{done.schools[code]['name']}: {refusal.message}"
    return None


@noting_refusals(2)
def _take_back(done, code, actor, reason):
    changes = _back(done, code, actor)
    write(changes, actor, reason, via="undo", along=lambda _: _note_undone(done, code, actor))


def _note_undone(done, code, actor):
    """Within the transaction: mark a school undone. Raises WrongState when another was first."""
    marked = collection(Import).update_one(
        {"_id": done.id, "area_code": done.area_code, f"schools.{code}.undone_at": None},
        {
            "$set": {
                f"schools.{code}.undone_at": history.naive_now(),
                f"schools.{code}.undone_by": actor.id,
                f"schools.{code}.undone_by_name": actor.name,
            }
        },
    )
    if not marked.matched_count:
        raise WrongState(UNDONE)


def _back(done, code, actor):
    """The Changes that take a school back to before an import. Raises WrongState when somebody changed what it wrote."""
    document = declaration(subsystem(done.document), done.area_code, done.academic_year)
    place = Place(done.area_code, done.academic_year, done.round, code)
    _check_door(document, place, actor)
    links = _links(done, code)
    stored = {
        row["_id"]: row for row in collection(document).find(place._asdict() | {"_id": {"$in": list(links)}})
    }
    _refuse_changed(done, links, stored)
    changed = [id_ for id_, revision in links.items() if revision > 1]
    before = _events(done, changed, links) if changed else {}
    return [_change_back(document, place, id_, links[id_], before.get(id_)) for id_ in links]


def _check_door(document, place, actor):
    """Raise what the door would, before anything is read."""
    submission = Submission.objects(
        area_code=place.area_code,
        academic_year=place.academic_year,
        subsystem=document.subsystem,
        round=place.round,
        school_code=place.school_code,
    ).first()
    if submission is not None:
        may_write(submission, round_of(submission), actor)


def _links(done, code):
    """{record id: revision written}."""
    own = {"area_code": done.area_code, "import_id": done.id, "school_code": code}
    parts = collection(ImportLinks).find(own).sort("number", 1)
    return {id_: revision for part in parts for id_, revision in part["links"]}


def _refuse_changed(done, links, stored):
    """Raise WrongState that says how many records were changed since, and by whom."""
    touched = [id_ for id_, revision in links.items() if stored.get(id_, {}).get("revision") != revision]
    if not touched:
        return
    names = Counter(stored[id_].get("updated_by_name") or "" for id_ in touched if id_ in stored)
    lost = [id_ for id_ in touched if id_ not in stored]
    if lost:
        last = {}
        events = collection(history.AuditEvent).find(
            {"area_code": done.area_code, "subject": {"$in": lost}},
            {"subject": 1, "number": 1, "actor_name": 1},
        )
        for event in events.sort("number", 1):
            last[event["subject"]] = event.get("actor_name") or ""
        names.update(last.values())
    who = ", ".join(f"{name} ({number:,})" for name, number in names.most_common(5) if name)
    raise WrongState(
        f"มี {len(touched):,} รายการที่ถูกแก้ไขหลังการนำเข้า โดย {who or 'ผู้อื่น'} จึงเลิกทำทั้งโรงเรียนไม่ได้ "
        "กรุณาแก้ไขเป็นรายการ หรือนำเข้าไฟล์ที่ถูกต้องทับ"
    )


def _events(done, ids, links):
    """{record id: what the import's event changed in it}."""
    found = {}
    wanted = {
        "area_code": done.area_code,
        "subject": {"$in": ids},
        "number": {"$in": list(set(links.values()))},
    }
    for event in collection(history.AuditEvent).find(wanted, {"subject": 1, "number": 1, "changes": 1}):
        if event["number"] == links[event["subject"]] and "changes" in event:
            found[event["subject"]] = event["changes"]
    if len(found) < len(ids):
        raise WrongState("ค่าก่อนการนำเข้าถูกลบตามกำหนดเวลาเก็บข้อมูลแล้ว จึงเลิกทำไม่ได้")
    return found


def _change_back(document, place, id_, revision, changes):
    """The Change that takes one record back; `changes` are the import's {field: [old, new]}, None for a new record."""
    if changes is None:
        return Change(document, place, id=id_, revision=revision, remove=True)
    values = {name: changes[name][0] for name in changes if name in declared(document)}
    reviewed = bool(changes["reviewed"][0]) if "reviewed" in changes else None
    return Change(document, place, values, id=id_, revision=revision, reviewed=reviewed)
