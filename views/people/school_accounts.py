"""All schools' accounts in one go: choose or paste a list, see what it would do, make them, print the slips."""

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.background.job_access import get_job
from documents.background.jobs import ask
from documents.errors import Invalid, RuleBroken
from documents.formats import thai
from documents.people import school_accounts
from documents.people.school_accounts import DOMAIN, MOST, Wanted
from documents.people.users import ROLES, SCHOOL_ROLES
from exports.reading.reading import read_table
from views.here import person
from views.jobs import follow, result_page
from views.people.account_forms import areas_of

LABELS = {
    "school_code": ("รหัสโรงเรียน", "รหัส SMIS", "รหัส"),
    "email": ("อีเมล", "email", "e-mail", "ชื่อบัญชี"),
    "name": ("ชื่อ-สกุล", "ชื่อ", "ชื่อผู้ใช้"),
    "role": ("บทบาท", "role"),
}
DIRECTOR_WORDS = ("director", "ผอ", "ผู้อำนวยการ")


class SchoolAccounts:
    """Mixed into the view of accounts: its page for all schools."""

    @expose("/schools/", methods=("GET", "POST"))
    def schools_view(self):
        """The choice of list; with a list, its plan; with `make`, the slips, this once."""
        areas = areas_of(current_user)
        asked = {
            "area": request.form.get("area") or (areas[0].code if areas else ""),
            "roles": [role for role in SCHOOL_ROLES if role in request.form.getlist("roles")] or ["school"],
            "domain": thai.clean(request.form.get("domain")).lower() or DOMAIN,
            "lines": request.form.get("lines", ""),
        }
        planned = problem = None
        if request.method == "POST":
            try:
                wanted, asked["lines"] = wanted_of(asked)
                actor = current_user._get_current_object()
                planned = school_accounts.plan(actor, asked["area"], wanted)
                if request.form.get("make") and not planned.errors:
                    return self._make(actor, asked["area"], wanted, len(planned.new))
            except RuleBroken as refusal:
                problem = refusal.message
        return self.render(
            "users/schools.html",
            areas=areas,
            asked=asked,
            planned=planned,
            problem=problem,
            roles={role: ROLES[role] for role in SCHOOL_ROLES},
            return_url=self.get_url(".index_view"),
        )

    def _make(self, actor, area, wanted, number):
        """A few accounts are made at once; more by a job, whose slips are shown once on a page of their own."""
        if number <= school_accounts.AT_ONCE:
            return self.slips(school_accounts.make(actor, area, wanted))
        return follow(ask("school_accounts", actor, area, arguments=school_accounts.arguments_of(wanted)))

    @expose("/slips/", methods=("GET", "POST"))
    def slips_view(self):
        """The slips of a finished job: a page that says they are shown once, and, posted, the slips."""
        job = get_job(person(), request.values.get("job"))
        if request.method == "POST":
            return self.slips(school_accounts.take_slips(person(), str(job.id)))
        there = "sealed" in (job.result or {})
        return self.render(
            "users/slips_ready.html", job=job, there=there, return_url=self.get_url(".index_view")
        )


@result_page("school_accounts")
def _slips_of(job):
    return url_for("users.slips_view", job=str(job.id))


def wanted_of(asked):
    """(the list that is asked for, its lines to send again): a file, else pasted lines, else all the area's schools."""
    file = request.files.get("file")
    if file and file.filename:
        lines = lines_of_table(
            read_table(file, file.filename, [label for known in LABELS.values() for label in known], MOST)
        )
    else:
        lines = asked["lines"]
    if not lines.strip():
        return school_accounts.wanted_from_schools(asked["area"], asked["roles"], asked["domain"]), ""
    return list(wanted_of_lines(lines, asked["domain"])), lines


def wanted_of_lines(lines, domain=DOMAIN):
    """A Wanted for each line: code, e-mail, name, role, parted by tabs or commas; all but the code may be missing."""
    rows = [line for line in lines.splitlines() if line.strip()]
    if len(rows) > MOST:
        raise Invalid({0: {"rows": f"รายการต้องไม่เกิน {MOST:,} แถว (มี {len(rows):,})"}})
    for number, line in enumerate(rows, 1):
        cells = [thai.clean(cell) for cell in line.replace(",", "\t").split("\t")]
        code, email, name, role = (cells + [""] * 4)[:4]
        code = thai.arabic_digits(code)
        role = "director" if role.lower().startswith(DIRECTOR_WORDS) else "school"
        made_up = school_accounts.made_up_email(role, code, domain)
        yield Wanted(number, code, role, email.lower() or made_up, name, made_up=not email)


def lines_of_table(table):
    """The lines of an uploaded table, its columns found by their labels. Raises Invalid without a column of codes."""
    places = {name: _place(table.columns, known) for name, known in LABELS.items()}
    if places["school_code"] is None:
        raise Invalid({0: {"rows": "ไม่พบคอลัมน์ รหัสโรงเรียน ในไฟล์ กรุณาตรวจสอบหัวตาราง"}})
    order = ("school_code", "email", "name", "role")
    return "\n".join("\t".join(_cell(values, places[name]) for name in order) for _, values in table.rows)


def _place(columns, known):
    folded = [thai.clean(label).lower() for label in columns]
    return next((folded.index(label.lower()) for label in known if label.lower() in folded), None)


def _cell(values, place):
    value = values[place] if place is not None and place < len(values) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return thai.clean(value).replace("\t", " ").replace(",", " ")
