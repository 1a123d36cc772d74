"""A cloud that was made, and a gateway whose public key is at hand."""

import pytest

from cloud.cli import _run
from cloud.state import StateFolder
from tests.fakes_cloud import FakeGateway


@pytest.fixture
def state(tmp_path, capsys):
    assert _run(["init", str(tmp_path / "cloud")]) == 0
    capsys.readouterr()
    return StateFolder.open(tmp_path / "cloud")


@pytest.fixture
def fake():
    return FakeGateway()


@pytest.fixture
def key_file(tmp_path, fake):
    (tmp_path / "gateway.pub.pem").write_bytes(fake.public.to_pem())
    return str(tmp_path / "gateway.pub.pem")
