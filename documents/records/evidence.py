"""Evidence (หลักฐาน): a picture or PDF that stands behind a request, kept in the database (GridFS `evidence`).

What it is is told by its content. A picture is decoded and written anew, so that nothing it carried beside its pixels
(place, maker, a script) is stored; a PDF is kept as it came and is only ever handed out as a file to save.
"""

import hashlib
import io
from typing import NamedTuple

import gridfs
from bson import ObjectId
from PIL import Image, UnidentifiedImageError

from documents.database import collection, db
from documents.errors import Invalid
from documents.records.stored_files import Bucket, StoredChunk, StoredFile

LARGEST = 10 * 2**20  # bytes
MOST_PIXELS = 25_000_000
BUCKET = "evidence"
WRONG = "แนบได้เฉพาะรูป JPEG, PNG หรือไฟล์ PDF ที่เปิดได้ กรุณาถ่ายรูปหรือสแกนใหม่"
ORIENTATION = 0x0112  # the Exif tag that says how the camera was held
UPRIGHT = dict(enumerate(
    ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"), 2
))  # fmt: skip
KINDS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class EvidenceFile(StoredFile):
    """One stored piece of evidence."""

    meta = {"collection": f"{BUCKET}.files"}


class EvidenceChunk(StoredChunk):
    """A piece of one."""

    meta = {"collection": f"{BUCKET}.chunks"}


class Evidence(NamedTuple):
    """What was stored: its id, what it is (a media type), its bytes' number and SHA-256 (hex)."""

    id: ObjectId
    kind: str
    size: int
    digest: str


def accepted(content):
    """(media type, bytes to store) of an uploaded file; raises Invalid for anything but a picture or a PDF."""
    if not content:
        raise Invalid({0: {"evidence": "กรุณาแนบหลักฐาน เช่น สำเนาทะเบียนบ้านหรือบัตรประชาชน"}})
    if len(content) > LARGEST:
        raise Invalid({0: {"evidence": f"ไฟล์ใหญ่เกิน {LARGEST // 2**20} MB กรุณาย่อรูปแล้วแนบใหม่"}})
    if content[:5] == b"%PDF-" and b"%%EOF" in content[-2048:]:
        return "application/pdf", content
    return _picture(content)


def _picture(content):
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Invalid({0: {"evidence": "รูปมีขนาดใหญ่เกินไป กรุณาย่อให้ไม่เกิน 25 ล้านจุด"}})
            kind = picture.format
            turn = UPRIGHT.get(picture.getexif().get(ORIENTATION))
            upright = picture.convert("RGB" if kind == "JPEG" else "RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Invalid({0: {"evidence": WRONG}}) from error
    if turn:  # not by ImageOps.exif_transpose: it writes the other tags anew, and fails at odd ones
        upright = upright.transpose(Image.Transpose[turn])
    bare = Image.new(upright.mode, upright.size)  # pixels alone: what else the picture carried stays behind
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, kind, **({"quality": 85} if kind == "JPEG" else {"optimize": False}))
    return f"image/{kind.lower()}", out.getvalue()


def keep(content, area_code, school_code=None):
    """Store an uploaded file and give its Evidence; raises Invalid. The name it had is not kept: it may name a child."""
    kind, clean = accepted(content)
    digest = hashlib.sha256(clean).hexdigest()
    about = {"area_code": area_code, "school_code": school_code, "kind": kind, "digest": digest}
    id_ = Bucket(db(), BUCKET).upload_from_stream(f"evidence.{KINDS[kind]}", clean, metadata=about)
    return Evidence(id_, kind, len(clean), digest)


def read(id_):
    """The bytes of a stored file; raises gridfs.NoFile for one that was dropped."""
    return Bucket(db(), BUCKET).open_download_stream(id_).read()


def still_there(ids):
    """Those of the ids whose file is stored, of the bytes that were taken in: {id: digest}."""
    rows = collection(EvidenceFile).find({"_id": {"$in": list(ids)}}, {"metadata.digest": 1, "length": 1})
    return {row["_id"]: row["metadata"].get("digest") for row in rows if row.get("length")}


def drop(id_):
    """Delete a stored file; one that is gone already stays gone."""
    try:
        Bucket(db(), BUCKET).delete(id_)
    except gridfs.NoFile:
        return
