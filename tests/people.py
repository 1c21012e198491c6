"""The people and places that stand ready for every test: two schools, one round, and who may do what.

`neighbour` is a teacher of the other school, who must never get in.
"""

import datetime as dt

import pytest

import documents
from documents import clock
from documents.collecting import round_moves
from documents.collecting.rounds import Round, Window
from documents.district.schools import Area, School
from documents.people.users import Grant, User
from documents.records.record import Place
from tests.remembered import remembered

AREA, YEAR, ROUND = "34010000", 2568, "1"
SCHOOL, OTHER = "34010001", "34010002"
NAMES = {
    "teacher": "ครูหนึ่ง ใจดี",
    "neighbour": "ครูสอง ใจงาม",
    "director": "ผอ.หนึ่ง ใจมั่น",
    "officer": "เจ้าหน้าที่ ใจเย็น",
    "approver": "ผู้รับรอง ใจตรง",
    "executive": "ผู้บังคับบัญชา ใจกว้าง",
    "administrator": "ผู้ดูแล ใจรัก",
}
NOON = "2025-06-05T09:00:00+07:00"


@pytest.fixture(autouse=True)
def set_clock():
    """5 June 2568, 09.00, within the schools' window; a test may move it with `clock.configure`."""
    clock.configure(NOON)
    yield
    clock.configure(None)


def person(name, role, *schools, area=AREA, **more):
    """A stored, active user with one role."""
    return User(
        email=f"{name}@example.org",
        name=NAMES.get(name, name),
        fs_uniquifier=name,
        grants=[Grant(role=role, area_code=area, school_codes=list(schools), **more)],
    ).save(force_insert=True)


@pytest.fixture
@remembered
def area():
    """The area with its two schools."""
    Area(code=AREA, name="สพป. ทดสอบ เขต 1", province="34").save()
    for code, name in ((SCHOOL, "บ้านหนึ่ง"), (OTHER, "บ้านสอง")):
        School(area_code=AREA, code=code, name=name, cluster="กลุ่มหนึ่ง", grade_from="01", grade_to="09").save()
    return AREA


@pytest.fixture
@remembered
def teacher(area):
    return person("teacher", "school", SCHOOL)


@pytest.fixture
@remembered
def neighbour(area):
    return person("neighbour", "school", OTHER)


@pytest.fixture
@remembered
def director(area):
    return person("director", "director", SCHOOL)


@pytest.fixture
@remembered
def officer(area):
    return person("officer", "district")


@pytest.fixture
@remembered
def approver(area):
    return person("approver", "approver")


@pytest.fixture
@remembered
def executive(area):
    return person("executive", "executive")


@pytest.fixture
@remembered
def administrator(area):
    return person("administrator", "admin")


def utc(day, hour=0, minute=0):
    """A UTC instant of a day of June 2025 in Bangkok time."""
    local = dt.datetime(2025, 6, day, hour, minute, tzinfo=clock.BANGKOK)
    return local.astimezone(dt.UTC).replace(tzinfo=None)


@pytest.fixture
@remembered
def draft_round(area):
    """Round 2568-1 of DMC as a draft: schools 1-10 June, directors 1-10, district 1-15."""
    return Round(
        area_code=AREA,
        subsystem="DMC",
        academic_year=YEAR,
        code=ROUND,
        title="ภาคเรียนที่ 1",
        as_of=dt.datetime(2025, 6, 10),  # noqa: DTZ001
        windows=[
            Window(step="enter", opens_at=utc(1), closes_at=utc(10, 16, 30)),
            Window(step="certify", opens_at=utc(1), closes_at=utc(10, 16, 30)),
            Window(step="verify", opens_at=utc(1), closes_at=utc(15, 16, 30)),
        ],
    ).save()


@pytest.fixture
@remembered
def open_round(draft_round, officer, executive, approver):
    """The round proposed, ordered and opened."""
    return _opened(draft_round, "ศธ 04001/1", officer, executive, approver)


def opened_like(round_, subsystem, officer, executive, approver, **instead):
    """A round of another subsystem with the same year, code and windows, proposed, ordered and opened as that was."""
    same = ("area_code", "academic_year", "code", "title", "as_of", "windows")
    draft = Round(subsystem=subsystem, **{name: getattr(round_, name) for name in same} | instead).save()
    return _opened(draft, "ศธ 04001/2", officer, executive, approver)


def _opened(draft, number, officer, executive, approver):
    day = dt.datetime(2025, 5, 15)  # noqa: DTZ001
    proposed = round_moves.propose(draft, officer, "ขอเปิดรอบ")
    ordered = round_moves.record_order(proposed, executive, number, day, "ดำเนินการ")
    return round_moves.open_round(ordered, approver)


@pytest.fixture
@remembered
def open_rounds(open_round, officer, executive, approver):
    """{subsystem: its round, open}: the tests' round, and one like it of every other subsystem."""
    found = {open_round.subsystem: open_round}
    for document in documents.subsystems():
        if document.subsystem not in found:
            opened = opened_like(open_round, document.subsystem, officer, executive, approver)
            found[document.subsystem] = opened
    return found


@pytest.fixture
def canteens(monkeypatch):
    """The tests' own subsystem, on the list for this test."""
    monkeypatch.setattr(documents, "SUBSYSTEMS", [*documents.SUBSYSTEMS, "tests.canteens.Canteen"])
    from tests.canteens import Canteen

    Canteen.ensure_indexes()
    return Canteen


def place(school=SCHOOL, round_=ROUND, year=YEAR):
    """The place of a record in the tests' round."""
    return Place(AREA, year, round_, school)
