"""The durable workflows: thin wrappers around `Runtime`, with the queues that keep them apart.

One lease per organisation and one per relayer are queues partitioned by their key, with one running
workflow per partition over all workers. Ids are made from what is to be done, so that two workers that
notice the same thing enqueue it once. A workflow killed in a step is started again by its executor and
repeats the step, which is safe because every unit of `Runtime` is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from trace_service.config import Settings
from trace_service.imports.service import run_job
from trace_service.worker.runtime import Runtime

log = logging.getLogger(__name__)

APPLICATION_VERSION = "1"  # a constant: a new release must finish what the old one began
SEALING, RELAYING, IMPORTING = "sealing", "relaying", "importing"
QUEUE_POLL_SECONDS = 0.2  # begins within a fraction of a second; half of it would double the idle load
IMPORTS_AT_ONCE = 1  # an import takes a core for seconds; another one leaves the API nothing
RELAY_SECONDS = 20.0  # a relaying workflow ends after this and is started anew: its history stays short
RETRY_BUCKET_SECONDS = 2  # what could not be done is tried again under a new id
KEEP_SECONDS = 24 * 3600  # finished workflows are kept for people to look at

# An import of thousands takes a few; below what `serve` waits, above what a worker without service waits.
END_SECONDS = 8

_runtime: Runtime | None = None
_engine: Any = None


def _work() -> Runtime:
    assert _runtime is not None, "workflows run between start() and stop()"
    return _runtime


def _seal(organisation_pk: int) -> int:
    sealed = _work().seal(organisation_pk)
    return 0 if sealed is None else sealed.count


def _relay() -> bool:
    return bool(_work().relay_for(RELAY_SECONDS))


def _import(job_pk: int) -> None:
    runtime = _work()
    run_job(runtime.engine, runtime.settings, job_pk)


_seal_step = DBOS.step(name="seal")(_seal)
_relay_step = DBOS.step(name="relay")(_relay)
_import_step = DBOS.step(name="import")(_import)


def _seal_workflow(organisation_pk: int) -> int:
    count: int = _seal_step(organisation_pk)
    return count


def _relay_workflow(_relayer: str) -> bool:
    left: bool = _relay_step()
    return left


def _import_workflow(job_pk: int) -> None:
    _import_step(job_pk)


SEAL = DBOS.workflow(name="seal_organisation", max_recovery_attempts=None)(_seal_workflow)
RELAY = DBOS.workflow(name="relay_transactions", max_recovery_attempts=None)(_relay_workflow)
IMPORT = DBOS.workflow(name="run_import", max_recovery_attempts=None)(_import_workflow)


def start(runtime: Runtime, settings: Settings) -> None:
    """Launch the workflow engine on ``dbos.sqlite``; what this executor left running goes on."""
    global _runtime, _engine
    _runtime = runtime
    config: DBOSConfig = {
        "name": "skilltrace",
        "system_database_url": f"sqlite:///{settings.data_dir / 'dbos.sqlite'}",
        "application_version": APPLICATION_VERSION,
        "executor_id": settings.executor_id,
        "log_level": "WARNING",
        "run_migrations": True,
    }
    _engine = DBOS(config=config)
    DBOS.launch()
    for name in (SEALING, RELAYING):
        DBOS.register_queue(name, partition_concurrency=1, polling_interval_sec=QUEUE_POLL_SECONDS)
    DBOS.register_queue(
        IMPORTING, worker_concurrency=IMPORTS_AT_ONCE, polling_interval_sec=QUEUE_POLL_SECONDS
    )


def stop() -> bool:
    """End the engine, waiting `END_SECONDS` for running steps; returns whether all of them ended.

    Those that did not are the next start's to repeat, once this process is gone.
    """
    if _runtime is not None:
        _runtime.stopping.set()
    DBOS.destroy(workflow_completion_timeout_sec=END_SECONDS)
    return not (_engine and _engine._active_workflows_set.activeList())


def adopt(executor_ids: Sequence[str]) -> int:
    """Take over the unfinished workflows of executors that are gone for good; returns how many."""
    dbos: Any = DBOS
    return len(dbos._recover_pending_workflows(list(executor_ids)))


@dataclass
class Started:
    """Workflows that this process enqueued, by what they are for: none is enqueued again while it runs."""

    handles: dict[str, Any]

    def idle(self, key: str) -> bool:
        """Whether nothing runs for ``key``."""
        handle = self.handles.get(key)
        if handle is None:
            return True
        if handle.get_status().status in ("ENQUEUED", "PENDING", "DELAYED"):
            return False
        del self.handles[key]
        return True

    def seal(self, organisation_pk: int, sequence: int) -> None:
        """Enqueue sealing of one organisation's next batch."""
        key = f"seal-{organisation_pk}"
        if self.idle(key):
            with SetWorkflowID(f"{key}-{sequence}-{_bucket()}"), _partition(str(organisation_pk)):
                self.handles[key] = DBOS.enqueue_workflow(SEALING, SEAL, organisation_pk)

    def relay(self, relayer: str) -> None:
        """Enqueue a stretch of relaying."""
        key = f"relay-{relayer}"
        if self.idle(key):
            with SetWorkflowID(f"{key}-{time.time_ns() // 10**8}"), _partition(relayer):
                self.handles[key] = DBOS.enqueue_workflow(RELAYING, RELAY, relayer)

    def run_import(self, job_pk: int) -> None:
        """Enqueue an import job."""
        key = f"import-{job_pk}"
        if self.idle(key):
            with SetWorkflowID(f"{key}-{_bucket()}"):
                self.handles[key] = DBOS.enqueue_workflow(IMPORTING, IMPORT, job_pk)


def _bucket() -> int:
    return int(time.time() // RETRY_BUCKET_SECONDS)


def _partition(key: str) -> Any:
    return SetEnqueueOptions(queue_partition_key=key)


def tidy(now: float) -> int:
    """Delete workflows that ended long ago; returns how many."""
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - KEEP_SECONDS))
    old = DBOS.list_workflows(
        status=["SUCCESS", "ERROR"], end_time=before, limit=10_000, load_input=False, load_output=False
    )
    if old:
        DBOS.delete_workflows([workflow.workflow_id for workflow in old])
    return len(old)
