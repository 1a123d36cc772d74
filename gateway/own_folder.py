"""What every command and the gateway itself take from the state folder alike: its keys, and its journal opened."""

from contextlib import closing
from functools import partial
from pathlib import Path

from gateway.adapters import folder_lock, journal_file
from gateway.adapters.hardware_key import KeyKeeper
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.journal_sealing import ClockTrust
from gateway.adapters.journal_start import Generations, open_or_begin_anew
from gateway.adapters.own_keys import SIGNING_KEY, KeyFiles, OwnKeys, load_own_keys, settle, stage
from gateway.config import GatewaySettings, SigningSettings
from gateway.core.errors import JournalDamaged
from runtime import logs
from runtime.clock import Clock
from runtime.errors import EnvironmentRefused, InputRefused, LamplightError, SettingsError
from runtime.reading import read_secret
from runtime.secret import Secret
from wire.record import ClockSource

log = logs.get(__name__)


def key_files(settings: GatewaySettings) -> KeyFiles:
    """Where the gateway's keys are."""
    files = settings.files
    return KeyFiles(signing=files.key, sealing=files.sealing_key, public=files.public_key)


def keeper_named(signing: SigningSettings, word: str) -> KeyKeeper:
    """The hardware of this word, not opened yet; raises SettingsError where the settings do not say which it is."""
    # Each brings its own world along, which a gateway with its key in a file does not wait for.
    if word == "tpm2":
        from gateway.adapters.tpm_keys import TpmKeys

        return TpmKeys(signing.tpm)
    if word != "pkcs11":
        raise InputRefused(f"no hardware is called {word!r}", do="it is tpm2 or pkcs11")
    if signing.pkcs11_module is None or signing.pkcs11_pin_file is None:
        what, do = "a key behind PKCS#11 needs its module and its PIN", "set pkcs11_module and pkcs11_pin_file"
        raise SettingsError(what, where="gateway.toml: signing", do=do)
    try:
        from gateway.adapters.pkcs11_keys import Pkcs11Keys
    except ModuleNotFoundError as error:
        do = "pip install 'lamplight[pkcs11]'"
        raise EnvironmentRefused("python-pkcs11 is not installed", do=do) from error
    return Pkcs11Keys(signing.pkcs11_module, signing.pkcs11_token, _pin(signing.pkcs11_pin_file))


def own_keys(settings: GatewaySettings) -> OwnKeys:
    """The gateway's keys, after a change of them that was cut off is settled. Raises LamplightError."""
    files, journal = key_files(settings), settings.files.journal
    if files.staged.exists():
        with folder_lock.held(journal.parent):
            settle_keys(settings, _announced(journal) if journal.exists() else None)
    return load_own_keys(files, lambda word: keeper_named(settings.signing, word))


def change_key(settings: GatewaySettings, keys: OwnKeys, journal: Journal) -> tuple[str, int]:
    """Sign with a new key from now on, made where the settings say: its id, and the alarm that announces it.

    The folder's lock must be held. Raises LamplightError, and then the old key goes on, unless the new one is announced
    already: that change is finished by the next start.
    """
    word = settings.signing.keeper
    keeper = None if word == "file" else keeper_named(settings.signing, word)
    settle_keys(settings, journal.recall(SIGNING_KEY))
    new = stage(key_files(settings), keys, word, keeper)
    new_id, alarm = new.public.key_id.hex(), journal.change_key(new)
    settle_keys(settings, new_id)
    return new_id, alarm


def settle_keys(settings: GatewaySettings, announced: str | None) -> None:
    """End a change of keys as the journal has it, and erase the key that hardware then holds for nobody."""
    idle = settle(key_files(settings), announced)
    if idle is None:
        return
    try:
        keeper_named(settings.signing, idle.keeper).forget(idle.public)
    except LamplightError as error:  # it signs nothing that is believed: room is lost, and nothing else
        log.warning("old_key_not_erased", keeper=idle.keeper, key_id=idle.public.key_id.hex(), reason=str(error))


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
    """The key that the journal was changed to last; none in one that is lost, for what it held was never sent."""
    try:
        with closing(journal_file.open_to_write(journal)) as connection:
            return journal_file.recall(connection, journal, SIGNING_KEY)
    except JournalDamaged:
        return None


def _pin(file: Path) -> Secret:
    try:
        return Secret(read_secret(file).strip())
    except OSError as error:
        do = "write the PIN there, and chmod 600 it"
        raise EnvironmentRefused(f"cannot read the PIN: {error.strerror}", where=str(file), do=do) from error
