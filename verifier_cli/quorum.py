"""Several nodes that must agree before anything is believed (protocol sections 8 and 9)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from verifier_cli.chain import ChainReader, EndpointReader, NoReading, Reading
from verifier_cli.errors import MisuseError
from verifier_cli.evidence import Evidence, EvidenceQuery
from verifier_cli.rpc import Endpoint
from verifier_cli.trust import Deployment, node_address

__all__ = ["Nodes", "Quorum"]

_Answer = Reading | NoReading
_Ask = Callable[[EndpointReader], Reading]
_Key = tuple[Any, ...]


def _substance(reading: Reading) -> _Key:
    """What agreeing nodes have in common although their newest blocks differ."""
    final: Evidence = reading.final.substance()
    return (final,) if reading.latest is reading.final else (final, reading.latest.substance())


def _exact(reading: Reading) -> _Key:
    """What agreeing nodes have in common at the very same blocks."""
    return reading.final, reading.latest, reading.block.hash, reading.head.hash


class Quorum:
    """Asks n nodes at once and believes what `agree` of them say, provided that no other answer has as many.

    A minority that says something else, or nothing, can neither stop the reading nor bend it. When the newest
    blocks differ in substance all are asked once more at the lowest common blocks.
    """

    def __init__(self, readers: Sequence[EndpointReader], agree: int) -> None:
        if not 1 <= agree <= len(readers):
            raise MisuseError(f"{agree} of {len(readers)} nodes cannot agree")
        if len({reader.address for reader in readers}) != len(readers):
            raise MisuseError("an endpoint is named twice; it would agree with itself")
        self._readers = tuple(readers)
        self._agree = agree
        self._waiting: set[int] = set()

    def close(self) -> None:
        """Give all connections back."""
        for reader in self._readers:
            reader.close()

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """See `ChainReader.read`; `disagree` shows the number of nodes behind each answer."""
        if len(self._readers) == 1:
            return self._readers[0].read(deployment, query, now)
        first = self._ask(lambda reader: reader.read(deployment, query, now), _substance)
        chosen = _winner(first, self._agree, _substance)
        spent = _spent(first.values())
        if chosen is None:
            answered = {i: item for i, item in first.items() if isinstance(item, Reading)}
            if len(answered) < self._agree:
                raise self._too_few(first, spent)
            block = min(item.block.number for item in answered.values())
            head = min(item.head.number for item in answered.values())
            second = self._ask(
                lambda reader: reader.read_at(deployment, query, now, block, head), _exact, set(answered)
            )
            spent += _spent(second.values())
            chosen = _winner(second, self._agree, _exact)
            if chosen is None:
                raise self._disagreement(second, spent)
        return chosen._replace(requests=spent)

    def _ask(
        self, ask: _Ask, key: Callable[[Reading], _Key], only: set[int] | None = None
    ) -> dict[int, _Answer]:
        """Ask in parallel until the answer cannot change any more; a node still busy with an earlier question
        is left alone, so that a black hole costs its time once and not for every record of a folder."""
        inbox: queue.SimpleQueue[tuple[int, _Answer]] = queue.SimpleQueue()
        answers: dict[int, _Answer] = {}
        asked = [i for i in range(len(self._readers)) if only is None or i in only]
        for index in asked:
            if index in self._waiting:
                answers[index] = NoReading("timeout", "still busy with an earlier question")
                continue
            self._waiting.add(index)
            threading.Thread(target=self._run, args=(ask, index, inbox), daemon=True).start()
        while len(answers) < len(asked):
            index, answer = inbox.get()
            answers[index] = answer
            if _winner(answers, self._agree, key, len(asked) - len(answers)) is not None:
                break
        return answers

    def _run(self, ask: _Ask, index: int, inbox: queue.SimpleQueue[tuple[int, _Answer]]) -> None:
        answer: _Answer
        try:
            answer = ask(self._readers[index])
        except NoReading as error:
            answer = error
        self._waiting.discard(index)
        inbox.put((index, answer))

    def _too_few(self, answers: dict[int, _Answer], spent: int) -> NoReading:
        failures = [(i, item) for i, item in sorted(answers.items()) if isinstance(item, NoReading)]
        listed = "; ".join(f"{self._readers[i].host}: {item}" for i, item in failures)
        answered = len(answers) - len(failures)
        detail = f"{answered} of {len(self._readers)} nodes answered, {self._agree} must agree ({listed})"
        return NoReading(failures[0][1].reason, detail, spent)

    def _disagreement(self, answers: dict[int, _Answer], spent: int) -> NoReading:
        said = [
            f"{self._readers[i].host}: {_difference(item) if isinstance(item, Reading) else item}"
            for i, item in sorted(answers.items())
        ]
        return NoReading("disagree", "; ".join(said), spent)


def _difference(reading: Reading) -> str:
    batch = reading.latest.batch
    return (
        f"block {reading.head.number} 0x{reading.head.hash.hex()[:16]}, root 0x{batch.root.hex()[:16]}, "
        f"anchored at {batch.anchored_at}, status {reading.latest.status}"
    )


def _spent(answers: Any) -> int:
    return sum(answer.requests for answer in answers)


def _winner(
    answers: dict[int, _Answer], agree: int, key: Callable[[Reading], _Key], outstanding: int = 0
) -> Reading | None:
    """The reading that at least `agree` nodes share, if no other one has or can still get as many.

    Of equal readings the one with the latest time that `agree` of them have reached is returned, so that the
    clock of a minority neither settles a batch early nor keeps it from settling.
    """
    groups: dict[_Key, list[Reading]] = {}
    for answer in answers.values():
        if isinstance(answer, Reading):
            groups.setdefault(key(answer), []).append(answer)
    enough = [group for group in groups.values() if len(group) >= agree]
    rivals = [group for group in groups.values() if len(group) < agree]
    if len(enough) != 1 or outstanding >= agree or any(len(g) + outstanding >= agree for g in rivals):
        return None
    latest_first = sorted(
        enough[0], key=lambda r: (r.head.timestamp, r.head.number, r.block.number), reverse=True
    )
    return latest_first[agree - 1]._replace(sources=len(enough[0]))


class Nodes:
    """The nodes that a trust file names for each of its deployments, or `rpc` instead; a `ChainReader`.

    Connections are kept from one record to the next.
    """

    def __init__(self, rpc: Sequence[str] = ()) -> None:
        self._rpc = tuple(rpc)
        if len({node_address(url) for url in rpc}) != len(rpc):
            raise MisuseError("an endpoint is named twice; it would agree with itself")
        self._readers: dict[tuple[int, bytes], ChainReader] = {}

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """See `ChainReader.read`; no_endpoint where too few nodes are named, frozen for a dead chain."""
        place = deployment.chain_id, deployment.anchor_registry
        reader = self._readers.get(place)
        if reader is None:
            reader = self._readers[place] = self._open(deployment)
        return reader.read(deployment, query, now)

    def _open(self, deployment: Deployment) -> Quorum:
        if deployment.state == "frozen":
            raise NoReading("frozen", "this chain has ended; only its final snapshot answers")
        urls = self._rpc or deployment.rpc
        if len(urls) < deployment.agree:
            raise NoReading("no_endpoint", f"{len(urls)} nodes are named, {deployment.agree} must agree")
        return Quorum([EndpointReader(Endpoint(url)) for url in urls], deployment.agree)
