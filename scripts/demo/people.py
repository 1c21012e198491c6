"""The people of the demo: a data teacher and a director for every school, and the office.

Nine of them get a password and stand in DATA/demo-accounts.json; the others wait for their slips.
"""

import json
import os
from dataclasses import dataclass

from documents.database import collection
from documents.people import accounts, passwords, school_accounts
from documents.people.users import Grant, System, User
from documents.trail import history
from scripts.demo import names
from scripts.demo.chance import chance
from scripts.demo.plan import AREA
from scripts.folder import write_private

MAIL = "khet.example"
FILE = "demo-accounts.json"
OFFICE = (  # role, name before the @, position, whether with the mark for sensitive data
    ("district", "officer", "นักวิชาการศึกษาชำนาญการ กลุ่มนโยบายและแผน", True),
    ("district", "officer2", "เจ้าหน้าที่ระบบสารสนเทศ กลุ่มนโยบายและแผน", False),
    ("approver", "approver", "ผู้อำนวยการกลุ่มนโยบายและแผน", True),  # certifies learners by nationality, too
    ("executive", "executive", "ผู้อำนวยการสำนักงานเขตพื้นที่การศึกษา", False),
    ("admin", "admin", "นักวิชาการคอมพิวเตอร์ปฏิบัติการ", False),
)
SCHOOL_PEOPLE = (
    ("school", "teacher", "ครู ผู้รับผิดชอบงานข้อมูลสารสนเทศ"),
    ("director", "director", "ผู้อำนวยการโรงเรียน"),
)


@dataclass
class People:
    """Who acts in the story: the office by the name before the @, the schools' people by role and code."""

    office: dict
    schools: dict

    @classmethod
    def stored(cls):
        """The people as they are in the database."""
        found = list(User.objects(areas_listed=AREA))
        office = {user.email.split("@")[0]: user for user in found if not user.schools("school", "director")}
        at_schools = {
            (user.grants[0].role, user.grants[0].school_codes[0]): user
            for user in found
            if user.schools("school", "director")
        }
        return cls(office, at_schools)

    def of(self, role, code):
        """The teacher (`school`) or director of a school."""
        return self.schools[role, code]


def store(plans, data, actor=None):
    """Store everybody with the history's first event, and the accounts' file; gives the directors' names by school."""
    actor = actor or System("ระบบตัวอย่าง")
    rng = chance("people")
    everybody = [*office_people(rng), *school_people(rng, plans)]
    given = [give_password(plain) for plain in everybody if plain.pop("has_password")]
    order = [role for role, *_ in (*OFFICE, *SCHOOL_PEOPLE)]
    given.sort(key=lambda account: (order.index(account["role"]), account["email"]))
    events = [accounts.first_event(actor, plain, AREA, "ข้อมูลสาธิต") for plain in everybody]
    collection(User).insert_many(everybody)
    collection(history.AuditEvent).insert_many(events)
    write_private(data / FILE, json.dumps({"accounts": given}, ensure_ascii=False, indent=1) + "\n")
    return {
        plain["grants"][0]["school_codes"][0]: plain["name"]
        for plain in everybody
        if plain["grants"][0]["role"] == "director"
    }


def office_people(rng):
    """The stored forms of the office's people."""
    return [
        stored_form(rng, mail, position, Grant(role=role, area_code=AREA, sensitive=mark), True)
        for role, mail, position, mark in OFFICE
    ]


def school_people(rng, plans):
    """The stored forms of every school's teacher and director."""
    for plan in plans:
        for role, mail, position in SCHOOL_PEOPLE:
            mail = f"{mail}{plan.account}" if plan.account else school_accounts.PREFIX[role] + plan.code
            grant = Grant(role=role, area_code=AREA, school_codes=[plan.code])
            yield stored_form(rng, mail, f"{position}{plan.name}" if role == "director" else position,
                              grant, plan.account is not None)  # fmt: skip


def stored_form(rng, mail, position, grant, has_password):
    """One person as stored; `has_password` says whether to give one, and is taken off again."""
    man = rng.random() < (0.55 if grant.role == "director" else 0.3)
    title = "นาย" if man else rng.choice(("นาง", "นางสาว"))
    given = names.parent(rng, "M" if man else "F", 2530)
    name = f"{title}{given} {rng.choice(names.SURNAMES)}"
    kept = accounts.checked_person({"name": name, "email": f"{mail}@{MAIL}", "position": position})
    return accounts.stored_form(kept, [grant]) | {"has_password": has_password}


def give_password(plain):
    """Give an account its password, in place, and its line in the accounts' file."""
    password = os.environ.get("KHET_DEMO_PASSWORD") or passwords.first_password()
    plain |= {"password": passwords.hashed(password), "must_change_password": False}
    grant = plain["grants"][0]
    return {
        "role": grant["role"],
        "email": plain["email"],
        "password": password,
        "name": plain["name"],
        "scope": grant["school_codes"][0] if grant.get("school_codes") else grant["area_code"],
    }
