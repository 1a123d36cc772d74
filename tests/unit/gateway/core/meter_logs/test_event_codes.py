"""What codes in meters' logs mean: the shipped tables, and a utility's own over them."""

import pytest

from gateway.adapters.event_code_files import load_event_codes
from gateway.core.errors import ProfileRefused
from runtime.errors import SettingsError
from wire.meter_log import MeterEventKind

OWN = """
family = "dsmr"
[logs.fraud]
46 = { kind = "other", words = "the tester's badge", cim = "3.12.24.85" }
4711 = { kind = "tamper-other", words = "seal broken" }
"""


def own(tmp_path, text, name="own.toml"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("family", "log", "code", "kind", "cim", "phase"),
    [
        ("dsmr", "standard", 1, MeterEventKind.SUPPLY_FAILED, (3, 26, 0, 85), None),
        ("dsmr", "fraud", 42, MeterEventKind.MAGNETIC_FIELD, (3, 12, 66, 242), None),
        ("dsmr", "power-failure", 0, MeterEventKind.SUPPLY_FAILED, (3, 26, 0, 85), None),
        ("idis", "disconnect", 62, MeterEventKind.DISCONNECTED, (3, 31, 26, 68), None),
        ("idis", "power-quality", 83, MeterEventKind.PHASE_LOST, (3, 26, 25, 85), 2),
        ("is-15959", "power", 101, MeterEventKind.SUPPLY_FAILED, (3, 26, 0, 85), None),
        ("is-15959", "power", 102, MeterEventKind.SUPPLY_BACK, (3, 26, 0, 216), None),
        ("is-15959", "non-rollover", 251, MeterEventKind.METER_COVER_OPENED, (3, 12, 141, 212), None),
    ],
)
def test_a_code_has_a_kind_and_a_cim_type(family, log, code, kind, cim, phase):
    meaning = load_event_codes().meaning(family, log, code)

    assert (meaning.kind, meaning.cim, meaning.phase) == (kind, cim, phase)


@pytest.mark.parametrize("code", [80, 81, 82])
def test_one_code_means_two_things_in_two_logs_of_one_meter(code):
    codes = load_event_codes()

    assert codes.meaning("dsmr", "power-quality", code).kind is MeterEventKind.VOLTAGE_HIGH
    assert codes.meaning("dsmr", "power-quality-older", code).kind is MeterEventKind.VOLTAGE_LOW


def test_a_code_no_table_names_is_kept_with_its_number():
    meaning = load_event_codes().meaning("generic", "standard", 1234)

    assert meaning.kind is MeterEventKind.OTHER
    assert meaning.words == "code 1234"
    assert meaning.cim is None


def test_the_bits_of_an_alarm_register_each_have_a_meaning():
    alarms = load_event_codes().alarms_of("dsmr", 1, 1 << 13 | 1 << 29)

    assert [(bit, meaning.kind, meaning.phase) for bit, meaning in alarms] == [
        (13, MeterEventKind.TAMPER_OTHER, None),
        (29, MeterEventKind.PHASE_LOST, 2),
    ]


def test_the_last_gasp_stands_in_the_third_alarm_register():
    ((bit, meaning),) = load_event_codes().alarms_of("dsmr", 3, 1)

    assert (bit, meaning.kind) == (0, MeterEventKind.LAST_GASP)


def test_an_alarm_bit_is_never_taken_for_the_event_code_of_the_same_number():
    ((_, meaning),) = load_event_codes().alarms_of("dsmr", 1, 1 << 5)

    assert meaning.kind is MeterEventKind.OTHER


def test_what_a_utility_says_of_a_code_stands_and_the_rest_stays(tmp_path):
    codes = load_event_codes(own(tmp_path, OWN))

    assert codes.meaning("dsmr", "fraud", 46).words == "the tester's badge"
    assert codes.meaning("dsmr", "fraud", 4711).kind is MeterEventKind.TAMPER_OTHER
    assert codes.meaning("dsmr", "standard", 46).kind is MeterEventKind.LOGIN_FAILED
    assert codes.meaning("idis", "fraud", 46).kind is MeterEventKind.LOGIN_FAILED


def test_a_folder_of_files_may_bring_families_of_its_own(tmp_path):
    own(tmp_path, OWN)
    own(tmp_path, 'family = "ours"\n[logs.any]\n7 = { kind = "other", words = "seven" }', name="z.toml")

    codes = load_event_codes(tmp_path)

    assert codes.families >= {"ours", "dsmr", "idis"}
    assert codes.meaning("ours", "standard", 7).words == "seven"
    assert codes.meaning("dsmr", "fraud", 4711).words == "seal broken"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('family = "dsmr"\nlog = 1', "log"),
        ('family = "dsmr"\n[logs.fraud]\n1 = { kind = "magic", words = "x" }', "magic"),
        ('family = "dsmr"\n[logs.fraud]\n1 = { kind = "other", words = "x", colour = "red" }', "colour"),
        ('family = "dsmr"\n[logs.fraud]\n1 = { kind = "other", words = "x", cim = "3.26" }', "3.26"),
        ('family = "dsmr"\n[logs.fraud]\n1 = { kind = "other", words = "x", cim = "3.26.0.99999" }', "99999"),
        ('family = "dsmr"\n[logs.fraud]\nforty = { kind = "other", words = "x" }', "forty"),
        ('family = "dsmr"\n[logs.fraud]\n99999999999 = { kind = "other", words = "x" }', "99999999999"),
        (
            'family = "dsmr"\n[logs.fraud]\n7 = { kind = "other", words = "x" }\n07 = { kind = "other", words = "y" }',
            "07",
        ),
        ('family = "dsmr"\n[logs.fraud]\n1 = { kind = "other", words = "" }', "words of code 1"),
        ('family = "dsmr"\n[logs.fraud]\n1 = { kind = "other", words = "a\\u001b[2Jb" }', "words of code 1"),
        (f'family = "dsmr"\n[logs.fraud]\n1 = {{ kind = "other", words = "{"x" * 121}" }}', "words of code 1"),
        ('family = "dsmr"\nlogs = 3', "logs"),
        ('family = "a family whose name nobody can carry"', "family"),
        ("[logs.fraud]", "family"),
        ("= nonsense", "TOML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_name(tmp_path, text, told):
    path = own(tmp_path, text)

    with pytest.raises(SettingsError) as refused:
        load_event_codes(path)

    assert str(path) in refused.value.where
    assert told in f"{refused.value.what} {refused.value.where} {refused.value.do}"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ProfileRefused, match="no event codes"):
        load_event_codes(tmp_path / "gone.toml")
