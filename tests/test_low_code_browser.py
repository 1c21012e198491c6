"""An administrator adds a field and makes a survey; a school fills both, the district takes both out; nothing is restarted."""

import io
import subprocess
import sys
import time

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from documents.collecting import round_moves
from documents.collecting.rounds import Round
from documents.database import collection
from documents.dmc.students import Student
from documents.emis.technology import Technology
from documents.records.codelist_edits import add_value
from documents.records.declarations import FRESH_SECONDS, declaration
from documents.records.defining import define, stop
from documents.records.kinds import Answer
from documents.records.record import declared
from scripts.environment import ROOT
from tests.people import AREA, SCHOOL, YEAR, utc
from tests.test_added_fields import said

QUESTIONS = (
    ("จำนวนก๊อกน้ำ", "taps", "number"), ("แหล่งน้ำ", "source", "choice"), ("วันที่ตรวจ", "tested", "date"),
    ("ผ่านเกณฑ์", "passed", "flag"), ("หมายเหตุ", "note", "text"),
)  # fmt: skip


@pytest.mark.browser
def test_a_field_and_a_survey_from_the_browser_to_the_districts_files(
    window, open_rounds, administrator, officer, executive, approver, teacher
):
    desk = window(administrator)
    desk.go(f"/admin/fields/new/?document=technology&year={YEAR}")
    for name, typed in (("label", "จำนวนแท็บเล็ต"), ("key", "tablets"), ("unit", "เครื่อง"), ("high", "500")):
        desk.page.fill(f"#{name}", typed)
    desk.page.locator("[data-preview] .unit", has_text="เครื่อง").wait_for()
    desk.shot("field-editor")
    desk.press("เพิ่มช่อง")
    desk.go("/admin/surveys/new/")
    desk.page.fill("#name", "สำรวจน้ำดื่ม")
    desk.page.fill("#key", "water")
    desk.press("สร้างแบบสำรวจ")
    survey = desk.page.url
    expect(desk.page.get_by_text("ยังไม่มีช่องคำถาม")).to_be_visible()
    for label, key, kind in QUESTIONS:
        desk.page.get_by_role("link", name="เพิ่มช่องคำถาม").click()
        desk.page.fill("#label", label)
        desk.page.fill("#key", key)
        desk.page.select_option("#kind", kind)
        if kind == "choice":
            desk.page.fill("#options", "น้ำประปา\nน้ำบาดาล")
        desk.press("เพิ่มช่อง")
        assert desk.page.url == survey
    desk.page.fill("#first", "01062568")
    desk.page.fill("#last", "10062568")
    desk.press("สร้างร่างรอบ")
    assert "None" not in desk.page.content()
    desk.shot("survey")
    draft = Round.objects(subsystem=f"{AREA}-water").get()
    proposed = round_moves.propose(draft, officer, "ขอเปิด")
    round_moves.open_round(round_moves.record_order(proposed, executive, "1", utc(1), "ดำเนินการ"), approver)

    school = window(teacher)
    school.page.goto(f"{school.base}/admin/technology/new/?school={SCHOOL}")
    school.page.fill("[name=x_tablets]", "๑๒")
    school.press("บันทึก")
    school.go("/admin/")
    school.page.get_by_role("link", name="สำรวจน้ำดื่ม").first.click()
    school.page.wait_for_url("**/surveys/water/**")
    school.page.fill("[name=x_taps]", "4")
    school.page.select_option("[name=x_source]", label="น้ำบาดาล")
    school.page.fill("[name=x_tested]", "01062568")
    school.page.select_option("[name=x_passed]", label="ใช่")
    school.page.fill("[name=x_note]", "ดี")
    school.shot("survey-form")
    school.press("บันทึก")
    school.look_over()
    assert collection(Technology).find_one({})["x_tablets"] == 12
    assert collection(Answer).find_one({})["x_taps"] == 4

    district = window(officer)
    district.go("/admin/surveys/water/?sort=0")
    expect(district.page.get_by_text("น้ำบาดาล").first).to_be_visible()
    for path, labels, value in (
        ("technology", {"จำนวนแท็บเล็ต"}, 12), ("surveys/water", {label for label, *_ in QUESTIONS}, 4),
    ):  # fmt: skip
        answer = district.context.request.get(f"{district.base}/admin/{path}/export/xlsx/")
        head, row = (
            CalamineWorkbook.from_filelike(io.BytesIO(answer.body())).get_sheet_by_index(0).to_python()
        )
        assert labels <= set(head)
        assert value in row


OTHER_PROCESS = """
import sys
from documents.database import connect
from documents.records import codelists
from documents.records.declarations import declaration
from documents.dmc.students import Student
connect(sys.argv[1])
codelists.ask_of(sys.argv[2])
for line in sys.stdin:
    added = declaration(Student, sys.argv[2], int(sys.argv[3])).added
    print(*added, *(code for code in codelists.code_list("RELIGION").codes if code == "NEW"), flush=True)
"""


def test_another_process_knows_of_a_new_field_at_once(area, administrator, database_uri):
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, database_uri, AREA, str(YEAR)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip

    def there():
        other.stdin.write("\n")
        other.stdin.flush()
        return other.stdout.readline().strip()

    try:
        assert there() == ""
        made = define(AREA, "students", said("tablets"), administrator)
        time.sleep(FRESH_SECONDS)  # outside a request a process asks no more often
        assert there() == "x_tablets"
        stop(made, YEAR - 1, administrator, made.revision)
        time.sleep(FRESH_SECONDS)
        assert there() == ""
        add_value(AREA, "RELIGION", administrator, {"label": "เต๋า", "code": "NEW"}, "มีจริง", 0)
        time.sleep(FRESH_SECONDS)
        assert there() == "NEW", "nor does it wait for the time after which lists are looked at anyway"
    finally:
        other.kill()
        other.communicate()


def test_where_nobody_added_a_field_no_page_asks_for_more(
    open_round, teacher, sign_in, count_commands, administrator
):
    """The version comes with the session; an area without definitions has the class itself."""
    browser = sign_in(teacher)
    browser.get("/admin/students/")
    with count_commands() as plain:
        browser.get("/admin/students/")
    assert declaration(Student, AREA, YEAR) is Student
    define("34020000", "students", said("tablets"), administrator_of("34020000"))
    browser.get("/admin/students/")
    with count_commands() as after:
        browser.get("/admin/students/")
    assert len(after) <= len(plain)
    assert declaration(Student, AREA, YEAR) is Student
    assert declared(Student) is declared(Student)


def administrator_of(area_code):
    from tests.people import person

    return person("faradmin", "admin", area=area_code)
