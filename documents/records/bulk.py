"""Bulk actions over more records than one transaction should hold: a school at a time, as a job."""

from dataclasses import replace

from documents.background.jobs import counted_so_far, job_kind
from documents.collecting.rounds import get_round
from documents.errors import NotAllowed, RuleBroken, WrongState
from documents.records import listing
from documents.records.record import Place
from documents.records.writing import Change, remove, write

DONE = {"review": "ทบทวนแล้ว", "delete": "ลบแล้ว"}
NAMES_SAID = 5


@job_kind("bulk", "ทำหลายรายการ", "Bulk action", so_far=counted_so_far)
def bulk_job(job, progress, round_id, action, count, reason, asked):
    """Do an action to all records that match, all or none of each school; a school that refuses is named.

    Run again it finds what is left: a removed record matches no more, one looked over is passed by. Raises WrongState
    where other records match than were counted when it was asked for, NotAllowed where no school took any.
    """
    round_ = get_round([job.area_code], round_id)
    wanted = listing.as_wanted(round_, **asked)
    if job.runs == 1 and listing.count_of(wanted, job.actor, exactly=True)[0] != count:
        raise WrongState("จำนวนรายการที่ตรงเงื่อนไขเปลี่ยนไปหลังจากที่ท่านสั่ง จึงยังไม่ได้ทำรายการใด กรุณาตรวจดูแล้วสั่งใหม่")
    progress.begin(count, "รายการ")
    done, seen, schools, refused = 0, 0, 0, []
    for code in listing.schools_among(wanted, job.actor):
        rows = list(listing.all_of(replace(wanted, school=code), job.actor))
        seen += len(rows)
        rows = [row for row in rows if action == "delete" or not row.get("reviewed")]
        try:
            deed(wanted.document, action, rows, job.actor, reason)
        except RuleBroken as refusal:
            refused.append(code)
            progress.say(f"โรงเรียนรหัส {code}: {refusal.message}")
        else:
            done, schools = done + len(rows), schools + 1
        progress.at(seen)
    if refused and not done:
        raise NotAllowed("ไม่มีโรงเรียนใดทำรายการนี้ได้ ดูเหตุผลรายโรงเรียนในบันทึกของงาน")
    summary = [f"{DONE[action]} {done:,} รายการ ของ {schools:,} โรงเรียน"]
    if job.runs > 1:
        summary.append("งานนี้ถูกขัดจังหวะแล้วทำต่อ ตัวเลขข้างต้นนับเฉพาะที่ทำครั้งหลังสุด รายการก่อนหน้านั้นทำไปแล้วเช่นกัน")
    if refused:
        more = f" และอีก {len(refused) - NAMES_SAID:,} โรงเรียน" if len(refused) > NAMES_SAID else ""
        summary.append(
            f"ทำไม่ได้ {len(refused):,} โรงเรียน รหัส {' '.join(refused[:NAMES_SAID])}{more} ดูเหตุผลในบันทึกของงาน"
        )
    return {"summary": summary}


def deed(document, action, rows, actor, reason):
    """Look over (review) or remove (delete) stored rows, all or none. Raises what the door refuses."""
    if action == "delete":
        changes = [
            Change(document, Place.of(row), id=row["_id"], revision=row["revision"], remove=True)
            for row in rows
        ]
        return remove(changes, actor, reason, via="action")
    changes = [
        Change(document, Place.of(row), {}, id=row["_id"], revision=row["revision"], reviewed=True)
        for row in rows
    ]
    return write(changes, actor, reason, via="action")
