"""Loops that die are begun anew; what a person must mend stops the gateway."""

import threading
from collections.abc import Callable

import pytest

from gateway.core.errors import JournalDamaged, LoopHung
from gateway.service.pulse import Pulse
from gateway.service.supervisor import Supervisor
from runtime.clock import SystemClock


class FastClock(SystemClock):
    """A machine whose seconds are a hundred times as fast, so that a test does not wait for a back-off."""

    def monotonic(self) -> float:
        return super().monotonic() * 100


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
    stop.wait(10)


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

    with pytest.raises(JournalDamaged):
        Supervisor((ScriptedLoop("pipeline", finds_damage), quiet), SystemClock()).run(threading.Event())

    assert threading.active_count() == 1


class WatchedLoop(ScriptedLoop):
    """A loop that promises signs of life."""

    def __init__(self, *lives: Callable[[threading.Event], None]) -> None:
        super().__init__("watched", *lives)
        self.pulse = Pulse(FastClock())


def hangs(let_go: threading.Event) -> WatchedLoop:
    """A loop that says it will be back in a second and never is, whatever it is told."""

    def life(_stop: threading.Event) -> None:
        loop.pulse.beat(1)
        let_go.wait(10)

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
    def beats(stop: threading.Event) -> None:
        for _ in range(4):
            steady.pulse.beat(1_000)
            stop.wait(0.1)
        stop.set()

    steady, silent = WatchedLoop(beats), WatchedLoop(waits)

    Supervisor((steady, silent), FastClock()).run(threading.Event())

    assert (steady.begun, silent.begun) == (1, 1)


def test_a_machine_that_slept_is_given_time_to_wake_up() -> None:
    def oversleeps(stop: threading.Event) -> None:
        sleeper.pulse.beat(-100)
        stop.wait(0.01)
        sleeper.pulse.beat(1_000)
        stop.wait(0.3)
        stop.set()

    sleeper = WatchedLoop(oversleeps)

    Supervisor((sleeper,), FastClock()).run(threading.Event())

    assert sleeper.begun == 1
