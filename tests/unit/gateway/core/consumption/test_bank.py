"""One meter's bank: what it tells of a home's weeks, and what it remembers of them."""

from gateway.core.consumption import Maturity
from gateway.core.remembered import remember
from tests.fakes_consumption import DAY_H, HOUR_S, MONDAY_S, Watched, home, hours_after, more, nothing
from wire.terms import UseKind, UseStage


def test_a_heating_that_doubles_the_days_after_three_weeks_is_noticed_the_same_day() -> None:
    onset_h = 20 * DAY_H + 15
    hours = more(home(30), onset_h, 9 * DAY_H, 620.0)

    watched = Watched().see(hours)

    assert [event.kind for event in watched.raised()] == [UseKind.SUSTAINED]
    (raised,) = watched.raised()
    assert hours_after(raised, onset_h) <= 24
    assert abs(raised.began_at_ms / 1000 - (MONDAY_S + onset_h * HOUR_S)) <= 6 * HOUR_S
    assert raised.period_s == 86_400
    assert raised.observed_wh > 1.7 * raised.usual_wh > 0


def test_while_it_learns_a_rise_that_is_not_gross_is_not_told() -> None:
    hours = more(home(40), 20 * DAY_H, 20 * DAY_H, 200.0)

    assert Watched().see(hours).raised(UseKind.SUSTAINED) == []


def test_a_lesser_rise_that_lasts_is_told_within_a_week_once_the_home_is_known() -> None:
    onset_h = 70 * DAY_H
    hours = more(home(90), onset_h, 20 * DAY_H, 260.0)

    (raised,) = Watched().see(hours).raised(UseKind.SUSTAINED)

    assert 24 < hours_after(raised, onset_h) <= 7 * DAY_H


def test_a_home_is_known_after_eight_weeks() -> None:
    watched = Watched().see(home(14)[:-1])
    maturities = [watched.bank.maturity]
    maturities.append(watched.see(home(1)[:1]).bank.maturity)
    maturities.append(watched.see(home(42)[:-1]).bank.maturity)
    maturities.append(watched.see(home(1)[:1]).bank.maturity)

    assert maturities == [Maturity.NEW, Maturity.LEARNING, Maturity.LEARNING, Maturity.LEARNED]


def test_a_rise_that_stays_becomes_the_usual_and_is_told_once() -> None:
    hours = more(home(130), 70 * DAY_H, 60 * DAY_H, 600.0)

    watched = Watched().see(hours)

    told = [event.stage for event in watched.told if event.kind is UseKind.SUSTAINED]
    assert told == [UseStage.RAISED, UseStage.ENDED]
    (ended,) = watched.ended(UseKind.SUSTAINED)
    assert ended.score_milli > 500
    assert 28 <= hours_after(ended, 70 * DAY_H) / DAY_H <= 30


def test_what_doubles_the_days_is_not_told_again_as_base_load() -> None:
    hours = more(home(100), 70 * DAY_H, 14 * DAY_H, 600.0)

    assert [event.kind for event in Watched().see(hours).raised()] == [UseKind.SUSTAINED]


def test_a_meter_that_never_drew_anything_has_nothing_unusual_about_it() -> None:
    assert Watched().see([0.0] * 100 * DAY_H).told == []


def test_zeros_on_both_sides_of_missing_hours_are_one_run() -> None:
    hours = home(70)
    gap: list[float | None] = [None] * 30

    watched = Watched().see([*hours, *[0.0] * 14, *gap, *[0.0] * 12])

    (raised,) = watched.raised(UseKind.ZERO)
    assert hours_after(raised, len(hours)) == 14 + 30 + 10
    assert raised.began_at_ms == (MONDAY_S + len(hours) * HOUR_S) * 1000
    assert (raised.observed_wh, raised.period_s) == (0, 3600)


def test_an_empty_home_is_told_once_and_not_after_every_visit() -> None:
    hours = nothing(nothing(home(100), 70 * DAY_H, 5 * DAY_H), 78 * DAY_H, 5 * DAY_H)

    assert len(Watched().see(hours).raised(UseKind.ZERO)) == 1


def test_quarter_hours_tell_what_hours_tell() -> None:
    hours = more(home(23), 20 * DAY_H, 3 * DAY_H, 620.0)
    by_hour, by_quarter = Watched().see(hours), Watched()

    for number, wh in enumerate(hours):
        for quarter in range(4):
            by_quarter.row(MONDAY_S + number * HOUR_S + quarter * 900, 900, wh / 4)

    assert by_quarter.told == by_hour.told
    assert by_quarter.raised()


def test_rows_read_again_are_not_told_again() -> None:
    hours = more(home(72), 70 * DAY_H, 2 * DAY_H, 620.0)
    watched = Watched().see(hours)
    bank, told = watched.bank, list(watched.told)

    watched.began_at_s = MONDAY_S
    watched.see(hours)

    assert told
    assert (watched.bank, watched.told) == (bank, told)


def test_a_meter_takes_a_few_kilobytes() -> None:
    watched = Watched().see(more(home(90), 80 * DAY_H, 2 * DAY_H, 620.0))

    assert len(remember(watched.bank)) <= 12_000
