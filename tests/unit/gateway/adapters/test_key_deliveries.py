"""Keys that come sealed: kept once, exchanged once, and never an older delivery after a newer one."""

from pathlib import Path

import pytest

from gateway.adapters.meter_keys import MeterKeys
from gateway.core.meter_access import KeyExchange, MeterSecrets
from runtime.errors import InputRefused
from runtime.secret import Secret
from tests.fakes_access import AUTH_KEY, KEY
from wire.keys import SoftwareSigner

SIGNER = SoftwareSigner.generate()
OLD = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
EXCHANGE = KeyExchange(
    key=Secret(bytes(16)),
    auth_key=Secret(b"a" * 16),
    wrapped_key=Secret(b"w" * 24),
    wrapped_auth_key=Secret(b"v" * 24),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "meter-keys"


def kept(path: Path) -> MeterKeys:
    return MeterKeys(path, SIGNER)


def test_delivered_secrets_are_the_meters_and_nothing_is_to_be_exchanged(path: Path) -> None:
    kept(path).deliver(1, 7, OLD)

    assert (kept(path).of(1), kept(path).exchange_of(1)) == (OLD, None)


def test_keys_to_exchange_wait_beside_those_in_use_and_take_their_place(path: Path) -> None:
    kept(path).deliver(1, 7, OLD)
    kept(path).deliver(1, 8, EXCHANGE)
    waiting = (kept(path).of(1), kept(path).exchange_of(1))

    kept(path).complete(1)

    assert waiting == (OLD, EXCHANGE)
    assert (kept(path).of(1), kept(path).exchange_of(1)) == (EXCHANGE.secrets, None)


@pytest.mark.parametrize("number", [6, 7])
def test_a_delivery_is_taken_once_and_none_before_it(path: Path, number: int) -> None:
    kept(path).deliver(1, 7, OLD)

    with pytest.raises(InputRefused, match="taken already"):
        kept(path).deliver(1, number, EXCHANGE)


def test_a_gateway_that_completes_an_exchange_keeps_what_was_delivered_meanwhile(path: Path) -> None:
    running = kept(path)
    running.deliver(1, 7, EXCHANGE)
    kept(path).deliver(2, 1, OLD)

    running.complete(1)

    assert (kept(path).of(1), kept(path).of(2)) == (EXCHANGE.secrets, OLD)


def test_secrets_handed_in_by_a_person_end_an_exchange(path: Path) -> None:
    kept(path).deliver(1, 7, EXCHANGE)

    kept(path).put(1, OLD)

    assert (kept(path).of(1), kept(path).exchange_of(1)) == (OLD, None)


def test_no_key_shows_itself(path: Path) -> None:
    keys = kept(path)
    keys.deliver(1, 7, EXCHANGE)

    assert "aaaa" not in repr((keys, EXCHANGE))
    assert b"aaaa" not in path.read_bytes()
