"""Findings (ผลการตรวจสอบ): what the checks found in a school or the area, where to mend it, and the reasons written."""

from bson import ObjectId
from flask import abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background import jobs
from documents.checking import checks, finding_answers, finding_lists, findings
from documents.checking.check_rules import all_checks_in, check_named, titles_in
from documents.checking.checks import LEVELS
from documents.checking.finding_lists import ALL, Wanted
from documents.checking.findings import FIXED, OPEN, STATES
from documents.checking.freshening import freshness_of
from documents.collecting.submissions import find_submission, submissions_of, visible_to
from documents.collecting.waiting import unreviewed
from documents.errors import Invalid, NotAllowed, RuleBroken
from documents.formats import buddhist, thai
from documents.people import access
from documents.records.kinds import documents_of
from documents.records.record import Place
from exports.checking import findings as files
from views import instants, links, shell
from views.jobs import follow
from views.pages import Page
from views.records.exporting import note_export
from views.records.files_out import SCOPE, hands_out
from views.records.lists_out import send_list

PAGE_SIZE = 50
AT_ONCE = 4  # stale schools that are looked at while the page waits; more are a job
RECORDS_AT_ONCE = 1_500  # and only while they have no more records than this
TONES = {checks.ERROR: "late", checks.WARNING: "back"}
ICONS = {checks.ERROR: "bang", checks.WARNING: "alert"}
STATE_TONES = {
    findings.OPEN: "idle",
    findings.EXPLAINED: "info",
    findings.PASSED: "cert",
    findings.FIXED: "ok",
}


class Findings(Page, BaseView):
    """The list of findings of the current round, and the answers given to them."""

    roles = ("school", "director", "district", "approver", "executive")

    @expose("/")
    def index(self):
        """The list, narrowed; whoever sees no pupils gets the counts."""
        round_ = shell.current_round()
        if round_ is None:
            return self.render("khet/no_round.html")
        return self._page(round_)

    def _page(self, round_, refusal=None):
        several = _submissions(round_)
        stale = _look_again(several, round_)
        schools = {each.school_code: each for each in several}
        wanted = wanted_of(request.values, several, round_.area_code)
        kept = finding_lists.checkups_in(round_, current_user)
        narrowed = [code for code in kept if _within(code, wanted)]
        sums = finding_lists.sums_of(kept[code] for code in narrowed)
        sees, apart = bool(_readable(round_)), 0
        if not _sees_sensitive(round_, narrowed):
            sums["codes"], apart = finding_lists.kept_apart(sums["codes"], round_)
        page = self.render(
            "checking/findings.html",
            round=round_,
            wanted=wanted,
            refusal=refusal,
            typed=request.form.get("reason", "") if refusal else "",
            schools=several,
            clusters=sorted({each.cluster for each in several if each.cluster}),
            counts=sums["counts"],
            codes=(codes := codes_of(round_, sums["codes"])),
            apart=apart,
            desks=[found for code, *_ in codes if (found := links.desk_of(code, wanted.school))],
            stale=stale,
            fresh=freshness_said(round_),
            may_look=current_user.holds("district", round_.area_code) and not round_.sealed,
            by_cluster=None if sees else by_cluster(several, kept),
            levels=LEVELS,
            states={OPEN: STATES[OPEN]} | STATES | {ALL: "ทุกสถานะ"},
            address=address,
            **(self._rows(round_, wanted, schools) if sees else {"rows": None}),
        )
        return page if refusal is None else (page, refusal.status)

    def _rows(self, round_, wanted, schools):
        """The rows of the page, its pager, and what can be answered here."""
        query = finding_lists.query_of(wanted, round_, current_user)
        count, capped = finding_lists.count_of(query)
        page = min(max(request.values.get("page", 0, type=int), 0), finding_lists.COUNTED_TO // PAGE_SIZE)
        stored = list(finding_lists.rows_of(query, page * PAGE_SIZE, PAGE_SIZE))
        names = finding_lists.headlines_of(stored)
        rows = [row_of(each, schools.get(each["school_code"]), names) for each in stored]
        able = {row["level"] for row in rows if row["may_answer"]}
        hidden = 0
        oversees = access.open_schools(current_user, round_.area_code) is None
        if oversees and not access.sees_sensitive(current_user, round_.area_code):
            # Of one record it would tell which, of one check what is the matter.
            hidden = 0 if wanted.record or wanted.code else finding_lists.hidden_count(wanted, round_)
        return {
            "rows": rows,
            "count": count,
            "able": able,
            "hidden": hidden,
            "whole": count
            if wanted.state == OPEN and wanted.code and count > len(rows) and not capped
            else 0,
            "pager": _pager(page, count, capped, len(rows)),
        }

    @expose("/answer/", methods=["POST"])
    def answer(self):
        """Write one reason for the chosen findings: warnings are explained, errors passed by the district."""
        round_ = shell.current_round() or abort(404)
        if not current_user.schools("school") and not current_user.holds("district", round_.area_code):
            raise NotAllowed("เฉพาะครูข้อมูลของโรงเรียนหรือเจ้าหน้าที่เขตเท่านั้นที่เขียนเหตุผลได้")
        try:
            done = _answer(round_, _wanted(round_))
        except RuleBroken as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            return self._page(round_, refusal)
        flash(f"บันทึกเหตุผลแล้ว {f'{done:,}'} ข้อ", "success")
        return redirect(address(_wanted(round_), page=None), 303)

    @expose("/refresh/", methods=["POST"])
    def refresh(self):
        """Look at every school whose data changed since it was looked at: a job."""
        round_ = shell.current_round() or abort(404)
        if not current_user.holds("district", round_.area_code):
            raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่สั่งตรวจทั้งเขตได้")
        person, here = current_user._get_current_object(), url_for(".index")
        return follow(jobs.ask("check_round", person, round_.area_code, round_, alone=True, href=here))

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export(self):
        """The list as it is narrowed, as a workbook."""
        round_ = shell.current_round() or abort(404)
        if not _readable(round_):
            abort(403)
        several = _submissions(round_)
        wanted = wanted_of(request.args, several, round_.area_code)
        query = finding_lists.query_of(wanted, round_, current_user)
        count, _capped = finding_lists.count_of(query)
        note_export(
            current_user._get_current_object(), round_, "findings", wanted.school or None, count, "xlsx"
        )
        names = {each.school_code: (each.school_name, each.cluster) for each in several}
        title = f"{round_.label} ผลการตรวจสอบ"
        return send_list(files.xlsx_of(finding_lists.in_batches(query), names, title), title)


# ---- what is asked for ----


def _wanted(round_):
    return wanted_of(request.values, _submissions(round_), round_.area_code)


def wanted_of(args, several, area_code):
    """The Wanted of an address or form, cleaned; a teacher of one school always gets that one."""
    own = {each.school_code for each in several}
    school = args.get("school", "")
    school = school if school in own else ""
    if not school and len(own) == 1:
        school = next(iter(own))
    cluster = thai.clean(args.get("cluster"))[:100]
    state, level, code, record = (args.get(name, "") for name in ("state", "level", "code", "record"))
    return Wanted(
        state=state if state in (*STATES, ALL) else OPEN,
        level=level if level in LEVELS else "",
        code=code if code in {check.code for check in all_checks_in(area_code)} else "",
        school=school,
        schools=tuple(each.school_code for each in several if each.cluster == cluster) if cluster else None,
        cluster=cluster,
        record=ObjectId(record) if ObjectId.is_valid(record) else None,
    )


def address(wanted, **other):
    """This page narrowed in another way."""
    asked = {name: getattr(wanted, name) for name in ("level", "code", "school", "cluster")}
    asked |= {"state": wanted.state if wanted.state != OPEN else "", "record": wanted.record} | other
    return url_for("findings.index", **{name: value for name, value in asked.items() if value})


def _within(code, wanted):
    if wanted.school:
        return code == wanted.school
    return wanted.schools is None or code in wanted.schools


def _submissions(round_):
    """The submissions of the round this person may see, by cluster and name; without their lists of moves."""
    found = (
        submissions_of(round_)
        .filter(__raw__=visible_to(current_user))
        .exclude("moves", "versions", "writers")
    )
    return sorted(found, key=lambda each: (thai.sort_key(each.cluster), thai.sort_key(each.school_name)))


def _readable(round_):
    """Whether this person reads records of the area at all."""
    codes = access.open_schools(current_user, round_.area_code)
    return codes is None or bool(codes)


def _sees_sensitive(round_, schools):
    """Whether this person may be told what sensitive fields of these schools are about."""
    return all(access.sees_sensitive(current_user, round_.area_code, school) for school in schools)


def freshness_said(round_):
    """(as of when what was found of a running round is told, whether nobody looks any more) in words; (None, None) before
    the first look, and where nothing changes any more.
    """
    found = freshness_of(round_.area_code) if round_.running else None
    if found is None or found.as_of is None:
        return None, None
    when = buddhist.format_datetime(found.as_of)
    late = f"ยังไม่ได้ตรวจใหม่ตั้งแต่ {when} ตัวเลขอาจไม่เป็นปัจจุบัน กรุณาแจ้งผู้ดูแลระบบว่างานเบื้องหลังหยุดอยู่"
    return f"ผลตรวจ ณ {instants.brief(found.as_of)}", late if found.is_late else None


def _look_again(several, round_):
    """Look at a few stale schools at once; gives back how many are stale still.

    Of many schools only those are asked about that were written in since, as the counters say: what else makes findings
    stale (bounds, other rounds, duplicates) the background look meets within a minute, unless it is late.
    """
    alone = len(several) == 1
    if not alone and round_.running and (look := freshness_of(round_.area_code)) and not look.is_late:
        several = findings.written_among(several)
    stale = findings.stale_among(several)
    kinds = [document.slug for document in documents_of(several[0].subsystem)] if several else ()
    records = sum(each.counts.get(slug, 0) for each in stale for slug in kinds)
    few = len(stale) <= AT_ONCE and records <= RECORDS_AT_ONCE
    if stale and (few or alone):
        findings.refresh_all(stale)
        return 0
    return len(stale)


# ---- rows ----


def row_of(plain, submission, names):
    """One finding as the page shows it."""
    check, said = check_named(plain["check_key"], plain["area_code"]), plain.get("answer") or {}
    state, level = plain["state"], plain["level"]
    may = (
        state == OPEN
        and submission is not None
        and finding_answers.may_answer(current_user, submission, level)
    )
    return {
        "id": plain["_id"],
        "level": level,
        "tone": TONES[level],
        "icon": ICONS[level],
        "word": LEVELS[level],
        "code": plain["code"],
        "title": check.title if check else plain["code"],
        "sentence": plain["sentence"],
        "do": check.do if check else "",
        "name": names.get(plain.get("record")) or _about(plain),
        "school": submission.school_name if submission else plain["school_code"],
        "href": href_of(plain, submission),
        "state": state,
        "state_word": STATES[state],
        "state_tone": STATE_TONES[state],
        "reason": said.get("reason") if state != FIXED else None,
        "by": said.get("by_name"),
        "when": buddhist.format_datetime(said.get("at")) if said.get("at") else None,
        "may_answer": bool(may),
    }


def _about(plain):
    return "ทั้งโรงเรียน" if not plain.get("record") else "รายการที่ถูกลบแล้ว"


def href_of(plain, submission):
    """Where it is mended: the record's form at the very field, or where the school's finding is about, at its cell."""
    if plain.get("record"):
        return links.field_of(plain["document"], plain["record"], next(iter(plain.get("names") or ()), None))
    check = check_named(plain["check_key"], plain["area_code"])
    if check in checks.UNREVIEWED.values():
        left = (submission and unreviewed(submission)) or [(documents_of(plain["subsystem"])[0], 0)]
        return links.rows_unreviewed(left[0][0].slug, plain["school_code"])
    kinds = documents_of(plain["subsystem"])
    document = next((kind for kind in kinds if check and kind.slug == check.document), kinds[0])
    narrowed, name = check.at(plain["about"]) if check and check.at and plain.get("about") else ({}, "")
    return links.mended_at(document, plain["school_code"], narrowed, name)


def codes_of(round_, counted):
    """[(code, title, level, open)] of the codes that are open somewhere, in the order of the subsystem's rows."""
    levels = {check.code: check.level for check in reversed(all_checks_in(round_.area_code))}
    return [
        (code, title, levels[code], counted[code])
        for code, title in titles_in(round_.area_code, round_.subsystem).items()
        if counted.get(code)
    ]


def by_cluster(several, kept):
    """[(cluster, schools, errors, warnings)] for those who see counts alone."""
    found = {}
    for each in several:
        counts = (kept.get(each.school_code) or {}).get("counts", {})
        row = found.setdefault(each.cluster or "ไม่ระบุกลุ่ม", [0, 0, 0])
        row[0] += 1
        row[1] += counts.get("errors", 0)
        row[2] += counts.get("warnings", 0)
    return [(name, *row) for name, row in sorted(found.items(), key=lambda pair: thai.sort_key(pair[0]))]


def _pager(page, count, capped, shown):
    def at(number):
        kept = {name: values for name, values in request.args.items() if name != "page"}
        return url_for("findings.index", **kept, page=number or None)

    last = max(count - 1, 0) // PAGE_SIZE
    return {
        "total": count, "capped": capped, "unit": "ข้อ",
        "from": page * PAGE_SIZE + 1 if shown else None, "to": page * PAGE_SIZE + shown,
        "first": at(0) if page else None, "prev": at(page - 1) if page else None,
        "next": at(page + 1) if page < last else None, "last": at(last) if page < last else None,
    }  # fmt: skip


# ---- answering ----


def _answer(round_, wanted):
    """Answer the chosen findings, a school at a time; gives back how many."""
    ids = [ObjectId(text) for text in request.form.getlist("ids") if ObjectId.is_valid(text)]
    query = finding_lists.query_of(wanted, round_, current_user)
    if not request.form.get("whole"):
        query = query | {"_id": {"$in": ids[: finding_answers.MOST_AT_ONCE]}}
    query = query | {"state": OPEN}
    rows = finding_lists.rows_of(query, limit=finding_answers.MOST_AT_ONCE)
    by_school = {}
    for row in rows:
        by_school.setdefault(row["school_code"], []).append(row["_id"])
    if not by_school:
        raise Invalid({0: {"ids": "ยังไม่ได้เลือกข้อที่จะเขียนเหตุผล หรือข้อเหล่านั้นแก้ไขหรือชี้แจงไปแล้ว"}})
    person, done = current_user._get_current_object(), 0
    for code, chosen in by_school.items():
        place = Place(round_.area_code, round_.academic_year, round_.code, code)
        submission = find_submission(round_.subsystem, place)
        done += finding_answers.answer(submission, chosen, person, request.form.get("reason", ""))
    return done
