"""Request bodies of the record routes: the envelope by pydantic, records by their schemas."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trace_service.limits import MAX_BODY
from trace_service.problems import Problem
from trace_service.records.compose import Draft, DraftLink
from verifier_cli.encoding import parse_digest_multibase
from verifier_cli.errors import DataError
from verifier_cli.profile import parse

MAX_BULK = 1_000  # proofs or rejections in one request: half a second of verification
MAX_COMMENT = 500
MAX_REF = 200
MAX_COUNTERSIGNERS = 16
MAX_REMINDERS = 200  # drafts in one request: a person sends them
MAX_SCORES = 200  # items that one side adds; a standard has a few dozen


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class LinkBody(_Body):
    """A link to another record; without a digest it is looked up."""

    id: str
    rel: str
    item: list[str] = []
    digest: str | None = Field(default=None, alias="digestMultibase")


class CountersignerBody(_Body):
    """Who signs beside the issuer."""

    id: str
    role: str


class DraftBody(_Body):
    """A record to compose. ``schemaName`` as in ``activity.1``; the issuer is the caller where it is left
    out.

    ``signBy`` is the time until which it is to be signed; ``contributors`` (DIDs of countersigners) are to
    add their own part before anybody is asked to sign.
    """

    schema_name: str = Field(alias="schema")
    issuer: str | None = None
    subject: dict[str, Any]
    valid_from: str = Field(alias="validFrom")
    valid_until: str | None = Field(default=None, alias="validUntil")
    links: list[LinkBody] = []
    countersigners: list[CountersignerBody] = Field(default=[], max_length=MAX_COUNTERSIGNERS)
    external_ref: str | None = Field(default=None, alias="externalRef", min_length=1, max_length=MAX_REF)
    revision: int = Field(default=1, ge=1, le=1_000_000)
    sign_by: str | None = Field(default=None, alias="signBy")
    contributors: list[str] = Field(default=[], max_length=MAX_COUNTERSIGNERS)

    def draft(self, caller_did: str) -> Draft:
        """Return what to compose."""
        return Draft(
            schema=self.schema_name,
            issuer=self.issuer or caller_did,
            subject=self.subject,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            links=tuple(_link(link, index) for index, link in enumerate(self.links)),
            countersigners=tuple((entry.id, entry.role) for entry in self.countersigners),
            external_ref=self.external_ref,
            revision=self.revision,
        )


class ProofBody(_Body):
    """One proof for the record with this digest (digestMultibase)."""

    digest: str
    proof: dict[str, Any]


class ProofsBody(_Body):
    """Proofs for many records."""

    items: list[ProofBody] = Field(min_length=1, max_length=MAX_BULK)


class RejectionBody(_Body):
    """One draft that the caller will not sign, and why."""

    digest: str
    comment: str = Field(min_length=1, max_length=MAX_COMMENT)


class RejectionsBody(_Body):
    """Rejections of many drafts."""

    items: list[RejectionBody] = Field(min_length=1, max_length=MAX_BULK)


class ApprovalBody(_Body):
    """One draft that the caller's signer may sign."""

    digest: str


class ApprovalFilter(_Body):
    """Every draft without remarks that fits. ``asOf`` is what the inbox gave: nothing newer is approved.

    ``cursor`` is ``next`` of the answer before, where many wait.
    """

    as_of: str = Field(alias="asOf", max_length=100)
    cursor: str | None = Field(default=None, max_length=100)
    schema_name: str | None = Field(default=None, alias="schema", max_length=40)
    proposer: str | None = Field(default=None, max_length=255)
    person: str | None = Field(default=None, max_length=255)
    overdue: bool | None = None


class ApprovalsBody(_Body):
    """Drafts to approve: named one by one, or all without remarks that fit a filter."""

    items: list[ApprovalBody] = Field(default=[], max_length=MAX_BULK)
    without_remarks: ApprovalFilter | None = Field(default=None, alias="withoutRemarks")

    @model_validator(mode="after")
    def _one_of_them(self) -> ApprovalsBody:
        if bool(self.items) == (self.without_remarks is not None):
            raise ValueError("give either items or withoutRemarks")
        return self


class ReminderBody(_Body):
    """One draft whose signers are to be reminded; ``signer`` names one of them."""

    digest: str
    signer: str | None = Field(default=None, max_length=255)


class RemindersBody(_Body):
    """Reminders of many drafts."""

    items: list[ReminderBody] = Field(min_length=1, max_length=MAX_REMINDERS)


class RevisionBody(_Body):
    """What changes in a draft that was sent back; what is left out stays as it was."""

    subject: dict[str, Any] | None = None
    valid_from: str | None = Field(default=None, alias="validFrom")
    valid_until: str | None = Field(default=None, alias="validUntil")
    links: list[LinkBody] | None = None
    countersigners: list[CountersignerBody] | None = Field(default=None, max_length=MAX_COUNTERSIGNERS)
    comment: str | None = Field(default=None, min_length=1, max_length=MAX_COMMENT)
    sign_by: str | None = Field(default=None, alias="signBy")
    contributors: list[str] = Field(default=[], max_length=MAX_COUNTERSIGNERS)

    def changes(self) -> dict[str, Any]:
        """Return the members of `Draft` that change."""
        found: dict[str, Any] = {}
        given = self.model_fields_set
        for name in ("subject", "valid_from"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        if "valid_until" in given:
            found["valid_until"] = self.valid_until
        if self.links is not None:
            found["links"] = tuple(_link(link, index) for index, link in enumerate(self.links))
        if self.countersigners is not None:
            found["countersigners"] = tuple((entry.id, entry.role) for entry in self.countersigners)
        return found


class ScoreBody(_Body):
    """One item's score by the contributor; its role is filled in."""

    item: str
    score: int | float
    max: int | float
    passed: bool = Field(alias="pass")


class ContributionBody(_Body):
    """The caller's own part of an evaluation; without items it says that there is nothing to add."""

    items: list[ScoreBody] = Field(default=[], max_length=MAX_SCORES)
    evaluators: list[str] = Field(default=[], max_length=MAX_COUNTERSIGNERS)
    comment: str | None = Field(default=None, min_length=1, max_length=MAX_COMMENT)


class NumbersBody(_Body):
    """How many status numbers to reserve."""

    count: int = Field(ge=1, le=100_000)


def parse_record_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request that carries a record, by the profile's strict parser."""
    value = parse(body, max_size=MAX_BODY)
    if not isinstance(value, dict):
        raise Problem(422, "request.invalid", "The body is no JSON object", path="$", fix="see /docs")
    return value


def parse_bulk_body(body: bytes) -> Any:
    """Return the JSON of a bulk request; each proof inside is held against the profile by itself later."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(
            400, "request.unreadable", "The body is not JSON", detail=str(error.msg), path="$"
        ) from None


def read_as(model: type[BaseModel], value: Any) -> Any:
    """Return ``value`` as ``model``; raises the same error as FastAPI does, so that the answer is
    the same."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(details) from None


def read_digest(text: str, path: str) -> bytes:
    """Return the 32 bytes of a digestMultibase; raises `Problem` 422."""
    try:
        return parse_digest_multibase(text)
    except DataError as error:
        raise Problem(
            422, "request.digest", "Not a digestMultibase", detail=error.reason, path=path
        ) from None


def _link(link: LinkBody, index: int) -> DraftLink:
    digest = None
    if link.digest is not None:
        digest = read_digest(link.digest, f"$.links[{index}].digestMultibase")
    return DraftLink(link.id, link.rel, tuple(link.item), digest)
