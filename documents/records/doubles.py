"""Doubles (รายการซ้ำ): keys that one school and round has once; who would take another's is told before the transaction.

Inside a transaction a duplicate key would abort all of it. So doubles are looked for before, and what is stored is put
in an order in which no two records hold one key on the way.
"""

from pymongo import DeleteOne, InsertOne, UpdateOne

from documents.database import collection
from documents.records.record import Place, declared, keys


def find_doubles(prepared, errors):
    """Note a sentence for each change whose key another record of its place holds; one query a key and place."""
    groups = {}
    for index, each in enumerate(prepared):
        for names in keys(each.change.document) if each.after else ():
            if _key(names, each.after):
                group = (each.change.document, Place.of(each.after), names)
                groups.setdefault(group, []).append((index, each))
    batch = {each.before["_id"] for each in prepared if each.before}
    for (document, place, names), rows in groups.items():
        fresh = [(index, each) for index, each in rows if _new_key(names, each)]
        if fresh:
            taken = _taken(document, place, names, fresh, batch)
            taken |= {_key(names, each.after) for _, each in rows if not _new_key(names, each)}
            _note_doubles(document, names, fresh, taken, errors)


def _key(names, plain):
    """The values of a key in a stored dict; None where one of them is missing."""
    values = tuple(plain.get(name) for name in names)
    return None if None in values else values


def _new_key(names, each):
    """Whether a change brings a key to a place that it did not hold there before."""
    before, after = each.before, each.after
    return before is None or Place.of(before) != Place.of(after) or _key(names, before) != _key(names, after)


def _taken(document, place, names, fresh, batch):
    """Those of the fresh changes' keys that a record of the place outside the batch holds."""
    first = names[0]
    query = {**place._asdict(), first: {"$in": list({each.after[first] for _, each in fresh})}}
    found = collection(document).find(query, dict.fromkeys(names, 1))
    return {_key(names, row) for row in found if row["_id"] not in batch}


def _note_doubles(document, names, fresh, taken, errors):
    sentence = _sentence(document, names)
    for index, each in fresh:
        key = _key(names, each.after)
        if key in taken:
            errors.setdefault(index, {})[names[0]] = sentence
        taken.add(key)


def _sentence(document, names):
    """What is said of a key that another record has."""
    if document.single:
        return f"โรงเรียนนี้มี{document.headline({})}ในรอบนี้แล้ว กรุณาเปิดรายการเดิมเพื่อแก้ไข"
    label = declared(document)[names[0]].verbose_name
    return f"มีรายการที่ใช้{label}นี้อยู่แล้วในโรงเรียนและรอบนี้ กรุณาตรวจสอบหรือแก้ไขรายการเดิม"


def operations_of(prepared):
    """{document: operations}, in an order in which no two records hold one key on the way.

    Removals come first and new records last; who gives up a key that another one takes lets go of it before.
    """
    some_stay = any(each.before and each.after for each in prepared)
    wanted = (
        set().union(*(_held(each.change.document, each.after) for each in prepared)) if some_stay else set()
    )
    batches = {}
    for each in prepared:
        document, before, after = each.change.document, each.before, each.after
        batch = batches.setdefault(document, ([], [], [], []))
        let_go = (_held(document, before) - _held(document, after)) & wanted if before and after else ()
        if let_go:
            names = dict.fromkeys((name for held in let_go for name in held[2]), "")
            batch[1].append(UpdateOne(_seen(before), {"$unset": names}))
        batch[0 if after is None else 3 if before is None else 2].append(_operation(each, bool(let_go)))
    return {document: [one for part in batch for one in part] for document, batch in batches.items()}


def _held(document, plain):
    """{(document, place, names of a key, its values)} that a record keeps others from."""
    if plain is None:
        return set()
    found = {(document, Place.of(plain), names, _key(names, plain)) for names in keys(document)}
    return {one for one in found if one[3] is not None}


def _seen(before):
    """The filter of a record where it is and as it was seen."""
    return {"_id": before["_id"], "revision": before["revision"], **Place.of(before)._asdict()}


def _operation(each, whole):
    """The operation that stores a change; `whole` sets every value, since some were let go of before."""
    if each.before is None:
        return InsertOne(each.after)
    if each.after is None:
        return DeleteOne(_seen(each.before))
    changed = {name: value for name, value in each.after.items() if whole or each.before.get(name) != value}
    changed.pop("_id", None)
    gone = dict.fromkeys((name for name in each.before if name not in each.after), "")
    return UpdateOne(_seen(each.before), {"$set": changed} | ({"$unset": gone} if gone else {}))
