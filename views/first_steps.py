"""First steps (เริ่มต้นใช้งาน): what a new installation needs before its first round is open, and who does it."""

from flask import url_for
from flask_login import current_user

from documents.collecting.rounds import Round
from documents.district.schools import School
from documents.people.users import User
from views import here

# (what, who does it, the page, how it is found done): in the order of the work.
STEPS = (
    ("สร้างบัญชีเจ้าหน้าที่", "admin", "users.create_view", lambda area: _people(area, "district", "approver")),
    ("นำเข้ารายชื่อโรงเรียน", "district", "schools.import_view", lambda area: _schools(area)),
    ("สร้างบัญชีทุกโรงเรียน", "admin", "users.schools_view", lambda area: _people(area, "school")),
    ("สร้างรอบของปี", "district", "rounds.create_view", lambda area: _rounds(area)),
    ("เสนอ สั่งการ และเปิดรอบ", "district", "rounds.index", lambda area: False),
)
WHO = {"admin": "ผู้ดูแลระบบ", "district": "เจ้าหน้าที่เขต"}


def first_steps(area, round_):
    """{items, next} of an area that has no open round yet, for those who prepare it; None for everybody else.

    `items` are steps as khet/parts.html draws them; `next` is (words, address) of the first that this person does.
    """
    if area is None or (round_ is not None and round_.state not in here.DRAFTS):
        return None
    if not any(current_user.holds(role, area) for role in WHO):
        return None
    items, following = [], None
    for words, role, endpoint, is_done in STEPS:
        done = is_done(area)
        items.append({"label": words, "note": WHO[role], "state": "done" if done else ""})
        if not done and following is None and current_user.holds(role, area):
            following = (words, url_for(endpoint))
    first_open = next((item for item in items if not item["state"]), None)
    if first_open:
        first_open["state"] = "now"
    return {"items": items, "next": following}


def _people(area, *roles):
    return all(
        User.objects(
            __raw__={"areas_listed": area, "grants": {"$elemMatch": {"area_code": area, "role": role}}}
        )
        .only("id")
        .first()
        for role in roles
    )


def _schools(area):
    return School.objects(area_code=area, kind="school").only("id").first() is not None


def _rounds(area):
    return Round.objects(area_code=area).only("id").first() is not None
