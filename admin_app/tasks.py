"""The Celery application and its tasks: run the job with that id, deliver the mail that is due. The documents hold all else."""

import importlib
import logging
import threading

from bson import ObjectId
from celery import Celery
from kombu.exceptions import OperationalError

from admin_app import wording
from documents.background import job_runs, jobs, timetable
from documents.checking import freshening
from documents.database import DATABASE, without_concerns
from documents.notifying import announcements, daily_mail, mail
from documents.people import account_links
from documents.trail import sealing
from exports.workbooks import links

log = logging.getLogger(__name__)

# Where kinds of jobs are registered, and what the timetable does.
KINDS = (
    "documents.records.bulk",
    "documents.collecting.bulk_moves",
    "documents.records.completeness",
    "documents.notifying.daily_mail",
    "documents.notifying.due_notices",
    "documents.checking.finding_lists",
    "documents.collecting.locking",
    "documents.people.retention",
    "documents.checking.rule_trials",
    "documents.people.recertifying",
    "documents.people.school_accounts",
    "exports.file_jobs",
    "exports.checking.duplicate_jobs",
    "exports.gcode.gcode_exchange",
    "exports.gcode.gcode_register",
    "exports.imports.import_jobs",
    "exports.district.school_jobs",
    "exports.dmc.room_plan",
    "views.trail.audit_files",
)
ON_MONGODB = {"polling_interval": 0.2, "default_database": DATABASE}
# Nobody waits at a page for a broker: a second try finds one that was started anew, and one that is away is left to the
# worker's round, which queues what was not.
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

celery = Celery("khet", set_as_current=False)
celery.conf.update(
    task_default_queue="khet",
    # The Job document is the result store: Celery's own would hold the same a second time.
    task_ignore_result=True,
    task_eager_propagates=True,
    task_publish_retry=True,
    task_publish_retry_policy=AT_ONCE,
    broker_connection_timeout=2,
    broker_connection_retry_on_startup=True,
    broker_pool_limit=4,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,  # our handlers mask personal data
    worker_redirect_stdouts=False,
)


def configure(settings):
    """Take broker and kinds from the settings; connects to nothing yet."""
    for module in KINDS:
        importlib.import_module(module)
    celery.conf.broker_url = settings.broker_url or without_concerns(settings.mongodb_uri)
    on_mongodb = celery.conf.broker_url.startswith("mongodb")
    celery.conf.broker_transport_options = AT_ONCE | (ON_MONGODB if on_mongodb else {})
    jobs.configure(wake)
    sealing.configure(settings.secret_key)
    mail.configure("smtp", settings.mail_server and settings.mail_server.connection)
    mail.configure("line", settings.line_bot and settings.line_bot.connection)
    announcements.configure_line(settings.line_group)
    mail.configure_waking(wake_mail)
    daily_mail.configure(settings.public_url, wording.text_for)
    links.configure(settings.public_url)
    account_links.configure(settings.public_url)


def wake(job_id):
    """Tell a worker of a job. While the broker is away the job waits: a worker's round finds it by its lease."""
    try:
        run_job.delay(str(job_id))
    except OperationalError as error:
        log.error("the broker takes no jobs now: %s", type(error).__name__)


@celery.task(name="khet.job")
def run_job(job_id):
    """Run a job; whether it may run, as whom and how it ended stands on the Job."""
    job_runs.run(ObjectId(job_id))


def wake_mail():
    """Tell a worker that mail is due; where nobody is told, a worker's round finds it."""
    try:
        deliver_mail.delay()
    except OperationalError as error:
        log.error("the broker takes no mail now: %s", type(error).__name__)


_delivering = threading.Lock()


@celery.task(name="khet.mail")
def deliver_mail():
    """Deliver the mail that is due; one thread of a process does, the others go on with jobs."""
    if _delivering.acquire(blocking=False):
        try:
            mail.deliver_due()
        finally:
            _delivering.release()


def wake_timetable():
    """Let a worker do what the timetable has for now."""
    try:
        keep_timetable.delay()
    except OperationalError as error:
        log.error("the broker takes no tasks now: %s", type(error).__name__)


@celery.task(name="khet.timetable")
def keep_timetable():
    """Do what is to be done once a day and was not done yet today."""
    timetable.run_due()


def wake_findings():
    """Let a worker check anew what changed of the areas whose time it is."""
    try:
        freshen.delay()
    except OperationalError as error:
        log.error("the broker takes no tasks now: %s", type(error).__name__)


_freshening = threading.Lock()


@celery.task(name="khet.findings")
def freshen():
    """Check anew what changed; one thread of a process does, the others go on with jobs."""
    if _freshening.acquire(blocking=False):
        try:
            freshening.run_due()
        finally:
            _freshening.release()
