"""Who sees what: the table of design 5, asked by grid, workbook, autocomplete, charts and jobs alike."""

from documents.people.users import EVERY_AREA

AREA_READERS = ("district", "approver")
SCHOOL_READERS = ("school", "director")
NOTHING = {"area_code": {"$in": []}}


def visible(user):
    """The MongoDB filter of the yearly records this person may see; starts with the area.

    Records hold persons, so `executive` and `admin` see none.
    """
    if user.is_system:
        return {}
    ways = [{"area_code": area} for area in user.areas(*AREA_READERS) if area != EVERY_AREA]
    for area in sorted({area for area, _ in user.schools(*SCHOOL_READERS)}):
        codes = [code for a, code in user.schools(*SCHOOL_READERS) if a == area]
        ways.append({"area_code": area, "school_code": codes[0] if len(codes) == 1 else {"$in": codes}})
    if not ways:
        return NOTHING
    return ways[0] if len(ways) == 1 else {"$or": ways}


def open_schools(user, area_code):
    """Codes of the schools of an area whose yearly records this person may see, sorted; None for all of them."""
    if user.is_system or area_code in user.areas(*AREA_READERS):
        return None
    return [code for area, code in user.schools(*SCHOOL_READERS) if area == area_code]


def visible_schools(user, name="code"):
    """The filter of School rows (Submission rows with `name` school_code) this person may see."""
    if user.is_system:
        return {}
    areas = user.areas("district", "approver", "executive", "admin")
    if EVERY_AREA in areas:
        return {}
    ways = [{"area_code": area} for area in areas]
    for area in sorted({area for area, _ in user.schools(*SCHOOL_READERS)}):
        codes = [code for a, code in user.schools(*SCHOOL_READERS) if a == area]
        ways.append({"area_code": area, name: codes[0] if len(codes) == 1 else {"$in": codes}})
    if not ways:
        return NOTHING
    return ways[0] if len(ways) == 1 else {"$or": ways}


def sees(user, area_code, school_code):
    """Whether this person may see the yearly records of the school."""
    return user.is_system or any(
        user.holds(role, area_code, school_code) for role in AREA_READERS + SCHOOL_READERS
    )


def sees_sensitive(user, area_code, school_code=None):
    """Whether fields of the sensitive class may be shown: the own school, or an officer with the mark."""
    if user.is_system or any(user.holds(role, area_code, school_code) for role in SCHOOL_READERS):
        return True
    return user.has_mark(area_code) and any(user.holds(role, area_code) for role in AREA_READERS)


def may_see_field(user, field, area_code, school_code=None):
    """Whether a field's class is open to this person, who may already see the record."""
    return field.personal != "sensitive" or sees_sensitive(user, area_code, school_code)


def open_fields(user, known, area_code, school_code=None):
    """Those of {name: field} whose class is open to this person, asked once for all of them."""
    sensitive = sees_sensitive(user, area_code, school_code)
    return {name: field for name, field in known.items() if sensitive or field.personal != "sensitive"}


def is_office(area_code, school_code):
    """Whether a code is that of the area office itself, which reports as a unit of its own in some subsystems."""
    return school_code == area_code


def certifies(user, area_code, school_code):
    """Whether this person certifies what is confirmed there: the director, of the area office the approver."""
    if is_office(area_code, school_code):
        return user.holds("approver", area_code)
    return user.holds("director", area_code, school_code)


def writes_as(user, area_code, school_code):
    """As whom this person writes records of the school: 'school', 'district', 'system' or None.

    A district officer writes those of the area office as its own, no other unit's.
    """
    if user.is_system:
        return "system"
    if user.holds("school", area_code, school_code):
        return "school"
    if not user.holds("district", area_code):
        return None
    return "school" if is_office(area_code, school_code) else "district"
