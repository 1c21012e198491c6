"""Rounds (รอบการจัดเก็บข้อมูล): a year's rounds, their windows, and the steps from draft to published."""

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock
from documents.background.jobs import ask
from documents.checking.hindrances import standing_in
from documents.clock import utc
from documents.collecting import locking, published, reminders, round_moves, round_templates, rounds
from documents.collecting.progress import sums_of
from documents.collecting.round_steps import checklist
from documents.collecting.rounds import EDITABLE, STEPS, Round, get_round
from documents.collecting.submissions import WRITABLE, submissions_of
from documents.errors import Invalid, NotAllowed, RuleBroken
from documents.formats import buddhist, thai
from documents.records.carrying import is_left
from documents.records.digests import short_code
from views import here, links, shell
from views.collecting.control_room import home_address, steps_of
from views.collecting.round_words import read_day, read_windows, round_event, typed_of, windows_in_words
from views.here import person
from views.jobs import follow
from views.pages import Page

YEARS_AHEAD = 1


class Rounds(Page, BaseView):
    """The list of rounds and one round's page; officers prepare, superiors order, approvers open and lock."""

    roles = ("school", "director", "district", "approver", "executive")

    @expose("/")
    def index(self):
        """All rounds of the area, by year."""
        found, now = shell.rounds_for(current_user, here.area_code()), clock.now()
        years = {}
        for each in sorted(found, key=lambda round_: (-round_.academic_year, round_.subsystem, round_.code)):
            years.setdefault(each.academic_year, []).append(self._row(each, now))
        return self.render(
            "collecting/rounds.html",
            years=years,
            may_make=self._holds("district"),
            next_year=self._next_year(found),
        )

    def _row(self, round_, now):
        """One round of the list: its windows in words and how far its schools are."""
        opened = round_.state not in here.DRAFTS
        sums = sums_of(round_, current_user) if opened and not self._only_own_school() else None
        return {"round": round_, "state": round_.state_at(now), "sums": sums, "windows": windows_in_words(round_, now),
                "as_of": buddhist.format_long(round_.as_of), "page": links.round_page(round_)}  # fmt: skip

    def _only_own_school(self):
        return not current_user.areas("district", "approver", "executive")

    def _holds(self, role, area=None):
        return current_user.holds(role, area or here.area_code() or "")

    def _next_year(self, found):
        return buddhist.academic_year(clock.today()) + (not found)

    @expose("/new/", methods=["GET", "POST"])
    def create_view(self):
        """Make a year's rounds from the area's templates."""
        if not self._holds("district"):
            raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่สร้างรอบได้")
        year = read_year(request.values.get("year"))
        if request.method == "POST":
            return self._make(year, request.form.getlist("subsystem"))
        return self.render(
            "collecting/rounds_new.html", **self._templates(year), year=year, years=self._years()
        )

    def _make(self, year, subsystems):
        known = {each.subsystem for each in round_templates.templates_of(here.area_code())}
        made = [
            round_
            for subsystem in subsystems
            if subsystem in known
            for round_ in round_templates.make_rounds(here.area_code(), subsystem, year, person())
        ]
        words = (
            f"สร้างร่างรอบปีการศึกษา {year} แล้ว {len(made)} รอบ"
            if made
            else f"รอบของปีการศึกษา {year} มีครบอยู่แล้ว ไม่ได้สร้างเพิ่ม"
        )
        flash(words, "success" if made else "info")
        return redirect(url_for(".index"), 303)

    def _templates(self, year):
        """The templates by subsystem, each as the round it would make, and whether that is there already."""
        area, groups = here.area_code(), {}
        for template in round_templates.templates_of(area):
            made = round_templates.from_template(template, year)
            there = rounds.find_round(area, template.subsystem, year, template.code) is not None
            row = {"round": made, "there": there, "over": made.is_past_entering(),
                   "windows": windows_in_words(made, clock.now()),
                   "as_of": buddhist.format_long(made.as_of)}  # fmt: skip
            groups.setdefault(template.subsystem, []).append(row)
        return {"groups": groups}

    def _years(self):
        now = buddhist.academic_year(clock.today())
        return range(now - 1, now + YEARS_AHEAD + 1)

    @expose("/details/")
    def details_view(self):
        """One round's page."""
        return self._details(self._round(request.args.get("id")))

    def _round(self, id_, revision=None):
        """The round of an id, as far as this person may see it and, with a revision, as he saw it."""
        round_ = get_round(current_user.areas(*self.roles), id_, revision)
        if round_.state == "draft" and not here.sees_drafts(current_user):
            raise NotAllowed("รอบนี้ยังเป็นร่าง กรุณารอประกาศจากเขต")
        return round_

    def _details(self, round_, refusal=None):
        now, area = clock.now(), round_.area_code
        counted = round_.state not in here.DRAFTS and not self._only_own_school()
        sums = sums_of(round_, current_user) if counted else None
        page = self.render(
            "collecting/round.html",
            round=round_,
            state=round_.state_at(now),
            steps=steps_of(round_, now),
            windows=windows_in_words(round_, now),
            over=round_.state in here.DRAFTS and round_.is_past_entering(now),
            as_of=buddhist.format_long(round_.as_of),
            sums=sums,
            checklist=checklist(round_, sums) if self._oversees(area) else None,
            may=self._may(round_),
            memo=round_.memo or reminders.memo_text(round_, here.area_name(area)),
            notice=reminders.notice_text(round_, home_address()) if round_.opened_at else None,
            order=round_.order or {},
            order_day=buddhist.format_long((round_.order or {}).get("day")),
            events=[round_event(row) for row in reversed(round_.moves)]
            if not self._only_own_school()
            else [],
            control_room=links.control_room(round_) if self._oversees(area) else None,
            typed=request.form if refusal else {},
            refusal=refusal,
            for_public=bool(published.kinds_of(round_.subsystem)),
            short_code=short_code,
            today=buddhist.format_date(clock.today()),
        )
        return page if refusal is None else (page, refusal.status)

    def _oversees(self, area):
        return any(self._holds(role, area) for role in ("district", "approver", "executive"))

    def _may(self, round_):
        """Names of the steps this person may do now; each is asked again when it is done."""
        area, state = round_.area_code, round_.state
        steps = {
            "edit": self._holds("district", area) and state in EDITABLE,
            "propose": self._holds("district", area) and state == "draft",
            "order": self._holds("executive", area) and state == "proposed",
            "open": self._holds("approver", area) and state == "proposed" and bool(round_.order),
            "lock": self._holds("approver", area) and state in ("open", "closing"),
            "publish": self._holds("approver", area) and state == "locked",
            "carry": state == "open"
            and (self._holds("district", area) or self._holds("approver", area))
            and is_left(round_),
        }
        return {name for name, may in steps.items() if may}

    # ---- windows ----

    @expose("/edit/", methods=["GET", "POST"])
    def edit_view(self):
        """The windows and the as-of date of one round, typed in B.E."""
        round_ = self._round(request.values.get("id"))
        if not self._holds("district", round_.area_code):
            raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่แก้กำหนดเวลาของรอบได้")
        if request.method == "GET":
            return self._edit(round_, typed_of(round_))
        try:
            windows, as_of = read_windows(request.form)
            seen = self._round(request.form.get("id"), request.form.get("revision"))
            certifies = bool(request.form.get("confirmer_certifies"))
            reason = thai.clean(request.form.get("reason"), lines=True)[:2000]
            round_moves.set_windows(seen, windows, as_of, person(), reason or None, certifies)
        except RuleBroken as refusal:
            return self._edit(round_, request.form, refusal), refusal.status
        flash("บันทึกกำหนดเวลาแล้ว", "success")
        return redirect(links.round_page(round_), 303)

    def _edit(self, round_, typed, refusal=None):
        """The form; after somebody else's change it shows what is stored beside what was typed."""
        errors = next(iter(refusal.errors.values())) if isinstance(refusal, Invalid) else {}
        stored = typed_of(round_)
        return self.render(
            "collecting/round_edit.html",
            round=round_,
            typed=typed,
            stored=stored if refusal is not None and not errors else {},
            errors=errors,
            refusal=refusal,
            steps=STEPS,
            revision=round_.revision,
            state=round_.state_at(),
        )

    # ---- the steps ----

    @expose("/propose/", methods=["POST"])
    def propose_view(self):
        """เสนอผู้บังคับบัญชา."""
        memo = thai.clean(request.form.get("memo"), lines=True)[:4000]
        return self._step(
            lambda round_: round_moves.propose(round_, person(), memo), "เสนอผู้บังคับบัญชาแล้ว รอสั่งการ"
        )

    @expose("/order/", methods=["POST"])
    def order_view(self):
        """สั่งการ."""

        def order(round_):
            number, text = (
                thai.clean(request.form.get("number"))[:100],
                thai.clean(request.form.get("text"), lines=True),
            )
            return round_moves.record_order(
                round_, person(), number, read_day(request.form.get("day"), "day"), text[:2000]
            )

        return self._step(order, "บันทึกการสั่งการแล้ว ผู้รับรองระดับเขตเปิดรอบได้")

    @expose("/open/", methods=["POST"])
    def open_view(self):
        """เปิดรอบ."""
        return self._step(
            lambda round_: round_moves.open_round(round_, person()), "เปิดรอบแล้ว โรงเรียนบันทึกข้อมูลได้ตามช่วงเวลา"
        )

    @expose("/publish/", methods=["POST"])
    def publish_view(self):
        """เผยแพร่."""
        return self._step(lambda round_: round_moves.publish(round_, person()), "เผยแพร่รอบแล้ว")

    @expose("/lock/", methods=["GET", "POST"])
    def lock_view(self):
        """ล็อกรอบ: first what will happen to how many schools, then the deed."""
        round_ = self._round(request.values.get("id"))
        if not self._holds("approver", round_.area_code):
            raise NotAllowed("เฉพาะผู้รับรองระดับเขตเท่านั้นที่ล็อกรอบได้")
        if request.method == "GET":
            return self._lock_page(round_)
        try:
            reason = thai.clean(request.form.get("reason"), lines=True)[:2000]
            if as_counted(round_) != request.form.get("counted"):
                raise NotAsCounted()
            fresh = self._round(request.form.get("id"))
            locking.refuse_lock(fresh, person(), reason or None)  # at once, while the form still stands here
            asked = {"round_id": str(fresh.id), "reason": reason or None}
            back = links.round_page(fresh)
            job = ask("lock_round", person(), fresh.area_code, fresh, arguments=asked, alone=True, href=back)
        except RuleBroken as refusal:
            return self._lock_page(
                get_round(current_user.areas(*self.roles), str(round_.id)), refusal
            ), refusal.status
        return follow(job)

    def _lock_page(self, round_, refusal=None):
        left = list(
            submissions_of(round_)
            .filter(state__in=[*WRITABLE, "confirmed", "certified"])
            .only("school_name", "cluster", "state", "started")
            .order_by("cluster", "school_code")
        )
        return self.render(
            "collecting/round_lock.html",
            round=round_,
            sums=sums_of(round_, current_user),
            left=left,
            found=found_before_lock(round_),
            counted=as_counted(round_),
            typed=request.form if refusal else {},
            refusal=refusal,
            still_open=round_.state_at() == "open",
            entering=round_.window("enter")
            and buddhist.format_datetime(utc(round_.window("enter").closes_at)),
        )

    def _step(self, deed, said):
        """One step of the round the person saw; a refusal shows the page with what was typed."""
        round_ = self._round(request.form.get("id"))
        try:
            deed(self._round(request.form.get("id"), request.form.get("revision")))
        except RuleBroken as refusal:
            return self._details(self._round(request.form.get("id")), refusal)
        flash(said, "success")
        return redirect(links.round_page(round_), 303)


def found_before_lock(round_):
    """{"errors": [...], "warnings": [...]}: (name, page, how many) of the verified schools where such findings are open."""
    standing = standing_in(round_, ["verified"])
    schools = list(
        submissions_of(round_).filter(id__in=list(standing)).only("school_name").order_by("school_code")
    )
    return {
        kind: [
            (each.school_name, links.submission_page(each.id), standing[each.id][kind])
            for each in schools
            if standing[each.id].get(kind)
        ]
        for kind in ("errors", "warnings")
    }


class NotAsCounted(RuleBroken):
    """The schools moved between the page and the press: the count the person agreed to no longer holds."""

    status = 409

    def __init__(self):
        super().__init__("จำนวนโรงเรียนในแต่ละสถานะเปลี่ยนไปหลังจากที่ท่านเปิดหน้านี้ กรุณาตรวจดูอีกครั้งแล้วกดยืนยัน")


def as_counted(round_):
    """The schools of a round by state, as one text: what the person agreed to when locking."""
    found = Round.objects(id=round_.id, area_code=round_.area_code).only("state").first()
    sums = sums_of(round_, person())
    verified = sums["verified"] + sums["locked"]
    return f"{found.state}-{verified}-{sums.schools - verified}"


def read_year(text):
    """A typed academic year (B.E.) near now; this year's for anything else."""
    now = buddhist.academic_year(clock.today())
    text = thai.arabic_digits(thai.clean(text))
    year = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else now
    return year if now - 5 <= year <= now + YEARS_AHEAD else now
