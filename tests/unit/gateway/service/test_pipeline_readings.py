"""What meters tell, through the pipeline into a real journal: rows, doubts, what is unusual, and a full journal."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.journal import Caps
from gateway.adapters.journal_view import JournalView
from gateway.core.batches import IntervalProgress, Window
from tests.fakes_consumption import DAY_H, home, more
from tests.fakes_gateway import at, hour_row
from tests.fakes_pipeline import DAYS_BACK, Bench, a_bench
from wire.events import Heartbeat, IntervalReadings
from wire.terms import Lane

NO_DISK_HAS_SO_MUCH = 2**60


def test_the_poller_learns_how_far_the_load_profile_has_come(bench: Bench) -> None:
    first = bench.watch.instruction.progress
    window = Window(since=at(-DAYS_BACK * 86_400), until=at(3 * 3600 + 60))

    bench.read(3 * 3600 + 60, rows=(hour_row(2, 200), hour_row(3, 300)), window=window)

    assert first is not None
    assert first.through == at(-DAYS_BACK * 86_400)
    assert bench.watch.instruction.progress is not None
    assert bench.watch.instruction.progress.through == at(3 * 3600)


def test_the_load_profile_is_not_taken_over_twice_after_a_restart(bench: Bench) -> None:
    window = Window(since=at(0), until=at(3 * 3600 + 60))
    rows = (hour_row(1, 100), hour_row(2, 200))

    bench.read(3 * 3600, rows=rows, window=window)
    bench.kill()
    bench.start()
    bench.read(3 * 3600 + 60, rows=rows, window=window)

    assert bench.said(Lane.READINGS) == ["RegisterReadings", "IntervalReadings", "RegisterReadings"]


def test_what_is_unusual_is_told_after_the_rows_it_rests_on_and_once_also_by_one_that_was_killed(bench: Bench) -> None:
    days = [int(wh) for wh in more(home(24), 21 * DAY_H, 3 * DAY_H, 650.0)]
    rows = tuple(hour_row(hour, wh) for hour, wh in enumerate(days, start=1))

    for first in range(0, len(rows), 3 * DAY_H):
        piece = rows[first : first + 3 * DAY_H]
        window = Window(since=piece[0].starts_at, until=piece[-1].ends_at)
        bench.read((first + len(piece)) * 3600 + 60, rows=piece, window=window)
        bench.kill()
        bench.start()
        bench.read((first + len(piece)) * 3600 + 90, rows=piece, window=window)

    said = [name for name in bench.said(Lane.READINGS) if name != "RegisterReadings"]
    assert said.count("UnusualUse") == 1
    assert said.count("IntervalReadings") == 8
    assert said[said.index("UnusualUse") - 1] == "IntervalReadings"


def read_onto_a_full_disk_then_onto_one_with_room(full: Bench, between: Callable[[], object]) -> None:
    """Two rows that find no room; and again, once there is some. `between` looks at what was refused."""
    window = Window(since=at(0), until=at(3 * 3600))
    rows = (hour_row(1, 100), hour_row(2, 200))
    full.read(60)
    full.read(3 * 3600, rows=rows, window=window)
    between()
    full.kill()
    full.caps = Caps()
    full.start()
    full.read(3 * 3600 + 60, rows=rows, window=window)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "full").mkdir()
    bench = a_bench(tmp_path / "full", Caps(ballast_bytes=NO_DISK_HAS_SO_MUCH))
    yield bench
    bench.kill()


def test_a_bank_whose_rows_found_no_room_sees_them_when_they_are_taken_over(full: Bench) -> None:
    refused: list[int] = []

    read_onto_a_full_disk_then_onto_one_with_room(full, lambda: refused.append(full.desk.standing.consumption.known_h))

    assert (refused, full.desk.standing.consumption.known_h) == ([0], 2)


def test_readings_that_found_no_room_are_taken_over_later(full: Bench) -> None:
    refused: list[IntervalProgress | None] = []

    read_onto_a_full_disk_then_onto_one_with_room(full, lambda: refused.append(full.watch.instruction.progress))

    with JournalView(full.path) as view:
        batches = [row.record.event for row in view.newest(10) if isinstance(row.record.event, IntervalReadings)]
    assert [progress.through for progress in refused if progress] == [at(-DAYS_BACK * 86_400)]
    assert [batch.values for batch in batches] == [(100, 200)]


def test_a_heartbeat_tells_how_far_every_lane_has_come(bench: Bench) -> None:
    bench.read(0)
    bench.tick(1)
    bench.tick(299)
    bench.tick(300)

    with JournalView(bench.path) as view:
        beats = [row.record.event for row in view.newest(100) if isinstance(row.record.event, Heartbeat)]
        heads = {lane.lane: lane for lane in view.lanes()}

    assert [beat.uptime_s for beat in beats] == [0, 300]
    assert [head.seq for head in beats[-1].heads] == [0, 1, 4]
    assert beats[-1].heads[1].head == heads[Lane.READINGS].head
    assert beats[-1].pending == 5


def test_a_doubt_is_told_once_until_it_is_gone_and_comes_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for s, volts in ((0, 900), (60, 900), (120, 230), (180, 900)):
        bench.read(s, volts=volts)
        bench.tick(s + 1)

    assert caplog.text.count("reading_doubted meter=1 doubt=voltage-implausible quantity=voltage_l1_mv") == 2
