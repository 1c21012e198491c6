"""Editing one cell of the grid in place: the same door, with the revision the person saw."""

from flask import abort, g, jsonify, request
from flask_admin import expose
from flask_login import current_user

from documents.collecting.rounds import find_round
from documents.errors import Invalid, RuleBroken, StaleRevision
from documents.records.record import declared
from documents.records.writing import Change, write
from views.pages import seen_revision
from views.records import formatters


class CellsMixin:
    """The part of RecordView behind the grid's editors."""

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self):
        """Store one cell: {pk, name, value, revision} as a form; answers JSON.

        200 {value, shown, revision}; 409 {error, conflict, revision}; 422 or 403 {error}; 404 for a record
        this person does not have.
        """
        record = self.get_one(request.form.get("pk") or request.form.get("list_form_pk"))
        name = request.form.get("name") or self._cell_named()
        if record is None or name not in type(record).cells:
            abort(404)
        change = Change(
            type(record),
            record.place,
            {name: request.form.get("value", request.form.get(name))},
            id=record.id,
            revision=seen_revision(),
        )
        return self._answer(change, name)

    def _cell_named(self):
        """Flask-Admin's own editor sends the value under the column's name."""
        return next((name for name in self.model.cells if name in request.form), None)

    def _answer(self, change, name):
        actor = current_user._get_current_object()
        try:
            written = write([change], actor, request.form.get("reason"), via="cell")[0]
        except StaleRevision as stale:
            return self._conflict(stale)
        except Invalid as invalid:
            errors = invalid.errors[0]
            return jsonify(error=errors.get(name) or next(iter(errors.values())), fields=list(errors)), 422
        except RuleBroken as refusal:
            return jsonify(error=refusal.message), refusal.status
        field = declared(change.document)[name]
        stored = self.get_one(written.id).to_mongo()
        return jsonify(
            value=formatters.typed(field, stored.get(name)),
            shown=formatters.cell(field, stored, self.round),
            revision=written.revision,
            mark=self._mark_of(stored, name),
        )

    def _mark_of(self, stored, name):
        """How the cell of a stored record is marked now: as the grid would."""
        self.look_at(
            find_round(stored["area_code"], self.model.subsystem, stored["academic_year"], stored["round"]),
            [stored],
        )
        return g.record_marks.of(stored).get(name)

    def _conflict(self, stale):
        shown = formatters.conflict(stale.conflicts[0])
        answer = {"error": stale.message, "conflict": shown["fields"], "revision": shown["revision"]}
        return jsonify(answer | {"by": shown["by"], "when": shown["when"]}), stale.status
