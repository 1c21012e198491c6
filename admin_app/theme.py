"""What the templates know about the look: how each state is shown, which icon a page has, where a static file lies.

`install(app)` adds it all to the application's Jinja environment; templates/khet/parts.html draws with it.
"""

import os
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, current_app, g, request, session, url_for
from markupsafe import Markup

from admin_app.language import filters_as_read
from documents.collecting.rounds import system_name
from documents.formats.thai import thai_digits
from documents.records.fields import label_under

STATIC = Path(__file__).parent / "static"

# state: (words, tone of the chip, letter on a tile, icon that replaces the letter)
SUBMISSION_LOOK = {
    "idle": ("ยังไม่เริ่ม", "idle", "", "minus"),
    "draft": ("กำลังบันทึก", "work", "บ", None),
    "confirmed": ("ยืนยันแล้ว", "conf", "ย", None),
    "certified": ("รับรองแล้ว", "cert", "ร", None),
    "verified": ("เขตตรวจสอบแล้ว", "veri", "", "check"),
    "returned": ("ส่งกลับแก้ไข", "back", "", "return"),
    "locked": ("ล็อกแล้ว", "lock", "", "lock"),
    "closed": ("ปิดโดยไม่ได้รายงาน", "shut", "", "x"),
    "late": ("เกินกำหนด", "late", "ก", None),
    "lapsed": ("หมดเวลาเปิดคืน", "late", "", "clock"),
    "error": ("ข้อมูลไม่ครบ", "late", "", "bang"),
    "empty": ("ครบแต่ว่างเปล่า", "late", "ว", None),
    "hold": ("พักไว้", "back", "", "pause"),
}
SAME_STATE = {"not_started": "idle", "closed_unreported": "closed", "unreported": "closed", "work": "draft"}

ROUND_LOOK = {
    "draft": ("ร่าง", "idle"),
    "proposed": ("เสนอผู้บังคับบัญชา", "conf"),
    "open": ("เปิดรับข้อมูล", "work"),
    "verifying": ("ปิดรับ/ตรวจสอบ", "cert"),
    "closing": ("กำลังล็อก", "back"),
    "locked": ("ล็อกแล้ว", "lock"),
    "published": ("เผยแพร่แล้ว", "veri"),
}

FLASH_TONES = {"success": "ok", "error": "bad", "danger": "bad", "warning": "warn"}
FLASH_ICONS = {"ok": "check", "bad": "alert", "warn": "alert", "info": "info"}

# The last folder of a page's address: its icon in the side menu, where the menu names none.
MENU_ICONS = {
    "announcements": "announce",
    "mails": "inbox",
    "year-end": "flag",
    "control": "gauge",
    "control-room": "gauge",
    "rounds": "rounds",
    "submissions": "submissions",
    "reopening": "return",
    "students": "students",
    "technology": "technology",
    "staff": "staff",
    "rooms": "fields",
    "school_rooms": "fields",
    "school-rooms": "fields",
    "buildings": "buildings",
    "equipment": "equipment",
    "gcode": "gcode",
    "surveys": "surveys",
    "papers": "check",
    "packages": "lock",
    "money": "gauge",
    "rates": "gauge",
    "findings": "findings",
    "duplicates": "duplicates",
    "import": "upload",
    "export": "download",
    "exports": "download",
    "jobs": "clock",
    "transfers": "transfer",
    "id-changes": "edit",
    "reports": "reports",
    "schools": "schools",
    "contacts": "phone",
    "registrations": "inbox",
    "people": "users",
    "users": "key",
    "accounts": "key",
    "fields": "fields",
    "limits": "gauge",
    "rules": "findings",
    "layouts": "download",
    "codelists": "codelists",
    "privacy": "eye",
    "audit": "history",
    "history": "history",
}


def submission_look(state: str) -> dict[str, str | None]:
    """Return label, tone, letter and icon of a submission's state; an unknown state shows its own name."""
    words, tone, letter, icon = SUBMISSION_LOOK.get(SAME_STATE.get(state, state), (state, "idle", "", None))
    return {"label": words, "tone": tone, "letter": letter, "icon": icon}


def round_look(state: str) -> dict[str, str]:
    """Return label and tone of a round's state; an unknown state shows its own name."""
    words, tone = ROUND_LOOK.get(state, (state, "idle"))
    return {"label": words, "tone": tone}


def menu_icon(href: str) -> str:
    """Return the icon of a menu entry by the last known folder of its address; the front page's is a house."""
    folders = [part for part in href.split("?")[0].split("/") if part and part != "admin"]
    if not folders:
        return "home"
    return next((MENU_ICONS[part] for part in reversed(folders) if part in MENU_ICONS), "list")


def comma(number: float | None, decimals: int | None = None) -> str:
    """Return a number with thousands separators: 49812 gives 49,812; None gives an en dash."""
    if number is None:
        return "–"
    if not isinstance(number, int | float | Decimal):
        return str(number)
    return f"{number:,}" if decimals is None else f"{number:,.{decimals}f}"


@lru_cache(maxsize=200)
def _fingerprint(filename: str, changed: float) -> str:
    return sha256((STATIC / filename).read_bytes()).hexdigest()[:10]


def asset(filename: str) -> str:
    """Return the address of a file under static/, ending in a mark of its content: a new version is a new address."""
    known = g.setdefault("assets", {})  # a page names the file of its icons some sixty times
    if filename not in known:
        known[filename] = _address(filename, os.stat(f"{STATIC}/{filename}").st_mtime, request.script_root)
    return known[filename]


@lru_cache(maxsize=200)
def _address(filename: str, changed: float, root: str) -> str:
    """The address of one version of a file; `root` is where the server has put the application."""
    return url_for("static", filename=filename, v=_fingerprint(filename, changed))


def icon(name: str, cls: str = "") -> Markup:
    """Return an icon of static/icons.svg, drawn once: a page has some seventy."""
    return _icon(asset("icons.svg"), name, cls)


@lru_cache(maxsize=1000)
def _icon(sheet: str, name: str, cls: str) -> Markup:
    look = f" {cls}" if cls else ""
    return Markup('<svg class="i{}" aria-hidden="true" viewBox="0 0 24 24"><use href="{}#{}"/></svg>').format(
        look, sheet, name
    )


def menu_entry(item: dict) -> Markup:
    """Return one entry of the side menu, drawn once for each count it shows."""
    told = (item.get("icon") or menu_icon(item["href"]), item["href"], item["label"])
    marks = (bool(item.get("active")), item.get("count"), bool(item.get("hot")))
    return _menu_entry(asset("icons.svg"), *told, *marks)


@lru_cache(maxsize=4000)
def _menu_entry(sheet: str, *told) -> Markup:
    """The entry as khet/parts.html draws it; `sheet` is where its icon lies."""
    return current_app.jinja_env.get_template("khet/parts.html").module.menu_entry(*told)


def just_saved() -> bool:
    """Whether the words that wait for this page say that something was saved: known before the page shows them."""
    return any(FLASH_TONES.get(category) == "ok" for category, _ in session.get("_flashes", ()))


def install(app: Flask) -> None:
    """Give every template of the application the names above."""
    app.jinja_env.filters["comma"] = comma
    app.jinja_env.filters["thai_digits"] = thai_digits
    app.jinja_env.filters["system"] = system_name
    app.jinja_env.filters["as_read"] = filters_as_read
    app.jinja_env.filters["label_under"] = label_under
    app.jinja_env.globals.update(
        asset=asset,
        drawn_icon=icon,
        drawn_entry=menu_entry,
        menu_icon=menu_icon,
        submission_look=submission_look,
        round_look=round_look,
        flash_tones=FLASH_TONES,
        just_saved=just_saved,
        flash_icons=FLASH_ICONS,
    )
