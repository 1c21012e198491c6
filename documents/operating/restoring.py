"""Restore (กู้คืน): a backup into an empty place, and the proof that it is the same data.

Proven are, in this order: the file itself (before anything is stored), count and SHA-256 of every collection, the
digest of every submission that carries one, the root hash of every locked round, and the whole history with its key.
What cannot be proven is not kept: the place is empty again, as it is when the restore is interrupted.
"""

import re
from contextlib import contextmanager
from typing import NamedTuple

from pymongo.errors import PyMongoError

from documents.collecting.freezing import freeze_of
from documents.collecting.rounds import Round
from documents.collecting.submissions import SEALED, WRITABLE, Submission, submissions_of
from documents.database import collection, db
from documents.errors import NotAllowed, RuleBroken
from documents.migrations.lease import SECONDS, held
from documents.migrations.runner import COLLECTION as MIGRATIONS
from documents.migrations.runner import NewerDatabase, refuse_newer
from documents.operating import installation
from documents.operating.backup import LEFT_OUT, batches, same_key, tally
from documents.operating.encrypted_file import Newer
from documents.records.digests import digest_of, root_of
from documents.trail import verifying

# What `scripts/start` puts into an empty database by itself.
SEEDED = {"code_lists", "roles", MIGRATIONS, installation.COLLECTION}
BATCH_BYTES, BATCH_ROWS = 2**22, 1000
PATIENCE = SECONDS + 5  # so long the lease of a restore that was killed stands in the way
SENTENCES = 10  # of a history that is not whole, how many are told


class Unproven(RuleBroken):
    """The restored data is not, or cannot be shown to be, what the backup holds; it was taken out again."""


class Proven(NamedTuple):
    """One line of the proof: what was compared, as the file has it, as it was found, whether that is good."""

    what: str
    in_file: str
    found: str
    good: bool


# ---- before anything is stored ----


def refuse_newer_file(manifest, version):
    """Raises Newer for a backup that a newer Khet made."""
    sentence = f"แฟ้มสำรองนี้สร้างด้วย Khet {manifest.version} ซึ่งใหม่กว่ารุ่นนี้ ({version}) กรุณาปรับรุ่น Khet ก่อนกู้คืน"
    try:
        refuse_newer(manifest.migrations)
    except NewerDatabase as error:
        raise Newer(sentence) from error
    if _numbers(manifest.version) > _numbers(version):
        raise Newer(sentence)


def _numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def refuse_full_place():
    """Raises NotAllowed unless the database is empty; what an interrupted restore left is taken out first."""
    clear()
    for name in sorted(db().list_collection_names()):
        ours = name in LEFT_OUT or name in SEEDED or name.startswith("system.")
        if not ours and db()[name].find_one({}, {"_id": 1}):
            raise NotAllowed(
                f"ฐานข้อมูล {db().name} มีข้อมูลอยู่แล้ว ({name}) กู้คืนได้เฉพาะลงในที่ว่าง "
                "กรุณาใช้โฟลเดอร์หรือฐานข้อมูลใหม่ (the place is not empty)"
            )


def refuse_other_key(manifest):
    """Raises Unproven where the history's key is not the one that the backup was made with."""
    if not same_key(manifest):
        raise Unproven(
            "กุญแจของประวัติไม่ใช่กุญแจเดียวกับตอนที่สำรอง จึงพิสูจน์ประวัติไม่ได้ กรุณาระบุแฟ้มกุญแจด้วย --audit-key "
            "(this is not the audit key of the backup)"
        )


# ---- storing ----


@contextmanager
def restored(backup, version, rebuild, keep_unproven=False, tell=lambda name, count: None):
    """Store a backup in the connected, empty database and prove it; gives the list of Proven for the block.

    `rebuild()` brings the data to this version's shape and builds the indexes. When the block ends well the
    restore is done; when it or anything before fails, what was stored is taken out again. `keep_unproven` keeps data whose
    digests or history do not hold, as they may not have held where the backup was made; the bytes must be the
    backup's in any case. Raises Newer, NotAllowed, Unproven, Busy (another restores here), and what `rebuild` raises.
    """
    refuse_newer_file(backup.manifest, version)
    if not keep_unproven:
        refuse_other_key(backup.manifest)
    with held(installation.RESTORING, patience=PATIENCE):
        refuse_full_place()
        try:
            yield _filled(backup, rebuild, keep_unproven, tell)
        except PyMongoError as error:
            _give_up()
            sentence = f"กู้คืนไม่สำเร็จ ที่ที่กู้คืนว่างเปล่าตามเดิม ฐานข้อมูลตอบว่า {error} (restore failed)"
            raise Unproven(sentence) from error
        except BaseException:
            _give_up()
            raise
        _mark_done()


def _give_up():
    """Leave the place empty; raises Unproven where the database is away, and the next restore then does it."""
    try:
        clear()
    except PyMongoError as error:
        raise Unproven(
            f"กู้คืนไม่สำเร็จ และยังล้างที่ที่กู้คืนไม่ได้ เพราะฐานข้อมูลตอบว่า {error} กรุณาสั่ง restore อีกครั้งเมื่อฐานข้อมูลกลับมา"
        ) from error


def _filled(backup, rebuild, keep_unproven, tell):
    names = [*backup.manifest.collections]
    _mark(names)
    _drop(names)
    for name, rows in backup.collections():
        _insert(name, rows)
        tell(name, backup.manifest.collections[name].count)
    proof = list(_same_bytes(backup.manifest))
    _require(proof, "ข้อมูลที่กู้คืนไม่ตรงกับแฟ้มสำรอง")
    rebuild()
    _index_files()
    meaning = [*_same_digests(backup.manifest), *_same_roots(backup.manifest), _history(backup.manifest)]
    if not keep_unproven:
        _require(meaning, "รหัสตรวจสอบหรือประวัติไม่ตรง")
    return proof + meaning


def _mark(names):
    """Note that a restore is under way, and what it fills, before anything is changed."""
    mark = {"$set": {"collections": names}}
    installation.facts().update_one({"_id": installation.RESTORE}, mark, upsert=True)


def _mark_done():
    installation.facts().delete_one({"_id": installation.RESTORE})


def clear():
    """Take out what a restore has stored; it was an empty place before."""
    mark = installation.facts().find_one({"_id": installation.RESTORE})
    if mark:
        _drop(mark["collections"])
        _mark_done()


def _drop(names):
    """Drop collections, of the installation's facts all but the marks of this moment."""
    for name in names:
        if name == installation.COLLECTION:
            installation.facts().delete_many({"_id": {"$nin": list(installation.OF_THE_MOMENT)}})
        else:
            db()[name].drop()


def _insert(name, rows):
    batch, size = [], 0
    for row in rows:
        batch.append(row)
        size += len(row.raw)
        if size >= BATCH_BYTES or len(batch) >= BATCH_ROWS:
            db()[name].insert_many(batch)
            batch, size = [], 0
    if batch:
        db()[name].insert_many(batch)


def _index_files():
    """GridFS builds its own indexes only where it writes the first file itself."""
    for name in db().list_collection_names():
        bucket, _, part = name.rpartition(".")
        if part == "chunks":
            db()[name].create_index([("files_id", 1), ("n", 1)], unique=True)
            db()[f"{bucket}.files"].create_index([("filename", 1), ("uploadDate", 1)])


# ---- proof ----


def _require(proof, sentence):
    wrong = [f"{one.what}: {one.found}" for one in proof if not one.good]
    if wrong:
        raise Unproven(f"{sentence} ที่ที่กู้คืนว่างเปล่าตามเดิม: {'; '.join(wrong[:SENTENCES])}")


def _same_bytes(manifest):
    """Each collection against the manifest: how many documents, and their SHA-256."""
    for name, section in manifest.collections.items():
        found = tally(batches(name))
        same = found.digest == section.digest
        words = f"{found.count:,}" if same else f"{found.count:,} (SHA-256 ไม่ตรง)"
        yield Proven(name, f"{section.count:,}", words, found == section)


def _same_digests(manifest):
    """The digests that people have confirmed, taken again from the restored records: a line for each round."""
    rounds = {}
    for row in manifest.submissions:
        if row["state"] in WRITABLE:  # what it may carry from before it was sent back, nobody answers for
            continue
        key = (row["area_code"], row["subsystem"], row["academic_year"], row["round"])
        held, wrong = rounds.setdefault(key, ([], []))
        held.append(row["school_code"])
        if not _has_digest(row):
            wrong.append(row["school_code"])
    for (area, subsystem, year, code), (held, wrong) in rounds.items():
        found = "ตรงกันทั้งหมด" if not wrong else f"ไม่ตรง {len(wrong):,} โรงเรียน: {' '.join(wrong[:3])}"
        yield Proven(f"digest {area} {subsystem} {year}-{code}", f"{len(held):,}", found, not wrong)


def _has_digest(row):
    """Whether the submission of a manifest's row and its records, as restored, have the digest that the row names."""
    plain = collection(Submission).find_one({"_id": row["_id"], "area_code": row["area_code"]})
    if plain is None or plain.get("digest") != row.get("digest"):
        return False
    return digest_of(Submission._from_son(plain)) == row["digest"]


def _same_roots(manifest):
    """The root hash of each locked round, from what its lock froze and the submissions' restored digests."""
    for row in manifest.rounds:
        if not row.get("root_hash"):
            continue
        round_ = Round.objects(area_code=row["area_code"], id=row["_id"]).first()
        freeze = round_ and freeze_of(round_)
        root = root_of(_digests_of(round_, freeze)) if freeze else "ไม่พบ"
        what = f"root {row['area_code']} {row['subsystem']} {row['academic_year']}-{row['code']}"
        good = root == row["root_hash"] == round_.root_hash if round_ else False
        yield Proven(what, row["root_hash"][:12], root[:12], good)


def _digests_of(round_, freeze):
    """{school code: digest} of a locked round; of a school that was reopened since, what the lock froze."""
    now = {each.school_code: each for each in submissions_of(round_).filter(state__in=list(SEALED))}
    same = [
        row for row in freeze.schools if row["code"] in now and now[row["code"]].version == row["version"]
    ]
    return {row["code"]: row["digest"] for row in freeze.schools} | {
        row["code"]: now[row["code"]].digest for row in same
    }


def _history(manifest):
    """The line of the history: whole, or the first sentences of what is wrong with it."""
    if not same_key(manifest):
        return Proven("ประวัติ", "-", "ไม่ได้ตรวจ เพราะไม่มีกุญแจ", False)
    problems = list(verifying.verify())
    found = "ครบถ้วน" if not problems else f"พบ {len(problems):,} จุด: " + "; ".join(problems[:SENTENCES])
    return Proven("ประวัติ", "-", found, not problems)
