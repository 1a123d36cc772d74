"""A started pipeline for every test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes_pipeline import Bench, a_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = a_bench(tmp_path)
    yield bench
    bench.kill()
