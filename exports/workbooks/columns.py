"""The columns of a document's files, read off its fields: what goes out this way comes back the same.

`columns(document)` is one list; workbook, blank sheet and reader all use it. A `Layout` is such a list with the way
from a stored record to its cells and back; a document whose ministry prescribes another sheet has a layout of its own.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from documents.formats import buddhist
from documents.records.codelists import code_list
from documents.records.codes import plain
from documents.records.fields import keeps_lines
from documents.records.record import declared, shown_fields
from exports.workbooks import links
from exports.workbooks.cell_values import (
    BLANK,
    MARKS,
    choice_of,
    is_blank,
    text_of_cell,
    unharmed,
    value_of,
    year_in,
)

CELLS = {"picture": "text", "file": "text", "choice": "text", "choices": "text", "flag": "center"}
WIDTHS = {
    "text": 18,
    "choice": 18,
    "choices": 26,
    "count": 10,
    "measure": 10,
    "date": 13,
    "flag": 9,
    "picture": 24,
    "file": 10,
}
MOST_KNOWN = 10_000  # readings of cells that are kept, of a column
BLANK_CELL = ()  # a cell that says nothing


@dataclass(frozen=True)
class Column:
    """One column of a file: `name` is its field's, `label` what stands above it, `kind` the field's kind.

    `choices` names its code list, `cell` says how its cells look ("text", "center", "count", "measure", "date"),
    `looks` is None or a question about one value, asked where two columns share a label. Read-only columns go out
    and are passed over when they come back.
    """

    name: str
    label: str
    kind: str = "text"
    choices: str | None = None
    required: bool = False
    label_en: str = ""
    width: int = 18
    personal: str = "internal"
    synonyms: tuple = ()
    decimals: int | None = None
    read_only: bool = False
    looks: Callable | None = None
    short: bool = False  # the code list's short labels: ป.1, ช
    cell: str = "text"
    fields: tuple = field(default=())  # the fields it feeds, itself when it has one


SCHOOL_CODE = Column(
    "school_code",
    "รหัสโรงเรียน",
    required=True,
    label_en="School code",
    width=12,
    synonyms=("รหัส Smis 8 หลัก", "รหัสโรงเรียน 8 หลัก"),
)
SCHOOL_NAME = Column(
    "school_name",
    "ชื่อโรงเรียน",
    label_en="School",
    width=28,
    read_only=True,
    synonyms=("โรงเรียน", "ชื่อสถานศึกษา", "ชื่อสถานศึกษา(ไทย)", "ชื่อโรงเรียน (ไทย)", "สถานศึกษา"),
)


def columns(document):
    """The columns of any document: the school, then every field in declared order, derived ones read-only."""
    return [SCHOOL_CODE, SCHOOL_NAME, *(column_of(name, one) for name, one in shown_fields(document).items())]


def column_of(name, one, **instead):
    """The Column of a field; `instead` overrides what the field says."""
    # Of a picture and a file the address goes out.
    read_only = getattr(one, "derived", False) or one.kind in ("picture", "file")
    said = {
        "label": one.verbose_name,
        "kind": one.kind,
        "choices": one.codelist,
        "required": one.need == "R",
        "label_en": one.label_en,
        "width": WIDTHS[one.kind],
        "personal": one.personal,
        "synonyms": one.synonyms,
        "decimals": one.decimals,
        "read_only": read_only,
        "looks": getattr(one, "looks", None),
        "cell": CELLS.get(one.kind, one.kind),
        "fields": () if read_only else (name,),
    }
    return Column(name, **said | instead)


@dataclass
class Surroundings:
    """What a record's cells need besides the record: the round, and {school code: name}.

    `lists` are code lists as a lock froze them, {name: [[code, label, short label, parent]]}; today's are asked where
    it has none.
    `hides` are the names of columns this reader may not see.
    """

    round: object = None
    school_names: dict = field(default_factory=dict)
    lists: dict = field(default_factory=dict)
    hides: frozenset = frozenset()


class Layout:
    """The columns of one document's file, and the way from a stored record to its cells and back.

    `frozen` is how many columns stay in sight.
    """

    frozen = 2

    def __init__(self, document):
        self.document = document
        self.fields = declared(document)
        self.columns = columns(document)
        self.sheet = document.label
        self.known, self.orders, self.said = {}, {}, {}
        self.short_years = {}  # {name of a column of dates: era of years with two digits}; none are read elsewhere

    @property
    def written(self):
        """The columns that go out; a layout may read more than it writes."""
        return [column for column in self.columns if self.goes_out(column)]

    def goes_out(self, column):
        """Whether files have this column."""
        return column.name not in self.fields or self.fields[column.name].exported

    def labels(self):
        """Every label the reader knows, for finding the header, and then their synonyms."""
        own = [column.label for column in self.columns]
        return own + [name for column in self.columns for name in column.synonyms]

    # ---- out ----

    def writers(self, around, columns=None):
        """For each written column, or each of some, a function from a stored record (plain dict) to its cell's value."""
        columns = self.written if columns is None else columns
        return [blank if column.name in around.hides else self.writer(column, around) for column in columns]

    def writer(self, column, around):
        """The function for one column: text, number, datetime or None; a whole file calls it for every record."""
        if column.name == "school_code":
            return OneField("school_code")
        if column.name == "school_name":
            return OneField("school_code", around.school_names.get)
        if column.kind == "picture":
            return OneField(column.name, links.picture)
        if column.kind == "file":
            link = partial(links.record_file, self.document.slug, name=column.name)
            return lambda row: link(row["_id"]) if row.get(column.name) else None
        if column.read_only:
            worked_out = shown_fields(self.document)[column.name]
            if worked_out.reads and len(worked_out.reads) == 1:
                [read] = worked_out.reads
                return OneField(read, lambda value: worked_out.work({read: value}, around.round))
            return lambda row: worked_out.work(row, around.round)
        if column.kind in ("choice", "choices"):
            return choice_writer(column, around)
        if column.kind == "flag":
            return OneField(column.name, FLAGS.get)
        return OneField(column.name)

    def stored_names(self, columns=None):
        """Names of the stored fields that the columns are made of, None where only a whole record will do."""
        every, names = shown_fields(self.document), {"school_code"}
        for column in self.written if columns is None else columns:
            one = every.get(column.name)
            if getattr(one, "derived", False):
                if one.reads is None:
                    return None
                names.update(one.reads)
            elif one is not None:
                names.update((column.name, "_id") if column.kind == "file" else (column.name,))
            names.update(column.fields)
        return names

    # ---- in ----

    def read(self, cells, stored):
        """({field: value}, {column name: sentence}, [columns left blank]) of one row.

        `cells` is {column name: cell value} of the columns the file has, `stored` the record as it is, or None. A
        blank cell is told, not read: whether it clears the field is the plan's to say.
        """
        values, problems, blanks = {}, {}, []
        for column, known in self.in_reading_order(cells):
            cell = cells[column.name]
            if known is not None and cell.__class__ is str:
                said = known.get(cell)
                if said is None:
                    said = self.said_of(column, cell, known)
            else:
                said = self.reading_of(column, cell, values, stored)
            if said.__class__ is dict:
                values.update(said)
            elif said is BLANK_CELL:
                blanks.append(column.name)
            else:
                problems[column.name] = said
        return values, problems, blanks

    def reading_of(self, column, cell, values, stored):
        """What one cell comes to: {field: value}, BLANK_CELL, or the sentence of what is wrong with it."""
        if self.says_nothing(column, cell):
            return BLANK_CELL
        if cell.__class__ is str and cell.lstrip()[:1] in MARKS:
            one = self.fields.get(column.name)
            cell = text_of_cell(cell, one is not None and keeps_lines(one))
        try:
            return self.read_cell(column, cell, values, stored or {})
        except ValueError as fault:
            return str(fault)

    def said_of(self, column, cell, known):
        """The same of a text that is read alike in every row, remembered for the next one."""
        if len(known) >= MOST_KNOWN:
            known.clear()
        said = known[cell] = self.reading_of(column, cell, {}, None)
        return said

    def reads_alike(self, column):
        """Whether a text in this column is read alike in every row, whatever else stands there or is stored."""
        one = self.fields.get(column.name)
        return one is not None and one.kind != "choices" and not one.parent

    def understood(self, one, cell, above):
        """The code of a cell, looked up once for all rows that say the same. Raises ValueError."""
        asked = (one.name, cell.__class__, cell, above)
        if asked not in self.known:
            self.known[asked] = choice_of(one, cell, above)
        return self.known[asked]

    def valued(self, one, text):
        """The value of a cell of text, read once for all rows that say the same. Raises ValueError."""
        asked = (one.name, text)
        if asked not in self.known:
            if len(self.known) > MOST_KNOWN:
                self.known.clear()
            self.known[asked] = value_of(one, text)
        value = self.known[asked]
        return list(value) if value.__class__ is list else value

    parted = None  # a layout's own way to take apart cells ({column name: cell}) that hold two things

    def in_words(self):
        """What a layout has to say of how it read, as sentences."""
        return []

    def says_nothing(self, column, cell):
        """Whether a cell of that column is blank, or says of a year that nobody knows it: พ.ศ. 0."""
        one = self.fields.get(column.name)
        return is_blank(cell) or (one is not None and one.plain and not year_in(cell).strip("0 -"))

    def judge(self, values, stored):
        """{column name: sentence} of what is wrong with a row's values together, beyond the document's own rules."""
        return {}

    def in_reading_order(self, cells):
        """The file's columns of fields, those whose choice lies under another's after it; with each what is remembered
        of its texts, None where a text is not read alike in every row.
        """
        here = tuple(cells)
        if here not in self.orders:
            self.orders[here] = self.order_of(cells)
        return self.orders[here]

    def order_of(self, cells):
        """The columns of `in_reading_order`, worked out once for all rows of a file."""
        here = [
            column
            for column in self.columns
            if column.name in cells and column.fields and not column.read_only
        ]
        depth = {column.name: self.depth(column) for column in here}
        return [
            (column, self.said.setdefault(column.name, {}) if self.reads_alike(column) else None)
            for column in sorted(here, key=lambda column: depth[column.name])
        ]

    def depth(self, column):
        """How many choices a column's choice lies under."""
        one = self.fields.get(column.name)
        deep = 0
        while one is not None and one.parent:
            deep, one = deep + 1, self.fields.get(one.parent)
        return deep

    def read_cell(self, column, cell, values, stored):
        """{field: value} of one filled cell; `values` are the row's earlier ones. Raises ValueError, in Thai."""
        one = self.fields[column.name]
        if column.name in self.short_years:
            cell = buddhist.with_full_year(cell, self.short_years[column.name])
        if one.kind == "choice":
            return {
                column.name: self.understood(
                    one, cell, one.parent and values.get(one.parent, stored.get(one.parent))
                )
            }
        if cell.__class__ is str:
            value = self.valued(one, cell) if one.kind == "choices" else value_of(one, cell)
            return {column.name: value}
        value = value_of(one, cell)
        return {column.name: unharmed(one, cell, value, stored.get(column.name))}


class OneField:
    """The writer of a column that depends on one stored field: `say` makes its value the cell's, where there is one."""

    def __init__(self, name, say=None):
        self.name, self.say = name, say

    def __call__(self, row):
        value = row.get(self.name)
        return value if value is None or self.say is None else self.say(value)


class Choice(OneField):
    """The writer of a choice: the word of its code."""

    def __init__(self, name, words):
        super().__init__(name, lambda code: words.get(code, code))
        self.words = words

    def as_codes(self):
        """The same, codes instead of words."""
        return OneField(self.name)


class Choices:
    """The writer of several choices: their words in one cell."""

    def __init__(self, field, words):
        self.field, self.words = field, words

    def __call__(self, row):
        return ", ".join(self.words.get(code, code) for code in row.get(self.field) or ()) or None

    def as_codes(self):
        """The same, codes instead of words."""
        return Choices(self.field, {})


FLAGS = {True: "ใช่", False: "ไม่ใช่"}


def blank(_):
    """The cell of a column this reader may not see."""
    return None


def choice_writer(column, around):
    """The function that writes a choice, or several, as words; a word that means two codes stays a code."""
    words, name = words_of(column, around.lists), column.name
    return Choice(name, words) if column.kind == "choice" else Choices(name, words)


def words_of(column, lists):
    """{code: the word it is written as} of a column's list, as a lock froze it or as it is today."""
    rows = lists.get(column.choices) or [
        (entry.code, entry.label, entry.short, entry.parent)
        for entry in code_list(column.choices).entries.values()
    ]
    named = [(code, short if column.short else label, parent) for code, label, short, parent in rows]
    meant = Counter((plain(word), parent) for _, word, parent in named)
    return {
        code: word if meant[plain(word), parent] == 1 and "," not in word and word not in BLANK else code
        for code, word, parent in named
    }
