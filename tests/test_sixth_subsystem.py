"""A sixth subsystem is one new file and one line: written here into a package of its own, and driven as people would."""

import importlib
import io
import sys

import pytest
from python_calamine import CalamineWorkbook

import documents
from admin_app import create_app
from documents.collecting import freezing, locking, round_moves
from documents.collecting.moves import move
from documents.collecting.progress import board_of
from documents.collecting.rounds import Round, Window
from documents.collecting.submissions import find_submission
from documents.database import collection, connect
from documents.errors import Invalid, RoundLocked
from documents.records.record import Place
from documents.records.writing import Change, write
from exports.collecting.round_workbook import round_workbook
from tests.people import AREA, OTHER, SCHOOL, YEAR, utc
from tests.test_record_view import form_of
from tests.test_security import routes
from tests.web import Browser, settings_for

FILE = '''
"""Telescopes (กล้องโทรทรรศน์): one record a kind of telescope of a school in a round."""

from documents.records.fields import choice, count, date, derived, text
from documents.records.record import Record


class Telescope(Record):
    """One kind of telescope in one school in one round."""

    code = text("รหัสกล้อง", required=True, max_length=10)
    maker = text("ผู้ผลิต", required=True, max_length=60, synonyms=("บริษัท",))
    taught = choice("ใช้สอนชั้น", "GRADE", required=True)
    bought = date("วันที่ซื้อ")
    whole = count("จำนวนทั้งหมด", unit="กล้อง", max_value=500)
    broken = count("จำนวนที่ชำรุด", unit="กล้อง", max_value=500)
    note = text("หมายเหตุ", max_length=500, personal="sensitive")
    length = derived("ความยาวหมายเหตุ", lambda plain, round_: 7000 + len(plain.get("note", "")), personal="sensitive")
    usable = derived("ใช้ได้", lambda plain, round_: plain.get("whole", 0) - plain.get("broken", 0), unit="กล้อง")

    slug = "telescopes"
    label = "กล้องโทรทรรศน์"
    label_en = "Telescopes"
    subsystem = "STARS"
    key = ("code",)
    grid = ("school_code", "maker", "code", "taught", "whole", "broken", "usable")
    cells = ("whole", "broken")
    filters = ("taught", "whole")
    search = ("maker", "code")
    order = ("maker",)

    meta = {"collection": "telescopes"}

    @classmethod
    def check(cls, values):
        """No more are broken than there are."""
        if values.get("broken", 0) > values.get("whole", 0):
            yield "broken", "ชำรุดมากกว่าจำนวนทั้งหมด กรุณาตรวจสอบทั้งสองช่อง"
'''
LINE = "khet_sixth.telescopes.Telescope"
TYPED = {
    "code": "T1",
    "maker": "ดาวเหนือ",
    "taught": "08",
    "bought": "01/03/2567",
    "whole": "5",
    "broken": "2",
}
HERE = Place(AREA, YEAR, "1", SCHOOL)
GRID = "/admin/telescopes/"


@pytest.fixture(scope="session")
def the_file(tmp_path_factory):
    """The new file, importable for the rest of the run."""
    package = tmp_path_factory.mktemp("sixth") / "khet_sixth"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "telescopes.py").write_text(FILE)
    sys.path.append(str(package.parent))
    importlib.invalidate_caches()


@pytest.fixture(scope="session")
def built(the_file, connected, database_uri, tmp_path_factory):
    """A fresh application that was started with the new line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "SUBSYSTEMS", [*documents.SUBSYSTEMS, LINE])
        made = create_app(settings_for(database_uri, tmp_path_factory.mktemp("data")))
    made.test_client_class = Browser
    connect(database_uri)
    return made


@pytest.fixture
def app(built, set_clock, monkeypatch):
    """The application with the sixth subsystem, for this module's browsers."""
    monkeypatch.setattr(documents, "SUBSYSTEMS", [*documents.SUBSYSTEMS, LINE])
    documents.subsystem("telescopes").ensure_indexes()
    return built


@pytest.fixture
def round_(app, area, officer, executive, approver):
    """The new subsystem's own round, open."""
    steps = ("enter", "certify", "verify")
    windows = [Window(step=step, opens_at=utc(1), closes_at=utc(15, 16, 30)) for step in steps]
    draft = Round(
        area_code=AREA, subsystem="STARS", academic_year=YEAR, code="1", title="สำรวจกล้อง", as_of=utc(10),
        windows=windows,
    ).save()  # fmt: skip
    proposed = round_moves.propose(draft, officer, "ขอเปิดรอบ")
    return round_moves.open_round(
        round_moves.record_order(proposed, executive, "1", utc(1), "ดำเนินการ"), approver
    )


@pytest.fixture
def browser(sign_in, round_, teacher):
    return sign_in(teacher)


@pytest.fixture
def stored(browser):
    """One telescope, typed into the form."""
    values = form_of(browser.get(f"{GRID}new/").text)
    answer = browser.send(f"{GRID}new/", values | TYPED)
    assert answer.status_code == 302, answer.text
    return telescopes()[0]


def telescopes():
    """The stored dicts."""
    return list(collection(documents.subsystem("telescopes")).find().sort("code"))


def test_one_line_gives_every_route_that_another_subsystem_has(app):
    ends = {
        slug: {
            rule.removeprefix(f"/admin/{slug}/") for rule, _, _ in routes(app) if f"/admin/{slug}/" in rule
        }
        for slug in ("students", "telescopes")
    }
    assert ends["telescopes"] == ends["students"] - {"roll/"}  # pupils have a view of their own besides


def test_the_menu_the_form_and_the_grid_know_it(browser, stored):
    assert "กล้องโทรทรรศน์" in browser.get("/admin/").text
    page = browser.get(GRID).text
    assert "ดาวเหนือ" in page
    assert "ป.5" in page
    assert ">3<" in page.replace("\n", "").replace(" ", ""), "the derived field"
    assert stored["bought"].isoformat()[:10] == "2024-03-01"
    form = form_of(browser.get(f"{GRID}edit/?id={stored['_id']}").text)
    assert TYPED.items() <= form.items()
    assert "usable" not in form


def test_a_rule_over_two_fields_speaks_beside_its_field(browser, stored):
    path = f"{GRID}edit/?id={stored['_id']}"
    answer = browser.send(path, form_of(browser.get(path).text) | {"broken": "9"})
    assert answer.status_code == 422
    assert "ชำรุดมากกว่าจำนวนทั้งหมด" in answer.text
    assert telescopes() == [stored]


def test_a_cell_is_edited_with_its_revision(browser, stored):
    cell = {"pk": str(stored["_id"]), "name": "whole", "value": "๗", "revision": "1"}
    answer = browser.send(f"{GRID}ajax/update/", cell)
    assert (answer.status_code, answer.json["revision"], answer.json["shown"]) == (200, 2, "7")
    assert browser.send(f"{GRID}ajax/update/", cell | {"value": "8"}).status_code == 409
    assert browser.send(f"{GRID}ajax/update/", cell | {"value": "1", "revision": "2"}).status_code == 422


def test_it_is_filtered_searched_and_sorted(browser, stored):
    for query, found in (
        ("flt0_taught_eq=08", True), ("flt0_taught_eq=07", False), ("flt0_whole_ge=5", True),
        ("flt0_whole_ge=6", False), ("search=ดาว เหนือ", True), ("search=ดาวใต้", False), ("sort=3&desc=1", True),
    ):  # fmt: skip
        assert ("ดาวเหนือ" in browser.get(f"{GRID}?{query}").text) is found, query


def test_details_tell_its_history(browser, stored):
    path = f"{GRID}edit/?id={stored['_id']}"
    browser.send(path, form_of(browser.get(path).text) | {"maker": "ดาวใต้"})
    for page in ("details", "history"):
        text = browser.get(f"{GRID}{page}/?id={stored['_id']}").text
        assert "ดาวเหนือ" in text
        assert "ดาวใต้" in text
        assert "ผู้ผลิต" in text


def test_the_neighbour_and_the_roles_without_records_see_nothing(stored, sign_in, neighbour, executive):
    other = sign_in(neighbour)
    assert "ดาวเหนือ" not in other.get(f"{GRID}?school={SCHOOL}").text
    assert other.get(f"{GRID}details/?id={stored['_id']}").status_code == 404
    assert sign_in(executive).get(GRID).status_code == 403


def test_its_sensitive_fields_are_hidden_from_an_officer_without_the_mark(stored, sign_in, officer, teacher):
    write([Change(documents.subsystem("telescopes"), HERE, {"note": "ซ่อนไว้"}, stored["_id"], 1)], teacher)
    for page in (f"details/?id={stored['_id']}", "export/csv/", f"history/?id={stored['_id']}"):
        own, others = (sign_in(who).get(GRID + page).text for who in (teacher, officer))
        assert "ซ่อนไว้" in own
        assert "ซ่อนไว้" not in others
        assert ("7007" in own.replace(",", "")) is ("history" not in page), "the derived one"
        assert "7007" not in others.replace(",", "")


def test_a_file_is_planned_and_imported(browser, stored):
    template = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{GRID}import/template/").data))
    assert "ใช้สอนชั้น *" in template.get_sheet_by_index(0).to_python()[0]
    lines = [
        "รหัสกล้อง,บริษัท,ใช้สอนชั้น,จำนวนทั้งหมด,จำนวนที่ชำรุด",
        "T1,ดาวเหนือ,ป.5,5,2",
        "T2,ดาวใต้,ม.1,4,0",
        "T3,ดาว,ป.1,1,2",
    ]
    upload = lambda text: {"file": (io.BytesIO(text.encode()), "x.csv")}  # noqa: E731
    answer = browser.send(f"{GRID}import/", upload("\n".join(lines)), content_type="multipart/form-data")
    plan = browser.get(answer.location).text
    assert "ชำรุดมากกว่าจำนวนทั้งหมด" in plan
    answer = browser.send(f"{GRID}import/", upload("\n".join(lines[:3])), content_type="multipart/form-data")
    id_ = answer.location.rpartition("=")[2]
    assert browser.send(f"{GRID}import/apply/", {"id": id_, "approved": "1"}).status_code == 302
    assert [(row["code"], row["revision"]) for row in telescopes()] == [("T1", 1), ("T2", 1)]


def test_an_export_comes_back_the_same(browser, stored, round_, teacher):
    from exports.imports.importing import plan_import

    for kind in ("xlsx", "csv"):
        content = browser.get(f"{GRID}export/{kind}/").data
        plan = plan_import(
            documents.subsystem("telescopes"), io.BytesIO(content), f"x.{kind}", teacher, round_
        )
        assert (plan.same, plan.errors, plan.changed, plan.new) == ([2], [], [], [])


def test_what_is_missing_stops_the_confirmation(browser, stored, teacher):
    cleared = Change(documents.subsystem("telescopes"), HERE, {"maker": None}, stored["_id"], 1)
    write([cleared], teacher)
    with pytest.raises(Invalid):
        move(find_submission("STARS", HERE), "confirm", teacher)


def test_its_round_is_handed_in_locked_and_sealed(browser, stored, round_, sign_in, people_of_the_round):
    teacher, director, officer, approver = people_of_the_round
    submission = find_submission("STARS", HERE)
    assert submission.counts["telescopes"] == 1
    for name, who in (("confirm", teacher), ("certify", director), ("verify", officer)):
        submission = move(submission, name, who)
    locked = locking.lock_round(round_, approver, "ปิดตามกำหนด")
    sealed, freeze = find_submission("STARS", HERE), freezing.freeze_of(locked)
    assert sealed.digest
    assert {row["code"]: row["state"] for row in freeze.schools} == {SCHOOL: "locked", OTHER: "unreported"}
    assert freeze.schools[0]["digest"] == sealed.digest
    assert [name for name, _ in freeze.layouts["telescopes"]][:2] == ["code", "maker"]
    assert "GRADE" in freeze.code_lists
    content = round_workbook(locked)
    assert content == round_workbook(locked)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert "ดาวเหนือ" in str(book.get_sheet_by_name("กล้องโทรทรรศน์").to_python())
    with pytest.raises(RoundLocked):
        write([Change(documents.subsystem("telescopes"), HERE, {"whole": 9}, stored["_id"], 1)], teacher)
    answer = sign_in(approver).get(f"/admin/rounds/export/xlsx/?id={locked.id}")
    assert answer.status_code == 200
    assert answer.data == content or "ข้อมูลอ่อนไหว" in str(
        CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    )


@pytest.fixture
def people_of_the_round(teacher, director, officer, approver):
    return teacher, director, officer, approver


def test_control_room_home_and_required_fields_take_it_in(stored, round_, sign_in, officer, administrator):
    browser = sign_in(officer)
    browser.get(f"/admin/choose/?round={round_.id}")
    for path in (
        "/admin/",
        "/admin/control-room/",
        "/admin/submissions/",
        f"/admin/rounds/details/?id={round_.id}",
    ):
        assert browser.get(path).status_code == 200, path
    assert [each.heads for each in board_of(round_, officer).schools if each.code == SCHOOL] == [1]
    page = sign_in(administrator).get("/admin/fields/?document=telescopes")
    assert "ใช้สอนชั้น" in page.text
