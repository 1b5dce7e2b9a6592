"""What an audit asks of the chain, all of it as of one block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from verifier_cli.audit.witnesses import SignerUse
from verifier_cli.authority import Objection
from verifier_cli.evidence import Batch

NOT_COVERED = "not_covered"
"""Reason of an objection that says: this source of facts does not know the organisation."""


class ChainFacts(Protocol):
    """The chain's side of an audit. Organisations are named by org_id (32 bytes); times are epoch seconds.

    Everything was read before, so nothing here waits or fails.
    """

    @property
    def chain_id(self) -> int:
        """EIP-155 id."""

    @property
    def registry(self) -> str:
        """The AnchorRegistry, lower-case hex with 0x."""

    @property
    def block_number(self) -> int:
        """The block that everything is as of."""

    @property
    def block_hash(self) -> str:
        """Its hash, lower-case hex with 0x."""

    @property
    def block_time(self) -> int:
        """Its time."""

    def organisations(self) -> Sequence[bytes]:
        """Every organisation of the registry."""

    def batches(self, org: bytes) -> Sequence[Batch]:
        """Headers of all batches of an organisation, from sequence 0; empty for an unknown one."""

    def covers(self, org: bytes) -> bool:
        """Whether the batches of an organisation are known here at all."""

    def signer_fault(self, org: bytes, sequence: int, use: SignerUse) -> Objection | None:
        """Why the key had no authority for the kind and role when the batch was anchored; None if it had.

        Reason "not_covered": unknown here, so nothing can be said.
        """

    def account_fault(self, org: bytes, sequence: int) -> Objection | None:
        """Why the batch's account had no right to anchor it; None if it had."""
