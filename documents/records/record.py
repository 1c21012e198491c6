"""Record (รายการ): one yearly record, the parent of every subsystem's documents.

A subsystem declares its fields with the makers of `fields.py` and a few class attributes:

    slug, label, label_en   its name in URLs, menu, page, sheet and file
    subsystem               whose round it belongs to (DMC, EMIS, ...)
    key                     what makes two rows of one school and round the same thing
    single                  whether a school has one record of it a round; its `key` is then the school itself
    also_unique             further keys, each unique in a school and round but matching nothing
    grid, cells, filters    columns of the grid, those edited in place, those filtered by
    quick                   filters that stand open beside the search box
    search, order           fields looked through by the search box; fields the Thai order is made of
    alike                   fields by which one thing is found again though it was misspelt, see `blocks`
    groups                  headings of the form, in order
    sheet_title             what a record printed on paper is called, where the label does not make it up
    headcount               the counter of `tally` that stands for a school's size, where it is not the number of records
    linked_round            the round of a year whose figures other subsystems show, where it is not the latest
    units                   who reports: "school", and "office" where the area office does too
    not_carried             fields that a carry-over leaves blank (documents/records/carrying.py)
    carried_by              the stored values that `carried` and `outcome` read; None for any of them
    outcomes                {name: (Thai, English, tone)}: what a carry-over makes of records, besides `carrying.OUTCOMES`
    panels                  slugs of the kinds of record whose figures (`figures`) are shown beside its form
    listed                  whether a round's workbook has a sheet of its records; else they stand there as figures alone
    sheet                   a `LineSheet`, where a school's records are filled on one page as lines of numbers
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mongoengine import Document, QuerySet
from mongoengine.base import TopLevelDocumentMetaclass
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents.formats import thai
from documents.people import access
from documents.records import fields
from documents.records.codelists import code_list

EMPTY = (None, "", [])  # what was not answered


class Place(NamedTuple):
    """Where a record belongs: the prefix of every index, and the submission that guards it."""

    area_code: str
    academic_year: int
    round: str
    school_code: str

    @classmethod
    def of(cls, plain):
        """The place of a stored record (a plain dict)."""
        return cls(plain["area_code"], plain["academic_year"], plain["round"], plain["school_code"])


class Figures(NamedTuple):
    """A school's records of one kind in a few numbers, as another subsystem shows them.

    `heads` are the columns' words, the first that of the lines; `rows` [(words, numbers)]; `totals` numbers or None.
    """

    heads: tuple
    rows: list
    totals: tuple | None = None


@dataclass(frozen=True)
class LineSheet:
    """A school's records as one sheet: a line for each code of a list, numbers across, at last a note.

    `line` names the choice whose codes are the lines, in the list's order and under the headings of the list of their
    parents; it is the document's whole key. `numbers` are counts, `note` a text or None, `added` what an admin added.
    """

    line: str
    numbers: tuple
    note: str | None = None
    added: tuple = ()

    @property
    def cells(self):
        """Names of the fields across a line."""
        return (*self.numbers, *self.added, *((self.note,) if self.note else ()))


class RecordQuerySet(QuerySet):
    """Queries of yearly records; what a person may see is asked here and nowhere else."""

    def visible_to(self, user):
        """Only the records of this kind, of the schools and areas this person may see."""
        return self.filter(__raw__={"$and": [access.visible(user), self._document.own()]})


class RecordMetaclass(TopLevelDocumentMetaclass):
    """Gives each concrete subsystem the indexes that every yearly record has, from its `key` and `order`."""

    def __new__(mcs, name, bases, attrs):
        """Add the indexes before MongoEngine reads `meta`."""
        if attrs.get("single"):
            attrs["key"] = ("school_code",)
        if attrs.get("key") and not attrs.get("meta", {}).get("abstract"):
            meta = attrs.setdefault("meta", {})
            meta["indexes"] = [
                *standard_indexes([attrs["key"], *attrs.get("also_unique", ())]),
                *meta.get("indexes", []),
            ]
        return super().__new__(mcs, name, bases, attrs)


def standard_indexes(unique):
    """The unique keys under the whole shard key, and the two orders of the grid with search inside them."""
    place = ["area_code", "academic_year", "school_code", "round"]
    return [
        *(_unique_index(place, number, key) for number, key in enumerate(unique)),
        {"fields": [*place, "sort_key", "_id", "search_key"], "name": "school_order"},
        {
            "fields": ["area_code", "academic_year", "round", "sort_key", "_id", "search_key"],
            "name": "area_order",
        },
        {"fields": ["area_code", "lineage", "academic_year", "round"], "name": "lineage"},
    ]


def _unique_index(place, number, key):
    """Unique where present: a draft may lack its key."""
    present = {name: {"$exists": True} for name in key}
    name = f"also_unique_{number}" if number else "key"
    added = [each for each in key if each not in place]
    return {"fields": [*place, *added], "unique": True, "partialFilterExpression": present, "name": name}


class Record(Document, metaclass=RecordMetaclass):
    """What every yearly record carries besides its own fields; written by `writing.write` alone."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    school_code = StringField(required=True, max_length=8)
    revision = IntField()
    lineage = ObjectIdField()
    reviewed = BooleanField()
    sort_key = StringField()
    search_key = StringField()
    likeness = ListField(IntField())  # the blocks it is found in by what it resembles
    created_at = DateTimeField()
    created_by = ObjectIdField()
    updated_at = DateTimeField()
    updated_by = ObjectIdField()
    updated_by_name = StringField()
    history_hash = StringField()
    by_district = DictField()  # at, by_name, reason: the district wrote this version for the school

    meta = {
        "abstract": True,
        "auto_create_index": False,
        "strict": False,
        "queryset_class": RecordQuerySet,
    }

    slug = label = label_en = subsystem = sheet_title = sheet = None
    unit = "รายการ"  # what one record is counted in
    adding = "เพิ่มรายการ"  # what its button says
    search_hint = None  # what the search box says it looks through; made of `search` when there is none
    key = also_unique = quick = grid = cells = filters = search = order = groups = panels = alike = ()
    made = False  # at run time: no document class of its own (see stored_documents)
    base = None  # of a variant (documents/records/declarations.py): the class it stands for
    added = ()  # names of the fields that an admin added, of a variant
    about = None  # what is said above the form, to whoever fills it
    needs_added = False  # whether it is nothing without fields that an admin added: a survey
    former = {}  # {name: field} of those that an admin added for other years, of a variant
    beside = ()  # names of what cases write beside the declared fields; a removed record comes back with it
    derived = ()
    single = False
    listed = True
    public = False  # whether its sums by school may be read by anybody once a round is published
    tallied = ()  # names of the fields that `tally` reads
    headcount = linked_round = None
    units = ("school",)
    not_carried = ()
    carried_by = ()
    outcomes = {}

    @classmethod
    def check(cls, values):
        """Yield (field name, Thai sentence) where stored values constrain each other; a subsystem overrides it."""
        return ()

    @classmethod
    def held(cls, before, after):
        """Yield (field name, Thai sentence) where a change is a case's to make; `after` is None for a removal."""
        return ()

    @classmethod
    def open_to_files(cls, stored):
        """(names of the fields a file may change of a stored record, Thai sentence why no others); None for all."""
        return None

    @classmethod
    def says_nothing(cls, values):
        """Whether a new row of a file is no record: of a sheet, a sum, or a line of which nothing was entered."""
        if cls.sheet is None:
            return False
        return not values.get(cls.sheet.line) or all(values.get(name) is None for name in cls.sheet.cells)

    @classmethod
    def missing(cls, values, required):
        """Names of the empty fields that must be filled, in declared order; those required on a condition last."""
        fewer, some = cls.asked_less()
        if fewer is not None and all(values.get(name) == value for name, value in fewer.items()):
            return _empty_among(cls, values, frozenset(required) & frozenset(some))
        plain = _empty_among(cls, values, required)
        more = dict.fromkeys(cls.required_by_condition(values))
        return (
            plain + [name for name in more if name not in plain and values.get(name) in EMPTY]
            if more
            else plain
        )

    @classmethod
    def required_by_condition(cls, values):
        """Names of the fields that these values themselves make required; a subsystem with conditions names them."""
        return ()

    @classmethod
    def missing_query(cls):
        """MongoDB filters, one of which matches a record that lacks something of `required_by_condition`."""
        return []

    @classmethod
    def asked_less(cls):
        """(MongoDB filter of the records of which less is required, names of what is); (None, ()) without any."""
        return None, ()

    @classmethod
    def own(cls):
        """The MongoDB filter of what is of this kind where several share a collection; {} where it has its own."""
        return {}

    @classmethod
    def is_counted(cls, values):
        """Whether a record counts among what is reported; one that does not stands on the list alone."""
        return True

    @classmethod
    def tally(cls, values):
        """What one record adds to the counters of its submission; a subsystem adds its own."""
        return {cls.slug: 1}

    @classmethod
    def figures(cls, counts):
        """The Figures of a school by the counters of its submission, for the panels of other subsystems; None for nothing."""
        number = counts.get(size_counter(cls), 0)
        return (
            Figures(("", f"จำนวน ({cls.unit})"), [(cls.label.partition(" (")[0], (number,))])
            if number
            else None
        )

    @classmethod
    def carried(cls, values, from_round, to_round):
        """The values that a record (a plain dict, without what `not_carried` names) begins a later round with; None for
        one that is left out. A subsystem that says otherwise names what it reads in `carried_by`.
        """
        return values

    @classmethod
    def outcome(cls, values, from_round, to_round, taught=None):
        """(name of what becomes of a record, its values in the later round or None): `carried`, in a word.

        `taught` is the (first, last) grade of its school, None where nobody said.
        """
        kept = cls.carried(values, from_round, to_round)
        return ("left" if kept is None else "carried"), kept

    @classmethod
    def derive(cls, values):
        """Values the door works out from the others and stores, e.g. a name in one piece."""
        return {}

    @classmethod
    def blocks(cls, values):
        """The numbers of the blocks in which a record is found by what it resembles; made of what `alike` names."""
        return []

    @classmethod
    def headline(cls, values):
        """What one record is called in lists, messages and history."""
        return " ".join(str(values[name]) for name in cls.order or cls.key if values.get(name)) or "ไม่มีชื่อ"

    @property
    def place(self):
        """Where this record belongs."""
        return Place(self.area_code, self.academic_year, self.round, self.school_code)

    def __str__(self):
        return self.headline(self.to_mongo())


def _empty_among(document, values, names):
    """Those of the names whose value is empty, in declared order."""
    ordered = _in_order(document, names if type(names) is frozenset else frozenset(names))
    return [
        name
        for name, value in zip(ordered, map(values.get, ordered), strict=True)
        if not value and value in EMPTY
    ]


def keys(document):
    """The keys that are unique in a school and round, the matching one first."""
    return [document.key, *document.also_unique]


@lru_cache(maxsize=256)  # asked for every record; a setting of the required fields makes a new set
def _in_order(document, names):
    """Those of the names that the subsystem declares, in declared order."""
    return tuple(name for name in declared(document) if name in names)


@lru_cache(maxsize=1024)  # asked for every value of every record; what a class declares does not change
def declared(document):
    """The subsystem's own stored fields, in declared order: {name: field}; not to be changed."""
    return {
        name: document._fields[name]
        for name in document._fields_ordered
        if getattr(document._fields[name], "kind", None)
    }


def size_counter(document):
    """The counter of a submission that stands for the school's size."""
    return document.headcount or document.slug


@lru_cache(maxsize=1024)
def shown_fields(document):
    """Stored and derived fields by name, for grid, details and files."""
    worked_out = {
        name: value
        for parent in reversed(document.__mro__)
        for name, value in vars(parent).items()
        if isinstance(value, fields.Derived)
    }
    return declared(document) | worked_out


def default_required(document):
    """Names of the fields that must be filled before ยืนยัน when no setting of the year says otherwise."""
    return frozenset(name for name, field in declared(document).items() if field.need == "R")


@lru_cache(maxsize=256)  # asked for every record that is written
def _choices_searched(document):
    """[(field, code list)] of the choices that the search box looks through."""
    known = declared(document)
    return [(name, known[name].codelist) for name in document.search if known[name].codelist]


def _in_line(value):
    """A value as it is put in order: a number by its size, 2 before 10."""
    return f"{value:09d}" if type(value) is int else value


def keys_of(document, values, before=None):
    """The derived order and search keys of a record's values; a choice is found by its code and its words.

    `before` is what was stored: its blocks stay where nothing that they are made of is another.
    """
    ordered = [_in_line(values.get(name)) for name in document.order]
    looked = [str(values[name]) for name in document.search if values.get(name)]
    for name, codelist in _choices_searched(document):
        if values.get(name):
            looked.append(code_list(codelist).label(values[name]))
    made = {"sort_key": thai.sort_key(*ordered), "search_key": thai.search_key(*looked)}
    if document.alike:
        same = before and "likeness" in before and all(before.get(n) == values.get(n) for n in document.alike)
        made["likeness"] = before["likeness"] if same else document.blocks(values)
    return made
