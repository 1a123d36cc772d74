"""Quiet hours are her wall clock's, over midnight and through summer time; what she wished is kept."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.customers import preference_store
from cloud.customers.preferences import Preferences
from cloud.kernel.money import Currency, Money
from tests.fakes_cloud import fresh_database
from tests.fakes_messaging import home_of, move_in

CURITIBA = ZoneInfo("America/Sao_Paulo")
PARIS = ZoneInfo("Europe/Paris")
NIGHT = Preferences()


def local(text: str, zone: ZoneInfo = CURITIBA, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def speaks(preferences: Preferences, text: str, zone: ZoneInfo = CURITIBA, fold: int = 0) -> str:
    """When she is told what is known at this time of hers, by her own clock."""
    at = preferences.speak_at(local(text, zone, fold), zone)
    return at.astimezone(zone).strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-07-10T20:59:59", "10 20:59"),
        ("2026-07-10T21:00", "11 08:00"),
        ("2026-07-10T23:59:59", "11 08:00"),
        ("2026-07-11T00:00", "11 08:00"),
        ("2026-07-11T07:59:59", "11 08:00"),
        ("2026-07-11T08:00", "11 08:00"),
    ],
)
def test_the_night_is_quiet_unless_she_wishes_otherwise(now: str, told: str) -> None:
    assert speaks(NIGHT, now) == told


def test_quiet_hours_may_lie_in_the_day() -> None:
    siesta = Preferences(quiet_from=time(13), quiet_until=time(15, 30))

    assert [speaks(siesta, f"2026-07-10T{clock}") for clock in ("12:59", "13:00", "15:29", "15:30")] == [
        "10 12:59",
        "10 15:30",
        "10 15:30",
        "10 15:30",
    ]


@pytest.mark.parametrize("clock", ["00:00", "12:00", "23:59"])
def test_quiet_hours_that_end_when_they_begin_are_none(clock: str) -> None:
    none = Preferences(quiet_from=time(12), quiet_until=time(12))

    assert speaks(none, f"2026-07-10T{clock}") == f"10 {clock}"


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    assert NIGHT.speak_at(local("2026-03-28T21:00", PARIS), PARIS) - local("2026-03-28T21:00", PARIS) == timedelta(
        hours=10
    )


def test_an_end_that_summer_time_takes_away_is_passed_after_it() -> None:
    assert speaks(Preferences(quiet_from=time(22), quiet_until=time(2, 30)), "2026-03-29T01:00", PARIS) == "29 03:30"


def test_an_end_that_comes_twice_is_waited_for_twice() -> None:
    early = Preferences(quiet_from=time(22), quiet_until=time(2, 30))

    told = early.speak_at(local("2026-10-25T01:00", PARIS), PARIS)

    assert told == local("2026-10-25T02:30", PARIS, fold=1)


clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))
instants = st.integers(0, 365 * 24 * 60).map(lambda at: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=at))
changes = st.integers(-180, 180).flatmap(
    lambda minute: st.sampled_from([local("2026-03-29T02:00", PARIS), local("2026-10-25T02:00", PARIS)]).map(
        lambda at: at + timedelta(minutes=minute)
    )
)


@given(clocks, clocks, instants | changes, st.sampled_from(["Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata"]))
def test_who_is_made_to_wait_waits_less_than_two_days_and_not_for_ever(
    quiet_from: time, quiet_until: time, now: datetime, zone: str
) -> None:
    there = ZoneInfo(zone)
    wishes = Preferences(quiet_from=quiet_from, quiet_until=quiet_until)

    told = wishes.speak_at(now, there)

    assert (told > now) is wishes.is_quiet(now, there)
    assert told - now <= timedelta(hours=25)


def test_what_she_wished_stands_until_she_wishes_otherwise(tmp_path: Path) -> None:
    ana, line = home_of().customer.id, Money(30_000, Currency.BRL)
    wished = Preferences(quiet_from=time(22), quiet_until=time(7, 30), bill_line=line)
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        move_in(connection, home_of())
        now = local("2026-11-22T12:00")

        assert preference_store.of_customer(connection, ana) == Preferences()
        kept = [
            preference_store.record(connection, ana, wished, by="customer", how="her own page", now=now)
            for _ in range(2)
        ]

        assert kept == [True, False]
        assert preference_store.of_customer(connection, ana) == wished
        assert preference_store.history(connection, ana) == [(now, "customer", "her own page", wished)]
