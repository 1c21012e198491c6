"""Code lists (รหัสมาตรฐาน): what a stored code means, in words an officer uses.

A list is a document; until the database has it, the file in `seeds/` serves. Each carries the source its facts come
from. The three lists of places stand on `places` and are not stored. What an area's admin changed (an `AreaList`,
written by `codelist_edits`) lies over the list for that area alone: `of_area` says whose lists are asked for.
"""

import json
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
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
from documents.records.codes import PLACES, Codes, Entry, PlaceCodes, ask_year

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


# --- Asking -----------------------------------------------------------------------------------------------------------

_known: dict[tuple[str | None, str], Codes] = {}  # by area and name
_stamps: dict[
    tuple[str | None, str], tuple[int, int]
] = {}  # versions of the list and of the area's own, as read
_areas: dict[str, dict] = {}  # the lists that an area changed or made, as stored, by name
_checked_at = float("-inf")
_checking = threading.Lock()
_asking: ContextVar[str | None] = ContextVar("code_lists_of", default=None)


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
    ask_year(None)


def code_list(name: str) -> Codes:
    """The list of a name as the area in question has it; raises KeyError for an unknown name."""
    if name in PLACES:
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
    known, area = [*seeds(), *PLACES], _asking.get()
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
    return PlaceCodes(name, *PLACES[name])


def words_in_english(area_code: str) -> dict[str, str]:
    """{Thai: English} of the titles and values of the lists that an area edited, as far as they have both."""
    lists = AreaList.objects(area_code=area_code).scalar("name", "title", "title_en")
    said = {title: english for _, title, english in lists if title and english}
    with of_area(area_code):
        for name, _, _ in lists:
            for entry in code_list(name).entries.values():
                said |= {word: entry.label_en for word in (entry.label, entry.short) if entry.label_en}
    return said


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
