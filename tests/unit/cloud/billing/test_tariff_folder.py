"""Tariffs by their id: the ones shipped, and a folder of one's own."""

from datetime import date
from pathlib import Path

import pytest

from cloud.billing import tariff_folder
from cloud.billing.rating import BillingPeriod, bill
from cloud.billing.tariff import TariffRefused
from tests.unit.cloud.billing.tariffs import HEAD, VERSION, evenly


def test_every_tariff_shipped_can_be_read_and_names_its_sources() -> None:
    found = [tariff_folder.load(tariff_folder.SHIPPED, each) for each in tariff_folder.ids(tariff_folder.SHIPPED)]

    assert len(found) >= 4
    assert all(tariff.sources for tariff in found)


def test_the_demos_tariff_rises_between_june_and_july() -> None:
    tariff = tariff_folder.load(tariff_folder.SHIPPED, "rede-acacias-b1")
    june, july = (BillingPeriod(first_day=date(2027, at, 1), last_day=date(2027, at, 30)) for at in (6, 7))

    before, after = (bill(tariff, evenly(10, period), period) for period in (june, july))

    assert [line.amount.minor for line in before.lines if not line.is_included] == [23875, 0, 1470]
    assert [line.amount.minor for line in after.lines if not line.is_included] == [25489, 735, 1470]


def test_the_demos_tariff_covers_every_day_from_2026_to_2028() -> None:
    tariff = tariff_folder.load(tariff_folder.SHIPPED, "rede-acacias-b1")
    period = BillingPeriod(first_day=date(2026, 1, 1), last_day=date(2028, 12, 31))

    assert bill(tariff, [], period).total.minor > 0


def test_a_tariff_that_is_not_there_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TariffRefused, match="did you mean 'rede-acacias-b1'"):
        tariff_folder.load(tariff_folder.SHIPPED, "rede-acacia-b1")
    with pytest.raises(TariffRefused, match=r"put flat\.toml there"):
        tariff_folder.load(tmp_path, "flat")


def test_a_file_whose_id_is_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(HEAD + VERSION)

    with pytest.raises(TariffRefused, match="the file of other says it is 'flat'"):
        tariff_folder.load(tmp_path, "other")


@pytest.mark.parametrize("tariff_id", ["../secret", "", "a/b", ".hidden"])
def test_an_id_cannot_leave_the_folder(tmp_path: Path, tariff_id: str) -> None:
    with pytest.raises(TariffRefused, match="is no tariff's id"):
        tariff_folder.load(tmp_path, tariff_id)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TariffRefused, match="cannot read the tariff"):
        tariff_folder.read(tmp_path)
