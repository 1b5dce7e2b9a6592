"""What the state machine draws from, and a world that tells its set-up to the model."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from hypothesis import strategies as st

from tests.contracts.harness import Chain, Sent
from tests.contracts.ledger_model import LedgerModel
from tests.contracts.world import DAY, LEADER, MEMBER, SCHOOL, Grant, World, may_give

KEYS = [bytes([number]) * 32 for number in (1, 2, 3)]
index = st.integers(0, 5)
#: Who acts: mostly somebody who may.
actor = st.sampled_from(["accreditor", "accreditor", "manager", "manager", "owner", "hot", "stranger"])
offset = st.sampled_from([0, 0, 0, -1, 1, 40, DAY])
later = st.sampled_from([None, None, None, 60, 2 * DAY])
kinds = st.sampled_from([0x80, 0xFF, 0xFFF])
roles = st.sampled_from([SCHOOL, MEMBER, LEADER | may_give(MEMBER), LEADER | may_give(LEADER, MEMBER)])
account = st.sampled_from(["anchorer", "anchorer", "anchorer", "status", "stranger"])
signing = st.sampled_from(["good", "good", "good", "good", "bad", "direct"])
deadline = st.sampled_from([DAY // 2, DAY // 2, DAY // 2, 0, -1, DAY, DAY + 1])
batch = st.fixed_dictionaries(
    {
        "org": index,
        "step": st.sampled_from([0, 0, 0, 0, -1, -1, 1]),
        "fork": st.booleans(),
        "kinds": st.sampled_from([0x80, 0x80, 0x80, 0x100, 0x1000, 0]),
        "count": st.sampled_from([1, 1, 1, 0, 2**20]),
        "account": account,
        "signing": signing,
        "deadline": deadline,
    }
)
status = st.fixed_dictionaries(
    {
        "org": index,
        "plane": st.integers(0, 2),
        "word": st.integers(0, 2),
        "mask": st.integers(1, 15),
        "on": st.sampled_from([True, True, False]),
        "by": st.sampled_from(["status", "status", "status", "accreditor", "owner"]),
        "signing": signing,
        "deadline": deadline,
        "stale": st.sampled_from([0, 0, 0, 1]),
        "odd": st.sampled_from([False, False, False, True]),
    }
)


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
