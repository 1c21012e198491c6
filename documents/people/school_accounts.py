"""All schools' accounts in one go: from the area's list of schools or a list of one's own; first a plan, then the deed."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from documents.background.job_access import get_job, still_holds
from documents.background.jobs import Job, job_kind
from documents.database import collection, in_transaction
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, RuleBroken
from documents.people import accounts, passwords
from documents.people.users import ROLES, SCHOOL_ROLES, Grant, User
from documents.trail import history

MOST = 2_000  # accounts in one go
AT_ONCE = 12  # made within a request; hashing a district's passwords takes many seconds and is a job
NONCE = 12  # bytes
DOMAIN = "school.khet"  # of accounts made up for schools without an e-mail: nothing is ever sent there
PREFIX = {"school": "", "director": "d"}


@dataclass(frozen=True)
class Wanted:
    """One line of a list: who is to have which role at which school. `row` counts from 1.

    `made_up` stands for an account name of our making, wanted only where nobody has the role at the school yet.
    """

    row: int
    school_code: str
    role: str
    email: str
    name: str = ""
    made_up: bool = False


@dataclass
class Plan:
    """What the list would do: `new` are (Wanted, School), `existing` Wanted who have it, `errors` (row, sentence)."""

    new: list = field(default_factory=list)
    existing: list = field(default_factory=list)
    errors: list = field(default_factory=list)


def wanted_from_schools(area_code, roles, domain=DOMAIN):
    """A line for each open school and role, with an account name made of the school's code."""
    schools = School.objects(area_code=area_code, status="open", kind="school").order_by("code")
    pairs = [(school, role) for school in schools for role in SCHOOL_ROLES if role in roles]
    return [
        Wanted(
            row,
            school.code,
            role,
            made_up_email(role, school.code, domain),
            f"{ROLES[role]} {school.name}",
            True,
        )
        for row, (school, role) in enumerate(pairs, 1)
    ]


def made_up_email(role, school_code, domain=DOMAIN):
    """The account name of a school that gave no e-mail: 34010001@school.khet, of its director d34010001@..."""
    return f"{PREFIX[role]}{school_code}@{domain}"


def plan(actor, area_code, wanted):
    """What making these accounts would do; stores nothing. Raises NotAllowed and, for an unusable list, Invalid."""
    if not accounts.administers(actor, area_code):
        raise NotAllowed("ท่านสร้างบัญชีได้เฉพาะในเขตที่ท่านเป็นผู้ดูแลระบบ")
    if not wanted:
        sentence = "ทะเบียนของเขตยังไม่มีโรงเรียนที่เปิดสอน กรุณาให้เจ้าหน้าที่เขตนำเข้ารายชื่อโรงเรียนก่อน"
        raise Invalid({0: {"rows": sentence}})
    if len(wanted) > MOST:
        raise Invalid({0: {"rows": f"รายการต้องไม่เกิน {MOST:,} แถว (มี {len(wanted):,})"}})
    schools = {school.code: school for school in School.objects(area_code=area_code)}
    people = {user.email: user for user in User.objects(email__in=[one.email for one in wanted])}
    found, seen, held = Plan(), set(), held_roles(area_code)
    for one in wanted:
        sentence = _wrong_with(one, schools, people.get(one.email), area_code, seen)
        seen.add(one.email)
        if sentence:
            found.errors.append((one.row, sentence))
        elif one.email in people or (one.made_up and (one.role, one.school_code) in held):
            found.existing.append(one)
        else:
            found.new.append((one, schools[one.school_code]))
    return found


def held_roles(area_code):
    """{(role, school code)} of every active account of the area's schools."""
    people = User.objects(areas_listed=area_code, active=True).only("grants")
    grants = [grant for user in people for grant in user.grants if grant.area_code == area_code]
    return {(grant.role, code) for grant in grants for code in grant.school_codes}


def _wrong_with(one, schools, holder, area_code, seen):
    """What is wrong with one line, or None."""
    if one.role not in SCHOOL_ROLES:
        return "บทบาทต้องเป็นครูข้อมูลโรงเรียนหรือผู้อำนวยการโรงเรียน"
    if one.school_code not in schools:
        return f"ไม่มีโรงเรียนรหัส {one.school_code[:20]} ในเขตนี้"
    if one.email in seen:
        return "อีเมลนี้ซ้ำกับแถวก่อนหน้า"
    if holder and not holder.holds(one.role, area_code, one.school_code):
        return "อีเมลนี้เป็นบัญชีของผู้อื่นหรือมีสิทธิ์อื่นอยู่แล้ว กรุณาแก้ที่บัญชีนั้น"
    try:
        accounts.checked_person({"name": one.name or "-", "email": one.email})
    except RuleBroken as error:
        return error.message
    return None


def make(actor, area_code, wanted, reason=None, progress=None, before=None):
    """Make every new account of the list, all or none; gives their slips in the list's order.

    `before` is called with the e-mails of the new accounts just before they are stored.
    Raises Invalid when the plan has an error, naming its first.
    """
    planned = plan(actor, area_code, wanted)
    if planned.errors:
        row, sentence = planned.errors[0]
        raise Invalid({0: {"rows": f"แถวที่ {row}: {sentence}"}})
    typed = [passwords.first_password() for _ in planned.new]
    hashes = list(_hashed(typed, progress))
    plain = [_plain(area_code, one, school) for one, school in planned.new]
    for each, stored in zip(plain, hashes, strict=True):
        each["password"] = stored
    events = [accounts.first_event(actor, each, area_code, reason) for each in plain]

    if before:
        before([each["email"] for each in plain])

    def work():
        if plain:
            collection(User).insert_many([dict(each) for each in plain])
            collection(history.AuditEvent).insert_many([dict(event) for event in events])

    in_transaction(work)
    return [
        accounts.Slip(each["name"], each["email"], password, school.name, ROLES[one.role])
        for each, password, (one, school) in zip(plain, typed, planned.new, strict=True)
    ]


def _hashed(typed, progress):
    """Yield the hash of each password, in order, telling how far it is."""
    if progress:
        progress.begin(len(typed), "บัญชี")
    with ThreadPoolExecutor() as pool:
        for number, stored in enumerate(pool.map(passwords.hashed, typed), 1):
            if progress:
                progress.at(number)
            yield stored


# ---- as a job: its slips are sealed until they are shown, once ----


@job_kind("school_accounts", "สร้างบัญชีทุกโรงเรียน", "Make accounts for all schools", cancellable=False)
def make_job(job, progress, wanted, emails=()):
    """Make accounts; run again after a run that stored them and was killed, those nobody used yet get new passwords."""
    mine = {"_id": job.id, "area_code": job.area_code}

    def before(new):
        collection(Job).update_one(mine, {"$set": {"arguments.emails": [*emails, *new]}})

    lines = [Wanted(**each) for each in wanted]
    slips = make(job.actor, job.area_code, lines, progress=progress, before=before)
    made = {slip.email for slip in slips}
    lost = User.objects(
        email__in=[each for each in emails if each not in made], must_change_password=True, login_count=0
    )
    slips += [accounts.reset(job.actor, person.id, "สลิปเดิมหายไปกับงานที่ถูกขัดจังหวะ") for person in lost]
    return {"summary": [f"สร้าง {len(slips):,} บัญชีแล้ว"], "sealed": _sealed(job.id, slips)}


def arguments_of(wanted):
    """The arguments of `make_job` for a list of Wanted: plain values."""
    return {"wanted": [asdict(one) for one in wanted]}


def take_slips(user, job_id):
    """The slips of a job, once, for who asked for it; they are gone with that.

    Raises OutOfScope for another's job, NotAllowed without the rights it ran with, RuleBroken where they were shown.
    """
    job = get_job(user, job_id)
    if job.owner != user.id or not still_holds(user, job.rights):
        raise NotAllowed("สลิปเปิดได้เฉพาะผู้สั่งสร้างบัญชี และเฉพาะเมื่อยังมีสิทธิ์เท่ากับตอนที่สั่ง")
    kept = {
        "_id": job.id,
        "area_code": job.area_code,
        "kind": "school_accounts",
        "result.sealed": {"$exists": True},
    }
    found = collection(Job).find_one_and_update(kept, {"$unset": {"result.sealed": ""}})
    if found is None:
        raise RuleBroken("สลิปชุดนี้แสดงไปแล้ว เปิดดูอีกไม่ได้ หากสลิปหาย ให้เปิดบัญชีนั้นแล้วตั้งรหัสผ่านใหม่")
    return _opened(job.id, found["result"]["sealed"])


def _seal():
    """The cipher of slips; its key follows from the one that lies outside the database."""
    return AESGCM(bytes.fromhex(history.keyed("slips of first passwords")))


def _sealed(job_id, slips):
    nonce = os.urandom(NONCE)
    plain = json.dumps([asdict(slip) for slip in slips]).encode()
    return base64.b64encode(nonce + _seal().encrypt(nonce, plain, str(job_id).encode())).decode()


def _opened(job_id, sealed):
    raw = base64.b64decode(sealed)
    plain = _seal().decrypt(raw[:NONCE], raw[NONCE:], str(job_id).encode())
    return [accounts.Slip(**each) for each in json.loads(plain)]


def _plain(area_code, one, school):
    grant = Grant(role=one.role, area_code=area_code, school_codes=[school.code])
    name = one.name or f"{ROLES[one.role]} {school.name}"
    kept = accounts.checked_person({"name": name, "email": one.email, "position": ROLES[one.role]})
    return accounts.stored_form(kept, [grant])
