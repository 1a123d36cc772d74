"""How well the edge notices unusual use: its bank of channels beside three simple scores, in the same run.

Homes are real where LAMPLIGHT_DATA is set (uk0, lcl, ausgrid, by the hour), else of our own making. After eight weeks
they are watched as they are, which gives the alerts on clean homes; and faults of four kinds are put into them, each on
its own, with the watchers as they stand at that hour (`use.faults`). A fault is found when anything is told between its
beginning and its end; the matrix says as what. Ours alerts on clean homes as often as it does; each peer's threshold is
the lowest with which it alerts no more often on the same homes: chosen in hindsight, in the peers' favour. All is
seeded; `--full` puts in five times as many faults.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import process_time
from typing import Final, Protocol, Self

from benchmarks.report import Matrix, Row, main
from benchmarks.use.faults import WARM_UP_H, Fault, faults_of
from benchmarks.use.homes import HOUR_S, Home, homes
from benchmarks.use.peers import PEERS, Alerting, Peer, threshold_for
from gateway.core.consumption import Bank, look
from gateway.core.remembered import remember
from wire.terms import UseKind, UseStage

MONTH_H: Final = 730
FAULTS, FAULTS_FULL = 12, 60
LIMIT_A_MONTH: Final = 1.0
LIMIT_STATE_BYTES: Final = 32_768  # 32 meters in a megabyte
LIMIT_US: Final = 200.0
NOT_TOLD: Final = "not told"
_EPOCH_WEEKDAY_H: Final = 3 * 24  # hours by the clock are counted from a Monday


class Watcher(Protocol):
    """Looks at a home hour by hour."""

    def look(self, at: int, energy_wh: float | None) -> str | None:
        """What it tells, if anything."""
        ...

    def fork(self) -> Self:
        """The same, to go on with something else."""
        ...


class Edge:
    """Ours: a gateway's bank for one meter."""

    def __init__(self, home: Home, bank: Bank) -> None:
        self._home = home
        self.bank = bank

    def look(self, at: int, energy_wh: float | None) -> str | None:
        """The first kind that is raised by this hour."""
        if energy_wh is None:
            return None  # a meter that was not read says nothing
        looked = look(self.bank, self._home.begins_s + at * HOUR_S, HOUR_S, energy_wh, self._home.zone)
        self.bank = looked.bank
        return next((_word(event.kind) for event in looked.events if event.stage is UseStage.RAISED), None)

    def fork(self) -> "Edge":
        """A bank is a value."""
        return Edge(self._home, self.bank)


@dataclass(slots=True)
class Score:
    """What one watcher told: how often on clean homes; of each kind of fault how soon, and as what."""

    clean: int = 0
    took_s: float = 0.0
    told_as: dict[UseKind, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in UseKind})
    delays_h: dict[UseKind, list[int]] = field(default_factory=lambda: {kind: [] for kind in UseKind})

    def recall(self, *kinds: UseKind) -> float:
        """The share of these kinds' faults that was found."""
        faults = sum(self.told_as[kind].total() for kind in kinds)
        return 100 * sum(len(self.delays_h[kind]) for kind in kinds) / max(1, faults)

    def play(self, home: Home, watcher: Watcher, faults: Sequence[Fault]) -> None:
        """Let it watch the home as it is, and from each fault's beginning the fault."""
        began = process_time()
        ahead = sorted(faults, key=lambda fault: fault.first, reverse=True)
        for at, energy_wh in enumerate(home.hours_wh):
            while ahead and ahead[-1].first == at:
                self._fault(watcher.fork(), ahead.pop())
            self.clean += watcher.look(at, energy_wh) is not None and at >= WARM_UP_H
        self.took_s += process_time() - began

    def _fault(self, watcher: Watcher, fault: Fault) -> None:
        told = (watcher.look(fault.first + at, energy_wh) for at, energy_wh in enumerate(fault.hours_wh))
        delay, what = next(((at, what) for at, what in enumerate(told, start=1) if what), (None, NOT_TOLD))
        self.told_as[fault.kind][what] += 1
        self.delays_h[fault.kind] += [] if delay is None else [delay]


def measure(full: bool) -> Sequence[Row | Matrix]:
    """Ours first, for the budget; then each peer with the threshold that keeps to it."""
    count = FAULTS_FULL if full else FAULTS
    played = [(home, [fault for kind in UseKind for fault in faults_of(home, kind, count)]) for home in homes()]
    hours = sum(len(home.hours_wh) + sum(len(fault.hours_wh) for fault in faults) for home, faults in played)
    edges = {home.name: Edge(home, Bank()) for home, _ in played}
    ours = _score(played, lambda home: edges[home.name])
    peers = {}
    for name, peer in PEERS.items():
        threshold = threshold_for([_scores(name, home) for home, _ in played], WARM_UP_H, ours.clean)
        peers[name] = _score(played, _alerting(peer, threshold))
    state_bytes = max(len(remember(edge.bank).encode()) for edge in edges.values())
    months = sum(len(home.hours_wh) - WARM_UP_H for home, _ in played) / MONTH_H
    costs = _costs(ours, peers, months, hours, state_bytes)
    return [_matrix(played, ours), *costs, *_recalls(ours, peers), *_delays(ours, peers)]


def _score(played: Sequence[tuple[Home, Sequence[Fault]]], watcher: Callable[[Home], Watcher]) -> Score:
    score = Score()
    for home, faults in played:
        score.play(home, watcher(home), faults)
    return score


def _alerting(peer: type[Peer], threshold: float) -> Callable[[Home], Watcher]:
    return lambda home: Alerting(peer(), threshold, _begins(home))


def _scores(name: str, home: Home) -> list[float]:
    peer = PEERS[name]()
    return [peer.score(_begins(home) + at, energy_wh) for at, energy_wh in enumerate(home.hours_wh)]


def _begins(home: Home) -> int:
    return home.begins_s // HOUR_S + _EPOCH_WEEKDAY_H


def _matrix(played: Sequence[tuple[Home, Sequence[Fault]]], ours: Score) -> Matrix:
    columns = (*map(_word, UseKind), NOT_TOLD)
    return Matrix(
        what=f"what was put into {', '.join(home.name for home, _ in played)}, and as what it was told first",
        rows=tuple(map(_word, UseKind)),
        columns=columns,
        counts=tuple(tuple(ours.told_as[kind][column] for column in columns) for kind in UseKind),
    )


def _costs(ours: Score, peers: dict[str, Score], months: float, hours: int, state_bytes: int) -> Iterator[Row]:
    clean = f"alerts per clean meter-month ({months:.0f} of them)"
    yield Row(
        what=clean, ours=ours.clean / months, beside=LIMIT_A_MONTH, beside_name="", unit="", is_limit=True
    )  # fmt: skip
    for name, peer in peers.items():
        yield Row(what=clean, ours=ours.clean / months, beside=peer.clean / months, beside_name=name, unit="")
    us = 1e6 * ours.took_s / hours
    yield Row(what="a reading", ours=us, beside=LIMIT_US, beside_name="", unit="us", is_limit=True)
    for name, peer in peers.items():
        yield Row(what="a reading", ours=us, beside=1e6 * peer.took_s / hours, beside_name=name, unit="us")
    state = "state of a meter"
    yield Row(what=state, ours=state_bytes, beside=LIMIT_STATE_BYTES, beside_name="", unit="bytes", is_limit=True)


def _recalls(ours: Score, peers: dict[str, Score]) -> Iterator[Row]:
    for kinds in (*((kind,) for kind in UseKind), tuple(UseKind)):
        faults = sum(ours.told_as[kind].total() for kind in kinds)
        word = _word(kinds[0]) if len(kinds) == 1 else "all"
        for name, peer in peers.items():
            found = f"{word} ({faults}): found"
            mine, theirs = ours.recall(*kinds), peer.recall(*kinds)
            yield Row(what=found, ours=mine, beside=theirs, beside_name=name, unit="%", less_is_better=False)


def _delays(ours: Score, peers: dict[str, Score]) -> Iterator[Row]:
    for kind in UseKind:
        for name, peer in peers.items():
            if (mine := ours.delays_h[kind]) and (theirs := peer.delays_h[kind]):
                late = f"{_word(kind)}: median delay of those found"
                yield Row(what=late, ours=median(mine), beside=median(theirs), beside_name=name, unit="h")


def _word(kind: UseKind) -> str:
    return kind.name.lower().replace("_", " ")


if __name__ == "__main__":
    sys.exit(main("anomalies", measure))
