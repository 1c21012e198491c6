"""How large schools are: by the pupils counted in the DMC round of 10 June, not by what anybody typed.

A school that has not confirmed this year's round yet goes by last year's, and where there is none by what it has
entered so far; one that was never counted, by the list of schools.
"""

from dataclasses import dataclass

from documents.collecting.rounds import Round
from documents.collecting.submissions import HANDED_IN, Submission
from documents.database import collection
from documents.district.schools import size_band

SUBSYSTEM, CODE = "DMC", "1"  # the round of 10 June
SETTLED = (*HANDED_IN, "locked")


@dataclass(frozen=True)
class Size:
    """One school's size: its band, the pupils and rooms, the round they were counted in (its year), whether the school
    stood by them.
    """

    band: str | None
    pupils: int | None = None
    rooms: int = 0
    round_label: str | None = None
    settled: bool = True
    year: int | None = None


def sizes_of(area_code, code=None):
    """{school code: Size} of the schools of an area that were counted, or of one: three queries at most."""
    rounds = Round.objects(
        area_code=area_code, subsystem=SUBSYSTEM, code=CODE, state__nin=["draft", "proposed"]
    )
    found = {}
    for round_ in rounds.order_by("-academic_year").only("academic_year", "code")[:2]:
        for row in _counted(area_code, round_, code):
            _take(found, row, round_, area_code)
    return found


def _counted(area_code, round_, code):
    place = {"area_code": area_code, "academic_year": round_.academic_year, "subsystem": SUBSYSTEM,
             "round": CODE} | ({"school_code": code} if code else {})  # fmt: skip
    return collection(Submission).find(
        place, dict.fromkeys(("school_code", "state", "counts.pupils", "counts.classrooms"), 1)
    )


def _take(found, row, round_, area_code):
    """Keep the newest settled count, or a later one's beginnings where nothing was settled."""
    settled = row["state"] in SETTLED
    counts = row.get("counts") or {}
    pupils, rooms = counts.get("pupils", 0), counts.get("classrooms", 0)
    known = found.get(row["school_code"])
    if (known and known.settled) or (known and not settled) or not (settled or pupils):
        return
    band = size_band(pupils, area_code)
    found[row["school_code"]] = Size(band, pupils, rooms, round_.label, settled, round_.academic_year)


def size_of(school, sizes=None):
    """The Size of a School; `sizes` are its area's, where they were asked already."""
    sizes = sizes_of(school.area_code, school.code) if sizes is None else sizes
    return sizes.get(school.code) or Size(school.size_band)


def band_filter(areas, band):
    """The MongoDB filter of the schools of these areas that are of a band."""
    return {"$or": [each for area in areas for each in _of_area(area, band)] or [{"area_code": None}]}


def _of_area(area_code, band):
    sizes = sizes_of(area_code)
    yield {
        "area_code": area_code,
        "code": {"$in": [code for code, size in sizes.items() if size.band == band]},
    }
    yield {"area_code": area_code, "code": {"$nin": list(sizes)}, "size_band": band}
