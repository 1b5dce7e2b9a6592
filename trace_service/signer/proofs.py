"""Making proofs: the one place where record keys sign (protocol section 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier_cli.canonical import canonical
from verifier_cli.encoding import base58btc_encode, format_time
from verifier_cli.record import context_for
from verifier_cli.signature import complete_proof, proof_options

_CACHED_FORMS = 64  # schemas times seconds still in use


@dataclass(frozen=True, slots=True)
class _Form:
    """Everything of a proof that is the same for all records of one schema in one second."""

    options_hash: bytes
    before: bytes  # canonical JSON up to the signature's text
    after: bytes
    method: str


@dataclass(slots=True)
class RecordSigner:
    """Signs records for ``did`` with its record key."""

    did: str
    key: Ed25519PrivateKey
    _forms: dict[tuple[str, int], _Form] = field(default_factory=dict)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.key.public_key().public_bytes_raw()

    def method(self, schema: str, created: int) -> str:
        """The verificationMethod of the proofs made here."""
        return self._form(schema, created).method

    def proof(self, record_digest: bytes, schema: str, created: int) -> bytes:
        """Return the canonical JSON of the proof for a record; ``created`` in epoch seconds."""
        form = self._form(schema, created)
        signature = self.key.sign(form.options_hash + record_digest)
        return form.before + base58btc_encode(signature).encode() + form.after

    def _form(self, schema: str, created: int) -> _Form:
        form = self._forms.get((schema, created))
        if form is None:
            if len(self._forms) >= _CACHED_FORMS:
                self._forms.clear()
            form = self._forms[schema, created] = self._make_form(schema, created)
        return form

    def _make_form(self, schema: str, created: int) -> _Form:
        options = proof_options(self.did, self.public_key, format_time(created), context_for(schema))
        # The text of 64 zero bytes stands where the signature's will: the rest of the JSON does not change.
        empty = complete_proof(options, bytes(64))
        before, after = canonical(empty).split(empty["proofValue"][1:].encode())
        return _Form(
            hashlib.sha256(canonical(options)).digest(), before, after, options["verificationMethod"]
        )
