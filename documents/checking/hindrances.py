"""Hindrances (ข้อที่ยังค้าง): which findings stand against ยืนยัน, รับรอง, ตรวจสอบ and ล็อก. One rule for all four, whoever asks: the
move itself, its button, the preview of many schools, the lock of a round.

An open error stands against each of them, also one that came up after รับรอง, as when another school enters the same
number: the district passes it with a written reason or returns the school. An unexplained warning stands against what the
school itself does, ยืนยัน and รับรอง; of one that comes up later the district is told, and decides. Closing a school
unreported asks for nothing, and what comes up while a round is being locked stops that no more.
"""

from documents.checking import findings
from documents.checking.findings import Checkup
from documents.collecting.submissions import submissions_of
from documents.database import collection
from documents.errors import Invalid

STOPPED_BY = {
    "confirm": ("errors", "warnings"),
    "certify": ("errors", "warnings"),
    "verify": ("errors",),
    "lock": ("errors",),
}
WORDS = {"confirm": "ยืนยันข้อมูล", "certify": "รับรองข้อมูล", "verify": "บันทึกว่าตรวจสอบแล้ว", "lock": "ล็อก"}
OF_SCHOOL = ("confirm", "certify")
NAMES_SAID = 3


def hindrance_of(name, counts):
    """Why findings, so counted, stop a move of this name, in a sentence; None when they do not."""
    stopped = {kind: counts.get(kind, 0) for kind in STOPPED_BY.get(name, ())}
    errors, warnings, blank = stopped.get("errors"), stopped.get("warnings"), counts.get("blank", 0)
    word = WORDS.get(name)
    if errors and name not in OF_SCHOOL:
        return (
            f"ยัง{word}ไม่ได้ มีข้อผิดพลาดที่ยังเปิดอยู่ {errors:,} ข้อ ให้เจ้าหน้าที่เขตให้ผ่านพร้อมเหตุผลในหน้าผลการตรวจสอบ "
            "หรือส่งกลับให้โรงเรียนแก้ไข"
        )
    if errors and errors == blank:
        return f"ยัง{word}ไม่ได้ มี {blank:,} รายการที่กรอกไม่ครบ กรุณากรอกให้ครบก่อน"
    if errors:
        also = f" และกรอกไม่ครบ {blank:,} รายการ" if blank else ""
        return f"ยัง{word}ไม่ได้ มีข้อผิดพลาด {errors - blank:,} ข้อ{also} กรุณาแก้ไขตามหน้าผลการตรวจสอบก่อน"
    if warnings:
        return f"ยัง{word}ไม่ได้ มีคำเตือน {warnings:,} ข้อที่ยังไม่ได้เขียนเหตุผล กรุณาแก้ไขหรือชี้แจงในหน้าผลการตรวจสอบก่อน"
    return None


def looked_at(submission, round_, name, known=None):
    """The Checkup (a dict) by which a move of this name may be made, None where findings do not matter.

    It is worked out anew unless `known` was at this write counter. Raises Invalid where an open finding stands against the move.
    """
    if name not in STOPPED_BY or round_.state == "closing":
        return None
    checkup = known if known and known.get("writes") == submission.writes else findings.refresh(submission)
    if refusal := hindrance_of(name, checkup.get("counts", {})):
        raise Invalid({0: {"findings": refusal}})
    return checkup


# ---- a whole round ----


def standing_in(round_, states):
    """{submission id: counts of open findings} of the schools in these states that have any, as they were looked at last."""
    place = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "subsystem": round_.subsystem,
        "round": round_.code,
    }  # fmt: skip
    several = {
        each.school_code: each.id
        for each in submissions_of(round_).filter(state__in=list(states)).only("school_code")
    }
    found = collection(Checkup).find(place, {"school_code": 1, "counts": 1})
    return {
        several[row["school_code"]]: row["counts"]
        for row in found
        if row["school_code"] in several and (row["counts"].get("errors") or row["counts"].get("warnings"))
    }


def look_before_lock(round_, tell=None):
    """Work out anew what is stale of the verified schools, `tell(number)` hears of each; raises as `refuse_to_lock`."""
    verified = submissions_of(round_).filter(state="verified").exclude("moves", "versions")
    if stale := findings.stale_among(list(verified)):
        findings.refresh_all(stale, tell)
    refuse_to_lock(round_)


def refuse_to_lock(round_):
    """Raise Invalid, naming the schools, where open errors of verified ones stand against locking the round."""
    if round_.state == "closing":
        return
    errors = [id_ for id_, counts in standing_in(round_, ["verified"]).items() if counts.get("errors")]
    if not errors:
        return
    names = [
        each.school_name
        for each in submissions_of(round_).filter(id__in=errors).only("school_name").order_by("school_code")
    ]
    more = f" และอีก {len(names) - NAMES_SAID:,} โรงเรียน" if len(names) > NAMES_SAID else ""
    said = (
        f"ยังล็อกรอบไม่ได้ มี {len(names):,} โรงเรียนที่เขตตรวจสอบแล้วแต่มีข้อผิดพลาดที่ยังเปิดอยู่: {' '.join(names[:NAMES_SAID])}{more} "
        "ให้เจ้าหน้าที่เขตให้ผ่านพร้อมเหตุผล หรือส่งกลับให้โรงเรียนแก้ไข"
    )
    raise Invalid({0: {"findings": said}})
