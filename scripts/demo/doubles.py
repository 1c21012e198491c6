"""The desk of duplicates in the demo: what the scan of 30 May found of `neighbours.twice`, and a list of a municipality.

Some schools have answered, one pair was decided to be two children, the others wait.
"""

from documents.checking import agencies, duplicates
from documents.checking.agencies import Listed
from documents.checking.duplicate_cases import NUMBER, OURS, PERSON, DuplicateCase, get_case
from documents.collecting.rounds import find_round
from documents.collecting.submissions import WRITABLE, Submission
from documents.database import collection
from documents.dmc.students import Student
from scripts.demo import moments
from scripts.demo.moments import at
from scripts.demo.plan import AREA
from scripts.demo.pupils import THIS_YEAR

MUNICIPALITY, ITS_SCHOOLS = "เทศบาลตำบลตัวอย่าง", ("โรงเรียนเทศบาล 1", "โรงเรียนเทศบาล 2")
STILL_THERE = "ครูประจำชั้นพบตัวทุกวัน ผู้ปกครองยืนยันแล้ว"
TWO_CHILDREN = "เป็นลูกพี่ลูกน้องกัน ตรวจสูติบัตรของทั้งสองคนแล้ว"


def look(people):
    """Scan the round of this year, compare the municipality's list, and let some schools and the officer answer."""
    round_ = find_round(AREA, "DMC", THIS_YEAR, "1")
    moments.set_clock(at(2025, 5, 30, 9, 10))
    duplicates.scan(round_)
    here = {"area_code": AREA, "academic_year": THIS_YEAR, "round": "1"}
    submissions = collection(Submission).find(here | {"subsystem": "DMC"}, {"school_code": 1, "state": 1})
    writing = sorted(row["school_code"] for row in submissions if row["state"] in WRITABLE)
    wanted = here | {"school_code": {"$in": writing}, "id_type": "I", "status": "enrolled"}
    listed = collection(Student).find(wanted, {"person_id": 1})
    lines = [
        Listed(row["person_id"], MUNICIPALITY, school)
        for row, school in zip(
            listed.sort("school_code", 1).hint("school_order").limit(2), ITS_SCHOOLS, strict=False
        )
    ]
    moments.set_clock(at(2025, 5, 30, 13, 30))
    agencies.match(round_, lines)
    moments.set_clock(at(2025, 6, 4, 10, 20))
    for case in _cases(NUMBER)[::3]:
        teacher = people.of("school", case.school_code)
        duplicates.answer(get_case(teacher, str(case.id)), OURS, teacher, STILL_THERE)
    officer = people.office["officer"]
    moments.set_clock(at(2025, 6, 4, 14, 0))
    for number, case in enumerate(_cases(PERSON)):
        # What was found of a school that has handed in was looked into at once.
        if number != 1 and {*case.schools} <= {*writing}:
            continue
        duplicates.decide(get_case(officer, str(case.id)), "different", officer, TWO_CHILDREN)


def _cases(kind):
    return list(DuplicateCase.objects(area_code=AREA, kind=kind, state="found").order_by("pair"))
