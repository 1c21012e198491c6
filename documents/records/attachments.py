"""Attachments (ไฟล์แนบ): the files of fields of kind "file", kept in the database (GridFS `attachments`).

A file is taken in as evidence is: a PDF as it came, a picture with its pixels written anew, nothing else. A record holds
the id of its file; it is handed out by that record alone, as a file to save, to whoever may see the field.
"""

import hashlib

from bson import ObjectId

from documents.database import collection, db
from documents.errors import Invalid
from documents.records import evidence
from documents.records.record import Place, declared
from documents.records.stored_files import Bucket, StoredChunk, StoredFile

BUCKET = "attachments"
LARGEST = evidence.LARGEST
FOREIGN = "ไม่พบไฟล์นี้ในไฟล์ของโรงเรียน กรุณาแนบไฟล์ใหม่"


class AttachmentFile(StoredFile):
    """One attached file."""

    meta = {"collection": f"{BUCKET}.files"}


class AttachmentChunk(StoredChunk):
    """A piece of one."""

    meta = {"collection": f"{BUCKET}.chunks"}


def store(stream, area_code, school_code):
    """Store an uploaded file of a school and give its id, to be put into a field of kind "file".

    Raises Invalid, under the name "evidence", for anything but a picture or a PDF. The name it had is not kept.
    """
    content = stream.read(LARGEST + 1)
    if not content:
        raise Invalid({0: {"evidence": "ไฟล์นี้ว่างเปล่า กรุณาเลือกไฟล์ใหม่"}})
    kind, content = evidence.accepted(content)
    about = {"area_code": area_code, "school_code": school_code, "kind": kind}
    about["digest"] = hashlib.sha256(content).hexdigest()
    name = f"attachment.{evidence.KINDS[kind]}"
    return str(Bucket(db(), BUCKET).upload_from_stream(name, content, metadata=about))


def read(id_):
    """(media type, ending of its name, bytes) of a stored file; raises gridfs.NoFile for one that is not there."""
    found = Bucket(db(), BUCKET).open_download_stream(ObjectId(id_))
    return found.metadata["kind"], evidence.KINDS[found.metadata["kind"]], found.read()


def fields_of(document):
    """Names of the fields of a document class that hold a file."""
    return [name for name, one in declared(document).items() if one.kind == "file"] if document.added else []


def claim(prepared, errors):
    """Note a sentence for each change that brings a file which is not its school's; asked of what changes alone."""
    for index, each in enumerate(prepared):
        for name in fields_of(each.change.document):
            value = each.after and each.after.get(name)
            if value and value != (each.before or {}).get(name) and not _is_of(value, Place.of(each.after)):
                errors.setdefault(index, {})[name] = FOREIGN


def _is_of(id_, place):
    of_school = {"metadata.area_code": place.area_code, "metadata.school_code": place.school_code}
    return collection(AttachmentFile).find_one({"_id": ObjectId(id_)} | of_school, {"_id": 1}) is not None
