"""Promotion (เลื่อนชั้น): what becomes of a pupil when a round begins with what the one before it ended with.

Whoever left stands as such in the round in which he left, and is carried no further. Within a year all others are copied
as they stand. At a new year those who study go up a grade, those who failed stay, and those who finished graduate: by the
result that the year-end round recorded (domain.md 3.1.3); of whom it recorded none are taken to have passed, and are told apart. Whoever finished ป.6 or ม.3 and goes on in the same school,
which teaches the next grade, goes up there.
"""

from documents.dmc import counting
from documents.dmc.standing import AWAITING
from documents.records.codelists import code_list

READ = ("grade", "status", "suspended_flag", "year_result", "destination")
OUTCOMES = {
    "promoted": ("เลื่อนชั้น", "Promoted", "veri"),
    "promoted_unsaid": ("เลื่อนชั้น ทั้งที่ไม่มีผลสิ้นปี", "Promoted without a result", "late"),
    "kept": ("เรียนซ้ำชั้น", "Kept back", "back"),
    "stays": ("แขวนลอย คงชั้นเดิม", "Suspended, stays in the grade", "idle"),
    "graduated": ("เรียนจบ ไม่ยกมา", "Graduated, left out", "cert"),
    "graduated_unsaid": (
        "เรียนจบชั้นสูงสุด ทั้งที่ไม่มีผลสิ้นปี ไม่ยกมา",
        "Finished the last grade without a result, left out",
        "late",
    ),
    "left_school": ("ออกจากโรงเรียนแล้ว ไม่ยกมา", "Left the school, left out", "idle"),
    "left_waiting": ("รอย้ายเข้า ไม่ยกมา", "Awaiting move-in, left out", "idle"),
}
OF_THE_YEAR = ("year_result", "fail_reasons", "destination", "years_taken")


def outcome(values, from_round, to_round, taught=None):
    """(name of what becomes of a pupil, his values in the later round or None)."""
    if values.get("status") == AWAITING:
        return "left_waiting", None  # he belongs to his request, in the round it was made in
    if not code_list("STATUS").fact(values.get("status"), "on_roll"):
        return "left_school", None
    if to_round.academic_year == from_round.academic_year:
        return "carried", values
    if not counting.is_counted(values):
        return "stays", _anew(values, values.get("grade"))
    if values.get("year_result") == "repeat":
        return "kept", _anew(values, values.get("grade"))
    higher = code_list("GRADE").fact(values.get("grade"), "next")
    goes_on = values.get("year_result") != "graduated" or code_list("DESTINATION").fact(
        values.get("destination"), "same_school"
    )
    unsaid = "" if values.get("year_result") else "_unsaid"
    if not higher or not goes_on or (taught and values["grade"] >= taught[1]):
        return f"graduated{unsaid}", None
    return f"promoted{unsaid}", _anew(values, higher)


def _anew(values, grade):
    """The values with which a year begins: in a grade, enrolled, without the results of the last one."""
    kept = {name: value for name, value in values.items() if name not in OF_THE_YEAR}
    return kept | {
        "grade": grade,
        "status": "suspended" if values.get("status") == "suspended" else "enrolled",
    }
