"""The ministry's roster of pupils (รายชื่อนักเรียน): 36 columns in the order of its own download.

Its reader takes the rest of a pupil's fields too, where a file has columns for them, since other exports of the
ministry have more. Source of columns and order: domain.md 3.1.6.
"""

import datetime as dt
from dataclasses import replace

from documents.gcode.gcode_numbers import TEMPORARY_WORD, temporary_codes
from documents.records import fields
from documents.records.record import shown_fields
from exports.workbooks.cell_values import A_DATE_NOW, is_blank, text_of_cell
from exports.workbooks.columns import SCHOOL_CODE, SCHOOL_NAME, Column, Layout, OneField, column_of

LANE = "reg_street_soi"
MARK = f"({TEMPORARY_WORD})"
# (field, the roster's label): the order of the ministry's file.
ORDER = (
    ("school_code", "รหัสโรงเรียน"),
    ("school_name", "ชื่อโรงเรียน"),
    ("person_id", "เลขประจำตัวประชาชน"),
    ("grade", "ชั้น"),
    ("room", "ห้อง"),
    ("student_no", "เลขประจำตัวนักเรียน"),
    ("sex", "เพศ"),
    ("title", "คำนำหน้าชื่อ"),
    ("first_name", "ชื่อ"),
    ("last_name", "นามสกุล"),
    ("birth_date", "วันเกิด"),
    ("age", "อายุ(ปี)"),
    ("weight_kg", "น้ำหนัก"),
    ("height_cm", "ส่วนสูง"),
    ("blood", "กลุ่มเลือด"),
    ("religion", "ศาสนา"),
    ("race", "เชื้อชาติ"),
    ("nationality", "สัญชาติ"),
    ("reg_house_no", "บ้านเลขที่"),
    ("reg_moo", "หมู่"),
    (LANE, "ถนน/ซอย"),
    ("reg_subdistrict", "ตำบล"),
    ("reg_district", "อำเภอ"),
    ("reg_province", "จังหวัด"),
    ("guardian_first_name", "ชื่อผู้ปกครอง"),
    ("guardian_last_name", "นามสกุลผู้ปกครอง"),
    ("guardian_occupation", "อาชีพของผู้ปกครอง"),
    ("guardian_relation", "ความเกี่ยวข้องของผู้ปกครองกับนักเรียน"),
    ("father_first_name", "ชื่อบิดา"),
    ("father_last_name", "นามสกุลบิดา"),
    ("father_occupation", "อาชีพของบิดา"),
    ("mother_first_name", "ชื่อมารดา"),
    ("mother_last_name", "นามสกุลมารดา"),
    ("mother_occupation", "อาชีพของมารดา"),
    ("disadvantages", "ความด้อยโอกาส"),
    ("suspended_flag", "ยังไม่สามารถจำหน่ายได้ (3.1.8)"),
)
SHORT = ("grade", "sex")
WIDTHS = {"person_id": 18, "grade": 7, "room": 6, "student_no": 13, "sex": 6, "title": 12, "age": 8}
WIDTHS |= {"reg_house_no": 10, "reg_moo": 6, "suspended_flag": 16, "blood": 9}
PERSONS = ("", "guardian_", "father_", "mother_")
CENTERED = ("grade", "sex")


class Roster(Layout):
    """The pupils' layout: 36 columns go out, any field of a pupil may come in."""

    frozen = 3

    def __init__(self, document):
        super().__init__(document)
        self.sheet = "รายชื่อนักเรียน"
        every = shown_fields(document)
        self.roster = [self.roster_column(name, label, every) for name, label in ORDER]
        rest = [column for column in self.columns if column.name not in dict(ORDER)]
        self.columns = [*self.roster, *rest]

    @property
    def written(self):
        """The 36 columns, and the fields that an admin added."""
        added = [
            column for column in self.columns if column.name in self.document.added and self.goes_out(column)
        ]
        return [*self.roster, *added]

    def roster_column(self, name, label, every):
        """One column under the roster's label; the field's own label is then a synonym."""
        if name == LANE:
            return Column(LANE, label, personal=fields.PERSONAL, width=22, fields=("reg_street", "reg_soi"))
        fixed = {"school_code": SCHOOL_CODE, "school_name": SCHOOL_NAME}.get(name)
        if fixed:
            return fixed
        column = column_of(name, every[name])
        also = {column.label, *column.synonyms} - {label}
        changed = {"label": label, "synonyms": tuple(sorted(also)), "short": name in SHORT}
        if name in CENTERED:
            changed["cell"] = "center"
        return replace(column, **changed, width=WIDTHS.get(name, column.width))

    def writer(self, column, around):
        """As any layout's; street and lane stand in one cell, and a temporary G-code is marked as one."""
        if column.name == "person_id" and around.round and (marks := marks_of(around.round.area_code)):
            return OneField("person_id", lambda number: marks.get(number, number))
        return lane_of if column.name == LANE else super().writer(column, around)

    def read(self, cells, stored):
        """As any layout's; a surname of "-" behind a first name says that there is none, else it says nothing."""
        cells = dict(cells)
        for prefix in PERSONS:
            surname = cells.get(f"{prefix}last_name")
            if (
                isinstance(surname, str)
                and surname.strip() == "-"
                and is_blank(cells.get(f"{prefix}first_name"))
            ):
                cells[f"{prefix}last_name"] = None
        return super().read(cells, stored)

    def says_nothing(self, column, cell):
        """As any layout's, save for a surname: "-" says that there is none."""
        if column.name.endswith("last_name") and isinstance(cell, str) and cell.strip() == "-":
            return False
        return super().says_nothing(column, cell)

    def judge(self, values, stored):
        """A number of digits alone has 13, unless the kind of card says that it is another."""
        number, kind = values.get("person_id") or "", values.get("id_type") or (stored or {}).get("id_type")
        if number.isdigit() and len(number) != 13 and kind in (None, "I", "G"):
            return {
                "person_id": f"มี {len(number)} หลัก ต้องมี 13 หลัก เลข 0 ข้างหน้าอาจหายไป ให้จัดช่องเป็นข้อความและพิมพ์เลขเต็ม"
            }
        return {}

    def read_cell(self, column, cell, values, stored):
        """As any layout's; a joined cell that reads as the stored fields do leaves them alone, a mark is passed over."""
        if column.name == "person_id" and isinstance(cell, str):
            cell = cell.removesuffix(MARK).rstrip()
        if column.name != LANE:
            return super().read_cell(column, cell, values, stored)
        if isinstance(cell, dt.date):
            raise ValueError(A_DATE_NOW)
        text = text_of_cell(cell)
        return {} if text == lane_of(stored) else parted_lane(text)


def marks_of(area_code):
    """{temporary G-code: how it is written}: the ministry takes none for one of its own (domain.md 3.3.1)."""
    return {code: f"{code} {MARK}" for code in temporary_codes(area_code)}


def lane_of(row):
    """Street and lane in one cell: "สุขุมวิท/ซอย 3"; a lane alone keeps its word in front; None for neither."""
    street, lane = row.get("reg_street"), row.get("reg_soi")
    if lane and not street:
        return lane if lane.startswith(("ซอย", "ซ.")) else f"ซอย {lane}"
    return f"{street}/{lane}" if lane else street


def parted_lane(text):
    """{field: value} of a joined cell: what stands behind a slash, or begins with ซอย or ซ., is the lane."""
    street, slash, lane = text.partition("/")
    if not slash and text.startswith(("ซอย", "ซ.")):
        street, lane = "", text
    return {"reg_street": street.strip() or None, "reg_soi": lane.strip() or None}
