"""Which lines are off or mute: a dead spot does not end with the process that plays it, so it is kept over a kill."""

import json
from collections.abc import Mapping
from pathlib import Path

from runtime.durable import write_atomically
from runtime.errors import InputRefused
from runtime.reading import read_at_most
from simulators.uplink.relay import State

_MAX_BYTES = 100_000


def load(path: Path) -> dict[str, State]:
    """The states kept at `path` by the line's name, none where there is no file; InputRefused for any other file."""
    try:
        document = json.loads(read_at_most(path, _MAX_BYTES))
        return {str(name): State(state) for name, state in document["lines"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputRefused(
            "these are no lines' states", where=str(path), do="remove the file, or name another with --state"
        ) from error


def save(states: Mapping[str, State], path: Path) -> None:
    """Write them so that a kill leaves the old or the new; raises EnvironmentRefused."""
    document = {"lines": {name: state.value for name, state in states.items()}}
    write_atomically(path, json.dumps(document).encode())
