"""The EMIS reports (a) to (f) as one workbook (รายงานข้อมูลสารสนเทศเพื่อการบริหาร): schools as rows, totals on every sheet.

Pupils and their rooms come from the round of DMC that the year is planned by. Each sheet holds counts and facts of
schools; the name of who leads one is for those who read its staff. Source: domain.md 3.2.
"""

from collections import Counter

from documents.database import at_one_moment
from documents.district import places
from documents.emis import emis_numbers
from documents.emis.staff_rules import with_fact
from documents.emis.technology import PURPOSES, computers_of, has_line, speed
from documents.formats import thai
from documents.records.codelists import code_list
from exports.collecting.round_workbook import Facts, declared_rooms, pupil_counts
from exports.dmc.reports import report_title, write_report
from exports.emis.emis_facts import read
from exports.emis.emis_table import SCHOOL, Col, in_all, write_schools, write_table
from exports.workbooks.workbook import file_name, workbook_bytes

TITLE = "รายงานข้อมูลสารสนเทศเพื่อการบริหาร (EMIS)"
ABOUT = "นักเรียน บุคลากร คอมพิวเตอร์ อินเทอร์เน็ต สาธารณูปโภค ทำเนียบโรงเรียน และสรุปตามอำเภอ กลุ่ม ขนาด อย่างละแผ่นงาน รายโรงเรียนพร้อมยอดรวม"


def summary(round_, user):
    """The bytes of the workbook, of the schools this person has; an executive has all, without names.

    Raises WrongState as `facts_of` does, and TotalsDiffer where a count of the records is not what the control room
    shows.
    """
    report = at_one_moment(lambda: read(round_, user))
    facts = report.facts
    created = facts.locked_at or facts.as_of
    title = f"{TITLE} รอบ {round_.label} {facts.area_name}"
    with workbook_bytes(title, created=created, subject=round_.label) as (book, result):
        write_pupils(book, report)
        write_positions(book, report)
        write_staff(book, report)
        for name, about, columns in (
            ("3 คอมพิวเตอร์", "จำนวนคอมพิวเตอร์ตามวัตถุประสงค์และแหล่งที่มา (เครื่อง)", computers()),
            ("4 อินเทอร์เน็ต", "ระบบเครือข่ายอินเทอร์เน็ตที่โรงเรียนเช่าเอง และระบบเครือข่ายในโรงเรียน", internet()),
            ("5 สาธารณูปโภค", "ไฟฟ้า แหล่งน้ำ และสื่อเทคโนโลยีการสอน", utilities()),
            ("6 ทำเนียบโรงเรียน", "ทำเนียบโรงเรียนในสังกัด", directory(report.with_names)),
        ):
            write_schools(book, report, name, about, columns)
        write_groups(book, report)
    return result.getvalue()


def summary_file_name(round_):
    """The download's name: 2568-1-EMIS-34010000-รายงาน.xlsx."""
    return file_name(f"{round_.label}-{round_.subsystem}-{round_.area_code}-รายงาน")


# ---- (a) and (b) ----


def write_pupils(book, report):
    """(a) pupils by grade and sex, and rooms, of the round of DMC."""
    name, round_ = "1 นักเรียน", report.pupils_round
    if round_ is None:
        sheet = book.page(name)
        sheet.write_string(0, 0, "ยังไม่มีรอบ DMC ที่เปิดรับข้อมูล จึงไม่มีจำนวนนักเรียน", book.style("title"))
        return
    facts = Facts(
        round_, report.facts.area_name, round_.title, round_.as_of,
        [{"code": one.code, "name": one.name, "counts": one.pupils} for one in report.schools],
    )  # fmt: skip
    title = report_title(facts.area_name, round_.label)
    rows = [(one.code, one.name) for one in report.schools]
    write_report(book, title, round_.as_of, rows, pupil_counts(facts), declared_rooms(facts), name)


def write_positions(book, report):
    """(b) staff of all schools by position, standing and rank, by sex."""
    total = Counter()
    for one in report.schools:
        total.update(one.staff)
    columns = [
        Col("ตำแหน่ง", 34, lambda line: line.words[0], "text", adds=False),
        Col("วิทยฐานะ", 20, lambda line: line.words[1], "text", adds=False),
        Col("ระดับ", 10, lambda line: line.words[2], "text", adds=False),
        *(Col(word, 10, counting(total, sex)) for word, sex in (("ชาย", "M"), ("หญิง", "F"), ("รวม", None))),
    ]
    about = "ข้าราชการครูและบุคลากรทางการศึกษา (คน) เฉพาะผู้ที่ยังคงปฏิบัติราชการที่โรงเรียน"
    write_table(book, report, "2 บุคลากร", about, columns, emis_numbers.lines(total), "รวมทั้งหมด")


def counting(total, sex):
    """What counts the persons of a Line, of one sex or (None) all."""

    def count(line):
        return sum(
            many
            for (position, standing, said), many in total.items()
            if position == line.position
            and said in ((sex,) if sex else (said,))
            # A standing that the position does not bear stands on a line of its own.
            and standing == line.standing
        )

    return count


def write_staff(book, report):
    """(b) again, schools as rows."""
    positions, standings = code_list("POSITION"), code_list("STANDING")
    columns = school_columns()
    for code in positions.codes:
        for word, sex in (("ชาย", "M"), ("หญิง", "F"), ("รวม", None)):
            columns.append(Col(f"{positions.label(code)} {word}", 9, people_at(code, sex)))
    columns += [
        Col(f"รวมทั้งหมด {word}", 9, people_at(None, sex))
        for word, sex in (("ชาย", "M"), ("หญิง", "F"), ("", None))
    ]
    columns += [Col(f"วิทยฐานะ {standings.label(code)}", 11, bearing(code)) for code in standings.codes]
    columns += [
        Col("ครูผู้สอน", 9, lambda one: one.teachers),
        Col("นักเรียน", 9, lambda one: one.pupils.get("pupils", 0)),
        Col("นักเรียนต่อครู", 9, ratio, "measure", adds=False),
    ]
    about = "จำนวนบุคลากรที่ยังคงปฏิบัติราชการ (คน) ตามตำแหน่งและวิทยฐานะ"
    write_table(book, report, "2 บุคลากรรายโรงเรียน", about, columns, report.schools, in_all(report))


def people_at(position, sex):
    """What counts a school's persons in a position, of a sex."""
    return lambda one: one.people(position, None, sex)


def bearing(standing):
    """What counts a school's persons of a standing."""
    return lambda one: one.people(None, standing)


def ratio(one):
    """Pupils to a teacher; None without either."""
    pupils = one.pupils.get("pupils", 0)
    return pupils / one.teachers if one.teachers and pupils else None


# ---- (c) to (f) ----


def school_columns():
    """The two columns that every list of schools begins with."""
    return [
        Col(SCHOOL, 12, lambda one: one.code, "text", adds=False),
        Col("ชื่อโรงเรียน", 34, lambda one: one.name, "text", adds=False),
    ]


def computers():
    """(c) computers by purpose and source."""
    found = school_columns()
    for purpose, (words, _) in PURPOSES.items():
        for label, what in (("งบ สพฐ.", "obec"), ("จัดหาเอง/บริจาค", "own"), ("รวม", None), ("ใช้งานได้", "ok"),
                            ("ใช้งานไม่ได้", "broken")):  # fmt: skip
            found.append(Col(f"เพื่อ{words} {label}", 11, machines(purpose, what)))
    for label, what in (("ทั้งหมด", None), ("ใช้งานได้", "ok"), ("ใช้งานไม่ได้", "broken")):
        found.append(Col(f"คอมพิวเตอร์{label}", 12, all_machines(what)))
    return found


def machines(purpose, what):
    """What counts a school's computers of a purpose: of a source or state, or (None) all of them."""
    if what is None:
        return lambda one: computers_of(one.profile, purpose)
    return lambda one: one.profile.get(f"pc_{purpose}_{what}")


def all_machines(what):
    """What counts a school's computers of both purposes."""

    def count(one):
        parts = [machines(purpose, what)(one) for purpose in PURPOSES]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    return count


def internet():
    """(d) internet."""
    kinds, states = code_list("NET_TYPE"), code_list("NET_STATUS")
    return [
        *school_columns(),
        Col("ประเภท", 20, lambda one: kinds.label(one.profile.get("net_type")), "text", adds=False),
        Col("ผู้ให้บริการ", 20, lambda one: one.profile.get("net_provider"), "text", adds=False),
        Col("ความเร็ว (Mbps)", 12, lambda one: speed(one.profile), "text", adds=False),
        Col("สถานะการใช้งาน", 14, lambda one: states.label(one.profile.get("net_status")), "text", adds=False),
        Col("งบประมาณ/เดือน (บาท)", 14, lambda one: one.profile.get("net_cost_month"), "money"),
        Col("เช่าอินเทอร์เน็ตเอง", 11, lambda one: has_line(one.profile), "flag"),
        Col("ระบบเครือข่าย LAN", 11, lambda one: one.profile.get("has_lan"), "flag"),
        Col("Wireless LAN", 11, lambda one: one.profile.get("has_wlan"), "flag"),
    ]


def utilities():
    """(e) power, water and media."""
    powers = code_list("ELECTRICITY")
    found = [
        *school_columns(),
        Col("ไฟฟ้า", 24, lambda one: powers.label(one.profile.get("electricity")), "text", adds=False),
        Col("มีไฟฟ้า", 9, has_power, "flag"),
    ]
    for field_name, name in (("water", "WATER"), ("media", "MEDIA")):
        codes = code_list(name)
        for code in codes.codes:
            words = codes.label(code) + (f" ({codes.title})" if codes.fact(code, "none") else "")
            found.append(Col(words, 11, holding(field_name, code), "flag"))
    return [*found, Col("DLTV", 9, lambda one: one.profile.get("dltv"), "flag")]


def has_power(one):
    """Whether a school has electricity; None where nobody said."""
    kind = one.profile.get("electricity")
    return None if not kind else kind not in with_fact("ELECTRICITY", "none")


def holding(name, code):
    """Whether a school's profile has a code among several; None where nothing was chosen."""
    return lambda one: None if one.profile.get(name) is None else code in one.profile[name]


def directory(with_names):
    """(f) the schools themselves; who leads one is for those who read its staff."""
    grades = code_list("GRADE")

    def said(name):
        return lambda one: one.school.get(name)

    def place(name):
        return lambda one: places.name(one.school.get(name) or "")

    def taught(one):
        ends = [grades.short(one.school.get(name)) for name in ("grade_from", "grade_to")]
        return "–".join(ends) if all(ends) else None

    leader = [Col("ผู้อำนวยการ", 28, lambda one: one.leader, "text", adds=False)] if with_names else []
    return [
        *school_columns(),
        Col("รหัสกระทรวง", 13, said("moe_code"), "text", adds=False),
        Col("รหัส OBEC", 10, said("obec_code"), "text", adds=False),
        Col("กลุ่มโรงเรียน", 22, lambda one: one.cluster, "text", adds=False),
        Col("ตำบล", 16, place("subdistrict"), "text", adds=False),
        Col("อำเภอ", 16, lambda one: one.district, "text", adds=False),
        Col("องค์กรปกครองส่วนท้องถิ่น", 22, said("local_gov"), "text", adds=False),
        Col("ระดับที่เปิดสอน", 14, taught, "text", adds=False),
        Col("ขนาด", 12, lambda one: one.size, "text", adds=False),
        Col("นักเรียน", 9, lambda one: one.pupils.get("pupils", 0)),
        Col("ห้องเรียน", 9, lambda one: one.rooms),
        Col("บุคลากร", 9, lambda one: one.people()),
        *leader,
        Col("โทรศัพท์", 16, said("phone"), "text", adds=False),
        Col("อีเมล", 26, said("email"), "text", adds=False),
        Col("เว็บไซต์", 26, said("website"), "text", adds=False),
    ]


# ---- by district, cluster and size ----


def write_groups(book, report):
    """The totals of each district, cluster and size (D)."""
    columns = [
        Col("จำแนกตาม", 18, lambda each: each[0], "text", adds=False),
        Col("รายการ", 30, lambda each: each[1], "text", adds=False),
        Col("โรงเรียน", 9, lambda each: len(each[2]), adds=False),
        *(Col(label, width, summing(value), adds=False) for label, width, value in OF_A_GROUP),
        Col("นักเรียนต่อครู", 10, group_ratio, "measure", adds=False),
    ]
    rows = [
        (words, name, schools)
        for words, key in GROUPS
        for name, schools in sorted(
            grouped(report.schools, key).items(), key=lambda pair: thai.sort_key(pair[0])
        )
    ]
    rows.append(("รวมทั้งหมด", "", report.schools))
    about = "ยอดรวมตามอำเภอ กลุ่มโรงเรียน และขนาดโรงเรียน"
    write_table(book, report, "สรุป", about, columns, rows, None)


GROUPS = (
    ("อำเภอ", lambda one: one.district),
    ("กลุ่มโรงเรียน", lambda one: one.cluster),
    ("ขนาดโรงเรียน", lambda one: one.size),
)
OF_A_GROUP = (
    ("นักเรียน", 10, lambda one: one.pupils.get("pupils", 0)),
    ("ห้องเรียน", 10, lambda one: one.rooms),
    ("บุคลากรชาย", 10, lambda one: one.people(sex="M")),
    ("บุคลากรหญิง", 10, lambda one: one.people(sex="F")),
    ("บุคลากรรวม", 10, lambda one: one.people()),
    ("ครูผู้สอน", 10, lambda one: one.teachers),
    ("คอมพิวเตอร์ทั้งหมด", 12, all_machines(None)),
    ("คอมพิวเตอร์ใช้งานได้", 12, all_machines("ok")),
    ("เช่าอินเทอร์เน็ตเอง", 12, lambda one: int(bool(has_line(one.profile)))),
    ("ไม่มีไฟฟ้า", 10, lambda one: int(has_power(one) is False)),
)


def grouped(schools, key):
    """{name of a group: its schools}."""
    found = {}
    for one in schools:
        found.setdefault(key(one), []).append(one)
    return found


def summing(value):
    """What adds up a number over the schools of a group."""
    return lambda each: sum(value(one) or 0 for one in each[2])


def group_ratio(each):
    """Pupils to a teacher in a group of schools; None without either."""
    pupils, teachers = (
        sum(numbers)
        for numbers in zip(*((one.pupils.get("pupils", 0), one.teachers) for one in each[2]), strict=True)
    )
    return pupils / teachers if pupils and teachers else None
