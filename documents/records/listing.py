"""Listing: which records of a round a person asked to see, in which order, a page at a time.

Grid, "select all that match", bulk actions, counts and exports all ask here, so that they mean the same rows.
Every query starts with area, year and round, and is walked by an index: by position (`after`, `before`), not
by skipping.
"""

import re
from dataclasses import dataclass, field

from bson import ObjectId, json_util

from documents import subsystem
from documents.database import collection
from documents.formats import thai
from documents.people import access
from documents.records.completeness import required_of
from documents.records.declarations import declaration
from documents.records.record import Place, declared

PAGE_SIZE = 50
COUNTED_TO = 10_000  # a filtered count goes no further and then says so
LAST_PAGE = 20  # ?page=N still works up to here
LONGEST_SEARCH = 100
AREA_ORDER, SCHOOL_ORDER = "area_order", "school_order"
NATURAL = (("sort_key", 1), ("_id", 1))
NOTHING = {"_id": {"$in": []}}


@dataclass(frozen=True)
class Wanted:
    """What a person asked to see of one subsystem in one round."""

    document: type
    area_code: str
    academic_year: int
    round: str
    school: str | None = None
    search: str = ""
    criteria: tuple = ()  # MongoDB filters made by views.records.filters from declared fields alone
    missing: bool = False  # only records that lack something required
    sort: str | None = None  # a declared field; only within one school
    descending: bool = False
    ids: tuple = field(default=())


def as_arguments(wanted):
    """A Wanted as plain values that a job keeps; its criteria hold MongoDB's own words, so they go as text."""
    return {
        "slug": wanted.document.slug,
        "school": wanted.school,
        "search": wanted.search,
        "criteria": json_util.dumps(list(wanted.criteria)),
        "missing": wanted.missing,
        "sort": wanted.sort,
        "descending": wanted.descending,
    }


def as_wanted(round_, slug, criteria, **asked):
    """The Wanted that `as_arguments` told of, in a round."""
    document = declaration(subsystem(slug), round_.area_code, round_.academic_year)
    place = (round_.area_code, round_.academic_year, round_.code)
    return Wanted(document, *place, criteria=tuple(json_util.loads(criteria)), **asked)


@dataclass(frozen=True)
class Page:
    """One page of rows (stored dicts) and whether there is more on either side."""

    rows: list
    earlier: bool
    later: bool
    lost: bool = False  # the record named by after/before is gone; the first page is shown


def query_of(wanted, user):
    """The MongoDB filter of what `user` may see of what is wanted; starts with area, year and round."""
    place = {"area_code": wanted.area_code, "academic_year": wanted.academic_year, "round": wanted.round}
    parts = [place | _schools(wanted, user)]
    term = thai.search_term(wanted.search[:LONGEST_SEARCH]) if wanted.search else ""
    if term:
        parts.append({"search_key": {"$regex": re.escape(term)}})
    elif wanted.search:
        parts.append(NOTHING)
    parts.extend(wanted.criteria)
    if wanted.missing:
        parts.append(_lacking(wanted))
    if wanted.ids:
        parts.append({"_id": {"$in": list(wanted.ids)}})
    return _joined(parts)


def _schools(wanted, user):
    """The filter of the schools that are asked for and open to this person: one, several, all ({}) or none."""
    codes = access.open_schools(user, wanted.area_code)
    if wanted.school and (codes is None or wanted.school in codes):
        codes = [wanted.school]
    elif wanted.school:
        codes = []
    if codes is None:
        return {}
    return {"school_code": codes[0] if len(codes) == 1 else {"$in": codes}}


def _joined(parts):
    """One filter that holds only where each of `parts` does, the conditions a part has in its own `$and` included.

    The place stays at the top, so that the planner sees the index's prefix.
    """
    first, *more = parts
    place = {name: value for name, value in first.items() if name != "$and"}
    others = [*first.get("$and", ()), *more]
    return place | ({"$and": others} if others else {})


def _lacking(wanted):
    required = sorted(required_of(wanted.document, wanted.area_code, wanted.academic_year))
    empty = [{name: {"$in": [None, "", []]}} for name in required]
    extra = wanted.document.missing_query()
    lacking = {"$or": [*empty, *extra]} if empty or extra else NOTHING
    fewer, asked = wanted.document.asked_less()
    if fewer is None:
        return lacking
    few = [each for each in empty if each.keys() <= set(asked)]
    return {"$or": [{"$nor": [fewer], **lacking}, *({**fewer, **each} for each in few)]}


def page_of(
    wanted, user, after=None, before=None, page=0, letter=None, last=False, size=PAGE_SIZE, read=None
):
    """The Page that begins after (ends before) the record with that id, or at a page number, letter or the end.

    A record named by `after` or `before` that is gone, or not this person's, gives the first page, marked `lost`. `read` are the
    rows of `anchor_question` where the caller has asked it.
    """
    if wanted.sort in declared(wanted.document) and wanted.school:
        return _sorted_page(wanted, user, page, size)
    query = query_of(wanted, user)
    anchor = after or before
    mark = _position(wanted, user, anchor, read) if anchor else None
    backward = last if mark is None else not after
    if mark:
        query = _beyond(query, mark, backward)
    elif letter and not anchor:
        query = _joined([query, {"sort_key": {"$gte": thai.sort_key(letter)}}])
    skip = 0 if anchor or letter or last else _bounded(page) * size
    rows = _walk(wanted, query, backward, size + 1, skip)
    more = len(rows) > size
    rows = rows[:size]
    if backward:
        return Page(rows[::-1], earlier=more, later=bool(mark))
    earlier = bool(mark or skip) or bool(letter and not anchor and rows)
    return Page(rows, earlier=earlier, later=more, lost=bool(anchor) and mark is None)


def _bounded(page, most=LAST_PAGE - 1):
    """A page number as far as it is followed: never below 0, no further than `most`."""
    return min(max(page, 0), most)


def anchor_question(document, area_code, anchor):
    """What tells where a record stands, of the id that an address names, as `database.asked_together` takes it."""
    named = {"area_code": area_code, "_id": ObjectId(anchor) if ObjectId.is_valid(anchor) else None}
    return document, [{"$match": named}, {"$project": dict.fromkeys((*Place._fields, "sort_key"), 1)}]


def _position(wanted, user, anchor, read):
    """(sort_key, _id) of the record a page begins at, if it is of the round and schools that are wanted and seen."""
    if read is None:
        document, pipeline = anchor_question(wanted.document, wanted.area_code, anchor)
        read = collection(document).aggregate(pipeline)
    row = next(iter(read), None)
    return (row.get("sort_key"), row["_id"]) if row and _is_among(wanted, user, Place.of(row)) else None


def _is_among(wanted, user, place):
    """Whether a place is of the round that is wanted, and of the schools that are asked for and open to this person."""
    if place[:3] != (wanted.area_code, wanted.academic_year, wanted.round):
        return False
    codes = access.open_schools(user, wanted.area_code)
    asked = wanted.school in (None, "", place.school_code)
    return asked and (codes is None or place.school_code in codes)


def _beyond(query, mark, backward):
    """The filter of what lies behind (before) a position, as one range of the index.

    Those alike in order up to the record itself are taken off by a `$nor`: an `$or` of two ranges would let the
    planner merge them by sorting.
    """
    sort_key, id_ = mark
    onward, passed = ("$lte", "$gte") if backward else ("$gte", "$lte")
    return _joined(
        [query, {"sort_key": {onward: sort_key}}, {"$nor": [{"sort_key": sort_key, "_id": {passed: id_}}]}]
    )


def _walk(wanted, query, backward, limit, skip=0):
    order = [(name, -1 if backward else 1) for name, _ in NATURAL]
    cursor = collection(wanted.document).find(query).sort(order).hint(_index(query)).limit(limit)
    return list(cursor.skip(skip) if skip else cursor)


def _index(query):
    """The index whose order the grid walks: the school's own when one school is asked for."""
    return SCHOOL_ORDER if "school_code" in query else AREA_ORDER


def _sorted_page(wanted, user, page, size):
    """A page of one school in the order of a column: a school is small enough to sort."""
    order = [(wanted.sort, -1 if wanted.descending else 1), *NATURAL]
    cursor = collection(wanted.document).find(query_of(wanted, user)).hint(SCHOOL_ORDER).sort(order)
    page = _bounded(page, COUNTED_TO // size)
    rows = list(cursor.skip(page * size).limit(size + 1))
    return Page(rows[:size], earlier=page > 0, later=len(rows) > size)


def count_of(wanted, user, exactly=False):
    """(how many match, whether there are more than were counted); `exactly` counts them all."""
    query = query_of(wanted, user)
    options = {} if exactly else {"limit": COUNTED_TO + 1}
    found = collection(wanted.document).count_documents(query, hint=_index(query), **options)
    capped = not exactly and found > COUNTED_TO
    return (COUNTED_TO if capped else found), capped


def all_of(wanted, user, fields=None, limit=0):
    """A cursor over every stored dict that matches, in natural order; nothing is held in memory."""
    query = query_of(wanted, user)
    return (
        collection(wanted.document).find(query, fields).sort(list(NATURAL)).hint(_index(query)).limit(limit)
    )


def first_of(wanted, user):
    """The first stored dict that matches, in natural order, or None."""
    return next(all_of(wanted, user, limit=1), None)


def schools_among(wanted, user):
    """Codes of the schools that have matching records, sorted."""
    return sorted(collection(wanted.document).distinct("school_code", query_of(wanted, user)))


def one_of(document, user, id_):
    """The stored dict of one record this person may see, or None; a malformed id is simply not found."""
    if not isinstance(id_, str | ObjectId) or not ObjectId.is_valid(id_):
        return None
    return collection(document).find_one(
        {"_id": ObjectId(id_), "$and": [access.visible(user), document.own()]}
    )
