"""Prints the counts of corpora at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.corpora import COUNT_PROPERTY

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


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
