"""Reconciling pupils with another system's file: choose a round and a file, read the differences, take them as a workbook."""

import io

from flask import flash, redirect, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.clock import utc
from documents.collecting.rounds import get_round
from documents.dmc import reconciling
from documents.errors import NotAllowed, RuleBroken
from documents.formats import buddhist, thai
from documents.people.access import AREA_READERS
from documents.trail import history
from exports.dmc import enrolment_file
from exports.dmc.enrolment_file import KIND
from exports.dmc.reconciliation import SIDES, reconciliation_file_name, reconciliation_workbook
from exports.file_jobs import XLSX
from exports.imports import mapped_files
from exports.imports.mapped_files import table_of
from exports.imports.named_schools import names_in
from exports.reading import guards
from views import here
from views.here import person
from views.pages import Page
from views.records.files_out import SCOPE, hands_out
from views.records.naming import settled

TITLE = "กระทบยอดนักเรียน"
SHOWS = ("differing", "all", "file", "khet")
MOST_SPANS = 8


class Reconcile(Page, BaseView):
    """Comparisons of an area's pupils with files of other systems, for officers and approvers."""

    roles = AREA_READERS

    def __init__(self):
        super().__init__(name=TITLE, endpoint="reconcile", url="/admin/reconcile")

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The form and the comparisons so far; a posted file is compared at once and not kept."""
        area = asked_area()
        if request.method == "GET":
            return self._form(area)
        table = None
        try:
            round_ = asked_round(area)
            table = posted_table()
            names = chosen(area, table)
            enrolment_file.refuse_incomplete(names, table)
            at = {name: index for index, name in names.items()}
            named = names_in(table, at, ("code", "other"), area, person())
            answers = settled(named, area, "เลือกไฟล์เดิมอีกครั้ง")
            named = names_in(table, at, ("code", "other"), area, person(), answers=answers)
            told = enrolment_file.figures_of(table, names, area, named)
            told["notes"] += named.in_words()
            mapped_files.remember(area, table, KIND, names, person())
            found = reconciling.keep(round_, told, person())
        except RuleBroken as refusal:
            return self._form(area, refusal, table), refusal.status
        flash(f"กระทบยอดกับไฟล์ {found.filename} แล้ว", "success")
        return redirect(url_for(".details_view", id=str(found.id)), 303)

    def _form(self, area, refusal=None, table=None):
        known = list(here.rounds_of(area, reconciling.SUBSYSTEM))
        rounds = [one for one in known if one.state not in here.DRAFTS]
        current = here.current_round(reconciling.SUBSYSTEM)
        asked = request.form.get("round") or (str(current.id) if current else "")
        return self.render(
            "dmc/reconcile.html",
            title=TITLE,
            rounds=[(str(one.id), str(one)) for one in rounds],
            asked=asked,
            past=[past_row(one, known) for one in reconciling.listed(area)],
            columns=columns_of(area, table) if table and not hasattr(refusal, "names") else None,
            groups=groups_of(),
            refusal=refusal,
        )

    @expose("/details/")
    def details_view(self):
        """One comparison: sums, schools that differ, one school by grade and sex."""
        found = reconciling.get(person(), request.args.get("id"))
        lines = reconciling.lines_of(found)
        sides = {line.code: reconciling.side_of(found, line.code) for line in lines}
        sums, show = reconciling.sums_of(found, lines), request.args.get("show")
        show = show if show in SHOWS else "differing" if sums["schools"] else "all"
        return self.render(
            "dmc/reconcile_details.html",
            found=found,
            of_round=round_words(found, here.rounds_of(found.area_code, reconciling.SUBSYSTEM)),
            sums=sums,
            left_out=left_out(found.faults),
            grades=[
                (reconciling.grade_words(g), reconciling.SEXES[s], a, b)
                for g, s, a, b in reconciling.by_grade(lines)
            ],
            by_sex=[(reconciling.SEXES[s], a, b) for s, a, b in reconciling.by_sex(lines)],
            rows=[
                told_line(line, sides[line.code]) for line in lines if is_shown(line, sides[line.code], show)
            ],
            show=show,
            sides=SIDES,
            hrefs={one: url_for(".details_view", id=str(found.id), show=one) for one in SHOWS},
            when=buddhist.format_datetime(utc(found.at)),
        )

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_view(self):
        """The comparison as a workbook; noted before it is sent."""
        found = reconciling.get(person(), request.args.get("id"))
        told = {
            "what": "reconciliation",
            "round": found.round_label,
            "rows": len(found.theirs),
            "kind": "xlsx",
        }
        changes = {name: [None, value] for name, value in told.items()}
        history.note_event(found.area_code, person(), "export", "access", person().id, changes)
        content = io.BytesIO(reconciliation_workbook(found, here.area_name(found.area_code)))
        return send_file(content, XLSX, as_attachment=True, download_name=reconciliation_file_name(found))


def asked_area():
    """The area this person compares: the present one, if it is his. Raises NotAllowed."""
    mine = current_user.areas(*AREA_READERS)
    area = here.area_code() if here.area_code() in mine else next(iter(mine), None)
    if area is None:
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขตเท่านั้นที่กระทบยอดได้")
    return area


def asked_round(area):
    """The posted round: one of pupils, that was opened. Raises RuleBroken."""
    round_ = get_round([area], request.form.get("round"))
    if round_.subsystem != reconciling.SUBSYSTEM or round_.state in here.DRAFTS:
        raise RuleBroken("กระทบยอดได้กับรอบ DMC ที่เปิดแล้วเท่านั้น กรุณาเลือกรอบใหม่")
    return round_


def posted_table():
    """The table of the posted file, which is not kept. Raises RuleBroken."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise RuleBroken("กรุณาเลือกไฟล์ก่อนกดกระทบยอด")
    content = upload.stream.read(guards.MAX_BYTES + 1)
    return table_of(content, thai.clean(upload.filename)[:200], enrolment_file.known_labels())


def chosen(area, table):
    """{column index: field}: as posted beside the file, else as the area read such a file before, else as it looks."""
    known = {one.name for one in enrolment_file.fields()}
    posted = {index: request.form.get(f"col-{index}", "") for index in range(len(table.columns))}
    if any(posted.values()):
        return {index: name for index, name in posted.items() if name in known}
    before = mapped_files.remembered(area, table)
    return before["names"] if before and before["kind"] == KIND else enrolment_file.guess(table)


def columns_of(area, table):
    """The columns of a file that could not be compared, to say which is what."""
    names = chosen(area, table)
    return [
        {
            "index": index,
            "title": table.title_of(index),
            "samples": table.samples(index),
            "field": names.get(index),
        }
        for index in range(len(table.columns))
    ]


def groups_of():
    """{heading: [(field, label)]} of what a column may be."""
    groups = {}
    for one in enrolment_file.fields():
        groups.setdefault(one.group, []).append((one.name, one.label))
    return groups


def past_row(found, rounds):
    """One comparison of the list; `rounds` are those of its area."""
    return {
        "href": url_for(".details_view", id=str(found.id)),
        "title": f"รอบ {round_words(found, rounds)} กับ {found.filename}",
        "why": f"{found.by_name} · {buddhist.format_datetime(utc(found.at))}",
    }


def round_words(found, rounds):
    """The round of a comparison, one of `rounds`, as officers call it."""
    this = (found.academic_year, found.round)
    return next((str(one) for one in rounds if (one.academic_year, one.code) == this), found.round_label)


def left_out(faults):
    """[(rows in words, how many, sentence)] of the rows that are not compared, those of one reason together."""
    rows = {}
    for one in faults:
        rows.setdefault(one["sentence"], []).append(one["row"])
    return [(spans(numbers), len(numbers), sentence) for sentence, numbers in rows.items()]


def spans(numbers):
    """ "2–5, 9": row numbers in ascending order, neighbours drawn together; the first few."""
    found = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    words = [f"{first:,}–{last:,}" if last > first else f"{first:,}" for first, last in found]
    return ", ".join(words[:MOST_SPANS]) + (" …" if len(words) > MOST_SPANS else "")


def is_shown(line, side, show):
    """Whether a school is in what is asked for."""
    if show == "differing":
        return side == "both" and any(cell[2] != cell[3] for cell in line.cells)
    return show in ("all", side)


def told_line(line, side):
    """One school as the page draws it, its differing grades open to read."""
    return {
        "code": line.code, "name": line.name, "theirs": line.theirs, "ours": line.ours, "difference": line.difference,
        "side": side,
        "cells": [
            (reconciling.grade_words(grade), reconciling.SEXES[sex], theirs, ours, ours - theirs)
            for grade, sex, theirs, ours in line.cells
            if theirs != ours
        ],
    }  # fmt: skip
