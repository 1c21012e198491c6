"""Random people at random times press whatever the tables of move-in and of a change of number offer, and what they do not.

No forbidden step succeeds, each that does is in the case's history with person and reason, no pupil counts in two
schools or none for it, and all chains verify.
"""

import datetime as dt
import random

import pytest

from documents import clock
from documents.collecting.moves import move, moves_for
from documents.collecting.rounds import Round
from documents.collecting.submissions import SEALED, Submission, find_submission
from documents.database import collection
from documents.district.schools import Area
from documents.dmc import id_changes, transfers
from documents.dmc.id_changes import IdChange
from documents.dmc.students import Student
from documents.dmc.transfers import Transfer
from documents.errors import RuleBroken
from documents.records.cases import check_step
from documents.records.writing import Change, write
from documents.trail import verifying
from tests.districts import with_rooms
from tests.people import OTHER, SCHOOL, person, place
from tests.pupils import number, pupil

STEPS = 300
PDF = b"%PDF-1.4\n%%EOF\n"


def run(deed, *given, **more):
    """What a deed gives, None when a rule refused it."""
    try:
        return deed(*given, **more)
    except RuleBroken:
        return None


@pytest.fixture
def people(open_round, teacher, neighbour, director, officer, approver, administrator):
    others = (
        person("officer2", "district"),
        person("both", "school", SCHOOL, OTHER),
        person("far", "school", "1", area="34020000"),
    )
    return [teacher, neighbour, neighbour, teacher, director, officer, approver, administrator, *others]


@pytest.fixture
def dice():
    return random.Random(20_250_605)  # noqa: S311  not a secret


def pass_time(dice):
    """The clock a little further, and now and then a school that hands in or takes it back."""
    minute = clock.now() + dice.choice((0, 0, 0, 1, 3)) * dt.timedelta(hours=1.5)
    clock.configure(minute.isoformat())


def hand_in(dice, people):
    submission, round_ = find_submission("DMC", place(dice.choice((SCHOOL, OTHER)))), Round.objects.get()
    actor = dice.choice(people)
    if offered := [
        row.name for row in moves_for(submission, round_, actor) if row.name in ("confirm", "unconfirm")
    ]:
        run(move, submission, offered[0], actor)


def allows(case, name, actor):
    """Whether the table lets somebody make a step now."""
    try:
        check_step(case, case.steps[name], actor, clock.now())
    except RuleBroken:
        return False
    return True


def step_at_random(case, answer, dice, people):
    """One step of a case by somebody; gives whether it was made, which the table must have allowed."""
    every = [(name, actor) for name in case.steps for actor in people]
    fitting = [pair for pair in every if allows(case, *pair)]
    name, actor = dice.choice(fitting if fitting and dice.random() < 0.3 else every)
    reason, allowed = dice.choice(("เพราะจำเป็น", "", "   ")), (name, actor) in fitting
    before = len(case.moves)
    done = run(answer, case, name, actor, reason)
    assert not (done and not allowed), (name, actor.name)
    if done:
        last = done.moves[-1]
        assert (len(done.moves), last["name"], last["by"]) == (before + 1, name, actor.id)
        assert last["reason"] or not case.steps[name].reason
        holder = case.school_of(case.steps[name].at)
        assert any(actor.holds(role, case.area_code, holder) for role in case.steps[name].roles)
        assert name == "withdraw" or actor.id != case.asked_by
    else:
        assert len(type(case).objects.get(id=case.id).moves) == before
    return bool(done)


def test_no_forbidden_step_of_a_move_succeeds_and_nobody_counts_twice(dice, people, teacher, neighbour):
    for where, actor in ((place(), teacher), (place(OTHER), neighbour)):
        write([Change(Student, where, pupil(first_name=f"กข{chr(0x0E01 + n)}")) for n in range(4)], actor)
    collection(Area).update_one({}, {"$set": {"transfer_days": 2}})
    everyone = sorted(collection(Student).distinct("person_id"))
    done = asked = 0
    for turn in range(STEPS):
        pass_time(dice) if turn % 3 == 0 else None
        if dice.random() < 0.15:
            hand_in(dice, people)
        waiting = list(Transfer.objects(state="asked"))
        if waiting and dice.random() < 0.7:
            done += step_at_random(dice.choice(waiting), transfers.answer, dice, people)
        else:
            typed = {"grade": "08", "room": 1, "student_no": f"{turn:04d}", "admission_date": "01/06/2568"}
            given = (place(dice.choice((SCHOOL, OTHER))), dice.choice(everyone), typed, dice.choice(people))
            asked += bool(run(transfers.ask, *given, dice.choice(("ย้ายบ้าน", ""))))
        on_roll = [row["person_id"] for row in collection(Student).find({"status": "enrolled"})]
        assert sorted(on_roll) == everyone, "each pupil counts once, at every moment"
    assert done >= 12
    assert asked >= 12
    counts = [find_submission("DMC", place(code)).counts["pupils"] for code in (SCHOOL, OTHER)]
    assert sum(counts) == len(everyone)
    waiting = {case.receiver_record for case in Transfer.objects(state="asked")}
    assert waiting <= {row["_id"] for row in collection(Student).find({"status": "awaiting"})}
    assert list(verifying.verify()) == []


def test_no_forbidden_step_of_a_change_of_number_succeeds(dice, people, teacher, neighbour):
    for where, actor in ((place(), teacher), (place(OTHER), neighbour)):
        write([Change(Student, where, pupil(first_name=f"กข{chr(0x0E01 + n)}")) for n in range(3)], actor)
        with_rooms(where)
        move(find_submission("DMC", where), "confirm", actor)
        move(find_submission("DMC", where), "unconfirm", actor)
    done = 0
    for turn in range(STEPS):
        pass_time(dice) if turn % 3 == 0 else None
        if dice.random() < 0.15:
            hand_in(dice, people)
        waiting = list(IdChange.objects(state="asked"))
        if waiting and dice.random() < 0.7:
            done += step_at_random(dice.choice(waiting), id_changes.answer, dice, people)
        else:
            plain = dice.choice(list(collection(Student).find()))
            new = dice.choice((number(), plain["person_id"]))
            run(
                id_changes.ask,
                plain,
                new,
                dice.choice((new, number())),
                "I",
                PDF,
                dice.choice(people),
                "ได้เลขใหม่",
            )
    approved = IdChange.objects(state="approved")
    assert done >= 12
    assert approved.count() >= 3
    for row in collection(Student).find():
        of_row = [case for case in approved if case.record == row["_id"]]
        assert len(row.get("former_ids", [])) == len(of_row)
    kept = collection(IdChange).count_documents({"evidence": {"$ne": None}})
    assert IdChange._get_collection().database["evidence.files"].count_documents({}) == kept
    assert not any(case.new_number for case in IdChange.objects(state__ne="asked"))
    assert not Submission.objects(state__in=SEALED)
    assert list(verifying.verify()) == []
