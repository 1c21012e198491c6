"""A real worker that also knows the tests' own jobs: `python -P -m tests.working`, as admin_app.worker otherwise."""

import sys
import time

from documents.background.jobs import job_kind
from documents.database import db


@job_kind("count_slowly", "นับช้า ๆ", "Count slowly")
def count_slowly(job, progress, number, pause=0.05, waits_at=None):
    """Count to a number, each step kept once in the database however often the job runs.

    At the step `waits_at` it waits until the collection `go_on` holds something.
    """
    progress.begin(number, "ขั้น")
    progress.say("เริ่มนับ")
    for step in range(number):
        db()["steps"].update_one({"_id": step}, {"$inc": {"times": 1}}, upsert=True)
        progress.at(step + 1)
        time.sleep(pause)
        while step == waits_at and not db()["go_on"].find_one():
            progress.at(step + 1)
            time.sleep(pause)
    with progress.result_file("ผลนับ", "text/plain") as file:
        file.write(f"{number}".encode())
    return {"summary": [f"นับถึง {number}"]}


if __name__ == "__main__":
    from admin_app.worker import main

    sys.exit(main())
