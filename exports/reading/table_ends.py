"""What stands among the rows of a table and is none of them: sums, subtotals, numbers of columns, notes at the end.

One place knows them for every importer. A row of sums is left out, never read as a school or a pupil, and compared with
the rows above it, so that a file that was cut off, or summed by hand, is told.
"""

import re
from dataclasses import dataclass, field

from documents.formats import thai
from exports.reading.headers import letter_of
from exports.reading.rows import LAST, last_of, without_last

TOTAL = re.compile(
    r"(ยอด|ผล|จำนวน)?รวม(ทั้งสิ้น|ทั้งหมด|ทั้งเขต|ทั้งโรงเรียน|ทุกโรงเรียน|ทุกชั้น|สุทธิ|ยอด|หน้านี้|\s*สพ[ปม].*)?|(grand\s*|sub\s*)?totals?|sum"
    r"|(ผล|ค่า|คะแนน){0,3}เฉลี่ย.{0,60}|ร้อยละ.{0,40}|(ค่า|ส่วน)เบี่ยงเบน.{0,40}|s\.?d\.?",
    re.IGNORECASE,
)
NOTE = re.compile(
    r"หมายเหตุ|ลงชื่อ|\(?ลงนาม|ผู้รายงาน|ผู้รับรอง|ผู้จัดทำ|ผู้กรอก|ผู้ตรวจ|ข้อมูล\s*ณ|ที่มา|แหล่งที่มา|ตำแหน่ง|\*|\.{4}|…{2}"
)
MOST_WORDS = 3  # a row with more is a person's, whatever his name
MEAN = re.compile(r"เฉลี่ย|ร้อยละ|เบี่ยงเบน|s.?d", re.IGNORECASE)
LOOKED_AT = 4  # leading cells in which a row says that it is a sum
LONG = 40  # letters of a sentence below a table
NAMED = 3  # columns whose sums differ that are named


@dataclass
class Ends:
    """What was left out: `sums` are (row number, values), `notes` and `numbers` row numbers."""

    sums: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    numbers: list = field(default_factory=list)


def is_sum(values):
    """Whether a row says in one of its first filled cells that it is a sum: รวม, รวมทั้งสิ้น, เฉลี่ย."""
    first = [one for one in values if one is not None][:LOOKED_AT]
    if not any(isinstance(one, str) and TOTAL.fullmatch(thai.clean(one).rstrip(" :")) for one in first):
        return False
    return sum(map(_is_word, values)) <= MOST_WORDS


def is_column_numbers(values):
    """Whether a row under a header numbers its columns: (1) (2) (3)."""
    found = [str(one).strip(" ()") for one in values if one is not None]
    return len(found) > 2 and found == [str(number) for number in range(1, len(found) + 1)]


def cut_ends(rows):
    """(rows without them, Ends) of a table's rows, (number, values), a list or `Rows`: what is no row at either end."""
    ends = Ends()
    while len(rows) > 1 and is_column_numbers(rows[0][1]):
        ends.numbers.append(rows[0][0])
        rows = rows[1:]
    last, named = last_of(rows, min(LAST, len(rows) - 1)), columns_of_words(rows)
    cut = 0
    for number, values in reversed(last):
        if is_sum(values) or is_bare_sum(values, named):
            ends.sums.insert(0, (number, values))
        elif is_note(values):
            ends.notes.insert(0, number)
        else:
            break
        cut += 1
    return without_last(rows, cut), ends


def columns_of_words(rows):
    """Columns that hold a text that is no figure in every one of the first rows, the last of all left aside."""
    first = [values for _, values in rows[: min(20, len(rows) - 1)]]
    if len(first) < 2:
        return ()
    return [
        at for at in range(len(first[0])) if all(_is_word(values[at]) for values in first if at < len(values))
    ]


def _is_word(value):
    return isinstance(value, str) and figure(value) is None and len(value.strip()) > 1


def is_bare_sum(values, named):
    """Whether a row has figures alone where every row above has words: the sum of a file that does not say so."""
    filled = [one for one in values if one is not None]
    return (
        bool(named)
        and len(filled) > 1
        and all(values[at] is None for at in named)
        and all(figure(one) is not None for one in filled)
    )


def is_note(values):
    """Whether a row below the table is a remark or a place to sign: one cell, or two, of a wide table."""
    filled = [one for one in values if one is not None]
    if len(values) < 4 or len(filled) > 2 or not all(isinstance(one, str) for one in filled):
        return False
    text = thai.clean(filled[0])
    return bool(NOTE.search(text)) or (len(filled) == 1 and len(text) > LONG)


def figure(value):
    """The number that a cell holds, None for any other."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    if value.__class__ is str and value.isascii() and value.isdigit() and len(value) < 13:
        return int(value)
    text = thai.arabic_digits(thai.clean(value)).replace(",", "") if isinstance(value, str) else ""
    return float(text) if re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", text) else None


def told(ends, rows, columns):
    """(sentences of what was left out, sentences of sums that differ) of a table's ends; walks the rows where there are sums.

    `columns` are labels.
    """
    said, wrong = [], []
    if ends.numbers:
        said.append(f"ข้ามแถว {', '.join(map(str, ends.numbers))} ซึ่งเป็นเลขลำดับคอลัมน์")
    if ends.sums:
        numbers = ", ".join(str(number) for number, _ in ends.sums[:NAMED])
        said.append(f"ข้ามแถวรวมท้ายตาราง {len(ends.sums)} แถว (แถวที่ {numbers}) ไม่นับเป็นรายการ")
        agreed, wrong = compared(ends.sums, rows, columns)
        said += agreed
    if ends.notes:
        said.append(f"ข้ามหมายเหตุท้ายตาราง {len(ends.notes)} แถว (แถวที่ {ends.notes[0]} ถึง {ends.notes[-1]})")
    return said, wrong


def compared(sums, rows, columns):
    """(sentence of the sum row that agrees, sentences of the one that does not): the first whose figures add the rows up."""
    number, values = next(((at, row) for at, row in sums if not _is_mean(row)), (None, ()))
    at = {index: found for index, one in enumerate(values) if (found := figure(one)) is not None}
    if not at:
        return [], []
    added, broken = dict.fromkeys(at, 0), set()
    for _, row in rows:
        if is_sum(row):
            continue
        for index in at:
            if row[index] is not None:
                one = figure(row[index])
                if one is None or one >= 10**7:
                    broken.add(index)
                else:
                    added[index] += one
    kept = [index for index in at if index not in broken and (added[index] or at[index])]
    differ = [index for index in kept if abs(added[index] - at[index]) > 0.01]
    if not differ:
        return ([f"แถวรวมที่ {number} ตรงกับผลบวกของทุกแถวใน {len(kept)} คอลัมน์"] if kept else []), []
    named = [
        f"{letter_of(index)} {columns[index] if index < len(columns) else ''}: แถวรวม {at[index]:,.0f} ผลบวก {added[index]:,.0f}"
        for index in differ[:NAMED]
    ]
    rest = f" และอีก {len(differ) - NAMED} คอลัมน์" if len(differ) > NAMED else ""
    return [], [f"แถวรวมที่ {number} ไม่ตรงกับผลบวกของแถวข้างบน: {'; '.join(named)}{rest} ไฟล์อาจมาไม่ครบหรือรวมผิด"]


def _is_mean(values):
    return any(isinstance(one, str) and MEAN.search(thai.clean(one)) for one in values)
