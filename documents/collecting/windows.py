"""Times of a submission: until when each step may be done, by the round's window or a time of the school's own.

A window holds by the clock, to the second, where nobody pressed anything. A school's own longer time comes from a
return or an extension.
"""

from documents.clock import utc
from documents.collecting.rounds import until_text
from documents.errors import WindowShut
from documents.formats import buddhist


def step_open(submission, round_, step, now):
    """Whether a step may be done now: its window, the school's extension, or the time a return gives.

    The district may work from the opening of the schools' window until its own is over.
    """
    if submission.version > 1:  # the district checks again whenever a reopened school comes back
        own = own_time(submission, step)
        return step == "verify" or (own is not None and now < own)
    if step == "verify":
        last = round_.window("verify")
        first = round_.window("enter") or last
        return last is None or utc(first.opens_at) <= now < utc(last.closes_at)
    window = _window(round_, step)
    own = own_time(submission, step)
    return (window is not None and window.open_at(now)) or (own is not None and now < own)


def refuse_shut(submission, round_, step, now):
    """Raise WindowShut unless the step's window, an extension or the time of a return is open.

    Three words for three things: a window not open yet or shut (ปิดรับข้อมูล), and a school's own longer time
    that ran out (เกินกำหนด). ล็อกแล้ว is RoundLocked.
    """
    if round_.state in ("draft", "proposed"):
        raise WindowShut(f"รอบ {round_} ยังไม่เปิดรับข้อมูล กรุณารอประกาศจากเขต")
    if step_open(submission, round_, step, now):
        return
    if submission.version > 1:
        raise WindowShut(
            f"หมดเวลาเปิดคืนของ{submission.school_name} รอบ {round_} แล้ว "
            f"(ถึง {buddhist.format_datetime(own_time(submission, step))}) "
            "หากต้องการเวลาเพิ่ม ให้ขอขยายเวลาจากผู้รับรองระดับเขต"
        )
    window = _window(round_, step)
    if window and now < utc(window.opens_at):
        when = buddhist.format_datetime(utc(window.opens_at))
        raise WindowShut(f"รอบ {round_} ยังไม่เปิดรับข้อมูล (เปิด {when}) กรุณารอให้ถึงเวลา")
    if step == "verify":
        raise WindowShut(
            f"รอบ {round_} ปิดรับข้อมูลและหมดช่วงตรวจสอบของเขตแล้ว (ถึง {until_text(window)}) "
            "หากต้องการเวลาเพิ่ม ให้แก้กำหนดเวลาของรอบ"
        )
    given = own_time(submission, step)
    if given:
        raise WindowShut(
            f"เกินกำหนดเวลาที่เขตให้{submission.school_name}แล้ว (ถึง {buddhist.format_datetime(given)}) "
            "หากต้องการเวลาเพิ่ม ให้ขอขยายเวลาจากเจ้าหน้าที่เขต"
        )
    raise WindowShut(
        f"รอบ {round_} ปิดรับข้อมูลแล้ว (ตั้งแต่ {until_text(window)}) หากต้องการเวลาเพิ่ม ให้ขอขยายเวลาจากเจ้าหน้าที่เขต"
    )


def _window(round_, step):
    return round_.window(step) or round_.window("enter")


def own_time(submission, step):
    """The later of what a return and an extension give this school for a step, an aware instant; None without.

    A reopened school has the hour its approver gave and no other.
    """
    if (submission.version or 1) > 1:
        return utc(submission.return_until) if submission.return_until else None
    extension = submission.extension or {}
    actor = "school" if step == "enter" else "director"
    given = [submission.return_until] if submission.return_until else []
    if extension and actor in extension.get("for", ()):
        given.append(extension["until"])
    return max((utc(each) for each in given), default=None)


def open_until(submission, round_, step):
    """The last instant (aware) at which a step may be done for this school, its own time included."""
    if submission.version > 1:
        return own_time(submission, step) if step != "verify" else None
    window = _window(round_, step)
    ends = [utc(window.closes_at)] if window else []
    if step in ("enter", "certify") and (own := own_time(submission, step)):
        ends.append(own)
    return max(ends, default=None)
