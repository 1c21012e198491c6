"""The columns of a file that is imported: which field each feeds, which are closed to its person, and the era of its years."""

from documents.errors import FileRefused
from documents.people import access
from documents.records.record import declared
from exports.imports import file_years
from exports.imports.file_years import ShortYears
from exports.imports.questions import COLUMN, YEAR, Question, kept_answers
from exports.imports.whose_rows import OTHER_CODES
from exports.reading.headers import label_key, letter_of, match_columns
from exports.workbooks.cell_values import text_of_cell

ROWS_COMPARED = 200  # of two columns with one label
ROWS_SHOWN = 50  # looked through for what a question shows of a column


class FileColumns:
    """One file's columns for one person: `index` {column name: place in a row}, `by_name` {name: Column of the layout}.

    What was understood, guessed or is doubtful goes to `plan`, an ImportPlan; what only a person knows is in `questions`,
    and `answers` {question's id: value} are his, of today and of earlier files of this shape.
    """

    def __init__(self, layout, table, user, plan, answers=None):
        self.layout, self.table, self.user, self.plan = layout, table, user, plan
        self.document, self.fields = layout.document, declared(layout.document)
        kept = kept_answers(plan.area_code, self.document.slug, table.columns, user)
        self.answers, self.questions = kept | (answers or {}), []
        chosen = {
            id_.removeprefix(f"{COLUMN}:"): int(place)
            for id_, place in self.answers.items()
            if id_.startswith(f"{COLUMN}:") and place.isdecimal() and int(place) < len(table.columns)
        }
        self.matched = match_columns(table.columns, layout.columns, table.rows, chosen)
        self.by_name = {column.name: column for column in layout.columns}
        self.index = {name: index for index, name in self.matched.names.items()}
        plan.guesses = [guess.sentence for guess in self.matched.guesses]
        plan.unknown = self.matched.unknown
        dates = [name for name in self.index if getattr(self.fields.get(name), "kind", None) == "date"]
        self.short_years = {name: ShortYears() for name in dates}

    def check(self, required, alone):
        """Refuse a file without the columns its rows are matched by; list which of the `required` fields it lacks.

        `alone` is the code of the one school of this person, None for several. Raises FileRefused.
        """
        if not (self.document.single or any(name in self.index for name in self.document.key)):
            labels = " และ ".join(f"“{self.fields[name].verbose_name}”" for name in self.document.key)
            raise FileRefused(f"ไม่พบคอลัมน์ {labels} ซึ่งใช้จับคู่รายการ กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ")
        if "school_code" not in self.index:
            self.take_another_code()
        if not {"school_code", "school_name"} & self.index.keys() and alone is None:
            raise FileRefused(
                "ไม่พบคอลัมน์ “รหัสโรงเรียน” หรือ “ชื่อโรงเรียน” จึงไม่ทราบว่าแต่ละแถวเป็นของโรงเรียนใด กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ"
            )
        fed = {name for column in self.index for name in self.by_name[column].fields}
        self.plan.missing_columns = [
            one.verbose_name for name, one in self.fields.items() if name in required and name not in fed
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
            self.plan.unknown = self.matched.unknown

    def check_doubles(self):
        """Say which columns are one field; ask which counts where they bear one label and hold different things."""
        hidden = self.hidden(None)
        for name, places in self.matched.doubles.items():
            labels = {label_key(self.table.columns[at]) for at in places}
            chosen, id_ = places[0], f"{COLUMN}:{name}"
            said = " ".join(letter_of(at) for at in sorted(places))
            label = self.by_name[name].label
            if id_ in self.answers:
                self.plan.understand(
                    f"คอลัมน์ {said} เป็น “{label}” ทั้งหมด อ่านคอลัมน์ {letter_of(chosen)} ตามที่เลือกไว้"
                )
            elif len(labels) > 1 or name in hidden or self.hold_the_same(places):
                self.plan.warn(f"คอลัมน์ {said} เป็น “{label}” ทั้งหมด ระบบอ่านคอลัมน์ {letter_of(chosen)}")
            else:
                choices = [[str(at), f"คอลัมน์ {letter_of(at)}: {self.samples(at)}"] for at in sorted(places)]
                about = f"หัวตาราง “{label}” มี {len(places)} คอลัมน์ และข้อมูลไม่เหมือนกัน"
                self.questions.append(Question(id_, label, about, choices))

    def hold_the_same(self, places):
        """Whether columns hold the same in every one of the first rows."""
        first, *others = places
        return all(
            text_of_cell(values[first]) == text_of_cell(values[at])
            for _, values in self.table.rows[:ROWS_COMPARED]
            for at in others
        )

    def samples(self, at):
        """Some of what a column holds, for a question."""
        found = dict.fromkeys(text_of_cell(values[at])[:40] for _, values in self.table.rows[:ROWS_SHOWN])
        return ", ".join(list(filter(None, found))[:3]) or "(ว่าง)"

    def label(self, name):
        """A column as the person sees it in the file: letter and label."""
        if name in self.index:
            index = self.index[name]
            return f"{letter_of(index)} {self.table.columns[index]}"
        column = self.by_name.get(name)
        return column.label if column else self.fields[name].verbose_name

    def hidden(self, code):
        """Names of the columns whose class is closed to this person in a school (None: in none)."""
        return frozenset(
            column.name
            for column in self.by_name.values()
            for name in column.fields
            if not access.may_see_field(self.user, self.fields[name], self.plan.area_code, code)
        )

    def hidden_places(self, code):
        """Places in a row of what is hidden from this person in a school (STRAY: in none)."""
        hidden = self.hidden(code or None)
        return [self.index[name] for name in hidden if name in self.index]

    def labels_of(self, names):
        """The layout's labels of those of the named columns that the file has."""
        return [self.by_name[name].label for name in self.index if name in names]

    def feeding(self, name):
        """The column of the file that feeds a field, or the field's own name."""
        return next((column for column in self.index if name in self.by_name[column].fields), name)

    def cells_of(self, values):
        """{column name: cell} of a row."""
        cells = {name: values[index] for name, index in self.index.items()}
        return self.layout.parted(cells) if self.layout.parted else cells

    # ---- years of two digits ----

    def note_years(self, values):
        """Take up the dates of a row whose year has two digits."""
        for name, found in self.short_years.items():
            cell = values[self.index[name]]
            if file_years.may_be_short(cell):
                file_years.note(found, self.fields[name], cell)

    def settle_years(self):
        """Say or ask which era the years of two digits are of; `layout.short_years` gets what is known."""
        for name, found in self.short_years.items():
            if not found.rows:
                continue
            era = file_years.decided(found) or self.answers.get(f"{YEAR}:{name}")
            if era:
                self.layout.short_years[name] = era
                self.plan.understand(file_years.in_words(self.label(name), found, era))
            else:
                self.questions.append(file_years.question(name, self.label(name), found))
