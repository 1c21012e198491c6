"""What the grid of G-code requests can be narrowed to: state, school, nationality, age of the case."""

from datetime import timedelta

from flask import has_request_context
from flask_login import current_user

from documents import clock
from documents.district.schools import School
from documents.formats import thai
from documents.gcode import gcode
from documents.people import access
from documents.records.codelists import code_list
from documents.trail.history import as_stored
from views import here
from views.collecting.submissions import LONGEST_SEARCH, Choice

AGES = {"7": (0, 7), "15": (8, 15), "30": (16, 30), "more": (31, None)}  # days since it was first sent
MOST_SCHOOLS = 50


class OfNationality(Choice):
    """Learners of a nationality, which is sensitive: nothing for whoever may not see it."""

    def apply(self, query, value):
        """The queryset narrowed."""
        if not sees_nationality(here.area_code()):
            return query.filter(__raw__={"state": {"$in": []}})
        return super().apply(query, value)


class AtSchool(Choice):
    """Requests of a school, by its code or a piece of its name."""

    def __init__(self):
        super().__init__("school_code", "โรงเรียน", None)

    def apply(self, query, value):
        """The queryset narrowed to the schools found, none where none is found."""
        typed = thai.clean(value)[:LONGEST_SEARCH]
        found = School.objects(area_code=here.area_code())
        codes = [one for one in found.scalar("code", "name") if typed == one[0] or typed in one[1]][
            :MOST_SCHOOLS
        ]
        return query.filter(__raw__={"school_code": {"$in": [code for code, _ in codes]}})


class OfAge(Choice):
    """Cases that the district has had so long, and still has."""

    def __init__(self):
        words = [("7", "ไม่เกิน 7 วัน"), ("15", "8–15 วัน"), ("30", "16–30 วัน"), ("more", "เกิน 30 วัน")]
        super().__init__("sent_at", "อายุเรื่อง", words)

    def apply(self, query, value):
        """The queryset narrowed; an age that is none finds nothing."""
        youngest, oldest = AGES.get(value, (None, None))
        if youngest is None:
            return query.filter(__raw__={"state": {"$in": []}})
        midnight = clock.in_bangkok(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        bounds = {"$lt": as_stored(midnight - timedelta(days=youngest - 1))}
        if oldest is not None:
            bounds["$gte"] = as_stored(midnight - timedelta(days=oldest))
        return query.filter(__raw__={"state": {"$in": list(gcode.WAITING)}, "sent_at": bounds})


def listed(name):
    """What a filter asks for the choices of a list: Flask-Admin does once at start, too, when there may be no database."""
    return lambda: code_list(name).choices if has_request_context() else []


def sees_nationality(area_code):
    """Whether this person may filter by nationality: officers with the mark, and a school, of its own alone."""
    schools = any(area == area_code for area, _ in current_user.schools(*access.SCHOOL_READERS))
    return access.sees_sensitive(current_user, area_code) or (schools and not sees_area(area_code))


def sees_area(area_code):
    """Whether this person reads the requests of the whole area."""
    return any(current_user.holds(role, area_code) for role in access.AREA_READERS)


STATE, SCHOOL, NATION = "สถานะ", "โรงเรียน", "สัญชาติ"
FILTERS = (
    Choice("state", STATE, list(gcode.STATES.items())),
    AtSchool(),
    OfNationality("nationality", NATION, listed("NATION")),
    OfAge(),
)
LIMITED = {SCHOOL: sees_area, NATION: sees_nationality}
