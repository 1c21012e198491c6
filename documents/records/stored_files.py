"""Stored files (ไฟล์ในฐานข้อมูล): what every GridFS bucket is and is declared by, for its indexes and for counting what it holds.

A bucket is two collections, `<bucket>.files` and `<bucket>.chunks`; a module that has one declares a class of each.
"""

from gridfs import GridFSBucket
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField


class Bucket(GridFSBucket):
    """A GridFS bucket whose indexes are declared and stand since the start.

    The driver reads a document of both collections before each file, to find out whether it has to build them first.
    """

    def open_upload_stream(self, *arguments, **more):
        return _with_indexes(super().open_upload_stream(*arguments, **more))

    def open_upload_stream_with_id(self, *arguments, **more):
        return _with_indexes(super().open_upload_stream_with_id(*arguments, **more))


def _with_indexes(stream):
    object.__setattr__(stream, "_ensured_index", True)  # a GridIn's own attributes are fields of its file
    return stream


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
