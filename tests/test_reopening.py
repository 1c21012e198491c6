"""Reopening: asked, forwarded, granted until an hour; what ends it, what it changed, and who loses a race."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from documents import clock
from documents.collecting import extending, reopening, round_moves, versions
from documents.collecting.asides import answer_hold, extend, keep_hold, prolong, set_hold
from documents.collecting.freezing import freeze_of
from documents.collecting.locking import lock_round, lock_school
from documents.collecting.moves import move
from documents.collecting.reopening import ReopenRequest, ask_reopening, grant, take_back
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission
from documents.errors import Invalid, NotAllowed, OutOfScope, RuleBroken, WindowShut, WrongState
from documents.people.users import Grant
from documents.records.cases import advance, steps_for
from documents.records.digests import digest_of
from documents.records.writing import Change, remove, write
from documents.trail import verifying
from tests.districts import LOADER, bring
from tests.people import AREA, NOON, OTHER, SCHOOL, person, place

WHY = "นับนักเรียนผิดหนึ่งคน"
LATER = "2025-06-22T09:00:00+07:00"


def hour(day=20, hour_=16):
    return dt.datetime(2025, 6, day, hour_, tzinfo=clock.BANGKOK)


def here(school=SCHOOL):
    return find_submission("DMC", place(school))


def row(canteens, code, school=SCHOOL):
    return canteens.objects(school_code=school, code=code).first()


def change(canteens, code, actor, **values):
    one = row(canteens, code)
    return write([Change(canteens, one.place, values, id=one.id, revision=one.revision)], actor)


@pytest.fixture
def locked(canteens, open_round, approver):
    """The round locked: the first school reported, the other closed unreported, three records each."""
    for school in (SCHOOL, OTHER):
        write(
            [
                Change(canteens, place(school), {"code": code, "name": f"โรงอาหาร {code}", "seats": 10})
                for code in "123"
            ],
            LOADER,
        )
    bring(here(), "confirm", "certify", "verify")
    return lock_round(open_round, approver, "ไม่รายงาน")


@pytest.fixture
def asked(locked, teacher):
    return ask_reopening(here(), teacher, WHY)


@pytest.fixture
def forwarded(asked, officer):
    return advance(asked, "forward", officer, "เห็นควร")


def reopen(approver, teacher, officer, records=(), school=SCHOOL):
    request = ask_reopening(here(school), teacher, WHY, records)
    return grant(advance(request, "forward", officer, "เห็นควร"), approver, hour())[1]


# ---- asking and granting ----


def test_from_asking_to_version_two_everybody_is_named(forwarded, approver, teacher, officer):
    request, opened = grant(forwarded, approver, hour(), reason="แก้ให้เสร็จ")
    assert (opened.state, opened.version, opened.return_reason) == ("returned", 2, WHY)
    assert opened.versions[0]["state"] == "locked"
    assert [(each["name"], each["by_name"]) for each in request.moves] == [
        ("ask", teacher.name), ("forward", officer.name), ("grant", approver.name),
    ]  # fmt: skip
    assert list(verifying.verify()) == []


def test_who_may_ask_and_decide(
    asked, neighbour, director, officer, approver, executive, administrator, teacher
):
    for stranger in (neighbour, executive, administrator, person("far", "district", area="34020000")):
        with pytest.raises(OutOfScope):
            ask_reopening(here(), stranger, WHY)
    for nobody in (teacher, director, neighbour, executive, person("far2", "approver", area="34020000")):
        for name in ("forward", "refuse", "grant", "turn_down"):
            with pytest.raises(OutOfScope):
                advance(asked, name, nobody, "x")
    assert [step.name for step in steps_for(asked, officer)] == ["forward", "refuse"]
    assert [step.name for step in steps_for(asked, approver)] == []
    assert [step.name for step in steps_for(asked, director)] == ["withdraw"]
    with pytest.raises(WrongState, match="รอพิจารณาอยู่แล้ว"):
        ask_reopening(here(), director, "อีกครั้ง")
    advance(asked, "withdraw", teacher)
    assert ask_reopening(here(), director, "อีกครั้ง").state == "asked"


def test_who_asked_or_forwarded_does_not_decide(locked, officer, approver, teacher):
    own = ask_reopening(here(), officer, "โรงเรียนโทรแจ้ง")
    assert own.state == "forwarded"
    officer.grants.append(Grant(role="approver", area_code=AREA))
    officer.save()
    with pytest.raises(NotAllowed, match="คนอื่นพิจารณา"):
        grant(own, officer, hour())
    assert grant(own, approver, hour())[0].state == "granted"


@pytest.mark.parametrize("until", ["2025-06-05T08:59:00+07:00", "2026-06-05T09:00:00+07:00", None])
def test_an_hour_that_is_over_or_a_year_away_is_refused(until, forwarded, approver):
    instant = dt.datetime.fromisoformat(until) if until else None
    with pytest.raises(Invalid):
        grant(forwarded, approver, instant)
    assert (here().state, ReopenRequest.objects.get().state) == ("locked", "forwarded")


def test_granted_twice_one_is_told_and_nothing_is_reopened_again(forwarded, approver, times):
    second = person("second", "approver")
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(said, lambda who=each: grant(forwarded, who, hour())) for each in (approver, second)
        ]
    told = [one.result() for one in done]
    assert sorted(each is None for each in told) == [False, True]
    assert any("ไปก่อนแล้ว" in each.message for each in told if each)
    assert [each["name"] for each in here().moves].count("reopen") == 1
    replay = said(lambda: grant(ReopenRequest.objects.get(), approver, hour()))
    assert "เปิดคืนแล้ว" in replay.message
    assert here().version == 2


def said(work):
    try:
        work()
    except RuleBroken as refusal:
        return refusal
    return None


def test_records_of_another_school_are_not_named(locked, canteens, teacher, forwarded, approver):
    theirs = row(canteens, "1", OTHER).id
    advance(forwarded, "withdraw", teacher)
    with pytest.raises(OutOfScope):
        ask_reopening(here(), teacher, WHY, [theirs])
    request = ask_reopening(here(), teacher, WHY, [row(canteens, "1").id, row(canteens, "2").id])
    request = advance(request, "forward", person("third", "district"), "เห็นควร")
    for wrong in ([theirs], [], [row(canteens, "3").id]):
        with pytest.raises(RuleBroken):
            grant(request, approver, hour(), wrong)
    grant(request, approver, hour(), [row(canteens, "2").id])
    assert here().named_records == [row(canteens, "2").id]
    change(canteens, "2", teacher, seats=11)
    with pytest.raises(NotAllowed, match="เฉพาะบางรายการ"):
        change(canteens, "1", teacher, seats=11)


def test_nothing_is_asked_of_what_is_not_sealed(canteens, open_round, teacher):
    with pytest.raises(WrongState, match="ยังไม่ล็อก"):
        ask_reopening(here(), teacher, WHY)


def test_a_round_that_is_closing_reopens_nothing(canteens, open_round, teacher, officer, approver):

    bring(here(), "confirm", "certify", "verify")
    lock_school(here(), approver)
    request = advance(ask_reopening(here(), teacher, WHY), "forward", officer, "เห็นควร")
    round_moves.change_state(open_round, "closing", approver, None)
    with pytest.raises(WrongState, match="กำลังล็อก"):
        grant(request, approver, hour())
    lock_round(Round.objects.get(), approver, "ไม่รายงาน")
    assert grant(request, approver, hour())[1].version == 2


# ---- the hour, and what ends it ----


def test_the_hour_binds_everybody_and_only_the_approver_moves_it(
    locked, canteens, teacher, officer, approver
):
    opened = reopen(approver, teacher, officer)
    with pytest.raises(WrongState, match="ผู้รับรอง"):
        extend(opened, officer, hour(25), ["school"], "ช้า")
    clock.configure(LATER)
    for who, reason in ((teacher, None), (officer, "แก้แทน")):
        with pytest.raises(WindowShut, match="หมดเวลาเปิดคืน"):
            write([Change(canteens, place(), {"code": "9", "name": "เก้า"})], who, reason)
    with pytest.raises(WindowShut, match="หมดเวลาเปิดคืน"):
        move(here(), "confirm", teacher)
    with pytest.raises(OutOfScope):
        prolong(here(), officer, hour(25), "ช้า")
    prolong(here(), approver, hour(25), "โรงเรียนไฟดับ")
    bring_again(teacher, officer)
    assert lock_school(here(), approver).state == "locked"
    assert list(verifying.verify()) == []


def bring_again(teacher, officer):
    confirmed = move(here(), "confirm", teacher)
    head = person("head", "director", SCHOOL)
    return move(move(confirmed, "certify", head), "verify", officer)


def test_a_return_gives_no_more_than_the_approvers_hour(locked, teacher, officer, director, approver):
    opened = reopen(approver, teacher, officer)
    certified = move(move(opened, "confirm", teacher), "certify", director)
    with pytest.raises(Invalid, match="เท่านั้น"):
        move(certified, "return", officer, "ดูใหม่", hour(21))
    returned = move(certified, "return", officer, "ดูใหม่")
    assert returned.return_until == opened.return_until


def test_taken_back_unchanged_it_is_locked_in_one_step_with_the_same_digest(
    locked, teacher, officer, approver
):
    before, frozen = here(), freeze_of(locked)
    opened = reopen(approver, teacher, officer)
    with pytest.raises(WrongState, match="ยังอยู่ในเวลา"):
        move(opened, "back", approver, "ไม่ต้องแก้แล้ว")
    with pytest.raises(OutOfScope):
        take_back(opened, officer, "ไม่ต้องแก้แล้ว")
    back = take_back(here(), approver, "ไม่ต้องแก้แล้ว")
    assert (back.state, back.version, back.digest, back.counts["canteens"]) == (
        "locked",
        2,
        before.digest,
        before.counts["canteens"],
    )
    after = freeze_of(locked)
    assert after.root_hash == frozen.root_hash == Round.objects.get().root_hash
    assert after.schools[0] == frozen.schools[0] | {"version": 2}
    assert list(verifying.verify()) == []


def test_taken_back_changed_every_record_is_as_it_was(
    locked, canteens, teacher, officer, approver, neighbour
):
    before = here().digest
    reopen(approver, teacher, officer)
    change(canteens, "1", teacher, seats=99, name="ชื่อใหม่")
    change(canteens, "1", teacher, seats=98)
    change(canteens, "3", teacher, seats=55)
    change(canteens, "3", teacher, seats=10)
    remove([row(canteens, "2")], teacher, "ปิดแล้ว")
    write(
        [
            Change(canteens, place(), {"code": "4", "name": "สี่"}),
            Change(canteens, place(), {"code": "2", "name": "สองใหม่"}),
        ],
        teacher,
    )
    found = {(each.kind, each.headline): each.fields for each in versions.changed_since(here())}
    assert set(found) == {
        ("changed", "ชื่อใหม่"), ("removed", "โรงอาหาร 2"), ("added", "สี่"), ("added", "สองใหม่"),
    }  # fmt: skip
    assert found["changed", "ชื่อใหม่"]["seats"] == (10, 98)
    assert found["removed", "โรงอาหาร 2"]["name"] == ("โรงอาหาร 2", None)
    assert found["added", "สี่"]["name"] == (None, "สี่")
    bring(here(), "confirm", "certify")
    clock.configure(LATER)
    with pytest.raises(WrongState, match="ไม่ตรงกับฉบับที่ 1"):
        move(move(here(), "end", approver, "หมดเวลา"), "back", approver, "หมดเวลา")
    back = take_back(here(), approver, "หมดเวลา")
    assert (back.state, back.digest, digest_of(back)) == ("locked", before, before)
    assert versions.changed_since(back) == []
    assert {each.seats for each in canteens.objects(school_code=SCHOOL)} == {10}
    assert list(verifying.verify()) == []
    clock.configure(NOON)
    reopen(approver, person("again", "school", SCHOOL), person("other", "district"))
    assert (here().version, here().versions[-1]["digest"]) == (3, before)


def test_what_was_closed_unreported_goes_back_to_that(locked, neighbour, officer, approver):
    frozen = freeze_of(locked).schools[1]
    reopen(approver, neighbour, officer, school=OTHER)
    back = take_back(here(OTHER), approver, "ไม่ต้องแก้แล้ว")
    assert (back.state, back.version) == ("unreported", 2)
    assert freeze_of(locked).schools[1] == frozen | {"version": 2}


def test_a_taking_back_interrupted_is_run_again(locked, canteens, teacher, officer, approver, monkeypatch):
    before = here().digest
    reopen(approver, teacher, officer)
    change(canteens, "1", teacher, seats=99)
    with monkeypatch.context() as patch:
        patch.setattr(reopening, "write", lambda *args, **more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take_back(here(), approver, "ยกเลิก")
    with pytest.raises(WindowShut):
        change(canteens, "1", teacher, seats=50)
    assert take_back(here(), approver, "ยกเลิก").digest == before


# ---- more time ----


def test_time_is_asked_after_the_window_and_given_by_who_may(
    canteens, open_round, teacher, officer, approver, director
):
    write([Change(canteens, place(), {"code": "1", "name": "หนึ่ง"})], teacher)
    clock.configure("2025-06-12T09:00:00+07:00")
    with pytest.raises(Invalid, match="โปรดเลือก"):
        extending.ask_time(here(), teacher, "ไฟดับ", [])
    request = extending.ask_time(here(), teacher, "ไฟดับ", ["school"], hour(14))
    with pytest.raises(WrongState, match="รอพิจารณาอยู่แล้ว"):
        extending.ask_time(here(), director, "ไฟดับ", ["director"])
    assert [step.name for step in steps_for(request, officer)] == ["grant", "refuse"]
    assert steps_for(request, approver) == []
    for wrong in (approver, teacher, person("far", "district", area="34020000")):
        with pytest.raises((OutOfScope, WrongState)):
            extending.grant(request, wrong, hour(14))
    given, moved = extending.grant(request, officer, hour(14), ["school", "director"])
    assert (given.state, moved.extension["for"]) == ("granted", ["school", "director"])
    assert move(here(), "confirm", teacher).state == "confirmed"
    assert list(verifying.verify()) == []


def test_more_time_of_a_reopening_is_the_approvers(locked, teacher, officer, approver):
    reopen(approver, teacher, officer)
    clock.configure(LATER)
    request = extending.ask_time(here(), teacher, "ยังไม่เสร็จ", ["school"])
    assert steps_for(request, officer) == []
    given, moved = extending.grant(request, approver, hour(25))
    assert (given.state, moved.return_until) == ("granted", hour(25).astimezone(dt.UTC).replace(tzinfo=None))


def test_a_request_left_open_when_the_round_is_locked_gives_no_time(
    canteens, open_round, teacher, officer, approver
):
    request = extending.ask_time(here(), teacher, "ไฟดับ", ["school"])
    lock_round(open_round, approver, "ไม่รายงาน")
    with pytest.raises(RuleBroken, match="ล็อกแล้ว"):
        extending.grant(request, officer, hour(14))
    assert advance(request, "refuse", officer, "รอบล็อกแล้ว").state == "refused"


# ---- the hold ----


def test_a_hold_is_answered_kept_and_lifted_in_one_thread(open_round, teacher, officer, director, neighbour):
    with pytest.raises(WrongState, match="ไม่ได้ถูกพัก"):
        answer_hold(here(), teacher, "อะไร")
    set_hold(here(), officer, "สงสัยซ้ำ")
    with pytest.raises(OutOfScope):
        answer_hold(here(), neighbour, "ไม่เกี่ยว")
    assert answer_hold(here(), teacher, "ย้ายมาแล้ว").hold["answered"]
    assert not keep_hold(here(), officer, "ขอหลักฐาน").hold["answered"]
    answer_hold(here(), director, "ส่งแล้ว")
    with pytest.raises(WrongState, match="อยู่แล้ว"):
        set_hold(here(), officer, "อีก")
    set_hold(here(), officer, None)
    assert [each["name"] for each in here().moves] == ["hold", "answer", "keep", "answer", "lift"]
    assert list(verifying.verify()) == []
