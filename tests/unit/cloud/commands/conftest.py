"""A gateway whose public key is at hand, beside a cloud that was made."""

import pytest

from tests.fakes_cloud import FakeGateway


@pytest.fixture
def fake():
    return FakeGateway()


@pytest.fixture
def key_file(tmp_path, fake):
    (tmp_path / "gateway.pub.pem").write_bytes(fake.public.to_pem())
    return str(tmp_path / "gateway.pub.pem")
