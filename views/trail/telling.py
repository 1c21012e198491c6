"""Events in words: what each line of the log says, and what it may not say to whom."""

from bson import ObjectId
from flask import url_for

from documents import clock, subsystem, subsystems
from documents.clock import utc
from documents.collecting.rounds import label_of as label_of_round
from documents.database import collection
from documents.district.schools import School
from documents.formats import buddhist
from documents.gcode.gcode import GCodeRequest
from documents.people import access
from documents.people.users import ROLES, User
from documents.records.completeness import FieldSetting
from documents.records.kinds import is_survey
from views import links
from views.trail.event_changes import changes_of
from views.trail.event_words import ACTIONS, OTHERS, TONES, VIAS

IN_A_ROW = 3  # changed fields told in a row of the log


def events(rows, user, sensitive, whole=False):
    """Stored events as the log's templates draw them; a handful of queries for a whole page."""
    around = Around(rows, user, sensitive)
    return [_told(row, around, whole) | _hrefs(row, around) for row in rows]


def in_words(rows, user, sensitive):
    """Stored events whole, as a file has them: without addresses, so that a job can tell them too."""
    around = Around(rows, user, sensitive)
    return [_told(row, around, whole=True) for row in rows]


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
        "day": unbroken(buddhist.format_short(clock.in_bangkok(at))),
        "time": unbroken(buddhist.format_time(at)),
        "when": buddhist.format_datetime(at),
        "who": row.get("actor_name") or "ระบบ",
        "role": _role(row),
        "action": ACTIONS.get(row["action"], row["action"]),
        "tone": TONES.get(row["action"], "muted"),
        "about": around.kinds[slug].label if slug in around.kinds else OTHERS.get(slug, slug),
        "subject": _subject(row, around),
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


def _hrefs(row, around):
    return {"href": url_for("audit.details_view", id=row["_id"]), "subject_href": _link(row, around)}


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
