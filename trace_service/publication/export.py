"""An export for auditors: leaf lists, and the records for those who may read them, as a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from verifier_cli.audit.sources import (
    BATCHES_FILE,
    EXPORT_TYPE,
    EXPORT_VERSION,
    LEAVES_SUFFIX,
    ORGANISATIONS_FILE,
    RECORDS_SUFFIX,
    Source,
)
from verifier_cli.did import org_id


class ExportExists(FileExistsError):  # noqa: N818 - named for what was found
    """The target folder is not empty; an export never writes into another one. ``folder`` is its path."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty; name a new folder")
        self.folder = folder


@dataclass(slots=True)
class Exported:
    """What an export wrote."""

    organisations: int = 0
    batches: int = 0
    bytes: int = 0


def export(
    source: Source,
    folder: Path,
    *,
    with_records: bool,
    organisations: Iterable[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write the layout that `FolderSource` reads; organisations.json last, so that a broken export shows.

    ``progress`` is called with the number of batches written. Raises `ExportExists` or OSError.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ExportExists(folder)
    wanted = set(organisations)
    dids = [did for did in source.organisations() if not wanted or did in wanted]
    done = Exported(organisations=len(dids))
    for did in dids:
        place = folder / org_id(did).hex()
        place.mkdir(parents=True)
        sequences = source.sequences(did)
        for sequence in sequences:
            done.bytes += _write(place / f"{sequence}{LEAVES_SUFFIX}", source.leaves(did, sequence))
            if with_records:
                done.bytes += _write(place / f"{sequence}{RECORDS_SUFFIX}", source.records(did, sequence))
            done.batches += 1
            if progress is not None:
                progress(done.batches)
        _write(place / BATCHES_FILE, [orjson.dumps({"organisation": did, "sequences": sequences})])
    folder.mkdir(parents=True, exist_ok=True)
    index = {"type": EXPORT_TYPE, "version": EXPORT_VERSION, "organisations": dids}
    _write(folder / ORGANISATIONS_FILE, [orjson.dumps(index)])
    return done


def _write(path: Path, lines: Iterable[bytes]) -> int:
    with path.open("xb") as stream:
        return sum(map(stream.write, lines))
