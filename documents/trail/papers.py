"""Codes on papers (รหัสชุดข้อมูล): what the short code of a digest stands for, as far as the reader may see it."""

import re
from dataclasses import dataclass

from documents.collecting.freezing import Freeze
from documents.collecting.submissions import Submission, visible_to
from documents.formats import thai
from documents.people import acting

CODE = re.compile("[0-9a-f]{12}(?:[0-9a-f]{52})?")  # the short code, or the whole digest
GAPS = re.compile(r"[\s\-‐-―.]+")
MISREAD = str.maketrans("oil", "011")  # letters that no code has, read for the digits they look like
OVERSEERS = ("district", "approver", "executive")
REOPENED = ("unconfirm", "send_back", "return", "reopen", "end")
STEPS = ("confirm", "certify", "verify", "lock")


@dataclass(frozen=True)
class Stood:
    """A state of one school's data that a digest stands for: its version, and the moves that took the digest."""

    submission: Submission
    digest: str
    version: int
    moves: tuple

    @property
    def unchanged(self):
        """Whether the data is still what the digest was taken of; the first write takes the digest away."""
        return self.submission.digest == self.digest

    @property
    def valid(self):
        """Whether a sheet with this code still stands: unchanged, and not given back for correction."""
        return self.unchanged and self.submission.state not in ("draft", "returned")


@dataclass(frozen=True)
class StoodForRound:
    """A whole round that a root hash stands for, now or until a school was locked again."""

    freeze: Freeze
    digest: str

    @property
    def unchanged(self):
        """Whether it is the round's root hash of today."""
        return self.freeze.root_hash == self.digest


def read_code(text):
    """The digest's first hexadecimal digits that a typed code means, or None where it is no code."""
    plain = GAPS.sub("", thai.arabic_digits(thai.clean(text))).lower().translate(MISREAD)
    return plain if CODE.fullmatch(plain) else None


def stands_for(user, code):
    """[Stood or StoodForRound] of a code as `read_code` gives it, within what this person may see; may be empty."""
    return [*_of_schools(user, code), *_of_rounds(user, code)]


def _of_schools(user, code):
    begins = {"moves.digest": {"$regex": f"^{code}"}}
    for submission in Submission.objects(__raw__={"$and": [visible_to(user), begins]}).order_by("id"):
        taken = {}
        for row in submission.moves:
            if (row.get("digest") or "").startswith(code):
                taken.setdefault((row["digest"], row.get("version") or 1), []).append(row)
        for (digest, version), rows in taken.items():
            yield Stood(submission, digest, version, tuple(rows))


def _of_rounds(user, code):
    begins = {"$regex": f"^{code}"}
    ways = {"$or": [{"root_hash": begins}, {"earlier.root_hash": begins}]}
    for freeze in Freeze.objects(__raw__={"area_code": {"$in": list(user.areas(*OVERSEERS))}, **ways}):
        hashes = [freeze.root_hash, *(row["root_hash"] for row in freeze.earlier)]
        yield from (StoodForRound(freeze, each) for each in hashes if each.startswith(code))


def steps_of(submission):
    """The moves that brought a submission's present version where it is, oldest first: confirm, certify, verify, lock.

    Where a reopening was taken back, those of the version it went back to.
    """
    rows, taken_back = [], 0
    for row in reversed(submission.moves):
        if row["name"] in ("back", "reopen") and (taken_back or row["name"] == "back"):
            taken_back += 1 if row["name"] == "back" else -1
            continue
        if taken_back:
            continue
        if row["name"] in REOPENED:
            break
        if row["name"] in STEPS:
            rows.append(row)
    return rows[::-1]


def signed_by(row):
    """Who made a move, in words: 'ครูหนึ่ง ใจดี (รักษาการในตำแหน่งผู้อำนวยการโรงเรียน คำสั่งที่ 12/2568)'."""
    if not row.get("acting"):
        return row["by_name"]
    return f"{row['by_name']} ({acting.TITLE} คำสั่งที่ {row['acting']})"
