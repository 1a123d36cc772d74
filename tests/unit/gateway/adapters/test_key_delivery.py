"""A delivery of keys that is signed and sealed as it should be, and is still not taken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.key_delivery import read_delivery
from runtime.errors import InputRefused
from tests.fakes_access import AUTH_KEY, KEY
from wire.ids import gateway_id_of
from wire.instants import unix_ms
from wire.key_delivery import DeliveredSecrets, seal_delivery
from wire.keys import SoftwareSigner

CLOUD, SIGNER = SoftwareSigner.generate(), SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
KEYS = DeliveredSecrets(key=KEY, auth_key=AUTH_KEY)


def refusal(
    folder: Path, secrets: DeliveredSecrets = KEYS, *, meter: str = "LMP1", late: timedelta = timedelta()
) -> str:
    file = folder / "keys.lwk"
    until_ms = unix_ms(NOW - late)
    file.write_bytes(
        seal_delivery(secrets, SIGNER.public, CLOUD, gateway=GATEWAY, meter="LMP1", number=7, until_ms=until_ms)
    )
    with pytest.raises(InputRefused) as refused:
        read_delivery(file, cloud=CLOUD.public, gateway=GATEWAY, signer=SIGNER, meter=meter, now=NOW)
    return refused.value.what


@pytest.mark.parametrize(("meter", "told"), [("LMP2", "not for meter LMP2"), ("", "a meter that was not read yet")])
def test_keys_for_another_meter(tmp_path: Path, meter: str, told: str) -> None:
    assert told in refusal(tmp_path, meter=meter)


def test_keys_that_come_too_late(tmp_path: Path) -> None:
    assert "too late" in refusal(tmp_path, late=timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        (DeliveredSecrets(key=KEY[:15], auth_key=AUTH_KEY), "has 15 octets, not 16"),
        (DeliveredSecrets(key=KEY, auth_key=AUTH_KEY, wrapped_key=KEY), "has 16 octets, not 24"),
        (DeliveredSecrets(key=KEY, auth_key=AUTH_KEY, wrapped_key=bytes(24)), "exchanged both"),
    ],
)
def test_keys_that_are_none(tmp_path: Path, secrets: DeliveredSecrets, told: str) -> None:
    assert told in refusal(tmp_path, secrets)


@given(octets=st.binary(max_size=300))
def test_any_other_file(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.lwk"
    file.write_bytes(octets)

    with pytest.raises(InputRefused, match="not taken"):
        read_delivery(file, cloud=CLOUD.public, gateway=GATEWAY, signer=SIGNER, meter="LMP1", now=NOW)
