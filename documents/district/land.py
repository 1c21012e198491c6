"""School land (ที่ดินโรงเรียน): parcels as rows of document, tenure and ไร่-งาน-ตารางวา, and their total.

1 ไร่ is 4 งาน, 1 งาน is 100 square wah; so งาน stays below 4 and square wah below 100.
"""

from documents.district.schools import Parcel
from documents.errors import Invalid
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.record import declared

WAH_IN_NGAN, NGAN_IN_RAI = 100, 4
WAH_IN_RAI = WAH_IN_NGAN * NGAN_IN_RAI
MOST = 40  # parcels of one school


def accepted(rows):
    """The parcels (plain dicts) of typed rows, {field: text} each; rows that say nothing are left out.

    Raises Invalid with errors by "land-<row>-<field>", rows counted as they were typed.
    """
    parcels, wrong = [], {}
    for number, row in enumerate(rows):
        values, problems = accepted_parcel(row)
        wrong |= {f"land-{number}-{name}": sentence for name, sentence in problems.items()}
        if values:
            parcels.append(values)
    if len(parcels) > MOST:
        wrong["land"] = f"กรอกได้ไม่เกิน {MOST} แปลง"
    if wrong:
        raise Invalid({0: wrong})
    return parcels


def accepted_parcel(row):
    """({field: value}, {field: sentence}) of one typed row."""
    values, wrong = {}, {}
    for name, field in declared(Parcel).items():
        try:
            value = fields.accept(field, row.get(name))
        except ValueError as error:
            wrong[name] = str(error)
            continue
        if value is not None:
            values[name] = value
    if values and not wrong:
        wrong = dict(_together(values))
    return values, wrong


def _together(values):
    ngan, wah = values.get("ngan", 0), values.get("wah", 0)
    if ngan >= NGAN_IN_RAI:
        yield "ngan", f"งานต้องน้อยกว่า 4 เพราะ 4 งานเป็น 1 ไร่: {ngan} งาน คือ {ngan // 4} ไร่ {ngan % 4} งาน"
    if wah >= WAH_IN_NGAN:
        whole, rest = divmod(wah, WAH_IN_NGAN)
        yield "wah", f"ตารางวาต้องน้อยกว่า 100: {wah:g} ตร.ว. คือ {whole:g} งาน {rest:g} ตร.ว."
    if not square_wah(values):
        yield "rai", "กรุณากรอกเนื้อที่ของแปลงนี้"


def square_wah(parcel):
    """The size of one parcel in square wah."""
    return parcel.get("rai", 0) * WAH_IN_RAI + parcel.get("ngan", 0) * WAH_IN_NGAN + parcel.get("wah", 0)


def total(parcels):
    """(rai, ngan, square wah) of all parcels together."""
    whole = sum(map(square_wah, parcels))
    rai, rest = divmod(whole, WAH_IN_RAI)
    ngan, wah = divmod(rest, WAH_IN_NGAN)
    return int(rai), int(ngan), round(wah, 1)


def size_in_words(rai, ngan, wah):
    """ "12 ไร่ 3 งาน 20 ตร.ว."; "" for nothing."""
    parts = ((rai, f"{rai:,} ไร่"), (ngan, f"{ngan} งาน"), (wah, f"{wah:g} ตร.ว."))
    return " ".join(words for number, words in parts if number)


def in_words(parcel):
    """One parcel in a line."""
    named = (
        code_list("LAND_DOC").label(parcel.get("document")),
        parcel.get("number"),
        size_in_words(*total([parcel])),
        code_list("LAND_TENURE").label(parcel.get("tenure")),
    )
    return " · ".join(filter(None, named))
