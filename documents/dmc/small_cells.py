"""Small cells (ตัวเลขน้อย): which numbers of a table are not shown, so that nobody is known by being one of few.

Numbers from 1 to 9 are hidden, and as many others as it takes that no hidden one can be worked out from those shown
(domain.md 6, rule 4). What a reader can work out are the table's own sums: each is an equation, and a hidden number is
found where the equations leave it one value. What is hidden in one of two rounds is hidden in the other as well: else the two
tables, subtracted, would tell of the few who came or went between them.
"""

SMALL = 10  # numbers below are hidden; no Thai rule names one, so it stands here alone
PRIME = 2**61 - 1  # sums are reckoned modulo a prime, where division is exact


def hidden(cells, sums, beside=(), known=frozenset()):
    """The keys of `cells` {key: number} that are not shown; `sums` are (key of a total, keys of its parts).

    `beside` are the keys that are hidden in the same table of another round, whatever their numbers are in this one; `known`
    are keys whose numbers the reader has from elsewhere, so that hiding them would guard nothing.
    """
    sums = [(total, [part for part in parts if part in cells]) for total, parts in sums if total in cells]
    sums = [(total, parts) for total, parts in sums if parts]
    small = {key for key, number in cells.items() if 0 < number < SMALL} | (set(beside) & cells.keys())
    small -= known
    found, beside = set(small), {}
    for number, (total, parts) in enumerate(sums):
        for key in (total, *parts):
            beside.setdefault(key, []).append(number)
    while out := _known(small, found, sums):
        # A number hidden to guard another must not be known either, as long as the other is.
        more = {_companion(key, cells, sums, beside, found | known) for key in out} - {None}
        if not more:
            return set(cells)  # nothing is left to hide beside: no number of this table can be shown
        found |= more
    return found - (worked_out(found, sums) - small)  # what is worked out all the same may as well be shown


def _known(small, found, sums):
    """The hidden keys that can be worked out, as long as a small one is among them; what is plain to see comes first."""
    plain = _alone(found, sums)
    known = plain if plain & small else worked_out(found, sums)
    return known if known & small else set()


def _alone(found, sums):
    """The hidden keys that are the only one of a sum."""
    left = ([key for key in (total, *parts) if key in found] for total, parts in sums)
    return {keys[0] for keys in left if len(keys) == 1}


def _companion(key, cells, sums, beside, found):
    """The number to hide beside one that could be worked out: the smallest that shares a sum with it."""
    near = {k for number in beside[key] for k in (sums[number][0], *sums[number][1])} - found
    return min((k for k in near if k in cells), key=lambda k: (cells[k] == 0, cells[k], str(k)), default=None)


def worked_out(found, sums):
    """Those of the hidden keys that the sums give one value."""
    rows = []
    for total, parts in sums:
        row = dict.fromkeys((part for part in parts if part in found), PRIME - 1)
        if total in found:
            row[total] = 1
        if row:
            rows.append(row)
    core, loose = _without_loose_ends(rows)
    pivots = _solved(core)
    for key, row in reversed(loose):
        pivots[key] = _divided(_reduced(row, pivots), key)  # none of the pivots so far holds `key`
    return {key for key, row in pivots.items() if len(row) == 1}


def _without_loose_ends(rows):
    """(rows that may tell something of each other, [(key, row)] of those that tell nothing but of `key`).

    A hidden number that stands in one sum alone takes whatever value makes that sum hold, so the sum says nothing of
    its others; taken off, it may leave others alone in their sums. Nearly all rows go this way.
    """
    beside = {}
    for number, row in enumerate(rows):
        for key in row:
            beside.setdefault(key, set()).add(number)
    alone = [key for key, numbers in beside.items() if len(numbers) == 1]
    left, loose = dict(enumerate(rows)), []
    while alone:
        key = alone.pop()
        if len(beside[key]) != 1:
            continue
        number = next(iter(beside[key]))
        row = left.pop(number)
        loose.append((key, row))
        for other in row:
            beside[other].discard(number)
            if len(beside[other]) == 1:
                alone.append(other)
    return list(left.values()), loose


def _solved(rows):
    """{key: row without any other such key} of rows, by elimination."""
    pivots, within = {}, {}
    for row in rows:
        row = _reduced(row, pivots)
        if not row:
            continue
        key = next(iter(row))
        row = _divided(row, key)
        for pivot in within.pop(key, ()):
            if key in pivots[pivot]:
                _take_off(pivots[pivot], row, key)
                for name in row:
                    within.setdefault(name, set()).add(pivot)
        pivots[key] = row
        for name in row:
            if name != key:
                within.setdefault(name, set()).add(key)
    return pivots


def _reduced(row, pivots):
    """The row with the pivots' keys replaced by what they come to."""
    row = dict(row)
    for key in [key for key in row if key in pivots]:
        _take_off(row, pivots[key], key)
    return row


def _divided(row, key):
    """The row with 1 before its `key`."""
    inverse = pow(row[key], PRIME - 2, PRIME)
    return {name: value * inverse % PRIME for name, value in row.items()}


def _take_off(row, other, key):
    """Subtract from a row the multiple of another that clears its `key`."""
    times = row[key]
    for name, value in other.items():
        left = (row.get(name, 0) - times * value) % PRIME
        if left:
            row[name] = left
        else:
            row.pop(name, None)
