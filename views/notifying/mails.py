"""Mail that went out (อีเมลที่ส่งออก): what waits, what was sent, what could not be, for the area's admin."""

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose

from documents.clock import utc
from documents.formats import buddhist
from documents.notifying import mail
from documents.notifying.mail import STATES, Mail
from views import here
from views.pages import Page

PAGE_SIZE = 50
LAST_PAGE = 40
TONES = {"queued": "idle", "sending": "work", "sent": "ok", "failed": "bad", "unsure": "late"}
ICONS = {"queued": "clock", "sending": "clock", "sent": "check", "failed": "x", "unsure": "alert"}


class Mails(Page, BaseView):
    """The messages of one's areas; what they said is never shown."""

    roles = ("admin",)

    def __init__(self):
        super().__init__(name="อีเมลที่ส่งออก", endpoint="mails", url="/admin/mails")

    @expose("/")
    def index(self):
        """The newest messages, a page at a time, of one state where it is asked for."""
        state = request.args.get("state") if request.args.get("state") in STATES else None
        page = min(max(request.args.get("page", 0, int), 0), LAST_PAGE)
        those = mail.visible(here.person(), state)
        found = list(
            Mail.objects(__raw__=those)
            .order_by("-asked_at", "-id")
            .exclude("sealed")
            .skip(page * PAGE_SIZE)
            .limit(PAGE_SIZE + 1)
        )
        return self.render(
            "notifying/mails.html",
            rows=[row_of(each) for each in found[:PAGE_SIZE]],
            states=STATES,
            state=state,
            is_on=mail.is_on(),
            trouble=mail.trouble_of(here.person()),
            prev=url_for(".index", page=page - 1, state=state) if page else None,
            next=url_for(".index", page=page + 1, state=state) if len(found) > PAGE_SIZE else None,
        )

    @expose("/again/", methods=("POST",))
    def again(self):
        """Send once more what could not be sent, or may not have arrived."""
        mail.again(request.form.get("id"), here.person())
        flash("สั่งส่งอีกครั้งแล้ว", "success")
        return redirect(url_for(".index"), 303)


def row_of(found):
    """One message as the list shows it."""
    return {
        "id": str(found.id),
        "to": found.to,
        "label": found.label,
        "subject": found.subject,
        "asked": buddhist.format_datetime(utc(found.asked_at)),
        "sent": found.sent_at and buddhist.format_datetime(utc(found.sent_at)),
        "next": found.due_at and found.state == "queued" and buddhist.format_datetime(utc(found.due_at)),
        "attempts": found.attempts,
        "error": found.last_error,
        "word": found.shown_state,
        "tone": TONES[found.state],
        "icon": ICONS[found.state],
        "may_again": found.state in mail.ENDED_BADLY,
    }
