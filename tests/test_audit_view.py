"""The log: who sees which events, what is kept from whom, and that it is walked by its indexes."""

import datetime as dt
import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from python_calamine import load_workbook

from documents import clock
from documents.database import collection
from documents.dmc.students import Student
from documents.people.access import NOTHING
from documents.people.users import EVERY_AREA
from documents.records.completeness import set_required
from documents.records.writing import Change, remove, write
from documents.trail import audit, history
from documents.trail.audit import Wanted
from documents.trail.history import AuditEvent
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, place
from tests.test_record_view import pupil
from views.trail import audit_files

LOG = "/admin/audit/"


@pytest.fixture
def stored(open_round, teacher, neighbour):
    """A pupil of each school, the first one changed; {school: Student}."""
    (own,) = write([Change(Student, place(), pupil(first_name="กานต์"))], teacher)
    (theirs,) = write([Change(Student, place(OTHER), pupil(first_name="ลับลี้"))], neighbour)
    values = {"weight_kg": 31.5, "room": 2, "nickname": "ก้อง"} if "nickname" in Student._fields else {}
    values = values or {"weight_kg": 31.5, "room": 2}
    write([Change(Student, place(), values, id=own.id, revision=1)], teacher, "ชั่งใหม่")
    return {SCHOOL: Student.objects(id=own.id).get(), OTHER: Student.objects(id=theirs.id).get()}


def log(browser, query="", status=200):
    answer = browser.get(LOG + query)
    assert answer.status_code == status, answer.text[:2000]
    return answer.text


def shown(html):
    """Ids of the events on a page."""
    return re.findall(r'data-event="(\w+)"', html)


def test_a_teacher_sees_the_own_school_only(sign_in, teacher, stored):
    html = log(sign_in(teacher))
    assert "กานต์" in html
    assert "ลับลี้" not in html
    assert len(shown(html)) == 2
    assert "ลับลี้" not in log(sign_in(teacher), f"?school={OTHER}")


def test_an_officer_sees_the_area_in_words(sign_in, officer, stored):
    html = log(sign_in(officer))
    assert "ลับลี้" in html
    for words in ("เพิ่ม", "แก้ไข", "แบบฟอร์ม", "นักเรียน", "บ้านสอง", "ชั่งใหม่", "2568-1"):
        assert words in html
    assert f"/admin/students/details/?id={stored[SCHOOL].id}" in html


def test_sensitive_values_are_off_until_they_are_switched_on_and_that_is_noted(
    sign_in, teacher, stored, database
):
    browser = sign_in(teacher)
    assert "31.5" not in log(browser)
    assert "ไม่แสดงค่า" in log(browser)
    assert "31.5" in log(browser, "?sensitive=1")
    assert database.audit_events.count_documents({"action": "view_sensitive"}) == 1


def test_an_officer_without_the_mark_cannot_switch_them_on(sign_in, officer, stored):
    html = log(sign_in(officer), "?sensitive=1")
    assert "31.5" not in html
    assert "sensitive=1" not in html


def test_numbers_of_persons_are_masked(sign_in, teacher, stored):
    number = pupil()["person_id"]
    pupil_ = stored[SCHOOL]
    write([Change(Student, place(), {"person_id": number}, id=pupil_.id, revision=2)], teacher)
    for path in ("", "?sensitive=1"):
        html = log(sign_in(teacher), path)
        assert number not in html
        assert pupil_.person_id not in html


def test_an_administrator_sees_settings_and_accounts_but_no_record(
    sign_in, administrator, officer, stored, database
):
    set_required(Student, AREA, YEAR, {"blood": "R"}, administrator, "เริ่มเก็บ")
    sign_in(officer).get(f"/admin/students/export/csv/?school={SCHOOL}")
    browser = sign_in(administrator)
    html = log(browser)
    assert "เริ่มเก็บ" in html
    assert "ส่งออกไฟล์" in html
    for secret in ("กานต์", "ลับลี้", "ชั่งใหม่"):
        assert secret not in html
    event = database.audit_events.find_one({"document": "students"})
    assert browser.get(f"{LOG}details/?id={event['_id']}").status_code == 404


def test_contact_details_of_accounts_are_for_administrators(sign_in, administrator, officer, teacher):
    from documents.people import accounts

    values = {"name": "ครูใหม่", "email": "secret@school.khet", "phone": "045123456"}
    accounts.change(administrator, teacher.id, values | {"grants": teacher.grants}, teacher.revision, "ย้าย")
    assert "secret@school.khet" in log(sign_in(administrator))
    html = log(sign_in(officer))
    assert "secret@school.khet" not in html
    assert "045123456" not in html
    assert "ครูใหม่" in html


def test_an_executive_and_a_stranger_have_no_log(sign_in, executive, client):
    log(sign_in(executive), status=403)
    assert client.get(LOG).status_code == 302


def test_an_event_of_another_school_or_area_is_not_found(sign_in, neighbour, stored, database):
    outsider = person("outsider", "district", area="34020000")
    event = database.audit_events.find_one({"school_code": SCHOOL})
    for user in (neighbour, outsider):
        assert sign_in(user).get(f"{LOG}details/?id={event['_id']}").status_code == 404
        assert shown(log(sign_in(user), f"?after={event['_id']}")) == shown(log(sign_in(user)))
        assert "กานต์" not in log(sign_in(user), f"?area={AREA}&school={SCHOOL}")


def test_details_tell_all_and_whether_the_seal_holds(sign_in, teacher, stored, database):
    event = database.audit_events.find_one({"action": "update", "document": "students"})
    browser = sign_in(teacher)
    html = browser.get(f"{LOG}details/?id={event['_id']}").text
    assert "ชั่งใหม่" in html
    assert "ตรงกับที่บันทึกไว้" in html
    database.audit_events.update_one({"_id": event["_id"]}, {"$set": {"changes.room": [1, 9]}})
    assert "ไม่ตรงกับลายเซ็น" in browser.get(f"{LOG}details/?id={event['_id']}").text


def test_a_removed_record_is_told_without_a_link(sign_in, teacher, stored):
    remove([Student.objects(id=stored[SCHOOL].id).get()], teacher, "ซ้ำ")
    html = log(sign_in(teacher), "?action=remove")
    assert len(shown(html)) == 1
    assert f"details/?id={stored[SCHOOL].id}" not in html


def test_it_is_narrowed_by_day_school_action_document_and_person(sign_in, officer, neighbour, stored):
    browser = sign_in(officer)
    everything = shown(log(browser))
    assert len(shown(log(browser, f"?school={OTHER}"))) == 1
    assert len(shown(log(browser, "?action=update"))) == 1
    assert len(shown(log(browser, "?document=students"))) == 3
    assert len(shown(log(browser, f"?actor={neighbour.name}"))) == 1
    assert shown(log(browser, "?from=05/06/2568&to=5 มิ.ย. 2568")) == everything
    assert shown(log(browser, "?from=06/06/2568")) == []
    assert shown(log(browser, "?to=04/06/2568")) == []


def test_a_day_that_cannot_be_read_is_said(sign_in, officer, stored):
    html = log(sign_in(officer), "?from=31/02/2568")
    assert "31/02/2568" in html
    assert shown(html)
    assert "2568" in log(sign_in(officer), "?from=05/06/2025")


def test_days_are_those_of_bangkok(officer, open_round):
    clock.configure("2025-06-05T00:30:00+07:00")
    history.note_event(AREA, officer, "settings", "fields", officer.id, {})
    day = dt.date(2025, 6, 5)
    assert audit.count_of(Wanted(AREA, first_day=day, last_day=day, document="fields"), officer) == (1, False)
    before = day - dt.timedelta(days=1)
    assert audit.count_of(Wanted(AREA, last_day=before, document="fields"), officer) == (0, False)


@pytest.fixture
def many(officer, teacher, open_round):
    """120 events of one school and 30 of settings, many at the same instant."""
    at = history.naive_now()
    for number in range(150):
        place_ = place()._asdict() if number % 5 else {"area_code": AREA}
        made = history.event(
            officer.id, place_, officer, "update", {}, None, document="students" if number % 5 else "fields", number=number + 1000,
        )  # fmt: skip
        made["at"] = at - dt.timedelta(seconds=number // 7)
        collection(AuditEvent).insert_one(made)


@pytest.mark.parametrize("role", ["officer", "teacher", "administrator"])
def test_pages_show_every_event_once_in_both_directions(role, many, request):
    user = request.getfixturevalue(role)
    wanted, forward = Wanted(AREA), []
    page = audit.page_of(wanted, user)
    while True:
        forward += [row["_id"] for row in page.rows]
        if not page.later:
            break
        page = audit.page_of(wanted, user, after=str(forward[-1]))
    expected = collection(AuditEvent).count_documents(audit.query_of(wanted, user))
    assert len(forward) == len(set(forward)) == expected
    backward, page = [], audit.page_of(wanted, user, last=True)
    while True:
        backward = [row["_id"] for row in page.rows] + backward
        if not page.earlier:
            break
        page = audit.page_of(wanted, user, before=str(backward[0]))
    assert backward == forward


def stages(plan):
    """Every stage of an explained plan."""
    found = [plan["stage"]] if "stage" in plan else []
    for name in ("inputStage", "outerStage", "innerStage", "queryPlan"):
        if name in plan:
            found += stages(plan[name])
    for inner in plan.get("inputStages", ()):
        found += stages(inner)
    return found


@pytest.mark.parametrize("role", ["officer", "teacher", "administrator"])
@pytest.mark.parametrize(
    "more", [{}, {"school": SCHOOL}, {"first_day": dt.date(2025, 6, 1)}, {"action": "update", "actor": "x"}]
)
def test_every_query_is_walked_by_an_index_without_sorting(role, more, many, request, database):
    user = request.getfixturevalue(role)
    wanted = Wanted(AREA, **more)
    query = audit.query_of(wanted, user)
    after = audit.page_of(Wanted(AREA), user).rows[-1]
    if query == NOTHING:
        return
    for asked in (query, audit._beyond(query, (after["at"], after["_id"]), False)):
        cursor = collection(AuditEvent).find(asked).sort(audit.NEWEST).limit(51)
        index = audit.index_of(asked)
        plan = (cursor.hint(index) if index else cursor).explain()["queryPlanner"]["winningPlan"]
        assert "IXSCAN" in stages(plan), plan
        assert not {"COLLSCAN", "SORT"} & set(stages(plan)), plan


def test_two_ways_are_merged_without_sorting(many, teacher):
    both = person("both", "school", SCHOOL)
    both.grants.append(person("boss", "admin").grants[0])
    query = audit.query_of(Wanted(AREA), both)
    plan = collection(AuditEvent).find(query).sort(audit.NEWEST).limit(51).explain()
    found = stages(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in found
    assert not {"COLLSCAN", "SORT"} & set(found)


def test_the_operator_chooses_an_area(sign_in, stored):
    operator = person("operator", "admin", area=EVERY_AREA)
    html = log(sign_in(operator))
    assert f'value="{AREA}"' in html
    assert "กานต์" not in html


@pytest.mark.parametrize(
    "query",
    [
        "actor=%00", "actor=" + "ก" * 3000, "actor=.*", "school=%00", "school[$ne]=1", "after=xyz", "before=../..",
        "after=" + "0" * 24, "from=%00", "from=99/99/9999", "from=01/01/0001&to=01/01/9999", "document=nothing",
        "action[$ne]=1", "area=*", "area=34020000", "last=1", "page=-1", "sensitive=1",
    ],
)  # fmt: skip
def test_hostile_addresses_are_answered(query, sign_in, officer, teacher, stored):
    for user in (officer, teacher):
        assert sign_in(user).get(f"{LOG}?{query}").status_code == 200


def test_words_of_events_are_text_never_markup(sign_in, teacher, open_round):
    (one,) = write([Change(Student, place(), pupil())], teacher, "<b>เหตุ</b>")
    collection(AuditEvent).update_one(
        {"subject": one.id},
        {"$set": {"headline": "<script>alert(1)</script>", "via": "<i>", "action": "<u>"}},
    )
    html = log(sign_in(teacher))
    assert "<script>alert" not in html
    assert "<i>" not in html
    assert "<u>" not in html
    assert "<b>เหตุ" not in html


def test_looking_a_record_over_is_told_and_hides_nothing(sign_in, teacher, stored):
    own = stored[SCHOOL]
    collection(Student).update_one({"_id": own.id}, {"$set": {"reviewed": False}})
    write([Change(Student, place(), {}, id=own.id, revision=2, reviewed=True)], teacher)
    html = log(sign_in(teacher), "?sensitive=1&action=update")
    assert "ทบทวนแล้ว" in html
    assert "ไม่แสดงค่า" not in html


def test_a_field_that_is_declared_no_longer_is_kept_back(sign_in, teacher, stored, database):
    change = {"$set": {"changes": {"old_field": ["เคยเป็น", "กลายเป็น"]}}}
    database.audit_events.update_one({"action": "update"}, change)
    html = log(sign_in(teacher), "?sensitive=1")
    assert "กลายเป็น" not in html
    assert "ไม่แสดงค่า 1 ช่อง" in html


def test_values_taken_away_by_retention_are_said_to_be_gone(sign_in, teacher, administrator, stored):
    later = clock.now() + dt.timedelta(days=1)
    history.erase_values(AREA, later, administrator, "ครบกำหนดเก็บ")
    browser = sign_in(teacher)
    html = log(browser)
    assert "ค่าถูกลบตามกำหนดเวลาเก็บ" in html
    one = browser.get(f"{LOG}details/?id={shown(html)[0]}").text
    assert "ตรงกับที่บันทึกไว้" in one
    assert "ลบค่าในประวัติ" in log(sign_in(administrator))


# ---- the log as a file ----

FILE = f"{LOG}export/xlsx/"


def taken(browser, query=""):
    """The rows of the log's workbook, each {heading: value}."""
    answer = browser.get(FILE + query)
    assert answer.status_code == 200, answer.location
    return rows_in(answer.data)


def rows_in(content):
    header, *rows = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_log_goes_out_as_it_is_seen_and_narrowed(sign_in, officer, teacher, neighbour, stored, database):
    desk = sign_in(officer)
    moved = next(row for row in taken(desk, "?action=update") if row["สิ่งที่เปลี่ยน"] == "ห้อง")
    assert moved | {"จากเครื่อง": ""} == {
        "เวลา": "5 มิ.ย. 2568 09.00 น.", "ผู้ทำ": teacher.name, "ทำในฐานะ": moved["ทำในฐานะ"], "การกระทำ": "แก้ไข",
        "เรื่อง": "นักเรียน (DMC)", "รายการ": moved["รายการ"], "ครั้งที่": 2, "โรงเรียน": "บ้านหนึ่ง", "รอบ": "2568-1", "สิ่งที่เปลี่ยน": "ห้อง",
        "เดิม": "1", "ใหม่": "2", "หน่วย": "", "เหตุผล": "ชั่งใหม่", "ช่องทาง": "แบบฟอร์ม", "จากเครื่อง": "",
        "หมายเหตุ": "ไม่แสดงค่า 1 ช่อง",
    }  # fmt: skip
    assert "กานต์" in moved["รายการ"]
    both = taken(desk, "?document=students")
    assert {row["โรงเรียน"] for row in both} == {"บ้านหนึ่ง", "บ้านสอง"}
    assert {row["ผู้ทำ"] for row in taken(desk, f"?school={OTHER}")} == {neighbour.name}
    own = taken(sign_in(teacher), f"?school={OTHER}") + taken(sign_in(teacher))
    assert {row["โรงเรียน"] for row in own} == {"บ้านหนึ่ง"}
    noted = [one["changes"] for one in database.audit_events.find({"action": "export"}).sort("_id", 1)]
    assert noted[0] == {
        "what": [None, "audit"],
        "school": [None, None],
        "rows": [None, 1],
        "kind": [None, "xlsx"],
    }
    assert sorted(one["rows"][1] for one in noted) == [0, 1, 1, 2, 3]
    assert f'href="{FILE}?action=update"' in log(desk, "?action=update")
    assert "xlsx" in log(desk, "?document=access")


def test_sensitive_values_go_out_only_where_they_are_switched_on(sign_in, officer, teacher, stored, database):
    def weights(who, query):
        return [row["ใหม่"] for row in taken(sign_in(who), query) if row["ใหม่"].startswith("31.5")]

    assert weights(teacher, "") == []
    assert weights(officer, "?sensitive=1") == []
    assert weights(teacher, "?sensitive=1") == ["31.5"]
    noted = [one["changes"] for one in database.audit_events.find({"action": "export"}).sort("_id", 1)]
    assert [one.get("full_sensitive") for one in noted] == [None, None, [None, True]]


def test_who_has_no_log_has_no_file_of_it(sign_in, executive, administrator, client, stored):
    assert client.get(FILE).status_code == 302
    assert sign_in(executive).get(FILE).status_code == 403
    assert not [row for row in taken(sign_in(administrator)) if row["โรงเรียน"]]
    outsider = person("outsider", "district", area="34020000")
    assert taken(sign_in(outsider), f"?area={AREA}") == []


def test_a_long_log_goes_out_by_a_job_and_is_the_same(sign_in, officer, many, monkeypatch, database):
    desk = sign_in(officer)
    direct = taken(desk, "?document=students")
    monkeypatch.setattr(audit_files, "AT_ONCE", 1)
    monkeypatch.setattr(audit_files, "BATCH", 7)
    assert taken(desk, "?document=students") == direct
    assert len(direct) == 120
    assert [one["kind"] for one in database.jobs.find()] == ["audit_file"]
    assert database.audit_events.count_documents({"action": "export"}) == 2


def test_a_job_tells_every_event_without_the_web(sign_in, officer, teacher, stored):
    """A worker has no application: nothing of a request may be asked for on the way."""
    what = {"what": [None, "role"], "where": [None, "users.index_view"], "times": [None, 3]}
    history.note_event(AREA, officer, "refuse", "security", officer.id, what)
    history.note_event(
        AREA, officer, "reveal", "access", officer.id, {"person_id": [None, str(stored[SCHOOL].id)]}
    )
    with ThreadPoolExecutor(1) as worker:
        told = worker.submit(lambda: list(audit_files.told(Wanted(AREA), officer, False))).result()
    assert [one["action"] for one in told[:2]] == ["เปิดดูเลขเต็ม", "ถูกปฏิเสธ"]
    assert "ผู้ใช้" in str(told[1]["changes"])


@pytest.mark.parametrize("query", ["?from=31/02/2568", "?from=06/06/2568&to=05/06/2568"])
def test_what_cannot_be_read_gives_the_page_that_says_so_and_no_file(
    query, sign_in, officer, stored, database
):
    answer = sign_in(officer).get(FILE + query)
    assert answer.status_code == 303
    assert answer.location.startswith(LOG + "?from=")
    assert database.audit_events.count_documents({"action": "export"}) == 0


def test_more_than_a_file_holds_is_refused_in_words(sign_in, officer, stored, monkeypatch):
    monkeypatch.setattr(audit_files, "MOST_EVENTS", 2)
    browser = sign_in(officer)
    answer = browser.get(FILE)
    assert answer.status_code == 303
    assert "ครั้งละไม่เกิน 2 เหตุการณ์" in browser.get(answer.location).text
