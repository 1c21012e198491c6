"""Two-step sign-in (ยืนยันตัวตนสองชั้น): after the password, a code of an authenticator app or one of ten recovery codes.

Codes are those of RFC 6238 (six digits, 30 seconds), by the library Flask-Security uses; none is taken twice. Secrets are
sealed with a key that lies outside the database, recovery codes kept only as keyed digests: a copy of the database lets
nobody in.
"""

import base64
import os
import re
import secrets
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from passlib.exc import TokenError
from passlib.totp import TOTP

from documents.clock import real_now
from documents.database import collection
from documents.errors import Invalid, NotAllowed
from documents.formats import thai
from documents.people.users import User
from documents.trail import history

REQUIRED_ROLES = ("approver", "admin")
ISSUER = "Khet"
SKEW = 30  # seconds that a telephone's clock may be before or behind
SETUP_FOR = timedelta(minutes=30)
CODES, CODE_LETTERS = 10, "abcdefghjkmnpqrstuvwxyz23456789"  # none taken for another on paper
NONCE = 12  # bytes
OFFER = "offer"
WRONG = "รหัสไม่ถูกต้องหรือใช้ไปแล้ว กรุณาดูรหัสล่าสุดในแอป แล้วพิมพ์ใหม่ หากนาฬิกาโทรศัพท์ไม่ตรง ให้ตั้งเวลาอัตโนมัติ"
ON = {"two_step_secret": {"$type": "string"}}


def is_on(person):
    """Whether this person signs in by two steps."""
    return bool(person.two_step_secret)


def is_required(person, mode):
    """Whether a role that this person holds now wants two steps: `mode` is the setting KHET_TWO_STEP."""
    return mode == "required" and any(grant.role in REQUIRED_ROLES for grant in person.held)


# ---- setting it up ----


def begin(person, offer=None):
    """(secret in base32 to put into the app, its offer): the offer is the secret sealed, for the page to send back.

    An offer that was sent back gives the same secret again for half an hour, so that a wrong code spoils nothing.
    """
    secret = _offered(person, offer) or TOTP.new().base32_key
    return secret, _sealed(person, f"{real_now().timestamp():.0f} {secret}", OFFER)


def _offered(person, offer):
    """The secret of an offer made to this person within half an hour, or None."""
    try:
        at, _, secret = _opened(person, offer or "", OFFER).partition(" ")
    except NotAllowed:
        return None
    return secret if real_now().timestamp() - float(at) < SETUP_FOR.total_seconds() else None


def address_of(person, secret):
    """The otpauth address that a QR code carries to the app."""
    return TOTP(key=secret, format="base32").to_uri(label=person.email, issuer=ISSUER)


def grouped(secret):
    """A secret as people type it: four letters at a time."""
    return " ".join(re.findall(".{1,4}", secret))


def finish(person, offer, typed):
    """Take the app's first code and switch two steps on; gives the recovery codes, shown this once.

    Raises Invalid for a wrong code, and for an offer that is none or too old.
    """
    secret = _offered(person, offer)
    if secret is None:
        raise Invalid({0: {"code": "หน้านี้เปิดไว้นานเกินครึ่งชั่วโมง กรุณาสแกนภาพใหม่ด้านล่าง"}})
    counter = _match(secret, typed)
    if counter is None:
        raise Invalid({0: {"code": WRONG}})
    codes = _new_codes()
    kept = {
        "two_step_secret": _sealed(person, secret),
        "two_step_since": real_now(),
        "two_step_counter": counter,
        "recovery_codes": [_digest(person, code) for code in codes],
    }
    collection(User).update_one({"_id": person.id}, {"$set": kept})
    note(person, person, "two_step_on")
    return codes


def renew_codes(person):
    """New recovery codes in place of all earlier ones, shown this once. Raises NotAllowed where two steps are off."""
    codes = _new_codes()
    kept = {"$set": {"recovery_codes": [_digest(person, code) for code in codes]}}
    if not collection(User).update_one({"_id": person.id} | ON, kept).matched_count:
        raise NotAllowed("ยังไม่ได้เปิดใช้การยืนยันตัวตนสองชั้น")
    note(person, person, "two_step_codes")
    return codes


def switch_off(person, mode):
    """Go back to the password alone. Raises NotAllowed where a role of this person wants two steps."""
    if is_required(person, mode):
        raise NotAllowed("บทบาทของท่านต้องยืนยันตัวตนสองชั้นเสมอ หากเปลี่ยนโทรศัพท์ ให้ตั้งค่าใหม่แทน")
    if collection(User).update_one({"_id": person.id} | ON, GONE).matched_count:
        note(person, person, "two_step_off")


FIELDS = ("two_step_secret", "two_step_since", "two_step_counter")
GONE = {"$unset": dict.fromkeys((*FIELDS, "recovery_codes"), "")}


# ---- signing in ----


def accepts(person, typed):
    """Whether this is the app's code of now, not used before, or a recovery code, which is used up by that."""
    typed = thai.arabic_digits(typed or "").strip().lower()[:40]
    if re.fullmatch(r"\d{3}[ -]?\d{3}", typed):
        return _accepts_code(person, typed)
    return _accepts_recovery(person, typed)


def _accepts_code(person, typed):
    counter = _match(_opened(person, person.two_step_secret), typed)
    if counter is None:
        return False
    unused = {"_id": person.id, "two_step_secret": person.two_step_secret}
    unused["two_step_counter"] = {"$not": {"$gte": counter}}
    used = collection(User).update_one(unused, {"$set": {"two_step_counter": counter}})
    return used.modified_count == 1


def _accepts_recovery(person, typed):
    digest = _digest(person, typed)
    mine = {"_id": person.id, "recovery_codes": digest} | ON
    if not collection(User).update_one(mine, {"$pull": {"recovery_codes": digest}}).modified_count:
        return False
    note(person, person, "two_step_recovery")
    return True


def _match(secret, typed):
    """The counter of the code that was typed, or None."""
    digits = re.sub(r"\D", "", thai.arabic_digits(typed or ""))
    try:
        return TOTP(key=secret, format="base32").match(digits, time=real_now(), window=SKEW).counter
    except TokenError:
        return None


def _new_codes():
    def piece():
        return "".join(secrets.choice(CODE_LETTERS) for _ in range(5))

    return [f"{piece()}-{piece()}" for _ in range(CODES)]


def _digest(person, code):
    letters = "".join(letter for letter in code if letter.isalnum())
    return history.keyed(f"recovery code:{person.id}:{letters}")


# ---- how it is kept ----


def note(actor, person, action, reason=None):
    """Write down in the person's history what became of his second step."""
    for area in person.areas_listed:
        history.note_event(area, actor, action, "users", person.id, {}, reason)


def _cipher():
    """Its key follows from the one that lies outside the database."""
    return AESGCM(bytes.fromhex(history.keyed("secrets of two-step sign-in")))


def _sealed(person, text, place="secret"):
    nonce = os.urandom(NONCE)
    bound = f"{person.id}:{place}".encode()
    return base64.b64encode(nonce + _cipher().encrypt(nonce, text.encode(), bound)).decode()


def _opened(person, sealed, place="secret"):
    """The text sealed for this person and place. Raises NotAllowed for anything else."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return _cipher().decrypt(raw[:NONCE], raw[NONCE:], f"{person.id}:{place}".encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise NotAllowed("เปิดกุญแจยืนยันตัวตนสองชั้นของบัญชีนี้ไม่ได้ กรุณาให้ผู้ดูแลระบบล้างค่าแล้วตั้งใหม่") from error
