"""Pictures (ภาพถ่าย): photographs and site plans of schools, kept in the database (GridFS `pictures`).

A picture is told by its content, never by name or header. It is decoded and its pixels are written anew as a JPEG, so
that nothing it carried beside them (place, maker, a script) is stored and no byte is served as it came. A record or a
school holds the id of its picture in a field of kind "picture"; two files stand behind an id: the large one and the
thumbnail (`<id>.thumb`). Several records may hold one id: a building that is carried over keeps its pictures.

What nothing holds any more is taken away after a while (`tidy`), so that an undone change finds its picture again.
"""

import hashlib
import io
import struct
import threading
import zlib
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import gridfs
from bson import ObjectId
from mongoengine.fields import StringField
from PIL import Image, UnidentifiedImageError

from documents import subsystems
from documents.clock import real_now
from documents.collecting.versions import may_come_back
from documents.database import collection, db
from documents.district.schools import School
from documents.errors import Invalid
from documents.records.record import Place, declared
from documents.records.stored_files import Bucket, StoredChunk, StoredFile

BUCKET = "pictures"
LARGEST = 15 * 2**20  # bytes of an uploaded file
MOST_PIXELS = 50_000_000  # a telephone's photograph has 12 to 50 million
LARGE, THUMB = 1600, 320  # the longer side, in pixels
QUALITY = 82
KEPT_UNUSED = timedelta(days=30)
FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPE = "image/jpeg"  # of whatever is stored
TAKEN = "image/jpeg,image/png,image/webp"  # what a file input offers to choose
ORIENTATION = 0x0112  # the Exif tag that says how the camera was held
UPRIGHT = dict(enumerate(
    ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"), 2
))  # fmt: skip
WRONG = "ไฟล์นี้ไม่ใช่ภาพที่เปิดได้ แนบได้เฉพาะภาพ JPEG, PNG หรือ WebP กรุณาถ่ายหรือเลือกภาพใหม่"
HEIC = "ภาพ HEIC ยังแนบไม่ได้ กรุณาบันทึกเป็น JPEG หรือตั้งกล้องเป็น “เข้ากันได้มากที่สุด” แล้วถ่ายใหม่"
FOREIGN = "ไม่พบภาพนี้ในภาพของโรงเรียน กรุณาแนบภาพใหม่"
# What Pillow says of a file that is damaged or pretends to be a picture.
UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError, IndexError, OverflowError, MemoryError,
              EOFError, struct.error, zlib.error)  # fmt: skip
_one_at_a_time = threading.Lock()  # decoding takes up to 150 MB: one at a time in a process


class PictureFile(StoredFile):
    """One stored picture or thumbnail.

    `metadata` holds width and height, too; `lineage` of the record that holds it; `unused_since` while nothing does.
    """

    id = StringField(primary_key=True)

    meta = {"collection": f"{BUCKET}.files"}


class PictureChunk(StoredChunk):
    """A piece of one."""

    files_id = StringField()

    meta = {"collection": f"{BUCKET}.chunks"}


class NotTaken(ValueError):
    """A file that is not taken in, and why in Thai."""


class Drawn(NamedTuple):
    """A picture made anew: the bytes of its large version and of its thumbnail, and the large one's size in pixels."""

    large: bytes
    thumb: bytes
    width: int
    height: int


# ---- taking one in ----


def store(stream, area_code, school_code, field="picture"):
    """Store an uploaded picture of a school and give its id, to be put into a field of kind "picture".

    `stream` is read up to the largest size. Raises Invalid, under the name `field`, for whatever is no picture. The name
    it had is not kept: it may name a child.
    """
    try:
        drawn = made_anew(stream.read(LARGEST + 1))
    except NotTaken as refused:
        raise Invalid({0: {field: str(refused)}}) from refused
    return put(drawn, area_code, school_code)


def put(drawn, area_code, school_code):
    """Store a picture that was made anew; gives its id."""
    id_ = str(ObjectId())
    bucket = Bucket(db(), BUCKET)
    for name, content in ((id_, drawn.large), (f"{id_}.thumb", drawn.thumb)):
        about = about_of(drawn, content, area_code, school_code) | {"unused_since": real_now()}
        bucket.upload_from_stream_with_id(name, "picture.jpg", content, metadata=about)
    return id_


def put_many(drawings, area_code):
    """Store many pictures that were made anew, (school code, Drawn) each, at once; gives their ids in order."""
    ids, rows, pieces = [], [], []
    now = real_now()
    for school_code, drawn in drawings:
        ids.append(str(ObjectId()))
        for name, content in ((ids[-1], drawn.large), (f"{ids[-1]}.thumb", drawn.thumb)):
            about = about_of(drawn, content, area_code, school_code) | {"unused_since": now}
            rows.append({"_id": name, "filename": "picture.jpg", "length": len(content), "chunkSize": len(content),
                         "uploadDate": now, "metadata": about})  # fmt: skip
            pieces.append({"files_id": name, "n": 0, "data": content})
    if ids:
        collection(PictureChunk).insert_many(pieces)
        collection(PictureFile).insert_many(rows)
    return ids


def about_of(drawn, content, area_code, school_code):
    """The metadata of a stored file."""
    return {
        "area_code": area_code, "school_code": school_code, "kind": MEDIA_TYPE,
        "digest": hashlib.sha256(content).hexdigest(), "width": drawn.width, "height": drawn.height,
    }  # fmt: skip


def made_anew(content):
    """The Drawn of an uploaded file's bytes; raises NotTaken for whatever is no picture."""
    if len(content) > LARGEST:
        raise NotTaken(f"ภาพใหญ่เกิน {LARGEST // 2**20} MB กรุณาย่อภาพแล้วแนบใหม่")
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        raise NotTaken(HEIC)
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                return _drawn(picture)
        except NotTaken:
            raise
        except Image.DecompressionBombError as error:
            raise NotTaken(_too_large()) from error
        except UNREADABLE as error:
            raise NotTaken(WRONG) from error


def _too_large(picture=None):
    size = f" ({picture.width:,} × {picture.height:,} จุด)" if picture else ""
    return f"ภาพมีขนาดใหญ่เกินไป{size} แนบได้ไม่เกิน {MOST_PIXELS // 1_000_000} ล้านจุด กรุณาย่อภาพแล้วแนบใหม่"


def _drawn(picture):
    """The Drawn of an opened picture; only its head has been read so far."""
    if picture.width * picture.height > MOST_PIXELS:
        raise NotTaken(_too_large(picture))
    turn = UPRIGHT.get(_orientation(picture))
    picture.draft("RGB", (LARGE, LARGE))  # a JPEG is decoded at a half, a quarter or an eighth of its size
    flat = _flat(picture)
    flat.thumbnail((LARGE, LARGE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turn:  # not by ImageOps.exif_transpose: it writes the other tags anew, and fails at odd ones
        flat = flat.transpose(Image.Transpose[turn])
    bare = Image.new("RGB", flat.size, "white")  # pixels alone: what else the picture carried stays behind
    bare.paste(flat)
    small = bare.copy()
    small.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
    return Drawn(as_jpeg(bare), as_jpeg(small), *bare.size)


def _orientation(picture):
    try:
        return picture.getexif().get(ORIENTATION)
    except (ValueError, SyntaxError, OSError, KeyError, TypeError):  # tags of a broken camera say nothing
        return None


def _flat(picture):
    """The picture in three colours, whatever it was; what is seen through stands on white."""
    if picture.mode.startswith(
        ("I", "F")
    ):  # sixteen bits of grey; converting would cut off all but the darkest
        low, high = picture.getextrema()
        picture = (
            picture.convert("F").point(lambda value: (value - low) * 255 / ((high - low) or 1)).convert("L")
        )
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        flat = Image.new("RGB", seen.size, "white")
        flat.paste(seen, mask=seen.getchannel("A"))
        return flat
    return picture.convert("RGB")


def as_jpeg(picture):
    """A picture's pixels as they are stored."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


# ---- reading ----


def may_see(user, area_code, school_code):
    """Whether this person may see the pictures of a school: whoever may see the school."""
    area = ("district", "approver", "executive", "admin")
    return user.is_system or any(
        [user.holds(role, area_code) for role in area]
        + [user.holds(role, area_code, school_code) for role in ("school", "director")]
    )


def find(user, id_, thumb=False):
    """The GridFS file of a picture that this person may see, to be read; None for any other id."""
    if not ObjectId.is_valid(id_ or "") or len(id_) != 24:
        return None
    name = f"{id_}.thumb" if thumb else id_
    try:
        found = Bucket(db(), BUCKET).open_download_stream(name)
    except gridfs.NoFile:
        return None
    about = found.metadata
    return found if may_see(user, about["area_code"], about["school_code"]) else None


def content_of(id_, area_code, school_code):
    """The bytes of a picture of this school, for a paper about what holds it; None for any other id."""
    try:
        found = Bucket(db(), BUCKET).open_download_stream(id_)
    except gridfs.NoFile:
        return None
    about = found.metadata
    return found.read() if (about["area_code"], about["school_code"]) == (area_code, school_code) else None


def fields_of(document):
    """Names of the fields of a document class that hold a picture."""
    return [name for name, one in document._fields.items() if getattr(one, "kind", None) == "picture"]


# ---- the door ----


def claim(prepared, errors):
    """Note a sentence for each change that brings a picture which is not its school's; mark the others as used.

    Asked before the transaction, for what changes alone: a query a record that got pictures.
    """
    for index, each in enumerate(prepared):
        names = [name for name in _names(each.change.document) if _is_new(each, name)]
        if names:
            place, lineage = Place.of(each.after), each.after["lineage"]
            wrong = [
                name
                for name in names
                if not mark_used(each.after[name], place.area_code, place.school_code, lineage)
            ]
            if wrong:
                errors.setdefault(index, {}).update(dict.fromkeys(wrong, FOREIGN))


@lru_cache(maxsize=256)  # asked for every record that is written
def _names(document):
    return [name for name, one in declared(document).items() if one.kind == "picture"]


def _is_new(each, name):
    value = each.after and each.after.get(name)
    return bool(value) and value != (each.before or {}).get(name)


def mark_used(id_, area_code, school_code, lineage=None):
    """Say that something holds a picture now; whether it is one of that school."""
    of_school = {"metadata.area_code": area_code, "metadata.school_code": school_code}
    change = {"$unset": {"metadata.unused_since": ""}}
    if lineage:
        change["$set"] = {"metadata.lineage": lineage}
    found = collection(PictureFile).update_many({"_id": {"$in": [id_, f"{id_}.thumb"]}} | of_school, change)
    return found.matched_count > 0


# ---- tidying ----


def tidy(area_code, kept_for=KEPT_UNUSED):
    """Take away the pictures of an area that nothing has held for a while; gives how many.

    A school at a time: its pictures beside what its records of all years hold, and what the end of a reopening may bring
    back. One that is found unused is marked, and taken away when it still is after `kept_for`.
    """
    codes = collection(PictureFile).distinct("metadata.school_code", {"metadata.area_code": area_code})
    holders = [kind for kind in subsystems() if fields_of(kind)]
    years = {kind: collection(kind).distinct("academic_year", {"area_code": area_code}) for kind in holders}
    gone = 0
    for code in codes:
        held = _held(collection(School), fields_of(School), {"area_code": area_code, "code": code})
        for kind in holders:
            where = {"area_code": area_code, "academic_year": {"$in": years[kind]}, "school_code": code}
            held |= _held(collection(kind), fields_of(kind), where)
        held |= may_come_back(area_code, code, "picture")
        gone += _tidy_school(area_code, code, held, kept_for)
    return gone


def _held(rows, names, where):
    """The ids of the pictures that the rows hold."""
    if not names:
        return set()
    return {row[name] for row in rows.find(where, dict.fromkeys(names, 1)) for name in names if row.get(name)}


def _tidy_school(area_code, school_code, held, kept_for):
    files, now = collection(PictureFile), real_now()
    where = {"metadata.area_code": area_code, "metadata.school_code": school_code}
    unused = "metadata.unused_since"
    gone = 0
    for row in files.find(where, {unused: 1}):
        since = row["metadata"].get("unused_since")
        if row["_id"].removesuffix(".thumb") in held:
            if since:
                files.update_one({"_id": row["_id"]}, {"$unset": {unused: ""}})
        elif not since:
            files.update_one({"_id": row["_id"]}, {"$set": {unused: now}})
        elif files.delete_one({"_id": row["_id"], unused: {"$lt": now - kept_for}}).deleted_count:
            collection(PictureChunk).delete_many({"files_id": row["_id"]})
            gone += not row["_id"].endswith(".thumb")
    return gone
