"""The bench's records: areas of 50,000 pupils in one open round, inserted in bulk with the keys the door would give.

The pupils of one area are the demo's (scripts/demo), every field filled as a school fills it. The other areas have the
same schools under codes of their own, and their pupils trade names and get numbers of their own.
"""

import datetime as dt

from bson import ObjectId

from documents.collecting.rounds import Round, Window
from documents.collecting.submissions import Submission
from documents.database import collection
from documents.district.schools import Area, School
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.formats import citizen_id
from documents.people.users import Grant, System, User
from documents.records import completeness, fields
from documents.records.record import declared, default_required, keys_of
from documents.trail.history import naive_now
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


def areas_of(students):
    """How many areas so many pupils are: 50,000 an area."""
    return max(1, round(students / OF_AN_AREA))


def areas_of_tenth(students):
    """How many areas a tenth of so many pupils are, one at least; each as large as where all are."""
    return max(1, areas_of(students) // 10)


def tenth_of(students):
    """How many pupils those areas have."""
    return areas_of_tenth(students) * (students // areas_of(students))


def load(base, areas, tell):
    """Load areas like a BaseArea into an empty, indexed database; `tell(sentence)` hears how far it is."""
    for number in range(areas):
        base.store(number)
        tell(f"{(number + 1) * len(base.pupils):,} / {areas * len(base.pupils):,}")


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

    def store(self, number, times=1):
        """Store this area as the area of that number: schools, round, people, submissions, rooms, pupils.

        With `times`, at most 10, it is so many times as large, each school there so often with other pupils.
        """
        area, now = area_code(number), naive_now()
        codes = [
            f"{area[:3]}{(1 + copy) % 10}{school.code[4:]}"
            for copy in range(times)
            for school in self.schools
        ]
        schools, counts = self.schools * times, [counts for counts, _ in self.counts] * times
        store_places(area, codes, schools)
        sizes = [each.get("students", 0) for each in counts]
        teacher = store_people(area, codes[sizes.index(max(sizes))])
        store_submissions(store_round(area), codes, schools, counts, teacher)
        rooms = zip(codes, [rooms for _, rooms in self.counts] * times, strict=True)
        insert(
            SchoolRooms, (record(SchoolRooms, area, code, each, now) for code, held in rooms for each in held)
        )
        for copy in range(times):
            own = codes[copy * len(self.schools) :]
            insert(
                Student,
                (record(Student, area, own[index], values, now) for index, values in self._of(number + copy)),
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
