"""The contact list as a workbook, for officers: a row a school."""

from documents.formats import buddhist
from exports.workbooks.workbook import file_name, workbook_bytes

COLUMNS = (
    ("รหัส SMIS", 12), ("โรงเรียน", 32), ("กลุ่มโรงเรียน", 20), ("ผู้อำนวยการ", 36), ("โทรศัพท์ผู้อำนวยการ", 20),
    ("ครูผู้รับผิดชอบข้อมูล", 36), ("โทรศัพท์ครูผู้รับผิดชอบข้อมูล", 20), ("อีเมลครูผู้รับผิดชอบข้อมูล", 32),
    ("โทรศัพท์โรงเรียน", 18), ("อีเมลโรงเรียน", 28), ("ไลน์หรือช่องทางอื่น", 20),
)  # fmt: skip
TITLE = "รายชื่อผู้ติดต่อของโรงเรียน"


def contacts_workbook(entries, area_name, day):
    """The bytes of the workbook: title, date, header, a row a school; every cell is text."""
    with workbook_bytes(TITLE, subject=area_name) as (book, result):
        sheet = book.page("ผู้ติดต่อ", repeat=(0, 3), freeze=(4, 2))
        sheet.write_string(0, 0, f"{TITLE} {area_name}", book.style("title"))
        sheet.write_string(1, 0, f"ข้อมูล ณ วันที่ {buddhist.format_long(day)}", book.style("subtitle"))
        for at, (label, width) in enumerate(COLUMNS):
            sheet.set_column(at, at, width)
            sheet.write_string(3, at, label, book.style("header"))
        for number, entry in enumerate(entries, 4):
            for at, text in enumerate(_row(entry)):
                sheet.write_string(number, at, text, book.style("value"))
    return result.getvalue()


def contacts_file_name(area_code):
    """The download's name."""
    return file_name(f"{area_code}-{TITLE}")


def _row(entry):
    school = entry.school
    told = [
        f"{one.name} (รักษาการถึง {buddhist.format_short(one.acting)})" if one.acting else one.name
        for one in entry.directors
    ]
    texts = (
        school.code, school.name, school.cluster, _lines(told), _lines(one.phone for one in entry.directors),
        _lines(one.name for one in entry.officers), _lines(one.phone for one in entry.officers),
        _lines(one.email for one in entry.officers), school.phone, school.email, school.line,
    )  # fmt: skip
    return [text or "" for text in texts]


def _lines(texts):
    return "\n".join(filter(None, texts))
