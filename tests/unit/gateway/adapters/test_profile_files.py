"""Meter profiles as files."""

import pytest

from gateway.adapters.profile_files import MAX_ANCESTORS, load_profile, profile_names
from gateway.core.errors import ProfileRefused
from runtime.errors import SettingsError
from wire.units import Quantity

OWN = """
title = "own"
extends = "cosem-meter"
[supply]
phases = 1
"""


@pytest.fixture
def own(tmp_path):
    """Write a profile beside others and load it by its path."""

    def write_and_load(text, name="own"):
        file = tmp_path / f"{name}.toml"
        file.write_text(text)
        return load_profile(str(file))

    return write_and_load


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_that_comes_along_loads_and_asks_for_what_a_verdict_needs(name):
    profile = load_profile(name)

    assert profile.name == name
    needed = {Quantity.ENERGY_IMPORT_WH, Quantity.VOLTAGE_L1_MV, Quantity.POWER_FAILURES}
    assert profile.tells_itself or needed <= profile.quantities.keys()
    assert profile.tells_itself or profile.load_profile is not None
    assert Quantity.ENERGY_IMPORT_WH in profile.quantities


def test_a_child_says_only_what_is_different():
    parent, child = load_profile("cosem-meter"), load_profile("cosem-meter-optical")

    assert (parent.line.sign_on, child.line.sign_on) == ("none", "mode-e")
    assert parent.quantities == child.quantities


def test_an_own_profile_extends_one_that_comes_along(own):
    profile = own(OWN)

    assert (profile.name, profile.supply.phases) == ("own", 1)
    assert profile.quantities == load_profile("cosem-meter").quantities


def test_an_own_parent_beside_the_file_comes_first(own):
    own(OWN.replace('"own"', '"mine"'), name="cosem-meter-mine")

    profile = own('title = "child"\nextends = "cosem-meter-mine"')

    assert profile.supply.phases == 1


def test_an_unknown_name_is_refused_with_the_nearest_and_all_there_are():
    with pytest.raises(ProfileRefused, match="did you mean 'lamplight-sim'") as refused:
        load_profile("lamplite-sim")

    assert all(name in refused.value.do for name in profile_names())


def test_a_path_that_leads_nowhere_is_refused():
    with pytest.raises(ProfileRefused, match=r"no meter profile '/no/such\.toml'"):
        load_profile("/no/such.toml")


def test_an_unknown_parent_is_refused_by_its_name(own):
    with pytest.raises(ProfileRefused, match="no meter profile 'cosem-metre'"):
        own('title = "own"\nextends = "cosem-metre"')


def test_profiles_that_extend_one_another_in_a_ring_are_refused(own):
    with pytest.raises(ProfileRefused, match=f"more than {MAX_ANCESTORS} times"):
        own('title = "own"\nextends = "own"')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title = ", "not valid TOML"),
        (OWN + "[quantites]", "did you mean 'quantities'"),
        (OWN + "fuse_ratng_a = 3", "did you mean 'fuse_rating_a'"),
        (OWN + "fuse_rating_a = 0", "out of range"),
        (OWN + '[line]\nsign_on = "mode-f"', "did you mean 'mode-e'"),
        ('title = "own"', "'serial' is missing|class_id"),
        (OWN + "[link]\naddress_bytes = 3", "1, 2 or 4"),
        (OWN + '[load_profile]\nobis = "1.8"', "no OBIS code"),
        (OWN + '[quantities.power_import_w]\nobis = "1.0.1.7.0.255"\nscaler = 1000000000', "scaler.*-128 to 127"),
        (OWN + '[quantities.power_import_w]\nobis = "1.0.1.7.0.255"\nclass_id = 99999', "class_id.*1 to 65535"),
        (OWN + "[line]\nbaud = 99999999999", "baud.*300 to 921600"),
        (OWN.replace("[supply]", 'absent = ["power"]\n[supply]'), "'power' is no quantity"),
        (OWN + '[logs."a\\nb"]\nobis = "0.0.99.98.0.255"', "no name of a log"),
        (OWN + "".join(f'[logs.l{n}]\nobis = "0.0.99.98.0.255"\n' for n in range(33)), "more than 32 logs"),
        (OWN + f'[alarms]\nfamily = "idis"\nregisters = {["0.0.97.98.0.255"] * 17}', "more than 16 alarm"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(own, text, why):
    with pytest.raises(SettingsError, match=why) as refused:
        own(text)

    assert "own.toml" in refused.value.where


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "own.toml"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(ProfileRefused, match="not valid TOML"):
        load_profile(str(file))


def test_a_folder_is_no_profile(tmp_path):
    (tmp_path / "own.toml").mkdir()

    with pytest.raises(ProfileRefused, match="cannot read"):
        load_profile(str(tmp_path / "own.toml"))
