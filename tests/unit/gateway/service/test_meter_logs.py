"""A meter's own logs, from the poller through the pipeline into a real journal: each entry told once, come what may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.journal import Caps
from gateway.adapters.journal_view import JournalView
from gateway.core.interruption import Attention
from gateway.core.meter_logs.event_log import LogEntry, LogPage
from gateway.service.inbox import MeterRead
from gateway.service.line_turns import LineTurns
from gateway.service.meter_watch import Instruction
from gateway.service.poller import Poller
from tests.fakes_event_log import failure
from tests.fakes_gateway import PROFILE, FakeClock, FakeSession, StoryStop, at, snapshot
from tests.fakes_pipeline import Bench, a_bench
from tests.unit.gateway.service.test_poller import CADENCE, Even, Inbox, StoryWatch
from wire.events import MeterAlarmLogged, MeterEventLogged
from wire.meter_log import ClockQuality, MeterEventKind
from wire.terms import Lane

DAY = timedelta(days=1)
LOGS = {log.name: log for log in PROFILE.logs}


def entry(s: float, code: int) -> LogEntry:
    return LogEntry(occurred_at=at(s), clock=ClockQuality.GOOD, code=code, duration_s=None, mark=f"{s}-{code}")


def read(bench: Bench, s: float, *entries: LogEntry, log: str = "standard", why_not: str = "") -> None:
    """One reading that brought the newest of a log along."""
    bench.clock.story_s = s
    (span,) = bench.watch.instruction.logs.spans([LOGS[log]], at(s))
    page = LogPage(span=replace(span, until=None), entries=entries, why_not=why_not)
    seen = replace(snapshot(s), logs=(page,))
    bench.pipeline.handle(MeterRead(number=1, snapshot=seen, rows=(), window=None, done=lambda: None))


def told(bench: Bench) -> list[MeterAlarmLogged | MeterEventLogged]:
    """What was told of the logs, alarms first."""
    with JournalView(bench.path) as view:
        rows = sorted(view.newest(1_000), key=lambda row: (row.record.link.lane, row.record.link.seq))
    events = [row.record.event for row in rows]
    return [event for event in events if isinstance(event, (MeterAlarmLogged, MeterEventLogged))]


def test_what_the_meter_logged_is_told_in_its_lane(bench: Bench) -> None:
    read(bench, 60, entry(10, 40), entry(20, 6))

    assert [(event.kind, event.lane) for event in told(bench)] == [
        (MeterEventKind.TERMINAL_COVER_OPENED, Lane.ALARM),
        (MeterEventKind.CLOCK_INVALID, Lane.DIAGNOSTICS),
    ]


def test_nothing_is_told_twice_after_a_kill(bench: Bench) -> None:
    read(bench, 60, entry(10, 40))
    bench.kill()
    bench.start()
    read(bench, 120, entry(10, 40), entry(100, 41))

    assert [event.raw_code for event in told(bench)] == [40, 41]


def test_a_failure_is_told_with_when_it_was_over_and_how_long_it_lasted(bench: Bench) -> None:
    over = failure(at(-3600), 754)

    read(bench, 60, over, log="power-failure")

    (event,) = told(bench)
    assert (event.kind, event.duration_ms) == (MeterEventKind.SUPPLY_FAILED, 754_000)


def test_a_log_the_meter_does_not_give_keeps_nothing_else_back(bench: Bench) -> None:
    read(bench, 60, why_not="object-unavailable")
    read(bench, 120, entry(10, 40))

    assert [event.raw_code for event in told(bench)] == [40]
    assert bench.said(Lane.READINGS) == ["RegisterReadings", "RegisterReadings"]


def test_what_finds_no_room_is_told_once_there_is_some(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, Caps(diagnostics_bytes=1))
    read(bench, 60, entry(10, 6))
    bench.kill()

    bench.caps = Caps()
    bench.start()
    read(bench, 120, entry(10, 6))

    assert [event.raw_code for event in told(bench)] == [6]
    bench.kill()


class TestWhenThePollerReadsThem:
    def spans(
        self,
        *,
        until_s: float,
        instruction: Instruction,
        answers: Callable[[StoryWatch, int], float] = lambda _watch, _number: 230.0,
    ) -> list[int]:
        """How many logs were asked for in each reading."""
        clock = FakeClock()
        session, watch = FakeSession(clock), StoryWatch(clock)
        session.answers = lambda number: answers(watch, number)
        watch.instruct(instruction)
        poller = Poller(
            number=1,
            session=session,
            line=LineTurns(),
            watch=watch,
            inbox=Inbox(),
            clock=clock,
            cadence=CADENCE,
            chance=Even(),
            logs=PROFILE.logs,
        )
        poller.run(_Until(clock, until_s))
        return [len(spans) for spans in session.log_spans]

    @pytest.fixture
    def instruction(self, bench: Bench) -> Instruction:
        """Everything was taken over up to now."""
        begun = bench.watch.instruction
        taken = tuple(replace(log, through=at(0)) for log in begun.logs.logs)
        return replace(begun, progress=None, logs=replace(begun.logs, logs=taken))

    def test_with_the_second_reading_and_then_every_quarter_of_an_hour(self, instruction: Instruction) -> None:
        asked = self.spans(until_s=16 * 60 + 30, instruction=instruction)

        assert asked[:3] == [0, len(LOGS), 0]
        assert asked.count(len(LOGS)) == 2

    def test_one_after_the_other_while_that_brings_forward_what_is_missing(self, bench: Bench) -> None:
        begun = bench.watch.instruction

        def onward(watch: StoryWatch, number: int) -> float:
            moved = (replace(log, through=log.through + number * DAY) for log in begun.logs.logs)
            watch.instruct(replace(begun, logs=replace(begun.logs, logs=tuple(moved))))
            return 230.0

        asked = self.spans(until_s=100, instruction=begun, answers=onward)

        assert asked[0] == 0
        assert set(asked[1:]) == {len(LOGS)}

    def test_in_no_hurry_where_nothing_comes_of_it(self, bench: Bench) -> None:
        asked = self.spans(until_s=100, instruction=bench.watch.instruction)

        assert asked.count(len(LOGS)) == 1

    def test_not_while_a_verdict_waits_for_the_meter(self, instruction: Instruction) -> None:
        close = replace(instruction, attention=Attention.CLOSE)

        assert set(self.spans(until_s=60, instruction=close)) == {0}


class _Until(StoryStop):
    def __init__(self, clock: FakeClock, story_s: float) -> None:
        super().__init__(clock)
        self._ends_at = story_s

    def is_set(self) -> bool:
        return self._clock.story_s >= self._ends_at
