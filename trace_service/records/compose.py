"""From what a caller says to the final document that signers sign (protocol sections 2 and 6).

A draft is final from the start: id, salt, status number and the digests of its links are fixed here, because
every signer must sign the same bytes. Text is brought to NFC, and the result passes the verifier's own
checks.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trace_service.config import ChainSettings
from trace_service.problems import Problem
from verifier_cli.canonical import canonical
from verifier_cli.encoding import b64url_encode, digest_multibase
from verifier_cli.profile import normalise
from verifier_cli.record import Record, context_for, status_entry
from verifier_cli.rules import link_targets, type_of

SALT_BYTES = 16  # protocol 2.2
MAX_LINKS = (
    1_000  # a certificate over a school year's practice days; the size limit of a record bites earlier
)


@dataclass(frozen=True, slots=True)
class DraftLink:
    """A link to the record ``id``. ``digest`` (32 bytes) is looked up where it is not given."""

    id: str
    rel: str
    items: tuple[str, ...] = ()
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller says of a record to be. ``schema`` as in ``activity.1``; times as YYYY-MM-DDTHH:MM:SSZ.

    ``issuer`` and ``countersigners`` (DID, role) are the signer set. ``external_ref`` and ``revision`` are
    the issuer's own: the same pair is drafted once. ``id`` is given where later drafts of one call link to
    this one.
    """

    schema: str
    issuer: str
    subject: Mapping[str, Any]
    valid_from: str
    valid_until: str | None = None
    links: tuple[DraftLink, ...] = ()
    countersigners: tuple[tuple[str, str], ...] = ()
    external_ref: str | None = None
    revision: int = 1
    id: str | None = None


class LinkTarget(NamedTuple):
    """What a link's check needs to know of the record that it names."""

    digest: bytes
    schema: str
    issuer: str


@dataclass(slots=True)
class LinkIndex:
    """Records by id that links may name: those stored before, and those composed in this call."""

    targets: dict[str, LinkTarget] = field(default_factory=dict)

    def digest_of(self, link: DraftLink, path: str) -> bytes:
        """Return the digest that ``link`` names; raises `Problem` 422 where nobody knows the record."""
        known = self.targets.get(link.id)
        if link.digest is not None and known is not None and known.digest != link.digest:
            raise wrong_digest(path)
        found = link.digest or (None if known is None else known.digest)
        if found is None:
            raise Problem(
                422,
                "record.link_unknown",
                "The linked record is not known here",
                path=path,
                fix="issue it first, or give its digestMultibase",
            )
        return found

    def check_type(self, link: DraftLink, draft: Draft, path: str) -> None:
        """Raise `Problem` 422 where the record that ``link`` names is none that ``draft`` may link so.

        A record that is not known here is looked at by whoever verifies the lineage (protocol section 9).
        """
        known = self.targets.get(link.id)
        allowed = link_targets(draft.schema).get(link.rel)
        if known is None or allowed is None:  # an unknown relation is refused with the whole document
            return
        target = known.schema.partition(".")[0]
        if target not in allowed:
            raise Problem(
                422,
                "record.link_type",
                f"A record of type {target} cannot be linked so",
                path=path,
                fix=f"{link.rel} may name: {', '.join(allowed)}",
            )
        if link.rel == "supersedes" and known.issuer != draft.issuer:
            raise Problem(
                422,
                "record.link_issuer",
                "Only its own issuer supersedes a record",
                path=path,
                fix="link it with another relation, or let its issuer supersede it",
            )


def wrong_digest(path: str) -> Problem:
    """Id and digest of a link belong to two records."""
    return Problem(
        422,
        "record.link_digest",
        "The digest is not that of the linked record",
        path=path,
        fix="leave the digest out, and it is filled in",
    )


def new_id() -> str:
    """Return a fresh record id."""
    text = secrets.token_hex(16)
    variant = "89ab"[int(text[16], 16) & 3]  # RFC 9562: two bits for the variant, four for version 4
    return f"urn:uuid:{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def compose(draft: Draft, issuer_name: str, chain: ChainSettings, number: int, links: LinkIndex) -> Record:
    """Return the final record of ``draft`` with status ``number``, and enter its digest into ``links``.

    Raises `Problem` for links that cannot be resolved and the verifier's `DataError` for anything that would
    not be accepted later.
    """
    name, _, version = draft.schema.partition(".")
    document: dict[str, Any] = {
        "@context": context_for(draft.schema),
        "id": draft.id or new_id(),
        "type": type_of(draft.schema),
        "issuer": {"id": draft.issuer, "type": ["Profile"], "name": issuer_name},
        "validFrom": draft.valid_from,
        "credentialSubject": draft.subject,
        "credentialStatus": status_entry(draft.issuer, chain.chain_id, chain.anchor_registry, number),
        "credentialSchema": {"id": f"urn:skilltrace:schema:{name}:{version}", "type": "JsonSchema"},
        "salt": b64url_encode(secrets.token_bytes(SALT_BYTES)),
    }
    if draft.valid_until is not None:
        document["validUntil"] = draft.valid_until
    if draft.links:
        document["relatedResource"] = list(_related(draft, links))
    if draft.countersigners:
        document["countersigners"] = [{"id": did, "role": role} for did, role in draft.countersigners]
    record = Record.from_canonical(_normal_text(document))
    links.targets[record.id] = LinkTarget(record.digest, draft.schema, draft.issuer)
    return record


def _normal_text(document: dict[str, Any]) -> bytes:
    """The canonical bytes with the subject in NFC. Nearly all text is already: one look at the whole is
    cheaper than one at each part."""
    text = canonical(document)
    if unicodedata.is_normalized("NFC", text.decode()):
        return text
    return canonical({**document, "credentialSubject": normalise(document["credentialSubject"])})


def _related(draft: Draft, links: LinkIndex) -> Iterable[dict[str, Any]]:
    if len(draft.links) > MAX_LINKS:
        raise Problem(422, "record.links", "Too many links", path="$.links", fix=f"at most {MAX_LINKS}")
    for position, link in enumerate(draft.links):
        path = f"$.links[{position}]"
        digest = links.digest_of(link, path)
        links.check_type(link, draft, path)
        entry = {"id": link.id, "digestMultibase": digest_multibase(digest), "rel": link.rel}
        yield {**entry, "item": list(link.items)} if link.items else entry
