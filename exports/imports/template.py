"""The blank sheet to fill in (แบบไฟล์): the layout's columns, drop-downs of its code lists, and how to use it."""

from documents.district import places
from documents.records.codelists import code_list
from exports.reading.reading import MAX_ROWS
from exports.workbooks.cells import column_letters
from exports.workbooks.columns import words_of
from exports.workbooks.layouts import layout_of
from exports.workbooks.workbook import workbook_bytes

LISTS_SHEET = "รายการ"
PLACES = {
    "DISTRICT": 4,
    "SUBDISTRICT": 6,
}  # offered for the area's own province, since the country's fill no drop-down
ATTACHED = dict.fromkeys(("picture", "file"), "แนบที่แบบฟอร์มของรายการ ระบบไม่อ่านจากไฟล์นี้")
UNBOUNDED = 1e9  # a number with no other limit than what a file holds
KINDS = {
    "text": "ข้อความ",
    "choice": "เลือกจากรายการ",
    "choices": "จากรายการ หลายค่าให้คั่นด้วย ,",
    "count": "จำนวนเต็ม",
    "measure": "ตัวเลข มีทศนิยมได้",
    "date": "วัน/เดือน/ปี พ.ศ. เช่น 10/06/2560",
    "flag": "ใช่ หรือ ไม่ใช่",
}
ADVICE = (
    "กรอกข้อมูลในแผ่นงานแรก หนึ่งแถวต่อหนึ่งรายการ เริ่มจากแถวที่ 2 อย่าเปลี่ยนหัวตาราง (สลับลำดับคอลัมน์ได้)",
    "หัวตารางที่มี * ต้องกรอกก่อนยืนยันข้อมูล คอลัมน์สีเทาระบบคำนวณให้ ไม่ต้องกรอก",
    "เลขประจำตัวพิมพ์เป็นข้อความ 13 หลัก มีขีดหรือเว้นวรรคได้ ถ้าเห็นเป็น 1.34E+12 ให้พิมพ์เลขเต็มใหม่",
    "วันที่พิมพ์ วัน/เดือน/ปี พ.ศ. เช่น 10/06/2560 ใช้เลขไทยได้",
    "ช่องที่ว่างหรือมี - ระบบจะคงค่าเดิมไว้ เว้นแต่เลือกให้ลบค่าเดิมตอนนำเข้า",
    f"นำเข้าได้ครั้งละไม่เกิน {MAX_ROWS:,} แถว หากมีมากกว่านี้ให้แบ่งเป็นหลายไฟล์",
)


def template_of(document, province=None):
    """The bytes of a blank sheet for a document; `province` (code) decides which districts are offered."""
    layout = layout_of(document)
    with workbook_bytes(f"แบบไฟล์ {document.label}") as (book, result):
        sheet = book.page(document.label, repeat=(0, 0), freeze=(1, 0))
        offered = {column.name: offered_words(column, province) for column in layout.written}
        ranges = write_lists(book, layout.written, offered)
        write_heads(book, sheet, layout.written)
        hows = {column.name: how_of(column, layout.fields.get(column.name)) for column in layout.written}
        for index, column in enumerate(layout.written):
            offer(sheet, index, column, ranges.get(column.name), hows[column.name])
        write_advice(book, layout.written, offered, hows)
    return result.getvalue()


def how_of(column, one):
    """How a column is filled, in words; `one` is its field, None where it has none of its own."""
    if column.read_only:
        return ATTACHED.get(column.kind, "ระบบคำนวณให้")
    how = KINDS[column.kind]
    if one is None or one.kind not in ("count", "measure"):
        return how
    low, high = one.min_value, one.max_value if one.max_value < UNBOUNDED else None
    bounds = (
        f" {worded(one, low)} ถึง {worded(one, high)}" if high is not None else f" ตั้งแต่ {worded(one, low)}"
    )
    return how + bounds + (f" {one.unit}" if one.unit and one.scale == 1 else "")


def worded(one, bound):
    """A bound as people read it; one that is a name, as a year is, without separators."""
    whole = int(bound) if bound == int(bound) else bound
    return str(whole) if one.plain else f"{whole:,}"


def offered_words(column, province):
    """The words of a column's drop-down, in order; none for a column without one."""
    if column.kind == "flag":
        return ["ใช่", "ไม่ใช่"]
    if not column.choices:
        return []
    words = words_of(column, {})
    codes = [code for code, _ in code_list(column.choices).choices]
    if column.choices in PLACES:
        codes = [code for code in codes if province and code.startswith(province)]
        return sorted({places.name(code) for code in codes})
    return [words[code] for code in codes]


def write_lists(book, columns, offered):
    """A hidden sheet with each list in a column of its own; gives back {column name: its range as a formula}."""
    sheet = book.add_worksheet(LISTS_SHEET)
    sheet.very_hidden()
    ranges = {}
    for column in columns:
        words = offered[column.name]
        if not words or column.kind == "choices":
            continue
        at = len(ranges)
        for row, word in enumerate(words):
            sheet.write_string(row, at, word)
        letter = column_letters(at)
        ranges[column.name] = f"='{LISTS_SHEET}'!${letter}$1:${letter}${len(words)}"
    return ranges


def write_heads(book, sheet, columns):
    """The header, starred where required, and each column's format: text, so that nothing typed changes."""
    for index, column in enumerate(columns):
        look = book.style("header_grey" if column.read_only else "header")
        star = " *" if column.required and not column.read_only else ""
        sheet.write_string(0, index, column.label + star, look)
        kept = column.kind in ("count", "measure")
        sheet.set_column(index, index, column.width, None if kept else book.style("text"))


def offer(sheet, index, column, listed, how):
    """The drop-down and the word of advice of one column."""
    if column.read_only:
        return
    rule = {"validate": "any"} if not listed else {"validate": "list", "source": listed}
    rule |= {"input_title": column.label[:32], "input_message": how}
    if listed:
        rule |= {"error_title": "ไม่อยู่ในรายการ", "error_message": "กรุณาเลือกจากรายการที่ให้"}
        rule["error_type"] = "warning" if column.choices in PLACES else "stop"
    sheet.data_validation(1, index, MAX_ROWS, index, rule)


def write_advice(book, columns, offered, hows):
    """The sheet that says how to fill in the first one."""
    sheet = book.page("คำแนะนำ", landscape=False)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 2, 80)
    sheet.write_string(0, 0, "คำแนะนำการกรอกไฟล์", book.style("title"))
    for number, sentence in enumerate(ADVICE, 1):
        sheet.write_string(number, 0, f"{number}. {sentence}")
    top = len(ADVICE) + 2
    for index, label in enumerate(("คอลัมน์", "ต้องกรอก", "วิธีกรอก")):
        sheet.write_string(top, index, label, book.style("header"))
    for number, column in enumerate(columns, top + 1):
        how = hows[column.name]
        words = offered[column.name]
        if 0 < len(words) <= 30:
            how += ": " + " · ".join(words)
        sheet.write_string(number, 0, column.label, book.style("value"))
        sheet.write_string(
            number, 1, "ใช่" if column.required and not column.read_only else "", book.style("center")
        )
        sheet.write_string(number, 2, how, book.style("value"))
