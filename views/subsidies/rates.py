"""Rates (อัตราเงินอุดหนุน): the tables of a fiscal year and their rows, read by the area, set by its admin."""

from flask import flash, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.clock import utc
from documents.errors import Invalid, OutOfScope, RuleBroken
from documents.formats import buddhist, thai
from documents.subsidies import rates
from documents.subsidies.rate_rows import ITEMS, LEVELS, TERMS, UNITS, baht, plain
from documents.trail import history
from exports.subsidies.money import unit_of
from views import here
from views.pages import Page, seen_revision
from views.trail import telling

READERS = ("district", "approver", "executive", "admin")
FIELDS = ("item", "level", "term", "per", "amount", "days", "size_from", "size_to", "cap", "source_note")
MOST_EVENTS = 20
LONGEST_REASON = 500


class Rates(Page, BaseView):
    """The tables of an area; each row says where it is from and whether somebody verified it."""

    roles = READERS

    def __init__(self):
        super().__init__(name="อัตราเงินอุดหนุน", endpoint="rates", url="/admin/rates")

    @expose("/")
    def index(self):
        """One table and which others there are."""
        area = asked_area()
        return self._page(area)

    def _page(self, area, refusal=None, typed=None):
        tables = rates.tables_of(area)
        table = asked_table(area, tables)
        page = self.render(
            "subsidies/rates.html",
            tables=tables,
            table=table,
            groups=groups_of(table) if table else [],
            count=len(table.rows) if table else 0,
            edits=rates.may_edit(current_user, area),
            next_year=(tables[0].fiscal_year if tables else rates.today()) + 1,
            events=events_of(area, table) if table else [],
            updated=buddhist.format_datetime(utc(table.updated_at)) if table and table.updated_at else "",
            refusal=refusal,
            typed=typed or {},
        )
        return make_response(page, refusal.status if refusal else 200)

    @expose("/edit/", methods=("GET", "POST"))
    def edit(self):
        """The form of a row, new without `rate`; posted, the row is stored and what was typed stays where it is refused."""
        area = asked_area()
        refuse_reader(area)
        table = rates.get_table(area, request.args.get("table"))
        id_ = request.args.get("rate") or None
        typed = {name: as_typed(table.rate(id_), name) for name in FIELDS} if id_ else {"per": "year"}
        typed["verified"] = table.rate(id_).verified if id_ else False
        if request.method == "GET":
            return self._form(table, id_, typed, {})
        typed = {name: thai.clean(request.form.get(name)) for name in FIELDS}
        typed["verified"] = bool(request.form.get("verified"))
        try:
            if seen_revision() != table.revision:
                raise Invalid({0: {"form": rates.CHANGED}})
            rates.save_rate(table, id_, typed, here.person(), reason())
        except RuleBroken as refusal:
            errors = refusal.errors[0] if isinstance(refusal, Invalid) else {"form": refusal.message}
            return self._form(table, id_, typed, errors), refusal.status
        flash("บันทึกอัตราแล้ว ประมาณการงบประมาณใช้อัตราใหม่ทันที", "success")
        return redirect(url_for(".index", table=str(table.id)), 303)

    def _form(self, table, id_, typed, errors):
        return self.render(
            "subsidies/rate_edit.html",
            table=table,
            rate=id_,
            typed=typed,
            errors=errors,
            items={name: item.label for name, item in ITEMS.items()},
            levels={"": "ทุกระดับ"} | {name: words[0] for name, words in LEVELS.items()},
            terms=TERMS,
            units=UNITS,
        )

    @expose("/remove/", methods=("POST",))
    def remove(self):
        """Take a row out."""
        area = asked_area()
        table = rates.get_table(area, request.form.get("table"))
        try:
            rates.remove_rate(table, request.form.get("rate"), here.person(), reason())
            flash("นำอัตราออกแล้ว", "success")
        except RuleBroken as refusal:
            if refusal.status == 403:
                raise
            flash(refusal.message, "error")
        return redirect(url_for(".index", table=str(table.id)), 303)

    @expose("/new/", methods=("POST",))
    def new(self):
        """A new table: of a fiscal year, or a trial; copied from one, raised by percent."""
        area, form = asked_area(), request.form
        refuse_reader(area)
        typed = {
            name: thai.arabic_digits(thai.clean(form.get(name)))
            for name in ("fiscal_year", "name", "percent", "copied")
        }
        try:
            copied = rates.get_table(area, typed["copied"]) if typed["copied"] else None
            year, percent = (whole(typed[name], name) for name in ("fiscal_year", "percent"))
            table = rates.make_table(area, year, here.person(), typed["name"], copied, percent, reason())
        except Invalid as refusal:
            return self._page(area, refusal, typed)
        flash(f"เพิ่มตาราง{table.title} แล้ว", "success")
        return redirect(url_for(".index", table=str(table.id)), 303)

    @expose("/delete/", methods=("POST",))
    def delete(self):
        """Remove a trial."""
        area = asked_area()
        table = rates.get_table(area, request.form.get("table"))
        try:
            rates.remove_table(table, here.person(), reason())
            flash(f"ลบตาราง{table.title} แล้ว", "success")
        except RuleBroken as refusal:
            if refusal.status == 403:
                raise
            flash(refusal.message, "error")
        return redirect(url_for(".index"), 303)

    @expose("/seed/", methods=("POST",))
    def seed(self):
        """Give an area without rates those the product knows."""
        area = asked_area()
        refuse_reader(area)
        made = rates.seed(area, here.person())
        flash(
            f"เพิ่มอัตราตั้งต้น {made} ปีงบประมาณแล้ว กรุณาตรวจสอบแถวที่ยังไม่ตรวจสอบ" if made else "เขตนี้มีอัตราแล้ว",
            "success",
        )
        return redirect(url_for(".index"), 303)


def asked_area():
    """The area this person works in. Raises OutOfScope without one."""
    area = here.area_code()
    if not area:
        raise OutOfScope("กรุณาเลือกเขตพื้นที่ก่อน")
    return area


def asked_table(area, tables):
    """The table of the address, else that of the present fiscal year, None without any."""
    if asked := request.args.get("table"):
        return rates.get_table(area, asked)
    usual = rates.table_for(area, rates.today())
    return next((table for table in tables if usual and table.id == usual.id), None)


def refuse_reader(area):
    """Raises NotAllowed for who may only read."""
    rates.refuse(here.person(), area)


def reason():
    """The reason that was typed, or None."""
    return thai.clean(request.form.get("reason"))[:LONGEST_REASON] or None


def whole(text, name):
    """A typed whole number, 0 for none. Raises Invalid by name."""
    digits = text.lstrip("+-").removesuffix("%")
    if not text:
        return 0
    if not digits.isdecimal() or len(digits) > 6:
        raise Invalid({0: {name: "กรุณากรอกเป็นจำนวนเต็ม"}})
    return -int(digits) if text.startswith("-") else int(digits)


def as_typed(rate, name):
    """A stored value of a row as its field shows it."""
    value = plain(rate)[name]
    return baht(value) if name == "amount" else "" if value is None else str(value)


def row_of(rate):
    """One row as the page draws it."""
    return {
        "id": str(rate.id),
        "item": ITEMS[rate.item].label,
        "level": LEVELS[rate.level][0] if rate.level else "ทุกระดับ",
        "term": TERMS[rate.term],
        "size": rate.size,
        "amount": baht(rate.amount),
        "unit": unit_of(rate),
        "note": rate.source_note,
        "verified": rate.verified,
        "words": rate.words,
        "estimated": ITEMS[rate.item].pays_for is not None,
    }


def groups_of(table):
    """[{item, estimated, sources, rows}] of a table: the rows of an item together, a source that all share said once."""
    found = {}
    for rate in table.rates:
        found.setdefault(rate.item, []).append(row_of(rate))
    groups = []
    for item, rows in found.items():
        alike = len({(row["note"], row["verified"]) for row in rows}) == 1
        groups.append(
            {"item": ITEMS[item].label, "estimated": rows[0]["estimated"], "alike": alike, "rows": rows}
        )
    return groups


def events_of(area, table):
    """The last changes of a table, for the timeline."""
    rows = list(history.events_of(area, table.id, MOST_EVENTS).as_pymongo())
    return [
        event | {"title": event["subject"]}
        for event in telling.events(rows, here.person(), sensitive=False, whole=True)
    ]
