"""Packages (แพ็กเกจส่งกระทรวง): made of a locked round, checked from a file, and the public keys they are known by."""

import datetime as dt
import io

from flask import abort, request, send_file, url_for
from flask_admin import BaseView, expose

from documents.background.jobs import ask
from documents.clock import utc
from documents.collecting.freezing import freeze_of, latest_version
from documents.collecting.rounds import system_name
from documents.errors import FileRefused, NotAllowed
from documents.formats import buddhist
from documents.people import access
from documents.trail import signing
from exports.collecting.changes import between, round_changes_file_name
from exports.collecting.package import package_file_name, refuse_package
from exports.collecting.package_check import check_package
from views import here
from views.collecting.round_files import asked_round, refuse_not_open
from views.jobs import deliver
from views.pages import Page
from views.records.files_out import NOBODY, SCOPE, hands_out

READERS = (*access.AREA_READERS, "executive", "admin")
LARGEST = 256 * 2**20  # bytes of a package checked in the browser; a larger one by the command


class Packages(Page, BaseView):
    """The check of a package, in the menu; a package is made from the files of its round."""

    roles = READERS

    def __init__(self):
        super().__init__(name="ตรวจแพ็กเกจ", endpoint="packages", url="/admin/packages")

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The form; posted, what the file is."""
        verdict = wrong = None
        if request.method == "POST":
            try:
                verdict = check_package(posted())
            except FileRefused as refusal:
                wrong = refusal.message
        page = self.render(
            "collecting/package_check.html",
            wrong=wrong,
            verdict=verdict,
            told=told(verdict) if verdict else None,
            keys=[(key, buddhist.format_datetime(utc(key.made_at))) for key in keys_here()],
            area=here.area_name(here.area_code()) if here.area_code() else "",
        )
        return page, 422 if wrong or (verdict and not verdict.whole) else 200

    @expose("/make/", methods=("POST",))
    @hands_out(SCOPE)
    def make(self):
        """Ask for the package of the round in the form, by a job."""
        round_, user = asked_round(), here.person()
        refuse_not_open(round_)
        refuse_package(round_, user)
        title = package_file_name(round_, latest_version(freeze_of(round_)))
        back = url_for("round_files.files", id=str(round_.id))
        asked = {"round_id": str(round_.id)}
        return deliver(
            ask("ministry_package", user, round_.area_code, round_, title, asked, alone=True, href=back)
        )

    @expose("/changes/", methods=("POST",))
    @hands_out(SCOPE)
    def changes(self):
        """What changed of the round between two versions, the latest and the one before unless others are chosen: a
        workbook, by a job."""
        round_, user = asked_round(), here.person()
        if not any(user.holds(role, round_.area_code) for role in access.AREA_READERS):
            raise NotAllowed("สิ่งที่เปลี่ยนมีข้อมูลส่วนบุคคล เปิดได้เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขต")
        chosen = (request.form.get(name, type=int) for name in ("since", "until"))
        since, until = between(round_, *chosen)
        title = round_changes_file_name(round_, since, until)
        back = url_for("round_files.files", id=str(round_.id))
        asked = {"round_id": str(round_.id), "since": since, "until": until}
        return deliver(ask("package_changes", user, round_.area_code, round_, title, asked, href=back))

    @expose("/key/")
    @hands_out(NOBODY)
    def key(self):
        """An area's public key as PEM, for whoever checks a package elsewhere."""
        print_ = request.args.get("fingerprint", "")
        found = next((key for key in keys_here() if key.fingerprint == print_), None) or abort(404)
        name = f"{found.area_code}-public-key-{found.short}.pem"
        content = io.BytesIO(found.public_pem.encode())
        return send_file(content, "application/x-pem-file", as_attachment=True, download_name=name)


def posted():
    """The uploaded file. Raises FileRefused without one."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise FileRefused("กรุณาเลือกไฟล์แพ็กเกจ (.zip) ที่จะตรวจ")
    return file.stream


def keys_here():
    """The keys of the area this person works in, the present one first."""
    area = here.area_code()
    return signing.known_keys(area) if area else []


def told(verdict):
    """{title, tone, facts, files} of a Verdict, for the page."""
    tone = "ok" if verdict.trusted else "warn" if verdict.whole else "bad"
    title = {
        "ok": "แพ็กเกจถูกต้องครบถ้วน",
        "warn": "เนื้อหาครบถ้วน แต่ยังไม่ทราบว่าเป็นกุญแจของเขต",
        "bad": "แพ็กเกจนี้ไม่ตรงกับที่ลงนาม",
    }[tone]
    manifest = verdict.manifest
    if not manifest:
        return {"title": title, "tone": tone, "facts": [], "files": []}
    round_ = manifest["round"]
    locked = buddhist.format_datetime(utc_of(manifest.get("locked_at")))
    facts = [
        ("เขตพื้นที่", f"{manifest['area'].get('name')} ({manifest['area'].get('code')})"),
        ("รอบ", f"{system_name(str(round_.get('subsystem')))} {round_.get('label')} {round_.get('title')}"),
        ("ฉบับที่", manifest.get("version")),
        ("ล็อกโดย", manifest.get("locked_by")),
        ("ล็อกเมื่อ", locked),
        ("รุ่นของระบบที่จัดทำ", f"Khet {dict(manifest.get('software') or {}).get('version')}"),
        ("ลายนิ้วมือกุญแจ", signing.short_fingerprint(verdict.fingerprint) if verdict.fingerprint else None),
        ("ลายนิ้วมือข้อมูล (SHA-256)", manifest.get("root_hash")),
    ]
    files = [
        {"name": one["name"], "rows": one.get("rows"), "bytes": one["bytes"], "sha256": one["sha256"], "changed": one["name"] in verdict.changed}
        for one in manifest["files"]
    ]  # fmt: skip
    return {"title": title, "tone": tone, "facts": facts, "files": files}


def utc_of(text):
    """The instant of an ISO text, or None for what is none: a manifest is somebody's file."""
    try:
        return dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
