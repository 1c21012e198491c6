"""The check of a package (ตรวจแพ็กเกจ): whether every byte is as it was signed, by whose key, and which file is not."""

import json
from dataclasses import dataclass, field

from documents.errors import FileRefused
from documents.trail import signing
from exports.collecting.package import FORMAT, FORMAT_VERSION, KEY, MANIFEST, SIGNATURE
from exports.workbooks.sealed_zip import Member, differing, read_first

LARGEST_MANIFEST = 8 * 1024 * 1024
MOST_FILES = 1000
LARGEST = 2**63 - 1  # bytes of a member
END = "END"
NO_PACKAGE = (
    "ไฟล์นี้ไม่ใช่แพ็กเกจส่งกระทรวงของระบบ เขต หรือส่วนต้นของไฟล์เสียหาย กรุณาใช้ไฟล์ .zip ที่ดาวน์โหลดมาโดยไม่ได้แตกหรือบีบอัดใหม่"
)


@dataclass(frozen=True)
class Verdict:
    """What the check of a package says: the manifest, the names of members that differ, whether the signature holds and
    of which known key it is (None: of a key that this installation does not know as the area's)."""

    manifest: dict
    changed: list = field(default_factory=list)
    signed: bool = False
    key: object = None
    fingerprint: str = ""

    @property
    def whole(self):
        """Whether no byte differs from what was signed."""
        return self.signed and not self.changed

    @property
    def trusted(self):
        """Whether it is whole and signed by a key of the area."""
        return self.whole and self.key is not None

    @property
    def sentences(self):
        """What is wrong, or that nothing is, a sentence each."""
        for name in self.changed:
            yield "ท้ายไฟล์ ZIP ไม่ตรงกับที่ลงนาม" if name == END else f"{name} ไม่ตรงกับที่ลงนาม: ถูกแก้ไขหรือเสียหาย"
        if not self.manifest:
            yield "หากไฟล์ถูกแตกแล้วบีบอัดใหม่ ให้ตรวจไฟล์ .zip ที่ดาวน์โหลดมา"
        if not self.signed:
            yield f"ลายเซ็นไม่ตรง: {MANIFEST} หรือ {SIGNATURE} ถูกแก้ไข"
        elif self.key is None:
            yield f"ลงนามด้วยกุญแจที่ระบบนี้ไม่รู้จักว่าเป็นของเขต ให้เทียบลายนิ้วมือ {signing.short_fingerprint(self.fingerprint)} กับที่เขตแจ้งไว้"
        elif self.whole:
            yield "ทุกไฟล์ตรงกับที่เขตลงนามทุกไบต์"


def check_package(file, public_pem=None):
    """The Verdict on an open file. Raises FileRefused for what is no package at all.

    The signature is looked at by the keys this installation knows of the area, or by `public_pem` (bytes) where one is
    given. A first member whose own bytes differ is named, since nothing after it can then be told.
    """
    file.seek(0)
    first = read_first(file, MANIFEST, LARGEST_MANIFEST)
    if first is None:
        file.seek(0)
        if file.read(4 + 26 + len(MANIFEST))[-len(MANIFEST) :] != MANIFEST.encode():
            raise FileRefused(NO_PACKAGE)
        return Verdict({}, [MANIFEST])
    member, told = first
    manifest, members = _read(told)
    second = read_first(file, SIGNATURE, signing.SIGNATURE)
    if second is None:
        return Verdict(manifest, [SIGNATURE])
    mark, signature = second
    changed = list(dict.fromkeys(_differing(file, [member, mark, *members])))
    key, fingerprint, signed = _signed_by(
        manifest, signature, told, public_pem, _key_in(file, [member, mark, *members], changed)
    )
    return Verdict(manifest, changed, signed, key, fingerprint)


def _differing(file, members):
    file.seek(0)
    return differing(file, members, kept=2)


def _read(told):
    """(manifest, its Members). Raises FileRefused where the manifest is not of our making."""
    try:
        manifest = json.loads(told)
        if manifest["format"] != FORMAT or manifest["format_version"] != FORMAT_VERSION:
            raise FileRefused("แพ็กเกจนี้ทำจากระบบรุ่นอื่น รุ่นนี้ตรวจไม่ได้ กรุณาตรวจด้วยระบบรุ่นที่ใหม่กว่า")
        files = manifest["files"]
        if len(files) > MOST_FILES:
            raise FileRefused(NO_PACKAGE)
        members = [
            Member(
                str(one["name"]), _number(one["packed"]["method"], 0xFFFF), _number(one["packed"]["crc32"]),
                _number(one["packed"]["bytes"], LARGEST), _number(one["bytes"], LARGEST), str(one["sha256"]), str(one["packed"]["sha256"]),
            )
            for one in files
        ]  # fmt: skip
        return {**manifest, "area": dict(manifest["area"]), "round": dict(manifest["round"])}, members
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise FileRefused(NO_PACKAGE) from fault


def _number(value, most=0xFFFFFFFF):
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(value)
    return value


def _key_in(file, members, changed):
    """The public key that lies in the package, or b"" where it differs."""
    at = 0
    for member in members:
        if member.name == KEY and KEY not in changed and member.stored < 2000:
            file.seek(at + len(member.head))
            return file.read(member.stored)
        at += member.length
    return b""


def _signed_by(manifest, signature, told, public_pem, inside):
    """(the SigningKey, fingerprint, whether the signature holds): by the given key, else the area's, else that inside."""
    if public_pem:
        holds = signing.is_signed(public_pem, signature, told)
        return (_Given() if holds else None), _print_of(public_pem), holds
    for key in signing.known_keys(str(manifest["area"].get("code") or "")[:8]):
        if signing.is_signed(key.public_pem.encode(), signature, told):
            return key, key.fingerprint, True
    return None, _print_of(inside), bool(inside) and signing.is_signed(inside, signature, told)


def _print_of(public_pem):
    try:
        return signing.fingerprint_of(public_pem)
    except ValueError:
        return ""


class _Given:
    """The key that who checks brought along."""

    current = True
