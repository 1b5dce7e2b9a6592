"""The TrustRegistry seen from the service: who may say what (reads, cached), and changes to it (writes).

Reads serve two places: the door, where a proof comes in, and sealing, where authority is looked at again.
Neither replaces the verifier's own check: they only spare us anchoring what nobody would accept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from eth_account.signers.local import LocalAccount

from trace_service.config import ChainSettings
from trace_service.evm.abi import codec
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainRefused
from trace_service.evm.transact import transact, transact_all

CACHE_SECONDS = 5.0  # how long a changed registry may go unnoticed at the door; the verifier sees it at once
CACHE_ENTRIES = 100_000  # some tens of MB; beyond it the cache starts afresh
SCOPE_ANCHOR, SCOPE_STATUS, SCOPE_MANAGE = 1, 2, 4
DELEGABLE_ROLES_SHIFT = 8  # a period's `roles`: own roles in the low byte, delegable ones above

T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """When a key or an account is good. ``to`` 0 is open, ``compromised_from`` 0 is never, ``start`` 0
    unknown.
    """

    start: int
    to: int
    compromised_from: int
    scopes: int = 0

    def trouble_at(self, t: int) -> str | None:
        """A code for why it is not good at chain time ``t``, or None."""
        if self.start == 0:
            return "unknown"
        if t < self.start:
            return "not_yet_active"
        if self.to and t >= self.to:
            return "ended"
        if self.compromised_from and t >= self.compromised_from:
            return "compromised"
        return None


@dataclass(frozen=True)
class Period:
    """The accreditation that covers a moment."""

    start: int
    to: int
    kinds: int
    roles: int
    accreditor: bytes


class Authority:
    """Cached reads of the registries at the head. Thread-safe. Raises `ChainUnavailable` when the chain is
    away.
    """

    def __init__(self, client: Client, chain: ChainSettings, cache_seconds: float = CACHE_SECONDS) -> None:
        self.client = client
        self._chain = chain
        self._cache_seconds = cache_seconds
        self._cache: dict[tuple[Any, ...], tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def chain_time(self) -> int:
        """The time a block would carry now: of the pending block where the node has one, else of the head.

        An idle chain that mines on demand has an old head, so the head alone would make every new proof
        look early.
        """
        return self._cached(("time",), self._chain_time)

    def key(self, org: bytes, public_key: bytes) -> Window:
        """Life of a record key of ``org``."""
        return self._cached(("key", org, public_key), lambda: self._window("keyWindow", org, public_key))

    def account(self, org: bytes, address: str) -> Window:
        """Life and scopes of an account of ``org``."""
        return self._cached(("account", org, address), lambda: self._window("accountOf", org, address))

    def period(self, org: bytes, t: int) -> Period | None:
        """The period of ``org`` that covers chain time ``t``."""
        return self._cached(("period", org), lambda: self._period(org, t))

    def accredited(self, org: bytes, kind: int, t: int) -> bool:
        """The verifier's walk over the whole path, for record kind ``kind`` (its bit number)."""
        return self._cached(
            ("accredited", org, kind), lambda: bool(self._trust("accreditedFor", org, kind, t))
        )

    def trouble(self, org: bytes, public_key: bytes, kind: int, roles: int, t: int) -> str | None:
        """Why ``org`` may not sign a record of ``kind`` in one of ``roles`` (mask) with this key, as a
        code; or None.

        Codes: not_accredited, kind_not_accredited, role_not_held, key_unknown, key_not_yet_active, key_ended,
        key_compromised. A mask of 0 asks for no role.
        """
        period = self.period(org, t)
        if period is None:
            return "not_accredited"
        if not self.accredited(org, kind, t):
            return "kind_not_accredited"
        if roles and not period.roles & roles:
            return "role_not_held"
        found = self.key(org, public_key).trouble_at(t)
        return None if found is None else f"key_{found}"

    def forget(self) -> None:
        """Read everything anew from now on."""
        with self._lock:
            self._cache.clear()

    def _cached(self, key: tuple[Any, ...], read: Callable[[], T]) -> T:
        now = time.monotonic()
        with self._lock:
            found = self._cache.get(key)
            if found is not None and found[0] > now:
                value: T = found[1]
                return value
        fresh = read()
        with self._lock:
            if len(self._cache) >= CACHE_ENTRIES:
                self._cache.clear()
            self._cache[key] = (now + min(self._cache_seconds, 1.0 if key == ("time",) else 1e9), fresh)
        return fresh

    def _chain_time(self) -> int:
        head = self.client.latest().timestamp
        try:
            pending = self.client.block("pending")
        except ChainRefused:  # a node without a pending block
            return head
        return max(head, pending.timestamp) if pending else head

    def _trust(self, function: str, *arguments: Any) -> Any:
        return self.client.call("TrustRegistry", self._chain.trust_registry, function, *arguments)

    def _window(self, function: str, org: bytes, what: Any) -> Window:
        found = self._trust(function, org, what)
        return Window(found["from"], found["to"], found["compromisedFrom"], found.get("scopes", 0))

    def _period(self, org: bytes, t: int) -> Period | None:
        found, _, period = self._trust("periodCovering", org, t)
        if not found:
            return None
        return Period(
            period["from"], period["to"], period["kinds"], period["roles"], bytes(period["accreditor"])
        )


class RegistryAdmin:
    """Changes of the TrustRegistry by an account that may make them: the owner, an accreditor, a manage
    account.

    Each method waits until the change is mined; a refusal raises `ChainRefused` with the contract's error.
    Inside ``with admin.together():`` changes are collected and sent one after another without waiting in
    between, which spares a block for each.
    """

    def __init__(self, client: Client, trust_registry: str, account: LocalAccount) -> None:
        self._client = client
        self._trust_registry = trust_registry
        self._account = account
        self._collected: list[bytes] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Collect changes; when the block ends they are sent, and all of them are mined on return."""
        self._collected = []
        try:
            yield
            transact_all(self._client, self._account, self._trust_registry, self._collected)
        finally:
            self._collected = None

    def _send(self, function: str, *arguments: Any) -> None:
        data = codec("TrustRegistry").call(function, *arguments)
        if self._collected is None:
            transact(self._client, self._account, self._trust_registry, data)
        else:
            self._collected.append(data)

    def accredit(
        self,
        did: str,
        *,
        kinds: int,
        roles: int,
        delegable_kinds: int = 0,
        delegable_roles: int = 0,
        accreditor: bytes = bytes(32),
        start: int = 0,
        to: int = 0,
    ) -> None:
        """Accredit ``did`` for record kinds and roles (bit masks), in the name of ``accreditor`` (0: the
        owner).
        """
        grant = {
            "from": start,
            "to": to,
            "kinds": kinds,
            "delegableKinds": delegable_kinds,
            "roles": roles | delegable_roles << DELEGABLE_ROLES_SHIFT,
            "accreditor": accreditor,
        }
        self._send("accredit", did, grant)

    def end_accreditation(self, org: bytes, to: int = 0) -> None:
        """End the accreditation of ``org`` at chain time ``to`` (0: now)."""
        self._send("endAccreditation", org, to)

    def add_key(self, org: bytes, public_key: bytes, start: int = 0, to: int = 0) -> None:
        """Add an Ed25519 record key."""
        self._send("addKey", org, public_key, start, to)

    def end_key(self, org: bytes, public_key: bytes, to: int = 0) -> None:
        """End a record key; what was anchored before stays good."""
        self._send("endKey", org, public_key, to)

    def compromise_key(self, org: bytes, public_key: bytes, since: int) -> None:
        """Declare a record key compromised from chain time ``since``, which may lie in the past."""
        self._send("compromiseKey", org, public_key, since)

    def add_account(self, org: bytes, address: str, scopes: int, start: int = 0, to: int = 0) -> None:
        """Add an account with scopes 1 anchor, 2 status, 4 manage (added up)."""
        self._send("addAccount", org, address, scopes, start, to)

    def end_account(self, org: bytes, address: str, to: int = 0) -> None:
        """End an account."""
        self._send("endAccount", org, address, to)

    def compromise_account(self, org: bytes, address: str, since: int) -> None:
        """Declare an account compromised from chain time ``since``."""
        self._send("compromiseAccount", org, address, since)

    def distrust(self, org: bytes, since: int = 0) -> None:
        """Distrust ``org`` and every path through it from chain time ``since`` (0: now)."""
        self._send("distrust", org, since)

    def withdraw_distrust(self, org: bytes) -> None:
        """Withdraw distrust (owner only)."""
        self._send("withdrawDistrust", org)
