"""The columns of a grid: which ones a person sees, which are sorted and edited, and what their cells show."""

from operator import methodcaller

from flask import g, request
from flask_login import current_user

from documents.people import access
from documents.records.record import declared, shown_fields
from views.records import formatters
from views.records.grid_rows import NAME, PK, Column, Pattern, rows_html

LACKING = "lacking"  # the column of what is missing, where only such rows are shown
UNNAMED = "(ยังไม่มีชื่อ)"  # stands where an empty name would leave nothing to press


class ColumnsMixin:
    """The part of RecordView that its table is made of."""

    @property
    def sensitive_on(self):
        """Whether sensitive columns are switched on for this request, by someone who may see them."""
        return bool(request.args.get("sensitive")) and access.sees_sensitive(
            current_user, self.round.area_code, self.school
        )

    @property
    def name_column(self):
        """The column that opens the record: of one record a school, the school's name where that is a column."""
        if self.model.single and self.school is None:
            return "school_code"
        return next(name for name in self.model.grid if name != "school_code")

    def get_list_columns(self):
        """(name, label) of the columns this person sees now."""
        known = shown_fields(self.model)
        columns = []
        for name in self.model.grid:
            if name == "school_code":
                if self.school is None:
                    columns.append((name, "โรงเรียน"))
            elif known[name].personal != "sensitive" or self.sensitive_on:
                columns.append((name, known[name].verbose_name))
            if name == self.name_column and request.args.get("missing"):
                columns.append((LACKING, "ยังไม่กรอก"))
        return columns

    @property
    def _list_columns(self):
        if "record_columns" not in g:
            g.record_columns = self.get_list_columns()
        return g.record_columns

    @property
    def _details_columns(self):
        return [(name, field.verbose_name) for name, field in shown_fields(self.model).items()]

    @property
    def _sortable_columns(self):
        """The name column is in Thai order everywhere; others sort within one school."""
        if "record_sortable" not in g:
            names = [name for name, _ in self._list_columns if name in declared(self.model)]
            columns = [self.name_column, *names] if self.school else [self.name_column]
            g.record_sortable = {name: name for name in columns}
        return g.record_sortable

    def is_editable(self, name):
        """Whether a cell of this column is edited in place by this person here."""
        if "record_editable" not in g:
            g.record_editable = set(self.model.cells) if self.can_edit and self.school else set()
        return name in g.record_editable

    def get_list_form(self):
        """The form that the cells' editors are made of."""
        return type(self._form(self.school))

    def search_placeholder(self):
        """What the search box looks through."""
        return " หรือ".join(declared(self.model)[name].verbose_name for name in self.model.search[:3])

    # ---- cells ----

    def _rows_html(self, rows, choosable, end, eye):
        """The stored dicts of a page as rows of HTML; see views/records/grid_rows.py."""
        meta = self._column_meta()
        opens = ".edit_view" if self.can_edit else ".details_view"
        link = self.get_url(opens, id=PK, url=self._address())
        columns = [self._column(name, meta.get(name, {}), link, eye) for name, _ in self._list_columns]
        return rows_html(rows, columns, g.record_marks.of, self.model.headline, end, choosable)

    def _column(self, name, meta, link, eye):
        field = declared(self.model).get(name)
        typed = (lambda plain: formatters.typed(field, plain.get(name))) if self.is_editable(name) else None
        link = link if meta.get("link") else None
        file = self.get_url(".file_view", id=PK, name=name) if field and field.kind == "file" else None
        return Column(name, meta, *self._shown(name), typed, link, _note, eye, file)

    def _row_name(self, row):
        return NAME if row is Pattern else self.model.headline(row.plain)

    def get_list_value(self, row, name):
        """What a cell shows: words instead of codes, numbers of persons masked."""
        value, words = self._shown(name)
        return words(value(row.plain))

    def _shown(self, name):
        """(what reads a column's value off a stored dict, what makes of it what a cell shows)."""
        if name == "school_code":
            return methodcaller("get", name), lambda code: g.record_schools.get(code, code)
        if name == LACKING:
            return g.record_marks.lacks, g.record_marks.in_words
        field = shown_fields(self.model)[name]
        value, words = formatters.reader(field, self.round), formatters.writer(field)
        return value, (lambda held: words(held) or UNNAMED) if name == self.name_column else words

    def _column_meta(self):
        known = shown_fields(self.model)
        meta = {"school_code": {"fix": True}}
        for name, _ in self._list_columns:
            if name not in known:
                continue
            field = known[name]
            meta[name] = {
                "num": field.kind in ("count", "measure"),
                "unit": None if field.unit and f"({field.unit})" in field.verbose_name else field.unit,
                "help": field.help,
                "kind": field.kind,
                "own": field.kind == "text" and name in declared(self.model),
                "masked": formatters.is_masked(field),
            }
        meta[self.name_column] |= {"keep": True, "link": True, "fix": True}
        return meta


def _note(plain):
    """(word, sentence) beside the name: the district wrote it for its school, or it was carried over unreviewed."""
    if said := formatters.for_school(plain.get("by_district")):
        return "เขตบันทึกแทน", said
    if plain.get("reviewed") is False:
        return "ยังไม่ทบทวน", "ยกมาจากรอบก่อน ยังไม่มีผู้ทบทวนหรือแก้ไข"
    return None
