"""Made-up learners without papers for tests: complete requests, and one in whatever state is wanted."""

from documents.gcode import gcode_evidence, gcode_requests
from documents.gcode.gcode import GCodeRequest
from tests.people import AREA, SCHOOL

PDF = b"%PDF-1.4\n%%EOF\n"
LEARNER = {
    "first_name": "ซอ",
    "last_name": "แสงจันทร์",
    "native_name": "စော",
    "sex": "M",
    "birth_date": "10/06/2558",
    "birth_country": "MM",
    "birth_province": "เมาะลำไย",
    "nationality": "048",
    "race": "048",
    "grade": "07",
    "admission_date": "16/05/2568",
    "evidence_rank": "4",
    "mother_first_name": "มะ",
    "mother_last_name": "แสงจันทร์",
    "employer_name": "นายจ้าง ใจดี",
}


def learner(**more):
    """What is typed of a complete learner; `more` replaces some, None leaves one out."""
    return {name: value for name, value in (LEARNER | more).items() if value is not None}


def recorded(teacher, school=SCHOOL, *, evidence=True, over_warning="คนละคน", **more):
    """A stored draft, by default with all evidence that is required."""
    request = gcode_requests.record(AREA, school, learner(**more), teacher, over_warning)
    for kind in gcode_evidence.required_kinds(AREA) if evidence else ():
        request = gcode_evidence.attach(request, kind, PDF, teacher)
    return request


def sent(teacher, school=SCHOOL, **more):
    """A request that was sent."""
    return gcode_requests.step(recorded(teacher, school, **more), "send", teacher)


def checked(teacher, officer, school=SCHOOL, **more):
    """A request that an officer checked."""
    request = gcode_requests.step(sent(teacher, school, **more), "take", officer)
    return gcode_requests.step(request, "check", officer, told_apart="คนละคน ตรวจจากรูปถ่ายแล้ว")


def stored():
    """Every stored request, the first recorded first."""
    return list(GCodeRequest.objects().order_by("request_seq"))
