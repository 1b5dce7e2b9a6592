"""The anchor registry in plain Python, over the model of the trust registry."""

from __future__ import annotations

from tests.contracts.harness import ZERO
from tests.contracts.model import Model, Organisation, Refused
from tests.contracts.world import ANCHOR, DAY, STATUS, SUSPENDED, BatchAsk, StatusAsk

MAX_COUNT = 2**20
MAX_STEP = 2**20
ANNULLED = 34
REASONS = {*range(7), 8, 9, 10, 32, 33, ANNULLED}


class LedgerModel(Model):
    """Both registries. ``signer`` is who really signed, None for a request without a signature."""

    def anchor(
        self, t: int, by: str, requests: list[tuple[BatchAsk, str | None]]
    ) -> list[tuple[bytes, int, int]]:
        """Anchor; returns (org, sequence, code) of each request with an event, code 0 if anchored."""
        if self.closed is not None:
            raise Refused("AlreadyClosed", self.closed)
        told = []
        for ask, signer in requests:
            repeat, code = self._batch(t, by, ask, signer)
            if code and len(requests) == 1:
                raise Refused("BatchNotAnchored", ask.org, ask.sequence, code)
            if not repeat:
                told.append((ask.org, ask.sequence, code))
        return told

    def _batch(self, t: int, by: str, ask: BatchAsk, signer: str | None) -> tuple[bool, int]:
        o = self.orgs.get(ask.org, Organisation(ZERO))
        if ask.sequence < len(o.batches):
            root, _, _, *rest = o.batches[ask.sequence]
            repeat = (root, *rest) == (ask.root, ask.count, ask.kinds, ask.format)
            return repeat, 0 if repeat else 1
        if ask.sequence > len(o.batches):
            return False, 2
        if not 0 < ask.count <= MAX_COUNT or ask.root == ZERO or not ask.kinds or not ask.format:
            return False, 3
        index = o.at(t)
        if index is None:
            return False, 4
        if ask.kinds & ~o.periods[index].kinds:
            return False, 5
        if not o.may(ask.account.lower(), ANCHOR, t):
            return False, 6
        code = self._authorised(t, by, ask.account.lower(), ask.deadline, signer)
        if not code:
            o.batches.append((ask.root, ask.account, t, ask.count, ask.kinds, ask.format))
        return False, code

    @staticmethod
    def _authorised(t: int, by: str, account: str, deadline: int, signer: str | None) -> int:
        if signer is None:
            return 0 if by == account else 9
        if deadline < t:
            return 7
        if deadline > t + DAY:
            return 8
        return 0 if signer == account else 9

    def set_status(self, t: int, by: str, ask: StatusAsk, signer: str | None) -> int:
        """Switch bits; returns those that changed, 0 for a no-op."""
        o = self.orgs.get(ask.org, Organisation(ZERO))
        if ask.word > self.word_count(ask.org) + MAX_STEP:
            raise Refused("StatusNotSet", ask.org, ask.plane, ask.word, 11)
        bits = o.words.get((ask.plane, ask.word), 0)
        changed = ask.mask & (~bits if ask.on else bits)
        if not changed:
            return 0
        code = self._status_code(t, by, ask, signer, o)
        if code:
            raise Refused("StatusNotSet", ask.org, ask.plane, ask.word, code)
        o.words[ask.plane, ask.word] = bits ^ changed
        if ask.plane == SUSPENDED:
            o.suspensions += 1
        elif not ask.on:
            o.annulments += 1
        return changed

    def _status_code(self, t: int, by: str, ask: StatusAsk, signer: str | None, o: Organisation) -> int:
        account = ask.account.lower()
        annul = ask.plane != SUSPENDED and not ask.on
        if ask.reason not in REASONS or annul != (ask.reason == ANNULLED):
            return 13
        accreditor = ask.org in self.orgs and self.is_accreditor(ask.org, account, t)
        if annul and not accreditor:
            return 6
        if not annul and o.at(t) is not None and not o.may(account, STATUS, t):
            return 6
        owner = ask.org in self.orgs and account == self.owner
        if not annul and o.at(t) is None and not accreditor and not owner:
            return 4
        code = self._authorised(t, by, account, ask.deadline, signer)
        if code:
            return code
        current = o.suspensions if ask.plane == SUSPENDED else o.annulments
        return 0 if ask.nonce == current else 14

    def close(self, t: int, by: str, successor: str) -> None:
        """End anchoring."""
        if by != self.owner:
            raise Refused("NotOwner", by)
        if self.closed is not None:
            raise Refused("AlreadyClosed", self.closed)
        self.closed = successor

    def word_count(self, org: bytes) -> int:
        """One more than the highest word written."""
        words = self.orgs[org].words if org in self.orgs else {}
        return max((word + 1 for _, word in words), default=0)
