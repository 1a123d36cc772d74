"""The probe of one home on the story's clock, as its firmware and its link behave.

It notices an absence after 40 ms, dates it to when it began, and repeats each edge until it is acknowledged: sometimes
late, sometimes twice, never out of order. It lives longer than the gateway on their capacitor; where that ran out it
begins anew under another boot number, and of its edges nothing is left. It beats every second while anything is going
on; a quiet stretch needs few beats, and gets few.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.street.world import INPUT_MV, Clockwork, House, instant
from gateway.core.observations import EdgeId, ProbeBeat, ProbeLink, ProbeObservation, SupplyEdge

_SENSED_AFTER_S = 0.04
_REPEAT_S = 0.5
_LINE_S = 0.02
_BUSY_S, _BEAT_S, _QUIET_BEAT_S = 15.0, 1.0, 30.0
_LATE, _TWICE = 0.1, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """An edge the probe keeps until it is acknowledged."""

    id: EdgeId
    present: bool
    at_s: float


class Probe:
    """`hear` is the gateway's ear: it answers whether anybody was there to hear."""

    def __init__(
        self, house: House, clock: Clockwork, chance: random.Random, hear: Callable[[ProbeObservation], bool]
    ) -> None:
        self._house, self._clock, self._chance, self._hear = house, clock, chance, hear
        self._lives, self._boot = True, 1
        self._senses = self._pin = True
        self._pin_turns = self._edge_number = self._links = self._beat_turns = 0
        self._edges: list[_Edge] = []
        self._line_free_s = self._beat_at_s = self._busy_until_s = self._until_s = 0.0

    def watch(self, until_s: float) -> None:
        """Beat from now on; after `until_s` no more."""
        self._until_s = until_s
        self.rouse()

    def rouse(self, for_s: float = _BUSY_S) -> None:
        """Something is going on: for a while every beat matters."""
        now_s = self._clock.now_s
        self._busy_until_s = max(self._busy_until_s, now_s + for_s)
        if not now_s < self._beat_at_s <= now_s + _BEAT_S:
            self._beat_in(self._chance.random() * _BEAT_S)

    def look(self) -> None:
        """The house has changed: perhaps what the probe senses, too."""
        if self._house.is_sensed is self._pin:
            return
        self._pin = self._house.is_sensed
        self._pin_turns += 1
        self.rouse()
        if not self._pin:
            turn, began_s = self._pin_turns, self._clock.now_s
            self._clock.at(began_s + _SENSED_AFTER_S, lambda: self._is_away(turn, began_s))
        elif self._lives and not self._senses:
            self._senses = True
            self._note(present=True, at_s=self._clock.now_s)

    def greet(self) -> None:
        """A gateway has begun to listen: it hears that the probe is there, and all that nobody acknowledged."""
        self._links += 1
        self._line_free_s = self._clock.now_s
        self.rouse()
        if self._lives:
            self._hear(ProbeLink(up=True))
            for edge in self._edges:
                self._send(edge)

    def die(self) -> None:
        """The capacitor is empty."""
        self._lives = False

    def revive(self) -> None:
        """There is power; a probe that had died knows nothing of before."""
        self.rouse()
        if not self._lives:
            self._lives, self._senses = True, self._house.is_sensed
            self._boot += 1
            self._edge_number, self._edges = 0, []

    def _is_away(self, turn: int, began_s: float) -> None:
        if turn == self._pin_turns and self._lives:
            self._senses = False
            self._note(present=False, at_s=began_s)

    def _note(self, *, present: bool, at_s: float) -> None:
        self._edge_number += 1
        edge = _Edge(id=EdgeId(boot_id=self._boot, event_id=self._edge_number), present=present, at_s=at_s)
        self._edges.append(edge)
        self._send(edge)

    def _send(self, edge: _Edge) -> None:
        rounds = self._chance.randint(1, 9) if self._chance.random() < _LATE else 0
        at_s = max(self._clock.now_s + _LINE_S + rounds * _REPEAT_S, self._line_free_s)
        self._line_free_s, link = at_s, self._links
        self._clock.at(at_s, lambda: self._tell(edge, link))

    def _tell(self, edge: _Edge, link: int) -> None:
        if link != self._links or edge not in self._edges or not self._lives:
            return
        is_heard = self._hear(SupplyEdge(edge=edge.id, present=edge.present, occurred_at=instant(edge.at_s)))
        if not is_heard:
            return  # whoever starts to listen is told anew
        if self._chance.random() < _TWICE:  # the acknowledgement is lost
            self._clock.at(self._clock.now_s + _REPEAT_S, lambda: self._tell(edge, link))
        else:
            self._edges.remove(edge)

    def _beat_in(self, wait_s: float) -> None:
        self._beat_turns += 1
        turn = self._beat_turns
        self._beat_at_s = self._clock.now_s + wait_s
        self._clock.at(self._beat_at_s, lambda: self._beat(turn))

    def _beat(self, turn: int) -> None:
        if turn != self._beat_turns or self._clock.now_s > self._until_s:
            return
        self._beat_in(_BEAT_S if self._clock.now_s < self._busy_until_s else _QUIET_BEAT_S)
        if self._lives:
            self._hear(ProbeBeat(present=self._senses, input_mv=INPUT_MV if self._house.is_fed else 0))
