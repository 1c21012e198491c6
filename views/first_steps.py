"""First steps (เริ่มต้นใช้งาน): what a new installation needs before its first round is open, and who does it."""

from flask import url_for
from flask_login import current_user

from documents.collecting.rounds import Round
from documents.district.schools import School
from documents.people.users import ROLES, User
from views import here

OFFICE = ("district", "approver", "executive")  # without one of them no round is proposed, ordered and opened
# (what, who does it, the page): in the order of the work; `_done` says how far it is.
STEPS = (
    ("สร้างบัญชีเจ้าหน้าที่", "admin", "users.create_view"),
    ("นำเข้ารายชื่อโรงเรียน", "district", "schools.import_view"),
    ("สร้างบัญชีทุกโรงเรียน", "admin", "users.schools_view"),
    ("สร้างรอบของปี", "district", "rounds.create_view"),
    ("เสนอรอบ", "district", "rounds.index"),
    ("สั่งการ", "executive", "rounds.index"),
    ("เปิดรอบ", "approver", "rounds.index"),
)
AFTER = {2: 1, 4: 3, 5: 4, 6: 5}  # which step cannot be made before which other


def first_steps(area, round_):
    """{items, next} of an area that has no open round yet, for those who prepare it; None for everybody else.

    `items` are steps as khet/parts.html draws them; `next` is (words, address) of the first that this person can do now.
    """
    if area is None or (round_ is not None and round_.state not in here.DRAFTS):
        return None
    if not any(current_user.holds(role, area) for role in (*OFFICE, "admin")):
        return None
    rounds = list(Round.objects(area_code=area).only("state", "order"))
    if any(each.state not in here.DRAFTS for each in rounds):
        return None
    missing = [role for role in OFFICE if not _has(area, role)]
    done = _done(area, rounds, missing)
    items, following = [], None
    for number, (words, role, endpoint) in enumerate(STEPS):
        lacks = (
            [f"ยังไม่มี{ROLES[each]}" for each in missing] if not number and len(missing) < len(OFFICE) else ()
        )
        note = " · ".join((ROLES[role], *lacks))
        items.append({"label": words, "note": note, "state": "done" if done[number] else ""})
        ready = not done[number] and (number not in AFTER or done[AFTER[number]])
        if ready and following is None and current_user.holds(role, area):
            following = (words, url_for(endpoint))
    next(item for item in items if not item["state"])["state"] = "now"
    return {"items": items, "next": following}


def _done(area, rounds, missing):
    """Whether each of STEPS is done; the last never is, since an open round ends them."""
    proposed = [each for each in rounds if each.state == "proposed"]
    schools = School.objects(area_code=area, kind="school").only("id").first() is not None
    ordered = any(each.order for each in proposed)
    return (not missing, schools, _has(area, "school"), bool(rounds), bool(proposed), ordered, False)


def _has(area, role):
    """Whether somebody holds the role in the area."""
    held = {"areas_listed": area, "grants": {"$elemMatch": {"area_code": area, "role": role}}}
    return User.objects(__raw__=held).only("id").first() is not None
