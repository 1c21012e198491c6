"""Dates with two digits for the year in a file's columns: which era each column's are of, said, and asked where both fit.

"5 มิ.ย. 56" is of the Buddhist era. "05/06/13" may be 2513 or ค.ศ. 2013: where only one of them suits the field (a pupil is
no 55 years old) it is that, else a person says it, once for the column.
"""

from dataclasses import dataclass

from documents.formats import buddhist
from documents.records import fields
from exports.imports.questions import YEAR, Question

BE, CE = "be", "ce"


@dataclass
class ShortYears:
    """What was met in one column: how many such dates, the first of them, and which eras suit all that are figures."""

    rows: int = 0
    example: str = ""
    figures: str = ""  # the first that is of figures alone
    be: bool = True
    ce: bool = True


def may_be_short(cell):
    """Whether a cell may be a date with two digits for its year: asked of every row, so it only looks at the end."""
    if cell.__class__ is not str:
        return False
    end = cell.strip()[-4:]
    return end[-2:].isdigit() and not (end.isdigit() and len(end) == 4)


def note(found, one, cell):
    """Take up a cell of a date column (its field `one`) in what was found there, a ShortYears."""
    said = buddhist.short_year(cell)
    if said is None:
        return
    found.rows += 1
    found.example = found.example or cell
    if not said[3]:
        found.figures = found.figures or cell
        found.be = found.be and suits(one, buddhist.with_full_year(cell, BE))
        found.ce = found.ce and suits(one, buddhist.with_full_year(cell, CE))


def suits(one, text):
    """Whether a date is one that the field takes, of somebody as old as its people are."""
    try:
        day = fields.accept(one, text)
    except ValueError:
        return False
    ages = getattr(one, "ages", None)
    return ages is None or ages[0] <= buddhist.age_on(day.date(), buddhist.clock.today()) <= ages[1]


def decided(found):
    """ "be" or "ce" where a column's dates can be only one, None where a person must say."""
    if not found.figures or (found.be and not found.ce):
        return BE
    return CE if found.ce and not found.be else None


def question(name, label, found):
    """The Question about a column."""
    choices = [
        [era, f"{word} คือ {read(found.figures, era)}"] for era, word in ((BE, "ปี พ.ศ."), (CE, "ปี ค.ศ."))
    ]
    return Question(
        f"{YEAR}:{name}", f"คอลัมน์ {label}", f"ปีสองหลัก {found.rows:,} แถว เช่น “{found.figures}”", choices, BE
    )


def in_words(label, found, era):
    """How a column was understood."""
    some = found.figures if era == CE else found.example
    return f"คอลัมน์ {label} มีปีสองหลัก {found.rows:,} แถว อ่านเป็นปี {'พ.ศ.' if era == BE else 'ค.ศ.'} เช่น “{some}” คือ {read(some, era)}"


def read(text, era):
    """A date with two digits as it is read: 5 มิถุนายน 2556; the text itself where it is no day."""
    try:
        return buddhist.format_long(buddhist.parse_date(buddhist.with_full_year(text, era)))
    except ValueError:
        return str(text)
