"""Mail: queued, sent once, tried again, given up; against a real SMTP server that is there, away, or refuses."""

import ssl
import subprocess
import sys
import threading

import pytest

from documents.clock import real_now
from documents.database import collection, in_transaction
from documents.errors import OutOfScope, WrongState
from documents.notifying import mail, smtp
from documents.notifying.carriers import Away
from documents.notifying.mail import Mail
from documents.trail import sealing
from tests.people import AREA, person
from tests.post import PostOffice, use

TEXT = "สวัสดี ตั้งรหัสผ่านที่ https://khet.example/reset?token=abc\n.จุดขึ้นต้นบรรทัด\n"


def stored():
    """The one stored message, as a dict."""
    (found,) = collection(Mail).find()
    return found


def asked(**more):
    return mail.send("teacher@example.org", "ตั้งรหัสผ่านใหม่", TEXT, "reset", AREA, **more)


def later(**more):
    """Let the time of every message come; more is set on it too."""
    collection(Mail).update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": real_now()} | more})


def test_without_a_server_nothing_is_queued(app):
    assert not mail.is_on()
    assert asked() is None
    assert collection(Mail).count_documents({}) == 0


def test_a_message_arrives_whole_and_leaves_no_text_behind(post_office):
    asked()
    (letter,) = post_office.to("teacher@example.org")
    assert letter["Subject"] == "ตั้งรหัสผ่านใหม่"
    assert letter.get_content().replace("\r\n", "\n") == TEXT
    assert (stored()["state"], stored().get("sealed"), stored().get("due_at")) == ("sent", None, None)


def test_a_waiting_text_cannot_be_read_in_the_database(post_office):
    post_office.close()
    asked()
    found = stored()
    assert b"token" not in found["sealed"]
    assert sealing.opened(found["sealed"], f"mail:{found['_id']}") == TEXT
    with pytest.raises(sealing.WrongSeal):
        sealing.opened(found["sealed"], "mail:another")


def test_a_server_that_is_down_is_tried_again_after_growing_waits(post_office):
    post_office.close()
    asked()
    waits = []
    for _ in range(4):
        found = stored()
        assert (found["state"], found["last_error"]) == ("queued", "เครื่องอีเมลไม่เปิดรับ")
        waits.append(
            round((found["due_at"].replace(tzinfo=real_now().tzinfo) - real_now()).total_seconds() / 60)
        )
        mail.deliver_due()  # not yet its time
        assert stored()["attempts"] == len(waits)
        later()
        mail.deliver_due()
    assert waits == [1, 5, 15, 30]
    post_office.open()
    later()
    assert mail.deliver_due() == 1
    assert len(post_office.letters) == 1


def test_what_is_too_old_is_given_up_with_what_was_said_last(post_office):
    post_office.close()
    asked()
    later(gives_up_at=real_now())
    post_office.open()
    assert mail.deliver_due() == 0
    assert stored()["state"] == "failed"
    assert "2 วัน" in stored()["last_error"]
    assert "ไม่เปิดรับ" in stored()["last_error"]


@pytest.mark.parametrize(
    ("where", "said", "state"),
    [
        ("RCPT", "550 no such user teacher@example.org", "failed"),
        ("RCPT", "450 try later teacher@example.org", "queued"),
        ("DATA", "554 looks like spam", "failed"),
        ("DATA", "451 disk full", "queued"),
    ],
)
def test_a_refusal_ends_it_and_a_put_off_waits(post_office, where, said, state):
    post_office.answers[where] = said
    asked()
    found = stored()
    assert found["state"] == state
    assert said[:3] in found["last_error"]
    assert "teacher" not in found["last_error"]
    post_office.answers.clear()
    later()
    assert mail.deliver_due() == (state == "queued")


def test_of_ten_workers_at_once_one_sends(post_office):
    post_office.close()
    for _ in range(5):
        asked()
    post_office.open()
    later()
    workers = [threading.Thread(target=mail.deliver_due) for _ in range(10)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(post_office.letters) == 5


DYING = """
import os, sys
from documents import database
from documents.notifying import mail
from documents.trail import sealing
from documents.notifying.mail import Mail
from tests.web import SECRET_KEY

class Dying:
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def carry(self, message, text, handing):
        if message.once: handing()
        os._exit(9)

database.connect(sys.argv[1])
sealing.configure(SECRET_KEY)
mail.configure("smtp", Dying)
mail.deliver_due()
"""


def test_a_worker_killed_before_handing_over_is_replaced_and_one_killed_after_is_not(
    post_office, database_uri
):
    post_office.close()
    asked()
    asked(once="handed over")
    post_office.open()
    for _ in range(2):
        later_of_queued = {"state": "queued"}, {"$set": {"due_at": real_now()}}
        collection(Mail).update_many(*later_of_queued)
        dead = subprocess.run([sys.executable, "-c", DYING, database_uri], check=False)
        assert dead.returncode == 9
    assert [found["state"] for found in collection(Mail).find()] == ["sending", "sending"]
    assert mail.deliver_due() == 0  # the leases still hold
    later()
    assert mail.deliver_due() == 1
    assert [found["state"] for found in collection(Mail).find().sort("_id", 1)] == ["sent", "unsure"]
    assert len(post_office.letters) == 1


def test_a_run_whose_lease_was_lost_hands_nothing_over(post_office, monkeypatch):
    post_office.close()
    asked()
    post_office.open()
    later()
    real = smtp.Connection.carry

    def slowly(self, message, text, handing):
        collection(Mail).update_one({"_id": message.id}, {"$inc": {"attempts": 1}})  # another one took it
        real(self, message, text, handing)

    monkeypatch.setattr(smtp.Connection, "carry", slowly)
    assert mail.deliver_due() == 0
    assert post_office.letters == []


def test_what_is_asked_for_in_a_transaction_goes_out_with_it_or_not_at_all(post_office):
    with pytest.raises(ZeroDivisionError):
        in_transaction(lambda: asked() and 1 / 0)
    assert collection(Mail).count_documents({}) == 0
    in_transaction(lambda: (asked(), post_office.letters == [] or pytest.fail("sent before the commit")))
    assert len(post_office.letters) == 1


def test_what_is_to_be_sent_once_is_sent_once(post_office):
    assert asked(once="digest/1") is not None
    assert asked(once="digest/1") is None
    assert len(post_office.letters) == 1


@pytest.mark.parametrize("to", ["", "nobody", "a@b.c\nBcc: all@example.org", "a@b.c, d@e.f", "<a@b.c>"])
def test_what_is_no_address_is_a_fault(post_office, to):
    with pytest.raises(ValueError, match="address"):
        mail.send(to, "x", "y", "reset", AREA)


def test_a_subject_adds_no_line_to_the_head(post_office):
    mail.send("teacher@example.org", "หนึ่ง\r\nBcc: all@example.org", "y", "reset", AREA)
    assert post_office.letters[0]["Bcc"] is None


# ---- what SMTP_URL may say ----


@pytest.fixture
def certificate(tmp_path):
    """(file of a certificate for 127.0.0.1 that nobody else signed, file of its key)."""
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(made, check=True, capture_output=True)
    return files


def test_a_password_goes_over_tls_whose_certificate_is_checked(app, certificate):
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(*certificate)
    said = []

    def knows(server, session, envelope, mechanism, data):
        from aiosmtpd.smtp import AuthResult

        said.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss", handled=False)

    office = PostOffice(
        tls_context=secure, require_starttls=True, authenticator=knows, auth_required=True
    ).open()
    front = f"127.0.0.1:{office.port}?starttls=must"
    try:
        use(f"smtp://khet:p%40ss@{front}&ca={certificate[0]}")
        asked()
        assert (len(office.letters), said) == (1, [(b"khet", b"p@ss")])
        for url, why in (
            (f"smtp://khet:p%40ss@{front}", "ใบรับรอง"),
            (f"smtp://khet:no@{front}&ca={certificate[0]}", "รหัสผ่าน"),
        ):
            with pytest.raises(Away, match=why), smtp.Server.of(url, "khet@example.org").connection():
                pass
    finally:
        use(None)
        office.close()


@pytest.mark.parametrize(
    "url", ["http://x", "smtp://", "mail.example.org", "smtp://h?x=1", "smtp://user:p@h", "smtp://h:99999"]
)
def test_a_url_that_cannot_be_is_refused(url):
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence differs
        smtp.Server.of(url)


def test_a_password_is_not_shown():
    assert "geheim" not in repr(smtp.Server.of("smtp://a%40b.de:geheim@mail.example.org"))


# ---- who sees it ----


def test_an_admin_sees_and_sends_again_what_is_of_his_area(post_office, administrator, officer, sign_in):
    post_office.answers["RCPT"] = "550 no"
    asked()
    mail.send("far@example.org", "x", "y", "reset", "34020000")
    assert [found.to for found in Mail.objects(__raw__=mail.visible(administrator))] == [
        "teacher@example.org"
    ]
    assert Mail.objects(__raw__=mail.visible(officer)).count() == 0
    operator = person("operator", "admin", area="*")
    assert Mail.objects(__raw__=mail.visible(operator)).count() == 1  # the other area does not exist
    here, far = (str(found["_id"]) for found in collection(Mail).find().sort("area_code", 1))
    page = sign_in(administrator).get("/admin/mails/").text
    assert "teacher@example.org" in page
    assert "far@example.org" not in page
    for id_, who in ((far, administrator), (here, officer), ("x", administrator)):
        with pytest.raises(OutOfScope):
            mail.again(id_, who)
    post_office.answers.clear()
    assert sign_in(administrator).send("/admin/mails/again/", {"id": here}).status_code == 303
    assert len(post_office.letters) == 1
    with pytest.raises(WrongState):
        mail.again(here, administrator)


def test_the_page_says_that_the_server_is_down(post_office, administrator, sign_in):
    post_office.close()
    asked()
    page = sign_in(administrator).get("/admin/mails/").text
    assert "รออยู่ 1 ฉบับ" in page
    assert "เครื่องอีเมลไม่เปิดรับ" in page


def test_a_worker_finds_what_nobody_woke_it_for(post_office, monkeypatch):
    monkeypatch.setattr(mail, "_wake", None)
    asked()
    assert mail.is_due()
    assert post_office.letters == []
