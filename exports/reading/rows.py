"""Rows of a large table that are not held in memory: read from where they lie each time somebody walks them."""

from collections.abc import Sequence
from itertools import islice

LAST = 40  # rows at the end that are at hand
HEAD = 300  # rows at the beginning that are kept, since header and samples are looked for there


class Rows(Sequence):
    """A sequence of (number, values), from the first after `skip`, each at least `width` wide.

    `walk` gives an iterator over all of them anew; `count` is how many there are. A part at the beginning is at hand;
    what is asked for behind it is walked to. `ends` gives the last few, as far as they can be had without a walk.
    """

    def __init__(self, walk, count, widest, head=None, skip=0, width=0, ends=tuple):
        self.walk, self.count, self.widest, self.skip, self.width = walk, count, widest, skip, width
        self.ends = ends
        self.head = list(islice(walk(), HEAD)) if head is None else head

    def __len__(self):
        return max(self.count - self.skip, 0)

    def __iter__(self):
        rows = islice(self.walk(), self.skip, self.count)
        return ((number, padded(values, self.width)) for number, values in rows) if self.width else rows

    def __getitem__(self, key):
        """One row, a list of some, or, of all from a place to the end, the same without those before."""
        if not isinstance(key, slice):
            at = key if key >= 0 else key + len(self)
            if not 0 <= at < len(self):
                raise IndexError(key)
            return self[at : at + 1][0]
        start, stop, step = key.indices(len(self))
        if key.stop is None and step == 1:
            return self._as(skip=self.skip + start)
        first, last = self.skip + start, self.skip + stop
        near = self.head[first:last] if last <= len(self.head) else islice(self.walk(), first, last)
        return [(number, padded(values, self.width)) for number, values in near][::step]

    def __eq__(self, other):
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None

    def filled_up(self, width):
        """The same rows, each filled up to a width."""
        return self._as(width=width)

    def without_last(self, number):
        """The same without the last ones."""
        return self._as(count=self.count - number)

    def _as(self, **other):
        return Rows(**vars(self) | other)


def padded(values, width):
    """The values, filled up with None to that width."""
    return list(values) + [None] * (width - len(values))


def widest_of(rows):
    """The width of the widest row."""
    return rows.widest if isinstance(rows, Rows) else max((len(values) for _, values in rows), default=0)


def last_of(rows, number):
    """The last rows, at most `number`, without walking over those before them."""
    near = list(rows.ends()) if isinstance(rows, Rows) else rows
    number = min(number, len(rows), len(near))
    return [(at, padded(values, getattr(rows, "width", 0))) for at, values in near[len(near) - number :]]


def without_last(rows, number):
    """Rows, a list or `Rows`, without the last ones."""
    if not number:
        return rows
    return rows.without_last(number) if isinstance(rows, Rows) else rows[:-number]


def filled_up(rows, width):
    """Rows, a list or `Rows`, each filled up to a width."""
    if isinstance(rows, Rows):
        return rows.filled_up(width)
    return [(number, padded(values, width)) for number, values in rows]
