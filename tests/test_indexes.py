"""Indexes: each begins with the area, unique ones with the whole shard key, and every question walks one."""

import datetime as dt

import pytest

from documents import clock, subsystems
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.rounds import get_round, round_before
from documents.collecting.submissions import find_submission, submissions_of
from documents.database import db, stored_documents
from documents.district.schools import School
from documents.dmc.students import Student
from documents.operating.backup import CELERYS
from documents.people import access
from documents.people.users import ROLES, System
from documents.records import listing
from documents.records.completeness import missing_of, recount_open, required_of
from documents.records.kinds import Answer
from documents.records.listing import Wanted
from documents.records.record import Record
from documents.records.writing import Change, remove, write
from documents.trail import history
from tests.districts import bring
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place
from tests.test_routes import table, there  # noqa: F401  the addresses of the table of routes

SHARD_KEY = ["area_code", "academic_year", "school_code", "round"]
# Collections that no area owns, or that are looked up by something that is unique everywhere: why.
BEGINS_OTHERWISE = {
    "areas": "the areas themselves, by code",
    "roles": "the six roles",
    "users": "by e-mail at sign-in, by the cookie's identifier; lists go by areas_listed",
    "sessions": "by user, and by the time they end",
    "account_links": "by the token in a letter, by its person, and until they end",
    "registrations": "by the token in a letter, and those not proven by when they end; lists begin with the area",
    "import_plans": "one person's plan, by its id and until it ends",
    "import_plan_parts": "the rows of one plan, by its id",
    "mapped_uploads": "one person's file on its way in, by its id and until it ends",
    "school_plan_rows": "the rows of one planned list, by its upload; and until they end",
    "timetable": "one a task and day; this one is by when they end",
    "notices": "lists begin with the area; this one is by when they end",
    "mails": "the queue of all areas, by when a message is due; and until they end",
    "workers": "the heartbeat of each worker, by when it runs out",
    "limit_counters": "rate limits, by who asks, before anyone is known",
    "limit_windows": "rate limits, by who asks, before anyone is known",
}
LOADER = System("tests")


# ---- what the indexes are ----


def indexes(of_files=False):
    """(collection, name, fields, unique) of every index there is, _id's and Celery's own aside; GridFS keeps its own with a
    dot.
    """
    for name in sorted(set(db().list_collection_names()) - CELERYS):
        if "." in name and not of_files:
            continue
        for index in db()[name].list_indexes():
            if index["name"] != "_id_":
                yield name, index["name"], list(index["key"]), bool(index.get("unique"))


def test_every_index_begins_with_the_area(app):
    wrong = [
        (collection, name)
        for collection, name, fields, _ in indexes()
        if fields[0] != "area_code" and collection not in BEGINS_OTHERWISE
    ]
    assert wrong == []


def test_who_begins_otherwise_is_still_there(app):
    stored = {document._get_collection_name() for document in stored_documents()}
    assert set(BEGINS_OTHERWISE) - {"limit_counters", "limit_windows"} <= stored


@pytest.mark.parametrize("document", subsystems(), ids=lambda document: document.slug)
def test_a_unique_index_of_a_yearly_record_begins_with_the_whole_shard_key(document):
    unique = [
        fields for name, _, fields, once in indexes() if name == document._get_collection_name() and once
    ]
    assert unique
    assert [fields[:4] for fields in unique] == [SHARD_KEY] * len(unique)


def test_every_yearly_record_is_on_the_list_of_subsystems(canteens):
    made_by_tests = ("tests.", "khet_sixth.")  # test_sixth_subsystem.py writes the second; it stays imported
    concrete = {each for each in stored_documents(Record) if not each.__module__.startswith(made_by_tests)}
    assert concrete == {*subsystems(), Answer} - {canteens}


def test_every_index_that_is_declared_is_built(app):
    built = {(collection, tuple(fields)) for collection, _, fields, _ in indexes(of_files=True)}
    for document in stored_documents():
        for spec in document._meta.get("index_specs") or []:
            fields = tuple(name for name, _ in spec["fields"])
            assert (document._get_collection_name(), fields) in built


# ---- what is asked of them ----


@pytest.fixture
def pupils(open_round, teacher):
    """Some pupils in both schools, one changed and one removed."""
    changes = [
        Change(Student, place(school), {"first_name": name, "student_no": f"{n}"})
        for school in (SCHOOL, OTHER)
        for n, name in enumerate(("กาน", "ขวัญ", "คม", "งาม", "จิต"))
    ]
    ids = [written.id for written in write(changes, LOADER)]
    write([Change(Student, place(), {"room": 2}, id=ids[0], revision=1)], LOADER)
    remove([Student.objects(id=ids[4]).get()], LOADER, "ซ้ำ")
    return ids[:4] + ids[5:]


def asked(**more):
    return Wanted(Student, AREA, YEAR, ROUND, **more)


WANTED = {
    "all": {},
    "one school": {"school": SCHOOL},
    "search": {"search": "กาน"},
    "search in one school": {"search": "กาน", "school": SCHOOL},
    "filter": {"criteria": ({"grade": "07"},)},
    "filters": {"criteria": ({"grade": {"$ne": "07"}}, {"room": {"$gte": 1}})},
    "missing": {"missing": True},
    "missing in one school": {"missing": True, "school": SCHOOL},
    "everything at once": {"missing": True, "search": "ก", "criteria": ({"room": {"$in": [None, "", []]}},)},
    "chosen": {"ids": ()},
}
WAYS = ({}, {"page": 3}, {"last": True}, {"letter": "ข"}, {"after": 0}, {"before": 2})


@pytest.mark.parametrize("role", ["teacher", "officer", "approver", "executive", "both", "two areas"])
@pytest.mark.parametrize("what", list(WANTED))
def test_every_way_to_list_walks_an_index(what, role, pupils, explains, request):
    wanted = asked(**WANTED[what] | ({"ids": tuple(pupils)} if what == "chosen" else {}))
    user = user_of(role, request)
    with explains() as questions:
        for way in WAYS:
            listing.page_of(
                wanted,
                user,
                **{name: str(pupils[v]) if name in ("after", "before") else v for name, v in way.items()},
            )
        listing.count_of(wanted, user)
        listing.count_of(wanted, user, exactly=True)
        list(listing.all_of(wanted, user, limit=10))
        listing.schools_among(wanted, user)
        listing.one_of(Student, user, str(pupils[0]))
    assert len(questions.commands) > 10
    questions.check()


def user_of(role, request):
    if role == "both":
        request.getfixturevalue("area")
        return person("both", "school", SCHOOL, OTHER)
    if role == "two areas":
        user = person("two", "school", OTHER)
        user.grants.append(person("far", "district", area="34020000").grants[0])
        return user.save()
    return request.getfixturevalue(role)


def test_a_column_sorts_in_memory_within_one_school_alone(pupils, officer, explains):
    with explains() as questions:
        listing.page_of(asked(school=SCHOOL, sort="room"), officer, page=2)
    assert len(questions.problems()) == 1
    questions.check(sorts=["students"])


def test_what_the_door_asks_and_changes_walks_an_index(pupils, teacher, officer, explains):
    with explains() as questions:
        written = write(
            [Change(Student, place(), {"first_name": "ใหม่", "person_id": "G123456789012"})], teacher
        )
        moved = Change(Student, place(), {}, id=written[0].id, revision=1, to=place(OTHER))
        write([moved], officer, "ย้ายโรงเรียน")
        missing_of(find_submission("DMC", place()))
        recount_open("DMC", AREA, YEAR)
        required_of(Student, AREA, YEAR)
        list(history.events_of(AREA, pupils[0]))
        history.note_event(AREA, officer, "view", "access", officer.id, {})
    assert len(questions.commands) > 20
    questions.check()


def test_what_moves_and_locks_ask_walks_an_index(canteens, open_round, approver, explains):
    write([Change(canteens, place(OTHER), {"code": "1", "name": "หนึ่ง"})], LOADER)
    with explains() as questions:
        bring(find_submission("DMC", place(OTHER)), "confirm", "certify", "verify", "return")
        locked = lock_round(open_round, approver, "ไม่รายงาน")
        move(
            find_submission("DMC", place()),
            "reopen",
            approver,
            "ขอแก้",
            until=clock.now() + dt.timedelta(days=1),
        )
        list(submissions_of(locked).order_by("school_code"))
        round_before(locked)
        get_round([AREA], str(locked.id))
    questions.check(sorts=["submissions"])


@pytest.mark.parametrize("role", ["teacher", "officer", "executive", "administrator"])
def test_lists_of_schools_walk_an_index(role, pupils, explains, request):
    user = request.getfixturevalue(role)
    with explains() as questions:
        list(School.objects(__raw__=access.visible_schools(user)).order_by("area_code", "code"))
    questions.check()


PAGES = (
    "/admin/",
    "/admin/students/?search=กาน",
    "/admin/students/?letter=ข",
    "/admin/students/?missing=1",
    "/admin/students/?last=1",
    "/admin/students/?page=2",
    "/admin/students/?flt0_grade_eq=07",
    f"/admin/students/?school={SCHOOL}&missing=1",
    "/admin/control-room/",
    "/admin/submissions/?state=draft",
    "/admin/schools/?search=บ้าน",
    "/admin/users/?search=ครู",
    "/admin/audit/?after=x",
    "/admin/audit/?school=" + SCHOOL,
)


@pytest.mark.parametrize("role", list(ROLES))
def test_every_page_of_every_role_walks_an_index(role, world, there, sign_in, explains):  # noqa: F811
    """The addresses of the table of routes and some more; a page that is refused asks as little."""
    with explains() as questions:
        open_every_page(sign_in(world.people[role]), there)
    assert len(questions.commands) > 200
    questions.check()


def open_every_page(browser, there):  # noqa: F811
    """Ask for every address of the table, refused or not, and for some more ways to ask."""
    addresses = [there(address, rule) for method, rule, address, *_ in table() if method == "GET"]
    for address in [*addresses, *PAGES]:
        assert browser.get(address).status_code < 500, address


def test_the_operator_reads_whole_only_what_is_listed_over_all_areas(world, there, sign_in, explains):  # noqa: F811
    """Accounts and schools of the whole country, which no index that begins with an area can give in order."""
    with explains() as questions:
        open_every_page(sign_in(person("operator", "admin", area="*")), there)
    assert {line.partition(":")[0] for line in questions.problems()} <= {"users", "schools"}
