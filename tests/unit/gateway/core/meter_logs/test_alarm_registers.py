"""Alarm registers: a bit is told when it appears, whether the meter was asked or pushed it, and by nobody's word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.conclusions import PushRules, from_reading
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.push.pushed import Proof, Protection
from gateway.core.meter_logs.alarm_registers import AlarmRegisters
from gateway.core.meter_logs.log_progress import LogsTaken
from gateway.core.push.conclusions import from_push
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import PROFILE, RULES, at, snapshot, standing
from tests.fakes_meter import octets, u32
from tests.fakes_push import heard, pushed, value
from wire.events import MeterAlarmLogged
from wire.meter_log import ClockQuality, MeterEventKind

FIRST, SECOND = (Attribute(class_id=1, obis=Obis.parse(f"0.0.97.98.{n}.255"), index=2) for n in (0, 1))
PUSHING = PushRules(
    every=timedelta(seconds=1), close=timedelta(seconds=1), interval=timedelta(seconds=10), is_asked=False
)
ALARMS = AlarmRegisters(family="dsmr", registers=(FIRST, SECOND))
WITH_ALARMS = replace(RULES, profile=replace(PROFILE, alarms=ALARMS), push=PUSHING)
MAGNET, BATTERY, SAG_L2 = 1 << 13, 1 << 1, 1 << 1


def read(known, s, first=0, second=None):
    """What follows from a reading with these registers."""
    seen = snapshot(s)
    answers = {**seen.answers, FIRST: u32(first)} | ({} if second is None else {SECOND: u32(second)})
    return from_reading(known, replace(seen, answers=answers), (), None, WITH_ALARMS, at(s))


def told(conclusion):
    return [(event.log, event.raw_code, event.kind) for event in conclusion.logged]


def test_a_bit_that_is_set_is_told_as_the_table_means_it():
    concluded = read(standing(), 10, first=MAGNET | BATTERY, second=SAG_L2)

    assert told(concluded) == [
        ("alarm-1", 1, MeterEventKind.BATTERY_TO_REPLACE),
        ("alarm-1", 13, MeterEventKind.TAMPER_OTHER),
        ("alarm-2", 1, MeterEventKind.VOLTAGE_LOW),
    ]
    alarm = concluded.logged[1]
    assert isinstance(alarm, MeterAlarmLogged)
    assert (alarm.family, alarm.clock) == ("dsmr", ClockQuality.NOT_SAID)
    assert alarm.occurred_at_ms == round(at(10).timestamp() * 1000)


def test_while_it_stands_it_is_not_told_again_and_after_it_was_cleared_it_is():
    first = read(standing(), 10, first=MAGNET)
    again = read(first.standing, 20, first=MAGNET)
    cleared = read(again.standing, 30, first=0)
    anew = read(cleared.standing, 40, first=MAGNET)

    assert [len(each.logged) for each in (first, again, cleared, anew)] == [1, 0, 0, 1]


def test_what_stands_is_known_after_a_restart():
    first = read(standing(), 10, first=MAGNET)

    recalled = recall(LogsTaken, remember(first.standing.logs))

    assert told(read(replace(first.standing, logs=recalled), 20, first=MAGNET)) == []


def test_a_register_the_meter_does_not_give_changes_nothing():
    first = read(standing(), 10, first=MAGNET, second=SAG_L2)

    without = read(first.standing, 20, first=MAGNET)
    back = read(without.standing, 30, first=MAGNET, second=SAG_L2)

    assert (told(without), told(back)) == ([], [])


@pytest.mark.parametrize("nonsense", [octets(b"\x01"), Data(DataType.LONG64, -1), Data(DataType.LONG64, 2**40)])
def test_what_is_no_register_of_32_bits_is_passed_over(nonsense):
    seen = snapshot(10)
    strange = replace(seen, answers={**seen.answers, FIRST: nonsense})

    assert from_reading(standing(), strange, (), None, WITH_ALARMS, at(10)).logged == ()


def alarm_push(s, *, is_own_line=True, proof=Proof.CRC16, protection=Protection.NONE):
    push = pushed(proof=proof, protection=protection)
    push = replace(push, readings=(*push.readings, value("0.0.97.98.0.255", MAGNET, "")))
    return heard(s, push, is_own_line=is_own_line)


def test_a_bit_in_a_push_that_proves_its_sender_is_told_at_once_and_once():
    first = from_push(standing(), alarm_push(10), WITH_ALARMS, at(10))
    again = from_push(first.standing, alarm_push(20), WITH_ALARMS, at(20))

    assert [code for _, code, _ in told(first)] == [13]
    assert told(again) == []


@pytest.mark.parametrize(
    "doubt",
    [
        {"is_own_line": False},
        {"proof": Proof.NONE},
        {"protection": Protection.UNCHECKED, "is_own_line": False},
    ],
)
def test_a_bit_in_a_push_that_proves_nothing_is_nobodys_word(doubt):
    concluded = from_push(standing(), alarm_push(10, **doubt), WITH_ALARMS, at(10))

    assert concluded.logged == ()
