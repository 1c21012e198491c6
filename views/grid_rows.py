"""The rows of a grid as HTML. Each column is made ready once, so that a cell costs no template and no look-up.

Fifty rows of fourteen cells are most of a page's work. What stands at the end of a row (history, open, edit, delete)
the template draws once, for a `Pattern`, and every row puts its own id, name and revision into that.
"""

import re

from markupsafe import Markup, escape

PK, NAME, REVISION = (
    "0pk0of0row0",
    "0name0of0row0",
    "0revision0of0row0",
)  # stand in the pattern for a row's own
PLACES = re.compile(f"({PK}|{NAME}|{REVISION})")
CHECK = (
    '<td class="col-check fix"><input type="checkbox" name="rowid" class="action-checkbox" value="{}" '
    'aria-label="เลือก {}"></td>'
)
NOTE = ' <span class="chip t-info" title="{}">เขตบันทึกแทน</span>'
NO_WORDS = Markup('<span class="sr">เปิดรายการ</span>')


class Pattern:
    """The row that the template draws the end of a row for."""

    id = pk = PK
    plain = {"revision": REVISION}


class Column:
    """One column of this page, ready to write its cells."""

    def __init__(self, name, meta, show, typed, link, note):
        self.name, self.show, self.typed, self.note = name, show, typed, note
        classes = "".join(f" {word}" for word in ("num", "fix", "keep", "masked") if self._has(word, meta))
        self.start = f'<td data-col="{name}" class="col-{name}{classes}'
        self.link = PLACES.split(f'<a href="{escape(link)}">') if link else None

    @staticmethod
    def _has(word, meta):
        return bool(meta.get(word)) or (word == "fix" and bool(meta.get("keep")))

    def html(self, row, mark):
        """The cell of a row; `mark` is (bad or warn, sentence) or None."""
        shown = escape(self.show(row))
        parts = [self.start]
        if mark:
            parts += " ", mark[0]
        if self.typed:
            parts.append(" can-edit")
        if mark and not shown:
            parts.append(" blank")
        parts.append('"')
        if mark:
            parts += ' title="', escape(mark[1]), '"'
        if self.typed:
            parts += ' tabindex="-1" data-value="', escape(self.typed(row)), '"'
        parts.append(">")
        if self.link:
            start, _, end = self.link
            parts += start, row.key, end, shown or NO_WORDS, "</a>"
            if note := self.note(row):
                parts.append(NOTE.format(escape(note)))
            parts.append("</td>")
        else:
            parts += shown, "</td>"
        return "".join(parts)


def rows_html(rows, columns, marks, headline, pattern_end, choosable):
    """All rows as Markup. `marks(row)` gives {column: mark}; `pattern_end` is the last cell drawn for a Pattern."""
    end = PLACES.split(str(pattern_end))
    parts = []
    for row in rows:
        row.key = str(row.pk)
        name, revision = escape(headline(row)), str(row.plain["revision"])
        own = {PK: row.key, NAME: name, REVISION: revision}
        marked = marks(row)
        parts += '<tr data-pk="', row.key, '" data-revision="', revision, '" data-name="', name, '">'
        if choosable:
            parts.append(CHECK.format(row.key, name))
        parts += (column.html(row, marked.get(column.name)) for column in columns)
        parts += (own.get(part, part) for part in end)
        parts.append("</tr>\n")
    return Markup("".join(parts))  # noqa: S704  every value above went through escape
