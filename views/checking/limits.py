"""The bounds of the checks (เกณฑ์การตรวจสอบ): what the area holds for doubtful, by subsystem and year."""

from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import subsystems
from documents.checking.checks import default_limits, rules_of
from documents.checking.limits import CheckSetting, limits_of, set_limits, touched_by
from documents.errors import Invalid
from documents.formats import thai
from documents.trail import history
from views import here
from views.pages import Page
from views.people.account_forms import areas_of
from views.records.fields import LONGEST_REASON, MOST_EVENTS, years_of
from views.trail import telling

HIGHEST = 999_999_999  # that is read at all; each bound has its own


class Limits(Page, BaseView):
    """One number for each bound that a subsystem's checks leave to the area."""

    roles = ("admin",)

    def __init__(self):
        super().__init__(name="เกณฑ์การตรวจสอบ", endpoint="limits", url="/admin/limits")

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The bounds of one subsystem and year; posted, those that the person typed anew."""
        place = asked_place()
        return self._save(place) if request.method == "POST" else self._page(place)

    def _save(self, place):
        """Set the numbers that were changed; what was typed stays where one is refused."""
        names, form = rules_of(place["subsystem"]).limits, request.form
        typed = {name: thai.clean(form.get(name, form.get(f"seen-{name}"))) for name in names}
        reason = thai.clean(request.form.get("reason"))[:LONGEST_REASON]
        try:
            changed = _changed(typed, {name: request.form.get(f"seen-{name}") for name in typed})
            if not reason:
                raise Invalid({0: {"reason": "โปรดระบุเหตุผล เพื่อให้ผู้อื่นทราบว่าเปลี่ยนเพราะอะไร"}})
            area, subsystem, year = place.values()
            set_limits(area, subsystem, year, changed, here.person(), reason)
        except Invalid as refusal:
            return self._page(place, typed, reason, refusal)
        flash("บันทึกเกณฑ์แล้ว ข้อมูลที่ยังไม่ล็อกจะถูกตรวจด้วยเกณฑ์ใหม่เมื่อเปิดผลการตรวจสอบ", "success")
        return redirect(url_for(".index", **_args(place)), 303)

    def _page(self, place, typed=None, reason="", refusal=None):
        area, subsystem, year = place.values()
        now = limits_of(area, subsystem, year)
        page = self.render(
            "checking/limits.html",
            place=place,
            args=_args(place),
            subsystems=bounded(),
            years=years_of(area),
            areas=areas_of(current_user),
            limits=rules_of(subsystem).limits,
            usual=default_limits(subsystem, year),
            now=now,
            typed=now if typed is None else typed,
            reason=reason,
            refusal=refusal,
            events=_events(area, subsystem),
            touched=touched_by(area, subsystem, year),
        )
        return make_response(page, refusal.status if refusal else 200)


def bounded():
    """The subsystems whose checks have bounds, in menu order."""
    names = dict.fromkeys(document.subsystem for document in subsystems())
    return [name for name in names if rules_of(name).limits]


def asked_place():
    """{area, subsystem, year} that the address names, else the first there are; 404 for an unknown one."""
    areas = [area.code for area in areas_of(current_user)]
    area = request.args.get("area") or (here.area_code() if here.area_code() in areas else None)
    area = area or next(iter(areas), None)
    subsystem = request.args.get("subsystem") or bounded()[0]
    if area not in areas or subsystem not in bounded():
        abort(404)
    years, current = years_of(area), here.current_round(subsystem)
    year = request.args.get("year", current.academic_year if current else years[0], type=int)
    return {"area": area, "subsystem": subsystem, "year": year if year in years else abort(404)}


def _args(place):
    return {name: value for name, value in place.items() if name != "area" or len(areas_of(current_user)) > 1}


def _changed(typed, seen):
    """{name: number} of what differs from what the page showed. Raises Invalid by name for what is no number."""
    changed = {name: thai.whole(value, HIGHEST) for name, value in typed.items() if value != seen[name]}
    if wrong := {name: "กรุณาพิมพ์จำนวนเต็ม" for name, number in changed.items() if number is None}:
        raise Invalid({0: wrong})
    if not changed:
        raise Invalid({0: {"form": "ยังไม่ได้เปลี่ยนเกณฑ์ใด จึงไม่มีอะไรต้องบันทึก"}})
    return changed


def _events(area, subsystem):
    """The changes so far of the subsystem's bounds in the area, for the timeline, newest first."""
    settings = CheckSetting.objects(area_code=area, subsystem=subsystem).scalar("id")
    rows = [row for id_ in settings for row in history.events_of(area, id_, MOST_EVENTS).as_pymongo()]
    rows = sorted(rows, key=lambda row: (row["at"], row["_id"]), reverse=True)[:MOST_EVENTS]
    return [
        event | {"title": event["subject"]}
        for event in telling.events(rows, here.person(), sensitive=False, whole=True)
    ]
