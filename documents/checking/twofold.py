"""Who stands twice (ผู้ที่มีสองรายการ): all pairs of a round's pupils with one number, or probably of one child, in one pass.

Pupils are read once. Of each only a few numbers are kept, in flat arrays: the blocks that it stands in
(`resemblance.keys`), its birth date, and which consonants its names have. Blocks are gone through a part at a time; what
cannot be one child by date or letters is left out there, and the few pairs that remain are read whole and compared.
"""

from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, groupby, islice
from typing import NamedTuple
from zlib import crc32

from bson import ObjectId

from documents.checking.resemblance import LIKELY, OTHER, READ, Score, compare, dates_apart, ymd
from documents.checking.sounds import skeleton
from documents.database import collection
from documents.dmc.students import Student
from documents.records.codelists import code_list

PARTS = 32  # of the blocks, gone through one after another
LARGE = 24  # a block of more is parted by birth date before it is paired
AT_ONCE = 500  # pairs that are read whole together
MOST_LETTERS_APART = 2
NEEDED = dict.fromkeys(("first_name", "last_name", "birth_date", "person_id", "likeness", "status"), 1)
WHOLE = dict.fromkeys((*READ, "school_code", "lineage", "status"), 1)


class Pair(NamedTuple):
    """Two stored pupils (dicts with what `WHOLE` names) who may be one child: with one number, or by their Score."""

    one: dict
    other: dict
    same_number: bool
    score: Score


def pairs_of(round_, tell=None) -> Iterator[Pair]:
    """Yield every Pair of a round's pupils who are on a roll, each once; `tell(number)` hears how many were read."""
    kept = _Kept(round_, tell)
    found = kept.candidates()
    while batch := list(islice(found, AT_ONCE)):
        whole = kept.read({one for pair in batch for one in pair})
        for a, b in batch:
            one, other = whole.get(kept.id_of(a)), whole.get(kept.id_of(b))
            if one is None or other is None or one["lineage"] == other["lineage"]:
                continue
            same = bool(one.get("person_id")) and one["person_id"] == other.get("person_id")
            score = compare(one, other)
            if same or score.value >= LIKELY:
                yield Pair(one, other, same, score)


class _Kept:
    """What is kept of every pupil of a round who is on a roll: some eighty bytes each."""

    def __init__(self, round_, tell):
        self.place = {
            "area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code,
        }  # fmt: skip
        self.ids, self.born = bytearray(), array("q")
        self.first, self.last = array("q"), array("q")
        self.blocks = [array("q") for _ in range(PARTS)]
        self.numbers = [array("q") for _ in range(PARTS)]
        statuses = code_list("STATUS")
        on_roll = {code for code in statuses.codes if statuses.fact(code, "on_roll")}
        rows = collection(Student).find(self.place, NEEDED, batch_size=2000).hint("school_order")
        for number, row in enumerate(rows, 1):
            if row.get("status") in on_roll:
                self._keep(row)
            if tell and number % 2000 == 0:
                tell(number)

    def _keep(self, row):
        at = len(self.born)
        self.ids += row["_id"].binary
        self.born.append(_packed(row.get("birth_date")))
        self.first.append(_letters(row.get("first_name")))
        self.last.append(_letters(row.get("last_name")))
        for block in row.get("likeness") or ():
            self.blocks[block % PARTS].append(block << 32 | at)
        if number := row.get("person_id"):
            block = crc32(number.encode()) >> 1
            self.numbers[block % PARTS].append(block << 32 | at)

    def id_of(self, at):
        """The id of a pupil by his place."""
        return ObjectId(bytes(self.ids[12 * at : 12 * at + 12]))

    def read(self, places):
        """{id: the stored pupil as far as he is compared} of these places."""
        query = self.place | {"_id": {"$in": [self.id_of(at) for at in places]}}
        return {row["_id"]: row for row in collection(Student).find(query, WHOLE).hint("_id_")}

    def candidates(self):
        """Yield (place, place) of those who may be one, each pair once."""
        told = set()
        for part in self.numbers:
            for members in _blocks_in(part):
                for a, b in combinations(members, 2):
                    told.add(a << 32 | b)
                    yield a, b
        for part in self.blocks:
            for members in _blocks_in(part):
                for a, b in self._within(members):
                    pair = a << 32 | b
                    if pair not in told:
                        told.add(pair)
                        yield a, b

    def _within(self, members):
        """Yield the pairs of one block that birth date and letters do not rule out."""
        born, first, last = self.born, self.first, self.last
        groups = (members,) if len(members) <= LARGE else self._by_date(members)
        for group in groups:
            for a, b in combinations(group, 2):
                if (born[a] == born[b] or _dates_fit(born[a], born[b])) and _names_fit(
                    first[a], last[a], first[b], last[b]
                ):
                    yield a, b

    def _by_date(self, members):
        """Yield groups of a large block within which birth dates may fit: two parts of three the same, or changed about."""
        for part in _PARTS_OF_A_DATE:
            ordered = sorted(members, key=lambda at: part(self.born[at]))
            for _, group in groupby(ordered, key=lambda at: part(self.born[at])):
                yield sorted(group)


def _blocks_in(part):
    """Yield the places in each block of a part that holds two or more."""
    if len(part) < 2:
        return
    whole = sorted(part)
    before, members = whole[0] >> 32, []
    for each in whole:
        block, at = each >> 32, each & 0xFFFFFFFF
        if block != before:
            if len(members) > 1:
                yield members
            before, members = block, []
        members.append(at)
    if len(members) > 1:
        yield members


@lru_cache(maxsize=16384)
def _packed(born):
    """A birth date as one number, year, month and day in its bits; 0 for none."""
    if born is None:
        return 0
    year, month, day = ymd(born)
    return year << 9 | month << 5 | day


def _unpacked(number):
    return number >> 9, number >> 5 & 15, number & 31


@lru_cache(maxsize=65536)
def _dates_fit(one, other):
    """Whether two different birth dates may be one that was typed wrong."""
    return not one or not other or dates_apart(_unpacked(one), _unpacked(other)) != OTHER


def _names_fit(first, last, first2, last2):
    """Whether the letters of two children's names may be those of one; a last name may be another where the first is the same."""
    apart = (first ^ first2).bit_count()
    if apart <= MOST_LETTERS_APART and (not apart or (last ^ last2).bit_count() <= MOST_LETTERS_APART):
        return True
    return (first ^ last2).bit_count() <= MOST_LETTERS_APART >= (last ^ first2).bit_count()


_PARTS_OF_A_DATE = (
    lambda born: born >> 5,  # year and month
    lambda born: born & 511,  # month and day
    lambda born: (born >> 9, born & 31),  # year and day
    lambda born: (born >> 9, min(born >> 5 & 15, born & 31), max(born >> 5 & 15, born & 31)),
)


@lru_cache(maxsize=65536)
def _letters(name):
    """The consonants of a name as bits."""
    bits = 0
    for letter in skeleton(name):
        bits |= 1 << (ord(letter) & 63)
    return bits - (1 << 63) if bits >> 63 else bits
