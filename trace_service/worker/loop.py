"""The worker process: notice what is due, and enqueue a durable workflow for it.

The loop only notices. It does nothing that would be lost with it, and it polls the database, because
enqueuing inside a request would make people wait for the workflow engine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from trace_service import database
from trace_service.anchoring import queries
from trace_service.config import load_settings
from trace_service.evm.endpoint import open_chain
from trace_service.imports.queries import unfinished_jobs
from trace_service.keys.passphrase import read_passphrase
from trace_service.stopping import stop_on_signals
from trace_service.worker import workflows
from trace_service.worker.lock import executor_lock
from trace_service.worker.runtime import Runtime, open_runtime

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2  # what is due begins within a second; four cheap queries per organisation
TIDY_SECONDS = 3600.0
ORPHAN_SECONDS = 5.0  # to end in order once the service is gone: the next one's worker waits for our lock
EXIT_ORPHAN = 1
_STDIN, _CHUNK = 0, 4096


def run(data_dir: Path, adopt: Sequence[str] = ()) -> None:
    """Work until a signal, or until the parent that holds our standard input ends.

    Refuses to start (`SettingsError`, `SchemaVersionError`, `KeyFileError`, `ChainMismatch`,
    `ExecutorBusyError`) where anything does not fit; a chain that is merely away is waited for.
    """
    settings = load_settings(data_dir)
    stopping = stop_on_signals()
    _stop_with_parent(stopping)
    with executor_lock(data_dir, settings.executor_id), open_chain(settings) as rpc_url:
        runtime = open_runtime(settings, rpc_url, read_passphrase())
        if not runtime.wait_for_chain(stopping.wait):
            return
        workflows.start(runtime, settings)
        try:
            for executor_id in adopt:
                with executor_lock(data_dir, executor_id):  # only of one that is gone
                    log.warning("adopted %d workflows of %s", workflows.adopt([executor_id]), executor_id)
            log.info("worker %s is ready", settings.executor_id)
            _loop(runtime, stopping)
        finally:
            all_ended = workflows.stop()
    if not all_ended:
        log.warning("not waiting any longer for what is under way; the next start goes on with it")
        logging.shutdown()
        os._exit(0)  # the interpreter itself would wait for the threads of running steps


def _loop(runtime: Runtime, stopping: threading.Event) -> None:
    started = workflows.Started({})
    tidy_at = time.monotonic()
    while not stopping.wait(POLL_SECONDS):
        try:
            notice(runtime, started)
            if time.monotonic() >= tidy_at:
                workflows.tidy(time.time())
                tidy_at = time.monotonic() + TIDY_SECONDS
        except Exception:  # the loop must outlive a database that is busy or a disk that is full
            log.exception("ALARM the worker could not look for work; it tries again")


def notice(runtime: Runtime, started: workflows.Started) -> None:
    """Enqueue what is due now."""
    for organisation_pk in runtime.due():
        with database.read(runtime.engine) as connection:
            sequence = queries.next_sequence(connection, organisation_pk)
        started.seal(organisation_pk, sequence)
    if runtime.outstanding():
        started.relay(runtime.sender.account.address)
    with database.read(runtime.engine) as connection:
        jobs = unfinished_jobs(connection)
    for job_pk in jobs:
        started.run_import(job_pk)


def _stop_with_parent(stopping: threading.Event) -> None:
    """A service that starts us gives us a pipe as standard input; it closes when the service dies."""
    try:
        piped = stat.S_ISFIFO(os.fstat(_STDIN).st_mode)
    except OSError:
        return
    if piped:
        threading.Thread(target=_wait_for_end, args=(stopping,), daemon=True).start()


def _wait_for_end(stopping: threading.Event) -> None:
    # Not through sys.stdin: a thread inside its buffer when the interpreter ends is a fatal error.
    with contextlib.suppress(OSError):
        while os.read(_STDIN, _CHUNK):
            pass
    stopping.set()
    time.sleep(ORPHAN_SECONDS)
    # Whatever takes so long may be interrupted anywhere; the next worker repeats it, and waits for our lock.
    log.error("the service is gone: not waiting any longer for what is under way")
    os._exit(EXIT_ORPHAN)
