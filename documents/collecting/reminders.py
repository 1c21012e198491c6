"""Words to send: to the schools by LINE or AMSS++, to the superior as a memo. No personal data of pupils in any."""

from documents import clock
from documents.clock import utc
from documents.collecting import letters
from documents.collecting.rounds import STEPS, system_name
from documents.formats import buddhist

MOST_NAMED = 60  # a LINE message longer than this is not read


def not_confirmed_text(round_, schools, address, now=None):
    """The message for the LINE group: which schools have not confirmed, until when, where to do it.

    `schools` are `progress.Standing`s.
    """
    now = now or clock.now()
    lines = [title_of(round_), f"ยังไม่ยืนยันข้อมูล {len(schools):,} โรงเรียน"]
    if window := round_.window("enter"):
        left = buddhist.time_left(utc(window.closes_at), now)
        end = buddhist.format_datetime(utc(window.closes_at))
        lines.append(f"กำหนดยืนยันภายใน {end} (เหลือ {left})" if left else f"ครบกำหนดไปแล้วเมื่อ {end}")
    for cluster, names in _named(schools):
        lines += ["", f"▪ {cluster}", *names]
    if len(schools) > MOST_NAMED:
        lines += ["", f"และอีก {len(schools) - MOST_NAMED:,} โรงเรียน"]
    return "\n".join([*lines, "", f"กรุณาตรวจสอบและกดยืนยันที่ {address}"])


def _named(schools):
    """[(cluster, ["1. name (what is wrong)"])] of the first schools; numbered through."""
    groups = {}
    words = {"empty": "ยังไม่มีข้อมูล", "returned": "เขตส่งกลับแก้ไข", "idle": "ยังไม่เริ่ม"}
    shown = sorted(schools, key=lambda each: (each.cluster, each.name))[:MOST_NAMED]
    for number, each in enumerate(shown, start=1):
        said = f"ไม่ครบ {each.incomplete:,} รายการ" if each.incomplete else words.get(each.look)
        line = f"{number}. {each.name}" + (f" ({said})" if said else "")
        groups.setdefault(each.cluster or "ไม่ระบุกลุ่ม", []).append(line)
    return list(groups.items())


def title_of(round_):
    """'DMC ภาคเรียนที่ 1 ปีการศึกษา 2568'."""
    return f"{system_name(round_.subsystem)} {round_.title} ปีการศึกษา {round_.academic_year}"


def memo_text(round_, area_name):
    """A first draft of the memo to the superior (บันทึกเสนอเพื่อทราบและพิจารณาสั่งการ), for the officer to change."""
    return "\n".join(
        [
            f"เรื่อง ขอความเห็นชอบการจัดเก็บข้อมูล {title_of(round_)}",
            f"เรียน ผู้อำนวยการ {area_name}",
            "",
            f"ด้วยกลุ่มงานข้อมูลสารสนเทศกำหนดให้โรงเรียนในสังกัดรายงานข้อมูล {title_of(round_)} "
            f"ข้อมูล ณ วันที่ {buddhist.format_long(round_.as_of)} ดังนี้",
            *window_lines(round_),
            "",
            "จึงเรียนมาเพื่อทราบและพิจารณาสั่งการ",
        ]
    )


def notice_text(round_, address):
    """The announcement to the schools once the round is open, for AMSS++ and the LINE groups.

    It names the letter to the schools; before that has a number, the superior's order.
    """
    number = letters.shown(round_, letters.TO_SCHOOLS) or (round_.order or {}).get("number")
    by_order = f"ตามหนังสือ {number} " if number else ""
    return "\n".join(
        [
            f"เปิดรับข้อมูล {title_of(round_)}",
            f"{by_order}ขอให้โรงเรียนบันทึก ตรวจสอบ และยืนยันข้อมูล ณ วันที่ {buddhist.format_long(round_.as_of)}",
            *window_lines(round_),
            "",
            f"เข้าใช้งานที่ {address}",
        ]
    )


def window_lines(round_):
    """A line a step: what, by whom, from when until when."""
    return [
        f"- {STEPS[window.step][0]} ({STEPS[window.step][1]}): {opening_words(window)} – "
        f"{buddhist.format_datetime(utc(window.closes_at))}"
        for window in round_.windows
    ]


def opening_words(window):
    """'16 พ.ค. 2568': when a window opens; the time only where it is not the day's beginning."""
    words = buddhist.format_datetime(utc(window.opens_at))
    return words.removesuffix(" 00.00 น.")
