"""What an uploaded file is and whether it is safe to open, decided before anything parses it.

The content decides, never the name: offices send CSV called .xls, HTML called .xls and pictures called .xlsx.
"""

import io
import re
import zipfile
import zlib

from documents.errors import FileRefused

MAX_BYTES = 20 * 1024 * 1024
MAX_TEXT = 40 * 1024 * 1024  # of a CSV, which nothing packs: a whole district's 50,000 pupils are 30 MB
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 250  # a sheet of one repeated row packs about 60:1, a bomb 1,000:1
RATIO_COUNTS_FROM = 10 * 1024 * 1024
MAX_ENTRIES = 2_000
MAX_COLUMNS = 400
MAX_AREA = 20_000_000  # cells of one sheet, blank ones inside its rectangle counted too
CHUNK = 1 << 20

SAVE_AS = "กรุณาเปิดด้วย Excel แล้วบันทึกเป็นไฟล์ .xlsx จากนั้นนำเข้าใหม่"

# How files begin that are no table. Where the mark is made of letters, which a heading may begin with too (BMI, PK, MZ), what
# stands after it in such a file and in no text is asked as well.
FOREIGN = tuple(
    (re.compile(begins, re.S), name)
    for begins, name in (
        (rb"%PDF-\d", "เอกสาร PDF"),
        (rb"\x89PNG", "รูปภาพ"),
        (rb"\xff\xd8\xff", "รูปภาพ"),
        (rb"GIF8[79]a", "รูปภาพ"),
        (rb"BM.{4}\x00{4}", "รูปภาพ"),
        (rb"RIFF.{4}(WEBP|WAVE|AVI )", "รูปภาพหรือเสียง"),
        (rb"MZ.{0,62}\x00", "โปรแกรม"),
        (rb"\x7fELF", "โปรแกรม"),
        (rb"#! ?/", "โปรแกรม"),
        (rb"Rar!\x1a\x07", "ไฟล์บีบอัด RAR"),
        (rb"7z\xbc\xaf", "ไฟล์บีบอัด 7z"),
        (rb"\x1f\x8b", "ไฟล์บีบอัด GZ"),
        (rb"\{\\rtf\d", "เอกสาร RTF"),
    )
)
ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # a zip, one without entries, one of several parts
UTF16_HIGH = {0x00, 0x0E, 0x20}  # Latin, Thai, dashes and quotes
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CELL = re.compile(rb"<(?:\w{1,20}:)?(?:c|row)\b[^>]{0,400}>")
REFERENCE = re.compile(rb"\br=[\"']([A-Z]{0,4})(\d{1,9})[\"']")
PLACE = re.compile(rb"<c r=\"([A-Z]{1,4})\d")  # as Excel, LibreOffice and XlsxWriter write it
ROW = re.compile(rb"<row r=\"(\d{1,9})\"")
REPEATED = re.compile(rb"number-(columns|rows)-repeated=[\"'](\d{1,12})[\"']")


def kind_of(content):
    """What the bytes are: "xlsx", "ods", "xls", "html" or "text".

    Raises FileRefused with what to do for an empty, oversized, foreign or password-locked file.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise FileRefused("ไฟล์นี้ว่างเปล่า กรุณาตรวจสอบว่าบันทึกไฟล์เรียบร้อยแล้วจึงเลือกไฟล์ใหม่")
    refuse_size(content, MAX_TEXT)
    if content.startswith(ARCHIVE):
        refuse_size(content)
        return kind_of_archive(content)
    if content.startswith(OLE):
        refuse_size(content)
        return kind_of_ole(content)
    kind = kind_of_text(content)
    if kind != "text":
        refuse_size(content)
    return kind


def refuse_size(content, most=MAX_BYTES):
    """Raise FileRefused for a file of more bytes than are taken."""
    if len(content) > most:
        said = f"ไฟล์ใหญ่ {len(content) / 1048576:.0f} MB เกินกำหนด {most // 1048576} MB กรุณาแบ่งเป็นหลายไฟล์"
        raise FileRefused(said)


def kind_of_ole(content):
    """An OLE container: an old Excel workbook, or a refusal that names what it is instead."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileRefused("ไฟล์นี้ตั้งรหัสผ่านไว้ กรุณานำรหัสผ่านออกแล้วบันทึกใหม่ก่อนนำเข้า")
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return "xls"
    raise FileRefused("ไฟล์นี้ไม่ใช่ตาราง Excel (อาจเป็นเอกสาร Word รุ่นเก่า) " + SAVE_AS)


def kind_of_text(content):
    """Text of some sort: "html" or "text"; a refusal for anything that is no text."""
    for begins, name in FOREIGN:
        if begins.match(content):
            raise FileRefused(f"ไฟล์นี้เป็น{name} ไม่ใช่ตารางข้อมูล กรุณาเลือกไฟล์ .xlsx .xls .ods หรือ .csv")
    utf16 = utf16_of(content)
    head = content[:4096]
    if utf16:
        head = head.decode(utf16, "replace").encode()
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head and head.startswith(b"<?xml"):
        raise FileRefused("ไฟล์นี้เป็นตารางแบบ XML 2003 ซึ่งระบบไม่อ่าน " + SAVE_AS)
    if re.match(
        rb"(<!--.{0,2000}?-->\s*)?(<\?xml[^>]*>\s*)?<(!doctype html|html|head|meta|table|body|style)",
        head,
        re.S,
    ):
        return "html"
    if b"\x00" in content and not utf16:
        raise FileRefused("ไฟล์นี้ไม่ใช่ตารางข้อมูลที่ระบบรู้จัก กรุณาเลือกไฟล์ .xlsx .xls .ods หรือ .csv")
    if head.startswith((b"<?xml", b"<svg", b"<")):
        raise FileRefused("ไฟล์นี้เป็น XML หรือรูปภาพ ไม่ใช่ตารางข้อมูล " + SAVE_AS)
    if re.match(rb"\{|\[\s*[\[{\"]", head):
        raise FileRefused("ไฟล์นี้เป็น JSON ไม่ใช่ตารางข้อมูล " + SAVE_AS)
    return "text"


def utf16_of(content):
    """The codec of UTF-16 text, by its mark or by its letters: those of Thai and of English have one of two high bytes."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:4096]
    for codec, at in (("utf-16-le", 1), ("utf-16-be", 0)):
        high = head[at::2]
        if len(content) % 2 == 0 and set(high) <= UTF16_HIGH and 0 in high and 0 not in head[1 - at :: 2]:
            return codec
    return None


def kind_of_archive(content):
    """A zip: "xlsx" or "ods" once its directory and its real unpacked size have been found sane."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            kind = spreadsheet_kind(archive, {entry.filename for entry in entries}, len(entries))
            check_unpacked(archive, entries, len(content), kind)
            return kind
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as fault:
        # RuntimeError is zipfile's word for an encrypted entry, NotImplementedError for an odd compression.
        raise FileRefused("ไฟล์นี้เสียหายหรือโหลดมาไม่ครบ เปิดไม่ได้ กรุณาดาวน์โหลดหรือบันทึกใหม่อีกครั้ง") from fault


def spreadsheet_kind(archive, names, count):
    """Which spreadsheet a zip holds, by the parts inside it."""
    if count > MAX_ENTRIES:
        raise FileRefused(f"ไฟล์นี้มีส่วนประกอบภายใน {count:,} ชิ้น ผิดปกติสำหรับตารางข้อมูล ระบบจึงไม่เปิด")
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise FileRefused("ไฟล์นี้เป็น Excel แบบไบนารี (.xlsb) ซึ่งระบบไม่อ่าน " + SAVE_AS)
    if "word/document.xml" in names:
        raise FileRefused("ไฟล์นี้เป็นเอกสาร Word ไม่ใช่ตารางข้อมูล กรุณาเลือกไฟล์ .xlsx .xls .ods หรือ .csv")
    if "ppt/presentation.xml" in names:
        raise FileRefused("ไฟล์นี้เป็นงานนำเสนอ ไม่ใช่ตารางข้อมูล กรุณาเลือกไฟล์ .xlsx .xls .ods หรือ .csv")
    if "mimetype" in names and "content.xml" in names:
        with archive.open("mimetype") as part:
            if part.read(80).strip().startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
                return "ods"
    raise FileRefused("ไฟล์บีบอัดนี้ไม่ใช่ตาราง Excel หรือ ODS กรุณาแตกไฟล์ก่อน แล้วเลือกไฟล์ตารางที่อยู่ข้างใน")


def check_unpacked(archive, entries, packed, kind):
    """Unpack every part in small pieces, counting; stop at the first sign of a bomb.

    The sizes a zip declares are the sender's word, so they only serve to refuse early.
    """
    total = sum(entry.file_size for entry in entries)
    refuse_bomb(total, packed)
    total = 0
    for entry in entries:
        gauge = gauge_for(entry.filename, kind)
        with archive.open(entry) as part:
            while piece := part.read(CHUNK):
                total += len(piece)
                refuse_bomb(total, packed)
                if gauge:
                    gauge.feed(piece)


def refuse_bomb(unpacked, packed):
    """Refuse a zip whose contents are out of proportion; sizes in bytes."""
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > packed * MAX_RATIO):
        raise FileRefused("ไฟล์นี้ขยายออกแล้วใหญ่ผิดปกติ ระบบจึงไม่เปิดเพื่อความปลอดภัย กรุณาคัดลอกเฉพาะตารางไปไว้ในไฟล์ใหม่")


def gauge_for(name, kind):
    """The gauge that watches a part's width and height, or None for parts without cells."""
    if kind == "xlsx" and name.startswith("xl/worksheets/") and name.endswith(".xml"):
        return SheetGauge()
    if kind == "ods" and name == "content.xml":
        return OdsGauge()
    return None


class SheetGauge:
    """How far an XLSX sheet's filled cells reach; what its `dimension` says is not believed.

    Pieces without anything odd are looked at in bulk; from the first odd one on, every cell is.
    """

    def __init__(self):
        self.rest, self.row, self.column, self.widest, self.odd = b"", 0, 0, 0, False

    def feed(self, piece):
        """Look at one piece of the sheet's XML. Raises FileRefused when the sheet reaches too far."""
        text = self.rest + piece
        cut = max(text.rfind(b"<"), 0)
        self.rest = text[cut:][:4096]
        self.odd = self.odd or self.is_odd(text[:cut])
        if self.odd:
            for match in CELL.finditer(text, 0, cut):
                self.look_at(match.group())

    def is_odd(self, text):
        """Whether a cell leaves out its place or stands beyond the limit; else notes how far the piece reaches."""
        letters = PLACE.findall(text)
        if len(letters) < text.count(b"<c ") + text.count(b"<c>") + text.count(b"<c/") or b":c" in text:
            return True
        widest = max(map(column_number, set(letters)), default=0)
        if widest > MAX_COLUMNS:
            return True
        self.reach(int((ROW.findall(text) or [self.row])[-1]), widest)
        return False

    def look_at(self, tag):
        """Count one `<row>` or `<c>`; either may leave out its own number and then follows the last one."""
        found = REFERENCE.search(tag)
        letters, number = found.groups() if found else (b"", b"")
        if tag.endswith(b"/>") and letters:  # a format without a value: Excel leaves these far to the right
            return
        if b"row" in tag[:24] and not letters:
            self.row, self.column = int(number or self.row + 1), 0
            return
        self.column = column_number(letters) if letters else self.column + 1
        self.reach(int(number or self.row), self.column)

    def reach(self, row, column):
        """Note a filled cell. Raises FileRefused for one too far to the right, or a rectangle too large."""
        self.row, self.widest = row, max(self.widest, column)
        if self.widest > MAX_COLUMNS:
            refuse_width(self.widest)
        if self.row * self.widest > MAX_AREA:
            raise FileRefused(f"ตารางนี้มีข้อมูลถึงแถวที่ {self.row:,} ซึ่งเกินกว่าที่ระบบเปิดได้ กรุณาแบ่งเป็นหลายไฟล์")


class OdsGauge:
    """Repeats in an ODS sheet: a repeated value is a bomb in eleven letters."""

    def __init__(self):
        self.rest, self.columns, self.rows, self.cells = b"", 1, 1, 0

    def feed(self, piece):
        """Look at one piece of the document's XML. Raises FileRefused when repeats make it too wide or long."""
        text = self.rest + piece
        cut = max(text.rfind(b"<"), 0)
        self.rest = text[cut:][:4096]
        for match in re.finditer(rb"<table:(table-row|table-cell)\b([^>]*)>", text[:cut]):
            self.look_at(*match.groups())

    def look_at(self, name, attributes):
        repeats = {key: int(number) for key, number in REPEATED.findall(attributes)}
        if name == b"table-row":
            self.rows, self.columns = repeats.get(b"rows", 1), 0
            return
        width = repeats.get(b"columns", 1)
        if b"value-type" not in attributes:
            self.columns += width
            return
        self.columns += width
        if self.columns > MAX_COLUMNS:
            refuse_width(self.columns)
        self.cells += width * self.rows
        if self.cells > MAX_AREA:
            raise FileRefused("ไฟล์นี้มีแถวซ้ำมากผิดปกติ ระบบจึงไม่เปิด กรุณาคัดลอกเฉพาะตารางไปไว้ในไฟล์ใหม่")


def column_number(letters):
    """1 for b"A", 16,384 for b"XFD"."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def refuse_width(columns):
    """Refuse a table of so many columns."""
    raise FileRefused(
        f"ตารางนี้กว้าง {columns:,} คอลัมน์ เกินกำหนด {MAX_COLUMNS} คอลัมน์ กรุณาลบคอลัมน์ที่ไม่ใช้ออก หรือใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ"
    )
