"""The report: values, and the digests' root that says of which records they were made."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from verifier_cli.indicators.definition import Definition
from verifier_cli.indicators.errors import DefinitionError
from verifier_cli.indicators.times import parse_day
from verifier_cli.indicators.values import Value
from verifier_cli.merkle import Tree
from verifier_cli.record import Record

__all__ = ["EMPTY_ROOT", "Report", "input_root", "report_subject"]

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root over no record (RFC 6962, section 2.1)."""


def input_root(digests: Iterable[str]) -> bytes:
    """RFC 6962 root over record digests (hexadecimal), each once, sorted bytewise; the leaf is the digest."""
    ordered = sorted(set(digests))
    if not ordered:
        return EMPTY_ROOT
    return Tree(hashlib.sha256(b"\x00" + bytes.fromhex(digest)).digest() for digest in ordered).root


def report_subject(
    *,
    period: tuple[datetime.date, datetime.date],
    community: str,
    block: tuple[int, int, str],
    digests: Sequence[str],
    definitions: Iterable[Definition],
    values: Iterable[Value],
) -> dict[str, Any]:
    """The member `report` of a Decision. `block` is (chain id, number, hash as 0x…), `digests` the inputs."""
    return {
        "from": period[0].isoformat(),
        "to": period[1].isoformat(),
        "community": community,
        "chainId": block[0],
        "block": block[1],
        "blockHash": block[2],
        "inputRoot": f"0x{input_root(digests).hex()}",
        "inputCount": len(set(digests)),
        "definitions": [{"code": item.code, "version": item.version} for item in definitions],
        "values": [value.to_subject() for value in values],
    }


@dataclass(frozen=True, slots=True)
class Report:
    """A signed report as its reader needs it. `based_on` are the digests (hexadecimal) that it links."""

    period_from: datetime.date
    period_to: datetime.date
    community: str
    chain_id: int
    block: int
    block_hash: str
    input_root: str
    input_count: int
    definitions: tuple[tuple[str, str], ...]
    values: Mapping[str, Mapping[str, Any]]
    based_on: tuple[str, ...]
    issuer: str = ""

    @classmethod
    def of(cls, record: Record) -> Report:
        """From a valid record. Raises DefinitionError when it is no report."""
        subject = record.document["credentialSubject"]
        given = subject.get("report")
        if record.schema.partition(".")[0] != "decision" or subject["kind"] != "report" or given is None:
            raise DefinitionError("report", "$.credentialSubject.report", "the record is no indicator report")
        return cls(
            parse_day(given["from"]),
            parse_day(given["to"]),
            given["community"],
            given["chainId"],
            given["block"],
            given.get("blockHash", ""),
            given["inputRoot"],
            given["inputCount"],
            tuple((item["code"], item["version"]) for item in given["definitions"]),
            {item["code"]: item for item in given["values"]},
            tuple(link.digest.hex() for link in record.links if link.rel == "basedOn"),
            record.issuer,
        )
