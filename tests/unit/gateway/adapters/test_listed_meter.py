"""Meters that push COSEM lists as sessions: short lists in between are passed over, and what comes later is told so."""

from datetime import timedelta

import pytest

from gateway.adapters.profile_files import load_profile
from gateway.adapters.telegram_meter import TelegramMeter
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.dlms.obis import Obis
from gateway.core.errors import MeterGarbled, MeterRefused, MeterSilent
from gateway.core.meter_access import MeterSecrets
from runtime.errors import InputRefused
from runtime.secret import Secret
from tests.fakes_meter import NOON, FakeClock, octets, scaler_unit, structure, u16, u32
from tests.fakes_push_octets import AUTH_KEY, KEY, m_bus, notification, seal
from tests.fakes_text_lines import TalkingLine
from wire.units import Quantity

WH, W, V = 30, 27, 35
SERIAL = structure(octets(Obis.parse("0.0.96.1.0.255").octets), octets(b"84895126"))


def row(code, value, scaler, unit):
    return structure(octets(Obis.parse(code).octets), value, scaler_unit(scaler, unit))


POWER = row("1.0.1.7.0.255", u32(714), 0, W)
VOLTAGE = row("1.0.32.7.0.255", u16(2_364), -1, V)
SHORT, MIDDLE = notification(structure(POWER)), notification(structure(SERIAL, POWER, VOLTAGE))


def longest(energy_wh=261_927):
    return notification(structure(SERIAL, POWER, VOLTAGE, row("1.0.1.8.0.255", u32(energy_wh), 0, WH)))


def in_hdlc(apdu):
    return Frame(
        destination=client_address(103),
        source=server_address(logical=1, physical=17, size=2),
        kind=FrameKind.UNNUMBERED_INFORMATION,
        is_final=True,
        is_segmented=False,
        info=b"\xe6\xe7\x00" + apdu,
    ).encode()


class Listening:
    """One session with a meter that pushes, and how its port was opened."""

    def __init__(self, profile, *pieces, pause_s=1.0, **options):
        self.line, self.profile = TalkingLine(FakeClock(), *pieces, pause_s=pause_s), load_profile(profile)
        self.opened_as = []
        self.meter = TelegramMeter("/dev/han", self.profile, clock=self.line.clock, open_line=self._open, **options)

    def _open(self, _address, baud, /, *, has_parity=False):
        self.opened_as.append((baud, has_parity))
        return self.line

    def reading(self):
        return self.profile.interpret(self.meter.read_now())


def norwegian(*lists, **options):
    return Listening("han-norway", *(in_hdlc(each) for each in lists), **options)


def austrian(*lists, auth_key=None, **options):
    secrets = MeterSecrets(key=Secret(KEY), auth_key=Secret(auth_key) if auth_key else None)
    pieces = [m_bus(seal(each, control=0x20, counter=number)) for number, each in enumerate(lists)]
    return Listening("push-austria", *pieces, secrets=secrets, **options)


def test_a_list_that_names_its_meter_is_waited_for():
    session = norwegian(SHORT, SHORT, SHORT, MIDDLE)

    reading = session.reading()

    assert reading.meter_serial == "84895126"
    assert reading.value(Quantity.POWER_IMPORT_W) == 714
    assert session.line.said == []
    assert session.line.is_closed


def test_what_comes_once_an_hour_is_unread_and_no_failure():
    reading = norwegian(MIDDLE).reading()

    assert dict(reading.unread)[Quantity.ENERGY_IMPORT_WH] == (
        "not in this list; the meter sends its longest every 60 min"
    )


def test_the_hours_list_brings_the_registers():
    assert norwegian(SHORT, longest()).reading().value(Quantity.ENERGY_IMPORT_WH) == 261_927


def test_a_reading_is_no_older_than_what_was_measured_before_it_came():
    session = norwegian(SHORT, MIDDLE, pause_s=0.7)
    session.line.clock.seconds += 5

    assert session.reading().taken_at == NOON + timedelta(seconds=5)


def test_a_reading_is_as_old_as_the_list_and_not_as_the_wait_for_it():
    session = Listening("han-norway", in_hdlc(MIDDLE), pause_s=9.0)

    assert timedelta(seconds=5) <= session.reading().taken_at - NOON <= timedelta(seconds=9)


@pytest.mark.parametrize(
    ("profile", "opened_as"),
    [
        ("han-norway", (2400, True)),
        ("han-norway-kamstrup", (2400, False)),
        ("push-austria", (2400, False)),
        ("push-switzerland", (2400, True)),
        ("push-switzerland-p1", (115_200, False)),
        ("linky-tic-standard", (9600, False)),
    ],
)
def test_the_port_has_the_speed_and_the_parity_of_the_profile(profile, opened_as):
    session = Listening(profile)

    with pytest.raises(MeterSilent):
        session.meter.read_now()

    assert session.opened_as == [opened_as]


def test_without_an_authentication_key_two_lists_have_to_agree_and_prove_nobody():
    reading = austrian(longest(), longest(261_930)).reading()

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 261_930
    assert not reading.is_authenticated


def test_lists_whose_energies_disagree_leave_the_energy_unread():
    reading = austrian(*(longest(energy) for energy in (900_000, 700_000, 500_000, 300_000, 100_000))).reading()

    assert "alike" in dict(reading.unread)[Quantity.ENERGY_IMPORT_WH]
    assert reading.value(Quantity.VOLTAGE_L1_MV) == 236_400


@pytest.mark.parametrize(
    ("session", "error", "words"),
    [
        (norwegian(), MeterSilent, "says nothing"),
        (norwegian(SHORT, SHORT), MeterGarbled, "2 short lists"),
        (norwegian(seal(MIDDLE)), MeterRefused, "ciphered"),
        (Listening("han-norway", b"\x00\xff" * 90), MeterGarbled, "octets"),
    ],
)
def test_what_goes_wrong_has_a_name_and_ends_in_time(session, error, words):
    with pytest.raises(error, match=words):
        session.meter.read_now()

    assert session.line.is_closed
    assert session.line.clock.seconds < 70


def test_a_wrong_key_is_told_as_such():
    session = Listening(
        "push-switzerland",
        in_hdlc(seal(MIDDLE)),
        secrets=MeterSecrets(key=Secret(bytes(16)), auth_key=Secret(AUTH_KEY)),
    )

    with pytest.raises(MeterRefused, match="key"):
        session.meter.read_now()


def test_a_password_is_for_another_meter():
    with pytest.raises(InputRefused):
        norwegian(secrets=MeterSecrets(password=Secret(b"x")))
