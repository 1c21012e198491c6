"""A file that comes in with a form (ไฟล์ที่ส่งเข้า)."""

from flask import request

from documents.errors import RuleBroken
from documents.formats import thai
from exports.reading import guards


def posted_file():
    """(bytes, name) of the posted file, of one that is too large a byte too many. Raises RuleBroken where there is none."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise RuleBroken("กรุณาเลือกไฟล์ก่อน แล้วกดอีกครั้ง")
    return sent.stream.read(guards.MAX_BYTES + 1), thai.clean(sent.filename)[:200]
