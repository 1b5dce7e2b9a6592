"""API keys: hashed, scoped, expiring, revocable; and what each route asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.service import FIRM, OPERATOR, SCHOOL, Service
from trace_service.database import read, utc_now, write
from trace_service.organisations.queries import API_KEY, organisation_pk
from trace_service.problems import Problem
from trace_service.security import MAX_KEY_DAYS, SCOPES, authenticate, create_key, revoke_key


def _new_key(service: Service, scopes: set[str], days: int = 1) -> str:
    with write(service.engine) as connection:
        return create_key(connection, organisation_pk(connection, FIRM), frozenset(scopes), days=days)


def _caller(service: Service, key: str) -> str | None:
    with read(service.engine) as connection:
        found = authenticate(connection, key)
    return found.did if found else None


def test_key_names_its_organisation_and_scopes(service: Service) -> None:
    key = _new_key(service, {"read", "issue"})
    with read(service.engine) as connection:
        found = authenticate(connection, key)
    assert found is not None
    assert (found.did, sorted(found.scopes)) == (FIRM, ["issue", "read"])


def test_only_a_hash_is_stored(service: Service) -> None:
    key = _new_key(service, {"read"})
    secret = key.rpartition("_")[2]
    service.engine.dispose()
    everything = b"".join(path.read_bytes() for path in service.settings.data_dir.glob("skilltrace.db*"))
    assert secret.encode() not in everything
    assert key[4:14].encode() in everything  # the prefix is there: the files searched are the right ones


@pytest.mark.parametrize(
    "change", [lambda k: k[:-1] + ("0" if k[-1] != "0" else "1"), lambda k: k[:-1], lambda k: k + "0"]
)
def test_altered_key_is_nobody(service: Service, change: object) -> None:
    assert callable(change)
    assert _caller(service, change(_new_key(service, {"read"}))) is None


def test_secret_of_one_key_with_the_prefix_of_another(service: Service) -> None:
    first, second = _new_key(service, {"read"}), _new_key(service, {"read"})
    assert _caller(service, first[:15] + second[15:]) is None


def test_revoked_key_is_nobody_and_revoking_again_is_harmless(service: Service) -> None:
    key = _new_key(service, {"read"})
    for _ in range(2):
        with write(service.engine) as connection:
            revoke_key(connection, key.split("_")[1])
        assert _caller(service, key) is None


def test_revoking_an_unknown_key(service: Service) -> None:
    with pytest.raises(Problem) as caught, write(service.engine) as connection:
        revoke_key(connection, "0123456789")
    assert (caught.value.status, caught.value.code) == (404, "key.not_found")


def test_expired_key_is_nobody(service: Service) -> None:
    key = _new_key(service, {"read"})
    with write(service.engine) as connection:
        connection.execute(
            sa.update(API_KEY)
            .where(API_KEY.c.prefix == key.split("_")[1])
            .values(expires_at=utc_now() - timedelta(seconds=1))
        )
    assert _caller(service, key) is None


@pytest.mark.parametrize("scopes", [set(), {"root"}, {"read", "everything"}])
def test_unknown_scopes(service: Service, scopes: set[str]) -> None:
    with pytest.raises(Problem) as caught:
        _new_key(service, scopes)
    assert (caught.value.code, caught.value.path) == ("key.scope", "$.scopes")


@pytest.mark.parametrize(
    ("days", "good"), [(0, False), (1, True), (MAX_KEY_DAYS, True), (MAX_KEY_DAYS + 1, False)]
)
def test_life_of_a_key(service: Service, days: int, good: bool) -> None:
    if good:
        assert _caller(service, _new_key(service, {"read"}, days)) == FIRM
        return
    with pytest.raises(Problem) as caught:
        _new_key(service, {"read"}, days)
    assert caught.value.code == "key.days"


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("issue", "POST", "/v1/records"),
        ("issue", "POST", "/v1/status-numbers"),
        ("countersign", "GET", "/v1/signing/requests"),
        ("countersign", "POST", "/v1/signing/proofs"),
        ("countersign", "POST", "/v1/signing/rejections"),
        ("countersign", "POST", "/v1/records/urn:uuid:x/proofs"),
        ("read", "GET", "/v1/records"),
        ("read", "GET", "/v1/records/urn:uuid:x"),
        ("read", "GET", "/v1/records/urn:uuid:x/receipt"),
        ("admin", "POST", "/v1/organisations"),
        ("admin", "POST", "/v1/api-keys"),
        ("admin", "DELETE", "/v1/api-keys/0123456789"),
    ],
)
def test_each_route_asks_for_its_scope(served: Service, scope: str, method: str, path: str) -> None:
    key = _new_key(served, set(SCOPES) - {scope})
    with served.client() as client:
        without = client.request(method, path, json={})
        lacking = client.request(method, path, json={}, headers={"Authorization": f"Bearer {key}"})
    assert (without.status_code, without.json()["code"]) == (401, "key.required")
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert (lacking.status_code, lacking.json()["code"]) == (403, "key.scope_missing")
    assert lacking.json()["detail"].endswith(scope)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer tsk_0_0"])
def test_nonsense_credentials(served: Service, header: str) -> None:
    with served.client() as client:
        answer = client.get("/v1/records", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "key.required")


def test_operator_makes_and_ends_keys_over_http(served: Service) -> None:
    wanted = {"did": SCHOOL, "scopes": ["read"], "label": "portal"}
    with served.client(OPERATOR) as operator:
        made = operator.post("/v1/api-keys", json=wanted)
        assert made.status_code == 201
        key = made.json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        assert served.client().get("/v1/records", headers=headers).status_code == 200
        assert operator.delete(f"/v1/api-keys/{key.split('_')[1]}").status_code == 204
        assert served.client().get("/v1/records", headers=headers).status_code == 401
