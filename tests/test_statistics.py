"""The ministry's statistical file: its bytes, its numbers, who takes it, and when it refuses to be made."""

import pytest

from documents.collecting import locking
from documents.collecting.submissions import find_submission
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import WrongState
from documents.records.writing import Change, write
from exports.dmc.reports import GRADES
from exports.dmc.statistics import statistics_csv, statistics_file_name
from tests.people import AREA, OTHER, SCHOOL, person, place
from tests.pupils import pupil

NAME = "2568-1-%E0%B8%88%E0%B8%B3%E0%B8%99%E0%B8%A7%E0%B8%99%E0%B8%99%E0%B8%B1%E0%B8%81%E0%B9%80%E0%B8%A3"


@pytest.fixture
def stored(open_round, teacher):
    """Of one school: two boys and a girl of ป.1, one who moved away, a girl of ม.3; two rooms of ป.1, one of ม.3."""
    rows = [
        pupil(sex="M", title="001", grade="04"),
        pupil(sex="M", title="001", grade="04"),
        pupil(sex="F", title="002", grade="04"),
        pupil(sex="F", title="002", grade="04", suspended_flag=True),
        pupil(sex="F", title="004", grade="12"),
    ]
    write([Change(Student, place(), row) for row in rows], teacher)
    rooms = ({"grade": "04", "rooms": 2}, {"grade": "12", "rooms": 1})
    write([Change(SchoolRooms, place(), row) for row in rooms], teacher)
    return open_round


def lines_of(content):
    return [line.split(",") for line in content.decode("utf-8-sig").removesuffix("\n").split("\n")]


def numbers_of(line, level):
    """Boys, girls, both and rooms of one of the 23 levels."""
    return [int(cell) for cell in line[2 + 4 * level : 6 + 4 * level]]


def test_the_bytes_are_those_of_the_ministrys_files(stored):
    marked, plain = statistics_csv(stored), statistics_csv(stored, "cp874")
    assert marked == b"\xef\xbb\xbf" + plain
    assert plain.isascii()
    assert plain.endswith(b"\n")
    assert not {b"\r", b'"', b" "} & {plain[i : i + 1] for i in range(len(plain))}
    assert [len(line) for line in lines_of(plain)] == [94, 94, 94]
    assert statistics_file_name(stored) == "2568-1-จำนวนนักเรียนแยกชั้น,เพศ.csv"


def test_each_school_has_its_numbers_and_the_area_their_sum(stored):
    first, second, total = lines_of(statistics_csv(stored))
    assert [line[:2] for line in (first, second, total)] == [
        ["2568-1", SCHOOL],
        ["2568-1", OTHER],
        ["2568-1", AREA],
    ]
    assert numbers_of(first, 4) == [2, 1, 3, 2]  # ป.1
    assert numbers_of(first, 10) == [2, 1, 3, 2]  # รวมประถม
    assert numbers_of(first, 13) == numbers_of(first, 14) == [0, 1, 1, 1]  # ม.3, รวมมัธยมต้น
    assert numbers_of(first, 22) == [2, 2, 4, 3]
    assert second[2:] == ["0"] * 92
    assert total[2:] == first[2:]


def test_a_locked_rounds_file_is_what_was_locked(stored, approver):
    before = statistics_csv(stored)
    locked = locking.lock_round(stored, approver, "ปิดตามกำหนด")
    assert statistics_csv(locked) == before == statistics_csv(locked)


@pytest.mark.parametrize("counter", ["pupils", f"m{GRADES[3]}", "classrooms"])
def test_a_total_unlike_the_control_rooms_is_never_sent(counter, stored, sign_in, officer, database):
    id_ = find_submission("DMC", place()).id
    database.submissions.update_one({"_id": id_}, {"$inc": {f"counts.{counter}": 1}})
    with pytest.raises(WrongState, match="บ้านหนึ่ง"):
        statistics_csv(stored)
    answer = sign_in(officer).get(f"/admin/rounds/export/csv/?id={stored.id}")
    assert answer.status_code == 409
    assert database.audit_events.count_documents({"action": "export"}) == 0


@pytest.mark.parametrize("role", ["officer", "approver", "executive"])
def test_overseers_take_it_and_it_is_noted(role, sign_in, stored, request, database):
    user = request.getfixturevalue(role)
    browser = sign_in(user)
    page = browser.get(f"/admin/rounds/files/?id={stored.id}").text
    assert "encoding=cp874" in page
    answer = browser.get(f"/admin/rounds/export/csv/?id={stored.id}&encoding=cp874")
    assert answer.data == statistics_csv(stored, "cp874")
    assert NAME in answer.headers["Content-Disposition"]
    event = database.audit_events.find_one({"action": "export"})
    assert event["actor"] == user.id
    assert event["changes"]["what"] == [None, "statistics"]


@pytest.mark.parametrize("role", ["teacher", "director", "administrator"])
def test_nobody_else_takes_it(role, sign_in, stored, request):
    browser = sign_in(request.getfixturevalue(role))
    assert browser.get(f"/admin/rounds/export/csv/?id={stored.id}").status_code == 403


def test_another_areas_officer_and_an_unknown_encoding_get_nothing(sign_in, officer, stored):
    outsider = sign_in(person("outsider", "district", area="34020000"))
    assert outsider.get(f"/admin/rounds/export/csv/?id={stored.id}").status_code == 404
    known = sign_in(officer)
    assert known.get(f"/admin/rounds/export/csv/?id={stored.id}&encoding=utf7").status_code == 404
