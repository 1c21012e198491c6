"""Accounts (ผู้ใช้งาน) of the areas an administrator looks after: grid, form, suspending, the desk, slips."""

from flask import flash, redirect, request
from flask_admin import expose
from flask_admin.actions import action
from flask_admin.contrib.mongoengine import ModelView
from flask_admin.contrib.mongoengine.filters import BaseMongoEngineFilter
from flask_admin.helpers import get_redirect_target
from flask_admin.model.template import macro
from flask_login import current_user
from mongoengine.queryset.visitor import Q

from documents.district.schools import School
from documents.errors import RuleBroken, StaleRevision
from documents.formats import thai
from documents.formats.buddhist import format_datetime
from documents.notifying import mail
from documents.people import account_links, account_words, accounts, granting, sessions
from documents.people.users import ROLES, User
from documents.trail import history
from views.here import person as me
from views.pages import Page, SecureForm
from views.people.account_forms import AccountForm, areas_of
from views.people.account_list import AccountList, in_short, places_of, roles_in_words, state_of
from views.people.school_accounts import SchoolAccounts
from views.records.lists_out import list_link
from views.trail import event_words

MOST_PAGES = 1_000
LONGEST_SEARCH = 100
MOST_AT_ONCE = 500
ACTIONS = event_words.ACTIONS | {"create": "สร้างบัญชี", "update": "แก้ไขบัญชี"}
STATES = [
    ("active", "ใช้งานได้"),
    ("suspended", "ระงับ"),
    ("new", "ยังไม่เคยเข้าใช้"),
    ("locked", "เข้าผิดหลายครั้ง พักชั่วคราว"),
]


class HasRole(BaseMongoEngineFilter):
    """People who hold a role."""

    def __init__(self):
        super().__init__("grants", "บทบาท", options=list(ROLES.items()))

    def apply(self, query, value):
        """The queryset narrowed to the role."""
        return query.filter(__raw__={"grants.role": str(value)})

    def operation(self):
        """The comparison in Thai."""
        return "คือ"


class AtSchool(HasRole):
    """People of a school, by its code or a piece of its name."""

    def __init__(self):
        BaseMongoEngineFilter.__init__(self, "grants", "โรงเรียน")

    def apply(self, query, value):
        """The queryset narrowed to the schools found, none where none is found."""
        areas = [area.code for area in areas_of(current_user)]
        named = Q(code=value) | Q(name__icontains=value)
        codes = list(School.objects(area_code__in=areas).filter(named).limit(50).scalar("code"))
        return query.filter(__raw__={"grants.school_codes": {"$in": codes}})

    def clean(self, value):
        """The typed words without what the eye does not see."""
        return thai.clean(value)[:LONGEST_SEARCH]


class InState(HasRole):
    """People whose account is usable, suspended, never used, or shut out for the moment."""

    def __init__(self):
        BaseMongoEngineFilter.__init__(self, "active", "สถานะ", options=STATES)

    def apply(self, query, value):
        """The queryset narrowed to the state."""
        wanted = {
            "active": {"active": True},
            "suspended": {"active": False},
            "new": {"login_count": {"$in": [0, None]}},
        }
        wanted["locked"] = {"locked_until": {"$gt": accounts.real_now()}}
        return query.filter(__raw__=wanted.get(value, {"_id": None}))


class Users(AccountList, SchoolAccounts, Page, ModelView):
    """The accounts an administrator may see; what he may do with each is asked of documents.people.accounts."""

    roles = ("admin",)
    form_base_class = SecureForm
    can_delete = False
    can_export = False
    can_view_details = True
    list_template = "users/list.html"
    column_list = ("name", "email", "held", "place", "state", "seen")
    column_labels = {
        "name": "ชื่อ-สกุล",
        "email": "อีเมล",
        "held": "บทบาท",
        "place": "โรงเรียน/เขต",
        "state": "สถานะ",
        "seen": "เข้าใช้ล่าสุด",
    }
    column_sortable_list = ("name", "email", ("seen", "current_login_at"))
    column_default_sort = [("name", False), ("id", False)]
    column_searchable_list = ("name", "email")
    column_filters = (HasRole(), AtSchool(), InState())
    page_size = 50

    # Routes of Flask-Admin's that accounts do not have: without `expose` they are not registered at all.
    delete_view = export = ajax_update = ajax_lookup = api_file_view = None

    def __init__(self):
        super().__init__(User, name="ผู้ใช้งานระบบ", endpoint="users", url="/admin/users")
        self.column_formatters = {
            "held": lambda view, context, person, name: roles_in_words(person),
            "place": lambda view, context, person, name: in_short(context["places"][person.id]),
            "name": macro("render_name"),
            "state": macro("render_state"),
            "seen": lambda view, context, person, name: format_datetime(person.current_login_at) or "ยังไม่เคย",
        }

    def scaffold_form(self):
        """The form of an account; Flask-Admin would read one off the document."""
        return AccountForm

    def get_query(self):
        """The accounts this administrator may see."""
        return User.objects(__raw__=accounts.scope(current_user))

    def get_one(self, id):
        """An account he may see. Raises OutOfScope for any other id."""
        return accounts.find(current_user, id)

    def get_list(self, page, sort_column, sort_desc, search, filters, execute=True, page_size=None):
        """A page of accounts, whatever number or words the address holds."""
        page, sort_column = min(max(page or 0, 0), MOST_PAGES), self._sortable_columns.get(sort_column)
        search = thai.clean(search)[:LONGEST_SEARCH] if search else None
        return super().get_list(page, sort_column, sort_desc, search, filters, execute, page_size)

    def _search(self, query, search_term):
        return query.filter(Q(name__icontains=search_term) | Q(email__icontains=search_term))

    def render(self, template, **more):
        """The page with what its template asks for."""
        if template == self.list_template:
            people = list(more["data"])
            more |= {"data": people, "state_of": state_of, "row_name": str, "places": places_of(people)}
            more |= {"areas": areas_of(current_user), "grid_links": [list_link()]}
        return super().render(template, **more)

    # One account

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self):
        """The form of a new account; after it, a link by mail, or the slip with the first password, this once."""
        form = AccountForm.for_administrator(current_user)
        if request.method == "POST" and form.validate():
            by_mail = bool(request.form.get("by_mail")) and account_links.reachable(
                form.email.data.strip().lower()
            )
            try:
                made, slip = accounts.create(
                    me(), form.values(), form.reason.data or None, with_slip=not by_mail
                )
                if slip:
                    return self.slips([slip])
                account_links.send_activation(made, account_words.place_of(made))
                flash(f"สร้างบัญชีของ {made.name} และส่งลิงก์เปิดใช้ไปที่ {made.email} แล้ว", "success")
                return redirect(self.get_url(".details_view", id=made.id))
            except RuleBroken as refusal:
                form.show(refusal)
        return self._form(form, None)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self):
        """The form of an account."""
        person = accounts.find(current_user, request.args.get("id", ""))
        if person.id == current_user.id and request.method == "GET":  # no form that could not be saved
            flash(granting.OWN, "warning")
            return redirect(self.get_url(".details_view", id=person.id))
        form, conflict = AccountForm.for_administrator(current_user, person), None
        if request.method == "POST" and form.validate():
            try:
                values = form.values()
                accounts.change(me(), person.id, values, form.revision.data or 0, form.reason.data or None)
                flash(f"บันทึกบัญชีของ {person.name} แล้ว", "success")
                return redirect(self._return_url())
            except StaleRevision as refusal:
                conflict = form.against(person, latest_event(person))
                if not conflict["fields"]:
                    form.show(refusal)
            except RuleBroken as refusal:
                form.show(refusal)
        return self._form(form, person, conflict)

    @expose("/details/")
    def details_view(self):
        """An account: roles, sessions, history, and what may be done with it."""
        person = accounts.find(current_user, request.args.get("id", ""))
        return self.render(
            "users/details.html",
            person=person,
            place=account_words.place_of(person),
            grants=[account_words.in_words(grant) for grant in person.held],
            state=state_of(person),
            sessions=sessions.open_sessions(person).count(),
            within_reach=accounts.reaches(current_user, person),
            reachable=account_links.reachable(person.email),
            events=events_of(person),
            format_datetime=format_datetime,
        )

    @expose("/suspend/", methods=("POST",))
    def suspend_view(self):
        """Switch one account off."""
        person = accounts.suspend(me(), request.form.get("id", ""), reason_given())
        flash(f"ระงับบัญชีของ {person.name} แล้ว อุปกรณ์ที่เข้าใช้อยู่ถูกออกจากระบบ", "success")
        return redirect(self.get_url(".details_view", id=person.id))

    @expose("/activate/", methods=("POST",))
    def activate_view(self):
        """Switch one account on again."""
        person = accounts.activate(me(), request.form.get("id", ""), reason_given())
        flash(f"เปิดใช้บัญชีของ {person.name} แล้ว", "success")
        return redirect(self.get_url(".details_view", id=person.id))

    @expose("/reset/", methods=("POST",))
    def reset_view(self):
        """The slip with a new first password, this once."""
        slip = accounts.reset(me(), request.form.get("id", ""), reason_given())
        return self.slips([slip])

    @expose("/link/", methods=("POST",))
    def link_view(self):
        """Send a person the link with which he sets his password himself."""
        person = account_links.send_again(me(), request.form.get("id", ""), reason_given())
        flash(f"ส่งลิงก์ตั้งรหัสผ่านไปที่ {person.email} แล้ว ลิงก์ก่อนหน้านี้ใช้ไม่ได้อีก", "success")
        return redirect(self.get_url(".details_view", id=person.id))

    @expose("/two-step/", methods=("POST",))
    def two_step_view(self):
        """Take a person's second step away: he came to the desk without his telephone."""
        person = accounts.clear_two_step(me(), request.form.get("id", ""), reason_given())
        flash(f"ล้างการยืนยันตัวตนสองชั้นของ {person.name} แล้ว ให้ตั้งค่าใหม่หลังเข้าสู่ระบบ", "success")
        return redirect(self.get_url(".details_view", id=person.id))

    def _form(self, form, person, conflict=None):
        areas = [area.code for area in areas_of(current_user)]
        schools = School.objects(area_code__in=areas).order_by("area_code", "code").only("code", "name")
        more = {
            "form": form,
            "person": person,
            "schools": schools,
            "conflict": conflict,
            "by_mail": mail.is_on(),
        }
        return self.render("users/form.html", return_url=self._return_url(), **more)

    def slips(self, slips):
        """The page of slips to print; what it shows is stored nowhere."""
        return self.render("users/slips.html", slips=slips, sign_in=self.admin.app.config["KHET_PUBLIC_URL"])

    # Several at once

    @action("suspend", "ระงับบัญชี", "ระงับบัญชีที่เลือก เจ้าของบัญชีจะถูกออกจากระบบทันที เปิดใช้อีกครั้งได้ทุกเมื่อ")
    def action_suspend(self, ids):
        """Switch the chosen accounts off."""
        self._each(ids, accounts.suspend, "ระงับแล้ว")

    @action("activate", "เปิดใช้บัญชี", "เปิดใช้บัญชีที่เลือกอีกครั้ง")
    def action_activate(self, ids):
        """Switch the chosen accounts on again."""
        self._each(ids, accounts.activate, "เปิดใช้แล้ว")

    def _each(self, ids, deed, done):
        """Do a deed to each account; say how many it was done to, and why not to the others."""
        ids = self._matching() if request.form.get("all_matching") == "1" else list(dict.fromkeys(ids))
        if len(ids) > MOST_AT_ONCE:
            flash(f"ทำได้ครั้งละไม่เกิน {MOST_AT_ONCE:,} บัญชี (เลือกไว้ {len(ids):,})", "error")
            return
        refusals = []
        for one in ids:
            try:
                deed(me(), one, reason_given())
            except RuleBroken as refusal:
                refusals.append(refusal.message)
        if len(ids) > len(refusals):
            flash(f"{done} {len(ids) - len(refusals):,} บัญชี", "success")
        for sentence in dict.fromkeys(refusals):
            flash(f"ไม่ได้ทำ {refusals.count(sentence):,} บัญชี: {sentence}", "error")

    def _matching(self):
        """Ids of every account that the filters and the search of the address leave."""
        asked = self._get_list_extra_args()
        _, query = self.get_list(0, None, None, asked.search, asked.filters, page_size=MOST_AT_ONCE + 1)
        return [str(person.id) for person in query.only("id")]

    def _return_url(self):
        return get_redirect_target() or self.get_url(".index_view")


def reason_given():
    """The reason that was typed with a deed, or None."""
    return thai.clean(request.form.get("reason"))[:500] or None


def events_of(person):
    """The account's history in the areas the reader administers, for the template's timeline."""
    return events_in(
        person, [area for area in person.areas_listed if accounts.administers(current_user, area)]
    )


def events_in(person, areas):
    """The account's history in these areas, the newest first, for the template's timeline.

    What the person did with data, or was refused, is no history of the account: it stands in the log.
    """
    told = (event for area in areas for event in history.events_of(area, person.id, 50, accounts.SUBJECT))
    found = sorted(told, key=_when)
    shown = {(event.at, event.action): event for event in found}  # one deed is told in each of its areas
    return [_told(event) for event in reversed(shown.values())]


def latest_event(person):
    """The account's latest event in the reader's areas, for the timeline's words; None without one."""
    return next(iter(events_of(person)), None)


def _when(event):
    return event.at, event.number


def _told(event):
    lines = [
        {"label": accounts.LABELS.get(name, name), "old": _words(old), "new": _words(new)}
        for name, (old, new) in event.changes.items()
    ]
    title, when = ACTIONS.get(event.action, event.action), format_datetime(event.at)
    return {"who": event.actor_name, "when": when, "title": title, "reason": event.reason, "changes": lines}


def _words(value):
    if isinstance(value, bool):
        return "ใช่" if value else "ไม่ใช่"
    return " · ".join(value) if isinstance(value, list) else value
