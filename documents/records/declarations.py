"""Declarations (แบบข้อมูล): what the records of a subsystem hold in an area and academic year.

A subsystem's class says what its records hold everywhere; an admin may add fields for his area and some years
(`field_definitions.py`). Then `declaration` gives a variant: a class that is the subsystem's own with those fields
behind it, with the same face, so that whatever is read off a class is read off it. It knows no more of MongoDB than the
class does: an added field is stored beside the declared ones, under a name that none of them can have (`x_...`).

Every process keeps the variants until the one number changes that each change of a definition counts up. A request
reads it with its session; whatever else asks reads it itself, which costs one look-up by _id.
"""

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import NamedTuple

from mongoengine import Document
from mongoengine.fields import IntField, StringField

from documents.database import collection
from documents.records import codelists
from documents.records.field_definitions import FieldDefinition
from documents.records.record import shown_fields

ONLY = "all"
FRESH_SECONDS = 0.02  # outside of requests: what is done in one go reads the version once


class DeclarationVersion(Document):
    """How often the definitions of any area were changed; the one document of its collection."""

    name = StringField(primary_key=True)
    version = IntField()

    meta = {"collection": "declaration_version", "auto_create_index": False, "strict": False}


class _Known(NamedTuple):
    """What this process knows of one version: {(slug, area): [FieldDefinition]} and {(slug, area, year): class}."""

    version: int
    definitions: dict
    declarations: dict


_known = _Known(-1, {}, {})
_ask = _forget = None
_read = (float("-inf"), 0)  # when this process read the version, and what it was
_told = ContextVar("version of the declarations", default=None)


def tell_version(ask, forget):
    """Give the functions that tell the version that the present request read (None outside one), and that forget it."""
    global _ask, _forget
    _ask, _forget = ask, forget


def reading_version():
    """The stage of an aggregation that adds the version to each row, as `declared`: [] or [{version}]."""
    only = [{"$match": {"_id": ONLY}}]
    return {
        "$lookup": {"from": DeclarationVersion._get_collection_name(), "pipeline": only, "as": "declared"}
    }


def version_of(row):
    """The version that `reading_version` read; 0 before the first definition."""
    return row["declared"][0]["version"] if row["declared"] else 0


@contextmanager
def declared_by(version):
    """Within the block nothing asks for the version: the caller read it a moment ago. None: he did not."""
    token = _told.set(version)
    try:
        yield
    finally:
        _told.reset(token)


def version():
    """The version now: what this request or write read, or what the database says."""
    global _read
    told = _told.get()
    if told is None and _ask:
        told = _ask()
    if told is not None:
        return told
    if time.monotonic() - _read[0] > FRESH_SECONDS:
        found = collection(DeclarationVersion).find_one({"_id": ONLY}) or {"version": 0}
        _read = (time.monotonic(), found["version"])
    return _read[1]


def forget():
    """Know nothing any more: after a change in this process, and between tests."""
    global _known, _read
    _known, _read = _Known(-1, {}, {}), (float("-inf"), 0)


def count_up():
    """Within the transaction that changes a definition: tell every process that it knows no more."""
    collection(DeclarationVersion).update_one({"_id": ONLY}, {"$inc": {"version": 1}}, upsert=True)
    forget()
    if _forget:
        _forget()


def _now():
    """What this process knows, of the present version."""
    global _known
    present = version()
    if _known.version != present:
        if _known.version >= 0:
            codelists.forget()  # an edit of a list counts up, too: its values are offered at once
        _known = _Known(present, {}, {})
    return _known


def kept():
    """What this process keeps of the present version, for classes that are made of what is stored: {key: class}."""
    return _now().declarations


def declaration(document, area_code, academic_year):
    """The class as an area declares it for an academic year: the subsystem's own where nobody added a field."""
    known = _now()
    if not known.version:
        return document
    asked = (document.slug, area_code, academic_year)
    found = known.declarations.get(asked)
    if found is None:
        added = definitions_of(document, area_code)
        found = (
            variant(document.base or document, added, academic_year) if added else document.base or document
        )
        known.declarations[asked] = found
    return found


def definitions_of(document, area_code):
    """The FieldDefinitions of a document in an area, of every year, in their order."""
    known = _now()
    if not known.version:
        return []
    asked = (document.slug, area_code)
    if asked not in known.definitions:
        rows = FieldDefinition.objects(area_code=area_code, document=document.slug).order_by("order", "id")
        known.definitions[asked] = list(rows)
    return known.definitions[asked]


def variant(document, definitions, academic_year):
    """The class of a document with the fields that these definitions add in a year behind its own.

    Made without MongoEngine's metaclass: that would enter it among the stored documents, and for good.
    """
    here = [each for each in definitions if each.holds_in(academic_year)]
    added = {each.name: each.field() for each in here}
    groups = dict.fromkeys(field.group for field in added.values() if field.group)
    taken = {
        "__doc__": document.__doc__,
        "__module__": document.__module__,
        "made": True,
        "base": document,
        "added": tuple(added),
        "listed": document.listed or bool(added),  # what an area asks for goes out with the round
        "former": {each.name: each.field() for each in definitions if each not in here},
        "groups": tuple(dict.fromkeys((*document.groups, *groups))),
        "grid": (*document.grid, *(each.name for each in here if each.in_grid)),
        "cells": (*document.cells, *(each.name for each in here if each.in_cells)),
        "filters": (*document.filters, *(each.name for each in here if each.filterable)),
        "sheet": document.sheet
        and replace(document.sheet, added=tuple(each.name for each in here if each.in_lines)),
        "_fields": document._fields | added,
        "_fields_ordered": (*document._fields_ordered, *added),
        "_db_field_map": document._db_field_map | dict(zip(added, added, strict=True)),
        "_reverse_db_field_map": document._reverse_db_field_map | dict(zip(added, added, strict=True)),
    }
    made = type.__new__(type(document), document.__name__, (document,), taken | added)
    for name, field in added.items():
        field.name = field.db_field = name
        field.owner_document = made
    return made


def as_frozen(document, freeze):
    """The class of a document as a lock froze it: the added fields as they stood then."""
    rows = freeze.definitions.get(document.slug) or ()
    frozen = [FieldDefinition._from_son(row) for row in rows]
    return (
        variant(document.base or document, frozen, freeze.academic_year)
        if frozen
        else document.base or document
    )


def ever_declared(document, area_code):
    """{name: field} of all that a document's records have held in an area, stopped fields too: what history tells of."""
    former = {each.name: each.field() for each in definitions_of(document, area_code)}
    return former | shown_fields(document)


def carried(document, area_code, to_year, plain):
    """{name: value} of the added fields of a stored record that the area still declares in a year: what is copied."""
    names = declaration(document, area_code, to_year).added
    return {name: plain[name] for name in names if name in plain}
