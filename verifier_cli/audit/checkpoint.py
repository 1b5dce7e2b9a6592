"""The checkpoint of an audit: what the chain said, kept so that a later run notices another past (protocol
10).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from verifier_cli.audit.facts import ChainFacts
from verifier_cli.audit.findings import Code, Finding
from verifier_cli.encoding import b64url_decode, b64url_encode
from verifier_cli.errors import DataError
from verifier_cli.leaf_list import HASH_SIZE

CHECKPOINT_TYPE: Final = "SkillTraceCheckpoint"
CHECKPOINT_VERSION: Final = 1
MAX_CHECKPOINT: Final = 256 << 20
"""Bytes read at most: 43 per batch, so five million batches."""


class CheckpointError(DataError):
    """A checkpoint file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Roots of every batch of every organisation (by org_id), as of one block of one deployment."""

    chain_id: int
    registry: str
    block_number: int
    block_hash: str
    block_time: int
    roots: Mapping[bytes, tuple[bytes, ...]]

    @classmethod
    def take(cls, facts: ChainFacts, earlier: Checkpoint | None = None) -> Checkpoint:
        """The checkpoint of what the chain says now; what the facts do not cover is kept from ``earlier``."""
        roots = {org: tuple(batch.root for batch in facts.batches(org)) for org in facts.organisations()}
        before = {} if earlier is None else earlier.roots
        roots |= {org: known for org, known in before.items() if not facts.covers(org)}
        return cls(
            facts.chain_id, facts.registry, facts.block_number, facts.block_hash, facts.block_time, roots
        )

    @classmethod
    def parse(cls, data: bytes) -> Checkpoint:
        """Read a checkpoint file; raises `CheckpointError`."""
        try:
            value: Any = orjson.loads(data)
            if (value["type"], value["version"]) != (CHECKPOINT_TYPE, CHECKPOINT_VERSION):
                raise CheckpointError("$.type", f"not a {CHECKPOINT_TYPE} of version {CHECKPOINT_VERSION}")
            return cls(
                int(value["chainId"]),
                str(value["registry"]),
                int(value["blockNumber"]),
                str(value["blockHash"]),
                int(value["blockTime"]),
                {bytes.fromhex(entry["organisation"]): _roots(entry) for entry in value["organisations"]},
            )
        except DataError as error:
            raise CheckpointError(error.path, error.reason) from None
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError("$", f"not a checkpoint: {type(error).__name__} {error}") from None

    def serialise(self) -> bytes:
        """The file's bytes."""
        return orjson.dumps(
            {
                "type": CHECKPOINT_TYPE,
                "version": CHECKPOINT_VERSION,
                "chainId": self.chain_id,
                "registry": self.registry,
                "blockNumber": self.block_number,
                "blockHash": self.block_hash,
                "blockTime": self.block_time,
                "organisations": [
                    {"organisation": org.hex(), "head": len(roots), "roots": b64url_encode(b"".join(roots))}
                    for org, roots in sorted(self.roots.items())
                ],
            },
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )


def _roots(entry: Any) -> tuple[bytes, ...]:
    data = b64url_decode(entry["roots"])
    if len(data) != entry["head"] * HASH_SIZE:
        raise CheckpointError("$.organisations", "head and number of roots differ")
    return tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))


def compare(earlier: Checkpoint, now: Checkpoint, names: Mapping[bytes, str]) -> Iterator[Finding]:
    """Findings where the chain's past is another one than before; raises `CheckpointError` for another
    chain.
    """
    if (earlier.chain_id, earlier.registry) != (now.chain_id, now.registry):
        raise CheckpointError("$.registry", "the checkpoint is of another deployment")
    if now.block_number < earlier.block_number:
        yield Finding(
            Code.HEAD_SHORTENED,
            expected=f"block {earlier.block_number} or later",
            actual=f"block {now.block_number}",
            detail="the chain is older than at the earlier audit",
        )
    for org, roots in earlier.roots.items():
        today = now.roots.get(org, ())
        name = names.get(org, org.hex())
        if len(today) < len(roots):
            yield Finding(Code.HEAD_SHORTENED, name, expected=str(len(roots)), actual=str(len(today)))
        for sequence, (before, after) in enumerate(zip(roots, today, strict=False)):
            if before != after:
                yield Finding(Code.EQUIVOCATION, name, sequence, expected=before.hex(), actual=after.hex())
