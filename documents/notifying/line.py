"""Carrying messages to a group on LINE by its Messaging API: one push a message, never with personal data.

Each push carries a retry key made of the message's id, by which LINE takes the same message once however often it is
sent; so what got no answer is simply sent again. Source: developers.line.biz, Messaging API reference, push message
and X-Line-Retry-Key.
"""

import http.client
import json
import ssl
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from documents.notifying.carriers import Away, Later, Refused

API = "https://api.line.me"
PUSH = "/v2/bot/message/push"
TIMEOUT = 20  # seconds
LONGEST = 5000  # characters of one message
LOOPBACK = ("localhost", "127.0.0.1", "::1")
KEYS = uuid.UUID("7f1d1c70-6b6e-4f0e-9a53-0c2a9be0d6a1")  # the space of the retry keys
TAKEN_BEFORE, TOO_MANY = 409, 429


@dataclass(frozen=True)
class Bot:
    """The district's official account: its token, and where the API is (another place in tests alone)."""

    token: str = field(repr=False)
    api: str = API

    def __post_init__(self):
        """Raises ValueError for an address that would carry the token in the open."""
        parts = urlsplit(self.api)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("KHET_LINE_API ต้องเป็นที่อยู่ https")

    def connection(self):
        """A Connection to the API, not yet open."""
        return Connection(self)


class Connection:
    """One connection to the API, for as many messages as there are."""

    def __init__(self, bot):
        parts = urlsplit(bot.api)
        self.token, self._path = bot.token, parts.path.rstrip("/") + PUSH
        if parts.scheme == "https":
            secure = ssl.create_default_context()
            self._http = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=TIMEOUT, context=secure
            )
        else:
            self._http = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.close()

    def carry(self, mail, text, handing):
        """Push a message to a group. Raises Away, Later or Refused; no answer is no harm, for it is sent once."""
        body = json.dumps({"to": mail.to, "messages": [{"type": "text", "text": text[:LONGEST]}]}).encode()
        head = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "X-Line-Retry-Key": str(uuid.uuid5(KEYS, str(mail.id))),
        }
        try:
            self._http.request("POST", self._path, body, head)
            answer = self._http.getresponse()
            said = answer.read(2000).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise Away(f"ติดต่อ LINE ไม่ได้ ({type(error).__name__})") from error
        _check(answer.status, said)


def _check(status, said):
    if status in (200, TAKEN_BEFORE):
        return
    words = f"LINE ตอบ {status} {_message(said)}".strip()
    if status in (401, 403):
        raise Away(f"LINE ไม่รับ LINE_CHANNEL_ACCESS_TOKEN ({status})")
    if status == TOO_MANY:
        raise Later(f"{words} (เกินโควตาหรือถี่เกินไป)")
    if status >= 500:
        raise Away(words)
    raise Refused(words)


def _message(said):
    try:
        return str(json.loads(said).get("message", ""))[:200]
    except (ValueError, AttributeError):
        return ""
