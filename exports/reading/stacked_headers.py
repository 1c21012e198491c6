"""Headers of two or three rows (หัวตารางหลายชั้น): which rows belong together, and each column's label joined as "group / column".

A group stands above its columns as one merged cell, or, in text files that know no merging, at the first of them.
"""

from exports.reading.headers import JOINT, label_key
from exports.reading.rows import padded

DEEPEST = 4  # rows of one header
LONGEST = 120  # letters of a heading; more is a sentence


def rows_of_header(rows, position, merged, known=()):
    """(first, last) position in `rows` of the header that the row at `position` is part of.

    `rows` are (number, values) as they stand, `merged` [[first row, first column, last row, last column]] from 0, `known`
    the keys of known labels.
    """
    first = last = position
    while last + 1 < len(rows) and last - first < DEEPEST - 1 and _belong(rows, last, merged, known):
        last += 1
    while first and last - first < DEEPEST - 1 and _belong(rows, first - 1, merged, known):
        first -= 1
    return first, last


def _belong(rows, at, merged, known):
    """Whether the row at a position stands above the next one in one header."""
    (above, upper), (below, lower) = rows[at], rows[at + 1]
    groups, labels = _headings(upper), _headings(lower)
    if not groups or not labels:
        return False
    for top, left, bottom, right in merged:
        if (
            top + 1 <= above
            and bottom + 1 >= below
            and left in groups
            and any(at < left or at > right for at in labels)
        ):
            return True
        under = [at for at in labels if left <= at <= right]
        if top + 1 != above or bottom + 2 < below or (left == 0 and len(groups) == 1):
            continue  # a blank row below it, or a heading alone from the first column on: a title
        if len(under) > 1 and any(not left <= at <= right for at in (*groups, *labels)):
            return True
    here = [area for area in merged if area[0] + 1 <= above <= area[2] + 1]
    return not here and _grouped_by_place(groups, labels, known)


def _headings(values):
    """{column: text} of a row in which every filled cell may be a heading; {} for any other row."""
    filled = {at: value for at, value in enumerate(values) if value is not None}
    if any(not isinstance(one, str) or _is_figure(one) or len(one) > LONGEST for one in filled.values()):
        return {}
    return filled


def _is_figure(text):
    return sum(one.isdigit() for one in text) * 2 > len(text.strip())


def _grouped_by_place(groups, labels, known):
    """Whether labels continue the groups above them: the first of each under its group, others where nothing stands above."""
    if len(groups) < 2 or len(labels) < 2:
        return False
    beside = [at for at in labels if at not in groups]
    starts = {max((group for group in groups if group < at), default=None) for at in beside}
    if not beside or not starts <= set(labels) or not set(groups) - set(labels):
        return False
    keys = [label_key(text) for text in labels.values()]
    return len(set(keys)) < len(keys) or sum(key in known for key in keys) > 1


def joined_labels(rows, merged, width):
    """The labels of the columns under a header of one or more rows (number, values): "ป.1 / ชาย", "รหัสโรงเรียน"."""
    layers = [_layer(row, merged, width) for row in rows]
    for at, layer in enumerate(layers[:-1]):
        if not any(area[0] + 1 <= rows[at][0] <= area[2] + 1 for area in merged):
            _spread(layer, layers[at + 1 :])
    return [_joined(parts) for parts in zip(*layers, strict=True)]


def _layer(row, merged, width):
    """One row's labels, those of merged cells in every place that they cover."""
    number, values = row
    labels = ["" if value is None else " ".join(str(value).split()) for value in padded(values, width)]
    for top, left, _, right in merged:
        if top + 1 == number and left < width and labels[left]:
            for at in range(left, min(right + 1, width)):
                labels[at] = labels[left]
    return labels


def _spread(layer, below):
    """Write each group's label over the columns that follow it without one of their own."""
    group = ""
    for at, label in enumerate(layer):
        under = any(lower[at] for lower in below)
        if label or not under:
            group = label if under else ""
        else:
            layer[at] = group


def _joined(parts):
    """The parts one below the other as one label, what is said twice running once."""
    said = []
    for part in parts:
        if part and (not said or label_key(said[-1]) != label_key(part)):
            said.append(part)
    return JOINT.join(said)
