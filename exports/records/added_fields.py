"""The fields that an area added, as a workbook: a row for each, with all that was said of it."""

from documents.records.codelists import code_list
from documents.records.field_definitions import CLASS_WORDS, KINDS, LABELS
from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

TOLD = (
    "key", "label", "label_en", "kind", "unit", "codelist", "first_year", "last_year", "required", "personal", "group", "low",
    "high", "decimals", "longest", "help", "in_grid", "filterable", "in_export",
)  # fmt: skip
WIDTHS = {"label": 32, "label_en": 26, "kind": 18, "codelist": 28, "group": 22, "help": 36}
OF_KINDS = {"low": ("number",), "high": ("number",), "decimals": ("number",), "longest": ("text",)}
COLUMNS = [
    Column("document", "ระบบข้อมูล", width=24),
    *(Column(name, LABELS[name], width=WIDTHS.get(name, 14)) for name in TOLD),
]


def fields_file(pairs, title):
    """An open workbook of (what its records are called, FieldDefinition) pairs."""
    return list_file(title, "ช่องที่เพิ่มเอง", COLUMNS, (_cells(*pair) for pair in pairs), freeze=(1, 3))


def _cells(label, definition):
    return [label, *(_worded(name, definition) for name in TOLD)]


def _worded(name, definition):
    """One thing that was said of a field, nothing where its kind has no such thing."""
    value = definition[name]
    if value is None or definition.kind not in OF_KINDS.get(name, KINDS):
        return None
    if isinstance(value, bool):
        return "ใช่" if value else "ไม่ใช่"
    if name == "codelist":
        return f"{value} {code_list(value).title}" if value else None
    return {"kind": KINDS, "personal": CLASS_WORDS}.get(name, {}).get(
        value, f"{value:g}" if name in ("low", "high") else value
    )
