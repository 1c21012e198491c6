"""The year's end (ผลสิ้นปี): its three menus, a class at a time, saved in one write; there in that round alone."""

from bson import ObjectId
from flask import abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.clock import now
from documents.collecting.submissions import find_submission, may_write, submissions_of
from documents.dmc import results
from documents.dmc.roll import YEAR_END
from documents.dmc.students import Student
from documents.errors import NotAllowed, OutOfScope, RuleBroken, StaleRevision
from documents.formats import thai
from documents.people import access
from documents.records.codelists import code_list
from documents.records.record import Place
from views import here, links
from views.pages import Page

ROLES = (*access.SCHOOL_READERS, *access.AREA_READERS)
SUBSYSTEM = "DMC"
RESULT_WORDS = {results.PASSED: "สอบได้", results.GRADUATED: "สอบได้ เรียนจบ", results.REPEATS: "ตก ซ้ำชั้น"}


class YearEnd(Page, BaseView):
    """The pages of a school's results; an officer chooses the school first."""

    roles = ROLES

    def __init__(self):
        super().__init__(name="ผลสิ้นปี", endpoint="year_end", url="/admin/year-end")

    def is_visible(self):
        """In the menu while the round of the year's end is looked at."""
        return current_user.is_authenticated and end_round() is not None

    @expose("/")
    def index(self):
        """How far the schools are, or the classes of the one school, with the pupils of a menu."""
        round_ = asked_round()
        school = asked_school(round_)
        return self._schools(round_) if school is None else self._page(round_, school)

    def _schools(self, round_):
        rows = submissions_of(round_).only("school_code", "school_name").order_by("school_code")
        names = {row.school_code: row.school_name for row in rows}
        known = results.progress_by_school(round_)
        return self.render("dmc/year_end_schools.html", round=round_, table=table_of(names, known))

    def _page(self, round_, school, refusal=None, typed=None):
        menu = request.values.get("menu") if request.values.get("menu") in results.MENUS else "results"
        classes = results.progress_by_class(round_, school)
        chosen = asked_class(classes, menu)
        last = results.taught_to(round_.area_code, school)
        rows = rows_of(round_, school, menu, chosen)
        submission = find_submission(
            SUBSYSTEM, Place(round_.area_code, round_.academic_year, round_.code, school)
        )
        reason = why_not(submission, round_) if submission else "โรงเรียนนี้ไม่อยู่ในรอบนี้"
        conflicts = {one.id: one for one in refusal.conflicts} if isinstance(refusal, StaleRevision) else {}
        page = self.render(
            "dmc/year_end.html",
            round=round_,
            school=school,
            school_name=submission.school_name if submission else school,
            menu=menu,
            menus=menus_of(classes),
            classes=[one for one in classes if in_menu(one, menu)],
            chosen=chosen,
            pupils=[pupil_of(row, menu, last, typed or {}, conflicts.get(row["_id"])) for row in rows],
            reasons=code_list("FAIL").choices_in(round_.academic_year),
            waiting=sum(one.open for one in classes),
            total=sum(one.pupils for one in classes),
            shut=reason,
            by_district=access.writes_as(current_user, round_.area_code, school) == "district",
            refusal=refusal,
            reason=request.form.get("reason", ""),
            most=results.MOST,
            address=lambda **other: url_for(
                ".index",
                **{n: v for n, v in ({"school": school, "menu": menu} | other).items() if v is not None},
            ),
            back=links.submission_page(submission.id) if submission else None,
        )
        return (page, refusal.status) if refusal else page

    @expose("/save/", methods=("POST",))
    def save(self):
        """Store what was typed of the shown pupils: all of it or none."""
        round_ = asked_round()
        school = asked_school(round_)
        if school is None:
            raise OutOfScope()
        if access.writes_as(current_user, round_.area_code, school) is None:
            raise NotAllowed("ท่านดูผลสิ้นปีได้ แต่บันทึกไม่ได้ ให้ครูข้อมูลของโรงเรียนบันทึก")
        seen = posted()
        try:
            changed = results.save(
                round_, school, seen, here.person(), thai.clean(request.form.get("reason"))[:2000]
            )
        except OutOfScope:
            raise
        except RuleBroken as refusal:
            return self._page(round_, school, refusal, {each.id: each for each in seen})
        flash(f"บันทึกผลสิ้นปี {changed:,} คนแล้ว" if changed else "ไม่มีอะไรเปลี่ยน", "success" if changed else "info")
        asked = {name: request.form.get(name) for name in ("school", "menu", "grade", "room")}
        if changed and (menu := menu_after(results.progress_by_class(round_, school), asked["menu"])):
            asked = {"school": school, "menu": menu}  # its first class where something is open
        return redirect(url_for(".index", **{name: value for name, value in asked.items() if value}), 303)


# ---- where ----


def end_round():
    """The Round a person looks at, if it is the year's end and has data; else None."""
    round_ = here.current_round(SUBSYSTEM)
    return round_ if round_ and round_.code == YEAR_END and round_.state not in here.DRAFTS else None


def asked_round():
    """That round; 404 in any other, where the menus are not there."""
    return end_round() or abort(404, "ผลสิ้นปีมีเฉพาะในรอบสิ้นปีการศึกษา กรุณาเลือกรอบสิ้นปีการศึกษาที่แถบด้านบนก่อน")


def asked_school(round_):
    """The school that the address or form names, or a person's only one; None for an officer who named none."""
    own = access.open_schools(current_user, round_.area_code)
    asked = request.values.get("school", "")[:8]
    if not asked:
        return None if own is None else own[0] if own else abort(403)
    if own is not None and asked not in own:
        raise OutOfScope()
    return asked


def asked_class(classes, menu):
    """The Progress of the class that the address names, else the first of the menu where something is open."""
    grade, room = request.values.get("grade"), request.values.get("room", type=int)
    if grade is not None:
        return next((one for one in classes if (one.grade or "") == grade and one.room == room), None)
    of_menu = [one for one in classes if in_menu(one, menu)]
    if menu == "failed":
        return None
    return next((one for one in of_menu if open_in(one, menu)), of_menu[0] if of_menu else None)


def in_menu(one, menu):
    """Whether a class has pupils of a menu."""
    return bool({"results": one.pupils, "failed": one.failed, "leavers": one.graduates}[menu])


def open_in(one, menu):
    """How many pupils of a class lack what a menu asks."""
    return {"results": one.waiting, "failed": one.causes, "leavers": one.leaving}[menu]


def menu_after(classes, menu):
    """The menu to go on with once a class was saved: this one unless its class still lacks something, or another; None to stay."""
    chosen = asked_class(classes, menu)
    if chosen and open_in(chosen, menu):
        return None
    names = list(results.MENUS)
    at = names.index(menu) if menu in names else 0
    return next(
        (name for name in names[at:] + names[:at] if any(open_in(one, name) for one in classes)), None
    )


def menus_of(classes):
    """[(name, words, pupils, how many lack something)] of the three menus."""
    pupils = {"results": "pupils", "failed": "failed", "leavers": "graduates"}
    return [
        (
            name,
            words,
            sum(getattr(one, pupils[name]) for one in classes),
            sum(open_in(one, name) for one in classes),
        )
        for name, words in results.MENUS.items()
    ]


def why_not(submission, round_):
    """Why nothing is saved here now, as a sentence; None where this person may save."""
    if access.writes_as(current_user, submission.area_code, submission.school_code) is None:
        return "ท่านดูได้อย่างเดียว ให้ครูข้อมูลของโรงเรียนบันทึกผลสิ้นปี"
    try:
        may_write(submission, round_, here.person(), now())
    except RuleBroken as refusal:
        return refusal.message
    return None


def rows_of(round_, school, menu, chosen):
    """The stored pupils that a page shows."""
    if chosen is None:
        return results.pupils_of(round_, school, menu) if menu == "failed" else []
    return results.pupils_of(round_, school, menu, chosen.grade or "", chosen.room)


# ---- what is shown and what comes back ----


def pupil_of(row, menu, last, typed, conflict):
    """One pupil as dmc/year_end.html draws him; what was typed stays where saving was refused."""
    grade, stored = row.get("grade"), results.shown_of(row)
    mine = typed.get(row["_id"])
    # Whom nobody touched is shown as he is stored now.
    mine = mine if mine and mine.typed != mine.shown else None
    values = mine.typed if mine else stored
    leaving = results.is_leaving(grade, last)
    passes = results.GRADUATED if leaving else results.PASSED
    result = values.get("year_result")
    if result is None and menu == "results" and not mine:
        result = passes
    return {
        "id": str(row["_id"]),
        "revision": row["revision"],
        "was": as_text(stored),
        "no": row.get("student_no") or "",
        "name": Student.headline(row),
        "class": f"{code_list('GRADE').short(grade) or '–'}/{row.get('room') or '–'}",
        "result": results.REPEATS if result == results.REPEATS else passes if result else None,
        "choices": [(passes, RESULT_WORDS[passes]), (results.REPEATS, RESULT_WORDS[results.REPEATS])],
        "is_new": stored.get("year_result") is None,
        "reasons": values.get("fail_reasons") or [],
        "leaving": leaving,
        "destinations": destinations_of(grade, values.get("destination"), last)
        if leaving and results.asks_destination(grade)
        else [],
        "destination": values.get("destination"),
        "years": values.get("years_taken"),
        "usual": results.usual_years(grade) if results.asks_years(grade, last) else None,
        "conflict": told_of(conflict) if conflict else None,
    }


def destinations_of(grade, kept, last):
    """(code, words) of where one goes after a grade: not on in the same school from the last it teaches; a kept code stays."""
    codes = code_list("DESTINATION")
    pairs = [pair for pair in codes.children(grade) if results.may_go(pair[0], grade, last)]
    return pairs if kept in (None, *dict(pairs)) else [*pairs, (kept, codes.label(kept))]


def told_of(conflict):
    """What somebody else saved of a pupil meanwhile, in words."""
    words = {"year_result": "YEAR_RESULT", "destination": "DESTINATION", "fail_reasons": "FAIL"}
    said = []
    for field in conflict.fields:
        name = words.get(field.name)
        values = field.theirs if isinstance(field.theirs, list) else [field.theirs]
        shown = [
            code_list(name).label(value) if name else f"{value} ปี"
            for value in values
            if value not in (None, "")
        ]
        said += shown
    return {"by": conflict.by_name or "ผู้อื่น", "said": " · ".join(said) or "ลบผลออก"}


def as_text(values):
    """What was shown of a pupil, as one hidden value of the form."""
    reasons = ",".join(values.get("fail_reasons") or [])
    return (
        "|".join(str(values.get(n) or "") for n in ("year_result", "destination", "years_taken"))
        + f"|{reasons}"
    )


def from_text(text):
    """The same read back."""
    result, destination, years, reasons = (text.split("|") + [""] * 4)[:4]
    found = {
        "year_result": result,
        "destination": destination,
        "years_taken": int(years) if years.isascii() and years.isdecimal() and len(years) < 4 else None,
        "fail_reasons": sorted(filter(None, reasons.split(","))),
    }
    return {name: value for name, value in found.items() if value}


def posted():
    """[Seen] of the pupils in the form; what cannot be stored is the door's to refuse."""
    found = []
    for id_ in list(dict.fromkeys(request.form.getlist("pupil")))[: results.MOST]:
        if not ObjectId.is_valid(id_):
            continue
        revision = request.form.get(f"revision-{id_}", "")
        shown = from_text(request.form.get(f"was-{id_}", ""))
        seen = int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 12 else 0
        found.append(results.Seen(ObjectId(id_), seen, shown, typed_of(id_, shown)))
    return found


def typed_of(id_, shown):
    """What the form says of one pupil; what a menu does not ask stays as it was shown."""
    typed = dict(shown)
    if f"result-{id_}" in request.form:
        typed["year_result"] = request.form[f"result-{id_}"][:20]
    if f"asks-reasons-{id_}" in request.form:
        typed["fail_reasons"] = sorted({code[:3] for code in request.form.getlist(f"reason-{id_}")})
    if f"destination-{id_}" in request.form:
        typed["destination"] = request.form[f"destination-{id_}"][:10]
    if f"years-{id_}" in request.form:
        years = thai.arabic_digits(thai.clean(request.form[f"years-{id_}"]))[:4]
        typed["years_taken"] = int(years) if years.isascii() and years.isdecimal() else years
    result = typed.get("year_result")
    asked = {results.REPEATS: ("fail_reasons",)}.get(result, ("destination", "years_taken"))
    return {
        name: value for name, value in typed.items() if value and (name == "year_result" or name in asked)
    }


def table_of(names, known):
    """The officer's table: each school, and what is open in it."""
    columns = [{"label": "โรงเรียน", "fix": True}]
    columns += [
        {"label": label, "num": True}
        for label in ("นักเรียน", "ยังไม่มีผล", "สอบตก", "ไม่ระบุสาเหตุ", "เรียนจบ", "ไม่ครบศึกษาต่อ/ปี")
    ]
    rows, sums = [], [0] * 6
    for code, name in names.items():
        one = known.get(code)
        numbers = (
            [one.pupils, one.waiting, one.failed, one.causes, one.graduates, one.leaving] if one else [0] * 6
        )
        sums = [total + number for total, number in zip(sums, numbers, strict=True)]
        bad = {1, 3, 5}
        cells = [
            {"value": number, "cls": "bad" if place in bad and number else ""}
            for place, number in enumerate(numbers)
        ]
        rows.append({"cells": [{"value": name, "href": url_for(".index", school=code)}, *cells]})
    total = [f"รวม {len(rows):,} โรงเรียน", *sums]
    return {
        "label": "ผลสิ้นปีรายโรงเรียน",
        "columns": columns,
        "rows": rows,
        "total": total,
        "long": len(rows) > 15,
    }
