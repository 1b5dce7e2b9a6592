"""The definitions that a report was made with: what it links, verified, and whose word they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from verifier_cli.indicators.definition import Definition, shipped
from verifier_cli.indicators.differences import Difference
from verifier_cli.indicators.errors import DefinitionError
from verifier_cli.indicators.report import Report
from verifier_cli.proof_file import ProofFile

__all__ = ["Checked", "Edition", "Linked", "linked"]

Checked = Callable[[bytes], str | None]
"""Verifies a proof file as of now: None when it is valid, else why not."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One definition as signed. `digest` is that of its record, `issuer` who says so.

    Anybody accredited for Decisions may define; whose definitions to accept is for the reader to say.
    """

    definition: Definition
    digest: str
    issuer: str

    @property
    def is_shipped(self) -> bool:
        """Whether this release defines the code in the very same way."""
        return shipped().get(self.definition.code) == self.definition

    def to_json(self) -> dict[str, Any]:
        """Its entry in the result."""
        return {
            "code": self.definition.code,
            "version": self.definition.version,
            "digest": self.digest,
            "issuer": self.issuer,
            "shipped": self.is_shipped,
            "minPersons": self.definition.min_persons,
        }


@dataclass(frozen=True, slots=True)
class Linked:
    """`editions` in the report's order; `missing` and `differences` as in a recomputation."""

    editions: tuple[Edition, ...]
    missing: tuple[Difference, ...]
    differences: tuple[Difference, ...]


def linked(report: Report, files: Mapping[str, bytes], check: Checked) -> Linked:
    """The definitions that the report links, each verified; what is not there or not valid is noted.

    `files` are proof files by digest. Two records that define one code in one version leave open which of
    them the report means: that is a difference, as is one that must not be run.
    """
    found: dict[tuple[str, str], Edition] = {}
    missing: list[Difference] = []
    differences: list[Difference] = []
    for digest in dict.fromkeys(report.based_on):
        record = ProofFile.parse(files[digest]).record if digest in files else {}
        subject = record.get("credentialSubject", {})
        if subject.get("kind") != "definition" or "definition" not in subject:
            continue  # the community's agreement, or a definition that is missed below
        trouble = check(files[digest])
        if trouble is not None:
            missing.append(Difference("definition", digest, "not_valid", detail=trouble))
            continue
        try:
            definition = Definition.of_subject(subject["definition"])
        except DefinitionError as error:
            differences.append(Difference("definition", error.code, "refused", detail=error.reason))
            continue
        key = definition.code, definition.version
        if key in found:
            differences.append(
                Difference("definition", " ".join(key), "ambiguous", found[key].digest, digest)
            )
        found.setdefault(key, Edition(definition, digest, record["issuer"]["id"]))
    missing += [
        Difference("definition", " ".join(edition), "not_found")
        for edition in report.definitions
        if edition not in found
    ]
    kept = tuple(found[edition] for edition in report.definitions if edition in found)
    return Linked(kept, tuple(missing), tuple(differences))
