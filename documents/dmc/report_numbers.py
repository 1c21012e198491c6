"""The numbers of a report as one person may see them: whole, or with the small ones hidden (domain.md 6, rule 4)."""

from itertools import zip_longest

from documents.district.levels import LEVELS, SEXES
from documents.dmc.reporting import WHOLE
from documents.dmc.small_cells import SMALL, hidden

BOTH = ""  # of the sexes
GROUPS = (3, 10, 14, 21)  # the places of the sub-totals among the levels
PARTS = {3: (0, 1, 2), 10: (4, 5, 6, 7, 8, 9), 14: (11, 12, 13), 21: (15, 16, 17, 18, 19, 20), WHOLE: GROUPS}


class Numbers:
    """Asks Figures for cells: `number(line, level, sex, school)` is an int, or None for one that is hidden.

    Where small numbers are hidden, a school has one number a line, of all levels and both sexes; no other is asked for,
    and what is hidden of a round in `beside` is hidden here, too.
    """

    def __init__(self, figures, schools, whole=True, beside=()):
        self.figures, self.schools, self.whole = figures, list(schools), whole
        self.beside = tuple(beside)  # Figures of the rounds with which these could be subtracted
        self.lines = figures.lines(None if whole else self.schools)
        self._sums = {}
        self.hidden = frozenset() if whole else self._hidden_once()

    def number(self, line, level=WHOLE, sex=BOTH, school=None):
        """One cell; `level` is a place among LEVELS, without a school that of all `schools`."""
        if not self.whole and (self._key(line, level, sex, school) in self.hidden):
            return None
        return self._number(line, level, sex, school)

    def is_small(self, line, level=WHOLE, sex=BOTH, school=None):
        """Whether a hidden number is hidden for being small, not to guard another."""
        return self._number(line, level, sex, school) < SMALL

    def is_used(self, line):
        """Whether any pupil stands in a line."""
        return self._number(line, WHOLE, BOTH, None) > 0

    def levels(self):
        """The places of the levels that have any pupil, sub-totals among them; a group of one grade needs none."""
        first = self.figures.report.lines[0].key
        lines = [first] if self.figures.report.disjoint else [line.key for line in self.lines]
        used = [
            place for place in range(WHOLE) if any(self._number(line, place, BOTH, None) for line in lines)
        ]
        return [*used, WHOLE]

    def _number(self, line, level, sex, school):
        cells = self._cells(line, school)
        grades = LEVELS[level][1]
        sexes = (sex,) if sex else SEXES
        return sum(cells.get((grade, one), 0) for grade in grades for one in sexes)

    def _cells(self, line, school):
        if school is not None:
            return self.figures.by_school.get(school, {}).get(line, {})
        if line not in self._sums:
            self._sums[line] = self.figures.of(line, self.schools)
        return self._sums[line]

    def _key(self, line, level, sex, school):
        return (line, level, sex) if school is None else (line, school)

    def _hidden_once(self):
        """Kept with the figures, which last as long; worked out anew when those of a round beside are others."""
        key = tuple(self.schools), bool(self.beside)
        kept = self.figures.hidden.get(key)
        if kept is None or any(one is not other for one, other in zip_longest(kept[0], self.beside)):
            others = (Numbers(figures, self.schools, whole=False).hidden for figures in self.beside)
            kept = self.figures.hidden[key] = self.beside, self._hidden(frozenset().union(*others))
        return kept[1]

    def _hidden(self, beside):
        """The hidden cells of the area's table and of the schools' together, since both show the same totals."""
        cells, sums = {}, []
        lines = [line.key for line in self.lines]
        places = {*self.levels(), *GROUPS}
        for line in lines:
            for place in places:
                for sex in (*SEXES, BOTH):
                    cells[line, place, sex] = self._number(line, place, sex, None)
                sums.append(((line, place, BOTH), [(line, place, sex) for sex in SEXES]))
            for total, parts in PARTS.items():
                for sex in (*SEXES, BOTH):
                    sums.append(((line, total, sex), [(line, part, sex) for part in parts if part in places]))
            for school in self.schools:
                cells[line, school] = self._number(line, WHOLE, BOTH, school)
            sums.append(((line, WHOLE, BOTH), [(line, school) for school in self.schools]))
        if self.figures.report.disjoint and len(lines) > 1:
            first, *others = lines
            for place in places:
                for sex in (*SEXES, BOTH):
                    sums.append(((first, place, sex), [(line, place, sex) for line in others]))
            for school in self.schools:
                sums.append(((first, school), [(line, school) for line in others]))
        return frozenset(hidden(cells, sums, beside))
