"""The pages of people without an account or password: registration, proving an e-mail, links to set a password.

None of them tells whether an e-mail is known: the page that follows is the same, and letters are written after it was sent.
"""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from documents.district.schools import Area, School
from documents.errors import Invalid, RuleBroken
from documents.formats import thai
from documents.notifying import mail
from documents.people import account_links, registering
from documents.people.users import ROLES, SCHOOL_ROLES
from documents.records import evidence

joining = Blueprint("joining", __name__)
FIELDS = ("name", "position", "phone", "email", "role", "school")
LONGEST = 300
POSITIONS = (
    "ครู",
    "ครูชำนาญการ",
    "ครูชำนาญการพิเศษ",
    "ครูธุรการ",
    "ครูอัตราจ้าง",
    "พนักงานราชการ",
    "ผู้อำนวยการโรงเรียน",
    "รักษาการผู้อำนวยการโรงเรียน",
)


# ---- registration ----


@joining.route("/register", methods=["GET", "POST"], endpoint="register")
def register():
    """The form of a registration; taken, the page that says what happens next, whoever sent it."""
    areas = list(Area.objects().order_by("code").only("code", "name", "short_name"))
    area = next((one for one in areas if one.code == request.values.get("area")), None)
    if area is None and len(areas) == 1:
        area = areas[0]
    if request.method == "POST" and area:
        try:
            case = registering.ask(area.code, _typed(area.code), _letter())
            return redirect(url_for("joining.registered", number=number_of(case)), 303)
        except Invalid as refusal:
            return _form("joining/register.html", areas, area, refusal), refusal.status
    return _form("joining/register.html", areas, area)


def number_of(case):
    """A number to name a registration by on the telephone; it opens nothing."""
    return int(str(case.id)[-6:], 16)


@joining.route("/register/sent", endpoint="registered")
def registered():
    """What happens next, the same for everybody."""
    number = min(request.args.get("number", 0, type=int), 0xFFFFFF)
    return render_template("joining/registered.html", number=max(number, 0), by_mail=mail.is_on())


@joining.route("/register/confirm", methods=["GET", "POST"], endpoint="confirm")
def confirm():
    """The page behind the link in the letter: a press proves the e-mail, opening it alone does not."""
    token = _token()
    try:
        if request.method == "POST":
            return _said("ยืนยันอีเมลแล้ว", _next_words(registering.prove(token)), "ok")
        case = registering.of_token(token, "asked")
    except RuleBroken as refusal:
        return _unusable(refusal)
    return render_template("joining/confirm.html", case=case, token=token, role=ROLES[case.role])


def _next_words(case):
    return (
        f"คำขอเลขที่ {number_of(case)} ส่งถึงเขตแล้ว เจ้าหน้าที่จะตรวจสอบ แล้วผู้รับรองจะรับรอง ผลจะแจ้งทางอีเมล {case.email}"
    )


@joining.route("/register/amend", methods=["GET", "POST"], endpoint="amend")
def amend():
    """The form of a registration that the district returned."""
    token = _token()
    try:
        case = registering.of_token(token, "returned")
        if request.method == "POST":
            registering.amend(token, _typed(case.area_code), _letter())
            return _said("ส่งใหม่แล้ว", f"คำขอเลขที่ {number_of(case)} กลับไปรอเขตตรวจสอบแล้ว", "ok")
    except Invalid as refusal:
        return _amending(case, token, refusal), refusal.status
    except RuleBroken as refusal:
        return _unusable(refusal)
    return _amending(case, token)


def _amending(case, token, refusal=None):
    area = Area.objects(code=case.area_code).first()
    asked = next((row["reason"] for row in reversed(case.moves) if row["name"] == "return"), None)
    stored = {name: getattr(case, name, "") for name in FIELDS} | {
        "school": f"{case.school_code} {case.school_name}"
    }
    return _form(
        "joining/amend.html", [area], area, refusal, stored=stored, case=case, token=token, asked=asked
    )


def _form(template, areas, area, refusal=None, stored=None, **more):
    schools = (
        School.objects(area_code=area.code, status="open").order_by("code").only("code", "name")
        if area
        else ()
    )
    typed = (
        {name: request.form.get(name, "")[:LONGEST] for name in FIELDS}
        if request.method == "POST"
        else stored or {}
    )
    return render_template(
        template,
        areas=areas,
        area=area,
        schools=schools,
        typed=typed,
        wrong=refusal.errors[0] if refusal else {},
        roles={role: ROLES[role] for role in SCHOOL_ROLES},
        positions=POSITIONS,
        by_mail=mail.is_on(),
        megabytes=evidence.LARGEST // 2**20,
        **more,
    )


def _typed(area_code):
    typed = {name: thai.clean(request.form.get(name, ""))[:LONGEST] for name in FIELDS}
    return typed | {"school_code": code_of(typed.pop("school"), area_code)}


def code_of(text, area_code):
    """The code of the school that a line names: its code, or its whole name where one school alone has it."""
    digits = thai.arabic_digits(text)[:8]
    if len(digits) == 8 and digits.isdecimal():
        return digits
    names = [text, text.removeprefix("โรงเรียน")]
    found = list(School.objects(area_code=area_code, name__in=names).limit(2).scalar("code"))
    return found[0] if len(found) == 1 else ""


def _letter():
    sent = request.files.get("letter")
    return sent.stream.read(evidence.LARGEST + 1) if sent else b""


def _token():
    return request.values.get("t", "")[:200]


def _said(title, text, tone, again=None):
    return render_template("joining/said.html", title=title, text=text, tone=tone, again=again)


def _unusable(refusal):
    """The page behind a link of a registration that is not good, or no longer."""
    again = url_for("joining.register"), "ลงทะเบียนใหม่"
    return _said("ใช้ลิงก์นี้ไม่ได้", refusal.message, "bad", again), refusal.status


# ---- passwords ----


@joining.route("/password/forgot", methods=["GET", "POST"], endpoint="forgot")
def forgot():
    """Ask for a link to set a new password; the answer is the same, and as fast, whoever asks."""
    if request.method != "POST":
        return render_template("joining/forgot.html", by_mail=mail.is_on(), sent=False)
    answer = current_app.make_response(
        render_template("joining/forgot.html", by_mail=mail.is_on(), sent=True)
    )
    app, email = current_app._get_current_object(), request.form.get("email", "")[:LONGEST]

    def write():
        with app.app_context():
            account_links.ask_reset(email)

    answer.call_on_close(write)
    return answer


@joining.route("/password/new", methods=["GET", "POST"], endpoint="new_password")
def new_password():
    """Set a password by a link, once."""
    token, wrong = _token(), {}
    try:
        link, person = account_links.find(token)
        if request.method == "POST":
            account_links.use(
                token, request.form.get("password", "")[:LONGEST], request.form.get("again", "")[:LONGEST]
            )
            flash("ตั้งรหัสผ่านแล้ว เข้าสู่ระบบด้วยรหัสผ่านใหม่ได้เลย", "success")
            return redirect(url_for("security.login"), 303)
    except Invalid as refusal:
        wrong = refusal.errors[0]
    except RuleBroken as refusal:
        again = url_for("joining.forgot"), "ขอลิงก์ใหม่"
        return _said("ใช้ลิงก์นี้ไม่ได้", refusal.message, "bad", again), refusal.status
    page = render_template(
        "joining/new_password.html", token=token, person=person, first=link.kind == "activate", wrong=wrong
    )
    return page, 422 if wrong else 200
