"""Loops that die are begun anew; what a person must mend stops the gateway."""

import threading
from collections.abc import Callable

import pytest

from gateway.core.errors import JournalDamaged
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
