"""Readings finer than billing needs are kept only of homes whose customer agreed; the chain goes on all the same."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from cloud.ingest import quarantine, store
from cloud.ingest.disclosure import FineReadings
from cloud.ingest.news import EVENT_TASK
from cloud.ingest.service import Intake
from cloud.kernel import tasks
from tests.fakes_cloud import NOON, FakeGateway, HandClock, fresh_database, register
from wire import topics
from wire.events import IntervalReadings, RegisterReadings, UnusualUse
from wire.instants import unix_ms
from wire.keys import SoftwareSigner
from wire.receipts import open_receipt
from wire.refusals import Reason
from wire.terms import Lane, UseKind, UseStage
from wire.units import Quantity

QUARTERS = IntervalReadings.of(unix_ms(NOON), 900, Quantity.ENERGY_IMPORT_WH, (100, 200, 300, 400))
HOURS = IntervalReadings.of(unix_ms(NOON), 3_600, Quantity.ENERGY_IMPORT_WH, (1_000,))
SPIKE = UnusualUse(
    kind=UseKind.SPIKE,
    stage=UseStage.RAISED,
    began_at_ms=unix_ms(NOON),
    noticed_at_ms=unix_ms(NOON),
    observed_wh=9_000,
    usual_wh=500,
    period_s=900,
    score_milli=1_500,
)


def registers(minute: int, *quantities: Quantity) -> RegisterReadings:
    at_ms = unix_ms(NOON + timedelta(minutes=minute))
    return RegisterReadings(at_ms=at_ms, values=tuple((quantity, 230) for quantity in quantities))


REGISTERS = registers(0, Quantity.ENERGY_IMPORT_WH)


class Door:
    """An intake that asks for consent, with one gateway whose customer says what `agrees_at` says."""

    def __init__(self, database) -> None:
        self.database = database
        self.agrees_from: datetime | None = None
        self.signer = SoftwareSigner.generate()
        self.gateway = FakeGateway()
        register(database, self.gateway)
        fine = FineReadings(billing_period_s=3_600, has_agreed=self._has_agreed)
        self.intake = Intake(
            database=database, clock=HandClock(), signer=self.signer, on_commit=lambda: None, fine=fine
        )

    def _has_agreed(self, _connection, usage_point, at, _slack) -> bool:
        return usage_point == "UP-1" and self.agrees_from is not None and at >= self.agrees_from

    def take(self, *events):
        receipts = self.intake.take([self.gateway.say(event) for event in events])
        return [open_receipt(receipt.payload, self.signer.public).seq for receipt in receipts]

    def kept(self):
        with self.database.read() as connection:
            return [type(event.record.event) for event in store.page(connection, after=0, limit=100)]

    def told(self):
        with self.database.read() as connection:
            return len(tasks.due(connection, [EVENT_TASK], NOON, 100))

    def octets(self):
        with self.database.read() as connection:
            stored = connection.execute(select(store.intake_table.c.sealed)).scalars().all()
        refused = self.refused()
        return b"".join([*stored, *(row.raw for row in refused)]), [row.reason for row in refused]

    def refused(self):
        with self.database.read() as connection:
            return quarantine.newest(connection, limit=100)


@pytest.fixture
def door(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Door(database)


@pytest.mark.parametrize("fine", [QUARTERS, SPIKE], ids=["quarters", "spike"])
def test_fine_readings_without_consent_are_receipted_and_not_kept(door, fine):
    seqs = door.take(fine, HOURS)

    octets, reasons = door.octets()
    assert seqs == [2]
    assert door.kept() == [IntervalReadings]
    assert door.told() == 1
    assert reasons == [Reason.NOT_CONSENTED]
    assert door.gateway.unreceipted[0].payload not in octets


def test_the_chain_goes_on_behind_what_was_not_kept(door):
    door.take(QUARTERS)

    assert door.take(HOURS) == [2]
    assert door.kept() == [IntervalReadings]


def test_the_same_again_is_a_duplicate_and_still_not_kept(door):
    door.take(QUARTERS)

    (receipt,) = door.intake.take(door.gateway.unreceipted)

    assert open_receipt(receipt.payload, door.signer.public).seq == 1
    assert door.kept() == []


def refusals_without_octets(door, sealed):
    """Why a message is refused, of which nothing may be kept but its place."""
    door.intake.take([sealed])

    octets, reasons = door.octets()
    assert sealed.payload not in octets
    return reasons


every_kind = pytest.mark.parametrize("fine", [QUARTERS, SPIKE, REGISTERS], ids=["quarters", "spike", "registers"])


@every_kind
def test_fine_readings_that_are_refused_for_another_reason_are_no_evidence_either(door, fine):
    door.take(HOURS)
    twin = door.gateway.record(fine, seq=1, prev=b"x" * 16)
    sealed = door.gateway.sealed(twin)

    assert refusals_without_octets(door, sealed) == [Reason.CONFLICT]


@every_kind
def test_fine_readings_on_a_topic_that_is_not_theirs_are_no_evidence_either(door, fine):
    sealed = replace(door.gateway.say(fine), topic=topics.up(door.gateway.id, Lane.ALARM))

    assert refusals_without_octets(door, sealed) == [Reason.WRONG_TOPIC]


@every_kind
def test_fine_readings_in_the_name_of_another_gateway_are_no_evidence_either(door, fine):
    foreign = door.gateway.sealed(FakeGateway().record(fine, seq=1, prev=b"x" * 16))
    sealed = replace(foreign, topic=topics.up(door.gateway.id, fine.lane))

    assert refusals_without_octets(door, sealed) == [Reason.WRONG_GATEWAY]


def test_fine_readings_under_a_key_announced_in_the_same_batch_are_no_evidence_either(door):
    announcement = door.gateway.change_key()
    sealed = replace(door.gateway.say(QUARTERS), topic=topics.up(door.gateway.id, Lane.ALARM))

    door.intake.take([sealed, announcement])

    octets, reasons = door.octets()
    assert reasons == [Reason.WRONG_TOPIC]
    assert sealed.payload not in octets


def test_fine_readings_of_before_their_gateway_was_known_are_replayed_into_their_place_and_not_kept(door):
    stranger = FakeGateway(meter="LMP00000002")
    sealed = stranger.say(QUARTERS)
    door.intake.take([sealed])
    (unknown,) = door.refused()
    register(door.database, stranger)

    refused = door.intake.replay(unknown)

    octets, reasons = door.octets()
    assert unknown.reason is Reason.UNKNOWN_KEY
    assert (refused, reasons) == (None, [Reason.NOT_CONSENTED])
    assert sealed.payload not in octets


def test_what_may_be_seen_is_kept_as_evidence_of_a_topic_that_is_not_its_own(door):
    sealed = replace(door.gateway.say(HOURS), topic=topics.up(door.gateway.id, Lane.ALARM))

    door.intake.take([sealed])

    octets, _ = door.octets()
    assert octets == sealed.payload


def test_fine_readings_that_wait_in_a_generation_that_ends_are_no_evidence_either(door):
    door.take(HOURS)
    early = door.gateway.sealed(door.gateway.record(QUARTERS, seq=9, prev=b"x" * 16))
    door.intake.take([early])
    door.gateway.lose_journal()

    door.take(HOURS)

    octets, reasons = door.octets()
    assert reasons == [Reason.BROKEN_CHAIN]
    assert early.payload not in octets


def test_with_consent_they_are_kept(door):
    door.agrees_from = NOON

    door.take(QUARTERS, SPIKE)

    assert door.kept() == [IntervalReadings, UnusualUse]


def test_what_was_measured_before_the_consent_stays_closed(door):
    door.agrees_from = NOON + timedelta(seconds=1)

    door.take(QUARTERS)

    assert door.kept() == []


def test_registers_of_the_home_pass_twice_a_billing_period_and_no_third_time(door):
    door.take(*(registers(minute, Quantity.ENERGY_IMPORT_WH) for minute in (0, 1, 2, 3, 61, 122)))

    assert len(door.kept()) == 4


def test_voltages_pass_as_they_come(door):
    door.take(*(registers(minute, Quantity.VOLTAGE_L1_MV) for minute in range(5)))

    assert len(door.kept()) == 5
    assert door.gateway.heads[Lane.READINGS].seq == 5
