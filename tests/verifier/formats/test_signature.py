"""One proof: every rule of protocol section 3, one wrong thing at a time."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.records import (
    CREATED,
    FIRM,
    SCHOOL,
    complete_document,
    complete_record,
    make_key,
    sample_document,
    sign,
    signer_key,
)
from tests.verifier.formats import slow_reference as slow
from verifier_cli.canonical import canonical
from verifier_cli.encoding import base58btc_decode, base58btc_encode, multikey
from verifier_cli.errors import DataError, MisuseError, SchemaError, SignatureError
from verifier_cli.record import Record, context_for, record_digest
from verifier_cli.signature import (
    complete_proof,
    proof_options,
    signing_input,
    verify_ed25519,
    verify_proof,
    verify_suite,
)

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = complete_record("activity.1")
CONTEXT = context_for("activity.1")
PROOF = RECORD.proofs[0]


def _verify(proof: object, did: str = FIRM) -> bytes:
    return verify_proof(RECORD.digest, CONTEXT, proof, did)


def test_valid_proof() -> None:
    assert _verify(PROOF) == signer_key(FIRM).public


def _with_signature(change: Callable[[bytes], bytes]) -> str:
    return "z" + base58btc_encode(change(base58btc_decode(PROOF["proofValue"][1:])))


def _add_order(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little") + slow.L
    return signature[:32] + s.to_bytes(32, "little")


def _method(did: str, key: bytes) -> str:
    return f"{did}#{multikey(key)}"


BAD_MEMBERS: dict[str, tuple[str, Any]] = {
    "type": ("type", "Ed25519Signature2020"),
    "cryptosuite": ("cryptosuite", "eddsa-rdfc-2022"),
    "purpose": ("proofPurpose", "authentication"),
    "context missing one": ("@context", CONTEXT[:1]),
    "context with one more": ("@context", [*CONTEXT, "https://example.org/more"]),
    "context as text": ("@context", CONTEXT[0]),
    "created with offset": ("created", "2026-07-02T08:00:00+00:00"),
    "created with fraction": ("created", "2026-07-02T08:00:00.000Z"),
    "created no text": ("created", 1782979200),
    "created a second later": ("created", "2026-07-02T08:00:01Z"),
    "method of another party": ("verificationMethod", _method(SCHOOL, signer_key(FIRM).public)),
    "key of another party": ("verificationMethod", _method(FIRM, signer_key(SCHOOL).public)),
    "method without key": ("verificationMethod", FIRM),
    "method with an empty key": ("verificationMethod", FIRM + "#"),
    "method by number": ("verificationMethod", FIRM + "#key-1"),
    "method no text": ("verificationMethod", {"id": FIRM}),
    "method with a query": ("verificationMethod", PROOF["verificationMethod"].replace("#", "?a#")),
    "value in base64url": ("proofValue", "u" + PROOF["proofValue"][1:]),
    "value without prefix": ("proofValue", PROOF["proofValue"][1:]),
    "value no text": ("proofValue", 1),
    "value empty": ("proofValue", "z"),
    "value with a foreign letter": ("proofValue", PROOF["proofValue"][:-1] + "0"),
    "value of 63 bytes": ("proofValue", _with_signature(lambda s: s[:63])),
    "value of 65 bytes": ("proofValue", _with_signature(lambda s: s + b"\1")),
    "value with a leading zero byte": ("proofValue", "z1" + PROOF["proofValue"][1:]),
    "S plus the order": ("proofValue", _with_signature(_add_order)),
    "R altered": ("proofValue", _with_signature(lambda s: bytes([s[0] ^ 1]) + s[1:])),
    "S altered": ("proofValue", _with_signature(lambda s: s[:40] + bytes([s[40] ^ 1]) + s[41:])),
    "all zero": ("proofValue", _with_signature(lambda s: bytes(64))),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_altered_proof(case: str) -> None:
    member, value = BAD_MEMBERS[case]
    with pytest.raises(SignatureError) as error:
        _verify({**PROOF, member: value})
    assert error.value.path in (f"$.{member}", "$.proofValue")


RULES_OF_FORM = [
    case
    for case, (member, _) in BAD_MEMBERS.items()
    if member != "proofValue" and case not in ("created a second later", "key of another party")
]


@pytest.mark.parametrize("case", RULES_OF_FORM)
def test_a_valid_signature_excuses_no_wrong_form(case: str) -> None:
    """The signer really signed these options: only the rule about the member stands in the way."""
    member, value = BAD_MEMBERS[case]
    options = {**proof_options(FIRM, signer_key(FIRM).public, CREATED, CONTEXT), member: value}
    signature = signer_key(FIRM).private.sign(signing_input(RECORD.digest, options))
    with pytest.raises(SignatureError) as error:
        _verify(complete_proof(options, signature))
    assert error.value.path == f"$.{member}"


@pytest.mark.parametrize("member", sorted(PROOF))
def test_missing_member(member: str) -> None:
    with pytest.raises(SignatureError) as error:
        _verify({name: value for name, value in PROOF.items() if name != member})
    assert error.value.path == "$"


@pytest.mark.parametrize("member", ["id", "expires", "domain", "challenge", "nonce", "previousProof"])
def test_foreign_member(member: str) -> None:
    with pytest.raises(SignatureError) as error:
        _verify({**PROOF, member: "2030-01-01T00:00:00Z"})
    assert error.value.path == "$"


@pytest.mark.parametrize("proof", [None, [], "z", 1, {}])
def test_no_proof(proof: object) -> None:
    with pytest.raises(SignatureError):
        _verify(proof)


def test_signed_member_outside_the_rules_is_refused() -> None:
    """A valid signature does not excuse a proof with another form."""
    options = {
        **proof_options(FIRM, signer_key(FIRM).public, CREATED, CONTEXT),
        "expires": "2030-01-01T00:00:00Z",
    }
    signature = signer_key(FIRM).private.sign(signing_input(RECORD.digest, options))
    with pytest.raises(SignatureError):
        _verify(complete_proof(options, signature))


def _small_order_points() -> list[bytes]:
    """Encodings of the eight points whose order divides 8, and the non-canonical ones of the same points."""
    point = next(p for y in range(2, 99) if (p := slow.unpack(y.to_bytes(32, "little"))) is not None)
    torsion = slow.times(slow.L, point)
    while slow.times(4, torsion) == slow.ZERO:
        point = slow.add(point, slow.BASE)
        torsion = slow.times(slow.L, point)
    points = {slow.times(n, torsion) for n in range(8)}
    assert len(points) == 8
    encodings = [slow.pack(p) for p in points]
    other_sign = [e[:31] + bytes([e[31] ^ 0x80]) for e in encodings]
    above_the_prime = [(y + slow.P).to_bytes(32, "little") for y in (0, 1, 18)]
    return sorted({*encodings, *other_sign, *above_the_prime})


@pytest.mark.parametrize("key", _small_order_points(), ids=bytes.hex)
def test_small_order_and_non_canonical_keys(key: bytes) -> None:
    """Under such a key, R = identity and S = 0 would fit many messages."""
    forged = slow.pack(slow.ZERO) + bytes(32)
    with pytest.raises(SignatureError) as error:
        _verify(
            {**PROOF, "verificationMethod": _method(FIRM, key), "proofValue": "z" + base58btc_encode(forged)}
        )
    assert error.value.path == "$.verificationMethod"
    assert not verify_ed25519(key, forged, b"any message")


def test_a_second_encoding_of_r_is_refused() -> None:
    """R of small order in non-canonical form, with S = 0: the bytes differ from those computed."""
    for encoding in ((1 + slow.P).to_bytes(32, "little"), slow.pack(slow.ZERO)):
        assert not verify_ed25519(signer_key(FIRM).public, encoding + bytes(32), b"m")


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_the_slow_reference(seed: int) -> None:
    key = make_key(f"slow {seed}")
    message = hashlib.sha256(b"%d" % seed).digest()
    signature = key.private.sign(message)
    altered = bytes([signature[seed] ^ 1]) if seed % 2 else signature[seed : seed + 1]
    candidate = signature[:seed] + altered + signature[seed + 1 :]
    expected = slow.ed25519_verify(key.public, message, candidate)
    assert verify_ed25519(key.public, candidate, message) is expected is (seed % 2 == 0)


DOCUMENT = sample_document("activity.1")
BY_FIRM = sign(DOCUMENT, FIRM, signer_key(FIRM).private)
FOREIGN = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z1"}


def test_context_appended_after_signing() -> None:
    """The suite alone would accept it; the schema's constant does not."""
    document = complete_document(DOCUMENT)
    longer = [*document["@context"], "https://example.org/more"]
    with pytest.raises(SchemaError):
        Record.parse(canonical({**document, "@context": longer}))
    one = {**document, "@context": longer, "proof": document["proof"][0]}
    assert verify_suite(one, signer_key(FIRM).public)
    assert not verify_suite({**one, "@context": longer[1:]}, signer_key(FIRM).public)
    assert not verify_suite({**one, "@context": longer[0]}, signer_key(FIRM).public)


@pytest.mark.parametrize("proof", [None, FOREIGN, {**BY_FIRM, "proofValue": "z1"}])
def test_suite_on_malformed_proofs(proof: object) -> None:
    with pytest.raises(SignatureError):
        verify_suite({**DOCUMENT, "proof": proof}, signer_key(FIRM).public)


def test_suite_without_context_in_the_proof() -> None:
    """The suite allows it; our records never have it."""
    options = {name: value for name, value in BY_FIRM.items() if name not in ("@context", "proofValue")}
    proof = complete_proof(
        options, signer_key(FIRM).private.sign(signing_input(record_digest(DOCUMENT), options))
    )
    assert verify_suite({**DOCUMENT, "proof": proof}, signer_key(FIRM).public)


def test_misuse() -> None:
    options = proof_options(FIRM, signer_key(FIRM).public, CREATED, CONTEXT)
    with pytest.raises(MisuseError):
        signing_input(b"short", options)
    with pytest.raises(MisuseError):
        signing_input(RECORD.digest, PROOF)
    with pytest.raises(MisuseError):
        complete_proof(options, bytes(63))
    with pytest.raises(DataError):
        proof_options(FIRM, signer_key(FIRM).public, "2026-07-02", CONTEXT)
