"""However a meter writes its load profile, the gateway has the same rows.

Over summer time, a jump of the clock, a change of columns. Both ends are written apart and joined in memory.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.profile_files import load_profile
from gateway.core.dlms.profile_generic import capture_objects, rows
from gateway.core.dlms.selection import Entries
from gateway.core.reading import IntervalStatus
from simulators.meter.buffer_encoding import Encoding
from simulators.meter.device import Meter
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.makes import LAMPLIGHT, MAKES
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from tests.fakes_head import Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, SteadyHousehold
from wire.units import Quantity

PROFILE = load_profile("lamplight-sim")
MADRID = ZoneInfo("Europe/Madrid")
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
SHORT = [Encoding.NULL_DATA, Encoding.DELTA, Encoding.COMPACT_ARRAY]
MIDNIGHT = {
    "doubled hour": datetime(2026, 10, 25, tzinfo=MADRID),
    "missing hour": datetime(2026, 3, 29, tzinfo=MADRID),
    "plain day": datetime(2026, 7, 1, tzinfo=MADRID),
}


class Bench:
    """A meter of one encoding on a network, and the gateway's session with it."""

    def __init__(self, encoding, now=NOW, *, zone=UTC, watts=1_000.0, make=LAMPLIGHT):
        # Two days are enough to be read: sixty would be thousands of rows, worked out anew for every bench.
        history = replace(History.of_new_meter("LMP10000001", now), installed_at=now - 2 * DAY)
        make = replace(make, encoding=encoding, capture_period=QUARTER)
        self.life = Life(household=SteadyHousehold(steady_w=watts), history=history, zone=zone, make=make)
        self.meter = Meter(self.life, keep=lambda _history: None)
        self.clock = FakeClock(now)
        self.head = Head(self.meter.open_network(), self.clock)
        self.head.baud = NETWORK_BAUD
        self.session = DlmsMeter(
            "tcp://meter:4059", PROFILE, clock=self.clock, open_line=lambda _address, _baud: self.head
        )

    def tell(self, words, at):
        self.meter.command(words.split(), Moment(at=at, mono_s=0.0))

    def rows(self, since, until):
        return self.session.read_all(since, until)[1]

    def truth(self, since, until):
        """Stamp and energy of each period, as the meter's life has it."""
        captured = [row for row in self.life.captures(self.clock.now()) if since < row.stamp <= until]
        import_wh = self.life.energy_import_wh
        return [(row.stamp, import_wh(row.at) - import_wh(row.at - QUARTER)) for row in captured]


def used(rows):
    return [(row.ends_at, dict(row.values)[Quantity.ENERGY_IMPORT_WH]) for row in rows]


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(("day", "quarters"), [("doubled hour", 100), ("missing hour", 92), ("plain day", 96)])
def test_a_local_day_has_all_its_quarters_and_no_other(encoding, day, quarters):
    midnight = MIDNIGHT[day].astimezone(UTC)
    next_midnight = (MIDNIGHT[day] + DAY).astimezone(UTC)
    bench = Bench(encoding, next_midnight + timedelta(hours=3), zone=MADRID)

    rows = bench.rows(midnight, next_midnight)

    assert used(rows) == bench.truth(midnight, next_midnight)
    assert len(rows) == quarters
    assert {row.ends_at for row in rows} == {midnight + QUARTER * (place + 1) for place in range(quarters)}


@pytest.mark.parametrize("encoding", Encoding)
def test_after_a_jump_forward_the_periods_it_passed_over_are_missing(encoding):
    bench = Bench(encoding)
    bench.tell("clock jump 3600", NOW - timedelta(hours=2, minutes=-5))

    rows = bench.rows(NOW - timedelta(hours=4), NOW + timedelta(hours=1))

    stamps = [row.ends_at for row in rows]
    gap = NOW - timedelta(hours=1)
    assert set(stamps) == {NOW - timedelta(hours=4) + QUARTER * place for place in range(1, 21) if not 8 < place <= 12}
    [after] = [row for row in rows if row.ends_at == gap + QUARTER]
    assert after.status & IntervalStatus.CLOCK_ADJUSTED
    assert Quantity.ENERGY_IMPORT_WH not in dict(after.values)


@pytest.mark.parametrize("encoding", SHORT)
def test_after_a_jump_back_every_encoding_tells_what_the_plain_one_tells(encoding):
    benches = [Bench(encoding), Bench(Encoding.PLAIN)]
    for bench in benches:
        bench.tell("clock jump -2700", NOW - timedelta(hours=2, minutes=-5))

    rows, plain = (bench.rows(NOW - timedelta(hours=4), NOW) for bench in benches)

    assert rows == plain
    assert len(plain) > len({row.ends_at for row in plain})
    assert {dict(row.values).get(Quantity.ENERGY_IMPORT_WH, 250) for row in plain} == {250}


@pytest.mark.parametrize("encoding", Encoding)
def test_rows_of_other_columns_are_read_by_a_session_that_asks_anew(encoding):
    bench = Bench(encoding)
    bench.tell("columns clock export import", NOW - timedelta(hours=2))

    rows = bench.rows(NOW - timedelta(hours=4), NOW)

    assert used(rows[1:]) == bench.truth(NOW - timedelta(hours=2) + QUARTER, NOW)
    assert len(rows) == 8


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("columns", ["clock status export import", "clock export import"])
def test_a_session_that_knew_other_columns_mistakes_none_for_another(encoding, columns):
    bench = Bench(encoding)
    bench.rows(NOW - timedelta(hours=4), NOW)
    bench.tell(f"columns {columns}", NOW)
    bench.clock.seconds += 7_200

    rows = bench.rows(NOW, NOW + timedelta(hours=2))

    assert used(rows[1:]) == bench.truth(NOW + QUARTER, NOW + timedelta(hours=2))
    assert len(rows) == 8


@pytest.mark.parametrize("encoding", Encoding)
def test_a_register_that_rolls_over_loses_no_period(encoding):
    bench = Bench(encoding)
    rolls_over_at = NOW - timedelta(hours=2, minutes=5)
    bench.life._import_at_installation_wh += 2**32 - bench.life.energy_import_wh(rolls_over_at)

    told = used(bench.rows(NOW - timedelta(hours=4), NOW))

    assert [energy_wh for _, energy_wh in told] == [250] * 16


@pytest.mark.parametrize("make", sorted(MAKES))
@pytest.mark.parametrize("encoding", SHORT)
def test_every_make_tells_the_same_rows_in_every_encoding(encoding, make):
    short, plain = (Bench(kind, watts=4_000.0, make=MAKES[make]) for kind in (encoding, Encoding.PLAIN))

    rows = short.rows(NOW - timedelta(hours=4), NOW)

    assert rows == plain.rows(NOW - timedelta(hours=4), NOW)
    assert [row.ends_at for row in rows] == [stamp for stamp, _ in plain.truth(NOW - timedelta(hours=4), NOW)]


@given(
    watts=st.floats(-5_000, 20_000),
    jump_s=st.integers(-7_200, 7_200),
    drift_ppm=st.integers(-500, 500),
    at_min=st.integers(1, 400),
    day=st.sampled_from(sorted(MIDNIGHT)),
)
@settings(max_examples=8, deadline=None)
def test_whatever_befalls_the_clock_every_encoding_tells_what_the_plain_one_does(watts, jump_s, drift_ppm, at_min, day):
    now = MIDNIGHT[day].astimezone(UTC) + timedelta(hours=5)
    told = {}
    for encoding in Encoding:
        bench = Bench(encoding, now, zone=MADRID, watts=watts)
        bench.tell(f"clock drift {drift_ppm}", now - timedelta(minutes=at_min, hours=1))
        bench.tell(f"clock jump {jump_s}", now - timedelta(minutes=at_min))
        told[encoding] = bench.rows(now - timedelta(hours=7), now + timedelta(hours=2))

    assert told[Encoding.PLAIN]
    assert all(rows == told[Encoding.PLAIN] for rows in told.values())


@pytest.mark.parametrize("encoding", Encoding)
def test_rows_by_their_number_are_whole_in_every_encoding(encoding):
    bench = Bench(encoding)
    buffer = PROFILE.load_profile.buffer

    with bench.session.visit() as association:
        columns = capture_objects(association.get((buffer.sibling(3),))[0][buffer.sibling(3)])
        told = rows(association.get_entries(buffer, Entries(5, 9)), columns, 900)

    captured = bench.life.captures(NOW)[4:9]
    assert [row[0].date_time().to_utc(unspecified_deviation_min=None) for row in told] == [
        row.stamp for row in captured
    ]
    assert [row[2].integer() for row in told] == [bench.life.energy_import_wh(row.at) for row in captured]
