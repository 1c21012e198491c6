"""The page of the checks' bounds: what it shows, what a save changes, and what it refuses."""

import re

import pytest

from documents.checking import limits
from documents.checking.checks import default_limits
from documents.checking.limits import limits_of
from documents.collecting.locking import lock_round
from documents.dmc.students import Student
from documents.records.writing import Change, write
from documents.trail.history import AuditEvent
from tests.people import AREA, OTHER, YEAR, place
from tests.pupils import pupil

PAGE = f"/admin/limits/?subsystem=DMC&year={YEAR}"


@pytest.fixture
def desk(sign_in, administrator):
    """A browser in which the area's administrator is signed in."""
    return sign_in(administrator)


def posted(html, reason="ตามมติที่ประชุม", **typed):
    """What a browser sends after typing some bounds anew."""
    found = dict(re.findall(r'name="([\w-]+)" value="(\d+)"', html))
    return found | {name: str(value) for name, value in typed.items()} | {"reason": reason}


def test_a_bound_is_shown_set_from_a_year_on_and_told_in_the_history(desk, open_round):
    html = desk.get(PAGE).text
    assert 'name="age_difference" value="2"' in html
    answer = desk.send(PAGE, posted(html, age_difference="๓", oldest=18))
    assert answer.status_code == 303
    now = limits_of(AREA, "DMC", YEAR)
    assert now == default_limits("DMC") | {"age_difference": 3, "oldest": 18}
    assert limits_of(AREA, "DMC", YEAR - 1) == default_limits("DMC")
    after = desk.get(answer.location).text
    assert "ค่าตั้งต้น 20" in after
    assert "ตามมติที่ประชุม" in after


def test_the_page_says_beforehand_how_many_records_are_looked_at_anew(
    desk, open_round, teacher, neighbour, approver
):
    write([Change(Student, place(), pupil()) for _ in range(2)], teacher)
    write([Change(Student, place(OTHER), pupil())], neighbour)
    assert limits.touched_by(AREA, "DMC", YEAR) == (3, 2)
    assert "จะตรวจใหม่ 3 รายการ ของ 2 โรงเรียนที่ยังไม่ล็อก" in desk.get(PAGE).text
    assert limits.touched_by(AREA, "DMC", YEAR + 1) == (0, 0)
    desk.send(PAGE, posted(desk.get(PAGE).text, oldest=18))
    assert limits.touched_by(AREA, "DMC", YEAR - 1) == (0, 0), "this year has bounds of its own"
    lock_round(open_round, approver, "ไม่รายงาน")
    assert limits.touched_by(AREA, "DMC", YEAR) == (0, 0)


@pytest.mark.parametrize(
    ("typed", "reason", "said"),
    [
        ({"age_difference": 99}, "ก", "ต้องเป็นจำนวนเต็ม 1–10 ปี"),
        ({"age_difference": "สอง"}, "ก", "กรุณาพิมพ์จำนวนเต็ม"),
        ({"age_difference": "²"}, "ก", "กรุณาพิมพ์จำนวนเต็ม"),
        ({"age_difference": ""}, "ก", "กรุณาพิมพ์จำนวนเต็ม"),
        ({"age_difference": 3}, " ", "โปรดระบุเหตุผล"),
        ({}, "ก", "ยังไม่ได้เปลี่ยนเกณฑ์ใด"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(desk, open_round, typed, reason, said):
    html = desk.get(PAGE).text
    answer = desk.send(PAGE, posted(html, reason, oldest=19, **typed) if typed else posted(html, reason))
    assert answer.status_code == 422
    assert said in answer.text
    if typed:
        assert 'name="oldest" value="19"' in answer.text
        assert f'name="age_difference" value="{typed["age_difference"]}"' in answer.text
    assert limits_of(AREA, "DMC", YEAR) == default_limits("DMC")
    assert not AuditEvent.objects(area_code=AREA, document="checks")


def test_two_who_set_different_bounds_both_get_their_way(desk, open_round):
    html = desk.get(PAGE).text
    desk.send(PAGE, posted(html, oldest=18))
    desk.send(PAGE, posted(html, youngest=4))
    now = limits_of(AREA, "DMC", YEAR)
    assert (now["oldest"], now["youngest"]) == (18, 4)


def test_nobody_else_has_the_page_nor_an_unknown_place_one(desk, sign_in, officer, teacher, open_round):
    for who in (officer, teacher):
        assert sign_in(who).get(PAGE).status_code == 403
    for args in ("subsystem=XX", "year=1999", "area=34020000"):
        assert desk.get(f"/admin/limits/?{args}").status_code == 404
