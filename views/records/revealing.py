"""Looks at one person's record: a masked number shown whole by a press, and each look entered in the access log."""

from flask import abort, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.database import collection
from documents.formats import citizen_id, thai
from documents.people import access
from documents.records.record import declared
from documents.trail import access_log, history
from documents.trail.history import AuditEvent
from views.records import formatters

FORMER = "former_ids"  # earlier numbers of a pupil: former_ids.0, the oldest
EVENT = (
    "event"  # a value that the history tells of: event.3.person_id.0, the old one of the record's third event
)
MOST_EVENTS = 999_999_999  # of one record


class RevealMixin:
    """The part of RecordView that opens masked numbers and says who looked."""

    def note_look(self, record, action, **about):
        """Enter in the access log that the record was looked at, where it tells of a person; one insert."""
        access_log.note_record(
            current_user._get_current_object(), type(record), plain_of(record), action, self.round, **about
        )

    def log_href(self, record):
        """Where it is told who looked at the person's data; None of a record that tells of no person."""
        if not access_log.is_personal(type(record)):
            return None
        return url_for("access_log.index", area=record.area_code, record=record.id)

    @expose("/reveal/", methods=("POST",))
    def reveal(self):
        """The full value of a masked field of one record, noted in the history and in the access log; answers JSON."""
        record = self.get_one(request.form.get("id")) or abort(404)
        asked = request.form.get("name", "")
        name, value = value_asked(record, asked) or abort(404)
        field = declared(type(record)).get(name) or abort(404)
        if not access.may_see_field(current_user, field, record.area_code, record.school_code):
            abort(403)
        history.note_event(
            record.area_code,
            current_user._get_current_object(),
            "reveal",
            "access",
            current_user.id,
            {name: [None, str(record.id)]},
            access_log.clean_reason(request.form.get("reason")),
            seen=access_log.of_record(type(record), plain_of(record)),
        )
        return {"value": formatters.plainly(field, value)}


def plain_of(record):
    """What the access log needs of a record."""
    return {"_id": record.id} | {
        name: getattr(record, name) for name in ("area_code", "school_code", "lineage")
    }


def value_asked(record, asked):
    """(field's name, value) of what a press asks for: a field, an earlier number, a value of the history; else None."""
    head, *rest = asked.split(".")
    if not rest:
        return (asked, getattr(record, asked)) if asked in declared(type(record)) else None
    number = thai.whole(rest[0], MOST_EVENTS)
    if number is None:
        return None
    if head == FORMER and len(rest) == 1:
        former = getattr(record, FORMER, None) or []
        return ("person_id", former[number].get("id")) if number < len(former) else None
    if head == EVENT and len(rest) == 3 and rest[2] in ("0", "1"):
        return _of_event(record, number, *rest[1:])
    return None


def _of_event(record, number, name, which):
    """A value that one event of the record's history tells of; only what is masked there is asked for here."""
    field = declared(type(record)).get(name)
    if field is None or not formatters.is_masked(field):
        return None
    asked = {"area_code": record.area_code, "subject": record.id, "number": number}
    event = collection(AuditEvent).find_one(asked, {f"changes.{name}": 1})
    pair = ((event or {}).get("changes") or {}).get(name)
    return (name, pair[int(which)]) if pair else None


def former_numbers(former):
    """[(name for a press, masked number, the row)] of a pupil's earlier numbers."""
    return [(f"{FORMER}.{at}", citizen_id.mask_id(one["id"]), one) for at, one in enumerate(former or [])]
