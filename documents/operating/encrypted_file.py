"""Encrypted files (แฟ้มเข้ารหัส): one stream, compressed, then sealed by a passphrase in numbered chunks.

The file is: MARK, the length of the head (4 bytes), the head as JSON (what it was made with, nothing about its
content), an HMAC of mark and head, then the chunks: length (4 bytes) and AES-256-GCM ciphertext. The key comes
from the passphrase by scrypt under a salt of the file's own, so a chunk's number can be its nonce; the nonce
also says whether a chunk is the last one, and every chunk is bound to the head. So a changed bit, a chunk that is
missing, doubled or out of order, and a file that ends too early are all found: the construction is STREAM
(Hoang, Reyhanitabar, Rogaway, Vizar: Online Authenticated-Encryption, 2015).
"""

import hmac
import io
import json
import os
import secrets
import struct
import unicodedata
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from documents.errors import FileRefused

MARK = b"KHET-BACKUP\n"
FORMAT = 1
CHUNK = 2**20  # bytes of compressed stream in a chunk
LONGEST_HEAD = 4096
COST = {"n": 2**17, "r": 8, "p": 1}  # 128 MB and about half a second a guess
MOST_COST = {"n": 2**20, "r": 16, "p": 4}  # a foreign head must not ask for all the memory there is
SHORTEST_PASSPHRASE = 12  # characters
COMPRESSION = 3  # zlib's level: BSON shrinks to about a fifth at 100 MB/s
LENGTH = struct.Struct(">I")


class Foreign(FileRefused):
    """The file is no backup of Khet's."""


class Newer(FileRefused):
    """The file was made by a newer Khet."""


class WrongPassphrase(FileRefused):
    """The passphrase does not open the head."""


class Damaged(FileRefused):
    """The file is shorter than it was, or something in it was changed."""


def _damaged(where):
    return Damaged(f"แฟ้มสำรองเสียหายหรือถูกแก้ไข: {where} กรุณาใช้สำเนาอื่น")


def refuse_weak(passphrase):
    """Raises FileRefused for a passphrase that is too short to keep a file of pupils' data."""
    if len(passphrase.strip()) < SHORTEST_PASSPHRASE:
        raise FileRefused(f"รหัสผ่านของแฟ้มสำรองต้องยาวอย่างน้อย {SHORTEST_PASSPHRASE} ตัวอักษร")


def _keys(passphrase, salt, cost):
    """(key of the chunks, key of the head), 32 bytes each. Thai typed on any machine is one spelling: NFC."""
    secret = unicodedata.normalize("NFC", passphrase).encode()
    derived = Scrypt(salt=salt, length=64, **cost).derive(secret)
    return derived[:32], derived[32:]


def _nonce(number, last):
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class EncryptedWriter:
    """Writes a stream into an open binary file; `close()` writes the last chunk, without which nothing is whole."""

    def __init__(self, file, passphrase):
        refuse_weak(passphrase)
        salt = secrets.token_bytes(32)
        head = {"format": FORMAT, "kdf": "scrypt", **COST, "salt": salt.hex(), "cipher": "AES-256-GCM"}
        head = MARK + _framed(json.dumps(head).encode())
        key, key_of_head = _keys(passphrase, salt, COST)
        self.file, self.cipher, self.number = file, AESGCM(key), 0
        self.seal = hmac.digest(key_of_head, head, "sha256")
        self.packer, self.waiting = zlib.compressobj(COMPRESSION), bytearray()
        file.write(head + self.seal)

    def write(self, plain):
        """Add bytes to the stream."""
        self.waiting += self.packer.compress(plain)
        while len(self.waiting) > CHUNK:
            self._chunk(bytes(self.waiting[:CHUNK]), last=False)
            del self.waiting[:CHUNK]

    def close(self):
        """Write what is left, as the last chunk."""
        self.waiting += self.packer.flush()
        while len(self.waiting) > CHUNK:
            self._chunk(bytes(self.waiting[:CHUNK]), last=False)
            del self.waiting[:CHUNK]
        self._chunk(bytes(self.waiting), last=True)

    def _chunk(self, plain, last):
        self.file.write(_framed(self.cipher.encrypt(_nonce(self.number, last), plain, self.seal)))
        self.number += 1


def _framed(content):
    return LENGTH.pack(len(content)) + content


class EncryptedReader:
    """Opens an encrypted file: `stream()` gives its content, checked chunk by chunk, as often as it is asked for.

    Raises Foreign, Newer, WrongPassphrase or Damaged.
    """

    def __init__(self, file, passphrase):
        self.file = file
        file.seek(0)
        head, fields = _read_head(file)
        cost = {name: fields[name] for name in COST}
        key, key_of_head = _keys(passphrase, bytes.fromhex(fields["salt"]), cost)
        self.seal = hmac.digest(key_of_head, head, "sha256")
        if not hmac.compare_digest(self.seal, file.read(len(self.seal))):
            raise WrongPassphrase("รหัสผ่านของแฟ้มสำรองไม่ถูกต้อง หรือส่วนหัวของแฟ้มเสียหาย กรุณาตรวจสอบแล้วลองใหม่")
        self.cipher, self.begin = AESGCM(key), file.tell()

    def stream(self):
        """The content from its beginning, a buffered binary reader; reading it to its end proves it whole."""
        return io.BufferedReader(_Plain(self._plain()), CHUNK)

    def _plain(self):
        """The content in pieces of at most some chunks; the end is given only after the last chunk was checked."""
        unpacker = zlib.decompressobj()
        for packed in self._chunks():
            while packed:
                piece = _unpacked(unpacker, packed)
                packed = unpacker.unconsumed_tail
                if piece:
                    yield piece
        if not unpacker.eof or unpacker.unused_data:
            raise _damaged("เนื้อหาไม่จบตามที่ควร")

    def _chunks(self):
        """The checked chunks of the compressed stream, in order."""
        self.file.seek(self.begin)
        size, number = os.fstat(self.file.fileno()).st_size, 0
        last = False
        while not last:
            sealed = self._next_chunk(number)
            last = self.file.tell() == size
            try:
                yield self.cipher.decrypt(_nonce(number, last), sealed, self.seal)
            except InvalidTag:
                where = "ส่วนท้ายขาดหายหรือมีส่วนเกิน" if last else f"ส่วนที่ {number + 1:,} ไม่ตรงกับตอนที่สำรอง"
                raise _damaged(where) from None
            number += 1

    def _next_chunk(self, number):
        """The next chunk as it stands in the file."""
        length = self.file.read(LENGTH.size)
        wanted = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else None
        if wanted is None or not 16 <= wanted <= CHUNK + 16:
            raise _damaged(f"ส่วนที่ {number + 1:,} ขาดหายหรืออ่านไม่ได้")
        sealed = self.file.read(wanted)
        if len(sealed) < wanted:
            raise _damaged(f"แฟ้มจบก่อนกำหนดที่ส่วนที่ {number + 1:,}")
        return sealed


def _unpacked(unpacker, packed):
    try:
        return unpacker.decompress(packed, 4 * CHUNK)
    except zlib.error:
        raise _damaged("เนื้อหาคลายการบีบอัดไม่ได้") from None


class _Plain(io.RawIOBase):
    """An iterator of bytes as a raw stream."""

    def __init__(self, pieces):
        self.pieces, self.left = pieces, memoryview(b"")

    def readable(self):
        return True

    def readinto(self, buffer):
        """Fill what fits; 0 at the end."""
        if not self.left:
            self.left = memoryview(next(self.pieces, b""))
        size = min(len(buffer), len(self.left))
        buffer[:size] = self.left[:size]
        self.left = self.left[size:]
        return size


def _bearable(fields):
    """Whether scrypt takes these costs and this machine can bear them."""
    costs = [fields[name] for name in MOST_COST]
    whole = all(
        type(cost) is int and 0 < cost <= MOST_COST[name] for name, cost in zip(COST, costs, strict=True)
    )
    return whole and fields["n"] > 1 and fields["n"].bit_count() == 1


def _read_head(file):
    """(mark and head as they stand in the file, the head's fields)."""
    mark = file.read(len(MARK))
    if mark != MARK:
        raise Foreign("แฟ้มนี้ไม่ใช่แฟ้มสำรองของ Khet กรุณาตรวจสอบชื่อแฟ้ม")
    length = file.read(LENGTH.size)
    size = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else 0
    text = file.read(size) if size <= LONGEST_HEAD else b""
    try:
        fields = json.loads(text)
        if fields["format"] > FORMAT:
            raise Newer("แฟ้มสำรองนี้สร้างด้วย Khet รุ่นใหม่กว่า กรุณาปรับรุ่น Khet ก่อนกู้คืน")
        bytes.fromhex(fields["salt"])
        sane = fields["kdf"] == "scrypt" and _bearable(fields)
    except (ValueError, KeyError, TypeError):
        sane = False
    if not sane or len(text) != size:
        raise _damaged("อ่านส่วนหัวไม่ได้")
    return mark + length + text, fields
