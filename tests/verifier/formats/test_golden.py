"""Golden vectors: committed values, reproduced by the generator and by the slow reference."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.vectors import generate_golden as generator
from tests.verifier.formats import slow_reference as slow
from verifier_cli.record import Record
from verifier_cli.schema import schema_json
from verifier_cli.signature import verify_proof_set

RECORD_NAMES = (
    "party",
    "standard-superseded",
    "standard",
    "enrolment",
    "activity",
    "evaluation",
    "credential",
)


@cache
def _golden(name: str) -> Any:
    return json.loads((generator.GOLDEN / name).read_text(encoding="utf-8"))


@pytest.fixture(params=RECORD_NAMES)
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    by_name: dict[str, dict[str, Any]] = {vector["name"]: vector for vector in _golden("records.json")}
    return by_name[request.param]


def test_the_generator_reproduces_every_file() -> None:
    files = generator.golden_files()
    assert {"eip712.json", "keys.json", "records.json", "tree.json"} <= files.keys()
    assert sorted(files) == sorted(path.name for path in generator.GOLDEN.iterdir())
    for name, content in files.items():
        assert (generator.GOLDEN / name).read_text(encoding="utf-8") == generator.text_of(content)


def test_slow_keys() -> None:
    for key in _golden("keys.json"):
        public, _ = slow.ed25519_sign(bytes.fromhex(key["seed"]), b"")
        assert public.hex() == key["publicKey"]
        assert "z" + slow.b58_encode(b"\xed\x01" + public) == key["multikey"]
        assert "0x" + slow.sha256(key["did"].encode()).hex() == key["orgId"]


def test_slow_digests_and_leaf(vector: dict[str, Any]) -> None:
    record = vector["record"]
    unsigned = {name: value for name, value in record.items() if name != "proof"}
    assert slow.jcs(unsigned) == vector["canonical"]
    assert slow.record_digest(record).hex() == vector["recordDigest"]
    multihash = b"\x12\x20" + slow.record_digest(record)
    assert "u" + slow.b64_encode(multihash) == vector["digestMultibase"]
    assert slow.signature_digest(record).hex() == vector["signatureDigest"]
    assert slow.leaf(record).hex() == vector["leafHash"]


def test_slow_digests_of_every_type() -> None:
    vectors = _golden("types.json")
    assert {vector["kind"] for vector in vectors} == set(range(12))
    for vector in vectors:
        example = schema_json(vector["schema"])["examples"][vector["example"]]
        assert slow.jcs(example) == vector["canonical"]
        assert slow.record_digest(example).hex() == vector["recordDigest"]
        subject = example["credentialSubject"]
        assert subject.get("kind", subject.get("op", "")) == vector["subkind"]


def test_slow_signatures(vector: dict[str, Any]) -> None:
    """The slow reference makes the very signatures, and checks them."""
    seeds = {key["did"]: bytes.fromhex(key["seed"]) for key in _golden("keys.json")}
    record = vector["record"]
    for proof, expected in zip(record["proof"], vector["proofs"], strict=True):
        options = {name: value for name, value in proof.items() if name != "proofValue"}
        assert slow.jcs(options) == expected["canonicalOptions"]
        message = slow.proof_input(record, proof)
        assert message.hex() == expected["signingInput"]
        _, signature = slow.ed25519_sign(seeds[proof["verificationMethod"].split("#")[0]], message)
        assert "z" + slow.b58_encode(signature) == proof["proofValue"] == expected["proofValue"]
        assert slow.proof_holds(record, proof)


def test_slow_status(vector: dict[str, Any]) -> None:
    status = vector["status"]
    number = status["number"]
    prefix = f"urn:skilltrace:status:eip155:{status['chainId']}:{status['registry']}:{status['orgId']}"
    entry = vector["record"]["credentialStatus"]
    assert entry["id"] == f"{prefix}:{number}"
    assert status["word"] * 256 + status["bit"] == number
    assert int(entry["statusListIndex"]) + 2**17 * int(entry["statusListCredential"].split("/")[-1]) == number


def test_the_library_accepts_the_records(vector: dict[str, Any]) -> None:
    record = Record.parse(json.dumps(vector["record"]).encode())
    assert record.digest.hex() == vector["recordDigest"]
    assert int(record.kind) == vector["kind"]
    assert list(verify_proof_set(record)) == list(record.signers)


def test_links_name_the_records_of_the_file() -> None:
    digests = {vector["record"]["id"]: vector["digestMultibase"] for vector in _golden("records.json")}
    links = [
        link for vector in _golden("records.json") for link in vector["record"].get("relatedResource", ())
    ]
    assert len(links) == 7
    assert all(digests[link["id"]] == link["digestMultibase"] for link in links)


def test_slow_tree() -> None:
    tree = _golden("tree.json")
    leaves = [bytes.fromhex(leaf) for leaf in tree["leaves"]]
    assert [vector["leafHash"] for vector in _golden("records.json")] == tree["leaves"][: len(RECORD_NAMES)]
    assert slow.tree_root(leaves).hex() == tree["root"]
    assert [[node.hex() for node in slow.tree_path(i, leaves)] for i in range(len(leaves))] == tree["paths"]
    assert [slow.tree_root(leaves[at : at + 4]).hex() for at in range(0, len(leaves), 4)] == tree["tilesOf4"]
    prefixes = [slow.tree_root(leaves[:size]).hex() for size in range(1, len(leaves) + 1)]
    assert prefixes == tree["rootsOfFirstN"]


def test_slow_eip712() -> None:
    vectors = _golden("eip712.json")
    assert [vector["type"].partition("(")[0] for vector in vectors] == ["AnchorBatch", "SetStatus"]
    for vector in vectors:
        domain = vector["domain"]
        values = [vector["message"][member.split(" ")[1]] for member in vector["type"][:-1].split(",")]
        digest = slow.eip712_digest(domain["chainId"], domain["verifyingContract"], vector["type"], values)
        assert digest.hex() == vector["digest"]
