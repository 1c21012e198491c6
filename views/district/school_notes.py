"""What a school's page lets officers do besides its facts: acting directors, and the district's private notes."""

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents import clock
from documents.clock import utc
from documents.district import contacts, school_notes
from documents.district.schools import get_school, may_edit
from documents.errors import Invalid, RuleBroken
from documents.formats import buddhist, thai
from documents.people import acting
from documents.people.access import visible_schools
from views.pages import seen_revision

STATES = {
    "now": ("รักษาการอยู่", "ok"),
    "coming": ("ยังไม่เริ่ม", "idle"),
    "over": ("ครบกำหนดแล้ว", "idle"),
    "ended": ("สิ้นสุดก่อนกำหนด", "work"),
}


class SchoolNotes:
    """The part of the view of schools behind appointments and notes."""

    @expose("/acting/", methods=("POST",))
    def acting_view(self):
        """Record an appointment as acting director."""

        def deed(school, person):
            form = request.form
            acting.appoint(
                school, person, form.get("person"), *typed_days("since", "until"),
                form.get("order_number"), *typed_days("order_day"), seen_revision(),
            )  # fmt: skip

        return self._do("acting", deed, "บันทึกการรักษาการแล้ว")

    @expose("/acting/end/", methods=("POST",))
    def end_acting_view(self):
        """End an appointment before its last day."""
        return self._do(
            "acting_end",
            lambda school, person: acting.end(
                school, person, request.form.get("appointment"), request.form.get("reason"), seen_revision()
            ),
            "สิ้นสุดการรักษาการแล้ว",
        )

    @expose("/notes/", methods=("POST",))
    def note_view(self):
        """Put a private note on a school."""
        return self._do(
            "note",
            lambda school, person: school_notes.add_note(person, school, request.form.get("text")),
            "เพิ่มบันทึกภายในแล้ว",
        )

    @expose("/notes/strike/", methods=("POST",))
    def strike_view(self):
        """Strike a private note out."""
        return self._do(
            "strike",
            lambda school, person: school_notes.strike_note(
                person, school, request.form.get("note"), request.form.get("reason")
            ),
            "ขีดฆ่าบันทึกแล้ว",
        )

    def _do(self, what, deed, said):
        """Do it and go back; a refusal shows the school's page with the sentence and what was typed."""
        school = get_school(visible_schools(current_user), request.form.get("id"))
        try:
            deed(school, current_user._get_current_object())
        except RuleBroken as refusal:
            return self._details(school.reload(), (what, refusal)), refusal.status
        flash(f"{school.name}: {said}", "success")
        return redirect(url_for(".details_view", id=str(school.id)), 303)


def typed_days(*names):
    """The posted days, None for an empty one. Raises Invalid, by field, for what is no day."""
    days, wrong = [], {}
    for name in names:
        text = thai.clean(request.form.get(name))
        try:
            days.append(buddhist.parse_date(text) if text else None)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise Invalid({0: wrong})
    return days


def people_around(school):
    """What the page shows of appointments and notes, for this person: who may act is asked again by the deed."""
    manages = may_edit(current_user, school.area_code)
    now = acting.present(school)
    return {
        "contacts": contacts.entry_of(current_user, school),
        "format_short": buddhist.format_short,
        "appointments": [appointment_of(one) for one in reversed(school.acting)],
        "acting_now": appointment_of(now) if now else None,
        "candidates": candidates_of(school) if manages else [],
        "reads_notes": school_notes.may_read(current_user, school.area_code),
        "notes": [note_of(one) for one in school_notes.notes_of(current_user, school)],
    }


def candidates_of(school):
    """[(heading, [(id, name and position)])]: this school's people, then the area's others; not oneself."""
    groups = {"โรงเรียนนี้": [], "โรงเรียนอื่นในเขต": []}
    for one in acting.candidates(school):
        if one.id == current_user.id:
            continue
        here = any(grant.covers(school.area_code, school.code) for grant in one.grants)
        words = f"{one.name} · {one.position}" if one.position else one.name
        groups["โรงเรียนนี้" if here else "โรงเรียนอื่นในเขต"].append((str(one.id), words))
    return [(heading, people) for heading, people in groups.items() if people]


def appointment_of(one):
    """One appointment as district/school.html draws it."""
    state = acting.state_of(one, clock.today())
    words, tone = STATES[state]
    return {
        "id": str(one["id"]),
        "name": one["name"],
        "span": f"{buddhist.format_short(one['since'])} – {buddhist.format_short(one['until'])}",
        "order": f"คำสั่งที่ {one['order_number']} ลงวันที่ {buddhist.format_short(one['order_day'])}",
        "by": f"บันทึกโดย {one['by_name']} {buddhist.format_datetime(utc(one['at']))}",
        "state": words,
        "tone": tone,
        "open": state in ("now", "coming"),
        "until": buddhist.format_short(one["until"]),
        "ended": f"สิ้นสุดโดย {one['ended_by']} {buddhist.format_datetime(utc(one['ended_at']))}: {one['reason']}"
        if one.get("ended_at")
        else None,
    }


def note_of(note):
    """One note as district/school.html draws it."""
    return {
        "id": str(note.id),
        "text": note.text,
        "who": note.by_name,
        "when": buddhist.format_datetime(utc(note.at)),
        "struck": f"ขีดฆ่าโดย {note.struck_by_name} {buddhist.format_datetime(utc(note.struck_at))}: {note.struck_reason}"
        if note.struck_at
        else None,
    }
