"""Learners with a G-code who have no 13-digit number yet (ยังไม่ได้เลข 13 หลัก), by the age of the case; and the register.

The school works with the registration office until the child has a number; the list says for whom, the oldest case
first. Source: domain.md 3.3.2 (S20).
"""

from documents import clock
from documents.clock import utc
from documents.collecting.rounds import DRAFTS, Round
from documents.database import collection
from documents.errors import OutOfScope
from documents.gcode.gcode import GCodeRequest, visible_to
from documents.gcode.gcode_linking import in_dmc
from documents.people import access

BANDS = (
    (30, "ไม่ถึง 30 วัน"),
    (90, "30–89 วัน"),
    (180, "90–179 วัน"),
    (365, "180–364 วัน"),
    (None, "1 ปีขึ้นไป"),
)
NEEDED = dict.fromkeys(
    ("area_code", "school_code", "school_name", "request_no", "request_year", "title", "first_name", "last_name", "sex",
     "birth_date", "nationality", "grade", "state", "code", "code_kind", "code_at", "new_number", "replaced_on"), 1
)  # fmt: skip
BATCH = 1000


def learners_without(user, area_code, school=None):
    """Yield (request, whether its code stands in DMC's newest round) of each certified learner without a 13-digit number.

    The oldest case first; requests are plain dicts. Raises OutOfScope for another's school.
    """
    asked = _asked(user, area_code, school) | {"state": "certified", "code": {"$type": "string"}}
    found = list(
        collection(GCodeRequest).find(asked, NEEDED, batch_size=BATCH).sort([("code_at", 1), ("_id", 1)])
    )
    round_ = newest_round(area_code)
    there = in_dmc(area_code, [row["code"] for row in found], round_) if round_ and found else set()
    return [(row, row["code"] in there) for row in found]


def register_of(user, area_code, school=None):
    """Yield (request, whether what is sensitive is shown) of each that was given a code, in the order of the codes' days.

    Raises OutOfScope for anyone but an officer or approver: the register is theirs alone (domain.md 3.3).
    """
    if not user.is_system and not any(user.holds(role, area_code) for role in access.AREA_READERS):
        raise OutOfScope("ทะเบียนรหัส G เปิดได้เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขต")
    sensitive = access.sees_sensitive(user, area_code)
    asked = _asked(user, area_code, school) | {"code_at": {"$type": "date"}}
    for row in (
        collection(GCodeRequest).find(asked, NEEDED, batch_size=BATCH).sort([("code_at", 1), ("_id", 1)])
    ):
        yield row, sensitive


def _asked(user, area_code, school):
    if school and not access.sees(user, area_code, school):
        raise OutOfScope()
    scope = {} if user.is_system else visible_to(user)
    return {"$and": [{"area_code": area_code}, scope]} | ({"school_code": school} if school else {})


def newest_round(area_code):
    """The area's newest DMC round that was opened, or None."""
    found = Round.objects(area_code=area_code, subsystem="DMC", state__nin=list(DRAFTS))
    return found.order_by("-academic_year", "-code").first()


def days_since(instant):
    """Whole days from a stored instant to today, by Bangkok's days."""
    return (clock.today() - clock.in_bangkok(utc(instant)).date()).days


def age_words(days):
    """The band of an age in days."""
    return next(words for most, words in BANDS if most is None or days < most)
