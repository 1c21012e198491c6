"""The reports of pupils as files: the ministry's bare CSV of each, and a workbook with a sheet a report.

A CSV has no header; its lines are the round, the school's code, the category where there is one, and the numbers, the
area's own lines last (domain.md 3.1.6). Numbers that its reader may not see are left empty.
"""

from documents.database import at_one_moment
from documents.district.levels import LEVELS
from documents.dmc.report_numbers import BOTH, Numbers
from documents.dmc.reporting import WHOLE, counted, figures_beside, figures_of, sees_small, terms_of
from documents.dmc.student_reports import STAGES, reports_of
from documents.people import access
from exports.collecting.round_workbook import declared_rooms, facts_of, pupil_counts, write_pupils_report
from exports.dmc.reports import as_of_line
from exports.dmc.statistics import ENCODINGS, recounted, statistics_lines
from exports.workbooks.grid import plain
from exports.workbooks.totals import OF_PUPILS, refuse_differing
from exports.workbooks.workbook import file_name, workbook_bytes

ALL_REPORTS = "รายงานสถิตินักเรียน"
KEYS = (("รหัสโรงเรียน", 12), ("ชื่อโรงเรียน", 34), ("หมวด", 40))
PARTS = (("ชาย", "M"), ("หญิง", "F"), ("รวม", BOTH))
SMALL_SAYS = "น้อยกว่า 10"
SAME_SCHOOL, TOTAL_GROUPS = "101", 7


def schools_for(user, area_code):
    """Codes of the schools whose numbers this person has; None for the whole area."""
    if area_code in user.areas("executive"):
        return None
    return access.open_schools(user, area_code)


def numbers_for(report, round_, facts, user, fresh=False):
    """The Numbers of a report as this person may see them; `fresh` counts now, whatever is kept in memory."""
    own = schools_for(user, round_.area_code)
    codes = sorted(code for code in facts.names if own is None or code in own)
    asked = None if own is None else codes
    figures = counted(report, terms_of(round_), asked) if fresh else figures_of(report, round_, asked)
    whole = all(sees_small(report, user, round_.area_code, code) for code in codes) if asked is not None else (
        sees_small(report, user, round_.area_code)
    )  # fmt: skip
    return Numbers(figures, codes, whole, [] if whole else figures_beside(report, round_, asked))


# ---- the ministry's CSV ----


def report_csv(report, round_, user, encoding="utf8"):
    """The bytes of a report's file. Raises WrongState and TotalsDiffer as `statistics_csv` does."""

    def read():
        facts = own_facts(round_, user)
        if report.layout == 94:
            lines = statistics_lines(facts)
            return lines if schools_for(user, round_.area_code) is None else lines[:-1]
        numbers = numbers_for(report, round_, facts, user, fresh=True)
        return list(csv_lines(report, facts, numbers, schools_for(user, round_.area_code) is None))

    text = "".join(
        ",".join("" if cell is None else str(cell) for cell in line) + "\n" for line in at_one_moment(read)
    )
    return text.encode(ENCODINGS[encoding])


def own_facts(round_, user):
    """The round's Facts as far as a person has its schools, once their counters agree with the records."""
    facts = facts_of(round_)
    own = schools_for(user, round_.area_code)
    if own is not None:
        facts.schools = [school for school in facts.schools if school["code"] in own]
    refuse_differing(facts, recounted(facts), OF_PUPILS)
    return facts


def csv_lines(report, facts, numbers, area=True):
    """Each line of a report's file as a list: the schools by code, the area's lines last where it is of the `area`.

    Of a report whose small numbers are hidden a school has no line, as the ministry publishes such reports.
    """
    for school in [*(sorted(facts.names) if numbers.whole else ()), *([None] if area else ())]:
        for line in numbers.lines:
            key = [facts.round.label, school or facts.round.area_code]
            category = [] if report.layout == 71 else [_quoted(plain(line.printed or line.label))]
            yield [*key, *category, *_cells(report.layout, numbers, line.key, school)]


def _quoted(label):
    """A label as a cell of the CSV: one that an area gave to a value of a list may hold anything."""
    return '"{}"'.format(label.replace('"', '""')) if set(label) & set(',"') else label


def _cells(layout, numbers, line, school):
    """The numbers of one line in a layout of the ministry's."""
    if layout in (72, 71):
        return [numbers.number(line, place, sex, school) for place in range(len(LEVELS)) for _, sex in PARTS]
    if layout == 21:
        places = [_place(grades) for _, grades in STAGES]
        return [numbers.number(line, place, sex, school) for place in places for _, sex in PARTS]
    own = [numbers.number(line, WHOLE, sex, school) for _, sex in PARTS]
    if layout == 6:
        return own
    # Of the seven groups the ministry names none: the first is the total, the second the same school. The others
    # tell where a pupil goes in a way that nobody records here, so they stay empty.
    same = (
        own
        if line == SAME_SCHOOL
        else [numbers.number(SAME_SCHOOL, WHOLE, sex, school) if line == "all" else 0 for _, sex in PARTS]
    )
    return [*own, *same, *[None] * (3 * (TOTAL_GROUPS - 2))]


def _place(grades):
    return next(place for place, (_, codes) in enumerate(LEVELS) if codes == grades)


# ---- the workbook ----


def reports_workbook(round_, user, only=None):
    """The bytes of a workbook with a sheet for each report of a round, or for one. Raises as `report_csv`."""

    def read():
        facts = own_facts(round_, user)
        created = facts.locked_at or facts.as_of
        title = f"{only.title if only else ALL_REPORTS} รอบ {round_.label} {facts.area_name}"
        with workbook_bytes(title, created=created, subject=round_.label) as (book, result):
            for report in [only] if only else reports_of(round_):
                if report.layout == 94:
                    write_pupils_report(book, facts, pupil_counts(facts), declared_rooms(facts))
                else:
                    write_sheet(book, report, facts, numbers_for(report, round_, facts, user, fresh=True))
        return result.getvalue()

    return at_one_moment(read)


def write_sheet(book, report, facts, numbers):
    """One report: title, as-of date, what it counts, two header rows, each school's lines, the area's last."""
    top = 4
    sheet = book.page(report.short, repeat=(top, top + 1), freeze=(top + 2, len(KEYS)))
    sheet.write_string(0, 0, f"{report.title} รอบ {facts.round.label} {facts.area_name}", book.style("title"))
    sheet.write_string(1, 0, as_of_line(facts.as_of), book.style("subtitle"))
    sheet.write_string(2, 0, report.about, book.style("subtitle"))
    said = []
    if odd := numbers.figures.irregular(numbers.schools) if numbers.whole else 0:
        said.append(f"ข้อมูลผิดปกติ (ไม่ระบุชั้นหรือเพศ) {odd:,} คน ไม่อยู่ในตารางนี้")
    if not numbers.whole:
        said.append(f"ตัวเลขที่{SMALL_SAYS}และตัวเลขที่ทำให้คำนวณย้อนได้ถูกซ่อนไว้ และไม่แสดงรายโรงเรียน")
    sheet.write_string(3, 0, " ".join(said), book.style("label"))
    places = _heads(sheet, book, report, top)
    kinds = [("text", book.style("text"))] * len(KEYS) + [("number", book.style("count"))] * (
        len(places) * len(PARTS)
    )
    sheet.stream(top + 2, kinds, _rows(facts, numbers, places))
    return sheet


def _heads(sheet, book, report, top):
    """The two header rows; gives back the places of the levels that are columns."""
    places = [_place(grades) for _, grades in STAGES] if report.layout == 21 else list(range(len(LEVELS)))
    places = [WHOLE] if report.layout in (24, 6) else places
    look = book.style("header")
    for index, (label, width) in enumerate(KEYS):
        sheet.merge_range(top, index, top + 1, index, label, look)
        sheet.set_column(index, index, width)
    for number, place in enumerate(places):
        first = len(KEYS) + number * len(PARTS)
        sheet.merge_range(top, first, top, first + len(PARTS) - 1, LEVELS[place][0], look)
        for offset, (part, _) in enumerate(PARTS):
            sheet.write_string(top + 1, first + offset, part, look)
    sheet.set_column(len(KEYS), len(KEYS) + len(places) * len(PARTS) - 1, 7)
    return places


def _rows(facts, numbers, places):
    for school in [*(sorted(facts.names) if numbers.whole else ()), None]:
        name = facts.names[school] if school else f"รวม {len(facts.names):,} โรงเรียน"
        for line in numbers.lines:
            cells = (numbers.number(line.key, place, sex, school) for place in places for _, sex in PARTS)
            yield [school or "", name, line.label, *cells]


def report_file_name(round_, report=None, extension="xlsx"):
    """The download's name: 2568-1-จำนวนนักเรียนจำแนกตามอายุ.xlsx."""
    return file_name(f"{round_.label}-{report.title if report else ALL_REPORTS}", extension)
