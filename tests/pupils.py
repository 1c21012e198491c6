"""Made-up pupils for tests: complete, with numbers of the office 0000 that pass the checksum."""

from itertools import count

from documents.formats.citizen_id import check_digit

_serial = count(1)
HOME = {
    "reg_house_id": "34019999999",
    "reg_house_no": "12",
    "reg_subdistrict": "340101",
    "reg_district": "3401",
    "reg_province": "34",
    "reg_postcode": "34000",
}
FAMILY = {
    "father_first_name": "สมชาย",
    "father_last_name": "ใจดี",
    "mother_first_name": "สมหญิง",
    "mother_last_name": "ใจดี",
    "guardian_first_name": "สมชาย",
    "guardian_last_name": "ใจดี",
    "guardian_relation": "01",
}


def number():
    """The next made-up citizen number."""
    first12 = f"10000{next(_serial):07d}"
    return first12 + check_digit(first12)


def pupil(**more):
    """Values of a complete pupil; `more` replaces some, None leaves one out."""
    id_ = number()
    values = {
        "id_type": "I",
        "person_id": id_,
        "student_no": id_[5:12],
        "title": "001",
        "first_name": "กานต์",
        "last_name": "ใจดี",
        "sex": "M",
        "birth_date": "10/06/2558",
        "birth_province": "34",
        "nationality": "099",
        "race": "099",
        "religion": "001",
        "grade": "07",
        "room": 1,
        "weight_kg": 28.5,
        "height_cm": 130.0,
        "disadvantages": ["00"],
        "lacks_textbook": False,
        "lacks_lunch": False,
        "lacks_stationery": False,
        "lacks_uniform": False,
        "admission_date": "16/05/2565",
        "status": "enrolled",
    }
    return {name: value for name, value in (values | HOME | FAMILY | more).items() if value is not None}
