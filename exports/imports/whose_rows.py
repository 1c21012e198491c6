"""Which school each row of a file is of: by its code however a sheet holds it, by another code of it, by its name."""

import re

from documents.collecting.submissions import Submission
from documents.database import collection
from documents.district import school_names
from documents.formats import thai
from documents.people import access
from exports.imports.named_schools import NamedSchools
from exports.imports.plans import STRAY
from exports.workbooks.cell_values import text_of_cell

OTHER_CODES = (
    "รหัสโรงเรียน 10 หลัก",
    "รหัสกระทรวง",
    "รหัสกระทรวง 10 หลัก",
    "รหัส Obec 6 หลัก",
    "percode รหัส 6 หลัก",
    "รหัสสถานศึกษา",
)
_NO_CODE = re.compile(r"[^0-9A-Za-z.,+\-/ ]{3,}")


class WhoseRows:
    """The schools of one file's rows. `knows(code)` asks whether a school is this person's; `schools()` gives {code: name}.

    `alone` is the one school that this person has, None for several; `names` the `NamedSchools` that rows are found by.
    """

    def __init__(self, area_code, user, knows, schools, alone, answers):
        self.area_code, self.knows, self.alone = area_code, knows, alone
        self.names = NamedSchools(area_code, user, schools, answers, alone)
        self.unlike = []

    def of(self, cell, name, number):
        """(code of the school that a row, its number, is of, STRAY for none of this person's; the folded name where it was
        found by that).
        """
        code = code_of(cell)
        if not code and (name is None or self.alone):
            return self.alone if self.alone and self.knows(self.alone) else STRAY, None
        if code and self.knows(code):
            self._compare(code, name, number)
            return code, None
        if (other := self.names.by_other_code(code)) and self.knows(other):
            return other, None
        written = cell if isinstance(cell, str) and _NO_CODE.search(cell) else None if code else name
        key = school_names.key_of(written) if written is not None else ""
        if not key:
            return STRAY, None
        code = self.names.meant(key, written)
        return code if code and self.knows(code) else STRAY, key

    def _compare(self, code, name, number):
        """Note a row whose code and name are of different schools; the code counts."""
        if name is None or len(self.unlike) > 20:
            return
        own = self.names.schools.get(code)
        if own and not self.names.is_called(code, str(name)):
            self.unlike.append((number, thai.clean(name)[:60], own))

    def in_words(self):
        """(sentences of how rows were understood, warnings)."""
        wrong = []
        if self.unlike:
            number, name, own = self.unlike[0]
            wrong.append(
                f"รหัสกับชื่อโรงเรียนไม่ตรงกัน {len(self.unlike):,} โรงเรียน เช่น แถวที่ {number} รหัสเป็นของ “{own}” แต่ชื่อคือ “{name}” ระบบใช้รหัส"
            )
        return self.names.in_words(), wrong


def schools_for(user, round_, subsystem):
    """{code: name} of a round's schools that a person writes for."""
    asked = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "subsystem": subsystem, "round": round_.code,
    }  # fmt: skip
    found = collection(Submission).find(asked, {"_id": 0, "school_code": 1, "school_name": 1})
    return {
        one["school_code"]: one["school_name"]
        for one in found
        if access.writes_as(user, round_.area_code, one["school_code"])
    }


def code_of(cell):
    """A school's code as a cell holds it: Thai digits, a lost type, an apostrophe, a blank inside."""
    text = thai.arabic_digits(text_of_cell(cell))
    return re.sub(r"[\s'’\-]", "", text) if text[:1] in "'’0123456789" else text
