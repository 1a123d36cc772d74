from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.meter import cosem_time

MADRID = ZoneInfo("Europe/Madrid")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("at", "zone", "golden"),
    [
        (datetime(2026, 11, 21, 18, 30, tzinfo=UTC), UTC, "07ea 0b 15 06 12 1e 00 00 0000 00"),
        (datetime(2026, 11, 21, 18, 30, tzinfo=UTC), MADRID, "07ea 0b 15 06 13 1e 00 00 ffc4 00"),
        (datetime(2026, 7, 1, 10, 30, tzinfo=UTC), MADRID, "07ea 07 01 03 0c 1e 00 00 ff88 80"),
        (datetime(2026, 11, 22, 1, 0, tzinfo=UTC), SAO_PAULO, "07ea 0b 15 06 16 00 00 00 00b4 00"),
        (datetime(2026, 11, 21, 18, 30, 5, 420_000, tzinfo=UTC), KOLKATA, "07ea 0b 16 07 00 00 05 2a feb6 00"),
    ],
    ids=["UTC", "winter", "summer", "west, the day before", "half an hour, the day after"],
)
def test_local_time_is_told_with_what_must_be_added_to_get_utc(at: datetime, zone: ZoneInfo, golden: str) -> None:
    assert cosem_time.encode(at, zone) == bytes.fromhex(golden)


@pytest.mark.parametrize("zone", [UTC, MADRID, SAO_PAULO, KOLKATA], ids=str)
@pytest.mark.parametrize("minutes", range(-90, 120, 30))
def test_an_instant_survives_the_change_to_winter_time(zone: ZoneInfo, minutes: int) -> None:
    at = datetime(2026, 10, 25, 1, 0, tzinfo=UTC) + timedelta(minutes=minutes)

    assert cosem_time.decode(cosem_time.encode(at, zone), zone) == at


def test_without_a_deviation_a_reader_means_the_meters_local_time() -> None:
    local_noon = bytes.fromhex("07ea0b15ff0c0000008000ff")

    assert cosem_time.decode(local_noon, MADRID) == datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize("date", ["ffffffff", "07eaff15", "07ea0bff"])
def test_a_date_that_is_not_specified_bounds_nothing(date: str) -> None:
    assert cosem_time.decode(bytes.fromhex(date + "ff000000008000ff"), UTC) is None


def test_a_time_of_day_that_is_not_specified_is_midnight() -> None:
    assert cosem_time.decode(bytes.fromhex("07ea0b1506ffffffff000000"), UTC) == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "data",
    ["", "07ea0b1506120000008000", "07ea0d1506120000008000ff", "07ea0b1506190000008000ff", "00010101ff00000000fe0c00"],
)
def test_what_is_no_date_time_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cosem_time.decode(bytes.fromhex(data), UTC)


def test_the_standard_deviation_knows_no_summer() -> None:
    assert cosem_time.standard_deviation_minutes(datetime(2026, 7, 1, tzinfo=UTC), MADRID) == -60
