"""Sounds (เสียงอ่าน): Thai names brought to what they sound like, so that the ways to misspell one come to the same.

Nothing here knows the database.
"""

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from documents.formats import thai

# Letters of one sound, tone marks and short vowels beside their long ones: what people confuse when they write a name.
_SOUNDS = str.maketrans(
    dict(zip("ศษซณญฬฎฏฐฑฒธถฆขภผฉฌฝใิุึะัๅ", "สสสนยลดตทททททคคพพชชฟไีูืาาา", strict=True)) | dict.fromkeys("่้๊๋็ํฺๆฯ", "")
)
_SILENT = re.compile(r"[ก-ฮ][ิุ]?์")
_MARK = "์"
_DOUBLED = re.compile(r"(.)\1+")
_RR_INSIDE, _RR_AT_END = re.compile(r"รร(?=[ก-ฮ])"), re.compile(r"รร")
_AI = re.compile(r"ไ([ก-ฮ])ย(?![ะ-ูเ-ไ])")
_NOT_A_LETTER = re.compile(r"[^ก-ฮ0-9a-z]")


@lru_cache(maxsize=65536)
def forms(name):
    """The ways a name may sound, the usual one first: a tuple of folded texts; () for no name ("-")."""
    text = thai.search_key(name or "")
    if not text:
        return ()
    found = {}
    for spelt in _spellings(text):
        for silent in ("", None):
            said = _SILENT.sub("", spelt) if silent is None else spelt.replace(_MARK, "")
            found.setdefault(_folded(said))
    return tuple(filter(None, found)) or (text,)


def _spellings(text):
    """รร as it is written and as it is said."""
    yield text
    if "รร" in text:
        yield _RR_AT_END.sub("ัน", _RR_INSIDE.sub("ั", text))


def _folded(text):
    text = text.replace("ำ", "ัม").translate(_SOUNDS)
    return _DOUBLED.sub(r"\1", _AI.sub(r"\1าย", text))


@lru_cache(maxsize=65536)
def skeleton(name):
    """The consonants of a name's usual sound."""
    found = forms(name)
    return _DOUBLED.sub(r"\1", _NOT_A_LETTER.sub("", found[0])) if found else ""


@lru_cache(maxsize=65536)
def same_name(mine, theirs):
    """How alike two names are, 0 to 1; 1.0 only for what sounds the same."""
    ours, others = forms(mine), forms(theirs)
    if not ours or not others:
        return 0.0
    if not set(ours).isdisjoint(others):
        return 1.0
    return max(_near(one, other) for one in ours for other in others)


def _near(one, other):
    """One slip of the finger in a long name is no other name; in a short one it is."""
    apart, length = Levenshtein.distance(one, other), max(len(one), len(other))
    if apart == 1 and length >= 5:
        return 0.88 if length >= 6 else 0.8
    if apart == 2 and length >= 9:
        return 0.8
    return 0.85 * (1 - apart / length)
