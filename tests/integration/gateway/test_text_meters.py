"""Meters that speak text, as processes on a pty at their pace, read through the door every meter is read through."""

import json

import pytest

from gateway.adapters.profile_files import load_profile
from gateway.adapters.telegram_meter import TelegramMeter
from gateway.core.errors import MeterRefused
from gateway.core.meter_access import MeterSecrets
from runtime.clock import SystemClock
from runtime.secret import Secret
from tests.integration.simulators.players import playing
from wire.units import Quantity

KEY = bytes(range(16))


def read(meter, profile_name, secrets=None):
    profile = load_profile(profile_name)
    session = TelegramMeter(str(meter.link), profile, clock=SystemClock(), secrets=secrets or MeterSecrets())
    return profile.interpret(session.read_now())


def shown(meter):
    return meter.tell("status")["energy_import_wh"]


@pytest.mark.parametrize(
    ("language", "profile"),
    [
        ("p1", "p1-dsmr5"),
        ("p1-old", "p1-dsmr2"),
        ("tic-historic", "linky-tic-historic"),
        ("mode-c", "iec62056-21-mode-c"),
    ],
)
def test_each_language_tells_what_the_meter_shows(tmp_path, language, profile):
    with playing("meter", tmp_path, "--speak", language) as meter:
        before = shown(meter)

        reading = read(meter, profile)

        assert reading.meter_serial.endswith("LMP10000001")
        assert before <= reading.value(Quantity.ENERGY_IMPORT_WH) <= shown(meter)


def test_the_command_reads_a_linky_for_a_program(tmp_path, terminal):
    with playing("meter", tmp_path, "--speak", "tic-standard") as meter:
        words = ("read", meter.link, "--profile", "linky-tic-standard", "--json")

        done = terminal.run("lamplight-gateway", *words)

        facts = json.loads(done.out)
        assert done.status == 0
        assert facts["meter_serial"] == "0LMP10000001"
        assert facts["values"]["disconnector"] == "closed"
        assert facts["values"]["voltage_l1_mv"] > 200_000


def test_a_sealed_port_opens_by_the_key_and_by_no_other(tmp_path):
    (tmp_path / "key").write_text(KEY.hex())
    (tmp_path / "key").chmod(0o600)
    with playing("meter", tmp_path, "--speak", "p1", "--speak-key", f"file:{tmp_path / 'key'}") as meter:
        reading = read(meter, "p1-dsmr5", MeterSecrets(key=Secret(KEY)))

        assert reading.meter_serial == "LMP10000001"
        with pytest.raises(MeterRefused, match="ciphered"):
            read(meter, "p1-dsmr5")
