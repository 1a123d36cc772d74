"""What a simulator remembers of its world over a kill: one JSON file, named by `--state`.

The street, a plug or a dead spot do not care about a process, so a simulator that is killed goes on where it was. In
comes what it holds, as a JSON value, before the command that changed it is answered; out goes the same at its next
start. Written, it is whole: a kill or a power cut leaves the old or the new. Refused is every file that is not of its
kind, however it may be broken, because a meter or a probe that forgot would tell another story.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from runtime.durable import write_atomically
from runtime.errors import InputRefused
from runtime.reading import read_at_most

T = TypeVar("T")


def load(path: Path, read: Callable[[Any], T], *, refusal: str, most_bytes: int = 100_000) -> T | None:
    """What `read` makes of the value kept at `path`; None where there is no file yet.

    Raises InputRefused, with `refusal` as its words, for a file that cannot be read or that `read` takes exception to.
    """
    try:
        return read(json.loads(read_at_most(path, most_bytes)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        do = "remove the file, or name another with --state"
        raise InputRefused(refusal, where=str(path), do=do) from error


def save(document: object, path: Path) -> None:
    """Keep a JSON value at `path`; raises EnvironmentRefused."""
    write_atomically(path, json.dumps(document, indent=1).encode())
