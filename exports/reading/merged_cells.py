"""Merged cells among the rows of a table: what the first one says holds for every row that it covers.

A word or a code does, as a school's name beside its classes. A figure does not: counted in each row it would be counted
several times, so it stays where it stands.
"""

from functools import partial

from exports.reading.rows import Rows

CODE_FROM = 10**5  # a whole number from here on is a code


def filled_down(rows, merged, header_row):
    """(rows, sentence): the rows, a list or `Rows` of full width, with what merged cells say in each row they cover.

    `merged` as a Sheet has them; only those below the header count. The sentence is None where there is none.
    """
    areas = sorted(area for area in merged if area[0] + 1 > header_row)
    if not areas:
        return rows, None
    deep = [area for area in areas if area[2] > area[0]]
    said = (
        f"มีเซลล์ที่ผสานกัน {len(areas):,} แห่ง (แห่งแรกที่แถว {areas[0][0] + 1}) "
        "ข้อความและรหัสในเซลล์ที่ผสานลงมาใช้กับทุกแถวที่ผสาน ตัวเลขจำนวนนับครั้งเดียวที่แถวแรก"
    )
    if not deep:
        return rows, said
    if isinstance(rows, Rows):
        walk = partial(_filled, rows, deep)
        return Rows(walk, len(rows), rows.widest, width=rows.width, ends=rows.ends), said
    return list(_filled(rows, deep)), said


def _filled(rows, areas):
    """Yield the rows, those that a merged cell reaches down to with its value."""
    at, reaching = 0, {}  # {column: (last row's number, value)}
    for number, values in rows:
        for left, (last, value) in list(reaching.items()):
            if last < number:
                del reaching[left]
            elif values[left] is None:
                values[left] = value
        while at < len(areas) and areas[at][0] + 1 <= number:
            top, left, bottom, _ = areas[at]
            at += 1
            if top + 1 == number and left < len(values) and _holds_for_all(values[left]):
                reaching[left] = bottom + 1, values[left]
        yield number, values


def _holds_for_all(value):
    if isinstance(value, str):
        return not value.isdigit() or len(value) > 5
    return isinstance(value, int) and not isinstance(value, bool) and value >= CODE_FROM
