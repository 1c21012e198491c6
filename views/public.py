"""The pages for everybody (ข้อมูลสำหรับประชาชน): published rounds in sums by school, without signing in.

They read what `documents/collecting/published.py` lets out, and nothing else.
"""

import csv
import io

from flask import Blueprint, Response, abort, redirect, render_template, url_for

from documents.collecting import published
from documents.district.schools import Area
from documents.formats import buddhist
from exports.workbooks.grid import BOM, plain

public = Blueprint("public", __name__, url_prefix="/public")


@public.route("/", endpoint="index")
def index():
    """The areas that have published something; where it is one, its page."""
    areas = published.areas_shown()
    if len(areas) == 1:
        return redirect(url_for("public.area", area=areas[0].code))
    return render_template("public/areas.html", areas=areas)


@public.route("/<area>/", endpoint="area")
def area_page(area):
    """The published rounds of an area, newest first."""
    whose = _area(area)
    rounds = [(round_, _of(round_)) for round_ in published.rounds_shown(area)]
    return render_template("public/rounds.html", area=whose, rounds=rounds)


@public.route("/<area>/<subsystem>/<label>/", endpoint="round")
def round_page(area, subsystem, label):
    """One round: the area's figures, then a line for each school."""
    whose, found = _area(area), _statistics(area, subsystem, label)
    return render_template(
        "public/round.html", area=whose, found=found, table=_table(found), of=_of(found.round), label=label
    )


@public.route("/<area>/<subsystem>/<label>/<school>/", endpoint="school")
def school_page(area, subsystem, label, school):
    """The figures of one school."""
    whose, found = _area(area), _statistics(area, subsystem, label)
    one = next((each for each in found.schools if each.code == school), None) or abort(404)
    kinds = published.figures_of(found.round, one.counts)
    return render_template(
        "public/school.html",
        area=whose,
        found=found,
        school=one,
        kinds=kinds,
        of=_of(found.round),
        label=label,
    )


@public.route("/<area>/<subsystem>/<label>/<slug>.csv", endpoint="csv")
def csv_file(area, subsystem, label, slug):
    """The figures of a kind of record as a CSV with BOM, a row a school and line."""
    found = _statistics(area, subsystem, label)
    heads = next((figures.heads for kind, figures in found.kinds if kind.slug == slug), None) or abort(404)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["รหัสโรงเรียน", "โรงเรียน", heads[0] or "รายการ", *heads[1:]])
    for school in found.schools:
        for kind, figures in published.figures_of(found.round, school.counts):
            if kind.slug == slug:
                writer.writerows([plain(school.code), plain(school.name), plain(words), *numbers]
                                 for words, numbers in figures.rows)  # fmt: skip
    answer = Response((BOM + text.getvalue()).encode(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{label}-{area}-{slug}.csv")
    return answer


def _area(code):
    """The Area of a code that has something to show; 404 for any other, also for one that there is."""
    area = Area.objects(code=code).only("code", "name").first()
    return area if area and published.rounds_shown(code) else abort(404)


def _statistics(area, subsystem, label):
    round_ = published.round_shown(area, subsystem, label) or abort(404)
    return published.statistics(round_)


def _of(round_):
    return f"ข้อมูล ณ วันที่ {buddhist.format_long(round_.as_of)}"


def _table(found):
    """What khet/tables.html draws: a line a school, and the area's sums."""
    several = len(found.kinds) > 1
    columns = [{"label": "โรงเรียน", "fix": True}]
    for kind, figures in found.kinds:
        group = kind.label.partition(" (")[0] if several else None
        columns += [{"label": head, "group": group, "num": True} for head in figures.heads[1:]]
    rows = [{"cells": _cells(found, school)} for school in found.schools]
    total = ["รวม", *(number for _, figures in found.kinds for number in published.sums_of(figures))]
    return {"label": "รายโรงเรียน", "columns": columns, "rows": rows, "total": total, "long": True}


def _cells(found, school):
    words = school.name or school.code
    if school.without:
        width = sum(len(figures.heads) - 1 for _, figures in found.kinds)
        return [{"value": words, "text": f"{words} ({school.without})"}, *[None] * width]
    own = {
        kind.slug: published.sums_of(figures)
        for kind, figures in published.figures_of(found.round, school.counts)
    }
    numbers = [
        number
        for kind, figures in found.kinds
        for number in own.get(kind.slug, (0,) * (len(figures.heads) - 1))
    ]
    return [{"value": words, "href": _href(found, school)}, *numbers]


def _href(found, school):
    round_ = found.round
    return url_for(
        "public.school",
        area=round_.area_code,
        subsystem=round_.subsystem,
        label=round_.label,
        school=school.code,
    )
