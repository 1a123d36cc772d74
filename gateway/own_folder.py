"""What every command and the gateway itself take from the state folder alike: its keys, and its journal opened."""

from contextlib import closing
from functools import partial
from pathlib import Path

from gateway.adapters import folder_lock, journal_file
from gateway.adapters.journal import Caps, ClockTrust, Journal
from gateway.adapters.journal_start import Generations, open_or_begin_anew
from gateway.adapters.own_keys import SIGNING_KEY, KeyFiles, OwnKeys, load_own_keys, settle
from gateway.config import GatewaySettings
from runtime.clock import Clock
from wire.record import ClockSource


def key_files(settings: GatewaySettings) -> KeyFiles:
    """Where the gateway's keys are."""
    files = settings.files
    return KeyFiles(signing=files.key, sealing=files.sealing_key, public=files.public_key)


def own_keys(settings: GatewaySettings) -> OwnKeys:
    """The gateway's keys, after a change of them that was cut off is settled. Raises LamplightError."""
    files, journal = key_files(settings), settings.files.journal
    if files.staged.exists():
        with folder_lock.held(journal.parent):
            settle(files, _announced(journal) if journal.exists() else None)
    return load_own_keys(files)


def open_own_journal(
    settings: GatewaySettings, keys: OwnKeys, clock: Clock, generations: Generations | None = None
) -> Journal:
    """The journal with its caps; raises what `Journal.open` raises, InputRefused for an older key.

    With `generations`, one that is lost or damaged is begun anew; without, there must be one.
    """
    caps = Caps(
        readings_bytes=settings.journal.readings_mb * 1_000_000,
        diagnostics_bytes=settings.journal.diagnostics_mb * 1_000_000,
        history_rows=settings.journal.history_rows,
        ballast_bytes=settings.journal.ballast_mb * 1_000_000,
    )
    source = ClockSource[settings.clock.source.upper()]
    trust = ClockTrust(source=source, uncertainty_ms=settings.clock.uncertainty_ms)
    path = settings.files.journal
    open_it = partial(Journal.open, path, keys.gateway, keys.signer, clock, caps, trust, keys.first)
    return open_it() if generations is None else open_or_begin_anew(path, keys.gateway, open_it, generations)


def _announced(journal: Path) -> str | None:
    with closing(journal_file.open_to_write(journal)) as connection:
        return journal_file.recall(connection, journal, SIGNING_KEY)
