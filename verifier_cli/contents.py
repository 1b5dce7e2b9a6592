"""What a record says, in words: one phrase that names it, and its important members with plain labels.

Only called on documents that passed the schema step, so members are where the schema puts them. Whether what
is said is true, is not decided here: `render` says it as a fact or as a claim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from verifier_cli import contents_training as training
from verifier_cli.contents_form import Contents, Members, named, number, plural, word_for
from verifier_cli.schema_words import value_word
from verifier_cli.texts import Language, Sentence

__all__ = ["Contents", "describe", "word_for"]


def describe(schema: str, document: dict[str, Any], language: Language) -> Contents:
    """The contents of a valid document of `schema` (`activity.1`), for people."""
    members = Members(language)
    title = _DESCRIBERS[schema](document["credentialSubject"], members)
    if "validUntil" in document:
        members.add("valid_until", document["validUntil"][:10])
    return members.contents(title)


def _words(schema: str, member: str, value: str) -> Sentence:
    return value_word(schema, member, value, "en"), value_word(schema, member, value, "zh")


def _agreement(subject: dict[str, Any], members: Members) -> Sentence:
    members.rest("agreement.1", subject)
    what = _words("agreement.1", "kind", subject["kind"])
    name, first = subject["name"], subject["from"]
    last = subject.get("to")
    english = f"from {first}" if last is None else f"from {first} to {last}"
    chinese = f"{first} 起" if last is None else f"{first} 至 {last}"
    return f"{what[0]}: {named(name, 'en')}, {english}", f"{what[1]}《{named(name, 'zh')}》（{chinese}）"


def _demand(subject: dict[str, Any], members: Members) -> Sentence:
    members.rest("demand.1", subject)
    what = _words("demand.1", "kind", subject["kind"])
    name, posts, needed = subject["post"]["name"], subject["posts"], subject["neededBy"]
    return (
        f"{what[0]}: {posts} x {named(name, 'en')}, needed by {needed}",
        f"{what[1]}：{named(name, 'zh')} {posts} 个，{needed} 前到岗",
    )


def _creditentry(subject: dict[str, Any], members: Members) -> Sentence:
    members.rest("creditentry.1", subject)
    what = _words("creditentry.1", "op", subject["op"])
    amount = number(subject["amount"] / 100)
    day = subject["on"]
    return f"{what[0]} of {plural(amount, 'credit')} on {day}", f"{day} {what[1]} {amount} 学分"


def _outcome(subject: dict[str, Any], members: Members) -> Sentence:
    members.rest("outcome.1", subject)
    what = _words("outcome.1", "kind", subject["kind"])
    return f"outcome: {what[0]}, as of {subject['asOf']}", f"成果：{what[1]}（截至 {subject['asOf']}）"


def _resource(subject: dict[str, Any], members: Members) -> Sentence:
    members.rest("resource.1", subject)
    what = _words("resource.1", "kind", subject["kind"])
    name, provider = subject["name"], subject["provider"]
    return (
        f"{what[0]} {named(name, 'en')}, provided by {provider}",
        f"{what[1]}“{named(name, 'zh')}”，由 {provider} 提供",
    )


def _decision(subject: dict[str, Any], members: Members) -> Sentence:
    members.rest("decision.1", subject)
    what = _words("decision.1", "kind", subject["kind"])
    result = _words("decision.1", "result", subject["result"])
    title = subject["title"]
    return (
        f"{what[0]} {named(title, 'en')} of {subject['on']}: {result[0]}",
        f"{subject['on']} {what[1]}《{named(title, 'zh')}》：{result[1]}",
    )


_DESCRIBERS: Final[dict[str, Callable[[dict[str, Any], Members], Sentence]]] = {
    "party.1": training.party,
    "standard.1": training.standard,
    "enrolment.1": training.enrolment,
    "activity.1": training.activity,
    "evaluation.1": training.evaluation,
    "credential.1": training.credential,
    "agreement.1": _agreement,
    "demand.1": _demand,
    "creditentry.1": _creditentry,
    "outcome.1": _outcome,
    "resource.1": _resource,
    "decision.1": _decision,
}
