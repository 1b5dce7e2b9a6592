"""Taking a snapshot from one's own nodes, at a final block, with as many agreeing as are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from verifier_cli.chain import BlockRef, check_head, probe
from verifier_cli.enumeration import (
    OrganisationView,
    batches_call,
    decode_batches,
    decode_organisation,
    decode_organisations,
    decode_status_words,
    organisation_call,
    organisations_call,
    status_words_call,
)
from verifier_cli.errors import CouldNotRead, MisuseError
from verifier_cli.evidence import Batch
from verifier_cli.rpc import Endpoint, eth_call, hex_bytes
from verifier_cli.snapshot import OrganisationState, Snapshot
from verifier_cli.snapshot_reader import pins_of
from verifier_cli.trust import Deployment

__all__ = ["build_snapshot"]

PAGE: Final = 256
"""Entries per call: about a million gas of reading, within every node's limit for eth_call."""

CALLS_PER_REQUEST: Final = 20
"""Calls per HTTP request; hosted nodes limit the length of a batch, commonly to 100 or less."""

MAX_LISTED: Final = 1 << 20
"""Organisations of a registry, batches or status words of one organisation. A million batches are centuries,
a million words 268 million records; beyond it somebody wants us to read without end."""

T = TypeVar("T")
Progress = Callable[[int, int], None]


def build_snapshot(
    endpoints: Sequence[Endpoint],
    deployment: Deployment,
    orgs: Iterable[bytes] | None,
    now: int,
    progress: Progress = lambda done, total: None,
    *,
    block: int | None = None,
) -> Snapshot:
    """A snapshot of the given organisations (all when None) at the newest block that every asked node calls
    final, or at an earlier `block`; then the nodes must still have its state.

    The first `deployment.agree` nodes are asked, and must give the same snapshot to the last byte.
    `progress` hears (organisations done, in all).

    Raises:
        CouldNotRead: any trouble with a node; disagree when two differ; not_final for a block after the
            newest final one; not_covered for an organisation that the registry does not know; too_large for
            one asked for by name with too many batches or words.
        MisuseError: one endpoint twice.
    """
    if len({node.address for node in endpoints}) != len(endpoints):
        raise MisuseError("an endpoint is named twice; it would agree with itself")
    nodes = list(endpoints)[: deployment.agree]
    if len(nodes) < deployment.agree:
        raise CouldNotRead("no_endpoint", f"{len(nodes)} nodes are named, {deployment.agree} must agree")
    wanted = None if orgs is None else tuple(orgs)
    tag = deployment.finality
    heads = [probe(node, deployment, tag) for node in nodes]
    for head in heads:
        if tag == "latest":
            check_head(deployment, head, now)
    lowest = min(heads, key=lambda head: head.number)
    if block is not None:
        if block > lowest.number:
            raise CouldNotRead("not_final", f"block {block} where {lowest.number} is the newest final one")
        lowest = probe(nodes[0], deployment, hex(block))
    taken = [_Taker(node, deployment, lowest).take(wanted, progress) for node in nodes]
    if any(other.serialise() != taken[0].serialise() for other in taken[1:]):
        raise CouldNotRead("disagree", f"the nodes tell different stories of block {lowest.number}")
    return taken[0]


class _Taker:
    """Reads everything from one node at one block, named by its hash so that no reorganisation slips in."""

    def __init__(self, node: Endpoint, deployment: Deployment, block: BlockRef) -> None:
        self._node = node
        self._deployment = deployment
        self._block = probe(node, deployment, hex(block.number))
        if self._block.hash != block.hash:
            raise CouldNotRead("disagree", f"another block {block.number} at {node.host}")
        self._at = {"blockHash": f"0x{block.hash.hex()}"}

    def take(self, wanted: Sequence[bytes] | None, progress: Progress) -> Snapshot:
        known = self._organisations()
        covered = known if wanted is None else list(wanted)
        views: dict[bytes, OrganisationView] = {}
        waiting = list(covered)
        while waiting:
            for view in self._views(waiting):
                views[view.org] = view
            # Periods that ended long ago may still carry an old record, so every accreditor comes along.
            above = {period.accreditor for org in waiting for period in views[org].periods}
            waiting = [org for org in above if org != bytes(32) and org not in views]
        asked = set(covered)
        states: dict[bytes, OrganisationState] = {}
        for done, (org, view) in enumerate(sorted(views.items())):
            progress(done, len(views))
            covers = org in asked
            if covers and max(view.head, view.status_word_count) > MAX_LISTED:
                if wanted is not None:
                    raise CouldNotRead("too_large", f"more than {MAX_LISTED} batches or words: 0x{org.hex()}")
                covers = False  # among all, one that cannot be listed costs nobody else
            states[org] = self._state(view, covered=covers)
        progress(len(views), len(views))
        return Snapshot(pins_of(self._deployment), self._block, states)

    def _calls(self, calls: Sequence[bytes], decode: Callable[[bytes], T]) -> list[T]:
        found: list[T] = []
        for start in range(0, len(calls), CALLS_PER_REQUEST):
            part = calls[start : start + CALLS_PER_REQUEST]
            to = self._deployment.evidence_reader
            answers: list[Any] = self._node.batch([eth_call(to, data, self._at) for data in part])
            for answer in answers:
                if isinstance(answer, CouldNotRead):
                    raise answer
                found.append(decode(hex_bytes(answer)))
        return found

    def _organisations(self) -> list[bytes]:
        registry = self._deployment.anchor_registry
        found: list[bytes] = []
        while True:
            call = organisations_call(registry, len(found), PAGE)
            page = self._calls([call], lambda data: decode_organisations(data, PAGE))[0]
            found += page
            if len(page) < PAGE:
                return found
            if len(found) > MAX_LISTED:
                raise CouldNotRead("too_large", f"more than {MAX_LISTED} organisations")

    def _views(self, orgs: Sequence[bytes]) -> list[OrganisationView]:
        registry = self._deployment.anchor_registry
        views = self._calls([organisation_call(registry, org) for org in orgs], decode_organisation)
        for org, view in zip(orgs, views, strict=True):
            if view.org != org:
                raise CouldNotRead("garbled", "a node answered for another organisation")
            if not view.periods:
                raise CouldNotRead("not_covered", f"the registry does not know 0x{org.hex()}")
        return views

    def _list(
        self,
        view: OrganisationView,
        total: int,
        call: Callable[[bytes, bytes, int, int], bytes],
        decode: Callable[[bytes, int], list[T]],
    ) -> list[T]:
        """All entries of a list, whose length the view gave; left at the first page that is short."""
        registry, step = self._deployment.anchor_registry, PAGE * CALLS_PER_REQUEST
        found: list[T] = []
        for start in range(0, total, step):
            end = min(start + step, total)
            pages = [call(registry, view.org, at, PAGE) for at in range(start, end, PAGE)]
            for page in self._calls(pages, lambda data: decode(data, PAGE)):
                found += page
            if len(found) != end:
                raise CouldNotRead("inconsistent", f"{len(found)} entries where {total} are announced")
        return found

    def _state(self, view: OrganisationView, *, covered: bool) -> OrganisationState:
        batches: tuple[Batch, ...] | None = None
        status: dict[int, tuple[int, int, int]] | None = None
        if covered:
            batches = tuple(self._list(view, view.head, batches_call, decode_batches))
            if any(batch.anchored_at > self._block.timestamp for batch in batches):
                raise CouldNotRead("inconsistent", "a batch was anchored after the block that shows it")
            words = self._list(view, view.status_word_count, status_words_call, decode_status_words)
            status = {number: planes for number, planes in enumerate(words) if any(planes)}
        return OrganisationState(
            view.distrusted_from,
            view.head,
            view.periods,
            dict(view.keys),
            dict(view.accounts),
            batches,
            status,
        )
