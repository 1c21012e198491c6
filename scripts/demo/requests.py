"""G-code requests of the demo, in every state: drafts, what waits for the officer and the approver, and what has ended.

Made as people make them, at their moments; the learners and their papers are invented.
"""

import datetime as dt
import io

from PIL import Image, ImageDraw

from documents.formats import citizen_id
from documents.gcode import gcode_certifying, gcode_evidence, gcode_linking, gcode_requests
from documents.gcode.gcode_certifying import Chosen
from scripts.demo import moments
from scripts.demo.chance import chance
from scripts.demo.households import BURMESE, CAMBODIAN, LAO, given_name, surnames_of
from scripts.demo.plan import AREA

FIRST, LAST = dt.date(2025, 4, 21), dt.date(2025, 6, 4)
COUNTRIES = {LAO: ("LA", "จำปาสัก"), BURMESE: ("MM", "เมาะลำไย"), CAMBODIAN: ("KH", "สตึงแตรง")}
NATIONS = (LAO, LAO, LAO, BURMESE, LAO, CAMBODIAN)
# How far each goes, in turn: the first few are those of the schools whose people can sign in.
STORIES = (
    *("draft", "returned", "sent", "checked", "certified", "sent"),
    *("sent", "checking", "checked", "refused", "draft", "sent"),
    *("checked", "certified", "sent", "checking", "returned", "withdrawn"),
    *("sent", "checked", "replaced", "sent", "checking", "draft"),
    *("checked", "sent", "certified", "replaced", "checking", "sent"),
    *("checked", "returned", "certified", "refused", "sent", "twice"),
)
GRADES = ("02", "03", "04", "05", "06", "07", "08", "09")
EMPLOYERS = ("ไร่อ้อยบุญมา", "โรงสีข้าวทองใบ", "สวนยางพาราสุขใจ", "ฟาร์มโคนมภูผา", "โรงอิฐคำปุ่น")
OVER = "ตรวจดูรูปถ่ายและสอบถามผู้ปกครองแล้ว เป็นคนละคนกัน"
APART = "เทียบรูปถ่าย บิดามารดา และวันที่เข้าเรียนแล้ว เป็นคนละคนกัน"


def enter(plans, people):
    """Store a request for each of STORIES, in schools with pupils; those whose people can sign in come first."""
    rng = chance("gcode requests")
    open_ones = [school for school in plans if school.has_pupils]
    own = [school for school in open_ones if school.account]
    others = rng.sample(open_ones, min(len(open_ones), 18))
    schools = [*own, *own, *own, *others, *others, *others][: len(STORIES)]
    began = moments.some(rng, len(schools), FIRST, LAST)
    papers = {kind: paper(*look) for kind, look in PAPERS.items()}
    last = None
    for number, (school, story, moment) in enumerate(zip(schools, STORIES, began, strict=False)):
        typed = like(last) if story == "twice" else learner(rng, moment.date())
        last = typed
        _Story(people, school, rng, papers, moment, number).go(story, typed)


class _Story:
    """One request, from its first day on."""

    def __init__(self, people, school, rng, papers, moment, number):
        self.people, self.school, self.rng, self.papers = people, school, rng, papers
        self.moment, self.number, self.request = moment, number, None
        self.teacher = people.of("school", school.code)
        self.officer = people.office[rng.choice(("officer", "officer2"))]

    def later(self, least, most):
        """Some days on, within the story."""
        self.moment = min(
            self.moment + dt.timedelta(days=self.rng.randint(least, most), minutes=17), moments.NOW
        )
        moments.set_clock(min(self.moment, moments.NOW - dt.timedelta(minutes=40 - self.number)))

    def step(self, name, actor, reason=None, told_apart=None):
        """One step, a while after the last."""
        self.later(0, 6)
        self.request = gcode_requests.step(self.request, name, actor, reason, told_apart)

    def go(self, story, typed):
        """Record it, and take it as far as the story goes."""
        moments.set_clock(self.moment)
        self.request = gcode_requests.record(AREA, self.school.code, typed, self.teacher, OVER)
        wanted = gcode_evidence.required_kinds(AREA)
        for kind in wanted[: 1 if story == "draft" else None]:
            self.request = gcode_evidence.attach(self.request, kind, self.papers[kind], self.teacher)
        if story == "withdrawn":
            self.step("withdraw", self.teacher, "ผู้ปกครองพาย้ายกลับประเทศเดิมแล้ว")
        elif story != "draft":
            self.step("send", self.teacher)
            if story not in ("sent", "twice"):
                self.at_district(story)

    def at_district(self, story):
        """What the officer makes of it, and then the approver."""
        self.step("take", self.officer)
        if story == "returned":
            self.step("return", self.officer, "รูปถ่ายในแบบนักเรียนติด G ไม่ชัด กรุณาถ่ายใหม่และแนบอีกครั้ง")
        elif story == "refused":
            self.step("refuse", self.officer, "ผู้ปกครองแสดงสูติบัตรไทยภายหลัง ให้ใช้เลข 13 หลักในสูติบัตร")
        elif story != "checking":
            self.step("check", self.officer, told_apart=APART)
            if story != "checked":
                self.certified(story)

    def certified(self, story):
        """The approver certifies under the number that the ministry's system gave; some get 13 digits later."""
        self.later(1, 4)
        code = f"G6834{990_000 + self.number:08d}"
        chosen = Chosen(self.request, self.request.revision, code, code)
        self.request = gcode_certifying.certify(chosen, self.people.office["approver"])
        if story == "replaced":
            self.later(1, 5)
            first = f"000009{900_000 + self.number:06d}"
            number = first + citizen_id.check_digit(first)
            paper_ = self.papers["passport"]
            gcode_linking.replace(self.request, number, number, paper_, self.officer, "สำนักทะเบียนออกเลขให้แล้ว")


def learner(rng, day):
    """What is typed of an invented learner on a day."""
    nation = rng.choice(NATIONS)
    country, place = COUNTRIES[nation]
    sex, surname = rng.choice("MF"), rng.choice(surnames_of(nation))
    grade = rng.randrange(len(GRADES))
    born = dt.date(2020 - grade - rng.randint(0, 2), rng.randint(1, 12), rng.randint(1, 28))
    typed = {
        "title": "001" if sex == "M" else "002", "first_name": given_name(rng, nation, sex, born.year + 543, child=True),
        "last_name": surname, "sex": sex, "birth_date": born.isoformat(), "birth_country": country,
        "birth_province": place, "nationality": nation, "race": nation, "grade": GRADES[grade],
        "admission_date": str(day - dt.timedelta(days=rng.randint(3, 30))), "evidence_rank": rng.choice("34445"), "employer_name": rng.choice(EMPLOYERS),
        "guardian_relation": "02",
    }  # fmt: skip
    if grade < 2 or rng.random() < 0.3:
        typed |= {"birth_date": f"{born.year}-01-01", "birth_date_estimated": "1"}
    for who, of in (("father", "M"), ("mother", "F"), ("guardian", "F")):
        typed |= {
            f"{who}_first_name": given_name(rng, nation, of, 2525), f"{who}_last_name": surname, f"{who}_nationality": nation,
        }  # fmt: skip
    return typed


def like(typed):
    """The same learner once more, as another school might write the name."""
    return typed | {"first_name": f"{typed['first_name']}์".replace("์์", "์"), "employer_name": EMPLOYERS[0]}


PAPERS = {
    "form": ("แบบนักเรียนติด G", "#e8eef7", True),
    "passport": ("passport", "#f3e2df", False),
    "employer_house": ("house", "#e5efe3", False),
}


def paper(words, colour, with_photo):
    """A made-up paper as a JPEG: ruled lines and a place for a photograph, nobody's data."""
    picture = Image.new("RGB", (480, 680), colour)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((20, 20, 460, 660), outline="#8894a8", width=2)
    for line in range(12 + len(words) % 3):
        pen.line((50, 240 + line * 32, 430 - (line * 37) % 120, 240 + line * 32), fill="#a9b4c4", width=3)
    if with_photo:
        pen.rectangle((340, 50, 430, 165), fill="#c9d3e2", outline="#8894a8", width=2)
        pen.ellipse((365, 75, 405, 120), fill="#8c9ab0")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=70)
    return out.getvalue()
