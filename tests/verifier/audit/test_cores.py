"""Many processes say what one says."""

from __future__ import annotations

from pathlib import Path

from tests.verifier.audit.exports import Export, audit, codes, make_record
from verifier_cli.audit import (
    Audit,
    Code,
    FolderSource,
)
from verifier_cli.audit.pool import workers


def test_two_processes_say_what_one_says(tmp_path: Path) -> None:
    export = Export(tmp_path)
    for batch in range(3):
        export.add([make_record(300 * batch + number) for number in range(300)])
    path = export.records_path(1)
    path.write_bytes(path.read_bytes().replace(b"12440000MB2D000000", b"99440000MB2D000000", 3))
    alone = audit(export)
    with workers(2) as executor:
        together = Audit(FolderSource(tmp_path), export.chain).run(executor, 2)
    assert together.to_json() == alone.to_json()
    assert codes(alone).count(Code.RECORD_ALTERED) == 3
    assert alone.counts.records == 900


def test_progress_ends_at_the_number_of_leaves(export: Export) -> None:
    heard: list[tuple[int, int]] = []
    Audit(FolderSource(export.folder), export.chain).run(progress=lambda *now: heard.append(now))
    assert heard == [(3, 6), (6, 6)]
