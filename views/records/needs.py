"""What the form of a record says while it is typed: fields that other answers make required, sums of their parts.

Both are read off the declaration, so that the page asks for what `missing` will ask for, and nothing is said twice.
"""

from documents.records.record import shown_fields


def asked_by(document, names):
    """{field: [{other field: its codes, or {"not": codes}}]} of the fields that one of these conditions makes required.

    A field with a condition on what the form does not hold (`names`) is left out: the page cannot follow it.
    """
    found, untold = {}, set()
    for query in document.missing_query():
        (name,) = (each for each, value in query.items() if _is_empty(value))
        conditions = {each: _codes_of(value) for each, value in query.items() if each != name}
        if conditions.keys() <= set(names) and None not in conditions.values():
            found.setdefault(name, []).append(conditions)
        else:
            untold.add(name)
    return {name: conditions for name, conditions in found.items() if name not in untold}


def _is_empty(value):
    return value is None or (isinstance(value, dict) and None in value.get("$in", ()))


def _codes_of(value):
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict) and set(value) == {"$in"}:
        return list(value["$in"])
    if isinstance(value, dict) and set(value) == {"$ne"} and isinstance(value["$ne"], str):
        return {"not": [value["$ne"]]}
    return None


def sums_under(document, names):
    """{field: [Derived]} of the sums that stand under the last of their parts, where the form holds them all."""
    found = {}
    for one in shown_fields(document).values():
        parts = getattr(one, "sums", ())
        if parts and set(parts) <= set(names):
            found.setdefault(parts[-1], []).append(one)
    return found
