"""The area's key (กุญแจลงนามของเขต): Ed25519, signs what leaves for the ministry, so that a changed file is found out.

The private key lies outside the database, in DATA/secrets/package-<area>.pem, made once at its first use. The database
keeps the public keys, old ones too: what was signed by a key that was replaced is still known as the area's. An
installation that knows a public key but has not its private one signs nothing rather than make another unasked.
"""

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from mongoengine import Document
from mongoengine.fields import BooleanField, DateTimeField, StringField

from documents.database import collection
from documents.errors import WrongState
from documents.trail.history import naive_now, note_event

SIGNATURE = 64  # bytes
SHOWN = 16  # hexadecimal digits of a fingerprint that people compare

_folder = None


class SigningKey(Document):
    """A public key of an area, by which its packages are known; `current` is the one it signs with."""

    area_code = StringField(required=True, max_length=8)
    fingerprint = StringField(required=True, max_length=64)
    public_pem = StringField(required=True, max_length=1000)
    current = BooleanField(default=True)
    made_at = DateTimeField()

    slug = "signing_keys"
    meta = {
        "collection": "signing_keys",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "fingerprint"], "unique": True, "name": "key"}],
    }

    @property
    def short(self):
        """The fingerprint as people read it to each other: 1A2B-3C4D-5E6F-7A8B."""
        return short_fingerprint(self.fingerprint)


def configure(folder):
    """Say in which folder (DATA/secrets) the private keys lie."""
    global _folder
    _folder = Path(folder)


def short_fingerprint(fingerprint):
    """The first digits of a fingerprint in fours."""
    digits = fingerprint[:SHOWN].upper()
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def current_key(area_code):
    """The SigningKey an area signs with, made now where it has none yet. Raises WrongState where its file is lacking."""
    private = _private(area_code)
    return SigningKey.objects(area_code=area_code, fingerprint=fingerprint_of(private.public_key())).get()


def known_keys(area_code):
    """[SigningKey] of an area, the present one first."""
    found = list(SigningKey.objects(area_code=area_code))  # a handful, however old the installation
    return sorted(sorted(found, key=lambda key: key.made_at, reverse=True), key=lambda key: not key.current)


def sign(area_code, content):
    """(signature of 64 bytes, the SigningKey) of some bytes by the area's key. Raises WrongState as `current_key` does."""
    private = _private(area_code)
    return private.sign(content), current_key(area_code)


def is_signed(public_pem, signature, content):
    """Whether a signature is that of the key over the content; False too for what is no key."""
    try:
        public = pem.load_pem_public_key(public_pem)
        if not isinstance(public, Ed25519PublicKey):
            return False
        public.verify(signature, content)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def fingerprint_of(public):
    """SHA-256 (hex) of a public key as it is (32 bytes), or of one in PEM. Raises ValueError for what is none."""
    if isinstance(public, bytes):
        public = pem.load_pem_public_key(public)
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    raw = public.public_bytes(pem.Encoding.Raw, pem.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def renew(area_code, actor, reason=None):
    """Replace an area's key by a new one, the lost or revealed one stays known as an old one; gives the SigningKey."""
    path = _path(area_code)
    old = path.with_name(f"{path.stem}-{naive_now():%Y%m%d%H%M%S}.old")
    if path.exists():
        path.rename(old)
    _make(path)
    made = _tell(area_code, _load(path))
    note_event(area_code, actor, "settings", SigningKey.slug, made.id, {"key": [None, made.short]}, reason)
    return made


# ---- the private key ----


def _path(area_code):
    if _folder is None:
        raise RuntimeError("documents.trail.signing.configure(folder) was not called")
    if not area_code.isalnum():
        raise ValueError(f"no area: {area_code!r}")
    return _folder / f"package-{area_code}.pem"


def _private(area_code):
    path = _path(area_code)
    if not path.exists():
        if SigningKey.objects(area_code=area_code).first():
            raise WrongState(
                f"ไม่พบกุญแจลงนามของเขต ({path.name}) ในเครื่องนี้ ให้ผู้ดูแลระบบคัดลอกแฟ้มนี้จากเครื่องเดิมมาไว้ใน DATA/secrets "
                f"หรือสร้างกุญแจใหม่ด้วยคำสั่ง scripts/manage new-signing-key {area_code}"
            )
        _make(path)
    private = _load(path)
    _tell(area_code, private)
    return private


def _make(path):
    """A new key in a file of its owner's alone; of two at once one is kept, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(
        pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()
    )
    draft = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename it never takes the place of one that came first
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _load(path):
    private = pem.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(private, Ed25519PrivateKey):
        raise WrongState(f"แฟ้ม {path.name} ใน DATA/secrets ไม่ใช่กุญแจ Ed25519 กรุณาแจ้งผู้ดูแลระบบ")
    return private


def _tell(area_code, private):
    """The SigningKey of a private key, put down in the database where it is not yet, as the present one."""
    public = private.public_key()
    print_ = fingerprint_of(public)
    place = {"area_code": area_code, "fingerprint": print_}
    if found := SigningKey.objects(**place, current=True).first():
        return found
    written = public.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo).decode()
    keys = collection(SigningKey)
    first = {"public_pem": written, "made_at": naive_now()}
    keys.update_one(place, {"$set": {"current": True}, "$setOnInsert": first}, upsert=True)
    keys.update_many({"area_code": area_code, "fingerprint": {"$ne": print_}}, {"$set": {"current": False}})
    return SigningKey.objects(**place).get()
