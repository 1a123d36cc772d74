"""Tables of event codes as files: those that come with the gateway, and a utility's own, laid over them.

A utility names a file, or a folder of files; each says in `family` which meters it is about. What it does not say stays
as it came. An unknown key, a code that is no number or a type that is none is refused with its file.
"""

from functools import cache
from pathlib import Path

from gateway.core.errors import ProfileRefused, Undecodable
from gateway.core.meter_logs.event_codes import EventCodes, FamilySettings, event_codes
from gateway.core.meter_profile import MeterProfile
from runtime.settings import load

_SHIPPED = Path(__file__).resolve().parent.parent / "profiles" / "event_codes"
MAX_FILES = 64


def load_event_codes(own: Path | None = None) -> EventCodes:
    """The tables that come along, under a utility's own; raises SettingsError, ProfileRefused."""
    return _shipped() if own is None else _of_files(_files(own)).over(_shipped())


def check_families(profile: MeterProfile, codes: EventCodes) -> None:
    """Raise ProfileRefused where a log of the profile is of a family that no table is about."""
    families = {f"log {log.name}": log.family for log in profile.logs}
    if profile.alarms is not None:
        families["the alarms"] = profile.alarms.family
    for place, family in families.items():
        if family not in codes.families:
            known = ", ".join(sorted(codes.families))
            what = f"{place} of meter profile {profile.name}: family {family!r} has no codes"
            raise ProfileRefused(what, do=f"known: {known}; or name a file of your own in [meter] event_codes")


@cache
def _shipped() -> EventCodes:
    return _of_files(sorted(_SHIPPED.glob("*.toml")))


def _files(own: Path) -> list[Path]:
    if not own.exists():
        raise ProfileRefused("there are no event codes", where=str(own), do="name a .toml, or a folder of them")
    files = sorted(own.glob("*.toml")) if own.is_dir() else [own]
    if not 0 < len(files) <= MAX_FILES:
        raise ProfileRefused(f"{len(files)} files of event codes", where=str(own), do=f"give 1 to {MAX_FILES}")
    return files


def _of_files(files: list[Path]) -> EventCodes:
    codes = EventCodes(meanings={}, families=frozenset())
    for file in files:
        try:
            codes = event_codes([load(FamilySettings, file)]).over(codes)
        except Undecodable as error:
            raise ProfileRefused(error.what, where=str(file), do=error.do) from error
    return codes
