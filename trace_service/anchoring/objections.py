"""Whether the signers of a record may say what it says at one chain time: at sealing and at release."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from trace_service.evm.registry import Authority
from verifier_cli.did import is_organisation, org_id
from verifier_cli.encoding import parse_multikey
from verifier_cli.kinds import SIGNER_ROLES
from verifier_cli.rules import combinations

ISSUER = "issuer"  # the issuer's role in `record_signature`


class Signer(NamedTuple):
    """One row of `record_signature`: DID, role, and the verificationMethod of the proof."""

    did: str
    role: str
    method: str


class Objections:
    """Objections at chain time ``at``, each asked once for a set of signers, kind and schema.

    A batch has few such sets: the registries are read some dozen times, whatever the number of its records.
    """

    def __init__(self, authority: Authority, at: int) -> None:
        self._authority = authority
        self._at = at
        self._known: dict[tuple[object, ...], tuple[str, str] | None] = {}

    def find(
        self, kind: int, schema: str, subkind: str, signers: tuple[Signer, ...]
    ) -> tuple[str, str] | None:
        """The first signer (DID) without authority and why, as a code of `Authority.trouble`; or None.

        Raises `ChainUnavailable`.
        """
        key = (kind, schema, subkind, signers)
        if key not in self._known:
            present = frozenset(signer.role for signer in signers)
            self._known[key] = self._ask(kind, issuer_mask(schema, subkind, present), signers)
        return self._known[key]

    def _ask(self, kind: int, issuer_roles: int, signers: Sequence[Signer]) -> tuple[str, str] | None:
        for did, role, method in signers:
            if not is_organisation(did):
                continue  # a person's own key: the signature is all there is to check
            roles = issuer_roles if role == ISSUER else SIGNER_ROLES.get(role, 0)
            public_key = parse_multikey(method.partition("#")[2])
            trouble = self._authority.trouble(org_id(did), public_key, kind, roles, self._at)
            if trouble is not None:
                return did, trouble
        return None


def issuer_mask(schema: str, subkind: str, present: frozenset[str]) -> int:
    """Registry roles of which the issuer of such a record must hold one, beside these countersigning roles.

    ``subkind`` is the kind inside the subject; anything where the schema makes no difference.
    """
    fitting = (row.issuer for row in combinations(schema, subkind) if row.countersigners <= present)
    return reduce(or_, (SIGNER_ROLES[role] for role in fitting), 0)
