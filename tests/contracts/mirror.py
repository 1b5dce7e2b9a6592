"""Dice for the state machine, and a world that tells its set-up to the model."""

from __future__ import annotations

from random import Random
from typing import Any

from eth_account.signers.local import LocalAccount

from tests.contracts.harness import Chain, Sent
from tests.contracts.ledger_model import MAX_STEP, LedgerModel
from tests.contracts.world import DAY, LEADER, MEMBER, SCHOOL, Grant, World, may_give

KEYS = [bytes([number]) * 32 for number in (1, 2, 3)]

#: How often each step is taken.
WEIGHTS = {
    "accredit": 3,
    "renew": 3,
    "give_accounts": 1,
    "end_accreditation": 2,
    "change_accreditor": 1,
    "distrust": 1,
    "withdraw_distrust": 2,
    "change_window": 5,
    "anchor": 6,
    "anchor_everybody": 1,
    "set_status": 7,
    "close": 1,
    "wait": 3,
    "walk": 3,
}


class Dice:
    """Draws of one step. Weights sit in the lists: most of what is drawn could succeed."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def one(self, *values: Any) -> Any:
        """One of ``values``."""
        return self.random.choice(values)

    def org(self) -> int:
        """Index of an organisation, the two that nobody accredited at first among them."""
        return self.random.randrange(6)

    def actor(self) -> str:
        """Who acts: mostly somebody who may."""
        return str(self.one(*["accreditor"] * 4, *["manager"] * 4, "owner", "hot", "stranger"))

    def offset(self) -> int:
        """Seconds from the next block; 0 is the contract's "now"."""
        return int(self.one(0, 0, 0, 0, -1, 1, 40, DAY))

    def length(self) -> int | None:
        """Seconds that a window lasts, None for an open one."""
        return self.one(None, None, None, 60, 2 * DAY)  # type: ignore[no-any-return]

    def kinds(self) -> int:
        """Kinds of a grant."""
        return int(self.one(0x80, 0xFF, 0xFFF))

    def roles(self) -> int:
        """Roles of a grant."""
        return int(self.one(SCHOOL, MEMBER, LEADER | may_give(MEMBER), LEADER | may_give(LEADER, MEMBER)))

    def signing(self) -> str:
        """How a request is authorised."""
        return str(self.one(*["good"] * 8, "bad", "direct"))

    def deadline(self) -> int:
        """Seconds that an authorisation has left."""
        return int(self.one(*[DAY // 2] * 6, 0, -1, DAY, DAY + 1))

    def word(self, count: int) -> int:
        """A status word, now and then at the far end of what one change may reach."""
        return int(self.one(*[0, 1, 2] * 6, count + MAX_STEP, count + MAX_STEP + 1))

    def batch(self) -> dict[str, Any]:
        """One request to anchor; ``step`` counts from the head."""
        return {
            "org": self.org(),
            "step": self.one(*[0] * 6, -1, -1, 1),
            "fork": self.one(True, False),
            "kinds": self.one(*[0x80] * 8, 0x100, 0x1000, 0),
            "count": self.one(*[1] * 8, 0, 2**20, 2**20 + 1),
            "account": self.one(*["anchorer"] * 8, "status", "stranger"),
            "signing": self.signing(),
            "deadline": self.deadline(),
        }


class Mirror(World):
    """A world whose set-up is told to the model too."""

    def __init__(self, chain: Chain) -> None:
        self.model = LedgerModel(chain.owner.address.lower())
        super().__init__(chain)
        self.orgs = [self.regulator, self.school, self.leader, self.member]
        self.orgs += [self.new_org("did:web:firm.example"), self.new_org("did:web:college.example")]

    def trust(self, name: str, *arguments: Any, by: LocalAccount | None = None) -> Sent:
        sent = super().trust(name, *arguments, by=by)
        who = (by or self.owner).address.lower()
        if name == "accredit":
            self.model.accredit(sent.time, who, arguments[0], Grant(*arguments[1]))
        else:
            org, address, scopes, start, end = arguments
            self.model.add(sent.time, who, org, "Account", address.lower(), scopes, start, end)
        return sent
