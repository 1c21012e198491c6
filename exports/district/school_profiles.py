"""School profiles as a workbook: every declared field a column, a row a school, and their parcels of land behind it."""

from dataclasses import dataclass

from documents.district import land, places
from documents.district.school_sizes import size_of
from documents.district.schools import STATUSES, School
from documents.formats import buddhist
from documents.records.codelists import code_list
from documents.records.fields import PERSONAL, shown
from documents.records.record import declared
from exports.workbooks import links
from exports.workbooks.columns import WIDTHS
from exports.workbooks.workbook import file_name, workbook_bytes, write_table

TITLE = "ข้อมูลพื้นฐานโรงเรียน"
CELLS = {"count": "count", "measure": "measure", "date": "date"}


@dataclass
class ProfileColumn:
    """One column: what stands above it, how its cells look, and the value of a school."""

    label: str
    value: object  # function of (School, Size)
    width: int = 16
    cell: str = "text"
    decimals: int | None = None
    personal: bool = False


def columns():
    """The columns in order: the code and what is worked out, then the declaration, places by name, the land's total."""
    sizes = code_list("SCHOOL_SIZE")
    yield ProfileColumn("รหัส SMIS", lambda one, size: one.code, 12)
    yield ProfileColumn("สถานะ", lambda one, size: STATUSES.get(one.status, one.status), 12)
    yield ProfileColumn("ขนาดโรงเรียน", lambda one, size: sizes.label(size.band), 12)
    yield ProfileColumn("นักเรียน 10 มิ.ย.", lambda one, size: size.pupils, 12, "count")
    for name, field in declared(School).items():
        if name == "subdistrict":
            for label, length in (("ตำบล", 6), ("อำเภอ", 4), ("จังหวัด", 2)):
                yield ProfileColumn(label, _place(length))
            continue
        label = f"{field.verbose_name} ({field.unit})" if field.unit else field.verbose_name
        yield ProfileColumn(
            label,
            _value(name, field),
            WIDTHS[field.kind],
            _cell(field),
            field.decimals,
            field.personal == PERSONAL,
        )
    yield ProfileColumn("เนื้อที่รวม", lambda one, size: land.size_in_words(*land.total(one.land)), 22)
    yield ProfileColumn("ตั้งแต่วันที่", lambda one, size: buddhist.format_date(one.closed_on), 14)
    yield ProfileColumn("โรงเรียนที่รวมด้วย", lambda one, size: one.successor, 14)


def _cell(field):
    return "text" if getattr(field, "era", False) else CELLS.get(field.kind, "text")


def _place(length):
    return lambda one, size: places.name((one.subdistrict or "")[:length])


def _value(name, field):
    if getattr(field, "era", False):
        return lambda one, size: str(getattr(one, name) or "")
    if field.kind == "picture":
        return lambda one, size: links.picture(getattr(one, name))
    if field.kind in CELLS:
        return lambda one, size: getattr(one, name)
    return lambda one, size: shown(field, getattr(one, name))


PARCELS = (
    ProfileColumn("รหัส SMIS", None, 12), ProfileColumn("โรงเรียน", None, 32), ProfileColumn("เอกสารสิทธิ์", None, 24),
    ProfileColumn("เลขที่เอกสาร", None, 16), ProfileColumn("กรรมสิทธิ์การถือครอง", None, 26),
    ProfileColumn("ไร่", None, 8, "count"), ProfileColumn("งาน", None, 8, "count"),
    ProfileColumn("ตร.ว.", None, 8, "measure", 1),
)  # fmt: skip


def profiles_workbook(schools, sizes, area_name, opens):
    """The bytes of the workbook of some schools; `sizes` is {area: {code: Size}}, `opens(school)` whether its people may be read."""
    wanted = list(columns())

    def rows():
        for one in schools:
            size, people = size_of(one, sizes[one.area_code]), opens(one)
            yield [column.value(one, size) if people or not column.personal else None for column in wanted]

    with workbook_bytes(TITLE, subject=area_name) as (book, result):
        write_table(book.page(TITLE, repeat=(0, 0), freeze=(1, 1)), book, wanted, rows())
        write_table(book.page("ที่ดิน", repeat=(0, 0), freeze=(1, 2)), book, PARCELS, _parcels(schools))
    return result.getvalue()


def _parcels(schools):
    papers, tenures = code_list("LAND_DOC"), code_list("LAND_TENURE")
    for one in schools:
        for parcel in one.land:
            yield [
                one.code, one.name, papers.label(parcel.get("document")), parcel.get("number"),
                tenures.label(parcel.get("tenure")), *(parcel.get(name, 0) for name in ("rai", "ngan", "wah")),
            ]  # fmt: skip


def profiles_file_name(area_name):
    """The download's name."""
    return file_name(f"{TITLE} {area_name}".strip())
