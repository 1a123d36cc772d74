"""What the simulated meter says as text, held against what it counts, by the gateway's own readers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Protection
from gateway.core.telegrams import p1, readout, tic
from runtime.secret import Secret
from simulators.meter import telegrams
from simulators.meter.readout_port import ReadoutPort
from simulators.meter.security import Keys
from simulators.meter.talker import LANGUAGES, Talker
from tests.fakes_simulators import NOW, a_life, moment
from tests.fakes_telegrams import readings_of, seven_bit

KEY, AUTH_KEY = Secret(bytes(range(16))), Secret(bytes(range(16, 32)))


def test_a_telegram_of_version_5_tells_two_tariffs_voltages_and_failures():
    life = a_life(phases=3)

    (push,) = p1.read_telegrams(telegrams.dsmr5(life, NOW))

    readings = readings_of(push)
    assert push.proof is Proof.CRC16
    assert readings["1.0.1.8.1.255"] + readings["1.0.1.8.2.255"] == life.energy_import_wh(NOW)
    assert readings["1.0.72.7.0.255"] == Decimal(f"{life.voltage_v(3, NOW):.1f}")
    assert push.set_aside == 1  # its birth


def test_a_telegram_of_version_2_has_no_crc():
    (push,) = p1.read_telegrams(telegrams.dsmr2(a_life(), NOW))

    assert push.proof is Proof.NONE
    assert readings_of(push)["0.0.96.3.10.255"] == Decimal(1)


@pytest.mark.parametrize(
    ("frame", "kind"), [(telegrams.tic_historic, "tic-historic"), (telegrams.tic_standard, "tic-standard")]
)
def test_every_group_of_a_tic_frame_is_sound(frame, kind):
    life = a_life()

    (push,) = tic.read_telegrams(seven_bit(frame(life, NOW)))

    assert (push.kind, push.set_aside) == (kind, 0)
    assert readings_of(push)["1.0.1.8.0.255"] == life.energy_import_wh(NOW)


def test_a_readout_tells_the_same():
    life = a_life()

    (push,) = readout.read_telegrams(telegrams.readout(life, NOW))

    assert readings_of(push)["1.0.1.8.0.255"] == life.energy_import_wh(NOW)
    assert readings_of(push)["0.0.96.1.0.255"] == life.history.serial


def test_a_sealed_telegram_opens_by_its_keys_and_never_repeats_a_counter():
    talker = Talker(a_life(), LANGUAGES["p1"], title=b"LMP00001", keys=Keys(encryption=KEY, authentication=AUTH_KEY))

    first, second = talker.says(moment()), talker.says(moment())

    (push,) = p1.read_telegrams(first, PushKeys(key=KEY, auth_key=AUTH_KEY))
    assert push.protection is Protection.CHECKED
    assert first[14:18] != second[14:18]


class TestReadoutPort:
    """The meter's end of mode C."""

    def port(self):
        return ReadoutPort(address="LMP10000001", fastest_baud=9600, block=lambda _at: b"\x02block\x03x")

    def say(self, port, text, mono_s=1_000.0):
        return [
            (bytes(o & 0x7F for o in said.octets), said.baud) for said in port.feed(seven_bit(text), moment(mono_s))
        ]

    def test_it_identifies_itself_and_reads_out_at_the_speed_that_was_chosen(self):
        port = self.port()

        assert self.say(port, b"/?!\r\n") == [(b"/LMP5LAMPSIM01\r\n", 300)]
        assert self.say(port, b"\x06050\r\n") == [(b"\x02block\x03x", 9600)]
        assert port.baud_at(1_000.5) == 9600

    def test_it_repeats_its_block_and_takes_leave(self):
        port = self.port()
        self.say(port, b"/?!\r\n")
        self.say(port, b"\x06050\r\n")

        assert self.say(port, b"\x15") == [(b"\x02block\x03x", 9600)]
        assert self.say(port, b"\x01B0\x03q") == []
        assert port.baud_at(1_000.5) == 300

    def test_it_falls_back_by_itself(self):
        port = self.port()
        self.say(port, b"/?!\r\n")
        self.say(port, b"\x06050\r\n")

        assert port.baud_at(1_000.0 + timedelta(seconds=30).total_seconds()) == 300

    @pytest.mark.parametrize("words", [b"/?OTHER!\r\n", b"\x06050\r\n", b"hello\r\n", b"/?!\r"])
    def test_what_is_not_for_it_is_met_with_silence(self, words):
        assert self.say(self.port(), words) == []

    def test_a_character_of_wrong_parity_spoils_the_message(self):
        octets = bytearray(seven_bit(b"/?!\r\n"))
        octets[1] ^= 0x80

        assert self.port().feed(bytes(octets), moment()) == []
