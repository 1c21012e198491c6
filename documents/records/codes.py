"""A code list to ask: what a code means, which code a text means, and what may be chosen in a year."""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field

from documents import clock
from documents.district import places
from documents.formats import buddhist, thai


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: its long and short label, its parent's code, its years (B.E.) and its facts.

    It can be chosen from the year `since` on and before the year `retired_from`; None is no bound. One that was
    withdrawn before anybody's time (0) is not offered, yet taken where a file has it.
    """

    code: str
    label: str
    short: str
    label_en: str = ""
    parent: str | None = None
    retired_from: int | None = None
    synonyms: tuple[str, ...] = ()
    facts: dict = field(default_factory=dict)
    since: int | None = None

    def in_year(self, academic_year: int) -> bool:
        """Whether it can be chosen in an academic year (B.E.)."""
        begun = self.since is None or academic_year >= self.since
        return begun and (self.retired_from is None or academic_year < self.retired_from)


class Codes:
    """A code list to ask: labels by code, codes by what a person or a file wrote."""

    def __init__(self, name, title, entries, *, source="", version=0, default=None, pad=True, parents=None):
        self.name, self.title, self.source, self.parents = name, title, source, parents
        self.version, self.default, self.pad = version, default, pad
        self.entries: dict[str, Entry] = {entry.code: entry for entry in entries}
        self.bounded = frozenset(
            entry.code
            for entry in self.entries.values()
            if entry.since is not None or entry.retired_from is not None
        )
        self._widest = max((len(code) for code in self.entries), default=0)
        self._written: list[dict[str, list[str]]] | None = None

    @property
    def codes(self):
        """Every code, withdrawn ones too, in order."""
        return self.entries.keys()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(code, label) of what can be chosen in the academic year in question (`ask_year`), else in today's."""
        if not self.bounded:
            return [(entry.code, entry.label) for entry in self.entries.values()]
        return self.choices_in(year_in_question())

    def choices_in(self, academic_year: int) -> list[tuple[str, str]]:
        """(code, label) of what could be chosen in an academic year (B.E.)."""
        return [(entry.code, entry.label) for entry in self.entries.values() if entry.in_year(academic_year)]

    def refusal(self, code: str, academic_year: int) -> str | None:
        """Why a code cannot be chosen in an academic year (B.E.), as a sentence; None where it can."""
        entry = self.entries.get(code) if code in self.bounded else None
        if entry is None or entry.retired_from == 0 or entry.in_year(academic_year):
            return None
        if entry.retired_from is not None and academic_year >= entry.retired_from:
            return f"“{entry.label}” เลิกใช้ตั้งแต่ปีการศึกษา {entry.retired_from} กรุณาเลือกค่าอื่น"
        return f"“{entry.label}” ใช้ได้ตั้งแต่ปีการศึกษา {entry.since} กรุณาเลือกค่าอื่น"

    def children(self, parent: str) -> list[tuple[str, str]]:
        """(code, label) of the choices under a parent's code."""
        return [(code, label) for code, label in self.choices if self.entries[code].parent == parent]

    def entry(self, code: str | None) -> Entry | None:
        """The entry of a code; None for an unknown one."""
        return self.entries.get(code) if code else None

    def label(self, code: str | None) -> str:
        """The long label; an unknown code as it is, so that bad data shows; "" for nothing."""
        found = self.entry(code)
        return found.label if found else str(code or "")

    def short(self, code: str | None) -> str:
        """The short label (อ.1), else the long one; an unknown code as it is."""
        found = self.entry(code)
        return found.short if found else str(code or "")

    def parent(self, code: str | None) -> str | None:
        """The code of the entry's parent, None where there is none."""
        found = self.entry(code)
        return found.parent if found else None

    def fact(self, code: str | None, name: str, otherwise=None):
        """A fact of a code: `fact("001", "sex")` of TITLE is "M"."""
        found = self.entry(code)
        return found.facts.get(name, otherwise) if found else otherwise

    def find(self, text: object, parent: str | None = None) -> str | None:
        """The code that a text means: code, long or short label, English, a known other spelling.

        Blanks, dots, case and Thai digits do not count. None when nothing fits, or several do.
        """
        text = thai.arabic_digits(thai.clean(text))
        if text in self.entries:
            return self._only(text, parent)
        if self.pad and text.isascii() and text.isdigit() and text.zfill(self._widest) in self.entries:
            return self._only(text.zfill(self._widest), parent)
        for written in self._by_writing():
            if fitting := self._fitting(written.get(plain(text), []), parent):
                return fitting[0] if len(fitting) == 1 else None
        return None

    def _only(self, code: str, parent: str | None) -> str | None:
        return next(iter(self._fitting([code], parent)), None)

    def _fitting(self, codes: list[str], parent: str | None) -> list[str]:
        return [code for code in codes if parent is None or self.entries[code].parent == parent]

    def _by_writing(self) -> list[dict[str, list[str]]]:
        """Codes by plain writing: by what entries are shown as, then by what they are known as besides."""
        if self._written is None:
            self._written = [self._written_as(names) for names in (labels_of, other_names_of)]
        return self._written

    def _written_as(self, names) -> dict[str, list[str]]:
        written: dict[str, list[str]] = {}
        for entry in self.entries.values():
            for key in {plain(name) for name in names(entry)} - {""}:
                written.setdefault(key, []).append(entry.code)
        return written


def labels_of(entry: Entry) -> tuple[str, ...]:
    """The names an entry is shown by."""
    return entry.label, entry.short


def other_names_of(entry: Entry) -> tuple[str, ...]:
    """The names an entry is known by besides: English, other spellings."""
    return entry.label_en, *entry.synonyms


_UNWRITTEN = re.compile(r"[\s.,()/'\"]|-(?!$)")


def plain(text: str) -> str:
    """A label without blanks, dots, commas, brackets, slashes and inner hyphens, in lower case."""
    return _UNWRITTEN.sub("", thai.arabic_digits(thai.clean(text))).lower()


class PlaceCodes(Codes):
    """Provinces, districts or subdistricts; a name that several places bear wants its parent's code."""

    def __init__(self, name: str, title: str, width: int):
        self.width = width
        entries = (
            Entry(code, thai_name, thai_name, english, places.parent(code))
            for code, (thai_name, english) in places.names().items()
            if len(code) == width
        )
        super().__init__(name, title, entries, source="geothai: กรมการปกครอง (CC BY 4.0)", pad=False)

    def children(self, parent: str) -> list[tuple[str, str]]:
        return list(places.children(parent)) if len(parent or "") == self.width - 2 else []

    def find(self, text: object, parent: str | None = None) -> str | None:
        return places.find_in(text, self.width, parent)


PLACES = {"PROVINCE": ("จังหวัด", 2), "DISTRICT": ("อำเภอ", 4), "SUBDISTRICT": ("ตำบล", 6)}
_year: ContextVar[int | None] = ContextVar("code_lists_in", default=None)


def ask_year(academic_year: int | None) -> None:
    """What is offered from now on is what that academic year (B.E.) may choose from; None: today's."""
    _year.set(academic_year)


def year_in_question() -> int:
    """The academic year (B.E.) whose choices are offered now: the one that was asked for, else today's."""
    return _year.get() or buddhist.academic_year(clock.today())
