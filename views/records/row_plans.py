"""Pages of a file whose every row is a deed (exports/imports/row_plans.py): choose it, read its plan, say why, and a job writes it."""

from typing import NamedTuple

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose

from documents.background.jobs import ask
from documents.errors import RuleBroken
from documents.formats import buddhist
from documents.records.cases import reason_of
from exports.imports import mapped_files
from exports.imports.row_plans import refuse_faulty
from views import here
from views.here import person
from views.jobs import follow
from views.pages import Page
from views.records.cases import LONGEST
from views.records.files_in import posted_file

MOST_SHOWN = 300


class Words(NamedTuple):
    """What the page of a plan says: over its rows, where a row stands so already, when there is none, and to press."""

    writes: str
    same: str
    nothing: str
    then: str
    reason: str
    press: str
    leave: str


class Head(NamedTuple):
    """The head of one column of a plan: its label, and how its cells look: "tab" for numbers, "own" for names."""

    label: str
    looks: str = ""


class RowPlanPage(Page, BaseView):
    """Such pages of one kind, beside the requests; the kind says its `words`, its `heads` and what it reads."""

    kind = None  # of the plan and of the job
    crumb = None
    form_template = None
    heads = ()

    def is_visible(self):
        """Not in the menu: the requests lead here."""
        return False

    # what a kind says

    def refuse(self, area_code):
        """Raise OutOfScope for whoever may not."""
        raise NotImplementedError

    def planned(self, content, name, area_code):
        """The plan of a file's bytes. Raises RuleBroken."""
        raise NotImplementedError

    def words(self, count):
        """The Words of a plan that writes so many rows."""
        raise NotImplementedError

    def cells(self, row):
        """The texts of one row of a plan, in the order of `heads`."""
        raise NotImplementedError

    def form(self, area_code):
        """What the page with the form is drawn from."""
        return {}

    # the pages

    def asked_area(self, area_code=None):
        """The area this person does it for: the present one, or a stored upload's. Raises OutOfScope."""
        area = area_code or here.area_code()
        self.refuse(area)
        return area

    def _upload(self, id_):
        """The stored upload of a plan of this kind. Raises RuleBroken or OutOfScope."""
        upload = mapped_files.find(id_, person(), self.kind)
        self.asked_area(upload["area_code"])
        return upload

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The form for a file; a posted one goes on to its plan."""
        area, refusal = self.asked_area(), None
        if request.method == "POST":
            try:
                return redirect(url_for(".plan_view", id=str(self._kept(area))), 303)
            except RuleBroken as broken:
                refusal = broken
        page = self.render(self.form_template, refusal=refusal, **self.form(area))
        return page if refusal is None else (page, refusal.status)

    def _kept(self, area):
        content, name = posted_file()
        plan = self.planned(content, name, area)
        id_ = mapped_files.keep(b"", name, area, person())
        mapped_files.keep_plan(id_, person(), plan)
        return id_

    @expose("/plan/")
    def plan_view(self):
        """What the file would write; while it has one error, nothing is."""
        upload = self._upload(request.args.get("id"))
        plan = upload["plan"]
        rows = [
            (row["row"], self.cells(row), plan["doubts"].get(str(row["row"]), ()))
            for row in plan["rows"][:MOST_SHOWN]
        ]
        return self.render(
            "records/row_plan.html",
            upload=upload,
            plan=plan,
            rows=rows,
            heads=self.heads,
            words=self.words(len(plan["rows"])),
            crumb=self.crumb,
            most=MOST_SHOWN,
            until=buddhist.format_time(upload["expires_at"]),
            LONGEST=LONGEST,
        )

    @expose("/apply/", methods=("POST",))
    def apply_view(self):
        """The deed, by a job that tells what was refused."""
        upload = self._upload(request.form.get("id"))
        try:
            refuse_faulty(upload["plan"])
            reason = reason_of(request.form.get("reason", "")[:LONGEST])
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return redirect(url_for(".plan_view", id=str(upload["_id"])), 303)
        told = {"upload_id": str(upload["_id"]), "reason": reason}
        with mapped_files.claimed(upload["_id"], person()):
            job = ask(self.kind, person(), upload["area_code"], None, self.name, told, href=url_for(".index"))
        return follow(job)
