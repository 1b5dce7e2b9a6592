"""Names of parties: one spelling per organisation (protocol 1)."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.records import make_key
from verifier_cli import did as module
from verifier_cli.did import check_did_web, did_key_public, did_web_host, is_organisation, org_id
from verifier_cli.errors import DataError

HOSTS = {
    "did:web:school.example": "school.example",
    "did:web:school.example%3A8443": "school.example:8443",
    "did:web:school.example:orgs:a-1": "school.example",
    "did:web:localhost%3A3000:orgs:a_b.c": "localhost:3000",
    "did:web:xn--fiq228c.example": "xn--fiq228c.example",
    "did:web:4chip.example": "4chip.example",
    "did:web:1.2.3.4a": "1.2.3.4a",
}
REFUSED = [
    "",
    "did:web:",
    "did:web:School.example",
    "did:WEB:school.example",
    "did:web:school.example%3a8443",
    "did:web:school.example%3A",
    "did:web:school.example%3A0",
    "did:web:school.example%3A08",
    "did:web:school.example%3A65536",
    "did:web:school.example:8443%3A1",
    "did:web:school.example:",
    "did:web:school.example::a",
    "did:web:school.example:.",
    "did:web:school.example:..:a",
    "did:web:school.example:a%20b",
    "did:web:school.example/a",
    "did:web:school.example#key",
    "did:web:school.example?x=1",
    "did:web:school..example",
    "did:web:-school.example",
    "did:web:school-.example",
    "did:web:school.example.",
    "did:web:学校.example",
    "did:web:127.0.0.1",
    "did:web:127.0.0.1%3A80",
    "did:web:127.0.0.1:a",
    "did:web:[::1]",
    "did:web:school.example\n",
    " did:web:school.example",
    "did:web:" + "a" * 64 + ".example",
    "did:web:example:" + "a" * 240,
    "did:key:" + make_key(1).multikey,
    "urn:uuid:6a1dfe7e-8dd5-4e3f-9f2c-0c2a3a0f0000",
]


@pytest.mark.parametrize("did", HOSTS)
def test_accepted(did: str) -> None:
    check_did_web(did)
    assert did_web_host(did) == HOSTS[did]
    assert is_organisation(did)
    assert org_id(did) == hashlib.sha256(did.encode()).digest()


@pytest.mark.parametrize("did", REFUSED)
def test_refused(did: str) -> None:
    for function in (check_did_web, did_web_host, org_id):
        with pytest.raises(DataError) as error:
            function(did)
        assert error.value.path == "did"
    assert not is_organisation(did)


def test_longest() -> None:
    prefix = "did:web:example:"
    check_did_web(prefix + "a" * (module.MAX_DID_CHARS - len(prefix)))
    with pytest.raises(DataError):
        check_did_web(prefix + "a" * (module.MAX_DID_CHARS - len(prefix) + 1))


def test_did_key() -> None:
    key = make_key("person")
    assert did_key_public(f"did:key:{key.multikey}") == key.public


@pytest.mark.parametrize(
    "did", ["did:web:a.example", "did:key:", "did:key:z6Mk", "did:key:zQ3shokFTS3brHcDQrn82"]
)
def test_did_key_refused(did: str) -> None:
    with pytest.raises(DataError):
        did_key_public(did)
