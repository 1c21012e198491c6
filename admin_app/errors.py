"""What a person sees when something is refused or fails: a Thai page that says what to do next."""

import logging
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import g, jsonify, render_template, request
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from pymongo.errors import ConnectionFailure, OperationFailure
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from admin_app.gate import PUBLIC, wants_json
from admin_app.security import LARGEST_UPLOAD, MEGABYTE
from documents.database import is_loss
from documents.errors import Busy, NoRoom, RuleBroken, TotalsDiffer, is_full

log = logging.getLogger(__name__)

# Status: heading, and what to do next.
SENTENCES = {
    400: ("คำขอนี้อ่านไม่ได้", "กรุณากลับไปหน้าเดิมแล้วลองอีกครั้ง"),
    403: ("ท่านไม่มีสิทธิ์เปิดหน้านี้", "ตรวจสอบว่าเข้าสู่ระบบด้วยบัญชีที่ถูกต้อง หรือขอสิทธิ์จากผู้ดูแลระบบของเขต"),
    404: ("ไม่พบหน้านี้", "ที่อยู่อาจพิมพ์ผิด หรือรายการนี้ไม่อยู่ในโรงเรียนและรอบของท่าน กลับไปหน้าแรกแล้วเลือกจากเมนู"),
    405: ("เปิดหน้านี้โดยตรงไม่ได้", "กรุณากลับไปหน้าเดิมแล้วกดปุ่มบนหน้านั้น"),
    409: ("ทำรายการนี้ไม่ได้ในขณะนี้", "กรุณาอ่านเหตุผลด้านบน แล้วกลับไปหน้าเดิม"),
    413: (
        "ไฟล์หรือข้อมูลที่ส่งใหญ่เกินไป",
        f"ส่งได้ครั้งละไม่เกิน {LARGEST_UPLOAD // MEGABYTE} MB กรุณาแบ่งไฟล์เป็นส่วน ๆ แล้วส่งใหม่",
    ),
    422: ("ข้อมูลบางช่องไม่ถูกต้อง", "กรุณากลับไปแก้ไขตามที่บอก แล้วบันทึกอีกครั้ง"),
    429: ("ทำรายการถี่เกินไป", "กรุณารอสักครู่แล้วลองใหม่"),
    500: ("ระบบขัดข้อง", "ข้อมูลที่บันทึกไว้ก่อนหน้านี้ไม่หาย กรุณาลองอีกครั้ง หากยังพบ แจ้งผู้ดูแลระบบพร้อมเวลาที่เกิด"),
    507: ("พื้นที่เก็บไฟล์เต็ม", "ข้อมูลที่บันทึกไว้ไม่หาย กรุณาแจ้งผู้ดูแลระบบ แล้วลองอีกครั้ง"),
    503: ("ติดต่อฐานข้อมูลไม่ได้ชั่วคราว", "ยังไม่มีอะไรถูกบันทึก สิ่งที่พิมพ์ไว้ยังอยู่ กรุณารอสักครู่แล้วกดส่งอีกครั้ง"),
}
STALE = "หน้านี้เปิดค้างไว้ก่อนเข้าสู่ระบบครั้งล่าสุด จึงยังไม่ได้บันทึก สิ่งที่พิมพ์ไว้ยังอยู่ครบ กดส่งอีกครั้งเพื่อบันทึก"
SIGNED_OUT = "ท่านออกจากระบบแล้ว จึงยังไม่ได้บันทึก สิ่งที่พิมพ์ไว้ยังอยู่ครบในหน้านี้ กรุณาเข้าสู่ระบบในหน้าต่างใหม่ แล้วกลับมากดส่งอีกครั้ง"
UNTRUSTED = "คำขอนี้ไม่ได้มาจากหน้าของระบบ จึงไม่ทำรายการให้ กรุณาเปิดหน้าที่ต้องการแล้วทำรายการใหม่"
NOT_KEPT = ("csrf_token", "password")  # never written back into a page


def init_app(app):
    """Register a page for every refusal and fault."""
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(RequestEntityTooLarge, too_large)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(RuleBroken, rule_broken)
    app.register_error_handler(OSError, disk_full)
    app.register_error_handler(ConnectionFailure, database_lost)
    app.register_error_handler(OperationFailure, database_refused)


def refused(error):
    """The page of an HTTP status; a redirect or a ready response passes as it is."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    own_words = error.description if "ก" <= (error.description or "")[:1] <= "๛" else None
    if error.code >= 500:
        read_as_stranger()
    return answer(error.code, own_words, headers=kept_headers(error))


def kept_headers(error):
    """The headers of an HTTP error that the page keeps: which methods are allowed, when to come again."""
    return [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After")]


def rule_broken(error):
    """The rule's sentence with its status; where it was only a matter of time, the typed form comes with it."""
    log.info("refused: %s in %s", type(error).__name__, request.endpoint)
    if isinstance(error, TotalsDiffer):
        g.refused = "totals", error.message
    again = isinstance(error, Busy) and request.method == "POST" and is_from_here()
    return answer(error.status, error.message, kind=type(error).__name__, resend=typed() if again else None)


def disk_full(error):
    """The sentence of a disk without room; any other fault of a file stays loud."""
    if not is_full(error):
        raise error
    log.error("no room on the disk for what %s makes", request.endpoint)
    return rule_broken(NoRoom())


def stale_form(error):
    """The form that came with a token no longer valid: its fields come back, to be sent by one press.

    A form that another site sent gets nothing back: only its own pages may hold what was typed.
    """
    log.info("form refused: %s (%s)", error.description, request.endpoint)
    if not is_from_here():
        g.refused = "token", None
        return answer(400, UNTRUSTED)
    out = current_user.is_anonymous and request.endpoint not in PUBLIC
    said = SIGNED_OUT if out else STALE
    return answer(400, said, title="ยังไม่ได้บันทึก", resend=typed(), signed_out=out, csrf_token=generate_csrf())


def too_large(error):
    """The page for too big an upload, after the rest was read: a browser shows no answer while it still sends."""
    drain(request.environ["wsgi.input"])
    return answer(413, SENTENCES[413][1])


def drain(stream, most=300 * MEGABYTE):
    """Read a body to its end and forget it, up to `most` bytes."""
    while most > 0 and (piece := stream.read(MEGABYTE)):
        most -= len(piece)


def database_lost(error):
    """The page that keeps what was typed while the database does not answer."""
    log.error("database lost during %s %s: %s", request.method, request.url_rule, type(error).__name__)
    read_as_stranger()
    return answer(503, resend=typed() if request.method == "POST" and is_from_here() else None)


def database_refused(error):
    """The same page where the database said that it ends or was just started; any other refusal of it is a fault."""
    if not is_loss(error):
        raise error
    return database_lost(error)


def read_as_stranger():
    """Let the page be drawn without asking the database who is reading, or his menu: that may be what failed."""
    g._login_user = AnonymousUserMixin()


def answer(
    status, sentence=None, *, title=None, headers=(), resend=None, signed_out=False, kind=None, **more
):
    """The response of a refusal: a page for people, JSON for a page's script."""
    heading, next_step = SENTENCES.get(status, (HTTPStatus(status).phrase, "กรุณากลับไปหน้าแรกแล้วลองอีกครั้ง"))
    if wants_json():
        said = {"error": sentence or f"{heading} {next_step}", "kind": kind, **more}
        return (
            jsonify({name: value for name, value in said.items() if value is not None}),
            status,
            list(headers),
        )
    template = "errors/resend.html" if resend is not None else [f"errors/{status}.html", "khet/error.html"]
    page = render_template(
        template,
        code=status,
        title=title or heading,
        message=sentence,
        text=sentence or next_step,
        resend=resend,
        signed_out=signed_out,
        resend_to=request.full_path.rstrip("?"),
    )
    return page, status, list(headers)


def is_from_here():
    """Whether the browser says that one of our own pages sent this form."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    came_from, here = (
        urlsplit(request.headers.get("Origin") or request.referrer or ""),
        urlsplit(request.host_url),
    )
    return (came_from.scheme, came_from.netloc) == (here.scheme, here.netloc)


def typed():
    """The posted fields in their order, as (name, value), without tokens and passwords."""
    pairs = request.form.items(multi=True)
    return [(name, value) for name, value in pairs if not any(word in name for word in NOT_KEPT)]
