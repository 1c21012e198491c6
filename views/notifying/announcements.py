"""Announcements (ประกาศ): the district tells its schools; a school reads and says so; who has read is seen."""

import datetime as dt

from flask import flash, make_response, redirect, request, url_for
from flask_admin import BaseView, expose

from documents import clock
from documents.clock import utc
from documents.district.schools import Area, School
from documents.errors import Invalid
from documents.formats import buddhist, thai
from documents.notifying import announcements, mail
from documents.notifying.announcements import AUDIENCES, LEVELS, STANDINGS
from exports.workbooks import links as addresses
from views import here, instants
from views.pages import Page

FIELDS = ("title", "text", "until", "audience", "standing", "round")


class Announcements(Page, BaseView):
    """What was announced in one's area or to one's school, and for officers the form of a new one."""

    roles = ("school", "director", "district", "approver", "executive")

    def __init__(self):
        super().__init__(name="ประกาศ", endpoint="announcements", url="/admin/announcements")

    @expose("/")
    def index(self):
        """All that one may see, the newest first."""
        user, area = here.person(), here.area_code()
        publishes = bool(area) and announcements.may_publish(user, area)
        return self.render(
            "notifying/announcements.html",
            rows=[row_of(each, user) for each in announcements.shown_to(user)],
            publishes=publishes,
            group=announcements.line_group(area) if publishes else None,
            line_on=mail.is_on("line"),
        )

    @expose("/details/")
    def details_view(self):
        """One announcement; opened by one of its schools, it is read. Officers see who has read it."""
        user = here.person()
        found = announcements.get_announcement(user, request.args.get("id"))
        announcements.mark_read(found, user)
        oversees = any(user.holds(role, found.area_code) for role in ("district", "approver", "executive"))
        address = addresses.page(found.page)
        return self.render(
            "notifying/announcement.html",
            found=found,
            row=row_of(found, user),
            schools=schools_of(found) if oversees else None,
            may_withdraw=announcements.may_publish(user, found.area_code) and not found.is_over,
            share=announcements.share_text(found, address) if oversees else None,
        )

    @expose("/new/", methods=("GET", "POST"))
    def new(self):
        """The form of a new one; posted, it is published. What was typed stays where it is refused."""
        user, area = here.person(), here.area_code()
        if not (area and announcements.may_publish(user, area)):
            self.inaccessible_callback("new")
        if request.method == "GET":
            return self._form(area, {"audience": "all", "until": _in_days(14)})
        typed = {name: request.form.get(name, "") for name in FIELDS}
        typed |= {name: request.form.getlist(name) for name in ("clusters", "levels")}
        typed["to_line"] = bool(request.form.get("to_line"))
        try:
            until = _day(typed["until"])
            made = announcements.publish(
                user, area, typed["title"], typed["text"], typed, until, typed["to_line"]
            )
        except Invalid as refusal:
            return make_response(self._form(area, typed, refusal.errors[0]), refusal.status)
        flash(f"แจ้งข่าว {len(made.school_codes):,} โรงเรียนแล้ว", "success")
        return redirect(url_for(".details_view", id=str(made.id)), 303)

    def _form(self, area, typed, wrong=None):
        running = [each for each in here.newest(area) if each.running]
        clusters = Area.objects(code=area).only("clusters").get().clusters
        clusters = clusters or sorted(
            filter(None, School.objects(area_code=area).distinct("cluster")), key=thai.sort_key
        )
        return self.render(
            "notifying/announcement_new.html",
            typed=typed,
            wrong=wrong or {},
            audiences=AUDIENCES
            if running
            else {name: each for name, each in AUDIENCES.items() if name != "states"},
            clusters=clusters,
            levels=LEVELS,
            standings=STANDINGS,
            rounds=running,
            line_on=mail.is_on("line") and bool(announcements.line_group(area)),
        )

    @expose("/withdraw/", methods=("POST",))
    def withdraw(self):
        """Show one no longer."""
        user = here.person()
        found = announcements.get_announcement(user, request.form.get("id"))
        announcements.withdraw(found, user)
        flash("ถอนประกาศแล้ว โรงเรียนไม่เห็นประกาศนี้อีก", "success")
        return redirect(url_for(".index"), 303)

    @expose("/line/", methods=("POST",))
    def line(self):
        """Set the area's LINE group."""
        try:
            announcements.set_line_group(here.area_code(), request.form.get("group"), here.person())
            flash("บันทึกกลุ่มไลน์แล้ว", "success")
        except Invalid as refusal:
            flash(refusal.message, "error")
        return redirect(url_for(".index"), 303)


def _in_days(days):
    return buddhist.format_date(clock.today() + dt.timedelta(days=days))


def _day(typed):
    """The typed day, None without one; raises Invalid for what is no day."""
    try:
        return buddhist.parse_date(typed) if thai.clean(typed) else None
    except ValueError as error:
        raise Invalid({0: {"until": str(error)}}) from error


def row_of(found, user):
    """One announcement as a list shows it."""
    schools = len(found.school_codes)
    read = len(found.schools_read())
    last = clock.in_bangkok(utc(found.until) - dt.timedelta(seconds=1)).date()
    state = ("ถอนแล้ว", "shut") if found.withdrawn_at else ("หมดอายุ", "shut") if found.is_over else None
    return {
        "href": url_for("announcements.details_view", id=str(found.id)),
        "title": found.title,
        "text": found.text,
        "by": found.by_name,
        "at": instants.brief(utc(found.at)),
        "last": buddhist.format_long(last),
        "to": found.to.get("words", ""),
        "schools": schools,
        "read": read,
        "mine": found.read_by(user),
        "state": state,
    }


def schools_of(found):
    """[(name, cluster, who read it first and when, or None)] of its schools, those that have not read it first."""
    asked = School.objects(area_code=found.area_code, code__in=found.school_codes).only(
        "code", "name", "cluster"
    )
    reads = found.schools_read()
    rows = []
    for school in asked:
        row = reads.get(school.code)
        rows.append(
            (school.name, school.cluster, row and f"{row['name']} · {instants.brief(utc(row['at']))}")
        )
    return sorted(rows, key=lambda each: (bool(each[2]), thai.sort_key(each[0])))
