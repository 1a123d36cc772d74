"""The journal takes another key: the announcement is the old one's last word, and everything after is the new one's."""

from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.own_keys import SIGNING_KEY
from gateway.core.errors import KeyUnavailable
from gateway.core.outbox import Change
from runtime.errors import InputRefused
from tests.fakes_hardware import FakeKeeper
from tests.fakes_journal import GATEWAY, SIGNER, heartbeat, lost, opened, reading, records, unreachable
from wire.envelope import Purpose, parse, verify
from wire.events import KeyAnnounced
from wire.key_life import Cut, read_announcement
from wire.keys import SoftwareSigner
from wire.terms import Lane

NEW = SoftwareSigner.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=1)
    return tmp_path / "journal.sqlite"


def signed_with(journal, lane):
    """By which key each waiting row says it is signed, after its signature was looked at."""
    found = []
    for row in journal.oldest_waiting(lane, 100):
        key = NEW if (parsed := parse(row.envelope)).key_id == NEW.public.key_id else SIGNER
        verify(parsed, key.public, Purpose.EVENT)
        found.append(key)
    return found


def test_the_announcement_is_the_old_keys_last_word_and_names_where_the_lanes_stand(path):
    journal = opened(path)
    journal.commit(Change(entries=(lost(), reading(), reading(), unreachable())))

    assert journal.change_key(NEW) == 2
    journal.commit(Change(entries=(lost(), reading(), heartbeat(journal))))

    assert signed_with(journal, Lane.ALARM) == [SIGNER, SIGNER, NEW]
    assert signed_with(journal, Lane.READINGS) == [SIGNER, SIGNER, NEW]
    assert signed_with(journal, Lane.DIAGNOSTICS) == [SIGNER, NEW]
    record = records(journal, Lane.ALARM)[1]
    assert isinstance(record.event, KeyAnnounced)
    cut = Cut(gen=1, seqs={Lane.ALARM: 2, Lane.READINGS: 2, Lane.DIAGNOSTICS: 1})
    assert read_announcement(record.event, record.link, SIGNER.public.key_id) == (NEW.public, cut)
    assert journal.recall(SIGNING_KEY) == NEW.public.key_id.hex()


def test_a_journal_that_was_changed_is_not_opened_with_the_old_key_again(path):
    journal = opened(path)
    journal.change_key(NEW)
    journal.close()

    with pytest.raises(InputRefused, match="restore the key that was made last"):
        opened(path)


def test_where_the_old_key_cannot_sign_the_announcement_it_goes_on(path):
    keeper = FakeKeeper()
    journal = opened(path)
    journal._signer = keeper.make()
    keeper.is_away = True

    with pytest.raises(KeyUnavailable):
        journal.change_key(NEW)

    keeper.is_away = False
    journal.commit(Change(entries=(lost(),)))
    (row,) = journal.oldest_waiting(Lane.ALARM, 10)
    assert parse(row.envelope).key_id == journal._signer.public.key_id
    assert journal.recall(SIGNING_KEY) is None


def test_a_commit_that_failed_and_was_one_all_the_same_changes_the_key(path, monkeypatch):
    journal = opened(path)

    monkeypatch.setattr(journal, "_transaction", lambda: _TellsFailure(journal._connection))
    journal.change_key(NEW)
    monkeypatch.undo()

    journal.commit(Change(entries=(lost(),)))
    assert signed_with(journal, Lane.ALARM) == [SIGNER, NEW]


class _TellsFailure:
    """A transaction that is kept, and whose end is told as a failure of the disk."""

    def __init__(self, connection):
        self._connection = connection

    def __enter__(self):
        self._connection.execute("BEGIN")

    def __exit__(self, *_):
        self._connection.execute("COMMIT")
        raise KeyUnavailable("told as a failure")


def test_a_row_that_hardware_does_not_sign_is_not_kept_and_the_same_change_is_kept_later(path):
    keeper = FakeKeeper()
    journal = opened(path)
    journal.change_key(keeper.make())
    keeper.is_away = True

    with pytest.raises(KeyUnavailable):
        journal.commit(Change(entries=(lost(),)))
    keeper.is_away = False
    journal.commit(Change(entries=(lost(),)))

    assert len(records(journal, Lane.ALARM)) == 2
