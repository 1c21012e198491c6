"""The timetable (ตารางเวลา): what is done once a day for each area, by whichever worker comes first.

Days are the product's, by its clock, at the earliest at a task's hour in Bangkok; leases go by the real one. A worker
that dies in the middle is followed by another, so every task is safe to run twice.
"""

from dataclasses import dataclass
from datetime import time, timedelta

from mongoengine import Document
from mongoengine.fields import DateTimeField, StringField
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.clock import in_bangkok, real_now
from documents.database import collection
from documents.district.schools import Area
from documents.records.codelists import of_area

LEASE = timedelta(minutes=10)
KEPT_FOR = timedelta(days=40)

TASKS = {}


@dataclass(frozen=True)
class Task:
    """One thing done a day: from when on, and the function of an area's code that does it."""

    name: str
    since: time
    work: object


class Done(Document):
    """That a task was begun, or done, for an area on a day."""

    area_code = StringField(required=True, max_length=8)
    task = StringField(required=True, max_length=20)
    day = StringField(required=True, max_length=10)
    lease_until = DateTimeField(required=True)
    done_at = DateTimeField()
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "timetable",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "task", "day"], "unique": True},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


def daily(name, hour, minute=0):
    """Register the decorated function of an area's code as a task of each day from this time on."""

    def register(work):
        TASKS[name] = Task(name, time(hour, minute), work)
        return work

    return register


def run_due():
    """Do what is due today and not done yet; gives how many tasks were done."""
    local, number = in_bangkok(clock.now()), 0
    day = f"{local.date()}"
    due = [task for task in TASKS.values() if local.time() >= task.since]
    for area in Area.objects.distinct("code") if due else ():
        asked = {"area_code": area, "day": day, "done_at": {"$ne": None}}
        done = {row["task"] for row in collection(Done).find(asked, {"task": 1})}
        for task in due:
            if task.name not in done and _claimed(area, task, day):
                with of_area(area):
                    task.work(area)
                one = {"area_code": area, "task": task.name, "day": day}
                collection(Done).update_one(one, {"$set": {"done_at": real_now()}})
                number += 1
    return number


def _claimed(area, task, day):
    """Whether this worker may do it: nobody has it, or whoever had it is gone."""
    now = real_now()
    free = {"area_code": area, "task": task.name, "day": day, "done_at": None, "lease_until": {"$lte": now}}
    mine = {"$set": {"lease_until": now + LEASE}, "$setOnInsert": {"expires_at": now + KEPT_FOR}}
    try:
        collection(Done).update_one(free, mine, upsert=True)
    except DuplicateKeyError:
        return False
    return True
