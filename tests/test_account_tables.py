"""Walks of the tables of accounts and registrations: random people and deeds against an oracle of the rules, told anew.

No forbidden deed succeeds, none changes anything; every one that succeeds stands in the history with person and reason.
"""

import random
from dataclasses import dataclass, field, replace

from documents.database import collection
from documents.errors import RuleBroken
from documents.people import account_links, accounts, passwords, postings, recertifying, registering
from documents.people.registrations import Registration
from documents.people.users import Grant, User
from documents.trail import history, verifying
from tests.people import AREA, OTHER, SCHOOL, person
from tests.web import PASSWORD
from tests.world import FAR_AREA

STEPS = 150
SCHOOLS = (SCHOOL, OTHER)
PDF = b"%PDF-1.4\n%%EOF\n"
HOLDS = {
    "administrator": {("admin", None)},
    "second_admin": {("admin", None), ("school", SCHOOL)},
    "officer": {("district", None)},
    "second_officer": {("district", None)},
    "both": {("district", None), ("approver", None)},
    "second_both": {("district", None), ("approver", None), ("school", OTHER)},
    "approver": {("approver", None)},
    "executive": {("executive", None)},
    "teacher": {("school", SCHOOL)},
    "two_schools": {("school", SCHOOL), ("school", OTHER), ("director", OTHER)},
    "director": {("director", SCHOOL)},
    "far_admin": {("admin", FAR_AREA)},
    "far_officer": {("district", FAR_AREA)},
    "across": {("school", OTHER), ("executive", FAR_AREA)},
}  # fmt: skip
GIVEN = (
    {("school", SCHOOL)}, {("district", None)}, {("approver", None), ("director", OTHER)}, {("admin", None)}, set(),
)  # fmt: skip
ACCOUNT_DEEDS = ("suspend", "activate", "reset", "clear", "give", "leave", "transfer", "confirm", "use_link")
STEPS_OF = {  # step: (from, role, wants a reason, whether those with a hand in it are refused, to)
    "check": ("waiting", "district", False, False, "checked"),
    "return": ("waiting", "district", True, False, "returned"),
    "refuse": ("waiting", "district", True, False, "refused"),
    "certify": ("checked", "approver", False, True, "certified"),
    "send_back": ("checked", "approver", True, True, "waiting"),
    "turn_down": ("checked", "approver", True, True, "refused"),
}
MUST_SAY = ("leave", "transfer", "suspend", "reset", "clear")


@dataclass(frozen=True)
class Deed:
    name: str
    who: str
    on: object = None
    reason: str | None = None
    held: tuple = ()
    to: object = None


@dataclass
class Account:
    holds: set
    active: bool = True
    key: int = 0  # counts what makes earlier links no good


@dataclass
class Asked:
    school: str
    email: str
    state: str = "waiting"
    hands: set = field(default_factory=set)
    replaces: str | None = None


class Oracle:
    """What the rules say, told apart from the product."""

    def __init__(self):
        self.accounts = {name: Account(set(held)) for name, held in HOLDS.items()}
        self.requests = []

    def is_(self, who, *roles):
        return any((role, None) in self.accounts[who].holds for role in roles)

    def allows(self, deed):
        if not self.accounts[deed.who].active:
            return False
        if deed.name == "ask":
            return True
        if deed.name in STEPS_OF:
            return self._step(deed)
        on = self.accounts[deed.on]
        if deed.name == "use_link":
            return on.active and deed.to in ("new", on.key)
        if deed.who == deed.on or (deed.name in MUST_SAY and not deed.reason):
            return False
        if deed.name == "confirm":
            return self._confirms(deed.who, on)
        if deed.name in ("leave", "transfer"):
            return self._of_school(deed, on)
        if not self.is_(deed.who, "admin"):
            return False
        far = {one for one in on.holds if one[1] == FAR_AREA}
        if len(far) == len(on.holds):
            return False  # not of this area at all
        if deed.name == "give":
            # an administrator gives what he likes within his area; what is elsewhere stays
            return bool(deed.to or far) and self._keeps_an_admin(deed.on, set(deed.to) | far, on.active)
        if far:
            return False
        return deed.name != "suspend" or not on.active or self._keeps_an_admin(deed.on, on.holds, False)

    def _confirms(self, who, on):
        """Whether every role that an account has in the area is one whose holders he confirms."""
        mine, of_schools = set(), {"school", "director"}
        if self.is_(who, "district", "admin"):
            mine |= of_schools
        if self.is_(who, "approver", "admin"):
            mine |= {"district", "approver", "executive", "admin"}
        here = {role for role, place in on.holds if place != FAR_AREA}
        return on.active and bool(here) and here <= mine

    def _of_school(self, deed, on):
        if not self.is_(deed.who, "district", "admin") or not on.active:
            return False
        schools = {one for one in on.holds if one[0] in ("school", "director")}
        return deed.held in schools and (deed.name == "leave" or deed.to != deed.held[1])

    def _keeps_an_admin(self, name, holds, active):
        if not (self.accounts[name].active and ("admin", None) in self.accounts[name].holds):
            return True
        if active and ("admin", None) in holds:
            return True
        others = (one for other, one in self.accounts.items() if other != name)
        return any(one.active and ("admin", None) in one.holds for one in others)

    def _step(self, deed):
        asked = self.requests[deed.on]
        come_from, role, reasoned, apart, _ = STEPS_OF[deed.name]
        if deed.name == "refuse" and asked.state == "returned":
            come_from = "returned"
        if asked.state != come_from or not self.is_(deed.who, role) or (reasoned and not deed.reason):
            return False
        if apart and deed.who in asked.hands:
            return False
        there = self.holders(asked.school)
        return deed.name != "check" or not there or deed.to == "second" or deed.to in there

    def holders(self, school):
        return [name for name, one in self.accounts.items() if one.active and ("school", school) in one.holds]

    def note(self, deed):
        """What becomes of it."""
        if deed.name == "ask":
            return
        if deed.name in STEPS_OF:
            asked = self.requests[deed.on]
            asked.state = STEPS_OF[deed.name][4]
            if deed.name == "check":
                asked.hands.add(deed.who)
                there = self.holders(asked.school)
                asked.replaces = deed.to if there and deed.to != "second" else None
            if deed.name == "certify":
                self.accounts[asked.email] = Account({("school", asked.school)})
                if asked.replaces:
                    self._loses(self.accounts[asked.replaces], ("school", asked.school))
            return
        on = self.accounts[deed.on]
        if deed.name in ("suspend", "activate"):
            on.active = deed.name == "activate"
        elif deed.name in ("reset", "clear", "use_link"):
            on.key += 1
        elif deed.name == "give":
            on.holds = set(deed.to) | {one for one in on.holds if one[1] == FAR_AREA}
        elif deed.name == "leave":
            self._loses(on, deed.held)
        elif deed.name == "transfer":
            on.holds = on.holds - {deed.held} | {(deed.held[0], deed.to)}

    def _loses(self, on, held):
        if held in on.holds and len(on.holds) == 1:
            on.active = False
        else:
            on.holds = on.holds - {held}


class Walk:
    def __init__(self, seed):
        self.chance, self.oracle, self.done = random.Random(seed), Oracle(), {}  # noqa: S311  not a secret
        self.ids = {name: stored(name, held).id for name, held in HOLDS.items()}
        self.links = {}  # {name: [(token, key)]}
        self.asked = []  # ids of registrations

    def step(self):
        deed = self.choose()
        expected, before = self.oracle.allows(deed), snapshot()
        events = collection(history.AuditEvent).count_documents({"document": "users"})
        refusal = self.attempt(deed)
        assert (refusal is None) == expected, (deed, refusal)
        if refusal is not None:
            assert snapshot() == before, deed
            assert collection(history.AuditEvent).count_documents({"document": "users"}) == events
            return
        changed = self.is_change(deed)
        self.oracle.note(deed)
        self.done[deed.name] = self.done.get(deed.name, 0) + 1
        self.see(deed, changed)

    def is_change(self, deed):
        """Whether it changes anything: who is suspended already is not suspended again."""
        on = self.oracle.accounts.get(deed.on)
        if deed.name in ("suspend", "activate"):
            return on.active == (deed.name == "suspend")
        return deed.name != "give" or on.holds != set(deed.to) | {
            one for one in on.holds if one[1] == FAR_AREA
        }

    def choose(self):
        """Mostly something allowed that was done least; else anything by anybody."""
        if self.chance.random() < 0.25 and (missed := self.near_misses()):
            return self.chance.choice(missed)
        deeds = [self.deed() for _ in range(150)]
        allowed = [one for one in deeds if self.oracle.allows(one)]
        if allowed and self.chance.random() < 0.6:
            # A check by one who also certifies is tried first: he must not certify afterwards.
            return min(
                allowed,
                key=lambda one: (
                    self.done.get(one.name, 0),
                    one.name == "check" and one.who != "both",
                    self.chance.random(),
                ),
            )
        return deeds[0]

    def near_misses(self):
        """What would be right but for who does it: whoever checked certifies, or somebody acts on his own account."""
        certifying = ("certify", "send_back", "turn_down")
        hands = [
            Deed(name, who, number, "เพราะตรวจพบ")
            for number, asked in enumerate(self.oracle.requests)
            for who in sorted(asked.hands)
            for name in certifying
            if asked.state == "checked" and self.oracle.is_(who, "approver")
        ]
        own = []
        for who, account in self.oracle.accounts.items():
            schools = sorted(one for one in account.holds if one[0] in ("school", "director"))
            if self.oracle.is_(who, "district", "admin"):
                own += [Deed(name, who, who, "เพื่อตนเอง") for name in ("suspend", "reset", "clear")]
                own += [Deed("give", who, who, "เพื่อตนเอง", to=frozenset(GIVEN[3]))]
                for held in schools:
                    other = OTHER if held[1] == SCHOOL else SCHOOL
                    own += [Deed("leave", who, who, "เพื่อตนเอง", held), Deed("confirm", who, who, "เพื่อตนเอง")]
                    own += [Deed("transfer", who, who, "เพื่อตนเอง", held, other)]
        return hands or own

    def deed(self):
        pick = self.chance.choice
        who, reason = pick(list(self.ids)), pick(["เพราะตรวจพบ", "เพราะตรวจพบ", None])
        name = pick(["ask", *STEPS_OF, *ACCOUNT_DEEDS])
        if name in STEPS_OF and not self.asked:
            name = "ask"
        if name == "ask":
            return Deed("ask", who)
        if name in STEPS_OF:
            on = self.chance.randrange(len(self.asked))
            there = self.oracle.holders(self.oracle.requests[on].school)
            return Deed(name, who, on, reason, to=pick(["second", None, *there]) if name == "check" else None)
        on = pick([one for one in self.ids if one != "both"])  # who keeps his two roles, so as to be tempted
        if name == "use_link":
            return self.link(who, on)
        to = pick(SCHOOLS) if name == "transfer" else frozenset(pick(GIVEN)) if name == "give" else None
        held = pick(sorted(self.oracle.accounts[on].holds, key=str) or [("school", SCHOOL)])
        return Deed(name, who, on, reason, held if name in ("leave", "transfer") else (), to)

    def link(self, who, on):
        """A link made just now ("new"), or one made before: `to` is the state of the account it was made for."""
        kept = self.links.get(on, ())
        if not kept or self.chance.random() < 0.4:
            return Deed("use_link", who, on, to="new")
        at = self.chance.randrange(len(kept))
        return Deed("use_link", who, on, to=kept[at][1], held=(at,))

    # ---- trying ----

    def attempt(self, deed):
        actor = User.objects.get(id=self.ids[deed.who])
        if not actor.active:
            return RuleBroken("ends at the door")  # his sessions are ended: tests/test_sign_in.py
        try:
            self.do(deed, actor)
        except RuleBroken as refusal:
            return refusal
        return None

    def do(self, deed, actor):
        if deed.name == "ask":
            self.ask()
        elif deed.name in STEPS_OF:
            case = Registration.objects.get(id=self.asked[deed.on])
            typed = {"beside": "second"} if deed.to == "second" else {}
            if deed.to in self.ids:
                typed = {"beside": "replace", "replaces": str(self.ids[deed.to])}
            done, _ = registering.decide(case, deed.name, actor, deed.reason, typed)
            if done.account:
                self.ids[done.email] = done.account
        else:
            getattr(self, f"_{deed.name}")(deed, actor, self.ids[deed.on])

    def ask(self):
        school, email = self.chance.choice(SCHOOLS), f"n{len(self.asked)}@example.org"
        typed = {"name": "ครูใหม่", "email": email, "position": "ครู", "phone": "045 111", "role": "school"}
        self.asked.append(registering.ask(AREA, {**typed, "school_code": school}, PDF).id)
        self.oracle.requests.append(Asked(school, email))

    def _suspend(self, deed, actor, id_):
        accounts.suspend(actor, id_, deed.reason)

    def _activate(self, deed, actor, id_):
        accounts.activate(actor, id_, deed.reason)

    def _reset(self, deed, actor, id_):
        accounts.reset(actor, id_, deed.reason)

    def _clear(self, deed, actor, id_):
        accounts.clear_two_step(actor, id_, deed.reason)

    def _give(self, deed, actor, id_):
        found = User.objects.get(id=id_)
        kept = {name: getattr(found, name) for name in accounts.PERSONAL}
        accounts.change(actor, id_, {**kept, "grants": grants_of(deed.to)}, found.revision, deed.reason)

    def _leave(self, deed, actor, id_):
        postings.leave(actor, id_, AREA, *deed.held, deed.reason)

    def _transfer(self, deed, actor, id_):
        postings.transfer(actor, id_, AREA, *deed.held, deed.to, deed.reason)

    def _confirm(self, deed, actor, id_):
        recertifying.confirm(actor, AREA, [id_], deed.reason)

    def _use_link(self, deed, actor, id_):
        kept = self.links.setdefault(deed.on, [])
        if deed.to == "new":  # which ends the ones before
            kept[:] = [(token, None) for token, _ in kept]
            address = account_links.make(User.objects.get(id=id_), "reset")
            kept.append((address.partition("?t=")[2], self.oracle.accounts[deed.on].key))
        at = deed.held[0] if deed.held else len(kept) - 1
        fresh = f"{PASSWORD} {self.chance.random()}"
        account_links.use(kept[at][0], fresh, fresh)
        kept[at] = (kept[at][0], None)

    # ---- seeing ----

    def see(self, deed, changed):
        """Every account is as the oracle has it, and what was done is told with person and reason."""
        stored_ = {one.id: one for one in User.objects()}
        for name, id_ in self.ids.items():
            found, told = stored_[id_], self.oracle.accounts[name]
            held = {
                (one.role, code)
                for one in found.grants
                for code in one.school_codes or [FAR_AREA if one.area_code == FAR_AREA else None]
            }
            assert (found.active, held) == (told.active, told.holds), (deed, name)
        actor = self.ids[deed.who]
        if deed.name in STEPS_OF:
            case = Registration.objects.get(id=self.asked[deed.on])
            assert case.state == self.oracle.requests[deed.on].state
            row = case.moves[-1]
            assert (row["name"], row["by"], row["reason"]) == (deed.name, actor, deed.reason)
        elif deed.name != "ask" and changed:
            event = collection(history.AuditEvent).find_one(
                {"document": "users", "subject": self.ids[deed.on]}, sort=[("_id", -1)]
            )
            by = self.ids[deed.on] if deed.name == "use_link" else actor
            assert (event["actor"], event.get("reason")) == (by, deed.reason), deed


def snapshot():
    """Accounts and registrations as they are stored, but for what touching an administrator counts."""
    users = [{**row, "relied_on": 0} for row in collection(User).find().sort("_id")]
    return users, list(collection(Registration).find().sort("_id"))


def grants_of(holds):
    found = {}
    for role, school in holds:
        found.setdefault(role, []).extend([school] if school else [])
    return [Grant(role=role, area_code=AREA, school_codes=sorted(codes)) for role, codes in found.items()]


def stored(name, holds):
    """The person with all his roles; FAR_AREA in the place of a school means that area."""
    near = {one for one in holds if one[1] != FAR_AREA}
    made = person(name, "executive", area=FAR_AREA)
    made.grants = grants_of(near) + [Grant(role=role, area_code=FAR_AREA) for role, place in holds - near]
    return made.save()


def test_walks_of_accounts_and_registrations_keep_to_the_rules(area, database, times, monkeypatch):
    monkeypatch.setattr(passwords, "COST", {"memory_cost": 64, "time_cost": 1, "parallelism": 1})
    names = set()
    for seed in range(times(3, 60)):
        for each in ("users", "registrations", "account_links", "audit_events", "sessions"):
            database[each].delete_many({})
        walk = Walk(seed)
        for _ in range(STEPS):
            walk.step()
        assert list(verifying.verify(AREA)) == []
        names |= walk.done.keys()
    assert names == {"ask", *STEPS_OF, *ACCOUNT_DEEDS}


def test_the_oracle_knows_a_forbidden_deed_from_an_allowed_one(area):
    oracle = Oracle()
    deed = Deed("suspend", "administrator", "teacher", "ลาออก")
    assert oracle.allows(deed)
    assert not oracle.allows(replace(deed, reason=None))
    assert not oracle.allows(replace(deed, who="officer"))
    assert not oracle.allows(replace(deed, on="administrator"))
