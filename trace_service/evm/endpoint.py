"""Where the chain answers, for commands that run beside the service or without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trace_service.config import Settings
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainError
from trace_service.evm_node import start_node
from verifier_cli.trust import Trust


@contextmanager
def open_chain(settings: Settings) -> Iterator[str]:
    """The URL of the chain of ``settings``.

    An external node's is in the settings. The embedded node runs with the service, which writes its
    address into the trust file; where nobody runs it, it is started for as long as the block lasts. Raises
    `NodeError`.
    """
    if settings.chain.rpc_url:
        yield settings.chain.rpc_url
        return
    for url in _written(settings):
        if _answers(url, settings.chain.chain_id):
            yield url
            return
    with start_node(settings.chain_dir, chain_id=settings.chain.chain_id) as node:
        yield node.url


def _written(settings: Settings) -> list[str]:
    if not settings.trust_file.exists():
        return []
    pinned = Trust.load(settings.trust_file).deployments
    return [url for item in pinned if item.chain_id == settings.chain.chain_id for url in item.rpc]


def _answers(url: str, chain_id: int) -> bool:
    try:
        return Client(url).chain_id() == chain_id
    except ChainError:
        return False
