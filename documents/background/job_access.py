"""Who sees a job, stops it and fetches what came out of it."""

from datetime import UTC, timedelta

from bson import ObjectId
from gridfs import NoFile

from documents.background.jobs import NOT_BEGUN, Job, files
from documents.clock import real_now
from documents.database import collection
from documents.district.schools import Area
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.people.access import AREA_READERS
from documents.people.users import EVERY_AREA
from documents.trail.history import naive_now


def still_holds(user, rights):
    """Whether a person holds now all that he held then."""
    return all(any(_covers(grant, right) for grant in user.grants) for right in rights)


def _covers(grant, right):
    return (
        grant.role == right["role"]
        and grant.area_code in (right["area_code"], EVERY_AREA)
        and set(right["school_codes"]) <= set(grant.school_codes)
        and (grant.sensitive or not right["sensitive"])
    )


def areas_of(user):
    """The area codes a person holds anything in; for every area, all there are."""
    held = {grant.area_code for grant in user.grants}
    return sorted(Area.objects.distinct("code")) if EVERY_AREA in held else sorted(held)


def visible(user):
    """The MongoDB filter of the jobs a person may see: his own, and for an officer those of his area."""
    ways = [{"area_code": area, "owner": user.id} for area in areas_of(user)]
    ways += [{"area_code": area} for area in user.areas(*AREA_READERS) if area != EVERY_AREA]
    return {"$or": ways} if ways else {"area_code": {"$in": []}}


def own(user):
    """The filter of a person's own jobs, in the areas he still has something in."""
    return {"area_code": {"$in": areas_of(user)}, "owner": user.id}


def get_job(user, id_):
    """The Job of an id, as far as this person may see it. Raises OutOfScope for any other id."""
    found = (
        ObjectId.is_valid(id_ or "") and Job.objects(__raw__={"_id": ObjectId(id_), **visible(user)}).first()
    )
    if not found:
        raise OutOfScope("ไม่พบงานนี้ในงานของท่าน กรุณาเลือกจากหน้า “งานเบื้องหลัง”")
    return found


def corner_of(user, most=5):
    """A person's jobs that run, wait, or ended in the last hour and were not looked at; the newest first."""
    if user.last_job_at is None or real_now() - user.last_job_at.replace(tzinfo=UTC) > timedelta(hours=12):
        return []
    those = own(user) | {"seen": False, "asked_at": {"$gt": naive_now() - timedelta(hours=12)}}
    return list(Job.objects(__raw__=those).order_by("-asked_at", "-id").limit(most))


def mark_seen(job, user):
    """Remember that the owner looked at a job that has ended."""
    if job.owner == user.id and job.finished and not job.seen:
        collection(Job).update_one({"_id": job.id, "area_code": job.area_code}, {"$set": {"seen": True}})


def cancel(job, user):
    """Stop a job of one's own: at once while it waits, at its next step while it runs.

    Raises NotAllowed for anyone but the owner, RuleBroken for one that ended or that cannot stop in between.
    """
    if job.owner != user.id:
        raise NotAllowed("ยกเลิกได้เฉพาะงานที่ท่านสั่งเอง")
    ended = {"state": "cancelled", "finished_at": naive_now()}
    while job.may_cancel():
        as_read = {"_id": job.id, "area_code": job.area_code, "state": job.state, "runs": job.runs}
        stop = {"$set": {"cancel_asked": True}}
        if job.state in NOT_BEGUN:
            stop = {"$set": ended, "$unset": {"alone": ""}}
        if collection(Job).update_one(as_read | {"settled": {"$ne": True}}, stop).matched_count:
            return
        job.reload()
    raise CannotCancel("งานนี้จบแล้ว" if job.finished else "งานนี้ถึงขั้นที่หยุดกลางคันไม่ได้แล้ว กรุณารอให้เสร็จ")


class CannotCancel(RuleBroken):
    """The job has ended, or is of a kind that is not stopped halfway."""

    status = 409


def result_file(job, user):
    """A readable stream of a job's result, for its owner alone while he still holds what he held when it ran.

    Raises NotAllowed for anyone else, RuleBroken where there is no file.
    """
    if job.owner != user.id or not still_holds(user, job.rights):
        raise NotAllowed("ไฟล์นี้เปิดได้เฉพาะผู้สั่งงาน และเฉพาะเมื่อยังมีสิทธิ์เท่ากับตอนที่สั่ง กรุณาสั่งงานใหม่ด้วยสิทธิ์ของท่าน")
    try:
        return files().open_download_stream(job.result_id)
    except NoFile as gone:
        raise ResultGone("ไม่มีไฟล์ผลลัพธ์ของงานนี้แล้ว กรุณาสั่งงานใหม่") from gone


class ResultGone(RuleBroken):
    """The file was deleted after its time."""

    status = 404
