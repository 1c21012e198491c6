"""Establishing, merging, dissolving and transferring schools, and who enters or leaves a running round."""

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.collecting.round_members import enter, leave, rounds_to_enter
from documents.collecting.rounds import get_round, rounds_at
from documents.collecting.submissions import get_submission, round_of
from documents.district import places
from documents.district.school_moves import MOVES, Order, establish, fates_of, in_words, move_school, moves_of
from documents.district.schools import School, get_school
from documents.errors import Invalid, NotAllowed, RuleBroken, StaleRevision
from documents.formats import thai
from documents.people.access import visible_schools
from documents.records.codelists import code_list
from views import here, links
from views.district.school_edit import clusters_of
from views.district.school_notes import typed_days
from views.here import person
from views.pages import seen_revision

FACTS = ("name", "moe_code", "cluster", "grade_from", "grade_to", "subdistrict")
STALE = "มีผู้อื่นแก้ไขโรงเรียนนี้ไปก่อนแล้ว กรุณาเปิดหน้าโรงเรียนใหม่แล้วทำรายการอีกครั้ง"
FATES = {
    "leaves": ("ออกจากรอบ เพราะยังไม่มีการบันทึก", "idle"),
    "stays": ("อยู่ในรอบต่อ เขตตรวจสอบและล็อกตามปกติ", "ok"),
    "unsettled": ("ยังไม่ได้รับรอง", "late"),
    "reopened": ("เปิดคืนให้แก้ไขอยู่ ต้องสิ้นสุดการเปิดคืนก่อน", "late"),
}


class SchoolMoves:
    """The part of the view of schools behind orders about them, and behind their rounds."""

    @expose("/new/", methods=("GET", "POST"))
    def establish_view(self):
        """A new school, by its order."""
        area = area_moved()
        if request.method == "GET":
            return self._establishing(area)
        try:
            typed = {name: request.form[name] for name in FACTS if name in request.form}
            made = establish(area, request.form.get("code"), typed, typed_order(), person(), asked_reason())
        except RuleBroken as refusal:
            return self._establishing(area, refusal), refusal.status
        flash(f"จัดตั้ง{made.name}แล้ว หากต้องรายงานในรอบที่เปิดอยู่ ให้เข้ารอบจากการ์ด “การส่งข้อมูล”", "success")
        return redirect(url_for(".details_view", id=str(made.id)), 303)

    def _establishing(self, area, refusal=None):
        grades = code_list("GRADE").choices
        return self.render(
            "district/school_establish.html",
            refusal=refusal,
            errors=errors_of(refusal),
            typed=request.form,
            grades=grades,
            clusters=clusters_of(area),
            place_words=places.label(request.form.get("subdistrict")),
        )

    @expose("/move/", methods=("GET", "POST"))
    def move_view(self):
        """One order about a school: what becomes of it and of its open submissions, then the deed."""
        school = get_school(visible_schools(current_user), request.values.get("id"))
        move = next(
            (one for one in moves_of(school, person()) if one.name == request.values.get("move")), None
        )
        if move is None and request.values.get("move") not in MOVES:
            raise NotAllowed("ไม่มีรายการนี้ กรุณาเปิดหน้าโรงเรียนใหม่")
        move = move or MOVES[request.values["move"]]
        if request.method == "GET":
            area_moved(school.area_code)
            return self._moving(school, move)
        try:
            moved = move_school(
                school, move.name, typed_order(), person(), seen_revision(), asked_reason(),
                successor=request.form.get("successor"), receiver=request.form.get("receiver"),
                unreported=bool(request.form.get("unreported")),
            )  # fmt: skip
        except RuleBroken as refusal:
            return self._moving(school, move, refusal), refusal.status
        flash(f"บันทึกแล้ว: {moved.name} {in_words(moved.moves[-1])}", "success")
        return redirect(url_for(".details_view", id=str(school.id)), 303)

    def _moving(self, school, move, refusal=None):
        others = School.objects(area_code=school.area_code, status="open", kind="school", id__ne=school.id)
        return self.render(
            "district/school_move.html",
            school=school,
            move=move,
            fates=told_fates(school) if move.to != "open" else [],
            others=[(one.code, f"{one.name} ({one.code})") for one in in_thai_order(others)]
            if move.asks == "successor"
            else [],
            refusal=refusal,
            sentence=STALE if isinstance(refusal, StaleRevision) else refusal and refusal.message,
            errors=errors_of(refusal),
            typed=request.form,
        )

    @expose("/round/", methods=("POST",))
    def round_view(self):
        """Let a school into a running round, or out of one in which it wrote nothing."""
        school = get_school(visible_schools(current_user), request.form.get("id"))
        out, asked = request.form.get("submission"), request.form.get("round")
        try:
            if out:
                submission = get_submission(current_user, out)
                if submission.school_code != school.code:
                    raise NotAllowed("รายการนี้ไม่ใช่ของโรงเรียนนี้ กรุณาเปิดหน้านี้ใหม่")
                leave(submission, person(), asked_reason())
                said = f"{school.name}ออกจากรอบ {round_of(submission)} แล้ว"
            else:
                round_ = get_round([school.area_code], asked)
                enter(round_, school, person(), asked_reason())
                said = f"{school.name}เข้ารอบ {round_} แล้ว"
        except RuleBroken as refusal:
            return self._details(school, (f"round-{out or asked}", refusal)), refusal.status
        flash(said, "success")
        return redirect(url_for(".details_view", id=str(school.id)), 303)


def area_moved(area_code=None):
    """The area whose schools an officer establishes and moves. Raises NotAllowed."""
    mine = current_user.areas("district")
    area = area_code or (here.area_code() if here.area_code() in mine else next(iter(mine), None))
    if area is None or area not in mine:
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่บันทึกการจัดตั้ง ยุบ รวม เลิก หรือโอนโรงเรียนได้")
    return area


def typed_order():
    """The posted Order. Raises Invalid, by field, for what is no day."""
    day, since = typed_days("order_day", "since")
    return Order(request.form.get("order_number", ""), day, since)


def asked_reason():
    """The posted reason."""
    return thai.clean(request.form.get("reason"))[:500]


def errors_of(refusal):
    """{field: sentence} of a refusal."""
    return next(iter(refusal.errors.values()), {}) if isinstance(refusal, Invalid) else {}


def in_thai_order(schools):
    """Schools by name."""
    return sorted(schools.only("code", "name"), key=lambda one: thai.sort_key(one.name))


def told_fates(school):
    """The school's open submissions and what becomes of each, as the page draws them."""
    fates = fates_of(school)
    rounds = rounds_at(school.area_code, [one.submission for one in fates])
    return [told_fate(one, rounds) for one in fates]


def told_fate(fate, rounds):
    """One open submission and what becomes of it; `rounds` as `rounds_at` gives them."""
    words, tone = FATES[fate.what]
    one = fate.submission
    return {
        "what": fate.what, "words": words, "tone": tone, "href": links.submission_page(one.id),
        "title": str(rounds[one.subsystem, one.academic_year, one.round]), "state": one.shown_state,
        "pupils": one.counts.get("pupils", 0),
    }  # fmt: skip


def rounds_around(school):
    """What the page shows of a school's orders and rounds, for this person."""
    manages = current_user.holds("district", school.area_code)
    return {
        "moves": [
            {"words": in_words(row), "who": row["by_name"], "at": row["at"], "reason": row.get("reason")}
            for row in reversed(school.moves)
        ],
        "may_move": moves_of(school, person()) if manages else [],
        "to_enter": rounds_to_enter(school) if manages else [],
        "leaves": {str(one.submission.id) for one in fates_of(school) if one.what == "leaves"}
        if manages
        else set(),
    }
