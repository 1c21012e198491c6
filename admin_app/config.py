"""The settings: read from the environment here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from documents import clock
from documents.notifying import line, smtp
from documents.version import VERSION as VERSION

LEAST_SECRET = 32  # characters
WELL_KNOWN = ("changeme", "change-me", "secret", "default", "password", "development", "example")
TWO_STEP = ("required", "offered")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

# Name, default (None: must be given; scripts/start makes it), meaning.
TABLE = [
    ("MONGODB_URI", None, "ที่อยู่ฐานข้อมูล (replica set หรือ sharded cluster ของ MongoDB 6.0 ขึ้นไป) ไม่กำหนดแล้ว scripts/start จะรันฐานข้อมูลในตัวให้"),
    ("SECRET_KEY", None, f"กุญแจลงนามคุกกี้ อย่างน้อย {LEAST_SECRET} ตัวอักษร ไม่กำหนดแล้วสร้างให้ครั้งเดียวใน DATA/secrets/session.key"),
    ("KHET_AUDIT_KEY_FILE", None, "แฟ้มกุญแจลูกโซ่ของประวัติการแก้ไข เก็บนอกฐานข้อมูล ไม่กำหนดแล้วสร้างให้ใน DATA/secrets/audit.key"),
    ("CELERY_BROKER_URL", "", "คิวของงานเบื้องหลัง เช่น redis://... หรือ amqp://... ไม่กำหนดแล้วใช้ฐานข้อมูลเดียวกับ MONGODB_URI"),
    ("SMTP_URL", "", "เครื่องอีเมลขาออก smtp://ผู้ใช้:รหัสผ่าน@เครื่อง:587 หรือ smtps://...:465 ไม่กำหนดแล้วไม่ส่งอีเมล (?starttls=no และ ?ca=แฟ้ม เติมท้ายได้)"),
    ("KHET_MAIL_FROM", "", "อีเมลของผู้ส่ง ไม่กำหนดแล้วใช้ชื่อผู้ใช้ใน SMTP_URL ถ้าเป็นอีเมล"),
    ("LINE_CHANNEL_ACCESS_TOKEN", "", "โทเคนของบัญชีทางการ LINE (Messaging API) สำหรับแจ้งกลุ่ม ไม่กำหนดแล้วไม่ส่ง LINE"),
    ("KHET_LINE_GROUP", "", "รหัสกลุ่มไลน์ของเขตที่ไม่ได้กำหนดกลุ่มของตนไว้ในหน้าประกาศ"),
    ("KHET_LINE_API", line.API, "ที่อยู่ของ LINE Messaging API ใช้เปลี่ยนเมื่อทดสอบเท่านั้น"),
    ("KHET_DATA", "./var", "โฟลเดอร์ข้อมูล: ฐานข้อมูลในตัว แฟ้ม กุญแจลับ และบันทึก (เท่ากับ --data)"),
    ("KHET_PUBLIC_URL", "http://127.0.0.1:8000", "ที่อยู่ที่ผู้ใช้เปิด คั่นหลายที่อยู่ด้วยจุลภาค กำหนดรายชื่อ host ที่ยอมรับ และถ้าเป็น https คุกกี้จะเป็น Secure"),
    ("KHET_TRUSTED_PROXIES", "0", "จำนวนพร็อกซีด้านหน้าที่เชื่อหัวข้อ X-Forwarded-* ได้"),
    ("KHET_NOW", "", "เวลาเริ่มต้นของนาฬิการะบบ (ISO, ค.ศ.) ใช้เพื่อสาธิตและทดสอบเท่านั้น ทุกหน้าจะแสดงแถบบอก"),
    ("KHET_DEMO_PASSWORD", "", "รหัสผ่านของบัญชีสาธิตทุกบัญชี ไม่กำหนดแล้วสุ่มให้ใน DATA/demo-accounts.json"),
    ("KHET_TWO_STEP", "required", "ยืนยันตัวตนสองชั้น: required บังคับผู้รับรองและผู้ดูแลระบบ, offered ให้ทุกคนเลือกเอง (scripts/start ใช้ offered เมื่อฐานข้อมูลมีเขตสาธิต)"),
    ("KHET_BACKUP_PASSPHRASE", "", "รหัสผ่านของแฟ้มสำรอง เมื่อไม่มีผู้พิมพ์ให้ scripts/manage backup และ restore"),
    ("KHET_SLOW_SECONDS", "2", "คำขอที่ใช้เวลานานกว่านี้ (วินาที) ถูกเขียนลงบันทึกของเว็บเซิร์ฟเวอร์"),
    ("KHET_ENV", "production", "production, development หรือ test; โหมดดีบัก (FLASK_DEBUG=1) ใช้ได้เฉพาะ development"),
]  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Everything the application is told from outside. `from_environment` is the way to make one."""

    mongodb_uri: str = field(repr=False)
    secret_key: str = field(repr=False)
    audit_key: bytes = field(repr=False)
    data: Path
    broker_url: str = field(default="", repr=False)
    mail_server: smtp.Server | None = None
    line_bot: line.Bot | None = None
    line_group: str = ""
    public_urls: tuple[str, ...] = ("http://127.0.0.1:8000",)
    trusted_proxies: int = 0
    now: str = ""
    demo_password: str = field(default="", repr=False)
    two_step: str = "required"
    slow_seconds: float = 2.0
    env: str = "production"
    debug: bool = False

    def __post_init__(self):
        require_strong(self.secret_key, "SECRET_KEY")
        require_strong(self.audit_key.decode("latin-1"), "KHET_AUDIT_KEY_FILE")
        if self.env not in ("production", "development", "test"):
            raise RuntimeError(f"KHET_ENV={self.env} ไม่มี ให้ใช้ production, development หรือ test")
        if self.two_step not in TWO_STEP:
            raise RuntimeError(f"KHET_TWO_STEP={self.two_step} ไม่มี ให้ใช้ required หรือ offered")
        if self.debug and self.env != "development":
            raise RuntimeError(
                "ไม่เริ่มในโหมดดีบักนอกเครื่องพัฒนา กรุณาเอา FLASK_DEBUG ออก (debug mode is for KHET_ENV=development)"
            )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of this process. Raises RuntimeError, one sentence, for what is missing or unsafe."""
        given = {name: environ.get(name) or default for name, default, _ in TABLE}
        for name, value in given.items():
            if value is None:
                raise RuntimeError(f"ไม่ได้กำหนด {name} กรุณาเริ่มด้วย scripts/start ({name} is not set)")
        return cls(
            mongodb_uri=given["MONGODB_URI"],
            secret_key=given["SECRET_KEY"],
            audit_key=key_in(Path(given["KHET_AUDIT_KEY_FILE"])),
            data=Path(given["KHET_DATA"]).resolve(),
            broker_url=given["CELERY_BROKER_URL"],
            mail_server=mail_server_of(given["SMTP_URL"], given["KHET_MAIL_FROM"]),
            line_bot=line_bot_of(given["LINE_CHANNEL_ACCESS_TOKEN"], given["KHET_LINE_API"]),
            line_group=given["KHET_LINE_GROUP"],
            public_urls=urls(given["KHET_PUBLIC_URL"]),
            trusted_proxies=count_of("KHET_TRUSTED_PROXIES", given["KHET_TRUSTED_PROXIES"]),
            now=running_since(given["KHET_NOW"], environ.get("KHET_NOW_SINCE")),
            demo_password=given["KHET_DEMO_PASSWORD"],
            two_step=given["KHET_TWO_STEP"],
            slow_seconds=seconds_of("KHET_SLOW_SECONDS", given["KHET_SLOW_SECONDS"]),
            env=given["KHET_ENV"],
            debug=environ.get("FLASK_DEBUG", "").lower() in ("1", "true", "yes", "on"),
        )

    @property
    def public_url(self) -> str:
        """The address that links in papers and mails carry, without a slash at the end."""
        return self.public_urls[0]

    @property
    def secure(self) -> bool:
        """Whether people reach the product over TLS, so that cookies must be `Secure`."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def hosts(self) -> frozenset[str]:
        """Host names, without port, that a request may name; one loopback name stands for all of them."""
        named = {urlsplit(url).hostname for url in self.public_urls}
        return frozenset(named | set(LOOPBACK) if named & set(LOOPBACK) else named)


def require_strong(secret: str, name: str) -> None:
    """Raises RuntimeError for a secret that is short, well known or made of few letters."""
    known = any(word in secret.lower() for word in WELL_KNOWN)
    if len(secret) < LEAST_SECRET or len(set(secret)) < 8 or known:
        raise RuntimeError(
            f"{name} สั้นหรือเดาได้ ต้องสุ่มอย่างน้อย {LEAST_SECRET} ตัวอักษร ({name} is missing, short or a default)"
        )


def key_in(path: Path) -> bytes:
    """The key kept in a file. Raises RuntimeError when it cannot be read."""
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise RuntimeError(f"อ่านกุญแจ {path} ไม่ได้ (the key file cannot be read: {error.strerror})") from error


def urls(text: str) -> tuple[str, ...]:
    """The addresses of a comma-separated list. Raises RuntimeError for one that is no http(s) address."""
    found = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for url in found or [text]:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise RuntimeError(f"KHET_PUBLIC_URL={url} ไม่ใช่ที่อยู่ http หรือ https")
    return found


def mail_server_of(url: str, sender: str) -> smtp.Server | None:
    """The SMTP server of a URL, None without one. Raises RuntimeError for one that cannot be."""
    try:
        return smtp.Server.of(url, sender) if url else None
    except ValueError as error:
        raise RuntimeError(f"SMTP_URL หรือ KHET_MAIL_FROM ใช้ไม่ได้: {error} (no usable SMTP_URL)") from error


def line_bot_of(token: str, api: str) -> line.Bot | None:
    """The account that speaks to groups on LINE, None without a token. Raises RuntimeError for an unsafe address."""
    try:
        return line.Bot(token, api) if token else None
    except ValueError as error:
        raise RuntimeError(f"{error} (KHET_LINE_API must be https)") from error


def count_of(name: str, text: str) -> int:
    """A whole number from 0. Raises RuntimeError for anything else."""
    if not text.isdecimal():
        raise RuntimeError(f"{name}={text} ต้องเป็นจำนวนเต็มตั้งแต่ 0")
    return int(text)


def seconds_of(name: str, text: str) -> float:
    """A number of seconds above 0. Raises RuntimeError for anything else."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise RuntimeError(f"{name}={text} ต้องเป็นจำนวนวินาทีที่มากกว่า 0")
    return seconds


def running_since(now: str, since: str | None) -> str:
    """Where the product's clock stands that stood at `now` (ISO) when the real one stood at `since` (Unix seconds).

    scripts/start sets `since`, so that every process of the web server, and one started again later, shows the
    same time. Raises RuntimeError for text that is no instant.
    """
    if not now or not since:
        return now
    try:
        start = datetime.fromisoformat(now.strip())
    except ValueError as error:
        raise RuntimeError(f"KHET_NOW={now} อ่านไม่ได้ ให้เขียนแบบ 2025-06-05T09:00:00+07:00") from error
    return (start + timedelta(seconds=clock.real_now().timestamp() - float(since))).isoformat()


def settings_table() -> str:
    """The table of settings as Markdown; `scripts/manage settings` prints it."""
    rows = ["| ตัวแปร | ค่าเริ่มต้น | ความหมาย |", "| --- | --- | --- |"]
    for name, default, meaning in TABLE:
        shown = "สร้างให้" if default is None else f"`{default}`" if default else "ไม่มี"
        rows.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(rows)
