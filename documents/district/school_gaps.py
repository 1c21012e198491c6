"""What a school's profile still lacks (ข้อมูลพื้นฐานที่ยังขาด) of what every school is asked for once.

Source: domain.md 4.1 (codes, cluster, levels, address, who leads and who keeps the data) and 3.4 (site plan, tenure of the
land). Nothing here refuses a save: a list of schools that is taken in often holds no more than codes and names.
"""

from typing import NamedTuple

from documents.district.schools import DISTRICT, SCHOOL, School
from documents.records.record import declared

ASKED = (
    "moe_code", "obec_code", "cluster", "grade_from", "grade_to", "address", "subdistrict", "postcode", "site_plan",
)  # fmt: skip
NOTHING = (None, "", [])
WITHOUT_TENURE = {"land": {"$not": {"$elemMatch": {"tenure": {"$nin": [None, ""]}}}}}


class Gap(NamedTuple):
    """One thing that is not there: its label, and who keeps it ('district' or 'school')."""

    label: str
    by: str


def lacks_tenure(land):
    """Whether none of a school's parcels says whose it is."""
    return not any(parcel.get("tenure") for parcel in land or ())


def gaps_of(school, contacts=None):
    """[Gap] of a school, in the order of its form; with its `contacts.Entry` also who is not named. The office has none."""
    if school.kind == "office":
        return []
    known = declared(School)
    found = [
        Gap(known[name].verbose_name, known[name].by) for name in ASKED if getattr(school, name) in NOTHING
    ]
    if lacks_tenure(school.land):
        found.append(Gap("กรรมสิทธิ์ที่ดิน", SCHOOL))
    if contacts is not None and not contacts.directors:
        found.append(Gap(known["director_name"].verbose_name, SCHOOL))
    if contacts is not None and not contacts.officers:
        found.append(Gap(known["data_officer_name"].verbose_name, SCHOOL))
    return found


def lacking(*keepers):
    """The MongoDB filter of the schools that lack something which one of these keeps; of either where none is named."""
    known, keepers = declared(School), keepers or (DISTRICT, SCHOOL)
    empty = [{name: {"$in": list(NOTHING)}} for name in ASKED if known[name].by in keepers]
    return {"$or": [*empty, WITHOUT_TENURE] if SCHOOL in keepers else empty}
