"""Layouts of lists that do not say what they mean: chosen by name and number, and refused where a file is wrong."""

from decimal import Decimal

import pytest

from gateway.adapters.list_layouts import load_layouts
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.push.notification import parse
from gateway.core.errors import ProfileRefused
from runtime.errors import SettingsError
from tests.fakes_meter import octets, scaler_unit, structure, u16, u32
from tests.fakes_push_octets import SENT, notification

LAYOUTS = load_layouts()
SERIAL, TYPE = octets(b"6970631402614476"), octets(b"MA304H3E")
KAIFA = octets(b"KFM_001")
POWERS = (u32(4904), u32(0), u32(0), u32(377))
KAMSTRUP = Data(DataType.VISIBLE_STRING, "Kamstrup_V0001")


def values(body, layouts=LAYOUTS):
    told = parse(notification(body), layouts)
    return {str(reading.obis): (reading.value, reading.unit) for reading in told.readings}


def test_list_1_of_the_norwegian_port_is_the_power_taken():
    assert values(structure(u32(5852))) == {"1.0.1.7.0.255": (Decimal(5852), "W")}


@pytest.mark.parametrize("body", [structure(u16(5852)), structure(u32(1), u32(2)), structure(SERIAL)])
def test_a_nameless_list_of_other_types_or_another_number_stays_unnamed(body):
    assert values(body) == {}


def test_a_kaifa_list_of_one_phase_has_its_values_in_their_places():
    found = values(structure(KAIFA, SERIAL, TYPE, *POWERS, u32(14571), u32(2193)))

    assert found["1.1.0.2.129.255"] == ("KFM_001", "")
    assert found["0.0.96.1.0.255"] == ("6970631402614476", "")
    assert found["1.0.4.7.0.255"] == (Decimal(377), "var")
    assert found["1.0.31.7.0.255"] == (Decimal("14.571"), "A")
    assert found["1.0.32.7.0.255"] == (Decimal("219.3"), "V")


def test_a_kaifa_list_of_three_phases_with_energies_has_its_values_in_their_places():
    amounts = (14571, 15643, 9525, 2193, 0, 2205)
    energies = (u32(79591144), u32(0), u32(889389), u32(3210932))

    found = values(structure(KAIFA, SERIAL, TYPE, *POWERS, *map(u32, amounts), octets(SENT), *energies))

    assert len(found) == 18
    assert found["1.0.72.7.0.255"] == (Decimal("220.5"), "V")
    assert found["0.0.1.0.0.255"] == ("2026-11-21T12:00:00+01:00", "")
    assert found["1.0.4.8.0.255"] == (Decimal(3210932), "varh")


@pytest.mark.parametrize("values_more", [0, 2])
def test_a_list_of_a_known_name_and_an_unknown_number_of_values_stays_unnamed(values_more):
    assert values(structure(KAIFA, SERIAL, TYPE, *POWERS, *[u32(1)] * values_more, NULL)) == {}


def test_a_kaifa_list_with_codes_has_its_scales():
    code, current = octets(bytes((1, 0, 0, 2, 129, 255))), octets(bytes((1, 0, 31, 7, 0, 255)))

    assert values(structure(code, KAIFA, current, u32(33813)))["1.0.31.7.0.255"] == (Decimal("33.813"), "A")


def kamstrup(meter_type, total):
    def code(*groups):
        return octets(bytes((1, 1, *groups, 255)))

    told = (
        code(96, 1, 1),
        Data(DataType.VISIBLE_STRING, meter_type),
        code(31, 7, 0),
        u32(896),
        code(1, 8, 0),
        u32(7745250),
    )
    return structure(KAMSTRUP, *told, *[NULL] * (total - 1 - len(told)))


@pytest.mark.parametrize(
    ("meter_type", "total", "current", "energy"),
    [
        ("6861111BN242101040", 35, (Decimal("8.96"), "A"), (Decimal(77452500), "Wh")),
        ("6851111BN242101040", 35, (Decimal("0.896"), "A"), (Decimal(77452500), "Wh")),
        ("6861111BN242101040", 65, (Decimal(896), ""), (Decimal(7745250), "")),
    ],
    ids=["direct", "with current transformers", "another list of the same name"],
)
def test_numbers_of_kamstrup_are_scaled_where_their_list_is_known_and_stay_raw_elsewhere(
    meter_type, total, current, energy
):
    found = values(kamstrup(meter_type, total))

    assert found["1.1.0.2.129.255"] == ("Kamstrup_V0001", "")
    assert (found["1.1.31.7.0.255"], found["1.1.1.8.0.255"]) == (current, energy)


def test_a_scaler_that_came_along_goes_before_a_layouts():
    code, current = octets(bytes((1, 0, 0, 2, 129, 255))), octets(bytes((1, 0, 31, 7, 0, 255)))

    assert values(structure(code, KAIFA, current, u32(5), scaler_unit(0, 33)))["1.0.31.7.0.255"] == (5, "A")


AUSTRIAN = (octets(bytes((1, 0, 1, 8, 0, 255))), u32(5), scaler_unit(0, 30))


def test_an_austrian_list_begins_with_its_clock_and_ends_with_its_number():
    found = values(structure(octets(SENT), *AUSTRIAN, octets(b"181220000009")))

    assert found["0.0.1.0.0.255"] == ("2026-11-21T12:00:00+01:00", "")
    assert found["0.0.96.1.0.255"] == ("181220000009", "")


@pytest.mark.parametrize(
    "body",
    [
        structure(octets(b"no clock"), *AUSTRIAN, octets(b"181220000009")),
        structure(octets(SENT), *AUSTRIAN, u32(9)),
        structure(octets(SENT), *AUSTRIAN, u32(7), octets(b"181220000009")),
        structure(octets(SENT), octets(b"181220000009")),
    ],
)
def test_what_only_looks_like_one_is_not_taken_for_one(body):
    assert "0.0.96.1.0.255" not in values(body)


def test_without_layouts_nothing_is_scaled_or_named():
    assert values(structure(u32(5852)), ()) == {}


HEAD = 'title = "a"\nsource = "b"\n'


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ('title = "a"\n', ProfileRefused, "source is missing"),
        (HEAD + "x = 1\n", ProfileRefused, "no table of a list"),
        (HEAD + "[x]\nvalue = 1\n", SettingsError, "did you mean 'values'"),
        (HEAD + "[x]\nvalues = 999\n", SettingsError, "out of range"),
        (HEAD + '[x]\norder = ["1.8"]\n', ProfileRefused, "no OBIS code"),
        (HEAD + '[x]\ntypes = ["u32"]\n', ProfileRefused, "no data type"),
        (HEAD + '[x]\nscales = ["1.0.1.8.0.255 Wh"]\n', ProfileRefused, "is no scale"),
        (HEAD + '[x]\nscales = ["1.0.1.8.0.255 0 furlong"]\n', ProfileRefused, "no unit"),
        ("[x", ProfileRefused, "not valid TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_its_name(tmp_path, text, error, why):
    (tmp_path / "lists.toml").write_text(text)

    with pytest.raises(error, match=why) as refused:
        load_layouts(tmp_path)
    assert "lists.toml" in str(refused.value)
