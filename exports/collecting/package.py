"""The ministry package (แพ็กเกจส่งกระทรวง): a locked round's workbook and CSVs with a signed list of them, in one ZIP.

The manifest says of each file how many rows it has and its SHA-256 as it is unpacked; `content_sha256` leaves out how a
workbook is compressed inside, so that it agrees between installations whose compressors differ. Made again on one
installation the whole package is the same to the byte. The signature is over the manifest; `package_check.py` checks one.
"""

import hashlib
import json
import tempfile
import zipfile
from collections import Counter

from documents.clock import utc
from documents.collecting.freezing import freeze_of, latest_version
from documents.errors import NotAllowed, WrongState
from documents.people import access
from documents.trail import signing
from documents.version import VERSION
from exports.collecting.round_report import has_report
from exports.collecting.round_workbook import facts_of, records_of, refuse_reopened, round_workbook_file
from exports.dmc.statistics import statistics_csv
from exports.workbooks.columns import Surroundings
from exports.workbooks.grid import csv_of
from exports.workbooks.sealed_zip import PIECE, directory, of_bytes, pack
from exports.workbooks.workbook import file_name

FORMAT, FORMAT_VERSION = "khet-ministry-package", 1
MANIFEST, SIGNATURE, KEY, ABOUT = "manifest.json", "manifest.sig", "public-key.pem", "README.txt"
WORKBOOK, STATISTICS = "workbook.xlsx", "statistics/grade-sex.csv"
SPOOL = 16 * 1024 * 1024
README = """แพ็กเกจข้อมูลของรอบที่ล็อกแล้ว จัดทำโดยระบบ เขต (Khet)
เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่

manifest.json    รายชื่อไฟล์ จำนวนแถว และ SHA-256 ของแต่ละไฟล์ พร้อมรอบ ฉบับ ผู้ล็อก และเวลาที่ล็อก
manifest.sig     ลายเซ็น Ed25519 ของ manifest.json ด้วยกุญแจของเขต
public-key.pem   กุญแจสาธารณะของเขต ให้เทียบลายนิ้วมือกับที่เขตแจ้งไว้ก่อนเชื่อถือ

ตรวจด้วยระบบ: scripts/manage verify-package FILE หรือเมนู "ตรวจแพ็กเกจ"
ตรวจด้วย OpenSSL 3: openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in manifest.json -sigfile manifest.sig
"""


def refuse_package(round_, user):
    """Raise NotAllowed or WrongState where this person may not have a package of the round, or it cannot be made now.

    It holds every column, so it wants a reader of the area with the mark for what is sensitive.
    """
    area = round_.area_code
    reads = user.is_system or any(user.holds(role, area) for role in access.AREA_READERS)
    if not reads or not access.sees_sensitive(user, area):
        raise NotAllowed(
            "แพ็กเกจส่งกระทรวงมีข้อมูลส่วนบุคคลและข้อมูลอ่อนไหวครบทุกช่อง จัดทำได้เฉพาะเจ้าหน้าที่เขตหรือผู้รับรองที่มีสิทธิ์ดูข้อมูลอ่อนไหว"
        )
    if not round_.sealed:
        raise WrongState(f"รอบ {round_} ยังไม่ล็อก จึงยังจัดทำแพ็กเกจส่งกระทรวงไม่ได้ กรุณาล็อกรอบก่อน")
    refuse_reopened(round_)


def write_package(round_, out, step=lambda words: None):
    """Write the package of a locked round to a writable stream, piece by piece; gives back the manifest, a dict.

    Raises WrongState where a school is open again, also when it was opened meanwhile, and TotalsDiffer; what was
    written is then to be thrown away.
    """
    facts, before = facts_of(round_), _frozen(round_)
    with tempfile.TemporaryFile(prefix="khet-") as body:
        files = []
        for name, kind, rows, chunks, compress in _contents(round_, facts, step):
            content = _Content(name) if kind == "workbook" else None
            member = pack(body, name, content.passing(chunks) if content else chunks, compress)
            files.append((member, kind, rows() if callable(rows) else rows, content))
        step("กำลังลงนามและบีบอัด")
        manifest = _manifest(round_, facts, files)
        told = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
        signature, _ = signing.sign(round_.area_code, told)
        if _frozen(round_) != before:
            raise WrongState(f"รอบ {round_} มีโรงเรียนถูกเปิดคืนระหว่างจัดทำ กรุณาจัดทำใหม่เมื่อล็อกโรงเรียนนั้นอีกครั้ง")
        refuse_reopened(round_)
        _assemble(
            out, body, [(of_bytes(MANIFEST, told), told), (of_bytes(SIGNATURE, signature), signature)], files
        )
    return manifest


def _assemble(out, body, first, files):
    for member, content in first:
        out.write(member.head + content)
    body.seek(0)
    for member, *_ in files:
        out.write(member.head)
        left = member.stored
        while left:
            piece = body.read(min(PIECE, left))
            left -= len(piece)
            out.write(piece)
    out.write(directory([*(member for member, _ in first), *(member for member, *_ in files)]))


def _contents(round_, facts, step):
    """Yield (name, kind, rows, pieces of bytes, whether it is compressed here) of the files, in the package's order."""
    yield ABOUT, "about", None, [README.encode()], False
    key = signing.current_key(round_.area_code)
    yield KEY, "key", None, [key.public_pem.encode()], False
    total = 0
    for document in facts.documents:
        step(f"กำลังเขียน {document.label}")
        counted = Counter()
        yield (
            f"records/{document.slug}.csv",
            "records",
            lambda n=counted: n["rows"],
            _csv(document, facts, counted),
            True,
        )
        total += counted["rows"] if document.listed else 0
    if has_report(round_):
        step("กำลังเขียนไฟล์สถิติ")
        yield STATISTICS, "statistics", len(facts.schools) + 1, [statistics_csv(round_)], True
    step("กำลังเขียนสมุดงาน")
    yield WORKBOOK, "workbook", total, _pieces(round_workbook_file(round_)), False


def _csv(document, facts, counted):
    def passing():
        for row in records_of(document, facts):
            counted["rows"] += 1
            yield row

    around = Surroundings(facts.round, facts.names, facts.lists, frozenset())
    lines, size = [], 0
    for line in csv_of(document, passing(), around):
        lines.append(line)
        size += len(line)
        if size > PIECE:
            yield "".join(lines).encode()
            lines, size = [], 0
    yield "".join(lines).encode()


def _pieces(file):
    with file:
        while piece := file.read(PIECE):
            yield piece


class _Content:
    """A workbook as it passes, kept to be looked into: what it holds without how it is compressed."""

    def __init__(self, name):
        self.name, self.spool = name, tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115

    def passing(self, chunks):
        for chunk in chunks:
            self.spool.write(chunk)
            yield chunk

    def parts(self):
        """{name of a part: its SHA-256} of the workbook, by name."""
        self.spool.seek(0)
        with self.spool, zipfile.ZipFile(self.spool) as book:
            return {name: _digest_of(book, name) for name in sorted(book.namelist())}


def _digest_of(book, name):
    digest = hashlib.sha256()
    with book.open(name) as part:
        while piece := part.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def content_digest(parts):
    """The SHA-256 of a file of several parts, {name: SHA-256}: over a line "digest  name" for each, by name."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(parts.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _manifest(round_, facts, files):
    freeze, key = freeze_of(round_), signing.current_key(round_.area_code)
    told = [_told(*file) for file in files]
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "software": {"name": "Khet", "version": VERSION},
        "area": {"code": round_.area_code, "name": facts.area_name},
        "round": {
            "subsystem": round_.subsystem,
            "academic_year": round_.academic_year,
            "code": round_.code,
            "label": round_.label,
            "title": facts.title,
            "as_of": facts.as_of.date().isoformat(),
        },
        "version": latest_version(freeze),
        "locked_at": utc(freeze.locked_at).isoformat(timespec="seconds"),
        "locked_by": freeze.locked_by_name,
        "root_hash": freeze.root_hash,
        "earlier_root_hashes": [row["root_hash"] for row in freeze.earlier],
        "schools": len(facts.schools),
        "unreported": [school["code"] for school in facts.unreported],
        "reopened": {
            school["code"]: school["version"] for school in facts.schools if (school.get("version") or 1) > 1
        },
        "key": key.fingerprint,
        "files": told,
    }


def _told(member, kind, rows, content):
    parts = content.parts() if content else None
    one = {
        "name": member.name,
        "kind": kind,
        "rows": rows,
        "bytes": member.size,
        "sha256": member.sha256,
        "content_sha256": content_digest(parts) if parts else member.sha256,
        "packed": {
            "method": member.method,
            "bytes": member.stored,
            "sha256": member.stored_sha256,
            "crc32": member.crc,
        },
    }
    return one | ({"parts": parts} if parts else {})


def _frozen(round_):
    freeze = freeze_of(round_)
    return freeze.root_hash, latest_version(freeze)


def package_file_name(round_, version):
    """The download's name: 2568-1-DMC-34010000-แพ็กเกจ-ฉบับ1.zip."""
    return file_name(f"{round_.label}-{round_.subsystem}-{round_.area_code}-แพ็กเกจ-ฉบับ{version}", "zip")
