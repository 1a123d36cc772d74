"""Real journals before the real intake: keys that change, a card that is copied, a gateway that is revoked."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from cloud.ingest import quarantine
from cloud.ingest.service import Intake, Message
from cloud.registry import store as registry
from cloud.registry.model import Status
from gateway import own_folder
from gateway.adapters import own_keys as own_keys_module
from gateway.adapters.journal import Journal
from gateway.adapters.registry import Registry
from gateway.cli import run
from gateway.config import load_settings
from gateway.core.outbox import Change, Entry
from gateway.own_folder import change_key, open_own_journal, own_keys
from runtime.clock import SystemClock
from tests.fakes_cloud import FakeGateway, fresh_database, register
from wire import topics
from wire.events import GatewayStarted, SupplyLost
from wire.keys import SoftwareSigner
from wire.receipts import open_receipt
from wire.refusals import Reason
from wire.terms import Lane

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=0)
STARTED = GatewayStarted(software="0.1.0", boot=1)


class Site:
    """A cloud's intake, and the folders of gateways that reach it."""

    def __init__(self, database, folder):
        self.database = database
        self.folder = folder
        self.signer = SoftwareSigner.generate()
        self.intake = Intake(database=database, clock=SystemClock(), signer=self.signer, on_commit=list)

    def live(self, folder, *events):
        """Start the gateway of a folder, let it say this, bring what waits to the cloud and the receipts back."""
        settings = load_settings(folder)
        keys = own_keys(settings)
        with closing(open_own_journal(settings, keys, SystemClock())) as journal:
            journal.commit(Change(entries=tuple(Entry(subject="", event=event) for event in events)))
            rows = [row for lane in Lane for row in journal.oldest_waiting(lane, 100)]
            messages = [Message(topic=topics.up(keys.gateway, row.lane), payload=row.envelope) for row in rows]
            for sealed in self.intake.take(messages):
                journal.apply(open_receipt(sealed.payload, self.signer.public), sealed.payload)
            return journal.waiting()

    @property
    def gateway(self):
        with self.database.read() as connection:
            (gateway,) = registry.everything(connection)
        return gateway

    def refused(self):
        with self.database.read() as connection:
            return quarantine.counts(connection)


@pytest.fixture
def site(tmp_path, capsys):
    folder = tmp_path / "gateway"
    run(["init", str(folder)])
    with fresh_database(tmp_path) as database:
        site = Site(database, folder)
        register(database, FakeGateway(signer=own_keys(load_settings(folder)).signer))
        yield site


def copied(folder: Path) -> Path:
    """The card as somebody copied it while the gateway was off."""
    return Path(shutil.copytree(folder, folder.with_name("copy")))


def rotate(folder: Path) -> None:
    run(["key", "rotate", str(folder)])


def test_a_key_is_changed_twice_and_nothing_is_lost_or_refused(site):
    assert site.live(site.folder, LOST, STARTED) == 0
    for _ in range(2):
        rotate(site.folder)
        assert site.live(site.folder, LOST, STARTED) == 0

    assert site.refused() == {}
    assert len(site.gateway.signing_keys) == 3


class PowerCut(BaseException):
    """Nothing runs after it."""


def cut_before(_step):
    def cut(*_words, **_more):
        raise PowerCut

    return cut


def cut_behind(step):
    def cut(*words, **more):
        step(*words, **more)
        raise PowerCut

    return cut


@pytest.mark.parametrize("cut", [cut_before, cut_behind])
@pytest.mark.parametrize(
    ("where", "step"),
    [
        (own_folder, "stage"),
        (own_keys_module, "write_atomically"),
        (Journal, "change_key"),
        (own_keys_module.os, "replace"),
        (own_keys_module, "sync_folder"),
    ],
)
def test_a_power_cut_at_any_step_of_a_change_leaves_a_gateway_that_goes_on(site, monkeypatch, cut, where, step):
    site.live(site.folder, LOST)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(where, step, cut(getattr(where, step)))
        with pytest.raises(PowerCut):
            rotate(site.folder)

    assert site.live(site.folder, LOST, STARTED) == 0
    rotate(site.folder)
    assert site.live(site.folder, LOST, STARTED) == 0
    assert site.refused() == {}
    assert not list(site.folder.glob("key.next*"))


def test_a_gateway_that_runs_takes_one_key_after_the_other(site):
    settings = load_settings(site.folder)
    keys = own_keys(settings)
    with closing(open_own_journal(settings, keys, SystemClock())) as journal:
        for _ in range(2):
            change_key(settings, keys, journal)
            journal.commit(Change(entries=(Entry(subject="", event=LOST), Entry(subject="", event=STARTED))))

    assert site.live(site.folder, STARTED) == 0
    assert site.refused() == {}
    assert site.gateway.signing_keys[-1].public == own_keys(settings).signer.public


def test_a_journal_that_is_lost_after_a_change_of_keys_begins_anew_under_the_new_one(site):
    rotate(site.folder)
    site.live(site.folder, LOST)
    settings = load_settings(site.folder)
    settings.files.journal.unlink()
    book = Registry(settings.files.registry)

    open_own_journal(settings, own_keys(settings), SystemClock(), book).close()

    assert site.live(site.folder, LOST, STARTED) == 0
    assert site.refused() == {}


def test_a_copied_card_is_found_at_the_first_number_both_used(site):
    site.live(site.folder, LOST)
    copy = copied(site.folder)
    assert site.live(site.folder, LOST) == 0

    waiting = site.live(copy, LOST)

    assert waiting == 1
    assert site.gateway.status is Status.SUSPECT
    assert site.refused() == {Reason.CONFLICT: 1}


def test_a_copy_that_speaks_first_betrays_itself_when_the_original_speaks(site):
    site.live(site.folder, LOST)
    copy = copied(site.folder)
    assert site.live(copy, LOST, STARTED) == 0

    site.live(site.folder, STARTED)

    assert site.gateway.status is Status.SUSPECT


def test_a_card_copied_before_the_key_was_changed_is_found_at_its_first_word(site):
    copy = copied(site.folder)
    rotate(site.folder)
    assert site.live(site.folder, LOST, STARTED) == 0

    waiting = site.live(copy, STARTED)

    assert waiting == 1
    assert site.gateway.status is Status.SUSPECT


def test_a_thief_who_changes_the_key_of_a_copy_is_found_when_the_original_speaks(site):
    site.live(site.folder, LOST)
    copy = copied(site.folder)
    rotate(copy)
    assert site.live(copy, LOST) == 0

    waiting = site.live(site.folder, LOST)

    assert waiting == 1
    assert site.gateway.status is Status.SUSPECT
