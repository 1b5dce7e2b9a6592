"""The credit bank over HTTP: who may draft and see what, and what refusals say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.service.creditbank.bank import BANK, SECOND, Bank, new_id
from tests.support.service import FIRM, OTHER, SCHOOL
from trace_service.creditbank.requests import DepositBody


@pytest.fixture
def holder(served_bank: Bank) -> str:
    """A trainee with six credits of enterprise practice at the bank."""
    name = new_id()
    served_bank.do(DepositBody(credential=served_bank.credential(name).ref))
    return name


def post(bank: Bank, did: str, name: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    with bank.service.client(did) as client:
        return client.post(f"/v1/credit-entries/{name}", json=body, headers=headers)


def get(bank: Bank, did: str, path: str, parameters: dict[str, str] | None = None) -> httpx.Response:
    with bank.service.client(did) as client:
        return client.get(f"/v1/credit-accounts/{path}", params=parameters)


def sign(bank: Bank, answer: httpx.Response, *dids: str) -> None:
    """Hand in the proofs over HTTP."""
    assert answer.status_code == 202, answer.text
    digest = answer.json()["recordDigest"]
    for did in dids:
        proof = bank.service.proof(did, digest, schema="creditentry.1")
        with bank.service.client(did) as client:
            done = client.post("/v1/signing/proofs", json={"items": [{"digest": digest, "proof": proof}]})
        assert done.json()["items"][0]["result"] == "accepted"


def redemption(holder: str, amount: int, **changes: Any) -> dict[str, Any]:
    return {"holder": holder, "creditKind": "enterprise", "amount": amount, "course": "IOT-204", **changes}


def test_from_deposit_to_statement(served_bank: Bank) -> None:
    bank, holder = served_bank, new_id()
    credential = bank.credential(holder, 6)
    deposited = post(bank, BANK, "deposit", {"credential": credential.link, "on": "2026-07-02"})
    assert deposited.headers["location"] == f"/v1/records/{deposited.json()['id']}"
    sign(bank, deposited, BANK, SCHOOL)
    agreement = bank.agreement()
    conversion = {
        "holder": holder,
        "amount": 99,
        "rule": {"code": "P2C", "version": "2026.1"},
        "agreement": {"id": agreement.id},
        "on": "2026-07-03",
    }
    sign(bank, post(bank, BANK, "convert", conversion), BANK)
    sign(bank, post(bank, BANK, "redeem", redemption(holder, 100, on="2026-07-04")), BANK)
    transfer = {"holder": holder, "creditKind": "enterprise", "amount": 1, "to": SECOND, "on": "2026-07-05"}
    sign(bank, post(bank, BANK, "transfer", transfer), BANK, SECOND)
    statement = {
        "holder": holder,
        "period": {"from": "2026-07-01", "to": "2026-08-01"},
        "countersigners": [{"id": SCHOOL, "role": "school"}],
    }
    stated = post(bank, BANK, "statement", statement)
    sign(bank, stated, BANK, SCHOOL)
    assert stated.json()["entry"]["balances"] == [
        {"creditKind": "enterprise", "amount": 400},
        {"creditKind": "school", "amount": 66},
    ]
    shown = get(bank, BANK, f"{holder}/statement", {"from": "2026-07-03", "to": "2026-07-05"}).json()
    assert [(line["op"], line["amount"], line["balanceAfter"]) for line in shown["lines"]] == [
        ("convert", -99, 501),
        ("convert", 66, 66),
        ("redeem", -100, 401),
    ]
    assert shown["opening"] == [{"bank": BANK, "creditKind": "enterprise", "amount": 600}]
    assert shown["closing"][0]["amount"] == 401
    assert bank.findings() == []


def test_overdraft_says_what_is_there(served_bank: Bank, holder: str) -> None:
    answer = post(served_bank, BANK, "redeem", redemption(holder, 601))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["path"]) == (409, "credit.overdraft", "$.amount")
    assert (problem["available"], problem["asked"]) == (600, 601)


def test_second_deposit_names_the_first(served_bank: Bank) -> None:
    credential = served_bank.credential(new_id())
    first = post(served_bank, BANK, "deposit", {"credential": credential.link})
    second = post(served_bank, SECOND, "deposit", {"credential": credential.link})
    assert (second.status_code, second.json()["code"]) == (409, "credit.already_deposited")
    assert second.json()["record"] == first.json()["id"]


def test_entries_drafted_as_plain_records_are_held_to_the_same(served_bank: Bank, holder: str) -> None:
    """Whatever way a CreditEntry comes in, the ledger reserves what it takes, or it does not come in."""
    body = {
        "schema": "creditentry.1",
        "subject": {
            "id": holder,
            "type": ["CreditEntry"],
            "op": "redeem",
            "bank": BANK,
            "creditKind": "enterprise",
            "amount": 601,
            "on": "2026-07-04",
        },
        "validFrom": "2026-07-04T00:00:00Z",
    }
    with served_bank.service.client(BANK) as client:
        refused = client.post("/v1/records", json=body)
        body["subject"]["amount"] = 600  # type: ignore[index]
        taken = client.post("/v1/records", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "credit.overdraft")
    assert taken.status_code == 202
    assert served_bank.accounts(holder) == {(BANK, "enterprise"): (600, 600)}


def test_a_rejected_draft_is_released(served_bank: Bank, holder: str) -> None:
    drafted = post(served_bank, BANK, "redeem", redemption(holder, 600)).json()
    with served_bank.service.client(BANK) as client:
        items = [{"digest": drafted["recordDigest"], "comment": "a mistake"}]
        assert client.post("/v1/signing/rejections", json={"items": items}).status_code == 200
    shown = get(served_bank, BANK, holder).json()
    assert [(a["balance"], a["reserved"], a["available"]) for a in shown["accounts"]] == [(600, 0, 600)]
    assert shown["open"] == []


def test_the_same_key_drafts_once(served_bank: Bank, holder: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: post(served_bank, BANK, "redeem", redemption(holder, 100), "k-1"), range(8))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert served_bank.accounts(holder) == {(BANK, "enterprise"): (600, 100)}


def test_requests_at_once_never_overdraw(served_bank: Bank, holder: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: post(served_bank, BANK, "redeem", redemption(holder, 70)), range(48))
        )
    codes = sorted(answer.json().get("code", "drafted") for answer in answers)
    assert codes == ["credit.overdraft"] * 40 + ["drafted"] * 8  # 8 x 70 = 560 of 600


def test_accounts_are_for_the_bank_and_who_signed_there(served_bank: Bank, holder: str) -> None:
    for did in (BANK, SCHOOL):
        answer = get(served_bank, did, holder)
        assert answer.status_code == 200, answer.text
        (account,) = answer.json()["accounts"]
        assert (account["bank"], account["balance"]) == (BANK, 600)
    for did in (FIRM, OTHER, SECOND):
        for path in (holder, f"{holder}/statement"):
            answer = get(served_bank, did, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "credit_account.not_found")
    assert get(served_bank, BANK, new_id()).status_code == 404
    elsewhere = {"bank": SECOND}
    assert get(served_bank, SCHOOL, holder, elsewhere).status_code == 404


def test_a_draft_alone_opens_no_account(served_bank: Bank, holder: str) -> None:
    """The firm names the bank in a deposit: until the bank signs, it sees nothing there."""
    credential = served_bank.credential(holder)
    drafted = post(served_bank, FIRM, "deposit", {"credential": {"id": credential.id}, "bank": BANK})
    assert drafted.status_code == 202
    assert get(served_bank, FIRM, holder).status_code == 404
    refused = post(served_bank, FIRM, "redeem", redemption(holder, 1, bank=BANK, role="enterprise"))
    assert (refused.status_code, refused.json()["code"]) == (403, "credit.not_party")
    sign(served_bank, drafted, BANK, FIRM, SCHOOL)
    assert get(served_bank, FIRM, holder).status_code == 200


@pytest.mark.parametrize(
    ("name", "body", "path"),
    [
        ("redeem", {"holder": "x", "creditKind": "gold", "amount": 1, "course": "C"}, "$.creditKind"),
        ("redeem", {"holder": "x", "creditKind": "school", "amount": 0, "course": "C"}, "$.amount"),
        ("redeem", {"holder": "x", "creditKind": "school", "amount": 1.5, "course": "C"}, "$.amount"),
        ("expire", {"holder": "x", "creditKind": "school", "on": "2026-02-30"}, "$.on"),
        ("statement", {"holder": "x", "period": {"from": "2026-01-01"}}, "$.period.to"),
        ("deposit", {"credential": {"id": "x", "digestMultibase": "u"}}, "$.credential.digestMultibase"),
    ],
)
def test_bodies_out_of_form(served_bank: Bank, name: str, body: dict[str, Any], path: str) -> None:
    answer = post(served_bank, BANK, name, body)
    assert (answer.status_code, answer.json()["path"]) == (422, path), answer.text


def test_scopes(served_bank: Bank, holder: str) -> None:
    with served_bank.service.client() as client:
        assert client.get(f"/v1/credit-accounts/{holder}").status_code == 401
        assert client.post("/v1/credit-entries/redeem", json=redemption(holder, 1)).status_code == 401
