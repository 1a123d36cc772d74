"""The benchmark of bad days tells a wrong value, an untyped error and a hang from a right value."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.fault_tally import Ending, Tried
from benchmarks.faults import Bench, is_right, open_door
from benchmarks.faulty_line import BEGAN_AT, MAX_READS, FaultyLine, HangsError, VirtualClock, a_meter
from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS
from gateway.core.errors import MeterSilent
from gateway.core.reading import Reading
from wire.terms import Disconnector
from wire.units import Quantity


def test_reads_on_bad_days_end_in_time_and_leave_nothing_behind() -> None:
    bench = Bench(open_door(), seed=3)

    for _ in range(12):
        bench.read()

    tried = bench.tried
    assert (tried.reads, tried.hung, tried.untyped.total(), tried.wrong, tried.leaks) == (12, 0, 0, 0, 0)
    assert tried.right + tried.typed.total() == 12


@pytest.mark.parametrize(("energy_wh", "verdict"), [(0, True), (-2_000, False), (5_000, False)])
def test_a_value_the_meter_did_not_show_is_wrong(energy_wh: int, verdict: bool) -> None:
    life = a_meter(seed=1).life
    ended_at = BEGAN_AT + timedelta(seconds=30)
    shown = int(life.energy_import_wh(ended_at))
    reading = Reading(
        taken_at=BEGAN_AT,
        meter_serial="LMP10000001",
        meter_clock_at=BEGAN_AT,
        clock_status=UNSPECIFIED_STATUS,
        values=((Quantity.ENERGY_IMPORT_WH, shown + energy_wh), (Quantity.DISCONNECTOR, Disconnector.CLOSED)),
    )

    assert is_right(reading, (), life, BEGAN_AT, ended_at) is verdict
    assert not is_right(replace(reading, meter_serial="LMP1000000l"), (), life, BEGAN_AT, ended_at)


@pytest.mark.parametrize(
    ("error", "counted"),
    [(MeterSilent("nothing"), "typed"), (KeyError("?"), "untyped"), (HangsError(), "hung")],
)
def test_each_end_is_counted_as_what_it_is(error: Exception, counted: str, capsys: pytest.CaptureFixture[str]) -> None:
    tried = Tried()

    with Ending(tried) as ending:
        raise error

    ends = {"typed": tried.typed.total(), "untyped": tried.untyped.total(), "hung": tried.hung}
    assert ends == dict.fromkeys(ends, 0) | {counted: 1}
    assert not ending.is_read
    capsys.readouterr()


def test_a_reader_that_asks_without_end_is_told_so() -> None:
    clock = VirtualClock()
    meter = a_meter(seed=1)
    line = FaultyLine(meter, clock, random.Random(1))

    for _ in range(MAX_READS):
        line.read(0.0)

    with pytest.raises(HangsError):
        line.read(0.0)
