"""The broker's folder: who may enter, what a running broker keeps, and how it learns of a change; and the authority's.

    passwords   who may enter, hashed; written whole from the registry whenever it changes
    acl         who may say and hear what
    ingest      the cloud's own password, readable by its owner only
    running     locked by the broker while it runs

Where certificates open the broker, who signs them has a folder of its own:

    ca.pem      its certificate; every gateway gets it with its enrolment
    ca-key.pem  its private key, readable by its owner only
    broker.pem  the broker's key and certificate, for the name gateways reach it by
    ingest.pem  the cloud's own key and certificate as a client of the broker
    crl.pem     which certificates are believed no more

A broker keeps `running` locked to its death, across the exec that turns it into mosquitto. So a second broker on the
same folder is refused, and whoever changes the passwords can ask the kernel which process to tell, if any: no file of
process numbers can grow stale.
"""

import fcntl
import os
import signal
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud.broker import passwords, permissions
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused
from runtime.reading import read_secret

_LOCK: Final = struct.Struct("hhqqi")  # struct flock: type, whence, start, length, holder's process number


@dataclass(frozen=True, slots=True)
class AuthorityFolder:
    """The files of who signs the certificates that open the broker."""

    path: Path

    @property
    def certificate(self) -> Path:
        return self.path / "ca.pem"

    @property
    def key(self) -> Path:
        return self.path / "ca-key.pem"

    @property
    def broker(self) -> Path:
        return self.path / "broker.pem"

    @property
    def ingest(self) -> Path:
        return self.path / "ingest.pem"

    @property
    def revoked(self) -> Path:
        return self.path / "crl.pem"


@dataclass(frozen=True, slots=True)
class BrokerFolder:
    """The files of one broker."""

    path: Path

    @property
    def passwords(self) -> Path:
        return self.path / "passwords"

    @property
    def acl(self) -> Path:
        return self.path / "acl"

    @property
    def ingest_password(self) -> Path:
        return self.path / "ingest"

    @property
    def running(self) -> Path:
        return self.path / "running"

    def create(self) -> None:
        """Make the folder with a password for ingest and no gateway."""
        self.path.mkdir(mode=0o700)
        write_atomically(self.ingest_password, passwords.new_password().encode())
        self.write_access({})

    def write_access(self, gateway_hashes: Mapping[str, str], shut_out: Iterable[str] = ()) -> None:
        """Let exactly these gateways in by password, and ingest; those `shut_out` may nothing, however they came in."""
        hashes = {permissions.INGEST_USER: passwords.hashed(self.read_ingest_password()), **gateway_hashes}
        write_atomically(self.acl, permissions.acl_file(shut_out).encode())
        write_atomically(self.passwords, passwords.password_file(hashes).encode())

    def read_ingest_password(self) -> str:
        """The cloud's own password; raises EnvironmentRefused when it is gone."""
        try:
            return read_secret(self.ingest_password).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentRefused(
                "the cloud's password for the broker cannot be read",
                where=str(self.ingest_password),
                do="restore the state folder from a copy",
            ) from error

    def claim(self) -> None:
        """Be the one broker of this folder until this process ends, whatever program it turns into.

        Raises: EnvironmentRefused when a broker runs already.
        """
        descriptor = os.open(self.running, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            os.close(descriptor)
            raise EnvironmentRefused(
                "a broker already runs on this folder", where=str(self.path), do="stop it first, or use it"
            ) from error
        os.set_inheritable(descriptor, True)  # never closed: the lock lives as long as the process

    def tell_running_broker(self) -> bool:
        """Let a running broker read its files anew; whether there was one."""
        try:
            descriptor = os.open(self.running, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        finally:
            os.close(descriptor)
        kind, _, _, _, holder = _LOCK.unpack(answer)
        if kind == fcntl.F_UNLCK:
            return False
        os.kill(holder, signal.SIGHUP)
        return True
