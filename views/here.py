"""Where a person is working now: the academic year and round that the top bar shows, for one subsystem.

Kept in the session as `year` and `round`; whatever they say is asked of the database again.
"""

from flask import session
from flask_login import current_user

from documents import clock
from documents.rounds import Round, find_round
from documents.users import EVERY_AREA

DRAFTS = ("draft", "proposed")


def area_code():
    """The area this person works in: the chosen one if it is one of his, else his first; None without any."""
    areas = [area for area in current_user.areas(*_ROLES) if area != EVERY_AREA]
    chosen = session.get("area")
    return chosen if chosen in areas else next(iter(areas), None)


_ROLES = ("school", "director", "district", "approver", "executive", "admin")


def rounds_of(area, subsystem="DMC"):
    """The area's rounds of a subsystem, newest first."""
    return Round.objects(area_code=area, subsystem=subsystem).order_by("-academic_year", "-code")


def sees_drafts(user):
    """Whether this person prepares or orders rounds; a draft is the officers' own business."""
    return bool(user.areas("district", "approver", "executive"))


def _open_to(round_):
    return round_.state != "draft" or sees_drafts(current_user)


def current_round(subsystem="DMC"):
    """The Round this person looks at: the chosen one, else the newest that has opened; None when there is none."""
    area = area_code()
    if area is None:
        return None
    if session.get("year") and session.get("round"):
        chosen = find_round(area, subsystem, session["year"], session["round"])
        if chosen and _open_to(chosen):
            return chosen
    newest = [each for each in rounds_of(area, subsystem).limit(12) if _open_to(each)]
    opened = [each for each in newest if each.state not in DRAFTS]
    return next(iter(opened), None) or next(iter(newest), None)


def choose_round(round_):
    """Look at this round from now on."""
    session["year"], session["round"] = round_.academic_year, round_.code


def now():
    """The product's clock, for templates."""
    return clock.now()
