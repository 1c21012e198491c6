"""Code lists (รหัสมาตรฐาน): what a stored code means, in words an officer uses.

A list is a document that an admin may edit; until the database has it, the file in `seeds/` serves. Each carries the
source its facts come from. The three lists of places stand on `places` and are not stored.
"""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mongoengine import BooleanField, DateTimeField, DictField, Document, IntField, ListField, StringField
from mongoengine.connection import ConnectionFailure
from pymongo.errors import DuplicateKeyError

from documents import clock, places, thai
from documents.database import collection

SEEDS = Path(__file__).parent / "seeds"
FRESH_SECONDS = 3.0  # how long a process may show a list as it was before an admin's edit


class CodeList(Document):
    """One list as stored: its entries in the order shown, its source, and whether a person edited it."""

    name = StringField(primary_key=True, max_length=40, verbose_name="รหัสรายการ")
    title = StringField(required=True, max_length=100, verbose_name="ชื่อรายการ")
    title_en = StringField(max_length=100)
    source = StringField(required=True, max_length=1000, verbose_name="ที่มา")
    version = IntField(default=1, verbose_name="ฉบับที่")  # grows with every edit, so that processes notice
    seed_version = IntField(default=0)
    edited = BooleanField(default=False, verbose_name="แก้ไขแล้ว")
    default = StringField(max_length=40)
    pad = BooleanField(default=True)  # whether a number that lost its leading zeros may be completed
    parents = StringField(max_length=40)  # the list that the entries' parents are codes of
    entries = ListField(DictField(), verbose_name="รายการ")
    updated_at = DateTimeField()
    updated_by = StringField(max_length=100)

    meta = {"collection": "code_lists", "strict": False, "auto_create_index": False}

    def __str__(self):
        return self.title or ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: its long and short label, its parent's code, the year (B.E.) it was withdrawn from, its facts."""

    code: str
    label: str
    short: str
    label_en: str = ""
    parent: str | None = None
    retired_from: int | None = None
    synonyms: tuple[str, ...] = ()
    facts: dict = field(default_factory=dict)


class Codes:
    """A code list to ask: labels by code, codes by what a person or a file wrote."""

    def __init__(self, name, title, entries, *, source="", version=0, default=None, pad=True, parents=None):
        self.name, self.title, self.source, self.parents = name, title, source, parents
        self.version, self.default, self.pad = version, default, pad
        self.entries: dict[str, Entry] = {entry.code: entry for entry in entries}
        self._widest = max((len(code) for code in self.entries), default=0)
        self._written: list[dict[str, list[str]]] | None = None

    @property
    def codes(self):
        """Every code, withdrawn ones too, in order."""
        return self.entries.keys()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(code, label) of what can be chosen today."""
        return [(entry.code, entry.label) for entry in self.entries.values() if entry.retired_from is None]

    def choices_in(self, academic_year: int) -> list[tuple[str, str]]:
        """(code, label) of what could be chosen in an academic year (B.E.)."""
        return [
            (entry.code, entry.label)
            for entry in self.entries.values()
            if entry.retired_from is None or academic_year < entry.retired_from
        ]

    def children(self, parent: str) -> list[tuple[str, str]]:
        """(code, label) of the choices under a parent's code."""
        return [(code, label) for code, label in self.choices if self.entries[code].parent == parent]

    def entry(self, code: str | None) -> Entry | None:
        """The entry of a code; None for an unknown one."""
        return self.entries.get(code) if code else None

    def label(self, code: str | None) -> str:
        """The long label; an unknown code as it is, so that bad data shows; "" for nothing."""
        found = self.entry(code)
        return found.label if found else str(code or "")

    def short(self, code: str | None) -> str:
        """The short label (อ.1), else the long one; an unknown code as it is."""
        found = self.entry(code)
        return found.short if found else str(code or "")

    def parent(self, code: str | None) -> str | None:
        """The code of the entry's parent, None where there is none."""
        found = self.entry(code)
        return found.parent if found else None

    def fact(self, code: str | None, name: str, otherwise=None):
        """A fact of a code: `fact("001", "sex")` of TITLE is "M"."""
        found = self.entry(code)
        return found.facts.get(name, otherwise) if found else otherwise

    def find(self, text: object, parent: str | None = None) -> str | None:
        """The code that a text means: code, long or short label, English, a known other spelling.

        Blanks, dots, case and Thai digits do not count. None when nothing fits, or several do.
        """
        text = thai.arabic_digits(thai.clean(text))
        if text in self.entries:
            return self._only(text, parent)
        if self.pad and text.isascii() and text.isdigit() and text.zfill(self._widest) in self.entries:
            return self._only(text.zfill(self._widest), parent)
        for written in self._by_writing():
            if fitting := self._fitting(written.get(plain(text), []), parent):
                return fitting[0] if len(fitting) == 1 else None
        return None

    def _only(self, code: str, parent: str | None) -> str | None:
        return next(iter(self._fitting([code], parent)), None)

    def _fitting(self, codes: list[str], parent: str | None) -> list[str]:
        return [code for code in codes if parent is None or self.entries[code].parent == parent]

    def _by_writing(self) -> list[dict[str, list[str]]]:
        """Codes by plain writing: by what entries are shown as, then by what they are known as besides."""
        if self._written is None:
            self._written = [self._written_as(names) for names in (labels_of, other_names_of)]
        return self._written

    def _written_as(self, names) -> dict[str, list[str]]:
        written: dict[str, list[str]] = {}
        for entry in self.entries.values():
            for key in {plain(name) for name in names(entry)} - {""}:
                written.setdefault(key, []).append(entry.code)
        return written


def labels_of(entry: Entry) -> tuple[str, ...]:
    """The names an entry is shown by."""
    return entry.label, entry.short


def other_names_of(entry: Entry) -> tuple[str, ...]:
    """The names an entry is known by besides: English, other spellings."""
    return entry.label_en, *entry.synonyms


_UNWRITTEN = re.compile(r"[\s.,()/'\"]|-(?!$)")


def plain(text: str) -> str:
    """A label without blanks, dots, commas, brackets, slashes and inner hyphens, in lower case."""
    return _UNWRITTEN.sub("", thai.arabic_digits(thai.clean(text))).lower()


class PlaceCodes(Codes):
    """Provinces, districts or subdistricts; a name that several places bear wants its parent's code."""

    def __init__(self, name: str, title: str, width: int):
        self.width = width
        entries = (
            Entry(code, thai_name, thai_name, english, places.parent(code))
            for code, (thai_name, english) in places.names().items()
            if len(code) == width
        )
        super().__init__(name, title, entries, source="geothai: กรมการปกครอง (CC BY 4.0)", pad=False)

    def children(self, parent: str) -> list[tuple[str, str]]:
        return list(places.children(parent)) if len(parent or "") == self.width - 2 else []

    def find(self, text: object, parent: str | None = None) -> str | None:
        return places.find_in(text, self.width, parent)


_PLACES = {"PROVINCE": ("จังหวัด", 2), "DISTRICT": ("อำเภอ", 4), "SUBDISTRICT": ("ตำบล", 6)}

# --- Asking -----------------------------------------------------------------------------------------------------------

_known: dict[str, Codes] = {}
_checked_at = float("-inf")
_checking = threading.Lock()


def code_list(name: str) -> Codes:
    """The list of a name, as the database has it or else as its seed; raises KeyError for an unknown name."""
    if name in _PLACES:
        return _places(name)
    if time.monotonic() - _checked_at > FRESH_SECONDS:
        _notice_edits()
    found = _known.get(name)
    if found is None:
        found = _known[name] = _from_database(name) or _from_seed(name)
    return found


def names() -> list[str]:
    """The names of all lists that have a seed, and of the lists of places."""
    return [*seeds(), *_PLACES]


def forget() -> None:
    """Look at the database again at the next question: after an edit in this process, and between tests."""
    global _checked_at
    _known.clear()
    _checked_at = float("-inf")


def _notice_edits() -> None:
    """Drop the lists that the database holds in another version than this process does."""
    global _checked_at
    if not _checking.acquire(blocking=False):
        return
    try:
        stored = _versions()
        for name, found in list(_known.items()):
            if found.version != stored.get(name, 0):
                _known.pop(name, None)
        _checked_at = time.monotonic()
    finally:
        _checking.release()


def _versions() -> dict[str, int]:
    try:
        return {row["_id"]: row["version"] for row in collection(CodeList).find({}, {"version": 1})}
    except ConnectionFailure:  # MongoEngine's: nobody has connected, as in a script that only reads a file
        return {}


def _from_database(name: str) -> Codes | None:
    try:
        stored = collection(CodeList).find_one({"_id": name})
    except ConnectionFailure:
        return None
    return _codes(stored | {"name": name}) if stored else None


def _from_seed(name: str) -> Codes:
    return _codes(seeds()[name] | {"version": 0})


def _codes(plain_list: dict) -> Codes:
    return Codes(
        plain_list["name"],
        plain_list["title"],
        [_entry(row) for row in plain_list["entries"]],
        source=plain_list.get("source", ""),
        version=plain_list.get("version", 0),
        default=plain_list.get("default"),
        pad=plain_list.get("pad", True),
        parents=plain_list.get("parents"),
    )


def _entry(row: dict) -> Entry:
    label = row["label"]
    return Entry(
        code=row["code"],
        label=label,
        short=row.get("short") or label,
        label_en=row.get("label_en") or "",
        parent=row.get("parent"),
        retired_from=row.get("retired_from"),
        synonyms=tuple(row.get("synonyms") or ()),
        facts=row.get("facts") or {},
    )


@cache
def _places(name: str) -> PlaceCodes:
    return PlaceCodes(name, *_PLACES[name])


# --- Seeds ------------------------------------------------------------------------------------------------------------


@cache
def seeds() -> dict[str, dict]:
    """The lists in `seeds/`, by name."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SEEDS.glob("*.json"))]
    return {one["name"]: one for one in read if "entries" in one}


def seed() -> list[str]:
    """Store the lists that the database lacks or holds unedited in an older version; gives back their names."""
    changed = [name for name, one in seeds().items() if _seed_one(name, one)]
    if changed:
        forget()
    return changed


def _seed_one(name: str, one: dict) -> bool:
    fields = {key: value for key, value in one.items() if key not in {"name", "version"}}
    outdated = {"_id": name, "edited": {"$ne": True}, "seed_version": {"$lt": one["version"]}}
    change = {
        "$set": fields | {"seed_version": one["version"], "updated_at": clock.now()},
        "$setOnInsert": {"edited": False},
        "$inc": {"version": 1},
    }
    try:
        result = collection(CodeList).update_one(outdated, change, upsert=True)
    except DuplicateKeyError:  # it is there, and newer or edited
        return False
    return bool(result.upserted_id or result.modified_count)
