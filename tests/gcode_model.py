"""What the district's flow says of G-code requests, told once more and apart from the product: an oracle.

`Asked` keeps its own copy of one request; `allows` says whether a deed is allowed now, `note` what becomes of it. Nothing
here asks the product's table, and whoever holds several roles is one person.
"""

from dataclasses import dataclass, field

MOST = 12  # pieces of evidence
REQUIRED = frozenset(("form", "passport", "employer_house"))


@dataclass
class Asked:
    """One request; `roles` is {name: {(role, school or None)}} of our area's people."""

    school: str
    roles: dict
    by: str
    state: str = "draft"
    pieces: list = field(default_factory=list)  # kinds, in the order of attaching
    filled: bool = True
    wrote: set = field(default_factory=set)  # for the school
    handled: set = field(default_factory=set)  # recorded, mended, sent, took up, checked, returned

    def __post_init__(self):
        self.wrote.add(self.by)
        self.handled.add(self.by)

    def is_(self, who, role):
        return (role, self.school if role == "school" else None) in self.roles.get(who, ())

    @property
    def whole(self):
        return self.filled and set(self.pieces) >= REQUIRED

    def writes(self, who, reason):
        if self.state in ("draft", "returned"):
            return self.is_(who, "school")
        return self.state in ("checking", "checked") and self.is_(who, "district") and bool(reason)

    def allows(self, deed, who, reason, fresh=True):
        """Whether this person may do this now, saying this."""
        state, said = self.state, bool(reason)
        if deed in ("change", "attach"):
            return self.writes(who, reason) and (deed == "change" or len(self.pieces) < MOST)
        if deed == "detach":
            return bool(self.pieces) and self.writes(who, reason)
        return {
            "send": self.is_(who, "school") and state in ("draft", "returned") and self.whole,
            "take": self.is_(who, "district") and state == "sent" and who not in self.wrote,
            "check": self.is_(who, "district") and state == "checking" and who not in self.wrote and self.whole,
            "return": self.is_(who, "district") and state in ("sent", "checking", "checked") and said,
            "recheck": self.is_(who, "approver") and state == "checked" and said,
            "refuse": self.is_(who, "district") and state == "checking" and said,
            "turn_down": self.is_(who, "approver") and state == "checked" and said and who not in self.handled,
            "certify": self.is_(who, "approver") and state == "checked" and who not in self.handled and self.whole and fresh,
            "withdraw": self.is_(who, "school") and state in ("draft", "returned", "sent") and said,
            "replace": self.is_(who, "district") and state == "certified" and said,
            "cancel": self.is_(who, "approver") and state == "certified" and said,
        }[deed]  # fmt: skip

    def note(self, deed, who, kind=None):
        """What becomes of the request by a deed that was done."""
        if deed in ("change", "attach", "detach"):
            (self.wrote if self.state in ("draft", "returned") else set()).add(who)
            self.handled.add(who)
            self.state = "checking" if self.state == "checked" else self.state
            if deed == "attach":
                self.pieces.append(kind)
            elif deed == "detach":
                self.pieces.pop(0)
            return
        if deed in ("send", "take", "check", "return", "refuse"):
            self.handled.add(who)
        if deed == "send":
            self.wrote.add(who)
        self.state = {
            "send": "sent", "take": "checking", "check": "checked", "return": "returned", "recheck": "checking",
            "refuse": "refused", "turn_down": "refused", "certify": "certified", "withdraw": "cancelled",
            "replace": "replaced", "cancel": "cancelled",
        }[deed]  # fmt: skip
