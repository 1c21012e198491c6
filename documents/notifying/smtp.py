"""Carrying mail to an SMTP server: smtp:// (with STARTTLS where it is offered) or smtps://, with or without a password."""

import email.policy
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from documents.clock import real_now
from documents.notifying.carriers import ADDRESS, Away, Later, Refused, Unsure

TIMEOUT = 20  # seconds for each answer of the server
LOOPBACK = ("localhost", "127.0.0.1", "::1")
NAME = "เขต"  # whom a message is from
STARTING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class Server:
    """Where mail is handed in, and in whose name."""

    host: str
    port: int
    sender: str
    implicit: bool = False  # TLS from the first byte
    starttls: str = "auto"  # auto: where it is offered; must; no
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str | None = None  # file of a certificate authority of the district's own

    @classmethod
    def of(cls, url, sender=""):
        """The Server of `smtp[s]://[user:password@]host[:port][?starttls=no&ca=FILE]`; `sender` is an e-mail address.

        A password goes over TLS only, except to this machine or where starttls=no says so. Raises ValueError.
        """
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or set(asked) - {"starttls", "ca"}:
            raise ValueError("ให้เขียนแบบ smtp://ผู้ใช้:รหัสผ่าน@เครื่อง:587 หรือ smtps://ผู้ใช้:รหัสผ่าน@เครื่อง:465")
        user, implicit = unquote(parts.username or ""), parts.scheme == "smtps"
        must = bool(user) and parts.hostname not in LOOPBACK
        sender = sender or (user if ADDRESS.fullmatch(user) else "")
        if not ADDRESS.fullmatch(sender) or not sender.isascii():
            raise ValueError("กรุณากำหนด KHET_MAIL_FROM เป็นอีเมลของผู้ส่ง")
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if implicit else 587 if user else 25),
            sender=sender,
            implicit=implicit,
            starttls=asked.get("starttls", ["must" if must else "auto"])[0],
            user=user,
            password=unquote(parts.password or ""),
            ca=asked.get("ca", [None])[0],
        )

    def connection(self):
        """A Connection to it, not yet open."""
        return Connection(self)


class Connection:
    """One conversation with the server, for as many messages as there are. Entering raises Away."""

    def __init__(self, server):
        self.server, self._smtp = server, None

    def __enter__(self):
        try:
            self._smtp = self._opened()
        except (
            OSError,
            ValueError,
        ) as error:  # smtplib's own are OSErrors too; ValueError: a name that is none
            raise Away(words_of(error)) from error
        return self

    def __exit__(self, *_):
        try:
            self._smtp.quit()
        except OSError:
            self._smtp.close()

    def _opened(self):
        server, secure = self.server, ssl.create_default_context(cafile=self.server.ca)
        if server.starttls == "auto" and not (server.implicit or server.ca):
            # Nothing secret is said to it: TLS where it can be had, as between mail servers, whoever signed it.
            secure.check_hostname, secure.verify_mode = False, ssl.CERT_NONE
        if server.implicit:
            smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=secure)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not server.implicit and server.starttls != "no" and self._is_offered(smtp):
                smtp.starttls(context=secure)
                smtp.ehlo()
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _is_offered(self, smtp):
        """Whether the server offers STARTTLS. Raises SMTPNotSupportedError where it must."""
        if not smtp.has_extn("starttls") and self.server.starttls == "must":
            raise smtplib.SMTPNotSupportedError("STARTTLS")
        return smtp.has_extn("starttls")

    def carry(self, mail, text, handing):
        """Hand a message over; `handing()` is called once the server is ready for its text.

        Raises Away, Later, Refused, and Unsure where no answer came after the last byte.
        """
        body = STARTING_DOT.sub(b"..", self._message(mail, text).as_bytes(policy=email.policy.SMTP))
        try:
            self._smtp.rset()
            self._answered(self._smtp.mail(self.server.sender), 250, never=False)
            self._answered(self._smtp.rcpt(mail.to), 250, 251)
            self._answered(self._smtp.docmd("DATA"), 354)
            self._hand_over(handing)
            self._smtp.send(body)
            self._smtp.send(b".\r\n")
        except OSError as error:
            raise Away(words_of(error)) from error
        try:
            answer = self._smtp.getreply()
        except OSError as error:
            raise Unsure(f"ส่งข้อความครบแล้วแต่เครื่องอีเมลไม่ตอบว่ารับ ({words_of(error)})") from error
        self._answered(answer, 250)

    def _hand_over(self, handing):
        """Say that the text goes out now; where that is refused the server, which waits for it, is left."""
        try:
            handing()
        except BaseException:
            self._smtp.close()
            raise

    def _answered(self, answer, *good, never=True):
        """Nothing where the answer is one of the good ones. Raises Away (421), Later (4xx) or Refused (5xx)."""
        code, said = answer
        if code in good:
            return
        words = f"เครื่องอีเมลตอบ {code} {said.decode('utf-8', 'replace')}"
        if code == 421 or code < 0:
            raise Away(words)
        raise Refused(words) if never and code >= 500 else Later(words)

    def _message(self, mail, text):
        message = EmailMessage()
        message["From"] = Address(NAME, addr_spec=self.server.sender)
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(real_now())
        message["Message-ID"] = f"<{mail.id}@{self.server.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text, cte="base64")
        return message


def words_of(error):
    """Why a server cannot be talked to, in a sentence an admin can act on."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"เครื่องอีเมลไม่รับชื่อผู้ใช้หรือรหัสผ่านใน SMTP_URL ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "เครื่องอีเมลไม่มีสิ่งที่ SMTP_URL ต้องการ (STARTTLS หรือการลงชื่อเข้าใช้)"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "เครื่องอีเมลตัดการติดต่อ"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"เครื่องอีเมลตอบ {error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return "ใบรับรอง TLS ของเครื่องอีเมลใช้ไม่ได้"
    if isinstance(error, socket.gaierror):
        return "ไม่พบเครื่องอีเมลตามชื่อใน SMTP_URL"
    if isinstance(error, TimeoutError):
        return "เครื่องอีเมลไม่ตอบ"
    if isinstance(error, ConnectionRefusedError):
        return "เครื่องอีเมลไม่เปิดรับ"
    return f"ติดต่อเครื่องอีเมลไม่ได้ ({type(error).__name__})"
