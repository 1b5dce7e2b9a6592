"""One way to write an entry: who signs, what, when, on which links."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from samples.community.days import at
from samples.community.model import Entry, LinkTo
from samples.community.organisations import Organisation

__all__ = ["label", "made"]


@lru_cache(maxsize=256)
def _countersigners(others: tuple[Organisation, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((other.did, other.signs_as) for other in others)


def made(
    ref: str,
    schema: str,
    signers: tuple[Organisation, ...],
    subject: Mapping[str, Any],
    day: str,
    *links: LinkTo,
    revision: int = 1,
    revoked_on: str | None = None,
    valid_until: str | None = None,
) -> Entry:
    """An entry of schema version 1; the first signer issues it, on a local date."""
    return Entry(
        ref,
        f"{schema}.1",
        signers[0].did,
        _countersigners(signers[1:]),
        subject,
        at(day),
        links,
        revision,
        revoked_on,
        None if valid_until is None else at(valid_until),
    )


def label(zh: str, en: str) -> dict[str, str]:
    """A name in Chinese and English."""
    return {"zh": zh, "en": en}
