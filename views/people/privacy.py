"""The personal-data notice (ประกาศความเป็นส่วนตัว), and an area's settings of contact and times of keeping."""

from flask import abort, flash, g, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.clock import utc
from documents.district.schools import Area
from documents.errors import Invalid
from documents.formats import buddhist, thai
from documents.people import privacy
from documents.people.privacy import KEEPING
from documents.people.users import EVERY_AREA
from documents.trail import history
from views import here
from views.pages import Page
from views.records.fields import LONGEST_REASON, MOST_EVENTS
from views.trail import telling


class Notice(Page, BaseView):
    """The notice whole, for whoever is signed in, and the press that says it was read."""

    def __init__(self):
        super().__init__(name="ประกาศความเป็นส่วนตัว", endpoint="notice", url="/account/notice")

    def is_visible(self):
        """Reached from the home page while it was not read, later from the person's own page."""
        return False

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The text and when it was read; posted, that it was read now."""
        area = here.area_code()
        if request.method == "POST":
            try:
                privacy.accept(here.person(), request.form.get("version", "")[:20], area or EVERY_AREA)
            except Invalid as refusal:
                flash(refusal.errors[0]["version"], "error")
                return redirect(url_for(".index"), 303)
            flash("บันทึกแล้วว่าท่านรับทราบประกาศ เปิดอ่านอีกครั้งได้ที่หน้าบัญชีของฉัน", "success")
            return redirect(url_for("admin.index"), 303)
        at = privacy.accepted_at(current_user)
        return self.render(
            "people/notice.html",
            notice=notice_in(area),
            accepted=buddhist.format_datetime(utc(at)) if at else None,
        )


def notice_in(area):
    """What the notice says in an area: {title, version, parts: [(heading, sentence)], contact}."""
    return {
        "title": privacy.ABOUT,
        "version": privacy.VERSION,
        "parts": privacy.NOTICE,
        "area": here.area_name(area) if area else None,
        "contact": privacy.contact_of(area),
        "keeping": f"บันทึกการเข้าถึงข้อมูลเก็บ {privacy.days_of(area)['access_log']:,} วัน" if area else None,
    }


def unread():
    """The notice for the first page after signing in; None once the person has read this version."""
    return None if privacy.accepted_at(current_user) else notice_in(here.area_code())


class Privacy(Page, BaseView):
    """Whom to ask, and how long what nobody needs is kept."""

    roles = privacy.SETTERS

    def __init__(self):
        super().__init__(name="ข้อมูลส่วนบุคคล", endpoint="privacy", url="/admin/privacy")

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The settings of one area; posted, those that the person typed."""
        area = asked_area()
        return self._save(area) if request.method == "POST" else self._page(area)

    def _save(self, area):
        typed = {name: thai.clean(request.form.get(name))[:500] for name in ("contact", *KEEPING)}
        reason = thai.clean(request.form.get("reason"))[:LONGEST_REASON]
        try:
            days = {name: _number(typed[name]) for name in KEEPING}
            privacy.set_privacy(area, typed["contact"], days, here.person(), reason)
        except Invalid as refusal:
            return self._page(area, typed, reason, refusal)
        flash("บันทึกแล้ว ใช้ตั้งแต่การลบครั้งถัดไป ซึ่งทำวันละครั้ง", "success")
        return redirect(url_for(".index", **_args(area)), 303)

    def _page(self, area, typed=None, reason="", refusal=None):
        now = {"contact": privacy.contact_of(area)} | privacy.days_of(area)
        page = self.render(
            "people/privacy.html",
            area=area,
            areas=my_areas(),
            args=_args(area),
            keeping=KEEPING,
            now=now,
            typed=now if typed is None else typed,
            reason=reason,
            refusal=refusal,
            events=_events(area),
            notice=notice_in(area),
        )
        return make_response(page, refusal.status if refusal else 200)


def _number(text):
    plain = thai.arabic_digits(text)
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 7 else None


def my_areas():
    """The areas whose settings this person decides."""
    if "privacy_areas" not in g:
        held = current_user.areas(*privacy.SETTERS)
        found = Area.objects() if EVERY_AREA in held else Area.objects(code__in=held)
        g.privacy_areas = list(found.order_by("code"))
    return g.privacy_areas


def asked_area():
    """The code of the area that the address names, else the one he works in, else his first; 404 for another's."""
    codes = [one.code for one in my_areas()]
    usual = here.area_code() if here.area_code() in codes else next(iter(codes), None)
    area = request.args.get("area") or usual
    return area if area in codes else abort(404)


def _args(area):
    return {"area": area} if len(my_areas()) > 1 else {}


def _events(area):
    """What was set and what was erased so far, for the timeline, newest first."""
    rows = history.events_of(area, privacy.subject_of(area), MOST_EVENTS).filter(document="privacy")
    return telling.events(list(rows.as_pymongo()), here.person(), sensitive=False, whole=True)
