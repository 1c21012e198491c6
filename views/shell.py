"""What every page of a signed-in person carries: menu with counts, year and round, time left, who he is."""

from functools import lru_cache

from flask import current_app, g, request, url_for
from flask_login import current_user

from documents import clock, subsystem, subsystems
from documents.clock import utc
from documents.collecting.progress import sums_of
from documents.collecting.rounds import STATES, system_name
from documents.collecting.waiting import waiting_for
from documents.database import asked_in_parts, asked_together
from documents.district.schools import School
from documents.formats import buddhist, thai
from documents.people.access import AREA_READERS
from documents.people.users import EVERY_AREA, ROLES, SCHOOL_ROLES
from documents.records import codelists
from documents.records.kinds import is_survey
from views import here, jobs, links

SECTIONS = {
    "": ("admin", "control_room", "announcements"),
    "ระบบข้อมูล": ("year_end", "gcode", "transfers", "id_changes"),
    "คุณภาพ": ("findings", "duplicates", "reconcile"),
    "รอบข้อมูล": ("rounds", "submissions", "reopening", "papers", "packages"),
    "งานเอกสาร": ("import", "imports", "export", "jobs", "reports", "building_reports", "equipment_reports",
                 "gcode_reports", "money"),
    "แบบสำรวจ": ("surveys",),
    "ดูแลระบบ": ("schools", "contacts", "registrations", "people", "recertification", "users", "accounts", "fields", "limits", "rules", "layouts", "rates", "codelists", "mails", "privacy", "audit"),
}  # fmt: skip
BESIDE = "beside "  # what other questions are called among those of what waits
LEADING_VOWELS = "เแโใไ"


def install(app):
    """Give `shell` to every template of the application, and every request the code lists of its person's area."""
    app.before_request(_ask_own_lists)
    app.teardown_request(lambda _: codelists.ask_of(None))
    app.context_processor(lambda: {"shell": shell()})


def _ask_own_lists():
    codelists.ask_of(here.area_code() if current_user.is_authenticated else None)


def shell():
    """The dict that templates/khet/base.html draws the frame from; None for strangers. Made once a request."""
    if not current_user.is_authenticated or current_user.must_change_password:
        return None
    if "shell" not in g:
        g.shell = _shell()
    return g.shell


def _shell():
    area = here.area_code()
    rounds = rounds_for(current_user, area)
    now = clock.now()
    current = current_round()
    waits = waits_of()
    return {
        "home": url_for("admin.index"),
        "menu": _menu(current, waits),
        "area_name": here.area_name(area),
        "user": _person(area),
        "years": _years(rounds, current),
        "rounds": _rounds_of_year(rounds, current),
        "round_chip": round_chip(current, now),
        "notices": current_user.unread or 0,
        "notices_href": url_for("notices.index"),
        "ribbon": _ribbon(now),
        "search": _search(),
        "jobs": [] if request.blueprint == "jobs" else jobs.corner(),
    }


# ---- the round: asked once a request ----


def current_round():
    """The Round that the top bar shows, or None."""
    if "current_round" not in g:
        g.current_round = here.current_round(here.subsystem())
    return g.current_round


def rounds_for(user, area):
    """The newest rounds of the area that this person may look at; drafts are the officers' own business."""
    return [each for each in here.newest(area) if each.state != "draft" or here.sees_drafts(user)]


def waits_of():
    """What waits for who is reading, over all running rounds of his area."""
    if "waits" not in g:
        _wait_with({})
    return g.waits


def asked_with_waits(questions):
    """The answers of `database.asked_together`, in one command with what every page asks of what waits."""
    known = "waits" in g or here.area_code() is None
    return asked_together(questions) if known else _wait_with(questions)


def _wait_with(questions):
    """Keep what waits; gives the answers of further questions, asked in the same command."""
    area, told = here.area_code(), {}
    named = {f"{BESIDE}{name}": question for name, question in questions.items()}

    def ask(own):
        told.update(asked_in_parts(own | named))
        return told

    g.sums = {}
    rounds = rounds_for(here.person(), area)
    g.waits = waiting_for(here.person(), area, rounds, sums=g.sums, ask=ask) if area else []
    return {name: told[f"{BESIDE}{name}"] for name in questions}


def sums_once(round_, user):
    """The Sums of a round, asked of the database once a request, with what waits where that is told anyway."""
    waits_of()
    kept = g.sums
    if round_.id not in kept:
        kept[round_.id] = sums_of(round_, user)
    return kept[round_.id]


def _years(rounds, current):
    """The years there are rounds of; one leads to the same round of that year, else to its newest."""
    found = []
    for year in sorted({each.academic_year for each in rounds}, reverse=True):
        of_year = [each for each in rounds if each.academic_year == year]
        same = [each for each in of_year if current and _kind(each) == _kind(current)]
        there = (same or of_year)[0]
        found.append(
            {
                "label": f"{year}",
                "href": _choose(there),
                "active": bool(current) and year == current.academic_year,
            }
        )
    return found


def _kind(round_):
    return round_.subsystem, round_.code


def _rounds_of_year(rounds, current):
    return [
        {
            "label": f"{system_name(each.subsystem)} {each.title}",
            "href": _choose(each),
            "active": each.id == current.id,
            "note": STATES[each.state_at()],
        }
        for each in sorted(rounds, key=_kind)
        if current and each.academic_year == current.academic_year
    ]


def _choose(round_):
    """Back to the page's own list after choosing: an open record belongs to the round it was opened in.

    A page that is of another subsystem leads to the main list of the round's own.
    """
    view = _active_view()
    if view and here.of_view(view) not in (None, round_.subsystem):
        return links.choose(round_, links.rows_of(links.main_slug(round_)))
    return links.choose(round_, front_of(view) if view else None)


def round_chip(round_, now):
    """What the round is doing and how long it still does it: {text, tone}, with the icon where it is no clock."""
    if round_ is None:
        return None
    state = round_.state_at(now)
    words, tone = STATES[state], current_app.jinja_env.globals["round_look"](state)["tone"]
    window = round_.window("enter" if state == "open" else "verify")
    if state == "open" and window and now < utc(window.opens_at):
        return {"text": f"เริ่ม {buddhist.format_short(clock.in_bangkok(window.opens_at))}", "tone": tone}
    left = buddhist.time_left(utc(window.closes_at), now) if window and state in ("open", "verifying") else ""
    chip = {"text": f"{words} · เหลือ {left}" if left else words, "tone": tone}
    return chip | {"icon": "lock"} if round_.sealed else chip


# ---- menu ----


def views_of():
    """The registered views that this person may open and that stand in the menu, in order of registration."""
    if "views" not in g:
        found = [view for admin in current_app.extensions["admin"] for view in admin._views]
        g.views = [view for view in found if view.is_visible() and view.is_accessible()]
    return g.views


def front_of(view):
    """The address of a view's first page."""
    return _front(f"{view.endpoint}.{view._default_view}", request.script_root)


@lru_cache(maxsize=512)
def _front(endpoint, _):
    """Worked out once for each place the application is mounted at: a menu names some forty."""
    return url_for(endpoint)


def _active_view():
    return next((view for view in views_of() if view.endpoint == request.blueprint), None)


def _menu(current, waits):
    slugs = [document.slug for document in subsystems()]
    counts = _counts(current)
    placed = {name: section for section, names in SECTIONS.items() for name in names}
    parts = {section: [] for section in SECTIONS}
    for view in views_of():
        section = (
            "ระบบข้อมูล" if view.endpoint in slugs else placed.get(view.endpoint, view.category or "ดูแลระบบ")
        )
        parts.setdefault(section, []).append(_entry(view, counts, waits))
    parts["แบบสำรวจ"] = [*_surveys(counts), *parts["แบบสำรวจ"]]
    parts["ระบบข้อมูล"].sort(
        key=lambda item: slugs.index(item["endpoint"]) if item["endpoint"] in slugs else 99
    )
    parts[""].sort(key=lambda item: SECTIONS[""].index(item["endpoint"]))
    return [{"section": section, "items": items} for section, items in parts.items() if items]


def _surveys(counts):
    """The surveys that this person's area has a round of, as entries of the menu; none for those who see no records."""
    if not (current_user.areas(*AREA_READERS) or current_user.schools(*SCHOOL_ROLES)):
        return []
    opened = [each for each in here.newest(here.area_code()) if each.state not in here.DRAFTS]
    slugs = dict.fromkeys(each.subsystem for each in opened if is_survey(each.subsystem))
    return [
        {
            "label": subsystem(slug).label,
            "href": links.front(slug),
            "endpoint": "surveys",
            "active": request.blueprint == "answers" and slug.endswith(f"-{g.get('survey_key')}"),
            "count": counts.get(slug),
            "hot": False,
        }
        for slug in slugs
        if not subsystem(slug).retired
    ]


def _entry(view, counts, waits):
    hot = len(waits) if view.endpoint == "admin" else 0
    return {
        "label": view.name,
        "href": front_of(view),
        "endpoint": view.endpoint,
        "active": view.endpoint == request.blueprint,
        "count": hot or counts.get(view.endpoint),
        "hot": bool(hot),
    }


def _counts(current):
    """{slug: records in the current round that this person has}; none for those who see no records."""
    readers = current_user.areas("district", "approver") or current_user.schools(*SCHOOL_ROLES)
    if current is None or not readers or current.state in here.DRAFTS:
        return {}
    return sums_once(current, current_user).counts


def _search():
    view = next((view for view in views_of() if view.endpoint == "students"), None)
    action = view and url_for("students.search_view")
    return {"action": action, "name": "search", "placeholder": "ค้นหานักเรียน"} if view else None


# ---- the person ----


def _person(area):
    return {
        "id": str(current_user.id),
        "name": current_user.name,
        "place": place_of(current_user, area),
        "initial": initial(current_user.name),
    }


def place_of(user, area):
    """Role and school, or roles: 'ครูข้อมูลโรงเรียน บ้านหนองบัวแดง'."""
    roles = [ROLES[name] for name in ROLES if any(grant.role == name for grant in user.held)]
    own = [code for a, code in user.schools(*SCHOOL_ROLES) if a == area]
    if len(own) == 1:
        school = School.objects(area_code=area, code=own[0]).only("name").first()
        return f"{roles[0]} {school.name}" if school else roles[0]
    if any(grant.area_code == EVERY_AREA for grant in user.held):
        return "ผู้ดูแลระบบทุกเขต"
    return " · ".join(roles) or "ยังไม่มีบทบาท"


def initial(name):
    """The letter in a person's circle: the first consonant of the name."""
    plain = thai.without_title(thai.clean(name))
    letters = [each for each in plain if each.isalpha() and each not in LEADING_VOWELS]
    return letters[0] if letters else "?"


def _ribbon(now):
    if not clock.is_shifted():
        return None
    return f"เวลาสาธิต {buddhist.format_datetime(now)} ไม่ใช่เวลาจริง"
