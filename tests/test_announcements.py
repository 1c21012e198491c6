"""Announcements: to whom they go, who reads them, when they end; and LINE, against a server that plays its API."""

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from documents import clock
from documents.clock import real_now
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.notifying import announcements, due_notices, line, mail
from documents.notifying.announcements import Announcement
from documents.notifying.mail import Mail
from documents.notifying.notices import Notice
from documents.trail.history import AuditEvent
from tests.districts import bring
from tests.people import AREA, OTHER, SCHOOL, place

LAST = dt.date(2025, 6, 20)
GROUP = "C" + "a1" * 16


def announce(user, to=None, **more):
    return announcements.publish(
        user, AREA, "ประชุม DMC", "วันที่ 9 มิ.ย.\nห้องประชุมใหญ่", to or {"audience": "all"}, LAST, **more
    )


@pytest.mark.parametrize(
    ("to", "codes"),
    [
        ({"audience": "all"}, [SCHOOL, OTHER]),
        ({"audience": "clusters", "clusters": ["กลุ่มสอง"]}, [OTHER]),
        ({"audience": "levels", "levels": ["lower"]}, [OTHER]),
        ({"audience": "levels", "levels": ["primary", "lower"]}, [SCHOOL, OTHER]),
        ({"audience": "states", "standing": "waiting"}, [SCHOOL]),
        ({"audience": "states", "standing": "confirmed"}, [OTHER]),
    ],
)
def test_it_goes_to_the_schools_that_were_chosen(to, codes, open_round, teacher, neighbour, officer):
    School.objects(code=OTHER).update(cluster="กลุ่มสอง", grade_to="12")
    bring(find_submission("DMC", place(OTHER)), "confirm")
    collection(Notice).delete_many({})
    made = announce(officer, to | {"round": str(open_round.id)})
    assert made.school_codes == codes
    told = {row["person"] for row in collection(Notice).find()}
    assert told == {each.id for each, code in ((teacher, SCHOOL), (neighbour, OTHER)) if code in codes}


@pytest.mark.parametrize(
    ("title", "text", "until", "to", "wrong"),
    [
        ("", "x", LAST, {"audience": "all"}, "title"),
        ("x", " ", LAST, {"audience": "all"}, "text"),
        ("นักเรียนเลข 1-0000-00000-01-7", "x", LAST, {"audience": "all"}, "title"),
        ("x", "นักเรียนรหัส G644200000001", LAST, {"audience": "all"}, "text"),
        ("x", "x", dt.date(2025, 6, 4), {"audience": "all"}, "until"),
        ("x", "x", None, {"audience": "all"}, "until"),
        ("x", "x", LAST, {}, "audience"),
        ("x", "x", LAST, {"audience": "clusters", "clusters": ["ไม่มี"]}, "clusters"),
    ],
)
def test_what_cannot_be_announced_is_refused_by_its_field(title, text, until, to, wrong, officer):
    with pytest.raises(Invalid) as refusal:
        announcements.publish(officer, AREA, title, text, to, until)
    assert list(refusal.value.errors[0]) == [wrong]


def test_only_the_district_announces(teacher, director, executive, administrator):
    for who in (teacher, director, executive, administrator):
        with pytest.raises(NotAllowed):
            announce(who)


def test_a_school_sees_what_is_for_it_and_reading_is_seen_by_the_district(
    teacher, neighbour, officer, sign_in
):
    School.objects(code=OTHER).update(cluster="กลุ่มสอง")
    made = announce(officer, {"audience": "clusters", "clusters": ["กลุ่มหนึ่ง"]})
    browser, far = sign_in(teacher), sign_in(neighbour)
    home = browser.get("/admin/").text
    assert "ประกาศจากเขต" in home
    assert "ประชุม DMC" in home
    assert "ประชุม DMC" not in far.get("/admin/").text + far.get("/admin/announcements/").text
    assert far.get(made.page).status_code == 403
    desk = sign_in(officer)
    assert "อ่านแล้ว 0/1" in desk.get("/admin/announcements/").text
    assert "ห้องประชุมใหญ่" in browser.get(made.page).text
    browser.get(made.page)
    assert "อ่านแล้ว 1/1" in desk.get("/admin/announcements/").text
    page = desk.get(made.page).text
    assert "ครูหนึ่ง" in page
    assert "📢 ประชุม DMC" in page
    (stored,) = collection(Announcement).find()
    assert len(stored["reads"]) == 1


def test_it_ends_by_its_day_and_when_it_is_withdrawn(teacher, officer, approver, sign_in):
    first, second = announce(officer), announce(officer)
    assert len(announcements.current_for(teacher, AREA)) == 2
    assert sign_in(approver).send("/admin/announcements/withdraw/", {"id": str(second.id)}).status_code == 303
    assert [each.id for each in announcements.current_for(teacher, AREA)] == [first.id]
    with pytest.raises(OutOfScope):
        announcements.get_announcement(teacher, str(second.id))
    told = list(collection(AuditEvent).find({"document": "announcements"}).sort("at", 1))
    assert [
        (row["action"], row["actor"], row["headline"]) for row in told if row["subject"] == second.id
    ] == [
        ("publish", officer.id, "ประชุม DMC"),
        ("withdraw", approver.id, "ประชุม DMC"),
    ]
    with pytest.raises(WrongState):
        announcements.withdraw(second, approver)
    assert collection(AuditEvent).count_documents({"document": "announcements"}) == len(told)
    log = sign_in(officer).get("/admin/audit/?document=announcements").text
    assert "ถอนประกาศ" in log
    assert "ประชุม DMC" in log
    clock.configure("2025-06-20T23:59:00+07:00")
    assert len(announcements.current_for(teacher, AREA)) == 1
    clock.configure("2025-06-21T00:01:00+07:00")
    assert announcements.current_for(teacher, AREA) == []


def test_the_form_keeps_what_was_typed_and_publishes(teacher, officer, open_round, sign_in):
    browser = sign_in(officer)
    assert "ตามสถานะการส่งข้อมูล" in browser.get("/admin/announcements/new/").text
    typed = {
        "title": "หัวเรื่องที่พิมพ์",
        "text": "ข้อความ",
        "until": "31/02/2568",
        "audience": "levels",
        "levels": "primary",
    }
    refused = browser.send("/admin/announcements/new/", typed)
    assert refused.status_code == 422
    assert "หัวเรื่องที่พิมพ์" in refused.text
    done = browser.send("/admin/announcements/new/", typed | {"until": "20/06/2568"})
    assert done.status_code == 303
    assert "ประถมศึกษา" in browser.get(done.headers["Location"]).text


# ---- LINE ----


class LineApi:
    """What plays LINE's API: takes pushes, answers as it is told, takes each retry key once."""

    def __init__(self):
        self.pushes, self.keys, self.answers = [], set(), []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, key = 200, self.headers["X-Line-Retry-Key"]
                if outer.answers:
                    status = outer.answers.pop(0)
                elif key in outer.keys:
                    status = 409
                if status in (200, "lost"):
                    outer.keys.add(key)
                    outer.pushes.append((self.path, self.headers["Authorization"], body))
                if status == "lost":
                    self.connection.close()
                    return
                said = json.dumps({"message": "สาเหตุ"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def line_api(app):
    """A LineApi to which the application speaks, for a group of the area's own."""
    api = LineApi()
    mail.configure("line", line.Bot("token-1", api.url).connection)
    yield api
    mail.configure("line", None)
    api.server.shutdown()
    api.server.server_close()


@pytest.fixture
def group(officer):
    announcements.set_line_group(AREA, GROUP, officer)


def test_an_announcement_goes_to_the_group_where_that_is_wanted(line_api, group, officer):
    announce(officer)
    announce(officer, to_line=True)
    ((path, who, body),) = line_api.pushes
    assert (path, who) == ("/v2/bot/message/push", "Bearer token-1")
    assert body["to"] == GROUP
    assert body["messages"] == [{"type": "text", "text": "ประชุม DMC\n\nวันที่ 9 มิ.ย.\nห้องประชุมใหญ่"}]
    assert collection(Mail).find_one()["state"] == "sent"


def test_the_group_hears_of_a_due_date_and_of_no_school(line_api, group, open_round, officer):
    for day in (6, 7, 7):
        clock.configure(f"2025-06-{day:02}T08:00:00+07:00")
        due_notices.remind(AREA)
    ((_, _, body),) = line_api.pushes
    said = "อีก 3 วันครบกำหนดยืนยันข้อมูล DMC ภาคเรียนที่ 1/2568 (10 มิ.ย. 2568 16.30 น.) ยังไม่ยืนยัน 2 โรงเรียน"
    assert body["messages"][0]["text"] == said


def test_without_a_group_or_a_token_nothing_is_queued(line_api, officer):
    announce(officer, to_line=True)
    mail.configure("line", None)
    announcements.set_line_group(AREA, GROUP, officer)
    announce(officer, to_line=True)
    assert collection(Mail).count_documents({}) == 0


@pytest.mark.parametrize(
    ("answer", "state"), [(500, "queued"), (429, "queued"), (401, "queued"), (400, "failed")]
)
def test_what_line_answers_decides_whether_it_is_tried_again(answer, state, line_api, group, officer):
    line_api.answers = [answer]
    announce(officer, to_line=True)
    assert collection(Mail).find_one()["state"] == state
    collection(Mail).update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": real_now()}})
    mail.deliver_due()
    assert len(line_api.pushes) == (state == "queued")


def test_a_push_whose_answer_was_lost_is_sent_again_and_taken_once(line_api, group, officer):
    line_api.answers = ["lost"]
    announce(officer, to_line=True)
    collection(Mail).update_many({"due_at": {"$exists": True}}, {"$set": {"due_at": real_now()}})
    assert mail.deliver_due() == 1
    assert len(line_api.pushes) == 1


@pytest.mark.parametrize("typed", ["group", "C" + "ก" * 32, "X" + "a" * 32])
def test_what_is_no_group_is_refused(typed, officer):
    with pytest.raises(Invalid):
        announcements.set_line_group(AREA, typed, officer)


def test_the_token_never_goes_in_the_open():
    with pytest.raises(ValueError, match="https"):
        line.Bot("t", "http://api.line.me")
    assert "geheim" not in repr(line.Bot("geheim"))
