"""Random people do to G-code requests whatever the flow knows and what it does not; the oracle says what may be.

No forbidden deed succeeds and no allowed one is refused; each that is done is in the history with person and reason, and
all chains verify.
"""

import datetime as dt
import random

import pytest

from documents.errors import RuleBroken
from documents.gcode import gcode_certifying, gcode_evidence, gcode_linking, gcode_requests
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_certifying import Chosen
from documents.people.users import Acting, Grant
from documents.records import evidence
from documents.trail import verifying
from documents.trail.history import AuditEvent
from tests.gcode_model import Asked
from tests.learners import PDF, learner
from tests.people import AREA, OTHER, SCHOOL, person
from tests.pupils import number

NAMES = [
    "ซอวิน",
    "คำแพง",
    "โซะเพียะ",
    "มะนีวัน",
    "รัตตานัก",
    "บุนยัง",
    "เทวิน",
    "ดาวอน",
    "วิซาล",
    "สุกสะหวัน",
    "เมียวมิน",
    "ไพวัน",
    "มินห์",
    "จันทะลา",
    "อ่องโก",
    "สีสุก",
]
SURNAMES = [
    "วินอ่อง",
    "พมมะจัน",
    "โซวัน",
    "สีหาลาด",
    "เหงียน",
    "แก้วมะนี",
    "มินทูน",
    "ไซยะวง",
    "เจีย",
    "อินทะวง",
    "เทตอ่อง",
    "สุวันนะสี",
    "ตรัน",
    "พันทะวง",
]
STEPS = ("send", "take", "check", "return", "recheck", "refuse", "turn_down", "withdraw")
WRITING = ("change", "attach", "detach")
ONWARD = ("send", "take", "check", "certify")  # what leads on, so that walks reach the end
ENDS = ("refuse", "turn_down", "withdraw", "cancel")
KINDS = ("form", "passport", "employer_house", "other")


@pytest.fixture
def people(teacher, neighbour, director, officer, approver, executive, administrator):
    """{name: (User, what he holds here)}; two hold several roles, one is an acting director besides."""
    known = {"teacher": (teacher, {("school", SCHOOL)}), "neighbour": (neighbour, {("school", OTHER)})}
    known |= {"officer": (officer, {("district", None)}), "approver": (approver, {("approver", None)})}
    known |= {"director": (director, set()), "executive": (executive, set()), "admin": (administrator, set())}
    known["second"] = person("second", "district"), {("district", None)}
    known["far"] = person("far", "approver", area="34020000"), set()
    many = person("many", "school", SCHOOL)
    many.grants += [Grant(role=role, area_code=AREA) for role in ("district", "approver")]
    known["many"] = many.save(), {("school", SCHOOL), ("district", None), ("approver", None)}
    acting, today = person("acting", "approver"), dt.datetime(2025, 6, 1)  # noqa: DTZ001  a day has no zone
    acting.acting = [
        Acting(id=acting.id, area_code=AREA, school_code=SCHOOL, since=today, until=dt.datetime(2025, 12, 1),  # noqa: DTZ001
               order_number="1")
    ]  # fmt: skip
    known["acting"] = acting.save(), {("approver", None)}
    return known


class Walk:
    """One walk: the oracle's requests beside the stored ones."""

    def __init__(self, people, seed):
        self.people, self.chance = people, random.Random(seed)  # noqa: S311  not a secret
        self.roles = {name: held for name, (_, held) in people.items()}
        self.asked, self.done, self.code = {}, {}, 0

    def step(self):
        """One deed by somebody, tried on the product and the oracle."""
        going = [
            id_ for id_, one in self.asked.items() if one.state not in ("refused", "cancelled", "replaced")
        ]
        if not going or (len(self.asked) < 9 and self.chance.random() < 0.08):
            return self.record() if len(self.asked) < 9 else None
        id_ = self.chance.choice(going if self.chance.random() < 0.9 else list(self.asked))
        model, stored = self.asked[id_], GCodeRequest.objects.get(id=id_)
        who, deed, reason = self.draw(model)
        if self.chance.random() < 0.02 and stored.evidence:  # somebody deletes a file in the database alone
            evidence.drop(stored.evidence[0]["id"])
            gone = stored.evidence[0]["kind"]
            model.pieces = ["(gone)" if at == 0 else kind for at, kind in enumerate(model.pieces)]
            assert gone
        fresh, kind = (
            self.chance.random() > 0.1,
            self.chance.choice([k for k in KINDS if k not in model.pieces] or KINDS),
        )
        may = model.allows(deed, who, reason, fresh)
        did = self.tried(deed, stored, self.people[who][0], reason, fresh, kind)
        assert did == may, (deed, who, reason, model)
        now = GCodeRequest.objects.get(id=id_)
        if did:
            self.done[deed] = self.done.get(deed, 0) + 1
            model.note(deed, who, kind)
            self.see_history(deed, stored, now, self.people[who][0], reason)
        else:
            assert (len(now.moves), now.revision) == (len(stored.moves), stored.revision)
        assert now.state == model.state
        return None

    def draw(self, model):
        """(who, deed, reason): often one that leads on by somebody who may."""
        reason = self.chance.choice(("เพราะจำเป็น", "เพราะจำเป็น", "", "  "))
        every = [*WRITING, *STEPS, "certify", "replace", "cancel"]
        dice = self.chance.random()
        wanted = [one for one in every if one not in ENDS] if dice < 0.8 else every
        if dice < 0.6:
            wanted = ONWARD if model.whole else ("attach", "take")
        may = {deed: [who for who in self.people if model.allows(deed, who, "เพราะ")] for deed in wanted}
        if dice < 0.85 and (fitting := [deed for deed in wanted if may[deed]]):
            deed = self.chance.choice(fitting)
            # What others may now, he who holds all roles may only where he had no hand in it.
            who = "many" if self.chance.random() < 0.25 else self.chance.choice(may[deed])
            return who, deed, "เพราะจำเป็น"
        return self.chance.choice(list(self.people)), self.chance.choice(every), reason.strip()

    def record(self):
        """A new request by somebody, for one of the schools."""
        who, school = self.chance.choice(list(self.people)), self.chance.choice((SCHOOL, OTHER))
        at = len(self.asked)
        typed = learner(first_name=NAMES[at], last_name=SURNAMES[at], mother_first_name=NAMES[at + 6],
                        mother_last_name=SURNAMES[at], birth_date=f"{at + 3:02d}/{at + 1:02d}/25{50 + at}")  # fmt: skip
        may = ("school", school) in self.roles[who]
        made = run(gcode_requests.record, AREA, school, typed, self.people[who][0], "คนละคน")
        assert bool(made) == may, (who, school)
        if made:
            self.asked[made.id] = Asked(school, self.roles, who)

    def tried(self, deed, stored, actor, reason, fresh, kind):
        """Whether the product did it."""
        if deed == "change":
            typed = {"cur_house_no": str(self.chance.randrange(10**6))}
            return bool(run(gcode_requests.change, stored, typed, stored.revision, actor, reason))
        if deed == "attach":
            self.code += 1
            content = f"%PDF-1.4 {self.code}\n%%EOF\n".encode()
            return bool(run(gcode_evidence.attach, stored, kind, content, actor, reason))
        if deed == "detach":
            first = stored.evidence[0]["id"] if stored.evidence else None
            return bool(run(gcode_evidence.detach, stored, first, actor, reason))
        if deed == "certify":
            self.code += 1
            code = f"G6834{self.code:08d}"
            seen = stored.revision if fresh else stored.revision - 1
            return bool(run(gcode_certifying.certify, Chosen(stored, seen, code, code), actor))
        if deed == "replace":
            new = number()
            return bool(run(gcode_linking.replace, stored, new, new, PDF, actor, reason))
        if deed == "cancel":
            return bool(run(gcode_linking.cancel, stored, "without", actor, reason))
        return bool(run(gcode_requests.step, stored, deed, actor, reason, "คนละคน"))

    def see_history(self, deed, before, now, actor, reason):
        """The deed stands in the history with the person and what he said."""
        if deed in WRITING:
            event = AuditEvent.objects(subject=now.id).order_by("-number").first()
            assert event.actor == actor.id
            assert event.action == {"change": "update"}.get(deed, deed)
            assert (event.reason or "") == reason or before.state in ("draft", "returned")
            assert len(now.moves) == len(before.moves) + (before.state == "checked")
            return
        row = now.moves[-1]
        assert (len(now.moves), row["name"], row["by"]) == (len(before.moves) + 1, deed, actor.id)
        assert (row["reason"] or "") == reason or deed in ("certify",)


def run(deed, *given):
    """What a deed gives, None when a rule refused it."""
    try:
        return deed(*given)
    except RuleBroken:
        return None


def test_walks_of_requests_keep_to_the_flow(people, database, times):
    done = {}
    for seed in range(times(2, 40)):
        for name in ("gcode_requests", "audit_events", "evidence.files", "evidence.chunks"):
            database[name].delete_many({})
        walk = Walk(people, 2568 + seed)
        for _ in range(200):
            walk.step()
        for deed, count in walk.done.items():
            done[deed] = done.get(deed, 0) + count
        assert list(verifying.verify()) == []
    assert done.keys() >= {"change", "attach", "detach", "send", "take", "check", "return", "certify"}, (
        sorted(done)
    )
