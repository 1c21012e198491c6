"""Files as schools send them, made for the tests: nothing here was copied from a real one."""

import io
import struct
import zipfile

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_cell_to_rowcol


def xlsx(*sheets, **options):
    """An .xlsx; each sheet is a list of rows, or (name, rows)."""
    target = io.BytesIO()
    book = Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False} | options
    )
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for position, sheet in enumerate(sheets, 1):
        name, rows = sheet if isinstance(sheet, tuple) else (f"Sheet{position}", sheet)
        page = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if hasattr(value, "year"):
                    page.write_datetime(number, column, value, day)
                elif value is not None:
                    page.write(number, column, value)
    book.close()
    return target.getvalue()


def parts(files):
    """A zip of {name: text or bytes}."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def ods(rows, extra=""):
    """An .ods of one sheet; `extra` is XML put behind the rows."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    body = "".join(
        "<table:table-row>" + "".join(cell.format(value) for value in row) + "</table:table-row>"
        for row in rows
    )
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="แผ่นงาน1">{body}{extra}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return parts(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def record(kind, content=b""):
    """One BIFF record."""
    return struct.pack("<HH", kind, len(content)) + content


def xls(rows):
    """A BIFF8 .xls of one sheet named Sheet1, in the smallest OLE container that holds it."""
    start = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                sheet += record(0x0204, struct.pack("<HHHHB", number, column, 0, len(value), 1) + text)
            elif value is not None:
                sheet += record(0x0203, struct.pack("<HHHd", number, column, 0, value))
    sheet += record(0x000A)
    name = b"Sheet1"
    bound = struct.pack("<IBBBB", 0, 0, 0, len(name), 0) + name
    offset = len(start) + len(record(0x0085, bound)) + len(record(0x000A))
    bound = struct.pack("<I", offset) + bound[4:]
    return ole("Workbook", start + record(0x0085, bound) + record(0x000A) + sheet)


def ole(name, stream):
    """An OLE container with one stream: header, one FAT sector, one directory sector, then the stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    assert sectors + 2 <= 128, "one FAT sector holds 128 entries"
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHHHIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0
    )
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1) + entry(name, 2, 2, len(stream))
    directory += (bytes(68) + struct.pack("<III", *[0xFFFFFFFF] * 3) + bytes(48)) * 2
    return header + struct.pack("<128I", *fat) + directory + stream


def entry(name, kind, first, size, child=0xFFFFFFFF):
    """One entry of an OLE directory."""
    text = (name + "\0").encode("utf-16-le")
    none = 0xFFFFFFFF
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(text), kind, 1, none, none, child)
        + bytes(36)
        + struct.pack("<IQ", first, size)
    )


def html(rows, charset="utf-8"):
    """The HTML that many "download as .xls" buttons send, in a real encoding."""
    body = "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in rows)
    page = f'<html><head><meta charset="{charset}"></head><body><p>รายงาน</p><table border=1>{body}</table></body></html>'
    return page.encode(charset)


def csv(rows, encoding="utf-8", mark=","):
    """A CSV in an encoding, with CRLF line ends as Excel writes them."""
    return "".join(
        mark.join("" if value is None else str(value) for value in row) + "\r\n" for row in rows
    ).encode(encoding)


def merged(rows, *areas):
    """An .xlsx of one sheet whose areas ("A1:B1") are merged; each holds what stands at its first cell."""
    target = io.BytesIO()
    with Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    page.write(number, column, value)
        for area in areas:
            top, left, _, _ = place = corners(area)
            page.merge_range(*place, rows[top][left])
    return target.getvalue()


def corners(area):
    """[first row, first column, last row, last column] from 0 of an area like "A1:B2"."""
    return [number for cell in area.split(":") for number in xl_cell_to_rowcol(cell)]


def html_of(text, charset="utf-8"):
    """A page around the rows of a table written by hand."""
    return f'<html><head><meta charset="{charset}"></head><body><table>{text}</table></body></html>'.encode(
        charset
    )
