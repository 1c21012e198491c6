"""Who becomes incomplete (ใครจะกรอกไม่ครบ) once fields must be filled: asked before the administrator says so."""

from dataclasses import dataclass

from documents.database import collection
from documents.records.completeness import open_from, required_of
from documents.records.declarations import declaration

NOTHING = {"$in": [None, "", []]}


@dataclass(frozen=True)
class Incomplete:
    """Who would lack something: the codes of the schools, and how many records."""

    schools: tuple
    records: int


def incomplete_by(area_code, document, academic_year, *names):
    """The Incomplete once these fields must be filled from a year on: of the submissions that are not sealed yet.

    What was carried over counts, too, where the school has not begun: it is as incomplete.
    """
    schools, records = set(), 0
    for (year, code), codes in _open_rounds(document.subsystem, area_code, academic_year).items():
        here = declaration(document, area_code, year)
        new = [name for name in names if name not in required_of(here, area_code, year)]
        if not new:
            continue
        place = {"area_code": area_code, "academic_year": year, "round": code, "school_code": {"$in": codes}}
        lacking = {"$or": [_lacking(here, name) for name in new]}
        for row in collection(here).aggregate(
            [{"$match": place | lacking}, {"$sortByCount": "$school_code"}]
        ):
            schools.add(row["_id"])
            records += row["count"]
    return Incomplete(tuple(sorted(schools)), records)


def _open_rounds(subsystem, area_code, academic_year):
    """{(year, round): [school code]} of the submissions of a year and later ones that are not sealed."""
    found = open_from(subsystem, area_code, academic_year)
    by_round = {}
    for year, code, school in found.scalar("academic_year", "round", "school_code"):
        by_round.setdefault((year, code), []).append(school)
    return by_round


def _lacking(document, name):
    """The MongoDB filter of the records that lack a field which they are asked for."""
    fewer, some = document.asked_less()
    return {name: NOTHING} if fewer is None or name in some else {name: NOTHING, "$nor": [fewer]}
