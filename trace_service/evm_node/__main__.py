"""`python -m trace_service.evm_node`: run the embedded chain, or create its genesis.

Exit codes: 0 stopped on request, 2 refused to start, 74 the store failed.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from functools import partial
from pathlib import Path

from trace_service.evm_node import chain, server
from trace_service.evm_node.errors import NodeError, StoreBroken
from trace_service.evm_node.lock import DirectoryLock
from trace_service.evm_node.node import IDLE_BLOCK_SECONDS, Node

EXIT_REFUSED = 2
EXIT_STORE = 74  # EX_IOERR of sysexits.h


def main() -> int:
    """Parse the command line and do what it asks."""
    options = _parser().parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # py-evm would log whole write sets, and uvicorn its banner.
    logging.getLogger("eth").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        return _create(options) if options.create_genesis else _run(options)
    except (NodeError, OSError) as error:
        print(f"evm_node: {type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except StoreBroken as error:
        print(f"evm_node: {error}", file=sys.stderr)
        return EXIT_STORE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trace_service.evm_node", description="Embedded EVM chain"
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--chain-id", type=int, help="refuse to start on a chain with another id")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 (default) takes any free one")
    parser.add_argument("--ready-file", type=Path, help="written when the node answers: url, pid, chain_id")
    parser.add_argument("--idle-block-seconds", type=float, default=IDLE_BLOCK_SECONDS)
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when standard input closes")
    parser.add_argument(
        "--create-genesis",
        action="store_true",
        help='create the chain, with balances {"0xaddress": "wei"} from standard input, and exit',
    )
    return parser


def _create(options: argparse.Namespace) -> int:
    if options.chain_id is None or options.chain_id <= 0:
        raise NodeError("--create-genesis needs --chain-id, a positive number of your own")
    balances = _balances(sys.stdin.read())
    options.data_dir.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(options.data_dir)
    genesis_hash = chain.write_genesis(options.data_dir, options.chain_id, balances)
    lock.release()
    print("0x" + genesis_hash.hex())
    return 0


def _balances(text: str) -> dict[bytes, int]:
    try:
        balances = {bytes.fromhex(key.removeprefix("0x")): int(wei) for key, wei in json.loads(text).items()}
    except ValueError as error:
        raise NodeError(f"the balances must be 20-byte addresses with amounts of wei: {error}") from error
    if any(len(address) != 20 or not 0 <= wei < 2**256 for address, wei in balances.items()):
        raise NodeError("the balances must be 20-byte addresses with amounts of wei below 2**256")
    return balances


def _run(options: argparse.Namespace) -> int:
    evm = chain.evm_thread()
    try:
        node = evm.submit(Node, options.data_dir, options.chain_id, options.idle_block_seconds).result()
        listener = server.listen(options.port)
        ready = partial(_announce, options, node, listener.getsockname()[1])
        failure = asyncio.run(
            server.serve(node, evm, listener, ready, stop_with_parent=options.stop_with_parent)
        )
        evm.submit(node.close).result()
    finally:
        evm.shutdown()
    return EXIT_STORE if failure else 0


def _announce(options: argparse.Namespace, node: Node, port: int) -> None:
    url = f"http://{server.HOST}:{port}"
    logging.info("chain %d at block %d, serving %s", node.chain.chain_id, node.chain.head.block_number, url)
    if options.ready_file:
        facts = {"url": url, "pid": os.getpid(), "chain_id": node.chain.chain_id}
        partial_file = options.ready_file.with_name(options.ready_file.name + ".part")
        partial_file.write_text(json.dumps(facts))
        partial_file.replace(options.ready_file)


if __name__ == "__main__":
    sys.exit(main())
