"""Line sheets (แบบกรอกเป็นตาราง): a school's records of a kind as one sheet, a line for each code of a list.

A line without any number is not there: it was not entered yet. Zeros are an answer. A sheet comes back whole, with
what each line was when it was opened; only the lines that were touched are written, all of them or none.
"""

from dataclasses import dataclass
from typing import NamedTuple

from bson import ObjectId

from documents.database import collection
from documents.errors import DuplicateKey, Invalid, RuleBroken, StaleRevision
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.conflicts import as_of
from documents.records.record import declared
from documents.records.writing import Change, write

OTHERS = "อื่น ๆ"
TRIES = 3  # how often a sheet is compared anew with what was stored meanwhile
UNREADABLE = "หน้านี้ส่งมาไม่ครบ กรุณาเปิดหน้านี้ใหม่"


class Seen(NamedTuple):
    """Which version of a line's record a person saw."""

    id: ObjectId
    revision: int

    def __str__(self):
        return f"{self.id}-{self.revision}"

    @classmethod
    def of(cls, plain):
        """That of a stored dict, None for none."""
        return cls(plain["_id"], plain["revision"]) if plain else None

    @classmethod
    def read(cls, text):
        """What a page sends back; None for a line that was not there. Raises Invalid for anything else."""
        if not text:
            return None
        id_, _, revision = text.partition("-")
        if not ObjectId.is_valid(id_) or not (
            revision.isascii() and revision.isdecimal() and len(revision) < 10
        ):
            raise Invalid({0: {"seen": UNREADABLE}})
        return cls(ObjectId(id_), int(revision))


@dataclass(frozen=True)
class Typed:
    """One line as it was sent: {field: text}, and what the person saw when he opened the sheet."""

    values: dict
    seen: Seen | None


@dataclass(frozen=True)
class Line:
    """One line to be shown: its code, words and stored dict (None: not entered)."""

    code: str
    label: str
    plain: dict | None


class Clash(NamedTuple):
    """A line that somebody saved since: what is stored now (None: removed), and what this person wants."""

    stored: dict | None
    wanted: dict


class SheetRefused(RuleBroken):
    """Nothing of a sheet was saved: {code: {field: sentence}} of what is wrong, {code: Clash} of what others saved."""

    def __init__(self, wrong, clashes):
        clashed = "มีผู้อื่นบันทึกบางรายการก่อนหน้าท่าน กรุณาตรวจดูแล้วบันทึกอีกครั้ง"
        super().__init__(clashed if clashes else "มีช่องที่กรอกไม่ถูกต้อง กรุณาแก้แล้วบันทึกอีกครั้ง")
        self.wrong, self.clashes, self.status = wrong, clashes, 409 if clashes else 422


# ---- to be shown ----


def lines_of(document, place):
    """[(heading, [Line])] of a school's sheet: the year's codes, and whatever else is stored, in the list's order."""
    codes = code_list(declared(document)[document.sheet.line].codelist)
    stored = stored_lines(document, place)
    wanted = {code for code, _ in codes.choices_in(place.academic_year)} | stored.keys()
    known = [code for code in codes.codes if code in wanted]
    return _under_headings(
        codes,
        [Line(code, codes.label(code), stored.get(code)) for code in [*known, *sorted(wanted - set(known))]],
    )


def _under_headings(codes, lines):
    parents = code_list(codes.parents) if codes.parents else None
    if parents is None:
        return [(None, lines)]
    groups = {code: [] for code in parents.codes}
    for line in lines:
        groups.setdefault(codes.parent(line.code), []).append(line)
    return [(parents.label(code) or OTHERS, several) for code, several in groups.items() if several]


def stored_lines(document, place):
    """{code: stored dict} of a school's sheet."""
    name = document.sheet.line
    return {row[name]: row for row in collection(document).find(place._asdict()) if row.get(name)}


# ---- to be saved ----


def save(document, place, typed, actor, reason=None):
    """Store the touched lines of a sheet, {code: Typed}, in one write; gives back how many there were.

    Raises SheetRefused for wrong values and for lines saved by others meanwhile, and what the door raises.
    """
    for _ in range(TRIES):
        changes = _changes(document, place, typed)
        try:
            if changes:
                write(changes, actor, reason, via="sheet")
            return len(changes)
        except (StaleRevision, DuplicateKey) as moved:
            last = moved  # somebody saved between the look and the write: the next look says what
        except Invalid as invalid:
            raise _by_line(changes, invalid, document) from invalid
    raise last


def _changes(document, place, typed):
    """The Changes of the touched lines. Raises SheetRefused."""
    wrong, clashes, changes, stored = {}, {}, [], stored_lines(document, place)
    for code, line in typed.items():
        before = stored.get(code)
        wanted, problems = _read(document, line.values, before or {})
        if problems:
            wrong[code] = problems
        elif _same(document, wanted, before) or _same(document, wanted, _as_seen(line.seen, before, place)):
            continue
        elif line.seen == Seen.of(before):
            changes.append(_change(document, place, code, wanted, before))
        else:
            clashes[code] = Clash(before, wanted)
    if wrong or clashes:
        raise SheetRefused(wrong, clashes)
    return changes


def _read(document, values, before):
    """({field: plain value}, {field: sentence}) of a line; a number left blank beside another is none.

    What was not sent stays as it was: a field may have been added since the sheet was opened.
    """
    known, problems = declared(document), {}
    wanted = {name: before.get(name) for name in document.sheet.cells}
    for name in [name for name in wanted if name in values]:
        try:
            wanted[name] = fields.accept(known[name], values[name])
        except ValueError as error:
            problems[name] = str(error)
    if not problems and any(wanted[name] is not None for name in document.sheet.numbers):
        wanted |= {name: 0 for name in document.sheet.numbers if wanted[name] is None}
    return wanted, problems


def _as_seen(seen, stored, place):
    """A line's values when the person opened the sheet, also of a record that was removed since; None for none."""
    if seen is None or seen == Seen.of(stored):
        return stored if seen else None
    same = stored is not None and stored["_id"] == seen.id
    return as_of(stored if same else {"_id": seen.id, "area_code": place.area_code}, seen.revision)


def _same(document, wanted, plain):
    return all(wanted[name] == (plain or {}).get(name) for name in document.sheet.cells)


def _change(document, place, code, wanted, before):
    """The Change of one line: a record is made, changed, or removed where nothing is left in it."""
    if before is None:
        return Change(document, place, {document.sheet.line: code} | wanted)
    if all(value is None for value in wanted.values()) and not _holds_more(document, before):
        return Change(document, place, id=before["_id"], revision=before["revision"], remove=True)
    values = {name: value for name, value in wanted.items() if value != before.get(name)}
    return Change(document, place, values, id=before["_id"], revision=before["revision"])


def _holds_more(document, plain):
    """Whether a stored line holds something that an admin added and the sheet does not show, as a file."""
    return any(plain.get(name) is not None for name in document.added if name not in document.sheet.added)


def _by_line(changes, invalid, document):
    """What the door says of single changes as a SheetRefused; what it says of all of them, as it is."""
    if any(name not in declared(document) for errors in invalid.errors.values() for name in errors):
        return invalid
    stored, wrong = {}, {}
    for index, errors in invalid.errors.items():
        change = changes[index]
        code = change.values.get(document.sheet.line) or stored.setdefault(
            change.id, _code_of(document, change)
        )
        wrong[code] = errors
    return SheetRefused(wrong, {})


def _code_of(document, change):
    asked = {**change.place._asdict(), "_id": change.id}
    return collection(document).find_one(asked, {document.sheet.line: 1})[document.sheet.line]
