"""The passwords and keys of this gateway's meters, sealed at rest; and how far the counters of the keys have come.

DIR/meter-keys is one sealed file (AES-256-GCM) under a key derived from the gateway's own: copied without it, it is
noise, and a bit of it changed, it is refused. It is written by the technician's words about meters, and by the gateway
itself when a meter has taken new keys. What the gateway writes all the time, the counters, stands apart in
DIR/meter-counters.json, open to look at and secret to nobody: each under a name derived from its key and the title it
is used with, so that a key handed in again goes on where it was.
"""

import hmac
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.invocation_counter import LAST, InvocationCounter, KeptCounter
from gateway.core.meter_access import KeyExchange, MeterSecrets
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
_DELIVERY = 4
_NEW_FIELDS = {5: "key", 6: "auth_key", 7: "wrapped_key", 8: "wrapped_auth_key"}
_DO = "restore the file, or move it aside and hand the secrets in anew: lamplight-gateway meter keys"
_DO_COUNTERS = "mend it by hand; a counter that is set back gives its key away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of one meter; `delivery` is the number of the last one taken."""

    secrets: MeterSecrets = MeterSecrets()
    delivery: int = 0
    exchange: KeyExchange | None = None


_NOTHING = Kept()


class MeterKeys:
    """The secrets by the meter's number. It shows none of them. For any number of threads."""

    def __init__(self, path: Path, signer: SoftwareSigner) -> None:
        """Read them; raises InputRefused for a file that does not open, EnvironmentRefused for one open to others."""
        self._path = path
        self._cipher = AESGCM(signer.derive(b"lamplight meter keys 1"))
        self._naming = signer.derive(b"lamplight push keys 1")
        self._lock = threading.Lock()
        self._kept = self._read()

    def of(self, number: int) -> MeterSecrets:
        """The meter's secrets; none where none were handed in."""
        return self._kept.get(number, _NOTHING).secrets

    def exchange_of(self, number: int) -> KeyExchange | None:
        """The keys the meter is to take in place of those it has, if any."""
        return self._kept.get(number, _NOTHING).exchange

    def key_name(self, number: int) -> str:
        """What tells the meter's encryption key from any other, without telling it; empty where there is none."""
        key = self.of(number).key
        return "" if key is None else hmac.digest(self._naming, key.reveal(), "sha256")[:8].hex()

    def put(self, number: int, secrets: MeterSecrets) -> None:
        """Keep the secrets of a meter, in place of what was there; raises EnvironmentRefused."""
        with self._lock:
            kept = self._kept.get(number, _NOTHING)
            changed = replace(kept, secrets=secrets, exchange=None)
            if changed != kept:
                self._write({**self._kept, number: changed})

    def deliver(self, number: int, delivery: int, secrets: MeterSecrets | KeyExchange) -> None:
        """Keep what the `delivery`-th delivery brought; raises InputRefused for one that is not newer than the last."""
        with self._lock:
            kept = self._kept.get(number, _NOTHING)
            if delivery <= kept.delivery:
                what = "this delivery, or a newer one, was taken already"
                raise InputRefused(what, where=f"meter {number}", do="ask the utility to seal the keys anew")
            if isinstance(secrets, KeyExchange):
                changed = replace(kept, delivery=delivery, exchange=secrets)
            else:
                changed = Kept(secrets=secrets, delivery=delivery)
            self._write({**self._kept, number: changed})

    def complete(self, number: int) -> None:
        """The meter has taken its new keys: the old ones are forgotten; raises EnvironmentRefused."""
        with self._lock:
            self._kept = self._read()  # a technician may have written it meanwhile
            kept = self._kept.get(number, _NOTHING)
            if kept.exchange is not None:
                self._write({**self._kept, number: replace(kept, secrets=kept.exchange.secrets, exchange=None)})

    def drop(self, number: int) -> None:
        """Forget the secrets of a meter; raises EnvironmentRefused."""
        with self._lock:
            if number in self._kept:
                self._write({other: kept for other, kept in self._kept.items() if other != number})

    def _read(self) -> dict[int, Kept]:
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
            return {number: _kept_of(row) for number, row in table.items()}
        except (InvalidTag, CodecRefused, ValueError):
            what = "the meters' secrets do not open: the file is damaged, or of another gateway"
            raise InputRefused(what, where=str(self._path), do=_DO) from None

    def _write(self, kept: dict[int, Kept]) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        rows: dict[int, Value] = {number: _row(each) for number, each in kept.items()}
        plain = encode(rows)
        write_atomically(self._path, _FORMAT + nonce + self._cipher.encrypt(nonce, plain, _FORMAT), mode=_MODE)
        self._kept = kept


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


def _row(kept: Kept) -> Value:
    row: dict[int, Value] = {}
    for fields, holder in ((_FIELDS, kept.secrets), (_NEW_FIELDS, kept.exchange)):
        found = {field: getattr(holder, name, None) for field, name in fields.items()}
        row |= {field: secret.reveal() for field, secret in found.items() if secret is not None}
    return row | ({_DELIVERY: kept.delivery} if kept.delivery else {})


def _kept_of(row: dict[int, Any]) -> Kept:
    new = {name: Secret(row[field]) for field, name in _NEW_FIELDS.items() if field in row}
    return Kept(
        secrets=MeterSecrets(**{name: Secret(row[field]) for field, name in _FIELDS.items() if field in row}),
        delivery=row.get(_DELIVERY, 0),
        exchange=KeyExchange(**new) if new else None,
    )
