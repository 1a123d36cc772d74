"""A started pipeline, and a journal with the cloud beyond it, for every test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from tests.fakes_commands import Edge
from tests.fakes_forwarder import GATEWAY, SIGNER
from tests.fakes_gateway import FakeClock
from tests.fakes_pipeline import Bench, a_bench
from tests.fakes_uplink import FakeCloud


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = a_bench(tmp_path)
    yield bench
    bench.kill()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal(tmp_path: Path, clock: FakeClock) -> Iterator[Journal]:
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=1)
    journal = Journal.open(tmp_path / "journal.sqlite", GATEWAY, SIGNER, clock)
    yield journal
    journal.close()


@pytest.fixture
def cloud(clock: FakeClock) -> FakeCloud:
    return FakeCloud(SIGNER.public, clock)


@pytest.fixture
def edge() -> Edge:
    return Edge()
