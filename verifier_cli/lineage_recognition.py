"""Mutual recognition: what a credential counts as elsewhere, by the agreement that it names.

A credential may say that it equals a level of another framework. That is worth what the agreement behind it
is worth: it must verify, be signed by every party, be in force on the day from which the credential is valid,
and list the credential's standard and level. Everything else is shown as not confirmed, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from verifier_cli.encoding import format_time, parse_time
from verifier_cli.record import Link, Record
from verifier_cli.report import Equivalent, Outcome, Report, Step, Verdict

__all__ = ["LookUp", "Successors", "equivalents_of"]

LOCAL_OFFSET: Final = 8 * 3600
"""Days of records are days of Asia/Shanghai, which has no summer time."""

MAX_REVISIONS: Final = 32
"""Newer revisions of one agreement looked at; more than any agreement has years."""

LookUp = Callable[[Link], tuple[Report | None, str | None]]
"""A linked record's report, verified and compared with the link, or None and a reason code."""

Successors = Callable[[str, bytes], list[Report]]
"""Reports of records at hand that claim to supersede the one with this id and record_digest."""


class _Claim(NamedTuple):
    """What the credential itself says it equals (`achievement.alignment`): a code in a framework."""

    framework: str
    code: str


class _Judged(NamedTuple):
    """One agreement that the credential names: what it says, and why that does not bear the credential."""

    link: Link
    subject: dict[str, Any] | None
    reason: str | None


def equivalents_of(record: Record, look_up: LookUp, successors: Successors) -> tuple[Equivalent, ...]:
    """What `record` counts as under the agreements that it names, in the order of its links.

    Empty for records that name none. Claims of the credential that no agreement lists come last, not
    confirmed; so does an agreement that lists nothing for it where nothing is claimed.
    """
    if record.schema.partition(".")[0] != "credential":
        return ()
    links = [link for link in record.links if link.rel == "recognisedUnder"]
    if not links:
        return ()
    codes, trouble = _standard_codes(record, look_up)
    judged = [_judge(record, link, trouble, look_up, successors) for link in links]
    level = record.document["credentialSubject"].get("level")
    found = [item for agreement in judged for item in _listed(agreement, codes, level)]
    left = [claim for claim in _claims(record) if not any(_same(claim, item) for item in found)]
    if left or not found:
        # Of several agreements one that bears the credential says more: that it does not list the claim.
        best = min(judged, key=lambda agreement: agreement.reason is not None)
        reason = best.reason or "not_listed"
        found += [
            _equivalent(best, claim.framework, "", claim.code, reason) for claim in left or [_Claim("", "")]
        ]
    return tuple(found)


def _judge(
    record: Record, link: Link, trouble: str | None, look_up: LookUp, successors: Successors
) -> _Judged:
    report, missing = look_up(link)
    if report is None:
        known = missing in ("withheld", "digest_differs")
        return _Judged(link, None, f"agreement_{missing}" if known else "agreement_missing")
    subject = _agreement(report)
    if subject is None:
        return _Judged(link, None, "agreement_not_recognition")
    reason = _objection(report, subject, _day(record.valid_from), successors) or trouble
    return _Judged(link, subject, reason)


def _listed(agreement: _Judged, codes: frozenset[str], level: str | None) -> Iterator[Equivalent]:
    """Rows of the equivalence table for a standard and level; a row without a level is for every level."""
    if agreement.subject is None:
        return
    recognition = agreement.subject["recognition"]
    for row in recognition["equivalences"]:
        if row["achievement"] in codes and row.get("level", level) == level:
            yield _equivalent(
                agreement, recognition["framework"], row["targetType"], row["targetLevel"], agreement.reason
            )


def _equivalent(
    agreement: _Judged, framework: str, target_type: str, target_level: str, reason: str | None
) -> Equivalent:
    parties = () if agreement.subject is None else agreement.subject["parties"]
    bodies = tuple(party["id"] for party in parties)
    return Equivalent(agreement.link.id, framework, target_type, target_level, bodies, reason)


def _claims(record: Record) -> Iterator[_Claim]:
    for entry in record.document["credentialSubject"]["achievement"].get("alignment", ()):
        yield _Claim(entry.get("targetFramework", ""), entry.get("targetCode") or entry["targetName"])


def _same(claim: _Claim, item: Equivalent) -> bool:
    """Whether a claim is this row: its framework is the agreement's or the type's name (EQF)."""
    return claim.code == item.target_level and claim.framework in (item.framework, item.target_type)


def _standard_codes(record: Record, look_up: LookUp) -> tuple[frozenset[str], str | None]:
    """Codes of the standards that the credential awards, as far as those hold; why there are none."""
    codes: set[str] = set()
    trouble: str | None = "standard_unknown"
    for link in record.links:
        if link.rel == "awards":
            report, _ = look_up(link)
            if report is not None and report.document is not None and _holds(report):
                codes.add(report.document["credentialSubject"]["code"])
                trouble = None
    return frozenset(codes), trouble


def _agreement(report: Report) -> dict[str, Any] | None:
    if report.document is None or (report.schema or "").partition(".")[0] != "agreement":
        return None
    subject: dict[str, Any] = report.document["credentialSubject"]
    return subject if subject.get("kind") == "recognition" and "recognition" in subject else None


def _objection(report: Report, subject: dict[str, Any], day: str, successors: Successors) -> str | None:
    """Why the agreement does not bear a credential of that day; None when it does."""
    if report.verdict is Verdict.NOT_VALID:
        status = report.step(Step.STATUS)
        withdrawn = status.outcome is Outcome.FAILED
        return f"agreement_{status.reason}" if withdrawn else "agreement_not_valid"
    if report.verdict is Verdict.UNDECIDED:
        return "agreement_undecided"
    bodies = {party["id"] for party in subject["parties"]}
    if len(bodies) < 2 or not bodies <= {signer.id for signer in report.signers}:
        return "agreement_not_signed"
    if day < subject["from"] or ("to" in subject and day > subject["to"]):
        return "agreement_not_in_force"
    if _ended(subject, day):
        return "agreement_ended"
    return _replaced(report, day, successors)


def _ended(subject: dict[str, Any], day: str) -> bool:
    return "ended" in subject and bool(subject["ended"]["on"] <= day)


def _replaced(report: Report, day: str, successors: Successors) -> str | None:
    """Whether a newer revision ended or replaced the agreement by that day.

    Where the chain says that there is one and nobody shows it, its date is unknown.
    """
    waiting, seen = [report], {report.record_digest}
    known = False
    while waiting and len(seen) <= MAX_REVISIONS:
        current = waiting.pop()
        assert current.record_id is not None
        assert current.record_digest is not None
        for newer in successors(current.record_id, bytes.fromhex(current.record_digest[2:])):
            if newer.record_digest in seen or not _supersedes(newer, current):
                continue
            known = True
            seen.add(newer.record_digest)
            waiting.append(newer)
            assert newer.document is not None
            if _ended(newer.document["credentialSubject"], day):
                return "agreement_ended"
            if _day(parse_time(newer.document["validFrom"])) <= day:
                return "agreement_superseded"
    superseded = any(remark.code == "superseded" for remark in report.remarks)
    return "agreement_superseded" if superseded and not known else None


def _supersedes(newer: Report, older: Report) -> bool:
    """Whether `newer` holds, is of the same issuer, and links `older` by its very digest."""
    if not _holds(newer) or newer.document is None or older.document is None or newer.schema != older.schema:
        return False
    if newer.document["issuer"]["id"] != older.document["issuer"]["id"]:
        return False
    return any(
        link.rel == "supersedes" and f"0x{link.digest.hex()}" == older.record_digest
        for link in Record.from_value(dict(newer.document)).links
    )


def _holds(report: Report) -> bool:
    return report.verdict in (Verdict.VALID, Verdict.VALID_WITH_REMARKS)


def _day(seconds: int) -> str:
    """The local day of a moment, YYYY-MM-DD."""
    return format_time(seconds + LOCAL_OFFSET)[:10]
