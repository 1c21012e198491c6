"""The bench's records: areas of 50,000 pupils in one open round, inserted in bulk with the keys the door would give.

The pupils of one area are the demo's (scripts/demo), every field filled as a school fills it. The other areas have the
same schools under codes of their own, and their pupils trade names and get numbers of their own.
"""

import datetime as dt

from bson import ObjectId

from documents import citizen_id, completeness, fields
from documents.database import collection
from documents.history import naive_now
from documents.record import declared, default_required, keys_of
from documents.rooms import SchoolRooms
from documents.rounds import Round, Window
from documents.schools import Area, School
from documents.students import Student
from documents.submissions import Submission
from documents.users import Grant, System, User
from scripts.demo.plan import plan
from scripts.demo.pupils import pupils_of, rooms_for

YEAR, ROUND, SUBSYSTEM = 2568, "1", "DMC"
NOW = "2025-06-05T09:00:00+07:00"
OF_AN_AREA, SCHOOLS = 50_000, 230
WRITER = System("scripts/bench")
BATCH = 2000
NAMES = ("first_name", "last_name")


def area_code(number):
    """The code of an area by its number from 0: provinces 10, 11 and on."""
    return f"{10 + number}010000"


def load(students, tell):
    """Load so many pupils into an empty, indexed database: 50,000 an area, the last one the rest.

    `tell(sentence)` hears how far it is. Gives back how many areas there are.
    """
    areas = max(1, round(students / OF_AN_AREA))
    base = BaseArea(students // areas)
    for number in range(areas):
        base.store(number)
        tell(f"{(number + 1) * len(base.pupils):,} / {students:,}")
    return areas


class BaseArea:
    """One area's schools, rooms and pupils as plain values; `store(number)` stores them as another area's."""

    def __init__(self, students):
        schools = plan(max(2, min(SCHOOLS, students // 100)), round(students * 1.25) + 300)
        self.schools, self.pupils = [], []
        for school in schools:
            values = [one.this for one in pupils_of(school) if one.this][: students - len(self.pupils)]
            if values:
                self.pupils += [(len(self.schools), plain_values(Student, each)) for each in values]
                self.schools.append(school)
        self.counts = [self._counts_of(index) for index in range(len(self.schools))]

    def _counts_of(self, index):
        """(the counters of one school's submission, its rooms)."""
        counts, grades, required = {}, {}, default_required(Student)
        for _, pupil in (pair for pair in self.pupils if pair[0] == index):
            completeness.add(counts, completeness.tally_of(Student, pupil, required), 1)
            grades[pupil["grade"]] = grades.get(pupil["grade"], 0) + 1
        rooms = [{"grade": grade, "rooms": rooms_for(many)} for grade, many in sorted(grades.items())]
        for each in rooms:
            completeness.add(
                counts, completeness.tally_of(SchoolRooms, each, default_required(SchoolRooms)), 1
            )
        return counts, rooms

    def store(self, number):
        """Store this area as the area of that number: schools, round, people, submissions, rooms, pupils."""
        area = area_code(number)
        codes = [area[:4] + school.code[4:] for school in self.schools]
        store_places(area, codes, self.schools)
        sizes = [counts.get("students", 0) for counts, _ in self.counts]
        teacher = store_people(area, codes[sizes.index(max(sizes))])
        round_ = store_round(area)
        store_submissions(round_, codes, self.schools, [counts for counts, _ in self.counts], teacher)
        now = naive_now()
        insert(
            SchoolRooms,
            (
                record(SchoolRooms, area, codes[index], each, now)
                for index, (_, rooms) in enumerate(self.counts)
                for each in rooms
            ),
        )
        insert(
            Student,
            (record(Student, area, codes[index], values, now) for index, values in self._of(number)),
        )

    def _of(self, number):
        """(school's index, values) of the pupils of an area; from the second area on, names and numbers are others."""
        if number == 0:
            yield from self.pupils
            return
        by_sex = {sex: [one for _, one in self.pupils if one.get("sex") == sex] for sex in ("M", "F", None)}
        place = dict.fromkeys(by_sex, 0)
        for index, values in self.pupils:
            sex = values.get("sex")
            own, others = place[sex], by_sex[sex]
            place[sex] += 1
            traded = {
                name: others[(own * step + 7919 * number) % len(others)].get(name)
                for name, step in zip(NAMES, (1, 3), strict=True)
            }
            yield (
                index,
                values
                | {k: v for k, v in traded.items() if v}
                | {"person_id": another(values["person_id"], number)},
            )


def another(number, of_area):
    """The number of a person in another area: as valid as the first one, and unlike it."""
    kind, digits = number[0], number[1:12]
    moved = f"{(int(digits) + of_area * 4_000_000_019) % 10**11:011d}"
    return f"G{moved}{number[12]}" if kind == "G" else kind + moved + citizen_id.check_digit(kind + moved)


def plain_values(document, typed):
    """What the door would store of typed values."""
    known = declared(document)
    plain = {name: fields.accept(known[name], value) for name, value in typed.items()}
    plain |= document.derive(plain)
    return {name: value for name, value in plain.items() if value is not None}


def record(document, area, school, values, now):
    """One record as it is stored."""
    id_ = ObjectId()
    return {
        "_id": id_,
        "lineage": id_,
        "area_code": area,
        "academic_year": YEAR,
        "round": ROUND,
        "school_code": school,
        **values,
        **keys_of(document, values),
        "created_at": now,
        "created_by": WRITER.id,
        "updated_at": now,
        "updated_by": WRITER.id,
        "updated_by_name": WRITER.name,
        "reviewed": True,
        "revision": 1,
    }


def insert(document, rows):
    """Insert many rows, some thousand at a time."""
    into = collection(document)
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            into.insert_many(batch, ordered=False)
            batch = []
    if batch:
        into.insert_many(batch, ordered=False)


# ---- what records stand on ----


def store_places(area, codes, schools):
    """The area and its schools."""
    Area(code=area, name=f"สพป. ทดสอบ {area}", short_name=f"สพป. {area[:2]}", province=area[:2]).save()
    rows = [
        School(
            area_code=area,
            code=code,
            name=school.name,
            cluster=school.cluster,
            kind="school",
            grade_from=school.grades[0],
            grade_to=school.grades[-1],
        )
        for code, school in zip(codes, schools, strict=True)
    ]
    School.objects.insert(rows)


def store_people(area, largest):
    """An officer and an approver of the area, and a teacher of its largest school; gives the teacher."""
    for role in ("district", "approver"):
        person(area, role)
    return person(area, "school", [largest])


def person(area, role, schools=()):
    """One stored person, `<role>.<area>@example.org`."""
    return User(
        email=f"{role}.{area}@example.org",
        name="ผู้วัด ความเร็ว",
        fs_uniquifier=f"{role}.{area}",
        grants=[Grant(role=role, area_code=area, school_codes=list(schools))],
    ).save()


def store_round(area):
    """The round, open for schools until 10 June 2568."""

    def instant(day):
        return dt.datetime(2025, 6, day, 9, 30)  # noqa: DTZ001  as MongoDB keeps it

    windows = [Window(step=step, opens_at=instant(1), closes_at=instant(10)) for step in ("enter", "certify")]
    windows.append(Window(step="verify", opens_at=instant(1), closes_at=instant(15)))
    return Round(
        area_code=area,
        subsystem=SUBSYSTEM,
        academic_year=YEAR,
        code=ROUND,
        title="ภาคเรียนที่ 1",
        as_of=dt.datetime(2025, 6, 10),  # noqa: DTZ001  a day has no zone
        windows=windows,
        state="open",
        opened_at=instant(1),
    ).save()


def store_submissions(round_, codes, schools, counts, teacher):
    """A started draft for each school, its counters as the door keeps them."""
    rows = [
        {
            "area_code": round_.area_code,
            "subsystem": SUBSYSTEM,
            "academic_year": YEAR,
            "round": ROUND,
            "school_code": code,
            "school_name": school.name,
            "cluster": school.cluster,
            "state": "draft",
            "version": 1,
            "writes": 1,
            "started": True,
            "counts": counted,
            "removed": 0,
            "writers": [teacher.id],
            "last_write_at": naive_now(),
            "moves": [],
            "versions": [],
        }
        for code, school, counted in zip(codes, schools, counts, strict=True)
    ]
    collection(Submission).insert_many(rows)
