"""Pupils: what their grid and page have beside those of every subsystem: moves, leaving, rooms and numbers."""

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_admin.actions import action
from flask_login import current_user

from documents import clock
from documents.checking import duplicate_cases
from documents.checking.lookups import is_on_roll
from documents.clock import utc
from documents.district.schools import School
from documents.dmc import roll, transfers
from documents.dmc.id_changes import IdChange
from documents.dmc.paths import in_words, path_of
from documents.dmc.standing import AWAITING, is_fixed
from documents.dmc.students import Student
from documents.errors import Invalid, OutOfScope, RuleBroken, StaleRevision
from documents.formats import buddhist
from documents.formats.citizen_id import mask_id
from documents.gcode import gcode_linking, gcode_numbers
from documents.people import access
from documents.records import fields
from documents.records.cases import reason_of
from documents.records.codelists import code_list
from documents.records.preparing import prepare
from documents.records.record import declared
from documents.records.writing import write
from views.dmc import pupil_reports
from views.records.cases import errors_of, person
from views.records.record import RecordView
from views.records.record_actions import ActionsMixin
from views.records.revealing import former_numbers

DEEDS = {
    "leave": ("ย้ายออก จำหน่ายนักเรียน ออกกลางคัน", "ให้ออกจากทะเบียน"),
    "back": ("นำกลับเข้าทะเบียน", "นำกลับเข้าทะเบียน"),
    "arrange": ("จัดห้องเรียนและแก้ไขชั้นเรียน", "จัดห้องเรียน"),
    "renumber": ("เปลี่ยนเลขประจำตัวนักเรียน", "เปลี่ยนเลข"),
}
TYPED = ("status", "leave_reason", "leave_date", "leave_to", "grade", "room", "first", "numbers", "reason")
LONGEST = 60_000  # of a pasted list of numbers
MOST_SHOWN = 200


class PupilView(RecordView):
    """The grid and page of pupils."""

    details_template = "dmc/pupil.html"
    create_template = "dmc/pupil_create.html"
    action_looks = (
        ActionsMixin.action_looks
        | {  # each opens a page of its own that asks, instead of a dialog
            "leave": {"icon": "logout", "page": True},
            "back": {"icon": "return", "page": True},
            "arrange": {"icon": "fields", "page": True},
            "renumber": {"icon": "list", "page": True},
        }
    )

    own_arguments = ("report", "line", "level", "sex")

    def own_criteria(self):
        """The pupils behind a number of a report."""
        return pupil_reports.behind(self)

    def own_chip(self):
        """Which report, and what of it."""
        return pupil_reports.told()

    @property
    def head_links(self):
        """The ways to a school's class lists, and to a pupil of another school."""
        lists = {"school": self.school, "round": self.round.id}
        return [
            *([("บัญชีรายชื่อ", url_for("class_lists.index", **lists), "print")] if self.sees_school else []),
            *(
                [("ย้ายเข้า", url_for("transfers.new_view", school=self.school), "transfer")]
                if self.can_create
                else []
            ),
        ]

    def before_adding(self, change, actor, reason):
        """A known number, or a pupil who came late, wants a reason first."""
        roll.before_adding(change, actor, reason)

    # ---- a learner with a G-code ----

    def create_form(self, obj=None):
        """An empty form, or one with what the request of the chosen learner knows."""
        asked = request.args.get("gcode") if request.method == "GET" else None
        chosen = asked and gcode_linking.offered_request(current_user, self.round, self.school, asked)
        return self._form(self.school, Student(**gcode_linking.learner_values(chosen)) if chosen else None)

    def learners(self):
        """[(name, grade, code, address, chosen?)] of the certified learners of the school who are not in DMC yet."""
        if access.writes_as(current_user, self.round.area_code, self.school) is None:
            return []
        asked = request.args.get("gcode")
        return [
            (
                one.name,
                code_list("GRADE").short(one.grade),
                mask_id(one.code),
                self.get_url(".create_view", school=self.school, gcode=str(one.id)),
                str(one.id) == asked,
            )
            for one in gcode_linking.offered(self.round, self.school)
        ]

    def marks_of(self, record):
        """A temporary G-code is told on paper, too: it is no number of the ministry's."""
        number = record.person_id or ""
        temporary = number.startswith("G") and number in gcode_numbers.temporary_codes(record.area_code)
        return {"person_id": f"({gcode_numbers.TEMPORARY_WORD})"} if temporary else {}

    # ---- one pupil's page ----

    def render(self, template, **context):
        """The page of a record knows what may be done with the pupil, what he waits for, and his path."""
        if template == self.details_template:
            context |= page_of(context["model"].to_mongo().to_dict(), self.can_edit)
        elif template == self.create_template:
            context["learners"] = self.learners()
        return super().render(template, **context)

    # ---- what is done with one or many ----

    @action("leave", "ย้ายออก/จำหน่าย")
    def action_leave(self, rows):
        """Ask how, why and when; a page of its own."""
        return self._ask("leave", rows)

    @action("back", "นำกลับเข้าทะเบียน")
    def action_back(self, rows):
        """Ask why."""
        return self._ask("back", rows)

    @action("arrange", "จัดห้องเรียน")
    def action_arrange(self, rows):
        """Ask for the room."""
        return self._ask("arrange", rows)

    @action("renumber", "เปลี่ยนเลขประจำตัวนักเรียน")
    def action_renumber(self, rows):
        """Ask for the numbers."""
        return self._ask("renumber", rows)

    @expose("/roll/", methods=("GET", "POST"))
    def roll_view(self):
        """One deed with chosen pupils: asked, shown before and after, done; all or none."""
        deed = request.values.get("deed")
        if not self.can_edit:
            abort(403)
        rows = self._chosen() if deed in DEEDS else []
        if not rows:
            return redirect(self._back())
        if request.method == "GET" or request.form.get("stage") not in ("show", "do"):
            return self._ask(deed, rows)
        rows = as_seen(rows)
        try:
            changes = changes_of(deed, rows, request.form)
            return (
                self._do_roll(deed, rows, changes)
                if request.form["stage"] == "do"
                else self._show(deed, rows, changes)
            )
        except StaleRevision:
            flash("มีผู้อื่นแก้ไขนักเรียนที่เลือกไปก่อน จึงไม่ได้ทำรายการใดเลย กรุณาเลือกใหม่", "error")
            return redirect(self._back())
        except OutOfScope:
            raise
        except RuleBroken as refusal:
            return self._ask(deed, rows, refusal)

    def _ask(self, deed, rows, refusal=None, **more):
        typed = {name: request.form.get(name) or request.args.get(name, "") for name in TYPED}
        typed["leave_date"] = typed["leave_date"] or buddhist.format_date(clock.today())
        page = self.render(
            "dmc/roll.html",
            deed=deed,
            title=DEEDS[deed][0],
            button=DEEDS[deed][1],
            rows=rows,
            names=[Student.headline(row) for row in roll.in_class_order(rows)[:12]],
            where=self._where(rows),
            typed=typed,
            errors=errors_of(refusal) if refusal else {},
            leave_pairs=list(roll.LEAVES.items()),
            leaves=[(code, words, roll.reasons_of(code)) for code, words in roll.LEAVES.items()],
            grades=code_list("GRADE").choices,
            by_district=any(self._is_officer_for(row) for row in rows),
            back=self._back(),
            **{"plan": None} | more,
        )
        page.status_code = refusal.status if refusal else page.status_code
        return page

    def _is_officer_for(self, row):
        return access.writes_as(current_user, row["area_code"], row["school_code"]) == "district"

    def _where(self, rows):
        codes = sorted({row["school_code"] for row in rows})
        if len(codes) > 1:
            return f"{len(codes):,} โรงเรียน"
        found = School.objects(area_code=rows[0]["area_code"], code=codes[0]).only("name").first()
        return found.name if found else codes[0]

    def _show(self, deed, rows, changes):
        """Before and after, once the door would take it; nothing is stored."""
        prepared = prepare(changes, person(), request.form.get("reason"))
        plan = [plan_row(each) for each in prepared[:MOST_SHOWN]]
        warning = roll.is_no_promotion(rows, changes) if deed == "arrange" else None
        return self._ask(
            deed, rows, plan=plan, planned=len(prepared), unshown=len(prepared) - len(plan), warning=warning
        )

    def _do_roll(self, deed, rows, changes):
        reason = request.form.get("reason", "")[:2000]
        if deed == "arrange" and (sentence := roll.is_no_promotion(rows, changes)) and not reason.strip():
            raise Invalid({0: {"reason": sentence}})
        write(changes, person(), reason, via="action")
        flash(f"{DEEDS[deed][1]}แล้ว {len(changes):,} คน ของ{self._where(rows)}", "success")
        if len(rows) == 1:
            return redirect(self.get_url(".details_view", id=str(rows[0]["_id"])), 303)
        return redirect(self._back(), 303)


def as_seen(rows):
    """The rows with the revisions of the page the person looked at, so that a change meanwhile is not overwritten."""
    ids, seen = request.form.getlist("rowid"), request.form.getlist("revision")
    known = {
        id_: int(one)
        for id_, one in zip(ids, seen, strict=False)
        if one.isascii() and one.isdecimal() and len(one) < 12
    }
    return [row | {"revision": known.get(str(row["_id"]), 0)} for row in rows]


def changes_of(deed, rows, form):
    """The Changes a deed with these typed values makes; raises Invalid or WrongState."""
    if deed == "leave":
        return roll.leave(
            rows, form.get("status"), form.get("leave_reason"), form.get("leave_date"), form.get("leave_to")
        )
    if deed == "back":
        reason_of(form.get("reason"))
        return roll.bring_back(rows)
    if deed == "arrange":
        return roll.arrange(rows, form.get("grade"), form.get("room"))
    if len({row["school_code"] for row in rows}) > 1:
        raise Invalid({0: {"numbers": "เปลี่ยนเลขได้ครั้งละหนึ่งโรงเรียน กรุณาเลือกนักเรียนของโรงเรียนเดียว"}})
    typed = form.get("numbers", "")[:LONGEST].split()
    return roll.renumber(rows, typed or roll.numbers_from(form.get("first", "")[:20], len(rows)))


def plan_row(each):
    """One prepared change in words: {name, changes: [(label, old, new)]}."""
    known = declared(Student)
    named = [name for name in each.change.values if each.before.get(name) != each.after.get(name)]
    changes = [
        (
            known[n].verbose_name,
            fields.shown(known[n], each.before.get(n)),
            fields.shown(known[n], each.after.get(n)),
        )
        for n in named
    ]
    return {"name": Student.headline(each.after), "changes": changes}


def page_of(plain, can_edit):
    """What a pupil's page knows beside its values: {can, waiting, number_case, g_code, stops, is_fixed}."""
    area = plain["area_code"]
    writes = can_edit and access.writes_as(current_user, area, plain["school_code"]) is not None
    waits = plain.get("status") == AWAITING
    case = transfers.open_of(area, [plain["_id"]]).get(plain["_id"])
    number_case = IdChange.objects(area_code=area, record=plain["_id"], state="asked").first()
    can = []
    if writes and is_on_roll(plain):
        can = ["leave", "arrange", "renumber"]
    elif writes and not waits:
        can = ["back"]
    asks_number = writes and not waits and not number_case and plain.get("person_id") and is_fixed(plain)
    return {
        "can": [] if waits else can,
        "asks_number": asks_number,
        "transfer": case,
        "number_case": number_case,
        "duplicates": duplicate_cases.open_of(area, plain["_id"], plain["school_code"]),
        "g_code": gcode_linking.link_of(plain, current_user),
        "stops": [stop_of(stop, plain["_id"]) for stop in path_of(area, plain["lineage"], current_user)],
        "former_numbers": [
            (name, masked, buddhist.format_date(one["to"]))
            for name, masked, one in former_numbers(plain.get("former_ids"))
        ],
        "deeds": DEEDS,
        "leaves": roll.LEAVES,
    }


def stop_of(stop, here):
    """A stop of a pupil's path as khet/parts.html's timeline draws it."""
    moves = " · ".join(f"ย้ายจาก{name} {buddhist.format_short(utc(at))}" for at, name in stop.moves)
    fact = "โรงเรียนนี้ขอย้ายเข้า" if stop.waits else "อยู่ในทะเบียนของโรงเรียนนี้"
    words = in_words(stop.plain) if stop.plain else fact
    return {
        "title": f"{stop.school} · รอบ {stop.round}" + (" (หน้านี้)" if stop.id == here else ""),
        "who": " · ".join(part for part in (words, moves) if part),
        "when": buddhist.format_date(stop.since) if stop.since else "–",
        "changes": [],
        "system": stop.plain is None,
    }
