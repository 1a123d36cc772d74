"""An independent client nobody here wrote, Gurux', reads the simulated meter: wrapper and HDLC; nobody, LLS and GMAC.

What it cannot do is stated too, with whose fault it is, so that a newer version tells us when it can.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from gurux_dlms import GXDateTime
from gurux_dlms.enums import DataType
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSSecuritySetup,
)

from runtime.secret import Secret
from simulators.meter.buffer_encoding import Encoding
from simulators.meter.device import Meter
from simulators.meter.gatekeeper import Access
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.makes import LAMPLIGHT
from simulators.meter.server import Forms
from tests.fakes_access import BY_PASSWORD, KEY, by_keys
from tests.fakes_gurux import GuruxReader, Refused, a_client
from tests.fakes_simulators import NOW, SteadyHousehold, moment

LOAD_PROFILE, STANDARD_LOG, FAILURE_LOG = "1.0.99.1.0.255", "0.0.99.98.0.255", "1.0.99.97.0.255"
ENERGY = "1.0.1.8.0.255"
CUT_AT, BACK_AT = NOW - timedelta(hours=5), NOW - timedelta(hours=4, minutes=10)
ACCESS = {"none": Access(), "lls": BY_PASSWORD}
NEW_KEY, MASTER = bytes(range(0x40, 0x50)), Secret(bytes(range(0x60, 0x70)))


def a_life(*, encoding: Encoding = Encoding.PLAIN, hours: int = 12) -> Life:
    """A meter whose profile began so many hours ago."""
    history = History.of_new_meter("LMP10000001", NOW).with_supply(False, CUT_AT).with_supply(True, BACK_AT)
    history = history.capturing(LAMPLIGHT.columns, NOW - timedelta(hours=hours))
    make = replace(LAMPLIGHT, encoding=encoding, capture_period=timedelta(minutes=15))
    return Life(household=SteadyHousehold(), history=history, phases=3, make=make)


def associated(
    life: Life,
    who: str = "none",
    *,
    is_wrapped: bool = True,
    info_bytes: int = 128,
    window: int = 1,
    master: Secret | None = None,
    has_general_blocks: bool = False,
) -> GuruxReader:
    access = ACCESS.get(who) or replace(by_keys(), master=master)
    meter = Meter(life, keep=lambda _: None, access=access, forms=Forms(has_general_blocks=has_general_blocks))
    door = meter.open_network() if is_wrapped else meter.open_converter()
    client = a_client(who, is_wrapped=is_wrapped, info_bytes=info_bytes, window=window)
    reader = GuruxReader(client, door)
    reader.open()
    return reader


@pytest.fixture(scope="module", params=[(who, wire) for who in ("none", "lls", "gmac") for wire in ("wrapper", "hdlc")])
def reader(request: pytest.FixtureRequest) -> Iterator[GuruxReader]:
    """One association for all: a session of many requests is what a reader has."""
    who, wire = request.param
    reader = associated(a_life(), who, is_wrapped=wire == "wrapper")
    yield reader
    reader.close()


def profile(reader: GuruxReader, name: str = LOAD_PROFILE) -> Any:
    found = GXDLMSProfileGeneric(name)
    reader.read(found, 3)
    reader.read(found, 4)
    return found


def instant(shown: GXDateTime) -> datetime:
    return shown.value.astimezone(UTC)


def test_the_clock(reader: GuruxReader) -> None:
    assert instant(reader.read(GXDLMSClock(), 2)) == NOW


def test_a_register_with_its_scaler_and_unit(reader: GuruxReader) -> None:
    volts = GXDLMSRegister("1.0.52.7.0.255")

    reader.read(volts, 3)

    assert reader.read(volts, 2) == pytest.approx(230, abs=2)
    assert (volts.scaler, volts.unit) == (pytest.approx(0.1), 35)


def test_several_at_once(reader: GuruxReader) -> None:
    clock, energy, name = GXDLMSClock(), GXDLMSRegister(ENERGY), GXDLMSData("0.0.96.1.0.255")

    reader.read_list([(clock, 2), (energy, 2), (name, 2)])

    assert instant(clock.time) == NOW
    assert energy.value == a_life().energy_import_wh(NOW)
    assert bytes(name.value) == b"LMP10000001"


def test_the_load_profile_whole(reader: GuruxReader) -> None:
    load = profile(reader)

    rows = reader.rows(load, reader.client.read(load, 2))

    captured = a_life().captures(NOW)
    assert [instant(row[0]) for row in rows] == [row.stamp for row in captured]
    assert [row[2] for row in rows] == [a_life().energy_import_wh(row.at) for row in captured]
    assert len(rows) == 48


def test_the_load_profile_by_range(reader: GuruxReader) -> None:
    load = profile(reader)

    rows = reader.rows(load, reader.client.readRowsByRange(load, NOW - timedelta(hours=1), NOW))

    assert [instant(row[0]) for row in rows] == [NOW - timedelta(minutes=15) * back for back in (4, 3, 2, 1, 0)]


def test_the_load_profile_by_entry(reader: GuruxReader) -> None:
    load = profile(reader)

    rows = reader.rows(load, reader.client.readRowsByEntry(load, 2, 3))

    assert [instant(row[0]) for row in rows] == [row.stamp for row in a_life().captures(NOW)[1:4]]


def test_an_event_log(reader: GuruxReader) -> None:
    log = profile(reader, STANDARD_LOG)

    assert log.captureObjects[1][0].logicalName == "0.0.96.11.0.255"
    assert reader.rows(log, reader.client.read(log, 2)) == []


def test_the_power_failure_log(reader: GuruxReader) -> None:
    log = profile(reader, FAILURE_LOG)

    [(ended, duration_s)] = reader.rows(log, reader.client.read(log, 2))

    assert instant(ended) == BACK_AT
    assert duration_s == 50 * 60


def test_the_object_list(reader: GuruxReader) -> None:
    names = {(int(item.objectType), item.logicalName) for item in reader.objects()}

    assert {(7, LOAD_PROFILE), (7, FAILURE_LOG), (3, ENERGY), (70, "0.0.96.3.10.255")} <= names


def test_what_is_not_there_is_said_to_be_undefined(reader: GuruxReader) -> None:
    with pytest.raises(Refused) as refused:
        reader.read(GXDLMSRegister("9.9.9.9.9.255"), 2)

    assert refused.value.code == 4


def test_what_befell_the_meter_stands_in_its_logs() -> None:
    life = a_life()
    meter = Meter(life, keep=lambda _: None)
    for at_s, words in (
        (60, "supply off"),
        (400, "supply on"),
        (500, "event cover_opened"),
        (600, "event 99 standard"),
    ):
        meter.command(words.split(), moment(at=NOW - timedelta(hours=1) + timedelta(seconds=at_s)))
    reader = GuruxReader(a_client("none", is_wrapped=True), meter.open_network())
    reader.open()

    standard, fraud = (profile(reader, name) for name in (STANDARD_LOG, "0.0.99.98.1.255"))

    assert [row[1] for row in reader.rows(standard, reader.client.read(standard, 2))] == [1, 2, 99]
    assert [row[1] for row in reader.rows(fraud, reader.client.read(fraud, 2))] == [44]
    assert reader.read(GXDLMSData("0.0.96.11.1.255"), 2) == 44


@pytest.mark.parametrize("who", ["lls", "gmac"])
def test_the_clock_is_set_and_shifted_by_whoever_has_proved_himself(who: str) -> None:
    reader = associated(a_life(), who)
    clock = GXDLMSClock()
    clock.time = GXDateTime(NOW + timedelta(hours=1))

    reader.ask(reader.client.write(clock, 2))
    reader.ask(reader.client.method(clock, 6, -60, DataType.INT16))

    assert instant(reader.read(clock, 2)) == NOW + timedelta(minutes=59)


def test_the_clock_is_not_set_by_the_public() -> None:
    reader = associated(a_life())
    clock = GXDLMSClock()
    clock.time = GXDateTime(NOW)

    with pytest.raises(Refused) as refused:
        reader.ask(reader.client.write(clock, 2))

    assert refused.value.code == 3


def test_a_new_key_is_taken_under_the_master_key_and_used_from_the_next_request_on() -> None:
    reader = associated(a_life(), "gmac", master=MASTER)
    transfer = b"\x01\x01\x02\x02\x16\x00\x09\x18" + aes_key_wrap(MASTER.reveal(), NEW_KEY)

    reader.ask(reader.client.method(GXDLMSSecuritySetup("0.0.43.0.0.255"), 2, transfer, DataType.ARRAY))
    reader.client.ciphering.blockCipherKey = NEW_KEY

    assert instant(reader.read(GXDLMSClock(), 2)) == NOW


def test_a_key_that_was_wrapped_under_another_master_key_is_refused() -> None:
    reader = associated(a_life(), "gmac", master=MASTER)
    transfer = b"\x01\x01\x02\x02\x16\x00\x09\x18" + aes_key_wrap(KEY, NEW_KEY)

    with pytest.raises(Refused):
        reader.ask(reader.client.method(GXDLMSSecuritySetup("0.0.43.0.0.255"), 2, transfer, DataType.ARRAY))

    assert instant(reader.read(GXDLMSClock(), 2)) == NOW


@pytest.mark.parametrize("info_bytes", [128, 512, 2_030])
@pytest.mark.parametrize("encoding", [Encoding.PLAIN, Encoding.NULL_DATA, Encoding.COMPACT_ARRAY])
def test_the_encodings_it_reads_tell_the_same_energy(encoding: Encoding, info_bytes: int) -> None:
    reader = associated(a_life(encoding=encoding), is_wrapped=False, info_bytes=info_bytes)
    load = profile(reader)

    rows = reader.rows(load, reader.client.read(load, 2))

    captured = a_life().captures(NOW)
    assert [instant(row[0]) for row in rows] == [row.stamp for row in captured]
    # Null-data it makes whole in the clock alone; in other columns "as before" stays None.
    energies = accumulate((row[2] for row in rows), lambda before, cell: before if cell is None else cell)
    assert list(energies) == [a_life().energy_import_wh(row.at) for row in captured]


def test_a_window_of_two_long_frames_it_follows() -> None:
    reader = associated(a_life(hours=24), is_wrapped=False, info_bytes=2_030, window=7)
    load = profile(reader)

    assert len(reader.rows(load, reader.client.read(load, 2))) == 96


@pytest.mark.parametrize("who", ["none", "gmac"])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_general_blocks(who: str, is_wrapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs: the receiver-ready of 1.0.203 reads an attribute its settings lack, which is supplied here."""
    reader = associated(a_life(hours=24), who, is_wrapped=is_wrapped, has_general_blocks=True)
    settings = reader.client.settings
    monkeypatch.setattr(type(settings), "blockNumber", property(lambda its: its.blockIndex), raising=False)
    load = profile(reader)

    assert len(reader.rows(load, reader.client.read(load, 2))) == 96


def test_theirs_it_has_no_types_for_differences() -> None:
    """Tags 28 to 33 (Green Book, delta-integer and its kin) are in none of its enumerations."""
    reader = associated(a_life(encoding=Encoding.DELTA))
    load = profile(reader)

    with pytest.raises(ValueError, match="Invalid data type"):
        reader.rows(load, reader.client.read(load, 2))
    assert not any("DELTA" in member.name for member in DataType)


def test_theirs_it_loses_count_in_a_window_of_more_than_two_frames(capsys: pytest.CaptureFixture[str]) -> None:
    """N(S) 0, 1, 2 of one window, P/F in the last, as IEC 62056-46 has it: for the second its check sets a variable of
    its own (`ReceiverFrame`) where it means the attribute, and so expects 1 twice."""
    client = a_client("none", is_wrapped=False, window=7)
    client.settings.senderFrame, client.settings.receiverFrame = 0x10, 0x0E

    accepted = [client.settings.checkFrame(octet, None) for octet in (0x20, 0x22, 0x34)]

    assert accepted == [True, True, False]
    assert "Invalid HDLC Frame" in capsys.readouterr().out


def test_theirs_it_prints_whenever_it_opens_what_is_ciphered(capsys: pytest.CaptureFixture[str]) -> None:
    associated(a_life(), "gmac").read(GXDLMSAssociationLogicalName(), 1)

    assert capsys.readouterr().out.count("Encryption is applied.") == 3
