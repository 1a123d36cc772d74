"""Loops that die are begun anew; what a person must mend stops the gateway."""

import threading
from collections.abc import Callable

import pytest

from gateway.core.errors import JournalDamaged, LoopHung
from gateway.service.pulse import Pulse
from gateway.service.supervisor import Supervisor
from runtime.clock import Clock, SystemClock
from tests.fakes_gateway import FakeClock
from tests.waiting import eventually


class FastClock(SystemClock):
    """A machine whose seconds are a hundred times as fast, so that a test does not wait for a back-off."""

    def monotonic(self) -> float:
        return super().monotonic() * 100


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.service.supervisor._LOOK_S", 0.01)


class ScriptedLoop:
    """A loop that lives its lives in turn, the last one again and again."""

    def __init__(self, name: str, *lives: Callable[[threading.Event], None]) -> None:
        self.name = name
        self.begun = 0
        self.threads: set[str] = set()
        self._lives = lives

    def run(self, stop: threading.Event) -> None:
        life = self._lives[min(self.begun, len(self._lives) - 1)]
        self.begun += 1
        self.threads.add(threading.current_thread().name)
        life(stop)


def waits(stop: threading.Event) -> None:
    stop.wait()


def dies(_stop: threading.Event) -> None:
    raise ZeroDivisionError("a mistake of ours")


def ends(_stop: threading.Event) -> None:
    """Comes to an end by itself, which no loop should."""


def stops_all(stop: threading.Event) -> None:
    stop.set()


def test_each_loop_lives_in_a_thread_of_its_own_name() -> None:
    quiet, last = ScriptedLoop("quiet", waits), ScriptedLoop("last", stops_all)

    Supervisor((quiet, last), SystemClock()).run(threading.Event())

    assert (quiet.threads, last.threads) == ({"quiet"}, {"last"})


@pytest.mark.parametrize("life", [dies, ends])
def test_a_loop_that_ends_is_begun_anew_and_the_others_go_on(
    life: Callable[[threading.Event], None], caplog: pytest.LogCaptureFixture
) -> None:
    restless, quiet = ScriptedLoop("restless", life, life, stops_all), ScriptedLoop("quiet", waits)

    Supervisor((restless, quiet), FastClock()).run(threading.Event())

    assert (restless.begun, quiet.begun) == (3, 1)
    assert caplog.text.count("loop_died loop=restless") == 2


def test_the_log_says_why_a_loop_died_and_where(caplog: pytest.LogCaptureFixture) -> None:
    restless = ScriptedLoop("restless", dies, stops_all)

    Supervisor((restless,), FastClock()).run(threading.Event())

    assert "ZeroDivisionError: a mistake of ours at" in caplog.text
    assert "test_supervisor.py:" in caplog.text


def test_a_damaged_journal_stops_the_gateway() -> None:
    def finds_damage(_stop: threading.Event) -> None:
        raise JournalDamaged("the journal is damaged", where="journal.sqlite")

    quiet = ScriptedLoop("quiet", waits)
    before = threading.enumerate()

    with pytest.raises(JournalDamaged):
        Supervisor((ScriptedLoop("pipeline", finds_damage), quiet), SystemClock()).run(threading.Event())

    assert [each for each in threading.enumerate() if each not in before] == []


class SeenPulse(Pulse):
    """A pulse that remembers how late the next sign was, each time somebody looked."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.seen_s: list[float] = []

    def overdue_s(self) -> float:
        self.seen_s.append(super().overdue_s())
        return self.seen_s[-1]

    def wait_for_a_look(self) -> None:
        """Until somebody has looked who began to after this was asked."""
        looks = len(self.seen_s) + 2
        eventually(lambda: len(self.seen_s) >= looks, what="a look at the pulse")


class WatchedLoop(ScriptedLoop):
    """A loop that promises signs of life."""

    def __init__(self, *lives: Callable[[threading.Event], None], clock: Clock | None = None) -> None:
        super().__init__("watched", *lives)
        self.pulse = SeenPulse(clock or FastClock())


def hangs(let_go: threading.Event) -> WatchedLoop:
    """A loop that says it will be back in a second and never is, whatever it is told."""

    def life(_stop: threading.Event) -> None:
        loop.pulse.beat(1)
        let_go.wait()

    loop = WatchedLoop(life)
    return loop


def test_a_watched_loop_that_hangs_ends_the_gateway_and_the_log_says_where(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.service.supervisor.STOP_WITHIN_S", 0.1)
    let_go, quiet = threading.Event(), ScriptedLoop("quiet", waits)

    with pytest.raises(LoopHung, match="watched gives no sign of life"):
        Supervisor((hangs(let_go), quiet), FastClock()).run(threading.Event())
    let_go.set()

    assert quiet.begun == 1
    assert "loop_hung loop=watched at=" in caplog.text
    assert "loop_left_behind loop=watched" in caplog.text


def test_a_loop_that_keeps_its_promises_or_has_made_none_is_left_alone() -> None:
    clock = FakeClock()

    def beats(stop: threading.Event) -> None:
        for _ in range(3):
            steady.pulse.beat(1_000)
            clock.advance(900)
            steady.pulse.wait_for_a_look()
        stop.set()

    steady, silent = WatchedLoop(beats, clock=clock), WatchedLoop(waits, clock=clock)

    Supervisor((steady, silent), clock).run(threading.Event())

    assert (steady.begun, silent.begun) == (1, 1)


def test_a_machine_that_slept_is_given_time_to_wake_up() -> None:
    clock = FakeClock()

    def oversleeps(stop: threading.Event) -> None:
        sleeper.pulse.beat(1)
        for slept_s in (1_000, 4):
            clock.advance(slept_s)
            sleeper.pulse.wait_for_a_look()
        sleeper.pulse.beat(10)
        sleeper.pulse.wait_for_a_look()
        clock.advance(9)
        sleeper.pulse.wait_for_a_look()
        stop.set()

    sleeper = WatchedLoop(oversleeps, clock=clock)

    Supervisor((sleeper,), clock).run(threading.Event())

    assert sleeper.begun == 1
    assert max(sleeper.pulse.seen_s) == 1_003
