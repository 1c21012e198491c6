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
from documents.errors import FileRefused, Invalid, RuleBroken
from documents.formats import citizen_id
from documents.people import access
from documents.records import fields
from documents.records.change import Change
from documents.records.completeness import required_of
from documents.records.preparing import prepare
from documents.records.record import Place, declared
from exports.imports.plans import STRAY, FieldChange, GoneRow, ImportPlan, PlannedRow, RowError, SchoolPlan
from exports.imports.questions import COLUMN, YEAR, Question, Unanswered, kept_answers
from exports.imports.whose_rows import OTHER_CODES, WhoseRows, schools_for
from exports.reading import file_years
from exports.reading.file_years import ShortYears
from exports.reading.headers import label_key, letter_of, match_columns
from exports.reading.table_ends import is_sum
from exports.workbooks.columns import is_blank, text_of_cell

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


class Planning:
    """One file being planned. `schools()` yields each school's SchoolPlan with its rows; `plan_` holds the rest."""

    def __init__(self, layout, table, user, round_, blanks, answers=None):
        self.layout, self.table, self.user, self.round, self.blanks = layout, table, user, round_, blanks
        self.document, self.fields = layout.document, declared(layout.document)
        kept = kept_answers(round_.area_code, self.document.slug, table.columns, user)
        self.answers = kept | (answers or {})
        chosen = {
            id_.removeprefix("column:"): int(place)
            for id_, place in self.answers.items()
            if id_.startswith("column:") and place.isdecimal() and int(place) < len(table.columns)
        }
        self.matched = match_columns(table.columns, layout.columns, table.rows, chosen)
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
            labels=table.columns,
            guesses=[guess.sentence for guess in self.matched.guesses],
            warnings=list(table.warnings),
            understood=list(table.understood),
            unknown=self.matched.unknown,
            rows_read=len(table.rows),
        )
        self.required = required_of(self.document, round_.area_code, round_.academic_year)
        self.submissions, self.lacking = {}, defaultdict(int)
        self.found, self.hidden = {}, frozenset()
        self.questions, self.passed = [], []
        self.check_columns()
        dates = [name for name in self.index if getattr(self.fields.get(name), "kind", None) == "date"]
        self.short_years = {name: ShortYears() for name in dates}
        schools = partial(schools_for, user, round_, self.document.subsystem)
        self.whose = WhoseRows(round_.area_code, user, self.knows, schools, self.only_school(), self.answers)

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
            self.understand(sentence)
        self.plan_.lacking = dict(self.lacking)
        # A column that others make up for (the kind of a number, the four "no") is none that the file lacks.
        self.plan_.missing_columns = [each for each in self.plan_.missing_columns if each in self.lacking]
        self.plan_.silent = self.not_mentioned()

    def begin(self, code):
        """Start on a school: nothing found yet; what its fields hide from this person is asked once."""
        self.code = code
        self.found = {"errors": [], "new": [], "changed": [], "same": [], "gone": []}
        self.hidden = self.hidden_columns(code)
        skipped = [self.columns[name].label for name in self.index if name in self.hidden]
        if skipped and code:
            self.warn(f"ข้ามคอลัมน์ข้อมูลอ่อนไหวที่ท่านไม่มีสิทธิ์: {', '.join(skipped)}")

    def plan_school(self, school, rows):
        """Plan one school's rows."""
        lines = [Line(number, self.cells_of(values), school.code) for number, values in rows]
        self.match_keys(lines)
        self.find_stored(lines, school)
        writing = [line for line in lines if self.read(line)]
        self.sort_out(self.checked(writing))
        self.found["errors"].sort(key=lambda error: error.row)
        for name in ("new", "changed", "same", "errors"):
            setattr(school, name, len(self.found[name]))

    # ---- the columns ----

    def check_columns(self):
        """Refuse a file without the columns its rows are matched by; list what else it lacks."""
        if not (self.document.single or any(name in self.index for name in self.document.key)):
            labels = " และ ".join(f"“{self.fields[name].verbose_name}”" for name in self.document.key)
            raise FileRefused(f"ไม่พบคอลัมน์ {labels} ซึ่งใช้จับคู่รายการ กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ")
        if "school_code" not in self.index:
            self.take_another_code()
        if not {"school_code", "school_name"} & self.index.keys() and self.only_school() is None:
            raise FileRefused(
                "ไม่พบคอลัมน์ “รหัสโรงเรียน” หรือ “ชื่อโรงเรียน” จึงไม่ทราบว่าแต่ละแถวเป็นของโรงเรียนใด กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ"
            )
        fed = {name for column in self.index for name in self.columns[column].fields}
        self.plan_.missing_columns = [
            one.verbose_name for name, one in self.fields.items() if name in self.required and name not in fed
        ]
        self.check_doubles()

    def take_another_code(self):
        """Where no column is the school's code, take one of another code of it."""
        keys = [label_key(label) for label in OTHER_CODES]
        found = [at for at, label in enumerate(self.table.columns) if label_key(label) in keys]
        if found and found[0] not in self.matched.names:
            self.index["school_code"] = found[0]
            label = self.table.columns[found[0]]
            self.matched.unknown = [one for one in self.matched.unknown if one != label]
            self.plan_.unknown = self.matched.unknown

    def check_doubles(self):
        """Say which columns are one field; ask which counts where they bear one label and hold different things."""
        hidden = self.hidden_columns(None)
        for name, places in self.matched.doubles.items():
            labels = {label_key(self.table.columns[at]) for at in places}
            chosen, id_ = places[0], f"{COLUMN}:{name}"
            said = " ".join(letter_of(at) for at in sorted(places))
            label = self.columns[name].label
            if id_ in self.answers:
                self.understand(f"คอลัมน์ {said} เป็น “{label}” ทั้งหมด อ่านคอลัมน์ {letter_of(chosen)} ตามที่เลือกไว้")
            elif len(labels) > 1 or name in hidden or self.hold_the_same(places):
                self.warn(f"คอลัมน์ {said} เป็น “{label}” ทั้งหมด ระบบอ่านคอลัมน์ {letter_of(chosen)}")
            else:
                choices = [[str(at), f"คอลัมน์ {letter_of(at)}: {self.samples(at)}"] for at in sorted(places)]
                about = f"หัวตาราง “{label}” มี {len(places)} คอลัมน์ และข้อมูลไม่เหมือนกัน"
                self.questions.append(Question(id_, label, about, choices))

    def hold_the_same(self, places):
        """Whether columns hold the same in every one of the first rows."""
        first, *others = places
        return all(
            text_of_cell(values[first]) == text_of_cell(values[at])
            for _, values in self.table.rows[:200]
            for at in others
        )

    def samples(self, at):
        """Some of what a column holds, for a question."""
        found = dict.fromkeys(text_of_cell(values[at])[:40] for _, values in self.table.rows[:50])
        return ", ".join(list(filter(None, found))[:3]) or "(ว่าง)"

    def label(self, name):
        """A column as the person sees it in the file: letter and label."""
        if name in self.index:
            index = self.index[name]
            return f"{letter_of(index)} {self.table.columns[index]}"
        column = self.columns.get(name)
        return column.label if column else self.fields[name].verbose_name

    def hidden_columns(self, code):
        """Names of the columns whose class is closed to this person in a school (None: in none)."""
        return frozenset(
            column.name
            for column in self.columns.values()
            for name in column.fields
            if not access.may_see_field(self.user, self.fields[name], self.round.area_code, code)
        )

    def hidden_places(self, code):
        """Places in a row of what is hidden from this person in a school (STRAY: in none)."""
        hidden = self.hidden_columns(code or None)
        return [self.index[name] for name in hidden if name in self.index]

    # ---- what is wrong ----

    def refuse(self, row, column, sentence):
        """Note what is wrong in one cell."""
        error = RowError(row, self.label(column), sentence, self.code, self.index.get(column))
        self.found["errors"].append(error)

    def warn(self, sentence):
        """Say something once about the whole file."""
        if sentence not in self.plan_.warnings:
            self.plan_.warnings.append(sentence)

    def understand(self, sentence):
        """Say once how something in the file was taken."""
        if sentence not in self.plan_.understood:
            self.plan_.understood.append(sentence)

    def ask(self):
        """Take the answers that there are, say what was understood, and ask for the others. Raises Unanswered."""
        for name, found in self.short_years.items():
            if not found.rows:
                continue
            era = file_years.decided(found) or self.answers.get(f"{YEAR}:{name}")
            if era:
                self.layout.short_years[name] = era
                self.understand(file_years.in_words(self.label(name), found, era))
            else:
                self.questions.append(file_years.question(name, self.label(name), found))
        questions = [*self.questions, *self.whose.names.questions()]
        if questions:
            raise Unanswered(questions, self.table.columns)
        said, wrong = self.whose.in_words()
        for sentence in said:
            self.understand(sentence)
        for sentence in wrong:
            self.warn(sentence)
        if self.passed:
            self.understand(
                f"ข้าม {len(self.passed):,} แถวที่ไม่ใช่รายการ เช่น แถวรวมหรือแถวนอกตาราง (แถวแรกที่ {self.passed[0]})"
            )

    # ---- the rows ----

    def by_school(self, keeping):
        """Keep the file's rows by school, without what is hidden from this person; gives the schools' codes, in order."""
        at, named = self.index.get("school_code"), self.index.get("school_name")
        days = [
            (self.index[name], found, self.fields[name])
            for name, found in self.short_years.items()
            if name in self.index
        ]
        codes, hidden, keys = {}, {}, {}
        rows, self.table.rows = self.table.rows, []
        for number, values in rows:
            cell = values[at] if at is not None else None, values[named] if named is not None else None
            if cell not in codes:
                codes[cell], keys[cell] = code, _ = self.whose.of(*cell, number)
                hidden.setdefault(code, self.hidden_places(code))
            code = codes[cell]
            if keys[cell]:
                self.whose.names.count(keys[cell])
            if code == STRAY and self.is_no_row(values):
                self.passed.append(number)
                continue
            for place, found, one in days:
                if file_years.may_be_short(values[place]):
                    file_years.note(found, one, values[place])
            for place in hidden[code]:
                values[place] = None
            keeping.add(code, (number, values))
        self.plan_.rows_read -= len(self.passed)
        return [code for code in dict.fromkeys(codes.values()) if code != STRAY]

    def is_no_row(self, values):
        """Whether a row of no school is none at all: a sum between the others, or cells beside the table."""
        return is_sum(values) or all(values[place] is None for place in self.index.values())

    def cells_of(self, values):
        """{column name: cell} of a row."""
        cells = {name: values[index] for name, index in self.index.items()}
        return self.layout.parted(cells) if self.layout.parted else cells

    def only_school(self):
        """The code of the one school this person writes for, None for several or an officer."""
        codes = [code for area, code in self.user.schools("school") if area == self.round.area_code]
        return codes[0] if len(codes) == 1 else None

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
            values |= {name: None for column in blank for name in self.columns[column].fields}
        for column, sentence in problems.items():
            self.refuse(line.row, column, sentence)
        if problems:
            return False
        stored = line.stored or {}
        line.values = {name: value for name, value in values.items() if stored.get(name) != value}
        line.cells = None
        if line.values and not line.stored and self.document.says_nothing(line.values):
            self.warn(NO_LINES)
            return False
        if line.values:
            return True
        if line.stored:
            self.found["same"].append(line.row)
        else:
            self.warn(EMPTY_ROWS)
        return False

    def open_cells(self, cells, stored):
        """The cells that a file may change of a stored record; that others are left alone is said once."""
        open_ = self.document.open_to_files(stored) if stored else None
        if open_ is None:
            return cells
        names, sentence = open_
        self.warn(sentence)
        return {name: cell for name, cell in cells.items() if set(self.columns[name].fields) <= set(names)}

    # ---- the rules over whole records ----

    def checked(self, lines):
        """(line, record as it would be) of the lines the door would take; the others become errors."""
        changes = [self.change(line) for line in lines]
        try:
            prepared = prepare(changes, self.user, REASON)
        except Invalid as refusal:
            for index, problems in refusal.errors.items():
                for name, sentence in problems.items():
                    self.refuse(lines[index].row, self.column_of(name), sentence)
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
