"""Registering organisations and their record keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.service import FIRM, NAMES, OPERATOR, SCHOOL, Service
from trace_service.database import read, write
from trace_service.organisations.authority import KnownKeys
from trace_service.organisations.queries import organisation_pk
from trace_service.organisations.service import MAX_NAME, add_record_key, end_record_key, register
from trace_service.problems import Problem
from verifier_cli.encoding import multikey

NEW = "did:web:new.example"


def _key() -> str:
    return multikey(Ed25519PrivateKey.generate().public_key().public_bytes_raw())


@pytest.mark.parametrize(
    "did", ["", "new.example", "did:web:New.example", "did:web:new.example%3a80", "did:key:z6Mk"]
)
def test_only_a_did_web_in_its_one_spelling(service: Service, did: str) -> None:
    with pytest.raises(Problem) as caught, write(service.engine) as connection:
        register(connection, did, "名")
    assert (caught.value.status, caught.value.code, caught.value.path) == (422, "organisation.did", "$.did")


@pytest.mark.parametrize(
    ("name", "good"), [("", False), ("  ", False), ("名" * MAX_NAME, True), ("名" * (MAX_NAME + 1), False)]
)
def test_length_of_a_name(service: Service, name: str, good: bool) -> None:
    if good:
        with write(service.engine) as connection:
            assert register(connection, NEW, name) == organisation_pk(connection, NEW)
        return
    with pytest.raises(Problem) as caught, write(service.engine) as connection:
        register(connection, NEW, name)
    assert caught.value.code == "organisation.name"


def test_again_with_the_same_names_is_the_same_row(service: Service) -> None:
    with write(service.engine) as connection:
        assert register(connection, FIRM, NAMES[FIRM]) == organisation_pk(connection, FIRM)


def test_again_under_another_name_is_refused(service: Service) -> None:
    with pytest.raises(Problem) as caught, write(service.engine) as connection:
        register(connection, FIRM, "别的名字")
    assert (caught.value.status, caught.value.code) == (409, "organisation.exists")


def test_record_key_belongs_to_one_organisation_and_never_returns(service: Service) -> None:
    key = _key()
    with write(service.engine) as connection:
        add_record_key(connection, FIRM, key)
        add_record_key(connection, FIRM, key)
    with pytest.raises(Problem) as used, write(service.engine) as connection:
        add_record_key(connection, SCHOOL, key)
    with write(service.engine) as connection:
        end_record_key(connection, FIRM, key)
    with pytest.raises(Problem) as ended, write(service.engine) as connection:
        add_record_key(connection, FIRM, key)
    assert used.value.code == ended.value.code == "record_key.used"


def test_ended_key_may_not_sign(service: Service) -> None:
    signer = service.signers[FIRM]
    with write(service.engine) as connection:
        assert KnownKeys().may_sign(connection, FIRM, signer.public_key)
        assert not KnownKeys().may_sign(connection, SCHOOL, signer.public_key)
        end_record_key(connection, FIRM, multikey(signer.public_key))
        assert not KnownKeys().may_sign(connection, FIRM, signer.public_key)
        with pytest.raises(Problem) as caught:
            end_record_key(connection, FIRM, multikey(signer.public_key))
    assert caught.value.status == 404


def test_record_key_out_of_form(service: Service) -> None:
    with pytest.raises(Problem) as caught, write(service.engine) as connection:
        add_record_key(connection, FIRM, "z6Mk")
    assert (caught.value.code, caught.value.path) == ("record_key.form", "$.key")


def test_key_of_an_unknown_organisation(service: Service) -> None:
    with pytest.raises(Problem) as caught, write(service.engine) as connection:
        add_record_key(connection, NEW, _key())
    assert (caught.value.status, caught.value.code) == (404, "organisation.not_found")


def test_public_list_in_pages(served: Service) -> None:
    seen, cursor = [], None
    with served.client() as client:
        for _ in range(len(NAMES)):
            parameters = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/organisations", params=parameters).json()
            seen += [item["did"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
    assert seen == list(NAMES)


def test_operator_registers_over_http(served: Service) -> None:
    key = _key()
    body = {"did": NEW, "name": {"zh": "新学校", "en": "New School"}, "recordKeys": [key]}
    with served.client(OPERATOR) as operator:
        assert operator.post("/v1/organisations", json=body).status_code == 201
        assert operator.get(f"/v1/organisations/{NEW}/record-keys").json() == {"items": [key]}
    with read(served.engine) as connection:
        assert organisation_pk(connection, NEW)
