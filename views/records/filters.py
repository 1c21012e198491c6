"""Filters of a grid, read off the declaration: which comparisons a field offers, in Thai, with the list's words.

Each is a Flask-Admin filter; `criteria(value)` is the MongoDB filter it stands for. A value that cannot be read
is refused with a sentence, never sent to the database as it came.
"""

import re

from flask_admin.contrib.mongoengine.filters import BaseMongoEngineFilter

from documents.formats import thai
from documents.records import fields
from documents.records.codelists import code_list

LONGEST = 200
MOST_FILTERS = 20
LONG_LIST = 400  # lists longer than this are typed, not picked


class RecordFilter(BaseMongoEngineFilter):
    """One comparison of one declared field. `key` names it in the URL: flt0_<field>_<operator>=<value>."""

    operator = word = None

    def __init__(self, field, options=None, data_type=None):
        self.field = field
        super().__init__(field, field.verbose_name, options=options, data_type=data_type)

    @property
    def key(self):
        """What stands for this filter in an address."""
        return f"{self.field.name}_{self.operator}"

    def operation(self):
        """The comparison in Thai."""
        return self.word

    def clean(self, value):
        """The value as it is stored; raises ValueError with a Thai sentence."""
        value = thai.clean(value)[:LONGEST]
        return fields.accept(self.field, value)

    def validate(self, value):
        """Whether the value can be read."""
        try:
            return self.clean(value) is not None
        except ValueError:
            return False

    def criteria(self, value):
        """The MongoDB filter for a cleaned value."""
        raise NotImplementedError

    def apply(self, query, value):
        """The queryset narrowed; Flask-Admin's own way in."""
        return query.filter(__raw__=self.criteria(value))


class Equals(RecordFilter):
    """Exactly this value; of a field with several, one of them."""

    operator, word = "eq", "คือ"

    def criteria(self, value):
        return {self.field.name: value}


class NotEquals(RecordFilter):
    """Anything but this value, nothing included."""

    operator, word = "ne", "ไม่ใช่"

    def criteria(self, value):
        return {self.field.name: {"$ne": value}}


class HasCode(Equals):
    """One code of a field that holds several."""

    word = "มี"

    def clean(self, value):
        codes = fields.accept(self.field, [thai.clean(value)])
        return codes[0] if codes else None


class Contains(RecordFilter):
    """The typed piece stands somewhere in the text."""

    operator, word = "has", "มีคำว่า"

    def clean(self, value):
        return thai.clean(value)[:LONGEST] or None

    def criteria(self, value):
        return {self.field.name: {"$regex": re.escape(value), "$options": "i"}}


class AtLeast(RecordFilter):
    """This number or day, or more."""

    operator, word = "ge", "ตั้งแต่"

    def criteria(self, value):
        return {self.field.name: {"$gte": value}}


class AtMost(RecordFilter):
    """This number or day, or less."""

    operator, word = "le", "ถึง"

    def criteria(self, value):
        return {self.field.name: {"$lte": value}}


class Blank(RecordFilter):
    """Nothing stored, or something."""

    operator, word = "empty", "ว่าง"

    def __init__(self, field):
        super().__init__(field, options=[("1", "ไม่มีข้อมูล"), ("0", "มีข้อมูล")])

    def clean(self, value):
        if value not in ("0", "1"):
            raise ValueError("กรุณาเลือก มีข้อมูล หรือ ไม่มีข้อมูล")
        return value == "1"

    def criteria(self, value):
        nothing = {"$in": [None, "", []]}
        return {self.field.name: nothing if value else {"$not": nothing}}


OFFERED = {
    "text": (Contains, Equals),
    "choice": (Equals, NotEquals),
    "choices": (HasCode,),
    "count": (Equals, AtLeast, AtMost),
    "measure": (AtLeast, AtMost),
    "date": (Equals, AtLeast, AtMost),
    "flag": (Equals,),
    "picture": (),
    "file": (),
}
DATA_TYPES = {"date": "be-date", "count": "number", "measure": "number"}


def filters_of(field):
    """Every filter a declared field offers."""
    options = options_of(field)
    made = [cls(field, options=options, data_type=DATA_TYPES.get(field.kind)) for cls in OFFERED[field.kind]]
    return [*made, Blank(field)]


def options_of(field):
    """What a filter lets a person pick from: (value, words); None where it is typed."""
    if field.kind == "flag":
        return [("1", "ใช่"), ("0", "ไม่ใช่")]
    if field.codelist:
        pairs = code_list(field.codelist).choices
        return list(pairs) if len(pairs) <= LONG_LIST else None
    return None
