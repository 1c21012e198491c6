"""What waits, in words: each Wait as an entry of the home page's list."""

from flask import url_for

from documents import clock
from documents.collecting.progress import noun_of
from documents.formats import buddhist
from documents.records.kinds import documents_of
from documents.records.record import size_counter
from views import instants, links

OVERDUE = 30  # days that a case may be open

# what: (title, tone, icon, word on the chip)
WORDS = {
    "lapsed": ("หมดเวลาเปิดคืน: {school}", "late", "clock", "หมดเวลา"),
    "reopened": ("เปิดคืนให้แก้ไข: {school}", "back", "edit", "เปิดคืน"),
    "reopen_asked": ("พิจารณาคำขอเปิดคืน {count} โรงเรียน", "conf", "return", "{count}"),
    "reopen_forwarded": ("พิจารณาคำขอเปิดคืนที่เขตเห็นควร {count} โรงเรียน", "conf", "return", "{count}"),
    "time_asked": ("พิจารณาคำขอขยายเวลา {count} โรงเรียน", "conf", "clock", "{count}"),
    "time_forwarded": ("พิจารณาคำขอขยายเวลาเปิดคืน {count} โรงเรียน", "conf", "clock", "{count}"),
    "answered": ("{school} ชี้แจงเรื่องที่พักไว้แล้ว", "back", "chat", "รอตอบ"),
    "own_request": ("คำขอของโรงเรียน{school}รอผล", "idle", "clock", "รอผล"),
    "returned": ("ส่งกลับแก้ไข: {school}", "back", "return", "ส่งกลับ"),
    "late": ("เกินกำหนดส่งแล้ว ขอขยายเวลาจากเขต", "late", "alert", "เกินกำหนด"),
    "hold": ("เขตพักการรายงานของ{school}ไว้", "back", "pause", "พักไว้"),
    "results": ("บันทึกผลสิ้นปี {count} {unit}", "late", "flag", "ต้องบันทึก"),
    "complete": ("กรอกข้อมูล{noun}ให้ครบ {count} {unit}", "late", "alert", "ต้องแก้"),
    "mend": ("แก้ข้อผิดพลาด {count} ข้อ", "late", "bang", "ต้องแก้"),
    "explain": ("แก้หรือชี้แจงคำเตือน {count} ข้อ", "back", "alert", "ต้องชี้แจง"),
    "start": ("เริ่มบันทึกข้อมูล", "idle", "edit", "ยังไม่เริ่ม"),
    "confirm": ("ข้อมูลครบแล้ว ตรวจดูและยืนยัน", "work", "check", "พร้อมยืนยัน"),
    "review": ("ทบทวน{noun}ที่ยกมาจากรอบก่อน {count} {unit}", "work", "history", "{count}"),
    "certify": ("รับรองข้อมูลที่ครูยืนยันแล้ว", "cert", "check", "รอรับรอง"),
    "order": ("พิจารณาสั่งการเปิดรอบ {round}", "conf", "edit", "รอสั่งการ"),
    "verify": ("ตรวจสอบข้อมูลที่รับรองแล้ว {count} โรงเรียน", "cert", "check", "{count}"),
    "resume_lock": ("ล็อกรอบค้างอยู่ กดล็อกต่อให้เสร็จ", "late", "lock", "ค้างอยู่"),
    "lock_round": ("ล็อกรอบ {round}", "veri", "lock", "รอล็อก"),
    "open_round": ("เปิดรอบ {round}", "work", "calendar", "รอเปิด"),
    "unconfirmed": ("ติดตามโรงเรียนที่ยังไม่ยืนยัน {count} โรงเรียน", "work", "chat", "{count}"),
    "out_again": ("ส่งกลับแล้วรอโรงเรียนแก้ {count} โรงเรียน", "back", "return", "{count}"),
    "propose": ("เสนอรอบ {round} ต่อผู้บังคับบัญชา", "idle", "calendar", "ร่าง"),
    "publish": ("เผยแพร่รอบ {round} ที่ล็อกแล้ว", "veri", "eye", "รอเผยแพร่"),
    "answer_transfer": ("ตอบคำขอย้ายนักเรียน {count} คน", "back", "transfer", "{count}"),
    "decide_transfer": ("ตัดสินคำขอย้ายที่โรงเรียนเดิมไม่ตอบ {count} คน", "late", "transfer", "{count}"),
    "answer_duplicate": ("ตอบเรื่องนักเรียนซ้ำซ้อน {count} เรื่อง", "back", "duplicates", "{count}"),
    "decide_duplicate": ("ตัดสินเรื่องนักเรียนซ้ำซ้อน {count} เรื่อง", "cert", "duplicates", "{count}"),
    "decide_number": ("พิจารณาคำขอแก้เลขประจำตัว {count} คน", "cert", "edit", "{count}"),
    "gcode_check": ("ตรวจสอบคำขอรหัส G {count} คำขอ", "conf", "gcode", "{count}"),
    "gcode_certify": ("รับรองคำขอรหัส G {count} คำขอ", "cert", "gcode", "{count}"),
    "gcode_returned": ("แก้ไขคำขอรหัส G ที่ส่งกลับ {count} คำขอ", "back", "return", "{count}"),
    "gcode_draft": ("คำขอรหัส G ที่ยังไม่ส่ง {count} คำขอ", "idle", "gcode", "{count}"),
    "join_check": ("ตรวจสอบผู้ลงทะเบียน {count} คน", "conf", "users", "{count}"),
    "join_certify": ("รับรองผู้ลงทะเบียน {count} คน", "cert", "users", "{count}"),
    "recertify": ("ยืนยันบัญชีประจำปี {count} บัญชี", "conf", "users", "{count}"),
    "profile": ("กรอกข้อมูลพื้นฐานโรงเรียนให้ครบ {count} ช่อง", "back", "schools", "{count}"),
    "await_confirm": ("รอครูยืนยันข้อมูลก่อนรับรอง", "idle", "clock", "รอโรงเรียน"),
}


def entries(waits, user):
    """The waits as khet/parts.html draws them: [{title, why, href, tone, icon, chip, same}]; `same`: as the one above, of another round."""
    found, last = [], None
    for wait in waits:
        kind = wait.what in OF_MANY_SCHOOLS and wait.what
        found.append(entry(wait, user) | {"same": bool(kind) and kind == last})
        last = kind
    return found


OF_MANY_SCHOOLS = (
    "verify",
    "unconfirmed",
    "out_again",
)  # one a round, told of several rounds under one heading


OF_OFFICE = {
    "certify": "รับรองข้อมูลของสำนักงานเขตที่เจ้าหน้าที่ยืนยันแล้ว",
    "await_confirm": "รอเจ้าหน้าที่ยืนยันข้อมูลของสำนักงานเขต",
    "start": "เริ่มบันทึกข้อมูลของสำนักงานเขต",
    "confirm": "ข้อมูลของสำนักงานเขตครบแล้ว ตรวจดูและยืนยัน",
    "complete": "กรอกข้อมูล{noun}ของสำนักงานเขตให้ครบ {count} {unit}",
    "review": "ทบทวน{noun}ของสำนักงานเขตที่ยกมาจากรอบก่อน {count} {unit}",
}  # the titles where it is the office's own report that waits


def entry(wait, user):
    """One wait as a line: what to do, in which round and until when, where to do it."""
    title, tone, icon, chip = WORDS[wait.what]
    if getattr(wait.submission, "is_office", False):
        title = OF_OFFICE.get(wait.what, title)
        chip = "รอเจ้าหน้าที่" if wait.what == "await_confirm" else chip
    if wait.round is None:
        return _of_no_round(wait)
    kinds = kinds_of(wait)
    if all(kind.single for kind in kinds):
        title = title.removesuffix(" {count} {unit}")
    words = {
        "noun": "และ".join(map(noun_of, kinds)),
        "unit": kinds[0].unit if len(kinds) == 1 else "รายการ",
        "count": f"{wait.count:,}",
        "school": getattr(wait.submission, "school_name", None) or "",
        "round": str(wait.round),
    }
    return {
        "title": title.format(**words),
        "why": " · ".join(
            filter(None, [_said(wait), "{round}" not in title and words["round"], _when(wait)])
        ),
        "href": href(wait),
        "tone": tone,
        "icon": icon,
        "chip": chip.format(**words),
    }


QUEUES = {
    "gcode_check": "check",
    "gcode_certify": "certify",
    "gcode_returned": "returned",
    "gcode_draft": "draft",
}
REGISTRATIONS = {"join_check": "waiting", "join_certify": "checked"}


def _of_no_round(wait):
    """What is open all year: a school's profile; accounts; a queue of requests, and how long the oldest has been there."""
    title, tone, icon, chip = WORDS[wait.what]
    count = f"{wait.count:,}"
    if wait.what == "profile":
        href = url_for("schools.edit_view", id=str(wait.submission.id))
        words = {"title": title.format(count=count), "chip": chip.format(count=count), "why": wait.said}
        return words | {"href": href, "tone": tone, "icon": icon}
    if wait.what == "recertify":
        words = {"title": title.format(count=count), "chip": chip.format(count=count), "why": _when(wait)}
        return words | {"href": url_for("recertification.index"), "tone": tone, "icon": icon}
    days = (clock.today() - clock.in_bangkok(wait.since).date()).days if wait.since else 0
    why = ["เปิดรับตลอดปี"] + ([f"เรื่องเก่าสุดส่งมาแล้ว {days:,} วัน"] if days else [])
    if wait.what in REGISTRATIONS:
        href = url_for("registrations.index", state=REGISTRATIONS[wait.what])
    else:
        href = url_for("gcode.index_view", queue=QUEUES[wait.what])
    return {
        "title": title.format(count=count), "why": " · ".join(why), "tone": "late" if days > OVERDUE else tone,
        "href": href, "icon": icon, "chip": chip.format(count=count),
    }  # fmt: skip


def kinds_of(wait):
    """The kinds of record that a wait is about: those it names, else the one that stands for the round."""
    return wait.kinds or documents_of(wait.round.subsystem)[:1]


def _said(wait):
    if wait.said:
        return f"“{wait.said}”"
    if wait.what == "lock_round" and wait.count:
        return f"ยังไม่ผ่านการตรวจสอบ {wait.count:,} โรงเรียน"
    if wait.what == "review":
        return "ตรวจดูแล้วกดบันทึก" if kinds_of(wait)[0].single else "ทบทวนทั้งหมดที่แสดงได้ในครั้งเดียว"
    if wait.what == "confirm" and wait.submission:
        document = documents_of(wait.round.subsystem)[0]
        heads = wait.submission.counts.get(size_counter(document), 0)
        return f"{heads:,} {document.unit}"
    return None


def _when(wait):
    if wait.until is None:
        return None
    return instants.left(wait.until) if wait.what != "late" else f"ถึง {buddhist.format_datetime(wait.until)}"


def href(wait):
    """Where this is done."""
    if wait.what in ("reopen_asked", "reopen_forwarded", "time_asked", "time_forwarded"):
        return url_for("reopening.index")
    if wait.what == "own_request":
        return links.submission_page(wait.submission.submission)
    if wait.what in ("order", "lock_round", "resume_lock", "open_round", "propose", "publish"):
        return links.round_page(wait.round)
    if wait.what in ("answer_transfer", "decide_transfer"):
        return url_for("transfers.index")
    if wait.what in ("answer_duplicate", "decide_duplicate"):
        return url_for("duplicates.index")
    if wait.what == "decide_number":
        return url_for("id_changes.index")
    if wait.what in ("verify", "unconfirmed", "out_again"):
        return links.control_room(wait.round, CONTROL_ROOM_STATES[wait.what])
    slug = kinds_of(wait)[0].slug
    if wait.what == "complete":
        return links.choose(wait.round, then=links.rows_at_fault(slug, wait.submission.school_code))
    if wait.what == "results":
        return links.choose(wait.round, then=url_for("year_end.index"))
    if wait.what in ("mend", "explain"):
        level = {"mend": "error", "explain": "warning"}[wait.what]
        return links.choose(wait.round, then=links.findings_of(wait.submission.school_code, level))
    if wait.what == "review":
        return links.choose(wait.round, then=links.rows_unreviewed(slug, wait.submission.school_code))
    if wait.what == "start":
        office = wait.submission.school_code if wait.submission.is_office else None
        return links.choose(wait.round, then=links.rows_of(slug, office))
    return links.submission_page(wait.submission.id)


CONTROL_ROOM_STATES = {"verify": "certified", "unconfirmed": "waiting", "out_again": "returned"}
