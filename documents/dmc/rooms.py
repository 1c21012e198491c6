"""Declared rooms (จำนวนห้องเรียน): how many rooms a school has of each grade in a round; frozen with it."""

from documents.database import collection
from documents.records.fields import choice, count
from documents.records.record import Record


class SchoolRooms(Record):
    """One grade of one school in one round, and its number of rooms. Source: DMC menu 2.2 (domain.md 3.1.3)."""

    grade = choice("ชั้น", "GRADE", en="Grade", required=True)
    rooms = count("จำนวนห้องเรียน", en="Rooms", unit="ห้อง", min_value=0, max_value=99, required=True)

    slug = "rooms"
    label = "จำนวนห้องเรียน"
    label_en = "Classrooms"
    subsystem = "DMC"
    key = ("grade",)
    grid = ("school_code", "grade", "rooms")
    cells = ("rooms",)
    filters = ("grade",)
    search = ("grade",)
    order = ("grade",)

    meta = {"collection": "school_rounds"}

    tallied = ("rooms",)
    listed = False  # they stand beside the pupils of each grade

    @classmethod
    def tally(cls, values):
        """One grade (its row), and its rooms."""
        return {"rooms": 1, "classrooms": values.get("rooms") or 0}


def rooms_of(area_code, academic_year, round_code, school_code):
    """{grade: rooms} that a school declared in a round."""
    place = {
        "area_code": area_code,
        "academic_year": academic_year,
        "school_code": school_code,
        "round": round_code,
    }
    rows = collection(SchoolRooms).find(place, {"grade": 1, "rooms": 1})
    # Put in order here: no index gives a dozen rows by grade.
    return {
        row.get("grade"): row.get("rooms") or 0
        for row in sorted(rows, key=lambda row: row.get("grade") or "")
    }
