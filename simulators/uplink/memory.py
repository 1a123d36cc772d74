"""Which lines are off or mute: a dead spot does not end with the process that plays it, so it is kept over a kill."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators import state_file
from simulators.uplink.relay import State


def load(path: Path) -> dict[str, State]:
    """The states kept at `path` by the line's name, none where there is no file; InputRefused for any other file."""
    return state_file.load(path, _from_json, refusal="these are no lines' states") or {}


def save(states: Mapping[str, State], path: Path) -> None:
    """Write them so that a kill leaves the old or the new; raises EnvironmentRefused."""
    state_file.save({"lines": {name: state.value for name, state in states.items()}}, path)


def _from_json(document: dict[str, Any]) -> dict[str, State]:
    return {str(name): State(state) for name, state in document["lines"].items()}
