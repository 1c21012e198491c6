"""Work of many parts that a job does one by one (ทีละราย): each in a transaction of its own, a refusal told by its name.

What is refused stops no other. A run that was stopped leaves done what it did; a deed passes over what stands already, so
that a second run, or the same work asked for again, goes on with the rest.
"""

from typing import NamedTuple

from documents.errors import RuleBroken

MOST_TOLD = 20
UNIT = "ราย"


class Done(NamedTuple):
    """What came of it: how many parts were done, and what each of the others met."""

    number: int
    refused: list

    def result(self, said):
        """The result of the job: what was done (`said`, a sentence), then what was not and why."""
        return {"summary": [said], "refused": self.refused[:MOST_TOLD], "refusals": len(self.refused)}


def one_by_one(parts, deed, progress):
    """Do `deed(part)` for each of `parts`, [(what it is called, part)]; gives the Done. Raises Cancelled, Interrupted."""
    done, refused = 0, []
    progress.begin(len(parts), UNIT)
    for number, (name, part) in enumerate(parts, 1):
        try:
            deed(part)
            done += 1
        except RuleBroken as refusal:
            refused.append(f"{name}: {refusal.message}")
        progress.at(number)
    return Done(done, refused)
