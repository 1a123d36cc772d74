"""Alarms at once, readings in groups: what waits is forgotten whole or kept, and never stands in an alarm's way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.core.batches import Window
from gateway.core.errors import JournalFull
from gateway.core.outbox import Change
from gateway.service.group_commit import MOST_HELD_EVENTS, GroupCommit
from tests.fakes_gateway import FakeClock, at, hour_row
from tests.fakes_journal import lost, reading, unreachable
from tests.fakes_pipeline import Bench, a_bench
from wire.events import LaneHead
from wire.terms import Lane

FIRM = Change(entries=(unreachable(),))


def readings(number: int, events: int = 1) -> Change:
    entries = tuple(reading(number) for _ in range(events))
    return Change(entries=entries, remembered={"intervals/1": str(number)}, yields=True, can_wait=True)


@dataclass
class FakeJournal:
    """Keeps whole commits; can be full for everything, for large ones, or for what yields."""

    boot: int = 1
    commits: list[tuple[Change, ...]] = field(default_factory=list)
    most_entries: int = 10_000
    is_short: bool = False

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        kept = tuple(not (change.yields and self.is_short) for change in changes)
        if sum(len(change.entries) for change in changes) > self.most_entries:
            raise JournalFull("full")
        self.commits.append(tuple(change for change, is_kept in zip(changes, kept, strict=True) if is_kept))
        return kept

    def recall(self, name: str) -> str | None:
        lines = [change.remembered[name] for commit in self.commits for change in commit if name in change.remembered]
        return lines[-1] if lines else None

    def heads(self) -> tuple[LaneHead, ...]:
        return ()

    def waiting(self) -> int:
        return 0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def book(journal: FakeJournal, clock: FakeClock) -> GroupCommit:
    return GroupCommit(journal, clock, longest_s=2.0)


def test_readings_are_written_together_when_the_first_of_them_has_waited_long_enough(
    book: GroupCommit, journal: FakeJournal, clock: FakeClock
) -> None:
    for number in range(3):
        book.commit(readings(number))
        clock.advance(0.9)
    before = list(journal.commits)

    book.settle()

    assert (before, journal.commits) == ([], [(readings(0), readings(1), readings(2))])


def test_an_alarm_is_written_at_once_and_takes_along_what_waited_before_it(
    book: GroupCommit, journal: FakeJournal
) -> None:
    alarm = Change(entries=(lost(),))
    book.commit(readings(1))

    kept = book.commit(alarm)

    assert (kept, journal.commits) == ((True,), [(readings(1), alarm)])


@pytest.mark.parametrize(
    "change",
    [FIRM, Change(remembered={"supply/1": "lost"}), Change(entries=(lost(),), yields=True, can_wait=True)],
)
def test_what_cannot_be_made_again_does_not_wait_and_neither_does_an_alarm_that_says_it_can(
    book: GroupCommit, journal: FakeJournal, change: Change
) -> None:
    book.commit(change)

    assert journal.commits == [(change,)]


def test_no_more_is_held_than_some_hundred_events(book: GroupCommit, journal: FakeJournal) -> None:
    book.commit(readings(1, MOST_HELD_EVENTS))

    book.commit(readings(2))

    assert journal.commits == [(readings(1, MOST_HELD_EVENTS), readings(2))]


def test_without_a_time_to_wait_everything_is_written_at_once(journal: FakeJournal, clock: FakeClock) -> None:
    GroupCommit(journal, clock, longest_s=0).commit(readings(1))

    assert journal.commits == [(readings(1),)]


def test_what_is_held_is_known_already(book: GroupCommit, journal: FakeJournal) -> None:
    book.commit(FIRM, Change(remembered={"intervals/1": "old", "supply/1": "present"}))
    book.commit(readings(7))

    assert (book.recall("intervals/1"), book.recall("supply/1")) == ("7", "present")
    assert journal.recall("intervals/1") == "old"


def test_an_alarm_finds_room_where_the_group_does_not_and_the_group_is_held_on(
    book: GroupCommit, journal: FakeJournal
) -> None:
    journal.most_entries = 1
    alarm = Change(entries=(lost(),))
    book.commit(readings(1))
    book.commit(alarm)
    journal.most_entries = 10

    book.settle()

    assert journal.commits == [(alarm,), (readings(1),)]


def test_what_was_promised_and_refused_is_held_on_and_nothing_more_is_promised(
    book: GroupCommit, journal: FakeJournal
) -> None:
    book.commit(readings(1))
    journal.is_short = True

    kept = [book.commit(FIRM), book.commit(readings(2))]
    journal.is_short = False
    book.finish()

    assert kept == [(True,), (False,)]
    assert journal.commits[-1] == (readings(1),)


def test_what_the_disk_refuses_outright_is_said_and_held_on(
    book: GroupCommit, journal: FakeJournal, clock: FakeClock
) -> None:
    book.commit(readings(1))
    journal.most_entries = 0
    clock.advance(3)

    with pytest.raises(JournalFull):
        book.commit(readings(2))
    journal.most_entries = 10
    book.settle()

    assert journal.commits == [(readings(1),)]


# --- in the pipeline --------------------------------------------------------------------------------------------------


@pytest.fixture
def grouped(tmp_path: Path) -> Iterator[Bench]:
    bench = a_bench(tmp_path)
    bench.kill()
    bench.group_s = 2.0
    bench.start()
    yield bench
    bench.kill()


def test_a_reading_that_was_not_written_yet_is_forgotten_by_a_kill_and_read_again(grouped: Bench) -> None:
    window = Window(since=at(0), until=at(3 * 3600))
    rows = (hour_row(1, 100), hour_row(2, 200))
    grouped.read(3 * 3600)  # the first of all says that there is supply, which does not wait
    grouped.tick(3 * 3600 + 1)

    grouped.read(3 * 3600 + 60, rows=rows, window=window)
    before = grouped.said(Lane.READINGS)
    grouped.kill()
    grouped.start()
    grouped.tick(3 * 3600 + 61)
    grouped.read(3 * 3600 + 62, rows=rows, window=window)
    grouped.tick(3 * 3600 + 65)

    assert before == ["RegisterReadings"]
    assert grouped.said(Lane.READINGS) == ["RegisterReadings", "RegisterReadings", "IntervalReadings"]
