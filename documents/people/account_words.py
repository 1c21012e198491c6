"""Accounts in words (บัญชีผู้ใช้ที่อ่านได้): a grant, all that a person holds with places by name, where he works."""

from documents.district.schools import Area, School
from documents.formats import buddhist
from documents.people.users import EVERY_AREA, ROLES, Acting


def in_words(grant):
    """A grant as people read it: 'ครูข้อมูลโรงเรียน · 34010001', 'เจ้าหน้าที่เขต · 34010000 (ข้อมูลอ่อนไหว)'."""
    if isinstance(grant, Acting):
        until = buddhist.format_short(grant.until)
        return f"รักษาการ{ROLES[grant.role]} {grant.school_code} ถึง {until} คำสั่งที่ {grant.order_number}"
    place = "ทุกเขต" if grant.area_code == EVERY_AREA else ", ".join(grant.school_codes) or grant.area_code
    return f"{ROLES[grant.role]} · {place}" + (" (ข้อมูลอ่อนไหว)" if grant.sensitive else "")


def held_in_words(person):
    """The grants a person holds now, places by name: 'ครูข้อมูลโรงเรียน · บ้านหนึ่ง (34010001)'."""
    held = list(person.held)
    codes = [(grant.area_code, code) for grant in held for code in grant.school_codes]
    schools = (
        School.objects(area_code__in={a for a, _ in codes}, code__in=[c for _, c in codes]) if codes else ()
    )
    names = {(one.area_code, one.code): one.name for one in schools}
    areas = {one.code: one.name for one in Area.objects(code__in={grant.area_code for grant in held})}
    return [_named_place(grant, names, areas) for grant in held]


def _named_place(grant, names, areas):
    words = in_words(grant)
    for code in grant.school_codes:
        if name := names.get((grant.area_code, code)):
            words = words.replace(code, f"{name} ({code})", 1)
    if not grant.school_codes and grant.area_code in areas:
        words = words.replace(f"· {grant.area_code}", f"· {areas[grant.area_code]}", 1)
    return words


def place_of(person):
    """Where a person works: his schools' names, else his areas'; 'ทุกเขต' for the operator."""
    codes = [(grant.area_code, code) for grant in person.grants for code in grant.school_codes]
    if codes:
        found = School.objects(
            area_code__in={area for area, _ in codes}, code__in=[code for _, code in codes]
        )
        return ", ".join(sorted(school.name for school in found))
    if EVERY_AREA in person.areas_listed:
        return "ทุกเขต"
    return ", ".join(area.name for area in Area.objects(code__in=person.areas_listed).order_by("code"))
