"""Contacts (ผู้ติดต่อ): who answers for each school's data, and whom a school asks in the district.

Directors and data officers come from the accounts; where a school has none, from what its page says.
"""

import re
from dataclasses import dataclass

from documents.district.schools import School
from documents.formats import thai
from documents.people import access, acting
from documents.people.users import SCHOOL_ROLES, User

LONGEST_SEARCH = 60
READERS = ("school", "director", "district", "approver")


@dataclass(frozen=True)
class Contact:
    """One person to call; `acting` names the last day of an acting director's order."""

    name: str
    position: str = ""
    phone: str = ""
    email: str = ""
    acting: object = None


@dataclass(frozen=True)
class Entry:
    """One school with whom to call about what."""

    school: School
    directors: tuple
    officers: tuple


def entries_of(user, area_code, search="", cluster=""):
    """[Entry] of the schools this person may see, by cluster and name: two queries whatever their number.

    Officers see the area; a school and its director their own entry alone.
    """
    codes = access.open_schools(user, area_code)
    query = {"area_code": area_code, "kind": "school", "status": {"$in": ["open", "merged"]}}
    if codes is not None:
        query["code"] = {"$in": codes}
    if cluster:
        query["cluster"] = cluster[:100]
    schools = list(School.objects(__raw__=query).exclude("latitude", "longitude"))
    people = _people(area_code, None if codes is None else codes)
    found = [_entry(school, people) for school in schools]
    if term := thai.clean(search)[:LONGEST_SEARCH]:
        looks = re.compile(re.escape(term), re.IGNORECASE)
        found = [entry for entry in found if looks.search(_words(entry))]
    return sorted(found, key=lambda one: (thai.sort_key(one.school.cluster), thai.sort_key(one.school.name)))


def entry_of(user, school):
    """The Entry of one school, for those who may have it; else None."""
    if not access.sees(user, school.area_code, school.code):
        return None
    return _entry(school, _people(school.area_code, [school.code]))


def district_people(area_code):
    """[Contact] of the area's officers and approvers, whom schools ask."""
    roles = {"$elemMatch": {"role": {"$in": list(access.AREA_READERS)}, "area_code": area_code}}
    found = User.objects(__raw__={"areas_listed": area_code, "active": True, "grants": roles})
    return [_contact(one) for one in sorted(found, key=lambda one: thai.sort_key(one.name))]


def _people(area_code, codes):
    """[User] of the area's schools, or of those with these codes; acting directors of other schools included."""
    roles = {"role": {"$in": list(SCHOOL_ROLES)}, "area_code": area_code}
    query = {"areas_listed": area_code, "active": True, "grants": {"$elemMatch": roles}}
    if codes is not None:
        held = {"grants": {"$elemMatch": roles | {"school_codes": {"$in": codes}}}}
        query = {"areas_listed": area_code, "active": True,
                 "$or": [held, {"acting.school_code": {"$in": codes}}]}  # fmt: skip
    wanted = ("name", "position", "phone", "email", "grants", "acting")
    by_school = {}
    for one in User.objects(__raw__=query).only(*wanted):
        for grant in one.held:
            if grant.area_code == area_code and grant.role in SCHOOL_ROLES:
                for code in grant.school_codes:
                    by_school.setdefault((grant.role, code), []).append((one, grant))
    return by_school


def _entry(school, people):
    now = acting.present(school)
    directors = [
        _contact(one, now["until"] if now and now["person"] == one.id else None)
        for one, _ in people.get(("director", school.code), ())
    ]
    officers = [_contact(one) for one, _ in people.get(("school", school.code), ())]
    if not directors and school.director_name:
        directors = [Contact(school.director_name, phone=school.phone or "")]
    if school.data_officer_name and school.data_officer_name not in {one.name for one in officers}:
        officers.append(Contact(school.data_officer_name, phone=school.data_officer_phone or ""))
    return Entry(school, tuple(directors), tuple(officers))


def _contact(user, until=None):
    return Contact(user.name, user.position or "", user.phone or "", user.email, until)


def _words(entry):
    """All that the search looks through."""
    school = entry.school
    people = [
        part for one in (*entry.directors, *entry.officers) for part in (one.name, one.phone, one.email)
    ]
    return " ".join(filter(None, (school.name, school.code, school.cluster, school.phone, *people)))
