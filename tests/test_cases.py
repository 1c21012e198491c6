"""Cases: a table of steps, one conditional update a step, a chained list of who did what."""

import datetime as dt

import pytest
from mongoengine.fields import StringField

import documents
from documents import clock
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.records import cases
from documents.records.cases import Case, Step, advance, check_step, open_case, steps_for, table
from documents.trail import verifying
from tests.people import AREA, SCHOOL


class Loan(Case):
    """A school borrows a projector: the shortest case there can be."""

    thing = StringField()

    label = "คำขอยืม"
    states = {"asked": "รอเขตพิจารณา", "lent": "ให้ยืมแล้ว", "refused": "ไม่ให้ยืม"}
    open_states = ("asked",)
    steps = table(
        Step("lend", "ให้ยืม", "Lend", ("asked",), "lent", ("district",)),
        Step("refuse", "ไม่ให้ยืม", "Refuse", ("asked",), "refused", ("district",), reason=True),
    )
    meta = {"collection": "loans"}

    def refuse(self, step, actor, now):
        if actor.id == self.asked_by:
            raise NotAllowed("ผู้ขอพิจารณาเรื่องของตนเองไม่ได้")


@pytest.fixture
def loan(teacher):
    return open_case(
        Loan(area_code=AREA, school_code=SCHOOL, state="asked", thing="โปรเจกเตอร์"), teacher, "ใช้สอน"
    )


def test_only_who_the_row_names_makes_a_step_and_a_reason_is_asked_for(loan, officer, teacher, neighbour):
    for stranger in (teacher, neighbour):
        assert steps_for(loan, stranger) == []
        with pytest.raises(OutOfScope):
            advance(loan, "lend", stranger)
    assert [step.name for step in steps_for(loan, officer)] == ["lend", "refuse"]
    with pytest.raises(Invalid, match="เหตุผล"):
        advance(loan, "refuse", officer, "  ")
    assert Loan.objects.get(id=loan.id).state == "asked"


def test_of_two_at_once_one_loses_with_a_sentence(loan, officer):
    lent = advance(loan, "lend", officer, changes={"thing": "จอ"}, noted={"until": dt.datetime(2025, 7, 1)})  # noqa: DTZ001
    with pytest.raises(WrongState, match="คำขอยืม"):
        advance(loan, "refuse", officer, "สายไป")
    assert (lent.state, lent.thing, lent.is_open) == ("lent", "จอ", False)
    assert [(row["name"], row["from"], row["to"], row["by_name"]) for row in lent.moves] == [
        ("ask", None, "asked", lent.asked_by_name), ("lend", "asked", "lent", officer.name),
    ]  # fmt: skip
    assert steps_for(lent, officer) == []


def test_who_asked_does_not_decide_when_the_kind_says_so(loan, officer, database):
    database.loans.update_one({}, {"$set": {"asked_by": officer.id}})
    with pytest.raises(NotAllowed, match="ตนเอง"):
        check_step(Loan.objects.get(id=loan.id), Loan.steps["lend"], officer, clock.now())


def test_a_changed_or_lost_row_of_a_case_is_named(loan, officer, database, monkeypatch):
    monkeypatch.setattr(documents, "CASES", ["tests.test_cases.Loan"])
    advance(loan, "lend", officer)
    assert list(verifying.verify()) == []
    database.loans.update_one({}, {"$set": {"moves.0.reason": "อื่น"}})
    assert any("คำขอยืม" in sentence for sentence in verifying.verify())
    database.loans.update_one({}, {"$set": {"moves.0.reason": "ใช้สอน"}})
    assert list(verifying.verify()) == []
    database.loans.update_one({}, {"$pop": {"moves": 1}})
    assert any("สถานะไม่ตรง" in sentence for sentence in verifying.verify())


def test_a_table_keeps_its_rows_by_name():
    assert list(cases.table(*Loan.steps.values())) == ["lend", "refuse"]
