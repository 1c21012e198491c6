"""Code lists (รหัสมาตรฐาน): what a stored code means, in words an officer uses.

A list is a document; until the database has it, the file in `seeds/` serves. Each carries the source its facts come
from. The three lists of places stand on `places` and are not stored. What an area's admin changed (an `AreaList`,
written by `codelist_edits`) lies over the list for that area alone: `of_area` says whose lists are asked for.
"""

import json
import re
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)
from mongoengine.connection import ConnectionFailure
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.database import collection
from documents.district import places
from documents.formats import buddhist, thai

SEEDS = Path(__file__).parent.parent / "seeds"
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


class AreaList(Document):
    """What an area has of its own in one list: rows over the product's, its values and their order; or a whole list.

    A row of `entries` holds what it sets of an entry: code, label, label_en, short, parent, since, retired_from,
    synonyms; `added` marks a value that the product does not have. `title` and `source` are those of a list that the
    area alone has. The id is the subject of its history.
    """

    area_code = StringField(required=True, max_length=8)
    name = StringField(required=True, max_length=40)
    title = StringField(max_length=100)
    title_en = StringField(max_length=100)
    source = StringField(max_length=1000)
    version = IntField(default=1)
    entries = ListField(DictField())
    order = ListField(StringField())  # every code in the order shown, where somebody arranged them
    updated_at = DateTimeField()
    updated_by = ObjectIdField()
    updated_by_name = StringField(max_length=200)

    meta = {
        "collection": "area_code_lists",
        "strict": False,
        "auto_create_index": False,
        "indexes": [{"fields": ["area_code", "name"], "unique": True}],
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: its long and short label, its parent's code, its years (B.E.) and its facts.

    It can be chosen from the year `since` on and before the year `retired_from`; None is no bound. One that was
    withdrawn before anybody's time (0) is not offered, yet taken where a file has it.
    """

    code: str
    label: str
    short: str
    label_en: str = ""
    parent: str | None = None
    retired_from: int | None = None
    synonyms: tuple[str, ...] = ()
    facts: dict = field(default_factory=dict)
    since: int | None = None

    def in_year(self, academic_year: int) -> bool:
        """Whether it can be chosen in an academic year (B.E.)."""
        begun = self.since is None or academic_year >= self.since
        return begun and (self.retired_from is None or academic_year < self.retired_from)


class Codes:
    """A code list to ask: labels by code, codes by what a person or a file wrote."""

    def __init__(self, name, title, entries, *, source="", version=0, default=None, pad=True, parents=None):
        self.name, self.title, self.source, self.parents = name, title, source, parents
        self.version, self.default, self.pad = version, default, pad
        self.entries: dict[str, Entry] = {entry.code: entry for entry in entries}
        self.bounded = frozenset(
            entry.code
            for entry in self.entries.values()
            if entry.since is not None or entry.retired_from is not None
        )
        self._widest = max((len(code) for code in self.entries), default=0)
        self._written: list[dict[str, list[str]]] | None = None

    @property
    def codes(self):
        """Every code, withdrawn ones too, in order."""
        return self.entries.keys()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(code, label) of what can be chosen in the academic year in question (`ask_year`), else in today's."""
        if not self.bounded:
            return [(entry.code, entry.label) for entry in self.entries.values()]
        return self.choices_in(year_in_question())

    def choices_in(self, academic_year: int) -> list[tuple[str, str]]:
        """(code, label) of what could be chosen in an academic year (B.E.)."""
        return [(entry.code, entry.label) for entry in self.entries.values() if entry.in_year(academic_year)]

    def refusal(self, code: str, academic_year: int) -> str | None:
        """Why a code cannot be chosen in an academic year (B.E.), as a sentence; None where it can."""
        entry = self.entries.get(code) if code in self.bounded else None
        if entry is None or entry.retired_from == 0 or entry.in_year(academic_year):
            return None
        if entry.retired_from is not None and academic_year >= entry.retired_from:
            return f"“{entry.label}” เลิกใช้ตั้งแต่ปีการศึกษา {entry.retired_from} กรุณาเลือกค่าอื่น"
        return f"“{entry.label}” ใช้ได้ตั้งแต่ปีการศึกษา {entry.since} กรุณาเลือกค่าอื่น"

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

_known: dict[tuple[str | None, str], Codes] = {}  # by area and name
_stamps: dict[
    tuple[str | None, str], tuple[int, int]
] = {}  # versions of the list and of the area's own, as read
_areas: dict[str, dict] = {}  # the lists that an area changed or made, as stored, by name
_checked_at = float("-inf")
_checking = threading.Lock()
_asking: ContextVar[str | None] = ContextVar("code_lists_of", default=None)
_year: ContextVar[int | None] = ContextVar("code_lists_in", default=None)


@contextmanager
def of_area(area_code: str | None):
    """Within the block every list is that area's: with what its admin changed. None: as the product has them."""
    token = _asking.set(area_code)
    try:
        yield
    finally:
        _asking.reset(token)


def ask_of(area_code: str | None) -> None:
    """As `of_area`, until it is said anew: for the time of a request, which is about no year yet."""
    _asking.set(area_code)
    _year.set(None)


def ask_year(academic_year: int) -> None:
    """What is offered from now on is what that academic year (B.E.) may choose from."""
    _year.set(academic_year)


def year_in_question() -> int:
    """The academic year (B.E.) whose choices are offered now: the one that was asked for, else today's."""
    return _year.get() or buddhist.academic_year(clock.today())


def asked_area() -> str | None:
    """The area whose lists are asked now."""
    return _asking.get()


def code_list(name: str) -> Codes:
    """The list of a name as the area in question has it; raises KeyError for an unknown name."""
    if name in _PLACES:
        return _places(name)
    if time.monotonic() - _checked_at > FRESH_SECONDS:
        _notice_edits()
    key = (_asking.get(), name)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _read(*key)
    return found


def names() -> list[str]:
    """The names of all lists that have a seed, of the lists of places, and of those the area in question has alone."""
    known, area = [*seeds(), *_PLACES], _asking.get()
    if area is None:
        return known
    own = collection(AreaList).find({"area_code": area}, {"name": 1}).sort("name")
    return [*known, *(row["name"] for row in own if row["name"] not in known)]


def forget() -> None:
    """Look at the database again at the next question: after an edit in this process, and between tests."""
    global _checked_at
    _known.clear()
    _areas.clear()
    _stamps.clear()
    _checked_at = float("-inf")


def doubt() -> None:
    """Ask at the next question whether a list was edited, however lately it was asked."""
    global _checked_at
    _checked_at = float("-inf")


def _notice_edits() -> None:
    """Drop the lists that the database holds in another version than this process does."""
    global _checked_at
    if not _checking.acquire(blocking=False):
        return
    try:
        areas = {area for area, _ in _known if area} | set(_areas)
        stored, own = _versions({name for _, name in list(_known)}), _own_versions(sorted(areas))
        for area, lists in list(_areas.items()):
            there = {name: version for (code, name), version in own.items() if code == area}
            if {name: row["version"] for name, row in lists.items()} != there:
                _areas.pop(area, None)
        for key in list(_known):
            if _stamps.get(key) != (stored.get(key[1], 0), own.get(key, 0)):
                _known.pop(key, None)
        _checked_at = time.monotonic()
    finally:
        _checking.release()


def _own_versions(areas: list[str]) -> dict[tuple[str, str], int]:
    if not areas:
        return {}
    asked = {"area_code": {"$in": areas}}
    rows = collection(AreaList).find(asked, {"area_code": 1, "name": 1, "version": 1})
    return {(row["area_code"], row["name"]): row["version"] for row in rows}


def _versions(names: set[str]) -> dict[str, int]:
    asked = {"_id": {"$in": sorted(names)}}
    try:
        return {row["_id"]: row["version"] for row in collection(CodeList).find(asked, {"version": 1})}
    except ConnectionFailure:  # MongoEngine's: nobody has connected, as in a script that only reads a file
        return {}


def _read(area_code: str | None, name: str) -> Codes:
    """The list as stored, or as its seed, with the area's own rows over it. Raises KeyError where there is none.

    An area that changed nothing of a list shares the product's.
    """
    own = _own_of(area_code, name) if area_code else None
    if area_code and own is None:
        shared = _known.get((None, name))
        if shared is None:
            shared = _known[None, name] = _read(None, name)
        _stamps[area_code, name] = _stamps[None, name]
        return shared
    base = _one(CodeList, {"_id": name})
    if base is None and name in seeds():
        base = seeds()[name] | {"version": 0}
    if base is None and own is None:
        raise KeyError(name)
    _stamps[area_code, name] = ((base or {}).get("version", 0), (own or {}).get("version", 0))
    return _codes((base or {}) | {"name": name}) if own is None else _codes(merged(name, base, own))


def _own_of(area_code: str, name: str) -> dict | None:
    """The area's own rows of a list; all of an area's are read at once, for most areas have few or none."""
    known = _areas.get(area_code)
    if known is None:
        try:
            rows = list(collection(AreaList).find({"area_code": area_code}))
        except ConnectionFailure:
            return None
        known = _areas[area_code] = {row["name"]: row for row in rows}
    if name not in known and name not in seeds():  # made a moment ago by another process
        return _one(AreaList, {"area_code": area_code, "name": name})
    return known.get(name)


def _one(document, query: dict) -> dict | None:
    try:
        return collection(document).find_one(query)
    except ConnectionFailure:
        return None


def merged(name: str, base: dict | None, own: dict) -> dict:
    """A list as plain values with an area's rows over it, in the area's order; codes it does not know come last."""
    base = base or {"title": own.get("title"), "source": own.get("source") or "", "entries": [], "pad": False}
    rows = {row["code"]: row for row in base["entries"]}
    for row in own.get("entries") or ():
        rows[row["code"]] = rows.get(row["code"], {}) | row
    places_of = {code: number for number, code in enumerate(own.get("order") or ())}
    entries = sorted(rows.values(), key=lambda row: places_of.get(row["code"], len(places_of)))
    version = f"{base.get('version', 0)}.{own['version']}@{own['area_code']}"
    return base | {"name": name, "entries": entries, "version": version}


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
        since=row.get("since"),
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
