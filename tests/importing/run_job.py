"""Runs one job in a process of its own, for tests that kill it."""

import sys
from pathlib import Path

from tests.support.service import CHAIN, OPERATOR
from trace_service.config import Settings
from trace_service.database import make_engine
from trace_service.imports.service import run_job

if __name__ == "__main__":
    folder, job_pk = Path(sys.argv[1]), int(sys.argv[2])
    url = f"sqlite:///{folder / 'skilltrace.db'}"
    run_job(
        make_engine(url), Settings(data_dir=folder, database_url=url, operator=OPERATOR, chain=CHAIN), job_pk
    )
