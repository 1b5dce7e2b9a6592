"""Writes attack vectors on formats and signatures: `python -m tests.vectors.generate_attacks`.

Each vector names the step of protocol section 9 that must refuse: `parse`, `schema`, `signatures`, `any` for
one of them, `none` where the change is harmless. Records are golden records with a JSON Patch, so that a
vector shows what was done; texts are given as `prefix + repeat * times + suffix`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support import records as samples
from tests.vectors.generate_golden import GOLDEN, golden_documents, text_of
from verifier_cli.encoding import base58btc_decode, base58btc_encode

ATTACKS = Path(__file__).parent / "attacks"
_ORDER = 2**252 + 27742317777372353535851937790883648493
Vector = dict[str, Any]


def _vector(name: str, base: str, step: str, *operations: tuple[str, str, Any]) -> Vector:
    patch = [
        {"op": op, "path": path} if op == "remove" else {"op": op, "path": path, "value": value}
        for op, path, value in operations
    ]
    return {"name": name, "base": base, "step": step, "patch": patch}


def _pointers(value: Any, path: str) -> list[tuple[str, Any]]:
    """Every scalar below a value."""
    if isinstance(value, dict):
        return [hit for name, member in value.items() for hit in _pointers(member, f"{path}/{name}")]
    if isinstance(value, list):
        return [hit for index, item in enumerate(value) for hit in _pointers(item, f"{path}/{index}")]
    return [(path, value)]


def altered_text(value: str) -> str:
    """The same text with its middle character changed within its class, so that patterns rarely see it."""
    at = len(value) // 2
    other = {"a": "b", "1": "2"}.get(value[at], "1" if value[at].isdigit() else "a")
    return value[:at] + other + value[at + 1 :]


def altered_members(name: str, document: dict[str, Any]) -> list[Vector]:
    """Each scalar of a signed document altered: some step must refuse, whichever comes first."""
    vectors = []
    for path, value in _pointers(document, ""):
        if isinstance(value, bool):
            other: Any = not value
        elif isinstance(value, str):
            other = altered_text(value)
        else:
            other = value + 1
        vectors.append(_vector(f"{name}: altered {path}", name, "any", ("replace", path, other)))
    return vectors


def removed_members(name: str, document: dict[str, Any]) -> list[Vector]:
    """Each member of the document taken away."""
    return [
        _vector(f"{name}: removed {member}", name, "any", ("remove", f"/{member}", None))
        for member in document
    ]


def swapped_parts() -> list[Vector]:
    """Parts of the activity put into the evaluation, both signed by the same two organisations."""
    documents = golden_documents()
    activity = samples.complete_document(documents["activity"])
    parts = (
        "id",
        "salt",
        "credentialStatus",
        "credentialSubject",
        "credentialSchema",
        "relatedResource",
        "proof",
    )
    # The evaluation links the activity: with the activity's id it links itself, which the schema step sees.
    by_signature = ("salt", "credentialStatus", "proof")
    return [
        _vector(
            f"swapped {part}",
            "evaluation",
            "signatures" if part in by_signature else "schema",
            ("replace", f"/{part}", activity[part]),
        )
        for part in parts
    ]


def signer_sets() -> list[Vector]:
    """Missing, extra, doubled, swapped, reordered proofs and signers."""
    document = golden_documents()["activity"]
    by_school, by_stranger = (
        samples.sign(document, did, samples.signer_key(did).private)
        for did in (samples.SCHOOL, samples.EVALUATOR)
    )
    other_key = samples.sign(document, samples.FIRM, samples.make_key("other key").private)
    by_firm = samples.sign(document, samples.FIRM, samples.signer_key(samples.FIRM).private)
    foreign = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z1"}
    entry = {"id": samples.EVALUATOR, "role": "school"}
    return [
        _vector("proofs reordered", "activity", "none", ("replace", "/proof", [by_school, by_firm])),
        _vector("proof of another suite beside", "activity", "none", ("add", "/proof/-", foreign)),
        _vector("no proofs", "activity", "signatures", ("remove", "/proof", None)),
        _vector("issuer's proof missing", "activity", "signatures", ("remove", "/proof/0", None)),
        _vector("countersigner's proof missing", "activity", "signatures", ("remove", "/proof/1", None)),
        _vector(
            "countersigner's proof of another suite",
            "activity",
            "signatures",
            ("replace", "/proof/1", foreign),
        ),
        _vector("extra proof of a stranger", "activity", "signatures", ("add", "/proof/-", by_stranger)),
        _vector("extra proof with another key", "activity", "signatures", ("add", "/proof/-", other_key)),
        _vector("proof given twice", "activity", "signatures", ("add", "/proof/-", by_school)),
        _vector("countersigner swapped", "activity", "signatures", ("replace", "/countersigners/0", entry)),
        _vector("countersigner added", "activity", "signatures", ("add", "/countersigners/-", entry)),
        _vector("countersigner dropped", "activity", "schema", ("remove", "/countersigners", None)),
        _vector(
            "issuer as its own countersigner",
            "activity",
            "schema",
            ("replace", "/countersigners/0/id", samples.FIRM),
        ),
        _vector("other issuer, same key", "activity", "schema", ("replace", "/issuer/id", samples.EVALUATOR)),
    ]


def proof_members() -> list[Vector]:
    """One member of the issuer's proof changed."""
    proof = samples.complete_document(golden_documents()["credential"])["proof"][0]
    context = proof["@context"]
    signature = base58btc_decode(proof["proofValue"][1:])
    s_plus_order = int.from_bytes(signature[32:], "little") + _ORDER
    malleable = signature[:32] + s_plus_order.to_bytes(32, "little")
    school, key = proof["verificationMethod"].split("#")
    changes = {
        "type": "Ed25519Signature2020",
        "created": "2026-07-02T08:00:01Z",
        "proofPurpose": "authentication",
        "verificationMethod": f"{school}:other#{key}",
        "@context": [*context, "https://example.org/more"],
        "proofValue": "z" + base58btc_encode(malleable),
    }
    vectors = [
        _vector(f"proof: {member}", "credential", "signatures", ("replace", f"/proof/0/{member}", value))
        for member, value in changes.items()
    ]
    longer = [*context, "https://example.org/more"]
    everywhere = [("replace", f"{place}/@context", longer) for place in ("", "/proof/0", "/proof/1")]
    return [
        *vectors,
        _vector(
            "proof: extra member",
            "credential",
            "signatures",
            ("add", "/proof/0/expires", "2036-07-01T00:00:00Z"),
        ),
        _vector("context appended after signing", "credential", "schema", everywhere[0]),
        _vector("context appended in document and proofs", "credential", "schema", *everywhere),
    ]


def texts() -> list[Vector]:
    """Bytes that are no record, whatever they hold."""
    cases: dict[str, tuple[str, str, int, str]] = {
        "100 KB of opening brackets": ("", "[", 102_400, ""),
        "60 KB of opening brackets": ("", "[", 61_440, ""),
        "60 KB of opening objects": ("", '{"a":', 12_000, ""),
        "33 levels": ("", "[", 33, "]" * 33),
        "member given twice": ('{"id":"a",', '"id":"b"', 1, "}"),
        "lone surrogate": ('["', "\\ud800", 1, '"]'),
        "NaN": ("[", "NaN", 1, "]"),
        "a number of 60,000 digits": ("[", "9", 60_000, "]"),
        "exponent": ("[", "1e400", 1, "]"),
        "minus zero": ("[", "-0", 1, "]"),
        "trailing garbage": ("{}", "x", 1, ""),
        "byte order mark": ("\ufeff", "{}", 1, ""),
        "nothing": ("", "", 0, ""),
    }
    return [
        {"name": name, "step": "parse", "prefix": prefix, "repeat": repeat, "times": times, "suffix": suffix}
        for name, (prefix, repeat, times, suffix) in cases.items()
    ]


def attack_files() -> dict[str, list[Vector]]:
    """File name -> vectors."""
    documents = golden_documents()
    names = ("activity", "credential")
    return {
        "altered.json": [vector for name in names for vector in altered_members(name, documents[name])],
        "removed.json": [vector for name in names for vector in removed_members(name, documents[name])],
        "swapped.json": swapped_parts(),
        "signers.json": signer_sets(),
        "proofs.json": proof_members(),
        "texts.json": texts(),
    }


def golden_records() -> dict[str, dict[str, Any]]:
    """Name -> golden record, the bases of the patches."""
    vectors = json.loads((GOLDEN / "records.json").read_text(encoding="utf-8"))
    return {vector["name"]: vector["record"] for vector in vectors}


def main() -> None:
    """Write every file."""
    ATTACKS.mkdir(exist_ok=True)
    for name, vectors in attack_files().items():
        (ATTACKS / name).write_text(text_of(vectors), encoding="utf-8")


if __name__ == "__main__":
    main()
