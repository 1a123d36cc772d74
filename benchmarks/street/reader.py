"""The poller of one meter on the story's clock: when it is read, and what a reading comes to.

A reading takes seconds: the meter is called, asked, answers, and is left; one in ten routine readings takes a piece of
the load profile along. It breaks if the head falls or the meter dies meanwhile, and one in fifty breaks by itself. When
the next one is due, `gateway.core.schedule` says; it is called for at once when the phase of the supply changes.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from benchmarks.street.world import T0, Clockwork, House, instant
from gateway.core.interruption import Attention
from gateway.core.observations import MeterAnswered, MeterFailed
from gateway.core.schedule import Attempt, Cadence, next_read_at
from wire.terms import LinkFault

FAILING_BY_CHANCE = 0.02
_WITH_PROFILE = 0.1
_FAULTS = (LinkFault.SILENT, LinkFault.SILENT, LinkFault.GARBLED)


@dataclass(slots=True, kw_only=True, eq=False)
class _Session:
    """A reading under way; `answer` is there once the meter has given it."""

    began_s: float
    failures_before: int
    asked_s: float = 0.0
    answer: MeterAnswered | None = None
    is_broken: bool = False


class Reader:
    """`attention` is asked how closely the gateway watches; `report` takes what the meter said, or that it did not."""

    def __init__(
        self,
        house: House,
        clock: Clockwork,
        chance: random.Random,
        attention: Callable[[], Attention],
        report: Callable[[MeterAnswered | MeterFailed], None],
    ) -> None:
        self._house, self._clock, self._chance = house, clock, chance
        self._attention, self._report = attention, report
        self._is_on = True
        self._until_s = 0.0
        self._session: _Session | None = None
        self._last: Attempt | None = None
        self._spread = 0.5
        self._due_at: datetime | None = None
        self._turns = 0
        self._is_called = False

    def watch(self, until_s: float) -> None:
        """Read now and from now on; after `until_s` begin no reading."""
        self._until_s, self._last = until_s, None
        self.plan()

    def stop(self) -> None:
        """The gateway is gone, and a reading under way with it."""
        self._is_on, self._session, self._due_at = False, None, None
        self._turns += 1

    def start(self) -> None:
        """The gateway has started: the first reading is now."""
        self._is_on, self._last, self._is_called = True, None, False
        self.plan()

    @property
    def has_failed(self) -> bool:
        """Whether the last reading failed."""
        return self._last is not None and self._last.failures > 0

    def call(self) -> None:
        """Read at once, or right after the reading under way."""
        self._is_called = True

    def plan(self) -> None:
        """When to read next, by what the gateway holds now."""
        if not self._is_on or self._session is not None or self._clock.now_s > self._until_s:
            return
        due_at = instant(self._clock.now_s)
        if self._is_called and self._last is not None:
            self._last = replace(self._last, failures=0)
        elif self._last is not None:
            due_at = max(due_at, next_read_at(Cadence(), self._last, self._attention(), chance=self._spread))
        if due_at == self._due_at:
            return
        self._due_at = due_at
        self._turns += 1
        turn = self._turns
        self._clock.at((due_at - T0).total_seconds(), lambda: self._read(turn))

    def look(self) -> None:
        """The house has changed: a reading under way may break by that."""
        session = self._session
        if session is not None and not session.is_broken and not self._house.can_be_read(self._clock.now_s):
            self._break(session, LinkFault.SILENT, after_s=self._chance.uniform(1.5, 5))

    def _read(self, turn: int) -> None:
        if turn != self._turns or self._session is not None:
            return
        now_s, chance = self._clock.now_s, self._chance
        self._due_at, self._is_called = None, False
        session = _Session(began_s=now_s, failures_before=self._last.failures if self._last else 0)
        self._session = session
        if not self._house.can_be_read(now_s):
            self._break(session, LinkFault.SILENT, after_s=chance.uniform(2, 6))
            return
        session.asked_s = now_s + chance.uniform(1.2, 2.5)
        answers_s = session.asked_s + chance.uniform(0.3, 1.0)
        has_profile = self._attention() is Attention.ROUTINE and chance.random() < _WITH_PROFILE
        self._clock.at(answers_s, lambda: self._answer(session))
        self._clock.at(answers_s + chance.uniform(0.2, 8 if has_profile else 0.5), lambda: self._leave(session))
        if chance.random() < FAILING_BY_CHANCE:
            self._break(session, chance.choice(_FAULTS), after_s=chance.uniform(2, 6))

    def _break(self, session: _Session, fault: LinkFault, after_s: float) -> None:
        session.is_broken = True
        self._clock.at(self._clock.now_s + after_s, lambda: self._give_up(session, fault))

    def _answer(self, session: _Session) -> None:
        if session is not self._session or session.is_broken:
            return
        house, now_s = self._house, self._clock.now_s
        session.answer = MeterAnswered(
            asked_at=instant(session.asked_s),
            voltages_mv=(house.voltage_mv(now_s),),
            power_failures=house.failures if house.fittings.has_counter else None,
            disconnector=house.disconnector,
            is_loaded=house.is_drawn(now_s),
        )

    def _leave(self, session: _Session) -> None:
        if session is self._session and not session.is_broken and session.answer is not None:
            self._end(session, session.answer, failures=0)

    def _give_up(self, session: _Session, fault: LinkFault) -> None:
        if session is self._session:
            failed = MeterFailed(asked_at=instant(session.began_s), fault=fault)
            self._end(session, failed, failures=session.failures_before + 1)

    def _end(self, session: _Session, word: MeterAnswered | MeterFailed, failures: int) -> None:
        self._session = None
        self._last = Attempt(asked_at=instant(session.began_s), failures=failures)
        self._spread = self._chance.random()
        self._report(word)
