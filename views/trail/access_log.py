"""The access log (บันทึกการเข้าถึงข้อมูลส่วนบุคคล): who looked at whose data, narrowed by officer and by learner."""

from bson import ObjectId
from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock, subsystem, subsystems
from documents.clock import utc
from documents.database import collection
from documents.district.schools import School
from documents.errors import Busy
from documents.formats import buddhist, thai
from documents.gcode.gcode import GCodeRequest
from documents.people import access
from documents.people.users import User
from documents.records.listing import Page as Rows
from documents.trail import access_log
from documents.trail.access_log import Wanted, number_hash
from views import here, links
from views.pages import Page
from views.trail import event_words, telling
from views.trail.audit import area_names, day_of, schools_of
from views.trail.event_changes import label_anywhere

ASKED = ("area", "school", "from", "to", "action", "actor")
MOST_PEOPLE = 50
TONES = {"reveal": "warn", "export": "warn", "print": "warn", "form": "info", "view_sensitive": "warn"}
NO_NUMBER = "เลขนี้อ่านไม่ได้ ให้พิมพ์เลขประจำตัวประชาชน 13 หลัก หรือรหัส G ของผู้เรียน"


class AccessLog(Page, BaseView):
    """The entries of an area, or of one's own school; a page of the log."""

    roles = ("school", "director", "district", "approver", "admin")

    def __init__(self):
        super().__init__(name="การเข้าถึงข้อมูลส่วนบุคคล", endpoint="access_log", url="/admin/audit/access")

    def is_visible(self):
        """Reached from the log, not from the menu."""
        return False

    @expose("/")
    def index(self):
        """One page of entries, newest first."""
        areas = my_areas()
        if not areas:
            return self.render("trail/audit_empty.html")
        typed = {name: thai.clean(request.args.get(name))[:100] for name in ASKED}
        area = typed["area"] if typed["area"] in areas else areas[0]
        wanted, problems = asked_of(area, typed)
        try:
            page = access_log.page_of(wanted, current_user, request.args.get("after"))
        except Busy as too_many:
            page = Rows([], earlier=False, later=False)
            problems.append(too_many.message)
        if page.lost:
            problems.append("รายการที่อ้างถึงไม่อยู่แล้ว จึงแสดงตั้งแต่ล่าสุด")
        return self.render(
            "trail/access_log.html",
            typed=typed,
            wanted=wanted,
            problems=problems,
            rows=told(page.rows, wanted.learner),
            newest=self._address() if page.earlier else None,
            older=self._address(after=page.rows[-1]["_id"]) if page.later else None,
            areas=sorted(area_names(areas).items()) if len(areas) > 1 else [],
            schools=schools_of(area),
            actions=access_log.ACTIONS,
            learner=learner_in_words(wanted.learner),
        )

    def _address(self, **more):
        kept = {name: value for name, value in request.args.items() if name not in ("after",)}
        return url_for(".index", **kept, **more)

    @expose("/learner/", methods=("POST",))
    def learner_view(self):
        """Find whose number was typed; the number is posted, never part of an address."""
        areas, area = my_areas(), request.form.get("area")
        area = area if area in areas else next(iter(areas), None)
        number = access_log.clean_number(request.form.get("number", "")[:100])
        if area is None or number is None:
            flash(NO_NUMBER, "error")
            return redirect(url_for(".index"), 303)
        found = access_log.learner_of_number(current_user, area, number)
        args = {"learner": [str(one) for one in found.lineages], "mark": number_hash(number), "area": area}
        return redirect(url_for(".index", **args), 303)


def my_areas():
    """The areas whose access log the reader may open, the one he works in first."""
    return sorted(access_log.areas_of(current_user), key=lambda code: code != here.area_code())


def asked_of(area, typed):
    """(Wanted, what could not be read) of an address."""
    problems = []
    days = {name: day_of(typed[name], problems) for name in ("from", "to")}
    wanted = Wanted(
        area,
        school=typed["school"][:8],
        first_day=days["from"],
        last_day=days["to"],
        action=typed["action"] if typed["action"] in access_log.ACTIONS else "",
        actor=people_named(area, typed["actor"]) if typed["actor"] else None,
        learner=asked_learner(area),
    )
    return wanted, problems


def people_named(area, text):
    """Ids of the people with an account in the area whose name holds the text."""
    found = User.objects(areas_listed=area, name__icontains=text).limit(MOST_PEOPLE).scalar("id")
    return list(found)


def asked_learner(area):
    """The Learner that the address names by lineage and hash, or by a record of his that the reader sees; None without."""
    lineages = {ObjectId(one) for one in request.args.getlist("learner")[:5] if ObjectId.is_valid(one)}
    mark, record = request.args.get("mark", "")[:64], request.args.get("record")
    if ObjectId.is_valid(record or ""):
        lineages |= access_log.lineages_of(current_user, area, ObjectId(record))
    if not lineages and not mark:
        return None
    found = access_log.learner_of_lineages(current_user, area, lineages)
    return access_log.Learner(found.lineages, [*found.numbers, *([mark] if mark else [])], found.stops)


def learner_in_words(learner):
    """Who was asked for, as far as the reader sees him; None without one."""
    if learner is None:
        return None
    names = _headlines({("lineage", one) for one in learner.lineages})
    return next(iter(names.values()), ("ผู้เรียนตามเลขที่ค้น", None))[0]


def _headlines(asked):
    """{id: (headline, address)} of records the reader may see, asked by ("record" or "lineage", id)."""
    ids = {kind: [id_ for each, id_ in asked if each == kind and id_] for kind in ("record", "lineage")}
    scope, found = access.visible(current_user), {}
    if scope == access.NOTHING or not (ids["record"] or ids["lineage"]):
        return found
    for document in (*subsystems(), GCodeRequest):
        if not access_log.is_personal(document):
            continue
        for kind, name in (("record", "_id"), ("lineage", "lineage")):
            if ids[kind] and (name == "_id" or name in document._fields):
                query = {"$and": [scope, {name: {"$in": ids[kind]}}]} if scope else {name: {"$in": ids[kind]}}
                for row in collection(document).find(query).limit(200):
                    href = links.of_records(document.slug, "details_view", id=row["_id"])
                    found[row[name]] = document.headline(row), href
    return found | _requests(ids["record"] + ids["lineage"], scope)


def _requests(ids, scope):
    """{id: (headline, address)} of G-code requests the reader may see."""
    query = {"$and": [scope, {"_id": {"$in": ids}}]} if scope else {"_id": {"$in": ids}}
    return {
        row["_id"]: (GCodeRequest.headline(row), url_for("gcode.details_view", id=row["_id"]))
        for row in collection(GCodeRequest).find(query).limit(200)
    }


def told(rows, learner):
    """Stored entries as the page draws them."""
    names = _headlines({("record", row.get("record")) for row in rows})
    codes = {(row["area_code"], row["school_code"]) for row in rows if row.get("school_code")}
    schools = {}
    if codes:
        query = {
            "area_code": {"$in": sorted({a for a, _ in codes})},
            "code": {"$in": sorted({c for _, c in codes})},
        }
        schools = {one["code"]: one["name"] for one in collection(School).find(query, {"code": 1, "name": 1})}
    return [_told(row, names, schools, learner) for row in rows]


def _told(row, names, schools, learner):
    at = utc(row["at"])
    named = names.get(row.get("record"))
    if named is None and row.get("record"):
        named = ("รายการหนึ่งคน", None)
    return {
        "id": row["_id"],
        "time": telling.unbroken(buddhist.format_time(at)),
        "day": telling.unbroken(buddhist.format_short(clock.in_bangkok(at))),
        "action": access_log.ACTIONS.get(row["action"], row["action"]),
        "tone": TONES.get(row["action"], "muted"),
        "what": what_in_words(row.get("what")),
        "name": named and named[0],
        "href": named and named[1],
        "round": row.get("round"),
        "rows": row.get("rows"),
        "full": row.get("full"),
        "kind": str(row["kind"]).upper() if row.get("kind") and row["action"] == "export" else None,
        "opened": opened(row),
        "school": schools.get(row.get("school_code")) or row.get("school_code") or "ทั้งเขต",
        "who": row.get("actor_name") or "ระบบ",
        "address": row.get("address"),
        "reason": row.get("reason"),
        "wants_reason": row["action"] == "export" and bool(row.get("full")),
        "maybe": learner is not None and not learner.is_named_by(row),
        "holds": access_log.holds(row),
    }


def what_in_words(what):
    """What was looked at: the name of a subsystem or of a file."""
    if not what:
        return None
    return event_words.WHATS.get(what) or event_words.documents().get(what) or _survey(what)


def _survey(slug):
    try:
        return subsystem(slug).label
    except KeyError:
        return None


def opened(row):
    """The labels of the fields that a press opened."""
    kinds = {document.slug: document for document in subsystems()}
    return [label_anywhere(name, kinds) for name in row.get("fields_opened", ())]
