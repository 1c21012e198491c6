"""Stored files (ไฟล์ในฐานข้อมูล): what every GridFS bucket is declared by, for its indexes and for counting what it holds.

A bucket is two collections, `<bucket>.files` and `<bucket>.chunks`; a module that has one declares a class of each.
"""

from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField


class StoredFile(Document):
    """One file as GridFS keeps it; `metadata` names its area_code, school_code, kind (media type) and digest (SHA-256)."""

    id = ObjectIdField(primary_key=True)
    filename = StringField()
    length = IntField()
    chunkSize = IntField()
    uploadDate = DateTimeField()
    metadata = DictField()

    meta = {
        "abstract": True,
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["metadata.area_code", "metadata.school_code"], "name": "of_school"},
                    {"fields": ["filename", "uploadDate"]}],
    }  # fmt: skip


class StoredChunk(Document):
    """A piece of a stored file."""

    files_id = ObjectIdField()
    n = IntField()

    meta = {
        "abstract": True,
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["files_id", "n"], "unique": True}],
    }
