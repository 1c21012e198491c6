"""Planning an import: what a file would change, school by school, before anything is written.

Works for any Record through its layout. Rows are matched by the document's key within school and round; what is
stored but not in the file is listed and stays. What a school's rows come to is handed on before the next school's are
read, so that no more than one school's is held.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import partial

from documents.collecting.submissions import Submission, may_write
from documents.database import collection
from documents.errors import Invalid, RuleBroken
from documents.formats import citizen_id
from documents.people import access
from documents.records import fields
from documents.records.change import Change
from documents.records.completeness import required_of
from documents.records.preparing import prepare
from documents.records.record import Place, declared
from exports.imports.file_columns import FileColumns
from exports.imports.plans import STRAY, FieldChange, GoneRow, ImportPlan, PlannedRow, RowError, SchoolPlan
from exports.imports.questions import Unanswered
from exports.imports.whose_rows import WhoseRows, schools_for
from exports.reading.table_ends import is_sum
from exports.workbooks.cell_values import is_blank

STRANGE_SCHOOL = "แถวนี้ไม่ใช่ข้อมูลของโรงเรียนที่ท่านรับผิดชอบในรอบนี้ กรุณาตรวจสอบรหัสโรงเรียน หรือลบแถวนี้ออกจากไฟล์"
REASON = "นำเข้าจากไฟล์"
NO_LINES = "แถวที่ไม่มีรหัสรายการหรือไม่มีจำนวนเลย (เช่น แถวรวม หรือรายการที่ยังไม่กรอก) ระบบข้ามให้"
EMPTY_ROWS = "ข้ามแถวที่ไม่มีข้อมูลอื่นนอกจากรหัสโรงเรียน"


@dataclass
class Line:
    """One row of the file on its way: its cells by column name, where it belongs, the record it was matched to."""

    row: int
    cells: dict
    school_code: str
    key: tuple | None = None
    stored: dict | None = None
    values: dict | None = None
    double: bool = False


def only_school(user, area_code):
    """The code of the one school that a person writes for, None for several or an officer."""
    codes = [code for area, code in user.schools("school") if area == area_code]
    return codes[0] if len(codes) == 1 else None


class Planning:
    """One file being planned. `schools()` yields each school's SchoolPlan with its rows; `plan_` holds the rest."""

    def __init__(self, layout, table, user, round_, blanks, answers=None):
        self.layout, self.table, self.user, self.round, self.blanks = layout, table, user, round_, blanks
        self.document, self.fields = layout.document, declared(layout.document)
        self.plan_ = ImportPlan(
            self.document.slug,
            round_.area_code,
            round_.academic_year,
            round_.code,
            table.filename,
            table.sheet,
            table.header_row,
            labels=table.columns,
            warnings=list(table.warnings),
            understood=list(table.understood),
            rows_read=len(table.rows),
        )
        self.required = required_of(self.document, round_.area_code, round_.academic_year)
        self.alone = only_school(user, round_.area_code)
        self.columns = FileColumns(layout, table, user, self.plan_, answers)
        self.columns.check(self.required, self.alone)
        self.submissions, self.lacking = {}, defaultdict(int)
        self.found, self.hidden, self.passed = {}, frozenset(), []
        schools = partial(schools_for, user, round_, self.document.subsystem)
        answers = self.columns.answers
        self.whose = WhoseRows(round_.area_code, user, self.knows, schools, self.alone, answers)

    def schools(self, keeping):
        """Yield (SchoolPlan or None, {kind: rows}, how many rows of the file), those of no school of this person last.

        The file's own rows are put under their schools first, in `keeping`, so that only one school's are held.
        """
        codes = self.by_school(keeping)
        self.ask()
        for code in codes:
            rows = keeping.cells_of(code)
            school = self.plan_.schools[code] = self.school_plan(self.submissions[code])
            self.begin(code)
            self.plan_school(school, rows)
            yield school, self.found, len(rows)
        if stray := keeping.cells_of(STRAY):
            self.begin(None)
            for number, _ in stray:
                self.refuse(number, "school_code", STRANGE_SCHOOL)
            self.plan_.stray = len(stray)
            yield None, self.found, len(stray)
        for sentence in self.layout.in_words():
            self.plan_.understand(sentence)
        self.plan_.lacking = dict(self.lacking)
        # A column that others make up for (the kind of a number, the four "no") is none that the file lacks.
        self.plan_.missing_columns = [each for each in self.plan_.missing_columns if each in self.lacking]
        self.plan_.silent = self.not_mentioned()

    def begin(self, code):
        """Start on a school: nothing found yet; what its fields hide from this person is asked once."""
        self.code = code
        self.found = {"errors": [], "new": [], "changed": [], "same": [], "gone": []}
        self.hidden = self.columns.hidden(code)
        skipped = self.columns.labels_of(self.hidden)
        if skipped and code:
            self.plan_.warn(f"ข้ามคอลัมน์ข้อมูลอ่อนไหวที่ท่านไม่มีสิทธิ์: {', '.join(skipped)}")

    def plan_school(self, school, rows):
        """Plan one school's rows."""
        lines = [Line(number, self.columns.cells_of(values), school.code) for number, values in rows]
        self.match_keys(lines)
        self.find_stored(lines, school)
        writing = [line for line in lines if self.read(line)]
        self.sort_out(self.checked(writing))
        self.found["errors"].sort(key=lambda error: error.row)
        for name in ("new", "changed", "same", "errors"):
            setattr(school, name, len(self.found[name]))

    # ---- what is wrong ----

    def refuse(self, row, column, sentence):
        """Note what is wrong in one cell."""
        error = RowError(row, self.columns.label(column), sentence, self.code, self.columns.index.get(column))
        self.found["errors"].append(error)

    def ask(self):
        """Take the answers that there are, say what was understood, and ask for the others. Raises Unanswered."""
        self.columns.settle_years()
        questions = [*self.columns.questions, *self.whose.names.questions()]
        if questions:
            raise Unanswered(questions, self.table.columns)
        said, wrong = self.whose.in_words()
        for sentence in said:
            self.plan_.understand(sentence)
        for sentence in wrong:
            self.plan_.warn(sentence)
        if self.passed:
            self.plan_.understand(
                f"ข้าม {len(self.passed):,} แถวที่ไม่ใช่รายการ เช่น แถวรวมหรือแถวนอกตาราง (แถวแรกที่ {self.passed[0]})"
            )

    # ---- the rows ----

    def by_school(self, keeping):
        """Keep the file's rows by school, without what is hidden from this person; gives the schools' codes, in order."""
        columns = self.columns
        at, named = columns.index.get("school_code"), columns.index.get("school_name")
        codes, hidden, keys = {}, {}, {}
        rows, self.table.rows = self.table.rows, []
        for number, values in rows:
            cell = values[at] if at is not None else None, values[named] if named is not None else None
            if cell not in codes:
                codes[cell], keys[cell] = code, _ = self.whose.of(*cell, number)
                hidden.setdefault(code, columns.hidden_places(code))
            code = codes[cell]
            if keys[cell]:
                self.whose.names.count(keys[cell])
            if code == STRAY and self.is_no_row(values):
                self.passed.append(number)
                continue
            columns.note_years(values)
            for place in hidden[code]:
                values[place] = None
            keeping.add(code, (number, values))
        self.plan_.rows_read -= len(self.passed)
        return [code for code in dict.fromkeys(codes.values()) if code != STRAY]

    def is_no_row(self, values):
        """Whether a row of no school is none at all: a sum between the others, or cells beside the table."""
        return is_sum(values) or all(values[place] is None for place in self.columns.index.values())

    def knows(self, code):
        """Whether a school is this person's and in the round; remembers its Submission."""
        if code not in self.submissions:
            mine = access.writes_as(self.user, self.round.area_code, code)
            self.submissions[code] = self.submission(code) if mine else None
        return self.submissions[code] is not None

    def place(self, code):
        """The place of a school in this round."""
        return Place(self.round.area_code, self.round.academic_year, self.round.code, code)

    def of_round(self):
        """The filter of the round's submissions."""
        return {
            "area_code": self.round.area_code,
            "academic_year": self.round.academic_year,
            "subsystem": self.document.subsystem,
            "round": self.round.code,
        }

    def submission(self, code):
        """The school's Submission in this round, or None."""
        return Submission.objects(__raw__=self.of_round() | {"school_code": code}).exclude("moves").first()

    def not_mentioned(self):
        """Names of the round's schools that an officer's file says nothing of, where it names several."""
        if len(self.plan_.schools) < 2 or not self.user.holds("district", self.round.area_code):
            return []
        found = collection(Submission).find(self.of_round(), {"school_code": 1, "school_name": 1})
        return [one["school_name"] for one in found if one["school_code"] not in self.plan_.schools]

    def school_plan(self, submission):
        """A SchoolPlan, with the refusal that would meet a write now."""
        try:
            may_write(submission, self.round, self.user)
            door = None
        except RuleBroken as refusal:
            door = refusal.message
        return SchoolPlan(submission.school_code, submission.school_name, door=door)

    # ---- matching ----

    def match_keys(self, lines):
        """Read each line's key; the second of two alike in one school is an error."""
        first = {}
        for line in lines:
            line.key = self.key_of(line)
            seen = first.setdefault(line.key, line) if line.key else line
            if seen is not line:
                sentence = f"ซ้ำกับแถวที่ {seen.row} ในไฟล์เดียวกัน กรุณาเหลือไว้เพียงแถวเดียว"
                self.refuse(line.row, self.document.key[0], sentence)
                line.double = True

    def key_of(self, line):
        """The key a line is matched by, None where a part is blank or wrong (which reading it will tell)."""
        if self.document.single:
            return (line.school_code,)
        cells = {name: line.cells.get(name) for name in self.document.key}
        if any(is_blank(cell) for cell in cells.values()):
            return None
        values, problems, _ = self.layout.read(cells, None)
        return None if problems else tuple(values.get(name) for name in self.document.key)

    def find_stored(self, lines, school):
        """Match each line to the stored record of its key, or, without a key, to the one of its name that has none.

        What is stored and matched by none is gone from the file.
        """
        rows = list(collection(self.document).find(self.place(school.code)._asdict()))
        keyed = {tuple(row.get(name) for name in self.document.key): row for row in rows}
        without = [row for row in rows if any(row.get(name) is None for name in self.document.key)]
        matched = set()
        for line in lines:
            if line.double:
                continue
            line.stored = keyed.get(line.key) if line.key else self.keyless(line, without, matched)
            if line.stored:
                matched.add(line.stored["_id"])
        self.found["gone"] = [self.gone(row) for row in rows if row["_id"] not in matched]
        school.absent = len(self.found["gone"])

    def keyless(self, line, without, matched):
        """The one stored record without a key whose name the line bears, not matched by an earlier line."""
        names = [name for name in self.document.order if name in line.cells]
        values, _, _ = self.layout.read({name: line.cells[name] for name in names}, None)
        if not values:
            return None
        found = [
            row
            for row in without
            if row["_id"] not in matched and all(row.get(name) == value for name, value in values.items())
        ]
        return found[0] if len(found) == 1 else None

    def gone(self, row):
        """A stored record that is not in the file, its key masked where it names a person."""
        said = []
        for name in () if self.document.single else self.document.key:
            one, value = self.fields[name], row.get(name)
            masked = value and getattr(one, "masked", False)
            said.append(citizen_id.mask_id(value) if masked else fields.shown(one, value))
        status = fields.shown(self.fields["status"], row.get("status")) if "status" in self.fields else ""
        key = " ".join(filter(None, said))
        return GoneRow(row["_id"], self.code, self.document.headline(row), key, status)

    # ---- values ----

    def read(self, line):
        """Read a line's values; whether it is to be written. Errors and unchanged rows are noted here."""
        if line.double:
            return False
        cells = line.cells
        if self.hidden:
            cells = {name: cell for name, cell in cells.items() if name not in self.hidden}
        cells = self.open_cells(cells, line.stored)
        values, problems, blank = self.layout.read(cells, line.stored)
        problems = self.layout.judge(values, line.stored) | problems
        self.plan_.blanks += len(blank)
        if self.blanks == "clear":
            values |= {name: None for column in blank for name in self.columns.by_name[column].fields}
        for column, sentence in problems.items():
            self.refuse(line.row, column, sentence)
        if problems:
            return False
        stored = line.stored or {}
        line.values = {name: value for name, value in values.items() if stored.get(name) != value}
        line.cells = None
        if line.values and not line.stored and self.document.says_nothing(line.values):
            self.plan_.warn(NO_LINES)
            return False
        if line.values:
            return True
        if line.stored:
            self.found["same"].append(line.row)
        else:
            self.plan_.warn(EMPTY_ROWS)
        return False

    def open_cells(self, cells, stored):
        """The cells that a file may change of a stored record; that others are left alone is said once."""
        open_ = self.document.open_to_files(stored) if stored else None
        if open_ is None:
            return cells
        names, sentence = open_
        self.plan_.warn(sentence)
        return {
            name: cell for name, cell in cells.items() if set(self.columns.by_name[name].fields) <= set(names)
        }

    # ---- the rules over whole records ----

    def checked(self, lines):
        """(line, record as it would be) of the lines the door would take; the others become errors."""
        changes = [self.change(line) for line in lines]
        try:
            prepared = prepare(changes, self.user, REASON)
        except Invalid as refusal:
            for index, problems in refusal.errors.items():
                for name, sentence in problems.items():
                    self.refuse(lines[index].row, self.columns.feeding(name), sentence)
            left = [line for index, line in enumerate(lines) if index not in refusal.errors]
            return self.checked(left) if left else []
        return [(line, each.after) for line, each in zip(lines, prepared, strict=True)]

    def change(self, line):
        """The Change of one line."""
        return change_of(self.document, self.place(line.school_code), line.values, line.stored or {})

    def sort_out(self, checked):
        """Put each line under new or changed, and count what the records would still lack."""
        for line, after in checked:
            for name in self.document.missing(after, self.required):
                self.lacking[self.fields[name].verbose_name] += 1
            planned = PlannedRow(line.row, line.school_code, self.document.headline(after), line.values)
            if line.stored is None:
                self.found["new"].append(planned)
                continue
            planned.id, planned.revision = line.stored["_id"], line.stored["revision"]
            planned.changes = [self.field_change(name, line) for name in line.values]
            self.found["changed"].append(planned)

    def field_change(self, name, line):
        """One field's old and new value in words."""
        one = self.fields[name]
        old, new = fields.shown(one, line.stored.get(name)), fields.shown(one, line.values[name])
        return FieldChange(name, one.verbose_name, old, new)


def change_of(document, place, values, stored):
    """The Change that writes values to a stored record (a dict with `_id` and `revision`), or to a new one."""
    return Change(document, place, values, id=stored.get("_id"), revision=stored.get("revision"))
