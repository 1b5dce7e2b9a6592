"""Records verify with an implementation that is not ours: npm @digitalbazaar/vc with eddsa-jcs-2022."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.parts import require_part
from tests.support.records import complete_document, link, make_key, sample_document, sign, signer_key
from tests.verifier.formats.changes import changed
from verifier_cli.schema import SCHEMAS

pytestmark = pytest.mark.node

NODE_FOLDER = Path(__file__).resolve().parents[2] / "node"
NODE_SECONDS = 60


def _signers(document: dict[str, Any]) -> list[str]:
    return [document["issuer"]["id"], *(entry["id"] for entry in document.get("countersigners", ()))]


def _foreign_verdicts(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    """What the foreign verifier says of each; keys are those of the samples."""
    require_part(NODE_FOLDER / "node_modules" / "@digitalbazaar" / "vc", "npm ci in tests/node")
    cases = [
        {"credential": document, "keys": {did: signer_key(did).multikey for did in _signers(document)}}
        for document in documents
    ]
    done = subprocess.run(
        ["node", str(NODE_FOLDER / "verify_vc.mjs")],
        input=json.dumps({"cases": cases}),
        capture_output=True,
        text=True,
        timeout=NODE_SECONDS,
        check=True,
    )
    verdicts: list[dict[str, Any]] = json.loads(done.stdout)
    return verdicts


def test_every_type_verifies() -> None:
    """Each proof of the set holds there, and a JSON-LD processor in safe mode reads the whole record."""
    target = sample_document("standard.1", name="linked")
    documents = [complete_document(sample_document(name)) for name in SCHEMAS]
    linked = sample_document(
        "credential.1", links=[link(target, "awards", "I1")], validUntil="2036-07-01T00:00:00Z"
    )
    documents.append(complete_document(linked))
    for document, verdict in zip(documents, _foreign_verdicts(*documents), strict=True):
        assert verdict == {
            "verified": True,
            "proofs": [True] * len(document["proof"]),
            "expanded": True,
            "errors": [],
        }


ALTERED = {
    "level": ("$.credentialSubject.level", "4"),
    "one letter of the name": (
        "$.credentialSubject.achievement.name",
        "Sensor Network Application Developmenu",
    ),
    "start of validity": ("$.validFrom", "2026-07-01T00:00:01Z"),
    "status number": ("$.credentialStatus.statusListIndex", "8"),
    "salt": ("$.salt", "AAAAAAAAAAAAAAAAAAAAAA"),
}


def test_one_altered_byte_fails_there_too() -> None:
    document = complete_document(sample_document("credential.1"))
    altered = [changed(document, path, value) for path, value in ALTERED.values()]
    for verdict in _foreign_verdicts(*altered):
        assert verdict["verified"] is False
        assert verdict["proofs"] == [False, False]


def test_wrong_keys_and_swapped_proofs_fail_there_too() -> None:
    document = sample_document("party.1")
    issuer = document["issuer"]["id"]
    stranger = {**document, "proof": [sign(document, issuer, make_key("stranger").private)]}
    other = complete_document(sample_document("party.1", name="b"))
    swapped = {**document, "proof": other["proof"]}
    for verdict in _foreign_verdicts(stranger, swapped):
        assert verdict["verified"] is False
        assert verdict["proofs"] == [False]
