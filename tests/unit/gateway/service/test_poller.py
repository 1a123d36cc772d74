"""When a meter is read, and what is asked of it."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest

from gateway.core.batches import IntervalProgress
from gateway.core.errors import MeterGarbled, MeterHeld, MeterSilent, MeterUnread
from gateway.core.interruption import Attention
from gateway.core.schedule import Cadence
from gateway.service.inbox import Inbox, MeterRead, MeterUnreadable, Report
from gateway.service.line_turns import LineTurns, _Waiter
from gateway.service.meter_watch import Instruction, MeterWatch
from gateway.service.poller import Poller
from tests.fakes_gateway import FakeClock, FakeSession, StoryStop, at
from wire.terms import LinkFault

CADENCE = Cadence(
    routine=timedelta(seconds=60),
    close=timedelta(seconds=5),
    longest_back_off=timedelta(seconds=300),
    most_held_percent=50,
)


class StoryWatch(MeterWatch):
    """A watch whose waiting is the story's; what the pipeline would do at an instant is done then."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.at_s: dict[float, Callable[[], None]] = {}
        self.has_pipeline = True

    def is_called(self, timeout_s: float) -> bool:
        due = [s for s in self.at_s if s <= self._clock.story_s]
        for s in due:
            self.at_s.pop(s)()
        is_called = super().is_called(0)
        self._clock.advance(0 if is_called else timeout_s)
        return is_called

    def is_handled(self, timeout_s: float) -> bool:
        """The pipeline is quick, where there is one."""
        self._clock.advance(0 if self.has_pipeline else timeout_s)
        return self.has_pipeline


@dataclass
class Bench:
    clock: FakeClock = field(default_factory=FakeClock)
    inbox: Inbox = field(default_factory=Inbox)

    def __post_init__(self) -> None:
        self.session = FakeSession(self.clock)
        self.watch = StoryWatch(self.clock)
        self.line = LineTurns()

    def run_until(self, story_s: float) -> None:
        poller = Poller(
            number=1,
            session=self.session,
            line=self.line,
            watch=self.watch,
            inbox=self.inbox,
            clock=self.clock,
            cadence=CADENCE,
            chance=Even(),
        )
        poller.run(Until(self.clock, story_s))

    def answers(self, *answers: float | MeterUnread) -> None:
        """These in turn, the last one for ever."""
        self.session.answers = lambda number: answers[min(number, len(answers) - 1)]


class BusyLine(LineTurns):
    """A line on which another meter has the first seven seconds; or on which no turn comes before the end."""

    def __init__(self, clock: FakeClock, *, is_free_after_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._is_free_after_s = is_free_after_s

    @contextmanager
    def turn(self, stop: threading.Event, is_urgent: Callable[[], bool]) -> Iterator[bool]:
        self._clock.advance(self._is_free_after_s)
        self._is_free_after_s = 0
        with super().turn(stop, is_urgent) as has_turn:
            yield has_turn


class Even(random.Random):
    """No chance at all."""

    def random(self) -> float:
        return 0.5


class Until(StoryStop):
    def __init__(self, clock: FakeClock, story_s: float) -> None:
        super().__init__(clock)
        self._ends_at = story_s

    def is_set(self) -> bool:
        return self._clock.story_s >= self._ends_at


@pytest.fixture
def bench() -> Bench:
    return Bench()


def silent() -> MeterSilent:
    return MeterSilent("nobody answers", where="/dev/ttyUSB0")


def test_a_meter_is_read_at_once_and_then_regularly(bench: Bench) -> None:
    bench.run_until(200)

    assert bench.session.asked_s == pytest.approx([0, 60, 120, 180], abs=0.1)


def test_what_it_answers_goes_into_the_inbox(bench: Bench) -> None:
    bench.run_until(10)

    report = bench.inbox.take(0)
    assert isinstance(report, MeterRead)
    assert (report.number, report.snapshot.read_at, report.rows) == (1, at(0), ())


def test_why_it_could_not_be_read_goes_there_too(bench: Bench) -> None:
    bench.answers(MeterGarbled("noise"))

    bench.run_until(10)

    report = bench.inbox.take(0)
    assert isinstance(report, MeterUnreadable)
    assert (report.asked_at, report.fault) == (at(0), LinkFault.GARBLED)


def test_a_silent_meter_is_asked_less_and_less_often(bench: Bench) -> None:
    bench.answers(silent())

    bench.run_until(1_100)

    assert bench.session.asked_s == pytest.approx([0, 60, 180, 420, 720, 1_020], abs=1)


def test_a_meter_that_somebody_holds_is_left_alone_until_it_is_free(bench: Bench) -> None:
    bench.answers(MeterHeld("taken", leave_alone_s=122), 230.0)

    bench.run_until(300)

    assert bench.session.asked_s == pytest.approx([0, 123, 183, 243], abs=1)


def test_it_is_read_at_once_when_called_for(bench: Bench) -> None:
    bench.watch.at_s[20] = lambda: bench.watch.instruct(Instruction(attention=Attention.CLOSE), at_once=True)

    bench.run_until(32)

    assert bench.session.asked_s == pytest.approx([0, 20, 25, 30], abs=1.1)


def test_a_call_ends_a_long_back_off_and_begins_it_anew(bench: Bench) -> None:
    bench.answers(*[silent()] * 7, 230.0)
    bench.watch.at_s[800] = lambda: bench.watch.instruct(Instruction(attention=Attention.CLOSE), at_once=True)

    bench.run_until(830)

    assert bench.session.asked_s[5:] == pytest.approx([801, 806, 816, 821, 826], abs=2)


def test_a_call_while_it_is_being_read_is_not_forgotten(bench: Bench) -> None:
    def call_once(number: int) -> float:
        bench.watch.instruct(Instruction(), at_once=number == 0)
        return 230.0

    bench.session.answers = call_once

    bench.run_until(30)

    assert bench.session.asked_s == pytest.approx([0, 1], abs=0.1)


def test_the_first_reading_is_of_registers_alone_and_the_past_follows_closely(bench: Bench) -> None:
    bench.watch.instruct(Instruction(progress=IntervalProgress(through=at(-31 * 86_400), period_s=3_600)))

    bench.run_until(12)

    assert bench.session.asked_s == pytest.approx([0, 1, 5, 10], abs=0.1)
    assert bench.session.windows == [None, *[(at(-31 * 86_400), at(-23 * 86_400))] * 3]


class TakingOver(Inbox):
    """An inbox whose reader has the rows in the journal as soon as they are handed in."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.then: Callable[[], None] = lambda: None

    def offer(self, report: Report) -> bool:
        progress = self._bench.watch.instruction.progress
        if isinstance(report, MeterRead) and report.window is not None and progress is not None:
            after = progress.after(report.window, report.rows, self._bench.clock.now())
            self._bench.watch.instruct(Instruction(progress=after))
            self.then()
        return super().offer(report)


@pytest.fixture
def catching_up(bench: Bench) -> Bench:
    """A month is missing, and what is read of it is taken over."""
    bench.inbox = TakingOver(bench)
    bench.watch.instruct(Instruction(progress=IntervalProgress(through=at(-31 * 86_400), period_s=3_600)))
    return bench


def test_a_month_is_read_in_one_association_piece_after_piece(catching_up: Bench) -> None:
    catching_up.run_until(12)

    days = [-31, -23, -15, -7, 0]
    pieces = [(at(since * 86_400), at(until * 86_400)) for since, until in pairwise(days[:-1])]
    assert catching_up.session.windows[1:-1] == pieces
    assert catching_up.session.sessions == 1


@pytest.mark.parametrize("wanted", ["called", "another meter"])
def test_what_waits_for_the_line_comes_between_two_pieces(catching_up: Bench, wanted: str) -> None:
    inbox, watch, line = catching_up.inbox, catching_up.watch, catching_up.line
    assert isinstance(inbox, TakingOver)
    inbox.then = {
        "called": lambda: watch.instruct(watch.instruction, at_once=True),
        "another meter": lambda: line._waiters.append(_Waiter(is_urgent=lambda: False)),
    }[wanted]

    catching_up.run_until(3)

    assert catching_up.session.sessions == len(catching_up.session.windows[1:]) > 0


def test_a_meter_that_falls_silent_between_two_pieces_is_silent_since_the_piece_it_did_not_give(
    catching_up: Bench,
) -> None:
    catching_up.session.answers = lambda number: 230.0 if number < 3 else MeterSilent("nothing")

    catching_up.run_until(4)

    reports = [catching_up.inbox.take(0) for _ in range(4)]
    assert isinstance(reports[-1], MeterUnreadable)
    assert reports[-1].asked_at == at(catching_up.session.asked_s[3]) > at(2)


def test_a_piece_that_is_not_safe_yet_is_not_followed_by_another(bench: Bench) -> None:
    bench.watch.instruct(Instruction(progress=IntervalProgress(through=at(-31 * 86_400), period_s=3_600)))

    bench.run_until(4)

    assert len(bench.session.windows) == 2


def test_a_meter_that_was_held_long_is_left_alone_as_long(bench: Bench) -> None:
    bench.session.takes_s = 100

    bench.run_until(500)

    assert bench.session.asked_s == pytest.approx([0, 200, 400], abs=1)


def test_a_meter_that_never_answered_was_not_held(bench: Bench) -> None:
    bench.session.takes_s = 100
    bench.answers(MeterSilent("nothing"))

    bench.run_until(150)

    assert bench.session.asked_s == pytest.approx([0, 100], abs=1)


def test_a_changed_supply_does_not_wait_for_the_meters_rest(bench: Bench) -> None:
    bench.session.takes_s = 100
    bench.watch.at_s[120] = lambda: bench.watch.instruct(Instruction(), at_once=True)

    bench.run_until(210)

    assert bench.session.asked_s == pytest.approx([0, 120], abs=1)


def test_the_rows_of_a_window_come_with_it(bench: Bench) -> None:
    bench.watch.instruct(Instruction(progress=IntervalProgress(through=at(-3_600))))

    bench.run_until(62)
    bench.inbox.take(0)

    report = bench.inbox.take(0)
    assert isinstance(report, MeterRead)
    assert report.window is not None


def test_no_history_is_read_while_a_verdict_waits(bench: Bench) -> None:
    progress = IntervalProgress(through=at(-31 * 86_400), period_s=3_600)
    bench.watch.instruct(Instruction(attention=Attention.CLOSE, progress=progress))

    bench.run_until(20)

    assert set(bench.session.windows) == {None}


def test_a_full_inbox_stops_no_poller(bench: Bench) -> None:
    bench.run_until(60 * 300)

    assert bench.inbox.dropped > 0
    assert len(bench.session.asked_s) == 300


def test_a_report_nobody_handles_is_not_waited_for_for_ever(bench: Bench) -> None:
    bench.watch.has_pipeline = False
    bench.watch.instruct(Instruction(attention=Attention.CLOSE))

    bench.run_until(30)

    assert bench.session.asked_s == pytest.approx([0, 11, 22], abs=0.1)


def test_the_watch_tells_what_it_was_told() -> None:
    watch = MeterWatch()
    watch.instruct(Instruction(attention=Attention.CLOSE), at_once=True)

    called = watch.is_called(0)
    begun = watch.begin()
    watch.mark_handled()

    assert called
    assert begun.attention is Attention.CLOSE
    assert not watch.is_called(0)
    assert watch.is_handled(0)


def test_a_meter_is_asked_when_its_turn_on_the_line_has_come(bench: Bench) -> None:
    bench.line = BusyLine(bench.clock, is_free_after_s=7)
    bench.answers(silent())

    bench.run_until(60)

    report = bench.inbox.take(0)
    assert isinstance(report, MeterUnreadable)
    assert report.asked_at == at(7)
    assert bench.session.asked_s == [7]


def test_a_gateway_that_stops_waits_for_no_turn(bench: Bench) -> None:
    bench.line = BusyLine(bench.clock, is_free_after_s=100)

    bench.run_until(60)

    assert bench.session.asked_s == []
