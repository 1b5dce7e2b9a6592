"""What every test may rely on: no setting of the shell reaches it. Prints the counts of corpora."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.corpora import COUNT_PROPERTY

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

SETTINGS = (
    "TRACE_API_KEY",
    "TRACE_DATA_DIR",
    "TRACE_DID",
    "TRACE_ORG_DIR",
    "TRACE_PASSPHRASE",
    "TRACE_RPC_URL",
    "TRACE_TRUST",
    "TRACE_URL",
)
HOLDS = ("TRACE_HOLD_AT", "TRACE_HOLD_FILE", "TRACE_HOLD_DIR")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS + HOLDS:
        monkeypatch.delenv(name, raising=False)


# In the root conftest, because the process that writes the summary of a parallel run loads no other.
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    lines = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == COUNT_PROPERTY
    ]
    if lines:
        terminalreporter.section("corpora")
        for line in sorted(lines):
            terminalreporter.write_line(line)
