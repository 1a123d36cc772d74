"""What the probe's pins are connected to: the street, the plug and the capacitor.

The street does not care about a process, so this is kept over a kill, as JSON, whole and atomically.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators import state_file
from simulators.probe.hold_up import FULL_MV, HoldUp

FORMAT = 1
NOMINAL_INPUT_MV = 5_080


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The supply as sensed before the power supply, and the 5 V behind it."""

    has_supply: bool
    has_input: bool
    hold_up: HoldUp

    @classmethod
    def on_a_good_day(cls, now: datetime) -> "Inputs":
        """Supply there, plugged in, capacitor full."""
        return cls(has_supply=True, has_input=True, hold_up=HoldUp(since=now, from_mv=FULL_MV, is_charging=True))

    @property
    def input_mv(self) -> int:
        """The 5 V as measured: there only while the street is and the plug is in."""
        return NOMINAL_INPUT_MV if self.has_supply and self.has_input else 0

    def with_supply(self, has_supply: bool, at: datetime) -> "Inputs":
        """The street goes or comes."""
        return self._become(has_supply, self.has_input, at)

    def with_input(self, has_input: bool, at: datetime) -> "Inputs":
        """The plug of the 5 V is pulled or put back."""
        return self._become(self.has_supply, has_input, at)

    def _become(self, has_supply: bool, has_input: bool, at: datetime) -> "Inputs":
        hold_up = self.hold_up.turned(is_charging=has_supply and has_input, at=at)
        return Inputs(has_supply=has_supply, has_input=has_input, hold_up=hold_up)


def load(path: Path) -> Inputs | None:
    """The inputs kept at `path`, or None where there are none yet; raises InputRefused for any other file."""
    return state_file.load(path, _from_json, refusal="this is not a probe's state")


def save(inputs: Inputs, path: Path) -> None:
    """Write them so that a kill leaves the old or the new; raises EnvironmentRefused."""
    document = {
        "format": FORMAT,
        "has_supply": inputs.has_supply,
        "has_input": inputs.has_input,
        "hold_since": inputs.hold_up.since.isoformat(),
        "hold_mv": inputs.hold_up.from_mv,
        "is_charging": inputs.hold_up.is_charging,
    }
    state_file.save(document, path)


def _from_json(document: dict[str, Any]) -> Inputs:
    if document["format"] != FORMAT:
        raise ValueError("another format")
    hold_up = HoldUp(
        since=datetime.fromisoformat(document["hold_since"]).astimezone(UTC),
        from_mv=int(document["hold_mv"]),
        is_charging=bool(document["is_charging"]),
    )
    return Inputs(has_supply=bool(document["has_supply"]), has_input=bool(document["has_input"]), hold_up=hold_up)
