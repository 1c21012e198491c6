"""The Celery application and its one task: run the job with that id. The Job document holds everything else."""

import importlib
import logging

from bson import ObjectId
from celery import Celery
from kombu.exceptions import OperationalError

from documents import job_runs, jobs
from documents.database import DATABASE, without_concerns
from exports import links

log = logging.getLogger(__name__)

# Where kinds of jobs are registered.
KINDS = (
    "documents.bulk",
    "documents.bulk_moves",
    "documents.completeness",
    "documents.finding_lists",
    "documents.locking",
    "documents.pictures",
    "documents.school_accounts",
    "exports.file_jobs",
    "exports.import_jobs",
    "exports.school_jobs",
    "exports.room_plan",
)
ON_MONGODB = {"polling_interval": 0.2, "default_database": DATABASE}

celery = Celery("khet", set_as_current=False)
celery.conf.update(
    task_default_queue="khet",
    # The Job document is the result store: Celery's own would hold the same a second time.
    task_ignore_result=True,
    task_eager_propagates=True,
    task_publish_retry=False,  # nobody waits at a page for a broker: the worker's round queues what was not
    broker_connection_timeout=5,
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
    celery.conf.broker_transport_options = ON_MONGODB if celery.conf.broker_url.startswith("mongodb") else {}
    jobs.configure(wake)
    links.configure(settings.public_url)


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
