"""A load curve is what was read, cut evenly; what was not read stays unknown."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.web import curve, drawing
from cloud.web.curve import Measured
from cloud.web.drawing import Span
from cloud.web.moments import Moments

T0 = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


def hourly(*values_wh, start=T0, period_s=3_600):
    step = timedelta(seconds=period_s)
    return [
        Measured(start_at=start + index * step, period_s=period_s, energy_wh=value)
        for index, value in enumerate(values_wh)
    ]


def drawn(cut, *dark, zone=UTC_ZONE):
    return drawing.draw(cut, dark, Moments(zone=zone, now=cut.until), name="wide", width=1040, height=300)


def test_four_quarters_make_an_hour():
    cut = curve.cut(hourly(100, 200, 300, 400, period_s=900), T0, T0 + HOUR, 3_600)

    assert [(period.energy_wh, period.covered_s, period.mean_w) for period in cut.periods] == [(1_000, 3_600, 1_000)]


def test_an_hour_that_was_read_by_half_tells_its_mean_over_that_half():
    cut = curve.cut(hourly(100, 200, period_s=900), T0, T0 + HOUR, 3_600)

    assert [(period.covered_s, period.mean_w) for period in cut.periods] == [(1_800, 600)]


def test_a_gap_has_no_value():
    cut = curve.cut([*hourly(500), *hourly(700, start=T0 + 2 * HOUR)], T0, T0 + 3 * HOUR, 3_600)

    assert [period.energy_wh for period in cut.periods] == [500, None, 700]
    assert [period.mean_w for period in cut.periods] == [500, None, 700]


def test_periods_are_never_shorter_than_the_readings():
    cut = curve.cut(hourly(500, 600), T0, T0 + 2 * HOUR, 900)

    assert cut.period_s == 3_600


def test_nothing_read_is_a_curve_of_unknowns():
    cut = curve.cut([], T0, T0 + 2 * HOUR, 900)

    assert cut.read == ()
    assert len(cut.periods) == 8


@given(
    values=st.lists(st.integers(0, 50_000), max_size=60),
    period_s=st.sampled_from([60, 300, 900, 1_800, 3_600]),
    wanted_s=st.sampled_from([900, 3_600]),
)
def test_no_energy_is_lost_or_made(values, period_s, wanted_s):
    readings = hourly(*values, period_s=period_s)
    until = T0 + timedelta(seconds=period_s * len(values)) + HOUR

    cut = curve.cut(readings, T0, until, wanted_s)

    assert cut.energy_wh == sum(values)
    assert sum(period.covered_s for period in cut.periods) == period_s * len(values)
    assert len(cut.periods) <= curve.MAX_PERIODS + 1


class TestDrawing:
    def test_every_read_period_is_a_bar_inside_the_frame(self):
        cut = curve.cut(hourly(500, 0, 4_000), T0, T0 + 3 * HOUR, 3_600)

        picture = drawn(cut)

        assert picture.bars.count("M") == 3
        heights = [float(part.split("h")[0]) for part in picture.bars.split("V")[1::2]]
        assert all(picture.top <= height < picture.bottom for height in heights)

    def test_what_was_read_in_part_is_drawn_apart(self):
        cut = curve.cut(hourly(100, 200, period_s=900), T0, T0 + HOUR, 3_600)

        picture = drawn(cut)

        assert (picture.bars, picture.partial_bars.count("M")) == ("", 1)

    def test_unread_hours_in_a_row_are_one_band(self):
        cut = curve.cut(hourly(500), T0, T0 + 4 * HOUR, 3_600)

        (band,) = drawn(cut).unread

        assert band.width == pytest.approx((1_032 - 44) * 3 / 4, abs=0.1)

    def test_an_outage_that_goes_on_reaches_the_edge(self):
        cut = curve.cut(hourly(1, 1), T0, T0 + 2 * HOUR, 3_600)

        (band,) = drawn(cut, Span(since=T0 + HOUR, until=None)).dark

        assert band.x + band.width == pytest.approx(1_032)

    @pytest.mark.parametrize(
        "span",
        [Span(since=T0 - 3 * HOUR, until=T0 - HOUR), Span(since=T0 + 5 * HOUR, until=None)],
    )
    def test_an_outage_outside_is_not_drawn(self, span):
        cut = curve.cut(hourly(1, 1), T0, T0 + 2 * HOUR, 3_600)

        assert drawn(cut, span).dark == ()

    def test_days_begin_at_the_homes_own_midnight(self):
        cut = curve.cut([], T0, T0 + 48 * HOUR, 3_600)

        labels = drawn(cut, zone=ZoneInfo("America/Sao_Paulo")).x_labels

        assert [label.text for label in labels if label.is_strong] == ["Fri 20", "Sat 21"]

    def test_the_day_summer_time_ends_has_two_hours_of_the_same_name_and_one_midnight(self):
        night = datetime(2026, 10, 24, 20, tzinfo=UTC)
        cut = curve.cut([], night, night + 12 * HOUR, 3_600)

        labels = drawn(cut, zone=ZoneInfo("Europe/Paris")).x_labels

        assert [label.text for label in labels] == ["Sun 25", "03", "06"]
