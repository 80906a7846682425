"""Tells the workers to go and look; carries no fact, so a lost or doubled nudge changes nothing."""

import logging

from redis.exceptions import RedisError
from rq import Queue, Retry

from portal.extensions import rq

RELAY = "portal.outbox.relay.run"
SWEEP = "portal.sla.sweep.run"
RECOMPUTE = "portal.sla.recompute.run"
TRAIN = "portal.suggest.training.run"
FILL = "portal.search.fill.run"
GROUP = "portal.problems.looking.run"
SHEETS = "portal.sheets.job.run"
WATCH = "portal.supervision.job.run"
BULLETIN = "portal.supervision.making.run"
ROLLUP = "portal.kpi.job.run"
EXPORT = "portal.exports.job.run"
SEAL = "portal.audit.job.run"
SCAN = "portal.tickets.scanning.run"
RETAIN = "portal.private.keeping.run"
TIMER_LOCK = 7_101_001  # the advisory lock that makes the timer one
JOB_SECONDS = 60
TRAIN_SECONDS = 300  # on a busy machine; a quarter of a minute on an idle one
KEEP_FAILED_SECONDS = 3600

log = logging.getLogger(__name__)


def nudge(job: str = RELAY) -> bool:
    """Asks a worker to run `job` soon. False, and a log line, when the queue is away.

    Call it after `transaction()` has returned: what the job looks for must be committed.
    """
    try:
        queue: Queue = rq.queue
        queue.enqueue(
            job,
            retry=Retry(max=3, interval=[1, 5, 15]),
            job_timeout=TRAIN_SECONDS if job == TRAIN else JOB_SECONDS,
            result_ttl=0,
            failure_ttl=KEEP_FAILED_SECONDS,
        )
    except RedisError as error:
        log.warning("queue away, work waits in the database: %s", error.__class__.__name__)
        return False
    return True
