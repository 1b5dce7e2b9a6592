"""Each mechanism of the papers: the community says what was written by hand, or refuses what it must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.papers.asking import ask
from tests.papers.document import page
from tests.papers.mutations import mutants, survivors
from tests.papers.rows import ROWS, Row, rows
from tests.papers.stage import loaded
from verifier_cli.indicators.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "papers.md"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with loaded() as found:
        yield found


def test_every_row_is_there_once() -> None:
    assert [row.number for row in rows()] == list(range(1, ROWS + 1))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"row{row.number}")
def test_a_row_says_what_was_written_by_hand(row: Row, sandbox: Sandbox) -> None:
    for check in row.checks:
        ask(check, sandbox)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"row{row.number}")
def test_a_row_fails_without_any_of_its_fields_or_rules(row: Row, sandbox: Sandbox) -> None:
    assert mutants(row)
    assert survivors(row, sandbox) == []


def test_the_page_is_what_the_rows_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
