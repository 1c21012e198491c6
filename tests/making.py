"""Whole records of any subsystem, read off its declaration: every field filled, no rule broken.

`complete(document, mark)` gives values as a person would type them. With a mark, every text holds it, or, where only
digits may stand, a number found nowhere else; `marks_of(document, values)` are the texts to look for on pages.
"""

from itertools import count

from documents.formats.citizen_id import check_digit
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.record import declared
from tests.people import ROUND, YEAR

_serial = count(1)
LETTERS = "กขคฆงจฉชซญฎฐดตถทธนบปผฝพฟภมยรลวศสหอฮ"
# What no check warns of: a pupil of ten in ป.4, a Thai with a Thai's number.
# A school with a line of its own, so that it has a provider.
LIKELY = {"grade": "07", "nationality": "099", "net_type": "6"}
DAYS = ("10/06/2558", "16/05/2565", "02/06/2568", "10/06/2530")  # the last one the birthday of a grown person
MOST_TRIES = 400


def complete(document, mark="ทดสอบ", **given):
    """{field: plain value} of a record that has all it can have; `given` values are taken as they are."""
    serial = next(_serial)
    known = declared(document)
    tries = {name: candidates(one, name in document.key, mark, serial) for name, one in known.items()}
    values = {}
    for name, one in in_order_of_parents(known):
        values[name] = given[name] if name in given else first_taken(one, tries[name], values)
    return agreed(document, known, tries, values, given)


def agreed(document, known, tries, values, given):
    """The values once no rule over several complains: the field it names takes its next candidate, at last nothing."""
    place = {"academic_year": YEAR, "round": ROUND}
    for _ in range(MOST_TRIES):
        present = {name: value for name, value in values.items() if value is not None}
        problems = dict(document.check(place | present | (document.derive(place | present) or {})))
        if not problems:
            return present
        for name in problems:
            assert name not in given, (document, name, problems[name])
            values[name] = first_taken(known[name], tries[name], values)
    raise AssertionError(f"no complete record of {document.__name__}: {problems}")


def first_taken(one, tries, values):
    """The next candidate that the field accepts and its parent allows; None when there is none left."""
    above = values.get(one.parent) if one.parent else None
    for value in tries:
        if above and code_list(one.codelist).parent(value) != above:
            continue
        try:
            return fields.accept(one, value)
        except ValueError:
            continue
    return None


def in_order_of_parents(known):
    """(name, field) with a choice after the one it lies under."""

    def depth(one):
        return 1 + depth(known[one.parent]) if one.parent else 0

    return sorted(known.items(), key=lambda pair: depth(pair[1]))


def candidates(one, is_key, mark, serial):
    """Values to try for a field, one after the other."""
    if one.kind == "text":
        return iter(texts(mark, next(_serial)))
    if one.kind in ("choice", "choices"):
        codes = list(code_list(one.codelist).codes)
        codes = codes[serial % len(codes) :] + codes[: serial % len(codes)] if is_key else codes
        codes = codes if is_key else sorted(codes, key=lambda code: code != LIKELY.get(one.name))
        return iter([[code] for code in codes] if one.kind == "choices" else codes)
    if one.kind == "date":
        return iter(DAYS)
    if one.kind == "picture":
        return iter(())  # one must be stored first, in the school that shows it
    if one.kind == "flag":
        return iter((serial % 2 == 0, serial % 2 == 1))
    low, high = one.min_value or 0, one.max_value
    if is_key:
        return iter((int(low + serial % (high - low)),))
    return iter((min(low + 1 + serial % 3, high), low))


def texts(mark, serial):
    """A marked text, then numbers of the shapes that fields ask for; `serial` makes each the only one."""
    letters = LETTERS[serial // len(LETTERS) % len(LETTERS)] + LETTERS[serial % len(LETTERS)]
    first12 = f"10000{serial:07d}"
    yield f"{mark}{letters}"
    yield first12 + check_digit(first12)
    yield f"7{serial:09d}"
    yield f"7{serial:010d}"
    yield f"7{serial:05d}"
    yield f"{34000 + serial % 900}"
    yield f"{serial % 10}"


def marks_of(document, values, mark):
    """What of these values must not be read by others: marked texts whole, numbers with and without hyphens."""
    found = set()
    for name, one in declared(document).items():
        value = values.get(name)
        if one.kind == "text" and isinstance(value, str) and (mark in value or len(value) >= 9):
            found.add(value)
    return found
