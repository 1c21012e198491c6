"""A ZIP whose every byte follows from its members: fixed times, one order, one compression; and the check of one.

Python's own writer leaves room for what nobody looks at (extra fields, flags, a changed time); here each header is made
from name, sizes and checksum alone, so that it can be made again and compared, and no byte is beyond the check. What is
larger than 4 GiB is told in the fields of Zip64 (APPNOTE 4.5.3, 4.3.14, 4.3.15), and only then.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass

LEVEL = 6
STORED, DEFLATED = 0, 8
DAY = 0x0021  # 1 January 1980, the first day a ZIP knows
UTF8 = 0x0800
MODE = 0o100644 << 16
MOST = 0xFFFFFFFF  # stands for a number that Zip64's field tells instead
PIECE = 1 << 20
PLAIN, LARGE = 20, 45  # the version of the format that a reader must know
LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")


@dataclass(frozen=True)
class Member:
    """One file of the ZIP: its name, method, CRC-32, bytes as they lie and as they are, SHA-256 (hex) of either."""

    name: str
    method: int
    crc: int
    stored: int
    size: int
    sha256: str
    stored_sha256: str

    @property
    def head(self):
        """The bytes before its data."""
        name = self.name.encode()
        numbers, extra = (self.stored, self.size), b""
        if max(numbers) >= MOST:  # of a file's own head both are told there, or neither
            numbers, extra = (MOST, MOST), _extra([self.size, self.stored])
        return LOCAL.pack(
            b"PK\x03\x04", _version(extra), UTF8, self.method, 0, DAY, self.crc, *numbers, len(name), len(extra)
        ) + name + extra  # fmt: skip

    def entry(self, offset):
        """Its bytes in the directory at the end."""
        name = self.name.encode()
        extra = _extra([number for number in (self.size, self.stored, offset) if number >= MOST])
        version = _version(extra)
        return CENTRAL.pack(
            b"PK\x01\x02", 3 << 8 | version, version, UTF8, self.method, 0, DAY, self.crc, min(self.stored, MOST),
            min(self.size, MOST), len(name), len(extra), 0, 0, 0, MODE, min(offset, MOST),
        ) + name + extra  # fmt: skip

    @property
    def length(self):
        """Bytes of head and data."""
        return len(self.head) + self.stored


def _extra(numbers):
    """The field of Zip64 that tells numbers too large for their own place; nothing where there are none."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""


def _version(extra):
    return LARGE if extra else PLAIN


def pack(out, name, chunks, compress):
    """Write a member's data alone (no head) to a file; gives back the Member. `chunks` are bytes, in pieces."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS) if compress else None
    plain, packed = hashlib.sha256(), hashlib.sha256()
    crc = size = stored = 0

    def put(piece):
        nonlocal stored
        packed.update(piece)
        stored += len(piece)
        out.write(piece)

    for chunk in chunks:
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        plain.update(chunk)
        put(packer.compress(chunk) if packer else chunk)
    if packer:
        put(packer.flush())
    method = DEFLATED if compress else STORED
    return Member(name, method, crc, stored, size, plain.hexdigest(), packed.hexdigest())


def of_bytes(name, content):
    """The Member of some bytes that are stored as they are."""
    digest = hashlib.sha256(content).hexdigest()
    return Member(name, STORED, zlib.crc32(content), len(content), len(content), digest, digest)


def directory(members):
    """The bytes at the end of a ZIP of these members, in order."""
    return b"".join([*_entries(members), _end(members)])


def _entries(members):
    offset = 0
    for member in members:
        yield member.entry(offset)
        offset += member.length


def _end(members):
    """The bytes behind the directory's entries: what says where they begin."""
    begins, long = sum(member.length for member in members), sum(map(len, _entries(members)))
    end = END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), min(long, MOST), min(begins, MOST), 0)
    if max(begins, long) < MOST:
        return end
    large = END64.pack(
        b"PK\x06\x06", END64.size - 12, 3 << 8 | LARGE, LARGE, 0, 0, len(members), len(members), long, begins
    )
    return large + LOCATOR.pack(b"PK\x06\x07", 0, begins + long, 1) + end


def read_first(file, name, most):
    """(Member, content) of the stored member at the file's place; None where it is not whole or not of that name.

    Every byte of its head is what it must be, and its content has the checksum that the head tells.
    """
    head = file.read(LOCAL.size + len(name.encode()))
    if len(head) < LOCAL.size:
        return None
    size = LOCAL.unpack(head[: LOCAL.size])[8]
    if size > most:
        return None
    content = file.read(size)
    member = of_bytes(name, content)
    return (member, content) if member.head == head and len(content) == size else None


def differing(file, members, kept):
    """Yield the names of members (and 'END' for the last bytes) that are not as these Members say.

    `file` stands at the first byte; the first `kept` members were read before and are passed over. A member's data is
    read in pieces and never unpacked, so that no file can make the check grow.
    """
    for number, member in enumerate(members):
        if number < kept:
            file.seek(member.length, 1)
            continue
        same = file.read(len(member.head)) == member.head
        digest, left = hashlib.sha256(), member.stored
        while left and (piece := file.read(min(PIECE, left))):
            digest.update(piece)
            left -= len(piece)
        if not same or left or digest.hexdigest() != member.stored_sha256:
            yield member.name
    for member, entry in zip(members, _entries(members), strict=True):
        if file.read(len(entry)) != entry:
            yield member.name
    end = _end(members)
    if file.read(len(end) + 1) != end:
        yield "END"
