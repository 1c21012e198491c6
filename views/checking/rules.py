"""The rules that an area makes (กฎตรวจสอบของเขต): listed, made, tried on a round, let count, retired."""

from flask import abort, flash, g, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import subsystem, subsystems
from documents.checking.check_rules import (
    COUNTING,
    DRAFT,
    RETIRED,
    STATES,
    get_rule,
    is_personal,
    rules_of,
    versions_of,
)
from documents.checking.checks import ERROR, LEVELS, WARNING
from documents.checking.conditions import parts_of
from documents.checking.finding_lists import headlines_of
from documents.checking.rule_edits import change_rule, let_count, make_rule, retire
from documents.checking.rule_trials import rounds_for, try_rule
from documents.district.schools import Area, School
from documents.dmc.small_cells import SMALL
from documents.errors import Invalid, RuleBroken
from documents.formats import buddhist
from documents.people import access
from documents.people.users import EVERY_AREA
from documents.records import fields
from documents.records.declarations import ever_declared
from documents.records.kinds import survey_documents
from documents.trail import history
from views import here, links
from views.checking.rule_editor import (
    PREFIXES,
    conditions_of,
    first_typed,
    redraws,
    typed_now,
    typed_of,
    typed_reason,
    values_of,
)
from views.jobs import follow
from views.pages import Page, seen_revision
from views.trail import telling

STATE_TONES = {DRAFT: "info", COUNTING: "ok", RETIRED: "muted"}
LEVEL_LOOKS = {ERROR: ("late", "bang"), WARNING: ("back", "alert")}
MOST_EVENTS = 20
READERS = ("admin", "district")


class Rules(Page, BaseView):
    """The rules of an area: seen by its district officers, made by its admin."""

    roles = READERS

    def __init__(self):
        super().__init__(name="กฎตรวจสอบของเขต", endpoint="rules", url="/admin/rules")

    @expose("/")
    def index(self):
        """The rules of the area, by kind of record."""
        area, documents = asked_area(), kinds_of(asked_area())
        return self.render(
            "checking/rules.html",
            area=area,
            areas=areas_seen(),
            groups=groups_of(area, documents),
            may_make=current_user.holds("admin", area),
            args=_args(area),
        )

    @expose("/new/", methods=("GET", "POST"))
    def new(self):
        """The editor of a new rule; posted, the draft is stored."""
        area = asked_area()
        if not current_user.holds("admin", area):
            abort(403)
        documents = kinds_of(area)
        slug = request.args.get("document", next(iter(documents)))
        document = documents.get(slug) or abort(404)
        if request.method == "GET" or redraws():
            return self._editor(area, document, typed_now() if redraws() else first_typed(area, document))
        typed = typed_now()
        try:
            made = make_rule(area, slug, values_of(typed), here.person(), typed_reason())
        except Invalid as refusal:
            return self._editor(area, document, typed, refusal)
        flash(f"บันทึกร่างกฎ {made.code} แล้ว ยังไม่มีผล กรุณาลองกับรอบปัจจุบันก่อน", "success")
        return _to(made)

    @expose("/edit/", methods=("GET", "POST"))
    def edit(self):
        """The editor of a draft, or of the version that is to follow one that counts."""
        rule = asked_rule(request.values.get("id"))
        if not current_user.holds("admin", rule.area_code):
            abort(403)
        document = subsystem(rule.document)
        if request.method == "GET" or redraws():
            return self._editor(
                rule.area_code, document, typed_now() if redraws() else typed_of(rule), rule=rule
            )
        typed = typed_now()
        try:
            made = change_rule(rule, values_of(typed), here.person(), seen_revision(), typed_reason())
        except RuleBroken as refusal:
            return self._editor(rule.area_code, document, typed, refusal, rule)
        flash(f"บันทึกร่างกฎ {made.code} ฉบับที่ {made.version} แล้ว กรุณาลองกับรอบปัจจุบันก่อนให้มีผล", "success")
        return _to(made)

    @expose("/conditions/", methods=("POST",))
    def conditions(self):
        """The two conditions of a rule as they are typed now, a piece of the editor."""
        area = asked_area()
        document = kinds_of(area).get(request.form.get("document", "")) or abort(404)
        return self.render(
            "checking/rule_conditions.html", errors={}, **conditions_of(area, document, typed_now())
        )

    @expose("/details/")
    def details(self):
        """One version of a rule: what it says, what it found when it was tried, and what can be done with it."""
        return self._details(asked_rule(request.args.get("id")))

    @expose("/try/", methods=("POST",))
    def try_(self):
        """Try a draft on a round; a large one by a job."""
        rule = asked_rule(request.form.get("id"))
        rounds = {str(each.id): each for each in rounds_for(rule)}
        chosen = rounds.get(request.form.get("round", "")) if rounds else None
        if rounds and chosen is None:
            abort(404)
        try:
            job = try_rule(rule, chosen, here.person(), seen_revision(), url_for(".details", id=rule.id))
        except RuleBroken as refusal:
            return self._details(rule, refusal)
        if job:
            return follow(job)
        flash("ลองกฎแล้ว ดูผลด้านล่าง ยังไม่มีผลกับโรงเรียนใด", "success")
        return _to(rule)

    @expose("/count/", methods=("POST",))
    def count(self):
        """Let a draft that was tried count."""
        rule = asked_rule(request.form.get("id"))
        try:
            let_count(rule, here.person(), seen_revision())
        except RuleBroken as refusal:
            return self._details(rule, refusal)
        flash(f"กฎ {rule.code} มีผลแล้ว ข้อมูลที่ยังไม่ล็อกจะถูกตรวจด้วยกฎนี้ภายในหนึ่งนาที", "success")
        return _to(rule)

    @expose("/retire/", methods=("POST",))
    def retire(self):
        """Use a rule no longer, or give up a draft."""
        rule = asked_rule(request.form.get("id"))
        try:
            retire(rule, here.person(), seen_revision(), request.form.get("reason"))
        except RuleBroken as refusal:
            return self._details(rule, refusal)
        flash(f"เลิกใช้กฎ {rule.code} ฉบับที่ {rule.version} แล้ว ข้อที่กฎนี้พบจะปิดไปเอง", "success")
        return _to(rule)

    def _details(self, rule, refusal=None):
        area, year = rule.area_code, year_of(rule)
        with_examples = sees_examples(rule)
        page = self.render(
            "checking/rule.html",
            rule=rule,
            refusal=refusal,
            words=words_of(rule),
            document=subsystem(rule.document),
            problem=rule.problem_in(year) if rule.state in (DRAFT, COUNTING) else None,
            year=year,
            levels=LEVELS,
            looks=LEVEL_LOOKS,
            states=STATES,
            tones=STATE_TONES,
            may_make=current_user.holds("admin", area),
            rounds=rounds_for(rule) if rule.state == DRAFT else [],
            current=getattr(here.current_round(rule.subsystem), "id", None),
            found=found_words(rule),
            examples=examples_of(rule) if with_examples else [],
            versions=versions_of(rule),
            events=events_of(rule),
            format_datetime=buddhist.format_datetime,
            args=_args(area),
        )
        return make_response(page, refusal.status if refusal else 200)

    def _editor(self, area, document, typed, refusal=None, rule=None):
        errors = refusal.errors[0] if isinstance(refusal, Invalid) else {}
        page = self.render(
            "checking/rule_edit.html",
            documents=kinds_of(area),
            rule=rule,
            errors=errors,
            refusal=refusal,
            levels=LEVELS,
            args=_args(area),
            **conditions_of(area, document, typed),
        )
        return make_response(page, refusal.status if refusal else 200)


# ---- where, and what ----


def areas_seen():
    """The Areas whose rules this person sees, by code; asked once a request."""
    if "rule_areas" not in g:
        codes = current_user.areas(*READERS)
        found = Area.objects() if EVERY_AREA in codes else Area.objects(code__in=codes)
        g.rule_areas = list(found.order_by("code"))
    return g.rule_areas


def asked_area():
    """The code of the area that the address names, else of the one worked in; 404 for one whose rules are not shown."""
    codes = [area.code for area in areas_seen()]
    area = request.args.get("area") or (
        here.area_code() if here.area_code() in codes else next(iter(codes), None)
    )
    return here.look_in(area) if area in codes else abort(404)


def _args(area):
    return {"area": area} if len(areas_seen()) > 1 else {}


def _to(rule):
    return redirect(url_for(".details", id=rule.id), 303)


def asked_rule(id_):
    """The CheckRule that an address or form names; 404 for one this person does not see."""
    try:
        found = get_rule(here.person(), id_)
    except RuleBroken:
        g.refused = "unknown", None
        abort(404)
    here.look_in(found.area_code)
    return found


def kinds_of(area):
    """{slug: class} of the kinds of record that an area has, its surveys too, in menu order."""
    if "rule_kinds" not in g:
        g.rule_kinds = {document.slug: document for document in subsystems()} | survey_documents([area])
    return g.rule_kinds


def groups_of(area, documents):
    """[(class, [{rule, draft, words, problem}])] of the kinds of record that have rules, in menu order."""
    found = {}
    for rule, draft in rules_of(area):
        problem = rule.problem_in(year_of(rule)) if rule.state in (DRAFT, COUNTING) else None
        row = {
            "rule": rule,
            "draft": draft,
            "words": words_of(rule),
            "problem": problem,
            "found": found_words(rule),
        }
        row |= {"state": STATES[rule.state], "tone": STATE_TONES.get(rule.state, "muted")}
        row |= {"level": LEVELS[rule.level], "look": LEVEL_LOOKS[rule.level]}
        found.setdefault(rule.document, []).append(row)
    return [(documents[slug], found[slug]) for slug in documents if slug in found]


def year_of(rule):
    """The academic year a rule is looked at for: the one worked in where it is for that, else its first."""
    current = here.current_round(rule.subsystem)
    return current.academic_year if current and rule.holds_in(current.academic_year) else rule.first_year


def words_of(rule):
    """{condition, only} of a rule, each as (field, comparison, value) in Thai; None where there is none."""
    known = ever_declared(subsystem(rule.document), rule.area_code)
    return {name: parts_of(rule[name], known) if rule[name] else None for name in PREFIXES}


# ---- what a trial found ----


def sees_examples(rule):
    """Whether this person may open the records that a rule finds, and be told what it tells of them."""
    if access.open_schools(current_user, rule.area_code) is not None:
        return False
    known = ever_declared(subsystem(rule.document), rule.area_code)
    sensitive = any(known[name].personal == fields.SENSITIVE for name in rule.names if name in known)
    return not sensitive or access.sees_sensitive(current_user, rule.area_code)


def found_words(rule):
    """What a trial found, in words; of persons small numbers are for those alone who may see whom it found."""
    if not rule.tried:
        return None
    records, of = rule.tried["records"], rule.tried["of"]
    if records < SMALL and of and is_personal(rule) and not sees_examples(rule):
        return f"พบน้อยกว่า {SMALL} จาก {of:,} รายการ"
    return f"พบ {records:,} จาก {of:,} รายการ ใน {rule.tried['schools']:,} โรงเรียน"


def examples_of(rule):
    """[{name, school, href}] of the first records that a trial found, as far as they are still there."""
    rows = [
        {
            "document": rule.document,
            "record": each["id"],
            "area_code": rule.area_code,
            "school_code": each["school_code"],
        }
        for each in rule.tried.get("examples", ())
    ]
    names = headlines_of(rows)
    codes = sorted({row["school_code"] for row in rows})
    schools = dict(School.objects(area_code=rule.area_code, code__in=codes).scalar("code", "name"))
    at = rule.names[0]
    return [
        {
            "name": names[row["record"]],
            "school": schools.get(row["school_code"], row["school_code"]),
            "href": links.field_of(rule.document, row["record"], at),
        }
        for row in rows
        if row["record"] in names
    ]


def events_of(rule):
    """The history of a rule through all its versions, for the timeline, newest first."""
    rows = history.events_of(rule.area_code, rule.rule, MOST_EVENTS).as_pymongo()
    return [
        event | {"title": event["action"]}
        for event in telling.events(list(rows), here.person(), sensitive=False, whole=True)
    ]
