"""Snapshots: what a deployment says at one final block, in a file (protocol section 9, "Offline").

A snapshot is canonical JSON (RFC 8785), so one state has exactly one file and one hash. It covers some
organisations wholly (batches and status words), and those on their accreditation paths as far as needed.
Numbers in lists keep the order of the contract's structs; keys, roots and words are hexadecimal with 0x.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from verifier_cli.canonical import canonical
from verifier_cli.chain import BlockRef
from verifier_cli.encoding import multikey
from verifier_cli.errors import DataError, MisuseError, SnapshotError
from verifier_cli.signature import complete_proof, proof_options, signing_input, verify_proof
from verifier_cli.snapshot_form import (
    SNAPSHOT_CONTEXT,
    SNAPSHOT_TYPE,
    SNAPSHOT_VERSION,
    OrganisationState,
    Pins,
    read_document,
    write_document,
)
from verifier_cli.trust import Trust

__all__ = ["MAX_SNAPSHOT", "SNAPSHOT_TYPE", "OrganisationState", "Pins", "Snapshot", "sign_snapshot"]

MAX_SNAPSHOT: Final = 512 << 20
"""About two million batches."""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot, indexed for reading. `signer` is the trust file's name of who signed it, or None."""

    pins: Pins
    block: BlockRef
    organisations: Mapping[bytes, OrganisationState]
    sha256: bytes = b""
    signer: str | None = None

    @classmethod
    def parse(cls, data: bytes, trust: Trust) -> Snapshot:
        """Read a snapshot file.

        A proof in it must verify with a key of the trust file; a key that the snapshot brings along counts
        for nothing. Without a proof it is the caller who vouches for it: he made it from his own nodes.

        Raises:
            SnapshotError: not canonical, a member is wrong, or signed by nobody whom the trust file names.
        """
        if len(data) > MAX_SNAPSHOT:
            raise SnapshotError("$", f"longer than {MAX_SNAPSHOT} bytes")
        try:
            document = orjson.loads(data)
            # One text per state: no doubled member, no other spelling of a number can hide anything.
            same = canonical(document) == data
        except (orjson.JSONDecodeError, MisuseError, RecursionError):
            raise SnapshotError("$", "is not JSON") from None
        if not same:
            raise SnapshotError("$", "is not canonical JSON")
        if not isinstance(document, dict) or document.get("type") != SNAPSHOT_TYPE:
            raise SnapshotError("$.type", f"is not {SNAPSHOT_TYPE}")
        if type(document.get("version")) is not int or document["version"] != SNAPSHOT_VERSION:
            raise SnapshotError("$.version", "unknown version: update the verifier")
        sha256 = hashlib.sha256(data).digest()
        signer = _check_signature(document, trust)
        document.pop("proof", None)
        return cls(*read_document(document), sha256, signer)

    def serialise(self) -> bytes:
        """The file's bytes, without a proof."""
        return canonical(write_document(self.pins, self.block, self.organisations))


def sign_snapshot(data: bytes, public_key: bytes, created: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The same snapshot with a proof: `sign` gets 64 bytes and returns the 64-byte Ed25519 signature."""
    document = orjson.loads(data)
    document.pop("proof", None)
    digest = hashlib.sha256(canonical(document)).digest()
    options = proof_options(_key_did(public_key), public_key, created, SNAPSHOT_CONTEXT)
    document["proof"] = complete_proof(options, sign(signing_input(digest, options)))
    return canonical(document)


def _key_did(public_key: bytes) -> str:
    return f"did:key:{multikey(public_key)}"


def _check_signature(document: dict[str, Any], trust: Trust) -> str | None:
    if "proof" not in document:
        return None
    unsigned = {name: member for name, member in document.items() if name != "proof"}
    digest = hashlib.sha256(canonical(unsigned)).digest()
    proof = document["proof"]
    method = proof.get("verificationMethod") if isinstance(proof, dict) else None
    for signer in trust.snapshot_signers:
        did = _key_did(signer.public_key)
        if isinstance(method, str) and method.partition("#")[0] == did:
            try:
                verify_proof(digest, SNAPSHOT_CONTEXT, proof, did)
            except DataError as error:
                raise SnapshotError(f"$.proof{error.path[1:]}", error.reason) from None
            return signer.name
    raise SnapshotError("$.proof", "signed by nobody whom the trust file names")
