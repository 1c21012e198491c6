"""Jobs (งานเบื้องหลัง): how far one's long work is, what came out, and the way from a request to it."""

import time
from collections import Counter
from datetime import timedelta

from flask import flash, jsonify, redirect, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background import job_access
from documents.background.jobs import STATES, Job
from documents.clock import utc
from documents.collecting.rounds import label_of, system_name
from documents.errors import RuleBroken
from documents.formats import buddhist
from documents.people.access import AREA_READERS
from documents.people.privacy import days_of
from exports.job_list import job_list
from views import here
from views.pages import Page
from views.records.files_out import SCOPE, hands_out
from views.records.lists_out import list_link, note_about, note_by_area, send_list

PATIENCE = 1.2  # seconds that a request waits for its job before it shows the job's page
PAGE_SIZE = 30
TONES = {
    "arriving": "idle",
    "waiting": "idle",
    "running": "work",
    "done": "ok",
    "failed": "bad",
    "cancelled": "shut",
}
ICONS = {"arriving": "clock", "waiting": "clock", "done": "check", "failed": "alert", "cancelled": "x"}

RESULT_PAGES, GROWING_PAGES = {}, {}


class Failed(RuleBroken):
    """The job of this request did not come to its end; its sentence says why."""

    status = 409


def result_page(kind):
    """Register the decorated function, which gives the address of a finished job's result from the Job."""

    def register(address_of):
        RESULT_PAGES[kind] = address_of
        return address_of

    return register


def growing_page(kind):
    """Register the decorated function, which gives the address of what a running job has come to so far, or None."""

    def register(address_of):
        GROWING_PAGES[kind] = address_of
        return address_of

    return register


def grows_at(job):
    """Where a running job of one's own is seen growing; None where there is nothing yet, or soon will not be any more."""
    goes_on = job.state == "running" and not job.cancel_asked and job.owner == current_user.id
    page = GROWING_PAGES.get(job.kind) if goes_on else None
    return page(job) if page else None


def href_of(job):
    """Where what came out of a job is seen; None where it is on the job's own page."""
    if job.state != "done":
        return None
    page = RESULT_PAGES.get(job.kind)
    return (page(job) if page else None) or (job.result or {}).get("href") or job.href


def page_of(job):
    """A job's own page."""
    return url_for("jobs.details_view", id=str(job.id))


# ---- from a request to its job ----


def ended(job):
    """The Job as it is once it ended, or after PATIENCE; who sees it end at once has seen it."""
    until = time.monotonic() + PATIENCE
    while True:
        job = Job.objects(area_code=job.area_code, id=job.id).get()
        if job.finished:
            job_access.mark_seen(job, current_user)
            return job
        if time.monotonic() > until:
            return job
        time.sleep(0.05)


def follow(job):
    """The response to a request that asked for a job: its result's page if it ends at once, else the job's page.

    Where some of it was refused, the job's page says what.
    """
    job = ended(job)
    if job.state == "failed":
        flash(job.failure, "error")
    elif href_of(job) and not job.result.get("refused"):
        flash(" ".join(job.result.get("summary") or [STATES["done"]]), "success")
        return redirect(href_of(job), 303)
    return redirect(page_of(job), 303)


def deliver(job):
    """The response to a request for a file that is made by a job: the file if it is made at once, else the job's page.

    Raises Failed with the job's own sentence.
    """
    job = ended(job)
    if job.state == "failed":
        raise Failed(job.failure)
    return sent(job) if job.state == "done" else redirect(page_of(job), 303)


def sent(job):
    """The result file of a job as a download, noted first where it holds what the access log must know."""
    user = current_user._get_current_object()
    file = job_access.result_file(job, user)
    if noted := (job.result or {}).get("noted"):
        note_about(job.area_code, user, noted)
    response = send_file(file, job.result_type, as_attachment=True, download_name=job.result_name)
    response.content_length = file.length
    response.headers["Cache-Control"] = "no-store"
    return response


# ---- the pages ----


class Jobs(Page, BaseView):
    """One's own jobs, and for an officer those of his area."""

    def __init__(self):
        super().__init__(name="งานเบื้องหลัง", endpoint="jobs", url="/admin/jobs")

    @expose("/")
    def index(self):
        """The newest jobs, a page at a time."""
        user, everybody = current_user._get_current_object(), asks_for_all()
        page = min(max(request.args.get("page", 0, int), 0), 20)
        found = list(listed().skip(page * PAGE_SIZE).limit(PAGE_SIZE + 1))
        return self.render(
            "khet/jobs.html",
            rows=[row_of(job) for job in found[:PAGE_SIZE]],
            everybody=everybody,
            oversees=bool(user.areas(*AREA_READERS)),
            kept_days=days_of(here.area_code())["job_files"],
            export_link=list_link(),
            prev=url_for(".index", page=page - 1, all=request.args.get("all")) if page else None,
            next=url_for(".index", page=page + 1, all=request.args.get("all"))
            if len(found) > PAGE_SIZE
            else None,
        )

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The list, all pages of it, as a workbook; noted in each area before it is sent."""
        note_by_area(
            current_user._get_current_object(), "jobs", Counter(listed().scalar("area_code").no_cache())
        )
        return send_list(job_list(map(cells_of, listed().no_cache()), self.name), self.name)

    @expose("/details/")
    def details_view(self):
        """One job: how far it is, its log, what came out."""
        job = asked_job()
        job_access.mark_seen(job, current_user)
        return self.render(
            "khet/job.html",
            job=job,
            row=row_of(job),
            grows=grows_at(job),
            log=log_of(job),
            facts=facts_of(job),
        )

    @expose("/status/")
    def status(self):
        """How far a job is, for the script of its page."""
        job = asked_job()
        return jsonify(told(job) | {"log": log_of(job), "grows": grows_at(job)})

    @expose("/corner/")
    def corner(self):
        """One's jobs that run, or ended unseen, for the corner of every page."""
        return jsonify(corner())

    @expose("/seen/", methods=["POST"])
    def seen(self):
        """Put a finished job away from the corner."""
        job_access.mark_seen(asked_job(), current_user)
        return jsonify(corner())

    @expose("/cancel/", methods=["POST"])
    def cancel(self):
        """Stop a job of one's own."""
        job = asked_job()
        job_access.cancel(job, current_user._get_current_object())
        flash("ยกเลิกงานนี้แล้ว งานที่กำลังทำจะหยุดที่ขั้นถัดไป", "success")
        return redirect(page_of(job), 303)

    @expose("/result/")
    @hands_out(SCOPE)
    def result(self):
        """The file that came out, for its owner."""
        return sent(asked_job())


def asks_for_all():
    """Whether the address asks for the jobs of everybody, and the reader oversees some."""
    return bool(request.args.get("all")) and bool(current_user.areas(*AREA_READERS))


def listed():
    """The jobs that the address asks for, the newest first: the reader's own, or those of everybody that he may see."""
    user = current_user._get_current_object()
    those = job_access.visible(user) if asks_for_all() else job_access.own(user)
    return Job.objects(__raw__=those).order_by("-asked_at", "-id").exclude("log", "arguments")


def asked_job():
    """The job that the address names, as far as this person may see it. Raises OutOfScope."""
    return job_access.get_job(current_user._get_current_object(), request.values.get("id"))


# ---- in words ----


def corner():
    """One's jobs for the corner, as the script draws them; a job whose page is open stands there already."""
    return [told(job) for job in job_access.corner_of(current_user)]


def told(job):
    """A job as its scripts take it: plain values and words."""
    return {
        "id": str(job.id),
        "title": job.title,
        "state": job.state,
        "word": STATES[job.state],
        "tone": TONES[job.state],
        "share": job.share,
        "words": progress_of(job),
        "finished": job.finished,
        "href": page_of(job),
    }


def row_of(job):
    """A job as the list and its page show it; what came out only for its owner."""
    mine = job.owner == current_user.id
    return told(job) | {
        "kind": job.label,
        "icon": ICONS.get(job.state),
        "owner": job.owner_name,
        "mine": mine,
        "asked": buddhist.format_datetime(utc(job.asked_at)),
        "took": took(job),
        "summary": summary_of(job),
        "refused": list((job.result or {}).get("refused") or []) if mine else [],
        "refusals": (job.result or {}).get("refusals"),
        "result_href": href_of(job) if mine else None,
        "file": job.result_name if mine and job.result_id and job.state == "done" else None,
        "back": job.href if mine and job.state != "done" else None,
        "failure": failure_of(job),
        "may_cancel": mine and job.may_cancel() and not job.cancel_asked,
    }


def summary_of(job):
    """Sentences of what a job did, for its owner alone."""
    return list((job.result or {}).get("summary") or []) if job.owner == current_user.id else []


def failure_of(job):
    """Why a job failed, for its owner alone."""
    mine = job.owner == current_user.id
    return job.failure if mine or job.state != "failed" else "ดูเหตุผลได้เฉพาะผู้สั่งงาน"


def cells_of(job):
    """A job as a row of the list's workbook."""
    outcome = progress_of(job)
    if job.finished:
        outcome = failure_of(job) if job.state == "failed" else " ".join(summary_of(job))
    asked, ended = (buddhist.format_datetime(at) for at in (job.asked_at, job.finished_at))
    return [
        job.title, job.label, job.owner_name, round_of(job), asked, ended, took(job), STATES[job.state], outcome,
    ]  # fmt: skip


def round_of(job):
    """The round a job is of, in words; '' for none."""
    return f"{system_name(job.subsystem)} {label_of(job.academic_year, job.round)}" if job.round else ""


def progress_of(job):
    """How far a job is, as people say it: '12,000 จาก 50,000 แถว · 3,200 แถว/วินาที · เหลือราว 12 วินาที'."""
    if job.state == "arriving":
        return "กำลังรับไฟล์"
    if job.state == "waiting":
        return "รอคิว จะเริ่มเมื่องานก่อนหน้าเสร็จ"
    if job.state != "running":
        return f"{STATES[job.state]}{f' ใน {took(job)}' if job.state == 'done' and took(job) else ''}"
    if job.cancel_asked:
        return "กำลังหยุด"
    if not job.total:
        return "กำลังเริ่ม"
    parts = [f"{job.done:,} จาก {job.total:,} {job.unit}"]
    if job.rate and job.rate >= 1:
        parts.append(f"{job.rate:,.0f} {job.unit}/วินาที")
    if job.seconds_left is not None and job.done < job.total:
        parts.append(f"เหลือราว {span(job.seconds_left)}")
    return " · ".join(parts)


def took(job):
    """How long it ran, in words; empty while it runs or when it never did."""
    if not job.started_at or not job.finished_at:
        return ""
    return span((job.finished_at - job.started_at).total_seconds())


def span(seconds):
    """A length of time as people say it: '40 วินาที', '3 นาที 20 วินาที', '1 ชั่วโมง 5 นาที'."""
    whole = timedelta(seconds=max(1, round(seconds)))
    hours, rest = divmod(int(whole.total_seconds()), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} ชั่วโมง {minutes} นาที"
    if minutes:
        return f"{minutes} นาที {left} วินาที" if left else f"{minutes} นาที"
    return f"{left} วินาที"


def log_of(job):
    """The job's log, newest first: [{title, when}]."""
    return [
        {"title": line["text"], "when": buddhist.format_datetime(utc(line["at"]))}
        for line in reversed(job.log)
    ]


def facts_of(job):
    """(label, words) of who asked for what, when."""
    at = buddhist.format_datetime
    known = [
        ("ชนิดงาน", job.label),
        ("ผู้สั่ง", job.owner_name),
        ("รอบ", round_of(job)),
        ("ไฟล์ที่ส่งมา", job.input_name if job.owner == current_user.id else ""),
        ("สั่งเมื่อ", at(utc(job.asked_at))),
        ("เริ่มเมื่อ", at(utc(job.started_at)) if job.started_at else ""),
        ("จบเมื่อ", at(utc(job.finished_at)) if job.finished_at else ""),
        ("ใช้เวลา", took(job)),
        ("เริ่มทำครั้งที่", f"{job.attempts}" if job.attempts > 1 else ""),
    ]
    return [(label, words) for label, words in known if words]
