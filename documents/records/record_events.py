"""The history of one write: an event of each of its records, with the words that many of them share written once."""

from collections import Counter

from documents.people import access
from documents.records.record import Place, declared
from documents.trail import history


class RecordEvents:
    """The history events of the changes of one write; the first version of a record is one slim event."""

    MANY = 4  # new records alike from which on what they have in common is written down once

    def __init__(self, actor, reason, via, warrant=None):
        self.actor, self.reason, self.via, self.warrant = actor, reason, via, warrant
        self.roles, self.seen, self.first = {}, Counter(), {}

    def of(self, each):
        """The event of a prepared change, whose hash its record then keeps."""
        document, kept = each.change.document, each.after or each.before
        place = Place.of(kept)
        if each.before is None and each.earlier is None:
            event = self._first(document, place, kept)
        else:
            event = self._later(each, document, place, kept)
        if each.after is not None:
            each.after["history_hash"] = event["hash"]
            _mark(each.after, event)
        return event

    def _told(self, document, place):
        """What the events of one place say alike."""
        if place not in self.roles:
            self.roles[place] = (
                self.warrant.acting_as
                if self.warrant
                else access.writes_as(self.actor, place.area_code, place.school_code)
            )
        told = {"document": document.slug, "acting_as": self.roles[place]}
        return told | {"via": self.via, "reason": self.reason}

    def _first(self, document, place, after):
        alike = (document, place)
        self.seen[alike] += 1
        if self.seen[alike] < self.MANY:
            return history.event(
                after["_id"], place._asdict(), self.actor, "create", {}, None,
                headline=document.headline(after), lineage=after["lineage"], number=1, **self._told(document, place),
            )  # fmt: skip
        if alike not in self.first:
            where = {name: value for name, value in place._asdict().items() if name != "school_code"}
            told = self._told(document, place)
            self.first[alike] = history.FirstEvents(where, self.actor, "create", **told)
        new, lineage = after["_id"], after["lineage"]
        return self.first[alike].event(new, lineage, place.school_code, document.headline(after))

    def _later(self, each, document, place, kept):
        before, after = each.before, each.after
        changes, names = {}, declared(document)
        if after is None:
            every = [*names, *document.former, *document.beside]
            changes = {name: [before.get(name), None] for name in every if name in before}
        elif before is not None:
            follow = [*names, "school_code", "reviewed"]
            changes = {
                name: [before.get(name), after.get(name)]
                for name in follow
                if before.get(name) != after.get(name)
            }
        return history.event(
            kept["_id"],
            place._asdict(),
            self.actor,
            "create" if before is None else "remove" if after is None else "update",
            changes,
            (before or each.earlier or {}).get("history_hash"),
            headline=document.headline(kept),
            lineage=kept["lineage"],
            number=(before or each.earlier or {"revision": 0})["revision"] + 1,
            **self._told(document, place),
        )


def _mark(after, event):
    """Say on a record that the district wrote its present version for the school; the school's own write ends it."""
    if event.get("acting_as") == "district":
        by = {"at": event["at"], "by_name": event["actor_name"], "reason": event["reason"]}
        after["by_district"] = by
    elif event.get("acting_as") == "school":
        after.pop("by_district", None)
