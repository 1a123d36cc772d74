"""A meter's keys from the utility's safe to its gateway, by the commands of both: sealed on the way."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud import cli as cloud_cli
from gateway import cli as gateway_cli
from gateway.adapters.keys import load_key
from gateway.adapters.meter_keys import MeterKeys
from runtime.secret import Secret
from tests.fakes_access import AUTH_KEY, KEY
from tests.terminal import Ended, Terminal
from wire.ids import gateway_id_of

SERIAL = "LMP10000001"


@dataclass(frozen=True)
class Place:
    """A gateway with one meter, its cloud, and the utility's keys in files."""

    folder: Path
    terminal: Terminal

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def name(self) -> str:
        return gateway_id_of(load_key(self.state / "key.pem").public.spki)

    def seal(self, *more: object, meter: str = SERIAL, out: str = "keys.lwk") -> Ended:
        words = ("meter-keys", self.folder / "cloud", self.name, meter, "--out", self.folder / out)
        return self.terminal.run("lamplight-cloud", *words, *self._sources(), *more)

    def take(self, file: str = "keys.lwk", *more: object, number: int = 1) -> Ended:
        words = ("meter", "keys", self.state, number, "--delivery", self.folder / file)
        return self.terminal.run("lamplight-gateway", *words, *more)

    def kept(self) -> MeterKeys:
        return MeterKeys(self.state / "meter-keys", load_key(self.state / "key.pem"))

    def source(self, name: str) -> str:
        return f"file:{self.folder / name}"

    def _sources(self) -> tuple[str, ...]:
        return "--key", self.source("ek"), "--auth-key", self.source("ak")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both folders and the keys, once for all tests: each changes a copy."""
    folder = tmp_path_factory.mktemp("prepared")
    for name, octets in (("ek", KEY), ("ak", AUTH_KEY), ("master", b"m" * 16), ("old", bytes(16))):
        (folder / name).write_text(octets.hex())
        (folder / name).chmod(0o600)
    state, cloud, enrolment, old = folder / "state", folder / "cloud", folder / "enrolment.toml", f"file:{folder}/old"
    meter = ("--port", "tcp://127.0.0.1:1", "--profile", "lamplight-sim-keys", "--serial", SERIAL)
    home = ("--usage-point", "UP-1", "--meter", SERIAL)
    key = ("--public-key", state / "gateway.pub.pem")
    for main, *words in (
        (gateway_cli.main, "init", state),
        (gateway_cli.main, "meter", "add", state, *meter, "--key", old, "--auth-key", old),
        (cloud_cli.main, "init", cloud),
        (cloud_cli.main, "gateway", "add", "--state", cloud, *key, *home, "--out", enrolment),
        (gateway_cli.main, "enrol", state, enrolment),
    ):
        with pytest.MonkeyPatch.context() as typed:
            typed.setattr("sys.argv", ["lamplight", *map(str, words)])
            assert main() == 0
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, Terminal(capsys, monkeypatch))


def test_what_was_sealed_to_the_first_key_opens_when_another_one_signs(place: Place) -> None:
    name, first = place.name, MeterKeys(place.state / "meter-keys", load_key(place.state / "key.pem"))
    place.seal()

    place.terminal.run("lamplight-gateway", "key", "rotate", place.state)

    assert place.name != name
    assert place.take().status == 0
    assert first.of(1).key == Secret(bytes(16))
    assert MeterKeys(place.state / "meter-keys", load_key(place.state / "sealing-key.pem")).of(1).key == Secret(KEY)


def test_sealed_by_the_utility_taken_by_its_gateway(place: Place) -> None:
    sealed = place.seal()

    taken = place.take()

    assert (sealed.status, taken.status) == (0, 0), (sealed.err, taken.err)
    assert place.kept().of(1).key == Secret(KEY)
    assert KEY.hex() not in sealed.out + taken.out
    assert KEY not in (place.folder / "keys.lwk").read_bytes()


def test_with_the_master_key_the_keys_wait_to_be_exchanged(place: Place) -> None:
    place.seal("--master-key", place.source("master"))

    taken = place.take()

    assert "exchange its keys" in taken.out
    exchange = place.kept().exchange_of(1)
    assert exchange is not None
    assert exchange.key == Secret(KEY)
    assert place.kept().of(1).key == Secret(bytes(16))


def test_a_delivery_is_taken_once(place: Place) -> None:
    place.seal()
    place.take()

    assert "taken already" in place.take().refusal


def test_keys_of_a_sealed_customer_port_are_delivered_as_well(place: Place) -> None:
    port = ("--port", "/dev/p1", "--profile", "p1-dsmr5", "--serial", SERIAL)
    place.terminal.run("lamplight-gateway", "meter", "remove", place.state, 1)
    added = place.terminal.run("lamplight-gateway", "meter", "add", place.state, *port)
    place.seal()

    taken = place.take(number=2)

    assert (added.status, taken.status) == (0, 0), (added.err, taken.err)
    assert place.kept().of(2).key == Secret(KEY)


def test_an_exchanged_meters_keys_are_forgotten_with_its_number(place: Place) -> None:
    new = ("--serial", "LMP10000002", "--key", place.source("ek"), "--auth-key", place.source("ak"))

    exchanged = place.terminal.run("lamplight-gateway", "meter", "exchange", place.state, 1, *new)

    assert exchanged.status == 0, exchanged.err
    assert "meter 2 takes the place of meter 1" in exchanged.out
    assert (place.kept().of(1).key, place.kept().of(2).key) == (None, Secret(KEY))


def test_a_meter_that_takes_keys_is_exchanged_for_one_with_keys(place: Place) -> None:
    exchanged = place.terminal.run("lamplight-gateway", "meter", "exchange", place.state, 1)

    assert "takes --key and --auth-key" in exchanged.refusal
    assert place.kept().of(1).key == Secret(bytes(16))


def test_keys_are_sealed_only_for_a_meter_the_gateway_reads(place: Place) -> None:
    assert f"it reads {SERIAL}" in place.seal(meter="LMP99999999").refusal


def test_a_changed_file_is_refused_and_shows_nothing(place: Place) -> None:
    place.seal()
    file = place.folder / "keys.lwk"
    octets = bytearray(file.read_bytes())
    octets[60] ^= 1
    file.write_bytes(octets)

    assert "not taken" in place.take().refusal


def test_keys_themselves_are_refused_as_a_delivery(place: Place) -> None:
    assert "this is no delivery" in place.take("ek").refusal


def test_a_delivery_and_keys_by_themselves_are_too_much(place: Place) -> None:
    place.seal()

    assert "give one of both" in place.take("keys.lwk", "--key", place.source("ek")).refusal


def test_a_delivery_that_is_not_there_is_refused(place: Place) -> None:
    assert "No such file" in place.take("nothing").refusal
