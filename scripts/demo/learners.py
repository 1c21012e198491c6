"""Learners of the demo whose G-code the ministry's system gave before there was Khet: a certified request for each."""

import datetime as dt

from bson import ObjectId

from documents.gcode.gcode import GCodeRequest, keys_of
from documents.gcode.gcode_numbers import given
from documents.people.users import System
from documents.records.cases import advance, open_case
from documents.records.record import declared
from scripts.demo import moments
from scripts.demo.chance import chance
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR

WRITER = System("ระบบตัวอย่าง")
COUNTRIES = {
    "056": "LA",
    "048": "MM",
    "057": "KH",
    "046": "VN",
    "044": "CN",
}  # by nationality; of others it is not known
FROM_BEFORE = "ยกมาจากระบบของกระทรวง รหัสออกก่อนใช้ระบบนี้"
EACH = 100  # requests of a school and year at most: their numbers need no other school's
WHEN = {
    LAST_YEAR: (dt.date(2024, 5, 20), dt.date(2025, 2, 28)),
    THIS_YEAR: (dt.date(2025, 5, 19), dt.date(2025, 5, 27)),
}


def enter_codes(school, pupils, known):
    """Store a certified request for each pupil of a school who holds a G-code not among the `known`, which it adds to.

    Who moved within the cluster holds one code at two schools.
    """
    rng, used = chance(school.code, "gcode"), dict.fromkeys(WHEN, 0)
    for one in pupils:
        year = LAST_YEAR if one.last else THIS_YEAR
        values = one.this or one.last
        code = values.get("person_id")
        if values.get("id_type") != "G" or code in known:
            continue
        known.add(code)
        used[year] += 1
        moments.set_clock(moments.some(rng, 1, *WHEN[year])[0])
        certify(school, year, int(school.code[4:]) * EACH + used[year], values)


def certify(school, year, number, values):
    """Store one request as checked, and certify it under the code its pupil holds."""
    own = declared(GCodeRequest)
    made = GCodeRequest(
        area_code=AREA, school_code=school.code, school_name=school.name, state="checked", revision=1,
        request_year=year, request_seq=number, request_no=f"{year}-{number:04d}",
        birth_country=COUNTRIES.get(values["nationality"], "XX"), birth_province="ไม่ทราบ", evidence_rank="3",
        requested_on=values["admission_date"], registered=True,
        **{name: values[name] for name in own if name in values and name not in ("birth_province",)},
    )  # fmt: skip
    for name, value in keys_of(made.to_mongo()).items():
        made[name] = value
    stored = open_case(made, WRITER, FROM_BEFORE)
    values = given(stored, values["person_id"]) | {
        "learner_key": str(ObjectId()),
        "certified_by_name": WRITER.name,
    }
    values |= {"certified_by": WRITER.id, "certified_at": values["code_at"]}
    values |= keys_of(stored.to_mongo().to_dict() | values)
    advance(stored, "certify", WRITER, FROM_BEFORE, changes=values)
