"""One's own second step (ยืนยันตัวตนสองชั้น): set up with an app, given new recovery codes, switched off."""

from datetime import timedelta

from flask import current_app, flash, redirect, request
from flask_admin import expose
from flask_login import current_user

from documents.clock import real_now, utc
from documents.errors import Invalid, RuleBroken
from documents.people import passwords, sessions, two_step
from views.here import person
from views.qr import as_image

FRESH = timedelta(minutes=15)  # after a sign-in the password is not asked for once more
WRONG_PASSWORD = "รหัสผ่านไม่ถูกต้อง กรุณาพิมพ์รหัสผ่านที่ใช้เข้าสู่ระบบ"  # noqa: S105  a sentence


class TwoStepPages:
    """Mixed into the view of one's own account."""

    @expose("/two-step/", methods=("GET", "POST"))
    def two_step_view(self):
        """The QR code and the first code of the app; taken, the recovery codes, this once."""
        me, refusal, offer = person(), None, request.form.get("offer", "")[:400]
        if request.method == "POST":
            try:
                self._require_password(unless_fresh=True)
                return self._codes(two_step.finish(me, offer, request.form.get("code", "")[:40]), first=True)
            except RuleBroken as error:
                refusal = error
        secret, offer = two_step.begin(me, offer)
        page = self.render(
            "account/two_step.html",
            forced=self._wanted() and not two_step.is_on(me),
            again=two_step.is_on(me),
            image=as_image(two_step.address_of(me, secret)),
            secret=two_step.grouped(secret),
            offer=offer,
            asks_password=not self._is_fresh(),
            wrong=errors_of(refusal),
        )
        return page, refusal.status if refusal else 200

    @expose("/two-step/codes/", methods=("POST",))
    def two_step_codes(self):
        """New recovery codes in place of the earlier ones, this once."""
        try:
            self._require_password()
            return self._codes(two_step.renew_codes(person()))
        except RuleBroken as refusal:
            flash(refusal.message, "error")
        return redirect(self.get_url(".index"))

    @expose("/two-step/off/", methods=("POST",))
    def two_step_off(self):
        """Back to the password alone, where no role of mine wants more."""
        try:
            self._require_password()
            two_step.switch_off(person(), current_app.config["KHET_TWO_STEP"])
            flash("ปิดการยืนยันตัวตนสองชั้นแล้ว ครั้งต่อไปเข้าสู่ระบบด้วยรหัสผ่านอย่างเดียว", "success")
        except RuleBroken as refusal:
            flash(refusal.message, "error")
        return redirect(self.get_url(".index"))

    def _codes(self, codes, first=False):
        return self.render("account/recovery_codes.html", codes=codes, first=first)

    def _wanted(self):
        return two_step.is_required(current_user, current_app.config["KHET_TWO_STEP"])

    def _is_fresh(self):
        since = sessions.since(self.session_id(), current_user)
        return since is not None and real_now() - utc(since) < FRESH

    def _require_password(self, unless_fresh=False):
        """Raises Invalid unless the typed password is mine."""
        if unless_fresh and self._is_fresh():
            return
        if not passwords.matches(
            request.form.get("password", "")[: passwords.LONGEST], current_user.password
        ):
            raise Invalid({0: {"password": WRONG_PASSWORD}})


def errors_of(refusal):
    """{input's name: sentence} of a refusal; '' for one that is of no input."""
    return (
        {}
        if refusal is None
        else refusal.errors[0]
        if isinstance(refusal, Invalid)
        else {"": refusal.message}
    )
