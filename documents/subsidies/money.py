"""Money (ประมาณการงบประมาณ): what the pupils of a locked round bring, school by school, by a table of rates.

An estimate stands on what the lock froze (`Freeze.schools[].money`) and on nothing else of the pupils, so it says the
same however often it is asked. It never pays; the ministry does. Amounts are whole satang. Source: domain.md 5.
"""

from dataclasses import dataclass
from functools import cached_property

from mongoengine import Document
from mongoengine.fields import DictField, IntField, StringField
from pymongo.errors import DuplicateKeyError

from documents.checking.limits import limits_of
from documents.collecting.freezing import freeze_of
from documents.collecting.rounds import Round
from documents.collecting.submissions import SEALED, submissions_of
from documents.database import collection, in_transaction
from documents.dmc.counting import Rules
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats import thai
from documents.subsidies import money_counts, rates
from documents.subsidies.money_counts import HEADS
from documents.subsidies.rate_rows import HOME, ITEMS, LEVELS, Rate
from documents.trail.history import note_event

SUBSYSTEM = "DMC"
MOST_LEARNERS = 100_000
UNREPORTED = "ปิดโดยไม่ได้รายงาน จึงไม่ประมาณการ"


@dataclass(frozen=True)
class Due:
    """One rate met by the pupils of a level: how many there are, for how many it is paid, and satang of year and term."""

    rate: Rate
    level: str
    heads: int
    paid: int
    year: int
    term: int


@dataclass(frozen=True)
class SchoolMoney:
    """What one school's pupils bring; `counts` is {kind of pupil: {level: heads}}."""

    code: str
    name: str
    cluster: str
    district: str
    counts: dict
    dues: tuple
    unreported: bool = False

    @property
    def size(self):
        """Heads that count for money, of all levels."""
        return self.heads()

    def heads(self, kind=HEADS, level=None):
        """Heads of a kind, of one level or all."""
        found = self.counts.get(kind, {})
        return sum(found.values()) if level is None else found.get(level, 0)

    def total(self, part="year", items=None):
        """Satang of `part` year or term, of some items or all."""
        return sum(getattr(due, part) for due in self.dues if items is None or due.rate.item in items)


@dataclass(frozen=True)
class Estimate:
    """The money of a round by one table of rates; `exact` says that the table is the fiscal year's own."""

    round: object
    table: rates.RateTable
    fiscal_year: int
    term: str
    schools: tuple
    home: SchoolMoney | None

    @property
    def exact(self):
        """Whether the rates are those of the fiscal year itself."""
        return self.table.fiscal_year == self.fiscal_year and not self.table.is_trial

    @cached_property
    def everyone(self):
        """The schools, and the learners taught by their families where there are any."""
        return (*self.schools, *((self.home,) if self.home else ()))

    @property
    def items(self):
        """The items that bring anything, in order."""
        found = {due.rate.item for school in self.everyone for due in school.dues if due.year}
        return [item for item in ITEMS if item in found]

    @property
    def left_out(self):
        """The items that have rates but are not estimated."""
        found = {rate.item for rate in self.table.rates}
        return [item for item in ITEMS if item in found and ITEMS[item].pays_for is None]

    def total(self, part="year", items=None):
        """Satang over all."""
        return sum(school.total(part, items) for school in self.everyone)

    def heads(self, kind=HEADS, level=None):
        """Heads over the schools."""
        return sum(school.heads(kind, level) for school in self.schools)

    def by_item(self):
        """{(item, level): [heads, paid, satang of the year, of the term]} over all, in order."""
        found = {}
        for school in self.everyone:
            for due in school.dues:
                sums = found.setdefault((due.rate.item, due.level), [0, 0, 0, 0])
                for at, value in enumerate((due.heads, due.paid, due.year, due.term)):
                    sums[at] += value
        order = [(item, level) for item in ITEMS for level in LEVELS]
        return {key: found[key] for key in order if key in found}

    @property
    def unverified(self):
        """The Rates that brought something and that nobody has verified."""
        met = {due.rate.id: due.rate for school in self.everyone for due in school.dues if due.paid}
        return [rate for rate in met.values() if not rate.verified]


def dues_of(counts, table_rates, term):
    """(Due, ...) of one school: `counts` {kind: {level: heads}}, in the order of the rates.

    A cap is a percentage of the level's pupils who count, rounded down. The halves of a year's amount add up to it.
    """
    size = sum(counts.get(HEADS, {}).values())
    found = []
    for rate in table_rates:
        kind = ITEMS[rate.item].pays_for
        if kind is None or (kind != HOME and not rate.covers(size)):
            continue
        for level in rate.levels():
            heads = counts.get(kind, {}).get(level, 0)
            if heads:
                found.append(_due(rate, level, heads, counts, term))
    return tuple(found)


def _due(rate, level, heads, counts, term):
    most = counts.get(HEADS, {}).get(level, 0) * rate.cap // 100 if rate.cap is not None else heads
    paid = min(heads, most)
    year = paid * rate.of_year()
    if rate.term:
        of_term = year if rate.term == term else 0
    else:
        of_term = year // 2 if term == "1" else year - year // 2
    return Due(rate, level, heads, paid, year, of_term)


def estimate_of(round_, table=None, schools=None):
    """The Estimate of a locked round by a RateTable (the fiscal year's without), of some schools or all and the home learners.

    Raises WrongState for a round that is not locked, or where an area has no rates yet.
    """
    fiscal_year, term = rates.fiscal_place(round_.academic_year, round_.code)
    table = table or rates.table_for(round_.area_code, fiscal_year)
    if table is None:
        raise WrongState("เขตนี้ยังไม่มีอัตราเงินอุดหนุน กรุณาแจ้งผู้ดูแลระบบให้เพิ่มที่เมนู “อัตราเงินอุดหนุน” ก่อน")
    wanted, known = None if schools is None else set(schools), table.rates
    found = []
    for row in frozen_schools(round_):
        if wanted is None or row["code"] in wanted:
            found.append(_school(row, known, term))
    home = _home(round_, known, term) if schools is None else None
    return Estimate(round_, table, fiscal_year, term, tuple(found), home)


def _school(row, known, term):
    unreported = row["state"] == "unreported"
    counts = (
        {} if unreported else {kind: by_level(grades) for kind, grades in (row.get("money") or {}).items()}
    )
    return SchoolMoney(
        row["code"], row["name"], row.get("cluster") or "", row.get("district") or "", counts, dues_of(counts, known, term),
        unreported,
    )  # fmt: skip


def by_level(grades):
    """{level: heads} of {grade: heads}."""
    found = {
        level: sum(grades.get(grade, 0) for grade in of_level) for level, (_, _, of_level) in LEVELS.items()
    }
    return {level: heads for level, heads in found.items() if heads}


def frozen_schools(round_):
    """[what the lock froze of each school] with who counts for money, `money` {kind: {grade: heads}}.

    A round locked before the product froze that is counted as it stands, unless a school of it is open again.
    Raises WrongState for one that is not locked.
    """
    freeze = freeze_of(round_) if round_.subsystem == SUBSYSTEM and round_.sealed else None
    if freeze is None:
        raise WrongState(
            f"รอบ {round_} ยังไม่ล็อก ประมาณการงบประมาณทำได้จากรอบนักเรียน (DMC) ที่ล็อกแล้วเท่านั้น กรุณาเลือกรอบที่ล็อกแล้ว"
        )
    if freeze.money_counted:
        return freeze.schools
    if again := submissions_of(round_).filter(state__nin=list(SEALED)).first():
        raise WrongState(f"{again.school_name}เปิดคืนให้แก้ไขอยู่ ประมาณการรอบนี้ได้เมื่อล็อกโรงเรียนนั้นอีกครั้ง")
    limits = freeze.limits or limits_of(round_.area_code, SUBSYSTEM, round_.academic_year)
    found = money_counts.money_counts(round_, Rules.of(limits), money_counts.doubles_of(round_))
    return [school | {"money": found.get(school["code"], {})} for school in freeze.schools]


def locked_rounds(area_code):
    """The area's locked rounds of pupils, newest first."""
    states = ["locked", "published"]
    found = Round.objects(area_code=area_code, subsystem=SUBSYSTEM, state__in=states)
    return list(found.order_by("-academic_year", "-code"))


# ---- learners taught by their families ----


class HomeLearners(Document):
    """How many learners of a round's area are taught by their families: DMC has no field for it, so an officer says."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    counts = DictField()  # {level: learners}
    revision = IntField(required=True, default=1)

    meta = {
        "collection": "home_learners",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "academic_year", "round"], "unique": True, "name": "round"}],
    }


def home_learners(round_):
    """The HomeLearners of a round, or None."""
    return HomeLearners.objects(**_place(round_)).first()


def set_home_learners(round_, typed, revision, actor, reason=None):
    """Say how many learners of each level there are, `typed` {level: text}, over the revision that was seen (0: none).

    Raises NotAllowed for anyone but a district officer, Invalid by level, WrongState where another said so first.
    """
    if not actor.is_system and not actor.holds("district", round_.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่บันทึกจำนวนผู้เรียนการศึกษาโดยครอบครัวได้")
    counts = {level: thai.whole(typed.get(level) or "0", MOST_LEARNERS) for level in LEVELS}
    said = f"กรุณากรอกจำนวนเต็ม 0–{MOST_LEARNERS:,}"
    if wrong := {level: said for level, number in counts.items() if number is None}:
        raise Invalid({0: wrong})

    def work():
        before = home_learners(round_)
        if (before.revision if before else 0) != revision:
            raise WrongState("มีผู้อื่นบันทึกจำนวนนี้ก่อนหน้าท่าน กรุณาเปิดหน้าใหม่แล้วบันทึกอีกครั้ง")
        made = HomeLearners(**_place(round_), counts=counts, revision=revision + 1)
        if before:
            put = {"$set": {"counts": counts, "revision": made.revision}}
            collection(HomeLearners).update_one({"_id": before.id, "revision": revision}, put)
            made.id = before.id
        else:
            made.id = collection(HomeLearners).insert_one(made.to_mongo().to_dict()).inserted_id
        was = before.counts if before else {}
        changes = {
            level: [was.get(level, 0), number]
            for level, number in counts.items()
            if was.get(level, 0) != number
        }
        told = {"round": [None, round_.label]} | changes
        note_event(round_.area_code, actor, "settings", "home_learners", made.id, told, reason)

    try:
        in_transaction(work)
    except DuplicateKeyError:
        raise WrongState("มีผู้อื่นบันทึกจำนวนนี้ก่อนหน้าท่าน กรุณาเปิดหน้าใหม่แล้วบันทึกอีกครั้ง") from None


def _place(round_):
    return {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}


def _home(round_, known, term):
    stored = home_learners(round_)
    counts = {HOME: {level: n for level, n in stored.counts.items() if n}} if stored else {}
    dues = dues_of(counts, known, term)
    return SchoolMoney("", ITEMS["home"].label, "", "", counts, dues) if dues else None
