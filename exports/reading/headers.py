"""Finding a table's header, and which of its columns is which field."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from documents.formats import thai

LOOKED_AT = 20  # rows from the top in which a header is sought
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
JOINT = " / "  # between a group of a header of two rows and a label under it
REASON_LABEL = "ระบบแจ้งว่าต้องแก้"  # the column that a checked file comes back with; nothing is read from it


def label_key(text):
    """A column's label as it is compared: cleaned, Arabic digits, lower case, no blanks, no marks of "required".

    Blanks inside labels come and go between years of the ministry's exports.
    """
    cleaned = thai.arabic_digits(thai.clean(text)).lower()
    return re.sub(r"[\s*:\"'“”]+", "", cleaned)


def keys_of(label):
    """(key, whether it says as much as the label) by which a label may be known, the likeliest first.

    A label under a group is asked for with its group on either side, and last alone: then it says less than it did.
    """
    yield label_key(label), True
    if JOINT in str(label):
        parts = str(label).split(JOINT)
        yield label_key(" ".join(parts)), True
        yield label_key(" ".join(reversed(parts))), True
        yield label_key(parts[0] if parts[-1].startswith("(") else parts[-1]), False


def is_reason(label):
    """Whether a column is the one of reasons that a checked file carries."""
    return label_key(label) == label_key(REASON_LABEL)


@dataclass
class Guess:
    """A column told apart by its content, which a person approves before anything is written."""

    index: int
    letter: str
    label: str
    name: str
    sentence: str


@dataclass
class Matched:
    """Which sheet column feeds which field: `names` is {column index: field name}."""

    names: dict
    guesses: list = field(default_factory=list)
    unknown: list = field(default_factory=list)  # labels that no field knows
    repeated: list = field(default_factory=list)  # labels met again; the first column of that name counts
    # {field name: columns that are all it, the one that counts first}.
    doubles: dict = field(default_factory=dict)


def letter_of(index):
    """The sheet's letter of a column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = LETTERS[rest] + letters
    return letters


def find_header(rows, known_labels):
    """(position in `rows`, number of labels known) of the likeliest header among the first rows.

    `rows` are (row number, values). Without known labels it is the first row that is as wide as the table.
    (None, 0) when no row can be one.
    """
    known = {label_key(label) for label in known_labels}
    best, most = None, 0
    for position, (_, values) in enumerate(rows[:LOOKED_AT]):
        score = len({label_key(value) for value in values if isinstance(value, str)} & known)
        if score > most:
            best, most = position, score
    if known:
        return best, most
    return widest_header(rows), 0


def widest_header(rows):
    """Position of the first row that holds text in most of its filled cells and is nearly as wide as any."""
    shapes = [
        (sum(isinstance(value, str) for value in values), sum(value is not None for value in values))
        for _, values in rows[:LOOKED_AT]
    ]
    widest = max((filled for _, filled in shapes), default=0)
    for position, (words, filled) in enumerate(shapes):
        if filled and words * 2 > filled and filled * 3 >= widest * 2:
            return position
    return None


def match_columns(labels, columns, rows=(), chosen=()):
    """A `Matched` for the labels of a table.

    `columns` have `.name`, `.label`, `.synonyms` and `.looks` (None, or a question about one value). A label that
    fits two fields, or stands twice, is told apart by what the `rows` hold, and that is a guess to approve; so is a
    label known without the group above it. `chosen` is {field name: column} as a person decided.
    """
    wanted = candidates_by_label(columns)
    matched, chosen = Matched({}), dict(chosen)
    left, loose = fitting(labels, wanted)
    fits = {index: list(found) for index, found in left.items()}
    for name, index in chosen.items():
        if any(column.name == name for column in left.get(index, ())):
            matched.names[index] = name
            del left[index]
    settle_the_plain(left, matched, loose)
    settle_by_content(left, labels, rows, matched)
    for index in [index for index in left if index in loose]:
        del left[index]
    for index in sorted(left):
        matched.repeated.append(labels[index])
        note_double(index, fits[index], matched)
    approved = {guess.index for guess in matched.guesses}
    for index in sorted(loose & set(matched.names) - approved):
        column = next(one for one in fits[index] if one.name == matched.names[index])
        matched.guesses.append(guess_of(index, labels[index], column, None))
    known = set(matched.names) | set(left)
    matched.unknown = [
        label for index, label in enumerate(labels) if label and index not in known and not is_reason(label)
    ]
    return matched


def fitting(labels, wanted):
    """({column index: columns whose label or synonym it bears}, those that bear it without their group alone)."""
    left, loose = {}, set()
    for index, label in enumerate(labels):
        key, whole = next(((key, whole) for key, whole in keys_of(label) if key in wanted), (None, True))
        if key is not None:
            left[index] = list(wanted[key])
            if not whole:
                loose.add(index)
    return left, loose


def note_double(index, fits, matched):
    """Note a column that is what another one is already."""
    by_name = {name: at for at, name in matched.names.items()}
    name = next((column.name for column in fits if column.name in by_name), None)
    if name:
        matched.doubles.setdefault(name, [by_name[name]]).append(index)


def candidates_by_label(columns):
    """{label key: columns that go by it}, the ones whose own label it is first."""
    wanted = defaultdict(list)
    for column in columns:
        wanted[label_key(column.label)].append(column)
    for column in columns:
        for synonym in column.synonyms:
            if column not in wanted[label_key(synonym)]:
                wanted[label_key(synonym)].append(column)
    return wanted


def settle_the_plain(left, matched, loose=frozenset()):
    """Take the columns that can be only one field which no other column claims as its only one, `loose` ones last."""
    settled = True
    while settled:
        settled = False
        taken = set(matched.names.values())
        for index in left:
            left[index] = [column for column in left[index] if column.name not in taken]
        for index in sorted(left, key=lambda index: (index in loose, index)):
            only = left[index]
            rivals = [other for other in left if other != index and only and only[0] in left[other]]
            if len(only) == 1 and (not only[0].looks or not any(len(left[other]) == 1 for other in rivals)):
                matched.names[index] = only[0].name
                del left[index]
                settled = True
                break
    for index in [index for index, candidates in left.items() if not candidates]:
        left[index] = []


def settle_by_content(left, labels, rows, matched):
    """Give each contested column to the field its values look like, best fit first, as a guess to approve."""
    sample = rows[:200]
    fits = [
        (share_that_looks(column, index, sample), -index, column)
        for index, candidates in left.items()
        for column in candidates
        if column.looks
    ]
    for share, minus_index, column in sorted(fits, key=lambda fit: fit[:2], reverse=True):
        index = -minus_index
        if share < 0.5 or index not in left or column.name in matched.names.values():
            continue
        matched.names[index] = column.name
        matched.guesses.append(guess_of(index, labels[index], column, share))
        del left[index]
    settle_leftovers(left, labels, matched)


def settle_leftovers(left, labels, matched):
    """What content did not decide goes by order: the first column of a label is its own field."""
    for index in sorted(left):
        taken = set(matched.names.values())
        free = [column for column in left[index] if column.name not in taken]
        if free:
            matched.names[index] = free[0].name
            matched.guesses.append(guess_of(index, labels[index], free[0], None))
            del left[index]


def guess_of(index, label, column, share):
    """A Guess in words: which column, what it is taken for, and why."""
    letter = letter_of(index)
    why = "" if share is None else f" เพราะข้อมูล {share:.0%} ในคอลัมน์มีลักษณะเช่นนั้น"
    sentence = f"คอลัมน์ {letter} หัวตาราง “{label}” จะอ่านเป็น “{column.label}”{why}"
    return Guess(index, letter, label, column.name, sentence)


def share_that_looks(column, index, rows):
    """The share, 0 to 1, of the filled values in a column that look like the field's."""
    values = [
        values[index] for _, values in rows if index < len(values) and values[index] not in (None, "", "-")
    ]
    return sum(bool(column.looks(value)) for value in values) / len(values) if values else 0.0
