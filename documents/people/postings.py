"""Where people work (การย้ายและการพ้นหน้าที่): roles at schools given, moved to another school, ended when somebody leaves.

The district does it for the roles of schools, an administrator for those of his areas (`granting.py`). Whoever loses his
last role keeps it on a suspended account, so that the history still names him and he can be taken back.
"""

from documents.database import in_transaction
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.people import accounts, granting
from documents.people.users import ROLES, SCHOOL_ROLES, Grant, User
from documents.records.cases import reason_of
from documents.trail.refusals import noting_refusals


def scope(actor, area_code):
    """The filter of the accounts of an area's schools that this person looks after."""
    if not any(actor.holds(role, area_code) for role in granting.OF_SCHOOL.kept_by):
        return {"_id": None}
    held = {"$elemMatch": {"role": {"$in": list(SCHOOL_ROLES)}, "area_code": area_code}}
    return {"areas_listed": area_code, "grants": held}


def find(actor, area_code, person_id):
    """The account of a school's person that the actor looks after. Raises OutOfScope for any other id."""
    person = None
    if (oid := accounts.object_id(person_id)) is not None:
        person = User.objects(__raw__={"$and": [{"_id": oid}, scope(actor, area_code)]}).first()
    if person is None:
        raise OutOfScope("ไม่พบบัญชีนี้ในโรงเรียนของเขตที่ท่านดูแล")
    return person


def school_grants(person, area_code):
    """[(role, school code)] of a person's roles at schools of the area."""
    grants = [one for one in person.grants if one.area_code == area_code and one.role in SCHOOL_ROLES]
    return [(one.role, code) for one in grants for code in one.school_codes]


# ---- within an open transaction ----


def give(actor, person, grant, reason):
    """Add a grant to an account as it was read."""
    grants = accounts.merged([*person.grants, grant])
    accounts.store_change(actor, person, {"grants": grants}, person.revision, "update", reason)


def take(actor, person, grant, reason, action="leave"):
    """Take the schools of a grant from an account as it was read; of the last role, suspend it. Nothing where it is not held."""
    grants = _without(person.grants, grant)
    if accounts.told_value("grants", grants) == accounts.told_value("grants", person.grants):
        return  # he holds it no longer
    if grants:
        accounts.store_change(actor, person, {"grants": grants}, person.revision, action, reason)
    else:
        values = {"active": False}
        accounts.store_change(actor, person, values, person.revision, action, reason, ends_sessions=True)


def _without(grants, gone):
    left = []
    for one in grants:
        codes = one.school_codes
        if (one.role, one.area_code) == (gone.role, gone.area_code):
            codes = [code for code in codes if code not in gone.school_codes]
        if codes or one.role not in SCHOOL_ROLES:
            left.append(
                Grant(role=one.role, area_code=one.area_code, school_codes=codes, sensitive=one.sensitive)
            )
    return left


# ---- what the district does ----


@noting_refusals(0)
def leave(actor, person_id, area_code, role, school_code, reason):
    """End somebody's role at a school: he left, retired, or has other duties. Gives the account as it is then.

    Raises OutOfScope, NotAllowed for one's own account, Invalid without a reason, WrongState where he has no such role.
    """
    person = _person(actor, person_id, area_code, role, school_code)
    said = reason_of(reason)
    if not person.active:
        raise WrongState("บัญชีนี้ถูกระงับอยู่แล้ว")
    gone = Grant(role=role, area_code=area_code, school_codes=[school_code])
    in_transaction(lambda: take(actor, person, gone, said))
    return User.objects.get(id=person.id)


@noting_refusals(0)
def transfer(actor, person_id, area_code, role, school_code, to_code, reason):
    """Move somebody's role from one school of the area to another; it holds at his next request. Gives the account.

    Raises what `leave` raises, and Invalid for a school that is not there, is closed, or is the same.
    """
    person = _person(actor, person_id, area_code, role, school_code)
    to = School.objects(area_code=area_code, code=thai.arabic_digits(to_code or "").strip()[:8]).first()
    wrong = {}
    if to is None or to.status != "open":
        wrong["to"] = "กรุณาเลือกโรงเรียนปลายทางในเขตนี้จากรายการ ย้ายข้ามเขตให้เขตปลายทางรับลงทะเบียนด้วยอีเมลเดิม"
    elif to.code == school_code:
        wrong["to"] = "โรงเรียนปลายทางคือโรงเรียนเดิม กรุณาเลือกโรงเรียนอื่น"
    if wrong:
        raise Invalid({0: wrong})
    said = reason_of(reason)
    if not person.active:
        raise WrongState("บัญชีนี้ถูกระงับอยู่ กรุณาเปิดใช้บัญชีก่อนย้าย")
    gone = Grant(role=role, area_code=area_code, school_codes=[school_code])
    come = Grant(role=role, area_code=area_code, school_codes=[to.code])
    grants = accounts.merged([*_without(person.grants, gone), come])

    def work():
        accounts.store_change(actor, person, {"grants": grants}, person.revision, "transfer", said)

    in_transaction(work)
    return User.objects.get(id=person.id)


def _person(actor, person_id, area_code, role, school_code):
    person = find(actor, area_code, person_id)
    granting.require_other(actor, person.id)
    if role not in SCHOOL_ROLES or (role, school_code) not in school_grants(person, area_code):
        words = ROLES.get(role, "บทบาท")
        raise WrongState(f"บัญชีนี้ไม่ได้เป็น{words}ของโรงเรียนนี้แล้ว กรุณาเปิดหน้านี้ใหม่")
    if not granting.keeps(actor, Grant(role=role, area_code=area_code, school_codes=[school_code])):
        raise NotAllowed("ท่านจัดการบัญชีของโรงเรียนได้เฉพาะในเขตที่ท่านดูแล")
    return person
