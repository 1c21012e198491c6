"""The whole table of moves (design 5): each row by each role, state and window; reasons, separation, holds, races."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from documents import clock
from documents.collecting import rounds
from documents.collecting.asides import extend, set_hold
from documents.collecting.locking import lock_round, lock_school
from documents.collecting.moves import MOVES, check_move, move, moves_for
from documents.collecting.submissions import (
    SEALED,
    STATES,
    Submission,
    find_submission,
    prepare_submissions,
    round_of,
)
from documents.database import collection
from documents.errors import (
    Busy,
    Invalid,
    NotAllowed,
    OutOfScope,
    RoundLocked,
    RuleBroken,
    WindowShut,
    WrongState,
)
from documents.people.users import ROLES
from documents.records.writing import Change, write
from documents.trail import verifying
from tests.people import AREA, OTHER, SCHOOL, person, place

LATER = "2025-06-12T09:00:00+07:00"  # schools and directors shut, the district still open
OVER = "2025-06-16T09:00:00+07:00"  # every window shut
UNSEALED = ("draft", "returned", "confirmed", "certified", "verified")
# move: from which states, by which roles; design 5, row by row.
TABLE = {
    "confirm": (("draft", "returned"), ("school",)),
    "unconfirm": (("confirmed",), ("school",)),
    "certify": (("confirmed",), ("director",)),
    "send_back": (("confirmed",), ("director", "district")),
    "return": (("certified", "verified"), ("district",)),
    "verify": (("certified",), ("district",)),
    "lock": (("verified",), ("approver",)),
    "close": (("draft", "returned", "confirmed", "certified"), ("approver",)),
    "reopen": (SEALED, ("approver",)),
    "end": (UNSEALED, ("approver",)),
    "back": (("returned",), ("approver",)),
}
PEOPLE = {
    "school": "teacher", "director": "director", "district": "officer", "approver": "approver",
    "executive": "executive", "admin": "administrator",
}  # fmt: skip


@pytest.fixture
def submission(canteens, open_round, teacher):
    """The first school's submission, with one complete canteen."""
    write([Change(canteens, place(), {"code": "1", "name": "โรงอาหาร"})], teacher)
    return find_submission("DMC", place())


def put(submission, state, **more):
    """The submission as if it had come to this state."""
    collection(Submission).update_one({"_id": submission.id}, {"$set": {"state": state, **more}})
    return Submission.objects(area_code=AREA, id=submission.id).get()


def fresh(submission):
    return Submission.objects(area_code=AREA, id=submission.id).get()


def until(day, hour=9):
    return dt.datetime(2025, 6, day, hour, tzinfo=clock.BANGKOK)


# ---- the table ----


def test_the_table_has_every_move():
    assert {name: (row.come_from, row.roles) for name, row in MOVES.items()} == TABLE


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", TABLE)
def test_each_move_is_open_to_its_roles_from_its_states_alone(name, role, submission, request):
    actor = request.getfixturevalue(PEOPLE[role])
    round_ = round_of(submission)
    if name == "close":
        round_.state = "closing"
    states, roles = TABLE[name]
    for state in STATES:
        put(submission, state, version=2 if name in ("end", "back") else 1)
        refusal = refused(lambda: check_move(fresh(submission), round_, MOVES[name], actor, clock.now()))
        expected = OutOfScope if role not in roles else WrongState if state not in states else type(None)
        assert type(refusal) is expected, (name, role, state)


def refused(work):
    """The rule that refused, or None."""
    try:
        work()
    except RuleBroken as refusal:
        return refusal
    return None


@pytest.mark.parametrize(
    ("name", "state", "who", "later", "over"),
    [
        ("confirm", "draft", "teacher", WindowShut, WindowShut),
        ("unconfirm", "confirmed", "teacher", WindowShut, WindowShut),
        ("certify", "confirmed", "director", WindowShut, WindowShut),
        ("send_back", "confirmed", "officer", None, None),
        ("return", "certified", "officer", None, WindowShut),
        ("verify", "certified", "officer", None, WindowShut),
        ("lock", "verified", "approver", None, None),
        ("reopen", "locked", "approver", None, None),
    ],
)
def test_each_move_keeps_its_window(name, state, who, later, over, submission, request):
    actor, round_ = request.getfixturevalue(who), round_of(submission)
    submission = put(submission, state)
    for moment, refused in ((LATER, later), (OVER, over)):
        clock.configure(moment)
        if refused:
            with pytest.raises(refused, match="รอบ DMC ภาคเรียนที่ 1/2568"):
                check_move(submission, round_, MOVES[name], actor, clock.now())
        else:
            check_move(submission, round_, MOVES[name], actor, clock.now())


@pytest.mark.parametrize("name", [name for name, row in MOVES.items() if row.reason])
def test_a_move_that_asks_for_a_reason_refuses_without_one(name, submission, request):
    states, roles = TABLE[name]
    if name == "close":
        collection(rounds.Round).update_one({}, {"$set": {"state": "closing"}})
    actor = request.getfixturevalue(PEOPLE[roles[-1]])
    version = 2 if name in ("end", "back") else 1
    with pytest.raises(Invalid, match="เหตุผล"):
        move(put(submission, states[0], version=version), name, actor, "   ", until=until(14))


def test_the_buttons_are_the_moves_that_would_be_allowed(submission, teacher, director, officer, approver):
    round_ = round_of(submission)

    def names(state, actor):
        return [row.name for row in moves_for(put(submission, state), round_, actor)]

    assert names("draft", teacher) == ["confirm"]
    assert names("confirmed", teacher) == ["unconfirm"]
    assert names("confirmed", director) == ["certify", "send_back"]
    assert names("certified", officer) == ["return", "verify"]
    assert names("verified", officer) == ["return"]
    assert names("locked", approver) == ["reopen"]
    assert names("draft", approver) == []


def test_a_neighbour_learns_nothing_of_the_state(submission, neighbour):
    with pytest.raises(OutOfScope) as caught:
        move(submission, "confirm", neighbour)
    assert "ร่าง" not in caught.value.message
    assert "กำลังบันทึก" not in caught.value.message


# ---- one school's way, and its list of moves ----


def test_the_whole_way_leaves_a_chained_list(submission, teacher, director, officer, approver):
    moved = move(submission, "confirm", teacher)
    moved = move(moved, "certify", director)
    moved = move(moved, "return", officer, "ขอให้ตรวจห้องเรียน")
    moved = move(moved, "confirm", teacher)
    moved = move(moved, "certify", director)
    moved = move(moved, "verify", officer)
    moved = lock_school(moved, approver)
    assert [(row["name"], row["number"]) for row in moved.moves] == [
        ("confirm", 1), ("certify", 2), ("return", 3), ("confirm", 4), ("certify", 5), ("verify", 6), ("lock", 7),
    ]  # fmt: skip
    assert list(verifying.verify()) == []
    collection(Submission).update_one({"_id": moved.id}, {"$set": {"moves.2.reason": "อื่น"}})
    assert any("ครั้งที่ 3 ถูกแก้ไข" in sentence for sentence in verifying.verify())


def test_confirming_takes_the_digest_and_certifying_keeps_it(submission, teacher, director):
    confirmed = move(submission, "confirm", teacher)
    certified = move(confirmed, "certify", director)
    assert len(confirmed.digest) == 64
    assert certified.digest == confirmed.digest
    assert (certified.confirmed_by, certified.certified_by) == (teacher.id, director.id)


def test_a_return_takes_the_signatures_back(submission, teacher, director):
    returned = move(move(submission, "confirm", teacher), "send_back", director, "ขาดห้อง")
    assert returned.confirmed_by is None
    assert returned.return_reason == "ขาดห้อง"


# ---- what must be given ----


def test_confirming_is_refused_while_a_required_field_is_missing(submission, canteens, teacher):
    collection(canteens).update_one({}, {"$unset": {"name": ""}})
    with pytest.raises(Invalid, match="1 รายการที่กรอกไม่ครบ"):
        move(submission, "confirm", teacher)
    assert fresh(submission).state == "draft"


def test_an_empty_school_confirms_only_with_a_reason(open_round, teacher):
    empty = find_submission("DMC", place())
    with pytest.raises(Invalid, match="ไม่มีข้อมูล"):
        move(empty, "confirm", teacher)
    assert move(empty, "confirm", teacher, "ปีนี้ไม่มีนักเรียน").state == "confirmed"


def test_a_reopening_needs_a_time_and_begins_a_new_version(submission, approver):
    locked = put(submission, "locked", digest="a" * 64)
    with pytest.raises(Invalid, match="ถึงเมื่อใด"):
        move(locked, "reopen", approver, "โรงเรียนแจ้งว่านับผิด")
    reopened = move(locked, "reopen", approver, "โรงเรียนแจ้งว่านับผิด", until(20))
    assert (reopened.version, reopened.state, reopened.writers) == (2, "returned", [])
    assert reopened.versions[0]["digest"] == "a" * 64


def test_a_time_that_is_over_is_no_time(submission, officer, approver):
    with pytest.raises(Invalid, match="หลังเวลาปัจจุบัน"):
        move(put(submission, "certified"), "return", officer, "แก้ไข", until(4))


def test_closing_unreported_is_for_the_lock_of_the_round_alone(submission, approver):
    with pytest.raises(WrongState, match="ล็อกทั้งรอบ"):
        move(submission, "close", approver, "ไม่รายงาน")


# ---- times of a school's own ----


def test_a_return_opens_the_schools_window_until_the_districts_end(
    submission, teacher, director, officer, canteens
):
    certified = move(move(submission, "confirm", teacher), "certify", director)
    clock.configure(LATER)
    returned = move(certified, "return", officer, "แก้ห้อง")
    write([Change(canteens, place(), {"code": "2", "name": "สอง"})], teacher)
    confirmed = move(fresh(returned), "confirm", teacher)
    assert move(confirmed, "certify", director).state == "certified"
    clock.configure("2025-06-15T16:30:00+07:00")
    returned = put(submission, "returned")
    with pytest.raises(WindowShut, match="เกินกำหนด"):
        move(returned, "confirm", teacher)


def test_a_return_may_name_its_own_time(submission, teacher, officer):
    clock.configure(LATER)
    returned = move(put(submission, "certified"), "return", officer, "แก้ห้อง", until(13))
    clock.configure("2025-06-13T09:00:00+07:00")
    with pytest.raises(WindowShut, match=r"13 มิ\.ย\. 2568 09\.00 น\."):
        move(returned, "confirm", teacher)


def test_a_directors_return_gives_no_more_time_than_his_own_window(submission, teacher, director):
    returned = move(move(submission, "confirm", teacher), "send_back", director, "ขาดห้อง")
    clock.configure("2025-06-10T16:30:00+07:00")
    with pytest.raises(WindowShut):
        move(returned, "confirm", teacher)


@pytest.mark.parametrize(
    ("whom", "opened", "shut"), [(["school"], "confirm", None), (["director"], None, "confirm")]
)
def test_an_extension_is_for_whom_it_was_given(whom, opened, shut, submission, teacher, director, officer):
    clock.configure(LATER)
    extended = extend(submission, officer, until(14), whom, "อินเทอร์เน็ตขัดข้อง")
    if opened:
        assert move(extended, opened, teacher).state == "confirmed"
        clock.configure("2025-06-14T09:00:00+07:00")
        with pytest.raises(WindowShut, match="เกินกำหนด"):
            move(fresh(extended), "unconfirm", teacher)
    else:
        with pytest.raises(WindowShut):
            move(extended, shut, teacher)
        assert move(put(extended, "confirmed"), "certify", director).state == "certified"


@pytest.mark.parametrize(
    ("when", "whom", "reason", "said"),
    [(14, ["school"], "", "เหตุผล"), (4, ["school"], "ช้า", "หลังเวลาปัจจุบัน"), (14, [], "ช้า", "โปรดเลือก")],
)
def test_an_extension_says_what_it_lacks(when, whom, reason, said, submission, officer):
    with pytest.raises(Invalid, match=said):
        extend(submission, officer, until(when), whom, reason)


@pytest.mark.parametrize("who", ["teacher", "director", "approver", "executive", "administrator"])
def test_only_the_district_holds_and_extends(who, submission, request):
    actor = request.getfixturevalue(who)
    with pytest.raises(OutOfScope):
        set_hold(submission, actor, "สงสัย")
    with pytest.raises(OutOfScope):
        extend(submission, actor, until(14), ["school"], "ช้า")


# ---- hold ----


def test_while_a_hold_stands_nothing_is_confirmed_certified_or_verified(
    submission, teacher, director, officer, canteens
):
    held = set_hold(submission, officer, "สงสัยนักเรียนซ้ำ")
    for name, state, actor in (("confirm", "draft", teacher), ("certify", "confirmed", director)):
        with pytest.raises(WrongState, match="สงสัยนักเรียนซ้ำ"):
            move(put(held, state), name, actor)
    with pytest.raises(WrongState, match="สงสัยนักเรียนซ้ำ"):
        move(put(held, "certified"), "verify", officer)
    put(held, "draft")
    write([Change(canteens, place(), {"code": "2", "name": "สอง"})], teacher)
    lifted = set_hold(fresh(held), officer, None)
    assert move(lifted, "confirm", teacher).state == "confirmed"
    assert [row["name"] for row in fresh(held).moves] == ["hold", "lift", "confirm"]


def test_a_hold_without_a_reason_is_refused_not_taken_for_a_lifting(submission, officer):
    held = set_hold(submission, officer, "สงสัย")
    with pytest.raises(Invalid):
        set_hold(held, officer, "  ")
    assert fresh(held).hold


# ---- separation of persons ----


def test_who_wrote_confirmed_or_certified_does_not_verify(submission, teacher, director, canteens):
    both = person("both", "district")
    write([Change(canteens, place(), {"code": "2", "name": "สอง"})], both, "โรงเรียนแจ้ง")
    certified = move(move(fresh(submission), "confirm", teacher), "certify", director)
    with pytest.raises(NotAllowed, match="คนอื่นตรวจสอบ"):
        move(certified, "verify", both)
    assert "verify" not in [row.name for row in moves_for(certified, round_of(certified), both)]


def test_separation_holds_over_the_whole_version_though_signatures_were_taken_back(
    submission, teacher, director, officer
):
    from documents.people.users import Grant

    two_hats = person("two_hats", "school", SCHOOL)
    two_hats.grants.append(Grant(role="district", area_code=AREA))
    two_hats.save()
    confirmed = move(submission, "confirm", two_hats)
    returned = move(confirmed, "send_back", director, "ดูใหม่")
    certified = move(move(returned, "confirm", teacher), "certify", director)
    with pytest.raises(NotAllowed):
        move(certified, "verify", two_hats)
    assert move(certified, "verify", officer).state == "verified"


def test_the_confirmer_certifies_only_where_the_round_lets_him(submission, open_round, director):
    from documents.people.users import Grant

    head = person("head", "school", SCHOOL)
    head.grants.append(Grant(role="director", area_code=AREA, school_codes=[SCHOOL]))
    head.save()
    confirmed = move(submission, "confirm", head)
    with pytest.raises(NotAllowed, match="รับรองเองไม่ได้"):
        move(confirmed, "certify", head)
    collection(rounds.Round).update_one({"_id": open_round.id}, {"$set": {"confirmer_certifies": True}})
    assert move(confirmed, "certify", head).state == "certified"


def test_where_the_round_lets_the_confirmer_no_other_teacher_certifies(submission, open_round, teacher):
    collection(rounds.Round).update_one({"_id": open_round.id}, {"$set": {"confirmer_certifies": True}})
    colleague = person("colleague", "school", SCHOOL)
    confirmed = move(submission, "confirm", teacher)
    with pytest.raises(OutOfScope):
        move(confirmed, "certify", colleague)
    assert move(confirmed, "certify", teacher).state == "certified"


# ---- two at once, and what was seen ----


def test_of_two_who_verify_at_once_one_wins_and_the_other_is_told(submission, officer, times):
    second = person("second", "district")
    for _ in range(times(3, 30)):
        certified = put(submission, "certified", moves=[])
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(_try, certified, "verify", each) for each in (officer, second)]
        won, told = sorted((each.result() for each in done), key=lambda said: said != "verified")
        assert won == "verified"
        assert told.startswith("บ้านหนึ่ง อยู่ในสถานะ")
        assert len(fresh(submission).moves) == 1


def test_verify_and_return_at_once_leave_one_of_them(submission, officer, times):
    second = person("second", "district")
    for _ in range(times(3, 30)):
        certified = put(submission, "certified", moves=[])
        with ThreadPoolExecutor(2) as pool:
            pool.submit(_try, certified, "verify", officer)
            pool.submit(_try, certified, "return", second, "แก้")
        ended = fresh(submission)
        assert ended.state == ended.moves[-1]["to"]
        assert [row["number"] for row in ended.moves] == list(range(1, len(ended.moves) + 1))


def test_a_hold_and_a_verify_at_once_never_both_win(submission, officer, times):
    second = person("second", "district")
    for _ in range(times(5, 50)):
        certified = put(submission, "certified", moves=[], hold={})
        with ThreadPoolExecutor(2) as pool:
            pool.submit(_try, certified, "verify", officer)
            pool.submit(set_hold, certified, second, "สงสัย")
        ended = fresh(submission)
        names = [row["name"] for row in ended.moves]
        assert names in (["verify", "hold"], ["hold"])
        assert not [sentence for sentence in verifying.verify() if "ลำดับการส่งข้อมูลครั้งที่" in sentence]


def _try(submission, name, actor, reason=None):
    try:
        return move(submission, name, actor, reason).state
    except (WrongState, Busy) as refusal:
        return refusal.message


def test_what_was_written_after_the_page_was_opened_is_not_verified_unseen(submission, officer):
    certified = put(submission, "certified")
    with pytest.raises(WrongState, match="เปลี่ยนไปหลังจากที่ท่านเปิดหน้านี้"):
        move(certified, "verify", officer, seen=certified.writes - 1)
    assert move(certified, "verify", officer, seen=certified.writes).state == "verified"


# ---- the round around it ----


def test_in_a_locked_round_only_a_reopened_school_moves(submission, teacher, director, officer, approver):
    locked = lock_round(round_of(submission), approver, "ไม่รายงานตามกำหนด")
    shut = fresh(submission)
    assert shut.state == "unreported"
    with pytest.raises(RoundLocked, match="ล็อกแล้ว"):
        write([Change(_canteen(), place(), {"code": "9", "name": "เก้า"})], teacher)
    reopened = move(shut, "reopen", approver, "โรงเรียนขอแก้", until(20))
    confirmed = move(reopened, "confirm", teacher)
    verified = move(move(confirmed, "certify", director), "verify", officer)
    assert lock_school(verified, approver).state == "locked"
    assert rounds.find_round(AREA, "DMC", 2568, "1").state == locked.state == "locked"


def _canteen():
    from tests.canteens import Canteen

    return Canteen


def test_schools_of_a_round_are_made_once_however_often_it_is_asked(open_round):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: prepare_submissions(open_round), range(8)))
    codes = list(Submission.objects(area_code=AREA).scalar("school_code"))
    assert sorted(codes) == [SCHOOL, OTHER]
