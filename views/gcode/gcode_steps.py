"""Moving a G-code request on: one step, taking several up, certifying after a last look at what will be certified."""

from typing import NamedTuple

from flask import flash, redirect, request
from flask_admin import expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.errors import DuplicateKey, Invalid, OutOfScope, RuleBroken
from documents.formats import buddhist, citizen_id
from documents.gcode import gcode, gcode_certifying, gcode_numbers, gcode_requests
from documents.gcode.gcode_certifying import MOST_AT_ONCE, MOST_BY_JOB, Chosen
from documents.gcode.gcode_requests import waiting_days
from documents.people import access
from documents.records.codelists import code_list
from views import here
from views.gcode.gcode_codes import code_notes
from views.here import person
from views.jobs import follow
from views.pages import seen_revision
from views.records.cases import LONGEST

TYPED = ("code", "again", "sure")
NO_CODE = "ยังไม่มีรหัสของกระทรวง ให้เจ้าหน้าที่บันทึกรหัสในคำขอ หรือเลือกรับรองครั้งละไม่เกิน 50 คำขอแล้วพิมพ์รหัส"


class Row(NamedTuple):
    """One request of the page that certifies: what will be certified, and what stands against it."""

    case: object
    nationality: str | None
    born: str
    grade: str
    pieces: int
    days: int | None
    refusal: str | None
    code: str
    types: bool
    errors: dict
    typed: dict
    doubts: list


class GCodeSteps:
    """The part of the view of requests behind the table of steps."""

    @expose("/step/", methods=("POST",))
    def step_view(self):
        """One step of a request; a refusal shows its page with the sentence."""
        found = gcode.get_request(current_user, request.form.get("id"))
        said = {name: request.form.get(name, "")[:LONGEST] for name in ("reason", "told_apart")}
        try:
            seen = {"revision": seen_revision(), "seen": request.form.get("seen", "")}
            done = gcode_requests.step(found, request.form.get("step"), person(), **said, **seen)
        except RuleBroken as refusal:
            if isinstance(refusal, OutOfScope):
                raise
            return self.show(gcode.get_request(current_user, str(found.id)), refusal, request.form)
        flash(f"คำขอเลขที่ {done.request_no}: {done.shown_state}", "success")
        return redirect(self.get_url(".details_view", id=str(found.id)), 303)

    def take_each(self, ids):
        """Take the chosen requests up for checking, each by itself; what was refused is said once. Many are taken up by a job,
        whose page is given.
        """
        if not _few(ids, MOST_BY_JOB):
            return None
        if len(ids) > MOST_AT_ONCE:
            chosen = [str(one.id) for one in gcode.get_requests(current_user, ids)]
            title = f"รับคำขอรหัส G ไว้ตรวจสอบ {len(chosen):,} คำขอ"
            back = self.get_url(".index_view", queue="check")
            told = {"chosen": chosen}
            return follow(ask("gcode_take", person(), here.area_code(), None, title, told, href=back))
        refused, done = [], 0
        for found in gcode.get_requests(current_user, ids):  # a foreign id refuses them all
            try:
                gcode_requests.step(found, "take", person())
                done += 1
            except RuleBroken as refusal:
                refused.append(refusal.message)
        if done:
            flash(f"รับไว้ตรวจสอบ {done:,} คำขอ", "success")
        for sentence in dict.fromkeys(refused):
            flash(f"ไม่ได้รับ {refused.count(sentence):,} คำขอ: {sentence}", "error")
        return None

    # ---- certifying ----

    @expose("/certify/", methods=("GET", "POST"))
    def certify_view(self):
        """Names, schools and nationality of what would be certified; then the deed, to each that was ticked."""
        area = here.area_code()
        if not current_user.holds("approver", area):
            raise OutOfScope("เฉพาะผู้รับรองระดับเขตเท่านั้นที่รับรองคำขอรหัส G ได้")
        posted = request.method == "POST"
        if not posted and request.args.get("every") == "1":
            ids = self.matching_ids(MOST_BY_JOB)
        else:
            ids = list(dict.fromkeys((request.form if posted else request.args).getlist("id")))
        if not ids or not _few(ids, MOST_BY_JOB):
            return redirect(self.get_url(".index_view", queue="certify"), 303)
        found = gcode.get_requests(current_user, ids)
        if any(one.area_code != area for one in found):
            raise OutOfScope()
        return self._certified(area, found) if posted else self._asked(area, found)

    def _asked(self, area, found, results=None):
        refused = {result.request.id: result.refusal for result in results or () if result.refusal}
        mode, asked = gcode_numbers.mode_of(area), request.args.to_dict(flat=False)
        records = mode == gcode_numbers.RECORDED
        many = len(found) > MOST_AT_ONCE
        made = many_row_of if many else row_of
        rows = [made(one, refused.get(one.id), records) for one in found if not results or one.id in refused]
        page = self.render(
            "gcode/gcode_certify.html",
            rows=rows,
            ready=sum(row.refusal is None for row in rows),
            schools=len({row.case.school_code for row in rows}),
            mode=gcode_numbers.MODES[mode],
            many=many,
            most=MOST_BY_JOB,
            ticks_all=request.args.get("tick") == "1",
            address=self.get_url(".certify_view", **asked),
            tick_all=self.get_url(".certify_view", **asked | {"tick": ["1"]}),
            done=[result.request for result in results or () if result.refusal is None],
            tried=results is not None,
        )
        return (page, max(one.status for one in refused.values())) if refused else page

    def _certified(self, area, found):
        ticked = set(request.form.getlist("ticked"))
        chosen = [chosen_of(one) for one in found if str(one.id) in ticked]
        if not chosen:
            flash("กรุณาตรวจและทำเครื่องหมายคำขอที่จะรับรองอย่างน้อยหนึ่งคำขอ", "error")
            return self._asked(area, found), 422
        if len(chosen) > MOST_AT_ONCE:
            told = {"chosen": [[str(one.request.id), one.revision] for one in chosen]}
            title = f"รับรองคำขอรหัส G {len(chosen):,} คำขอ"
            back = self.get_url(".index_view", queue="certify")
            return follow(ask("gcode_certify", person(), area, None, title, told, href=back))
        results = gcode_certifying.certify_each(chosen, person())
        for result in results:
            if isinstance(result.refusal, OutOfScope):
                raise result.refusal
        done = [result.request for result in results if result.refusal is None]
        if done:
            flash(f"รับรองแล้ว {len(done):,} คำขอ", "success")
        if len(done) < len(results):
            fresh = gcode.get_requests(current_user, [str(result.request.id) for result in results])
            return self._asked(area, fresh, results)
        if len(done) == 1:
            return redirect(self.get_url(".details_view", id=str(done[0].id)), 303)
        return redirect(self.get_url(".index_view", queue="certified"), 303)


def _few(ids, most=MOST_AT_ONCE):
    """Whether so many may be done at once; says so when not."""
    if len(ids) <= most:
        return True
    flash(f"ทำได้ครั้งละไม่เกิน {most:,} คำขอ กรุณาเลือกใหม่", "error")
    return False


def chosen_of(found):
    """The Chosen of a posted row: the revision that was seen, the code that was typed, and whether it is right all the same."""
    seen = request.form.get(f"revision-{found.id}", "")
    revision = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 12 else 0
    return Chosen(found, revision, *(request.form.get(f"{name}-{found.id}", "")[:60] for name in TYPED))


def row_of(found, refusal, records):
    """The Row of a request; `refusal` is what the deed met, `records` whether a code must be typed where there is none."""
    errors = dict(refusal.errors[0]) if isinstance(refusal, Invalid) else {}
    of_code = {name: errors[name] for name in ("code", "again", "doubt") if name in errors}
    types = records and not found.code
    if types and isinstance(refusal, DuplicateKey):  # it is the code that is taken, and another may be typed
        of_code = {"code": refusal.message}
    shut = gcode_certifying.refusal_of(found, person())
    said = shut or (refusal if refusal is not None and not of_code else None)
    typed = {name: request.form.get(f"{name}-{found.id}", "") for name in TYPED}
    return _row(found, said and said.message, types, of_code, typed)


def many_row_of(found, refusal, records):
    """The Row of one of many, without what takes a search for each; a code that lacks is recorded by an officer first."""
    said = refusal or gcode_certifying.refusal_of(found, person(), closely=False)
    lacks = NO_CODE if records and not found.code else None
    return _row(found, said.message if said else lacks, False, {}, {})


def _row(found, refusal, types, errors, typed):
    sees = access.sees_sensitive(person(), found.area_code, found.school_code)
    return Row(
        found,
        code_list("NATION").label(found.nationality) if sees else None,
        buddhist.format_date(found.birth_date),
        code_list("GRADE").short(found.grade),
        len(found.evidence),
        waiting_days(found.sent_at),
        refusal,
        citizen_id.mask_id(found.code) if found.code else "",
        types,
        errors,
        typed,
        code_notes(found),
    )
