"""Classes (ชั้นเรียน): the pupils of one school's rooms, as far as a person may see them, in the order of a list."""

from dataclasses import dataclass, field

from documents.dmc.students import Student
from documents.records import listing
from documents.records.codelists import code_list

# In which order a class is listed: name in the address, words.
ORDERS = {"number": "เลขประจำตัวนักเรียน", "name": "ชื่อ ก–ฮ", "sex": "ชายก่อนหญิง แล้วตามเลขประจำตัว"}
ASKED = ("grade", "room", "student_no", "title", "first_name", "middle_name", "last_name", "sex", "status",
         "suspended_flag")  # fmt: skip


@dataclass(frozen=True)
class SchoolClass:
    """One room of one grade: `pupils` are (student number, name, sex's code) in the order of the list."""

    grade: str | None
    room: int | None
    pupils: list = field(default_factory=list)

    @property
    def words(self):
        """ป.1 ห้อง 2; says so where a pupil has no grade or no room."""
        codes = code_list("GRADE")
        grade = (codes.short(self.grade) or codes.label(self.grade)) if self.grade else "ไม่ระบุชั้น"
        return f"{grade} ห้อง {self.room:,}" if self.room else f"{grade} ไม่ระบุห้อง"

    @property
    def boys(self):
        """How many of the pupils are boys."""
        return sum(sex == "M" for _, _, sex in self.pupils)

    @property
    def girls(self):
        """How many of the pupils are girls."""
        return sum(sex == "F" for _, _, sex in self.pupils)


def classes_of(user, round_, school, order="number"):
    """[SchoolClass] of a school in a round by grade and room, of the pupils who count; none without a right."""
    wanted = listing.Wanted(Student, round_.area_code, round_.academic_year, round_.code, school=school)
    found = {}
    for row in listing.all_of(wanted, user, dict.fromkeys(ASKED, 1)):
        if Student.tally(row).get("pupils"):
            found.setdefault((row.get("grade"), row.get("room")), []).append(row)
    return [
        SchoolClass(*place, [_told(row) for row in sorted(found[place], key=KEYS[order])])
        for place in sorted(found, key=_place_key)
    ]


def chosen(classes, grade="", room=""):
    """Those of the classes that a grade and a room ('' for all) leave; a room without its grade means nothing."""
    kept = [one for one in classes if not grade or one.grade == grade]
    return [one for one in kept if not (grade and room) or str(one.room or "") == room]


def _told(row):
    return row.get("student_no") or "", Student.headline(row), row.get("sex")


def _number_key(row):
    """Numbers by their size, '9' before '10'; the rows come in Thai order of names, which holds among equals."""
    number = row.get("student_no") or ""
    return number == "", len(number), number


KEYS = {
    "number": _number_key,
    "name": lambda row: 0,
    "sex": lambda row: (row.get("sex") != "M", *_number_key(row)),
}


def _place_key(place):
    grade, room = place
    order = {code: number for number, code in enumerate(code_list("GRADE").codes)}
    return order.get(grade, len(order)), room or 0
