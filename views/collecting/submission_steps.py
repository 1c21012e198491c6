"""What is done on a school's page (ทำรายการ): every button of it is one POST here, allowed or refused by the tables of moves."""

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.collecting import extending, locking, reopening
from documents.collecting.asides import answer_hold, extend, keep_hold, prolong, set_hold
from documents.collecting.moves import move
from documents.collecting.submissions import get_submission
from documents.errors import Invalid, NotAllowed, RuleBroken
from documents.formats import thai
from views import instants, links
from views.here import person

BACK = {"home": "admin.index", "control_room": "control_room.index"}
SAID = {
    "confirm": "ยืนยันข้อมูลแล้ว รอผู้อำนวยการรับรอง",
    "unconfirm": "ยกเลิกการยืนยันแล้ว แก้ไขข้อมูลได้",
    "certify": "รับรองข้อมูลแล้ว รอเขตตรวจสอบ",
    "verify": "บันทึกว่าเขตตรวจสอบแล้ว",
    "send_back": "ส่งกลับแก้ไขแล้ว",
    "return": "ส่งกลับแก้ไขแล้ว",
}
SAID_OF_OFFICE = {  # the area office reports by three persons of its own
    "confirm": "ยืนยันข้อมูลแล้ว รอผู้รับรองระดับเขตรับรอง",
    "certify": "รับรองข้อมูลแล้ว รอเจ้าหน้าที่อีกคนตรวจสอบ",
}
ASIDES_SAID = {
    "answer": "ส่งคำชี้แจงให้เขตแล้ว",
    "keep": "ตอบกลับโรงเรียนแล้ว ยังพักการรายงานอยู่",
    "prolong": "ขยายเวลาเปิดคืนแล้ว",
}


class StepsMixin:
    """The part of Submissions that changes something."""

    @expose("/move/", methods=["POST"])
    def move_view(self):
        """One move of one submission, as `documents.collecting.moves.move` allows it."""
        name = request.form.get("move")
        if name not in SAID:
            raise NotAllowed("ไม่มีขั้นตอนนี้")
        return self._do(
            lambda submission, form: _move(submission, name, form), SAID[name], SAID_OF_OFFICE.get(name)
        )

    @expose("/hold/", methods=["POST"])
    def hold_view(self):
        """Put the district's hold on a submission."""
        return self._do(lambda each, form: set_hold(each, person(), form["reason"]), "พักการรายงานแล้ว")

    @expose("/lift/", methods=["POST"])
    def lift_view(self):
        """Lift the hold."""
        return self._do(lambda each, form: set_hold(each, person(), None), "ยกเลิกการพักแล้ว")

    @expose("/extend/", methods=["POST"])
    def extend_view(self):
        """Give the school, its director or both a longer time."""
        return self._do(
            lambda each, form: extend(each, person(), form["until"], form["whom"], form["reason"]),
            "ขยายเวลาแล้ว",
        )

    @expose("/aside/", methods=["POST"])
    def aside_view(self):
        """What is said about a hold, and more time for a reopened school."""
        name = request.form.get("aside")
        if name not in ASIDES_SAID:
            raise NotAllowed("ไม่มีขั้นตอนนี้")
        deeds = {
            "answer": lambda each, form: answer_hold(each, person(), form["reason"]),
            "keep": lambda each, form: keep_hold(each, person(), form["reason"]),
            "prolong": lambda each, form: prolong(each, person(), form["until"], form["reason"]),
        }
        return self._do(deeds[name], ASIDES_SAID[name])

    @expose("/time/", methods=["POST"])
    def time_view(self):
        """A school asks for more time."""
        return self._do(
            lambda each, form: extending.ask_time(
                each, person(), form["reason"], form["whom"], form["until"]
            ),
            "ส่งคำขอขยายเวลาแล้ว รอผลการพิจารณา",
        )

    @expose("/back/", methods=["POST"])
    def back_view(self):
        """The approver takes a reopening back."""
        return self._do(
            lambda each, form: reopening.take_back(each, person(), form["reason"]),
            "ยกเลิกการเปิดคืนแล้ว ข้อมูลกลับเป็นฉบับเดิม",
        )

    @expose("/lock/", methods=["POST"])
    def lock_view(self):
        """Lock one verified school."""
        return self._do(lambda each, form: locking.lock_school(each, person()), "ล็อกข้อมูลแล้ว")

    def _do(self, deed, said, of_office=None):
        """Do it and go back; a refusal shows the page with the sentence, its status, and what was typed."""
        submission = get_submission(current_user, request.form.get("id"))
        try:
            deed(submission, typed_form())
        except RuleBroken as refusal:
            fresh = get_submission(current_user, request.form.get("id"))
            return self._details(fresh, refusal)
        said = of_office if of_office and submission.is_office else said
        flash(f"{submission.school_name}: {said}", "success")
        back = BACK.get(request.form.get("back"))
        return redirect(url_for(back) if back else links.submission_page(submission.id), 303)


def _move(submission, name, form):
    move(submission, name, person(), form["reason"] or None, form["until"], seen=form["seen"])


def typed_form():
    """The posted reason, until (aware instant), whom and seen (write counter); raises Invalid for what is no day."""
    form = request.form
    try:
        until = instants.read_instant(form.get("until", ""), form.get("until_time", ""))
    except ValueError as error:
        raise Invalid({0: {"until": str(error)}}) from error
    seen = form.get("seen", "")
    return {
        "reason": thai.clean(form.get("reason"), lines=True)[:2000],
        "until": until,
        "whom": [name for name in form.getlist("whom") if name in extending.WHOM],
        "seen": int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 12 else None,
    }
