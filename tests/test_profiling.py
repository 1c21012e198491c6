"""The profiler's log beside the browser tests: it sees what a page reads too much, and tells apart who may."""

import pytest
from celery import Celery

from documents.database import db, in_transaction
from tests.people import AREA, ROUND, YEAR
from tests.profiling import commented, lines_of, problems_beside, problems_in, reads_beside

PLACE = {"area_code": AREA, "academic_year": YEAR, "round": ROUND}
COUNTED = [{"$match": PLACE | {"kind": 1}}, {"$group": {"_id": 1, "n": {"$sum": 1}}}]
PAGE, SEARCH = "/admin/students/", "/admin/students/?search=ก"


@pytest.fixture
def rows(database):
    """A hundred rows of a round with an index on the round; the collection is gone afterwards."""
    database.rows.insert_many([{**PLACE, "n": n, "kind": n % 50} for n in range(100)])
    database.rows.create_index([("area_code", 1), ("academic_year", 1), ("round", 1), ("n", 1)])
    yield database.rows
    database.rows.drop()


@pytest.fixture
def seen(app, database_log, rows):
    """`seen(work, path)` does work within a request for a path and gives the problems that the log tells of it."""

    def told(work, path=PAGE):
        began = database_log.stat().st_size
        with commented(), app.test_request_context(path):
            work()
        return problems_in(lines_of(database_log, began, db().name))

    return told


@pytest.fixture
def in_job():
    """`in_job(work)` does work as a Celery task, within the request that asked for it."""
    own = Celery("of the test", set_as_current=False)
    own.conf.task_always_eager = own.conf.task_eager_propagates = True

    def ran(work):
        @own.task(name=f"work {id(work)}")
        def done():
            work()

        done.delay()

    return ran


def few(rows):
    return list(rows.find(PLACE | {"kind": 1}))


def test_a_page_that_reads_a_whole_collection_is_told_of_by_shape_and_route_without_values(seen, rows):
    (line,) = seen(lambda: list(rows.find({"kind": 17})))
    assert line.startswith('rows: reads the whole collection: {"find": "rows", "filter": {"kind": "int"}}')
    assert "GET /admin/students/" in line
    assert "17" not in line


@pytest.mark.parametrize("path", [PAGE, SEARCH])
def test_neither_write_nor_search_nor_count_may_read_a_whole_collection(path, seen, rows):
    assert seen(lambda: rows.update_one({"kind": 1}, {"$set": {"seen": True}}), path)
    assert seen(lambda: rows.delete_many({"kind": 1}), path)
    assert seen(lambda: rows.find_one_and_update({"kind": 3}, {"$set": {"seen": True}}), path)
    assert seen(lambda: rows.count_documents({"kind": 3}), path)
    assert seen(lambda: in_transaction(lambda: list(rows.find({"kind": 3}))), path)


def test_over_twenty_read_for_one_is_told_of_and_twenty_are_not(seen, rows):
    (line,) = seen(lambda: few(rows))
    assert line.startswith("rows: reads 100 for 2 (IXSCAN { area_code: 1, ")
    assert not seen(lambda: list(rows.find(PLACE | {"n": {"$lt": 40}, "kind": {"$in": [1, 2]}})))
    assert seen(lambda: rows.update_many(PLACE | {"kind": 1}, {"$set": {"seen": True}}))


def test_a_search_within_a_round_may_read_more_and_elsewhere_not(seen, rows):
    assert not seen(lambda: few(rows), SEARCH)
    assert seen(lambda: few(rows), "/admin/students/?search=")
    assert seen(lambda: list(rows.find({"area_code": AREA, "kind": 1})), SEARCH)


def test_a_count_may_read_more_and_a_sum_of_values_not(seen, rows):
    assert not seen(lambda: list(rows.aggregate(COUNTED)))
    largest = [COUNTED[0], {"$group": {"_id": 1, "most": {"$max": "$n"}}}]
    assert seen(lambda: list(rows.aggregate(largest)))


def test_a_job_may_read_more_also_within_the_request_that_asked_for_it(seen, rows, in_job):
    assert not seen(lambda: in_job(lambda: few(rows)))
    assert seen(lambda: (in_job(lambda: None), few(rows)))
    assert seen(lambda: in_job(lambda: list(rows.find({"kind": 1}))))


def test_what_the_test_itself_asks_is_not_told_of(rows, database_log):
    began = database_log.stat().st_size
    with commented():
        list(rows.find({"kind": 1}))
    assert not list(lines_of(database_log, began, db().name))


def test_what_is_read_whole_beside_is_told_of(rows):
    looked_up = {"from": "rows", "pipeline": [{"$match": {"kind": 1}}], "as": "beside"}
    united = {"coll": "rows", "pipeline": [{"$match": {"kind": 1}}]}
    for stage in ({"$lookup": looked_up}, {"$unionWith": united}):
        asked = {"aggregate": "rows", "pipeline": [{"$match": PLACE | {"n": 1}}, stage], "cursor": {}}
        assert reads_beside(asked)
        assert len(list(problems_beside([asked | {"comment": {"route": "GET /"}}]))) == 1
    by_index = {**looked_up, "pipeline": [{"$match": PLACE | {"n": 2}}]}
    asked["pipeline"][1] = {"$lookup": by_index}
    assert not list(problems_beside([asked | {"comment": {"route": "GET /"}}]))
