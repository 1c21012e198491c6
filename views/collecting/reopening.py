"""Requests of schools (คำขอของโรงเรียน): to reopen what is locked and for more time; asked, forwarded, granted, refused."""

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.clock import utc
from documents.collecting import extending, reopening, versions
from documents.collecting.asking import get_request, requests_for, requests_of, submission_of
from documents.collecting.extending import ExtensionRequest
from documents.collecting.reopening import ReopenRequest, ask_reopening, named_records, object_ids, records_of
from documents.collecting.rounds import system_name
from documents.collecting.submissions import get_submission, has_lapsed, round_of
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.formats import buddhist, thai
from documents.people import access
from documents.people.users import User
from documents.records import listing
from documents.records.cases import advance, steps_for
from documents.records.kinds import documents_of
from documents.records.record import declared
from views import here, instants, links
from views.collecting.submission_steps import typed_form
from views.here import person
from views.pages import Page
from views.records import formatters

KINDS = {kind.slug: kind for kind in (ReopenRequest, ExtensionRequest)}
TONES = {"asked": "conf", "forwarded": "cert", "granted": "ok", "refused": "bad", "withdrawn": "idle"}
FOUND = 30  # records shown of a search
LONGEST_SEARCH = 60


class Reopening(Page, BaseView):
    """The list of requests, one request's page with its buttons, and the form that asks to reopen."""

    roles = ("school", "director", "district", "approver")

    @expose("/")
    def index(self):
        """Requests that wait, then those that are decided."""
        found = all_requests(current_user, here.area_code())
        return self.render(
            "collecting/requests.html",
            waiting=[row_of(each) for each in found if each.is_open],
            ended=[row_of(each) for each in found if not each.is_open],
        )

    @expose("/details/")
    def details_view(self):
        """One request."""
        return self._details(asked_request(request.args))

    def _details(self, case, refusal=None, records=None, found=None):
        submission = submission_of(case)
        posted = request.form if refusal or found is not None else {}
        asked_or_granted = "granted" if case.state == "granted" else "records"
        named = records
        if records is None:
            named = list(getattr(case, asked_or_granted)) if case.slug == "reopen" else []
        steps = steps_for(case, current_user)
        page = self.render(
            "collecting/request.html",
            case=case,
            submission=submission,
            tone=TONES[case.state],
            facts=facts_of(case),
            steps=[each for each in steps if each.name not in ("grant", "prolong")],
            granting=next((each for each in steps if each.name in ("grant", "prolong")), None),
            named=shown_records(submission, named),
            found=found,
            events=[event_of(case, row) for row in reversed(case.moves)],
            whom=extending.WHOM,
            typed=posted,
            refusal=refusal,
            page_of=links.submission_page(submission.id),
        )
        return page if refusal is None else (page, refusal.status)

    @expose("/step/", methods=["POST"])
    def step_view(self):
        """One step of one request; looking for records to grant is none and shows the page again."""
        case = asked_request(request.form)
        try:
            if "find" in request.form:
                records = object_ids(request.form.getlist("records"))
                return self._details(case, records=records, found=found_records(submission_of(case)))
            done = take_step(case, request.form.get("step", ""))
        except RuleBroken as refusal:
            return self._details(asked_request(request.form), refusal)
        flash(f"{case.label} · {case.school_name}: {done.shown_state}", "success")
        return redirect(url_for(".details_view", kind=case.slug, id=str(case.id)), 303)

    @expose("/ask/")
    def ask_form(self):
        """The form that asks to reopen."""
        return self._ask(get_submission(current_user, request.args.get("id")))

    def _ask(self, submission, refusal=None, records=(), found=None):
        if not reopening.may_ask(submission, current_user):
            raise NotAllowed(f"ท่านขอเปิดคืนข้อมูลของ{submission.school_name}ในสถานะนี้ไม่ได้")
        page = self.render(
            "collecting/request_ask.html",
            submission=submission,
            round=round_of(submission),
            named=shown_records(submission, records),
            found=found,
            typed=request.form,
            refusal=refusal,
            most=reopening.MOST_NAMED,
            page_of=links.submission_page(submission.id),
        )
        return page if refusal is None else (page, refusal.status)

    @expose("/ask/", methods=["POST"])
    def ask_view(self):
        """Send the request; looking for records is none and shows the form again."""
        submission, records = get_submission(current_user, request.form.get("id")), []
        if not access.sees(current_user, submission.area_code, submission.school_code):
            raise OutOfScope()
        try:
            named = request.form.get("scope") == "named"
            records = named_records(submission, object_ids(request.form.getlist("records")))
            if "find" in request.form:
                return self._ask(submission, records=records, found=found_records(submission))
            if named and not records:
                return self._ask(submission, Nothing, found=[])
            reason = thai.clean(request.form.get("reason"), lines=True)
            done = ask_reopening(submission, person(), reason, records if named else ())
        except RuleBroken as refusal:
            fresh = get_submission(current_user, request.form.get("id"))
            return self._ask(fresh, refusal, records)
        flash(f"ส่งคำขอเปิดคืนของ{submission.school_name}แล้ว: {done.shown_state}", "success")
        return redirect(links.submission_page(submission.id), 303)


Nothing = NotAllowed("ยังไม่ได้เลือกรายการ ค้นหาชื่อแล้วเลือก หรือขอเปิดคืนทั้งโรงเรียน")
Nothing.status = 422


def asked_request(given):
    """The request that an address or form names, as far as this person may see it."""
    kind = KINDS.get(given.get("kind", ""))
    if kind is None:
        raise OutOfScope("ไม่พบคำขอนี้ กรุณาเลือกจากรายการ")
    return get_request(kind, current_user, given.get("id"))


def take_step(case, name):
    """Do one step of a request by the posted form; gives the fresh request."""
    if name not in case.steps:
        raise NotAllowed("ไม่มีขั้นตอนนี้")
    form = typed_form()
    if name in ("grant", "prolong") and isinstance(case, ReopenRequest):
        named = request.form.get("scope") == "named"
        records = object_ids(request.form.getlist("records")) if named else None
        if named and not records:
            raise Nothing
        return reopening.grant(case, person(), form["until"], records, form["reason"])[0]
    if name in ("grant", "prolong"):
        return extending.grant(case, person(), form["until"], form["whom"] or None, form["reason"])[0]
    return advance(case, name, person(), form["reason"])


# ---- in words ----


def all_requests(user, area_code, open_only=False):
    """A person's requests of both kinds in an area, the newest first."""
    found = [each for kind in KINDS.values() for each in requests_for(kind, user, area_code, open_only)]
    return sorted(found, key=lambda each: each.asked_at, reverse=True)


def row_of(case):
    """One line of the list."""
    return {
        "href": url_for("reopening.details_view", kind=case.slug, id=str(case.id)),
        "school": case.school_name,
        "label": case.label,
        "round": f"{system_name(case.subsystem)} {case.round_label}",
        "what": asked_for(case),
        "reason": case.reason,
        "who": case.asked_by_name,
        "when": buddhist.format_datetime(utc(case.asked_at)),
        "state": case.shown_state,
        "tone": TONES[case.state],
    }


def asked_for(case):
    """What is asked for, in words."""
    if isinstance(case, ReopenRequest):
        return f"เฉพาะ {len(case.records):,} รายการ" if case.records else "ทั้งโรงเรียน"
    words = " และ".join(extending.WHOM[each] for each in case.whom)
    return words + (f" ถึง {buddhist.format_datetime(utc(case.wanted))}" if case.wanted else "")


def given(case):
    """What was granted, in words; '' before."""
    if case.state != "granted":
        return ""
    until = f"ถึง {buddhist.format_datetime(utc(case.until))}"
    if isinstance(case, ReopenRequest):
        return f"{f'เฉพาะ {len(case.granted):,} รายการ' if case.granted else 'ทั้งโรงเรียน'} {until}"
    return f"{' และ'.join(extending.WHOM[each] for each in case.granted)} {until}"


def facts_of(case):
    """(label, words) of a request."""
    pairs = [
        ("โรงเรียน", f"{case.school_name} ({case.school_code})"),
        ("รอบ", f"{system_name(case.subsystem)} {case.round_label} ฉบับที่ {case.version}"),
        ("ขอ", asked_for(case)),
        ("เหตุผลของผู้ขอ", case.reason),
        ("ผู้ขอ", f"{case.asked_by_name} · {buddhist.format_datetime(utc(case.asked_at))}"),
        ("อนุมัติ", given(case)),
    ]
    return [(label, words) for label, words in pairs if words]


def event_of(case, row):
    """One row of a request's chained list, for the timeline."""
    step = case.steps.get(row["name"])
    until = row.get("until")
    return {
        "title": step.label if step else f"ยื่น{case.label}",
        "who": row["by_name"],
        "when": buddhist.format_datetime(utc(row["at"])),
        "reason": row.get("reason"),
        "changes": [{"label": "ถึง", "old": None, "new": buddhist.format_datetime(utc(until))}]
        if until
        else [],
    }


# ---- records, to name them ----


def found_records(submission):
    """[{id, name, kind, key}] of the school's records that the posted search finds."""
    search = thai.clean(request.form.get("q"))[:LONGEST_SEARCH]
    chosen, found = set(request.form.getlist("records")), []
    for document in documents_of(submission.subsystem) if search else ():
        wanted = listing.Wanted(
            document, submission.area_code, submission.academic_year, submission.round,
            school=submission.school_code, search=search,
        )  # fmt: skip
        rows = listing.page_of(wanted, current_user, size=FOUND).rows
        found += [shown_record(document, row) for row in rows if str(row["_id"]) not in chosen]
    return found[:FOUND]


def shown_records(submission, ids):
    """The same of named records, as far as this person sees records of the school."""
    if not ids or not access.sees(current_user, submission.area_code, submission.school_code):
        return []
    return [shown_record(document, row) for document, row in records_of(submission, ids)]


def shown_record(document, row):
    """How one record is named: its name, its kind, its key with numbers of persons masked."""
    known = declared(document)
    key = [formatters.masked(known[name], row.get(name)) for name in document.key if name in known]
    return {
        "id": str(row["_id"]),
        "name": document.headline(row),
        "kind": document.label,
        "key": " ".join(word for word in key if word),
    }


# ---- on a school's page ----


def around(submission, round_, user, now):
    """What a submission's page shows of requests, its hold and its reopening."""
    sees = access.sees(user, submission.area_code, submission.school_code)
    shown = requests_shown(submission) if sees else []
    is_open = {each.slug for each in shown if each.is_open}
    changed = versions.changed_since(submission) if sees and submission.version > 1 else []
    return {
        "requests": [row_of(each) for each in shown],
        "may_ask_reopening": sees and "reopen" not in is_open and reopening.may_ask(submission, user),
        "may_ask_time": "extension" not in is_open and extending.may_ask(submission, round_, user),
        "lapsed": has_lapsed(submission, now),
        "open_to": instants.brief(utc(submission.return_until), now) if submission.reopened and submission.return_until else "",
        "changed": versions.summed(changed) if submission.version > 1 and sees else None,
        "changed_total": len(changed),
        "thread": thread_of(submission),
        "hold_contact": contact_of(submission.hold.get("by")) if submission.hold else "",
    }  # fmt: skip


def requests_shown(submission):
    """A submission's requests of both kinds, the newest first."""
    found = [each for kind in KINDS.values() for each in requests_of(kind, submission)]
    return sorted(found, key=lambda each: each.asked_at, reverse=True)


def thread_of(submission):
    """What was said about the hold that stands: [{who, when, text, own: said by the district}], oldest first."""
    if not submission.hold:
        return []
    began = max((i for i, row in enumerate(submission.moves) if row["name"] == "hold"), default=0)
    return [
        {
            "who": row["by_name"],
            "when": buddhist.format_datetime(utc(row["at"])),
            "text": row.get("reason"),
            "district": row["name"] != "answer",
        }
        for row in submission.moves[began:]
        if row["name"] in ("hold", "answer", "keep")
    ]


def contact_of(id_):
    """'เจ้าหน้าที่ โทร 045-123456': whom to call about a hold."""
    person = User.objects(id=id_).only("name", "phone").first() if id_ else None
    if person is None:
        return ""
    return person.name + (f" โทร {person.phone}" if person.phone else "")


def waiting_requests(user, area_code, round_):
    """The open requests of one round, for the control room."""
    return [
        row_of(each)
        for each in all_requests(user, area_code, open_only=True)
        if (each.subsystem, each.academic_year, each.round)
        == (round_.subsystem, round_.academic_year, round_.code)
    ]
