"""What anybody may read: sums of published rounds, by school, and nobody's data."""

import csv
import datetime as dt
import io
import re

import pytest

from documents import clock
from documents.collecting import locking, round_moves
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.records.writing import Change, write
from exports.workbooks.grid import BOM
from tests.districts import bring
from tests.people import AREA, OTHER, SCHOOL, place
from tests.pupils import pupil

HERE = f"/public/{AREA}/DMC/2568-1/"


@pytest.fixture
def published(open_round, teacher, neighbour, approver):
    """The round with three pupils in one school, reported, and one in another that did not report, published."""
    boys = [Change(Student, place(), pupil(sex="M", title="001", grade="07")) for _ in range(2)]
    write([*boys, Change(Student, place(), pupil(sex="F", title="002", grade="08"))], teacher)
    write([Change(Student, place(OTHER), pupil(grade="07"))], neighbour)
    bring(find_submission("DMC", place()), "confirm", "certify", "verify")
    locked = locking.lock_round(open_round, approver, "ปิดตามกำหนด")
    return round_moves.publish(locked, approver)


def numbers_beside(page, words):
    """The numbers of each row that begins with these words."""
    rows = re.findall(rf"<th scope=\"row\"[^>]*>{words}</th>(.*?)</tr>", page, re.DOTALL)
    return [[int(number) for number in re.findall(r">([\d,]+)</td>", row)] for row in rows]


def test_a_published_round_is_read_without_signing_in(published, client):
    assert client.get("/public/").location == f"/public/{AREA}/"
    assert "DMC ภาคเรียนที่ 1/2568" in client.get(f"/public/{AREA}/").text
    page = client.get(HERE).text
    assert "ข้อมูล ณ วันที่ 10 มิถุนายน 2568" in page
    assert numbers_beside(page, "รวม") == [[2, 1, 3]] * 2
    assert "ไม่ได้รายงาน" in page
    school = client.get(f"{HERE}{SCHOOL}/").text
    assert [numbers_beside(school, grade) for grade in ("ป.4", "ป.5")] == [[[2, 0, 2]], [[0, 1, 1]]]


def test_the_file_holds_the_same_sums(published, client):
    answer = client.get(f"{HERE}students.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix(BOM))))
    assert rows[0] == ["รหัสโรงเรียน", "โรงเรียน", "ชั้น", "ชาย", "หญิง", "รวม"]
    assert [row[:1] + row[2:] for row in rows[1:]] == [
        [SCHOOL, "ป.4", "2", "0", "2"],
        [SCHOOL, "ป.5", "0", "1", "1"],
    ]


def test_nothing_of_a_person_and_nothing_that_is_not_published_is_shown(published, client, open_rounds):
    persons = [*collection(Student).find({}, {"person_id": 1, "first_name": 1, "last_name": 1})]
    pages = [
        client.get(path).text for path in (HERE, f"{HERE}{SCHOOL}/", f"{HERE}{OTHER}/", f"{HERE}students.csv")
    ]
    for one in persons:
        for page in pages:
            assert one["person_id"] not in page
            assert one["last_name"] not in page
    missing = (
        f"/public/{AREA}/EMIS/2568-1/", f"/public/{AREA}/DMC/2568-2/", f"/public/{AREA}/x/y/", "/public/99/", "/public/99/DMC/2568-1/",
        f"{HERE}99999999/", f"{HERE}school_rounds.csv", f"{HERE}technology.csv",
    )  # fmt: skip
    for path in missing:
        assert client.get(path).status_code == 404, path


def test_before_anything_is_published_there_is_nothing_but_a_sentence(open_round, client):
    assert "ยังไม่มีข้อมูลที่เผยแพร่" in client.get("/public/").text
    assert client.get(f"/public/{AREA}/").status_code == 404
    assert client.get(HERE).status_code == 404


def test_a_school_that_is_reopened_shows_no_numbers_meanwhile(published, client, approver):
    until = clock.now() + dt.timedelta(days=1)
    move(find_submission("DMC", place()), "reopen", approver, "แก้ชั้น", until=until)
    assert "อยู่ระหว่างแก้ไข" in client.get(f"{HERE}{SCHOOL}/").text
    assert "ยังไม่มีตัวเลขให้แสดง" in client.get(HERE).text
    assert SCHOOL not in client.get(f"{HERE}students.csv").text
