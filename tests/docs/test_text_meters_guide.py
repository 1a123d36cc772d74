"""The page about meters that speak text: its profiles exist, and its example is one."""

import re
from pathlib import Path

from gateway.adapters.profile_files import load_profile, profile_names
from gateway.core.dlms.opto import SignOnSettings
from wire.units import Quantity

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "text-meters.md").read_text(encoding="utf-8")


def test_the_table_names_every_profile_of_a_meter_that_speaks_text():
    named = re.findall(r"^\| [^|]+ \| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE)

    assert set(named) == {name for name in profile_names() if load_profile(name).speaks_text}


def test_the_example_is_a_profile(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "own.toml").write_text(example, encoding="utf-8")

    profile = load_profile(str(tmp_path / "own.toml"))

    assert len(profile.quantities[Quantity.ENERGY_IMPORT_WH].parts) == 3


def test_the_settings_of_the_head_exist():
    named = re.findall(r"^\| `([a-z_]+)(?: = [0-9.]+)?` \|", PAGE, re.MULTILINE)

    assert set(named) <= set(SignOnSettings.__dataclass_fields__)
    assert len(named) == 4
