"""People who ask for an account in the demo: some wait for a check, one for the certification, one was returned."""

import io

from PIL import Image, ImageDraw

from documents.people import registering
from scripts.demo import moments, names
from scripts.demo.chance import chance
from scripts.demo.moments import at
from scripts.demo.people import MAIL
from scripts.demo.plan import AREA

# Day and hour, role, position, what became of it.
ASKED = (
    ((2025, 6, 4, 9, 40), "school", "ครู", "waiting"),
    ((2025, 6, 4, 10, 5), "director", "ผู้อำนวยการโรงเรียน", "waiting"),
    ((2025, 6, 4, 13, 20), "school", "ครูธุรการ", "checked"),
    ((2025, 6, 4, 14, 10), "school", "ครูชำนาญการ", "returned"),
    ((2025, 6, 5, 8, 35), "school", "ครูผู้ช่วย", "waiting"),
)
UNCLEAR = "ภาพหนังสือไม่ชัด อ่านเลขที่คำสั่งไม่ได้ กรุณาถ่ายใหม่"


def ask(plans, who):
    """Let some people of the first schools register, and the officer look at two of them."""
    rng, letter = chance("registrants"), _letter()
    schools = [plan for plan in plans if plan.account is None]
    for number, ((moment, role, position, became), school) in enumerate(zip(ASKED, schools, strict=False), 1):
        name = f"นางสาว{names.parent(rng, 'F', 2535)} {rng.choice(names.SURNAMES)}"
        moments.set_clock(at(*moment))
        typed = {"name": name, "email": f"registrant{number}@{MAIL}", "position": position, "role": role}
        case = registering.ask(
            AREA, typed | {"phone": f"045 000 0{number:02}", "school_code": school.code}, letter
        )
        officer = who.office["officer"]
        if became == "checked":
            registering.decide(case, "check", officer, typed={"beside": "second"})
        elif became == "returned":
            registering.decide(case, "return", officer, UNCLEAR)


def _letter():
    """A picture of a page with lines in the place of writing."""
    page = Image.new("RGB", (620, 877), "white")
    draw = ImageDraw.Draw(page)
    for line in range(26):
        draw.rectangle((70, 120 + 25 * line, 540 - 37 * (line % 3), 130 + 25 * line), fill=(200, 205, 210))
    draw.ellipse((270, 40, 350, 100), outline=(120, 130, 140), width=3)
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()
