"""What a list of accounts says of each, roles, places and state; and the list as a workbook."""

from collections import Counter
from itertools import chain, islice

from flask_admin import expose
from flask_login import current_user

from documents.district.schools import Area, School
from documents.people import accounts
from documents.people.users import EVERY_AREA, ROLES
from exports.people.account_list import account_list
from views.here import person
from views.records.files_out import SCOPE, hands_out
from views.records.lists_out import all_shown, note_by_area, refuse_many, send_list

# What a row is made of; of the password only whether there is one.
NEEDED = (
    "name", "email", "grants", "active", "locked_until", "password", "login_count", "must_change_password", "current_login_at",
    "confirmed",
)  # fmt: skip
MOST_ACCOUNTS = 5_000  # so many are a file within two seconds
BATCH = 500  # accounts whose schools are asked for together


class AccountList:
    """The part of the view of accounts that hands its list out."""

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The list as it is narrowed and sorted, as a workbook; noted in each area before it is sent."""
        count, found = all_shown(self)
        if refused := refuse_many(count, MOST_ACCOUNTS):
            return refused
        listed = found.only("areas_listed").no_cache().scalar("areas_listed")
        note_by_area(
            person(), accounts.SUBJECT, Counter(area for areas in listed for area in kept_by_me(areas))
        )
        return send_list(account_list(rows_of(found.only(*NEEDED).no_cache()), TITLE), TITLE)


TITLE = "ผู้ใช้งานระบบ"


def rows_of(people):
    """Yield (User, roles, places, state, when last confirmed) of accounts, each in words."""
    coming = chain(people)  # a queryset itself begins anew each time it is asked for its iterator
    while some := list(islice(coming, BATCH)):
        places = places_of(some)
        for one in some:
            confirmed = [(one.confirmed or {})[area].get("at") for area in kept_by_me(one.confirmed or {})]
            yield (
                one,
                roles_in_words(one),
                places[one.id],
                state_of(one)[0],
                max(filter(None, confirmed), default=None),
            )


def kept_by_me(areas):
    """Those of some areas whose accounts the reader looks after."""
    return [area for area in areas if accounts.administers(current_user, area)]


def roles_in_words(person):
    """The roles a person holds, each once."""
    return ", ".join(dict.fromkeys(ROLES[grant.role] for grant in person.grants))


def state_of(person):
    """(words, tone) of an account's state."""
    if not person.active:
        return "ระงับ", "shut"
    if accounts.is_locked_out(person):
        return "พักชั่วคราว", "late"
    if not person.password:
        return "ยังไม่มีรหัสผ่าน", "idle"
    if not person.login_count:
        return "ยังไม่เคยเข้าใช้", "idle"
    return ("รอตั้งรหัสผ่านเอง", "work") if person.must_change_password else ("ใช้งานได้", "veri")


def places_of(people):
    """{person id: [where he works]} of some accounts, by two queries."""
    held = [
        (grant.area_code, code) for person in people for grant in person.grants for code in grant.school_codes
    ]
    schools = School.objects(area_code__in={area for area, _ in held}, code__in={code for _, code in held})
    names = {(one.area_code, one.code): one.name for one in schools.only("area_code", "code", "name")}
    names |= {area.code: area.short_name or area.name for area in Area.objects.order_by("code")} | {
        EVERY_AREA: "ทุกเขต"
    }
    return {person.id: _places_of(person, names) for person in people}


def _places_of(person, names):
    at_schools = [(grant.area_code, code) for grant in person.grants for code in grant.school_codes]
    places = at_schools or [grant.area_code for grant in person.grants]
    return list(
        dict.fromkeys(names.get(place, place if isinstance(place, str) else place[1]) for place in places)
    )


def in_short(places):
    """The first of some places, and how many others there are."""
    return places[0] + (f" และอีก {len(places) - 1}" if len(places) > 1 else "") if places else ""
