"""The reports of pupils: each number counted again by other code, the ministry's layout, who sees what, and the names behind."""

import io
import re
from collections import Counter
from types import SimpleNamespace

import pytest
from bson import ObjectId
from python_calamine import CalamineWorkbook

from documents.checking.limits import set_limits
from documents.collecting import locking
from documents.collecting.rounds import find_round
from documents.district.levels import GRADES, LEVELS
from documents.dmc import growth, reporting
from documents.dmc.report_numbers import Numbers
from documents.dmc.reporting import Line
from documents.dmc.rooms import SchoolRooms
from documents.dmc.small_cells import hidden, worked_out
from documents.dmc.student_reports import BY_KEY, REPORTS, reports_of
from documents.dmc.students import Student
from documents.records.writing import Change, write
from exports.dmc.report_files import numbers_for, report_csv, reports_workbook
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, place
from tests.pupils import pupil
from tests.report_world import *  # noqa: F403  fixtures of the world
from tests.report_world import expected, growth_rows, rows_of

ORDINARY = [report for report in REPORTS if "1" in report.rounds and not report.needs]
NUTRITION = [report for report in REPORTS if report.needs]
AT_THE_END = [report for report in REPORTS if report.rounds == ("3",) and not report.table]


def found(report, round_):
    """What the engine counted, as `expected` gives it."""
    figures = reporting.counted(report, reporting.terms_of(round_))
    return Counter(
        {
            (school, line, grade, sex): number
            for school, lines in figures.by_school.items()
            for line, cells in lines.items()
            for (grade, sex), number in cells.items()
        }
    )


def told(lines):
    return [line.removesuffix("\n").split(",") for line in lines.decode("utf-8-sig").splitlines()]


def test_every_report_of_a_term_counts_what_the_records_say(filled, officer):
    rows = rows_of(filled)
    for report in ORDINARY:
        assert found(report, filled) == expected(report, rows, filled), report.key
        assert expected(report, rows, filled), f"{report.key} counts nobody: the test says nothing of it"


def test_every_report_of_the_years_end_counts_what_the_records_say(filled_end):
    rows = rows_of(filled_end)
    for report in AT_THE_END:
        assert found(report, filled_end) == expected(report, rows, filled_end), report.key
        assert len(expected(report, rows, filled_end)) > 3, report.key


def test_the_files_have_the_ministrys_columns_and_lines(filled_end, officer, database):
    officer.grants[0].sensitive = True
    officer.save()
    for report in reports_of(filled_end):
        lines = told(report_csv(report, filled_end, officer))
        widths = {72: 72, 71: 71, 94: 94, 24: 24, 21: 21, 6: 6}
        assert {len(line) for line in lines} == {widths[report.layout]}, report.key
        assert {line[0] for line in lines} == {"2568-3"}
        assert list(dict.fromkeys(line[1] for line in lines)) == [SCHOOL, OTHER, AREA], report.key
        if report.layout in (71, 94):
            continue
        figures = reporting.counted(report, reporting.terms_of(filled_end))
        printed = [line.printed or line.label for line in figures.lines()]
        assert [line[2].strip('"') for line in lines] == printed * 3, report.key
        for number, line in enumerate(figures.lines()):
            numbers = [
                int(one[-1 if report.layout == 72 else 5] or 0) for one in lines[number :: len(printed)]
            ]
            if report.layout in (72, 24, 6):
                assert numbers[2] == numbers[0] + numbers[1], (report.key, line.key)
                assert numbers[2] == figures.number(line.key), (report.key, line.key)
    assert report_csv(BY_KEY["age"], filled_end, officer, "cp874").decode("cp874").count("20 ปีขึ้นไป") == 3


def test_a_number_on_the_page_is_the_rows_behind_its_link(filled, filled_end, teacher, officer, sign_in):
    officer.grants[0].sensitive = True
    officer.save()
    looked, views = 0, ("lines", "levels", "schools")
    for user, round_, address in ((officer, filled, ""), (teacher, filled_end, f"&school={SCHOOL}")):
        browser = sign_in(user)
        browser.get(f"/admin/choose/?round={round_.id}")
        for number, report in enumerate(reports_of(round_)):
            page = browser.get(
                f"/admin/reports/show/?report={report.key}&view={views[number % 3]}{address}"
            ).text
            cells = re.findall(r'data-value="(\d+)"><a href="([^"]+)"', page)
            for value, href in cells[:1] + cells[len(cells) // 2 :][:1]:
                rows = browser.get(href.replace("&amp;", "&")).text
                counted = re.search(r"<b>([\d,]+)</b> คน", rows)
                assert counted, href
                assert counted[1] == value, (report.key, href)
                looked += 1
    assert looked > 50


def test_the_reports_lead_to_those_of_other_subsystems_that_one_may_open(
    filled, officer, administrator, sign_in
):
    index = sign_in(officer).get("/admin/reports/").text
    for subsystem in ("buildings", "equipment", "gcode"):
        assert f'<a href="/admin/{subsystem}/reports/">' in index
    assert "(XLSX)</a>" not in index.partition("รายงานของระบบอื่น")[2], "no round of EMIS is open"


def test_a_school_reads_its_own_numbers_alone(filled, teacher, neighbour, director, administrator, sign_in):
    browser = sign_in(neighbour)
    whole = reporting.counted(BY_KEY["grade-sex"], reporting.terms_of(filled))
    page = browser.get("/admin/reports/show/?report=grade-sex").text
    own = whole.number("all", OTHER)
    assert f'data-value="{own}"' in page
    assert f'data-value="{whole.number("all")}"' not in page
    assert "บ้านหนึ่ง" not in page
    assert browser.get(f"/admin/reports/show/?report=grade-sex&school={SCHOOL}").status_code == 403
    lines = told(browser.get("/admin/reports/export/csv/?report=disability").data)
    assert {line[1] for line in lines} == {OTHER}
    assert browser.get("/admin/reports/export/xlsx/").status_code == 200
    theirs = browser.get(f"/admin/students/?report=age&line=all&school={SCHOOL}").text
    assert re.search(r"ไม่มีรายการ|<b>0</b>", theirs)
    assert sign_in(administrator).get("/admin/reports/").status_code == 403
    assert (
        sign_in(teacher).get("/admin/reports/show/?report=after-p6").status_code == 404
    )  # not of this round
    assert sign_in(teacher).get("/admin/reports/show/?report=../x").status_code == 404


def test_each_schools_rooms_stand_behind_its_pupils(filled, teacher, officer, sign_in):
    write(
        [Change(SchoolRooms, place(), {"grade": g, "rooms": n}) for g, n in (("04", 2), ("09", 3))], teacher
    )
    page = sign_in(officer).get("/admin/reports/show/?report=grade-sex&view=schools").text
    *schools, total = re.findall(r"<tr[^>]*>(?:(?!</tr>).)*</tr>", page.partition("<tbody>")[2], re.DOTALL)
    rooms = [re.findall(r'data-value="(\d+)"', row)[-1] for row in (*schools, total)]
    assert sorted(rooms) == ["0", "5", "5"]
    chosen = re.findall(
        r'<option value="([a-z0-9-]+)"', page.partition('name="report">')[2].partition("</select>")[0]
    )
    assert chosen == [report.key for report in reports_of(filled)], "every report is one press away"
    assert re.findall(r'data-value="(\d+)"', next(row for row in schools if "บ้านหนึ่ง" in row))[-1] == "5"


def test_an_executive_sees_no_small_number_and_none_that_gives_one_away(
    filled, executive, officer, sign_in, database
):
    report = BY_KEY["disability"]
    figures = reporting.counted(report, reporting.terms_of(filled))
    small = [
        n
        for n in (figures.number(line.key, school) for line in report.lines for school in (SCHOOL, OTHER))
        if 0 < n < 10
    ]
    assert small, "the world has no small numbers: the test says nothing"
    for user in (executive, officer):  # the officer has no mark for what is sensitive
        browser = sign_in(user)
        for view in ("lines", "levels&line=05", "schools"):
            page = browser.get(f"/admin/reports/show/?report=disability&view={view}").text
            assert not [n for n in map(int, re.findall(r'data-value="(\d+)"', page)) if 0 < n < 10], view
            assert "น้อยกว่า 10" in page
            assert "/admin/students/?report" not in page
        lines = told(browser.get("/admin/reports/export/csv/?report=disability").data)
        assert {line[1] for line in lines} == {AREA}
        assert not [cell for line in lines for cell in line[3:] if cell and 0 < int(cell) < 10]
    names = sign_in(officer).get("/admin/students/?report=disability&line=all")
    assert "ข้อมูลอ่อนไหว" in names.text
    assert re.search(r"ไม่มีรายการ|<b>0</b>", names.text)
    assert "น้อยกว่า 10" not in sign_in(executive).get("/admin/reports/show/?report=grade-sex").text
    events = list(database.audit_events.find({"action": "export"}))
    assert [event["changes"]["report"][1] for event in events] == ["พิการ", "พิการ"]


def test_a_hidden_number_cannot_be_worked_out():
    cells = {
        (r, c): n for r, row in enumerate([[3, 20, 40], [12, 15, 0], [30, 9, 11]]) for c, n in enumerate(row)
    }
    sums = []
    for r in range(3):
        cells[r, "sum"] = sum(cells[r, c] for c in range(3))
        sums.append(((r, "sum"), [(r, c) for c in range(3)]))
    for c in [0, 1, 2, "sum"]:
        cells["sum", c] = sum(cells[r, c] for r in range(3))
        sums.append((("sum", c), [(r, c) for r in range(3)]))
    gone = hidden(cells, sums)
    assert {(0, 0), (2, 1)} < gone
    assert not worked_out(gone, sums)
    assert set(worked_out({(0, 0), (2, 1)}, sums)) == {(0, 0), (2, 1)}
    assert hidden({"a": 4, "b": 0, "t": 4}, [("t", ["a", "b"])]) >= {"a", "t"}
    # u and v are each in two sums with others, and only all three together tell v.
    assert worked_out({"u", "v", "w"}, [("t", ["u", "w"]), ("s", ["u", "w", "v"]), ("r", ["x"])]) == {"v"}


def test_what_is_hidden_in_one_of_two_rounds_is_hidden_in_the_other():
    """Nine of a kind in June, ten in November: shown beside a hidden nine, the ten would tell of the one who came."""
    sums = [("all", ["few", "others", "rest"])]
    june = {"few": 9, "others": 50, "rest": 41, "all": 100}
    november = {"few": 10, "others": 50, "rest": 41, "all": 101}
    assert hidden(november, sums) == set()
    gone = hidden(june, sums)
    assert gone > {"few"}
    also = hidden(november, sums, beside=gone)
    assert also >= gone
    assert not worked_out(also, sums) & gone
    assert hidden({"t": 0}, [], beside={"t", "elsewhere"}) == {"t"}


def test_an_executive_cannot_subtract_one_round_from_the_next(filled, executive, database):
    """The cells hidden in a round are hidden in its neighbours; who may see small numbers sees both rounds whole."""
    later = dict(database.rounds.find_one({"_id": filled.id}), code="2")
    later.pop("_id")
    database.rounds.insert_one(later)
    report = BY_KEY["disability"]
    for row in rows_of(filled):
        copied = {**row, "_id": ObjectId(), "round": "2"}
        again = {name: value for name, value in copied.items() if name not in ("person_id", "student_no")}
        database.students.insert_many([copied, {**again, "_id": ObjectId()}])
    facts = SimpleNamespace(names={SCHOOL: "บ้านหนึ่ง", OTHER: "บ้านสอง"})
    rounds_ = [find_round(AREA, "DMC", YEAR, code) for code in "12"]
    seen = [numbers_for(report, one, facts, executive) for one in rounds_]
    assert [(one.whole, len(one.beside), len(one.schools)) for one in seen] == [(False, 1, 2)] * 2
    alone = [Numbers(one.figures, one.schools, whole=False).hidden for one in seen]
    assert alone[0] - alone[1], (
        "twice as many are shown where they are ten and more: else the test says nothing"
    )
    for one in seen:
        assert alone[0] | alone[1] <= one.hidden
    marked = person("marked", "district", sensitive=True)
    whole = [numbers_for(report, one, facts, marked) for one in rounds_]
    assert all(one.whole and not one.hidden for one in whole)


def test_a_growth_table_of_the_district_brings_the_reports_of_nutrition(filled, officer, sign_in):
    assert "weight" not in [report.key for report in reports_of(filled)]
    browser = sign_in(officer)
    lines = ["เพศ,ส่วนสูง,1,2,3,4,5"] + [
        ",".join(map(str, ("ชาย" if sex == "M" else "หญิง", cm, *bounds)))
        for sex, cm, bounds in growth_rows("w")
    ]
    for content, status in (("เพศ,ส่วนสูง\nชาย,x", 422), ("\n".join(lines[:10]), 422), ("\n".join(lines), 303)):
        form = {"kind": "weight", "file": (io.BytesIO(content.encode()), "เกณฑ์.csv")}
        answer = browser.send("/admin/reports/growth/", form, content_type="multipart/form-data")
        assert answer.status_code == status, answer.text[:300]
    assert set(growth.kinds_of(AREA)) == {"weight"}
    growth.set_table(AREA, "height", growth_rows("h"), officer)
    rows = rows_of(filled)
    for report in NUTRITION:
        assert report in reports_of(filled)
        counts = expected(report, rows, filled)
        assert found(report, filled) == counts, report.key
        assert {line for _, line, _, _ in counts} > {"off", "outside"}, report.key


def cells_of(report, counts, line, school):
    """What stands in the ministry's columns of one line, added up from the independent count."""
    grades = [codes for _, codes in LEVELS]
    if report.layout == 21:
        grades = [("03",), ("06",), ("09",), ("12",), ("15",), ("18",)]
    elif report.layout == 6:
        grades = [GRADES]
    for codes in grades:
        boys, girls = (
            sum(
                number
                for (where, of, grade, sex), number in counts.items()
                if school in (where, None) and of == line and grade in codes and sex == each
            )
            for each in "MF"
        )
        yield from (boys, girls, boys + girls)


@pytest.mark.parametrize("which", ["filled", "filled_end"])
def test_each_cell_of_the_files_is_the_sum_of_the_records(which, request, officer):
    round_ = request.getfixturevalue(which)
    officer.grants[0].sensitive = True
    officer.save()
    growth.set_table(AREA, "weight", growth_rows("w"), officer)
    growth.set_table(AREA, "height", growth_rows("h"), officer)
    rows, reports = rows_of(round_), reports_of(round_)
    book = CalamineWorkbook.from_filelike(io.BytesIO(reports_workbook(round_, officer)))
    assert len(book.sheet_names) == len(reports)
    for report, name in zip(reports, book.sheet_names, strict=True):
        if report.table or report.layout in (94, 24):  # counted in test_year_end.py and test_statistics.py
            continue
        counts = expected(report, rows, round_)
        odd = [Line("odd", "ข้อมูลผิดปกติ")] if any(key[1] == "odd" for key in counts) else []
        lines = [*report.lines, *(one for one in odd if one.key not in {line.key for line in report.lines})]
        asked = [(school, line) for school in (SCHOOL, OTHER, None) for line in lines]
        wanted = [list(cells_of(report, counts, line.key, school)) for school, line in asked]
        sheet = book.get_sheet_by_name(name).to_python()[6:]
        assert [row[:1] + row[2:3] for row in sheet] == [[school or "", line.label] for school, line in asked]
        assert [row[3:] for row in sheet] == wanted, report.key
        keys = 2 if report.layout == 71 else 3
        file = [list(map(int, line[keys:])) for line in told(report_csv(report, round_, officer))]
        assert file == wanted, report.key


def test_what_is_kept_ends_with_the_next_write_and_a_lock_freezes_the_rule_of_age(
    filled, teacher, approver, administrator
):
    report = BY_KEY["religion"]
    before = reporting.figures_of(report, filled).number("all")
    assert reporting.figures_of(report, filled) is reporting.figures_of(report, filled)
    write([Change(Student, place(), pupil())], teacher)
    assert reporting.figures_of(report, filled).number("all") == before + 1
    outside = reporting.figures_of(report, filled).number("outside")
    locked = locking.lock_round(filled, approver, "ปิดตามกำหนด")
    set_limits(AREA, "DMC", YEAR, {"oldest": 10}, administrator)
    assert reporting.counted(report, reporting.terms_of(locked)).number("outside") == outside
    assert report_csv(report, locked, approver) == report_csv(report, locked, approver)
