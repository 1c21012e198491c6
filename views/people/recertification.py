"""The yearly confirmation as one list: every account that waits for whoever reads it, whichever school it is of."""

from flask import flash, redirect, request
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.errors import NotAllowed
from documents.formats import buddhist
from documents.people import granting, postings, recertifying
from documents.people.users import User
from views import here
from views.here import person
from views.pages import Page, held_roles
from views.people.account_list import in_short, places_of, roles_in_words, state_of
from views.records.cases import said

PAGE = 100  # accounts looked over and confirmed at once


class Recertification(Page, BaseView):
    """The accounts that an officer, the approver or an administrator still has to confirm this year."""

    roles = tuple(recertifying.CONFIRM)

    def __init__(self):
        super().__init__(name="ยืนยันบัญชีประจำปี", endpoint="recertification", url="/admin/recertification")

    def is_visible(self):
        """In the menu of the approver alone: the others come here from the schools' accounts."""
        held = held_roles() or ()
        return "approver" in held and not any(role in held for role in granting.OF_SCHOOL.kept_by)

    @expose("/")
    def index(self):
        """The first accounts that wait, by school, with when each was last used."""
        area = self._area()
        keeps = any(current_user.holds(role, area) for role in granting.OF_SCHOOL.kept_by)
        running, rows, waits = recertifying.present(area), [], 0
        if running:
            asked = recertifying.waiting_for(person(), area, running)
            waits = User.objects(__raw__=asked).count()
            found = list(
                User.objects(__raw__=asked).order_by("grants.school_codes", "name", "id").limit(PAGE)
            )
            places = places_of(found)  # two queries, however many accounts
            rows = [
                {
                    "person": one,
                    "roles": roles_in_words(one),
                    "place": in_short(places[one.id]),
                    "state": state_of(one),
                    "seen": said(one.current_login_at) or "ยังไม่เคย",
                    "at_school": keeps and bool(postings.school_grants(one, area)),
                }
                for one in found
            ]
        return self.render(
            "people/recertification.html",
            rows=rows,
            waits=waits,
            page=PAGE,
            due=running and buddhist.format_long(running["due"]),
            over=running and recertifying.is_over(running),
            ticked="ticked" in request.args,
            schools=keeps,
        )

    @expose("/confirm/", methods=("POST",))
    def confirm_view(self):
        """Say of the chosen accounts that they are right for another year."""
        number = recertifying.confirm(person(), self._area(), request.form.getlist("ids")[:PAGE])
        flash(f"ยืนยันแล้ว {number:,} บัญชี" if number else "ยังไม่ได้เลือกบัญชี", "success" if number else "error")
        return redirect(self.get_url(".index"), 303)

    def _area(self):
        area = here.area_code()
        if area is None or not any(current_user.holds(role, area) for role in self.roles):
            raise NotAllowed("ท่านไม่มีสิทธิ์ยืนยันบัญชีในเขตนี้")
        return area
