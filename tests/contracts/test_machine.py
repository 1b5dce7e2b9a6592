"""Random histories on the contracts and on the model in Python: every answer, error and event is the same."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.contracts.harness import ZERO, Chain, refuses
from tests.contracts.mirror import KEYS, WEIGHTS, Dice, Mirror
from tests.contracts.model import Refused
from tests.contracts.world import BATCH_TYPE, DAY, STATUS_TYPE, BatchAsk, Grant, Org, root_of

#: New histories in each run, few, for they resemble each other; the same ones in every run, all different.
EXAMPLES, STEPS = 5, 40
HISTORIES, LENGTH = 8, 100
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
        self.steps = 0

    @rule(seed=st.integers(0, 2**32))
    def act(self, seed: int) -> None:
        """One step with dice of its own: drawing each value by itself meets few of the refusals."""
        self.steps += 1
        self.step(Random(f"{self.steps} {seed}"))

    def step(self, random: Random) -> None:
        (name,) = random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        getattr(self, name)(Dice(random))

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

    def accredit(self, dice: Dice) -> None:
        org, above, by, start, length = dice.org(), dice.org(), dice.actor(), dice.offset(), dice.length()
        o = self.world.orgs[org]
        known = self.model.orgs.get(o.id)
        accreditor = known.accreditor if known and above % 2 else self.world.orgs[above].id
        who = self.who(by, o)
        if by == "accreditor" and not known:
            who = self.world.orgs[above].manager
        begin = self.time(start)
        end = 0 if length is None else (begin or self.chain.next) + length
        give, accreditor = dice.one(0, 0x80, 0xFF), ZERO if by == "owner" else accreditor
        grant = Grant(begin, end, dice.kinds(), give, dice.roles(), accreditor)
        self.trust("accredit", who, o.did, grant)

    def renew(self, dice: Dice) -> None:
        """End what runs and accredit anew, or for the first time, as far as the accreditor can."""
        org, above, keep, wait = dice.org(), dice.org(), dice.kinds(), dice.one(False, False, True)
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

    def end_accreditation(self, dice: Dice) -> None:
        o = self.world.orgs[dice.org()]
        self.trust("end_accreditation", self.who(dice.actor(), o), o.id, self.time(dice.offset()))

    def change_accreditor(self, dice: Dice) -> None:
        o, above = self.world.orgs[dice.org()], dice.org()
        accreditor = ZERO if above == 5 else self.world.orgs[above].id
        by = dice.one("owner", "owner", "manager")
        self.trust("change_accreditor", self.who(by, o), o.id, accreditor)

    def distrust(self, dice: Dice) -> None:
        o = self.world.orgs[dice.org()]
        self.trust("distrust", self.who(dice.actor(), o), o.id, self.time(dice.offset()))

    def give_accounts(self, dice: Dice) -> None:
        """What an accredited organisation needs to act: its accounts, by its accreditor."""
        o = self.world.orgs[dice.one(4, 5)]
        for account, scope in ((o.manager, 4), (o.anchorer, 1), (o.status, 2)):
            told = (o.id, "Account", account.address.lower(), scope, 0, 0)
            arguments = (o.id, account.address, scope, 0, 0)
            by = self.who("accreditor", o)
            self.both(self.chain.trust, "addAccount", arguments, by, "add", *told)

    def withdraw_distrust(self, dice: Dice) -> None:
        o = dice.one(*[o for o in self.world.orgs if self.is_distrusted(o)], self.world.orgs[dice.org()])
        self.trust("withdraw_distrust", self.who(dice.one("owner", "owner", "accreditor"), o), o.id)

    def is_distrusted(self, org: Org) -> bool:
        return org.id in self.model.orgs and self.model.orgs[org.id].distrusted != 0

    def change_window(self, dice: Dice) -> None:
        """Add, end or compromise a key or an account."""
        org, by, at, length = dice.org(), dice.actor(), dice.offset(), dice.length()
        change = dice.one("add", "end", "compromise")
        key = dice.one(*KEYS, "manager", "anchorer", "status", "stranger")
        scopes = dice.one(0, 1, 2, 3, 4, 7, 8)
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

    def anchor_everybody(self, dice: Dice) -> None:
        """One good batch of each organisation in one transaction, whoever may not among them."""
        good = {"step": 0, "fork": False, "kinds": 0x80, "count": 1, "account": "anchorer", "signing": "good"}
        orgs = dice.random.sample(range(6), 6)
        self.anchor_drawn([{"org": org, "deadline": DAY, **good} for org in orgs])

    def anchor(self, dice: Dice) -> None:
        self.anchor_drawn([dice.batch() for _ in range(dice.one(1, 1, 2, 4))])

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

    def set_status(self, dice: Dice) -> None:
        org = self.world.orgs[dice.org()]
        plane, on = dice.one(0, 1, 2), dice.one(True, True, False)
        word = dice.word(self.model.word_count(org.id))
        annul = plane != 1 and not on
        by = dice.one(*["accreditor" if annul else "status"] * 4, "accreditor", "owner", "status")
        account = org.status if by == "status" else self.who(by, org)
        ask = self.world.status(org, plane, word, dice.one(1, 3, 6, 15), account=account.address, on=on)
        known = self.model.orgs.get(org.id)
        nonce = 0 if known is None else known.suspensions if plane == 1 else known.annulments
        odd, signing = dice.one(*[False] * 8, True), dice.signing()
        ask = replace(ask, nonce=nonce + dice.one(*[0] * 8, 1), reason=34 if annul != odd else 1)
        ask = replace(ask, deadline=self.chain.next + dice.deadline())
        direct = signing == "direct"
        signer = self.world.relayer if signing == "bad" else account
        signature = b"" if direct else self.world.sign(STATUS_TYPE, ask.message(), signer)
        told = (ask, None if direct else signer.address.lower())
        sender = account if direct else self.world.relayer
        request = (ask.tuple(signature),)
        sent, changed = self.both(self.chain.anchors, "setStatus", request, sender, "set_status", *told)
        if sent is not None:
            assert [event.args["changed"] for event in sent.events] == ([changed] if changed else [])

    def close(self, dice: Dice) -> None:
        # The end of anchoring ends what is worth trying: it succeeds seldom.
        who = dice.one(self.world.owner, *[self.world.stranger] * 9)
        successor = self.world.stranger.address
        self.both(self.chain.anchors, "close", (successor,), who, "close", successor.lower())

    # ----- time and views -----

    def wait(self, dice: Dice) -> None:
        self.chain.at(self.chain.next + dice.one(1, 39, 60, DAY, DAY + 60))

    def walk(self, dice: Dice) -> None:
        o, kind = self.world.orgs[dice.org()].id, dice.one(0, 7, 7, 11, 12)
        t = self.chain.now - dice.one(0, 1, 45, DAY, -60, -DAY)
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
        pages = {0: min(words, 3), max(words - 1, 0): min(words, 1)}
        for start, length in pages.items():
            shown_words = range(start, start + length)
            bits = tuple(o.words.get((plane, word), 0) for word in shown_words for plane in range(3))
            assert self.world.read("statusWords", org, start, 3) == bits
        assert self.world.ask("annulments", org) == o.annulments
        assert self.world.ask("statusNonce", org) == o.suspensions


TestRegistries = Registries.TestCase
TestRegistries.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("history", range(HISTORIES))
def test_the_same_histories_in_every_run(history: int) -> None:
    registries, random = Registries(), Random(history)
    for _ in range(LENGTH):
        registries.step(random)
    registries.teardown()
