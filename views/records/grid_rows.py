"""The rows of a grid as HTML, a column at a time, so that a cell costs no template and no look-up.

Fifty rows of fourteen cells are most of a page's work. A cell whose value stood in the column before is drawn already. What
stands at the end of a row (history, open, edit, delete) the template draws once, for a `Pattern`, and every row puts its own
id, name and revision into that. Pieces are plain text put together once: what is constant stands here as it is, and whatever
is data goes through `escape` first.
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

    `value(plain)` gives what a stored record holds there, `words(value)` what a cell shows of it, `typed(plain)` its value
    in an editor (None: not edited here); `link` is the address that opens the row of the Pattern, `note(plain)`
    (word, sentence) of the chip beside the link, or None. `eye` is the picture on the button beside a masked number.
    `hands_out` is the address of the file that the Pattern holds here.
    """

    def __init__(self, name, meta, value, words, typed=None, link=None, note=None, eye="", hands_out=None):
        self.name, self.value, self.words, self.typed, self.note = name, value, words, typed, note
        frozen = {"fix": meta.get("fix") or meta.get("keep")}
        classes = "".join(
            f" {word}" for word in ("num", "fix", "keep", "masked") if {**meta, **frozen}.get(word)
        )
        # What a person typed is said in no other way.
        kept = ' translate="no"' if meta.get("own") and not link else ""
        self.start = f'<td{kept} data-col="{escape(name)}" class="col-{escape(name)}{classes}'
        self.can_edit = " can-edit" if typed else ""
        self.over = '" tabindex="-1" data-value="' if typed else OVER
        self.quiet = self.start + self.can_edit + self.over
        self.link = f'<a href="{escape(link)}">' if link else None
        self.file = f'<a href="{escape(hands_out)}" download>' if hands_out else None
        self.masked = meta.get("masked") and (
            f'<span data-masked="{escape(name)}">',
            f'</span> <button type="button" class="peek" data-reveal="{escape(name)}" title="{PEEK}" aria-label="{PEEK} · ',
            f'">{eye}</button>',
        )

    def cells(self, rows, keys, names, marked):
        """The cells of stored records, one each; with them their ids, their names, escaped, and their marks."""
        made, drawn, name, value = [], {}, self.name, self.value
        # Whether a cell is its value's and no record's own.
        alike = not (self.typed or self.link or self.masked or self.file)
        for plain, key, whose, marks in zip(rows, keys, names, marked, strict=True):
            held, mark = value(plain), marks.get(name)
            if not alike or mark or type(held) is list:
                made.append(self._cell(plain, held, key, whose, mark))
                continue
            cell = drawn.get(held)
            if cell is None:
                cell = drawn[held] = self._cell(plain, held, key, whose, None)
            made.append(cell)
        return made

    def _cell(self, plain, held, key, whose, mark):
        """One cell; `mark` is (bad or warn, sentence) or None."""
        shown, parts = escape(self.words(held)), [self.quiet]
        if mark:
            tone, sentence = mark
            blank = "" if shown else " blank"
            parts = [self.start, " ", tone, self.can_edit, blank, '" title="', escape(sentence), self.over]
        if self.typed:
            parts += escape(self.typed(plain)), OVER
        if self.link:
            parts += self.link.replace(PK, key), shown or NO_WORDS, END_LINK
            if note := self.note(plain):
                word, sentence = note
                parts += ' <span class="chip t-info" title="', escape(sentence), OVER, word, "</span>"
        elif self.file and shown:
            parts += self.file.replace(PK, key), shown, END_LINK
        elif self.masked and shown:
            before, after, end = self.masked
            parts += before, shown, after, whose, end
        else:
            parts.append(shown)
        parts.append(END_CELL)
        return "".join(parts)


def options_html(options, chosen):
    """The options of a drop-down as Markup, for lists of hundreds; `options` are (value, words)."""
    chosen = None if chosen is None else str(chosen)
    parts = []
    for value, words in options:
        on = '" selected>' if value == chosen else OVER
        parts += '<option value="', escape(value), on, escape(words), "</option>"
    return Markup("".join(parts))  # noqa: S704  every piece is constant or escaped above


def rows_html(rows, columns, marks, headline, end, choosable):
    """Stored records as Markup. `marks(plain)` gives {column: mark}; `end` is the last cell, drawn for the Pattern."""
    parts, end = [], str(end)
    keys, names = [str(plain["_id"]) for plain in rows], [escape(headline(plain)) for plain in rows]
    marked = [marks(plain) for plain in rows]
    cells = [column.cells(rows, keys, names, marked) for column in columns]
    for at, (plain, key, name) in enumerate(zip(rows, keys, names, strict=True)):
        revision = str(plain["revision"])
        parts += '<tr data-pk="', key, '" data-revision="', revision, '" data-name="', name, OVER
        if choosable:
            parts += (
                '<td class="col-check fix"><input type="checkbox" name="rowid" class="action-checkbox" value="',
                key,
            )
            parts += '" aria-label="เลือก ', name, '"></td>'
        parts += [column[at] for column in cells]
        parts += end.replace(PK, key).replace(REVISION, revision).replace(NAME, name), END_ROW
    return Markup("".join(parts))  # noqa: S704  every piece is constant or escaped above
