"""Tables of an HTML page: what many offices' "download as .xls" buttons really send."""

from html.parser import HTMLParser

from exports.reading import guards

DEEPEST = 20  # tables within tables; deeper ones are left out


def html_tables(text):
    """The tables of a page, each (rows, merged): rows are (row number, values), a blank cell None, everything else text;
    merged are [[first row, first column, last row, last column]] from 0, as a workbook tells them.
    """
    parser = TableParser()
    parser.feed(text)
    parser.close()
    return [(table.rows, table.merged) for table in parser.tables if table.rows]


class TableParser(HTMLParser):
    """Collects rows; `colspan` and `rowspan` leave blanks, as a spreadsheet's merged cells do."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tables, self.open = [], []

    def handle_starttag(self, tag, attributes):
        if tag == "table" and len(self.open) < DEEPEST:
            table = TableBeingRead()
            self.open.append(table)
            self.tables.append(table)
        elif self.open and tag == "tr":
            self.open[-1].start_row()
        elif self.open and tag in ("td", "th"):
            self.open[-1].start_cell(dict(attributes))
        elif self.open and tag == "br":
            self.open[-1].hear("\n")

    def handle_endtag(self, tag):
        if not self.open:
            return
        if tag == "table":
            self.open.pop().end_row()
        elif tag == "tr":
            self.open[-1].end_row()
        elif tag in ("td", "th"):
            self.open[-1].end_cell()

    def handle_data(self, text):
        if self.open:
            self.open[-1].hear(text)

    def close(self):
        super().close()
        for table in self.open:
            table.end_row()


class TableBeingRead:
    """One table on its way in: the row and the cell being heard, and columns still covered from above."""

    def __init__(self):
        self.rows, self.number, self.merged = [], 0, []
        self.row = self.cell = None
        self.covered = {}  # column: how many more rows a cell above reaches down

    def start_row(self):
        self.end_row()
        self.number += 1
        self.row = []

    def start_cell(self, attributes):
        self.end_cell()
        if self.row is None:
            self.start_row()
        self.skip_covered()
        width, depth = span(attributes.get("colspan")), span(attributes.get("rowspan"))
        self.cell, self.width = [], width
        if depth > 1 or width > 1:
            top, left = self.number - 1, len(self.row)
            self.merged.append([top, left, top + depth - 1, left + width - 1])
        if depth > 1:
            for column in range(len(self.row), len(self.row) + width):
                self.covered[column] = depth

    def skip_covered(self):
        while self.covered.get(len(self.row), 0) > 0:
            self.row.append(None)

    def hear(self, text):
        if self.cell is not None:
            self.cell.append(text)

    def end_cell(self):
        if self.cell is None:
            return
        self.row.append("".join(self.cell).strip() or None)
        self.row.extend([None] * (self.width - 1))
        self.cell = None
        if len(self.row) > guards.MAX_COLUMNS:
            guards.refuse_width(len(self.row))

    def end_row(self):
        self.end_cell()
        if self.row is None:
            return
        if any(value is not None for value in self.row):
            self.rows.append((self.number, self.row))
        self.covered = {column: rows - 1 for column, rows in self.covered.items() if rows > 1}
        self.row = None


def span(text):
    """A colspan or rowspan as a sane number."""
    text = (text or "1").strip()
    return max(1, min(int(text), 100_000)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
