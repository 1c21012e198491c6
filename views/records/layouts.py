"""Layouts of export files (รูปแบบไฟล์ส่งออก): made, copied and changed by the district and the admin."""

from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import subsystem, subsystems
from documents.district.schools import Area
from documents.errors import Invalid, WrongState
from documents.people.users import EVERY_AREA
from documents.records.declarations import declaration
from documents.records.export_layouts import (
    LONGEST_LABEL,
    LONGEST_NAME,
    forms_of,
    get_layout,
    key_of,
    layouts_of,
    remove_layout,
    save_layout,
)
from documents.trail import history
from exports.workbooks.layouts import layout_of, offered
from views import here
from views.pages import Page, seen_revision
from views.trail import telling

ROLES = ("admin", "district")
MOST_EVENTS = 10


class Layouts(Page, BaseView):
    """The layouts of one kind of record, and the page on which one is made."""

    roles = ROLES

    def __init__(self):
        super().__init__(name="รูปแบบไฟล์ส่งออก", endpoint="layouts", url="/admin/layouts")

    @expose("/")
    def index(self):
        """The area's layouts of a kind of record, beside the product's own."""
        area, document = asked_place()
        made = layouts_of(area, document.slug)
        return self.render(
            "records/layouts.html",
            args=_args(area, document),
            areas=_areas(),
            area=area,
            documents=_kinds(),
            document=document,
            layouts=made,
            own=layout_of(document).written,
            known=offered(layout_of(document)),
            events=_events(area, made),
        )

    @expose("/edit/", methods=("GET", "POST"))
    def edit(self):
        """One layout: its columns in order; a new one begins as the product's, or as the one named by `copy`."""
        area, document = asked_place()
        layout = get_layout(area, document.slug, request.args["id"]) if request.args.get("id") else None
        if request.method == "GET":
            return self._page(area, document, layout)
        typed = _typed(offered(layout_of(document)))
        try:
            save_layout(
                area, document, offered(layout_of(document)), typed, here.person(), layout, seen_revision(),
            )  # fmt: skip
        except (Invalid, WrongState) as refusal:
            wrong = getattr(refusal, "errors", {0: {"name": refusal.message}})[0]
            return make_response(self._page(area, document, layout, typed, wrong), refusal.status)
        flash("บันทึกรูปแบบไฟล์แล้ว เลือกใช้ได้ที่ปุ่ม “ส่งออก” ของตาราง", "success")
        return redirect(url_for(".index", **_args(area, document)), 303)

    def _page(self, area, document, layout, typed=None, wrong=None):
        known = offered(layout_of(document))
        if typed is None:
            typed = _begun(area, document, layout, known)
        return self.render(
            "records/layout.html",
            args=_args(area, document),
            document=document,
            made=layout,
            typed=typed,
            rows=_rows(known, typed),
            forms={name: forms_of(column) for name, column in known.items()},
            key=key_of(document),
            wrong=wrong or {},
            longest={"name": LONGEST_NAME, "label": LONGEST_LABEL},
        )

    @expose("/remove/", methods=("POST",))
    def remove(self):
        """Delete a layout."""
        area, document = asked_place()
        layout = get_layout(area, document.slug, request.form.get("id", ""))
        remove_layout(layout, here.person())
        flash(f"ลบรูปแบบไฟล์ “{layout.name}” แล้ว", "success")
        return redirect(url_for(".index", **_args(area, document)), 303)


def _areas():
    """The areas whose layouts this person may make, by code."""
    codes = current_user.areas(*ROLES)
    return list((Area.objects() if EVERY_AREA in codes else Area.objects(code__in=codes)).order_by("code"))


def _kinds():
    """The kinds of record that files are made of, in menu order."""
    return [document for document in subsystems() if not document.needs_added]


def asked_place():
    """(area code, document as declared there) that the address names, else the first there are; 404 for an unknown one."""
    codes = [area.code for area in _areas()]
    area = request.args.get("area") or (here.area_code() if here.area_code() in codes else None)
    area = area or next(iter(codes), None)
    slugs = [document.slug for document in _kinds()]
    slug = request.args.get("document") or slugs[0]
    if area not in codes or slug not in slugs:
        abort(404)
    kind = subsystem(slug)
    here.look_in(area)
    round_ = here.current_round(kind.subsystem)
    return area, declaration(kind, area, round_.academic_year) if round_ else kind


def _args(area, document):
    return {"document": document.slug} | ({"area": area} if len(_areas()) > 1 else {})


def _begun(area, document, layout, known):
    """What the form shows first: the layout, a copy of another, or the product's own."""
    copied = get_layout(area, document.slug, request.args["copy"]) if request.args.get("copy") else None
    source = layout or copied
    if source is None:
        columns = [
            {"name": column.name, "label": column.label, "form": ""} for column in layout_of(document).written
        ]
        return {"name": "", "columns": columns, "revision": None}
    columns = [
        each | {"label": each["label"] or known[each["name"]].label}
        for each in source.columns
        if each["name"] in known
    ]
    name = source.name if layout else f"{source.name} (สำเนา)"
    return {"name": name, "columns": columns, "revision": layout and layout.revision}


def _rows(known, typed):
    """[(Column, chosen or None)]: the chosen ones in their order, then all others."""
    chosen = {each["name"]: each for each in typed["columns"]}
    return [(known[name], each) for name, each in chosen.items()] + [
        (column, None) for name, column in known.items() if name not in chosen
    ]


def _typed(known):
    """The layout as it was posted: the columns that are ticked, by the number beside each."""
    form, columns = request.form, []
    for place, name in enumerate(known):
        if form.get(f"use-{name}"):
            at = form.get(f"at-{name}", "")
            order = int(at) if at.isascii() and at.isdigit() and len(at) < 5 else 9_999
            each = {
                "name": name,
                "label": form.get(f"label-{name}", ""),
                "form": form.get(f"form-{name}", ""),
            }
            columns.append((order, place, each))
    columns = [each for _, _, each in sorted(columns, key=lambda one: one[:2])]
    return {"name": form.get("name", ""), "columns": columns, "revision": seen_revision()}


def _events(area, layouts):
    """The changes of the layouts, the newest first, for the timeline."""
    rows = [row for one in layouts for row in history.events_of(area, one.id, MOST_EVENTS).as_pymongo()]
    rows = sorted(rows, key=lambda row: (row["at"], row["_id"]), reverse=True)[:MOST_EVENTS]
    return [
        event | {"title": event["subject"]}
        for event in telling.events(rows, here.person(), sensitive=False, whole=True)
    ]
