"""Room held for alarms: laid where there is room, given up once, laid again."""

from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.ballast import Ballast
from gateway.adapters.journal import BALLAST_FILE, Caps
from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change
from tests.fakes_journal import GATEWAY, chain_of, declared, heartbeat, lost, opened, reading
from wire.terms import Lane

SIZE = 100_000
NO_DISK_HAS_SO_MUCH = 2**60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    journal_file.create(path, GATEWAY, gen=1)
    return path


def test_it_is_laid_given_up_once_and_laid_again(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", SIZE)

    ballast.lay()
    laid = (ballast.is_short, (tmp_path / "ballast").stat().st_size)
    given_up = (ballast.give_up(), ballast.give_up(), ballast.is_short)
    ballast.lay()

    assert laid == (False, SIZE)
    assert given_up == (True, False, True)
    assert not ballast.is_short


def test_what_lies_there_from_the_last_start_is_the_ballast_and_is_not_laid_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    Ballast(tmp_path / "ballast", SIZE).lay()
    at_first = (tmp_path / "ballast").stat().st_mtime_ns

    again = Ballast(tmp_path / "ballast", SIZE)
    again.lay()

    assert (again.is_short, (tmp_path / "ballast").stat().st_mtime_ns) == (False, at_first)
    assert caplog.text.count("ballast_laid") == 1


def test_a_disk_without_room_for_it_is_short(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", NO_DISK_HAS_SO_MUCH)

    ballast.lay()

    assert (ballast.is_short, list(tmp_path.iterdir())) == (True, [])


def test_without_any_nobody_is_short_and_nothing_is_given_up(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", 0)
    ballast.lay()

    assert (ballast.is_short, ballast.give_up(), list(tmp_path.iterdir())) == (False, False, [])


def test_on_a_short_disk_alarms_are_kept_and_readings_refused_and_counted(path: Path) -> None:
    journal = opened(path, Caps(ballast_bytes=NO_DISK_HAS_SO_MUCH))

    kept = journal.commit(
        Change(entries=(reading(), lost()), remembered={"supply/1": "lost"}), Change(entries=(reading(),), yields=True)
    )

    assert kept == (True, False)
    assert [head.seq for head in journal.heads()] == [1, 0, 0]
    assert journal.recall("supply/1") == "lost"
    journal.close()
    assert journal_identity(path).refused == 2


def journal_identity(path: Path) -> journal_file.Identity:
    connection = journal_file.open_to_read(path)
    identity = journal_file.identity_of(connection, path)
    connection.close()
    return identity


def test_a_full_disk_takes_the_ballast_then_the_oldest_readings_and_keeps_every_alarm(path: Path) -> None:
    journal = opened(path, Caps(ballast_bytes=SIZE))
    journal.commit(Change(entries=tuple(reading(at_ms) for at_ms in range(500))))
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count={pages}")  # from now on the disk has no page more

    for _ in range(10):
        journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(20))))

    assert not path.with_name(BALLAST_FILE).exists()
    assert {hole.of_lane for hole in declared(journal)} == {Lane.READINGS}
    assert chain_of(journal, Lane.ALARM).seq == 200 + len(declared(journal))
    journal.close()


def test_when_there_is_nothing_left_to_give_up_nothing_is_kept_and_the_next_one_follows_the_chain(path: Path) -> None:
    journal = opened(path, Caps(ballast_bytes=SIZE))
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(JournalUnavailable, match="free some space"):
        journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(200))))
    journal._connection.execute("PRAGMA max_page_count=1000000")
    journal.commit(Change(entries=(lost(),)))

    assert chain_of(journal, Lane.ALARM).seq == 1
    journal.close()


def test_readings_are_kept_again_once_there_is_room_for_the_ballast(path: Path) -> None:
    journal = opened(path, Caps(ballast_bytes=SIZE))
    journal._ballast.give_up()

    journal.commit(Change(entries=(heartbeat(journal),)))
    kept = journal.commit(Change(entries=(reading(),), yields=True))

    assert kept == (True,)
    journal.close()
