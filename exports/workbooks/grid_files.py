"""What a grid shows as files: one workbook or CSV, or one a school or a cluster in a ZIP; by any layout of the area."""

import shutil
from dataclasses import replace
from itertools import chain
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from documents.database import ahead
from documents.district.schools import School
from documents.people import access
from documents.records import listing
from documents.records.export_layouts import get_layout
from exports.workbooks.grid import around_of, csv_file, projection_of, xlsx_of
from exports.workbooks.layouts import layout_of
from exports.workbooks.packing import WHEN
from exports.workbooks.workbook import Kept, file_name

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
ZIP = "application/zip"
PARTS = {"": "ไฟล์เดียว", "school": "แยกรายโรงเรียน (ZIP)", "cluster": "แยกรายกลุ่มโรงเรียน (ZIP)"}
NO_CLUSTER = "ไม่ระบุกลุ่ม"


def grid_file_of(wanted, round_, user, export_type, passing=lambda rows: rows, layout_id=None, parts=""):
    """(open file, name, mimetype) of the rows a grid shows this person, as xlsx or csv; `passing` sees them go by.

    `layout_id` is a layout of the area, `parts` one of PARTS. Raises OutOfScope for a layout that is not there.
    """
    document = wanted.document
    chosen = get_layout(round_.area_code, document.slug, layout_id) if layout_id else None
    making = _Making(wanted, round_, user, export_type, layout_of(document, chosen), passing)
    title = " ".join(filter(None, (round_.label, document.label, chosen and chosen.name)))
    if parts:
        return making.zipped(parts), file_name(f"{title} {PARTS[parts].removesuffix(' (ZIP)')}", "zip"), ZIP
    name = file_name(f"{title} {making.names.get(wanted.school, '')}".strip(), export_type)
    return making.file_of(making.rows(wanted)), name, CSV if export_type == "csv" else XLSX


class _Making:
    """The files of one export: what is wanted, by whom, in which layout."""

    def __init__(self, wanted, round_, user, export_type, layout, passing):
        self.wanted, self.user, self.layout, self.passing = wanted, user, layout, passing
        self.document, self.export_type = wanted.document, export_type
        own = {"$and": [{"area_code": round_.area_code}, access.visible_schools(user)]}
        self.schools = {
            school.code: school for school in School.objects(__raw__=own).only("code", "name", "cluster")
        }
        self.names = {code: school.name for code, school in self.schools.items()}
        self.around = around_of(
            self.document,
            round_,
            self.names,
            lambda field: access.may_see_field(user, field, round_.area_code, wanted.school),
        )

    def rows(self, wanted):
        """The stored records, read ahead."""
        return ahead(listing.all_of(wanted, self.user, projection_of(self.document, self.layout)))

    def file_of(self, rows):
        """An open file of some rows."""
        rows = self.passing(rows)
        if self.export_type == "csv":
            return csv_file(self.document, rows, self.around, self.layout)
        return xlsx_of(self.document, rows, self.around, str(self.document.label), self.layout)[0]

    def zipped(self, parts):
        """An open ZIP with a file for each school, or for each cluster."""
        kept = Kept()
        with ZipFile(kept, "w") as archive:
            for name, codes in self.groups(parts):
                info = ZipInfo(file_name(name, self.export_type), WHEN)
                info.compress_type = ZIP_DEFLATED if self.export_type == "csv" else ZIP_STORED
                rows = chain.from_iterable(self.rows(replace(self.wanted, school=code)) for code in codes)
                with self.file_of(rows) as made, archive.open(info, "w", force_zip64=True) as part:
                    shutil.copyfileobj(made, part)
        kept.seek(0)
        return kept

    def groups(self, parts):
        """[(name of a file, codes of its schools)], those that have rows alone."""
        codes = [code for code in listing.schools_among(self.wanted, self.user) if code in self.schools]
        if parts == "school":
            return [(f"{code} {self.names[code]}", [code]) for code in codes]
        clusters = {}
        for code in codes:
            clusters.setdefault(self.schools[code].cluster or NO_CLUSTER, []).append(code)
        return [(f"{at:02d} {name}", codes) for at, (name, codes) in enumerate(sorted(clusters.items()), 1)]
