"""Passwords (รหัสผ่าน): how they are kept, which are refused, and the first one printed on a slip."""

import secrets
import unicodedata

from passlib.hash import argon2

SHORTEST = 10
LONGEST = 256
# Argon2id at the second set of OWASP's advice: 19 MB and two passes, so that a small server bears many at once.
COST = {"memory_cost": 19456, "time_cost": 2, "parallelism": 1}
# Letters and digits that cannot be taken for each other on paper: no 0/o, 1/l/i.
SLIP_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
SLIP_GROUPS, SLIP_GROUP = 3, 4

# What people type first when a password must have ten characters, with digits and case taken off.
COMMON_STEMS = {
    "password", "passw", "passwd", "welcome", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm", "iloveyou",
    "letmein", "administrator", "admin", "adminadmin", "changeme", "secret", "login", "dragon", "monkey",
    "sunshine", "princess", "football", "thailand", "bangkok", "school", "teacher", "student", "ubon",
    "ubonratchathani", "obec", "dmc", "khet", "qwer", "asdf", "zxcv", "abc", "abcd", "abcdef", "abcdefgh",
    "abcdefghij", "test", "testtest", "user", "guest", "love", "loveyou", "sawasdee", "sawatdee",
}  # fmt: skip
RUNS = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
)


def normal(password):
    """The password as it is hashed: one composed form, so that two keyboards type the same Thai."""
    return unicodedata.normalize("NFKD", password)


def hashed(password):
    """The argon2id hash of a password."""
    return argon2.using(**COST).hash(normal(password))


def matches(password, stored):
    """Whether a typed password is the one that was hashed; False where none was ever set."""
    return bool(stored) and argon2.verify(normal(password), stored)


def first_password():
    """A password for a printed slip, 59 bits strong: three groups such as 'kq7m-x2bp-94wd'."""
    groups = ("".join(secrets.choice(SLIP_LETTERS) for _ in range(SLIP_GROUP)) for _ in range(SLIP_GROUPS))
    return "-".join(groups)


def refusal(password, *, email="", name="", current=None):
    """Why a new password is not taken, as a Thai sentence; None when it is.

    `current` is the stored hash, so that the old password is not chosen again.
    """
    if len(password) < SHORTEST:
        return f"รหัสผ่านต้องยาวอย่างน้อย {SHORTEST} ตัวอักษร จะใช้คำหลายคำต่อกันเป็นวลีก็ได้"
    if len(password) > LONGEST:
        return f"รหัสผ่านยาวเกิน {LONGEST} ตัวอักษร กรุณาย่อให้สั้นลง"
    if is_personal(password, email, name):
        return "รหัสผ่านต้องไม่เป็นอีเมลหรือชื่อของท่าน กรุณาตั้งใหม่"
    if is_common(password):
        return "รหัสผ่านนี้มีคนใช้กันมากและเดาได้ง่าย กรุณาตั้งใหม่ เช่น คำสามคำที่ไม่เกี่ยวกันต่อกัน"
    if current and matches(password, current):
        return "รหัสผ่านใหม่ต้องไม่ซ้ำกับรหัสผ่านเดิม"
    return None


def is_personal(password, email, name):
    """Whether the password is little more than the person's e-mail or name."""
    typed = _letters(password)
    own = [email, email.partition("@")[0], name.replace(" ", ""), *name.split()]
    return any(word and len(word) >= 4 and typed in (_letters(word), word.casefold()) for word in own) or (
        bool(email) and email.casefold() in password.casefold()
    )


def is_common(password):
    """Whether the password is a well-known word with digits about it, one repeated piece, or a keyboard run."""
    folded = password.casefold()
    if _letters(folded) in COMMON_STEMS or len(set(folded)) <= 3:
        return True
    if any(folded in run or folded[::-1] in run for run in RUNS):
        return True
    return any(
        folded == (folded[:size] * len(folded))[: len(folded)] for size in range(1, len(folded) // 2 + 1)
    )


def _letters(text):
    """The letters of a text alone, in lower case, with the usual stand-ins undone (p@ssw0rd)."""
    undone = text.casefold().translate(str.maketrans("@$!0", "asio"))
    return "".join(letter for letter in undone if letter.isalpha() or unicodedata.category(letter)[0] == "M")
