"""A countersigner's own scores in a proposed evaluation: both sides' scores live in one co-signed record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trace_service.problems import Problem
from trace_service.records.requests import ContributionBody


@dataclass(frozen=True, slots=True)
class Contribution:
    """The parts of an evaluation that a contribution changes: the subject and the links."""

    subject: dict[str, Any]
    links: list[dict[str, Any]]


def add_scores(
    document: dict[str, Any], did: str, roles: Collection[str], body: ContributionBody
) -> Contribution:
    """Return subject and links of ``document`` with the scores of ``did`` added or changed.

    Scores and evaluators of other roles stay as they are, in their places. Raises `Problem` 422 where the
    contributor has no role that scores, or names an item twice.
    """
    if len(roles) != 1:
        raise Problem(422, "contribution.role", "The signer has no role of its own that gives scores")
    (role,) = roles
    given = {}
    for index, score in enumerate(body.items):
        if score.item in given:
            raise Problem(422, "contribution.item", "An item is scored twice", path=f"$.items[{index}].item")
        given[score.item] = {
            "item": score.item,
            "score": score.score,
            "max": score.max,
            "pass": score.passed,
            "by": role,
        }
    fresh = dict(given)
    items = [
        fresh.pop(item["item"], item) if item["by"] == role else item
        for item in document["credentialSubject"].get("items", ())
    ]
    subject = {**document["credentialSubject"], "items": [*items, *fresh.values()]}
    if body.evaluators:
        others = [entry for entry in subject.get("evaluators", ()) if entry["role"] != role]
        ours = [{"id": person, "org": did, "role": role} for person in body.evaluators]
        subject["evaluators"] = [*others, *ours]
    return Contribution(subject, _aligned(document.get("relatedResource", []), list(given)))


def _aligned(links: list[dict[str, Any]], codes: list[str]) -> list[dict[str, Any]]:
    """The link to the standard names every item that is scored, where it names any."""
    return [
        {**link, "item": list(dict.fromkeys((*link["item"], *codes)))}
        if link["rel"] == "alignsTo" and "item" in link
        else link
        for link in links
    ]
