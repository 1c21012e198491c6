"""What changed between two versions, as a workbook: a row a field, so that it can be filtered and signed for."""

from dataclasses import dataclass

from documents.clock import utc
from documents.collecting import versions
from documents.collecting.freezing import freeze_of, latest_version, versions_within
from documents.collecting.rounds import system_name
from documents.collecting.submissions import submissions_of
from documents.errors import WrongState
from documents.formats import buddhist, citizen_id, thai
from documents.people import access
from documents.records import fields
from documents.records.record import declared
from exports.workbooks.workbook import file_name, workbook_bytes, write_table


def is_masked(field):
    """Whether a field holds a number that names a person, shown masked where it is not needed."""
    return bool(getattr(field, "masked", False))


def masked(field, value):
    """A value in words, numbers of persons masked."""
    if value not in (None, "") and is_masked(field):
        return citizen_id.mask_id(value)
    return fields.shown(field, value)


@dataclass(frozen=True)
class Column:
    """One column of the sheet."""

    label: str
    width: int
    cell: str = "text"
    decimals: int | None = None


COLUMNS = (
    Column("รายการ", 32),
    Column("ระบบ", 18),
    Column("การเปลี่ยน", 12, "center"),
    Column("ช่อง", 26),
    Column("เดิม", 28),
    Column("ใหม่", 28),
    Column("ผู้แก้ไข", 22),
    Column("เมื่อ", 24),
    Column("เหตุผล", 32),
)
HEAD_ROWS = 2


def changes_workbook(title, told):
    """The bytes of the workbook; `told` are records in words: name, about, kind, lines, hidden, who, when, reason."""
    with workbook_bytes(title) as (book, result):
        sheet = book.page("สิ่งที่เปลี่ยน", repeat=(HEAD_ROWS, HEAD_ROWS), freeze=(HEAD_ROWS + 1, 1))
        sheet.write_string(0, 0, title, book.style("title"))
        write_table(sheet, book, COLUMNS, rows_of(told), header_row=HEAD_ROWS)
    return result.getvalue()


def told(change, sensitive):
    """A RecordChange in words: name, about, kind, lines, how many are hidden by their class, who, when, why."""
    known, lines, hidden = declared(change.document), [], 0
    for name, (old, new) in change.fields.items():
        field = known[name]
        if field.personal == "sensitive" and not sensitive:
            hidden += 1
            continue
        said = {"old": masked(field, old), "new": masked(field, new), "unit": field.unit}
        lines.append({"label": field.verbose_name, **said, **_said(change.event_of(name))})
    return {
        "kind": versions.KINDS[change.kind],
        "about": change.document.label,
        "name": change.headline,
        "lines": lines,
        "hidden": hidden,
        "erased": change.erased,
        **_said(change.last),
    }


def _said(event):
    """Who, when and why of an event."""
    return {
        "who": event.get("actor_name") or "ระบบ",
        "when": buddhist.format_datetime(utc(event["at"])),
        "reason": event.get("reason") or "",
    }


# ---- of a whole round ----

OF_A_SCHOOL = (Column("รหัสโรงเรียน", 14), Column("โรงเรียน", 32), Column("ฉบับ", 10, "center"))


def refuse_one_version(round_):
    """Raise WrongState where no reopened school was locked again: then there is one version."""
    if not round_.sealed or latest_version(freeze_of(round_)) == 1:
        raise WrongState(f"รอบ {round_.label} ไม่มีโรงเรียนที่เปิดคืนแล้วล็อกอีกครั้ง จึงมีฉบับเดียว ไม่มีสิ่งที่เปลี่ยน")


def between(round_, since=None, until=None):
    """(since, until) as versions of a locked round: the latest one and the one before it, where none are named.

    Raises WrongState where there is one version alone, or what was named is not an earlier and a later one.
    """
    refuse_one_version(round_)
    latest = latest_version(freeze_of(round_))
    until = until or latest
    since = since or until - 1
    if not 1 <= since < until <= latest:
        raise WrongState(f"กรุณาเลือกฉบับก่อนและฉบับหลัง ระหว่างฉบับที่ 1 ถึงฉบับที่ {latest} โดยฉบับหลังต้องใหม่กว่าฉบับก่อน")
    return since, until


def changed_schools(round_, since, until):
    """[(submission, (its version then, its version after))] of the schools that differ between two versions of a round."""
    versions_of = versions_within(freeze_of(round_), since, until)
    found = submissions_of(round_).filter(school_code__in=list(versions_of)).order_by("school_code")
    return [(each, versions_of[each.school_code]) for each in found]


def round_changes(round_, user, since, until, step=lambda number: None):
    """(bytes of a workbook, records that changed) of a locked round between two of its versions, of every school.

    A row a field; the sensitive class only for who may see it.
    """
    sensitive, count = access.sees_sensitive(user, round_.area_code), 0

    def rows():
        nonlocal count
        for number, (submission, (old, new)) in enumerate(changed_schools(round_, since, until)):
            step(number)
            first = [submission.school_code, submission.school_name, f"{old} → {new}"]
            for change in versions.changed_between(submission, old, new):
                count += 1
                for row in rows_of([told(change, sensitive)]):
                    yield [*first, *(thai.clean(cell) if isinstance(cell, str) else cell for cell in row)]

    title = f"{changes_title(since, until)} {system_name(round_.subsystem)} {round_.label}"
    with workbook_bytes(title) as (book, result):
        sheet = book.page("สิ่งที่เปลี่ยน", repeat=(HEAD_ROWS, HEAD_ROWS), freeze=(HEAD_ROWS + 1, 2))
        sheet.write_string(0, 0, title, book.style("title"))
        write_table(sheet, book, (*OF_A_SCHOOL, *COLUMNS), rows(), header_row=HEAD_ROWS)
    return result.getvalue(), count


def changes_title(since, until=None):
    """'สิ่งที่เปลี่ยนจากฉบับที่ 1 ถึงฉบับที่ 3'; without `until`, to what stands now."""
    return f"สิ่งที่เปลี่ยนจากฉบับที่ {since}" + (f" ถึงฉบับที่ {until}" if until else "")


def round_changes_file_name(round_, since, until):
    """The download's name."""
    return file_name(f"{round_.label}-{round_.subsystem}-{round_.area_code}-{changes_title(since, until)}")


def rows_of(told):
    """A row a changed field; a record whose fields may not be shown has one row that says so."""
    for record in told:
        first = [record["name"], record["about"], record["kind"]]
        for line in record["lines"]:
            yield [*first, line["label"], line["old"], line["new"], line["who"], line["when"], line["reason"]]
        if record["hidden"] or not record["lines"]:
            said = f"ไม่แสดงค่า {record['hidden']} ช่อง" if record["hidden"] else ""
            yield [*first, said, "", "", record["who"], record["when"], record["reason"]]
