"""What design.md 5 says of rounds, submissions and requests, told once more and apart from the product: an oracle.

`World` keeps its own copy of every state. `World.allows` says whether a deed is allowed now, `World.note` what becomes
of it. Nothing here asks the product's checks or tables.
"""

import datetime as dt
from dataclasses import dataclass, field

from documents import clock

FAR = dt.timedelta(days=180)
OUT = ("draft", "returned")
UNSEALED = ("draft", "returned", "confirmed", "certified", "verified")
SEALED = ("locked", "unreported")


def june(day, hour=0, minute=0):
    return dt.datetime(2025, 6, day, hour, minute, tzinfo=clock.BANGKOK)


OPENS, SCHOOLS_END, DISTRICTS_END = june(1), june(10, 16, 30), june(15, 16, 30)


@dataclass(frozen=True)
class Deed:
    """Something that somebody tries: `on` is a school's code, a request's number, or None for the round."""

    name: str
    who: str
    on: object = None
    reason: str | None = None
    until: dt.datetime | None = None
    record: int = 0


@dataclass
class Report:
    """One school's submission."""

    school: str
    state: str = "draft"
    version: int = 1
    held: bool = False
    given: dt.datetime | None = None  # by a return, or the hour of a reopening
    extended: dt.datetime | None = None  # for school and director
    did: dict = field(default_factory=dict)  # {what: names} in this version
    was: str = ""  # how the version before was sealed
    changed: bool = False
    named: int | None = None  # the one record that is open; None: all

    @property
    def reopened(self):
        return self.version > 1 and self.state in UNSEALED


@dataclass
class Asked:
    """One request."""

    kind: str
    school: str
    state: str
    version: int
    hands: list  # who asked and forwarded


@dataclass
class World:
    """Everything, as the design says it must be. `holds` is {name: {(role, school or None)}} of our area's people."""

    holds: dict
    now: dt.datetime
    round: str = "draft"
    ordered: bool = False
    reports: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)

    def is_(self, who, role, school=None):
        return (role, school if role in ("school", "director") else None) in self.holds.get(who, ())

    # ---- may it be? ----

    def allows(self, deed):
        """Whether the design allows it."""
        if deed.name in ROUND:
            return ROUND[deed.name](self, deed)
        if deed.name in REQUESTS:
            return deed.on < len(self.requests) and REQUESTS[deed.name](self, deed, self.requests[deed.on])
        if deed.on not in self.reports:
            return False
        report = self.reports[deed.on]
        if self.round in ("draft", "proposed"):
            return False
        going = self.round == "open" or report.reopened
        return REPORTS[deed.name](self, deed, report, going)

    def time_good(self, until, needed=True):
        return not needed if until is None else self.now < until <= self.now + FAR

    def enters(self, report):
        """Whether the school's and the director's time is open."""
        own = (
            report.given
            if report.version > 1
            else max(filter(None, (report.given, report.extended)), default=None)
        )
        if report.version == 1 and OPENS <= self.now < SCHOOLS_END:
            return True
        return own is not None and self.now < own

    def checks(self, report):
        """Whether the district's time is open."""
        return report.version > 1 or OPENS <= self.now < DISTRICTS_END

    def over(self, report):
        return report.reopened and self.now >= report.given

    def writes(self, who, report, record, going):
        """Whether this person may write this record of the school (0: a new one)."""
        if not going or report.state not in OUT or (report.named and record != report.named):
            return False
        if self.is_(who, "school", report.school):
            return self.enters(report)
        if self.is_(who, "district"):
            return self.enters(report) if report.version > 1 else self.checks(report)
        return False

    def open_of(self, kind, school):
        return any(
            each.kind == kind and each.school == school and each.state in ("asked", "forwarded")
            for each in self.requests
        )

    # ---- what becomes of it ----

    def note(self, deed):
        """Take in that a deed was done."""
        if deed.name in ("propose", "order", "open", "lock_round", "publish"):
            self._note_round(deed)
        elif deed.name in REQUESTS:
            self._note_request(deed, self.requests[deed.on])
        elif deed.name in ("ask_reopening", "ask_time"):
            by_school = self.is_(deed.who, "school", deed.on) or self.is_(deed.who, "director", deed.on)
            kind = deed.name.removeprefix("ask_")
            state = "asked" if by_school else "forwarded"
            self.requests.append(Asked(kind, deed.on, state, self.reports[deed.on].version, [deed.who]))
        else:
            self._note_report(deed, self.reports[deed.on])

    def _note_round(self, deed):
        self.round = {
            "propose": "proposed",
            "order": "proposed",
            "open": "open",
            "lock_round": "locked",
            "publish": "published",
        }[deed.name]
        self.ordered = self.ordered or deed.name == "order"
        for report in self.reports.values() if deed.name == "lock_round" else ():
            if report.state not in SEALED:
                report.state = "locked" if report.state == "verified" else "unreported"

    def _note_request(self, deed, asked):
        asked.hands.append(deed.who)
        report = self.reports[asked.school]
        asked.state = {
            "forward": "forwarded",
            "withdraw": "withdrawn",
            "grant_reopening": "granted",
            "grant_time": "granted",
            "prolong_time": "granted",
        }.get(deed.name, "refused")
        if deed.name == "grant_reopening":
            self._reopen(report, deed.until)
        if deed.name == "grant_time":
            report.extended = deed.until
        if deed.name == "prolong_time":
            report.given = deed.until

    def _reopen(self, report, until, named=None):
        report.was, report.state, report.version = report.state, "returned", report.version + 1
        report.given, report.did, report.changed, report.named = until, {}, False, named
        report.held, report.extended = False, None

    def _note_report(self, deed, report):
        report.did.setdefault(deed.name, set()).add(deed.who)
        after = {
            "confirm": "confirmed",
            "unconfirm": "draft",
            "certify": "certified",
            "verify": "verified",
            "lock": "locked",
            "send_back": "returned",
            "return": "returned",
            "end": "returned",
        }
        report.state = after.get(deed.name, report.state)
        if deed.name in ("send_back", "return") and report.version > 1:
            report.given = deed.until or report.given
        elif deed.name in ("send_back", "return"):
            officer = self.is_(deed.who, "district")
            late = max(filter(None, (SCHOOLS_END, report.given, report.extended)))
            report.given = deed.until or (DISTRICTS_END if officer else late)
        if deed.name in ("hold", "lift"):
            report.held = deed.name == "hold"
        if deed.name == "extend":
            report.extended = deed.until
        if deed.name == "prolong":
            report.given = deed.until
        if deed.name == "end":
            report.given = self.now
        if deed.name == "write":
            report.changed = True
        if deed.name == "reopen":
            self._reopen(report, deed.until, deed.record or None)
        if deed.name in ("back", "take_back"):
            report.state, report.changed = report.was, False


def _move(roles, states, *conditions, reason=False):
    """A rule: one of the roles, one of the states, and all conditions."""

    def rule(world, deed, report, going):
        return (
            going
            and any(world.is_(deed.who, role, report.school) for role in roles)
            and report.state in states
            and (deed.reason or not reason)
            and all(condition(world, deed, report) for condition in conditions)
        )

    return rule


def _sealed_move(world, deed, report, going):
    return (
        world.is_(deed.who, "approver")
        and report.state in SEALED
        and deed.reason
        and world.time_good(deed.until)
    )


def _may_ask_reopening(world, deed, report, going):
    asks = world.is_(deed.who, "district") or any(
        world.is_(deed.who, role, report.school) for role in ("school", "director")
    )
    return asks and report.state in SEALED and deed.reason and not world.open_of("reopening", report.school)


def _time_of_return(world, deed, report):
    if deed.until is None:
        return True
    if not world.time_good(deed.until) or not world.is_(deed.who, "district"):
        return False
    return report.version == 1 or deed.until <= report.given


def did_not(*names):
    return lambda world, deed, report: not any(deed.who in report.did.get(name, ()) for name in names)


def unheld(world, deed, report):
    return not report.held


def held(world, deed, report):
    return report.held


def in_time(world, deed, report):
    return world.enters(report)


def in_districts_time(world, deed, report):
    return world.checks(report)


def is_reopened(world, deed, report):
    return report.reopened


def first_version(world, deed, report):
    return report.version == 1


def unchanged_and_over(world, deed, report):
    return world.over(report) and not report.changed


def time_given(world, deed, report):
    return world.time_good(deed.until)


REPORTS = {
    "confirm": _move(("school",), OUT, unheld, in_time),
    "unconfirm": _move(("school",), ("confirmed",), in_time),
    "certify": _move(("director",), ("confirmed",), unheld, in_time, did_not("confirm")),
    "send_back": _move(("director", "district"), ("confirmed",), _time_of_return, reason=True),
    "return": _move(
        ("district",), ("certified", "verified"), in_districts_time, _time_of_return, reason=True
    ),
    "verify": _move(
        ("district",), ("certified",), unheld, in_districts_time, did_not("write", "confirm", "certify")
    ),
    "lock": _move(("approver",), ("verified",)),
    "reopen": _sealed_move,
    "close": lambda world, deed, report, going: False,
    "end": _move(("approver",), UNSEALED, is_reopened, reason=True),
    "back": _move(("approver",), ("returned",), is_reopened, unchanged_and_over, reason=True),
    "take_back": _move(("approver",), UNSEALED, is_reopened, reason=True),
    "hold": _move(("district",), UNSEALED, unheld, reason=True),
    "lift": _move(("district",), UNSEALED, held),
    "answer": _move(("school", "director"), UNSEALED, held, reason=True),
    "keep": _move(("district",), UNSEALED, held, reason=True),
    "extend": _move(("district",), UNSEALED, first_version, time_given, reason=True),
    "prolong": _move(("approver",), UNSEALED, is_reopened, time_given, reason=True),
    "write": lambda world, deed, report, going: world.writes(deed.who, report, deed.record, going),
    "ask_reopening": _may_ask_reopening,
    "ask_time": _move(
        ("school", "director"),
        (*OUT, "confirmed"),
        lambda world, deed, report: not world.open_of("time", report.school),
        reason=True,
    ),
}


def _all_verified(world):
    return all(each.state in ("verified", *SEALED) for each in world.reports.values())


ROUND = {
    "propose": lambda w, d: w.is_(d.who, "district") and w.round == "draft" and bool(d.reason),
    "order": lambda w, d: w.is_(d.who, "executive") and w.round == "proposed" and bool(d.reason),
    "open": lambda w, d: w.is_(d.who, "approver") and w.round == "proposed" and w.ordered,
    "lock_round": lambda w, d: (
        w.is_(d.who, "approver") and w.round == "open" and bool(d.reason or _all_verified(w))
    ),
    "publish": lambda w, d: w.is_(d.who, "approver") and w.round == "locked",
}


def _decides(kind, role, state, *more, reason=False):
    """A rule: a request of the kind in the state, somebody with the role who had no hand in it, and all conditions."""

    def rule(world, deed, asked):
        report = world.reports[asked.school]
        return (
            asked.kind == kind
            and asked.state == state
            and world.is_(deed.who, role)
            and deed.who not in asked.hands
            and (deed.reason or not reason)
            and all(condition(world, deed, asked, report) for condition in more)
        )

    return rule


def _withdraws(world, deed, asked):
    own = any(world.is_(deed.who, role, asked.school) for role in ("school", "director"))
    officer = asked.kind == "reopening" and world.is_(deed.who, "district") and deed.who == asked.hands[0]
    return asked.state in ("asked", "forwarded") and (own or officer)


def of_first(world, deed, asked, report):
    return asked.version == 1


def of_later(world, deed, asked, report):
    return asked.version > 1


def until_good(world, deed, asked, report):
    return world.time_good(deed.until)


def still_open(world, deed, asked, report):
    going = world.round == "open" or report.reopened
    return going and report.version == asked.version and report.state in UNSEALED


def is_sealed(world, deed, asked, report):
    return report.state in SEALED


REQUESTS = {
    "forward": _decides("reopening", "district", "asked", reason=True),
    "refuse_reopening": _decides("reopening", "district", "asked", reason=True),
    "turn_down_reopening": _decides("reopening", "approver", "forwarded", reason=True),
    "grant_reopening": _decides("reopening", "approver", "forwarded", until_good, is_sealed),
    "grant_time": _decides("time", "district", "asked", of_first, until_good, still_open),
    "prolong_time": _decides("time", "approver", "asked", of_later, until_good, still_open),
    "refuse_time": _decides("time", "district", "asked", of_first, reason=True),
    "turn_down_time": _decides("time", "approver", "asked", of_later, reason=True),
    "withdraw": _withdraws,
}
