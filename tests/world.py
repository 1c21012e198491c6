"""A world to break into: two schools of one area, a third in another, records of every subsystem in each.

What belongs to the teacher's school is marked: `world.marks` are the texts that nobody else may read anywhere.
`Stored` remembers the whole database, says what a request changed in it, and puts it back.
"""

import datetime as dt
import io
import zipfile
from dataclasses import dataclass, field

import pytest

from documents import subsystems
from documents.background import jobs
from documents.checking import finding_answers, findings
from documents.clock import real_now
from documents.collecting import round_moves
from documents.collecting.extending import ask_time
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission
from documents.database import collection, db
from documents.district.schools import Area, School
from documents.gcode import gcode_evidence, gcode_requests
from documents.people.users import User
from documents.records.record import Place
from documents.records.writing import Change, write
from tests.learners import learner
from tests.listening import LISTENER
from tests.making import complete, marks_of
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, opened_like, person, place
from tests.remembered import remembered

FAR_AREA, FAR_SCHOOL = "34020000", "34020001"
SECRET, NEAR, FAR = "ลับเฉพาะ", "ของเพื่อนบ้าน", "ของต่างเขต"
SECRET_SCHOOL = "บ้านลับเฉพาะ"
# What reading may leave behind: the log, and what the checks found of records as they are.
LOGS = ("sessions", "limit_counters", "audit_events", "access_log", "findings", "checkups")
EACH = 2  # records of a kind in a school


@dataclass
class World:
    """Ids and marks of what there is; `own`, `near` and `far` are {slug: [record id]} of the three schools."""

    round: Round
    far_round: Round
    submission: object
    near_submission: object
    people: dict
    own: dict = field(default_factory=dict)
    near: dict = field(default_factory=dict)
    far: dict = field(default_factory=dict)
    marks: set = field(default_factory=set)
    event: object = None
    job: object = None
    request: object = None  # for more time, by the school's director
    gcode: object = None  # a request for a G-code that was sent
    piece: object = None  # of its evidence

    def shown_in(self, answer):
        """The marks that an answer of the application shows."""
        text = text_of(answer)
        return {mark for mark in self.marks if mark in text}


@pytest.fixture
@remembered
def world(open_rounds, teacher, neighbour, director, officer, approver, executive, administrator, database):
    """The two schools of the area with records of every subsystem, those of SCHOOL marked; and a school elsewhere."""
    people = {"school": teacher, "director": director, "district": officer, "approver": approver}
    people |= {"executive": executive, "admin": administrator, "neighbour": neighbour}
    people |= far_people()
    database.schools.update_one(
        {"code": SCHOOL}, {"$set": {"name": SECRET_SCHOOL, "director_name": f"{SECRET}อำนวย"}}
    )
    database.users.update_one({"_id": teacher.id}, {"$set": {"name": f"{SECRET}ผู้หนึ่ง"}})
    people["school"] = User.objects.get(id=teacher.id)
    open_round = open_rounds["DMC"]
    found = World(open_round, far_round(people), None, None, people)
    found.own = fill(place(), people["school"], SECRET, found.marks)
    found.near = fill(place(OTHER), neighbour, NEAR, set())
    found.far = fill(Place(FAR_AREA, YEAR, ROUND, FAR_SCHOOL), people["far_teacher"], FAR, set())
    found.submission = find_submission("DMC", place())
    found.near_submission = find_submission("DMC", place(OTHER))
    database.submissions.update_one(
        {"_id": found.submission.id},
        {"$set": {"school_name": SECRET_SCHOOL, "return_reason": f"{SECRET}เหตุผล"}},
    )
    found.marks |= {
        SECRET,
        str(found.submission.id),
        *(str(id_) for ids in found.own.values() for id_ in ids),
    }
    asked = ask_time(found.submission, director, f"{SECRET}เหตุขอเวลา", ["school"])
    found.request = asked.id
    found.marks.add(str(asked.id))
    found.gcode, found.piece = a_learner(people["school"], SCHOOL, SECRET)
    a_learner(neighbour, OTHER, NEAR)
    found.marks |= {str(found.gcode), str(found.piece)}
    found.event = database.audit_events.find_one({"school_code": SCHOOL})["_id"]
    found.job = done_job(people["school"])
    found.marks.add(str(found.job.id))
    return found


def a_learner(teacher, school, mark):
    """A sent request for a G-code of a learner called so; gives its id and that of a piece of its evidence."""
    names = {"first_name": mark, "mother_first_name": mark, "native_name": mark, "employer_name": mark}
    request = gcode_requests.record(AREA, school, learner(**names), teacher, "คนละคน")
    for kind in gcode_evidence.required_kinds(AREA):
        request = gcode_evidence.attach(request, kind, f"%PDF-1.4 {mark}\n%%EOF\n".encode(), teacher)
    return gcode_requests.step(request, "send", teacher).id, request.evidence[0]["id"]


def done_job(owner):
    """A job of the marked school's teacher that has ended, with a file in it."""
    now = real_now()
    file = jobs.files().upload_from_stream(f"{SECRET}.csv", f"{SECRET}ในไฟล์".encode())
    return jobs.Job(
        area_code=AREA, kind="grid_file", title=f"{SECRET}งาน", owner=owner.id, owner_name=owner.name, state="done",
        rights=jobs.rights_in(owner, AREA), result={"summary": [f"{SECRET}เสร็จ"]}, result_id=file, files=[file],
        result_name=f"{SECRET}.csv", result_type="text/csv", log=[{"at": now, "text": f"{SECRET}บันทึก"}], seen=True,
        asked_at=now, started_at=now, finished_at=now, lease_until=now, expires_at=now + dt.timedelta(days=14),
    ).save()  # fmt: skip


def far_people():
    """The people of the other area."""
    Area(code=FAR_AREA, name="สพป. ทดสอบ เขต 2", province="34").save()
    School(
        area_code=FAR_AREA, code=FAR_SCHOOL, name="บ้านไกล", cluster="กลุ่มไกล", grade_from="01", grade_to="09"
    ).save()
    return {
        f"far_{name}": person(f"far_{name}", role, *schools, area=FAR_AREA)
        for name, role, schools in (
            ("teacher", "school", [FAR_SCHOOL]),
            ("officer", "district", []),
            ("approver", "approver", []),
            ("executive", "executive", []),
            ("admin", "admin", []),
        )
    }


def far_round(people):
    """The same round in the other area, open, and one like it of every other subsystem."""
    here = Round.objects.get(area_code=AREA, subsystem="DMC")
    row = here.to_mongo().to_dict()
    for name in (
        "_id",
        "moves",
        "history_hash",
        "order",
        "proposed_by",
        "proposed_at",
        "opened_by",
        "opened_at",
    ):
        row.pop(name, None)
    draft = Round(**row | {"area_code": FAR_AREA, "state": "draft", "revision": 1}).save()
    proposed = round_moves.propose(draft, people["far_officer"], "ขอเปิดรอบ")
    day = dt.datetime(2025, 5, 15)  # noqa: DTZ001  a day has no zone
    ordered = round_moves.record_order(proposed, people["far_executive"], "ศธ 04002/1", day, "ดำเนินการ")
    opened = round_moves.open_round(ordered, people["far_approver"])
    for subsystem in {document.subsystem for document in subsystems()} - {opened.subsystem}:
        opened_like(
            opened, subsystem, *(people[f"far_{name}"] for name in ("officer", "executive", "approver"))
        )
    return opened


def fill(where, teacher, mark, marks):
    """Store two records of every subsystem in a school; gives {slug: [id]} and adds what must not be read to `marks`."""
    made = {}
    for document in subsystems():
        values = [complete(document, mark) for _ in range(1 if document.single else EACH)]
        written = write([Change(document, where, each) for each in values], teacher)
        made[document.slug] = [one.id for one in written]
        for each in values:
            marks |= marks_of(document, each, mark)
    return made


def settle(submission, people):
    """Answer all that the checks found of a submission: the district passes errors, the teacher explains warnings."""
    findings.refresh(submission)
    for level, who in (("error", "district"), ("warning", "school")):
        rows = findings.Finding.objects(school_code=submission.school_code, level=level, state="open")
        if ids := [row.id for row in rows]:
            finding_answers.answer(submission, ids, people[who], "ตรวจสอบแล้ว ถูกต้อง")


def tersely(browser):
    """The browser, told of refusals in a line of JSON: a whole page for each would take most of a walk's time."""
    browser.environ_base["HTTP_ACCEPT"] = "application/json"
    return browser


class Stored:
    """The database as it is now; `changed()` names the collections that differ since, `put_back()` undoes it.

    Only what was written to since (tests/listening.py) is read again, or all of it where another process could write.
    """

    def __init__(self, leave_out=LOGS):
        self.leave_out, self.heard, self.touched = leave_out, len(LISTENER.writes), set()
        self.rows = {name: rows for name in self.names() if (rows := self.read(name))}
        self.events = db().audit_events.distinct("_id")

    def names(self):
        return {*db().list_collection_names()} - {*self.leave_out}

    def read(self, name):
        """The documents of a collection in the order of their ids."""
        return list(db()[name].find().sort("_id"))

    def changed(self):
        """Names of the collections that are not as they were."""
        heard, self.heard = self.heard, len(LISTENER.writes)
        self.touched |= LISTENER.written(db().name, heard) - {*self.leave_out}
        if LISTENER.helped:
            self.touched |= self.names() | {*self.rows}
        self.touched = {name for name in self.touched if self.read(name) != self.rows.get(name, [])}
        return sorted(self.touched)

    def put_back(self):
        """Make it all as it was, what the history says of it too; gives what had changed."""
        changed = self.changed()
        if changed:
            db().audit_events.delete_many({"_id": {"$nin": self.events}})
        for name in changed:
            db()[name].delete_many({})
            if name in self.rows:
                db()[name].insert_many(self.rows[name])
        return changed


def text_of(answer):
    """All that an answer says: its body, its headers, and what lies in a workbook's parts."""
    said = " ".join(f"{name}: {value}" for name, value in answer.headers if name != "Set-Cookie")
    if answer.data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            said += " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return said + answer.data.decode("utf-8", "replace")


def rows_of(document, where):
    """The stored dicts of a place."""
    return list(collection(document).find(where._asdict()).sort("_id"))
