"""Importing the list of schools, their land, or rooms by grade: choose a file, say which column is what, read the plan, then the deed."""

import io

from flask import redirect, request, send_file, url_for
from flask_admin import expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.collecting.rounds import get_round
from documents.district.school_names import LEAST, SURE
from documents.district.school_profile import in_words
from documents.district.schools import School, may_edit
from documents.errors import NotAllowed, RuleBroken
from documents.formats import thai
from documents.people.users import EVERY_AREA
from documents.trail import history
from exports.district.school_fields import KINDS, fields_of, guess, known_labels
from exports.district.school_jobs import LISTS, rows_workbook
from exports.district.school_plan import ABSENT, KEYS, OUTCOMES, refuse_mapping
from exports.district.school_plan import rows_of as kept_rows
from exports.dmc.room_plan import plan_rooms
from exports.file_jobs import XLSX
from exports.imports import mapped_files
from exports.imports.mapped_files import table_of
from exports.imports.named_schools import names_in
from exports.workbooks.workbook import file_name
from views import here
from views.here import person
from views.jobs import follow
from views.records.files_in import posted_file
from views.records.files_out import SCOPE, hands_out
from views.records.naming import settled

TABS = ("errors", "new", "changed", "absent")
SHOWN = 300
PAGE = 100  # rows of a planned list on one page
LISTED = ("new", "changed", "refused", "faults", "elsewhere", "same", ABSENT, "total")
TITLES = {"schools": "รายชื่อโรงเรียน", "land": "ที่ดินของโรงเรียน"}
MANY_COLUMNS = 40  # above it the columns that are not read are folded away


class SchoolImport:
    """The part of the view of schools behind its import pages."""

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self):
        """Choose a file; a readable one goes on to its columns, any other gets its sentence."""
        area, refusal = asked_area(), None
        if request.method == "POST":
            try:
                return redirect(url_for(".map_view", id=str(kept_upload(area))), 303)
            except RuleBroken as broken:
                refusal = broken
        page = self.render("district/school_import.html", refusal=refusal, kinds=kinds_of(area))
        return page if refusal is None else (page, refusal.status)

    @expose("/import/map/", methods=("GET", "POST"))
    def map_view(self):
        """The file's columns beside the fields they may be; posted, the plan or what is wrong with the choice."""
        upload = mapped_files.find(request.values.get("id"), person())
        area = asked_area(upload["area_code"])
        table = table_of(upload["content"], upload["filename"], known_labels(), asked_header())
        choice = chosen(area, table)
        if request.method == "POST":
            choice["names"] = posted_names(table, choice["kind"])
            try:
                return self._plan(upload, table, choice)
            except RuleBroken as broken:
                return self._mapping(upload, table, choice, broken), broken.status
        return self._mapping(upload, table, choice)

    def _plan(self, upload, table, choice):
        """Plan the file by the chosen columns: a list of schools by a job, which tells how far it is."""
        area, kind, names = upload["area_code"], choice["kind"], choice["names"]
        page = url_for(".import_plan_view", id=str(upload["_id"]))
        at = {name: index for index, name in names.items()}
        keys, least = (KEYS, SURE) if kind in LISTS else (("code",), LEAST)
        refuse_mapping(names, (*keys, "name"))
        named = names_in(table, at, keys, area, person(), least)
        answers = settled(named, area, "กดตรวจอีกครั้ง")
        if kind in LISTS:
            mapped_files.remember(area, table, kind, names, person())
            told = {"upload_id": str(upload["_id"]), "header": table.header_row}
            told |= {"names": {str(index): name for index, name in names.items()}}
            told |= {
                "trusts": bool(request.form.get("trusts")),
                "then": page,
                "answers": answers,
                "kind": kind,
            }
            back = url_for(".map_view", id=str(upload["_id"]))
            title = f"ตรวจ{TITLES[kind]} {upload['filename']}"
            return follow(ask("plan_schools", person(), area, None, title, told, href=back))
        plan = planned_rooms(area, table, names, names_in(table, at, keys, area, person(), least, answers))
        mapped_files.remember(area, table, kind, names, person())
        mapped_files.keep_plan(upload["_id"], person(), plan)
        return redirect(page, 303)

    def _mapping(self, upload, table, choice, refusal=None):
        columns = [
            {
                "index": index,
                "title": table.title_of(index),
                "samples": table.samples(index),
                "field": choice["names"].get(index),
            }
            for index in range(len(table.columns))
        ]
        groups = {}
        for one in fields_of(choice["kind"]):
            groups.setdefault(one.group, []).append((one.name, one.label))
        return self.render(
            "district/school_map.html",
            upload=upload,
            table=table,
            choice=choice,
            columns=columns,
            folds=len(columns) > MANY_COLUMNS,
            groups=groups,
            kinds=kinds_of(upload["area_code"]),
            first_rows=[number for number, _values in table.first][:10],
            trusts=bool(request.form.get("trusts")),
            refusal=refusal,
        )

    @expose("/import/plan/")
    def import_plan_view(self):
        """What the file would change."""
        upload = mapped_files.find(request.args.get("id"), person(), *KINDS)
        asked_area(upload["area_code"])
        plan = upload["plan"]
        if plan["kind"] in LISTS:
            return self._list_plan(upload, plan)
        counts = {name: len(plan[name]) for name in TABS} | {"same": plan["same"]}
        shown = request.args.get("show")
        active = (
            shown if shown in TABS else next((tab for tab in ("new", "changed", *TABS) if counts[tab]), "new")
        )
        return self.render(
            "district/school_plan.html",
            upload=upload,
            plan=plan,
            counts=counts,
            active=active,
            rows=rows_of(plan, active),
            most=SHOWN,
            broken=sum(one["whole"] for one in plan["errors"]),
            hrefs={tab: url_for(".import_plan_view", id=upload["_id"], show=tab) for tab in TABS},
        )

    def _list_plan(self, upload, plan):
        """The plan of a list of schools: what becomes of its rows, a page at a time."""
        counts = plan["counts"] | {"faults": plan["faults"]}
        shown = request.args.get("show")
        active = shown if shown in LISTED else next((one for one in LISTED if counts.get(one)), "new")
        page = min(max(request.args.get("page", 0, int), 0), 1_000)
        rows = list(kept_rows(upload["area_code"], upload["_id"], active, page * PAGE, PAGE + 1))

        def href(to):
            return url_for(".import_plan_view", id=upload["_id"], show=active, page=to)

        return self.render(
            "district/school_list_plan.html",
            upload=upload,
            plan=plan,
            counts=counts,
            words=OUTCOMES,
            active=active,
            rows=[told_row(one) for one in rows[:PAGE]],
            hrefs={tab: url_for(".import_plan_view", id=upload["_id"], show=tab) for tab in LISTED},
            before=href(page - 1) if page else None,
            after=href(page + 1) if len(rows) > PAGE else None,
        )

    @expose("/import/rows/")
    @hands_out(SCOPE)
    def import_rows_view(self):
        """Every row of a planned list with its outcome and why, as a workbook; noted."""
        upload = mapped_files.find(request.args.get("id"), person(), *LISTS)
        area, plan = asked_area(upload["area_code"]), upload["plan"]
        told = {"what": "school_list", "rows": plan["rows"], "kind": "xlsx"}
        changes = {name: [None, value] for name, value in told.items()}
        history.note_event(area, person(), "export", "access", person().id, changes)
        name = file_name(f"ผลรายแถว {upload['filename'].rpartition('.')[0] or upload['filename']}")
        content = io.BytesIO(rows_workbook(area, upload))
        return send_file(content, XLSX, as_attachment=True, download_name=name)

    @expose("/import/apply/", methods=("POST",))
    def import_apply_view(self):
        """The deed, by a job: a list piece by piece, rooms all or none for a school; what was refused is told."""
        upload = mapped_files.find(request.form.get("id"), person(), *KINDS)
        area, plan = asked_area(upload["area_code"]), upload["plan"]
        reason = thai.clean(request.form.get("reason"))[:500] or f"นำเข้าจากไฟล์ {upload['filename']}"
        broken = broken_rows(plan)
        if broken and not request.form.get("partly"):
            raise RuleBroken(f"ไฟล์ยังมี {broken:,} แถวที่นำเข้าไม่ได้ กรุณาแก้ในไฟล์ หรือยืนยันว่าให้นำเข้าเฉพาะแถวที่ถูกต้อง")
        with mapped_files.claimed(upload["_id"], person()):
            job = self._ask(upload, area, reason)
        return follow(job)

    @expose("/import/undo/", methods=("POST",))
    def import_undo_view(self):
        """Take a stored list back, by a job, as long as its plan is kept."""
        upload = mapped_files.find(request.form.get("id"), person(), *LISTS)
        area = asked_area(upload["area_code"])
        if upload["state"] != "done":
            raise RuleBroken("แผนนี้ยังไม่ได้บันทึก จึงไม่มีอะไรให้เลิกทำ")
        reason = thai.clean(request.form.get("reason"))[:500] or f"เลิกทำการนำเข้าจากไฟล์ {upload['filename']}"
        told = {"upload_id": str(upload["_id"]), "reason": reason}
        page = url_for(".import_plan_view", id=str(upload["_id"]))
        title = f"เลิกทำการนำเข้า{TITLES[upload['plan']['kind']]} {upload['filename']}"
        return follow(ask("undo_schools", person(), area, None, title, told, href=page))

    def _ask(self, upload, area, reason):
        plan, told = upload["plan"], {"upload_id": str(upload["_id"]), "reason": reason}
        if plan["kind"] in LISTS:
            page = url_for(".import_plan_view", id=str(upload["_id"]))
            title = f"นำเข้า{TITLES[plan['kind']]} {upload['filename']}"
            return ask("import_schools", person(), area, None, title, told, href=page)
        round_ = get_round([area], plan["round"])
        title = f"นำเข้าจำนวนห้องเรียน {upload['filename']}"
        return ask("import_rooms", person(), area, round_, title, told, href="/admin/rooms/")


def broken_rows(plan):
    """How many rows of a plan cannot be imported."""
    if plan["kind"] in LISTS:
        return plan["counts"].get("refused", 0)
    return sum(one["whole"] for one in plan["errors"])


def told_row(row):
    """One kept row of a planned list as its page draws it."""
    before = row.get("before", {})
    told = [
        (School._fields[name].verbose_name, in_words(name, before.get(name)), in_words(name, value))
        for name, value in row.get("values", {}).items()
        if name != "name" or before.get("name")
    ]
    return row | {"told": told}


def asked_area(area_code=None):
    """The area whose schools are imported: the person's present one, or a stored upload's. Raises NotAllowed."""
    mine = [area for area in current_user.areas("district", "admin") if area != EVERY_AREA]
    area = area_code or (here.area_code() if here.area_code() in mine else next(iter(mine), None))
    if area is None or not may_edit(current_user, area):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบของเขตเท่านั้นที่นำเข้ารายชื่อโรงเรียนได้")
    return area


def kinds_of(area):
    """{kind: words} of what this person may import; rooms are records, which the district alone writes."""
    writes = current_user.holds("district", area)
    return {kind: words for kind, words in KINDS.items() if kind in LISTS or writes}


def kept_upload(area):
    """Keep the posted file once it can be read as a table; gives its id. Raises RuleBroken."""
    content, name = posted_file()
    table_of(content, name, known_labels())
    return mapped_files.keep(content, name, area, person())


def asked_header():
    """The row that the person says is the header: 0 for none, None when he says nothing."""
    row = request.values.get("header", "")
    return int(row) if row.isascii() and row.isdigit() and len(row) < 4 else None


def chosen(area, table):
    """{kind, names, header, why}: as this area read such a file before, else as it looks; the address may say other."""
    kinds, known = kinds_of(area), mapped_files.remembered(area, table)
    kind, names, why = (known["kind"], known["names"], None) if known else guess(table)
    asked = request.values.get("kind")
    if asked in kinds and asked != kind:
        kind, known, why = asked, None, None
        names = guess(table, asked)[1]
    if kind not in kinds:
        kind, known, why = "schools", None, None
        names = guess(table, kind)[1]
    if known:
        why = f"จับคู่คอลัมน์ตามที่ {known['by_name']} เคยเลือกไว้กับไฟล์แบบนี้"
    return {"kind": kind, "names": names, "why": why}


def posted_names(table, kind):
    """{column index: field} as posted; what is no field of the kind is left out."""
    known = {one.name for one in fields_of(kind)}
    posted = {index: request.form.get(f"col-{index}", "") for index in range(len(table.columns))}
    return {index: name for index, name in posted.items() if name in known}


def planned_rooms(area, table, names, named):
    """The plan of a file of rooms by the chosen columns. Raises RuleBroken."""
    round_ = here.current_round("DMC")
    if round_ is None or round_.area_code != area:
        raise RuleBroken("ยังไม่มีรอบ DMC ที่เลือกอยู่ กรุณาเปิดรอบก่อนนำเข้าจำนวนห้องเรียน")
    plan = plan_rooms(table, names, round_, named) | {"round": str(round_.id), "label": round_.label}
    return plan | {"understood": [*table.understood, *named.in_words()], "warnings": table.warnings}


def rows_of(plan, tab):
    """The first rows of one tab of a plan of rooms, as district/school_plan.html draws them."""
    rows = plan[tab][:SHOWN]
    if tab in ("errors", "absent"):
        return rows
    labels = {one.name: one.label for one in fields_of("rooms")}
    return [
        one | {"told": [(labels[f"rooms_{grade}"], old, new) for grade, old, new, *_ids in one["cells"]]}
        for one in rows
    ]
