"""Walks of the tables of moves: random people, deeds and times against an oracle of the design's own (table_model.py).

No forbidden deed succeeds and changes nothing; every allowed one is done and stands in the history with person and
reason; the chains hold, and a changed byte of any of them is named.
"""

import datetime as dt
import random
from collections import Counter
from dataclasses import replace

import pytest

from documents import case_kinds, clock
from documents.collecting import extending, reopening, round_moves
from documents.collecting.asides import answer_hold, extend, keep_hold, prolong, set_hold
from documents.collecting.extending import ExtensionRequest
from documents.collecting.locking import lock_round, lock_school
from documents.collecting.moves import move
from documents.collecting.reopening import ReopenRequest
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.district.schools import School
from documents.errors import RuleBroken
from documents.people.users import Grant, User
from documents.records.cases import advance
from documents.records.record import Place
from documents.records.writing import Change, write
from documents.trail import verifying
from documents.trail.history import AuditEvent
from tests import table_model
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place
from tests.table_model import Deed, World, june
from tests.world import FAR_AREA

STEPS_OF_A_WALK = 75
ROLES_OF = {
    "teacher": [("school", SCHOOL)],
    "head": [("school", SCHOOL), ("director", SCHOOL)],
    "director": [("director", SCHOOL)],
    "neighbour": [("school", OTHER), ("director", OTHER)],
    "moved": [("school", SCHOOL)],  # to the other school, half-way
    "officer": [("district", None)],
    "second": [("district", None)],
    "two_hats": [("school", SCHOOL), ("district", None)],
    "approver": [("approver", None)],
    "both": [("district", None), ("approver", None)],
    "executive": [("executive", None)],
    "administrator": [("admin", None)],
    "far_officer": [], "far_approver": [], "far_teacher": [],
}  # fmt: skip
EDGES = (table_model.OPENS, table_model.SCHOOLS_END, table_model.DISTRICTS_END, june(25))
SECOND = dt.timedelta(seconds=1)
REASONED = {*table_model.REPORTS, "propose", "order", "lock_round", *table_model.REQUESTS} - {"lock", "lift"}
TIMED = (
    "send_back",
    "return",
    "reopen",
    "extend",
    "prolong",
    "grant_reopening",
    "grant_time",
    "prolong_time",
)
ALWAYS_REASONED = ("write",)
ONWARD = ("open", "confirm", "certify", "verify", "lock")
RARE = ("lock_round", "publish", "take_back", "lift", "withdraw")


class Walk:
    """One walk through one round: the world as it is stored, beside the oracle's."""

    def __init__(self, draft, canteens, seed, monkeypatch):
        self.chance, self.canteens, self.round = random.Random(seed), canteens, draft  # noqa: S311  not a secret
        self.world = World({name: set(held) for name, held in ROLES_OF.items()}, june(1) - SECOND)
        self.people = {name: stored(name, held) for name, held in ROLES_OF.items()}
        self.requests, self.serial, self.tally = [], 0, Counter()
        monkeypatch.setattr(clock, "now", lambda: self.world.now)

    # ---- choosing ----

    def step(self, number):
        """Let some time pass or none, and try one deed."""
        if number == STEPS_OF_A_WALK // 2:
            self.move_a_person()
        if self.chance.random() < 0.08:
            self.pass_time()
        deed = self.choose()
        expected = bool(self.world.allows(deed))
        before = self.chains()
        refusal = self.attempt(deed)
        told = (deed, self.world.now, self.world.round, self.world.reports, self.world.requests)
        assert (refusal is None) == expected, (told, refusal)
        if refusal is None:
            self.tally[deed.name] += 1
            self.world.note(deed)
            self.see_that_it_is_told(deed, before, told)
        else:
            assert self.chains() == before, told

    def choose(self):
        """Mostly something that somebody may do now, what was done least first; else anything by anybody."""
        luck = self.chance.random()
        if luck > 0.8 and (missed := self.near_misses()):
            return self.chance.choice(missed)
        if luck < 0.65:
            allowed = [deed for deed in self.all_deeds() if self.world.allows(deed)]
            common = [deed for deed in allowed if deed.name not in RARE]
            if common and self.chance.random() < 0.92:
                allowed = common
            onward = [deed for deed in allowed if deed.name in ONWARD]
            if onward and self.chance.random() < 0.4:
                allowed = onward
            if allowed:
                return min(allowed, key=lambda deed: (self.tally[deed.name], self.chance.random()))
        names = self.chance.choice(
            [table_model.REPORTS, table_model.REPORTS, table_model.ROUND, table_model.REQUESTS]
        )
        deed = self.deed(self.chance.choice(list(names)), self.chance.choice(list(self.people)))
        if deed is None:
            return self.deed("propose", self.chance.choice(list(self.people)))
        said = deed.name in ALWAYS_REASONED or self.chance.random() < 0.9
        until = self.any_time() if deed.name in TIMED else None
        return replace(deed, reason=deed.reason if said else None, until=until)

    def near_misses(self):
        """What was allowed a second ago and is not now, and what somebody else may do but not who tries it."""
        everything = list(self.all_deeds())
        allowed = [deed for deed in everything if self.world.allows(deed)]
        self.world.now -= SECOND
        late = [deed for deed in everything if deed not in allowed and self.world.allows(deed)]
        self.world.now += SECOND
        open_now = {(deed.name, deed.on) for deed in allowed}
        officers = [deed for deed in everything if deed not in allowed and (deed.name, deed.on) in open_now]
        hands = {who for asked in self.world.requests for who in asked.hands}
        return late or [deed for deed in officers if deed.who in hands or deed.name == "verify"] or officers

    def all_deeds(self):
        """One of each name by each person on each thing, well filled in."""
        for name in DEEDS:
            for who in self.people:
                if deed := self.deed(name, who):
                    yield deed

    def deed(self, name, who):
        """A deed with a reason and a time where they may be given; None where there is nothing to do it to."""
        on = self.chance.choice([SCHOOL, SCHOOL, OTHER])
        if name in table_model.ROUND:
            on = None
        elif name in table_model.REQUESTS:
            if not self.requests:
                return None
            on = self.chance.choice([len(self.requests) - 1, self.chance.randrange(len(self.requests))])
        return Deed(
            name, who, on, "เพราะตรวจพบ" if name in REASONED else None,
            self.world.now + dt.timedelta(days=self.chance.choice([1, 2, 5])) if name in TIMED else None,
            self.chance.randrange(3) if name in ("write", "reopen") else 0,
        )  # fmt: skip

    def any_time(self):
        days = self.chance.choice([None, -1, 0, 1, 2, 5, 20, 180, 181, 900])
        return None if days is None else self.world.now + dt.timedelta(days=days)

    def pass_time(self):
        """To just before, at or just after one of the next instants at which something opens or ends."""
        ends = [each.given for each in self.world.reports.values()]
        ends += [each.extended for each in self.world.reports.values()]
        later = [
            moment + shift
            for moment in (*EDGES, *filter(None, ends))
            for shift in (-SECOND, SECOND * 0, SECOND)
            if moment + shift > self.world.now and moment < june(1) + dt.timedelta(days=200)
        ]
        if later:
            self.world.now = self.chance.choice(sorted(later)[:3])

    def move_a_person(self):
        """Half-way the moved teacher works at the other school: from then on his old school is closed to him."""
        person_ = self.people["moved"]
        person_.grants = [Grant(role="school", area_code=AREA, school_codes=[OTHER])]
        person_.save()
        self.world.holds["moved"] = {("school", OTHER)}

    # ---- trying ----

    def attempt(self, deed):
        """The refusal of the product, or None when it did the deed."""
        try:
            DEEDS[deed.name](self, deed, User.objects.get(id=self.people[deed.who].id))
        except (RuleBroken, LookupError) as refusal:
            return refusal
        return None

    def report(self, deed):
        found = find_submission("DMC", place(deed.on))
        if found is None:
            raise LookupError("the round has no schools yet")
        return found

    def request(self, deed):
        kind, id_ = self.requests[deed.on]
        return kind.objects.get(id=id_)

    def fresh_round(self):
        return Round.objects.get(id=self.round.id)

    def write(self, deed, actor):
        report = self.report(deed)
        self.serial += 1
        stored_ = list(self.canteens.objects(school_code=deed.on).order_by("id"))[
            deed.record - 1 : deed.record
        ]
        if deed.record and stored_:
            one = stored_[0]
            change = Change(
                self.canteens, one.place, {"seats": self.serial}, id=one.id, revision=one.revision
            )
        else:
            values = {"code": f"{self.serial}", "name": f"โรงอาหาร {self.serial}"}
            change = Change(self.canteens, Place(AREA, YEAR, ROUND, report.school_code), values)
        write([change], actor, deed.reason)

    def named(self, deed):
        return [each.id for each in self.canteens.objects(school_code=deed.on).order_by("id")][
            deed.record - 1 : deed.record
        ]

    def ask(self, deed, request):
        self.requests.append((type(request), request.id))

    # ---- seeing ----

    def chains(self):
        """{what: its list of moves}, and how many events of records there are; a refusal may be noted elsewhere."""
        found = {}
        for kind in (Submission, Round, *case_kinds()):
            for row in collection(kind).find({"area_code": AREA}, {"moves": 1, "state": 1}):
                found[kind.__name__, row["_id"]] = (row["state"], row["moves"])
        return found | {"events": collection(AuditEvent).count_documents({"document": "canteens"})}

    def see_that_it_is_told(self, deed, before, told):
        """The states are those of the oracle, and what is new in the history names the person and the reason."""
        after = self.chains()
        for school, report in self.world.reports.items():
            stored_ = find_submission("DMC", place(school))
            assert (stored_.state, stored_.version) == (report.state, report.version), told
        for (kind, id_), asked in zip(self.requests, self.world.requests, strict=True):
            assert kind.objects.get(id=id_).state == asked.state, told
        assert self.fresh_round().state == self.world.round, told
        actor = self.people[deed.who]
        new = [
            row for what, (_, rows) in after_lists(after) for row in rows[len(before.get(what, (0, ()))[1]) :]
        ]
        if deed.name == "write":
            event = collection(AuditEvent).find_one({"document": "canteens"}, sort=[("_id", -1)])
            assert after["events"] == before["events"] + 1, told
            assert (event["actor"], event["reason"]) == (actor.id, deed.reason), told
            return
        assert new, told
        assert {row["by"] for row in new} == {actor.id}, told
        if deed.reason and deed.name != "grant_reopening":
            assert deed.reason in {row["reason"] for row in new}, told

    def see_that_chains_hold(self):
        """All of it verifies, and of a few random links each changed byte is named."""
        assert list(verifying.verify()) == []
        for kind in (Submission, Round, *case_kinds()):
            for row in self.some(list(collection(kind).find({"moves.0": {"$exists": True}}))):
                at = self.chance.randrange(len(row["moves"]))
                name = self.chance.choice(["by_name", "hash"])
                self.tamper(kind, row["_id"], f"moves.{at}.{name}", row["moves"][at][name])
        for row in self.some(list(collection(AuditEvent).find({"document": "canteens"}))):
            self.tamper(AuditEvent, row["_id"], "actor_name", row["actor_name"])

    def some(self, rows):
        return self.chance.sample(rows, min(len(rows), 1))

    def tamper(self, kind, id_, name, value):
        at = self.chance.randrange(len(value))
        other = value[:at] + ("ก" if value[at] != "ก" else "ข") + value[at + 1 :]
        collection(kind).update_one({"_id": id_}, {"$set": {name: other}})
        said = list(verifying.verify())
        assert any(str(id_) in sentence or "ถูกแก้ไข" in sentence for sentence in said), (kind, name, said)
        collection(kind).update_one({"_id": id_}, {"$set": {name: value}})


def after_lists(chains):
    return ((what, one) for what, one in chains.items() if what != "events")


def stored(name, held):
    """The person, with all roles; those called far_ have theirs in another area."""
    area = FAR_AREA if name.startswith("far_") else AREA
    first = {"far_officer": "district", "far_approver": "approver", "far_teacher": "school"}.get(name)
    pairs = [(first, SCHOOL if first == "school" else None)] if first else held
    made = person(name, pairs[0][0], *filter(None, [pairs[0][1]]), area=area)
    for role, school in pairs[1:]:
        made.grants.append(Grant(role=role, area_code=area, school_codes=[school] if school else []))
    return made.save()


def _report(deed_of):
    """A deed on the school's submission, as the product is asked for it."""
    return lambda walk, deed, actor: deed_of(walk.report(deed), deed, actor)


def _moves(name):
    return _report(lambda report, deed, actor: move(report, name, actor, deed.reason, deed.until))


def _steps(name):
    return lambda walk, deed, actor: advance(walk.request(deed), name, actor, deed.reason)


def _steps_of(kind, name):
    """A step of one kind of request; of the other kind there is none of that name."""

    def deed_of(walk, deed, actor):
        request = walk.request(deed)
        if not isinstance(request, kind):
            raise LookupError("a step of another kind")
        return advance(request, name, actor, deed.reason)

    return deed_of


def _grants(kind, grant, step):
    def deed_of(walk, deed, actor):
        request = walk.request(deed)
        if not isinstance(request, kind) or (step == "prolong") != (
            kind is ExtensionRequest and request.version > 1
        ):
            raise LookupError("a step of another kind")
        return grant(request, actor, deed.until, reason=deed.reason)

    return deed_of


def _open_the_round(walk, deed, actor):
    round_moves.open_round(walk.fresh_round(), actor)
    for school in (SCHOOL, OTHER):
        walk.world.reports[school] = table_model.Report(school)
        values = {"code": "0", "name": "โรงอาหาร"}
        write([Change(walk.canteens, place(school), values)], table_model_loader())


def table_model_loader():
    from tests.districts import LOADER

    return LOADER


DAY = dt.datetime(2025, 5, 15)  # noqa: DTZ001  a day has no zone
BOTH = ["school", "director"]
DEEDS = {
    "propose": lambda walk, deed, actor: round_moves.propose(walk.fresh_round(), actor, deed.reason),
    "order": lambda walk, deed, actor: round_moves.record_order(walk.fresh_round(), actor, "1", DAY, deed.reason),
    "open": _open_the_round,
    "lock_round": lambda walk, deed, actor: lock_round(walk.fresh_round(), actor, deed.reason),
    "publish": lambda walk, deed, actor: round_moves.publish(walk.fresh_round(), actor),
    **{name: _moves(name) for name in ("confirm", "unconfirm", "certify", "send_back", "return", "verify", "close", "end", "back")},
    "lock": _report(lambda report, deed, actor: lock_school(report, actor)),
    "take_back": _report(lambda report, deed, actor: reopening.take_back(report, actor, deed.reason)),
    "hold": _report(lambda report, deed, actor: set_hold(report, actor, deed.reason or "")),
    "lift": _report(lambda report, deed, actor: set_hold(report, actor, None)),
    "answer": _report(lambda report, deed, actor: answer_hold(report, actor, deed.reason)),
    "keep": _report(lambda report, deed, actor: keep_hold(report, actor, deed.reason)),
    "extend": _report(lambda report, deed, actor: extend(report, actor, deed.until, BOTH, deed.reason)),
    "prolong": _report(lambda report, deed, actor: prolong(report, actor, deed.until, deed.reason)),
    "reopen": lambda walk, deed, actor: move(
        walk.report(deed), "reopen", actor, deed.reason, deed.until, records=walk.named(deed) if deed.record else ()
    ),
    "write": lambda walk, deed, actor: walk.write(deed, actor),
    "ask_reopening": lambda walk, deed, actor: walk.ask(
        deed, reopening.ask_reopening(walk.report(deed), actor, deed.reason)
    ),
    "ask_time": lambda walk, deed, actor: walk.ask(
        deed, extending.ask_time(walk.report(deed), actor, deed.reason, BOTH)
    ),
    "forward": _steps_of(ReopenRequest, "forward"),
    "refuse_reopening": _steps_of(ReopenRequest, "refuse"),
    "turn_down_reopening": _steps_of(ReopenRequest, "turn_down"),
    "refuse_time": _steps_of(ExtensionRequest, "refuse"),
    "turn_down_time": _steps_of(ExtensionRequest, "turn_down"),
    "withdraw": _steps("withdraw"),
    "grant_reopening": _grants(ReopenRequest, reopening.grant, "grant"),
    "grant_time": _grants(ExtensionRequest, extending.grant, "grant"),
    "prolong_time": _grants(ExtensionRequest, extending.grant, "prolong"),
}  # fmt: skip


@pytest.fixture
def draft(draft_round):
    """The round as a draft, of an area with two schools and another area beside it."""
    return draft_round


def test_walks_of_the_tables_keep_to_the_design(draft, canteens, database, monkeypatch, times):
    names, schools = set(), list(School.objects())
    assert len(schools) == 2
    kept = draft.to_mongo().to_dict()
    for seed in range(times(4, 67)):
        for each in database.list_collection_names():
            if each not in ("areas", "schools"):
                database[each].delete_many({})
        database.rounds.insert_one(dict(kept))
        walk = Walk(draft, canteens, seed, monkeypatch)
        for number in range(STEPS_OF_A_WALK):
            walk.step(number)
        walk.see_that_chains_hold()
        names |= walk.tally.keys()
    done = set(DEEDS) - {"close", "turn_down_time", "turn_down_reopening", "publish", "back", "withdraw"}
    assert names >= done, str(sorted(done - names))
