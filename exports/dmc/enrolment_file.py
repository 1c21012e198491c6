"""Files of pupils by grade and sex, as other systems give them out: which column is what, and the figures they hold.

Nothing of a file but its figures is kept. Rows of sums (an empty code, or the area's own) are no schools: a file that
is summed with them counts every pupil twice.
"""

import re
from collections import Counter

from documents.district import school_names
from documents.errors import RuleBroken
from documents.formats import thai
from documents.records.codelists import code_list
from exports.district.school_fields import ROUND, ListField, area_of, code_like, digits
from exports.district.school_plan import is_total, refuse_mapping
from exports.dmc.reports import GRADES, LEVELS
from exports.imports.named_schools import has_code
from exports.reading.headers import match_columns
from exports.reading.table_ends import compared, is_sum

KIND = "enrolment"
SEX_WORDS = {"m": ("ชาย", "ช", "ด.ช."), "f": ("หญิง", "ญ", "ด.ญ.")}
ROW_A_GRADE = "ไฟล์ที่หนึ่งแถวคือหนึ่งชั้น"
MOST_ROWS = 6_000
MOST_PUPILS = 20_000  # of one grade and sex of a school: more is a code or a year in the wrong column
MOST_NOTES = 5
AT_THE_END, CAME = re.compile(r"สิ้น|สินปี|ปลายปี"), re.compile(r"ย้ายมา|ย้ายเข้า|เข้าใหม่|รับ")
CODE = re.compile(r"\d{4}|\d{8}")
ODD = re.compile(r"ผิดปกติ|นอกเกณฑ์|ไม่ระบุ")
NUMBER = re.compile(r"\d{1,6}(\.0+)?")


# Reports of the ministry without a header, by how wide they are: (columns before the levels, columns a level, whether the
# third says the category); narrower ones are of years without ปวช. Source: headers of the district's own reader.
SHAPES = {
    94: (2, 4, False),
    82: (2, 4, False),
    72: (3, 3, True),
    63: (3, 3, True),
    71: (2, 3, False),
    62: (2, 3, False),
}
VOCATIONAL = ("16", "17", "18")  # grades that the narrower ones lack
G_CODES = (71, 62)  # widths of the one report without a category: pupils with G-codes


def fields():
    """The fields that a column of such a file may be."""
    return (
        ListField("code", "รหัส SMIS 8 หลัก", ("รหัสโรงเรียน", "รหัส smis", "smis", "รหัสโรงเรียน (smis)", "schoolcode"), code_like, True),
        ListField("area", "รหัสเขตพื้นที่", ("รหัสเขต", "รหัส สพท.", "รหัสเขตพื้นที่การศึกษา")),
        ListField("name", "ชื่อโรงเรียน", ("โรงเรียน", "ชื่อสถานศึกษา", "ชื่อสถานศึกษา(ไทย)")),
        ListField("other", "รหัสกระทรวง 10 หลัก", ("รหัสโรงเรียน 10 หลัก", "รหัสกระทรวง", "รหัส Obec 6 หลัก")),
        ListField("category", "หมวดของรายงาน", ("หมวด", "รายการ", "ประเภท")),
        ListField("grade", "ชั้น (แถวละชั้น)", ("ชั้น", "ชั้น/เพศ", "ระดับชั้น"), group=ROW_A_GRADE),
        ListField("m", "ชาย (แถวละชั้น)", ("ชาย", "จำนวนชาย", "นักเรียนชาย"), group=ROW_A_GRADE),
        ListField("f", "หญิง (แถวละชั้น)", ("หญิง", "จำนวนหญิง", "นักเรียนหญิง"), group=ROW_A_GRADE),
        *(_field(grade, sex) for grade in GRADES for sex in SEX_WORDS),
    )  # fmt: skip


def _field(grade, sex):
    short, long = code_list("GRADE").short(grade), code_list("GRADE").label(grade)
    words = {short, long, short.replace("อ.", "อนุบาล "), short.replace("อ.", "อบ.")}
    synonyms = [
        form for word in words for each in SEX_WORDS[sex] for form in (f"{word} {each}", f"{each} {word}")
    ]
    return ListField(f"{sex}{grade}", f"{short} {SEX_WORDS[sex][0]}", tuple(synonyms), group="จำนวนนักเรียน")


def known_labels():
    """Every label and synonym, to find a header by."""
    return [word for one in fields() for word in (one.label, *one.synonyms)]


def guess(table):
    """{column index: field}: by the shape of one of the ministry's reports without a header, else by the labels."""
    if shape := shape_of(table):
        before, each, category = shape
        places = {place: grades[0] for place, (_, grades) in enumerate(levels_in(table)) if len(grades) == 1}
        return (
            {1: "code"}
            | ({2: "category"} if category else {})
            | {
                before + each * place + shift: f"{sex}{grade}"
                for place, grade in places.items()
                for shift, sex in enumerate(SEX_WORDS)
            }
        )
    names = dict(match_columns(table.columns, fields(), table.rows).names) if table.header_row else {}
    return {
        index: name for index, name in names.items() if name not in ("grade", "m", "f") or _is_long(names)
    }


def _is_long(names):
    """Whether a file has a row for each grade of a school."""
    return {"grade", "m", "f"} <= set(names.values()) and not _grade_columns(names)


def _grade_columns(names):
    return [name for name in names.values() if len(name) > 1 and name[0] in SEX_WORDS and name[1:] in GRADES]


def shape_of(table):
    """The entry of SHAPES that a table without a header is, None for any other."""
    shape = SHAPES.get(len(table.columns))
    return shape if shape and not table.header_row and is_report(table) else None


def is_report(table):
    """Whether a table begins as every report of the ministry does: the round, then the school's code."""
    rows = table.rows[:50]
    if len(table.columns) < 3:
        return False
    fits = [
        ROUND.fullmatch(thai.clean(values[0])) and CODE.fullmatch(digits(values[1])) for _, values in rows
    ]
    return sum(map(bool, fits)) * 10 >= len(fits) * 9


def levels_in(table):
    """The levels that a report has columns for, in its order."""
    if len(table.columns) in (94, 72, 71):
        return LEVELS
    return [level for level in LEVELS if level[1][0] not in VOCATIONAL or len(level[1]) > 1]


def refuse_incomplete(names, table=None):
    """Raise RuleBroken where no column names the school, or none holds pupils."""
    if not names and table and not table.header_row and is_report(table):
        raise RuleBroken(
            f"ไฟล์นี้เป็นรายงานของกระทรวงแบบ {len(table.columns)} คอลัมน์ ซึ่งไม่ได้แยกชั้นและเพศ จึงกระทบยอดนักเรียนรายชั้นไม่ได้ กรุณาเลือกรายงานที่แยกชั้น"
        )
    refuse_mapping(names, ("code", "name", "other"))
    if not _grade_columns(names) and not _is_long(names):
        raise RuleBroken("ไม่พบคอลัมน์จำนวนนักเรียนชายหญิงของชั้นใด กรุณาเลือกว่าคอลัมน์ใดคือชั้นและเพศใด แล้วเลือกไฟล์เดิมอีกครั้ง")


def figures_of(table, names, area_code, named=None):
    """What `reconciling.keep` wants of a file: its figures by school, the rows that are none, and `notes` on it as sentences.

    `named` is the NamedSchools of rows without a code. Of a report by category the first category, which is all pupils, is
    compared. Raises RuleBroken as `refuse_incomplete`, and for a file of too many rows.
    """
    refuse_incomplete(names, table)
    if len(table.rows) > MOST_ROWS:
        raise RuleBroken(
            f"ไฟล์นี้มี {len(table.rows):,} แถว เกิน {MOST_ROWS:,} แถว กรุณาตัดให้เหลือเฉพาะโรงเรียนในเขตของท่าน"
        )
    figures = Figures(table, names, area_code, named)
    for row, values in table.rows:
        figures.take(row, values)
    return figures.told()


class Figures:
    """One file being read: `theirs` {school: {counter: pupils}}, the rows left out, and what its sums come to."""

    def __init__(self, table, names, area_code, named):
        self.table, self.area_code, self.named = table, area_code, named
        self.at = {name: index for index, name in names.items()}
        self.wanted, self.long = _grade_columns(names), _is_long(names)
        self.theirs, self.names, self.totals, self.faults = {}, {}, [], []
        self.rows_of, self.sums = {}, []  # rows of schools by category; rows of sums with theirs
        self.each = Counter()  # pupils of schools by category
        self.first = self.compared_category()
        self.seen, self.grades = set(), set()

    def cell(self, values, name):
        """The cell of a field, None where no column is it."""
        return values[self.at[name]] if name in self.at else None

    def take(self, row, values):
        """Read one row."""
        category, counts, wrong = thai.clean(self.cell(values, "category")), *self.counts(values)
        code = self.code_of(values)
        nameless = not any(thai.clean(self.cell(values, name)) for name in ("name", "other"))
        if (not code and nameless) or is_total(code, self.area_code) or is_sum(values):
            self.sums.append((row, category, values, sum(counts.values())))
            return
        self.rows_of.setdefault(category, []).append((row, values))
        self.each[category] += sum(counts.values())
        if category != self.first:
            return
        sentence = self.fault(code, values, wrong)
        if sentence:
            self.faults.append({"row": row, "sentence": sentence})
            return
        kept = self.theirs.setdefault(code, {})
        for name, number in counts.items():
            kept[name] = kept.get(name, 0) + number
        if "name" in self.at:
            self.names[code] = thai.clean(self.cell(values, "name"))[:200] or code

    def counts(self, values):
        """({counter: pupils}, the first counter whose cell is no such number or None) of a row."""
        if self.long:
            grade = code_list("GRADE").find(self.cell(values, "grade"))
            named = {f"{sex}{grade}": self.cell(values, sex) for sex in SEX_WORDS if grade}
        else:
            named = {name: values[self.at[name]] for name in self.wanted}
        counts, wrong = {}, None if named else "?"
        for name, cell in named.items():
            self.grades.add(name[1:])
            number = _number(cell)
            if number is None:
                wrong = wrong or name
            elif number:
                counts[name] = number
        return counts, wrong

    def code_of(self, values):
        """The code of a row's school, found by its name where it gives none."""
        code = digits(self.cell(values, "code"))
        if self.named is None or has_code(code):
            return code
        if other := self.named.by_other_code(digits(self.cell(values, "other"))):
            return other
        name = self.cell(values, "name")
        return self.named.meant(school_names.key_of(name), name) or code

    def fault(self, code, values, wrong):
        """Why a row is not compared; None where it is."""
        once = (code, thai.clean(self.cell(values, "grade"))) if self.long else code
        if wrong == "?":
            return "ไม่รู้จักชั้นของแถวนี้"
        sentence = _fault(code, self.cell(values, "area"), wrong, self.area_code, once in self.seen)
        if sentence is None:
            self.seen.add(once)
        return sentence

    def told(self):
        """All of it, as `reconciling.keep` takes it."""
        totals = [
            {"row": row, "pupils": pupils} | ({"category": category} if category else {})
            for row, category, _, pupils in self.sums
        ]
        notes = [*self.table.understood, *self.table.warnings, *self.balance(), *self.categories()]
        return {
            "rows": len(self.table.rows), "totals": totals, "faults": self.faults, "theirs": self.theirs,
            "names": self.names, "grades": sorted(self.grades, key=GRADES.index), "notes": notes, "category": self.first,
            "filename": self.table.filename, "encoding": self.table.encoding or "",
            "only_g": not self.table.header_row and len(self.table.columns) in G_CODES,
        }  # fmt: skip

    def compared_category(self):
        """The category of a report that is all pupils: those at the year's end where it tells of a year, else the first."""
        if "category" not in self.at:
            return ""
        found = list(
            dict.fromkeys(thai.clean(self.cell(values, "category")) for _, values in self.table.rows)
        )
        return next((one for one in found if AT_THE_END.search(one)), found[0])

    def balance(self):
        """Whether each row of sums that a code tells adds up its rows, as sentences; the reader told of the others."""
        if not self.rows_of:
            return ["ไฟล์นี้มีแต่แถวรวมของเขต ไม่มีแถวของโรงเรียน จึงเทียบรายโรงเรียนไม่ได้"]
        agreed, wrong = 0, []
        for row, category, values, _ in self.sums:
            if not is_total(digits(self.cell(values, "code")), self.area_code):
                continue
            plain = {
                place
                for place, name in enumerate(values)
                if place in (0, self.at["code"], self.at.get("category"))
            }
            kept = [None if place in plain else value for place, value in enumerate(values)]
            said, differ = compared([(row, kept)], self.rows_of.get(category, ()), self.table.columns)
            agreed, wrong = agreed + (not differ), wrong + differ
        said = [f"แถวรวมของเขต {agreed:,} แถว ตรงกับผลบวกของทุกโรงเรียนในทุกคอลัมน์"] if agreed else []
        return said + wrong[:MOST_NOTES]

    def categories(self):
        """What the categories of a report come to: all, each, whether they overlap, and whether a year balances."""
        each = dict(self.each) or {category: pupils for _, category, _, pupils in self.sums if category}
        if len(each) < 2:
            return []
        (first, whole), *others = each.items()
        parts = sum(number for _, number in others)
        said = [
            f"รายงานแยกหมวด {len(each):,} หมวด เทียบเฉพาะหมวด “{self.first}” {each.get(self.first, 0):,} คน"
        ]
        if self.first != first:
            said.append(self.year(each))
        elif parts == whole:
            said.append(f"หมวดอื่นรวมกันได้เท่ากับหมวดแรก {whole:,} คน")
        else:
            said.append(f"หมวดอื่นรวมกันได้ {parts:,} คน ไม่เท่าหมวดแรก {whole:,} คน (หมวดซ้อนกัน หรือไม่ครบ)")
        named = ", ".join(f"{category} {number:,}" for category, number in others if number)
        said += [f"แต่ละหมวด: {named}"] if named else []
        odd = [(category, number) for category, number in others if number and ODD.search(category)]
        return said + [f"หมวด “{category}” คือข้อมูลที่ต้องแก้ {number:,} คน" for category, number in odd]

    def year(self, each):
        """Whether those at the year's start, with who came and without who went, are those at its end."""
        start, end = next(iter(each.values())), each[self.first]
        came = sum(number for category, number in each.items() if CAME.search(category))
        went = sum(each.values()) - start - end - came
        words = f"ต้นปี {start:,} เข้า {came:,} ออก {went:,} เหลือ {start + came - went:,} คน"
        return f"ทั้งปีสมดุล: {words}" if start + came - went == end else f"ทั้งปีไม่สมดุล: {words} แต่สิ้นปีมี {end:,} คน"


def _fault(code, area, wrong, area_code, met_before):
    area = area_of(area)
    if not code:
        return "ไม่พบโรงเรียนนี้ในเขตจากชื่อหรือรหัสอื่น"
    if not (len(code) == 8 and code.isascii() and code.isdigit()):
        return f"รหัสโรงเรียนต้องมี 8 หลัก (มี {len(code)})"
    if met_before:
        return f"โรงเรียน {code} อยู่ในไฟล์แล้ว จึงไม่นับซ้ำ"
    if wrong:
        return f"จำนวน {code_list('GRADE').short(wrong[1:])} {SEX_WORDS[wrong[0]][0]} ไม่ใช่จำนวนเต็ม 0 ถึง {MOST_PUPILS:,}"
    if area and area != area_code:
        return f"เป็นโรงเรียนของเขต {area}"
    return None


def _number(value):
    """Pupils of a cell, 0 for a blank one; None for what is no such number."""
    if value.__class__ is str and value.isascii() and value.isdigit() and len(value) < 6:
        return int(value) if int(value) <= MOST_PUPILS else None
    text = re.sub(r"[\s,]", "", thai.arabic_digits(thai.clean(value)))
    if text in ("", "-", "–"):
        return 0
    number = int(float(text)) if NUMBER.fullmatch(text) else None
    return number if number is not None and number <= MOST_PUPILS else None
