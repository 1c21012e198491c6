"""The log (บันทึกการใช้งาน): who did what, when and from where, as far as the reader may know it."""

from dataclasses import dataclass
from datetime import date

from flask import abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import subsystems
from documents.district.schools import Area, School
from documents.errors import Busy
from documents.formats import buddhist, thai
from documents.people import access
from documents.people.users import EVERY_AREA
from documents.records.listing import Page as Rows
from documents.trail import audit, history
from documents.trail.audit import Wanted
from views import here
from views.pages import Page
from views.records.files_out import SCOPE, hands_out
from views.trail import event_words, telling
from views.trail.audit_files import export_events

ASKED = ("area", "from", "to", "school", "document", "action", "actor", "sensitive")


@dataclass
class Asked:
    """What the address asks for: the Wanted, the two days as typed, and what could not be read."""

    wanted: Wanted
    typed: dict
    problems: list


class Audit(Page, BaseView):
    """The events of an area, newest first, narrowed by day, school, subject, action and person."""

    roles = audit.READERS

    def __init__(self):
        super().__init__(name="บันทึกการใช้งาน", endpoint="audit", url="/admin/audit")

    @expose("/")
    def index(self):
        """One page of the log."""
        asked = asked_of(request.args)
        if asked is None:
            return self.render("trail/audit_empty.html")
        sensitive = sensitive_on(asked.wanted.area_code, asked.wanted.school)
        page, problem = self._page(asked.wanted)
        if sensitive:
            note_sensitive(asked.wanted, page.rows)
        problems = [*asked.problems, *([problem] if problem else [])]
        if page.lost:
            problems.append("เหตุการณ์ที่อ้างถึงไม่อยู่แล้ว จึงแสดงตั้งแต่ล่าสุด")
        count, capped = (None, True) if problem else audit.count_of(asked.wanted, current_user)
        if count is None:  # too many even to count up to the bound: at least those that are shown
            count = len(page.rows)
        return self.render(
            "trail/audit.html",
            asked=asked,
            events=telling.events(page.rows, current_user, sensitive),
            problems=problems,
            count=count,
            pager=pager(page, count, capped),
            choices=choices_of(asked.wanted.area_code),
            narrow_href=url_for(".index", area=request.args.get("area")),
            export_href=address(".export_xlsx", sensitive=1 if sensitive else None) if page.rows else None,
            sensitive_switch=sensitive_switch(asked.wanted, sensitive),
        )

    def _page(self, wanted):
        try:
            return audit.page_of(
                wanted,
                current_user,
                after=request.args.get("after"),
                before=request.args.get("before"),
                last=bool(request.args.get("last")),
            ), None
        except Busy as too_many:
            return Rows([], earlier=False, later=False), too_many.message

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The log as it is narrowed, as a workbook."""
        asked = asked_of(request.args) or abort(404)
        if asked.problems:  # which the page says
            return redirect(address(), 303)
        wanted = asked.wanted
        sensitive = sensitive_on(wanted.area_code, wanted.school)
        try:
            return export_events(
                wanted, sensitive, area_names([wanted.area_code])[wanted.area_code], address()
            )
        except Busy as too_many:
            flash(too_many.message, "error")
            return redirect(address(), 303)

    @expose("/details/")
    def details_view(self):
        """One event whole, with whether its seal still holds."""
        id_ = request.args.get("id")
        row = next(filter(None, (audit.one_of(current_user, area, id_) for area in my_areas())), None)
        if row is None:
            abort(404)
        sensitive = sensitive_on(row["area_code"], row.get("school_code"))
        if sensitive:
            note_sensitive(Wanted(row["area_code"], row.get("school_code") or ""), [row])
        (event,) = telling.events([row], current_user, sensitive, whole=True)
        return self.render(
            "trail/audit_details.html",
            event=event,
            row=row,
            holds=seal_holds(row),
            facts=facts_of(event, area_names([row["area_code"]])[row["area_code"]]),
            switch=sensitive_switch(Wanted(row["area_code"], row.get("school_code") or ""), sensitive),
        )


def my_areas():
    """The areas whose log the reader may open, the one he works in first."""
    areas = audit.areas_of(current_user)
    return sorted(areas, key=lambda code: code != here.area_code())


def asked_of(args):
    """What an address asks for; None for a reader without any area. What cannot be read is said and left out."""
    areas = my_areas()
    if not areas:
        return None
    typed, problems = {name: thai.clean(args.get(name))[:100] for name in ASKED}, []
    days = {name: day_of(typed[name], problems) for name in ("from", "to")}
    if days["from"] and days["to"] and days["to"] < days["from"]:
        problems.append("วันสิ้นสุดอยู่ก่อนวันเริ่ม จึงไม่พบรายการ กรุณาแก้วันที่")
    wanted = Wanted(
        typed["area"] if typed["area"] in areas else areas[0],
        typed["school"][:8],
        days["from"],
        days["to"],
        typed["document"] if typed["document"] in event_words.documents() else "",
        typed["action"] if typed["action"] in event_words.ACTIONS else "",
        typed["actor"],
    )
    return Asked(wanted, typed, problems)


def day_of(text, problems):
    """The day that was typed, None for nothing or what is no day, which is then said."""
    if not text:
        return None
    try:
        day = buddhist.parse_date(text)
    except ValueError as wrong:
        problems.append(str(wrong))
        return None
    return day if isinstance(day, date) and 1900 < day.year < 2900 else None


def address(page=".index", **more):
    """The address of a page of the log with what it was narrowed to, and `more`."""
    kept = {name: request.args[name] for name in ASKED if request.args.get(name)}
    return url_for(page, **{name: value for name, value in (kept | more).items() if value is not None})


def pager(page, count, capped):
    """The pager's words and addresses."""
    rows = page.rows
    return {
        "total": count,
        "capped": capped,
        "unit": "เหตุการณ์",
        "first": address() if page.earlier else None,
        "prev": address(before=str(rows[0]["_id"])) if page.earlier and rows else None,
        "next": address(after=str(rows[-1]["_id"])) if page.later and rows else None,
        "last": address(last=1) if page.later else None,
    }


def choices_of(area):
    """What the log can be narrowed to: areas, schools, subjects and actions, as (value, words)."""
    areas = my_areas()
    records = {document.slug for document in subsystems()}
    only_settings = not audit.sees_records(current_user, area)
    return {
        "areas": sorted(area_names(areas).items()) if len(areas) > 1 else [],
        "schools": schools_of(area),
        "documents": [
            pair for pair in event_words.documents().items() if not (only_settings and pair[0] in records)
        ],
        "actions": [
            pair
            for pair in event_words.ACTIONS.items()
            if not only_settings or pair[0] not in event_words.OF_RECORDS_ALONE
        ],
    }


def schools_of(area):
    """(code, name) of the schools the log can be narrowed to; nothing to choose for one school."""
    query = {"area_code": area, "kind": "school"}
    if not any(current_user.holds(role, area) for role in access.AREA_READERS):
        own = [code for a, code in current_user.schools(*access.SCHOOL_READERS) if a == area]
        if len(own) < 2:
            return []
        query["code"] = {"$in": own}
    return [
        (one.code, one.name) for one in School.objects(__raw__=query).only("code", "name").order_by("name")
    ]


def area_names(codes):
    """{code: short name} of areas."""
    found = {one.code: one.short_name or one.name for one in Area.objects(code__in=codes)}
    return {code: found.get(code, code) for code in codes} | (
        {EVERY_AREA: "ไม่สังกัดเขต (ผู้ดูแลทุกเขต)"} if EVERY_AREA in codes else {}
    )


# ---- the sensitive class: off until switched on, which is itself an event ----


def sensitive_on(area, school):
    """Whether values of the sensitive class are switched on for this request, by someone who may see them."""
    return bool(request.args.get("sensitive")) and may_switch(area, school)


def may_switch(area, school):
    """Whether this person sees the sensitive class somewhere in what the page shows."""
    if not audit.sees_records(current_user, area):
        return False
    own = [code for a, code in current_user.schools(*access.SCHOOL_READERS) if a == area]
    return any(
        access.sees_sensitive(current_user, area, code) for code in ([school] if school else [None, *own])
    )


def sensitive_switch(wanted, on):
    """The switch {on, href}, None for those who have none."""
    if not may_switch(wanted.area_code, wanted.school):
        return None
    args = {name: values for name, values in request.args.items() if name != "sensitive"}
    return {"on": on, "href": url_for(request.endpoint, **args, **({} if on else {"sensitive": 1}))}


def note_sensitive(wanted, rows):
    """Seeing the sensitive class is noted: who, where, how many events."""
    history.note_event(
        wanted.area_code,
        current_user._get_current_object(),
        "view_sensitive",
        "access",
        current_user.id,
        {"what": [None, "audit"], "school": [None, wanted.school or None], "rows": [None, len(rows)]},
    )


def facts_of(event, area_name):
    """(label, words) of what is known of an event."""
    known = [
        ("เวลา", event["when"]),
        ("ผู้ทำ", event["who"]),
        ("ทำในฐานะ", event["role"]),
        ("จากเครื่อง", event["address"]),
        ("ช่องทาง", event["via"]),
        ("เขต", area_name),
        ("โรงเรียน", event["school"]),
        ("รอบ", event["round"]),
        ("เหตุผล", event["reason"]),
        ("ลำดับในเรื่องนี้", f"ครั้งที่ {event['number']:,}"),
    ]
    return [(label, words) for label, words in known if words]


def seal_holds(row):
    """Whether the event still is what was written, by its hash and the digest of its values."""
    if history.event_hash(row) != row["hash"]:
        return False
    return history.is_erased(row) or history.values_digest(row) == row.get("values_digest")
