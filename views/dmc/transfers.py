"""Move-ins (คำขอย้ายเข้า): searching by number, asking, and answering what another school asks."""

from flask import flash, redirect, request
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.checking import lookups
from documents.clock import utc
from documents.district.schools import School
from documents.dmc import transfers
from documents.dmc.students import Student
from documents.dmc.transfers import Transfer
from documents.errors import OutOfScope, RuleBroken
from documents.formats import buddhist
from documents.people import access
from documents.records.codelists import code_list
from documents.records.record import Place
from views import here
from views.pages import Page
from views.records.cases import LONGEST, TONES, CasePages, errors_of, person, said

ASKED = ("number", "student_no", "grade", "room", "admission_date", "reason")


class Transfers(CasePages, Page, BaseView):
    """The requests of a school, and the form that asks for a pupil."""

    kind = Transfer
    subsystem = Student.subsystem
    answer = staticmethod(transfers.answer)
    get = staticmethod(transfers.get_transfer)
    visible_to = staticmethod(transfers.visible_to)
    questions = {
        "agree": "เห็นชอบให้ย้ายนักเรียนคนนี้ รายการในโรงเรียนของท่านจะเป็น “ย้ายออก” และข้อมูลจะคัดลอกไปโรงเรียนใหม่",
        "refuse": "ไม่ให้ย้ายนักเรียนคนนี้ รายการที่รอย้ายเข้าจะถูกยกเลิก",
        "withdraw": "ถอนคำขอย้ายเข้า รายการที่รอย้ายเข้าจะถูกยกเลิก",
        "decide": "เขตตัดสินให้ย้ายแทนโรงเรียนเดิม รายการเดิมจะเป็น “ย้ายออก” และข้อมูลจะคัดลอกไปโรงเรียนใหม่",
        "deny": "เขตตัดสินไม่ให้ย้าย รายการที่รอย้ายเข้าจะถูกยกเลิก",
    }

    def __init__(self):
        super().__init__(name="คำขอย้ายเข้า", endpoint="transfers", url="/admin/transfers")

    def records_of(self, case):
        """Both schools' records; names_of leaves out those that are not the reader's to see."""
        return (case.sender_record, case.receiver_record)

    def row_of(self, case, names):
        """A request as the list draws it."""
        name = names.get(case.sender_record) or names.get(case.receiver_record)
        return {
            "href": self.get_url(".details_view", id=str(case.id)),
            "title": name or case.number,
            "sub": case.number if name else "",
            "route": (case.from_school_name, case.school_name),
            "state": case.shown_state,
            "tone": TONES[case.state],
            "when": said(case.asked_at),
            "until": said(case.due_at) if case.is_open else "",
        }

    def facts_of(self, case):
        """What is told of a request to both schools and the district."""
        return [
            ("นักเรียน", case.number),
            ("จากโรงเรียน", case.from_school_name),
            ("ย้ายเข้าโรงเรียน", case.school_name),
            ("รอบ", f"{case.academic_year}-{case.round}"),
            ("เหตุผลที่ขอ", case.reason),
            ("ผู้ขอ", f"{case.asked_by_name} · {said(case.asked_at)}"),
            ("โรงเรียนเดิมตอบภายใน", said(case.due_at)),
        ]

    def notes_of(self, case):
        """Who is waited for, and until when nobody else decides."""
        if not case.is_open:
            return []
        if current_user.holds("school", case.area_code, case.from_school):
            return [("โรงเรียนนี้ขอย้ายนักเรียนของท่าน กรุณาตรวจกับผู้ปกครองหรือใบย้าย แล้วตอบ", "warn")]
        return [
            (f"รอ{case.from_school_name}ตอบถึง {said(case.due_at)} หากไม่ตอบ เขตจะตัดสินแทน จนกว่าจะเห็นชอบนักเรียนยังนับที่โรงเรียนเดิม", "info")
        ]  # fmt: skip

    def beside_list(self, area_code):
        """Whether this person asks here, and the days a school may take."""
        return {
            "title": "คำขอย้ายเข้า",
            "empty": "เมื่อโรงเรียนหนึ่งขอย้ายนักเรียนของอีกโรงเรียน คำขอจะแสดงที่นี่",
            "new": self.get_url(".new_view") if may_ask(area_code) else None,
            "days": transfers.days_of(area_code) if current_user.holds("district", area_code) else None,
            "most_days": transfers.MOST_DAYS,
        }

    @expose("/days/", methods=["POST"])
    def days_view(self):
        """Set how long a school may take to answer."""
        typed = request.form.get("days", "")
        days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 4 else None
        try:
            transfers.set_days(here.area_code(), days, person(), request.form.get("reason", "")[:LONGEST])
        except RuleBroken as refusal:
            if refusal.status == 403:
                raise
            flash(refusal.message, "error")
        else:
            flash(f"โรงเรียนเดิมมีเวลาตอบ {days} วัน ใช้กับคำขอที่ส่งตั้งแต่นี้ไป", "success")
        return redirect(self.get_url(".index"), 303)

    # ---- asking ----

    @expose("/new/", methods=("GET", "POST"))
    def new_view(self):
        """Search by number, then ask: the number is only ever posted, never part of an address."""
        place = asked_place()
        if request.method == "GET":
            return self._form(place)
        do = self._ask if request.form.get("do") == "ask" else self._find
        try:
            return do(place)
        except RuleBroken as refusal:
            if isinstance(refusal, OutOfScope):
                raise
            return self._form(place, refusal), refusal.status

    def _form(self, place, refusal=None, **more):
        known = {"found": None, "school": lookups.school_name(place.area_code, place.school_code)} | more
        if refusal and request.form.get("do") == "ask":
            known["found"] = {"said": None}
        return self.render(
            "dmc/transfer_new.html",
            place=place,
            round=here.current_round("DMC"),
            typed={name: request.form.get(name, "") for name in ASKED},
            errors=errors_of(refusal) if refusal else {},
            grades=code_list("GRADE").choices,
            schools=schools_to_ask_for(place.area_code),
            days=transfers.days_of(place.area_code),
            **known,
        )

    def _find(self, place):
        """Tell the other school's name and the fact; the own record opens, and what is nowhere is added."""
        found = lookups.look_up(place, request.form.get("number", "")[:100], person())
        if found.own and lookups.is_on_roll(found.own):
            flash("นักเรียนเลขนี้อยู่ในโรงเรียนของท่านแล้ว", "warning")
            return redirect(self.get_url("students.details_view", id=str(found.own["_id"])), 303)
        if found.elsewhere is None:
            add = self.get_url("students.create_view", school=place.school_code)
            own = found.own and self.get_url("students.details_view", id=str(found.own["_id"]))
            return self._form(place, nowhere={"add": add, "own": own})
        return self._form(place, found={"said": f"มีนักเรียนเลขนี้อยู่ที่{found.school_name}"})

    def _ask(self, place):
        typed = {name: request.form.get(name, "")[:200] for name in ASKED}
        case = transfers.ask(
            place, typed["number"], typed, person(), request.form.get("reason", "")[:LONGEST]
        )
        until = buddhist.format_datetime(utc(case.due_at))
        flash(f"ส่งคำขอถึง{case.from_school_name}แล้ว รอคำตอบถึง {until}", "success")
        return redirect(self.get_url(".details_view", id=str(case.id)), 303)


def schools_to_ask_for(area_code):
    """[(code, name)] of the schools in whose name this person may ask: his own, or for an officer all."""
    codes = [code for area, code in current_user.schools("school") if area == area_code]
    query = {"area_code": area_code, "status": "open", "kind": "school"}
    if not current_user.holds("district", area_code):
        query["code"] = {"$in": codes}
    found = School.objects(__raw__=query).order_by("code").only("code", "name")
    return [(one.code, one.name) for one in found]


def may_ask(area_code):
    """Whether this person writes records of any school of the area."""
    return current_user.holds("district", area_code) or any(
        area == area_code for area, _code in current_user.schools("school")
    )


def asked_place():
    """The Place a pupil is to come to: the current DMC round, the school asked for or the person's only one.

    Raises OutOfScope for one who writes there nothing.
    """
    round_ = here.current_round("DMC")
    if round_ is None or not may_ask(round_.area_code):
        raise OutOfScope()
    choices = schools_to_ask_for(round_.area_code)
    code = request.values.get("school") or (choices[0][0] if choices else "")
    if access.writes_as(current_user, round_.area_code, code) is None or code not in dict(choices):
        raise OutOfScope()
    return Place(round_.area_code, round_.academic_year, round_.code, code)
