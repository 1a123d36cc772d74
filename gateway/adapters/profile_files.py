"""Meter profiles as files: those that come with the gateway, by name, and a person's own, by path.

A name is looked up in gateway/profiles; what ends in `.toml` is taken for a path. Inheritance is resolved here, one
parent each, from the same folder or from the profiles that come along. Every refusal names the file and the key.
"""

import difflib
from functools import cache
from pathlib import Path
from typing import Any

from gateway.core.errors import ProfileRefused, Undecodable
from gateway.core.meter_profile import MeterProfile
from gateway.core.profile_settings import ProfileSettings, inherited
from runtime.settings import from_table, read_table

SUFFIX = ".toml"
MAX_ANCESTORS = 4
_SHIPPED = Path(__file__).resolve().parent.parent / "profiles"


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the gateway."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob(f"*{SUFFIX}")))


def load_profile(name: str) -> MeterProfile:
    """The profile of this name, or in the file of this path; raises SettingsError, ProfileRefused for one unknown."""
    return _read(Path(name), name) if name.endswith(SUFFIX) else _shipped(name)


@cache
def _shipped(name: str) -> MeterProfile:
    """What came with the gateway is read once: a search for meters asks for every profile again and again."""
    return _read(_SHIPPED / f"{name}{SUFFIX}", name)


def _read(path: Path, name: str) -> MeterProfile:
    table = _table(path, name, ancestors=0)
    settings = from_table(ProfileSettings, table, path)
    try:
        return MeterProfile.of(path.stem, settings)
    except Undecodable as error:
        raise ProfileRefused(error.what, where=str(path), do=error.do) from error


def _table(path: Path, name: str, *, ancestors: int) -> dict[str, Any]:
    if ancestors > MAX_ANCESTORS:
        raise ProfileRefused(f"profiles extend one another more than {MAX_ANCESTORS} times", where=str(path))
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise _unknown(name) from error
    except OSError as error:
        raise ProfileRefused(f"cannot read the meter profile: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise ProfileRefused(f"the meter profile is not valid TOML: {error}", where=str(path)) from error
    parent = table.get("extends", "")
    if not isinstance(parent, str) or not parent:
        return table
    beside = path.parent / f"{parent}{SUFFIX}"
    parent_path = beside if beside.exists() else _SHIPPED / f"{parent}{SUFFIX}"
    return inherited(_table(parent_path, parent, ancestors=ancestors + 1), table)


def _unknown(name: str) -> ProfileRefused:
    known = profile_names()
    near = difflib.get_close_matches(name, known, n=1)
    do = f"did you mean {near[0]!r}? " if near else ""
    return ProfileRefused(
        f"there is no meter profile {name!r}", do=f"{do}known: {', '.join(known)}, or a path to a .toml"
    )
