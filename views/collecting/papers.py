"""Papers (เอกสาร): the confirmation sheet as a page and a PDF, and the page that says what a code stands for."""

import io

from flask import request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.clock import utc
from documents.collecting.rounds import label_of, system_name
from documents.collecting.submissions import get_submission, round_of
from documents.formats import buddhist
from documents.records.digests import short_code
from documents.trail import papers
from exports.collecting.papers import (
    CHECKED_AT,
    HEADS,
    confirmation_sheet,
    sheet_file_name,
    sheet_pdf,
)
from views import links
from views.collecting.submissions import Submissions, event_of
from views.pages import Page
from views.records.exporting import note_export
from views.records.files_out import ONE, hands_out

LONGEST_CODE = 100
NO_CODE = "รหัสชุดข้อมูลเป็นตัวเลขหรืออักษร A-F 12 ตัว เช่น 1A2B-3C4D-5E6F กรุณาตรวจดูแล้วพิมพ์ใหม่"
UNKNOWN = "ไม่พบรหัสนี้ในข้อมูลของโรงเรียนหรือเขตที่ท่านดูแล กรุณาตรวจทีละตัวกับใบยืนยันแล้วพิมพ์ใหม่"


class Papers(Page, BaseView):
    """The check of a code, in the menu; sheets are reached from a school's page."""

    roles = Submissions.roles

    def __init__(self):
        super().__init__(name="ตรวจรหัสชุดข้อมูล", endpoint="papers", url="/admin/papers")

    @expose("/")
    def index(self):
        """What the code in the address stands for, within what this person may see."""
        typed = request.args.get("code", "")[:LONGEST_CODE]
        code = papers.read_code(typed)
        found = papers.stands_for(current_user, code) if code else []
        wrong = None if found or not typed.strip() else (UNKNOWN if code else NO_CODE)
        page = self.render(
            "collecting/paper_check.html", typed=typed, wrong=wrong, found=[told(one) for one in found]
        )
        return page, (404 if code else 422) if wrong else 200

    @expose("/confirmation/")
    def confirmation(self):
        """The sheet as a page to print."""
        sheet = asked_sheet()
        return self.render(
            "collecting/paper_confirmation.html",
            sheet=sheet,
            submission=sheet.submission,
            heads=HEADS,
            signers=sheet.signers,
            checked_at=CHECKED_AT,
            back=links.submission_page(sheet.submission.id),
        )

    @expose("/confirmation/pdf/")
    @hands_out(ONE)
    def confirmation_pdf(self):
        """The sheet as a PDF; noted before it is sent."""
        sheet = asked_sheet()
        content, one = sheet_pdf(sheet), sheet.submission
        person = current_user._get_current_object()
        note_export(person, sheet.round, "confirmation", one.school_code, 0, "pdf")
        return send_file(
            io.BytesIO(content),
            mimetype="application/pdf",
            as_attachment=True,
            download_name=sheet_file_name(one),
        )


def asked_sheet():
    """The Sheet of the submission that the address names. Raises OutOfScope, or WrongState before ยืนยัน."""
    submission = get_submission(current_user, request.args.get("id"))
    return confirmation_sheet(submission, round_of(submission))


def told(one):
    """What a code stands for, as collecting/paper_check.html draws it."""
    return of_round(one) if isinstance(one, papers.StoodForRound) else of_school(one)


def of_school(one):
    """{title, href, tone, verdict, facts, events} of one school's data."""
    submission = one.submission
    if one.version < submission.version:
        tone = "bad"
        verdict = f"เป็นข้อมูลฉบับที่ {one.version:,} ซึ่งฉบับที่ {submission.version:,} ใช้แทนแล้ว ใบยืนยันที่มีรหัสนี้ใช้ไม่ได้"
    elif one.valid:
        tone, verdict = "ok", "เป็นข้อมูลปัจจุบันของโรงเรียนนี้ ใบยืนยันที่มีรหัสนี้ยังใช้ได้"
    elif one.unchanged:
        tone, verdict = "warn", "ข้อมูลยังไม่เปลี่ยน แต่ถูกส่งกลับหรือเปิดให้แก้ไขแล้ว ต้องยืนยันใหม่และใช้ใบยืนยันฉบับใหม่"
    else:
        tone, verdict = "bad", "ไม่ใช่ข้อมูลปัจจุบันแล้ว ข้อมูลถูกแก้ไขหลังจากนั้น ใบยืนยันที่มีรหัสนี้ใช้ไม่ได้"
    now = short_code(submission.digest) if submission.digest else "ยังไม่มี (กำลังแก้ไข)"
    return {
        "title": submission.school_name,
        "href": links.submission_page(submission.id),
        "tone": tone,
        "verdict": verdict,
        "facts": [
            ("รหัสที่ตรวจ", short_code(one.digest)),
            ("โรงเรียน", f"{submission.school_name} ({submission.school_code})"),
            ("รอบ", f"{system_name(submission.subsystem)} {submission.round_label}"),
            ("ฉบับที่", f"{one.version:,}" + ("" if one.version == submission.version else f" (ปัจจุบันฉบับที่ {submission.version:,})")),
            ("สถานะปัจจุบัน", submission.shown_state),
            ("รหัสปัจจุบัน", now),
        ],
        "events": [event_of(row) for row in reversed(one.moves)],
    }  # fmt: skip


def of_round(one):
    """The same of a whole round."""
    freeze = one.freeze
    if one.unchanged:
        tone, verdict = "ok", "เป็นข้อมูลทั้งรอบตามที่ล็อกไว้ในปัจจุบัน"
    else:
        tone, verdict = "bad", "เป็นข้อมูลทั้งรอบก่อนที่โรงเรียนที่เปิดคืนจะล็อกอีกครั้ง ไม่ใช่ข้อมูลปัจจุบันแล้ว"
    return {
        "title": f"ทั้งรอบ {system_name(freeze.subsystem)} {label_of(freeze.academic_year, freeze.round)}",
        "href": None,
        "tone": tone,
        "verdict": verdict,
        "facts": [
            ("รหัสที่ตรวจ", short_code(one.digest)),
            ("เขตพื้นที่", freeze.area_name),
            (
                "รอบ",
                f"{system_name(freeze.subsystem)} {label_of(freeze.academic_year, freeze.round)} {freeze.title}",
            ),
            ("ล็อกโดย", freeze.locked_by_name),
            ("ล็อกเมื่อ", buddhist.format_datetime(utc(freeze.locked_at))),
            ("รหัสปัจจุบัน", short_code(freeze.root_hash)),
        ],
        "events": [],
    }
