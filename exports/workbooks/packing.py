"""The zip of a workbook: its large parts are compressed while they are made, and never lie anywhere as they are.

A part of a zip is one stream of deflate. Pieces that each end on a byte (a flush does that) make one stream when they
stand behind one another, so the rows of a sheet wait compressed for what stands before and behind them.
"""

import shutil
import tempfile
import zlib
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from isal import isal_zlib

LEVEL = 1  # of igzip: a fifth of zlib's time at its own first level, and smaller
RAW = -15  # deflate without a head of its own, as a zip has it
SPOOL = 8 * 1024 * 1024  # bytes kept in memory before they go to disk
WHEN = (1980, 1, 1, 0, 0, 0)  # no time of ours: the same content gives the same bytes
ZEROS = bytes(1 << 20)


class Deflated:
    """Bytes that are compressed as they come; `end()` once, then `copy_to` as often as wanted."""

    def __init__(self, folder=None):
        self.kept = tempfile.SpooledTemporaryFile(SPOOL, dir=folder)  # noqa: SIM115
        self.squeezing = isal_zlib.compressobj(LEVEL, wbits=RAW)
        self.crc = self.size = self.packed = 0

    def write(self, data):
        """Take some bytes."""
        self.crc, self.size = isal_zlib.crc32(data, self.crc), self.size + len(data)
        self._keep(self.squeezing.compress(data))

    def end(self):
        """End on a whole byte, so that something may follow."""
        self._keep(self.squeezing.flush(isal_zlib.Z_SYNC_FLUSH))

    def _keep(self, piece):
        self.packed += self.kept.write(piece)

    def copy_to(self, target):
        """Write the compressed bytes into a stream."""
        self.kept.seek(0)
        shutil.copyfileobj(self.kept, target, 1 << 16)

    def close(self):
        """Let go of what was kept."""
        self.kept.close()


class Archive:
    """A zip being written into a seekable stream: `put` a part of text or bytes, or one around ready rows."""

    def __init__(self, target):
        self.zip = ZipFile(target, "w", ZIP_DEFLATED, compresslevel=6)

    def put(self, name, content):
        """A part that is there as a whole."""
        info = ZipInfo(name, WHEN)
        info.compress_type = ZIP_DEFLATED
        self.zip.writestr(info, content, compresslevel=6)

    def put_around(self, name, head, ready, tail):
        """A part of `head`, what a `Deflated` holds, and `tail` (texts)."""
        before, behind = _piece(head, zlib.Z_SYNC_FLUSH), _piece(tail, zlib.Z_FINISH)
        info = ZipInfo(name, WHEN)
        info.compress_type = ZIP_DEFLATED
        crc = joined_crc(zlib.crc32(head.encode()), ready.crc, ready.size)
        info.CRC = zlib.crc32(tail.encode(), crc)
        info.file_size = len(head.encode()) + ready.size + len(tail.encode())
        info.compress_size = len(before) + ready.packed + len(behind)
        # zipfile takes nothing that is compressed already, so the part is put down as it does it itself.
        out = self.zip.fp
        out.seek(self.zip.start_dir)
        info.header_offset = out.tell()
        out.write(info.FileHeader())
        out.write(before)
        ready.copy_to(out)
        out.write(behind)
        self.zip.start_dir = out.tell()
        self.zip.filelist.append(info)
        self.zip.NameToInfo[name] = info
        self.zip._didModify = True

    def close(self):
        """Write the zip's own directory."""
        self.zip.close()


def _piece(text, flush):
    squeezing = zlib.compressobj(6, zlib.DEFLATED, RAW)
    return squeezing.compress(text.encode()) + squeezing.flush(flush)


def joined_crc(first, second, size):
    """The CRC-32 of two pieces behind one another, by the CRC of each and the size of the second.

    A CRC is linear: over as many zeros it tells how the first one moves.
    """
    moved, plain = first, 0
    for at in range(0, size, len(ZEROS)):
        zeros = memoryview(ZEROS)[: size - at]
        moved, plain = isal_zlib.crc32(zeros, moved), isal_zlib.crc32(zeros, plain)
    return moved ^ plain ^ second
