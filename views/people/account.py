"""One's own account (บัญชีของฉัน): what is known of me, where I am signed in, my password."""

from flask import current_app, flash, redirect, request, session
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.errors import Invalid
from documents.formats.buddhist import format_datetime
from documents.notifying import daily_mail, mail
from documents.people import account_words, accounts, sessions, two_step
from views.here import person
from views.pages import Page
from views.people.two_step import TwoStepPages

LONGEST_PHONE = 100


class Account(TwoStepPages, Page, BaseView):
    """The page of whoever is signed in, about himself."""

    def __init__(self):
        super().__init__(name="บัญชีของฉัน", endpoint="account", url="/account")

    def is_visible(self):
        """Reached from the person's own menu, not from the side menu."""
        return False

    def session_id(self):
        """The id of this browser's session."""
        return session.get("sid")

    @expose("/")
    def index(self):
        """Roles, last sign-ins and open sessions."""
        return self._page()

    def _page(self, phone=None, wrong=None):
        return self.render(
            "account/index.html",
            phone=current_user.phone or "" if phone is None else phone,
            wrong=wrong,
            person=current_user,
            place=account_words.place_of(current_user),
            grants=account_words.held_in_words(current_user),
            sessions=sorted(
                sessions.open_sessions(current_user), key=lambda one: str(one.id) != session.get("sid")
            ),
            here=session.get("sid"),
            device=device,
            two_step_on=two_step.is_on(current_user),
            two_step_wanted=two_step.is_required(current_user, current_app.config["KHET_TWO_STEP"]),
            mails=mail.is_on(),
            format_datetime=format_datetime,
        )

    @expose("/phone/", methods=("POST",))
    def phone(self):
        """Change my telephone number."""
        typed = request.form.get("phone", "")[:LONGEST_PHONE]
        try:
            accounts.change_phone(person(), typed)
        except Invalid as refusal:
            return self._page(typed, " ".join(refusal.errors[0].values())), refusal.status
        flash("บันทึกโทรศัพท์แล้ว", "success")
        return redirect(self.get_url(".index"), 303)

    @expose("/digest/", methods=("POST",))
    def digest(self):
        """Have the daily e-mail, or no longer."""
        on = request.form.get("on") == "1"
        daily_mail.turn(current_user, on)
        flash("จะส่งสรุปประจำวันให้ทางอีเมล" if on else "ปิดสรุปประจำวันแล้ว ดูแจ้งเตือนได้ที่กระดิ่ง", "success")
        return redirect(self.get_url(".index"))

    @expose("/end/", methods=("POST",))
    def end(self):
        """End one other session of mine, or all of them."""
        one = request.form.get("id", "")
        if one == session.get("sid"):
            flash("อุปกรณ์นี้คืออุปกรณ์ที่ท่านใช้อยู่ ให้กดออกจากระบบแทน", "error")
        elif one:
            ended = sessions.end(one, current_user)
            flash("ให้อุปกรณ์นั้นออกจากระบบแล้ว" if ended else "อุปกรณ์นั้นออกจากระบบไปแล้ว", "success")
        else:
            number = sessions.end_all(current_user, but=session.get("sid"))
            flash(f"ให้อุปกรณ์อื่น {number:,} เครื่องออกจากระบบแล้ว", "success")
        return redirect(self.get_url(".index"))


BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
)
SYSTEMS += (("CrOS", "Chromebook"), ("Linux", "Linux"))


def device(browser):
    """A User-Agent as people name it: 'Chrome บน Windows'; 'อุปกรณ์อื่น' where nothing is known."""
    name = next((words for mark, words in BROWSERS if mark in (browser or "")), None)
    system = next((words for mark, words in SYSTEMS if mark in (browser or "")), None)
    return " บน ".join(filter(None, (name, system))) or "อุปกรณ์อื่น"
