"""Where a person is working now: the subsystem, academic year and round that the top bar shows.

Kept in the session as `subsystem`, `year` and `codes` ({subsystem: code of its round}), so that going from one
subsystem to another keeps the year; whatever they say is asked of the database again.
"""

from flask import current_app, g, request, session
from flask_login import current_user

from documents import clock, subsystems
from documents.collecting.rounds import Round, find_round
from documents.collecting.waiting import NEWEST, rounds_question
from documents.database import asked_together
from documents.district.schools import Area
from documents.people.users import EVERY_AREA
from documents.records import codelists

DRAFTS = ("draft", "proposed")


def person():
    """Who is reading, himself: documents are given a User, not Flask-Login's proxy."""
    return current_user._get_current_object()


def area_code():
    """The area this person works in: the chosen one if it is one of his, else his first; None without any."""
    areas = [area for area in current_user.areas(*_ROLES) if area != EVERY_AREA]
    chosen = session.get("area")
    return chosen if chosen in areas else next(iter(areas), None)


_ROLES = ("school", "director", "district", "approver", "executive", "admin")


def look_in(area):
    """Have code lists as an area has them, for the rest of a page whose address names it or a thing of it; gives the area."""
    codelists.ask_of(area)
    return area


def rounds_of(area, subsystem):
    """The area's rounds of a subsystem, newest first."""
    return Round.objects(area_code=area, subsystem=subsystem).order_by("-academic_year", "-code")


def sees_drafts(user):
    """Whether this person prepares or orders rounds; a draft is the officers' own business."""
    return bool(user.areas("district", "approver", "executive"))


def _open_to(round_):
    return round_.state != "draft" or sees_drafts(current_user)


def newest(area):
    """The area's newest rounds of every subsystem, asked of the database once a request."""
    return _known_of(area)[0]


def area_name(area):
    """The short name of an area, 'สพป.อุบลราชธานี เขต 1'."""
    found = _known_of(area)[1]
    return (found.get("short_name") or found["name"]) if found else "ทุกเขต"


def ask_along(area, questions):
    """Have the questions of a page, {name: question} as `asked_together` takes them, asked with what is known of its area.

    Call it before anything of the area is asked; a question that came too late is not told, and is to be asked by itself.
    """
    g.along = area, questions


def told(name):
    """The rows of a question that was asked along, None where it was not."""
    return g.get("told_along", {}).get(name)


def _known_of(area):
    """(its newest rounds, its stored row or None): what every page shows of an area, asked once a request."""
    kept = g.setdefault("known_areas", {})
    if area not in kept:
        names = [{"$match": {"code": area}}, {"$project": {"name": 1, "short_name": 1}}]
        asked = {"rounds": rounds_question(area), "area": (Area, names)} if area else {}
        of, along = g.pop("along", (None, {}))
        found = asked_together(asked | (along if of == area else {}))
        g.told_along = {name: found[name] for name in along if name in found}
        rounds = [Round._from_son(row) for row in found.get("rounds", ())]
        kept[area] = rounds, next(iter(found.get("area", ())), None)
    return kept[area]


def subsystem():
    """The subsystem this person works in: that of the page, else the one he was in last, else the first there is."""
    known = [document.subsystem for document in subsystems()]
    last = session.get("subsystem") or ""
    last = last if last in known or last.startswith(f"{area_code()}-") else known[0]
    here = _of_page() or last
    if here != last:
        session["subsystem"] = here
    return here


def _of_page():
    """The subsystem of the view that answers, where it is of one: it says so itself, or shows its records."""
    views = (view for admin in current_app.extensions["admin"] for view in admin._views)
    return of_view(next((view for view in views if view.endpoint == request.blueprint), None))


def of_view(view):
    """The subsystem that a view is of, None where it is of whichever is chosen."""
    for found in (getattr(view, "subsystem", None), getattr(getattr(view, "model", None), "subsystem", None)):
        if isinstance(found, str):
            return found
    return None


def current_round(subsystem):
    """The Round of a subsystem this person looks at; None when there is none.

    The chosen one, else the newest of the chosen year that has opened, else the newest that has opened.
    """
    area = area_code()
    if area is None:
        return None
    year, code = session.get("year"), session.get("codes", {}).get(subsystem)
    if year and code:
        chosen = _named(area, subsystem, year, code)
        if chosen and _open_to(chosen):
            return chosen
    known = [each for each in _newest_of(area, subsystem) if _open_to(each)]
    opened = [each for each in known if each.state not in DRAFTS]
    of_year = [each for each in opened if each.academic_year == year]
    return next(iter(of_year or opened or known), None)


def _named(area, subsystem, year, code):
    """The round of that name, from the newest where it is among them."""
    for each in newest(area):
        if (each.subsystem, each.academic_year, each.code) == (subsystem, year, code):
            return each
    return find_round(area, subsystem, year, code)


def _newest_of(area, subsystem):
    """A subsystem's rounds, newest first: from the area's newest, which are all of them where they are few."""
    if len(newest(area)) == NEWEST:
        return rounds_of(area, subsystem).limit(12)
    return [each for each in newest(area) if each.subsystem == subsystem]


def choose_round(round_):
    """Look at this round from now on."""
    session["area"], session["subsystem"] = round_.area_code, round_.subsystem
    session["year"] = round_.academic_year
    session["codes"] = session.get("codes", {}) | {round_.subsystem: round_.code}


def now():
    """The product's clock, for templates."""
    return clock.now()
