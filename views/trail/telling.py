"""Events in words: what each line of the log says, and what it may not say to whom."""

from bson import ObjectId
from flask import current_app, url_for

from documents import clock, subsystem, subsystems
from documents.checking.check_rules import LABELS as LABELS_OF_RULE
from documents.checking.checks import LEVELS, limit_named
from documents.clock import utc
from documents.collecting.rounds import label_of as label_of_round
from documents.database import collection
from documents.district.school_moves import MOVES as SCHOOL_MOVES
from documents.district.school_profile import in_words, label_of
from documents.district.schools import School
from documents.formats import buddhist, citizen_id
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_numbers import MODES as GCODE_MODES
from documents.people import access, accounts
from documents.people.privacy import KEEPING
from documents.people.privacy import LABELS as LABELS_OF_PRIVACY
from documents.people.users import ROLES, User
from documents.records.codelists import code_list
from documents.records.completeness import FieldSetting
from documents.records.declarations import ever_declared
from documents.records.field_definitions import CLASS_WORDS as CLASSES_OF_FIELD
from documents.records.field_definitions import KINDS as KINDS_OF_FIELD
from documents.records.field_definitions import LABELS
from documents.records.record import declared
from documents.records.surveys import LABELS as LABELS_OF_SURVEY
from documents.records.surveys import is_survey
from documents.trail.refusals import KINDS as KINDS_OF_REFUSAL
from views import links
from views.records import formatters

OF_ACCOUNTS = {
    "suspend": "ระงับบัญชี",
    "activate": "เปิดใช้บัญชีอีกครั้ง",
    "reset": "ตั้งรหัสผ่านใหม่ที่เคาน์เตอร์",
    "password": "เจ้าของตั้งรหัสผ่านเอง",
    "link": "ส่งลิงก์ตั้งรหัสผ่าน",
    "activated": "เจ้าของเปิดใช้บัญชีจากลิงก์",
    "reset_by_link": "เจ้าของตั้งรหัสผ่านใหม่จากลิงก์",
    "leave": "พ้นหน้าที่ที่โรงเรียน",
    "transfer": "ย้ายโรงเรียน",
    "recertify": "ยืนยันบัญชีประจำปี",
    "lapse": "ระงับเพราะไม่ได้ยืนยันประจำปี",
    "two_step_on": "เปิดใช้การยืนยันตัวตนสองชั้น",
    "two_step_off": "ปิดการยืนยันตัวตนสองชั้น",
    "two_step_codes": "ออกรหัสสำรองชุดใหม่",
    "two_step_recovery": "เข้าสู่ระบบด้วยรหัสสำรอง",
    "two_step_clear": "ล้างการยืนยันตัวตนสองชั้นที่เคาน์เตอร์",
}
ACTIONS = {
    "create": "เพิ่ม",
    "update": "แก้ไข",
    "remove": "ลบ",
    "export": "ส่งออกไฟล์",
    "compare": "กระทบยอด",
    "reveal": "เปิดดูเลขเต็ม",
    "view_sensitive": "เปิดดูข้อมูลอ่อนไหว",
    "lookup": "ค้นนักเรียนจากเลขประจำตัว",
    "evidence": "เปิดดูหลักฐาน",
    "attach": "แนบหลักฐาน",
    "detach": "นำหลักฐานออก",
    **{name: GCodeRequest.steps[name].label for name in ("replace", "renew", "cancel")},
    "code": "บันทึกรหัส G",
    "settings": "ตั้งค่า",
    "explain": "ชี้แจงคำเตือน",
    "pass_error": "ให้ผ่านข้อผิดพลาด",
    **OF_ACCOUNTS,
    "erase": "ลบค่าในประวัติตามกำหนดเวลาเก็บ",
    "appoint": "แต่งตั้งรักษาการ",
    "dismiss": "สิ้นสุดการรักษาการ",
    **{name: move.label for name, move in SCHOOL_MOVES.items()},
    "refuse": "ถูกปฏิเสธ",
    "accept": "รับทราบประกาศ",
    "tidy": "ลบเมื่อครบกำหนดเก็บ",
    "move": "เปลี่ยนลำดับ",
    "add": "เพิ่มค่า",
    "retire": "เลิกใช้ค่า",
    "publish": "แจ้งข่าวโรงเรียน",
    "withdraw": "ถอนประกาศ",
    "let_count": "ให้กฎมีผล",
    "retire_rule": "เลิกใช้กฎ",
}
OF_RECORDS_ALONE = ("remove",)
TONES = {"create": "ok", "remove": "bad", "export": "warn", "reveal": "warn", "view_sensitive": "warn"}
TONES |= {"refuse": "bad", "suspend": "bad", "erase": "bad", "update": "info", "settings": "info"}
OTHERS = {
    "gcode": GCodeRequest.label,
    "schools": "โรงเรียนในสังกัด",
    "users": "บัญชีผู้ใช้",
    "fields": "ข้อมูลที่ต้องกรอก",
    "field_definitions": "ช่องข้อมูลที่เพิ่มเอง",
    "surveys": "แบบสำรวจ",
    "findings": "ผลการตรวจสอบ",
    "checks": "เกณฑ์การตรวจสอบ",
    "rules": "กฎตรวจสอบของเขต",
    "layouts": "รูปแบบไฟล์ส่งออก",
    "codelists": "รายการรหัส",
    "rates": "อัตราเงินอุดหนุน",
    "home_learners": "ผู้เรียนการศึกษาโดยครอบครัว",
    "signing_keys": "กุญแจลงนามของเขต",
    "access": "การเข้าถึงข้อมูล",
    "history": "ประวัติการแก้ไข",
    "security": "ความปลอดภัย",
    "privacy": "ข้อมูลส่วนบุคคล",
    "announcements": "ประกาศ",
}
VIAS = {
    "form": "แบบฟอร์ม",
    "cell": "แก้ในตาราง",
    "sheet": "แบบกรอกเป็นตาราง",
    "import": "นำเข้าจากไฟล์",
    "undo": "เลิกทำการนำเข้า",
    "action": "ทำหลายรายการ",
    "demo": "ข้อมูลตัวอย่าง",
    "carry_over": "ยกมาจากรอบก่อน",
    "put_back": "คืนข้อมูลตามฉบับเดิม",
    "transfer": "คำขอย้ายเข้า",
    "id_change": "คำขอแก้เลข",
    "results": "หน้าผลสิ้นปี",
}
ABOUT_ACCESS = {
    "what": "เรื่อง",
    "subsystem": "ระบบ",
    "round": "รอบ",
    "school": "โรงเรียน",
    "rows": "จำนวนรายการ",
    "schools": "จำนวนโรงเรียน",
    "kind": "ชนิดไฟล์",
    "before": "ก่อนวันที่",
    "events": "จำนวนเหตุการณ์",
    "number": "เลขที่ค้น",
    "for": "ค้นให้โรงเรียน",
    "found": "พบที่โรงเรียน",
    "case": "คำขอ",
    "piece": "หลักฐาน",
    "report": "รายงาน",
    "full": "มีเลขประจำตัวเต็ม",
    "sensitive": "ข้อที่เกี่ยวกับข้อมูลอ่อนไหว",
}
WHATS = {
    "audit": "บันทึกการใช้งาน",
    "workbook": "สมุดงานของรอบ",
    "package": "แพ็กเกจส่งกระทรวง",
    "money": "ประมาณการเงิน",
    "money_letter": "จดหมายประมาณการเงิน",
    "report": "รายงานจำนวนนักเรียน",
    "statistics": "ไฟล์สถิติจำนวนนักเรียน",
    "summary": "รายงานสรุป",
    "pupil_report": "รายงานสถิตินักเรียน",
    "handover": "ทะเบียนส่งต่อระบบผลการเรียน",
    "confirmation": "ใบยืนยันข้อมูล",
    "changes": "สิ่งที่เปลี่ยนจากฉบับก่อน",
    "class_list": "บัญชีรายชื่อนักเรียน",
    "contacts": "รายชื่อผู้ติดต่อ",
    "building_report": "รายงานสิ่งก่อสร้าง",
    "equipment_report": "รายงานครุภัณฑ์",
    "record_sheet": "แบบข้อมูลรายบุคคล",
    "gcode_form": "แบบนักเรียนติด G",
    "gcode_report": "รายงานรหัส G",
    "gcode_ministry": "ไฟล์ขอรหัส G จากระบบของกระทรวง",
    "gcode_registry": "ไฟล์ขอเลข 13 หลักจากสำนักทะเบียน",
    "id_changes": "คำขอแก้เลข",
    "duplicates": "นักเรียนซ้ำซ้อน",
    "registrations": "คำขอลงทะเบียนผู้ใช้",
    "school_list": "ผลการตรวจรายชื่อโรงเรียน",
    "schools": "ข้อมูลพื้นฐานโรงเรียน",
    "reconciliation": "กระทบยอดนักเรียน",
}
REFUSED = {"what": "ลักษณะ", "where": "ที่หน้า", "times": "ในชั่วโมงนี้"}
DEEDS = {
    "write": "บันทึกรายการ",
    "move": "ขั้นตอนการส่งข้อมูล",
    "aside": "เวลาและการพักการรายงาน",
    "advance": "คำขอ",
    "lock_round": "ล็อกรอบ",
    "lock_school": "ล็อกโรงเรียน",
}
# What an edit of a code list tells of.
OF_A_LIST = {
    "code": "รหัส", "label": "คำ", "label_en": "ภาษาอังกฤษ", "short": "คำย่อ", "retired_from": "เลิกใช้ตั้งแต่ปี", "place": "ลำดับที่",
    "title": "ชื่อรายการ", "values": "ค่า",
}  # fmt: skip
OF_AN_ANNOUNCEMENT = {"for": "ถึง", "schools": "จำนวนโรงเรียน"}
OF_A_LAYOUT = {"name": "ชื่อรูปแบบไฟล์", "columns": "คอลัมน์"}
PAGES = {"security": "เข้าสู่ระบบ"}
KINDS = {"print": "พิมพ์จากหน้าจอ"}
CONTACT = ("email", "phone")  # of an account: for administrators alone
IN_A_ROW = 3  # changed fields told in a row of the log


def documents():
    """{slug: words} of every kind of subject an event may have."""
    return {document.slug: document.label for document in subsystems()} | OTHERS


def events(rows, user, sensitive, whole=False):
    """Stored events as the log's templates draw them; a handful of queries for a whole page."""
    around = Around(rows, user, sensitive)
    return [_told(row, around, whole) for row in rows]


class Around:
    """What a page of events needs besides them: names of schools, people and settings, and which records are there."""

    def __init__(self, rows, user, sensitive):
        self.user, self.sensitive = user, sensitive
        self.kinds = {document.slug: document for document in subsystems()}
        self.kinds[GCodeRequest.slug] = GCodeRequest
        self.kinds |= {slug: subsystem(slug) for slug in {row["document"] for row in rows} if is_survey(slug)}
        self.schools = _names_of_schools(rows)
        self.people = _found(User, rows, "users", {"name": 1})
        self.settings = _found(FieldSetting, rows, "fields", {"document": 1, "academic_year": 1})
        self.there = {slug: _found(document, rows, slug, {"_id": 1}) for slug, document in self.kinds.items()}
        self.revealed = _revealed(rows, user, self.kinds)


def _names_of_schools(rows):
    """{(area, code): name} of the schools that events belong to or tell of."""
    wanted = {(row["area_code"], row["school_code"]) for row in rows if row.get("school_code")}
    for row in rows:
        for pair in ((row.get("changes") or {}).get(name, []) for name in ("school", "school_code")):
            wanted |= {(row["area_code"], code) for code in pair if code}
    query = {
        "area_code": {"$in": sorted({a for a, _ in wanted})},
        "code": {"$in": sorted({c for _, c in wanted})},
    }
    found = collection(School).find(query, {"area_code": 1, "code": 1, "name": 1}) if wanted else ()
    return {(one["area_code"], one["code"]): one["name"] for one in found}


def _found(document, rows, slug, fields):
    """{id: stored dict} of the subjects of one kind that still are."""
    ids = [row["subject"] for row in rows if row["document"] == slug]
    if not ids:
        return {}
    query = {"_id": {"$in": ids}}
    if "area_code" in document._fields:
        query["area_code"] = {"$in": sorted({row["area_code"] for row in rows})}
    return {one["_id"]: one for one in collection(document).find(query, fields)}


def _revealed(rows, user, kinds):
    """{id as text: (slug, headline)} of records whose masked number was opened, as far as the reader sees them."""
    said = [_record_of(row) for row in rows]
    ids = [ObjectId(one) for one in said if isinstance(one, str) and ObjectId.is_valid(one)]
    scope = access.visible(user)
    if not ids or scope == access.NOTHING:
        return {}
    found = {}
    for slug, document in kinds.items():
        query = {"$and": [scope, {"_id": {"$in": ids}}]} if scope else {"_id": {"$in": ids}}
        found |= {str(one["_id"]): (slug, document.headline(one)) for one in collection(document).find(query)}
    return found


def _record_of(row):
    """The id, as text, of the one record that an event of access is about: its number was opened, it was printed."""
    changes = row.get("changes") or {}
    if row["action"] == "reveal":
        return next(iter(changes.values()), (None, None))[1]
    return changes.get("record", (None, None))[1] if row["action"] in ("export", "evidence") else None


def _told(row, around, whole):
    changes, hidden = changes_of(row, around)
    at = utc(row["at"])
    slug = row["document"]
    return {
        "id": row["_id"],
        "href": url_for("audit.details_view", id=row["_id"]),
        "day": unbroken(buddhist.format_short(clock.in_bangkok(at))),
        "time": unbroken(buddhist.format_time(at)),
        "when": buddhist.format_datetime(at),
        "who": row.get("actor_name") or "ระบบ",
        "role": _role(row),
        "action": ACTIONS.get(row["action"], row["action"]),
        "tone": TONES.get(row["action"], "muted"),
        "about": around.kinds[slug].label if slug in around.kinds else OTHERS.get(slug, slug),
        "subject": _subject(row, around),
        "subject_href": _link(row, around),
        "school": around.schools.get((row["area_code"], row.get("school_code")), row.get("school_code")),
        "round": label_of_round(row["academic_year"], row["round"]) if row.get("round") else None,
        "via": VIAS.get(row.get("via"), row.get("via")),
        "reason": row.get("reason"),
        "changes": changes if whole else changes[:IN_A_ROW],
        "more": 0 if whole else max(len(changes) - IN_A_ROW, 0),
        "hidden": hidden,
        "erased": bool(row.get("erased")),
        "address": row.get("address"),
        "number": row["number"],
    }


def unbroken(text):
    """A text that stays on one line."""
    return text.replace(" ", "\u00a0")


def _role(row):
    """As whom the person wrote; what an officer or the system wrote for a school says so."""
    words = ROLES.get(row.get("acting_as"))
    if row.get("acting_as") == "district" and row.get("school_code"):
        return f"{words} บันทึกแทน"
    return words or ("ระบบ" if row.get("acting_as") == "system" else None)


def _subject(row, around):
    """What the event is about, in words."""
    slug = row["document"]
    if slug == "users":
        return (around.people.get(row["subject"]) or {}).get("name")
    if slug == "fields":
        setting = around.settings.get(row["subject"])
        kind = setting and around.kinds.get(setting["document"])
        return f"{kind.label} ตั้งแต่ปีการศึกษา {setting['academic_year']}" if kind else None
    if slug in ("codelists", "field_definitions", "surveys", "layouts", "announcements", "rules"):
        return row.get("headline")
    if slug == "access":
        found = around.revealed.get(_record_of(row))
        return found and found[1]
    return row.get("headline") if slug in around.kinds else None


def _link(row, around):
    """Where the subject's own page is, where there is one the reader may open."""
    slug, subject, user = row["document"], row["subject"], around.user
    if slug in around.kinds:
        seen = access.sees(user, row["area_code"], row.get("school_code"))
        return (
            links.of_records(slug, "details_view", id=subject)
            if seen and subject in around.there[slug]
            else None
        )
    if slug == "access":
        id_ = _record_of(row)
        found = around.revealed.get(id_)
        return links.of_records(found[0], "details_view", id=id_) if found else None
    if not user.holds("admin", row["area_code"]):
        return None
    if slug == "users" and subject in around.people:
        return url_for("users.details_view", id=subject)
    if slug == "fields" and subject in around.settings:
        setting = around.settings[subject]
        return url_for("fields.index", document=setting["document"], year=setting["academic_year"])
    return None


# ---- old and new values ----


def changes_of(row, around):
    """([{label, old, new, unit}], how many values are kept back) of an event, for this reader."""
    changes, slug = row.get("changes") or {}, row["document"]
    if slug == GCodeRequest.slug:
        return _of_learner(row, changes, around)
    if slug in around.kinds:
        return _of_record(row, changes, around.kinds[slug], around)
    if slug == "users":
        return _of_account(row, changes, around.user)
    if slug == "schools":
        return [_of_school(name, pair) for name, pair in changes.items()], 0
    if slug == "fields":
        setting = around.settings.get(row["subject"]) or {}
        return [
            _required(name, pair, around.kinds.get(setting.get("document")), row["area_code"])
            for name, pair in changes.items()
        ], 0
    if slug == "surveys":
        return [
            _line(LABELS_OF_SURVEY[name], *map(_plainly, pair))
            for name, pair in changes.items()
            if name in LABELS_OF_SURVEY
        ], 0
    if slug == "layouts":
        return [_line(OF_A_LAYOUT[name], *map(_plainly, pair)) for name, pair in changes.items()], 0
    if slug == "codelists":
        return [
            _line(OF_A_LIST[name], *map(_plainly, pair))
            for name, pair in changes.items()
            if name in OF_A_LIST
        ], 0
    if slug == "rules":
        return [_of_rule(name, pair) for name, pair in changes.items() if name in LABELS_OF_RULE], 0
    if slug == "field_definitions":
        return [_of_definition(name, pair) for name, pair in changes.items() if name in LABELS], 0
    if slug == "checks":
        return [
            _line(limit.label, *pair, limit.unit)
            for name, pair in changes.items()
            if (limit := limit_named(name))
        ], 0
    if slug == "privacy":
        unit = "รายการ" if row["action"] == "tidy" else None
        return [
            _of_privacy(name, pair, unit) for name, pair in changes.items() if name in LABELS_OF_PRIVACY
        ], 0
    if slug == "announcements":
        return [_line(OF_AN_ANNOUNCEMENT[name], *map(_plainly, pair)) for name, pair in changes.items()], 0
    if slug == "security":
        return [_of_refusal(name, new) for name, (_, new) in changes.items()], 0
    if row["action"] == "reveal":
        return [_line("เปิดดู", None, label_anywhere(name, around.kinds)) for name in changes], 0
    return [
        _of_access(name, pair, row, around)
        for name, pair in changes.items()
        if pair[1] not in (None, "") and name != "record"  # told as what the event is about
    ], 0


def _of_record(row, changes, document, around):
    """A record's changed fields by the rules of its own history; the sensitive class only where it is switched on."""
    if not access.sees(around.user, row["area_code"], row.get("school_code")):
        return [], len(changes)
    known, told, hidden = ever_declared(document, row["area_code"]), [], 0
    for name, (old, new) in changes.items():
        field = known.get(name)
        if name == "school_code":
            told.append(
                _line("โรงเรียน", *(around.schools.get((row["area_code"], code), code) for code in (old, new)))
            )
        elif name == "reviewed":
            told.append(_line("ทบทวนแล้ว", _plainly(old), _plainly(new)))
        elif field is None or not _may_tell(field, row, around):
            hidden += 1  # of a field declared no longer nobody can say of what class it was
        else:
            told.append(_line(field.verbose_name, _worded(field, old), _worded(field, new), field.unit))
    return told, hidden


# What an event of G-code requests tells beside the fields of the form, each in the words of its value.
OF_LEARNERS = {
    "evidence": ("หลักฐาน", lambda kind: code_list("G_EVIDENCE").short(kind)),
    "gcode_evidence": (
        "หลักฐานที่ต้องมี",
        lambda kinds: ", ".join(map(code_list("G_EVIDENCE").short, kinds or ())),
    ),
    "gcode_mode": ("ที่มาของรหัส G", lambda mode: GCODE_MODES.get(mode, mode)),
    "code": ("รหัส G", citizen_id.mask_id),
    "new_number": ("เลข 13 หลักที่ได้ภายหลัง", citizen_id.mask_id),
}


def _of_learner(row, changes, around):
    """A G-code request's changes: its fields as a record's, evidence, codes and settings in words."""
    plain = {name: pair for name, pair in changes.items() if name in OF_LEARNERS}
    rest = {name: pair for name, pair in changes.items() if name not in plain}
    if row["action"] != "settings" and not access.sees(around.user, row["area_code"], row.get("school_code")):
        return [], len(changes)
    told, hidden = _of_record(row, rest, GCodeRequest, around) if rest else ([], 0)
    for name, pair in plain.items():
        label, words = OF_LEARNERS[name]
        told.append(_line(label, *(words(one) if one else one for one in pair)))
    return told, hidden


def _may_tell(field, row, around):
    if field.personal != "sensitive":
        return True
    return around.sensitive and access.may_see_field(
        around.user, field, row["area_code"], row.get("school_code")
    )


def _worded(field, value):
    """A value in words, numbers of persons masked; one of an older kind of field as it is."""
    try:
        return formatters.masked(field, value)
    except (TypeError, ValueError, AttributeError):
        return str(value)


def _of_account(row, changes, user):
    """An account's changes; e-mail and telephone are the administrators' business."""
    told, hidden = [], 0
    for name, (old, new) in changes.items():
        if name in CONTACT and not user.holds("admin", row["area_code"]):
            hidden += 1
        else:
            told.append(_line(accounts.LABELS.get(name, name), _plainly(old), _plainly(new)))
    return told, hidden


def _of_school(name, pair):
    """A changed fact of a school."""
    return _line(label_of(name) or name, *(in_words(name, one) for one in pair))


def _required(name, pair, document, area_code):
    """A field that was made required, or no longer is."""
    field = document and ever_declared(document, area_code).get(name)
    words = {True: "ต้องกรอก", False: "ไม่บังคับ"}
    return _line(field.verbose_name if field else name, *(words.get(one, one) for one in pair))


def _of_definition(name, pair):
    """What was said of a field that an admin added, in words."""
    words = {"kind": KINDS_OF_FIELD, "personal": CLASSES_OF_FIELD}.get(name, {})
    plainly = str if name in ("first_year", "last_year") else _plainly
    return _line(LABELS[name], *(words.get(one, one and plainly(one)) for one in pair))


def _of_rule(name, pair):
    """What was said of a rule that the area made, in words."""
    plainly = str if name in ("first_year", "last_year") else _plainly
    return _line(LABELS_OF_RULE[name], *(one and LEVELS.get(one, plainly(one)) for one in pair))


def label_anywhere(name, kinds):
    """A field's label, whichever subsystem declares it."""
    if name in ("code", "new_number"):  # masked of a G-code request alone
        return OF_LEARNERS[name][0]
    documents_ = (*kinds.values(), GCodeRequest)
    labels = [declared(document)[name].verbose_name for document in documents_ if name in declared(document)]
    return labels[0] if labels else name


def _of_access(name, pair, row, around):
    """What was taken or opened: words for subjects and schools, numbers as they are."""
    old, new = pair
    if name == "school":
        new = around.schools.get((row["area_code"], new), new)
    elif name == "what":
        new = WHATS.get(new) or documents().get(new, new)
    elif name == "piece":
        new = code_list("G_EVIDENCE").short(new)
    elif name == "kind":
        new = KINDS.get(new) or str(new).upper()
    return _line(ABOUT_ACCESS.get(name, name), _plainly(old), _plainly(new))


def _of_privacy(name, pair, unit):
    """What an area set about personal data, or how many of what were erased."""
    return _line(LABELS_OF_PRIVACY[name], *map(_plainly, pair), unit or ("วัน" if name in KEEPING else None))


def _of_refusal(name, new):
    """What kind of attempt was refused, on which page or in which deed, how often."""
    if name == "what":
        new = KINDS_OF_REFUSAL.get(new, new)
    elif name == "where":
        blueprint = str(new).partition(".")[0]
        new = DEEDS.get(new) or PAGES.get(blueprint) or documents().get(blueprint) or view_name(blueprint)
    return _line(REFUSED.get(name, name), None, f"{new:,} ครั้ง" if name == "times" else new)


def view_name(endpoint):
    """What the menu calls the pages of an endpoint."""
    views = current_app.extensions["admin"][0]._views
    return next((str(view.name) for view in views if view.endpoint == endpoint), "รอบการจัดเก็บข้อมูล")


def _plainly(value):
    if isinstance(value, bool):
        return "ใช่" if value else "ไม่ใช่"
    if isinstance(value, int | float):
        return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"
    if hasattr(value, "isoformat"):
        return buddhist.format_datetime(value)
    return " · ".join(map(str, value)) if isinstance(value, list) else value


def _line(label, old, new, unit=None):
    return {"label": label, "old": old, "new": new, "unit": unit}
