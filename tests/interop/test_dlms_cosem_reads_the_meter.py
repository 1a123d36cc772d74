"""An independent client, dlms-cosem, reads the simulated meter: its own HDLC, association and A-XDR against ours."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.adapters import dlms_library  # noqa: F401 - before dlms-cosem, which is loaded once for all tests

# isort: split
from dlms_cosem import cosem, enumerations
from dlms_cosem.client import DataResultError, DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.enumerations import CosemInterface
from dlms_cosem.exceptions import DlmsClientException
from dlms_cosem.io import HdlcTransport
from dlms_cosem.parsers import AssociationObjectListParser, ProfileGenericBufferParser
from dlms_cosem.security import LowLevelSecurityAuthentication, NoSecurityAuthentication
from dlms_cosem.time import datetime_from_bytes
from dlms_cosem.utils import parse_as_dlms_data

from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.objects import model_of
from simulators.meter.server import Server
from simulators.meter.station import Station
from tests.fakes_simulators import NOW, a_life, moment

CLOCK = cosem.CosemAttribute(CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 2)
LOAD_PROFILE = cosem.CosemAttribute(CosemInterface.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 1, 0), 2)
CUT_AT, BACK_AT = NOW - timedelta(hours=5), NOW - timedelta(hours=4, minutes=10)


class Wire:
    """dlms-cosem's idea of a line, with the meter's station at the other end of it."""

    def __init__(self, life: Life) -> None:
        self._station = Station(Server(model_of(life)))
        self._heard = bytearray()

    def connect(self) -> None:
        """There is nothing to open."""

    def disconnect(self) -> None:
        """There is nothing to close."""

    def send(self, data: bytes) -> None:
        for frame in self._station.feed(bytes(data), moment()):
            self._heard += frame

    def recv(self, amount: int = 1) -> bytes:
        data = bytes(self._heard[:amount])
        del self._heard[:amount]
        assert data, "the client waits for more than the meter has said"
        return data

    def recv_until(self, end: bytes) -> bytes:
        data = self.recv()
        while not data.endswith(end):
            data += self.recv()
        return data


def a_client(life: Life, *, address: int = 16, authentication: object = None, max_pdu_size: int = 65_535) -> DlmsClient:
    return DlmsClient(
        transport=HdlcTransport(address, 1, io=Wire(life)),
        authentication=authentication or NoSecurityAuthentication(),
        max_pdu_size=max_pdu_size,
    )


@pytest.fixture
def life() -> Life:
    lived = History.of_new_meter("LMP10000001", NOW).with_supply(False, CUT_AT).with_supply(True, BACK_AT)
    return a_life(history=lived, phases=3)


@pytest.fixture
def client(life: Life) -> Iterator[DlmsClient]:
    with a_client(life).session() as client:
        yield client


def register(*obis: int) -> cosem.CosemAttribute:
    return cosem.CosemAttribute(CosemInterface.REGISTER, cosem.Obis(*obis), 2)


def test_the_clock(client: DlmsClient) -> None:
    data = parse_as_dlms_data(client.get(CLOCK))

    time, status = datetime_from_bytes(data)

    assert time.replace(tzinfo=UTC) == NOW
    assert not status.invalid


def test_energy_voltage_and_power(client: DlmsClient, life: Life) -> None:
    assert parse_as_dlms_data(client.get(register(1, 0, 1, 8, 0))) == life.energy_import_wh(NOW)
    assert parse_as_dlms_data(client.get(register(1, 0, 1, 7, 0))) == 1_000
    assert parse_as_dlms_data(client.get(register(1, 0, 72, 7, 0))) == round(life.voltage_v(3, NOW) * 10)


def test_several_at_once(client: DlmsClient, life: Life) -> None:
    asked = [
        cosem.CosemAttributeWithSelection(attribute, None)
        for attribute in (CLOCK, register(1, 0, 1, 8, 0), register(9, 9, 9, 9, 9))
    ]

    clock, energy_wh, nothing = client.get_many(asked).result

    assert datetime_from_bytes(clock)[0].replace(tzinfo=UTC) == NOW
    assert energy_wh == life.energy_import_wh(NOW)
    assert nothing == enumerations.DataAccessResult.OBJECT_UNDEFINED


def test_the_disconnector(client: DlmsClient) -> None:
    control = cosem.Obis(0, 0, 96, 3, 10)

    assert parse_as_dlms_data(client.get(cosem.CosemAttribute(CosemInterface.DISCONNECT_CONTROL, control, 2))) is True
    assert parse_as_dlms_data(client.get(cosem.CosemAttribute(CosemInterface.DISCONNECT_CONTROL, control, 3))) == 1


def load_profile(client: DlmsClient, start: datetime, end: datetime) -> list[list[Any]]:
    selection = RangeDescriptor(restricting_object=CaptureObject(CLOCK), from_value=start, to_value=end)
    columns = [
        CLOCK,
        cosem.CosemAttribute(CosemInterface.DATA, cosem.Obis(0, 0, 96, 10, 1), 2),
        register(1, 0, 1, 8, 0),
        register(1, 0, 2, 8, 0),
    ]
    rows = ProfileGenericBufferParser(columns, 60).parse_bytes(client.get(LOAD_PROFILE, selection))
    return [[cell.value for cell in row] for row in rows]


def test_a_day_of_the_load_profile_with_its_cut(client: DlmsClient, life: Life) -> None:
    rows = load_profile(client, NOW - timedelta(hours=24), NOW)

    hours = [row.stamp for row in life.captures(NOW)[-24:]]
    assert [row[0].replace(tzinfo=UTC) for row in rows] == hours
    assert [row[2] for row in rows] == [life.energy_import_wh(hour) for hour in hours]
    assert [hour for hour, row in zip(hours, rows, strict=True) if row[1] == 0x80] == [
        NOW.replace(hour=14, minute=0),
        NOW.replace(hour=15, minute=0),
    ]


def test_forty_days_of_the_load_profile_in_blocks_and_segments(client: DlmsClient) -> None:
    assert len(load_profile(client, NOW - timedelta(days=40), NOW)) == 40 * 24


def test_the_power_failure_log(client: DlmsClient) -> None:
    log = cosem.CosemAttribute(CosemInterface.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 97, 0), 2)

    [(ended, duration_s)] = parse_as_dlms_data(client.get(log))

    assert datetime_from_bytes(ended)[0].replace(tzinfo=UTC) == BACK_AT
    assert duration_s == 50 * 60


def test_the_object_list(client: DlmsClient) -> None:
    association = cosem.CosemAttribute(CosemInterface.ASSOCIATION_LN, cosem.Obis(0, 0, 40, 0, 0), 2)

    objects = AssociationObjectListParser.parse_bytes(client.get(association))

    assert cosem.Obis(1, 0, 99, 1, 0) in [item.logical_name for item in objects]
    assert len(objects) == 32


def test_what_is_not_there_is_said_to_be_undefined(client: DlmsClient) -> None:
    with pytest.raises(DataResultError, match="OBJECT_UNDEFINED"):
        client.get(register(9, 9, 9, 9, 9))


def test_the_clock_cannot_be_set(client: DlmsClient) -> None:
    response = client.set(CLOCK, b"\x09\x0c" + bytes(12))

    assert response.result is enumerations.DataAccessResult.READ_WRITE_DENIED


@pytest.mark.parametrize(
    ("address", "authentication"),
    [(1, None), (16, LowLevelSecurityAuthentication(b"secret"))],
    ids=["client", "password"],
)
def test_only_the_public_client_is_let_in(life: Life, address: int, authentication: object) -> None:
    client = a_client(life, address=address, authentication=authentication)
    client.connect()

    with pytest.raises(DlmsClientException, match="REJECTED_PERMANENT"):
        client.associate()


def test_a_client_of_small_pdus_is_served_in_small_blocks(life: Life) -> None:
    with a_client(life, max_pdu_size=64).session() as client:
        rows = load_profile(client, NOW - timedelta(hours=24), NOW)

    assert len(rows) == 24
