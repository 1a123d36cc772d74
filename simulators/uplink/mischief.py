"""What a bad line does to the PUBLISH packets of one connection, in either direction.

Bytes of one end go in; out comes what the other end gets, and what is answered in its stead. By chance a PUBLISH is

- *lost*: it vanishes, and nobody acknowledges it;
- *acknowledged and lost* (quality 1): it vanishes, and its PUBACK comes all the same, as from a broker that fell
  right after it said so. By chance half of the losses of quality 1 are of these;
- *doubled*: it arrives twice, the second time marked DUP; the second PUBACK is swallowed;
- *delayed*: it arrives behind 1 to `WINDOW` of those said after it, or when its speaker ends; so late that it may have
  been said again meanwhile.

Everything else passes untouched, PUBLISH of quality 2 too: no part of Lamplight sends it. What is no MQTT is passed on
as it is. The chance is handed in, and each PUBLISH takes one draw; a lost one of quality 1, and a delayed one, another.

>>> publish, acknowledge = bytes.fromhex("32050001610007"), bytes.fromhex("40020007")
>>> traffic = Traffic(Odds(lose=0.1, double=0.1), chance=lambda: 0.15)
>>> traffic.hear(Side.CLIENT, publish).onward.hex()
'320500016100073a050001610007'
>>> traffic.hear(Side.BROKER, acknowledge + acknowledge).onward.hex()
'40020007'
>>> Traffic(Odds(lose=0.1, double=0.0), chance=lambda: 0.05).hear(Side.CLIENT, publish)
Moved(onward=b'', back=b'@\\x02\\x00\\x07')
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum

from simulators.uplink.packets import Cutter, Kind, Piece, puback

MAX_ACKNOWLEDGEMENTS_AWAITED = 1_024
WINDOW = 50
_NEARNESS = 3  # half of what is delayed comes within the first eighth of the window
_ACKNOWLEDGED_SHARE = 0.5


class Side(Enum):
    """Who speaks."""

    CLIENT = "client"
    BROKER = "broker"

    @property
    def other(self) -> "Side":
        return Side.BROKER if self is Side.CLIENT else Side.CLIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """The chances of a PUBLISH, from 0 to 1; together no more than 1."""

    lose: float = 0.0
    double: float = 0.0
    delay: float = 0.0


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the PUBLISH packets that were heard; `lost` are all losses, `lost_acknowledged` some of them."""

    published: int = 0
    lost: int = 0
    lost_acknowledged: int = 0
    doubled: int = 0
    delayed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Counts)})


@dataclass(frozen=True, slots=True)
class Moved:
    """What goes on to the other end, and what goes back to the one that spoke."""

    onward: bytes
    back: bytes


class _Delayed:
    """PUBLISH packets of one speaker that wait for later ones to pass: no more of them than the window is wide."""

    def __init__(self) -> None:
        self._said = 0
        self._waiting: list[tuple[int, int, bytes]] = []  # a heap: how many must have been said, then which was first

    def hold(self, octets: bytes, drawn: float) -> None:
        """Let the packet said just now wait; `drawn` from [0, 1) says for how many."""
        heapq.heappush(self._waiting, (self._said + 2 + int(drawn**_NEARNESS * WINDOW), self._said, octets))

    def after_another(self) -> list[bytes]:
        """What goes on behind the packet said just now."""
        self._said += 1
        due = []
        while self._waiting and self._waiting[0][0] <= self._said:
            due.append(heapq.heappop(self._waiting)[2])
        return due

    def rest(self) -> list[bytes]:
        """All that still waits, in the order in which it would have come."""
        waiting, self._waiting = sorted(self._waiting), []
        return [octets for _, _, octets in waiting]


class Traffic:
    """One connection's packets, both ways."""

    def __init__(self, odds: Odds, chance: Callable[[], float]) -> None:
        self.odds = odds
        self.counts = Counts()
        self._chance = chance
        self._cutters = {side: Cutter() for side in Side}
        self._delayed = {side: _Delayed() for side in Side}
        # For each speaker: the PUBACKs that are to come for what it said, oldest first; True is to be passed on.
        self._awaited: dict[Side, dict[int, deque[bool]]] = {side: {} for side in Side}

    def hear(self, speaker: Side, octets: bytes) -> Moved:
        """One end said this."""
        onward, back = [], []
        for piece in self._cutters[speaker].feed(octets):
            if piece.kind is Kind.PUBLISH and piece.quality < 2:
                there, again = self._publish(speaker, piece)
                onward += [there, *self._delayed[speaker].after_another()]
                back.append(again)
            elif piece.kind is not Kind.PUBACK or self._is_passed_on(speaker, piece.packet_id):
                onward.append(piece.octets)
        return Moved(b"".join(onward), b"".join(back))

    def end(self, speaker: Side) -> bytes:
        """One end says nothing any longer; what of its words was still held goes on."""
        return b"".join(self._delayed[speaker].rest()) + self._cutters[speaker].held

    def _publish(self, speaker: Side, piece: Piece) -> tuple[bytes, bytes]:
        self.counts.published += 1
        drawn = self._chance()
        if drawn < self.odds.lose:
            return b"", self._lose(piece)
        if drawn < self.odds.lose + self.odds.double and self._has_room(speaker):
            self.counts.doubled += 1
            self._await(speaker, piece, surplus=True)
            return piece.octets + piece.again(), b""
        self._await(speaker, piece, surplus=False)
        if 0 <= drawn - self.odds.lose - self.odds.double < self.odds.delay:
            self.counts.delayed += 1
            self._delayed[speaker].hold(piece.octets, self._chance())
            return b"", b""
        return piece.octets, b""

    def _lose(self, piece: Piece) -> bytes:
        self.counts.lost += 1
        if piece.quality == 0 or self._chance() >= _ACKNOWLEDGED_SHARE:
            return b""
        self.counts.lost_acknowledged += 1
        return puback(piece.packet_id)

    def _has_room(self, speaker: Side) -> bool:
        return sum(map(len, self._awaited[speaker].values())) < MAX_ACKNOWLEDGEMENTS_AWAITED

    def _await(self, speaker: Side, piece: Piece, *, surplus: bool) -> None:
        """Remember what the acknowledgements of a doubled packet are worth, and of those that use its number after."""
        awaited = self._awaited[speaker]
        if piece.quality and (surplus or piece.packet_id in awaited) and self._has_room(speaker):
            awaited.setdefault(piece.packet_id, deque()).extend((True, False) if surplus else (True,))

    def _is_passed_on(self, speaker: Side, packet_id: int) -> bool:
        """Whether the acknowledgement that `speaker` gives is one the other end waits for."""
        awaited = self._awaited[speaker.other]
        if packet_id not in awaited:
            return True
        is_passed_on = awaited[packet_id].popleft()
        if not awaited[packet_id]:
            del awaited[packet_id]
        return is_passed_on
