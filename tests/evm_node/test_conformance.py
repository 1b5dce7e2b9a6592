"""The same assertions against our node and against anvil, through an ordinary web3 client."""

from typing import Any, cast

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_typing import HexStr
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import (
    BlockNotFound,
    ContractCustomError,
    ContractLogicError,
    ContractPanicError,
    TransactionNotFound,
    Web3RPCError,
)
from web3.types import FilterParams, Wei

from tests.evm_node.client import FIRST_VALUE, Client
from tests.support.nodes import post, rpc

UNKNOWN_HASH = HexStr("0x" + "ee" * 32)


def test_identity(client: Client) -> None:
    assert client.web3.eth.chain_id == client.node.chain_id
    assert client.web3.net.version == str(client.node.chain_id)
    assert client.web3.eth.syncing is False
    assert client.web3.client_version
    assert client.web3.net.listening is True


def test_deployed_contract_answers(client: Client, probe: Contract) -> None:
    assert probe.functions.values(0).call() == FIRST_VALUE
    assert len(client.web3.eth.get_code(probe.address)) > 100
    assert int.from_bytes(client.web3.eth.get_storage_at(probe.address, 0)) == 0


def test_transfer_moves_value_and_fee(client: Client) -> None:
    receiver = Account.create().address
    before = client.web3.eth.get_balance(client.account.address)
    receipt = client.send(to=receiver, value=7, gas=21_000)
    spent = receipt["gasUsed"] * receipt["effectiveGasPrice"] + 7
    assert receipt["status"] == 1
    assert receipt["gasUsed"] == 21_000
    assert client.web3.eth.get_balance(receiver) == 7
    assert client.web3.eth.get_balance(client.account.address) == before - spent


def test_receipt_and_transaction_agree(client: Client, probe: Contract) -> None:
    receipt = client.transact(probe.functions.store(5, 6))
    transaction = client.web3.eth.get_transaction(receipt["transactionHash"])
    block = client.web3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    assert transaction["blockHash"] == receipt["blockHash"] == block["hash"]
    assert transaction["transactionIndex"] == receipt["transactionIndex"]
    assert transaction["from"] == receipt["from"] == client.account.address
    assert transaction["chainId"] == client.node.chain_id
    assert block["transactions"][receipt["transactionIndex"]] == transaction
    by_index = client.web3.eth.get_transaction_by_block(receipt["blockHash"], receipt["transactionIndex"])
    by_number = client.web3.eth.get_transaction_by_block(receipt["blockNumber"], receipt["transactionIndex"])
    assert by_index == by_number == transaction
    assert client.web3.eth.get_block_receipts(receipt["blockNumber"])[receipt["transactionIndex"]] == receipt
    assert client.web3.eth.get_block_transaction_count(receipt["blockHash"]) == len(block["transactions"])


@pytest.mark.parametrize("kind", ["legacy", "access list"])
def test_older_transaction_types(client: Client, kind: str) -> None:
    members = {"maxFeePerGas": None, "maxPriorityFeePerGas": None, "gasPrice": 4_000_000_000}
    if kind == "legacy":
        receipt = client.send(**members, type=None, value=1)
    else:
        listed = [{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "00" * 32]}]
        receipt = client.send(**members, type=1, accessList=listed)
    transaction = client.web3.eth.get_transaction(receipt["transactionHash"])
    assert receipt["type"] == transaction["type"] == (0 if kind == "legacy" else 1)
    assert receipt["effectiveGasPrice"] == transaction["gasPrice"] == 4_000_000_000
    assert receipt["gasUsed"] == (21_000 if kind == "legacy" else 21_000 + 2_400 + 1_900)


def test_logs_are_found_by_address_topic_and_block(client: Client, probe: Contract) -> None:
    receipt = client.transact(probe.functions.storeTwice(900, 1))
    events = probe.events.Stored().process_receipt(receipt)
    assert [event["args"]["value"] for event in events] == [1, 2]
    assert [log["logIndex"] for log in receipt["logs"]] == [0, 1]
    span: FilterParams = {"fromBlock": receipt["blockNumber"], "toBlock": receipt["blockNumber"]}
    assert probe.events.Stored().get_logs(argument_filters={"key": 900}, from_block=0) == list(events)
    topic, other = receipt["logs"][0]["topics"][0], "0x" + "dd" * 32
    found = client.web3.eth.get_logs({**span, "address": probe.address, "topics": [[other, topic]]})
    assert found == receipt["logs"]
    key = "0x" + (900).to_bytes(32).hex()
    assert client.web3.eth.get_logs({"fromBlock": 0, "topics": [None, None, key]}) == receipt["logs"]
    assert client.web3.eth.get_logs({"blockHash": receipt["blockHash"], "topics": [topic]}) == receipt["logs"]
    assert client.web3.eth.get_logs({**span, "topics": [other]}) == []


def test_custom_error_is_decoded_with_its_arguments(client: Client, probe: Contract) -> None:
    caller = client.account.address
    with pytest.raises(ContractCustomError) as caught:
        probe.functions.forbid(77).call({"from": caller})
    selector = Web3.keccak(text="Forbidden(address,uint256)")[:4].hex()
    assert caught.value.data == f"0x{selector}{caller[2:].lower():0>64}{77:064x}"


def test_reverts_answer_code_3_with_data(client: Client, probe: Contract) -> None:
    with pytest.raises(ContractLogicError):
        probe.functions.refuse().call()
    with pytest.raises(ContractPanicError):
        probe.functions.panic(0).call()
    for method in ("eth_call", "eth_estimateGas"):
        call = {"to": probe.address, "data": probe.functions.refuse()._encode_transaction_data()}
        answer = post(client.node.url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": [call]})
        assert answer["error"]["code"] == 3
        assert answer["error"]["data"].startswith("0x08c379a0")


def test_failed_transaction_has_status_0_and_costs_gas(client: Client, probe: Contract) -> None:
    receipt = client.transact(probe.functions.forbid(1), gas=60_000)
    assert receipt["status"] == 0
    assert 21_000 < receipt["gasUsed"] <= 60_000
    assert receipt["logs"] == []


def test_history_is_kept(client: Client, probe: Contract) -> None:
    first = client.transact(probe.functions.store(8, 1))
    second = client.transact(probe.functions.store(8, 2))
    value = probe.functions.values(8)
    assert value.call(block_identifier=first["blockNumber"]) == 1
    assert value.call(block_identifier=first["blockHash"]) == 1
    assert value.call(block_identifier=second["blockNumber"]) == 2
    assert value.call(block_identifier=first["blockNumber"] - 1) == 0
    earlier = client.web3.eth.get_transaction_count(client.account.address, first["blockNumber"])
    later = client.web3.eth.get_transaction_count(client.account.address, "latest")
    assert later == earlier + 1


@pytest.mark.parametrize("tag", ["latest", "pending"])
def test_head_tags(client: Client, probe: Contract, tag: str) -> None:
    client.transact(probe.functions.store(9, 3))
    call = {"to": probe.address, "data": probe.functions.values(9)._encode_transaction_data()}
    assert int(rpc(client.node.url, "eth_call", call, tag), 16) == 3
    assert rpc(client.node.url, "eth_call", call, "earliest") == "0x"


def test_eip_1898_block_objects(client: Client, probe: Contract) -> None:
    receipt = client.transact(probe.functions.store(10, 4))
    call = {"to": probe.address, "data": probe.functions.values(10)._encode_transaction_data()}
    block_hash = "0x" + bytes(receipt["blockHash"]).hex()
    by_hash = {"blockHash": block_hash, "requireCanonical": True}
    by_number = {"blockNumber": hex(receipt["blockNumber"] - 1)}
    assert int(rpc(client.node.url, "eth_call", call, by_hash), 16) == 4
    assert int(rpc(client.node.url, "eth_call", call, by_number), 16) == 0


def test_unknown_things(client: Client) -> None:
    with pytest.raises(TransactionNotFound):
        client.web3.eth.get_transaction(UNKNOWN_HASH)
    with pytest.raises(TransactionNotFound):
        client.web3.eth.get_transaction_receipt(UNKNOWN_HASH)
    with pytest.raises(BlockNotFound):
        client.web3.eth.get_block(UNKNOWN_HASH)
    with pytest.raises(BlockNotFound):
        client.web3.eth.get_block(10**9)
    nobody = Account.create().address
    assert client.web3.eth.get_balance(nobody) == 0
    assert client.web3.eth.get_code(nobody) == b""
    with pytest.raises(Web3RPCError):
        client.web3.eth.get_balance(nobody, 10**9)


def test_gas_estimates_suffice_and_are_close(client: Client, probe: Contract) -> None:
    assert (
        client.web3.eth.estimate_gas(
            {"to": Account.create().address, "value": Wei(1), "from": client.account.address}
        )
        == 21_000
    )
    function = probe.functions.storeTwice(11, 1)
    estimate = function.estimate_gas({"from": client.account.address})
    receipt = client.transact(function, gas=estimate)
    assert receipt["status"] == 1
    assert receipt["gasUsed"] <= estimate <= receipt["gasUsed"] * 1.1


def test_fees(client: Client) -> None:
    client.send(value=1)
    history = client.web3.eth.fee_history(2, "latest", [10, 90])
    head = client.web3.eth.get_block("latest")
    assert len(history["baseFeePerGas"]) == 3
    assert history["baseFeePerGas"][1] == head["baseFeePerGas"]
    assert len(history["reward"]) == len(history["gasUsedRatio"]) == 2
    assert history["oldestBlock"] == head["number"] - 1
    assert client.web3.eth.gas_price >= history["baseFeePerGas"][2]
    assert client.web3.eth.max_priority_fee > 0


def test_contract_sees_its_surroundings(client: Client, probe: Contract) -> None:
    client.send(value=1)
    head = client.web3.eth.get_block("latest")
    number, timestamp, parent, chain_id = probe.functions.surroundings().call(block_identifier=head["number"])
    assert (number, timestamp, chain_id) == (head["number"], head["timestamp"], client.node.chain_id)
    assert parent == head["parentHash"]


def test_precompiled_recovery(client: Client, probe: Contract) -> None:
    signed = client.account.sign_message(encode_defunct(text="x"))
    r, s = (part.to_bytes(32) for part in (signed.r, signed.s))
    recovered = probe.functions.recover(bytes(signed.message_hash), signed.v, r, s).call()
    assert recovered == client.account.address


def test_batch_answers_each_request(client: Client, probe: Contract) -> None:
    call = {"to": probe.address, "data": probe.functions.values(0)._encode_transaction_data()}
    wanted = [
        ("eth_chainId", []),
        ("eth_getBlockByNumber", ["latest", False]),
        ("eth_getCode", [probe.address, "latest"]),
        ("eth_call", [call, "latest"]),
        ("eth_noSuchMethod", []),
    ]
    batch = [{"jsonrpc": "2.0", "id": i, "method": m, "params": p} for i, (m, p) in enumerate(wanted)]
    answers = {answer["id"]: answer for answer in post(client.node.url, batch)}
    assert len(answers) == len(wanted)
    assert int(answers[0]["result"], 16) == client.node.chain_id
    assert int(answers[3]["result"], 16) == FIRST_VALUE
    assert answers[4]["error"]["code"] == -32601
    with client.web3.batch_requests() as requests:
        requests.add(probe.functions.values(0))
        requests.add(client.web3.eth.get_block(0))
        value, block = cast(tuple[Any, Any], requests.execute())
    assert value == FIRST_VALUE
    assert block["number"] == 0


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"nonce": 0}, id="nonce too low"),
        pytest.param({"value": 10**30}, id="insufficient funds"),
        pytest.param({"gas": 20_999}, id="intrinsic gas"),
        pytest.param({"chainId": 1}, id="another chain"),
    ],
)
def test_refused_transactions(client: Client, members: dict[str, int]) -> None:
    if client.nonce() == 0:
        client.send(value=1)
    with pytest.raises(Web3RPCError) as caught:
        client.web3.eth.send_raw_transaction(client.sign(**members))
    response = caught.value.rpc_response
    assert response is not None
    # anvil says "transaction rejected" (EIP-1474); go-ethereum and we say -32000.
    assert response["error"]["code"] in {-32000, -32003}
