"""Progress (ติดตามการรายงาน): where every school stands in a round, and the sums over them.

One aggregation over the round's submissions gives all of it; their counters are kept by the door, so no record
is read. The match starts with area, year, subsystem and round, as the submissions' own index does.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace

from documents import clock
from documents.checking.findings import Checkup
from documents.clock import utc
from documents.collecting.rounds import round_before
from documents.collecting.submissions import (
    CERTIFIED,
    HANDED_IN,
    SEALED,
    WRITABLE,
    Submission,
    has_lapsed,
    is_late,
    visible_to,
)
from documents.collecting.windows import own_time
from documents.database import collection
from documents.formats import thai
from documents.people import access
from documents.records.kinds import documents_of
from documents.records.record import size_counter

# What a tile shows, worst first.
LOOKS = (
    "late", "lapsed", "empty", "error", "returned", "idle", "draft", "confirmed", "certified", "verified", "locked",
    "unreported",
)  # fmt: skip
OFFICE = "สำนักงานเขตพื้นที่"  # the cluster under which the office itself stands
RED = ("late", "lapsed", "empty", "error")
PLAIN = (
    "school_code", "school_name", "cluster", "state", "started", "counts", "hold", "extension", "return_until",
    "return_reason", "last_write_at", "confirmed_at", "writes", "version",
)  # fmt: skip


def noun_of(document):
    """What officers call the records of a kind: 'นักเรียน' of 'นักเรียน (DMC)'."""
    return document.label.partition(" (")[0]


@dataclass(frozen=True)
class Standing:
    """Where one school stands: its state, how it shows (`look`), its counts and what it is given."""

    id: object
    code: str
    name: str
    cluster: str
    state: str
    look: str
    records: int
    heads: int
    incomplete: int
    errors: int
    warnings: int
    heads_before: int | None
    hold: str | None
    until: dt.datetime | None
    written_at: dt.datetime | None
    confirmed_at: dt.datetime | None
    writes: int
    moves: int
    return_reason: str | None
    by_district: int = 0

    @property
    def is_red(self):
        """Whether somebody must look now: late, empty though reported, or rows at fault."""
        return self.look in RED

    @property
    def found(self):
        """Its open findings, counted."""
        return {"errors": self.errors, "warnings": self.warnings}

    @property
    def found_late(self):
        """Whether something is open though its director has certified, and it is not locked yet."""
        return self.state in CERTIFIED and bool(self.errors or self.warnings)

    @property
    def handed_in(self):
        """Whether the school has confirmed, and nothing was taken back since."""
        return self.state not in (*WRITABLE, "unreported")

    @property
    def complete_share(self):
        """Share of the records that lack nothing, 0 to 1."""
        return 1 - self.incomplete / self.records if self.records else 0.0

    @property
    def change(self):
        """Heads more (less) than in the round before; None without one."""
        return None if self.heads_before is None else self.heads - self.heads_before


@dataclass
class Board:
    """A round's schools as they stand, with what the round before had."""

    round: object
    document: type
    schools: list
    before: object = None
    heads_before: int | None = None
    pace_before: float | None = None
    looks: Counter = field(default_factory=Counter)

    @property
    def heads(self):
        """Heads of all schools."""
        return sum(each.heads for each in self.schools)

    @property
    def incomplete(self):
        """(records that lack something, schools that have such records)."""
        lacking = [each.incomplete for each in self.schools if each.incomplete]
        return sum(lacking), len(lacking)

    @property
    def handed_in(self):
        """How many schools have confirmed."""
        return sum(each.handed_in for each in self.schools)

    @property
    def verified(self):
        """How many schools the district has checked, those locked since included."""
        return sum(each.state in ("verified", "locked") for each in self.schools)

    def waiting_schools(self):
        """Schools that have not confirmed, the worst first: by look, then by how many rows are at fault."""
        left = [each for each in self.schools if each.state in WRITABLE]
        return sorted(left, key=lambda each: (LOOKS.index(each.look), -each.incomplete))

    def by_cluster(self, schools=None):
        """[(cluster, its schools)] in the clusters' order."""
        groups = {}
        for each in self.schools if schools is None else schools:
            groups.setdefault(each.cluster or "ไม่ระบุกลุ่ม", []).append(each)
        return list(groups.items())


def board_of(round_, user, now=None):
    """The Board of a round for what this person may see: four queries, whatever the number of schools."""
    now = now or clock.now()
    document = documents_of(round_.subsystem)[0]
    before = round_before(round_)
    was = _heads_of(before, user, document) if before else {}
    found = _found_in(round_)
    schools = [
        _standing(row, round_, document, was, before is not None, now, found.get(row["school_code"], {}))
        for row in _rows(round_, user)
    ]
    schools.sort(key=lambda each: (thai.sort_key(each.cluster), thai.sort_key(each.name)))
    return Board(
        round_,
        document,
        schools,
        before,
        sum(heads for heads, _ in was.values()) if before else None,
        _pace(round_, before, was, now) if before else None,
        Counter(each.look for each in schools),
    )


def match(round_, user):
    """The MongoDB filter of a round's submissions that this person may see."""
    place = {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "subsystem": round_.subsystem,
        "round": round_.code,
    }
    return place if user.is_system else {**place, **visible_to(user)}


def _rows(round_, user):
    wanted = dict.fromkeys(PLAIN, 1) | {"moves": {"$size": "$moves"}}
    return collection(Submission).aggregate([{"$match": match(round_, user)}, {"$project": wanted}])


def _found_in(round_):
    """{school code: counts of its findings} as they were when each school was looked at last."""
    rows = collection(Checkup).find(
        {
            "area_code": round_.area_code,
            "academic_year": round_.academic_year,
            "subsystem": round_.subsystem,
            "round": round_.code,
        },
        {"school_code": 1, "counts": 1},
    )
    return {row["school_code"]: row["counts"] for row in rows}


def _heads_of(round_, user, document):
    """{school code: (heads, when it confirmed)} of a round."""
    key = size_counter(document)
    rows = collection(Submission).find(
        match(round_, user), {"school_code": 1, f"counts.{key}": 1, "confirmed_at": 1}
    )
    return {row["school_code"]: (row.get("counts", {}).get(key, 0), row.get("confirmed_at")) for row in rows}


def _standing(row, round_, document, was, has_before, now, found):
    counts = row.get("counts") or {}
    incomplete = max(counts.get("incomplete", 0) - found.get("blank_passed", 0), 0)
    plain = SimpleNamespace(**dict.fromkeys(PLAIN) | row)
    heads = was.get(row["school_code"], (0, None))[0] if has_before else None
    return Standing(
        id=row["_id"],
        code=row["school_code"],
        name=row.get("school_name") or row["school_code"],
        cluster=OFFICE
        if access.is_office(round_.area_code, row["school_code"])
        else row.get("cluster") or "",
        state=row["state"],
        look=look_of(plain, round_, counts.get(document.slug, 0), incomplete, now),
        records=counts.get(document.slug, 0),
        heads=counts.get(size_counter(document), 0),
        incomplete=incomplete,
        errors=found.get("errors", 0),
        warnings=found.get("warnings", 0),
        heads_before=heads,
        hold=(row.get("hold") or {}).get("reason"),
        until=own_time(plain, "enter"),
        written_at=row.get("last_write_at"),
        confirmed_at=row.get("confirmed_at"),
        writes=row.get("writes", 0),
        moves=row["moves"],
        return_reason=row.get("return_reason"),
        by_district=counts.get("by_district", 0),
    )


def look_of(submission, round_, records, incomplete, now=None):
    """How a submission shows, one of LOOKS: its state, unless something about it is red.

    Complete but empty is red too: a school that reports nobody, or has taken out all it had.
    """
    if submission.state in SEALED:
        return submission.state
    if has_lapsed(submission, now or clock.now()):
        return "lapsed"
    if submission.state in HANDED_IN:
        return "error" if incomplete and records else submission.state if records else "empty"
    if not round_.sealed and is_late(submission, round_, now):
        return "late"
    if submission.started and not records:
        return "empty"
    if submission.state == "draft" and not submission.started:
        return "idle"  # what was carried over waits for the school; nobody there is at fault yet
    if incomplete:
        return "error"
    if submission.state == "returned":
        return "returned"
    return "draft"


def look_of_one(submission, round_, now=None, passed=0):
    """`look_of` of a Submission, by its own counters; of so many records the district let the empty fields pass."""
    document = documents_of(round_.subsystem)[0]
    counts = submission.counts
    incomplete = max(counts.get("incomplete", 0) - passed, 0)
    return look_of(submission, round_, counts.get(document.slug, 0), incomplete, now)


def _pace(round_, before, was, now):
    """Share of the schools that had confirmed in the round before, as long before its end as now is before ours."""
    ours, theirs = round_.window("enter"), before.window("enter")
    if not ours or not theirs or not was:
        return None
    moment = utc(theirs.closes_at) - max(utc(ours.closes_at) - now, dt.timedelta(0))
    confirmed = [utc(at) for _, at in was.values() if at]
    return sum(at <= moment for at in confirmed) / len(was) if confirmed else None


@dataclass(frozen=True)
class Sums:
    """A round in a few numbers: schools by state, held ones, and the counters added up."""

    states: dict
    counts: dict

    def __getitem__(self, state):
        return self.states.get(state, 0)

    @property
    def schools(self):
        """How many schools the round has."""
        return sum(self.states.values())

    @property
    def not_handed_in(self):
        """How many have not confirmed."""
        return self["draft"] + self["returned"]


def sums_of(round_, user):
    """The Sums of a round for what this person may see: one aggregation, small enough for every page's menu."""
    document, pipeline = sums_question(round_, user)
    return sums_as(round_, collection(document).aggregate(pipeline))


def sums_question(round_, user):
    """What gives the rows that `sums_as` takes, as `database.asked_together` is asked."""
    group = {"_id": "$state", "schools": {"$sum": 1}}
    group |= {name: {"$sum": f"$counts.{name}"} for name in _summed(round_)}
    return Submission, [{"$match": match(round_, user)}, {"$group": group}]


def sums_as(round_, rows):
    """The Sums of a round from what `sums_question` asked."""
    states, counts = {}, Counter()
    for row in rows:
        states[row["_id"]] = row["schools"]
        counts.update({name: row[name] for name in _summed(round_)})
    return Sums(states, dict(counts))


def _summed(round_):
    return [document.slug for document in documents_of(round_.subsystem)] + ["incomplete"]
