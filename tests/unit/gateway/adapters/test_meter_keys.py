"""The meters' secrets at rest: sealed, whole or refused, and seen by nobody; and the counters, which never go back."""

import json
from pathlib import Path

import pytest

from gateway.adapters.meter_keys import CounterBook, MeterKeys
from gateway.core.invocation_counter import RESERVED_AT_ONCE
from gateway.core.meter_access import MeterSecrets
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.secret import Secret
from tests.fakes_access import AUTH_KEY, KEY
from wire.keys import Algorithm, SoftwareSigner

TITLE = b"LMPtitle"
PASSWORD = MeterSecrets(password=Secret(b"open sesame"))
KEYS = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "meter-keys"


@pytest.fixture(scope="module", params=Algorithm)
def signer(request: pytest.FixtureRequest) -> SoftwareSigner:
    return SoftwareSigner.generate(request.param)


def test_what_was_handed_in_is_there_after_a_restart(path: Path, signer: SoftwareSigner) -> None:
    keys = MeterKeys(path, signer)
    keys.put(1, PASSWORD)
    keys.put(7, KEYS)

    again = MeterKeys(path, SoftwareSigner.from_pem(signer.to_pem()))

    assert (again.of(1), again.of(7), again.of(2)) == (PASSWORD, KEYS, MeterSecrets())


def test_a_forgotten_meters_secrets_are_gone(path: Path, signer: SoftwareSigner) -> None:
    MeterKeys(path, signer).put(1, PASSWORD)

    MeterKeys(path, signer).drop(1)

    assert MeterKeys(path, signer).of(1) == MeterSecrets()


def test_the_file_is_its_owners_and_shows_nothing(path: Path, signer: SoftwareSigner) -> None:
    keys = MeterKeys(path, signer)
    keys.put(1, PASSWORD)
    keys.put(7, KEYS)

    assert path.stat().st_mode & 0o777 == 0o600
    for secret in (b"sesame", KEY, AUTH_KEY):
        assert secret not in path.read_bytes()
    assert "sesame" not in repr((keys, keys.of(1)))


def test_two_files_of_the_same_secrets_are_two(path: Path, signer: SoftwareSigner) -> None:
    written = []
    for _ in range(2):
        MeterKeys(path, signer).put(1, PASSWORD)
        written.append(path.read_bytes())
        MeterKeys(path, signer).drop(1)

    assert written[0] != written[1]


def test_a_meter_without_secrets_needs_no_file(path: Path, signer: SoftwareSigner) -> None:
    MeterKeys(path, signer).put(1, MeterSecrets())

    assert not path.exists()


@pytest.mark.parametrize("place", [0, 4, 20, -1])
def test_a_changed_file_is_refused(path: Path, signer: SoftwareSigner, place: int) -> None:
    MeterKeys(path, signer).put(1, PASSWORD)
    octets = bytearray(path.read_bytes())
    octets[place] ^= 1
    path.write_bytes(octets)

    with pytest.raises(InputRefused, match="do not open"):
        MeterKeys(path, signer)


@pytest.mark.parametrize("octets", [b"", b"LMK1", b"LMK1" + bytes(12), bytes(100)])
def test_what_is_no_such_file_is_refused(path: Path, signer: SoftwareSigner, octets: bytes) -> None:
    path.write_bytes(octets)
    path.chmod(0o600)

    with pytest.raises(InputRefused, match="do not open"):
        MeterKeys(path, signer)


def test_another_gateways_file_is_noise(path: Path, signer: SoftwareSigner) -> None:
    MeterKeys(path, SoftwareSigner.generate()).put(1, PASSWORD)

    with pytest.raises(InputRefused, match="another gateway"):
        MeterKeys(path, signer)


def test_a_file_open_to_others_is_refused(path: Path, signer: SoftwareSigner) -> None:
    MeterKeys(path, signer).put(1, PASSWORD)
    path.chmod(0o644)

    with pytest.raises(EnvironmentRefused, match="others"):
        MeterKeys(path, signer)


class TestCounters:
    def test_go_on_behind_what_was_reserved(self, path: Path, signer: SoftwareSigner) -> None:
        counter = CounterBook(path, signer).counter(TITLE, Secret(KEY))
        counter.learn(40)

        assert [counter.take(), counter.take()] == [41, 42]
        assert CounterBook(path, signer).counter(TITLE, Secret(KEY)).take() == 41 + RESERVED_AT_ONCE

    def test_of_two_keys_are_two_and_name_none(self, path: Path, signer: SoftwareSigner) -> None:
        book = CounterBook(path, signer)
        for key in (KEY, AUTH_KEY, KEY):
            book.counter(TITLE, Secret(key)).take()

        rows = json.loads(path.read_text())
        assert len(rows) == 2
        assert KEY.hex() not in path.read_text()

    def test_of_one_key_under_two_titles_are_two(self, path: Path, signer: SoftwareSigner) -> None:
        book = CounterBook(path, signer)
        book.counter(TITLE, Secret(KEY)).take()

        other = book.counter(b"LMPother", Secret(KEY))

        assert other.take() == 1
        assert len(json.loads(path.read_text())) == 2

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "7",
            '{"a": {}}',
            '{"a": {"reserved": -1, "told": 0}}',
            '{"a": {"reserved": 0, "told": 4294967296}}',
        ],
    )
    def test_that_make_no_sense_are_refused(self, path: Path, signer: SoftwareSigner, text: str) -> None:
        path.write_text(text)

        with pytest.raises(InputRefused, match="no counters"):
            CounterBook(path, signer)

    def test_in_a_folder_that_is_none_are_told(self, tmp_path: Path, signer: SoftwareSigner) -> None:
        with pytest.raises(EnvironmentRefused, match="cannot read the counters"):
            CounterBook(tmp_path, signer)
