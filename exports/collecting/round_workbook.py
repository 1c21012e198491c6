"""The round's workbook (สมุดงานของรอบ): what goes to the ministry, with cover, report, schools and every record.

A locked round's workbook is made of what the lock froze and of the records alone, so it is the same to the byte every
time; one of a round that still runs says so on its cover.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from documents import clock
from documents.clock import utc
from documents.collecting.freezing import freeze_of
from documents.collecting.rounds import STATES as ROUND_STATES
from documents.collecting.rounds import system_name
from documents.collecting.submissions import SEALED, STATES, submissions_of
from documents.database import at_one_moment, collection
from documents.district.schools import Area, School
from documents.dmc.rooms import SchoolRooms
from documents.errors import WrongState
from documents.formats import buddhist
from documents.records.declarations import as_frozen
from documents.records.digests import short_code
from documents.records.kinds import documents_in, documents_of
from documents.records.record import Place
from exports.collecting.control import control_page, write_control
from exports.dmc.reports import GRADES, as_of_line, report_title, write_report
from exports.workbooks.columns import Surroundings
from exports.workbooks.layouts import layout_of
from exports.workbooks.totals import PUPILS, Tallies, refuse_differing
from exports.workbooks.workbook import file_name, workbook_bytes, write_table

PERSONAL_LINE = "เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"
BATCH = 500


@dataclass
class Facts:
    """All a round's workbook tells besides its records; `schools` are dicts as a lock freezes them."""

    round: object
    area_name: str
    title: str
    as_of: dt.datetime
    schools: list
    lists: dict = field(default_factory=dict)
    made_at: dt.datetime | None = None
    locked_at: dt.datetime | None = None
    locked_by: str | None = None
    root_hash: str | None = None
    sensitive: bool = True
    # The classes as the area declares them, or as a lock froze them.
    documents: list = field(default_factory=list)

    @property
    def names(self):
        """{school code: name}."""
        return {school["code"]: school["name"] for school in self.schools}

    def total(self, name):
        """One counter over all schools."""
        return sum((school.get("counts") or {}).get(name, 0) for school in self.schools)

    @property
    def unreported(self):
        """The schools closed unreported."""
        return [school for school in self.schools if school["state"] == "unreported"]


def round_workbook(round_, school_codes=None, sensitive=True):
    """The bytes of `round_workbook_file`."""
    with round_workbook_file(round_, school_codes, sensitive) as file:
        return file.read()


def round_workbook_file(round_, school_codes=None, sensitive=True):
    """An open file of a round's workbook, of the whole area or of some schools; rows are streamed.

    Without `sensitive` the columns of that class stay blank. Who may have it is the caller's to ask. Raises
    WrongState for a locked round of which a school is open again, since its records are no longer what was locked,
    and TotalsDiffer where the rows written are not what the control room counts; nothing is made then.
    """
    return at_one_moment(lambda: _workbook(round_, school_codes, sensitive))


def _workbook(round_, school_codes, sensitive):
    facts = facts_of(round_)
    facts.sensitive = sensitive
    if school_codes is not None:
        facts.schools = [school for school in facts.schools if school["code"] in set(school_codes)]
    created, tallies = facts.locked_at or facts.as_of, Tallies()
    of_pupils = any(document.slug == PUPILS for document in documents_of(round_.subsystem))
    with workbook_bytes(workbook_title(facts), created=created, subject=round_.label) as (book, result):
        write_cover(book, facts)
        control = control_page(book)
        rooms, counts = (declared_rooms(facts), pupil_counts(facts)) if of_pupils else ({}, None)
        if of_pupils:
            write_pupils_report(book, facts, counts, rooms)
        for document in facts.documents:
            if document.listed:
                write_records(book, document, facts, tallies)
        found = with_rooms(facts, tallies.by_school(), rooms)
        refuse_differing(facts, found)
        write_control(book, control, facts, found, counts, rooms)
        write_schools(book, facts)
    return result


def round_file_name(round_):
    """The download's name: 2568-1-DMC-34010000.xlsx."""
    return file_name(f"{round_.label}-{round_.subsystem}-{round_.area_code}")


def workbook_title(facts):
    """The title of workbook and cover."""
    return f"{facts.title} ปีการศึกษา {facts.round.academic_year} รอบ {facts.round.label} {facts.area_name}"


# ---- what it is made of ----


def facts_of(round_):
    """The Facts of a round: what its lock froze, or how things stand now."""
    freeze = freeze_of(round_) if round_.sealed else None
    if freeze is None:
        return facts_now(round_)
    refuse_reopened(round_)
    return Facts(
        round_,
        freeze.area_name,
        freeze.title,
        freeze.as_of,
        [dict(school) for school in freeze.schools],
        dict(freeze.code_lists),
        locked_at=freeze.locked_at,
        locked_by=freeze.locked_by_name,
        root_hash=freeze.root_hash,
        documents=[as_frozen(document, freeze) for document in documents_of(round_.subsystem)],
    )


def refuse_reopened(round_):
    """Raise WrongState when a school of the locked round is open again."""
    again = [
        one.school_name
        for one in submissions_of(round_).filter(state__nin=list(SEALED)).order_by("school_code")
    ]
    if again:
        some = " ".join(again[:3]) + (f" และอีก {len(again) - 3:,} โรงเรียน" if len(again) > 3 else "")
        raise WrongState(f"รอบ {round_.label} ล็อกแล้ว แต่เปิดคืนให้แก้ไขอยู่: {some} ส่งออกได้เมื่อล็อกโรงเรียนนั้นอีกครั้ง")


def facts_now(round_):
    """The Facts of a round that is not locked."""
    area = Area.objects(code=round_.area_code).first()
    named = {school.code: school for school in School.objects(area_code=round_.area_code)}
    schools = [
        {
            "code": one.school_code,
            "name": named[one.school_code].name if one.school_code in named else one.school_name,
            "cluster": one.cluster,
            "state": one.state,
            "version": one.version,
            "digest": one.digest,
            "counts": dict(one.counts),
        }
        for one in submissions_of(round_).order_by("school_code")
    ]
    name = area.name if area else round_.area_code
    return Facts(
        round_, name, round_.title, round_.as_of, schools, made_at=clock.now(), documents=documents_in(round_)
    )


def declared_rooms(facts):
    """{(school code, grade): rooms} of the round."""
    query = {**area_of(facts.round), "school_code": {"$in": list(facts.names)}}
    rows = collection(SchoolRooms).find(query, {"school_code": 1, "grade": 1, "rooms": 1})
    return {(row["school_code"], row.get("grade")): row.get("rooms") or 0 for row in rows}


def with_rooms(facts, found, rooms):
    """Tallies by school with the declared rooms among them, under 'classrooms'."""
    counted = {code: Counter(found.get(code, {})) for code in facts.names}
    declared = Counter()
    for (code, _), number in rooms.items():
        declared[code] += number
    for code, number in declared.items():
        counted[code]["classrooms"] = number
    return counted


def area_of(round_):
    """The filter of a round's records."""
    return {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}


def pupil_counts(facts):
    """{(school code, grade, sex): pupils} from the counters of the submissions; None where grade or sex is missing."""
    counts = {}
    for school in facts.schools:
        counters = school.get("counts") or {}
        own = {
            (school["code"], grade, sex): counters.get(f"{sex.lower()}{grade}", 0)
            for grade in GRADES
            for sex in "MF"
        }
        counts |= own
        rest = counters.get("pupils", 0) - sum(own.values())
        if rest:
            counts[school["code"], None, None] = rest
    return counts


def records_of(document, facts):
    """Every record of the round as a plain dict of what the file needs, by school code and Thai order in the school."""
    names = layout_of(document).stored_names()
    needed = names and dict.fromkeys(sorted({*names, *document.tallied}), 1)
    for code in sorted(facts.names):
        place = Place(facts.round.area_code, facts.round.academic_year, facts.round.code, code)
        found = collection(document).find(place._asdict(), needed, batch_size=BATCH)
        yield from found.sort([("sort_key", 1), ("_id", 1)])


# ---- the sheets ----


def write_cover(book, facts):
    """ปก: whose data, of when, how much, its digest, who locked it, and which schools did not report."""
    sheet = book.page("ปก", landscape=False)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 46)
    sheet.set_column(2, 2, 50)
    sheet.write_string(0, 0, workbook_title(facts), book.style("title"))
    sheet.write_string(1, 0, as_of_line(facts.as_of), book.style("subtitle"))
    sheet.write_string(2, 0, PERSONAL_LINE, book.style("note_line"))
    row = 4
    for label, value in cover_lines(facts):
        sheet.write_string(row, 0, label, book.style("label"))
        if isinstance(value, int):
            sheet.write_number(row, 1, value, book.style("cover_number"))
        else:
            sheet.write_string(row, 1, value, book.style("value"))
        row += 1
    write_unreported(book, sheet, facts, row + 1)


def cover_lines(facts):
    """(label, text or number) of each line of the cover."""
    locked = facts.locked_at is not None
    yield "เขตพื้นที่", f"{facts.area_name} ({facts.round.area_code})"
    yield "รอบ", f"{system_name(facts.round.subsystem)} {facts.round.label} {facts.title}"
    yield "ข้อมูล ณ วันที่", buddhist.format_long(facts.as_of)
    yield "โรงเรียนทั้งหมด", len(facts.schools)
    yield "โรงเรียนที่ปิดโดยไม่ได้รายงาน", len(facts.unreported)
    for document in facts.documents:
        if document.listed:
            yield f"จำนวนรายการ: {document.label}", facts.total(document.slug)
    if any(document.slug == PUPILS for document in documents_of(facts.round.subsystem)):
        yield "นักเรียนที่นับเป็นยอด", facts.total("pupils")
        yield "ชาย", facts.total("male")
        yield "หญิง", facts.total("female")
        yield "ห้องเรียน", facts.total("classrooms")
    if locked:
        yield "ล็อกโดย", facts.locked_by or ""
        yield "ล็อกเมื่อ", buddhist.format_datetime(utc(facts.locked_at))
        yield "รหัสตรวจสอบ", short_code(facts.root_hash or "")
        yield "ลายนิ้วมือข้อมูล (SHA-256)", facts.root_hash or ""
    else:
        yield "สถานะรอบ", f"{ROUND_STATES[facts.round.state]} (ยังไม่ล็อก ตัวเลขยังเปลี่ยนได้)"
        yield "จัดทำเมื่อ", buddhist.format_datetime(facts.made_at)
    if not facts.sensitive:
        yield "ข้อมูลอ่อนไหว", "เว้นว่างไว้ เพราะผู้ส่งออกไม่มีสิทธิ์ดูข้อมูลอ่อนไหว"


def write_unreported(book, sheet, facts, row):
    """The schools closed unreported, with the reason given when the round was locked."""
    if not facts.unreported:
        return
    sheet.write_string(row, 0, "โรงเรียนที่ปิดโดยไม่ได้รายงาน (ข้อมูลยังไม่ผ่านการรับรองและตรวจสอบ)", book.style("label"))
    for index, label in enumerate(("รหัสโรงเรียน", "ชื่อโรงเรียน", "เหตุผล")):
        sheet.write_string(row + 1, index, label, book.style("header"))
    for number, school in enumerate(facts.unreported, row + 2):
        for index, name in enumerate(("code", "name", "reason")):
            sheet.write_string(number, index, str(school.get(name) or ""), book.style("value"))


def write_pupils_report(book, facts, counts, rooms):
    """The report of pupils by grade and sex."""
    schools = [(school["code"], school["name"]) for school in facts.schools]
    title = report_title(facts.area_name, facts.round.label)
    write_report(book, title, facts.as_of, schools, counts, rooms)


def write_records(book, document, facts, tallies):
    """One sheet of a document's records, every one in the round, each counted by `tallies`; returns how many."""
    layout = layout_of(document)
    hides = frozenset(
        column.name for column in layout.written if column.personal == "sensitive" and not facts.sensitive
    )
    writers = layout.writers(Surroundings(facts.round, facts.names, facts.lists, hides))
    sheet = book.page(layout.sheet, repeat=(0, 0), freeze=(1, layout.frozen))
    sheet.set_header(f"&C{PERSONAL_LINE}")
    rows = tallies.passing(document, records_of(document, facts))
    return write_table(sheet, book, layout.written, rows, writers=writers)


def write_schools(book, facts):
    """One row a school: its state, version, counts and digest, for whoever checks the data against the lock."""
    sheet = book.page("รายโรงเรียน", repeat=(0, 0), freeze=(1, 2))
    first = documents_of(facts.round.subsystem)[0]
    heads = (
        ("รหัสโรงเรียน", 12),
        ("ชื่อโรงเรียน", 34),
        ("กลุ่มโรงเรียน", 26),
        ("สถานะ", 22),
        ("ฉบับที่", 8),
        ("จำนวนรายการ", 12),
        ("ลายนิ้วมือข้อมูล (SHA-256)", 72),
    )
    for index, (label, width) in enumerate(heads):
        sheet.write_string(0, index, label, book.style("header"))
        sheet.set_column(index, index, width)
    for number, school in enumerate(facts.schools, 1):
        state = STATES.get(school["state"], school["state"])
        texts = (school["code"], school["name"], school.get("cluster") or "", state)
        for index, text in enumerate(texts):
            sheet.write_string(number, index, text, book.style("text"))
        sheet.write_number(number, 4, school.get("version") or 1, book.style("count"))
        sheet.write_number(number, 5, (school.get("counts") or {}).get(first.slug, 0), book.style("count"))
        sheet.write_string(number, 6, school.get("digest") or "", book.style("text"))
