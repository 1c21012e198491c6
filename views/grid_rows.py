"""The rows of a grid as HTML. Each column is made ready once, so that a cell costs no template and no look-up.

Fifty rows of fourteen cells are most of a page's work. What stands at the end of a row (history, open, edit, delete)
the template draws once, for a `Pattern`, and every row puts its own id, name and revision into that. Pieces are plain
text put together once: what is constant stands here as it is, and whatever is data goes through `escape` first.
"""

from markupsafe import Markup, escape

PEEK = "แสดงเลขเต็ม (มีบันทึก)"  # what a press on a masked number does
PK, NAME, REVISION = (
    "0pk0of0row0",
    "0name0of0row0",
    "0revision0of0row0",
)  # stand in the pattern for a row's own
NO_WORDS = '<span class="sr">เปิดรายการ</span>'
OVER, END_LINK, END_CELL, END_ROW = '">', "</a>", "</td>", "</tr>\n"


class Pattern:
    """The row that the template draws the end of a row for."""

    id = pk = PK
    plain = {"revision": REVISION}


class Column:
    """One column of this page, ready to write its cells.

    `show(row)` gives what a cell shows, `typed(row)` its value in an editor (None: not edited here); `link` is the
    address that opens the row of the Pattern, `note(row)` (word, sentence) of the chip beside the link, or None. `eye` is
    the picture on the button beside a masked number.
    """

    def __init__(self, name, meta, show, typed, link, note, eye=""):
        self.name, self.show, self.typed, self.note = name, show, typed, note
        frozen = {"fix": meta.get("fix") or meta.get("keep")}
        classes = "".join(
            f" {word}" for word in ("num", "fix", "keep", "masked") if {**meta, **frozen}.get(word)
        )
        self.start = f'<td data-col="{escape(name)}" class="col-{escape(name)}{classes}'
        self.can_edit = " can-edit" if typed else ""
        self.over = '" tabindex="-1" data-value="' if typed else OVER
        self.quiet = self.start + self.can_edit + self.over
        self.link = f'<a href="{escape(link)}">' if link else None
        self.safe = {}  # what was shown so far, escaped: most columns repeat a few words
        self.masked = meta.get("masked") and (
            f'<span data-masked="{escape(name)}">',
            f'</span> <button type="button" class="peek" data-reveal="{escape(name)}" title="{PEEK}" aria-label="{PEEK} · ',
            f'">{eye}</button>',
        )

    def write(self, parts, row, key, mark, whose):
        """Add the pieces of a row's cell; `key` is the row's id, `mark` is (bad or warn, sentence) or None."""
        shown = self.show(row)
        safe = self.safe.get(shown)
        shown = self.safe.setdefault(shown, escape(shown)) if safe is None else safe
        if mark:
            tone, sentence = mark
            blank = "" if shown else " blank"
            parts += self.start, " ", tone, self.can_edit, blank, '" title="', escape(sentence), self.over
        else:
            parts.append(self.quiet)
        if self.typed:
            parts += escape(self.typed(row)), OVER
        if self.link:
            parts += self.link.replace(PK, key), shown or NO_WORDS, END_LINK
            if note := self.note(row):
                word, sentence = note
                parts += ' <span class="chip t-info" title="', escape(sentence), OVER, word, "</span>"
        elif self.masked and shown:
            before, after, end = self.masked
            parts += before, shown, after, whose, end
        else:
            parts.append(shown)
        parts.append(END_CELL)


def options_html(options, chosen):
    """The options of a drop-down as Markup, for lists of hundreds; `options` are (value, words)."""
    chosen = None if chosen is None else str(chosen)
    parts = []
    for value, words in options:
        on = '" selected>' if value == chosen else OVER
        parts += '<option value="', escape(value), on, escape(words), "</option>"
    return Markup("".join(parts))  # noqa: S704  every piece is constant or escaped above


def rows_html(rows, columns, marks, headline, end, choosable):
    """All rows as Markup. `marks(row)` gives {column: mark}; `end` is the last cell, drawn for the Pattern."""
    parts, end = [], str(end)
    for row in rows:
        key, name, revision = str(row.pk), escape(headline(row)), str(row.plain["revision"])
        marked = marks(row)
        parts += '<tr data-pk="', key, '" data-revision="', revision, '" data-name="', name, OVER
        if choosable:
            parts += (
                '<td class="col-check fix"><input type="checkbox" name="rowid" class="action-checkbox" value="',
                key,
            )
            parts += '" aria-label="เลือก ', name, '"></td>'
        for column in columns:
            column.write(parts, row, key, marked.get(column.name), name)
        parts += end.replace(PK, key).replace(REVISION, revision).replace(NAME, name), END_ROW
    return Markup("".join(parts))  # noqa: S704  every piece is constant or escaped above
