"""What a customer agreed to, ordered from afar: kept with her meter first, then in force, and answered."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.registry import Registry
from gateway.core.disclosure import Disclosure, FineConsent
from gateway.service.consent_orders import ConsentOrders
from gateway.service.meter_desk import MeterDesk
from gateway.service.meter_watch import MeterWatch
from tests.fakes_gateway import METER_SERIAL, RULES, FakeClock, at
from wire.commands import SetConsent
from wire.instants import unix_ms
from wire.terms import CommandOutcome

NEVER = threading.Event()


class Room:
    """A gateway with one meter, which has named itself, and nothing agreed to."""

    def __init__(self, path: Path) -> None:
        self.book = Registry(path)
        meter = self.book.add("/dev/ttyUSB0", "lamplight-sim", METER_SERIAL)
        watch = MeterWatch()
        watch.instruct(replace(watch.instruction, serial=METER_SERIAL))
        self.desk = MeterDesk(meter, replace(RULES, disclosure=Disclosure()), watch, timedelta(days=1))
        self.orders = ConsentOrders(self.book, [self.desk], {meter.number: watch}, FakeClock())

    @property
    def kept(self) -> FineConsent | None:
        return self.book.meter(1).consent


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "registry.json")


def test_a_yes_is_kept_and_in_force(room: Room) -> None:
    until = at(86_400)

    answer = room.orders.set(SetConsent(meter=METER_SERIAL, finest_period_s=900, until_ms=unix_ms(until)), NEVER)

    assert answer.outcome is CommandOutcome.DONE
    assert room.kept == room.desk.rules.disclosure.consent
    assert room.kept is not None
    assert (room.kept.finest_period_s, room.kept.until) == (900, until)


def test_a_no_ends_it_now(room: Room) -> None:
    room.orders.set(SetConsent(meter=METER_SERIAL, finest_period_s=900), NEVER)

    answer = room.orders.set(SetConsent(meter=METER_SERIAL), NEVER)

    assert answer.detail == "only what bills are reckoned from leaves the house"
    assert room.kept is not None
    assert room.kept.until == room.kept.since


def test_a_no_without_a_yes_before_changes_nothing(room: Room) -> None:
    assert room.orders.set(SetConsent(meter=METER_SERIAL), NEVER).outcome is CommandOutcome.DONE
    assert room.kept is None


@pytest.mark.parametrize("serial", ["LMP99999999", ""])
def test_a_meter_that_is_not_ours_is_refused(room: Room, serial: str) -> None:
    assert room.orders.set(SetConsent(meter=serial, finest_period_s=900), NEVER).outcome is CommandOutcome.REFUSED
    assert room.kept is None
