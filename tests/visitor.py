"""A person at the running product, by plain HTTP as his browser would speak it; answers may stay away."""

import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar

PATIENCE = 120  # seconds for an answer, on a machine that is busy with other tests
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|data-csrf="([^"]+)"')


@dataclass
class Answer:
    """What came back: 0 where the connection broke and nobody knows what was done."""

    status: int
    body: bytes = b""
    location: str = ""

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def acknowledged(self):
        """Whether the product said that it did what it was asked."""
        return 200 <= self.status < 400


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Visitor:
    """One signed-in person; `get` and `post` give Answers and follow nothing."""

    def __init__(self, address):
        self.address, self.cookies, self.token = address, CookieJar(), None
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies), _Stay
        )

    def sign_in(self, email, password):
        """Through the page, as a person does."""
        self.get("/login")
        answer = self.post("/login", {"email": email, "password": password})
        assert answer.status == 302, answer.text
        self.get("/admin/")
        return self

    def get(self, path):
        """The Answer to a page's address, a path or whole."""
        return self._send(self._asked(path))

    def post(self, path, fields, file=None):
        """Send a form with the token of the last page; `file` is (name, content) of its field `file`."""
        kind, body = _packed({"csrf_token": self.token, **fields}, file)
        asked = self._asked(path, body)
        asked.add_header("Content-Type", kind)
        asked.add_header("Referer", self.address + "/")
        return self._send(asked)

    def _asked(self, path, body=None):
        return urllib.request.Request(urllib.parse.urljoin(self.address, path), body)  # noqa: S310  our own product

    def _send(self, asked):
        try:
            with self.opener.open(asked, timeout=PATIENCE) as answer:
                found = Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            try:
                found = Answer(error.code, error.read(), error.headers.get("Location", ""))
            except (OSError, HTTPException):
                return Answer(0)
        except (OSError, HTTPException):  # refused, reset, or ended in the middle of the answer
            return Answer(0)
        if token := TOKEN.search(found.text):
            self.token = token[1] or token[2]
        return found


def _packed(fields, file):
    if file is None:
        return "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()
    mark, (name, content) = secrets.token_hex(12), file
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return f"multipart/form-data; boundary={mark}", b"".join(
        [*parts, head.encode(), content, f"\r\n--{mark}--\r\n".encode()]
    )
