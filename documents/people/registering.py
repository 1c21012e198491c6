"""What is done with registrations: asking, proving the e-mail, amending, inviting, deciding, and the account at the end.

Asking tells nobody whether an e-mail is known: whatever it is, the same is stored, in the same time, and the letter alone
says what is the matter. Where no mail goes out the district sees that the e-mail was not proven.
"""

import secrets
from datetime import timedelta

from documents import clock
from documents.clock import real_now, utc
from documents.database import collection
from documents.district.schools import School
from documents.errors import DuplicateKey, Invalid, NotAllowed, WrongState
from documents.formats import thai
from documents.notifying import mail
from documents.people import account_links, accounts, granting, passwords, postings
from documents.people.account_links import digest_of, front, letter, reachable
from documents.people.registrations import BESIDE, Registration, holders
from documents.people.users import ROLES, SCHOOL_ROLES, Grant, User
from documents.records import evidence
from documents.records.cases import advance, as_read, check_step, open_case, reason_of
from documents.trail import history
from documents.trail.history import naive_now
from documents.trail.refusals import noting_refusals

PROOF_FOR, AMEND_FOR = timedelta(days=3), timedelta(days=30)
CONFIRM_PAGE, AMEND_PAGE = "/register/confirm", "/register/amend"
SUBJECT_LINE = "คำขอลงทะเบียนระบบเขต"
SENT_EACH_HOUR = 3  # letters that one e-mail gets because somebody registers with it; a further one is stored and answered the same
TAKEN = "มีคำขอของอีเมลนี้รอเขตพิจารณาอยู่แล้ว ไม่ต้องส่งซ้ำ ผลจะแจ้งทางอีเมลนี้"
NO_LETTER = "กรุณาแนบหนังสือแต่งตั้งหรือหนังสือส่งตัวจากโรงเรียน (PDF, JPEG หรือ PNG)"
WAITS = ("waiting", "returned", "checked")


# ---- the registrant ----


def ask(area_code, typed, content):
    """Store a registration: `typed` holds name, email, position, phone, role and school_code, `content` the letter's bytes.

    Gives the Registration. Raises Invalid by field; never for an e-mail that is known already.
    """
    kept, school = _checked(area_code, typed, lacks=_wrong_with_letter(content))
    stored = _keep_letter(content, area_code)
    sends = reachable(kept["email"])
    token, quiet = secrets.token_urlsafe(32), _written_enough(area_code, kept["email"])
    case = Registration(
        **kept,
        **stored,
        area_code=area_code,
        school_code=school.code,
        school_name=school.name,
        state="asked" if sends else "waiting",
        link_digest=digest_of(token),
        link_until=real_now() + PROOF_FOR,
    )
    case = open_case(case, case.registrant)
    if sends:
        known = bool(User.objects(email=kept["email"]).first())
        if not quiet:
            _write_to(case, _known_letter(case) if known else _proof_letter(case, token), "activation")
    return case


def _written_enough(area_code, email):
    """Whether an e-mail had its letters of this hour, so that nobody's letter-box is filled by strangers who name it."""
    hour = {"area_code": area_code, "email": email, "asked_at": {"$gt": naive_now() - timedelta(hours=1)}}
    return collection(Registration).count_documents(hour, limit=SENT_EACH_HOUR) >= SENT_EACH_HOUR


def _proof_letter(case, token):
    return [
        f"มีผู้ขอลงทะเบียนใช้ระบบเขตด้วยอีเมลนี้ เป็น{ROLES[case.role]} {case.school_name} ถ้าเป็นท่าน กรุณายืนยันที่",
        front(f"{CONFIRM_PAGE}?t={token}"),
        f"ลิงก์นี้ใช้ได้ครั้งเดียว ภายใน {PROOF_FOR.days} วัน เมื่อยืนยันแล้วเขตจึงเห็นคำขอและตรวจสอบ ถ้าท่านไม่ได้ขอ ไม่ต้องทำอะไร คำขอจะถูกลบเอง",
    ]


def _known_letter(case):
    return [
        f"มีผู้ขอลงทะเบียนใช้ระบบเขตด้วยอีเมลนี้ เป็น{ROLES[case.role]} {case.school_name} แต่อีเมลนี้มีบัญชีอยู่แล้ว คำขอใหม่จะถูกลบเอง",
        f"ถ้าเป็นท่าน ให้เข้าสู่ระบบที่ {front('/login')} ลืมรหัสผ่านให้ขอใหม่ที่ {front('/password/forgot')}",
        "ถ้าย้ายโรงเรียนหรือเปลี่ยนหน้าที่ ให้แจ้งเจ้าหน้าที่เขตย้ายบัญชีเดิม ถ้าท่านไม่ได้ขอ ไม่ต้องทำอะไร",
    ]


def of_token(token, state):
    """The Registration whose last letter held this token, while it is in that state. Raises WrongState."""
    case = Registration.objects(link_digest=digest_of(token)).first()
    if case is None:
        raise WrongState("ลิงก์นี้ไม่ถูกต้อง หรือคำขอถูกลบไปแล้วเพราะไม่ได้ยืนยันในเวลา กรุณาลงทะเบียนใหม่")
    if case.state != state:
        raise WrongState(f"ลิงก์นี้ใช้ไปแล้ว คำขอของท่านอยู่ในสถานะ “{case.shown_state}” ไม่ต้องทำอะไรเพิ่ม")
    if utc(case.link_until) <= real_now():
        raise WrongState("ลิงก์นี้หมดอายุแล้ว กรุณาลงทะเบียนใหม่")
    return case


def prove(token):
    """The e-mail is the registrant's: now the district sees his registration. Raises WrongState; gives it fresh."""
    case = of_token(token, "asked")
    if User.objects(email=case.email).first():
        raise WrongState("อีเมลนี้มีบัญชีอยู่แล้ว ให้เข้าสู่ระบบ หรือกดลืมรหัสผ่านเพื่อตั้งรหัสผ่านใหม่")
    if Registration.objects(email=case.email, state__in=WAITS, area_code=case.area_code).first():
        raise WrongState(TAKEN)
    return advance(case, "prove", case.registrant, changes={"proven_at": naive_now()})


def amend(token, typed, content):
    """Send a returned registration again, its e-mail as it was; without a new letter the old one stays.

    Raises WrongState, Invalid by field; gives it fresh.
    """
    case = of_token(token, "returned")
    lacks = _wrong_with_letter(content) if content else {}
    kept, school = _checked(case.area_code, typed | {"email": case.email}, lacks=lacks)
    changes = kept | {"school_code": school.code, "school_name": school.name}
    stored = _keep_letter(content, case.area_code) if content else {}
    told = {
        name: [getattr(case, name), changes[name]] for name in changes if getattr(case, name) != changes[name]
    }
    done = advance(case, "amend", case.registrant, changes=changes | stored, noted={"changes": told})
    if stored:
        evidence.drop(case.letter)
    return done


def _checked(area_code, typed, contacts=True, lacks=()):
    """(what of the typed is stored, the School) once everything is right; `contacts` wants position and telephone.

    Raises Invalid by field, with `lacks` ({field: sentence}) told among them.
    """
    wrong = {}
    try:
        kept = accounts.checked_person(typed)
    except Invalid as error:
        kept, wrong = {}, dict(error.errors[0])
    kept["role"] = typed.get("role")
    if kept["role"] not in SCHOOL_ROLES:
        wrong["role"] = "กรุณาเลือกหน้าที่ของท่าน"
    for name, words in (("position", "ตำแหน่ง"), ("phone", "โทรศัพท์ที่เขตติดต่อได้")):
        if contacts and not thai.clean(typed.get(name)):
            wrong.setdefault(name, f"กรุณากรอก{words}")
    school = School.objects(area_code=area_code, code=typed.get("school_code") or "").first()
    if school is None or school.status != "open":
        wrong["school"] = "กรุณาเลือกโรงเรียนจากรายการ หรือพิมพ์รหัส 8 หลัก"
    wrong.update(lacks)
    if wrong:
        raise Invalid({0: wrong})
    return kept, school


def _wrong_with_letter(content):
    """{"letter": sentence} of a letter that lacks or is no picture or PDF, told together with what else is wrong."""
    if not content:
        return {"letter": NO_LETTER}
    try:
        evidence.accepted(content)
    except Invalid as error:
        return {"letter": error.message}
    return {}


def _keep_letter(content, area_code):
    """The fields of a letter that was sent along and is right, once it is stored."""
    kept = evidence.keep(content, area_code)
    return {
        "letter": kept.id,
        "letter_kind": kept.kind,
        "letter_size": kept.size,
        "letter_digest": kept.digest,
    }


# ---- the district and the approver ----


@noting_refusals(0)
def invite(actor, area_code, typed, reason=None):
    """An officer names who is to have a role at a school; that counts as his check. Gives the Registration.

    Raises NotAllowed, Invalid by field, or DuplicateKey for an e-mail that waits or has an account.
    """
    if not granting.checks(
        actor, typed.get("role") if typed.get("role") in SCHOOL_ROLES else "school", area_code
    ):
        raise NotAllowed("ท่านเชิญผู้ใช้ได้เฉพาะโรงเรียนในเขตที่ท่านเป็นเจ้าหน้าที่")
    kept, school = _checked(area_code, typed, contacts=False)
    if kept["email"] == getattr(actor, "email", None):
        raise NotAllowed("ท่านเชิญตนเองไม่ได้ กรุณาให้เจ้าหน้าที่คนอื่นเชิญ")
    if User.objects(email=kept["email"]).first():
        raise DuplicateKey("อีเมลนี้มีบัญชีอยู่แล้ว กรุณาย้ายหรือเพิ่มสิทธิ์ที่บัญชีเดิม")
    if Registration.objects(area_code=area_code, email=kept["email"], state__in=WAITS).first():
        raise DuplicateKey("มีคำขอของอีเมลนี้รอพิจารณาอยู่แล้ว กรุณาเปิดจากรายการคำขอ")
    beside = _decision(holders(area_code, school.code, kept["role"]), typed)
    case = Registration(
        **kept, **beside, area_code=area_code, school_code=school.code, school_name=school.name, state="checked",
        invited=True, checked_by=actor.id, checked_by_name=actor.name,
    )  # fmt: skip
    return open_case(case, actor, reason_of(reason, needed=False))


def _decision(there, typed):
    """What is decided about those who hold the role at the school already. Raises Invalid without a decision."""
    if not there:
        return {"beside": None, "replaces": None, "replaces_name": None}
    choice = typed.get("beside")
    if choice not in BESIDE:
        names = ", ".join(one.name for one in there)
        raise Invalid(
            {
                0: {
                    "beside": f"โรงเรียนนี้มี{ROLES[typed['role']]}อยู่แล้ว ({names}) กรุณาเลือกว่าให้แทนคนเดิมหรือเพิ่มเป็นอีกคน"
                }
            }
        )
    if choice == "second":
        return {"beside": choice, "replaces": None, "replaces_name": None}
    old = next((one for one in there if str(one.id) == str(typed.get("replaces"))), None)
    if old is None and len(there) == 1:
        old = there[0]
    if old is None:
        raise Invalid({0: {"replaces": "กรุณาเลือกว่าให้แทนใคร"}})
    return {"beside": choice, "replaces": old.id, "replaces_name": old.name}


@noting_refusals(2)
def decide(case, name, actor, reason=None, typed=None):
    """Make one step of the district's or the approver's; gives (the fresh Registration, a Slip or None).

    `typed` holds `beside` and `replaces` of a check. A slip comes with a certification where no letter can be sent.
    Raises what `cases.advance` raises, and DuplicateKey for an e-mail that has an account by now.
    """
    step = case.steps[name]
    check_step(case, step, actor, clock.now())
    said = reason_of(reason, needed=step.reason)
    if name == "certify":
        return _certify(case, actor, said)
    changes = {}
    if name == "check":
        there = holders(case.area_code, case.school_code, case.role)
        decided = _decision(there, (typed or {}) | {"role": case.role})
        changes = {"checked_by": actor.id, "checked_by_name": actor.name, **decided}
    token = secrets.token_urlsafe(32)
    if name == "return":
        changes = {"link_digest": digest_of(token), "link_until": real_now() + AMEND_FOR}
    if step.to == "refused":
        changes |= {"letter": None}
    done = advance(case, name, actor, said, changes=changes, noted=_told(changes))
    if step.to == "refused":
        if case.letter:
            evidence.drop(case.letter)
        _write_to(case, _refusal_letter(case, said))
    elif name == "return":
        _write_to(case, _return_letter(case, said, token))
    return done, None


def _refusal_letter(case, said):
    return [
        f"เขตไม่รับรองคำขอของท่าน ({case.school_name})",
        f"เหตุผล: {said}",
        "สอบถามได้ที่เจ้าหน้าที่เขต หรือลงทะเบียนใหม่เมื่อแก้ไขแล้ว",
    ]


def _return_letter(case, said, token):
    return [
        f"เขตส่งคำขอของท่านกลับให้แก้ไข ({case.school_name})",
        f"สิ่งที่ต้องแก้: {said}",
        f"แก้ไขแล้วส่งใหม่ได้ที่ {front(f'{AMEND_PAGE}?t={token}')}",
        f"ลิงก์นี้ใช้ได้ภายใน {AMEND_FOR.days} วัน",
    ]


def _told(changes):
    """What the row of a step keeps of a decision."""
    return {name: changes[name] for name in ("beside", "replaces_name") if changes.get(name)}


def _write_to(case, paragraphs, kind="account"):
    if reachable(case.email):
        mail.send(case.email, SUBJECT_LINE, letter([f"เรียน {case.name}", *paragraphs]), kind, case.area_code)


# ---- the account at the end ----


def _certify(case, actor, said):
    """Store the step, the account or its new grant, and what ends with it, all or none; then send the letter."""
    if not collection(Registration).find_one(as_read(case), {"_id": 1}):
        raise WrongState(f"มีผู้ทำรายการใน{case.label}นี้ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")
    old, grant = _present_account(case), _grant_of(case)
    if sentence := accounts.wrong_with(grant):
        raise WrongState(sentence)
    slip, password, by_mail = None, passwords.first_password(), reachable(case.email)
    plain = None
    if old is None:
        typed = {name: getattr(case, name) or "" for name in accounts.PERSONAL}
        plain = accounts.stored_form(typed, [grant])
        if not by_mail:
            plain["password"] = passwords.hashed(password)
    id_, why = old.id if old else plain["_id"], said or "รับรองคำขอลงทะเบียน"

    def work():
        advance(case, "certify", actor, said, changes={"account": id_})
        if plain:
            collection(User).insert_one(dict(plain))
            event = accounts.first_event(actor, plain, case.area_code, why)
            collection(history.AuditEvent).insert_one(dict(event))
        else:
            postings.give(actor, old, grant, why)
        if case.replaces and case.replaces != id_:
            _end_role(case, actor)

    accounts.unique_email(case.email if plain else None, id_, work)
    fresh = Registration.objects(area_code=case.area_code, id=case.id).get()
    person = User.objects.get(id=id_)
    place = f"{ROLES[case.role]} {case.school_name}"
    if old:
        said_of_account = f"เขตรับรองคำขอของท่านแล้ว บัญชีเดิมของท่านใช้งานเป็น{place}ได้ทันที"
        _write_to(case, [said_of_account, f"เข้าสู่ระบบที่ {front('/login')}"])
    elif by_mail:
        account_links.send_activation(person, place)
    else:
        slip = accounts.slip_of(person, password)
    return fresh, slip


def _present_account(case):
    """The account that has the e-mail already, or None. Raises DuplicateKey where it is not proven to be his, WrongState
    where it is suspended.
    """
    old = User.objects(email=case.email).first()
    if old is not None and not case.is_proven:
        raise DuplicateKey("อีเมลนี้มีบัญชีอยู่แล้วและไม่ได้ยืนยันว่าเป็นของผู้ขอ กรุณาไม่รับรอง แล้วให้เขตเพิ่มสิทธิ์ที่บัญชีเดิม")
    if old is not None and not old.active:
        raise WrongState("อีเมลนี้มีบัญชีที่ถูกระงับอยู่ กรุณาให้ผู้ดูแลระบบเปิดใช้บัญชีนั้นก่อน แล้วจึงรับรอง")
    return old


def _grant_of(case):
    return Grant(role=case.role, area_code=case.area_code, school_codes=[case.school_code])


def _end_role(case, actor):
    """Inside the transaction: whoever is replaced holds the role at this school no longer."""
    person = User.objects(id=case.replaces).first()
    if person is None:
        return
    postings.take(actor, person, _grant_of(case), f"{case.name} มาทำหน้าที่แทน")


# ---- tidying ----


def forget_unproven():
    """Delete the registrations whose e-mail was not proven in time, with their letters; gives how many."""
    gone = 0
    over = {"state": "asked", "link_until": {"$lt": real_now()}}
    for row in collection(Registration).find(over, {"letter": 1, "area_code": 1}):
        still = {"_id": row["_id"], "area_code": row["area_code"], "state": "asked"}
        if collection(Registration).delete_one(still).deleted_count:
            gone += 1
            if row.get("letter"):
                evidence.drop(row["letter"])
    return gone
