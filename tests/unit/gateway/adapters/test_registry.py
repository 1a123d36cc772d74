"""The registry: a small file that a person can read and a power cut cannot tear."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.registry import MAX_METERS, AtomicStorage, Registry
from gateway.core.disclosure import FineConsent
from gateway.core.registered_meter import RegisteredMeter
from runtime.errors import EnvironmentRefused, InputRefused

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.json"


def test_a_meter_is_kept_as_it_was_registered(path: Path) -> None:
    Registry(path).add("/dev/ttyUSB0", "idis", "LMP00042")

    assert Registry(path).meters() == (
        RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="idis", serial="LMP00042"),
    )


def test_a_serial_number_is_learnt_at_the_first_reading(path: Path) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis")
    book.add("/dev/ttyUSB1", "idis")

    book.learn_serial(2, "LMP00042")

    assert [meter.serial for meter in Registry(path).meters()] == ["", "LMP00042"]


def test_a_meter_removed_meanwhile_has_nothing_more_to_tell(path: Path) -> None:
    Registry(path).learn_serial(7, "LMP00042")

    assert Registry(path).meters() == ()


def test_a_removed_meters_number_is_not_given_again(path: Path) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis")
    book.add("/dev/ttyUSB1", "idis")

    book.remove(2)
    again = Registry(path).add("/dev/ttyUSB1", "idis")

    assert (again.number, [meter.number for meter in Registry(path).meters()]) == (3, [1, 3])


def test_a_registry_of_before_numbers_were_kept_goes_on_behind_its_last(path: Path) -> None:
    path.write_text('{"meters": {"7": {"port": "/dev/ttyUSB0", "profile": "idis", "serial": "A"}}}')
    path.chmod(0o600)

    assert Registry(path).add("/dev/ttyUSB1", "idis").number == 8


def test_a_meter_that_was_exchanged_begins_anew_at_the_same_place(path: Path) -> None:
    book = Registry(path)
    old = book.add("/dev/ttyUSB0", "idis", "LMP00041", 17)

    new = book.exchange(old.number, "LMP00042")

    assert book.meters() == (replace(old, number=2, serial="LMP00042"),) == (new,)


def test_an_exchange_for_a_meter_that_is_read_already_changes_nothing(path: Path) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis", "LMP00041")
    book.add("/dev/ttyUSB1", "idis", "LMP00042")
    before = book.meters()

    for serial in ("LMP00041", "LMP00042"):
        with pytest.raises(InputRefused):
            book.exchange(1, serial)

    assert set(Registry(path).meters()) == set(before)


@pytest.mark.parametrize(
    ("port", "serial", "because"),
    [("/dev/ttyUSB0", "", "meter 1 is on this port"), ("/dev/ttyUSB9", "LMP00042", "meter 1 has this serial number")],
)
def test_a_port_and_a_serial_number_belong_to_one_meter(path: Path, port: str, serial: str, because: str) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis", "LMP00042")

    with pytest.raises(InputRefused, match=because):
        book.add(port, "idis", serial)


def test_meters_share_a_port_by_their_addresses(path: Path) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis", address=17)
    book.add("/dev/ttyUSB0", "idis", address=18)
    book.add("/dev/ttyUSB1", "idis", address=17)

    assert [(meter.port, meter.address) for meter in Registry(path).meters()] == [
        ("/dev/ttyUSB0", 17),
        ("/dev/ttyUSB0", 18),
        ("/dev/ttyUSB1", 17),
    ]


@pytest.mark.parametrize(
    ("there", "address", "because"),
    [
        (17, 17, "has this address on this port"),
        (17, None, "only if each has an address"),
        (None, 17, "only if each has an address"),
    ],
)
def test_meters_that_could_not_be_told_apart_are_refused(
    path: Path, there: int | None, address: int | None, because: str
) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis", address=there)

    with pytest.raises(InputRefused, match=because):
        book.add("/dev/ttyUSB0", "idis", address=address)
    assert len(Registry(path).meters()) == 1


def test_a_registry_of_before_there_were_addresses_is_read(path: Path) -> None:
    path.write_text('{"meters": {"1": {"port": "/dev/ttyUSB0", "profile": "idis", "serial": "LMP00042"}}}')

    assert Registry(path).meters() == (
        RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="idis", serial="LMP00042", address=None),
    )


@pytest.mark.parametrize(
    "wrong", [{"serial": "\x1b[2J"}, {"serial": "9" * 33}, {"profile": "a\nb"}, {"port": "/dev/" + "x" * 1_000}]
)
def test_what_the_registry_could_not_read_again_is_never_written(path: Path, wrong: dict[str, str]) -> None:
    book = Registry(path)
    book.add("/dev/ttyUSB0", "idis", "LMP00042")

    with pytest.raises(InputRefused, match="cannot be printed"):
        book.add(**{"port": "/dev/ttyUSB1", "profile": "idis", "serial": ""} | wrong)

    assert [meter.serial for meter in Registry(path).meters()] == ["LMP00042"]


def test_a_meter_that_is_not_there_cannot_be_removed(path: Path) -> None:
    with pytest.raises(InputRefused, match="no meter 7"):
        Registry(path).remove(7)


def test_a_gateway_reads_so_many_meters_and_no_more(path: Path) -> None:
    book = Registry(path)
    for number in range(MAX_METERS):
        book.add(f"/dev/ttyUSB{number}", "idis")

    with pytest.raises(InputRefused, match="at most"):
        book.add("/dev/ttyUSB99", "idis")


def test_every_journal_is_of_a_new_generation(path: Path) -> None:
    assert [Registry(path).next_generation() for _ in range(3)] == [1, 2, 3]


def test_the_file_is_for_its_owner_only_and_readable_for_a_person(path: Path) -> None:
    Registry(path).add("/dev/ttyUSB0", "idis")

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().splitlines()) > 5


@pytest.mark.parametrize("text", ["{", "[]", '{"meters": 7}', '{"meters": {"1": {"port": "/dev/ttyUSB0"}}}'])
def test_a_damaged_registry_says_what_to_do(path: Path, text: str) -> None:
    path.write_text(text)

    with pytest.raises(InputRefused) as refusal:
        Registry(path).meters()

    assert refusal.value.do


def test_an_unreadable_registry_says_so(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentRefused, match="cannot read"):
        Registry(tmp_path).meters()


def test_a_write_that_fails_leaves_the_old_file(path: Path) -> None:
    AtomicStorage(path).write({"meters": {}})
    storage = AtomicStorage(path / "below a file")

    with pytest.raises(EnvironmentRefused):
        storage.write({"meters": {"1": {}}})

    assert json.loads(path.read_text()) == {"meters": {}}


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"[" * 100_000,
        b'{"meters": {"x": {"port": "a", "profile": "b"}}}',
        b'{"meters": {"1": "x"}}',
        b'{"meters": {"' + b"9" * 5_000 + b'": {"port": "a", "profile": "b"}}}',
        b'{"meters": {"1": {"port": "a", "profile": "b", "serial": "\\u001b[2J"}}}',
        b'{"meters": {"1": {"port": "\\ud800", "profile": "b"}}}',
        b'{"meters": {"1": {"port": 5, "profile": "b"}}}',
        b'{"meters": {"1": {"port": "a", "profile": 7}}}',
        b'{"meters": {"1": {"port": "a", "profile": "b", "serial": 7}}}',
        b'{"meters": {"1": {"port": "a", "profile": "b", "address": "17"}}}',
        b'{"meters": {"1": {"port": "a", "profile": "b", "address": true}}}',
        b'{"meters": {"1": {"port": "a", "profile": "b"}, "2": {"port": "a", "profile": "b", "address": 17}}}',
    ],
)
def test_a_registry_that_makes_no_sense_is_refused_and_left_as_it_is(path: Path, text: bytes) -> None:
    path.write_bytes(text)

    with pytest.raises(InputRefused, match=r"registry\.json"):
        Registry(path).meters()
    with pytest.raises(InputRefused, match=r"registry\.json"):
        Registry(path).add("/dev/ttyUSB1", "idis")
    assert path.read_bytes() == text


@pytest.mark.parametrize("generation", ['"x"', "-1", "true", "1.0", str(10**40)])
def test_a_generation_that_is_no_number_is_refused(path: Path, generation: str) -> None:
    path.write_text(f'{{"journal": {{"1": {{"generation": {generation}}}}}}}')

    with pytest.raises(InputRefused, match="generation"):
        Registry(path).next_generation()


def test_a_meter_may_push_be_asked_or_both(path: Path) -> None:
    book = Registry(path)
    book.add("", "han", push="/dev/ttyUSB1")
    book.add("/dev/ttyUSB0", "han", push="tcp-listen://127.0.0.1:4060")

    assert [(meter.port, meter.push, meter.place) for meter in Registry(path).meters()] == [
        ("", "/dev/ttyUSB1", "pushes at /dev/ttyUSB1"),
        ("/dev/ttyUSB0", "tcp-listen://127.0.0.1:4060", "/dev/ttyUSB0, pushes at tcp-listen://127.0.0.1:4060"),
    ]


def test_meters_share_an_address_they_connect_to_and_no_device(path: Path) -> None:
    book = Registry(path)
    book.add("", "han", "LMP1", push="tcp-listen://127.0.0.1:4060")
    book.add("", "han", "LMP2", push="tcp-listen://127.0.0.1:4060")
    book.add("/dev/ttyUSB0", "han", "LMP3", push="/dev/ttyUSB1")

    with pytest.raises(InputRefused, match="meter 3 is on this push port"):
        book.add("", "han", push="/dev/ttyUSB1")
    with pytest.raises(InputRefused, match="meter 3 pushes at this port"):
        book.add("/dev/ttyUSB1", "han")
    with pytest.raises(InputRefused, match="meter 3 is on this push port"):
        book.add("", "han", push="/dev/ttyUSB0")


def test_a_meter_that_can_be_reached_nowhere_is_refused(path: Path) -> None:
    Registry(path).add("", "han", push="/dev/ttyUSB1")
    path.write_text(path.read_text().replace("/dev/ttyUSB1", ""))

    with pytest.raises(InputRefused, match="meter 1 has no port, and none it pushes at"):
        Registry(path).meters()


def test_a_meter_that_hangs_on_two_ports_does_not_spoil_the_registry(tmp_path):
    book = Registry(tmp_path / "registry.json")
    book.add("/dev/head", "cosem-meter", "LMP00042")
    book.add("/dev/p1", "p1-dsmr5")

    with pytest.raises(EnvironmentRefused, match="meters 1 and 2 are one"):
        book.learn_serial(2, "LMP00042")

    assert [meter.serial for meter in Registry(tmp_path / "registry.json").meters()] == ["LMP00042", ""]


def test_what_the_customer_agreed_to_stays_with_her_home_when_the_meter_is_exchanged(path: Path) -> None:
    agreed = FineConsent(finest_period_s=900, since=NOON, until=NOON + timedelta(days=30))
    book = Registry(path)
    book.add("/dev/ttyUSB0", "cosem-meter")

    book.consent(1, agreed)
    new = book.exchange(1)

    assert new.consent == agreed
    assert Registry(path).meters() == (new,)


@pytest.mark.parametrize(
    "row",
    [
        "yes",
        {},
        {"finest_period_s": 0, "since": "2026-11-21T12:00:00+00:00"},
        {"finest_period_s": 900, "since": "2026-11-21T12:00:00"},
        {"finest_period_s": 900, "since": 7},
        {"finest_period_s": 900, "since": "2026-11-21T12:00:00+00:00", "by": "nobody"},
    ],
)
def test_a_consent_that_makes_no_sense_is_refused(path: Path, row: object) -> None:
    meter = {"port": "/dev/ttyUSB0", "profile": "cosem-meter", "serial": "", "consent": row}
    path.write_text(json.dumps({"meters": {"1": meter}}), encoding="utf-8")

    with pytest.raises(InputRefused, match="consent that makes no sense"):
        Registry(path).meters()
