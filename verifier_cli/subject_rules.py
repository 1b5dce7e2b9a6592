"""Rules between members of a subject: impossible dates, numbers and references (protocol 2.2).

One function per record type, called on subjects that passed their JSON Schema. Dates are texts YYYY-MM-DD, so
they compare as dates do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from verifier_cli.errors import SchemaError

__all__ = ["check_subject", "described_rules"]

WHOLE: Final = 10_000
"""All of something, in the parts in which shares and weights are given."""

MINUTES_A_DAY: Final = 24 * 60

_Subject = dict[str, Any]


def check_subject(type_name: str, subject: _Subject, signers: frozenset[str]) -> None:
    """Every rule of the type `activity`, ...; `signers` are the DIDs of the record's whole signer set.

    Raises SchemaError with the path of the member that cannot be.
    """
    _RULES[type_name](subject, signers)


def described_rules(type_name: str) -> str:
    """The rules of a type in one paragraph, for its reference."""
    return " ".join((_RULES[type_name].__doc__ or "").split())


def _refuse(path: str, reason: str) -> SchemaError:
    return SchemaError(f"$.credentialSubject.{path}", reason)


def _after(holder: _Subject, first: str, last: str, at: str = "") -> None:
    """A period's end, itself outside the period, is later than its beginning."""
    if first in holder and last in holder and holder[last] <= holder[first]:
        raise _refuse(f"{at}{last}", f"not after {first}")


def _not_before(holder: _Subject, first: str, last: str, at: str = "") -> None:
    """Something that happens later may happen on the same day."""
    if first in holder and last in holder and holder[last] < holder[first]:
        raise _refuse(f"{at}{last}", f"before {first}")


def _within_whole(entries: Iterable[_Subject], member: str, at: str) -> None:
    total = 0
    for index, entry in enumerate(entries):
        total += entry.get(member, 0)
        if total > WHOLE:
            raise _refuse(f"{at}[{index}].{member}", f"the shares sum to more than {WHOLE}")


def _distinct(entries: Iterable[_Subject], members: tuple[str, ...], at: str) -> None:
    """No two entries agree in all `members`."""
    seen = set()
    for index, entry in enumerate(entries):
        key = tuple(entry.get(member) for member in members)
        if key in seen:
            raise _refuse(f"{at}[{index}].{members[0]}", "given twice")
        seen.add(key)


def _signed_by(did: str | None, path: str, signers: frozenset[str]) -> None:
    if did is not None and did not in signers:
        raise _refuse(path, "must be the issuer or a countersigner of this record")


def _party(subject: _Subject, signers: frozenset[str]) -> None:
    """Only a group has members."""
    if "members" in subject and subject["kind"] != "group":
        raise _refuse("members", "only a group has members")


def _agreement(subject: _Subject, signers: frozenset[str]) -> None:
    """It ends after it begins; terms are due, and it is ended, not before it begins. Each party is issuer or
    countersigner, named once; shares of one sort sum to at most 10,000. Codes of terms, levels of pay rules,
    code and version of conversion rules, and equivalences are given once."""
    _after(subject, "from", "to")
    parties = subject["parties"]
    _distinct(parties, ("id",), "parties")
    for member in ("shareBp", "riskShareBp", "stakeBp"):
        _within_whole(parties, member, "parties")
    for index, party in enumerate(parties):
        _signed_by(party["id"], f"parties[{index}].id", signers)
    terms = subject.get("terms", ())
    _distinct(terms, ("code",), "terms")
    for index, term in enumerate(terms):
        if term.get("due", subject["from"]) < subject["from"]:
            raise _refuse(f"terms[{index}].due", "before the agreement is in force")
    _distinct(subject.get("payRules", ()), ("level",), "payRules")
    _distinct(subject.get("rules", ()), ("code", "version"), "rules")
    if "recognition" in subject:
        at = "recognition.equivalences"
        _distinct(subject["recognition"]["equivalences"], ("achievement", "level", "targetType"), at)
    if "ended" in subject and subject["ended"]["on"] < subject["from"]:
        raise _refuse("ended.on", "before from")


def _standard(subject: _Subject, signers: frozenset[str]) -> None:
    """Codes of levels, items, processes and resources are given once; an item's level and process are of this
    standard. An alignment starts at an item of this standard, is given once, and who confirmed it signs."""
    for member in ("levels", "items", "processes"):
        _distinct(subject.get(member, ()), ("code",), member)
    levels = {level["code"] for level in subject["levels"]}
    processes = {process["code"] for process in subject.get("processes", ())}
    for index, item in enumerate(subject["items"]):
        if "level" in item and item["level"] not in levels:
            raise _refuse(f"items[{index}].level", "no level of this standard")
        if "process" in item and item["process"] not in processes:
            raise _refuse(f"items[{index}].process", "no process of this standard")
    items = {item["code"] for item in subject["items"]}
    alignments = subject.get("alignments", ())
    _distinct(alignments, ("from", "standard", "item"), "alignments")
    for index, alignment in enumerate(alignments):
        if alignment["from"] not in items:
            raise _refuse(f"alignments[{index}].from", "no item of this standard")
        _signed_by(alignment.get("by"), f"alignments[{index}].by", signers)
    _distinct(subject.get("resources", ()), ("code",), "resources")


def _demand(subject: _Subject, signers: frozenset[str]) -> None:
    """Needed and valid not before it is stated; a forecast period ends after it begins."""
    _not_before(subject, "from", "neededBy")
    _not_before(subject, "from", "validUntil")
    _after(subject.get("forecastFor", {}), "from", "to", "forecastFor.")


def _enrolment(subject: _Subject, signers: frozenset[str]) -> None:
    """It ends after it begins; completion, stage and the end of a mentor's time are not before their
    beginning. A reason for leaving needs the status left."""
    _after(subject, "from", "to")
    _not_before(subject, "from", "completedOn")
    _not_before(subject, "from", "stageSince")
    for index, mentor in enumerate(subject.get("mentors", ())):
        _not_before(mentor, "from", "to", f"mentors[{index}].")
    if "leftReason" in subject and subject["status"] != "left":
        raise _refuse("leftReason", "the trainee has not left")


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _activity(subject: _Subject, signers: frozenset[str]) -> None:
    """Breaks are shorter than the shift; no more errors than operations."""
    for index, day in enumerate(subject["days"]):
        # An end at or before the start lies on the next day; equal times are a full day.
        span = (_minutes(day["end"]) - _minutes(day["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
        if day["breakMinutes"] >= span:
            raise _refuse(f"days[{index}].breakMinutes", "as long as the day itself")
    if subject.get("opErrors", 0) > subject.get("ops", 0):
        raise _refuse("opErrors", "more errors than operations")


def _evaluation(subject: _Subject, signers: frozenset[str]) -> None:
    """No score above its maximum; no more valid answers than were sent; a survey has answers or counts."""
    for index, item in enumerate(subject.get("items", ())):
        if item["score"] > item["max"]:
            raise _refuse(f"items[{index}].score", "above the maximum")
    survey = subject.get("survey", {})
    if survey.get("valid", 0) > survey.get("sent", survey.get("valid", 0)):
        raise _refuse("survey.valid", "more answers than were sent")
    if survey and not survey["answers"] and "sent" not in survey:
        raise _refuse("survey.answers", "neither answers nor the counts of a whole survey")


def _credential(subject: _Subject, signers: frozenset[str]) -> None:
    """Results refer to a result description of the achievement; practice does not end before it begins."""
    descriptions = {entry["id"] for entry in subject["achievement"].get("resultDescription", ())}
    for index, result in enumerate(subject.get("result", ())):
        if result.get("resultDescription", "") not in descriptions:
            raise _refuse(f"result[{index}].resultDescription", "not described")
    _not_before(subject, "activityStartDate", "activityEndDate")


# Members that belong to one operation of the credit bank alone.
_OPERATION_MEMBERS: Final = {
    "rule": "convert",
    "converted": "convert",
    "to": "transfer",
    "course": "redeem",
    "period": "statement",
    "balances": "statement",
}


def _creditentry(subject: _Subject, signers: frozenset[str]) -> None:
    """The bank is issuer or countersigner. Members of another operation are refused; only a statement may
    move nothing; a transfer goes to another account, a conversion to another kind; balances name a kind
    once."""
    op = subject["op"]
    _signed_by(subject["bank"], "bank", signers)
    for member, owner in _OPERATION_MEMBERS.items():
        if member in subject and op != owner:
            raise _refuse(member, f"only for {owner}")
    if op != "statement" and subject["amount"] == 0:
        raise _refuse("amount", "moves nothing")
    goes_to = subject.get("to")
    if goes_to == {"bank": subject["bank"], "creditKind": subject["creditKind"]}:
        raise _refuse("to", "the account it comes from")
    if subject.get("converted", {}).get("creditKind") == subject["creditKind"]:
        raise _refuse("converted.creditKind", "the kind it is converted from")
    _after(subject.get("period", {}), "from", "to", "period.")
    _distinct(subject.get("balances", ()), ("creditKind",), "balances")


def _outcome(subject: _Subject, signers: frozenset[str]) -> None:
    """Neither its end nor its day lies before its start."""
    _not_before(subject, "start", "end")
    _not_before(subject, "start", "asOf")


def _resource(subject: _Subject, signers: frozenset[str]) -> None:
    """It ends after it begins; contributors are named once, their shares sum to at most 10,000."""
    _after(subject, "from", "to")
    contributors = subject.get("contributors", ())
    _distinct(contributors, ("id",), "contributors")
    _within_whole(contributors, "shareBp", "contributors")


def _decision(subject: _Subject, signers: frozenset[str]) -> None:
    """The deciding body is issuer or countersigner. Not closed before it is opened; no more votes than
    members; weights sum to 10,000; a target differs from its base; codes of criteria, weights, targets,
    definitions and values are given once; a value is there if and only if its state says so."""
    _signed_by(subject["body"], "body", signers)
    _not_before(subject, "opened", "closed")
    _distinct(subject.get("criteria", ()), ("code",), "criteria")
    if "votes" in subject:
        _check_votes(subject["votes"])
    if "weights" in subject:
        entries = subject["weights"]["entries"]
        _distinct(entries, ("code",), "weights.entries")
        if sum(entry["weightBp"] for entry in entries) != WHOLE:
            raise _refuse("weights.entries", f"the weights do not sum to {WHOLE}")
    targets = subject.get("targets", ())
    _distinct(targets, ("code",), "targets")
    for index, target in enumerate(targets):
        if target["target"] == target["base"]:
            raise _refuse(f"targets[{index}].target", "equal to base")
    if "report" in subject:
        _check_report(subject["report"])


def _check_votes(votes: _Subject) -> None:
    if votes["for"] + votes["against"] + votes["abstain"] > votes["members"]:
        raise _refuse("votes.members", "fewer than the votes")
    if votes["quorum"] > votes["members"]:
        raise _refuse("votes.quorum", "more than all members")


def _check_report(report: _Subject) -> None:
    _after(report, "from", "to", "report.")
    _distinct(report["definitions"], ("code",), "report.definitions")
    _distinct(report["values"], ("code",), "report.values")
    for index, value in enumerate(report["values"]):
        if (value["state"] == "value") != ("value" in value):
            raise _refuse(f"report.values[{index}].value", "a value, if and only if the state says so")


_RULES: Final[dict[str, Callable[[_Subject, frozenset[str]], None]]] = {
    "party": _party,
    "agreement": _agreement,
    "standard": _standard,
    "demand": _demand,
    "enrolment": _enrolment,
    "activity": _activity,
    "evaluation": _evaluation,
    "credential": _credential,
    "creditentry": _creditentry,
    "outcome": _outcome,
    "resource": _resource,
    "decision": _decision,
}
