"""Warrants (อำนาจตามเรื่อง): what a case lets its decider write, where the door would refuse him by his roles.

A move between two schools is agreed by one of them and written in both; a number is changed by the district in a
school's record. A warrant names those records, where they are and which fields, and nothing else; the case's step is
made in the same transaction, so that without the step, and its own rules of who and when, nothing is written.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from documents.errors import NotAllowed
from documents.records.record import Place


@dataclass(frozen=True)
class Granted:
    """What may be done to one record: which declared fields are set, whether it may go, what is stored beside them."""

    place: Place
    names: frozenset = frozenset()
    remove: bool = False
    beside: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Warrant:
    """`grants` is {record id: Granted}; `along()` makes the case's step inside the transaction.

    `acting_as` ('school' or 'district') is what the history says, and whose window must be open in every submission
    that is touched; `claims_as` 'system' asks no window, for taking away what never counted.
    """

    acting_as: str
    grants: dict
    along: Callable
    claims_as: str | None = None

    def check(self, changes):
        """Raise NotAllowed for a change that is not exactly one of those granted."""
        for change in changes:
            granted = self.grants.get(change.id)
            covered = (
                granted is not None
                and change.place == granted.place
                and change.to is None
                and granted.remove == change.remove
                and set(change.values) <= granted.names
            )
            if not covered:
                raise NotAllowed("เรื่องนี้ไม่ได้ให้แก้ไขรายการนี้ กรุณาเปิดหน้านี้ใหม่")

    def beside(self, change):
        """What is stored beside the declared fields of a granted record."""
        return self.grants[change.id].beside
