"""The tables of a report's page, as khet/tables.html draws them: by category, by level, by school."""

from documents.district.levels import LEVELS
from documents.dmc.report_numbers import BOTH, GROUPS
from documents.dmc.reporting import WHOLE
from exports.dmc.report_files import SMALL_SAYS

SEX_WORDS = (("ชาย", "M"), ("หญิง", "F"), ("รวม", BOTH))
HIDDEN_SAYS = "ซ่อนไว้"  # a number that would give a small one away
GROUP_WORDS = dict(zip(GROUPS, ("ก่อนประถม", "ประถม", "มัธยมต้น", "มัธยมปลาย/ปวช."), strict=True))
VIEWS = {"lines": "ตามหมวด", "levels": "ตามชั้น", "schools": "ตามโรงเรียน"}


class Tables:
    """Draws one report; `link(line, level, sex, school)` gives the way to the names behind a number, or None."""

    def __init__(self, numbers, school_names, link, school=None, rooms=None):
        self.numbers, self.names, self.link, self.school = numbers, school_names, link, school
        self.rooms = rooms  # {(school, grade): rooms} of a report that has a column of them
        self.report = numbers.figures.report

    @property
    def has_lines(self):
        """Whether the report has more than one line."""
        return len(self.report.lines) > 1

    def views(self):
        """The views that say something of this report to this person."""
        found = ["lines"] if self.has_lines else []
        if self.report.layout not in (24, 6):
            found.append("levels")
        if len(self.names) > 1 and not self.school:
            found.append("schools")
        return found or ["lines"]

    def cell(self, line, level=WHOLE, sex=BOTH, school=None):
        """One number as a cell."""
        number = self.numbers.number(line, level, sex, school)
        if number is None:
            small = self.numbers.is_small(line, level, sex, school)
            return {"value": 0.5, "text": SMALL_SAYS if small else HIDDEN_SAYS, "cls": "hide"}
        if not number:
            return {"value": 0, "text": "–" if self.report.key != "reconciliation" else "0", "cls": "none"}
        return {"value": number, "href": self.link(line, level, sex, school or self.school)}

    def by_line(self):
        """Categories by sex and by group of levels."""
        groups = [
            place
            for place in GROUPS
            if any(self.numbers.number(line.key, place) != 0 for line in self.numbers.lines)
        ]
        groups = groups if len(groups) > 1 and self.report.layout == 72 else []
        columns = [_column("หมวด", fix=True)] + [_column(word, num=True) for word, _ in SEX_WORDS]
        columns += [_column(GROUP_WORDS[place], num=True) for place in groups]
        rows = []
        for place, line in enumerate(self.numbers.lines):
            cells = [line.label] + [self.cell(line.key, WHOLE, sex) for _, sex in SEX_WORDS]
            cells += [self.cell(line.key, group) for group in groups]
            rows.append({"cells": cells, "cls": "sum" if place == 0 and self.report.disjoint else ""})
        if self.report.table:
            rows.append(self._gap(columns, groups))
        return {"label": f"{self.report.short} {VIEWS['lines']}", "columns": columns, "rows": rows}

    def _gap(self, columns, groups):
        """The last row of the reconciliation: what is missing between the beginning and the end."""
        whole = [(WHOLE, sex) for _, sex in SEX_WORDS] + [(place, BOTH) for place in groups]
        gaps = [gap_of(self.numbers, place, sex) for place, sex in whole]
        cells = [
            SMALL_SAYS if gap is None else {"value": gap, "cls": "bad" if gap else "none"} for gap in gaps
        ]
        return {"cells": ["ส่วนต่าง (ต้องเป็น 0)", *cells], "cls": "sum"}

    def by_level(self, line):
        """Levels by sex, of one line."""
        columns = [_column("ชั้น", fix=True)] + [_column(word, num=True) for word, _ in SEX_WORDS]
        columns += [] if self.rooms is None else [_column("ห้อง", num=True)]
        rows = []
        for place in self.numbers.levels()[:-1]:
            cells = (
                [LEVELS[place][0]]
                + [self.cell(line, place, sex) for _, sex in SEX_WORDS]
                + self._rooms(place)
            )
            rows.append({"cells": cells, "cls": "sum" if place in GROUPS else "deep"})
        total = ["รวมทั้งหมด"] + [self.cell(line, WHOLE, sex) for _, sex in SEX_WORDS] + self._rooms(WHOLE)
        return {
            "label": f"{self.report.short} {VIEWS['levels']}",
            "columns": columns,
            "rows": rows,
            "total": total,
            "sort": False,
        }

    def _rooms(self, place=WHOLE, school=None):
        """[how many rooms] of a level in a school or all; [] without such a column."""
        if self.rooms is None:
            return []
        grades = LEVELS[place][1]
        return [
            sum(n for (code, grade), n in self.rooms.items() if grade in grades and school in (code, None))
        ]

    def by_school(self, level=WHOLE):
        """Schools by category; of a report without categories by group of levels and sex."""
        columns = [_column("โรงเรียน", fix=True)]
        if self.has_lines or not self.numbers.whole:
            lines = [line for line in self.numbers.lines if self.numbers.is_used(line.key)]
            lines = lines or self.numbers.lines[:1]
            columns += [_column(line.label, num=True) for line in lines]
            asked = [(line.key, level, BOTH) for line in lines]
        else:
            line = self.report.lines[0].key
            places = [place for place in GROUPS if self.numbers.number(line, place)]
            columns += [_column(GROUP_WORDS[place], num=True) for place in places]
            columns += [_column(word, num=True) for word, _ in SEX_WORDS]
            asked = [(line, place, BOTH) for place in places] + [(line, WHOLE, sex) for _, sex in SEX_WORDS]
        columns += [] if self.rooms is None else [_column("ห้อง", num=True)]
        rows = [
            {"cells": [name] + [self.cell(*each, school=code) for each in asked] + self._rooms(school=code)}
            for code, name in sorted(self.names.items(), key=lambda pair: pair[1])
        ]
        total = [f"รวม {len(rows):,} โรงเรียน"] + [self.cell(*each) for each in asked] + self._rooms()
        label = f"{self.report.short} {VIEWS['schools']}"
        return {"label": label, "columns": columns, "rows": rows, "total": total, "long": len(rows) > 15}

    def unused(self):
        """Labels of the lines in which nobody stands: they are no columns of the schools' table."""
        return [line.label for line in self.numbers.lines if not self.numbers.is_used(line.key)]


def gap_of(numbers, place=WHOLE, sex=BOTH, school=None):
    """opening + came - the three ways out - closing; None where one of them is hidden."""
    found = {line.key: numbers.number(line.key, place, sex, school) for line in numbers.lines}
    if None in found.values():
        return None
    went = found["moved_out"] + found["dropped_out"] + found["discharged"]
    return found["opening"] + found["came"] - went - found["closing"]


def bars_of(numbers, school=None):
    """[{label, value, share, href}] of the lines a chart is drawn of, largest first: 2 to 12 used lines beside the first."""
    first, *others = numbers.lines
    if not others or not numbers.figures.report.disjoint:
        return []
    values = [(line.label, numbers.number(line.key, WHOLE, BOTH)) for line in others]
    shown = [(label, value) for label, value in values if value]
    whole = numbers.number(first.key)
    if not whole or not 2 <= len(shown) <= 22:
        return []
    return [
        {"label": label, "value": value, "share": round(100 * value / whole, 1)} for label, value in shown
    ]


def _column(label, *, num=False, fix=False):
    return {"label": label, "num": num, "fix": fix}
