"""The grid of a subsystem: columns, what a cell shows, marks on what is missing, chips, pager."""

from dataclasses import replace
from urllib.parse import quote

from flask import flash, g, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents import access, history, listing
from documents.codelists import code_list
from documents.completeness import required_known, unreviewed_counter
from documents.contexts import contexts_of, looking_back_all
from documents.database import collection
from documents.digests import documents_of
from documents.record import declared, shown_fields
from documents.schools import School
from views import formatters, shell
from views.found import in_cells
from views.grid_rows import NAME, PK, Column, Pattern, options_html, rows_html

LETTERS = "กขคจฉชซฌญฐณดตถทธนบปผฝพฟภมยรลวศสหอฮ"
NARROWED_BY = ("search", "missing", "by_district", "unreviewed", "letter")  # what a new search begins without
QUICK = 90  # the place in the address of a filter picked beside the search box
LACKING = "lacking"  # the column of what is missing, where only such rows are shown
MOST_SCHOOLS = 1000  # of an area, in one answer of the database
MOST_NAMED = 4  # missing fields named in one place
UNNAMED = "(ยังไม่มีชื่อ)"  # stands where an empty name would leave nothing to press
WAY_IN = {"school", "missing"}  # all that the address of a school's only record may ask
NOT_OF_A_PAGE = ("page", "after", "before", "last", "letter")


class Row:
    """One stored record as a grid shows it: its plain dict, and what Flask-Admin asks of a model."""

    def __init__(self, plain):
        self.plain = plain
        self.id = self.pk = plain["_id"]


class GridMixin:
    """Everything of RecordView that the list page is made of."""

    @property
    def sensitive_on(self):
        """Whether sensitive columns are switched on for this request, by someone who may see them."""
        return bool(request.args.get("sensitive")) and access.sees_sensitive(
            current_user, self.round.area_code, self.school
        )

    @property
    def name_column(self):
        """The column that opens the record: of one record a school, the school's name where that is a column."""
        if self.model.single and self.school is None:
            return "school_code"
        return next(name for name in self.model.grid if name != "school_code")

    def get_list_columns(self):
        """(name, label) of the columns this person sees now."""
        known = shown_fields(self.model)
        columns = []
        for name in self.model.grid:
            if name == "school_code":
                if self.school is None:
                    columns.append((name, "โรงเรียน"))
            elif known[name].personal != "sensitive" or self.sensitive_on:
                columns.append((name, known[name].verbose_name))
            if name == self.name_column and request.args.get("missing"):
                columns.append((LACKING, "ยังไม่กรอก"))
        return columns

    @property
    def _list_columns(self):
        if "record_columns" not in g:
            g.record_columns = self.get_list_columns()
        return g.record_columns

    @property
    def _details_columns(self):
        return [(name, field.verbose_name) for name, field in shown_fields(self.model).items()]

    @property
    def _sortable_columns(self):
        """The name column is in Thai order everywhere; others sort within one school."""
        if "record_sortable" not in g:
            names = [name for name, _ in self._list_columns if name in declared(self.model)]
            columns = [self.name_column, *names] if self.school else [self.name_column]
            g.record_sortable = {name: name for name in columns}
        return g.record_sortable

    def is_editable(self, name):
        """Whether a cell of this column is edited in place by this person here."""
        if "record_editable" not in g:
            g.record_editable = set(self.model.cells) if self.can_edit and self.school else set()
        return name in g.record_editable

    def get_list_form(self):
        """The form that the cells' editors are made of."""
        return type(self._form(self.school))

    def search_placeholder(self):
        """What the search box looks through."""
        return " หรือ".join(declared(self.model)[name].verbose_name for name in self.model.search[:3])

    @expose("/")
    def index_view(self):
        """The grid: one page of a round's records."""
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
        )
        if page.lost:
            flash("รายการที่อ้างถึงไม่อยู่แล้ว จึงแสดงตั้งแต่ต้น", "warning")
        if self.sensitive_on:
            self._note_sensitive(len(page.rows))
        g.record_required = required_known(self.model, wanted.area_code, wanted.academic_year)
        g.record_schools = self._school_names(page.rows)
        self.look_at(self.round, page.rows)
        return self.render(self.list_template, **self._list_context(wanted, page))

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
        """Keep what the checks say of stored records: a few queries, however many rows and schools."""
        codes = sorted({row["school_code"] for row in rows})
        contexts = contexts_of(round_, codes, g.get("record_taught"), rows) if rows else {}
        contexts = looking_back_all(self.model, contexts, round_, rows)
        g.record_found = in_cells(self.model, rows, contexts, self.sensitive_on)

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
            "delete_form": self.delete_form(),
            "action_form": self.action_form() if actions else None,
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
            "filter_groups": self._get_filter_groups(),
            "active_filters": view_args.filters,
            "filter_args": self._get_filters(view_args.filters),
            "filter_chips": self._chips(view_args.filters),
            "actions": actions,
            "actions_confirmation": confirmations,
            "action_looks": self.action_looks,
            "get_pk_value": lambda row: row.pk,
            "get_value": self.get_list_value,
            "grid_rows": lambda end, eye: self._rows_html(rows, bool(actions), end, eye),
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

    # ---- cells ----

    def _rows_html(self, rows, choosable, end, eye):
        """The rows as HTML; see views/grid_rows.py."""
        meta = self._column_meta()
        opens = ".edit_view" if self.can_edit else ".details_view"
        link = self.get_url(opens, id=PK, url=self._address())
        columns = [self._column(name, meta.get(name, {}), link, eye) for name, _ in self._list_columns]
        return rows_html(rows, columns, self._marks, self._row_name, end, choosable)

    def _column(self, name, meta, link, eye):
        field = declared(self.model).get(name)
        typed = (lambda row: formatters.typed(field, row.plain.get(name))) if self.is_editable(name) else None
        return Column(
            name, meta, self._shower(name), typed, link if meta.get("link") else None, self._note, eye
        )

    def _note(self, row):
        """(word, sentence) beside the name: the district wrote it for its school, or it was carried over unreviewed."""
        if said := formatters.for_school(row.plain.get("by_district")):
            return "เขตบันทึกแทน", said
        if row.plain.get("reviewed") is False:
            return "ยังไม่ทบทวน", "ยกมาจากรอบก่อน ยังไม่มีผู้ทบทวนหรือแก้ไข"
        return None

    def _row_name(self, row):
        return NAME if row is Pattern else self.model.headline(row.plain)

    def get_list_value(self, row, name):
        """What a cell shows: words instead of codes, numbers of persons masked."""
        return self._shower(name)(row)

    def _shower(self, name):
        """What makes of a row what a cell of this column shows."""
        if name == "school_code":
            return lambda row: g.record_schools.get(row.plain["school_code"], row.plain["school_code"])
        if name == LACKING:
            return lambda row: self._in_words(self._lacks(row))
        show = formatters.shower(shown_fields(self.model)[name], self.round)
        if name == self.name_column:
            return lambda row: show(row.plain) or UNNAMED
        return lambda row: show(row.plain)

    def _marks(self, row):
        """{column: ('bad' or 'warn', sentence)} of what is missing or was found; the name tells of what has no column."""
        missing = self._lacks(row)
        marks = {
            name: ("bad", f"ยังไม่กรอก{declared(self.model)[name].verbose_name} ต้องกรอกก่อนยืนยันข้อมูล")
            for name in missing
        }
        shown, hidden = dict(self._list_columns), []
        for fields, tone, said in g.record_found.get(row.pk, ()):
            if fields[0] in shown:
                marks.setdefault(fields[0], (tone, said))
            else:
                hidden.append((tone, said))
        if missing and not request.args.get("missing"):
            hidden.append(("warn", f"ยังไม่กรอก: {self._in_words(missing)}"))
        if hidden:
            marks.setdefault(self.name_column, (min(hidden)[0], " · ".join(said for _, said in hidden)))
        return marks

    def _lacks(self, row):
        """Names of the required fields that a row lacks."""
        if not hasattr(row, "missing"):
            row.missing = self.model.missing(row.plain, g.record_required)
        return row.missing

    def _in_words(self, names):
        labels = [declared(self.model)[name].verbose_name for name in names[:MOST_NAMED]]
        more = f" และอีก {len(names) - MOST_NAMED} ช่อง" if len(names) > MOST_NAMED else ""
        return ", ".join(labels) + more

    def _column_meta(self):
        known = shown_fields(self.model)
        meta = {"school_code": {"fix": True}}
        for name, _ in self._list_columns:
            if name not in known:
                continue
            field = known[name]
            meta[name] = {
                "num": field.kind in ("count", "measure"),
                "unit": None if field.unit and f"({field.unit})" in field.verbose_name else field.unit,
                "help": field.help,
                "kind": field.kind,
                "masked": formatters.is_masked(field),
            }
        meta[self.name_column] |= {"keep": True, "link": True, "fix": True}
        return meta

    # ---- addresses ----

    def _address(self, drop=(), **more):
        kept = {
            name: values
            for name, values in request.args.lists()
            if name not in drop and name not in more and name not in NOT_OF_A_PAGE
        }
        kept |= {name: value for name, value in more.items() if value is not None}
        return url_for(f"{self.endpoint}.index_view", **kept)

    def _flt_args(self):
        return [name for name in request.args if name.startswith("flt")]

    def _sort_url(self, column, invert=False, desc=None):
        turned = 1 if desc or (invert and not request.args.get("desc", type=int)) else None
        return self._address(sort=column, desc=turned)

    def _pager(self, wanted, page, count, capped):
        rows, address = page.rows, self._address
        sorted_ = wanted.sort
        at = max(request.args.get("page", 0, type=int), 0)
        if sorted_:
            steps = {
                "first": address() if page.earlier else None,
                "prev": address(page=at - 1 or None) if page.earlier else None,
                "next": address(page=at + 1) if page.later else None,
                "last": None,
            }
        else:
            steps = {
                "first": address() if page.earlier else None,
                "prev": address(before=str(rows[0]["_id"])) if page.earlier and rows else None,
                "next": address(after=str(rows[-1]["_id"])) if page.later and rows else None,
                "last": address(last=1) if page.later else None,
            }
        letters = [] if sorted_ else self._letters()
        first = at * self.page_size + 1 if sorted_ else 1 if not page.earlier else None
        span = {"from": first, "to": first + len(rows) - 1} if first and rows else {}
        about = {"total": count, "capped": capped, "unit": self.model.unit, "letters": letters}
        return about | steps | span

    def _letters(self):
        """The links of the letters: one address, and each letter put into it."""
        chosen, pattern = request.args.get("letter"), self._address(letter=PK)
        return [
            {"label": letter, "href": pattern.replace(PK, quote(letter)), "active": letter == chosen}
            for letter in LETTERS
        ]

    def _chips(self, active):
        chips = []
        for position, (index, name, value) in enumerate(active or []):
            flt = self._filters[index]
            words = dict(flt.options or []).get(value, value)
            if flt.field.codelist and words == value:
                words = code_list(flt.field.codelist).label(value) or value
            word = "" if flt.operator == "eq" else f" {flt.operation()}"
            arg = f"flt{position}_{flt.key}"
            given = next(
                (a for a in request.args if a.endswith(f"_{flt.key}") and request.args[a] == value), arg
            )
            chips.append({"label": name + word, "value": words, "remove": self._address(drop=(given,))})
        if own := self.own_chip():
            chips.append({"label": own[0], "value": own[1], "remove": self._address(drop=self.own_arguments)})
        if request.args.get("missing"):
            chips.append(
                {"label": "แสดง", "value": "เฉพาะที่กรอกไม่ครบ", "remove": self._address(drop=("missing",))}
            )
        if request.args.get("by_district"):
            chips.append(
                {
                    "label": "แสดง",
                    "value": "เฉพาะที่เขตบันทึกแทน",
                    "remove": self._address(drop=("by_district",)),
                }
            )
        if request.args.get("unreviewed"):
            chips.append(
                {"label": "แสดง", "value": "เฉพาะที่ยังไม่ทบทวน", "remove": self._address(drop=("unreviewed",))}
            )
        if request.args.get("letter"):
            chips.append(
                {"label": "ตั้งแต่อักษร", "value": request.args["letter"][:1], "remove": self._address()}
            )
        return chips

    # ---- head ----

    def _head(self, count, capped):
        submission = self._submission()
        if not self.school:
            return {
                "title": self.model.label,
                "sub": [self.round.title + f" ปีการศึกษา {self.round.academic_year}"],
            }
        name = g.record_schools.get(self.school, self.school)
        sub = [self.school]
        if submission:
            sub.append(submission.cluster or "")
        head = {"title": f"{self.model.label} · {name}", "sub": [part for part in sub if part]}
        return head

    def _school_choices(self):
        """(code, name) of the schools a person may narrow the grid to; nothing to choose for one school."""
        if not self.sees_area and len(self.own_schools) < 2:
            return []
        if "record_school_choices" not in g:
            rows = list(self._schools_to_choose())
            g.record_school_choices = [(school["code"], school["name"]) for school in rows]
            grades = {school["code"]: (school.get("grade_from"), school.get("grade_to")) for school in rows}
            g.record_taught = {code: pair for code, pair in grades.items() if all(pair)}
        return g.record_school_choices

    def _schools_to_choose(self):
        query = access.visible_schools(current_user)
        base = {"area_code": self.round.area_code, "kind": {"$in": list(self.model.units)}}
        wanted = {"$and": [base, query]} if query else base
        fields = {"code": 1, "name": 1, "grade_from": 1, "grade_to": 1}
        return collection(School).find(wanted, fields, batch_size=MOST_SCHOOLS).sort("name")

    def _sensitive_switch(self):
        known = shown_fields(self.model)
        any_hidden = any(name in known and known[name].personal == "sensitive" for name in self.model.grid)
        if not any_hidden or not access.sees_sensitive(current_user, self.round.area_code, self.school):
            return None
        on = self.sensitive_on
        return {"on": on, "href": self._address(sensitive=None if on else 1)}
