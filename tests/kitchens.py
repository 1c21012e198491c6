"""A subsystem of the tests' own with rounds, units and checks of its own: what no code of the product knows of."""

from functools import partial

import pytest

import documents
from documents.checking import checks
from documents.checking.checks import ERROR, WARNING, Check, Limit
from documents.collecting import round_moves
from documents.collecting.rounds import Round, Window
from documents.records.fields import choice, count, text
from documents.records.record import Record
from tests.people import AREA, YEAR, utc

SUBSYSTEM = "FOOD"
LINKED = {"DMC": ("pupils",)}
BACK = 2
LIMITS = {"plates": Limit("จานต่อคน", "Plates a head", "ใบ", 2, 1, 9)}


class Kitchen(Record):
    """One kitchen of a school, or of the area office, in a round."""

    code = text("รหัสครัว", required=True, max_length=10)
    grade = choice("ชั้นที่ดูแล", "GRADE")
    plates = count("จาน", unit="ใบ", max_value=5000, required=True)
    note = text("หมายเหตุ", max_length=100)

    slug = "kitchens"
    label = "ครัว"
    label_en = "Kitchens"
    subsystem = SUBSYSTEM
    key = ("code",)
    grid = ("school_code", "code", "plates")
    search = order = ("code",)
    headcount = "plates"
    units = ("school", "office")
    not_carried = ("note",)

    meta = {"collection": "kitchens"}

    @classmethod
    def tally(cls, values):
        """One kitchen, and its plates."""
        return {"kitchens": 1, "plates": values.get("plates") or 0}


def _doubled(values, context):
    before = [row.get("plates") for row in context.was(values)]
    return (
        f"จานเปลี่ยนเป็น {values['plates']} เดิม {before}"
        if before and values.get("plates") not in before
        else None
    )


def _plates_for_pupils(sums, context):
    pupils = context.linked.get("DMC", {}).get("pupils", 0)
    if sums["plates"] < pupils * context.limits["plates"]:
        yield "", f"จาน {sums['plates']} นักเรียน {pupils}", {"plates": sums["plates"], "pupils": pupils}


def _fewer_kitchens(sums, context):
    before = context.earlier[0].get("kitchens", 0) if context.earlier else 0
    if sums["kitchens"] < before:
        yield "", f"ครัว {sums['kitchens']} เดิม {before}", {"kitchens": sums["kitchens"]}


kitchen = partial(Check, subsystem=SUBSYSTEM, document="kitchens")
CHECKS = (
    kitchen("FO-01", "", WARNING, "record", "จานเปลี่ยน", "Plates changed", "ตรวจจำนวนจาน", _doubled, ("plates",),
            before=("plates",), counter="changed"),
    kitchen("FO-02", "", WARNING, "school", "จานไม่พอ", "Too few plates", "เพิ่มจาน", _plates_for_pupils),
    kitchen("FO-03", "", ERROR, "school", "ครัวหายไป", "Fewer kitchens", "บันทึกให้ครบ", _fewer_kitchens),
)  # fmt: skip


@pytest.fixture
def kitchens(monkeypatch):
    """The subsystem and its checks, on the lists for this test."""
    monkeypatch.setattr(documents, "SUBSYSTEMS", [*documents.SUBSYSTEMS, "tests.kitchens.Kitchen"])
    monkeypatch.setattr(documents, "CHECKS", [*documents.CHECKS, "tests.kitchens"])
    forget_rules()
    Kitchen.ensure_indexes()
    yield Kitchen
    forget_rules()


def forget_rules():
    """What the engine remembers of the lists of modules."""
    for remembered in (
        checks._rules,
        checks.rules_of,
        checks.all_checks,
        checks._by_key,
        checks._of_document,
    ):
        remembered.cache_clear()


def food_round(people, year=YEAR, code="1", subsystem=SUBSYSTEM):
    """An open round of the subsystem, with the district's windows of June 2568 whatever its year."""
    windows = [
        Window(step=step, opens_at=utc(1), closes_at=utc(15, 16, 30))
        for step in ("enter", "certify", "verify")
    ]
    draft = Round(
        area_code=AREA, subsystem=subsystem, academic_year=year, code=code, title="สำรวจครัว", as_of=utc(10),
        windows=windows,
    ).save()  # fmt: skip
    proposed = round_moves.propose(draft, people["officer"], "ขอเปิดรอบ")
    ordered = round_moves.record_order(proposed, people["executive"], "1", utc(1), "ดำเนินการ")
    return round_moves.open_round(ordered, people["approver"])
