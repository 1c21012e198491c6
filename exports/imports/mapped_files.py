"""Files whose columns a person maps: any table as it is, kept between its steps, and the mapping remembered.

Unlike an import of records nothing is asked of the header: a file may have none. Its bytes are kept for two hours, so
that it is chosen once; the mapping is kept for good, by area and by the shape of the file.
"""

import hashlib
import json
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field

from bson import Binary, ObjectId
from mongoengine import Document
from mongoengine.fields import (
    BinaryField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents import clock
from documents.clock import naive
from documents.database import collection
from documents.errors import FileRefused, RuleBroken
from exports.imports.plans import LIVES
from exports.reading import guards
from exports.reading.headers import LOOKED_AT, find_header, label_key, letter_of, widest_header
from exports.reading.merged_cells import filled_down
from exports.reading.reading import header_of, header_zone, in_words, sheet_of_rows, sheets_of
from exports.reading.rows import filled_up, widest_of
from exports.reading.table_ends import cut_ends, told

MOST_ROWS = 10_000
PIECE = 12 * 1024 * 1024  # bytes, compressed: one document holds 16 MB
LONGEST_SAMPLE = 60
SAMPLES = 3
JSON_REFUSED = "ไฟล์ JSON ต้องเป็นรายการของวัตถุชั้นเดียว เช่น [{...}, {...}] กรุณาบันทึกเป็น .xlsx หรือ .csv แล้วนำเข้าใหม่"


class Upload(Document):
    """A file on its way in: its owner's alone, forgotten after two hours. `plan` is what was planned of it.

    What one document does not hold of it lies in others, `more`, which have nothing but `content`.
    """

    owner = ObjectIdField(required=True)
    area_code = StringField(required=True, max_length=8)
    filename = StringField()
    content = BinaryField()
    more = ListField(ObjectIdField())
    state = StringField(default="waiting")  # waiting, done
    plan = DictField()
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "mapped_uploads",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class Mapping(Document):
    """How an area reads files of one shape: `pairs` are [key of a column, field]."""

    area_code = StringField(required=True, max_length=8)
    shape = StringField(required=True, max_length=64)
    kind = StringField(required=True, max_length=20)
    header = IntField()  # the row of the header, 0 for none
    pairs = ListField(ListField(StringField()))
    by_name = StringField()
    at = DateTimeField()

    meta = {
        "collection": "file_mappings",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "shape"], "unique": True}],
    }


@dataclass
class FileTable:
    """A table as it is: `header_row` 0 means that it has none; `rows` are (number in the sheet, values), sums at the end too."""

    filename: str
    header_row: int
    columns: list
    rows: list
    encoding: str | None = None
    sheet: str | None = None
    others: int = 0  # further sheets that are not read
    first: list = field(default_factory=list)  # (number, values) of the first rows, to choose a header from
    understood: list = field(default_factory=list)  # sentences, as a Table's
    warnings: list = field(default_factory=list)

    @property
    def shape(self):
        """What tells files of one kind: the set of their labels, or how wide a file without them is."""
        if not self.header_row:
            return f"width:{len(self.columns)}"
        keys = sorted({label_key(label) for label in self.columns} - {""})
        return hashlib.sha256(json.dumps(keys, ensure_ascii=False).encode()).hexdigest()

    def key_of(self, index):
        """What a column goes by in a remembered mapping: its label and how often it came before, else its place."""
        label = label_key(self.columns[index]) if self.header_row else ""
        if not label:
            return f"@{index}"
        before = sum(label_key(other) == label for other in self.columns[:index])
        return f"{label}#{before}" if before else label

    def title_of(self, index):
        """A column as people name it: its letter and label."""
        label = " ".join(str(self.columns[index]).split())[:LONGEST_SAMPLE]
        return f"{letter_of(index)} {label}".strip()

    def samples(self, index):
        """The first different values of a column as text."""
        found = []
        for _, values in self.rows[:200]:
            text = " ".join(str(values[index]).split())[:LONGEST_SAMPLE] if values[index] is not None else ""
            if text and text not in found:
                found.append(text)
            if len(found) == SAMPLES:
                break
        return found


def table_of(content, filename, known_labels, header=None):
    """The FileTable of a file's bytes; `header` is the row of the header (0: none), None to find it.

    Raises FileRefused.
    """
    guards.refuse_size(content)
    sheets, encoding = (_json_sheets(content), "JSON") if _is_json(content) else _sheets(content)
    sheets = [sheet for sheet in sheets if sheet.rows]
    if not sheets:
        raise FileRefused("ไฟล์นี้ไม่มีข้อมูล กรุณาตรวจสอบว่าเลือกไฟล์ถูกต้อง")
    sheet = max(sheets, key=lambda one: (find_header(header_zone(one), known_labels)[1], len(one.rows)))
    if sheet.height > MOST_ROWS:
        raise FileRefused(
            f"ไฟล์นี้มี {sheet.height:,} แถว เกินครั้งละ {MOST_ROWS:,} แถว กรุณาตัดให้เหลือเฉพาะโรงเรียนในเขตของท่านแล้วเลือกไฟล์ใหม่"
        )
    table = _cut(sheet, known_labels, header)
    table.filename, table.encoding, table.others = filename, encoding, len(sheets) - 1
    return table


def _sheets(content):
    return sheets_of(guards.kind_of(content), content, MOST_ROWS)


def _is_json(content):
    return content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def _json_sheets(content):
    """A list of flat objects as one sheet; their names are its header."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as fault:
        raise FileRefused(JSON_REFUSED) from fault
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FileRefused(JSON_REFUSED)
    names = list(dict.fromkeys(name for one in found for name in one))
    if len(names) > guards.MAX_COLUMNS:
        guards.refuse_width(len(names))
    if any(isinstance(value, dict | list) for one in found for value in one.values()):
        raise FileRefused(JSON_REFUSED)
    rows = [[one.get(name) for name in names] for one in found]
    return [sheet_of_rows(None, list(enumerate([names, *rows], 1)))]


def _cut(sheet, known_labels, header):
    """The FileTable below a header, or of all rows where there is none."""
    zone = header_zone(sheet)
    if header is None:
        position = _find(zone, known_labels)
    else:
        position = next((at for at, (number, _) in enumerate(zone) if number == header), None)
    found = None if position is None else header_of(sheet, position, known_labels)
    rows = sheet.rows if found is None else sheet.rows[found.last + 1 :]
    if not rows:
        raise FileRefused("ไม่มีข้อมูลใต้หัวตาราง กรุณาตรวจสอบว่าเลือกไฟล์ถูกต้อง")
    labels = found.labels if found else []
    width = max(len(labels), widest_of(rows))
    columns = labels + [""] * (width - len(labels))
    rows, ends = cut_ends(filled_up(rows, width))
    number = found.number if found else 0
    rows, merged = filled_down(rows, sheet.merged, number)
    table = FileTable("", number, columns, list(rows),
                      sheet=sheet.name, first=[(at, values) for at, values in sheet.rows[:LOOKED_AT]])  # fmt: skip
    said, wrong = told(ends, table.rows, columns)
    table.rows += ends.sums  # the plans tell of them row by row
    table.understood = [*(in_words(found) if found else ()), *said]
    table.warnings = [*([merged] if merged else []), *wrong]
    return table


def _find(zone, known_labels):
    """Position of the header: the row that knows two labels or more, else a first row of words alone, else None."""
    position, known = find_header(zone, known_labels)
    if known >= 2:
        return position
    position = widest_header(zone)
    words = [value for value in zone[position][1] if value is not None] if position is not None else []
    return position if words and all(isinstance(one, str) and not _has_digit(one) for one in words) else None


def _has_digit(text):
    return sum(one.isdigit() for one in text) * 2 > len(text)


# ---- between the steps ----


def keep(content, filename, area_code, owner):
    """Keep an uploaded file for its owner; gives its id."""
    packed, uploads = zlib.compress(content, 1), collection(Upload)
    pieces = [Binary(packed[at : at + PIECE]) for at in range(0, len(packed), PIECE)]
    expires = {"expires_at": naive(clock.real_now() + LIVES)}
    more = [uploads.insert_one({"content": piece, **expires}).inserted_id for piece in pieces[1:]]
    about = {"owner": owner.id, "area_code": area_code, "filename": filename[:200], "state": "waiting"}
    return uploads.insert_one({**about, "content": pieces[0], "more": more, **expires}).inserted_id


def find(upload_id, owner, *kinds):
    """The stored upload (a dict) of that id, for its owner alone: the file, or with `kinds` its plan, of one of these.

    Raises RuleBroken when there is none, or no more.
    """
    found = None
    if ObjectId.is_valid(str(upload_id or "")):
        found = collection(Upload).find_one(_own(upload_id, owner), {"content": 0} if kinds else None)
    if found is None or (kinds and (found.get("plan") or {}).get("kind") not in kinds):
        raise RuleBroken("ไม่พบไฟล์นี้ หรือหมดอายุแล้ว (เก็บไว้ 2 ชั่วโมง) กรุณาเลือกไฟล์ใหม่อีกครั้ง")
    if not kinds:
        more = (collection(Upload).find_one({"_id": id_}) for id_ in found.get("more", ()))
        pieces = [found["content"], *(one["content"] for one in more)]
        found["content"] = zlib.decompress(b"".join(pieces))
    return found


def _own(upload_id, owner):
    live = {"expires_at": {"$gt": naive(clock.real_now())}}
    return {"_id": ObjectId(str(upload_id)), "owner": owner.id, **live}


def keep_plan(upload_id, owner, plan):
    """Store what was planned of an upload (plain values)."""
    collection(Upload).update_one(_own(upload_id, owner) | {"state": "waiting"}, {"$set": {"plan": plan}})


def recount(upload_id, owner, document, area_code):
    """Count a plan's rows anew by outcome, after some were refused when they were stored."""
    grouped = collection(document).aggregate(
        [
            {"$match": {"area_code": area_code, "upload": ObjectId(str(upload_id))}},
            {"$group": {"_id": "$outcome", "rows": {"$sum": 1}}},
        ]
    )
    counts = {row["_id"]: row["rows"] for row in grouped}
    collection(Upload).update_one(_own(upload_id, owner), {"$set": {"plan.counts": counts}})


@contextmanager
def claimed(upload_id, owner):
    """While the deed is asked for: the upload is taken, so that a second press does nothing; free again where that is refused.

    Raises RuleBroken when it is taken.
    """
    taken = collection(Upload).update_one(
        _own(upload_id, owner) | {"state": "waiting"}, {"$set": {"state": "done"}}
    )
    if not taken.modified_count:
        raise RuleBroken("แผนนี้กำลังบันทึกหรือบันทึกไปแล้ว กรุณาตรวจสอบผล หรือเลือกไฟล์ใหม่")
    try:
        yield
    except RuleBroken:
        collection(Upload).update_one(_own(upload_id, owner), {"$set": {"state": "waiting"}})
        raise


# ---- the mapping ----


def remember(area_code, table, kind, names, actor):
    """Keep how files of this shape are read: `names` is {column index: field}."""
    pairs = [[table.key_of(index), name] for index, name in sorted(names.items())]
    told = {"kind": kind, "header": table.header_row, "pairs": pairs, "by_name": actor.name}
    told["at"] = naive(clock.now())
    collection(Mapping).update_one(
        {"area_code": area_code, "shape": table.shape}, {"$set": told}, upsert=True
    )


def remembered(area_code, table):
    """The stored mapping (a dict) of files of this shape with `names` {column index: field}, or None."""
    found = collection(Mapping).find_one({"area_code": area_code, "shape": table.shape})
    if found:
        by_key = {table.key_of(index): index for index in range(len(table.columns))}
        found["names"] = {by_key[key]: name for key, name in found["pairs"] if key in by_key}
    return found
