"""The state folder: everything the cloud keeps, in one place that is made whole or not at all.

cloud.toml        settings, commented
receipt-key.pem   the key receipts are signed with, readable by its owner only
receipt.pub.pem   its public half; every gateway gets it with its enrolment
command-keys/     what signs orders to gateways, readable by their owner only; one of them belongs elsewhere
access-token      what opens the page, readable by its owner only
customer-key      what customers' own links are made with, readable by its owner only
lamplight.sqlite  the database
tariffs/          what homes are billed with, a file each; empty at first (`tariff add`)
programmes/       the utility's own programmes of assistance, besides ours; empty at first
broker/           the broker's passwords, permissions and queue
authority/        who signs certificates, where these open the broker; made when it is first needed
serving           locked by `serve` while it runs
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from cloud.broker.folder import AuthorityFolder, BrokerFolder
from cloud.broker.mosquitto import MutualTls
from cloud.config import CloudSettings
from cloud.edge.command_keys import CommandKeys
from cloud.kernel import access
from cloud.kernel.db import Database
from cloud.kernel.errors import DatabaseError, DatabaseUnusable
from cloud.registry.service import Registrar
from cloud.web import links
from cloud.web.links import CustomerLinks
from runtime import settings
from runtime.clock import Clock
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_secret
from wire.keys import SoftwareSigner

if TYPE_CHECKING:
    from cloud.ingest.service import Intake
    from cloud.registry.certifier import Certifier

SETTINGS_NAME: Final = "cloud.toml"
"""The file that makes a folder ours: it is the last to be moved into place."""


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The files of one cloud."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Self:
        """The folder at `path`; raises InputRefused when it is none of ours."""
        folder = cls(path)
        if not folder.settings_file.is_file():
            raise InputRefused(
                "this is not a state folder of the cloud", where=str(path), do=f"run `lamplight-cloud init {path}`"
            )
        return folder

    @classmethod
    def create(cls, path: Path, values: dict[str, Any]) -> Self:
        """Make a new folder whose settings differ from the defaults by `values`.

        It is made beside its place and moved there when it is whole. Raises: InputRefused when something is there
        already, SettingsError for values that cannot be, EnvironmentRefused when it cannot be written.
        """
        path = path.resolve()
        settings.from_table(CloudSettings, values, path / SETTINGS_NAME).check()
        if path.exists() and not (path.is_dir() and next(path.iterdir(), None) is None):
            do = "name another folder, or remove it if nothing in it is needed"
            raise InputRefused("there is something in that place already", where=str(path), do=do)
        aside = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            aside.mkdir(mode=0o700, parents=True)
            _fill(cls(aside), values)
            _move(aside, path)
        except OSError as error:
            do = "free some space or check the folder's rights"
            raise EnvironmentRefused(f"cannot make the folder: {error.strerror}", where=str(path), do=do) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return cls(path)

    @property
    def settings_file(self) -> Path:
        return self.path / SETTINGS_NAME

    @property
    def database(self) -> Path:
        return self.path / "lamplight.sqlite"

    @property
    def access_token(self) -> Path:
        return self.path / "access-token"

    @property
    def customer_key(self) -> Path:
        return self.path / "customer-key"

    @property
    def tariffs(self) -> Path:
        return self.path / "tariffs"

    @property
    def programmes(self) -> Path:
        return self.path / "programmes"

    @property
    def broker(self) -> BrokerFolder:
        return BrokerFolder((self.path / "broker").resolve())

    @property
    def authority(self) -> AuthorityFolder:
        return AuthorityFolder((self.path / "authority").resolve())

    @property
    def command_keys(self) -> CommandKeys:
        return CommandKeys((self.path / "command-keys").resolve())

    def settings(self) -> CloudSettings:
        """What cloud.toml says; raises SettingsError."""
        loaded = settings.load(CloudSettings, self.settings_file)
        loaded.check()
        return loaded

    def receipt_signer(self) -> SoftwareSigner:
        """The key receipts are signed with; raises EnvironmentRefused."""
        file = self.path / "receipt-key.pem"
        try:
            return SoftwareSigner.from_pem(read_secret(file))
        except (OSError, ValueError) as error:
            do = "restore it from a copy: every gateway knows the cloud by this key"
            raise EnvironmentRefused("the receipt key cannot be read", where=str(file), do=do) from error

    def customer_links(self) -> CustomerLinks:
        """What makes and checks customers' links; raises EnvironmentRefused."""
        return CustomerLinks(links.read_key(self.customer_key))

    def open_database(self) -> Database:
        """The database, with every table of every feature; raises DatabaseError."""
        from cloud import tables  # noqa: F401 - imported for the tables

        return self.open_registry()

    def open_registry(self) -> Database:
        """The database, with no tables but those that say who may speak, which load faster; raises DatabaseError.

        One that is gone is not made anew: an empty one would believe no gateway, and nobody would be told why.
        """
        if not (self.database.is_file() and self.database.stat().st_size):
            do = "restore it from a copy, or make a new folder and register every gateway again"
            raise DatabaseUnusable("the database is gone", where=str(self.database), do=do)
        return _with_tables(self.database)

    def registrar(self, database: Database, clock: Clock) -> Registrar:
        """What adds and revokes gateways here."""
        settings = self.settings()
        return Registrar(
            database=database,
            clock=clock,
            broker=self.broker,
            mqtt=settings.mqtt,
            receipt_key=self.receipt_signer().public,
            certifier=self.certifier(settings, clock),
            billing_period_s=settings.readings.billing_period_s,
            commanders=self.command_keys.public_keys(),
        )

    def certifier(self, settings: CloudSettings, clock: Clock) -> "Certifier | None":
        """What gives gateways their certificates, where these open the broker; raises EnvironmentRefused."""
        if not settings.mqtt.is_by_certificate:
            return None
        from cloud.broker.authority import Authority
        from cloud.registry.certifier import Certifier

        life = timedelta(days=settings.broker.certificate_days)
        return Certifier(Authority.open(self.authority, clock.now()), life)

    def mutual_tls(self, settings: CloudSettings) -> MutualTls | None:
        """The files with which certificates alone open the broker, where they do."""
        if not settings.mqtt.is_by_certificate:
            return None
        ours, broker = self.authority, settings.broker
        return MutualTls(
            authority=ours.certificate,
            revoked=ours.revoked,
            own_certificate=broker.certificate_file or ours.broker,
            own_key=broker.key_file or ours.broker,
        )

    def intake(self, database: Database, clock: Clock, on_commit: Callable[[], None]) -> "Intake":
        """What takes messages in here, under all that the settings and the customers say."""
        from cloud.customers.consent_store import agreed_to_fine
        from cloud.ingest.disclosure import FineReadings
        from cloud.ingest.service import Intake

        said = self.settings()
        return Intake(
            database=database,
            clock=clock,
            signer=self.receipt_signer(),
            on_commit=on_commit,
            settings=said.ingest,
            fine=FineReadings(billing_period_s=said.readings.billing_period_s, has_agreed=agreed_to_fine),
        )

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Be the one `serve` of this folder to the end of the block; raises EnvironmentRefused when one runs.

        The lock is the descriptor's: a process that is killed leaves none behind.
        """
        descriptor = os.open(self.path / "serving", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, self.path)
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        do = "stop it first, or use it"
        raise EnvironmentRefused("the cloud already runs on this folder", where=str(folder), do=do) from error


def _with_tables(path: Path) -> Database:
    database = Database.open(path)
    try:
        database.create_tables()
    except DatabaseError:
        database.close()
        raise
    return database


def _fill(folder: StateFolder, values: dict[str, Any]) -> None:
    from cloud import tables  # noqa: F401 - imported for the tables

    signer = SoftwareSigner.generate()
    write_atomically(folder.settings_file, f"{settings.commented(CloudSettings, values).strip()}\n".encode())
    write_atomically(folder.path / "receipt-key.pem", signer.to_pem())
    write_atomically(folder.path / "receipt.pub.pem", signer.public.to_pem(), mode=0o644)
    access.write_new_token(folder.access_token)
    links.write_new_key(folder.customer_key)
    folder.command_keys.create()
    folder.tariffs.mkdir()
    folder.programmes.mkdir()
    folder.broker.create()
    folder.database.touch(mode=0o600)
    _with_tables(folder.database).close()


def _move(aside: Path, path: Path) -> None:
    """Put the folder in its place; into one that is there and empty, since somebody may be standing in it."""
    if not path.exists():
        aside.rename(path)
        return
    path.chmod(0o700)
    for file in sorted(aside.iterdir(), key=lambda file: file.name == SETTINGS_NAME):
        file.rename(path / file.name)
