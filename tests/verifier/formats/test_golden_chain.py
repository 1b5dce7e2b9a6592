"""Golden vectors of the chain's side: calls, trust file, snapshot, proof files, reports."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from eth_abi.abi import decode

from tests.vectors.generate_golden import GOLDEN
from tests.vectors.golden_chain import CHECKED_AT, REPORTED, SIGNER
from tests.verifier.formats import slow_abi
from tests.verifier.formats import slow_reference as slow
from tests.verifier.formats.slow_verifier import b64_decode, fold, org, path_length, seconds, slow_verify
from verifier_cli.encoding import parse_time
from verifier_cli.evidence import decode_evidence
from verifier_cli.proof_file import ProofFile
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_reader import SnapshotReader
from verifier_cli.trust import Trust
from verifier_cli.verify import verify

NAMES = ("party", "standard-superseded", "standard", "enrolment", "activity", "evaluation", "credential")


def _text(name: str) -> str:
    return (GOLDEN / name).read_text("utf-8")


def _json(name: str) -> Any:
    return json.loads(_text(name))


# ----- contract calls -----


def test_slow_call_data() -> None:
    calls = _json("calls.json")["calls"]
    assert [call["function"].partition("(")[0] for call in calls] == [
        "evidence",
        "organisations",
        "organisation",
        "batches",
        "statusWords",
        "anchor",
        "setStatus",
    ]
    for call in calls:
        assert "0x" + slow_abi.encode_call(call["function"], call["arguments"]).hex() == call["data"]


def test_relayed_calls_carry_the_authorisations_of_the_other_file() -> None:
    anchor, status = _json("calls.json")["calls"][-2:]
    for row, vector in zip(
        (anchor["arguments"][0][0], status["arguments"][0]), _json("eip712.json"), strict=True
    ):
        values = [int(v, 16) if isinstance(v, str) else v for v in row]
        expected = [int(v, 16) if isinstance(v, str) else v for v in vector["message"].values()]
        assert values == [*expected, int(vector["signature"], 16)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def test_evidence_answer_by_three_coders() -> None:
    """The slow encoder, a general decoder, and ours agree on every member."""
    vector = _json("calls.json")["evidence"]
    data = bytes.fromhex(vector["data"][2:])
    assert slow_abi.encode_list([vector["type"]], [vector["value"]]) == data
    assert _plain(decode([vector["type"]], data)[0]) == vector["value"]
    assert _plain(decode_evidence(data, 2)) == vector["value"]


# ----- trust file -----


def test_trust_file_says_what_the_parser_reads() -> None:
    table = tomllib.loads(_text("trust.toml"))
    trust = Trust.parse(_text("trust.toml"))
    (raw,), (found,) = table["deployment"], trust.deployments
    for name in ("genesis_hash", "trust_registry", "anchor_registry", "evidence_reader", "owner"):
        assert "0x" + getattr(found, name).hex() == raw[name]
    for name in ("trust_registry", "anchor_registry", "evidence_reader"):
        assert "0x" + getattr(found.code_hashes, name).hex() == raw["code_hashes"][name]
    for name in ("name", "chain_id", "operator", "state", "finality", "agree", "settle_seconds"):
        assert getattr(found, name) == raw[name]
    assert list(found.rpc) == raw["rpc"]
    (signer,) = table["snapshot_signer"]
    assert "z" + slow.b58_encode(b"\xed\x01" + SIGNER.public) == signer["multikey"]
    assert [item.public_key for item in trust.snapshot_signers] == [SIGNER.public]
    pins = _json("snapshot.json")["deployment"]
    assert (pins["chainId"], pins["genesisHash"]) == (raw["chain_id"], raw["genesis_hash"])
    for name, pin in (
        ("trust_registry", "trustRegistry"),
        ("anchor_registry", "anchorRegistry"),
        ("evidence_reader", "evidenceReader"),
    ):
        assert (pins[pin], pins["codeHashes"][pin]) == (raw[name], raw["code_hashes"][name])


# ----- snapshot -----


def test_slow_snapshot_is_canonical_and_signed() -> None:
    plain, signed = _json("snapshot.json"), _json("snapshot-signed.json")
    assert slow.jcs(plain) == _text("snapshot.json")
    assert slow.jcs(signed) == _text("snapshot-signed.json")
    proof = signed.pop("proof")
    assert signed == plain
    assert proof["verificationMethod"].startswith("did:key:")
    assert slow.proof_holds({**signed, "proof": [proof]}, proof)
    public, _ = slow.ed25519_sign(SIGNER.private.private_bytes_raw(), b"")
    assert public == slow.b58_decode(proof["verificationMethod"].split("#")[1][1:])[2:]


def test_snapshot_is_read_with_its_signer() -> None:
    trust = Trust.parse(_text("trust.toml"))
    assert Snapshot.parse(_text("snapshot.json").encode(), trust).signer is None
    assert Snapshot.parse(_text("snapshot-signed.json").encode(), trust).signer == "golden"


def test_slow_batches_have_the_roots_of_the_snapshot() -> None:
    organisations = _json("snapshot.json")["organisations"]
    batches = _json("batches.json")
    assert len(batches) == 4
    for batch in batches:
        leaves = [bytes.fromhex(leaf) for leaf in batch["leaves"]]
        row = organisations[org(batch["organisation"])]["batches"][batch["sequence"]]
        assert (row[0], row[3]) == ("0x" + slow.tree_root(leaves).hex(), len(leaves))


# ----- proof files -----


@pytest.mark.parametrize("name", NAMES)
def test_slow_proof_file(name: str) -> None:
    value = _json(f"{name}.trace.json")
    (vector,) = [item for item in _json("records.json") if item["name"] == name]
    assert value["record"] == vector["record"]
    anchor = value["anchor"]
    (batch,) = [
        item
        for item in _json("batches.json")
        if (item["organisation"], item["sequence"]) == (value["record"]["issuer"]["id"], anchor["sequence"])
    ]
    leaves = [bytes.fromhex(leaf) for leaf in batch["leaves"]]
    path = [b64_decode(node) for node in anchor["path"]]
    assert leaves[anchor["leafIndex"]].hex() == vector["leafHash"]
    assert path == slow.tree_path(anchor["leafIndex"], leaves)
    assert len(path) == path_length(anchor["leafIndex"], len(leaves))
    assert fold(leaves[anchor["leafIndex"]], anchor["leafIndex"], len(leaves), path) == slow.tree_root(leaves)
    parsed = ProofFile.parse(_text(f"{name}.trace.json").encode())
    assert parsed.anchor.to_json() == anchor


def test_writing_again_gives_the_same_bytes() -> None:
    for name in NAMES:
        parsed = ProofFile.parse(_text(f"{name}.trace.json").encode())
        record = slow.jcs(parsed.record).encode()
        assert ProofFile.write(record, parsed.anchor) == _text(f"{name}.trace.json").encode()


# ----- reports -----


@pytest.mark.parametrize("number", range(len(REPORTED)))
def test_report(number: int) -> None:
    vector = _json("reports.json")[number]
    trust = Trust.parse(_text("trust.toml"))
    reader = SnapshotReader(Snapshot.parse(_text("snapshot.json").encode(), trust))
    data = _text(vector["proofFile"]).encode()
    report = verify(data, trust, reader, vector["checkedAt"]).named(vector["proofFile"])
    assert report.to_json() == vector["report"]


@pytest.mark.parametrize("name", NAMES)
def test_slow_verdicts(name: str) -> None:
    answer = slow_verify(
        _json(f"{name}.trace.json"), tomllib.loads(_text("trust.toml")), _json("snapshot.json"), CHECKED_AT
    )
    assert answer == (("NOT_VALID", "status") if name == "party" else ("VALID", ""))


def test_slow_values_of_the_reports() -> None:
    digests = {item["record"]["id"]: item["recordDigest"] for item in _json("records.json")}
    for vector in _json("reports.json"):
        report = vector["report"]
        file = _json(vector["proofFile"])
        issuer = org(file["record"]["issuer"]["id"])
        batch = _json("snapshot.json")["organisations"][issuer]["batches"][file["anchor"]["sequence"]]
        assert report["record"]["digest"] == "0x" + digests[report["record"]["id"]]
        assert report["anchoredAt"] == batch[2]
        assert report["chain"]["block"]["number"] == _json("snapshot.json")["block"]["number"]
        expected = 1 if report["verdict"] == "NOT_VALID" else 0
        assert report["exitCode"] == expected


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-07-02T09:00:00Z", "2100-03-01T00:00:00Z"]
)
def test_slow_clock(text: str) -> None:
    assert seconds(text) == parse_time(text)
