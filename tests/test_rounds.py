"""Rounds from the year's templates to published: who may do what, in which order, as documents and as pages."""

import datetime as dt
import re

import pytest

from documents import clock
from documents.collecting import reminders, round_moves, round_templates, rounds
from documents.collecting.freezing import freeze_of
from documents.collecting.locking import lock_round
from documents.collecting.round_templates import RoundTemplate
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission, find_submission, submissions_of
from documents.database import collection
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.trail import verifying
from tests.people import AREA, OTHER, YEAR, place

DAY = dt.datetime(2025, 5, 15)  # noqa: DTZ001


def bangkok(day, hour=16, minute=30, month=6):
    return dt.datetime(2025, month, day, hour, minute, tzinfo=clock.BANGKOK)


def windows(**other):
    """{step: (opens, closes)} of a round in June."""
    plain = {"enter": (bangkok(1, 0), bangkok(10)), "verify": (bangkok(1, 0), bangkok(15))}
    return plain | other


# ---- from templates ----


def test_the_years_rounds_come_from_the_standing_calendar(area, officer):
    made = round_templates.make_rounds(AREA, "DMC", 2568, officer)
    assert [(each.code, each.title, each.state) for each in made] == [
        ("1", "ภาคเรียนที่ 1", "draft"), ("2", "ภาคเรียนที่ 2", "draft"), ("3", "สิ้นปีการศึกษา", "draft"),
    ]  # fmt: skip
    entering = made[0].window("enter")
    assert clock.in_bangkok(entering.opens_at).isoformat() == "2025-05-16T00:00:00+07:00"
    assert clock.in_bangkok(entering.closes_at).isoformat() == "2025-06-10T16:30:00+07:00"
    assert made[2].as_of.date() == dt.date(2026, 3, 31)


def test_making_a_year_twice_makes_nothing_new(area, officer):
    round_templates.make_rounds(AREA, "DMC", 2568, officer)
    assert round_templates.make_rounds(AREA, "DMC", 2568, officer) == []


def test_an_areas_own_template_stands_before_the_standing_one(area, officer):
    assert round_templates.seed_templates(AREA) == 7
    assert round_templates.seed_templates(AREA) == 0
    collection(RoundTemplate).update_one(
        {"subsystem": "DMC", "code": "2"}, {"$set": {"windows.enter": [[7, 1, 0], [11, 10, 0]]}}
    )
    made = round_templates.make_rounds(AREA, "DMC", 2568, officer)
    assert clock.in_bangkok(made[1].window("enter").opens_at).month == 7
    assert clock.in_bangkok(made[1].window("enter").opens_at).day == 1


@pytest.mark.parametrize("who", ["teacher", "director", "approver", "executive", "administrator"])
def test_only_the_district_makes_rounds(who, area, request):
    with pytest.raises(NotAllowed):
        round_templates.make_rounds(AREA, "DMC", 2568, request.getfixturevalue(who))


# ---- windows ----


def test_windows_are_changed_and_the_change_is_kept(draft_round, officer):
    changed = round_moves.set_windows(
        draft_round, windows(enter=(bangkok(2, 0), bangkok(11))), draft_round.as_of, officer
    )
    assert changed.moves[-1]["changes"]["enter"][1][1].day == 11
    assert changed.window("certify") is None


@pytest.mark.parametrize(
    ("other", "step", "said"),
    [
        ({"enter": (bangkok(10), bangkok(1))}, "enter", "วันสิ้นสุดต้องไม่ก่อนวันเริ่มต้น"),
        ({"enter": (bangkok(10), bangkok(10))}, "enter", "วันสิ้นสุดต้องไม่ก่อนวันเริ่มต้น"),
        ({"verify": (bangkok(1), bangkok(9))}, "verify", "ต้องไม่สิ้นสุดก่อน"),
        ({"dance": (bangkok(1), bangkok(2))}, "dance", "ไม่มีขั้นตอนนี้"),
    ],
)
def test_windows_that_cannot_be_are_refused_by_step(other, step, said, draft_round, officer):
    with pytest.raises(Invalid) as caught:
        round_moves.set_windows(draft_round, windows(**other), draft_round.as_of, officer)
    assert said in caught.value.errors[0][step]


def test_after_the_order_a_change_of_windows_wants_a_reason(open_round, officer):
    with pytest.raises(Invalid, match="เหตุผล"):
        round_moves.set_windows(open_round, windows(), open_round.as_of, officer)
    assert (
        round_moves.set_windows(open_round, windows(), open_round.as_of, officer, "สพฐ. ขยายเวลา").revision
        == 5
    )


def test_of_two_who_edit_one_round_the_second_is_told(draft_round, officer):
    stale = Round.objects(id=draft_round.id).get()
    round_moves.set_windows(draft_round, windows(), draft_round.as_of, officer)
    with pytest.raises(WrongState, match="มีผู้อื่นแก้ไขรอบนี้"):
        round_moves.set_windows(stale, windows(), stale.as_of, officer)
    with pytest.raises(WrongState):
        rounds.get_round([AREA], str(draft_round.id), revision="1")


def test_a_round_of_another_area_is_not_found(draft_round):
    for id_ in (str(draft_round.id), "x", "", None):
        with pytest.raises(OutOfScope):
            rounds.get_round(["10010000"], id_)


# ---- the order of the steps ----


def test_a_round_opens_only_after_the_order(draft_round, officer, executive, approver):
    with pytest.raises(WrongState):
        round_moves.open_round(draft_round, approver)
    proposed = round_moves.propose(draft_round, officer, "ขอเปิดรอบ")
    with pytest.raises(WrongState, match="ยังไม่ได้สั่งการ"):
        round_moves.open_round(proposed, approver)
    ordered = round_moves.record_order(proposed, executive, "ศธ 04/1", DAY, "ดำเนินการ")
    assert round_moves.open_round(ordered, approver).state == "open"


@pytest.mark.parametrize(
    ("step", "allowed"),
    [
        ("propose", "officer"),
        ("order", "executive"),
        ("open", "approver"),
        ("lock", "approver"),
        ("publish", "approver"),
    ],
)
def test_each_step_is_one_roles_alone(step, allowed, draft_round, request):
    do = {
        "propose": lambda actor: round_moves.propose(draft_round, actor, "ขอ"),
        "order": lambda actor: round_moves.record_order(draft_round, actor, "1", DAY, "ทราบ"),
        "open": lambda actor: round_moves.open_round(draft_round, actor),
        "lock": lambda actor: lock_round(draft_round, actor, "ปิด"),
        "publish": lambda actor: round_moves.publish(draft_round, actor),
    }[step]
    for who in ("teacher", "director", "officer", "approver", "executive", "administrator"):
        if who != allowed:
            with pytest.raises(NotAllowed):
                do(request.getfixturevalue(who))


def test_the_schools_of_a_round_are_fixed_when_it_opens(open_round):
    School(area_code=AREA, code="34010003", name="บ้านสาม").save()
    collection(School).update_one({"code": OTHER}, {"$set": {"status": "closed"}})
    assert submissions_of(open_round).count() == 2


def test_a_memo_an_order_and_a_proposal_are_not_empty(draft_round, officer, executive):
    with pytest.raises(Invalid):
        round_moves.propose(draft_round, officer, "  ")
    proposed = round_moves.propose(draft_round, officer, "ขอ")
    with pytest.raises(Invalid):
        round_moves.record_order(proposed, executive, "1", DAY, " ")


def test_the_rounds_moves_are_chained(open_round):
    assert [row["to"] for row in open_round.moves] == ["proposed", "proposed", "open"]
    assert list(verifying.verify()) == []
    collection(Round).update_one({"_id": open_round.id}, {"$set": {"moves.1.by_name": "ผู้อื่น"}})
    assert list(verifying.verify())


def test_the_round_before_is_the_last_one_that_opened(open_round, officer):
    assert rounds.round_before(open_round) is None
    later = Round(
        area_code=AREA, subsystem="DMC", academic_year=YEAR, code="2", title="ภาคเรียนที่ 2", as_of=DAY
    ).save()
    assert rounds.round_before(later).id == open_round.id


# ---- words to send ----


def test_the_memo_and_the_notice_name_every_window_in_thai(open_round):
    memo, notice = (
        reminders.memo_text(open_round, "สพป. ทดสอบ เขต 1"),
        reminders.notice_text(open_round, "http://x"),
    )
    for text in (memo, notice):
        assert "10 มิ.ย. 2568 16.30 น." in text
        assert "15 มิ.ย. 2568 16.30 น." in text
    assert "เรียน ผู้อำนวยการ สพป. ทดสอบ เขต 1" in memo
    assert "ศธ 04001/1" in notice


# ---- pages ----


def page(browser, path, status=200):
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"))
    return answer.get_data(as_text=True)


def test_the_story_of_a_round_is_told_by_its_pages(area, sign_in, officer, executive, approver):
    at_desk, superior, certifier = sign_in(officer), sign_in(executive), sign_in(approver)
    assert at_desk.send("/admin/rounds/new/", {"year": "2568", "subsystem": "DMC"}).status_code == 303
    first = Round.objects(code="1").get()
    here = f"/admin/rounds/details/?id={first.id}"
    form = {"id": str(first.id), "revision": first.revision}
    assert "จึงเรียนมาเพื่อทราบและพิจารณาสั่งการ" in page(at_desk, here)
    assert at_desk.send("/admin/rounds/propose/", form | {"memo": "ขอเปิดรอบ"}).status_code == 303
    assert "รอสั่งการ" in page(superior, "/admin/")
    order = form | {"revision": 2, "number": "ศธ 04/2", "day": "15/05/2568", "text": "ทราบ"}
    assert superior.send("/admin/rounds/order/", order).status_code == 303
    assert certifier.send("/admin/rounds/open/", form | {"revision": 3}).status_code == 303
    assert Round.objects(code="1").get().state == "open"
    assert "ข้อความแจ้งโรงเรียน" in page(at_desk, here)


def test_windows_are_typed_in_be_and_refused_beside_the_field(draft_round, sign_in, officer):
    browser = sign_in(officer)
    assert 'value="10/06/2568"' in page(browser, f"/admin/rounds/edit/?id={draft_round.id}")
    form = {
        "id": str(draft_round.id), "revision": 1, "as_of": "๑๐ มิ.ย. ๒๕๖๘",
        "enter_opens": "16/05/2568", "enter_closes": "31/06/2568", "verify_opens": "16/05/2568",
        "verify_closes": "15/06/2568", "verify_closes_time": "25.00",
    }  # fmt: skip
    answer = browser.send("/admin/rounds/edit/", form)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "ไม่มีวันที่" in html
    assert "31/06/2568" in html
    assert "25.00" in html
    good = form | {"enter_closes": "10/06/2568", "verify_closes_time": "16.00"}
    assert browser.send("/admin/rounds/edit/", good).status_code == 303
    changed = Round.objects(id=draft_round.id).get()
    assert clock.in_bangkok(changed.window("enter").closes_at).strftime("%d %H:%M") == "10 16:30"
    assert clock.in_bangkok(changed.window("verify").closes_at).strftime("%d %H:%M") == "15 16:00"
    told = page(browser, f"/admin/rounds/details/?id={draft_round.id}")
    assert (told.count("ตรงกับวันอาทิตย์"), told.count("ตรงกับวัน")) == (1, 1)


def test_an_edit_over_somebody_elses_shows_what_is_stored_and_keeps_what_was_typed(
    draft_round, sign_in, officer
):
    browser = sign_in(officer)
    round_moves.set_windows(
        draft_round, windows(enter=(bangkok(1, 0), bangkok(12))), draft_round.as_of, officer
    )
    form = {"id": str(draft_round.id), "revision": 1, "as_of": "10/06/2568", "enter_opens": "01/06/2568",
            "enter_closes": "13/06/2568"}  # fmt: skip
    answer = browser.send("/admin/rounds/edit/", form)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "13/06/2568" in html
    assert "ที่บันทึกไว้แล้ว: 12/06/2568" in html


def test_the_lock_page_says_what_will_happen_to_how_many(open_round, sign_in, approver):
    browser = sign_in(approver)
    html = page(browser, f"/admin/rounds/lock/?id={open_round.id}")
    assert "บ้านหนึ่ง" in html
    assert "ล็อก 0 โรงเรียน และปิด 2 โรงเรียน" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))
    counted = re.search(r'name="counted" value="([^"]+)"', html)[1]
    form = {"id": str(open_round.id), "counted": counted}
    refused = browser.send("/admin/rounds/lock/", form | {"reason": " "})
    assert refused.status_code == 422
    assert "โปรดระบุเหตุผล" in refused.get_data(as_text=True)
    assert browser.send("/admin/rounds/lock/", form | {"reason": "ไม่รายงาน"}).status_code == 303
    locked = Round.objects(id=open_round.id).get()
    assert locked.state == "locked"
    assert locked.root_hash == freeze_of(locked).root_hash
    assert {each.state for each in submissions_of(locked)} == {"unreported"}


def test_a_lock_agreed_to_on_other_counts_is_not_done(open_round, sign_in, approver):
    browser = sign_in(approver)
    html = page(browser, f"/admin/rounds/lock/?id={open_round.id}")
    counted = re.search(r'name="counted" value="([^"]+)"', html)[1]
    collection(Submission).update_one(
        {"_id": find_submission("DMC", place()).id}, {"$set": {"state": "verified"}}
    )
    form = {"id": str(open_round.id), "counted": counted, "reason": "ไม่รายงาน"}
    answer = browser.send("/admin/rounds/lock/", form)
    assert answer.status_code == 409
    assert "เปลี่ยนไป" in answer.get_data(as_text=True)
    assert Round.objects(id=open_round.id).get().state == "open"


@pytest.mark.parametrize("who", ["teacher", "director", "approver", "executive"])
@pytest.mark.parametrize(
    "path", ["/admin/rounds/new/", "/admin/rounds/edit/?id={}", "/admin/rounds/lock/?id={}"]
)
def test_pages_that_change_a_round_are_closed_to_others(who, path, open_round, sign_in, request):
    if who == "approver" and "lock" in path:
        return
    page(sign_in(request.getfixturevalue(who)), path.format(open_round.id), 403)


def test_a_draft_is_the_officers_own_business(draft_round, sign_in, teacher):
    browser = sign_in(teacher)
    assert "ภาคเรียนที่ 1" not in page(browser, "/admin/rounds/")
    page(browser, f"/admin/rounds/details/?id={draft_round.id}", 403)


def test_a_step_pressed_twice_is_done_once(draft_round, sign_in, officer):
    browser = sign_in(officer)
    form = {"id": str(draft_round.id), "revision": 1, "memo": "ขอเปิดรอบ"}
    assert browser.send("/admin/rounds/propose/", form).status_code == 303
    assert browser.send("/admin/rounds/propose/", form).status_code == 409
    assert len(Round.objects(id=draft_round.id).get().moves) == 1


def test_every_step_wants_the_pages_token(draft_round, sign_in, officer):
    answer = sign_in(officer).post("/admin/rounds/propose/", data={"id": str(draft_round.id), "memo": "ขอ"})
    assert answer.status_code == 400
    assert Round.objects(id=draft_round.id).get().state == "draft"
