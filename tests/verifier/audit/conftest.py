"""What several audit tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verifier.audit.exports import Export, make_record


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Two batches of the school, three records each."""
    made = Export(tmp_path / "export")
    made.add([make_record(number) for number in range(3)])
    made.add([make_record(number) for number in range(3, 6)])
    return made
