"""เติมคีย์ค้นหาผู้เรียนที่คล้ายกัน: the blocks in which a learner is found again though misspelt, on the pupils stored before.

They are the door's own, as sort_key is: no digest covers them, so that they are set in closed rounds as well.
"""

from itertools import islice

from pymongo import UpdateOne

from documents.checking.resemblance import NAMED_BY, keys
from documents.records.record import Place

BATCH = 1000


def run(db):
    """Give each pupil who has none his blocks."""
    wanted = dict.fromkeys((*NAMED_BY, *Place._fields), 1)
    rows = db.students.find({"likeness": {"$exists": False}}, wanted)
    while batch := list(islice(rows, BATCH)):
        db.students.bulk_write(
            [
                UpdateOne({"_id": row["_id"], **Place.of(row)._asdict()}, {"$set": {"likeness": keys(row)}})
                for row in batch
            ],
            ordered=False,
        )
