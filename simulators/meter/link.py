"""The meter's line at its true pace: octets in and out, one character at a time, and garbage at a wrong speed.

A character is ten bits. What the reader writes in one go is heard only after the time it takes on a line; what the
meter says appears as an adapter hands it on, some characters together, the last when its last bit would have. If the
reader's port is set to another speed than the meter's, either way, noise arrives in its place. The line is half duplex:
while a meter speaks nobody hears the reader. A cut of the supply, or the head falling off, ends an answer in the
middle.

There is one meter on an optical head, or several on a bus: then all of them hear what the reader says, at the speed
they share, and whoever is called speaks. One that is slow to answer hears nothing meanwhile, and the others do; its
answer comes late, whoever was called by then.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from runtime.clock import Clock
from simulators.meter.device import Door
from simulators.meter.opto import BITS_PER_CHARACTER
from simulators.meter.transmission import Transmission
from simulators.moment import Moment

# Heard in pieces of this length, so that a pause within a message can be told from its pace.
PIECE_S = 0.05
# What is said within so long appears together; an adapter keeps it longer.
HANDED_ON_S = 0.01
MAX_WAITING_CHUNKS = 64
# Who takes longer to begin an answer thinks, and does not hold the wire.
PROMPT_S = 1.0


class Line(Protocol):
    """What carries octets to and from a reader."""

    def readers_baud(self) -> int | None:
        """The speed the reader's end is set to; None for one no meter knows."""
        ...

    def write(self, octets: bytes) -> None:
        """Put octets on the line at once."""
        ...

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Call `hear` with whatever the reader sends, as it arrives."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Octets as they arrived, and the speed the reader's port had then."""

    octets: bytes
    baud: int | None


class MeterLink:
    """Moves octets between a line and its meters for as long as `serve` runs."""

    def __init__(self, line: Line, meters: Sequence[Door], clock: Clock, *, seed: int = 1) -> None:
        self._line = line
        self._meters = tuple(meters)
        self._clock = clock
        self._noise = random.Random(f"line {seed}")
        self._waiting: deque[_Chunk] = deque(maxlen=MAX_WAITING_CHUNKS)
        self._arrived = asyncio.Event()
        self._wire = asyncio.Lock()
        self._thinking: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Listen, answer, and so on until cancelled."""
        self._line.listen(self._receive)
        async with asyncio.TaskGroup() as late_answers:
            while True:
                while self._waiting:
                    await self._hear(self._waiting.popleft(), late_answers)
                self._arrived.clear()
                await self._arrived.wait()

    async def say(self, transmissions: Sequence[Transmission]) -> None:
        """What the first meter says without being asked."""
        await self._say_all(self._meters[0], transmissions)

    def _receive(self, octets: bytes) -> None:
        if self._wire.locked():
            return
        self._waiting.append(_Chunk(octets=octets, baud=self._line.readers_baud()))
        self._arrived.set()

    async def _hear(self, chunk: _Chunk, late_answers: asyncio.TaskGroup) -> None:
        baud = self._meters[0].baud_at(self._clock.monotonic())
        sent_baud = chunk.baud or baud
        octets_a_piece = max(1, int(PIECE_S * sent_baud / BITS_PER_CHARACTER))
        heard_s = self._clock.monotonic()
        for start in range(0, len(chunk.octets), octets_a_piece):
            piece = chunk.octets[start : start + octets_a_piece]
            heard_s += len(piece) * BITS_PER_CHARACTER / sent_baud
            await self._sleep_until(heard_s)
            if chunk.baud != baud:
                piece = self._garbled(piece)
            for number, meter in enumerate(self._meters):
                if number not in self._thinking:
                    await self._answer(number, meter.feed(piece, Moment.read(self._clock)), late_answers)

    async def _answer(self, number: int, answer: Sequence[Transmission], late_answers: asyncio.TaskGroup) -> None:
        """Let a meter say its answer: now, or when it has thought."""
        if all(transmission.after_s <= PROMPT_S for transmission in answer):
            await self._say_all(self._meters[number], answer)
        else:
            self._thinking[number] = late_answers.create_task(self._think(number, answer))

    async def _think(self, number: int, answer: Sequence[Transmission]) -> None:
        for transmission in answer:
            await self._sleep_until(self._clock.monotonic() + transmission.after_s)
            async with self._wire:
                if not await self._say(self._meters[number], replace(transmission, after_s=0.0)):
                    break
        del self._thinking[number]

    async def _say_all(self, meter: Door, answer: Sequence[Transmission]) -> None:
        async with self._wire:
            for transmission in answer:
                if not await self._say(meter, transmission):
                    break

    async def _say(self, meter: Door, transmission: Transmission) -> bool:
        """Put one transmission on the line; False when the meter fell silent within it."""
        character_s = BITS_PER_CHARACTER / transmission.baud
        began_s = self._clock.monotonic() + transmission.after_s
        said = 0
        while said < len(transmission.octets):
            together = min(max(1, int(HANDED_ON_S / character_s)), len(transmission.octets) - said)
            await self._sleep_until(began_s + (said + together) * character_s)
            if meter.is_silent(self._clock.monotonic()):
                return False
            due = min(len(transmission.octets), int((self._clock.monotonic() - began_s) / character_s))
            octets = transmission.octets[said : max(due, said + together)]
            said += len(octets)
            is_readable = self._line.readers_baud() == transmission.baud
            self._line.write(octets if is_readable else self._garbled(octets))
        return True

    def _garbled(self, octets: bytes) -> bytes:
        return self._noise.randbytes(len(octets))

    async def _sleep_until(self, mono_s: float) -> None:
        await asyncio.sleep(max(0.0, mono_s - self._clock.monotonic()))
