"""The record of commands in a small file of its own: it must outlive the journal, whose loss would let a command that
was done be done again.

One that cannot be read is like none: the record is begun anew, and what was signed before that is not obeyed.
"""

from pathlib import Path

from gateway.core.command_rules import CommandRecord
from gateway.core.remembered import Forgotten, recall, remember
from runtime import logs
from runtime.durable import write_atomically
from runtime.reading import read_at_most
from wire.commands import ID_BYTES

_MAX_BYTES = 10_000

log = logs.get(__name__)


class CommandFile:
    """A `CommandMemory` at a path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> CommandRecord | None:
        try:
            record = recall(CommandRecord, read_at_most(self._path, _MAX_BYTES).decode())
            if record.under_way and len(bytes.fromhex(record.under_way)) != ID_BYTES:
                raise Forgotten("what is under way is no identity of a command")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:  # Forgotten and UnicodeDecodeError are ValueErrors
            log.warning("command_record_lost", where=str(self._path), reason=str(error))
            return None
        return record

    def keep(self, record: CommandRecord) -> None:
        write_atomically(self._path, f"{remember(record)}\n".encode())
