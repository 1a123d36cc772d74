"""The passwords and keys of this gateway's meters, sealed at rest; and how far the counters of the keys have come.

DIR/meter-keys is one sealed file (AES-256-GCM) under a key derived from the gateway's own: copied without it, it is
noise, and a bit of it changed, it is refused. It is written by `meter add` and `meter remove` alone. What the gateway
writes while it runs, the counters, stands apart in DIR/meter-counters.json, open to look at and secret to nobody: each
under a name derived from its key and the title it is used with, so that a key handed in again goes on where it was.
"""

import hmac
import json
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.invocation_counter import LAST, InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_at_most, read_secret
from runtime.secret import Secret
from wire.codec import Value, decode, encode
from wire.keys import SoftwareSigner
from wire.refusals import CodecRefused

_FORMAT = b"LMK1"
_NONCE_BYTES = 12
_MODE = 0o600
_MAX_BYTES = 100_000
_FIELDS = {1: "password", 2: "key", 3: "auth_key"}
_DO = "restore the file, or move it aside and hand the secrets in anew: lamplight-gateway meter keys"
_DO_COUNTERS = "mend it by hand; a counter that is set back gives its key away"


class MeterKeys:
    """The secrets by the meter's number. It shows none of them."""

    def __init__(self, path: Path, signer: SoftwareSigner) -> None:
        """Read them; raises InputRefused for a file that does not open, EnvironmentRefused for one open to others."""
        self._path = path
        self._cipher = AESGCM(signer.derive(b"lamplight meter keys 1"))
        self._secrets = self._read()

    def of(self, number: int) -> MeterSecrets:
        """The meter's secrets; none where none were handed in."""
        return self._secrets.get(number, MeterSecrets())

    def put(self, number: int, secrets: MeterSecrets) -> None:
        """Keep the secrets of a meter, in place of what was there; raises EnvironmentRefused."""
        if secrets != self.of(number):
            self._write({**self._secrets, number: secrets})

    def drop(self, number: int) -> None:
        """Forget the secrets of a meter; raises EnvironmentRefused."""
        if number in self._secrets:
            self._write({other: secrets for other, secrets in self._secrets.items() if other != number})

    def _read(self) -> dict[int, MeterSecrets]:
        try:
            octets = read_secret(self._path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            what = f"cannot read the meters' secrets: {error.strerror}"
            raise EnvironmentRefused(what, where=str(self._path)) from error
        nonce, sealed = octets[len(_FORMAT) :][:_NONCE_BYTES], octets[len(_FORMAT) + _NONCE_BYTES :]
        try:
            if not octets.startswith(_FORMAT):
                raise ValueError("another format")
            table: Any = decode(self._cipher.decrypt(nonce, sealed, _FORMAT))
            return {number: _secrets(row) for number, row in table.items()}
        except (InvalidTag, CodecRefused, ValueError):
            what = "the meters' secrets do not open: the file is damaged, or of another gateway"
            raise InputRefused(what, where=str(self._path), do=_DO) from None

    def _write(self, secrets: dict[int, MeterSecrets]) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        rows: dict[int, Value] = {number: _row(each) for number, each in secrets.items()}
        plain = encode(rows)
        write_atomically(self._path, _FORMAT + nonce + self._cipher.encrypt(nonce, plain, _FORMAT), mode=_MODE)
        self._secrets = secrets


class CounterBook:
    """How far each key's counter has come under each title, in one small file. For any number of threads."""

    def __init__(self, path: Path, signer: SoftwareSigner) -> None:
        """Read it; raises InputRefused where it makes no sense, EnvironmentRefused where it cannot be read."""
        self._path = path
        self._naming = signer.derive(b"lamplight meter counters 1")
        self._lock = threading.Lock()
        self._counters = self._read()

    def counter(self, title: bytes, key: Secret) -> InvocationCounter:
        """The counter of this key where we are `title`, as it was left; to be had once for each title."""
        name = hmac.digest(self._naming, title + key.reveal(), "sha256")[:8].hex()
        keep: Callable[[KeptCounter], None] = partial(self._keep, name)
        return InvocationCounter(self._counters.get(name, KeptCounter()), keep)

    def _keep(self, name: str, kept: KeptCounter) -> None:
        with self._lock:
            counters = {**self._counters, name: kept}
            rows = {name: {"reserved": each.reserved, "told": each.told} for name, each in counters.items()}
            write_atomically(self._path, f"{json.dumps(rows, indent=2)}\n".encode(), mode=_MODE)
            self._counters = counters

    def _read(self) -> dict[str, KeptCounter]:
        try:
            rows = json.loads(read_at_most(self._path, _MAX_BYTES))
            return {name: _kept(row) for name, row in rows.items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise EnvironmentRefused(f"cannot read the counters: {error.strerror}", where=str(self._path)) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputRefused("these are no counters", where=str(self._path), do=_DO_COUNTERS) from error


def _kept(row: Any) -> KeptCounter:
    for value in (row["reserved"], row["told"]):
        if type(value) is not int or not 0 <= value <= LAST:
            raise ValueError("no counter")
    return KeptCounter(reserved=row["reserved"], told=row["told"])


def _row(secrets: MeterSecrets) -> Value:
    found = {field: getattr(secrets, name) for field, name in _FIELDS.items()}
    return {field: secret.reveal() for field, secret in found.items() if secret is not None}


def _secrets(row: dict[int, bytes]) -> MeterSecrets:
    return MeterSecrets(**{_FIELDS[field]: Secret(octets) for field, octets in row.items()})
