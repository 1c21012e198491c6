"""The list of buildings (สิ่งก่อสร้าง) as the ministry's pages tell it: "อาคารเรียน ลำดับที่ 4" in one column, designs in free words.

Source: EMIS and B-OBEC pages of academic year 2565.
"""

import re

from documents.formats import thai
from documents.records.codelists import code_list
from exports.workbooks.cell_values import is_blank, text_of_cell
from exports.workbooks.columns import Layout

NUMBERED = re.compile(r"(.+?)\s*(?:ลำดับที่|ลำดับ|หลังที่)\s*(\d{1,3})")
OTHER = re.compile(r"^(อื่นๆ|อื่น)\s*(อื่น\s*\(สร้างเอง\)|\(สร้างเอง\)|อื่น)?\s*")
LONGEST = 120


class BuildingList(Layout):
    """The buildings' layout: the fields in order, and on the way in the number beside the type and designs of one's own."""

    def __init__(self, document):
        super().__init__(document)
        self.typed = 0

    def parted(self, cells):
        """The cells with the number that stands behind a type in a place of its own."""
        found = NUMBERED.fullmatch(thai.arabic_digits(text_of_cell(cells.get("building_type"))))
        if not found:
            return cells
        number = {} if not is_blank(cells.get("seq_no")) else {"seq_no": found[2]}
        return cells | {"building_type": found[1]} | number

    def read_cell(self, column, cell, values, stored):
        """As any layout's; a design that no list has is one of the school's own, in its words."""
        try:
            return super().read_cell(column, cell, values, stored)
        except ValueError:
            kind = values.get("building_type", stored.get("building_type"))
            own = column.name == "design" and own_design(kind)
            if not own:
                raise
        self.typed += 1
        words = OTHER.sub("", text_of_cell(cell))[:LONGEST].strip()
        return {"design": own} | ({"design_text": words} if words else {})

    def in_words(self):
        """How designs of no list were taken, as sentences."""
        return (
            [f"แบบที่ไม่อยู่ในรายการ {self.typed:,} แถว เก็บเป็น “อื่น(สร้างเอง)” พร้อมชื่อแบบตามไฟล์"]
            if self.typed
            else []
        )


def own_design(kind):
    """The code of the design that a type's own builders name, None for a type without one."""
    designs = code_list("DESIGN")
    return next(
        (code for code in designs.codes if designs.parent(code) == kind and designs.fact(code, "typed")), None
    )
