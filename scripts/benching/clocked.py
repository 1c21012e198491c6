"""What both sides share: the stopwatch, and which records a run is about."""

import time

from documents.database import collection
from documents.dmc.students import Student
from scripts.benching.records import OF_AN_AREA, ROUND, YEAR, area_code

DEEP = 47_500  # the rank of the first row of the deep page in an area's round
PAGE = 50


class Stopwatch:
    """`with Stopwatch() as watch: ...`, then `watch.seconds`."""

    def __enter__(self):
        self.began = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.began


def area_of(run, areas):
    """The area that a run looks at: another one each time, so that no run finds the rows of the one before."""
    return area_code(run % areas)


def place_of(area):
    """The filter of an area's round."""
    return {"area_code": area, "academic_year": YEAR, "round": ROUND}


def how_many_areas():
    """How many areas have been loaded."""
    return len(collection(Student).distinct("area_code"))


def schools_of(area):
    """Codes of an area's schools that have a page of pupils or more."""
    counted = collection(Student).aggregate(
        [{"$match": place_of(area)}, {"$group": {"_id": "$school_code", "pupils": {"$sum": 1}}}]
    )
    return sorted(row["_id"] for row in counted if row["pupils"] >= PAGE)


def pupils_of_the_largest(area, most, skip=0):
    """Stored pupils of the area's largest school, whose teacher saves them; from the first again where they end."""
    counted = collection(Student).aggregate(
        [{"$match": place_of(area)}, {"$group": {"_id": "$school_code", "pupils": {"$sum": 1}}}]
    )
    largest = max(counted, key=lambda row: (row["pupils"], row["_id"]))
    found = collection(Student).find(place_of(area) | {"school_code": largest["_id"]}).hint("school_order")
    return list(found.skip(skip % largest["pupils"]).limit(most))


def term_of(area):
    """What is searched for in an area: the first name in the middle of its list."""
    found = collection(Student).find(place_of(area), {"first_name": 1}).sort([("sort_key", 1), ("_id", 1)])
    return next(found.hint("area_order").skip(deep_rank(area) // 2).limit(1))["first_name"]


def deep_rank(area):
    """The rank at which the deep page begins: 47,500 of 50,000, as deep in a smaller area."""
    return DEEP * collection(Student).count_documents(place_of(area)) // OF_AN_AREA // PAGE * PAGE
