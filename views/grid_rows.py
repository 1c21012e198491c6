"""The rows of a grid as HTML. Each column is made ready once, so that a cell costs no template and no look-up.

Fifty rows of fourteen cells are most of a page's work. What stands at the end of a row (history, open, edit, delete)
the template draws once, for a `Pattern`, and every row puts its own id, name and revision into that. Markup here is
constant or formatted by Markup itself, so that joining it escapes whatever is data.
"""

from markupsafe import Markup

PK, NAME, REVISION = (
    "0pk0of0row0",
    "0name0of0row0",
    "0revision0of0row0",
)  # stand in the pattern for a row's own
NOTHING = Markup("")
ROW = Markup('<tr data-pk="{}" data-revision="{}" data-name="{}">')
CHECK = Markup(
    '<td class="col-check fix"><input type="checkbox" name="rowid" class="action-checkbox" value="{}" '
    'aria-label="เลือก {}"></td>'
)
CELL = Markup('<td data-col="{}" class="col-{}{}')
MARK = Markup(' {}{}{}" title="{}')
EDITS = Markup('" tabindex="-1" data-value="')
LINK = Markup('<a href="{}">')
NOTE = Markup(' <span class="chip t-info" title="{}">เขตบันทึกแทน</span>')
NO_WORDS = Markup('<span class="sr">เปิดรายการ</span>')
OVER, END_LINK, END_CELL, END_ROW = map(Markup, ('">', "</a>", "</td>", "</tr>\n"))


class Pattern:
    """The row that the template draws the end of a row for."""

    id = pk = PK
    plain = {"revision": REVISION}


class Column:
    """One column of this page, ready to write its cells.

    `show(row)` gives what a cell shows, `typed(row)` its value in an editor (None: not edited here); `link` is the
    address that opens the row of the Pattern, `note(row)` what is said beside the link.
    """

    def __init__(self, name, meta, show, typed, link, note):
        self.name, self.show, self.typed, self.note = name, show, typed, note
        frozen = {"fix": meta.get("fix") or meta.get("keep")}
        classes = "".join(
            f" {word}" for word in ("num", "fix", "keep", "masked") if {**meta, **frozen}.get(word)
        )
        self.start = CELL.format(name, name, classes)
        self.can_edit = " can-edit" if typed else ""
        self.quiet = self.start + self.can_edit + (EDITS if typed else OVER)
        self.link = LINK.format(link) if link else None

    def parts(self, row, mark):
        """The pieces of a row's cell; `mark` is (bad or warn, sentence) or None."""
        shown = self.show(row)
        if mark:
            marked = MARK.format(mark[0], self.can_edit, "" if shown else " blank", mark[1])
            yield self.start + marked + (EDITS if self.typed else OVER)
        else:
            yield self.quiet
        if self.typed:
            yield self.typed(row)
            yield OVER
        if self.link:
            yield self.link.replace(PK, str(row.pk))
            yield shown or NO_WORDS
            yield END_LINK
            if note := self.note(row):
                yield NOTE.format(note)
        else:
            yield shown
        yield END_CELL


def rows_html(rows, columns, marks, headline, end, choosable):
    """All rows as Markup. `marks(row)` gives {column: mark}; `end` is the last cell, drawn for the Pattern."""
    parts = []
    for row in rows:
        key, name, revision = str(row.pk), headline(row), str(row.plain["revision"])
        marked = marks(row)
        parts.append(ROW.format(key, revision, name))
        if choosable:
            parts.append(CHECK.format(key, name))
        for column in columns:
            parts += column.parts(row, marked.get(column.name))
        parts.append(end.replace(PK, key).replace(REVISION, revision).replace(NAME, name))
        parts.append(END_ROW)
    return NOTHING.join(parts)
