"""The sample's own certificate, taken from the sample generator through a real import."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.importing.support import make_installation, small_sheets, workbook
from trace_service.records.compose import Draft, DraftLink
from verifier_cli.encoding import parse_digest_multibase

TRAINEES = 20  # their certificates take turns, so that names and texts differ as in a class


@cache
def certificates() -> tuple[dict[str, Any], ...]:
    """Documents of the skill certificates that the sample's first trainees get."""
    with TemporaryDirectory(prefix="bench-sample-") as folder:
        installation = make_installation(Path(folder))
        job = installation.run("sample.xlsx", workbook(small_sheets(trainees=TRAINEES, weeks=1)))
        assert job.outcome == "imported", job
        documents = installation.documents("credential.1")
        installation.service.engine.dispose()
    return tuple(d for d in documents if d["credentialSubject"]["kind"] == "skill_level")


def awards(issuer: str, count: int) -> Iterator[Draft]:
    """Drafts with the certificates' content, each for a person of its own.

    They are of kind ``award``, the credential that needs no countersigner: one signature makes it complete.
    """
    forms = [
        (
            document["credentialSubject"] | {"kind": "award"},
            document["validFrom"],
            tuple(_link(entry) for entry in document["relatedResource"]),
        )
        for document in certificates()
    ]
    for subject, valid_from, links in itertools.islice(itertools.cycle(forms), count):
        own = subject | {"id": f"urn:uuid:{uuid.uuid4()}"}
        yield Draft("credential.1", issuer, own, valid_from, links=links)


def _link(entry: dict[str, Any]) -> DraftLink:
    digest = parse_digest_multibase(entry["digestMultibase"])
    return DraftLink(entry["id"], entry["rel"], tuple(entry.get("item", ())), digest)
