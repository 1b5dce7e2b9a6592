"""The community as workbooks: who uploads what, in which order, so that every link finds its target."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

from samples.community.model import Community, Entry
from samples.community.organisations import BY_DID, ORGANISATIONS, Organisation
from samples.community.planted import planted

__all__ = [
    "DEPOSIT_ROUND",
    "REFUSED_ROUND",
    "SPENDING_ROUND",
    "Rounds",
    "organisations_json",
    "rounds",
    "uploader_of",
    "write_files",
]

DEPOSIT_ROUND: Final = 10
SPENDING_ROUND: Final = 11
"""Credits go into accounts on signed credentials, and out of them on signed entries: from round 10 on, all
rounds before must be signed."""
REFUSED_ROUND: Final = 99
"""The last round: what a service must refuse."""


class Rounds(NamedTuple):
    """(round, uploader's code) -> entries; and the references of what nobody can upload."""

    files: dict[tuple[int, str], list[Entry]]
    left_out: tuple[str, ...]


_VISIBLE_TO_ALL: Final = ("standard.1", "party.1")
# A trainee's records are signed by firm and school; uploaded by the firm, they are few and large files.
_PREFERENCE: Final = ("enterprise", "school", "evaluator", "operator", "regulator", "auditor")


def _signers(entry: Entry) -> tuple[str, ...]:
    return (entry.issuer, *(did for did, _ in entry.countersigners))


def uploader_of(community: Community, entry: Entry) -> Organisation | None:
    """Who uploads a record: a signer who also signed all that it links to, standards and parties apart.

    None if there is none: an audit of what others signed is given to the service, not put into a workbook.
    """
    targets = [community[link.ref] for link in entry.links]
    hidden = [set(_signers(target)) for target in targets if target.schema not in _VISIBLE_TO_ALL]
    allowed = [did for did in _signers(entry) if all(did in signers for signers in hidden)]
    if not allowed:
        return None
    return BY_DID[min(allowed, key=lambda did: _PREFERENCE.index(BY_DID[did].signs_as))]


def rounds(community: Community) -> Rounds:
    """Entries by round and uploader; every link leads into the same file or an earlier round."""
    refused = {fact.refs[-1] for fact in planted(community) if fact.refused}
    place: dict[str, tuple[int, str]] = {}
    files: dict[tuple[int, str], list[Entry]] = defaultdict(list)
    left_out: list[str] = []
    for entry in community.entries:
        uploader = uploader_of(community, entry)
        if uploader is None or any(link.ref not in place for link in entry.links):
            left_out.append(entry.ref)
            continue
        code = uploader.code
        number = max((_earliest(entry, link.rel, *place[link.ref], code) for link in entry.links), default=1)
        place[entry.ref] = key = (REFUSED_ROUND if entry.ref in refused else number, code)
        files[key].append(entry)
    return Rounds(dict(sorted(files.items())), tuple(left_out))


def _earliest(entry: Entry, rel: str, at: int, by: str, code: str) -> int:
    """The first round that may hold an entry, given the round and uploader of something that it links to.

    What goes into an account waits until the credential is signed, what leaves it for the entry before.
    """
    if entry.schema == "creditentry.1":
        deposit = entry.subject["op"] == "deposit"
        return DEPOSIT_ROUND if deposit else max(at + (rel == "follows"), SPENDING_ROUND)
    return at if by == code else at + 1


def organisations_json() -> list[dict[str, object]]:
    """The organisations to register and accredit before the import; `roles` as in the registry."""
    return [
        {"did": entry.did, "name_zh": entry.zh, "name_en": entry.en, "roles": [entry.role], "uploader": True}
        for entry in ORGANISATIONS
    ]


def write_files(community: Community, folder: Path) -> list[Path]:
    """Write the workbooks in the order of import, `import-order.json` and `organisations.json`."""
    from trace_service.imports.workbook import write_workbooks  # openpyxl is no part of the verifier

    folder.mkdir(parents=True, exist_ok=True)
    order: list[dict[str, object]] = []
    paths: list[Path] = []
    by_code = {entry.code: entry for entry in ORGANISATIONS}
    for (number, code), entries in rounds(community).files.items():
        for path in write_workbooks(entries, folder, f"{number:02}-{code.lower()}"):
            refused = number == REFUSED_ROUND
            order.append({"file": path.name, "uploader": by_code[code].did, "refused": refused})
            paths.append(path)
    for name, value in (("import-order", order), ("organisations", organisations_json())):
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return paths
