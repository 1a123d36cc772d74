"""Power cuts, hundreds of them, from the traces of programs that really wrote: what was acknowledged is there.

The same cuts must harm stores that are known not to stand them, or these tests would prove nothing.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.powercut import Tally, compiled_shim, cut_power


@pytest.fixture(scope="module")
def shim() -> Iterator[Path]:
    with compiled_shim() as shim:
        yield shim


def test_two_hundred_power_cuts_take_nothing_from_the_journal(shim: Path) -> None:
    tally = cut_power(shim, "journal", 200)

    assert tally == Tally(cuts=200, corrupt=0, cuts_that_lost=0, lost=0)


def test_they_take_nothing_from_the_registry(shim: Path) -> None:
    tally = cut_power(shim, "tinydb_atomic", 100)

    assert tally == Tally(cuts=100, corrupt=0, cuts_that_lost=0, lost=0)


def test_they_do_harm_tinydbs_own_storage(shim: Path) -> None:
    assert cut_power(shim, "tinydb_default", 100).corrupt > 0


def test_they_do_take_acknowledged_rows_from_sqlite_with_synchronous_normal(shim: Path) -> None:
    assert cut_power(shim, "sqlite_normal", 40).lost > 0
