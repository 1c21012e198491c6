"""Granting (การให้สิทธิ์): who gives which role to whom. One table; every way to an account asks it.

A role at a school is checked by an officer of the district and certified by its approver, never the same person
(domain.md 1.1); an administrator gives any role of his areas by himself. Nobody gives anything to himself.
"""

from typing import NamedTuple

from documents.errors import NotAllowed
from documents.people.users import EVERY_AREA, ROLES


class Rule(NamedTuple):
    """The roles that check and certify who is to have a role, those that give it alone, those that move its holders, and
    those that say once a year of their accounts that they are right.
    """

    checked_by: tuple
    certified_by: tuple
    alone: tuple
    kept_by: tuple
    confirmed_by: tuple


OF_SCHOOL = Rule(("district",), ("approver",), ("admin",), ("district", "admin"), ("district", "admin"))
# The approver confirms too: of an area's one administrator nobody else could.
OF_AREA = Rule((), (), ("admin",), ("admin",), ("approver", "admin"))
GRANTING = {
    "school": OF_SCHOOL,
    "director": OF_SCHOOL,
    "district": OF_AREA,
    "approver": OF_AREA,
    "executive": OF_AREA,
    "admin": OF_AREA,
}
OWN = "ท่านจัดการบัญชีของตนเองไม่ได้ กรุณาให้ผู้ดูแลระบบคนอื่นทำให้"


def gives_alone(actor, grant):
    """Whether the actor may give or take this grant by himself; EVERY_AREA is the operator's alone."""
    return _holds(actor, GRANTING[grant.role].alone, grant.area_code)


def checks(actor, role, area_code):
    """Whether the actor may check who is to have a role in an area."""
    return area_code != EVERY_AREA and _holds(actor, GRANTING[role].checked_by, area_code)


def certifies(actor, role, area_code):
    """Whether the actor may certify who was checked for a role in an area."""
    return area_code != EVERY_AREA and _holds(actor, GRANTING[role].certified_by, area_code)


def keeps(actor, grant):
    """Whether the actor moves and ends the holders of this grant."""
    return grant.area_code != EVERY_AREA and _holds(actor, GRANTING[grant.role].kept_by, grant.area_code)


def confirms(actor, area_code):
    """The roles whose holders in an area the actor confirms once a year, in the order of ROLES."""
    return [role for role, rule in GRANTING.items() if _holds(actor, rule.confirmed_by, area_code)]


def require_other(actor, person_id):
    """Raises NotAllowed where somebody acts on his own account."""
    if actor.id == person_id:
        raise NotAllowed(OWN)


def in_table():
    """[(role in words, who checks, who certifies, who gives alone)]: the table as people read it."""
    return [
        (ROLES[role], *(", ".join(ROLES[one] for one in names) or "–" for names in rule[:3]))
        for role, rule in GRANTING.items()
    ]


def _holds(actor, roles, area_code):
    return actor.is_system or any(actor.holds(role, area_code) for role in roles)
