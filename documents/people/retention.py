"""Retention (การลบเมื่อครบกำหนดเก็บ): what nobody needs any more is erased after the area's times, once a day, by a job.

Erased are drafts and refused requests with their evidence, that of duplicates that were decided, refused registrations,
pictures and files that nothing holds, results of jobs, old entries of the access log, and the values in the oldest history
(`privacy.KEEPING`). The job is safe to run twice, and writes one event with the counts.
"""

from datetime import timedelta

from gridfs import NoFile

from documents import clock, subsystems
from documents.background.jobs import Job, ask, counted_so_far, job_kind
from documents.checking.duplicate_cases import DuplicateCase
from documents.clock import real_now
from documents.collecting import versions
from documents.database import collection, db
from documents.district.schools import Area
from documents.errors import RuleBroken
from documents.gcode import gcode_writing
from documents.gcode.gcode import GCodeRequest, editable
from documents.people import privacy
from documents.people.registrations import Registration
from documents.people.users import System
from documents.records import attachments, evidence, pictures
from documents.records.cases import advance
from documents.records.declarations import ever_declared
from documents.records.kinds import survey_documents
from documents.records.stored_files import Bucket
from documents.trail import access_log
from documents.trail.history import AuditEvent, as_stored, erase_values, naive_now, note_event

SYSTEM = System("การลบตามกำหนดเวลาเก็บ")
WHY = "ครบกำหนดเวลาเก็บ"
EVERY = timedelta(hours=20)  # a day, with room for the worker's round
ENDED = ("refused", "cancelled")  # requests of which nothing came; a cancelled code's evidence is kept
UNUSED = "metadata.unused_since"


# ---- requests for a G-code ----


def erase_drafts(area_code, before):
    """Take all that names the learner out of drafts that nobody touched since an instant; gives their number.

    The request stays as cancelled, so that its number is never given again.
    """
    drafts = GCodeRequest.objects(area_code=area_code, state="draft", asked_at__lt=as_stored(before))
    return sum(_erase_draft(one, as_stored(before)) for one in drafts)


def _erase_draft(draft, before):
    asked = {"area_code": draft.area_code, "subject": draft.id}
    last = collection(AuditEvent).find_one(asked, {"at": 1}, sort=[("number", -1)])
    if last and last["at"] >= before:
        return 0
    files = [row["id"] for row in draft.evidence]
    empty = dict.fromkeys([*editable(), "known_likely", "over_warning", "native_name"])
    emptied = empty | {
        "evidence": [],
        "likeness": [],
        "sort_key": "",
        "search_key": (draft.request_no or "").lower(),
    }
    try:
        advance(draft, "withdraw", SYSTEM, WHY, changes=emptied)
    except RuleBroken:  # somebody was first
        return 0
    gone = {"area_code": draft.area_code, "_id": draft.id}
    collection(GCodeRequest).update_one(gone, {"$unset": dict.fromkeys(empty, "")})
    for id_ in files:
        evidence.drop(id_)
    return 1


def erase_refused(area_code, before):
    """Delete the evidence of requests that ended without a code before an instant; gives the number of files."""
    asked = {
        "area_code": area_code,
        "state__in": list(ENDED),
        "ended_at__lt": as_stored(before),
        "evidence__ne": [],
    }
    number = 0
    for one in GCodeRequest.objects(code__exists=False, **asked):
        mine = {"area_code": area_code, "_id": one.id, "revision": one.revision}
        taken = {"$set": {"evidence": []}, "$inc": {"revision": 1}}
        if collection(GCodeRequest).update_one(mine, taken).modified_count:
            for row in one.evidence:
                evidence.drop(row["id"])
                gcode_writing.note(one, SYSTEM, "detach", {"evidence": [row["kind"], None]}, WHY)
            number += len(one.evidence)
    return number


# ---- evidence of other cases ----


def erase_duplicate_evidence(area_code, before):
    """Delete what schools gave as evidence in cases of duplicates that ended before an instant; gives the number of files.

    What each said stays, and that there was evidence: the case's own list of moves is untouched.
    """
    ended = {"area_code": area_code, "ended_at": {"$lt": as_stored(before)}, "answers": {"$gt": {}}}
    number, cases = 0, collection(DuplicateCase)
    for case in cases.find(ended, {"answers": 1}).hint("queue"):
        held = {code: told["evidence"] for code, told in case["answers"].items() if told.get("evidence")}
        if not held:
            continue
        unchanged = {f"answers.{code}.evidence": id_ for code, id_ in held.items()}
        gone = {f"answers.{code}.{name}": "" for code in held for name in ("evidence", "evidence_kind")}
        mine = {"_id": case["_id"], "area_code": area_code, "ended_at": ended["ended_at"]}
        if cases.update_one(mine | unchanged, {"$unset": gone}).modified_count:
            for id_ in held.values():
                evidence.drop(id_)
            number += len(held)
    return number


def erase_registrations(area_code, kept):
    """Delete registrations that came to nothing so long ago, and the letters of certified ones; gives their number.

    A returned one comes to nothing when its link is over; of a certified one there is an account, so its row stays.
    """
    over, number, rows = as_stored(clock.now() - kept), 0, collection(Registration)
    nothing = (
        {"area_code": area_code, "state": "refused", "ended_at": {"$lt": over}},
        {"area_code": area_code, "state": "returned", "link_until": {"$lt": real_now() - kept}},
    )
    for asked in nothing:
        for row in rows.find(asked, {"letter": 1}):
            if rows.delete_one(asked | {"_id": row["_id"]}).deleted_count:
                number += 1
                _drop_letter(row)
    certified = {
        "area_code": area_code,
        "state": "certified",
        "ended_at": {"$lt": over},
        "letter": {"$type": "objectId"},
    }
    for row in rows.find(certified, {"letter": 1}):
        if rows.update_one(certified | {"_id": row["_id"]}, {"$set": {"letter": None}}).modified_count:
            number += 1
            _drop_letter(row)
    return number


def _drop_letter(row):
    if row.get("letter"):
        evidence.drop(row["letter"])


# ---- files that nothing holds ----


def erase_attachments(area_code, kept_for):
    """Delete the attached files of an area that no record has held for a while; gives their number.

    A school at a time: its files beside what its records of all years hold. One that is found unused is marked, and deleted
    when it still is after that time; what a reopening's end may bring back is held.
    """
    files = collection(attachments.AttachmentFile)
    kinds, number = _holders(area_code), 0
    for code in files.distinct("metadata.school_code", {"metadata.area_code": area_code}):
        held = {id_ for kind, names in kinds for id_ in _held(kind, names, area_code, code)}
        held |= {str(id_) for id_ in versions.may_come_back(area_code, code, "file")}
        number += _erase_unused(files, area_code, code, held, kept_for)
    return number


def _holders(area_code):
    """[(document, names of its fields that ever held files)] of the area, its surveys too."""
    found = []
    for document in [*subsystems(), *survey_documents([area_code]).values()]:
        names = [name for name, field in ever_declared(document, area_code).items() if field.kind == "file"]
        if names:
            found.append((document, names))
    return found


def _held(document, names, area_code, school_code):
    years = collection(document).distinct("academic_year", {"area_code": area_code})
    where = {"area_code": area_code, "academic_year": {"$in": years}, "school_code": school_code}
    rows = collection(document).find(where, dict.fromkeys(names, 1))
    return {str(row[name]) for row in rows for name in names if row.get(name)}


def _erase_unused(files, area_code, school_code, held, kept_for):
    where = {"metadata.area_code": area_code, "metadata.school_code": school_code}
    bucket, now, number = Bucket(db(), attachments.BUCKET), real_now(), 0
    for row in files.find(where, {UNUSED: 1}):
        since = (row.get("metadata") or {}).get("unused_since")
        if str(row["_id"]) in held:
            if since:
                files.update_one({"_id": row["_id"]}, {"$unset": {UNUSED: ""}})
        elif not since:
            files.update_one({"_id": row["_id"]}, {"$set": {UNUSED: now}})
        elif since < as_stored(now - kept_for):
            number += _delete(bucket, row["_id"])
    return number


def _delete(bucket, id_):
    try:
        bucket.delete(id_)
    except NoFile:
        return 0
    return 1


# ---- all of it, once a day ----


def erase(area_code, progress=None):
    """Erase what is over in an area; gives {kind of KEEPING: how many}, and writes an event where there was any."""
    days = {name: timedelta(days=number) for name, number in privacy.days_of(area_code).items()}
    now = clock.now()
    deeds = {
        "gcode_drafts": lambda kept: erase_drafts(area_code, now - kept),
        "refused_evidence": lambda kept: erase_refused(area_code, now - kept),
        "duplicate_evidence": lambda kept: erase_duplicate_evidence(area_code, now - kept),
        "registrations": lambda kept: erase_registrations(area_code, kept),
        "pictures": lambda kept: pictures.tidy(area_code, kept_for=kept),
        "attachments": lambda kept: erase_attachments(area_code, kept),
        "access_log": lambda kept: access_log.forget_before(area_code, now - kept),
        "history": lambda kept: erase_values(area_code, now - kept, SYSTEM, WHY),
    }
    gone = {}
    for step, (name, deed) in enumerate(deeds.items(), 1):
        gone[name] = deed(days[name])
        if progress:
            progress.at(step)
    note_erased(area_code, gone)
    return gone


def note_erased(area_code, gone):
    """Write the event that says how many of what were erased; none where nothing was."""
    told = {name: [None, number] for name, number in gone.items() if number}
    if told:
        note_event(area_code, SYSTEM, "tidy", "privacy", privacy.subject_of(area_code), told, WHY)


@job_kind("retention", "ลบข้อมูลที่ครบกำหนดเก็บ", "Erase what is over", so_far=counted_so_far)
def retention_job(job, progress):
    """The job of `erase`."""
    progress.begin(len(privacy.KEEPING), "เรื่อง")
    gone = erase(job.area_code, progress)
    said = [
        f"{privacy.KEEPING[name].label}: ลบแล้ว {number:,} รายการ" for name, number in gone.items() if number
    ]
    return {"summary": said or ["ไม่มีข้อมูลที่ครบกำหนดเก็บ"], "erased": gone}


def ask_all():
    """Queue the job of every area that had none today; a worker asks it on its round."""
    since = naive_now() - EVERY
    for area in Area.objects.distinct("code"):
        if not Job.objects(area_code=area, kind="retention", asked_at__gt=since).first():
            ask("retention", System("ระบบ"), area, alone=True)
