"""Data-integrity proof sets: `eddsa-jcs-2022`, stricter than the suite (protocol 3).

Source: W3C Data Integrity EdDSA Cryptosuites v1.0, section 3.3. The private key is the caller's:
`proof_options` and `signing_input` give the 64 bytes to sign, `complete_proof` puts the signature in.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier_cli.canonical import canonical, canonical_parsed
from verifier_cli.did import did_key_public
from verifier_cli.encoding import base58btc_decode, base58btc_encode, multikey, parse_multikey, parse_time
from verifier_cli.errors import DataError, MisuseError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from verifier_cli.record import Record

__all__ = [
    "CRYPTOSUITE",
    "complete_proof",
    "is_native",
    "proof_options",
    "signature_digest",
    "signing_input",
    "verify_ed25519",
    "verify_proof",
    "verify_proof_set",
    "verify_suite",
]

CRYPTOSUITE = "eddsa-jcs-2022"
_MEMBERS = frozenset(
    ("type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "@context", "proofValue")
)
_FIELD_PRIME = 2**255 - 19
_GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
_SIGN_BIT = 1 << 255
# y of the eight points whose order divides 8: with such a "key" one signature fits many messages.
_Y_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER_Y = frozenset((0, 1, _FIELD_PRIME - 1, _Y_ORDER_8, _FIELD_PRIME - _Y_ORDER_8))
_KEY_CACHE = 4096  # keys met by one process


def proof_options(did: str, public_key: bytes, created: str, context: Sequence[str]) -> dict[str, Any]:
    """The proof without `proofValue`. `created` as YYYY-MM-DDTHH:MM:SSZ. Raises DataError or MisuseError."""
    parse_time(created)
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "created": created,
        "verificationMethod": f"{did}#{multikey(public_key)}",
        "proofPurpose": "assertionMethod",
        "@context": list(context),
    }


def signing_input(record_digest: bytes, options: Mapping[str, Any]) -> bytes:
    """The 64 bytes that are signed: SHA-256(JCS(options)) || record_digest."""
    if len(record_digest) != 32 or "proofValue" in options:
        raise MisuseError("signing input is made of a 32-byte digest and options without proofValue")
    return hashlib.sha256(canonical_parsed(options)).digest() + record_digest


def complete_proof(options: Mapping[str, Any], signature: bytes) -> dict[str, Any]:
    """The proof: options with `proofValue`, `z` + base58btc of a 64-byte signature."""
    if len(signature) != 64:
        raise MisuseError("an Ed25519 signature has 64 bytes")
    return {**options, "proofValue": "z" + base58btc_encode(signature)}


def is_native(proof: object) -> bool:
    """Whether this is a proof of ours: only these are in the leaf, others are NOT_CHECKED (protocol 3)."""
    return isinstance(proof, dict) and proof.get("cryptosuite") == CRYPTOSUITE


def verify_proof(record_digest: bytes, context: Sequence[str], proof: object, signer_did: str) -> bytes:
    """Check one native proof against every rule of protocol 3. Returns the signer's 32-byte public key.

    `context` is the constant of the record's schema. Whether the key is the signer's on chain, and whether
    `created` is not after the anchor, are other steps. Raises SignatureError; in its path `$` is the proof.
    """
    if not isinstance(proof, dict) or proof.keys() != _MEMBERS:
        raise SignatureError("$", "members are not exactly those of a native proof")
    _require(proof, "type", "DataIntegrityProof")
    _require(proof, "cryptosuite", CRYPTOSUITE)
    _require(proof, "proofPurpose", "assertionMethod")
    if proof["@context"] != context:
        raise SignatureError("$.@context", "is not the document's")
    _check_created(proof["created"])
    public_key = _signer_key(proof["verificationMethod"], signer_did)
    signature = _signature_bytes(proof["proofValue"])
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    message = hashlib.sha256(canonical_parsed(options)).digest() + record_digest
    if not verify_ed25519(public_key, signature, message):
        raise SignatureError("$.proofValue", "signature does not fit record and key")
    return public_key


def _require(proof: Mapping[str, Any], name: str, expected: str) -> None:
    if proof[name] != expected:
        raise SignatureError(f"$.{name}", f"is not {expected}")


def _check_created(created: object) -> None:
    try:
        parse_time(created if isinstance(created, str) else "")
    except DataError as error:
        raise SignatureError("$.created", error.reason) from None


def _signer_key(method: object, signer_did: str) -> bytes:
    did, hash_sign, fragment = method.partition("#") if isinstance(method, str) else ("", "", "")
    if did != signer_did or not hash_sign:
        raise SignatureError("$.verificationMethod", "is not the signer's DID with a key")
    try:
        public_key = _multikey_bytes(fragment)
        _load_key(public_key)
        if signer_did.startswith("did:key:") and did_key_public(signer_did) != public_key:
            raise DataError("key", "not the one that the did:key names")
    except DataError as error:
        raise SignatureError("$.verificationMethod", error.reason) from None
    return public_key


_multikey_bytes = lru_cache(maxsize=_KEY_CACHE)(parse_multikey)


@lru_cache(maxsize=_KEY_CACHE)
def _load_key(public_key: bytes) -> Ed25519PublicKey:
    """A usable key: canonical point encoding, not of small order. Raises DataError."""
    y = int.from_bytes(public_key, "little") & (_SIGN_BIT - 1)
    if len(public_key) != 32 or y >= _FIELD_PRIME:
        raise DataError("key", "point not in canonical encoding")
    if y in _SMALL_ORDER_Y:
        raise DataError("key", "point of small order")
    return Ed25519PublicKey.from_public_bytes(public_key)


def verify_ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature holds, strictly: 64 bytes, S < L, a canonical key not of small order.

    A second encoding of R is refused too, because verification compares bytes.
    """
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= _GROUP_ORDER:
        return False
    try:
        _load_key(public_key).verify(signature, message)
    except (InvalidSignature, DataError):
        return False
    return True


def _signature_bytes(value: object) -> bytes:
    """The 64 bytes of `proofValue`."""
    if not isinstance(value, str) or not value.startswith("z"):
        raise SignatureError("$.proofValue", "not multibase base58btc")
    try:
        signature = base58btc_decode(value[1:])
    except DataError as error:
        raise SignatureError("$.proofValue", error.reason) from None
    if len(signature) != 64:
        raise SignatureError("$.proofValue", "not 64 bytes")
    return signature


def verify_proof_set(record: Record) -> dict[str, bytes]:
    """Check that issuer and countersigners, and nobody else, signed. Returns DID -> public key, issuer first.

    The order of proofs does not matter; proofs of other suites are passed over (`Record.foreign_proofs`).
    Raises SignatureError with the path of the proof.
    """
    signers = record.signers
    by_signer: dict[str, tuple[int, Any]] = {}
    for index, proof in enumerate(record.proofs):
        if not is_native(proof):
            continue
        method = proof.get("verificationMethod")
        did = method.partition("#")[0] if isinstance(method, str) else ""
        if did not in signers:
            raise SignatureError(f"$.proof[{index}]", "signer is neither issuer nor countersigner")
        if did in by_signer:
            raise SignatureError(f"$.proof[{index}]", "second proof of the same signer")
        by_signer[did] = (index, proof)
    keys: dict[str, bytes] = {}
    context = record.document["@context"]
    for did in signers:
        if did not in by_signer:
            raise SignatureError("$.proof", f"no proof of {did}")
        index, proof = by_signer[did]
        try:
            keys[did] = verify_proof(record.digest, context, proof, did)
        except SignatureError as error:
            raise SignatureError(f"$.proof[{index}]{error.path[1:]}", error.reason) from None
    return keys


def signature_digest(proofs: Iterable[Any]) -> bytes:
    """SHA-256(JCS(array of native proofs sorted by verificationMethod)): the signatures' half of a leaf."""
    native = sorted(filter(is_native, proofs), key=lambda proof: str(proof.get("verificationMethod")))
    return hashlib.sha256(canonical_parsed(native)).digest()


def verify_suite(document: Mapping[str, Any], public_key: bytes) -> bool:
    """The bare W3C suite on a document with one proof, beneath our rules: for its published vectors.

    It knows no signers, no constant context, no exact members. Raises SignatureError on a malformed proof.
    """
    proof = document.get("proof")
    if not is_native(proof):
        raise SignatureError("$.proof", f"no {CRYPTOSUITE} proof")
    assert isinstance(proof, dict)
    unsecured = {name: member for name, member in document.items() if name != "proof"}
    if "@context" in proof:
        start = _as_list(proof["@context"])
        if _as_list(document.get("@context"))[: len(start)] != start:
            return False
        unsecured["@context"] = proof["@context"]
    options = {name: member for name, member in proof.items() if name != "proofValue"}
    data = hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(unsecured)).digest()
    return verify_ed25519(public_key, _signature_bytes(proof.get("proofValue")), data)


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
