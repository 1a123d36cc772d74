"""The pages about meters: one for each profile, with its codes, and with what is proved told from what is not."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.list_layouts import load_layouts
from gateway.adapters.profile_files import load_profile, profile_names
from gateway.core.dlms.push.capture import read_capture
from gateway.core.meter_access import Authentication
from gateway.core.meter_profile import MeterProfile
from gateway.core.push.snapshot import snapshot_of
from tests import captures
from wire.units import Quantity

FOLDER = Path(__file__).parents[2] / "docs" / "meters"
INDEX = (FOLDER / "index.md").read_text(encoding="utf-8")
ROWS = {
    row[0]: row
    for row in re.findall(
        r"^\| \[([a-z0-9-]+)\]\([a-z0-9-]+\.md\) \| (.*) \| (.*) \| (.*) \| (.*) \|$", INDEX, re.MULTILINE
    )
}


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading; empty where there is none."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].strip()


def codes_of(profile: MeterProfile) -> set[str]:
    """Every logical name the profile asks for or looks for."""
    places = [*profile.values, *(log.buffer for log in profile.logs)]
    codes = {str(place.obis) for place in places}
    load = profile.load_profile
    if load is not None:
        codes |= {str(load.buffer.obis), *(str(column.obis) for column in load.columns)}
        codes |= {str(load.status_obis)} if load.status_obis else set()
    has_keys = profile.access.authentication is Authentication.HLS_GMAC
    return codes | ({str(profile.access.counter.obis)} if has_keys else set())


def test_every_profile_has_a_page_and_every_page_a_profile() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} - {"index"} == set(profile_names())


@pytest.mark.parametrize("name", profile_names())
def test_a_page_shows_every_code_of_its_profile(name: str) -> None:
    assert {code for code in codes_of(load_profile(name)) if f"`{code}`" not in page(name)} == set()


@pytest.mark.parametrize("name", profile_names())
def test_a_page_tells_what_is_proved_from_what_is_not(name: str) -> None:
    text = page(name)

    assert section(text, "Proved with real bytes")
    assert section(text, "From documents")


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_that_says_it_is_from_documents_claims_no_proof(name: str) -> None:
    says_so = "from documents" in load_profile(name).title

    proof = section(page(name), "Proved with real bytes")

    assert not says_so or proof.startswith("Nothing")
    assert not proof.startswith("Nothing") or ROWS[name][3] != "yes"


@pytest.mark.parametrize("name", profile_names())
def test_no_profile_that_asks_over_dlms_claims_a_proof(name: str) -> None:
    assert load_profile(name).tells_itself or ROWS[name][3] in ("no", "simulated")


@pytest.mark.parametrize("name", profile_names())
def test_a_page_shows_the_words_that_read_its_meter(name: str) -> None:
    assert f"lamplight-gateway read PORT --profile {name}" in page(name)


def test_the_index_names_every_profile() -> None:
    assert set(ROWS) == set(profile_names())


def test_what_is_not_supported_is_said() -> None:
    unsupported = section(INDEX, "What is not supported")

    for name in ("C12.18", "C12.19", "C12.22", "NBR 14522", "wireless M-Bus", "SML", "suites 1 and 2"):
        assert name in unsupported


CAPTURES = {capture["id"]: capture for capture in captures.load()}
KAMSTRUP = "amshan-kamstrup-no_list_2_single_phase_real_sample"
PROOFS = [
    ("han-norway", "amshan-aidon-no_list_2", Quantity.POWER_IMPORT_W, 280),
    ("han-norway", "amshan-kaifa-no_list_3", Quantity.ENERGY_IMPORT_WH, 79_591_144),
    ("han-norway", "dlmsparser-hdlc_norway_han_1phase", Quantity.VOLTAGE_L1_MV, 250_000),
    ("han-norway-kamstrup", KAMSTRUP, Quantity.ENERGY_IMPORT_WH, 77_452_500),
    ("push-austria", "dlmsparser-mbus_netz_noe_p1", Quantity.ENERGY_IMPORT_WH, 12_937),
    ("push-austria", "dlmsparser-raw_salzburg_netz", Quantity.ENERGY_IMPORT_WH, 1_327_456),
    ("push-switzerland-p1", "dlmsparser-hdlc_iskra550", Quantity.ENERGY_IMPORT_WH, 261_927),
    ("p1-dsmr2", "dsmr-telegram_v2_2", Quantity.ENERGY_IMPORT_WH, 2_002),
    ("p1-dsmr5", "dsmr-telegram_v5", Quantity.ENERGY_IMPORT_WH, 6_825),
    ("p1-fluvius", "dsmr-telegram_fluvius_v171", Quantity.ENERGY_IMPORT_WH, 15_792),
    ("p1-total", "amshan-dlde-example_data_a_landisgyr_360", Quantity.ENERGY_IMPORT_WH, 896_020),
    ("p1-total", "amshan-dlde-example_data_c", Quantity.ENERGY_IMPORT_WH, 1_605_055),
    ("p1-total", "dsmr-telegram_sagemcom_t210_d_r", Quantity.ENERGY_IMPORT_WH, 6_545_766),
    ("p1-total", "dsmr-telegram_esy5q3db1024_v304", Quantity.ENERGY_IMPORT_WH, 52_185_783),
]


@pytest.mark.skipif(not CAPTURES, reason="LAMPLIGHT_DATA names no captures")
@pytest.mark.parametrize(("name", "capture", "quantity", "value"), PROOFS, ids=str)
def test_a_proof_that_is_claimed_holds(name: str, capture: str, quantity: Quantity, value: int) -> None:
    kept, profile = CAPTURES[capture], load_profile(name)

    (push, *_) = read_capture(captures.octets(kept), captures.keys(kept), load_layouts())

    reading = profile.interpret(snapshot_of(push, profile, datetime(2026, 11, 21, tzinfo=UTC)))
    assert reading.value(quantity) == value
    assert reading.meter_serial


def test_whatever_is_called_proved_has_a_proof() -> None:
    assert {name for name, row in ROWS.items() if row[3] == "yes"} == {name for name, *_ in PROOFS}
