"""The grid of a subsystem: the page that puts together rows, counts, narrowings and head.

Its columns stand in `record_columns.py`, its links in `record_links.py`. A page asks the database four times: who reads; what
is known of the area, with what the page needs of it besides; the rows; what the rows are checked beside, with what waits.
"""

from dataclasses import replace

from flask import flash, g, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.checking.contexts import contexts_of, looking_back_all
from documents.database import collection
from documents.district.schools import School
from documents.people import access
from documents.records import listing
from documents.records.codelists import code_list
from documents.records.completeness import required_known, unreviewed_counter
from documents.records.export_layouts import layouts_question
from documents.records.kinds import documents_of
from documents.records.record import shown_fields
from documents.trail import history
from views import here, shell
from views.records.found import in_cells
from views.records.grid_marks import Marks
from views.records.grid_rows import Pattern, options_html

NARROWED_BY = ("search", "missing", "by_district", "unreviewed", "letter")  # what a new search begins without
QUICK = 90  # the place in the address of a filter picked beside the search box
WAY_IN = {"school", "missing"}  # all that the address of a school's only record may ask
ANCHOR, SCHOOLS, LAYOUTS = "anchor", "schools", "layouts"  # what is asked with what is known of the area


class Row:
    """One stored record as a grid shows it: its plain dict, and what Flask-Admin asks of a model."""

    def __init__(self, plain):
        self.plain = plain
        self.id = self.pk = plain["_id"]


class GridMixin:
    """Everything of RecordView that the list page is made of."""

    @expose("/")
    def index_view(self):
        """The grid: one page of a round's records."""
        self._ask_along()
        if self.round is None:
            return self.render("khet/no_round.html")
        if self.model.single and self.sees_school and request.args.keys() <= WAY_IN:
            return redirect(self._the_one_record())
        if moved := self.refuse_number_in_address():
            return moved
        if empty := [name for name in self._flt_args() if not request.args[name]]:
            return redirect(self._address(drop=empty))  # "all of them" was picked
        wanted = self.wanted
        page = listing.page_of(
            wanted,
            current_user,
            after=request.args.get("after"),
            before=request.args.get("before"),
            page=max(request.args.get("page", 0, type=int), 0),
            letter=request.args.get("letter", "")[:1],
            last=bool(request.args.get("last")),
            read=here.told(ANCHOR),
        )
        if page.lost:
            flash("รายการที่อ้างถึงไม่อยู่แล้ว จึงแสดงตั้งแต่ต้น", "warning")
        if self.sensitive_on:
            self._note_sensitive(len(page.rows))
        g.record_schools = self._school_names(page.rows)
        self.look_at(self.round, page.rows)
        return self.render(self.list_template, **self._list_context(wanted, page))

    def _ask_along(self):
        """Have what the page needs of the area asked with what is known of it: where it begins, schools, layouts of files."""
        area = here.area_code()
        if area is None:
            return
        asked = {LAYOUTS: layouts_question(area, self.document.slug)}
        if anchor := request.args.get("after") or request.args.get("before"):
            asked[ANCHOR] = listing.anchor_question(self.document, area, anchor)
        if self._chooses_schools(area):
            asked[SCHOOLS] = self._schools_to_choose(area)
        here.ask_along(area, asked)

    def _the_one_record(self):
        """Where a school's only record is filled in: its form, or its details for who cannot write here now."""
        found = listing.first_of(self.wanted, current_user)
        if found:
            return self.get_url(
                ".edit_view" if self._writable(self.school) else ".details_view", id=found["_id"]
            )
        if self._writable(self.school):
            return self.get_url(".create_view", school=self.school)
        return self._address(school=self.school, sort=0)

    def _note_sensitive(self, rows):
        """Seeing the sensitive class is noted: who, which round, how many rows."""
        history.note_event(
            self.round.area_code,
            current_user._get_current_object(),
            "view_sensitive",
            "access",
            current_user.id,
            {"rows": [None, rows], "round": [None, self.round.label], "school": [None, self.school]},
            seen={"what": self.model.slug, "subsystem": self.model.subsystem},
        )

    def _school_names(self, rows):
        """{code: name} of the schools on this page, and the grades each teaches; those to choose from are known already."""
        codes = {row["school_code"] for row in rows} | ({self.school} if self.sees_school else set())
        names = dict(self._school_choices())
        taught = g.setdefault("record_taught", {})
        if unknown := sorted(codes - names.keys()):
            found = School.objects(area_code=self.round.area_code, code__in=unknown)
            for school in found.only("code", "name", "grade_from", "grade_to"):
                names[school.code] = school.name
                if school.grade_from and school.grade_to:
                    taught[school.code] = (school.grade_from, school.grade_to)
        return names

    def look_at(self, round_, rows):
        """Keep the marks of stored records, what the checks say of them included: a few queries, however many rows and schools."""
        codes, taught, contexts = sorted({row["school_code"] for row in rows}), g.get("record_taught"), {}
        if rows:
            contexts = contexts_of(round_, codes, taught, rows, ask=shell.asked_with_waits)
            contexts = looking_back_all(self.model, contexts, round_, rows)
        found = in_cells(self.model, rows, contexts, self.sensitive_on)
        required = required_known(self.model, round_.area_code, round_.academic_year)
        shown, apart = [name for name, _ in self._list_columns], bool(request.args.get("missing"))
        g.record_marks = Marks(self.model, required, found, shown, self.name_column, apart)

    def _list_context(self, wanted, page):
        """What Flask-Admin's list template gets, and what ours adds (see its head)."""
        count, capped = self._count(wanted, page)
        view_args = self._get_list_extra_args()
        actions, confirmations = self.get_actions_list() if self.can_edit else ([], {})
        rows = [Row(plain) for plain in page.rows]
        sample = self._form(self.school) if self.can_edit and self.school else None
        return {
            "data": rows,
            "list_forms": {},
            "list_form_sample": sample,
            "list_columns": self._list_columns,
            "sortable_columns": self._sortable_columns,
            "editable_columns": self.model.cells if sample else (),
            "list_row_actions": self.get_list_row_actions(),
            "count": count,
            "match_count": self._exact(wanted, count, capped) if actions else count,
            "num_pages": None,
            "page": view_args.page,
            "page_size": self.page_size,
            "sort_column": view_args.sort,
            "sort_desc": view_args.sort_desc,
            "sort_url": self._sort_url,
            "search_supported": self._search_supported,
            "clear_search_url": self._address(drop=(*NARROWED_BY, *self.own_arguments, *self._flt_args())),
            "search": wanted.search,
            "search_action": url_for(f"{self.endpoint}.search_view"),
            "search_placeholder": self.search_placeholder(),
            "search_words": self.model.search_hint or f"ค้นหา{self.search_placeholder()}",
            "filters": self._filters,
            "filter_groups": self._offered.groups,
            "filter_menu": self._offered.menu,
            "active_filters": view_args.filters,
            "filter_args": self._get_filters(view_args.filters),
            "filter_chips": self._chips(view_args.filters),
            "actions": actions,
            "actions_confirmation": confirmations,
            "action_looks": self.action_looks,
            "get_pk_value": lambda row: row.pk,
            "get_value": self.get_list_value,
            "grid_rows": lambda end, eye: self._rows_html(page.rows, bool(actions), end, eye),
            "reveal_url": self.get_url(".reveal"),
            "pattern": Pattern,
            "options_html": options_html,
            "return_url": self._address(),
            "enumerate": enumerate,
            "column_meta": self._column_meta(),
            "row_name": self._row_name,
            "row_revision": lambda row: row.plain["revision"],
            "grid_unit": self.model.unit,
            "grid_pager": self._pager(wanted, page, count, capped),
            "history_url": url_for(f"{self.endpoint}.history_view"),
            "sensitive_switch": self._sensitive_switch(),
            "page_head": self._head(count, capped),
            "school_choices": self._school_choices(),
            "grid_place": f"ของ {g.record_schools[self.school]}" if self.school in g.record_schools else "",
            "submission": self._submission(),
            "refusal": g.get("refusal"),
        } | self._narrowings(wanted)

    def _narrowings(self, wanted):
        """What the template gets of the ways to narrow the grid with one press."""
        return {
            "missing_href": self._address(missing=None if wanted.missing else 1),
            "missing_on": wanted.missing,
            "missing_count": self._missing_count(),
            "quick_filters": self._quick_filters(),
            "by_district": self._by_district(),
            "unreviewed": self._unreviewed(wanted),
        }

    # ---- counts ----

    def _count(self, wanted, page):
        """A whole scope's count is kept by the door; a narrowed one is counted up to a bound, if not all is in sight."""
        if not (page.earlier or page.later or request.args.get("letter")):
            return len(page.rows), False
        narrowed = wanted.search or wanted.criteria or wanted.missing
        kept = self.model.slug in self.model.tally({})
        if narrowed or not kept:
            return listing.count_of(wanted, current_user)
        if self.school:
            submission = self._submission()
            return (submission.counts.get(self.model.slug, 0) if submission else 0), False
        return shell.sums_once(self.round, current_user).counts.get(self.model.slug, 0), False

    def _missing_count(self):
        """How many records of what this person sees lack something required.

        The door keeps one count for all documents of a submission: the first's, but for the few of the others.
        """
        if self.model is not documents_of(self.model.subsystem)[0]:
            here = replace(self.wanted, search="", criteria=(), missing=True)
            return listing.count_of(here, current_user)[0]
        if self.school:
            submission = self._submission()
            return submission.counts.get("incomplete", 0) if submission else 0
        return shell.sums_once(self.round, current_user).counts.get("incomplete", 0)

    def _by_district(self):
        """{on, href, count} of the records that the district wrote for the schools; None where there is none."""
        on = bool(request.args.get("by_district"))
        submission = self._submission() if self.school else None
        count = submission.counts.get("by_district", 0) if submission else 0
        if not on and not count:
            return None
        return {"on": on, "count": count, "href": self._address(by_district=None if on else 1)}

    def _unreviewed(self, wanted):
        """{on, href, count, shown, action, reason} of a school's records carried over that nobody has looked over yet.

        `shown` are those among what the grid is narrowed to, which one press looks over; None where there is none.
        """
        submission = self._submission()
        count = submission.counts.get(unreviewed_counter(self.model), 0) if submission else 0
        on = bool(request.args.get("unreviewed"))
        if not count and not on:
            return None
        those = wanted if on else replace(wanted, criteria=(*wanted.criteria, {"reviewed": False}))
        return {
            "on": on, "count": count, "href": self._address(unreviewed=None if on else 1),
            "back": self._address(unreviewed=None),
            "shown": listing.count_of(those, current_user, exactly=True)[0] if count and self.can_edit else 0,
            "action": f"{self.get_url('.action_view')}?{self._address(unreviewed=1).partition('?')[2]}",
            "reason": access.writes_as(current_user, submission.area_code, self.school) == "district"
            if submission else False,
        }  # fmt: skip

    def _quick_filters(self):
        """The filters that stand open beside the search box: [{arg, label, options, value}]."""
        shown = []
        for flt in self._filters:
            if flt.field.name in self.model.quick and flt.operator == "eq" and flt.options:
                given = next((name for name in request.args if name.endswith(f"_{flt.key}")), None)
                codes = code_list(flt.field.codelist)
                options = [(code, codes.short(code) or label) for code, label in flt.options]
                value = request.args.get(given) if given else None
                shown.append(
                    {
                        "arg": given or f"flt{QUICK}_{flt.key}",
                        "label": flt.name,
                        "options": options,
                        "value": value,
                    }
                )
        return shown

    def _exact(self, wanted, count, capped):
        """How many "select all that match" means: counted exactly."""
        return listing.count_of(wanted, current_user, exactly=True)[0] if capped else count

    def _submission(self):
        return self._submission_of(self.school) if self.sees_school else None

    # ---- head ----

    def _head(self, count, capped):
        submission = self._submission()
        if not self.school:
            return {
                "title": self.model.label,
                "sub": [self.round.title, f"ปีการศึกษา {self.round.academic_year}"],
            }
        name = g.record_schools.get(self.school, self.school)
        sub = [self.school]
        if submission:
            sub.append(submission.cluster or "")
        head = {"title": f"{self.model.label} · {name}", "sub": [part for part in sub if part]}
        return head

    def _school_choices(self):
        """(code, name) of the schools a person may narrow the grid to; nothing to choose for one school."""
        if not self.round or not self._chooses_schools(self.round.area_code):
            return []
        if "record_school_choices" not in g:
            rows = here.told(SCHOOLS)
            if rows is None:
                document, pipeline = self._schools_to_choose(self.round.area_code)
                rows = list(collection(document).aggregate(pipeline))
            g.record_school_choices = [(school["code"], school["name"]) for school in rows]
            grades = {school["code"]: (school.get("grade_from"), school.get("grade_to")) for school in rows}
            g.record_taught = {code: pair for code, pair in grades.items() if all(pair)}
        return g.record_school_choices

    def _chooses_schools(self, area):
        return self._sees_all_of(area) or len(self._own_schools_in(area)) > 1

    def _schools_to_choose(self, area):
        """What gives an area's schools that this person may choose from, by name, as `database.asked_together` takes it."""
        base = {"area_code": area, "kind": {"$in": list(self.document.units)}}
        visible = access.visible_schools(current_user)
        fields = {"code": 1, "name": 1, "grade_from": 1, "grade_to": 1}
        wanted = {"$and": [base, visible]} if visible else base
        return School, [{"$match": wanted}, {"$sort": {"name": 1}}, {"$project": fields}]

    def _sensitive_switch(self):
        known = shown_fields(self.model)
        any_hidden = any(name in known and known[name].personal == "sensitive" for name in self.model.grid)
        if not any_hidden or not access.sees_sensitive(current_user, self.round.area_code, self.school):
            return None
        on = self.sensitive_on
        return {"on": on, "href": self._address(sensitive=None if on else 1)}
