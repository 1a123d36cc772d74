"""How a gateway finds its journal at its start, and what it says when that is lost."""

import os
from functools import partial
from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.adapters.journal_start import open_or_begin_anew
from gateway.adapters.registry import Registry
from gateway.core.errors import JournalDamaged
from gateway.core.outbox import Change
from runtime.errors import InputRefused
from tests.fakes_journal import GATEWAY, chain_of, lost, opened, reading, records, tamper
from wire.events import JournalBegunAnew
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.terms import JournalLoss, Lane

DAMAGE = "PRAGMA user_version = 0"


def started(folder: Path) -> Journal:
    path = folder / "journal.sqlite"
    return open_or_begin_anew(path, GATEWAY, partial(opened, path), Registry(folder / "registry.json"))


def begun_anew(journal: Journal) -> list[JournalBegunAnew]:
    return [record.event for record in records(journal, Lane.ALARM) if isinstance(record.event, JournalBegunAnew)]


def test_the_first_journal_follows_none_and_says_nothing(tmp_path: Path) -> None:
    journal = started(tmp_path)

    assert (journal.gen, journal.waiting()) == (1, 0)
    journal.close()


def test_a_journal_that_is_there_goes_on(tmp_path: Path) -> None:
    journal = started(tmp_path)
    journal.commit(Change(entries=(lost(),)))
    journal.close()

    again = started(tmp_path)

    assert (again.gen, again.boot, again.waiting()) == (1, 2, 1)
    again.close()


def test_a_journal_that_is_gone_is_told_in_the_first_alarm_of_the_next(tmp_path: Path) -> None:
    started(tmp_path).close()
    (tmp_path / "journal.sqlite").unlink()

    journal = started(tmp_path)
    journal.commit(Change(entries=(lost(),)))

    assert journal.gen == 2
    assert begun_anew(journal) == [JournalBegunAnew(previous_gen=1, reason=JournalLoss.MISSING)]
    assert records(journal, Lane.ALARM)[0].link.seq == 1
    assert chain_of(journal, Lane.ALARM).seq == 2
    journal.close()


def test_a_damaged_journal_is_set_aside_as_it_was_and_told(tmp_path: Path) -> None:
    journal = started(tmp_path)
    journal.commit(Change(entries=tuple(reading(at_ms) for at_ms in range(100))))
    journal.close()
    path = tmp_path / "journal.sqlite"
    octets = bytearray(path.read_bytes())
    octets[4096:8192] = os.urandom(4096)
    path.write_bytes(octets)

    again = started(tmp_path)

    assert (tmp_path / "journal.damaged-1.sqlite").read_bytes() == octets
    assert again.gen == 2
    assert begun_anew(again) == [JournalBegunAnew(previous_gen=1, reason=JournalLoss.DAMAGED)]
    again.close()


def test_killed_before_it_could_say_so_it_says_so_at_the_next_start(tmp_path: Path) -> None:
    said = JournalBegunAnew(previous_gen=3, reason=JournalLoss.DAMAGED)
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=4, begun_anew=said)

    once = started(tmp_path)
    first = begun_anew(once)
    once.close()
    twice = started(tmp_path)

    assert (first, begun_anew(twice)) == ([said], [said])
    twice.close()


def test_the_newest_three_damaged_journals_are_kept(tmp_path: Path) -> None:
    for _ in range(5):
        started(tmp_path).close()
        tamper(tmp_path / "journal.sqlite", DAMAGE)

    started(tmp_path).close()

    assert sorted(each.name for each in tmp_path.glob("*damaged*")) == [
        f"journal.damaged-{number}.sqlite" for number in (3, 4, 5)
    ]


def test_what_an_older_journal_left_beside_it_is_not_played_into_the_next(tmp_path: Path) -> None:
    journal = started(tmp_path)
    journal.commit(Change(entries=(lost(1), lost(2))))
    (tmp_path / "journal.sqlite").rename(tmp_path / "away")  # and its -wal stays

    again = started(tmp_path)

    assert [type(record.event).__name__ for record in records(again, Lane.ALARM)] == ["JournalBegunAnew"]
    again.close()
    journal.close()


def test_where_the_damaged_file_cannot_be_set_aside_the_gateway_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(tmp_path).close()
    tamper(tmp_path / "journal.sqlite", DAMAGE)
    monkeypatch.setattr(journal_file, "put_damaged_aside", lambda _path: None)

    with pytest.raises(JournalDamaged):
        started(tmp_path)


def test_another_gateways_journal_is_not_damage(tmp_path: Path) -> None:
    other = gateway_id_of(SoftwareSigner.generate().public.spki)
    journal_file.create(tmp_path / "journal.sqlite", other, gen=1)

    with pytest.raises(InputRefused, match="belongs to gateway"):
        started(tmp_path)
    assert list(tmp_path.glob("*damaged*")) == []
