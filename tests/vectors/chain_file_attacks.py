"""Attack vectors that change the proof file: its form, its parts, its path, its signers."""

from __future__ import annotations

from typing import Any

from tests.support import records as samples
from tests.vectors.chain_vectors import (
    ACTIVITY,
    NOT_VALID,
    OTHER_REGISTRY,
    UNDECIDED,
    VALID,
    Operation,
    Vector,
    golden_json,
    make_vector,
    refused_file,
)
from tests.vectors.generate_golden import golden_documents


def swapped_parts() -> list[Vector]:
    """Parts of one record's proof file put into another's."""
    evaluation, credential = golden_json("evaluation.trace.json"), golden_json("credential.trace.json")
    anchor, other = evaluation["anchor"], credential["anchor"]

    def of(source: dict[str, Any], *members: str) -> list[Operation]:
        return [("replace", f"/record/{name}", source["record"][name]) for name in members]

    return [
        refused_file("proof of another record", "signatures", "signature", *of(evaluation, "proof")),
        refused_file(
            "status of another record", "signatures", "signature", *of(evaluation, "credentialStatus")
        ),
        refused_file(
            "status of another organisation's record", "schema", "schema", *of(credential, "credentialStatus")
        ),
        refused_file("salt of another record", "signatures", "signature", *of(evaluation, "salt")),
        refused_file("subject of another record", "schema", "schema", *of(evaluation, "credentialSubject")),
        refused_file(
            "path of another batch", "inclusion", "inclusion", ("replace", "/anchor/path", anchor["path"])
        ),
        refused_file("anchor of another batch", "anchor", "root_differs", ("replace", "/anchor", anchor)),
        refused_file(
            "anchor of another organisation's batch", "inclusion", "inclusion", ("replace", "/anchor", other)
        ),
        refused_file(
            "record and anchor of two organisations",
            "inclusion",
            "inclusion",
            ("replace", "/record", credential["record"]),
            ("replace", "/anchor", anchor),
        ),
        refused_file(
            "proofs of two records mixed",
            "signatures",
            "signature",
            ("replace", "/record/proof/1", evaluation["record"]["proof"][1]),
        ),
    ]


def inclusion_paths() -> list[Vector]:
    """Paths, indexes and sequences that do not lead from this leaf to this root."""
    anchor = golden_json("activity.trace.json")["anchor"]
    path, index = anchor["path"], anchor["leafIndex"]
    altered = ("A" if path[0][0] != "A" else "B") + path[0][1:]
    refused = [
        ("path too short", "inclusion", "inclusion", ("remove", f"/anchor/path/{len(path) - 1}", None)),
        ("path too long", "inclusion", "inclusion", ("add", "/anchor/path/-", path[0])),
        ("path empty", "inclusion", "inclusion", ("replace", "/anchor/path", [])),
        ("path altered", "anchor", "root_differs", ("replace", "/anchor/path/0", altered)),
        ("path reversed", "anchor", "root_differs", ("replace", "/anchor/path", path[::-1])),
        ("neighbour's index", "anchor", "root_differs", ("replace", "/anchor/leafIndex", index ^ 1)),
        ("index at the count", "inclusion", "inclusion", ("replace", "/anchor/leafIndex", 5)),
        ("index far beyond", "inclusion", "inclusion", ("replace", "/anchor/leafIndex", 2**53 - 1)),
        ("index of the promoted leaf", "inclusion", "inclusion", ("replace", "/anchor/leafIndex", 4)),
        ("earlier sequence of the issuer", "inclusion", "inclusion", ("replace", "/anchor/sequence", 1)),
    ]
    vectors = [refused_file(name, step, reason, operation) for name, step, reason, operation in refused]
    inner = [("replace", "/anchor/path", path[1:]), ("replace", "/anchor/leafIndex", index >> 1)]
    return [
        *vectors,
        refused_file("inner node passed off as a leaf", "inclusion", "inclusion", *inner),
        make_vector(
            "sequence that is not anchored",
            UNDECIDED,
            "inclusion",
            "not_anchored",
            patch=[("replace", "/anchor/sequence", 2)],
        ),
    ]


def proof_files() -> list[Vector]:
    """The proof file's own form, and its other chain."""
    refused = [
        ("no version", "parse", "proof_file", ("remove", "/version", None)),
        ("version as text", "parse", "proof_file", ("replace", "/version", "1")),
        ("member beside", "parse", "proof_file", ("add", "/verdict", "VALID")),
        ("no anchor", "parse", "proof_file", ("remove", "/anchor", None)),
        ("record is a list", "parse", "proof_file", ("replace", "/record", [])),
        ("member beside in the anchor", "parse", "proof_file", ("add", "/anchor/root", "0x00")),
        ("sequence below zero", "parse", "proof_file", ("replace", "/anchor/sequence", -1)),
        ("sequence as text", "parse", "proof_file", ("replace", "/anchor/sequence", "0")),
        ("registry in capitals", "parse", "proof_file", ("replace", "/anchor/registry", "0x" + "AB" * 20)),
        ("path node of 31 bytes", "parse", "proof_file", ("replace", "/anchor/path/0", "A" * 42)),
        ("path of 21 nodes", "parse", "proof_file", ("replace", "/anchor/path", ["A" * 43] * 21)),
        ("anchor names another chain", "anchor", "anchor_differs", ("replace", "/anchor/chainId", 1)),
        (
            "anchor names another registry",
            "anchor",
            "anchor_differs",
            ("replace", "/anchor/registry", OTHER_REGISTRY),
        ),
    ]
    return [refused_file(name, step, reason, operation) for name, step, reason, operation in refused]


def other_versions_and_deployments() -> list[Vector]:
    """What this verifier does not know yet, and records of one deployment shown with another."""
    status = golden_json("activity.trace.json")["record"]["credentialStatus"]
    moved = {**status, "id": status["id"].replace(samples.REGISTRY, OTHER_REGISTRY)}
    return [
        make_vector(
            "later version",
            UNDECIDED,
            "parse",
            "unknown_version",
            patch=[("replace", "/version", 2), ("add", "/more", 1)],
        ),
        make_vector(
            "later record type",
            UNDECIDED,
            "schema",
            "unknown_schema",
            patch=[("replace", "/record/credentialSchema/id", "urn:skilltrace:schema:activity:2")],
        ),
        make_vector(
            "record of deployment A shown with B",
            UNDECIDED,
            "inclusion",
            "unknown_deployment",
            trust="trust-other.toml",
        ),
        make_vector(
            "record of deployment A rewritten for B",
            NOT_VALID,
            "signatures",
            "signature",
            trust="trust-other.toml",
            patch=[
                ("replace", "/record/credentialStatus", moved),
                ("replace", "/anchor/registry", OTHER_REGISTRY),
            ],
        ),
        make_vector(
            "transaction hash beside", VALID, "", "", patch=[("add", "/anchor/txHash", "0x" + "00" * 32)]
        ),
    ]


def signer_sets() -> list[Vector]:
    """Proofs that are missing, extra, doubled or in another order, under the anchored leaf."""
    record = golden_json("activity.trace.json")["record"]
    stranger = samples.sign(
        golden_documents()[ACTIVITY], samples.EVALUATOR, samples.signer_key(samples.EVALUATOR).private
    )
    other_key = samples.sign(
        golden_documents()[ACTIVITY], samples.FIRM, samples.make_key("other key").private
    )
    foreign = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z1"}
    refused = [
        ("countersigner's proof missing", "signatures", "signature", ("remove", "/record/proof/1", None)),
        ("issuer's proof missing", "signatures", "signature", ("remove", "/record/proof/0", None)),
        ("extra proof", "signatures", "signature", ("add", "/record/proof/-", stranger)),
        ("proof with another key", "signatures", "signature", ("add", "/record/proof/-", other_key)),
        ("proof twice", "signatures", "signature", ("add", "/record/proof/-", record["proof"][0])),
        ("countersigner dropped", "schema", "schema", ("remove", "/record/countersigners", None)),
    ]
    return [
        *(refused_file(name, step, reason, operation) for name, step, reason, operation in refused),
        refused_file(
            "countersigner and its proof dropped",
            "schema",
            "schema",
            ("remove", "/record/countersigners", None),
            ("remove", "/record/proof/1", None),
        ),
        # Signed anew with a key that the registry does not have: another leaf, so the batch refuses it first.
        refused_file(
            "signed with a stolen name", "anchor", "root_differs", ("replace", "/record/proof/0", other_key)
        ),
        make_vector(
            "proofs reordered",
            VALID,
            "",
            "",
            patch=[("replace", "/record/proof", record["proof"][::-1])],
        ),
        make_vector("proof of another suite", VALID, "", "", patch=[("add", "/record/proof/-", foreign)]),
    ]


def texts() -> list[Vector]:
    """Bytes in place of a proof file."""
    cases: dict[str, tuple[str, str, int, str]] = {
        "100 KB of opening brackets": ("", "[", 102_400, ""),
        "60 KB of opening brackets": ("", "[", 61_440, ""),
        "a record of opening brackets": ('{"version":1,"record":', "[", 61_440, ""),
        "record twice": ('{"version":1,', '"record":{},', 2, '"anchor":{}}'),
        "nothing": ("", "", 0, ""),
        "a PDF": ("%PDF-1.7\n", "x", 1_000, ""),
        "a bare list": ("", "[]", 1, ""),
    }
    vectors = []
    for name, (prefix, repeat, times, suffix) in cases.items():
        reason = "proof_file" if name == "a bare list" else "profile"
        vector = make_vector(name, NOT_VALID, "parse", reason)
        del vector["file"], vector["patch"]
        vectors.append({**vector, "prefix": prefix, "repeat": repeat, "times": times, "suffix": suffix})
    return vectors
