"""Registrations: the district's queue to check, the approver's to certify, invitations, and each one's letter as a file."""

import io

from flask import flash, redirect, request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.district.schools import School
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.formats import thai
from documents.notifying import mail
from documents.people import account_links, granting, registering, registrations
from documents.people.registrations import BESIDE, Registration, holders
from documents.people.users import ROLES, SCHOOL_ROLES, User
from documents.records import evidence
from documents.records.cases import steps_for
from documents.trail.history import note_event
from views import here
from views.here import person
from views.pages import Page
from views.people.joining import FIELDS, POSITIONS, code_of, number_of
from views.records.cases import LAST_PAGE, LONGEST, PAGE, errors_of, event_of, said
from views.records.files_out import ONE, hands_out

TONES = {"waiting": "work", "returned": "back", "checked": "cert", "certified": "veri", "refused": "late"}
TABS = (("waiting", "รอตรวจสอบ"), ("checked", "รอรับรอง"), ("returned", "รอผู้ขอแก้"), ("all", "ทั้งหมด"))
QUESTIONS = {
    "check": "ตรวจแล้วว่าเป็นบุคคลของโรงเรียนนี้จริง ส่งให้ผู้รับรอง",
    "return": "ส่งกลับให้ผู้ขอแก้ไข",
    "refuse": "ไม่รับคำขอนี้ หลักฐานที่แนบจะถูกลบ",
    "certify": "รับรองและสร้างบัญชี",
    "send_back": "ส่งกลับให้เขตตรวจใหม่",
    "turn_down": "ไม่รับรองคำขอนี้ หลักฐานที่แนบจะถูกลบ",
}


class Registrations(Page, BaseView):
    """Whoever checks or certifies who may use the product for a school."""

    roles = registrations.READERS

    def __init__(self):
        super().__init__(name="ผู้ลงทะเบียน", endpoint="registrations", url="/admin/registrations")

    @expose("/")
    def index(self):
        """The registrations of the area, those that wait for my step first."""
        area = here.area_code()
        usual = "waiting" if current_user.holds("district", area) else "checked"
        state = request.args.get("state")
        state = state if state in dict(TABS) else usual
        page = min(max(request.args.get("page", 0, type=int), 0), LAST_PAGE)
        scope = [{"area_code": area}, registrations.visible_to(current_user)]
        listed = scope if state == "all" else [*scope, {"state": state}]
        found = list(
            Registration.objects(__raw__={"$and": listed})
            .order_by("-asked_at", "-id")
            .skip(page * PAGE)
            .limit(PAGE + 1)
        )
        counts = {
            name: Registration.objects(__raw__={"$and": [*scope, {"state": name}]}).count()
            for name, _ in TABS[:3]
        }
        return self.render(
            "joining/registrations.html",
            rows=[self.row_of(case) for case in found[:PAGE]],
            tabs=[(name, words, counts.get(name)) for name, words in TABS],
            state=state,
            page=page,
            more=len(found) > PAGE,
            invites=granting.checks(current_user, "school", area),
            by_mail=mail.is_on(),
            register=account_links.front("/register"),
        )

    def row_of(self, case):
        """A registration as the list draws it."""
        return {
            "href": self.get_url(".details_view", id=str(case.id)),
            "title": case.name,
            "why": f"{ROLES[case.role]} · {case.school_name} · {said(case.asked_at)}",
            "tone": TONES[case.state],
            "icon": "users",
            "chip": case.shown_state,
        }

    @expose("/details/")
    def details_view(self):
        """One registration: who, his letter, who is there already, and what may be done now."""
        return self._details(registrations.get_registration(current_user, request.args.get("id")))

    def _details(self, case, refusal=None):
        there = [
            one for one in holders(case.area_code, case.school_code, case.role) if one.email != case.email
        ]
        page = self.render(
            "joining/registration.html",
            case=case,
            tone=TONES[case.state],
            facts=facts_of(case),
            steps=steps_for(case, person()),
            questions=QUESTIONS | {"certify": question_of(case)},
            there=there if case.is_open else [],
            beside=BESIDE,
            typed=request.form,
            wrong=errors_of(refusal) if refusal else {},
            notes=notes_of(case),
            events=[event_of(case, row) for row in reversed(case.moves)],
            refusal=refusal,
            role=ROLES[case.role],
        )
        return page if refusal is None else (page, refusal.status)

    @expose("/step/", methods=["POST"])
    def step_view(self):
        """One step of a registration; a refusal shows its page with the sentence, a slip is shown this once."""
        case = registrations.get_registration(current_user, request.form.get("id"))
        name = request.form.get("step")
        if name not in case.steps:
            raise NotAllowed("ไม่มีขั้นตอนนี้")
        typed = {key: request.form.get(key) for key in ("beside", "replaces")}
        try:
            done, slip = registering.decide(
                case, name, person(), request.form.get("reason", "")[:LONGEST], typed
            )
        except RuleBroken as refusal:
            return self._details(registrations.get_registration(current_user, str(case.id)), refusal)
        if slip:
            return self.render("joining/slip.html", slip=slip, sign_in=account_links.front())
        flash(f"{done.name}: {done.shown_state}", "success")
        return redirect(self.get_url(".details_view", id=str(case.id)), 303)

    @expose("/letter/")
    @hands_out(ONE)
    def letter_view(self):
        """The letter, always as a file to save; who looked at it is noted."""
        case = registrations.get_registration(current_user, request.args.get("id"))
        if case.letter is None:
            raise OutOfScope("คำขอนี้ไม่มีหลักฐาน หรือหลักฐานถูกลบแล้วเมื่อคำขอสิ้นสุด")
        content = evidence.read(case.letter)
        about, seen = {"case": [None, str(case.id)]}, {"what": "registrations"}
        note_event(case.area_code, person(), "evidence", "access", person().id, about, seen=seen)
        name = f"letter-{number_of(case)}.{evidence.KINDS[case.letter_kind]}"
        return send_file(
            io.BytesIO(content), mimetype=case.letter_kind, as_attachment=True, download_name=name
        )

    @expose("/invite/", methods=("GET", "POST"))
    def invite_view(self):
        """The form with which an officer names who is to work for a school."""
        area = here.area_code()
        if not granting.checks(current_user, "school", area):
            raise OutOfScope("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่เชิญผู้ใช้ของโรงเรียนได้")
        refusal = None
        if request.method == "POST":
            typed = {
                name: thai.clean(request.form.get(name, ""))[:LONGEST]
                for name in (*FIELDS, "beside", "replaces")
            }
            typed["school_code"] = code_of(typed["school"], area)
            try:
                case = registering.invite(person(), area, typed, request.form.get("reason", "")[:LONGEST])
                flash(f"เชิญ {case.name} แล้ว รอผู้รับรอง", "success")
                return redirect(self.get_url(".details_view", id=str(case.id)), 303)
            except RuleBroken as error:
                refusal = error
        page = self.render(
            "joining/invite.html",
            schools=School.objects(area_code=area, status="open").order_by("code").only("code", "name"),
            typed={name: request.form.get(name, "") for name in (*FIELDS, "beside", "replaces", "reason")},
            wrong=errors_of(refusal) if refusal else {},
            there=self._there(area) if refusal else [],
            roles={role: ROLES[role] for role in SCHOOL_ROLES},
            positions=POSITIONS,
            beside=BESIDE,
            by_mail=mail.is_on(),
        )
        return page, refusal.status if refusal else 200

    def _there(self, area):
        """Who holds the typed role at the typed school, for the choice that the form then offers."""
        code, role = code_of(thai.clean(request.form.get("school", "")), area), request.form.get("role")
        return holders(area, code, role) if code and role in SCHOOL_ROLES else []


def facts_of(case):
    """What is asked, as pairs."""
    proven = (
        f"ยืนยันแล้ว {said(case.proven_at)}" if case.is_proven else "เขตเชิญ" if case.invited else "ยังไม่ได้ยืนยัน"
    )
    pairs = [
        ("ชื่อ-สกุล", case.name),
        ("ตำแหน่ง", case.position),
        ("โรงเรียน", f"{case.school_name} ({case.school_code})"),
        ("หน้าที่ในระบบ", ROLES[case.role]),
        ("โทรศัพท์", case.phone),
        ("อีเมล", case.email),
        ("การยืนยันอีเมล", proven),
        (
            "เชิญโดย" if case.invited else "ขอเมื่อ",
            f"{case.asked_by_name} · {said(case.asked_at)}" if case.invited else said(case.asked_at),
        ),
        ("เลขที่คำขอ", f"{number_of(case)}"),
    ]
    if case.beside:
        pairs.append(("เมื่อรับรอง", f"{BESIDE[case.beside]} {case.replaces_name or ''}".strip()))
    return pairs


def question_of(case):
    """What certifying this one does, in a sentence."""
    ends = f" และ {case.replaces_name} พ้นหน้าที่นี้ที่โรงเรียนทันที" if case.replaces else ""
    way = "ส่งลิงก์เปิดใช้บัญชีทางอีเมล" if account_links.reachable(case.email) else "ออกสลิปรหัสผ่านแรกเข้าให้พิมพ์"
    return f"รับรอง {case.name} เป็น{ROLES[case.role]} {case.school_name} แล้ว{way}{ends}"


def notes_of(case):
    """[(sentence, tone)] to read before deciding."""
    notes = []
    if not case.is_open:
        return notes
    if not case.is_proven and not case.invited:
        notes.append(("ระบบยังไม่ได้เปิดส่งอีเมล จึงไม่ได้ยืนยันว่าอีเมลเป็นของผู้ขอ กรุณาโทรตรวจสอบตัวตน", "warn"))
    known = User.objects(email=case.email).first()
    if known is not None:
        state = "ใช้งานอยู่" if known.active else "ถูกระงับ"
        if case.is_proven and known.active:
            notes.append(("อีเมลนี้มีบัญชีอยู่แล้ว เมื่อรับรอง บัญชีเดิมจะได้หน้าที่นี้เพิ่ม ไม่สร้างบัญชีใหม่", "info"))
        else:
            notes.append((f"อีเมลนี้มีบัญชีอยู่แล้ว ({state}) จึงรับรองไม่ได้ กรุณาส่งกลับหรือไม่รับ แล้วจัดการที่บัญชีเดิม", "warn"))
    return notes
