"""Importing a file: first a plan that shows what would change, then the deed, all or none for a school.

Works for any Record through its layout. Rows are matched by the document's key within school and round; what is
stored but not in the file stays. Nothing here writes but through the one door.
"""

from collections import defaultdict
from dataclasses import dataclass

from documents import access, fields, subsystem
from documents.completeness import required_of
from documents.database import collection
from documents.errors import FileRefused, Invalid, RuleBroken, StaleRevision
from documents.record import Place, declared
from documents.submissions import Submission, may_write
from documents.writing import Change, prepare, write
from exports.columns import is_blank, text_of_cell
from exports.headers import letter_of, match_columns
from exports.layouts import layout_of
from exports.plans import (
    FieldChange,
    ImportPlan,
    PlannedRow,
    SchoolPlan,
    claim_plan,
    find_plan,
    keep_plan,
    note_done,
    release_plan,
)
from exports.reading import MAX_ROWS, read_table

STRANGE_SCHOOL = "แถวนี้ไม่ใช่ข้อมูลของโรงเรียนที่ท่านรับผิดชอบในรอบนี้ กรุณาตรวจสอบรหัสโรงเรียน หรือลบแถวนี้ออกจากไฟล์"
REASON = "นำเข้าจากไฟล์"
EMPTY_ROWS = "ข้ามแถวที่ไม่มีข้อมูลอื่นนอกจากรหัสโรงเรียน"


def plan_import(document, file, filename, user, round_, blanks="keep", max_rows=MAX_ROWS, keep=True):
    """What importing a file into a round would do, as an ImportPlan, kept for its owner unless `keep` is off.

    A blank cell leaves its field alone, or clears it with `blanks="clear"`. Raises FileRefused for a file that cannot
    be read; everything that is wrong within it is an error of the plan. Nothing is written.
    """
    layout = layout_of(document)
    table = read_table(file, filename, layout.labels(), max_rows)
    plan = Planning(layout, table, user, round_, blanks).plan()
    if keep:
        keep_plan(plan, user)
    return plan


@dataclass
class Line:
    """One row of the file on its way: its cells by column name, where it belongs, the record it was matched to."""

    row: int
    cells: dict
    school_code: str
    key: tuple | None = None
    stored: dict | None = None
    values: dict | None = None


class Planning:
    """One file being planned, step by step; `plan()` gives the result."""

    def __init__(self, layout, table, user, round_, blanks):
        self.layout, self.table, self.user, self.round, self.blanks = layout, table, user, round_, blanks
        self.document, self.fields = layout.document, declared(layout.document)
        self.matched = match_columns(table.columns, layout.columns, table.rows)
        self.columns = {column.name: column for column in layout.columns}
        self.index = {name: index for index, name in self.matched.names.items()}
        self.plan_ = ImportPlan(
            self.document.slug,
            round_.area_code,
            round_.academic_year,
            round_.code,
            table.filename,
            table.sheet,
            table.header_row,
            guesses=[guess.sentence for guess in self.matched.guesses],
            warnings=list(table.warnings),
            unknown=self.matched.unknown,
        )
        self.submissions, self.hidden = {}, {}

    def plan(self):
        """The ImportPlan."""
        self.check_columns()
        lines = self.lines_in_scope()
        self.match_keys(lines)
        self.find_stored(lines)
        writing = [line for line in lines if self.read(line)]
        self.sort_out(self.checked(writing))
        self.plan_.count()
        return self.plan_

    # ---- the columns ----

    def check_columns(self):
        """Refuse a file without the columns its rows are matched by; list what else it lacks."""
        if not any(name in self.index for name in self.document.key):
            labels = " และ ".join(f"“{self.fields[name].verbose_name}”" for name in self.document.key)
            raise FileRefused(f"ไม่พบคอลัมน์ {labels} ซึ่งใช้จับคู่รายการ กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ")
        fed = {name for column in self.index for name in self.columns[column].fields}
        required = required_of(self.document, self.round.area_code, self.round.academic_year)
        self.plan_.missing_columns = [
            one.verbose_name for name, one in self.fields.items() if name in required and name not in fed
        ]
        for label in self.matched.repeated:
            self.plan_.warnings.append(f"หัวตาราง “{label}” มีมากกว่าหนึ่งคอลัมน์ ระบบอ่านคอลัมน์แรก")

    def label(self, name):
        """A column as the person sees it in the file: letter and label."""
        if name in self.index:
            index = self.index[name]
            return f"{letter_of(index)} {self.table.columns[index]}"
        column = self.columns.get(name)
        return column.label if column else self.fields[name].verbose_name

    # ---- the rows ----

    def lines_in_scope(self):
        """The Lines of rows that belong to a school of this person; the others become errors that tell nothing."""
        alone = self.only_school()
        if "school_code" not in self.index and alone is None:
            raise FileRefused(
                "ไม่พบคอลัมน์ “รหัสโรงเรียน” จึงไม่ทราบว่าแต่ละแถวเป็นของโรงเรียนใด กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ"
            )
        lines = []
        for number, values in self.table.rows:
            cells = {name: values[index] for name, index in self.index.items()}
            code = text_of_cell(cells.get("school_code"))
            line = Line(number, cells, code or alone or "")
            if self.knows(line.school_code):
                lines.append(line)
            else:
                self.plan_.refuse(number, self.label("school_code"), STRANGE_SCHOOL)
        return lines

    def only_school(self):
        """The code of the one school this person writes for, None for several or an officer."""
        codes = [code for area, code in self.user.schools("school") if area == self.round.area_code]
        return codes[0] if len(codes) == 1 else None

    def knows(self, code):
        """Whether a school is this person's and in the round; notes its SchoolPlan the first time."""
        if code not in self.submissions:
            mine = access.writes_as(self.user, self.round.area_code, code)
            self.submissions[code] = self.submission(code) if mine else None
            if self.submissions[code]:
                self.plan_.schools[code] = self.school_plan(self.submissions[code])
        return self.submissions[code] is not None

    def place(self, code):
        """The place of a school in this round."""
        return Place(self.round.area_code, self.round.academic_year, self.round.code, code)

    def submission(self, code):
        """The school's Submission in this round, or None."""
        return Submission.objects(
            area_code=self.round.area_code,
            academic_year=self.round.academic_year,
            subsystem=self.document.subsystem,
            round=self.round.code,
            school_code=code,
        ).first()

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
            seen = first.setdefault((line.school_code, line.key), line) if line.key else line
            if seen is not line:
                sentence = f"ซ้ำกับแถวที่ {seen.row} ในไฟล์เดียวกัน กรุณาเหลือไว้เพียงแถวเดียว"
                self.plan_.refuse(line.row, self.label(self.document.key[0]), sentence, line.school_code)
                line.key = ("ซ้ำ", line.row)

    def key_of(self, line):
        """The key a line is matched by, None where a part is blank or wrong (which reading it will tell)."""
        cells = {name: line.cells.get(name) for name in self.document.key}
        if any(is_blank(cell) for cell in cells.values()):
            return None
        values, problems, _ = self.layout.read(cells, None)
        return None if problems else tuple(values.get(name) for name in self.document.key)

    def find_stored(self, lines):
        """Match each line to the stored record of its key, or, without a key, to the one of its name that has none."""
        by_school = defaultdict(list)
        for line in lines:
            by_school[line.school_code].append(line)
        for code, own in by_school.items():
            rows = self.stored_rows(code, [line.key[0] for line in own if line.key])
            keyed = {tuple(row.get(name) for name in self.document.key): row for row in rows}
            matched = set()
            for line in own:
                line.stored = keyed.get(line.key) if line.key else self.keyless(line, rows, matched)
                if line.stored:
                    matched.add(line.stored["_id"])
            there = collection(self.document).count_documents(self.place(code)._asdict())
            self.plan_.schools[code].absent = there - len(matched)

    def stored_rows(self, code, firsts):
        """The stored records of a school with one of those first key values, or without any."""
        wanted = {self.document.key[0]: {"$in": [*set(firsts), None]}}
        return list(collection(self.document).find(self.place(code)._asdict() | wanted))

    def keyless(self, line, rows, matched):
        """The one stored record without a key whose name the line bears, not matched by an earlier line."""
        names = [name for name in self.document.order if name in line.cells]
        values, _, _ = self.layout.read({name: line.cells[name] for name in names}, None)
        if not values:
            return None
        found = [
            row
            for row in rows
            if any(row.get(name) is None for name in self.document.key)
            and row["_id"] not in matched
            and all(row.get(name) == value for name, value in values.items())
        ]
        return found[0] if len(found) == 1 else None

    # ---- values ----

    def read(self, line):
        """Read a line's values; whether it is to be written. Errors and unchanged rows are noted here."""
        if line.key and line.key[0] == "ซ้ำ":
            return False
        cells = self.seen(line)
        values, problems, blank = self.layout.read(cells, line.stored)
        problems = self.layout.judge(values, line.stored) | problems
        self.plan_.blanks += len(blank)
        if self.blanks == "clear":
            values |= {name: None for column in blank for name in self.columns[column].fields}
        for column, sentence in problems.items():
            self.plan_.refuse(line.row, self.label(column), sentence, line.school_code)
        if problems:
            return False
        stored = line.stored or {}
        line.values = {name: value for name, value in values.items() if stored.get(name) != value}
        if line.values:
            return True
        if line.stored:
            self.plan_.same.append(line.row)
            self.plan_.schools[line.school_code].same += 1
        elif EMPTY_ROWS not in self.plan_.warnings:
            self.plan_.warnings.append(EMPTY_ROWS)
        return False

    def seen(self, line):
        """The cells of a line that this person may see and write; the columns left out are told once."""
        if line.school_code not in self.hidden:
            self.hidden[line.school_code] = hidden = {
                column.name
                for column in self.columns.values()
                for name in column.fields
                if not access.may_see_field(
                    self.user, self.fields[name], self.round.area_code, line.school_code
                )
            }
            skipped = [self.columns[name].label for name in self.index if name in hidden]
            note = f"ข้ามคอลัมน์ข้อมูลอ่อนไหวที่ท่านไม่มีสิทธิ์: {', '.join(skipped)}"
            if skipped and note not in self.plan_.warnings:
                self.plan_.warnings.append(note)
        hidden = self.hidden[line.school_code]
        return {name: cell for name, cell in line.cells.items() if name not in hidden}

    # ---- the rules over whole records ----

    def checked(self, lines):
        """(line, record as it would be) of the lines the door would take; the others become errors."""
        changes = [self.change(line) for line in lines]
        try:
            prepared = prepare(changes, self.user, REASON)
        except Invalid as refusal:
            for index, problems in refusal.errors.items():
                for name, sentence in problems.items():
                    line = lines[index]
                    self.plan_.refuse(line.row, self.label(self.column_of(name)), sentence, line.school_code)
            left = [line for index, line in enumerate(lines) if index not in refusal.errors]
            return self.checked(left) if left else []
        return [(line, each.after) for line, each in zip(lines, prepared, strict=True)]

    def column_of(self, name):
        """The column of the file that feeds a field, or the field's own name."""
        return next((column for column in self.index if name in self.columns[column].fields), name)

    def change(self, line):
        """The Change of one line."""
        return change_of(self.document, self.place(line.school_code), line.values, line.stored or {})

    def sort_out(self, checked):
        """Put each line under new or changed, and count what the records would still lack."""
        required = required_of(self.document, self.round.area_code, self.round.academic_year)
        lacking = defaultdict(int)
        for line, after in checked:
            for name in self.document.missing(after, required):
                lacking[self.fields[name].verbose_name] += 1
            planned = PlannedRow(line.row, line.school_code, self.document.headline(after), line.values)
            if line.stored is None:
                self.plan_.new.append(planned)
                continue
            planned.id, planned.revision = line.stored["_id"], line.stored["revision"]
            planned.changes = [self.field_change(name, line) for name in line.values]
            self.plan_.changed.append(planned)
        self.plan_.lacking = dict(lacking)

    def field_change(self, name, line):
        """One field's old and new value in words."""
        one = self.fields[name]
        old, new = fields.shown(one, line.stored.get(name)), fields.shown(one, line.values[name])
        return FieldChange(name, one.verbose_name, old, new)


def change_of(document, place, values, stored):
    """The Change that writes values to a stored record (a dict with `_id` and `revision`), or to a new one."""
    return Change(document, place, values, id=stored.get("_id"), revision=stored.get("revision"))


# ---- the deed ----


@dataclass
class Outcome:
    """What became of one school: how many records were written, or why none was."""

    school_code: str
    school_name: str
    written: int = 0
    refusal: str | None = None
    conflicts: tuple = ()


def apply_plan(plan_id, user, reason=None, approved=False, partly=False):
    """Write a kept plan, all or none for a school; gives back an Outcome for each school with something to write.

    Raises RuleBroken, and writes nothing, while the plan has errors, unless `partly`: then the schools without errors
    are written; while its guesses are not approved; and when it is another's, too old, or already used. What somebody
    else changed since the plan is a conflict of its school, never overwritten.
    """
    plan = find_plan(plan_id, user)
    if plan.guesses and not approved:
        raise RuleBroken("กรุณายืนยันคอลัมน์ที่ระบบคาดเดาไว้ก่อนบันทึก")
    if plan.errors and not partly:
        raise RuleBroken(
            f"ไฟล์ยังมีข้อผิดพลาด {len(plan.errors):,} จุด กรุณาแก้ไขในไฟล์แล้วนำเข้าใหม่ ระบบยังไม่ได้บันทึกข้อมูลใด"
        )
    ask_reason(plan, user, reason)
    claim_plan(plan.id, user)
    outcomes, finished = [], False
    try:
        for code, school in plan.schools.items():
            if (school.new or school.changed) and not school.errors and code not in plan.done:
                outcomes.append(apply_school(plan, school, user, reason))
        finished = not any(outcome.refusal for outcome in outcomes)
    finally:
        release_plan(plan.id, finished)
    return outcomes


def ask_reason(plan, user, reason):
    """The district says why it writes in place of a school. Raises Invalid."""
    district = any(access.writes_as(user, plan.area_code, code) == "district" for code in plan.schools)
    if district and not (reason or "").strip():
        raise Invalid({0: {"reason": "เขตนำเข้าข้อมูลแทนโรงเรียน โปรดระบุเหตุผล"}})


def apply_school(plan, school, user, reason):
    """Write one school's rows of a plan through the door; gives back its Outcome."""
    document = subsystem(plan.slug)
    place = Place(plan.area_code, plan.academic_year, plan.round, school.code)
    rows = [row for row in (*plan.new, *plan.changed) if row.school_code == school.code]
    changes = [
        change_of(document, place, row.values, {"_id": row.id, "revision": row.revision}) for row in rows
    ]
    outcome = Outcome(school.code, school.name)
    try:
        outcome.written = len(write(changes, user, reason, via="import"))
        note_done(plan.id, school.code)
    except StaleRevision as refusal:
        outcome.refusal, outcome.conflicts = refusal.message, tuple(refusal.conflicts)
    except RuleBroken as refusal:
        outcome.refusal = refusal.message
    return outcome
