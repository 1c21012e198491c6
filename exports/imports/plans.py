"""Import plans (แผนการนำเข้า): what a file would change, shown before anything is written.

A plan is its owner's alone and forgotten after two hours (`stored_plans.py`); it holds the values to write and the revisions
that were seen, so that nothing is uploaded twice and nothing that changed meanwhile is overwritten.
"""

import datetime as dt
from dataclasses import dataclass, field

from bson import ObjectId

from documents.collecting.rounds import label_of

LIVES = dt.timedelta(hours=2)
KINDS = ("errors", "new", "changed", "same", "gone")
STRAY = ""  # stands for the school of rows that belong to none of this person's


@dataclass
class FieldChange:
    """One field of one row: its label, and how old and new value read."""

    name: str
    label: str
    old: str
    new: str


@dataclass
class PlannedRow:
    """One row to write: its number in the sheet, what it is called, the record and revision it was read against."""

    row: int
    school_code: str
    headline: str
    values: dict
    id: ObjectId | None = None
    revision: int | None = None
    changes: list = field(default_factory=list)

    def __post_init__(self):
        self.changes = [FieldChange(**one) if isinstance(one, dict) else one for one in self.changes]


@dataclass
class RowError:
    """What is wrong in one cell: the sheet's row, the column's label, a sentence that names no person.

    `index` is the column's place in the file, None where the file has none.
    """

    row: int
    column: str
    sentence: str
    school_code: str | None = None
    index: int | None = None


@dataclass
class GoneRow:
    """A record that is stored but not in the file; `key` reads masked, `status` is its state in words."""

    id: ObjectId
    school_code: str
    headline: str
    key: str = ""
    status: str = ""


@dataclass
class SchoolPlan:
    """What the file holds of one school; `absent` records are stored but not in the file, and stay as they are.

    `door` is the refusal that would meet the deed now (window shut, locked), or None. `errors` counts cells.
    """

    code: str
    name: str
    new: int = 0
    changed: int = 0
    same: int = 0
    errors: int = 0
    absent: int = 0
    door: str | None = None

    @property
    def writes(self):
        """How many records the deed would write."""
        return self.new + self.changed


@dataclass
class ImportPlan:
    """Everything a preview shows; `new`, `changed` are PlannedRows, `same` row numbers, `errors` RowErrors.

    `guesses` are sentences to approve, `understood` say how the file was taken, `unknown` labels no field knows, `missing_columns` labels of required fields
    the file has no column for, `lacking` {label: how many rows would still lack it}, `blanks` cells left blank,
    `stray` the number of errors of rows that belong to no school of this person, `silent` the names of the round's
    schools that the file does not mention. The lists of rows are empty where the plan was found without them.
    """

    slug: str
    area_code: str
    academic_year: int
    round: str
    filename: str
    sheet: str | None
    header_row: int
    id: ObjectId | None = None
    new: list = field(default_factory=list)
    changed: list = field(default_factory=list)
    same: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    gone: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    guesses: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    understood: list = field(default_factory=list)
    unknown: list = field(default_factory=list)
    missing_columns: list = field(default_factory=list)
    lacking: dict = field(default_factory=dict)
    blanks: int = 0
    stray: int = 0
    rows_read: int = 0
    silent: list = field(default_factory=list)
    schools: dict = field(default_factory=dict)
    state: str = "waiting"
    done: list = field(default_factory=list)
    results: dict = field(default_factory=dict)

    @property
    def round_label(self):
        """2568-1."""
        return label_of(self.academic_year, self.round)

    def warn(self, sentence):
        """Say something doubtful once about the whole file."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def understand(self, sentence):
        """Say once how something in the file was taken."""
        if sentence not in self.understood:
            self.understood.append(sentence)

    @property
    def ready(self):
        """Codes of the schools that can be written: something to write, no error, the door open."""
        return [
            code
            for code, school in self.schools.items()
            if school.writes and not school.errors and not school.door and code not in self.done
        ]

    def counts(self):
        """{kind: how many} over all schools."""
        schools = self.schools.values()
        found = {
            name: sum(getattr(one, name) for one in schools) for name in ("new", "changed", "same", "errors")
        }
        return found | {
            "errors": found["errors"] + self.stray,
            "gone": sum(one.absent for one in schools),
        }

    @property
    def to_write(self):
        """How many records the deed would write now."""
        return sum(self.schools[code].writes for code in self.ready)
