"""Money (ประมาณการงบประมาณ): what a locked round's pupils bring, by school, item and district, and by another table of rates."""

import io

from flask import abort, flash, redirect, request, send_file, url_for
from flask_admin import expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.collecting.freezing import freeze_of
from documents.collecting.rounds import Round
from documents.dmc import counting
from documents.errors import Invalid, OutOfScope, WrongState
from documents.formats import buddhist
from documents.people import access
from documents.subsidies import money, money_back, rates
from documents.subsidies.rate_rows import HOME, LEVELS, baht
from exports.file_jobs import PDF
from exports.subsidies import money as tables
from exports.subsidies.money_letter import letter_file_name, letters_file_name, letters_pdf
from views import here, links
from views.jobs import deliver
from views.records.exporting import note_export
from views.records.files_out import SCOPE, hands_out
from views.records.report_page import OVERSEERS, ReportPage, as_page, whose_name

ROLES = (*access.SCHOOL_READERS, *OVERSEERS)
LONGEST_REASON = 500


class Money(ReportPage):
    """The estimate of a round; a school has its own statement alone."""

    template = "subsidies/money.html"
    roles = ROLES
    crumb = "ประมาณการงบประมาณ"

    def __init__(self):
        super().__init__(name="ประมาณการงบประมาณ", endpoint="money", url="/admin/money")

    @expose("/")
    def index(self):
        """One table on the screen."""
        round_ = asked_round()
        if round_ is None:
            return self.render("subsidies/money_none.html")
        what, school = asked_what(round_)
        try:
            estimate = asked_estimate(round_, school)
        except WrongState as refusal:
            return self.render("subsidies/money_none.html", refusal=refusal.message), refusal.status
        other = asked_other(round_, estimate)
        report, bars = table_of(what, round_, estimate, school, other), []
        table = as_page(report)
        if what == "schools":
            lead(round_, table)
        if what == "back":
            lead_to_leavers(round_, table)
        if what == "items":
            bars = bars_of(estimate, tables.items_for(estimate, sees_poor(round_)))
        asked = {"table": request.args.get("table"), "with": request.args.get("with"), "school": school}
        return self.page(
            report,
            table=table,
            when=round_.label,
            sub=[whose_name(round_, school), str(round_), "ข้อมูล ณ วันที่ " + buddhist.format_long(round_.as_of)],
            asked={name: value for name, value in asked.items() if value},
            tabs=[] if school else tabs_of(other),
            back=None,
            bars=bars,
            told=list(notes_of(round_, estimate, what, school)),
            estimate=estimate,
            round=round_,
            school=school,
            sees_area=sees_area(round_),
            letters_for_all=not school and reads_records(round_) and sees_poor(round_),
            rate_tables=rates.tables_of(round_.area_code) if sees_area(round_) else [],
            other=other,
            rules=tables.rules_in_words(round_),
            counted_href=counted_href(round_, school),
            leavers_href=leavers_href(round_, what, school),
            home=home_form(round_) if what == "items" else None,
            stats=stats_of(round_, estimate, school),
        )  # fmt: skip

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The table, or all of the area's (`what` is all), as a workbook with the rates; noted before it is sent."""
        round_ = asked_round() or abort(404)
        if request.args.get("what") == "all" and sees_area(round_):
            names, school, title = [*tables.SHORT], None, "ประมาณการงบประมาณ"
        else:
            what, school = asked_what(round_)
            names, title = [what], tables.TITLES[what]
        estimate = asked_estimate(round_, school)
        other = asked_other(round_, estimate)
        made = [table_of(name, round_, estimate, school, other) for name in names]
        whose = whose_name(round_, school)
        content = tables.money_workbook(estimate, made, whose)
        note_export(here.person(), round_, "money", school, sum(len(each.rows) for each in made), "xlsx")
        return self.file(content, tables.money_file_name(estimate, title, whose))

    @expose("/export/letter/")
    @hands_out(SCOPE)
    def export_letter(self):
        """The letter of a school as PDF; of all of them, for the district, by a job."""
        round_ = asked_round() or abort(404)
        if request.args.get("what") == "all":
            if not reads_records(round_) or not sees_poor(round_):
                raise OutOfScope("จดหมายทุกโรงเรียนมีจำนวนนักเรียนยากจน จัดทำได้เฉพาะผู้มีสิทธิ์ดูข้อมูลอ่อนไหวของเขต")
            estimate = asked_estimate(round_, None)
            title = letters_file_name(estimate)
            asked = {"round_id": str(round_.id), "table_id": str(estimate.table.id)}
            back = url_for(".index")
            return deliver(
                ask("money_letters", here.person(), round_.area_code, round_, title, asked, href=back)
            )
        school = asked_what(round_, "school")[1]
        if not access.sees_sensitive(current_user, round_.area_code, school):
            raise OutOfScope("จดหมายมีจำนวนนักเรียนยากจนของโรงเรียน เปิดได้เฉพาะผู้มีสิทธิ์ดูข้อมูลอ่อนไหว")
        estimate = asked_estimate(round_, school)
        content = letters_pdf(estimate, estimate.schools, here.area_name(round_.area_code))
        note_export(here.person(), round_, "money_letter", school, 1, "pdf")
        name = letter_file_name(estimate, estimate.schools[0])
        return send_file(io.BytesIO(content), PDF, as_attachment=True, download_name=name)

    @expose("/home-learners/", methods=("POST",))
    def home_learners(self):
        """Say how many learners are taught by their families."""
        round_ = asked_round() or abort(404)
        revision = request.form.get("revision", "")
        try:
            money.set_home_learners(
                round_, request.form, int(revision) if revision.isdecimal() and len(revision) < 9 else -1, here.person(),
                (request.form.get("reason") or "")[:LONGEST_REASON] or None,
            )  # fmt: skip
            flash("บันทึกจำนวนผู้เรียนการศึกษาโดยครอบครัวแล้ว", "success")
        except (Invalid, WrongState) as refusal:
            flash(refusal.message, "error")
        return redirect(url_for(".index", what="items"), 303)


# ---- what is asked for ----


def asked_round():
    """The round in the top bar if it is a locked one of pupils, else the newest locked one; None where there is none."""
    area = here.area_code()
    current = here.current_round(money.SUBSYSTEM)
    if isinstance(current, Round) and current.sealed and current.state != "closing":
        return current
    return next(iter(money.locked_rounds(area)), None) if area else None


def sees_area(round_):
    """Whether this person reads the sums of the whole area."""
    return any(current_user.holds(role, round_.area_code) for role in OVERSEERS)


def reads_records(round_):
    """Whether this person reads the records of the whole area."""
    return any(current_user.holds(role, round_.area_code) for role in access.AREA_READERS)


def sees_poor(round_):
    """Whether this person may know how many of one school are poor, of whichever school of the area."""
    return access.sees_sensitive(current_user, round_.area_code)


def asked_what(round_, what=None):
    """(name of the table, school code or None) of the address. Raises OutOfScope for what this person has not."""
    own = [code for area, code in current_user.schools(*access.SCHOOL_READERS) if area == round_.area_code]
    school = request.args.get("school", "")[:8]
    what = what or request.args.get("what") or ("school" if school or not sees_area(round_) else "schools")
    if what not in tables.TITLES:
        abort(404)
    if what == "leavers":
        return what, _school_of_leavers(round_, school, own)
    if what != "school":
        if not sees_area(round_):
            raise OutOfScope()
        return what, None
    school = school or next(iter(own), "")
    # One school's statement tells how many of its pupils are poor.
    if not (school in own or (reads_records(round_) and sees_poor(round_))):
        raise OutOfScope("รายละเอียดรายโรงเรียนมีจำนวนนักเรียนยากจน เปิดได้เฉพาะโรงเรียนนั้นและผู้มีสิทธิ์ดูข้อมูลอ่อนไหวของเขต")
    if school not in {each["code"] for each in (freeze_of(round_) or abort(404)).schools}:
        raise OutOfScope()
    return what, school


def _school_of_leavers(round_, school, own):
    """Whose leavers are listed by name: a school's, or all of the area (None) for who reads its records."""
    if reads_records(round_):
        return school or None
    school = school or next(iter(own), "")
    if school not in own:
        raise OutOfScope("รายชื่อผู้ที่ออกเปิดได้เฉพาะโรงเรียนนั้น เจ้าหน้าที่เขต และผู้รับรองระดับเขต")
    return school


def asked_estimate(round_, school):
    """The Estimate by the table that an overseer chose, else by the fiscal year's."""
    chosen = request.args.get("table") if sees_area(round_) else None
    table = rates.get_table(round_.area_code, chosen) if chosen else None
    return money.estimate_of(round_, table, [school] if school else None)


def asked_other(round_, estimate):
    """The Estimate by the second table, to stand beside the first; None without one."""
    chosen = request.args.get("with") if sees_area(round_) else None
    if not chosen or chosen == str(estimate.table.id):
        return None
    return money.estimate_of(round_, rates.get_table(round_.area_code, chosen))


# ---- what is shown ----


def table_of(what, round_, estimate, school, other):
    """The Table of a name. 404 for a comparison with nothing."""
    sensitive = sees_poor(round_)
    shown = tables.items_for(estimate, sensitive)
    if what == "school":
        return tables.statement(estimate, estimate.schools[0])
    if what == "leavers":
        leavers = money_back.leavers_of(round_, [school] if school else None)
        poor = access.sees_sensitive(current_user, round_.area_code, school)
        return tables.leavers_table(estimate, leavers, poor)
    if what == "items":
        return tables.items_table(estimate, sensitive)
    if what == "districts":
        return tables.districts_table(estimate, shown)
    if what == "back":
        return tables.back_table(
            estimate, money_back.owed_of(estimate, money_back.leavers_of(round_)), sensitive
        )
    if what in tables.COMPARED:
        if other is None:
            abort(404, "กรุณาเลือกตารางอัตราที่จะเปรียบเทียบก่อน")
        both = [item for item in rates.ITEMS if item in {*shown, *tables.items_for(other, sensitive)}]
        return {"compare": tables.compared, "compare_schools": tables.compared_schools}[what](
            estimate, other, both
        )
    return tables.schools_table(estimate, shown)


def tabs_of(other):
    """[(name, words)] of the tables there are."""
    return list((tables.SHORT | (tables.COMPARED if other else {})).items())


def lead(round_, table):
    """Lead from a school to its statement and from its pupils to the report behind the number."""
    opens = reads_records(round_) and sees_poor(round_)
    for row in table["rows"]:
        code = row["cells"][1]
        if code and opens:
            row["cells"][0] = {"value": row["cells"][0], "href": url_for(".index", school=code)}
        if code and reads_records(round_):
            row["cells"][3] = {"value": row["cells"][3], "href": counted_href(round_, code)}


def lead_to_leavers(round_, table):
    """Lead from the number of who left a school to their names."""
    if reads_records(round_):
        for row in table["rows"]:
            row["cells"][3] = {
                "value": row["cells"][3], "href": url_for(".index", what="leavers", school=row["cells"][1])
            }  # fmt: skip


def counted_href(round_, school=None):
    """The address of exactly the pupils who count for money, of a school or of all; None for who sees no pupils."""
    if not (access.sees(current_user, round_.area_code, school) if school else reads_records(round_)):
        return None
    asked = {"report": "for-money", "line": counting.COUNTED, "school": school}
    return links.choose(round_, then=url_for("students.index_view", **{k: v for k, v in asked.items() if v}))


def leavers_href(round_, what, school):
    """The address of the names of who left since, of a school or of all; None for who sees no pupils, and on that page."""
    if what == "leavers" or not (
        access.sees(current_user, round_.area_code, school) if school else reads_records(round_)
    ):
        return None
    return url_for(".index", what="leavers", school=school)


def bars_of(estimate, shown):
    """[{label, value, text}] of the items."""
    sums = [(tables.BRIEF[item], estimate.total(items=(item,))) for item in shown]
    return [
        {"label": label, "value": satang // 100, "text": baht(satang)} for label, satang in sums if satang
    ]


def stats_of(round_, estimate, school):
    """[(label, value, unit)] above the table."""
    shown = estimate.items if school or sees_poor(round_) else tables.items_for(estimate, False)
    yield "นักเรียนที่นับเพื่อจัดสรร", f"{estimate.heads():,}", "คน"
    yield "ประมาณการทั้งปี", baht(estimate.total(items=shown)), "บาท"
    yield f"ประมาณการของ{tables.TERMS[estimate.term]}", baht(estimate.total("term", shown)), "บาท"


def notes_of(round_, estimate, what, school):
    """(sentence, tone) of what is to be known of the figures."""
    current = here.current_round(money.SUBSYSTEM)
    if current is not None and current.id != round_.id:
        yield f"รอบที่เลือก ({current.label}) ยังไม่ล็อก จึงแสดงรอบล่าสุดที่ล็อกแล้ว ({round_.label})", "info"
    if not estimate.exact and not estimate.table.is_trial:
        yield f"ยังไม่มีอัตราปีงบประมาณ {estimate.fiscal_year} จึงใช้อัตรา{estimate.table.title} แทน", "warn"
    if estimate.table.is_trial:
        yield f"กำลังใช้ตารางทดลอง “{estimate.table.title}” ตัวเลขนี้ไม่ใช่ประมาณการตามอัตราจริง", "warn"
    if unsure := sorted({tables.BRIEF[rate.item] for rate in estimate.unverified}):
        yield f"อัตราที่ยังไม่ตรวจสอบ: {', '.join(unsure)}", "warn"
    if (
        not school
        and not sees_poor(round_)
        and set(tables.SENSITIVE) & set(estimate.items)
        and what != "items"
    ):
        yield "ไม่รวมปัจจัยพื้นฐานนักเรียนยากจน เพราะจำนวนรายโรงเรียนเป็นข้อมูลอ่อนไหว ดูยอดรวมเขตที่ “ตามรายการ”", "info"
    for item in estimate.left_out:
        yield f"{rates.ITEMS[item].label}: {rates.ITEMS[item].note}", "info"
    if what == "back" and not sees_poor(round_):
        yield "จำนวนนักเรียนยากจนที่ย้ายออกและเงินที่อาจต้องคืน แสดงเฉพาะผู้มีสิทธิ์ดูข้อมูลอ่อนไหว", "info"


def home_form(round_):
    """{levels: [(level, label, learners)], revision} for the district officer's form; None for others."""
    if not current_user.holds("district", round_.area_code):
        return None
    stored = money.home_learners(round_)
    counts = stored.counts if stored else {}
    return {
        "levels": [(level, words[0], counts.get(level, 0)) for level, words in LEVELS.items()],
        "revision": stored.revision if stored else 0,
        "item": rates.ITEMS[HOME].label,
    }
