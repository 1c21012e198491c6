"""What the pages of every kind of case share: a list with those that wait first asked for, one case with its steps."""

from flask import flash, redirect, request
from flask_admin import expose
from flask_login import current_user

from documents.clock import utc
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, RuleBroken
from documents.formats import buddhist
from documents.people import access
from documents.records.cases import steps_for
from views import here
from views.here import person

PAGE, LAST_PAGE = 50, 40
READERS = ("school", "director", "district", "approver")
TONES = {"asked": "back", "moved": "veri", "approved": "veri", "refused": "late", "withdrawn": "idle"}
LONGEST = 2000


class CasePages:
    """Mixed in before BaseView: index, details and step of a kind of case. A view gives `kind` and the functions."""

    roles = READERS
    list_template = "records/cases.html"
    details_template = "records/case.html"

    @expose("/")
    def index(self):
        """The requests this person may see, the newest first; those that wait unless all are asked for."""
        everything = bool(request.args.get("all"))
        page = min(max(request.args.get("page", 0, type=int), 0), LAST_PAGE)
        area = here.area_code()
        scope = {"$and": [{"area_code": area}, self.visible_to(current_user)]}
        query = scope if everything else {"$and": [*scope["$and"], {"state": "asked"}]}
        found = list(
            self.kind.objects(__raw__=query).order_by("-asked_at", "-id").skip(page * PAGE).limit(PAGE + 1)
        )
        names = self.names_of(area, found[:PAGE])
        return self.render(
            self.list_template,
            rows=[self.row_of(case, names) for case in found[:PAGE]],
            everything=everything,
            page=page,
            more=len(found) > PAGE,
            **self.beside_list(area),
        )

    def names_of(self, area_code, cases):
        """{record id: name} of the pupils of these requests whom this person may see by his own right."""
        ids = [id_ for case in cases for id_ in self.records_of(case)]
        if not ids:
            return {}
        query = {"$and": [{"_id": {"$in": ids}, "area_code": area_code}, access.visible(current_user)]}
        needed = dict.fromkeys(("title", "first_name", "middle_name", "last_name", "status"), 1)
        return {row["_id"]: Student.headline(row) for row in collection(Student).find(query, needed)}

    def beside_list(self, area_code):
        """What else the list's page needs."""
        return {}

    @expose("/details/")
    def details_view(self):
        """One request: what it is, what may be done now, and who did what so far."""
        return self._details(self.get(current_user, request.args.get("id")))

    def _details(self, case, refusal=None):
        names = self.names_of(case.area_code, [case])
        page = self.render(
            self.details_template,
            case=case,
            row=self.row_of(case, names),
            facts=self.facts_of(case),
            steps=steps_for(case, person()),
            questions=self.questions,
            events=[event_of(case, row) for row in reversed(case.moves)],
            refusal=refusal,
            notes=self.notes_of(case),
            pupil=next(iter(names), None),
            reveal=self.reveal_of(case),
        )
        return page if refusal is None else (page, refusal.status)

    def reveal_of(self, case):
        """{label, shown, url} of a masked number that a press shows whole; None without one."""
        return None

    def notes_of(self, case):
        """[(sentence, tone)] to read before deciding."""
        return []

    @expose("/step/", methods=["POST"])
    def step_view(self):
        """One step of a request; a refusal shows its page with the sentence."""
        case = self.get(current_user, request.form.get("id"))
        name = request.form.get("step")
        if name not in case.steps:
            raise NotAllowed("ไม่มีขั้นตอนนี้")
        try:
            done = self.answer(case, name, person(), request.form.get("reason", "")[:LONGEST])
        except RuleBroken as refusal:
            return self._details(self.get(current_user, request.form.get("id")), refusal)
        flash(f"{done.label}: {done.shown_state}", "success")
        return redirect(self.get_url(".details_view", id=str(case.id)), 303)


def event_of(case, row):
    """One row of a case's list of moves, as khet/parts.html's timeline draws it."""
    step = case.steps.get(row["name"])
    return {
        "title": step.label if step else case.label,
        "who": row["by_name"],
        "when": buddhist.format_datetime(utc(row["at"])),
        "reason": row.get("reason"),
        "changes": [],
    }


def errors_of(refusal):
    """{input's name: sentence} of a refusal, '' for what stands above the form."""
    return refusal.errors[0] if isinstance(refusal, Invalid) else {"": refusal.message}


def said(instant):
    """A stored instant in the Buddhist era, '' for none."""
    return buddhist.format_datetime(utc(instant)) if instant else ""
