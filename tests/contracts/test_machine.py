"""Random histories on the contracts and on the model in Python: every answer, error and event is the same."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.contracts.harness import ZERO, Chain, refuses
from tests.contracts.mirror import (
    KEYS,
    Mirror,
    actor,
    batch,
    index,
    kinds,
    later,
    offset,
    roles,
    status,
)
from tests.contracts.model import Refused
from tests.contracts.world import BATCH_TYPE, DAY, STATUS_TYPE, BatchAsk, Grant, Org, root_of

#: Enough for each rule to meet each state several times, within a minute.
EXAMPLES, STEPS = 40, 50
TRUST_NAMES = {
    "accredit": "accredit",
    "end_accreditation": "endAccreditation",
    "change_accreditor": "changeAccreditor",
    "distrust": "distrust",
    "withdraw_distrust": "withdrawDistrust",
}


class Registries(RuleBasedStateMachine):
    """One history."""

    base: Mirror | None = None
    snapshot: Any = None

    def __init__(self) -> None:
        super().__init__()
        if Registries.base is None:
            Registries.base = Mirror(Chain())
            Registries.base.settle()
        else:
            Registries.base.chain.tester.revert_to_snapshot(Registries.snapshot)
        self.world = Registries.base
        self.chain = self.world.chain
        # A snapshot serves one return only.
        Registries.snapshot = self.chain.tester.take_snapshot()
        self.model = deepcopy(self.world.model)

    # ----- helpers -----

    def who(self, role: str, org: Org) -> LocalAccount:
        if role == "accreditor":
            accreditor = self.model.orgs[org.id].accreditor if org.id in self.model.orgs else ZERO
            above = [o for o in self.world.orgs if o.id == accreditor]
            return above[0].manager if above else self.world.owner
        named = {"manager": org.manager, "hot": org.anchorer, "owner": self.world.owner}
        return named.get(role, self.world.stranger)

    def account(self, name: str, org: Org) -> LocalAccount:
        chosen: LocalAccount = self.world.stranger if name == "stranger" else getattr(org, name)
        return chosen

    def both(
        self, contract: Any, function: str, arguments: Any, by: LocalAccount, rule_: str, *told: Any
    ) -> Any:
        """Do the same on chain and model; returns (Sent or None, the model's answer)."""
        t, copy = self.chain.next, deepcopy(self.model)
        try:
            answer = getattr(copy, rule_)(t, by.address.lower(), *told)
        except Refused as refusal:
            with refuses(refusal.name, *refusal.values):
                self.chain.send(contract, function, *arguments, by=by)
            return None, None
        sent = self.chain.send(contract, function, *arguments, by=by)
        assert sent.time == t
        self.model = copy
        return sent, answer

    def trust(self, rule_: str, by: LocalAccount, *told: Any) -> Any:
        arguments = [part.tuple if isinstance(part, Grant) else part for part in told]
        return self.both(self.chain.trust, TRUST_NAMES[rule_], arguments, by, rule_, *told)[0]

    def time(self, offset: int) -> int:
        return 0 if offset == 0 else self.chain.next + offset

    # ----- trust -----

    @rule(org=index, above=index, by=actor, start=offset, length=later, kinds=kinds, give=kinds, roles=roles)
    def accredit(
        self, org: int, above: int, by: str, start: int, length: int | None, kinds: int, give: int, roles: int
    ) -> None:
        o = self.world.orgs[org]
        known = self.model.orgs.get(o.id)
        accreditor = known.accreditor if known and above % 2 else self.world.orgs[above].id
        who = self.who(by, o)
        if by == "accreditor" and not known:
            who = self.world.orgs[above].manager
        begin = self.time(start)
        end = 0 if length is None else (begin or self.chain.next) + length
        grant = Grant(
            begin, end, kinds, give if give != 0xFFF else 0, roles, ZERO if by == "owner" else accreditor
        )
        self.trust("accredit", who, o.did, grant)

    @rule(org=index, above=index, keep=kinds, wait=st.booleans())
    def renew(self, org: int, above: int, keep: int, wait: bool) -> None:
        """End what runs and accredit anew, or for the first time, as far as the accreditor can."""
        o, t = self.world.orgs[org], self.chain.next
        known = self.model.orgs.get(o.id)
        accreditor = known.accreditor if known else self.world.orgs[above].id
        who = next((a.manager for a in self.world.orgs if a.id == accreditor), self.world.owner)
        if known and known.at(t) is not None:
            self.trust("end_accreditation", who, o.id, 0)
        over = self.model.orgs.get(accreditor)
        index = over.at(t) if over else None
        carried = over.periods[index] if over and index is not None else None
        delegable, roles = (carried.delegable, carried.roles >> 8) if carried else (0xFFF, 0x7F)
        start = self.time(60 if wait else 0)
        grant = Grant(start, 0, keep & delegable, delegable, roles | roles << 8, accreditor)
        self.trust("accredit", who, o.did, grant)

    @rule(org=index, by=actor, at=offset)
    def end_accreditation(self, org: int, by: str, at: int) -> None:
        o = self.world.orgs[org]
        self.trust("end_accreditation", self.who(by, o), o.id, self.time(at))

    @rule(org=index, above=index, by=st.sampled_from(["owner", "owner", "manager"]))
    def change_accreditor(self, org: int, above: int, by: str) -> None:
        o = self.world.orgs[org]
        accreditor = ZERO if above == 5 else self.world.orgs[above].id
        self.trust("change_accreditor", self.who(by, o), o.id, accreditor)

    @rule(org=index, by=actor, at=offset)
    def distrust(self, org: int, by: str, at: int) -> None:
        o = self.world.orgs[org]
        self.trust("distrust", self.who(by, o), o.id, self.time(at))

    @rule(org=index)
    def give_accounts(self, org: int) -> None:
        """What an accredited organisation needs to act: its accounts, by its accreditor."""
        o = self.world.orgs[org]
        for account, scope in ((o.manager, 4), (o.anchorer, 1), (o.status, 2)):
            told = (o.id, "Account", account.address.lower(), scope, 0, 0)
            arguments = (o.id, account.address, scope, 0, 0)
            by = self.who("accreditor", o)
            self.both(self.chain.trust, "addAccount", arguments, by, "add", *told)

    @rule(org=index, by=st.sampled_from(["owner", "owner", "accreditor"]))
    def withdraw_distrust(self, org: int, by: str) -> None:
        o = self.world.orgs[org]
        self.trust("withdraw_distrust", self.who(by, o), o.id)

    @rule(
        org=index,
        by=actor,
        change=st.sampled_from(["add", "add", "end", "compromise"]),
        key=st.sampled_from([*KEYS, "manager", "anchorer", "status", "stranger"]),
        scopes=st.sampled_from([0, 1, 2, 3, 4, 7, 8]),
        at=offset,
        length=later,
    )
    def change_window(
        self, org: int, by: str, change: str, key: Any, scopes: int, at: int, length: int | None
    ) -> None:
        o, what = self.world.orgs[org], "Key" if isinstance(key, bytes) else "Account"
        name = key if what == "Key" else self.account(key, o).address
        told, start = key if what == "Key" else name.lower(), self.time(at)
        if change == "add":
            end = 0 if length is None else self.chain.next + length
            scopes = scopes if what == "Account" else 0
            middle = (scopes,) if what == "Account" else ()
            arguments: tuple[Any, ...] = (o.id, name, *middle, start, end)
            model: tuple[Any, ...] = (o.id, what, told, scopes, start, end)
        else:
            arguments, model = (o.id, name, start), (o.id, what, told, start)
        self.both(self.chain.trust, change + what, arguments, self.who(by, o), change, *model)

    # ----- anchoring and status -----

    def request(self, drawn: dict[str, Any]) -> tuple[BatchAsk, str | None, tuple[Any, ...]]:
        org = self.world.orgs[drawn["org"]]
        head = len(self.model.orgs[org.id].batches) if org.id in self.model.orgs else 0
        sequence, by = max(0, head + drawn["step"]), self.account(drawn["account"], org)
        text = f"{org.did} {sequence} {drawn['fork'] and drawn['step'] < 0}"
        ask = BatchAsk(org.id, sequence, root_of(text), by.address, self.chain.next + drawn["deadline"])
        ask = replace(ask, kinds=drawn["kinds"], count=drawn["count"])
        if drawn["signing"] == "direct":
            return ask, None, ask.tuple(b"")
        signer = by if drawn["signing"] == "good" else self.world.relayer
        return ask, signer.address.lower(), ask.tuple(self.world.sign(BATCH_TYPE, ask.message(), signer))

    @rule(orgs=st.permutations(range(6)))
    def anchor_everybody(self, orgs: list[int]) -> None:
        """One good batch of each organisation in one transaction, whoever may not among them."""
        good = {"step": 0, "fork": False, "kinds": 0x80, "count": 1, "account": "anchorer", "signing": "good"}
        self.anchor_drawn([{"org": org, "deadline": DAY, **good} for org in orgs])

    @rule(drawn=st.lists(batch, min_size=1, max_size=4), alone=st.booleans())
    def anchor(self, drawn: list[dict[str, Any]], alone: bool) -> None:
        self.anchor_drawn(drawn[: 1 if alone else None])

    def anchor_drawn(self, drawn: list[dict[str, Any]]) -> None:
        made = [self.request(one) for one in drawn]
        direct = [one for one in drawn if one["signing"] == "direct"]
        by = self.world.relayer
        if direct:
            by = self.account(direct[0]["account"], self.world.orgs[direct[0]["org"]])
        told = [(ask, signer) for ask, signer, _ in made]
        requests = ([wire for _, _, wire in made],)
        sent, expected = self.both(self.chain.anchors, "anchor", requests, by, "anchor", told)
        if sent is not None:
            args = [event.args for event in sent.events]
            assert [(a["org"], a["sequence"], a.get("code", 0)) for a in args] == expected

    @rule(drawn=status)
    def set_status(self, drawn: dict[str, Any]) -> None:
        org, plane, word, on = self.world.orgs[drawn["org"]], drawn["plane"], drawn["word"], drawn["on"]
        account = org.status if drawn["by"] == "status" else self.who(drawn["by"], org)
        ask = self.world.status(org, plane, word, drawn["mask"], account=account.address, on=on)
        known = self.model.orgs.get(org.id)
        nonce = 0 if known is None else known.nonces.get(word, 0) if plane == 1 else known.annulments
        annul = plane != 1 and not on
        ask = replace(ask, nonce=nonce + drawn["stale"], reason=34 if annul != drawn["odd"] else 1)
        ask = replace(ask, deadline=self.chain.next + drawn["deadline"])
        direct = drawn["signing"] == "direct"
        signer = self.world.relayer if drawn["signing"] == "bad" else account
        signature = b"" if direct else self.world.sign(STATUS_TYPE, ask.message(), signer)
        told = (ask, None if direct else signer.address.lower())
        sender = account if direct else self.world.relayer
        request = (ask.tuple(signature),)
        sent, changed = self.both(self.chain.anchors, "setStatus", request, sender, "set_status", *told)
        if sent is not None:
            assert [event.args["changed"] for event in sent.events] == ([changed] if changed else [])

    @rule(die=st.integers(0, 99))
    def close(self, die: int) -> None:
        # The end of anchoring ends what is worth trying: it is drawn seldom.
        who = self.world.owner if die == 61 else self.world.stranger
        successor = self.world.stranger.address
        self.both(self.chain.anchors, "close", (successor,), who, "close", successor.lower())

    # ----- time and views -----

    @rule(seconds=st.sampled_from([1, 39, 60, DAY, DAY + 60]))
    def wait(self, seconds: int) -> None:
        self.chain.at(self.chain.next + seconds)

    @rule(org=index, kind=st.sampled_from([0, 7, 11, 12]), ago=st.sampled_from([0, 1, 45, DAY, -60, -DAY]))
    def walk(self, org: int, kind: int, ago: int) -> None:
        o, t = self.world.orgs[org].id, self.chain.now - ago
        assert self.world.ask_trust("accreditedFor", o, kind, t) == self.model.accredited_for(o, kind, t)

    def teardown(self) -> None:
        assert self.world.read("organisations", 0, 100) == tuple(self.model.orgs)
        for org in self.model.orgs:
            self.compare(org)

    def compare(self, org: bytes) -> None:
        o, words = self.model.orgs[org], self.model.word_count(org)
        keys = tuple((w.start, w.end, w.compromised) for w in o.keys.values())
        accounts = tuple((w.start, w.end, w.compromised, w.scopes) for w in o.accounts.values())
        shown = self.world.read("organisation", org)
        expected = (org, o.distrusted, len(o.batches), words, tuple(p.tuple() for p in o.periods))
        assert shown[:5] == expected
        assert (shown[5], shown[6], shown[8]) == (tuple(o.keys), keys, accounts)
        assert tuple(address.lower() for address in shown[7]) == tuple(o.accounts)
        assert self.world.read("batches", org, 0, 1000) == tuple(o.batches)
        bits = tuple(o.words.get((plane, word), 0) for word in range(words) for plane in range(3))
        assert self.world.read("statusWords", org, 0, 1000) == bits
        assert self.world.ask("annulments", org) == o.annulments
        assert [self.world.ask("statusNonce", org, w) for w in range(3)] == [
            o.nonces.get(w, 0) for w in range(3)
        ]


TestRegistries = Registries.TestCase
TestRegistries.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
