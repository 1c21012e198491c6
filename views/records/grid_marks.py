"""What a grid says in the cells of stored records: the required fields that are empty, and what the checks found."""

from documents.records.record import declared

MOST_NAMED = 4  # missing fields named in one place
NONE = {}


class Marks:
    """The marks of a page's records.

    `required` are names of fields, `found` {id: [(fields, 'bad' or 'warn', sentence)]}. `shown` are the names of the
    columns; what has none is told of in the column `name`, and what is empty too, unless that has a column of its own
    (`apart`).
    """

    def __init__(self, document, required, found, shown, name, apart):
        self.document, self.required, self.found = document, required, found
        self.shown, self.name, self.apart = frozenset(shown), name, apart
        self.known, self.lacking, self.sentences = declared(document), {}, {}

    def of(self, plain):
        """{column: ('bad' or 'warn', sentence)} of a stored dict."""
        missing, found = self.lacks(plain), self.found.get(plain["_id"], ())
        if not missing and not found:
            return NONE
        marks, hidden = {name: self._blank(name) for name in missing}, []
        for fields, tone, said in found:
            if fields[0] in self.shown:
                marks.setdefault(fields[0], (tone, said))
            else:
                hidden.append((tone, said))
        if missing and not self.apart:
            hidden.append(("warn", f"ยังไม่กรอก: {self.in_words(missing)}"))
        if hidden:
            marks.setdefault(self.name, (min(hidden)[0], " · ".join(said for _, said in hidden)))
        return marks

    def lacks(self, plain):
        """Names of the required fields that a stored dict lacks; looked at once for each record."""
        id_ = plain["_id"]
        if id_ not in self.lacking:
            self.lacking[id_] = tuple(self.document.missing(plain, self.required))
        return self.lacking[id_]

    def in_words(self, names):
        """The first of the fields by their labels, and how many more there are."""
        labels = [self.known[name].verbose_name for name in names[:MOST_NAMED]]
        more = f" และอีก {len(names) - MOST_NAMED} ช่อง" if len(names) > MOST_NAMED else ""
        return ", ".join(labels) + more

    def _blank(self, name):
        if name not in self.sentences:
            said = f"ยังไม่กรอก{self.known[name].verbose_name} ต้องกรอกก่อนยืนยันข้อมูล"
            self.sentences[name] = "bad", said
        return self.sentences[name]
