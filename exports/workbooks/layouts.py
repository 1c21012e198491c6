"""Which layout a document's files have: its own where the ministry prescribes one, else its fields in order; or one
that the area made (`documents/records/export_layouts.py`), over either.
"""

from dataclasses import replace

from documents.records.export_layouts import layouts_of
from exports.bobec.building_list import BuildingList
from exports.dmc.roster import Roster
from exports.workbooks.columns import Layout, OneField

OWN = {"students": Roster, "buildings": BuildingList}  # {slug: class of the layout}


def layout_of(document, chosen=None):
    """The Layout of a document's files; `chosen` is an ExportLayout of the area."""
    own = OWN.get(document.slug, Layout)(document)
    return own if chosen is None else Chosen(own, chosen)


class Chosen:
    """An area's layout over the product's: other columns, order, words and forms; the way to the cells is the same."""

    def __init__(self, own, chosen):
        self.own, self.document, self.fields = own, own.document, own.fields
        self.sheet, self.frozen = own.sheet, own.frozen
        known = offered(own)
        self.forms = {each["name"]: each.get("form", "") for each in chosen.columns}
        self.written = [
            self._column(known[each["name"]], each) for each in chosen.columns if each["name"] in known
        ]

    def _column(self, column, each):
        changed = {"label": each["label"]} if each.get("label") else {}
        if each.get("form") == "iso":
            changed["cell"] = "text"
        return replace(column, **changed)

    def stored_names(self):
        """As the product's, of the columns chosen."""
        return self.own.stored_names(self.written)

    def writers(self, around):
        """For each column, a function from a stored record to its cell's value."""
        own = self.own.writers(around, self.written)
        return [self._written(column, write) for column, write in zip(self.written, own, strict=True)]

    def _written(self, column, write):
        """A column's writer in the form that was chosen; what is hidden from the reader stays blank."""
        form = self.forms.get(column.name)
        if form == "iso" and isinstance(write, OneField):
            return OneField(write.name, lambda day: day.date().isoformat())
        if form == "code" and getattr(write, "words", None) is not None:
            return write.as_codes()
        return write


def offered(layout):
    """{name: Column} of what a document's files may have, the product's own columns first."""
    others = [column for column in layout.columns if layout.goes_out(column)]
    return {column.name: column for column in [*layout.written, *others]}


def knowing_layouts(layout, area_code):
    """The same layout, its reader knowing the words that the area's own layouts give to columns."""
    names = {}
    for chosen in layouts_of(area_code, layout.document.slug):
        for each in chosen.columns:
            if each.get("label"):
                names.setdefault(each["name"], set()).add(each["label"])
    layout.columns = [
        replace(column, synonyms=(*column.synonyms, *sorted(names[column.name] - set(column.synonyms))))
        if column.name in names
        else column
        for column in layout.columns
    ]
    return layout
