"""The search box of a grid: words stand in the address, a number that may be a person's does not.

An address is kept by the browser's history and by every proxy's log. So the box posts, and what may be a person's
number is kept with the session; the address carries a token that means it to this session alone.
"""

import re

from flask import flash, g, redirect, request, session, url_for
from flask_admin import expose

from documents.formats import thai
from documents.people import sessions
from documents.records import listing
from views.links import RESERVED
from views.records.record_links import NOT_OF_A_PAGE

TOKEN = re.compile("~[0-9a-f]{12}")
A_NUMBER = re.compile(r"\d{9,}")  # a citizen number or a good part of one, a G-code, a telephone number
GAPS = re.compile(r"[\s\-‐-―.]+")
MOST_KEPT = 40  # parts of an address that go along


def may_be_of_a_person(term):
    """Whether a searched text holds digits enough to be a person's number, however grouped."""
    return bool(A_NUMBER.search(GAPS.sub("", thai.arabic_digits(thai.clean(term)))))


class SearchMixin:
    """The part of RecordView behind its search box."""

    @property
    def search_term(self):
        """What is searched: the address's words, or what its token stands for; '' for a token of another session."""
        asked = request.args.get("search", "")[: listing.LONGEST_SEARCH]
        if not TOKEN.fullmatch(asked):
            return asked
        if "record_search" not in g:
            g.record_search = sessions.kept_search(session.get("sid"), asked)
        return g.record_search

    @expose("/search/", methods=("POST",))
    def search_view(self):
        """Leads to the grid narrowed to what was typed, the rest of its address as it was."""
        kept = [
            (name, value)
            for name, value in request.form.items(multi=True)
            if name not in ("csrf_token", "search", *NOT_OF_A_PAGE, *RESERVED)
        ][:MOST_KEPT]
        return redirect(self._searched(kept, request.form.get("search", "")), 303)

    def refuse_number_in_address(self):
        """The redirect that takes a person's number out of the address, None where there is none to take."""
        asked = request.args.get("search", "")
        if TOKEN.fullmatch(asked) and not self.search_term:
            flash("คำค้นนี้ใช้ได้เฉพาะในการเข้าใช้ครั้งที่ค้น กรุณาพิมพ์ค้นใหม่", "warning")
        if not may_be_of_a_person(asked) or TOKEN.fullmatch(asked):
            return None
        kept = [(name, value) for name, value in request.args.items(multi=True) if name != "search"]
        return redirect(self._searched(kept, asked))

    def _searched(self, kept, typed):
        """The address of the grid with these parts and this search."""
        term = thai.clean(typed)[: listing.LONGEST_SEARCH]
        if may_be_of_a_person(term):
            term = sessions.keep_search(session["sid"], term)
        parts = {}
        for name, value in [*kept, *([("search", term)] if term else [])]:
            parts.setdefault(name, []).append(value)
        return url_for(f"{self.endpoint}.index_view", **parts)
