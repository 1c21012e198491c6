"""What the demo's area added in the browser: a field of technology, and a survey of drinking water with five fields.

The survey is half-way: about every second school has answered it, and some of those have confirmed.
"""

import datetime as dt

from documents.checking import findings
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.records import surveys
from documents.records.change import Change
from documents.records.codelists import code_list, of_area
from documents.records.declarations import declaration
from documents.records.defining import define
from documents.records.fields import INTERNAL
from documents.records.record import Place, declared
from scripts.demo import calendar_of_rounds, moments
from scripts.demo.chance import chance
from scripts.demo.entering import put
from scripts.demo.plan import AREA
from scripts.demo.pupils import THIS_YEAR

KEY, NAME = "water", "สำรวจน้ำดื่มในโรงเรียน"
SUBSYSTEM, CODE = f"{AREA}-{KEY}", f"{KEY}-1"
OPENS, CLOSES = dt.date(2025, 5, 26), dt.date(2025, 6, 20)
SOURCES = ("น้ำประปา", "น้ำบาดาล", "น้ำฝน", "น้ำบรรจุถัง")
PROBLEMS = ("", "", "", "เครื่องกรองน้ำชำรุด รอซ่อม", "น้ำไม่พอในฤดูแล้ง", "น้ำมีสีขุ่นหลังฝนตก")
EVERYWHERE = {
    "in_grid": True,
    "in_export": True,
    "filterable": True,
    "personal": INTERNAL,
    "first_year": THIS_YEAR,
}
PRINTERS = {"key": "printers", "kind": "number", "label": "จำนวนเครื่องพิมพ์", "label_en": "Printers", "unit": "เครื่อง", "high": 500,
            "help": "นับเฉพาะเครื่องที่ใช้งานได้"}  # fmt: skip
QUESTIONS = (
    {"key": "points", "kind": "number", "label": "จุดบริการน้ำดื่ม", "label_en": "Drinking points", "unit": "จุด", "high": 200,
     "required": True},
    {"key": "source", "kind": "choice", "label": "แหล่งน้ำดื่มหลัก", "label_en": "Main source", "options": "\n".join(SOURCES),
     "required": True},
    {"key": "tested", "kind": "date", "label": "ตรวจคุณภาพน้ำครั้งล่าสุด", "label_en": "Last tested"},
    {"key": "passed", "kind": "flag", "label": "ผลตรวจผ่านเกณฑ์", "label_en": "Passed"},
    {"key": "problem", "kind": "text", "label": "ปัญหาที่พบ", "label_en": "Problems", "longest": 300},
)  # fmt: skip


def prepare(people):
    """The administrator adds the field and makes the survey, and its round is opened like any other."""
    admin = people.office["admin"]
    moments.set_clock(moments.at(2025, 5, 12, 10, 15))
    define(AREA, "technology", EVERYWHERE | PRINTERS, admin, "สพฐ. ขอเพิ่มในปี 2568")
    moments.set_clock(moments.at(2025, 5, 14, 13, 30))
    made = surveys.make_survey(
        AREA,
        {"key": KEY, "name": NAME, "name_en": "Drinking water at school", "single": True,
         "about": "ตอบโรงเรียนละหนึ่งชุด เพื่อวางแผนติดตั้งเครื่องกรองน้ำ"},
        admin,
    )  # fmt: skip
    for question in QUESTIONS:
        define(AREA, SUBSYSTEM, EVERYWHERE | question, admin)
    moments.set_clock(moments.at(2025, 5, 15, 9))
    draft = surveys.give_round(made, THIS_YEAR, OPENS, CLOSES, admin)
    calendar_of_rounds.open_one(draft, people, moments.at(2025, 5, 16, 9, 20), "ศธ 04184/1502", NAME)


def printers(school):
    """{name: value} of a school's answer to the added field of technology; some have not got to it."""
    rng = chance(school.code, "printers")
    return {"x_printers": 1 + school.pupils // 90 + rng.randint(0, 2)} if rng.random() < 0.7 else {}


def enter(plans, people):
    """Store the answers of one cluster's schools; every third of them confirms."""
    answering = [school for school in plans if chance(school.code, KEY).random() < 0.5]
    if not answering:
        return
    moments.set_clock(
        moments.some(
            chance(answering[0].code, KEY, "written"), 1, OPENS + dt.timedelta(days=1), dt.date(2025, 6, 4)
        )[0]
    )
    document = declaration(surveys.document_of(SUBSYSTEM), AREA, THIS_YEAR)
    with of_area(AREA):
        sources = list(code_list(declared(document)["x_source"].codelist).codes)
        put([Change(document, place(school), answer_of(school, sources)) for school in answering])
    moments.set_clock(moments.at(2025, 6, 4, 16, 5))
    for school in answering[::3]:
        submission = find_submission(SUBSYSTEM, place(school))
        findings.refresh(submission)
        move(submission, "confirm", people.of("school", school.code))


def place(school):
    """A school's place in the survey's round."""
    return Place(AREA, THIS_YEAR, CODE, school.code)


def answer_of(school, sources):
    """What a school answers; `sources` are the codes of SOURCES."""
    rng = chance(school.code, KEY, "answer")
    values = {
        "x_points": 1 + school.pupils // 60 + rng.randint(0, 2),
        "x_source": rng.choices(sources, (55, 15, 18, 12))[0],
        "x_problem": rng.choice(PROBLEMS) or None,
    }
    if rng.random() < 0.8:
        tested = dt.date(2025, 1, 6) + dt.timedelta(days=rng.randint(0, 140))
        values |= {"x_tested": tested.isoformat(), "x_passed": rng.random() < 0.85}
    return {name: value for name, value in values.items() if value is not None}
