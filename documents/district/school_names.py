"""Names of schools in files (ชื่อโรงเรียนในไฟล์): which school of the area a name means, as a person confirmed it once.

Files of other offices name a school instead of giving its code, and write the name in their own way. The likeliest schools
are proposed; what was confirmed is remembered for the area, so that next month's file asks nothing.
"""

import re
from typing import NamedTuple

from mongoengine import Document
from mongoengine.fields import DateTimeField, ObjectIdField, StringField
from pymongo import UpdateOne
from rapidfuzz import fuzz, process

from documents.clock import naive, now
from documents.database import collection
from documents.formats import thai

LEAST, SURE, AHEAD = (
    0.6,
    0.82,
    0.04,
)  # to be proposed at all, to be proposed first, and how far before the next
NEAREST = 0.94  # of names that are not the same
PROPOSED = 5
LONGEST = 200
_FRONT = re.compile(r"^(โรงเรียน|ร\s?\.\s?ร\s?\.|รร\.)\s*(?=\S)")
_ASIDE = re.compile(r"\(.*?\)|\(.*$")


class SchoolName(Document):
    """A name as files of an area write it, and the school that it means; `key` is the name folded.

    What an officer confirmed holds for the area; what a school's own people confirmed, for whoever did (`user`).
    """

    area_code = StringField(required=True, max_length=8)
    user = ObjectIdField()
    key = StringField(required=True, max_length=LONGEST)
    name = StringField(max_length=LONGEST)
    code = StringField(required=True, max_length=8)
    by_name = StringField()
    at = DateTimeField()

    meta = {
        "collection": "school_names",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "user", "key"], "unique": True}],
    }


class Likely(NamedTuple):
    """A school that a name may mean, and how alike the names are, 0 to 1."""

    code: str
    name: str
    likeness: float


def key_of(name):
    """A name as names are compared: without โรงเรียน in front, blanks, punctuation and Thai digits."""
    return thai.search_key("", _FRONT.sub("", thai.clean(name)))[:LONGEST]


def likeness(one, other):
    """How alike two names are, 0 to 1; 1.0 only for what is the same when folded."""
    found = Register({"": other}).likely(one, least=0.0)
    return found[0].likeness if found else 0.0


class Register:
    """The schools {code: name} that names are looked for in."""

    def __init__(self, schools):
        self.schools = schools
        self._keys = {code: key for code, name in schools.items() if (key := key_of(name))}
        self._bare = {code: key_of(_ASIDE.sub("", schools[code])) for code in self._keys}

    def likely(self, name, least=LEAST):
        """The `Likely` schools for a name, the likeliest first."""
        mine, bare = key_of(name), key_of(_ASIDE.sub("", name))
        if not mine:
            return []
        near = process.extract(
            mine, self._keys, scorer=fuzz.ratio, limit=PROPOSED, score_cutoff=100 * least / NEAREST
        )
        found = {code: NEAREST * score / 100 for _, score, code in near}
        found |= {code: 0.95 for code, key in self._bare.items() if bare and key == bare}
        found |= {code: 1.0 for code, key in self._keys.items() if key == mine}
        made = [Likely(code, self.schools[code], score) for code, score in found.items()]
        return sorted(made, key=lambda one: (-one.likeness, one.code))[:PROPOSED]


def proposed(found):
    """The code that stands out among the likely ones, "" where a person has to look."""
    if not found or found[0].likeness < SURE:
        return ""
    return "" if len(found) > 1 and found[0].likeness - found[1].likeness < AHEAD else found[0].code


def whose(area_code, actor):
    """Whose memory a person's word goes into: None for the area's own, which officers make; else his id."""
    return None if actor.is_system or actor.holds("district", area_code) else actor.id


def remembered(area_code, actor):
    """{folded name: school code} of what was confirmed in an area, by officers or by this person."""
    asked = {"area_code": area_code, "user": {"$in": [None, whose(area_code, actor)]}}
    found = collection(SchoolName).find(asked, {"_id": 0, "key": 1, "code": 1, "user": 1})
    return {one["key"]: one["code"] for one in sorted(found, key=lambda one: bool(one.get("user")))}


def remember(area_code, codes, actor):
    """Keep which school each name means: `codes` is {name as written: school code}; the last word counts."""
    told = {"by_name": actor.name, "at": naive(now())}
    changes = [
        UpdateOne(
            {"area_code": area_code, "user": whose(area_code, actor), "key": key_of(name)},
            {"$set": told | {"name": thai.clean(name)[:LONGEST], "code": code}},
            upsert=True,
        )
        for name, code in codes.items()
        if key_of(name)
    ]
    if changes:
        collection(SchoolName).bulk_write(changes, ordered=False)
