"""What anybody may read without signing in (ข้อมูลสำหรับประชาชน): sums by school of rounds that an approver published.

Sums of a closed round alone, with its day, never of persons, and only of kinds of record that say so (`Record.public`:
the row "Public" of domain.md 6). A school that is reopened shows nothing until its data is locked again.
"""

from collections import Counter
from typing import NamedTuple

from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission
from documents.database import collection
from documents.district.schools import Area
from documents.records.codelists import of_area
from documents.records.kinds import documents_of, is_survey

SHOWN = "locked"
SAID = {"unreported": "ไม่ได้รายงาน"}  # of a school without figures, by the state of its data
BEING_MENDED = "อยู่ระหว่างแก้ไข"


class PublicSchool(NamedTuple):
    """A school of a published round: its counters by kind of record, or in words why there are none."""

    code: str
    name: str
    counts: dict
    without: str | None = None


class Statistics(NamedTuple):
    """A published round in numbers: [(document, its Figures of the area)], and its schools in the order of their codes."""

    round: Round
    kinds: list
    schools: list


def areas_shown():
    """The Areas that have a published round with figures for the public, by code."""
    areas = list(Area.objects().order_by("code").only("code", "name", "short_name"))
    wanted = {"area_code": {"$in": [area.code for area in areas]}, "state": "published"}
    found = collection(Round).find(wanted, {"area_code": 1, "subsystem": 1})
    codes = {row["area_code"] for row in found if kinds_of(row["subsystem"])}
    return [area for area in areas if area.code in codes]


def rounds_shown(area_code):
    """The published Rounds of an area that have figures for the public, newest first."""
    found = Round.objects(area_code=area_code, state="published")
    return [
        round_
        for round_ in found.order_by("-academic_year", "-code", "subsystem")
        if kinds_of(round_.subsystem)
    ]


def round_shown(area_code, subsystem, label):
    """The published Round of a label (2568-1), None where there is none to show."""
    return next(
        (each for each in rounds_shown(area_code) if (each.subsystem, each.label) == (subsystem, label)), None
    )


def kinds_of(subsystem):
    """The document classes of a subsystem whose sums are for everybody; none of a survey."""
    return [] if is_survey(subsystem) else [kind for kind in documents_of(subsystem) if kind.public]


def statistics(round_):
    """The Statistics of a published round, read from what each school's lock counted; no record is opened."""
    wanted = {"area_code": round_.area_code, "academic_year": round_.academic_year}
    wanted |= {"subsystem": round_.subsystem, "round": round_.code}
    names = {"school_code": 1, "school_name": 1, "state": 1, "counts": 1}
    schools, sums = [], Counter()
    for row in collection(Submission).find(wanted, names).sort("school_code", 1):
        shown = row["state"] == SHOWN
        counts = (row.get("counts") or {}) if shown else {}
        sums.update({name: number for name, number in counts.items() if isinstance(number, int)})
        without = None if shown else SAID.get(row["state"], BEING_MENDED)
        schools.append(PublicSchool(row["school_code"], row.get("school_name") or "", counts, without))
    return Statistics(round_, figures_of(round_, sums), schools)


def figures_of(round_, counts):
    """[(document, Figures)] of the counters of a school or of all, where there is anything to count."""
    with of_area(round_.area_code):
        found = [(kind, kind.figures(counts)) for kind in kinds_of(round_.subsystem)]
    return [(kind, figures) for kind, figures in found if figures]


def sums_of(figures):
    """The numbers that stand for all lines of Figures."""
    return figures.totals or figures.rows[0][1]
