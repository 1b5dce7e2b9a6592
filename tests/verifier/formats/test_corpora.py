"""Published vectors: W3C eddsa-jcs-2022, RFC 6962, RFC 8785, Wycheproof Ed25519, JSONTestSuite."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.corpora import corpus, count
from tests.verifier.formats import slow_reference as slow
from verifier_cli import canonical, profile
from verifier_cli.encoding import base58btc_decode, parse_multikey
from verifier_cli.errors import InclusionError, ProfileError
from verifier_cli.merkle import root_from_path
from verifier_cli.signature import verify_ed25519, verify_suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Record = Callable[[str, object], None]

pytestmark = pytest.mark.corpora


def _text(path: Path) -> str:
    return path.read_text().strip()


def test_w3c_eddsa_jcs_2022(record_property: Record) -> None:
    """Every intermediate value of the published example, then the signature, then each altered member."""
    folder = corpus("di-eddsa")
    vectors = folder / "eddsa-jcs-2022"
    signed: dict[str, Any] = json.loads(_text(vectors / "signedJCS.json"))
    public = parse_multikey(json.loads(_text(folder / "keyPair.json"))["publicKeyMultibase"])
    unsecured = {name: value for name, value in signed.items() if name != "proof"}
    options = {name: value for name, value in signed["proof"].items() if name != "proofValue"}
    document_text, options_text = canonical.canonical(unsecured), canonical.canonical(options)
    hashes = hashlib.sha256(options_text).digest(), hashlib.sha256(document_text).digest()
    signature = base58btc_decode(signed["proof"]["proofValue"][1:])
    values = {
        "canonDocJCS.txt": document_text.decode(),
        "docHashJCS.txt": hashes[1].hex(),
        "proofCanonJCS.txt": options_text.decode(),
        "proofHashJCS.txt": hashes[0].hex(),
        "combinedHashJCS.txt": b"".join(hashes).hex(),
        "sigHexJCS.txt": signature.hex(),
        "sigBTC58JCS.txt": signed["proof"]["proofValue"],
    }
    unexpected = [name for name, value in values.items() if value != _text(vectors / name)]
    if json.loads(_text(vectors / "proofConfigJCS.json")) != options:
        unexpected.append("proofConfigJCS.json")
    if not verify_suite(signed, public):
        unexpected.append("signature")
    altered = _altered_members(signed)
    unexpected += [name for name, document in altered if verify_suite(document, public)]
    count(record_property, "W3C eddsa-jcs-2022", len(values) + 2 + len(altered), len(unexpected))
    assert unexpected == []


def _altered_members(signed: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    altered = [(name, {**signed, name: "altered"}) for name in signed if name != "proof"]
    proof = signed["proof"]
    options = [name for name in proof if name not in ("cryptosuite", "proofValue")]
    altered += [(f"proof.{name}", {**signed, "proof": {**proof, name: "altered"}}) for name in options]
    return altered


def test_rfc_6962_inclusion(record_property: Record) -> None:
    """A case is accepted when its path is well formed and leads to its root."""
    cases = sorted(corpus("merkle").joinpath("inclusion").rglob("*.json"))
    unexpected = [case.name for case in cases if _inclusion_accepts(case) is _wants_error(case)]
    count(record_property, "RFC 6962 inclusion", len(cases), len(unexpected))
    assert unexpected == []
    assert len(cases) == 98


def _wants_error(case: Path) -> bool:
    return bool(json.loads(case.read_text())["wantErr"])


def _inclusion_accepts(case: Path) -> bool:
    data = json.loads(case.read_text())
    path = [base64.b64decode(node) for node in data["proof"] or ()]
    leaf, root = base64.b64decode(data["leafHash"] or ""), base64.b64decode(data["root"] or "")
    try:
        return root_from_path(leaf, data["leafIdx"], data["treeSize"], path) == root
    except InclusionError:
        return False


def test_rfc_8785_pairs(record_property: Record) -> None:
    """The slow reference on all pairs; the fast path where a value belongs to the profile."""
    folder = corpus("jcs")
    unexpected, fast = [], 0
    inputs = sorted((folder / "input").glob("*.json"))
    for source in inputs:
        value = json.loads(source.read_text(encoding="utf-8"))
        expected = (folder / "output" / source.name).read_bytes()
        if slow.jcs(value).encode() != expected:
            unexpected.append(f"slow {source.name}")
        try:
            profile.check(value)
        except ProfileError:
            continue
        fast += 1
        if canonical.canonical(value) != expected:
            unexpected.append(f"fast {source.name}")
    # The texts of all pairs as values: names there lie outside the profile, their escapes do not.
    for source in inputs:
        name = source.read_text(encoding="utf-8")
        fast += 1
        if canonical.canonical([name]).decode() != slow.jcs([name]):
            unexpected.append(f"text {source.name}")
    count(record_property, "RFC 8785 pairs", len(inputs) + fast, len(unexpected))
    assert unexpected == []
    assert len(inputs) == 6


def test_wycheproof_ed25519(record_property: Record) -> None:
    cases = [
        (group["publicKey"]["pk"], case)
        for group in json.loads(corpus("wycheproof/ed25519_test.json").read_text())["testGroups"]
        for case in group["tests"]
    ]
    unexpected = [
        case["tcId"]
        for key, case in cases
        if verify_ed25519(bytes.fromhex(key), bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
        is not (case["result"] == "valid")
    ]
    count(record_property, "Wycheproof Ed25519", len(cases), len(unexpected))
    assert unexpected == []
    assert len(cases) == 151


def test_json_test_suite(record_property: Record) -> None:
    """n_ must be refused; y_ parses as the standard library does, or the profile refuses it with path and
    reason; i_ does either, without any other exception."""
    cases = sorted(corpus("jsontestsuite").joinpath("test_parsing").glob("*.json"))
    unexpected, tally = (
        [],
        {"y_ parsed": 0, "y_ stricter": 0, "n_ refused": 0, "i_ parsed": 0, "i_ refused": 0},
    )
    for case in cases:
        data, kind = case.read_bytes(), case.name[:2]
        try:
            value = profile.parse(data, max_size=1 << 20)
        except ProfileError as error:
            said = error.path.startswith("$") and error.reason != "refused by the parser"
            tally[f"{kind} {'stricter' if kind == 'y_' else 'refused'}"] += 1
            if not said or (kind == "y_" and not _profile_refuses(data)):
                unexpected.append(case.name)
        else:
            if kind == "n_" or value != json.loads(data):
                unexpected.append(case.name)
            else:
                tally[f"{kind} parsed"] += 1
    count(record_property, f"JSONTestSuite {tally}", len(cases), len(unexpected))
    assert unexpected == []
    assert len(cases) == 318


def _profile_refuses(data: bytes) -> bool:
    """Whether the stricter profile has a rule against this legal JSON, judged with the standard library."""
    odd_names: list[str] = []
    odd_numbers: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        odd_names.extend(name for name in names if names.count(name) > 1 or not profile.NAME.fullmatch(name))
        return dict(pairs)

    def decimal(text: str) -> float:
        if "e" in text.lower() or text.endswith("0") or len(text.partition(".")[2]) > profile.MAX_DECIMALS:
            odd_numbers.append(text)
        return float(text)

    def integer(text: str) -> int:
        if text == "-0" or abs(int(text)) > profile.MAX_INTEGER:
            odd_numbers.append(text)
        return int(text)

    value = json.loads(data, object_pairs_hook=members, parse_float=decimal, parse_int=integer)
    lone = any(0xD800 <= ord(char) <= 0xDFFF for char in json.dumps(value, ensure_ascii=False))
    return bool(odd_names or odd_numbers or lone) or (isinstance(value, float) and math.isinf(value))
