"""The editor of a rule: what was typed, the conditions as they are offered to the choices made so far, a stored rule typed again."""

from flask import request

from documents import subsystem
from documents.checking.checks import WARNING
from documents.checking.conditions import COMPARISONS, MASK_HELP, comparisons_of, others_of
from documents.checking.rule_edits import LONGEST_REASON, TEXTS
from documents.formats import thai
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.declarations import declaration, ever_declared
from documents.records.field_definitions import LAST_YEAR
from documents.records.record import declared
from views import here
from views.records.fields import years_of
from views.records.filters import LONG_LIST

PREFIXES = {"condition": "", "only": "only_"}
MOST_TYPED = 20_000


def redraws():
    """Whether the form was sent only to offer what fits the choices made so far: where no script does it."""
    return request.form.get("do") == "redraw"


def typed_reason():
    """The reason that was typed, None for nothing."""
    return thai.clean(request.form.get("reason"))[:LONGEST_REASON] or None


def typed_now():
    """{name: what was typed} in the editor."""
    form = request.form
    typed = {name: form.get(name, "")[:MOST_TYPED] for name in (*TEXTS, "level", "first_year", "last_year")}
    for prefix in PREFIXES.values():
        for part in ("field", "compare", "by", "value", "other"):
            typed[prefix + part] = form.get(prefix + part, "")[:MOST_TYPED]
        typed[f"{prefix}values"] = form.getlist(f"{prefix}values")[:LONG_LIST]
    return typed


def first_typed(area, document):
    """What the editor of a new rule begins with."""
    current = here.current_round(document.subsystem)
    year = current.academic_year if current and current.area_code == area else years_of(area)[0]
    return {"level": WARNING, "first_year": str(year)}


def typed_of(rule):
    """{name: text} of a stored rule as the editor shows it."""
    typed = {name: rule[name] or "" for name in (*TEXTS, "level")}
    typed |= {name: str(rule[name] or "") for name in ("first_year", "last_year")}
    known = ever_declared(subsystem(rule.document), rule.area_code)
    for name, prefix in PREFIXES.items():
        condition = rule[name] or {}
        typed |= {f"{prefix}{part}": condition.get(part, "") for part in ("field", "compare", "other")}
        typed[f"{prefix}by"] = "field" if condition.get("other") else "value"
        value, field = condition.get("value"), known.get(condition.get("field"))
        typed[f"{prefix}values"] = list(value) if isinstance(value, list) else []
        typed[f"{prefix}value"] = _as_typed(field, value)
    return typed


def _as_typed(field, value):
    """A stored value as an input holds it."""
    if isinstance(value, list):
        return "\n".join(_as_typed(field, one) for one in value)
    if value is None or field is None:
        return ""
    if field.kind == "flag":
        return "1" if value is True else "0"
    if field.kind in ("date", "measure"):
        return fields.shown(field, value).replace(",", "")
    return str(value)


def values_of(typed):
    """What `make_rule` takes, of what was typed."""
    return typed | {name: _condition(typed, prefix) for name, prefix in PREFIXES.items()}


def _condition(typed, prefix):
    given = {"field": typed[f"{prefix}field"], "compare": typed[f"{prefix}compare"]}
    compare = COMPARISONS.get(given["compare"])
    if compare and compare.takes == "one" and typed[f"{prefix}by"] == "field":
        return given | {"other": typed[f"{prefix}other"]}
    if compare and compare.takes == "list" and typed[f"{prefix}values"]:
        return given | {"value": typed[f"{prefix}values"]}
    return given | {"value": typed[f"{prefix}value"]}


def conditions_of(area, document, typed):
    """{"parts": the two conditions as the editor offers them now, "typed", "document", "mask_help"}."""
    year = thai.whole(typed.get("first_year"), LAST_YEAR) or years_of(area)[0]
    as_declared = declaration(document, area, year)
    parts = [_part(as_declared, name, prefix, typed) for name, prefix in PREFIXES.items()]
    return {"parts": parts, "typed": typed, "document": document, "mask_help": MASK_HELP}


def _part(document, name, prefix, typed):
    """What one condition offers: fields, comparisons of the one chosen, and how its value is given."""
    known = declared(document)
    field = known.get(typed.get(f"{prefix}field"))
    offered = comparisons_of(field) if field else []
    chosen = typed.get(f"{prefix}compare")
    compare = COMPARISONS.get(chosen) if chosen in dict(offered) else None
    others = others_of(document, field.name) if field and compare and compare.takes == "one" else {}
    by_field = bool(others) and typed.get(f"{prefix}by") == "field"
    return {
        "name": name,
        "prefix": prefix,
        "fields": [(each.name, each.verbose_name) for each in known.values()],
        "field": field,
        "offered": offered,
        "takes": compare and compare.takes,
        "others": [(other, each.verbose_name) for other, each in others.items()],
        "by_field": by_field,
        "choices": _choices(field) if compare and compare.takes in ("one", "list") else None,
    }


def _choices(field):
    """[(value, words)] that a value is picked from; None where it is typed."""
    if field.kind == "flag":
        return [("1", "ใช่"), ("0", "ไม่ใช่")]
    if field.codelist is None:
        return None
    codes = code_list(field.codelist)
    return [(code, codes.label(code)) for code in codes.codes] if len(codes.codes) <= LONG_LIST else None
