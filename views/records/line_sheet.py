"""The sheet of a kind of record that is filled as lines of numbers (`Record.sheet`): one page a school, saved whole.

What a line may hold and what becomes of it is said by `documents/records/line_sheets.py`; the page works without a script.
"""

from dataclasses import dataclass, field

from flask import flash, g, redirect, request
from flask_admin import expose
from flask_login import current_user

from documents.checking.contexts import contexts_of
from documents.checking.findings import refresh
from documents.clock import utc
from documents.errors import Invalid, OutOfScope, RuleBroken
from documents.formats import buddhist
from documents.people import access
from documents.records import fields, line_sheets
from documents.records.completeness import required_known
from documents.records.line_sheets import Seen, SheetRefused, Typed
from documents.records.record import declared
from views.records import formatters
from views.records.filters import options_of
from views.records.found import in_cells
from views.records.record import RecordView

GRID_ALONE = {
    "as",
    "search",
    "sort",
    "desc",
    "missing",
    "by_district",
    "unreviewed",
    "letter",
    "after",
    "before",
    "last",
    "page",
}
MOST_LINES = 2000
LONGEST_TEXT = 400


@dataclass
class Cell:
    """One cell as the page shows it: what is in its input, how it reads on paper, what is wrong or was saved by others.

    `choices` are the (value, words) of one that is picked, `number` is of those alone that the lines sum up.
    """

    name: str
    label: str
    text: str
    shown: str
    number: int | None
    choices: list | None = None
    wrong: str | None = None
    theirs: str | None = None
    theirs_typed: str = ""


@dataclass
class Row:
    """One line as the page shows it; `seen` is what comes back with it, `total` its numbers together."""

    code: str
    label: str
    seen: str
    cells: list
    id: object = None
    said: list = field(default_factory=list)  # (tone, sentence) of the checks
    clash: str | None = None  # who saved it since, and when
    carried: bool = False  # from the round before, and nobody looked over it yet

    @property
    def total(self):
        """The numbers together; None for a line that was not entered."""
        return total_of(cell.number for cell in self.cells)

    @property
    def blank(self):
        """Whether nothing stands in the line's numbers."""
        return self.total is None and not any(cell.wrong for cell in self.cells)


def total_of(numbers):
    """The sum of those that are there, None where none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


class LineSheetView(RecordView):
    """The grid of an area, and a school's records as one sheet."""

    @property
    def shows_sheet(self):
        """Whether the first page is a school's sheet: one school is asked for, and nothing that only a grid has."""
        asks_grid = GRID_ALONE & request.args.keys() or any(name.startswith("flt") for name in request.args)
        return self.sees_school and not asks_grid and self._submission() is not None

    @expose("/")
    def index_view(self):
        """A school's sheet, or the grid."""
        if self.round is not None and self.shows_sheet:
            return self._sheet()
        return super().index_view()

    @expose("/lines/", methods=("POST",))
    def save_lines(self):
        """Store the touched lines in one write; what is refused is shown with all that was typed."""
        actor = current_user._get_current_object()
        if not self.sees_school or access.writes_as(actor, self.round.area_code, self.school) is None:
            raise OutOfScope()
        typed = posted_lines(self.model)
        try:
            many = line_sheets.save(
                self.model, self._place(self.school), typed, actor, request.form.get("reason")
            )
        except RuleBroken as refusal:
            g.status = refusal.status
            return self._sheet(typed, refusal)
        flash(f"บันทึกแล้ว {many:,} รายการ" if many else "ไม่มีช่องใดเปลี่ยน จึงไม่มีอะไรต้องบันทึก", "success")
        return redirect(self.get_url(".index_view", school=self.school))

    @property
    def head_links(self):
        """From the grid of one school back to its sheet; of the area, to the office's own."""
        if self.school:
            return (
                [("แบบกรอก", self.get_url(".index_view", school=self.school), "list")]
                if self.sees_school
                else []
            )
        return []

    @property
    def sheet_links(self):
        """[(label, address, icon)] beside the buttons of the sheet's head; a subsystem with more pages overrides it."""
        return []

    # ---- the page ----

    def _sheet(self, typed=None, refusal=None):
        names = self._school_names([])
        groups = self._groups(typed or {}, refusal if isinstance(refusal, SheetRefused) else None)
        rows = [row for _, several in groups for row in several]
        numbers = self.model.sheet.numbers
        writable = self._writable(self.school) or bool(typed)
        return self.render(
            "records/line_sheet.html",
            groups=[(heading, several, sums_of(several, len(numbers))) for heading, several in groups],
            sums=sums_of(rows, len(numbers)),
            blank=sum(row.blank for row in rows),
            lines=len(rows),
            line_label=declared(self.model)[self.model.sheet.line].verbose_name,
            sheet_links=self.sheet_links,
            columns=[declared(self.model)[name] for name in self.model.sheet.cells],
            required=required_known(self.model, self.round.area_code, self.round.academic_year),
            elsewhere=[
                declared(self.model)[name].verbose_name
                for name in self.model.added
                if name not in self.model.sheet.added
            ],
            school_name=names.get(self.school, self.school),
            school_choices=self._school_choices(),
            submission=self._submission(),
            writable=writable,
            for_school=access.writes_as(current_user, self.round.area_code, self.school) == "district",
            refusal=refusal,
            reason=request.form.get("reason", ""),
            locked=None if writable else g.get("refusal"),
            as_of=buddhist.format_long(self.round.as_of),
            unreviewed=self._unreviewed(self.wanted) if request.method == "GET" else None,
            grid_href=self.get_url(".index_view", school=self.school, **{"as": "grid"}),
            area_href=self.get_url(".index_view", school="") if self.sees_area else None,
            found=found_of(self._submission()),
        )

    def _groups(self, typed, refused):
        """[(heading, [Row])]: what is stored, what was typed over it, what is wrong and what the checks say."""
        groups = line_sheets.lines_of(self.model, self._place(self.school))
        stored = [line.plain for _, several in groups for line in several if line.plain]
        contexts = contexts_of(self.round, [self.school]) if stored else {}
        said = in_cells(self.model, stored, contexts, sensitive=False) if stored else {}
        return [
            (heading, [self._row(line, typed.get(line.code), refused, said) for line in several])
            for heading, several in groups
        ]

    def _row(self, line, typed, refused, said):
        wrong = refused.wrong.get(line.code, {}) if refused else {}
        clash = refused.clashes.get(line.code) if refused else None
        plain = line.plain or {}
        row = Row(line.code, line.label, str(Seen.of(line.plain) or ""), [], plain.get("_id"))
        row.carried = plain.get("reviewed") is False
        row.said = [(tone, sentence) for _, tone, sentence in said.get(plain.get("_id"), ())]
        if typed and not clash:
            row.seen = str(typed.seen or "")
        for name in self.model.sheet.cells:
            one = declared(self.model)[name]
            text = formatters.typed(one, plain.get(name)) or ""
            text = typed.values.get(name, text) if typed else text
            cell = Cell(name, one.verbose_name, text, fields.shown(one, plain.get(name)), None)
            cell.number = number_in(one, text) if name in self.model.sheet.numbers else None
            cell.choices, cell.wrong = choices_of(one, text), wrong.get(name)
            theirs = (clash.stored or {}).get(name) if clash else None
            if clash and clash.wanted[name] != theirs:
                cell.theirs = fields.shown(one, theirs) or "(ว่าง)"
                cell.theirs_typed = formatters.typed(one, theirs) or ""
            row.cells.append(cell)
        if clash:
            row.clash = who_saved(clash.stored)
        return row


def choices_of(one, text):
    """The (value, words) of a field that is picked, one that is no longer offered but `text` too; None for one typed."""
    offered = options_of(one)
    if offered and text and text not in dict(offered):
        offered = [*offered, (text, fields.shown(one, text) if one.codelist else text)]
    return offered


def posted_lines(document):
    """{code: Typed} of the posted sheet. Raises Invalid for one that is no sheet."""
    lines, known = {}, document.sheet.cells
    for name, value in request.form.items():
        kind, _, rest = name.partition(".")
        if kind == "seen" and rest:
            lines.setdefault(rest[:40], ({}, []))[1].append(value)
        elif kind == "n":
            code, _, field_name = rest.rpartition(".")
            if field_name not in known or not code:
                raise Invalid({0: {"seen": line_sheets.UNREADABLE}})
            lines.setdefault(code[:40], ({}, []))[0][field_name] = value[:LONGEST_TEXT]
    if not lines or len(lines) > MOST_LINES or not all(values and seen for values, seen in lines.values()):
        raise Invalid({0: {"seen": line_sheets.UNREADABLE}})
    return {code: Typed(values, Seen.read(seen[0])) for code, (values, seen) in lines.items()}


def number_in(one, text):
    """The number that a text is for a field of counts, None for nothing and for what is none."""
    if one.kind != "count":
        return None
    try:
        return fields.accept(one, text)
    except ValueError:
        return None


def sums_of(rows, width):
    """The sums of each number over rows, and of all of them; None where nothing was entered."""
    columns = [total_of(row.cells[at].number for row in rows) for at in range(width)]
    return [*columns, total_of(columns)]


def who_saved(stored):
    """Who saved a line since, and when, in words."""
    if stored is None:
        return "มีผู้ลบรายการนี้ไปแล้ว"
    when = buddhist.format_datetime(utc(stored["updated_at"]))
    return f"{stored.get('updated_by_name') or 'ผู้ใช้อื่น'} บันทึกเมื่อ {when}"


def found_of(submission):
    """How many findings of the school wait for a word, looked at anew where somebody wrote since; None where none were."""
    counts = refresh(submission).get("counts", {})
    return {"errors": counts.get("errors", 0), "warnings": counts.get("warnings", 0)} if counts else None
