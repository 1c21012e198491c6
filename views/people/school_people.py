"""The accounts of an area's schools, as the district looks after them: confirmed each year, moved, ended."""

from flask import flash, redirect, request
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.district.schools import School
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.formats import buddhist, thai
from documents.notifying import mail
from documents.people import account_words, granting, postings, recertifying
from documents.people.users import ROLES, User
from views import here
from views.here import person
from views.pages import Page
from views.people.account_list import state_of
from views.people.joining import code_of
from views.people.users import events_in
from views.records.cases import LONGEST, errors_of, said

LONGEST_SEARCH = 100


class SchoolPeople(Page, BaseView):
    """Schools with their accounts; one school's people; one of them with what may be done."""

    roles = granting.OF_SCHOOL.kept_by

    def __init__(self):
        super().__init__(name="บัญชีของโรงเรียน", endpoint="people", url="/admin/people")

    @expose("/")
    def index(self):
        """The area's schools with how many accounts each has, and how many are still to be confirmed this year."""
        area = self._area()
        running = recertifying.present(area)
        counts = recertifying.counts_of_schools(area, running)
        typed = thai.clean(request.args.get("q", ""))[:LONGEST_SEARCH]
        show = request.args.get("show") or ("left" if running else "all")
        rows = [
            {"school": school, **counts.get(school.code, {"people": 0, "left": 0})}
            for school in School.objects(area_code=area, status="open")
            .order_by("code")
            .only("code", "name", "cluster")
            if typed in f"{school.code} {school.name} {school.cluster or ''}"
        ]
        if show == "left":
            rows = [row for row in rows if row["left"]]
        elif show == "none":
            rows = [row for row in rows if not row["people"]]
        return self.render(
            "people/index.html",
            rows=rows,
            show=show,
            typed=typed,
            running=self._running(running),
            total=sum(one["people"] for one in counts.values()),
            left=sum(one["left"] for one in counts.values()),
            by_mail=mail.is_on(),
            shortest=recertifying.SHORTEST,
            longest=recertifying.LONGEST,
            rules=granting.in_table(),
        )

    def _running(self, running):
        """The open confirmation in words, or None."""
        if running is None:
            return None
        return {
            "due": buddhist.format_long(running["due"]),
            "by": running["by_name"],
            "over": recertifying.is_over(running),
            "told": said(running.get("told_at")),
        }

    @expose("/school/")
    def school_view(self):
        """The people of one school."""
        area, school = self._area(), self._school()
        running = recertifying.present(area)
        held = {"$elemMatch": {"area_code": area, "school_codes": school.code}}
        found = User.objects(__raw__={"areas_listed": area, "grants": held}).order_by("name", "id")
        rows = [
            {
                "person": one,
                "roles": ", ".join(
                    ROLES[role] for role, code in postings.school_grants(one, area) if code == school.code
                ),
                "state": state_of(one),
                "seen": said(one.current_login_at) or "ยังไม่เคย",
                "confirmed": said((one.confirmed or {}).get(area, {}).get("at")),
                "waits": bool(running) and one.active and not recertifying.is_confirmed(one, area, running),
                "own": one.id == current_user.id,
            }
            for one in sorted(found, key=lambda one: not one.active)
        ]
        return self.render("people/school.html", school=school, rows=rows, running=self._running(running))

    @expose("/details/")
    def details_view(self):
        """One account: what may be done with it for the schools."""
        return self._details(self._person())

    def _details(self, found, refusal=None):
        area = self._area()
        names = {
            one.code: one.name
            for one in School.objects(
                area_code=area, code__in=[code for _, code in postings.school_grants(found, area)]
            )
        }
        page = self.render(
            "people/details.html",
            person=found,
            state=state_of(found),
            grants=account_words.held_in_words(found),
            held=[
                (role, code, ROLES[role], names.get(code, code))
                for role, code in postings.school_grants(found, area)
            ],
            own=found.id == current_user.id,
            schools=School.objects(area_code=area, status="open").order_by("code").only("code", "name"),
            seen=said(found.current_login_at) or "ยังไม่เคย",
            confirmed=said((found.confirmed or {}).get(area, {}).get("at")),
            events=events_in(found, [area]),
            refusal=refusal,
            wrong=errors_of(refusal) if refusal else {},
            typed=request.form,
        )
        return page if refusal is None else (page, refusal.status)

    @expose("/leave/", methods=("POST",))
    def leave_view(self):
        """End somebody's role at a school."""
        return self._deed(
            lambda area, id_, role, code, reason: postings.leave(person(), id_, area, role, code, reason),
            lambda one: f"{one.name} พ้นหน้าที่แล้ว" + ("" if one.active else " และบัญชีถูกระงับ"),
        )

    @expose("/transfer/", methods=("POST",))
    def transfer_view(self):
        """Move somebody's role to another school."""
        area = self._area()
        to = code_of(thai.clean(request.form.get("to", ""))[:LONGEST_SEARCH], area)
        return self._deed(
            lambda area, id_, role, code, reason: postings.transfer(
                person(), id_, area, role, code, to, reason
            ),
            lambda one: f"ย้าย {one.name} แล้ว สิทธิ์ที่โรงเรียนใหม่ใช้ได้ทันที",
        )

    def _deed(self, deed, words):
        found = self._person()
        role, _, code = request.form.get("held", "").partition(" ")
        try:
            done = deed(self._area(), found.id, role, code, request.form.get("reason", "")[:LONGEST])
        except RuleBroken as refusal:
            return self._details(self._person(), refusal)
        flash(words(done), "success")
        return redirect(self.get_url(".details_view", id=str(done.id)), 303)

    # The yearly confirmation

    @expose("/confirm/", methods=("POST",))
    def confirm_view(self):
        """Say of the chosen accounts of a school that they are right for another year."""
        school = self._school()
        number = recertifying.confirm(person(), self._area(), request.form.getlist("ids")[:500])
        flash(f"ยืนยันแล้ว {number:,} บัญชี" if number else "ยังไม่ได้เลือกบัญชี", "success" if number else "error")
        return redirect(self.get_url(".school_view", code=school.code), 303)

    @expose("/begin/", methods=("POST",))
    def begin_view(self):
        """Open the year's confirmation until a day."""
        try:
            due = buddhist.parse_date(request.form.get("due", ""))
        except ValueError as error:
            flash(str(error), "error")
            return redirect(self.get_url(".index"), 303)
        recertifying.begin(person(), self._area(), due, request.form.get("reason", "")[:LONGEST])
        flash(f"เปิดการยืนยันบัญชีประจำปีแล้ว ถึงวันที่ {buddhist.format_long(due)}", "success")
        return redirect(self.get_url(".index"), 303)

    @expose("/end/", methods=("POST",))
    def end_view(self):
        """Close the year's confirmation before its time."""
        recertifying.end(person(), self._area(), request.form.get("reason", "")[:LONGEST])
        flash("ปิดการยืนยันบัญชีประจำปีแล้ว จะไม่มีบัญชีใดถูกระงับ", "success")
        return redirect(self.get_url(".index"), 303)

    # Whose

    def _area(self):
        area = here.area_code()
        if area is None or not any(current_user.holds(role, area) for role in self.roles):
            raise NotAllowed("ท่านไม่มีสิทธิ์ดูบัญชีของโรงเรียนในเขตนี้")
        return area

    def _school(self):
        found = School.objects(area_code=self._area(), code=request.values.get("code", "")[:8]).first()
        if found is None:
            raise OutOfScope("ไม่พบโรงเรียนนี้ในเขตที่ท่านดูแล")
        return found

    def _person(self):
        return postings.find(person(), self._area(), request.values.get("id", ""))
