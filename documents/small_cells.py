"""Small cells (ตัวเลขน้อย): which numbers of a table are not shown, so that nobody is known by being one of few.

Numbers from 1 to 9 are hidden, and as many others as it takes that no hidden one can be worked out from those shown
(domain.md 6, rule 4). What a reader can work out are the table's own sums: each is an equation, and a hidden number is
found where the equations leave it one value.
"""

SMALL = 10  # numbers below are hidden; no Thai rule names one, so it stands here alone
PRIME = 2**61 - 1  # sums are reckoned modulo a prime, where division is exact


def hidden(cells, sums):
    """The keys of `cells` {key: number} that are not shown; `sums` are (key of a total, keys of its parts)."""
    sums = [(total, [part for part in parts if part in cells]) for total, parts in sums if total in cells]
    sums = [(total, parts) for total, parts in sums if parts]
    found = {key for key, number in cells.items() if 0 < number < SMALL}
    beside = {}
    for number, (total, parts) in enumerate(sums):
        for key in (total, *parts):
            beside.setdefault(key, []).append(number)
    while known := worked_out(found, sums):
        more = {_companion(key, cells, sums, beside, found) for key in known} - {None}
        if not more:
            return set(cells)  # nothing is left to hide beside: no number of this table can be shown
        found |= more
    return found


def _companion(key, cells, sums, beside, found):
    """The number to hide beside one that could be worked out: the smallest that shares a sum with it."""
    near = {k for number in beside[key] for k in (sums[number][0], *sums[number][1])} - found
    return min((k for k in near if k in cells), key=lambda k: (cells[k] == 0, cells[k], str(k)), default=None)


def worked_out(found, sums):
    """Those of the hidden keys that the sums give one value, found by elimination."""
    rows = []
    for total, parts in sums:
        row = dict.fromkeys((part for part in parts if part in found), PRIME - 1)
        if total in found:
            row[total] = 1
        if row:
            rows.append(row)
    pivots = {}
    for row in rows:
        for key in [key for key in row if key in pivots]:
            _take_off(row, pivots[key], key)
        if not row:
            continue
        key = next(iter(row))
        inverse = pow(row[key], PRIME - 2, PRIME)
        row = {name: value * inverse % PRIME for name, value in row.items()}
        for other in pivots.values():
            if key in other:
                _take_off(other, row, key)
        pivots[key] = row
    return [key for key, row in pivots.items() if len(row) == 1]


def _take_off(row, other, key):
    """Subtract from a row the multiple of another that clears its `key`."""
    times = row[key]
    for name, value in other.items():
        left = (row.get(name, 0) - times * value) % PRIME
        if left:
            row[name] = left
        else:
            row.pop(name, None)
