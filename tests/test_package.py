"""The ministry package: the same to the byte each time, signed, and no byte of it can be changed unseen."""

import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest
from mongoengine import disconnect

from documents.collecting import locking, versions
from documents.collecting.moves import move
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission
from documents.database import connect, db, ensure_indexes
from documents.dmc.students import Student
from documents.errors import FileRefused, NotAllowed, WrongState
from documents.operating.backup import Backup, write_backup
from documents.operating.restoring import restored
from documents.people.users import User
from documents.records.writing import Change, write
from documents.trail import history, signing
from documents.version import VERSION
from exports.collecting.package import refuse_package, write_package
from exports.collecting.package_check import check_package
from exports.workbooks.sealed_zip import Member, differing, directory, of_bytes, pack
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT
from scripts.folder import prepare
from tests.districts import pass_errors
from tests.people import AREA, ROUND, YEAR, person, place, utc
from tests.pupils import pupil
from tests.web import AUDIT_KEY
from tests.world import text_of

PAGE = "/admin/packages/"


@pytest.fixture(autouse=True)
def keys(tmp_path, app):
    """A folder of the test's own for the keys."""
    signing.configure(tmp_path / "secrets")
    return tmp_path / "secrets"


@pytest.fixture
def locked(open_round, teacher, approver):
    """A locked round with a few pupils, one with a name that would run as a formula."""
    rows = [pupil() for _ in range(3)] + [pupil(reg_street="=HYPERLINK(1)")]
    write([Change(Student, place(), row) for row in rows], teacher)
    return locking.lock_round(open_round, approver, "ปิดตามกำหนด")


def package_bytes(round_):
    """(bytes, manifest) of a round's package."""
    out = io.BytesIO()
    manifest = write_package(round_, out)
    return out.getvalue(), manifest


def checked(content, **more):
    return check_package(io.BytesIO(content), **more)


def test_a_package_holds_what_its_signed_list_says(locked, keys):
    content, manifest = package_bytes(locked)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        assert json.loads(package.read("manifest.json")) == manifest
        assert package.namelist()[2:] == [one["name"] for one in manifest["files"]]
        for one in manifest["files"]:
            assert hashlib.sha256(package.read(one["name"])).hexdigest() == one["sha256"], one["name"]
        pupils = package.read("records/students.csv").decode("utf-8-sig")
        public = package.read("public-key.pem")
        assert signing.is_signed(public, package.read("manifest.sig"), package.read("manifest.json"))
        with zipfile.ZipFile(io.BytesIO(package.read("workbook.xlsx"))) as book:
            parts = {name: hashlib.sha256(book.read(name)).hexdigest() for name in book.namelist()}
    by_name = {one["name"]: one for one in manifest["files"]}
    assert by_name["workbook.xlsx"]["parts"] == parts
    assert by_name["records/students.csv"]["rows"] == len(pupils.splitlines()) - 1 == 4
    assert "'=HYPERLINK" in pupils
    assert manifest["root_hash"] == locked.root_hash
    assert (manifest["version"], manifest["locked_by"]) == (1, locked.locked_by_name)
    assert manifest["software"]["version"] == VERSION
    assert [oct(path.stat().st_mode & 0o777) for path in keys.iterdir()] == ["0o600"]
    assert checked(content).trusted


def test_it_is_the_same_to_the_byte_each_time(locked):
    first, _ = package_bytes(locked)
    assert package_bytes(locked)[0] == first


def test_every_changed_byte_is_found_and_its_member_named(locked, times):
    content, manifest = package_bytes(locked)
    ends, at, names = [], 0, ["manifest.json", "manifest.sig", *(one["name"] for one in manifest["files"])]
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for info in package.infolist():
            at += 30 + len(info.filename.encode()) + info.compress_size
            ends.append((at, info.filename))
    assert [name for _, name in ends] == names
    rng = random.Random(7)  # noqa: S311
    heads = [start + offset for start in [0, *(end for end, _ in ends[:-1])] for offset in range(30)]
    places = [
        *rng.sample(heads, times(60, len(heads))),
        *rng.sample(range(len(content)), times(200, 3000)),
        len(content) - 1,
    ]
    for place_ in places:
        spoiled = bytearray(content)
        spoiled[place_] ^= 1 << rng.randrange(8)
        try:
            verdict = checked(bytes(spoiled))
        except FileRefused:
            assert place_ < 30 + len("manifest.json")  # it no longer begins as a package
            continue
        assert not verdict.whole, place_
        named = next((name for end, name in ends if place_ < end), None)
        if named in ("manifest.json", "manifest.sig"):
            assert set(verdict.changed) & {"manifest.json", "manifest.sig"} or not verdict.signed
        elif named:
            assert verdict.changed == [named], place_
        else:
            assert verdict.changed, place_
    assert (
        "workbook.xlsx" in checked(content[:-5000]).changed or checked(content[: len(content) // 2]).changed
    )
    assert not checked(content + b"\0").whole


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 5000, b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_package_is_refused_with_a_sentence(content):
    with pytest.raises(FileRefused, match="แพ็กเกจ"):
        checked(content)


def test_another_key_is_not_taken_for_the_areas(locked, keys, officer):
    content, _ = package_bytes(locked)
    own = signing.current_key(AREA)
    signing.renew(AREA, officer)
    assert checked(content).trusted, "an old key of the area is still known"
    assert signing.current_key(AREA).fingerprint != own.fingerprint
    db().signing_keys.delete_many({})
    verdict = checked(content)
    assert verdict.whole
    assert not verdict.trusted
    assert checked(content, public_pem=own.public_pem.encode()).trusted
    assert not checked(content, public_pem=b"-----BEGIN nothing").trusted


def test_an_installation_without_the_private_key_makes_no_other_unasked(locked, keys):
    package_bytes(locked)
    for file in keys.iterdir():
        file.unlink()
    with pytest.raises(WrongState, match="new-signing-key"):
        package_bytes(locked)


def test_only_a_locked_round_and_who_may_see_all_of_it(
    open_round, locked, officer, executive, teacher, approver
):
    for user in (executive, teacher, officer):
        with pytest.raises(NotAllowed):
            refuse_package(locked, user)
    with pytest.raises(WrongState, match="ยังไม่ล็อก"):
        refuse_package(open_round, marked(approver))


def marked(user):
    """The person with the mark for what is sensitive."""
    for grant in user.grants:
        grant.sensitive = True
    return user.save()


def test_it_is_made_by_a_job_taken_with_a_note_and_checked_on_the_page(locked, approver, sign_in, database):
    browser = sign_in(marked(approver))
    assert "จัดทำแพ็กเกจ" in browser.get(f"/admin/rounds/files/?id={locked.id}").text
    answer = browser.send(f"/admin/packages/make/?id={locked.id}", {})
    assert answer.data == package_bytes(locked)[0]
    event = database.audit_events.find_one({"action": "export"})
    assert (event["changes"]["what"][1], event["changes"]["rows"][1]) == ("package", 4)
    spoiled = bytearray(answer.data)
    spoiled[-3000] ^= 1
    name = checked(bytes(spoiled)).changed[0]
    for content, status, said in (
        (answer.data, 200, "ทุกไฟล์ตรงกับที่เขตลงนามทุกไบต์"),
        (bytes(spoiled), 422, f"{name} ไม่ตรงกับที่ลงนาม"),
        (b"nothing", 422, "ไม่ใช่แพ็กเกจ"),
    ):
        form = {"file": (io.BytesIO(content), "แพ็กเกจ.zip")}
        page = browser.send(PAGE, form, content_type="multipart/form-data")
        assert (page.status_code, said in page.text) == (status, True), said
    key = signing.current_key(AREA)
    assert browser.get(f"{PAGE}key/?fingerprint={key.fingerprint}").data.decode() == key.public_pem
    assert browser.get(f"{PAGE}key/?fingerprint=0").status_code == 404


def test_a_reopened_round_has_a_second_version_and_a_workbook_of_what_changed(
    locked, teacher, approver, sign_in
):
    first, _ = package_bytes(locked)
    submission = find_submission("DMC", place())
    move(submission, "reopen", approver, "พิมพ์ผิด", until=utc(30).replace(tzinfo=history.dt.UTC))
    with pytest.raises(WrongState, match="เปิดคืน"):
        package_bytes(locked)
    record = Student.objects(school_code=submission.school_code).order_by("_id").first()
    write(
        [Change(Student, place(), {"first_name": "แก้แล้ว"}, id=record.id, revision=record.revision)], teacher
    )
    lock_again(approver)
    round_ = find_round(AREA, "DMC", YEAR, ROUND)
    _, manifest = package_bytes(round_)
    assert manifest["version"] == 2
    assert manifest["reopened"] == {submission.school_code: 2}
    differing = {
        one["name"]
        for one, other in zip(manifest["files"], checked(first).manifest["files"], strict=True)
        if one["content_sha256"] != other["content_sha256"]
    }
    assert differing == {"records/students.csv", "workbook.xlsx"}
    browser = sign_in(approver)
    answer = browser.send(f"/admin/packages/changes/?id={round_.id}", {})
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        text = " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    assert "แก้แล้ว" in text
    assert "1 → 2" in text


def reopened_and_changed(approver, teacher, changes):
    """The school is opened again, its pupils changed, and locked again."""
    submission = find_submission("DMC", place())
    move(submission, "reopen", approver, "พิมพ์ผิด", until=utc(30).replace(tzinfo=history.dt.UTC))
    write(changes, teacher)
    lock_again(approver)


def test_any_two_versions_are_compared_as_they_stood_then(locked, teacher, approver, sign_in):
    """A value that changed twice, a pupil who came in one version and left in the next."""
    first, second, third, _ = Student.objects.order_by("_id")

    def change(record, **values):
        now = Student.objects.get(id=record.id)
        return Change(Student, place(), values, id=now.id, revision=now.revision)

    new = pupil(first_name="มาแล้วไป")
    reopened_and_changed(
        approver, teacher, [change(first, first_name="ครั้งแรก"), Change(Student, place(), new)]
    )
    came = Student.objects.get(first_name="มาแล้วไป")
    reopened_and_changed(
        approver,
        teacher,
        [
            change(first, first_name="ครั้งหลัง"),
            change(second, first_name="อีกคน"),
            Change(Student, place(), id=came.id, revision=came.revision, remove=True),
        ],
    )
    submission, round_ = find_submission("DMC", place()), find_round(AREA, "DMC", YEAR, ROUND)

    def told(since, until):
        return {
            (each.kind, each.id): {name: pair for name, pair in each.fields.items() if name == "first_name"}
            for each in versions.changed_between(submission, since, until)
        }

    old, more = first.first_name, second.first_name
    assert told(1, 2) == {
        ("changed", first.id): {"first_name": (old, "ครั้งแรก")},
        ("added", came.id): {"first_name": (None, "มาแล้วไป")},
    }
    assert told(2, 3) == told(2, None) == {
        ("changed", first.id): {"first_name": ("ครั้งแรก", "ครั้งหลัง")},
        ("changed", second.id): {"first_name": (more, "อีกคน")},
        ("removed", came.id): {"first_name": ("มาแล้วไป", None)},
    }  # fmt: skip
    assert told(1, 3) == {
        ("changed", first.id): {"first_name": (old, "ครั้งหลัง")},
        ("changed", second.id): {"first_name": (more, "อีกคน")},
    }
    browser = sign_in(approver)
    for sent, shown, not_shown in (
        ({}, ("2 → 3", "ครั้งหลัง"), "1 → 2"),
        ({"since": "1", "until": "2"}, ("1 → 2", "มาแล้วไป"), "ครั้งหลัง"),
        ({"since": "1", "until": "3"}, ("1 → 3", "ครั้งหลัง"), "ครั้งแรก"),
    ):
        text = text_of(browser.send(f"/admin/packages/changes/?id={round_.id}", sent))
        assert all(words in text for words in shown), sent
        assert not_shown not in text
    for sent in ({"since": "2", "until": "2"}, {"since": "3"}, {"until": "4"}, {"until": "1"}):
        refused = browser.send(f"/admin/packages/changes/?id={round_.id}", sent)
        assert (refused.status_code, "กรุณาเลือกฉบับก่อนและฉบับหลัง" in refused.text) == (409, True), sent
    page = browser.get(f"/admin/changes/?id={submission.id}&since=1&until=2").text
    assert "สิ่งที่เปลี่ยนจากฉบับที่ 1 ถึงฉบับที่ 2" in page
    assert "ครั้งหลัง" not in page
    assert browser.get(f"/admin/changes/?id={submission.id}&since=3&until=2").status_code == 409
    assert third.first_name == Student.objects.get(id=third.id).first_name


# ---- larger than 4 GiB ----

LARGE = 5 * 2**30


def put_sparsely(file, big, small, content):
    """A ZIP of a member of zeros, which a file system need not keep, and one behind it."""
    file.write(big.head)
    file.seek(big.stored, 1)
    file.write(small.head + content + directory([big, small]))
    file.flush()
    file.seek(0)


def test_a_package_of_more_than_4_gib_is_told_by_zip64(tmp_path):
    """Another program reads the large sizes and the place beyond 4 GiB; the check reads them, too."""
    big, content = Member("workbook.xlsx", 0, 0, LARGE, LARGE, "", ""), "ก".encode()
    small = of_bytes("records/students.csv", content)
    with (tmp_path / "large.zip").open("w+b") as file:
        put_sparsely(file, big, small, content)
        with zipfile.ZipFile(file) as package:
            assert [(one.file_size, one.header_offset) for one in package.infolist()] == [
                (LARGE, 0),
                (len(content), big.length),
            ]
            assert package.read(small.name) == content
        file.seek(0)
        assert list(differing(file, [big, small], kept=1)) == []
        file.seek(-30, 2)
        file.write(b"X")  # in the place that Zip64 tells
        file.seek(0)
        assert list(differing(file, [big, small], kept=1)) == ["END"]


def test_what_fits_is_told_without_zip64():
    """So that packages made before are the same to the byte, and any reader takes them."""
    members = [of_bytes("a.txt", b"a"), Member("b.bin", 0, 0, 0xFFFFFFFE, 0xFFFFFFFE, "", "")]
    assert b"PK\x06\x06" not in directory(members[:1])
    assert all(one.head[4:6] == (20).to_bytes(2, "little") for one in members)
    assert b"PK\x06\x06" in directory(members), "the directory itself begins beyond what fits"


@pytest.mark.long
def test_a_member_of_more_than_4_gib_is_packed_and_checked_whole(tmp_path):
    """Zeros: five gigabytes that compress to five megabytes."""
    piece = bytes(1 << 20)
    with (tmp_path / "zeros.zip").open("w+b") as file:
        with (tmp_path / "body").open("w+b") as body:
            member = pack(body, "zeros.bin", (piece for _ in range(LARGE >> 20)), compress=True)
            assert (member.size, member.stored < 2**24) == (LARGE, True)
            body.seek(0)
            file.write(member.head)
            shutil.copyfileobj(body, file)
        file.write(directory([member]))
        file.seek(0)
        assert list(differing(file, [member], kept=0)) == []
        with zipfile.ZipFile(file) as package:
            assert package.testzip() is None


def lock_again(approver):
    submission = find_submission("DMC", place())
    db().submissions.update_one({"_id": submission.id}, {"$set": {"state": "verified"}})
    officer = User.objects(name="passes").first() or person("passes", "district")
    pass_errors(find_submission("DMC", place()), officer)
    locking.lock_school(find_submission("DMC", place()), approver)


def test_from_a_restored_backup_every_member_has_the_same_hash(locked, tmp_path, database_uri):
    content, manifest = package_bytes(locked)
    file = tmp_path / "เขต.khet"
    write_backup(file, "ช้างสามตัว over the bridge", VERSION)
    with tempfile.TemporaryDirectory(prefix="khet-restore-") as folder:
        server = EmbeddedMongo(prepare(Path(folder)), cache_gb=0.25, oplog_mb=128)
        server.start()
        try:
            connect(server.grant("elsewhere"))
            with (
                file.open("rb") as stream,
                restored(Backup(stream, "ช้างสามตัว over the bridge"), VERSION, ensure_indexes),
            ):
                pass
            again, told = package_bytes(find_round(AREA, "DMC", YEAR, ROUND))
        finally:
            disconnect()
            server.stop(grace=5)
            connect(database_uri)
            history.configure(AUDIT_KEY)
    assert told["files"] == manifest["files"]
    assert again == content


def test_the_worker_is_told_all_that_the_web_server_is_told():
    told = [
        set(re.findall(r"^    (\w+)\.configure\(", (ROOT / "admin_app" / name).read_text(), re.MULTILINE))
        for name in ("__init__.py", "worker.py")
    ]
    assert "signing" in told[0]
    assert told[0] <= told[1]


def test_the_command_names_what_was_changed_and_ends_with_1(locked, tmp_path, database_uri):
    content, _ = package_bytes(locked)
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(content)
    with zipfile.ZipFile(good) as package:
        at = package.getinfo("records/students.csv").header_offset + 30 + len("records/students.csv") + 3
    bad.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
    (tmp_path / "audit.key").write_bytes(history._key)
    environ = {**os.environ, "MONGODB_URI": database_uri, "KHET_AUDIT_KEY_FILE": str(tmp_path / "audit.key")}
    command = [ROOT / "scripts" / "manage", "--data", tmp_path / "data", "verify-package"]

    def run(*arguments):
        return subprocess.run(
            [*command, *arguments], env=environ, capture_output=True, text=True, check=False
        )

    told = run(good, "--against", good)
    assert (
        told.returncode,
        "ทุกไฟล์ตรงกับที่เขตลงนามทุกไบต์" in told.stdout,
        "the same content" in told.stdout,
    ) == (0, True, True)
    told = run(bad)
    assert (told.returncode, "records/students.csv ไม่ตรงกับที่ลงนาม" in told.stdout) == (1, True), told
