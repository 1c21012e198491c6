"""Files of pupils by grade and sex, as other systems give them out: which column is what, and the figures they hold.

Nothing of a file but its figures is kept. Rows of sums (an empty code, or the area's own) are no schools: a file that
is summed with them counts every pupil twice.
"""

import re

from documents import thai
from documents.codelists import code_list
from documents.errors import RuleBroken
from exports.headers import match_columns
from exports.reports import GRADES, LEVELS
from exports.school_fields import ListField, area_of, code_like, digits, is_statistics
from exports.school_plan import is_total, refuse_mapping

KIND = "enrolment"
SEX_WORDS = {"m": ("ชาย", "ช", "ด.ช."), "f": ("หญิง", "ญ", "ด.ญ.")}
MOST_ROWS = 3_000
MOST_PUPILS = 20_000  # of one grade and sex of a school: more is a code or a year in the wrong column
NUMBER = re.compile(r"\d{1,6}(\.0+)?")


def fields():
    """The fields that a column of such a file may be."""
    return (
        ListField("code", "รหัส SMIS 8 หลัก", ("รหัสโรงเรียน", "รหัส smis", "smis", "รหัสโรงเรียน (smis)", "schoolcode"), code_like, True),
        ListField("area", "รหัสเขตพื้นที่", ("รหัสเขต", "รหัส สพท.", "รหัสเขตพื้นที่การศึกษา")),
        ListField("name", "ชื่อโรงเรียน", ("โรงเรียน", "ชื่อสถานศึกษา")),
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
    """{column index: field}: by the shape of the ministry's report without a header, else by the labels."""
    if is_statistics(table):
        places = {place: grades[0] for place, (_, grades) in enumerate(LEVELS) if len(grades) == 1}
        return {1: "code"} | {
            2 + 4 * place + shift: f"{sex}{grade}"
            for place, grade in places.items()
            for shift, sex in enumerate(SEX_WORDS)
        }
    return dict(match_columns(table.columns, fields(), table.rows).names) if table.header_row else {}


def refuse_incomplete(names):
    """Raise RuleBroken where no column names the school, or none holds pupils."""
    refuse_mapping(names, ("code",))
    if not any(name[0] in SEX_WORDS and name[1:] in GRADES for name in names.values()):
        raise RuleBroken("ไม่พบคอลัมน์จำนวนนักเรียนชายหญิงของชั้นใด กรุณาเลือกว่าคอลัมน์ใดคือชั้นและเพศใด แล้วเลือกไฟล์เดิมอีกครั้ง")


def figures_of(table, names, area_code):
    """What `reconciling.keep` wants of a file: its figures by school, and the rows that are none.

    Raises RuleBroken as `refuse_incomplete`, and for a file of too many rows.
    """
    refuse_incomplete(names)
    if len(table.rows) > MOST_ROWS:
        raise RuleBroken(
            f"ไฟล์นี้มี {len(table.rows):,} แถว เกิน {MOST_ROWS:,} แถว กรุณาตัดให้เหลือเฉพาะโรงเรียนในเขตของท่าน"
        )
    at = {name: index for index, name in names.items()}
    wanted = [name for name in at if name[0] in SEX_WORDS and name[1:] in GRADES]
    told = {"rows": len(table.rows), "totals": [], "faults": [], "theirs": {}, "names": {}}
    for row, values in table.rows:
        _read(row, values, at, wanted, area_code, told)
    grades = sorted({name[1:] for name in wanted}, key=GRADES.index)
    return told | {"grades": grades, "filename": table.filename, "encoding": table.encoding or ""}


def _read(row, values, at, wanted, area_code, told):
    code = digits(values[at["code"]])
    counts, wrong = {}, None
    for name in wanted:
        number = _number(values[at[name]])
        if number is None:
            wrong = wrong or name
        elif number:
            counts[name] = number
    if not code or is_total(code, area_code):
        told["totals"].append({"row": row, "pupils": sum(counts.values())})
        return
    sentence = _fault(code, values, at, wrong, area_code, told["theirs"])
    if sentence:
        told["faults"].append({"row": row, "sentence": sentence})
        return
    told["theirs"][code] = counts
    if "name" in at:
        told["names"][code] = thai.clean(values[at["name"]])[:200] or code


def _fault(code, values, at, wrong, area_code, theirs):
    area = area_of(values[at["area"]]) if "area" in at else ""
    if not (len(code) == 8 and code.isascii() and code.isdigit()):
        return f"รหัสโรงเรียนต้องมี 8 หลัก (มี {len(code)})"
    if code in theirs:
        return f"โรงเรียน {code} อยู่ในไฟล์แล้ว จึงไม่นับซ้ำ"
    if wrong:
        return f"จำนวน {code_list('GRADE').short(wrong[1:])} {SEX_WORDS[wrong[0]][0]} ไม่ใช่จำนวนเต็ม 0 ถึง {MOST_PUPILS:,}"
    if area and area != area_code:
        return f"เป็นโรงเรียนของเขต {area}"
    return None


def _number(value):
    """Pupils of a cell, 0 for a blank one; None for what is no such number."""
    text = re.sub(r"[\s,]", "", thai.arabic_digits(thai.clean(value)))
    if text in ("", "-", "–"):
        return 0
    number = int(float(text)) if NUMBER.fullmatch(text) else None
    return number if number is not None and number <= MOST_PUPILS else None
