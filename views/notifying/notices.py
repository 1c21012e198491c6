"""Notices (แจ้งเตือน): what became mine to do or to know, the newest first."""

from itertools import groupby

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose

from documents import clock
from documents.clock import in_bangkok
from documents.errors import OutOfScope
from documents.formats import buddhist
from documents.notifying import notices
from documents.notifying.notices import KINDS
from views import here
from views.pages import Page


class Notices(Page, BaseView):
    """Whoever is signed in, about himself; reached by the bell of every page."""

    def __init__(self):
        super().__init__(name="แจ้งเตือน", endpoint="notices", url="/admin/notices")

    def is_visible(self):
        """The bell leads here, not the menu."""
        return False

    @expose("/")
    def index(self):
        """One's notices by day, all or the unread."""
        user, only = here.person(), bool(request.args.get("unread"))
        found = notices.of_person(user, unread=only)
        unread = notices.recount(user)
        days = groupby((row_of(each) for each in found), key=lambda row: row["day"])
        return self.render(
            "notifying/notices.html",
            days=[(day, list(rows)) for day, rows in days],
            unread=unread,
            only_unread=only,
        )

    @expose("/open/")
    def open(self):
        """Mark one read and go where it leads."""
        found = notices.mark_read(here.person(), request.args.get("id", ""))
        if found is None:
            raise OutOfScope("ไม่พบแจ้งเตือนนี้ของท่าน อาจหมดอายุแล้ว กรุณาดูจากหน้า “แจ้งเตือน”")
        return redirect(found.url or url_for(".index"), 303)

    @expose("/read/", methods=("POST",))
    def read(self):
        """Mark all read."""
        notices.mark_read(here.person())
        flash("ทำเครื่องหมายว่าอ่านแล้วทั้งหมด", "success")
        return redirect(url_for(".index"), 303)


def row_of(notice):
    """One notice as the list shows it."""
    words, icon, tone = KINDS.get(notice.kind, ("แจ้งเตือน", "bell", "idle"))
    at = in_bangkok(notice.at)
    return {
        "href": url_for("notices.open", id=str(notice.id)),
        "text": notice.text.removeprefix(f"{words}: "),  # an announcement's title, as somebody typed it
        "typed": notice.text.startswith(f"{words}: "),
        "word": words,
        "icon": icon,
        "tone": tone,
        "unread": notice.read_at is None,
        "day": day_words(at.date()),
        "time": f"{at:%H.%M} น.",
    }


def day_words(day):
    """A day as people say it: today, yesterday, else its date."""
    ago = (clock.today() - day).days
    return {0: "วันนี้", 1: "เมื่อวาน"}.get(ago) or buddhist.format_long(day)
