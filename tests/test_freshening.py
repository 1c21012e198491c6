"""Findings that are never more than a minute old: changed schools alone, one at a time, whatever is killed in between."""

import re
from datetime import timedelta

import pytest
from mongoengine.connection import get_connection

from documents import subsystems
from documents.checking import findings, freshening, hearing
from documents.checking.contexts import contexts_of
from documents.checking.findings import Checkup, refresh
from documents.checking.freshening import Freshness, freshness_of, look_over, run_due
from documents.checking.hearing import Feed
from documents.checking.limits import set_limits
from documents.clock import real_now
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.submissions import Submission, find_submission, submissions_of
from documents.database import collection, connect, db, stored_documents
from documents.district.schools import Area
from documents.dmc.students import Student
from documents.records.record import Record
from documents.records.writing import Change, write
from scripts.embedded import EmbeddedMongo
from scripts.folder import prepare
from tests import districts
from tests.districts import LOADER
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil
from tests.test_check_rules import counting
from tests.test_jobs import wait_until, workers  # noqa: F401  real ones

OLD = {"birth_date": "10/06/2555"}
FAR = "34020000"


def warnings():
    """{school code: warnings} as the board reads them."""
    return {row["school_code"]: row["counts"]["warnings"] for row in collection(Checkup).find({})}


def at_once():
    """Let the area's time be now."""
    db().freshness.update_many({}, {"$set": {"next_at": real_now(), "lease_until": real_now()}})


@pytest.fixture
def written(open_round, teacher, neighbour):
    """A pupil too old for his grade in each of two schools."""
    write([Change(Student, place(), pupil(**OLD))], teacher)
    write([Change(Student, place(OTHER), pupil(**OLD))], neighbour)


def test_what_was_written_is_checked_without_anybody_asking_and_nothing_twice(written, teacher, monkeypatch):
    assert warnings() == {}
    assert run_due() == {AREA: 2}
    assert warnings() == {SCHOOL: 1, OTHER: 1}
    assert freshness_of(AREA).as_of
    assert not freshness_of(AREA).is_late
    assert run_due() == {}, "not due yet"
    write([Change(Student, place(), pupil(**OLD))], teacher)
    at_once()
    looked, real = [], findings._looked_at
    monkeypatch.setattr(
        findings, "_looked_at", lambda several, *more: looked.extend(several) or real(several, *more)
    )
    assert run_due() == {AREA: 1}
    assert [each.school_code for each in looked] == [SCHOOL], (
        "the records of the changed school alone are read"
    )
    assert warnings() == {SCHOOL: 2, OTHER: 1}
    at_once()
    assert run_due() == {}, "nothing changed since, so nobody looks"


def test_rules_and_bounds_make_every_school_due(written, open_round, administrator):
    run_due()
    set_limits(AREA, "DMC", YEAR, {"age_difference": 9}, administrator, "มติ")
    at_once()
    assert run_due() == {AREA: 2}
    assert warnings() == {SCHOOL: 0, OTHER: 0}
    counting(administrator, round_=open_round, condition={"field": "room", "compare": "ge", "value": "1"})
    at_once()
    assert run_due() == {AREA: 2}
    assert warnings() == {SCHOOL: 1, OTHER: 1}


def test_two_workers_never_look_at_once_and_a_killed_one_is_followed(written):
    run = freshening._claimed(AREA)
    assert run
    assert freshening._claimed(AREA) is None
    assert run_due() == {}
    db().freshness.update_one({}, {"$set": {"next_at": real_now()}})
    assert run_due() == {}, "the lease holds, though it would be time"
    at_once()  # the first was killed: its lease ran out
    assert run_due() == {AREA: 2}
    before = freshness_of(AREA).as_of
    assert look_over(AREA, run) == 0, "who comes back after his lease finds nothing left to do"
    assert freshness_of(AREA).as_of == before
    assert warnings() == {SCHOOL: 1, OTHER: 1}


def test_one_that_lost_its_lease_stops_between_two_batches(written, monkeypatch):
    monkeypatch.setattr(freshening, "AT_ONCE", 1)
    run, real = freshening._claimed(AREA), freshening.refresh_all

    def slowly(batch):
        real(batch)
        db().freshness.update_one({}, {"$set": {"run": None}})  # another has it

    monkeypatch.setattr(freshening, "refresh_all", slowly)
    look_over(AREA, run)
    assert len(warnings()) == 1
    assert freshness_of(AREA).as_of is None


def test_a_reopened_school_of_a_locked_round_is_looked_at_and_a_sealed_one_is_not(
    written, open_round, teacher, approver, officer
):
    run_due()
    locked = lock_round(open_round, approver, "ไม่รายงาน")
    assert freshening.rounds_of(AREA) == []
    at_once()
    assert run_due() == {AREA: 0}
    until = freshening.utc(freshening.naive_now()) + timedelta(days=2)
    move(find_submission("DMC", place()), "reopen", approver, "แก้", until=until)
    assert [each.id for each in freshening.rounds_of(AREA)] == [locked.id]
    write([Change(Student, place(), pupil(**OLD))], teacher)
    at_once()
    assert run_due() == {AREA: 1}
    assert warnings() == {SCHOOL: 2, OTHER: 1}


def test_a_district_of_230_schools_is_looked_over_in_a_handful_of_questions(
    district, teacher, count_commands
):
    write([Change(Student, place(), pupil(**OLD))], teacher)
    with count_commands() as first:
        assert run_due() == {AREA: 1}
    for each in list(submissions_of(district))[:12]:
        collection(Submission).update_one({"_id": each.id}, {"$inc": {"writes": 1}})
    at_once()
    with count_commands() as asked:
        assert run_due() == {AREA: 12}
    assert len(asked) < len(first) + 12 * 6, (
        "so many more to store what was found, and none for the other schools"
    )
    at_once()
    with count_commands() as nothing:
        assert run_due() == {}
    assert len(nothing) < 12, "for all areas together"
    assert districts.SCHOOLS == 230


@pytest.fixture
def elsewhere(written):
    """Another area where nobody works, looked at like the first one."""
    collection(Area).insert_one({"code": FAR, "name": "เขตอื่น"})
    assert run_due() == {AREA: 2, FAR: 0}
    at_once()


def test_only_the_area_in_which_something_changed_is_looked_at(elsewhere, teacher):
    assert run_due() == {}
    write([Change(Student, place(), pupil(**OLD))], teacher)
    assert run_due() == {AREA: 1}


def test_where_nothing_changed_findings_stay_fresh_without_a_look(elsewhere, teacher):
    before = freshness_of(FAR)
    write([Change(Student, place(), pupil(**OLD))], teacher)
    collection(Freshness).update_one(
        {"area_code": AREA}, {"$set": {"next_at": real_now() + timedelta(hours=1)}}
    )
    run_due()
    assert freshness_of(FAR).began > before.began
    behind = freshness_of(AREA)
    assert behind.is_behind
    assert behind.began <= before.began + timedelta(seconds=5), (
        "as of the last moment before the change was heard"
    )
    run_due()
    assert freshness_of(AREA).began == behind.began
    assert freshness_of(FAR).began > behind.began


def test_a_write_that_began_before_the_hearing_and_ends_after_it_is_heard_by_the_next(elsewhere):
    one = find_submission("DMC", place())
    with get_connection().start_session() as session:
        session.start_transaction()
        counted = {"$inc": {"writes": 1}}
        db().submissions.update_one({"_id": one.id, "area_code": AREA}, counted, session=session)
        assert run_due() == {}
        session.commit_transaction()
    assert run_due() == {AREA: 1}


def test_what_changes_during_a_look_is_looked_at_by_the_next(elsewhere, teacher, monkeypatch):
    real = freshening.rounds_of

    def meanwhile(area):
        found = real(area)
        monkeypatch.setattr(freshening, "rounds_of", real)
        write([Change(Student, place(), pupil(**OLD))], teacher)
        hearing.hear(freshening._mark)
        return found

    write([Change(Student, place(OTHER), pupil(**OLD))], LOADER)
    monkeypatch.setattr(freshening, "rounds_of", meanwhile)
    assert run_due()[AREA] in (1, 2)
    assert freshness_of(AREA).is_behind
    at_once()
    assert AREA in run_due()
    assert not freshness_of(AREA).is_behind


@pytest.mark.parametrize("token", [None, {"_data": "8265"}])
def test_where_nobody_knows_what_changed_every_area_is_looked_at(token, elsewhere):
    collection(Feed).update_one({}, {"$set": {"token": token}})
    assert run_due() == {AREA: 0, FAR: 0}
    at_once()
    assert run_due() == {}


def test_an_area_is_looked_at_now_and_then_in_any_case(elsewhere):
    long_ago = real_now() - freshening.WHOLE
    collection(Freshness).update_one({"area_code": FAR}, {"$set": {"looked_at": long_ago}})
    assert run_due() == {FAR: 0}


def test_one_worker_hears_at_a_time_and_a_killed_one_is_followed(elsewhere, teacher):
    write([Change(Student, place(), pupil(**OLD))], teacher)
    collection(Feed).update_one({}, {"$set": {"lease_until": real_now() + hearing.LEASE}})
    assert run_due() == {}
    collection(Feed).update_one({}, {"$set": {"lease_until": real_now()}})
    assert run_due() == {AREA: 1}


@pytest.mark.parametrize("subsystem", sorted({document.subsystem for document in subsystems()}))
def test_whatever_findings_stand_on_is_heard_of(subsystem, open_round, teacher):
    """Records aside: each write of one counts up its submission."""
    from tests.conftest import LISTENER

    write([Change(Student, place(), pupil(id_type="G", person_id="G000000000018"))], teacher)
    round_ = open_round
    round_.subsystem = subsystem
    asked, LISTENER.commands = [], []
    try:
        contexts_of(round_, [SCHOOL, OTHER])
    finally:
        asked, LISTENER.commands = LISTENER.commands, None
    known = {each._get_collection_name() for each in (*hearing.OF_AREAS, *hearing.OF_ALL)}
    known |= {each._get_collection_name() for each in stored_documents(Record)} | {"declaration_version"}
    read = set(collections_in(asked))
    assert "check_settings" in read
    assert read <= known


def collections_in(said):
    """Names of the collections in commands, those beside the first one too."""
    if isinstance(said, dict):
        for name, value in said.items():
            if name in ("find", "aggregate", "count", "distinct", "from", "coll") and isinstance(value, str):
                yield value
            else:
                yield from collections_in(value)
    elif isinstance(said, list):
        for each in said:
            yield from collections_in(each)


def test_the_board_says_as_of_when_and_when_nobody_looks(written, officer, executive, sign_in):
    browser = sign_in(officer)
    assert "ผลตรวจ ณ" not in browser.get("/admin/control-room/").text
    run_due()
    for page in ("/admin/control-room/", "/admin/findings/"):
        assert "ผลตรวจ ณ 5 มิ.ย. 09.00 น." in browser.get(page).text.replace("\\u00a0", " ")
    assert "ยังไม่ได้ตรวจใหม่" not in browser.get("/admin/findings/").text
    began = real_now() - 2 * freshening.LATE
    db().freshness.update_one({}, {"$set": {"began": began}})
    db().freshness_feed.update_one({}, {"$set": {"heard_at": began}})
    for page in ("/admin/control-room/", "/admin/findings/"):
        assert "ยังไม่ได้ตรวจใหม่" in browser.get(page).text
    assert Freshness.objects.count() == 1
    assert refresh(find_submission("DMC", place()))


def test_a_real_worker_checks_what_is_written_by_itself(written, workers):  # noqa: F811
    workers()
    # One at least: by its timetable it finds besides that the two pupils may be one child.
    wait_until(lambda: warnings().keys() == {SCHOOL, OTHER} and all(warnings().values()))
    wait_until(lambda: freshness_of(AREA).as_of is not None)


def test_without_the_right_to_hear_every_area_is_looked_at_and_the_log_told_once(
    tmp_path, database_uri, connected, caplog
):
    server, heard = EmbeddedMongo(prepare(tmp_path / "elsewhere"), cache_gb=0.25, oplog_mb=128), []
    own = server.start()
    try:
        with server._admin() as client:
            may = [{"resource": {"db": "khet", "collection": ""}, "actions": ["find", "insert", "update"]}]
            client.khet.command("createRole", "narrow", privileges=may, roles=[])
            client.khet.command("createUser", "narrow", pwd="x", roles=["narrow"])
        connect(re.sub("//.*?@", "//narrow:x@", own))
        for _ in range(3):
            hearing.hear(heard.append)
    finally:
        server.stop()
        connect(database_uri)
    assert [(one.areas, one.number) for one in heard] == [(None, 1), (None, 2), (None, 3)]
    assert caplog.text.count("does not tell what changes") == 1
