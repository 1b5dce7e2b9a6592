"""The signer's loop: fetch, check, sign, hand in.

The signer trusts the service with nothing but delivery: each document is parsed and validated here, its
digest is computed here, and it must name this organisation. What does not pass is not signed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from trace_service.signer.client import Page, SigningClient
from trace_service.signer.policy import SIGN_ALL, Policy, Question
from trace_service.signer.proofs import RecordSigner
from verifier_cli.did import is_organisation
from verifier_cli.encoding import digest_multibase
from verifier_cli.errors import TraceError
from verifier_cli.record import Record

PAGE = 500  # documents a request: about 1 MB
POLL_SECONDS = 1.0  # between looks at an empty inbox

Partners = frozenset[str] | None  # DIDs to sign with; None: whoever is registered with the service

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms this organisation signs."""

    partners: Partners
    policy: Policy


@dataclass(slots=True)
class Tally:
    """What was done: proofs accepted, records completed by them, documents refused here or by the service."""

    accepted: int = 0
    completed: int = 0
    refused: int = 0
    told: set[str] = field(default_factory=set)  # refusals already logged

    def tell(self, digest: str, reason: str) -> None:
        """Count and log a refusal, once for each document."""
        if digest not in self.told:
            self.told.add(digest)
            self.refused += 1
            _log.warning("not signed: %s: %s", digest, reason)


def sign_waiting(
    client: SigningClient,
    signer: RecordSigner,
    tally: Tally,
    stop: Callable[[], bool],
    partners: Partners = None,
    policy: Policy = SIGN_ALL,
) -> int:
    """Sign everything that waits now and may be signed; return how many proofs the service accepted.

    ``partners``: see `check_request`; ``policy`` says what is signed without a person's approval.
    """
    before = tally.accepted
    terms = Terms(partners, policy)
    for question in policy.questions():
        cursor = None
        while not stop():
            page: Page = client.requests(cursor, PAGE, *_filter(question))
            proofs = list(_sign(page.items, signer, tally, terms))
            if proofs:
                _count(client.proofs(proofs), tally)
                _log.info("signed %d, accepted %d so far", len(proofs), tally.accepted)
            cursor = page.cursor
            if cursor is None:
                break
    return tally.accepted - before


def _filter(question: Question) -> tuple[Question, ...]:
    return (question,) if question.approved or question.schemas else ()


def watch(
    client: SigningClient,
    signer: RecordSigner,
    tally: Tally,
    wait: Callable[[float], bool],
    partners: Partners = None,
    policy: Policy = SIGN_ALL,
) -> None:
    """Sign whatever comes and may be signed until a stop is asked for."""
    while not wait(0):
        signed = sign_waiting(client, signer, tally, lambda: wait(0), partners, policy)
        if not signed and wait(POLL_SECONDS):
            return


def check_request(item: dict[str, Any], did: str, partners: Partners = None) -> Record:
    """Return the record that is asked to be signed; raises `TraceError` or ValueError where it may not be.

    Whoever drafts a record is among its signers, whatever the service says. With ``partners`` (DIDs) a record
    that names any other organisation is refused, so that no stranger's draft is signed unseen.
    """
    record = Record.from_document(item["document"])
    if record.proofs:
        raise ValueError("a document to sign carries no proofs")
    if digest_multibase(record.digest) != item["digest"]:
        raise ValueError("the digest is not that of the document")
    roles = {record.issuer: "issuer"} | {entry.id: entry.role for entry in record.countersigners}
    if roles.get(did) != item["role"]:
        raise ValueError("the document does not name this organisation in that role")
    strangers = [] if partners is None else [name for name in roles if name not in partners | {did}]
    if any(map(is_organisation, strangers)):
        raise ValueError(
            f"{', '.join(filter(is_organisation, strangers))} is not among the partners (--with)"
        )
    return record


def _sign(
    items: Iterable[dict[str, Any]], signer: RecordSigner, tally: Tally, terms: Terms
) -> Iterable[tuple[bytes, bytes]]:
    created = int(time.time())
    for item in items:
        try:
            record = check_request(item, signer.did, terms.partners)
        except (TraceError, ValueError, KeyError, TypeError) as error:
            tally.tell(str(item.get("digest")), str(error))
            continue
        if not terms.policy.may_sign(record.schema, item.get("approved") is True):
            continue  # it waits for a person
        yield record.digest, signer.proof(record.digest, record.schema, created)


def _count(results: Iterable[dict[str, Any]], tally: Tally) -> None:
    for result in results:
        if result["result"] == "refused":
            tally.tell(result["digest"], f"{result.get('code')}: {result.get('detail')}")
        elif result["result"] == "accepted":
            tally.accepted += 1
            tally.completed += "receipt" in result
