"""The trust registry in plain Python, written from protocol section 5 and not from the contract.

Every write takes the block's time and the caller first. It raises ``Refused`` with the contract's error name
and values, and may leave the model half changed then: work on a copy.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.harness import ZERO
from tests.contracts.world import MANAGE, Grant

MAX_PATH = 4


class Refused(Exception):  # noqa: N818 - the contract's word
    """The write is refused with error ``name`` and ``values``."""

    def __init__(self, name: str, *values: Any) -> None:
        super().__init__(name, values)
        self.name, self.values = name, values


@dataclass
class Window:
    """Life of a key or an account."""

    start: int
    end: int
    compromised: int = 0
    scopes: int = 0

    def covers(self, t: int) -> bool:
        return self.start <= t and not (self.end and self.end <= t)

    def active(self, t: int) -> bool:
        return self.covers(t) and not (self.compromised and self.compromised <= t)


@dataclass
class Period(Window):
    """One accreditation."""

    kinds: int = 0
    delegable: int = 0
    roles: int = 0
    accreditor: bytes = ZERO
    accreditor_period: int = 0

    def tuple(self) -> tuple[Any, ...]:
        ends = (self.start, self.end, self.kinds, self.delegable, self.roles)
        return (*ends, self.accreditor_period, self.accreditor)


@dataclass
class Organisation:
    """Everything both registries hold about one organisation."""

    accreditor: bytes
    periods: list[Period] = field(default_factory=list)
    distrusted: int = 0
    keys: dict[bytes, Window] = field(default_factory=dict)
    accounts: dict[str, Window] = field(default_factory=dict)
    batches: list[tuple[Any, ...]] = field(default_factory=list)
    words: dict[tuple[int, int], int] = field(default_factory=dict)
    suspensions: int = 0
    annulments: int = 0

    def at(self, t: int) -> int | None:
        """Index of the period that covers ``t``."""
        return next((i for i, period in enumerate(self.periods) if period.covers(t)), None)

    def trusted(self, t: int) -> bool:
        return not (self.distrusted and self.distrusted <= t)

    def may(self, account: str, scope: int, t: int) -> bool:
        window = self.accounts.get(account)
        return window is not None and window.active(t) and bool(window.scopes & scope)


def ahead(t: int, asked: int) -> int:
    """``asked``, or now for 0; never the past."""
    if asked and asked < t:
        raise Refused("TimeInPast", asked, t)
    return asked or t


class Model:
    """The registries' state and rules."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.orgs: dict[bytes, Organisation] = {}
        self.closed: str | None = None

    # ----- who may -----

    def known(self, org: bytes) -> Organisation:
        if org not in self.orgs:
            raise Refused("UnknownOrganisation", org)
        return self.orgs[org]

    def is_manager(self, org: bytes, by: str, t: int) -> bool:
        return org in self.orgs and self.orgs[org].may(by, MANAGE, t)

    def is_accreditor(self, org: bytes, by: str, t: int) -> bool:
        accreditor = self.orgs[org].accreditor
        if accreditor == ZERO:
            return by == self.owner
        above = self.orgs[accreditor]
        return above.at(t) is not None and above.trusted(t) and above.may(by, MANAGE, t)

    def need_accreditor(self, org: bytes, by: str, t: int) -> None:
        if by != self.owner and not self.is_accreditor(org, by, t):
            raise Refused("NotAccreditor", org, by)

    def need_manager(self, org: bytes, by: str, t: int) -> None:
        if not self.is_manager(org, by, t) and not self.is_accreditor(org, by, t):
            raise Refused("NotManager", org, by)

    def need_owner(self, by: str) -> None:
        if by != self.owner:
            raise Refused("OwnableUnauthorizedAccount", by)

    # ----- accreditation -----

    def accredit(self, t: int, by: str, did: str, grant: Grant) -> None:
        org = hashlib.sha256(did.encode()).digest()
        start = ahead(t, grant.start)
        if grant.end and grant.end <= start:
            raise Refused("EmptyWindow", start, grant.end)
        above = self._check_grant(org, by, t, grant)
        o = self.orgs.setdefault(org, Organisation(grant.accreditor))
        last = o.periods[-1].end if o.periods else start
        if not last or start < last:
            raise Refused("PeriodOverlaps", org, start, last)
        o.accreditor = grant.accreditor
        period = Period(start, grant.end)
        period.kinds, period.delegable, period.roles = grant.kinds, grant.delegable, grant.roles
        period.accreditor, period.accreditor_period = grant.accreditor, above
        o.periods.append(period)

    def _check_grant(self, org: bytes, by: str, t: int, grant: Grant) -> int:
        if grant.accreditor == ZERO:
            self.need_owner(by)
            return 0
        if not self.is_manager(grant.accreditor, by, t):
            raise Refused("NotManager", grant.accreditor, by)
        if org in self.orgs and self.orgs[org].accreditor != grant.accreditor:
            raise Refused("NotAccreditor", org, by)
        above = self.orgs[grant.accreditor]
        index = above.at(t)
        if index is None or not above.trusted(t):
            raise Refused("AccreditorNotAccredited", grant.accreditor)
        period = above.periods[index]
        kinds, roles = grant.kinds | grant.delegable, grant.roles & 0xFF | grant.roles >> 8
        if kinds & ~period.delegable:
            raise Refused("KindsNotDelegable", kinds, period.delegable)
        if roles & ~(period.roles >> 8):
            raise Refused("RolesNotDelegable", roles, period.roles >> 8)
        if len(self.path(grant.accreditor, index)) >= MAX_PATH:
            raise Refused("PathTooLong", grant.accreditor)
        return index

    def path(self, org: bytes, index: int) -> list[tuple[Organisation, Period]]:
        """Organisations and periods from ``org`` up to one that the owner accredited."""
        o = self.orgs[org]
        period = o.periods[index]
        above = [] if period.accreditor == ZERO else self.path(period.accreditor, period.accreditor_period)
        return [(o, period), *above]

    def accredited_for(self, org: bytes, kind: int, t: int) -> bool:
        index = self.orgs[org].at(t) if org in self.orgs else None
        if index is None:
            return False
        (_, period), *above = path = self.path(org, index)
        carried = all(p.covers(t) and p.delegable >> kind & 1 for _, p in above)
        return bool(period.kinds >> kind & 1) and carried and all(o.trusted(t) for o, _ in path)

    def end_accreditation(self, t: int, by: str, org: bytes, end: int) -> None:
        o = self.known(org)
        self.need_accreditor(org, by, t)
        end = ahead(t, end)
        later = [period for period in o.periods if not period.end or period.end > end]
        if not later:
            raise Refused("NothingToEnd", org, end)
        for period in later:
            period.start, period.end = min(period.start, end), end

    def change_accreditor(self, t: int, by: str, org: bytes, accreditor: bytes) -> None:
        self.need_owner(by)
        o = self.known(org)
        if accreditor == org:
            raise Refused("SelfAccreditation", org)
        if accreditor != ZERO:
            self.known(accreditor)
        o.accreditor = accreditor

    def distrust(self, t: int, by: str, org: bytes, start: int) -> None:
        o = self.known(org)
        self.need_accreditor(org, by, t)
        if start > t:
            raise Refused("TimeInFuture", start, t)
        start = start or t
        if o.distrusted and o.distrusted <= start:
            raise Refused("AlreadyDistrusted", org, o.distrusted)
        o.distrusted = start

    def withdraw_distrust(self, t: int, by: str, org: bytes) -> None:
        self.need_owner(by)
        o = self.known(org)
        if not o.distrusted:
            raise Refused("NotDistrusted", org)
        o.distrusted = 0

    # ----- keys and accounts: one set of rules, told apart by the name of what they are about -----

    def add(
        self, t: int, by: str, org: bytes, what: str, name: Any, scopes: int, start: int, end: int
    ) -> None:
        windows = self._windows(self.known(org), what)
        self.need_manager(org, by, t)
        if what == "Account" and not 0 < scopes < 8:
            raise Refused("ScopesNotValid", scopes)
        if name in windows:
            raise Refused(f"{what}Exists", org, name)
        start = ahead(t, start)
        if end and end <= start:
            raise Refused("EmptyWindow", start, end)
        windows[name] = Window(start, end, 0, scopes)

    def end(self, t: int, by: str, org: bytes, what: str, name: Any, end: int) -> None:
        window = self._window(org, what, name)
        self.need_manager(org, by, t)
        end = ahead(t, end)
        if window.end and window.end <= end:
            raise Refused("AlreadyEnded", window.end, end)
        window.end = end

    def compromise(self, t: int, by: str, org: bytes, what: str, name: Any, start: int) -> None:
        window = self._window(org, what, name)
        if not self.is_accreditor(org, by, t):
            self.need_manager(org, by, t)
            if window.compromised:
                raise Refused("AlreadyCompromised", window.compromised)
            if not start:
                raise Refused("TimeInPast", 0, t)
        if start > t:
            raise Refused("TimeInFuture", start, t)
        window.compromised = start

    @staticmethod
    def _windows(o: Organisation, what: str) -> Any:
        return o.keys if what == "Key" else o.accounts

    def _window(self, org: bytes, what: str, name: Any) -> Window:
        windows = self._windows(self.orgs[org], what) if org in self.orgs else {}
        if name not in windows:
            raise Refused(f"Unknown{what}", org, name)
        window: Window = windows[name]
        return window
