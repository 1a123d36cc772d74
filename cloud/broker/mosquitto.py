"""mosquitto as our broker: its configuration, and the step that turns this process into it.

Its own defaults lose what it has acknowledged: a thousand queued messages a client, and a write to disk every half
hour. Both are raised here, and still nothing rests on them: a gateway keeps what it said until the cloud's receipt.

What opens it is a password, or with `MutualTls` a certificate of our authority and nothing else: the name in it is the
user's name, and the user's name is the client identifier, whatever a client calls itself. So a certificate reaches the
topics of its own gateway and no others, and whoever comes under a name that is there already has that name's key.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from cloud.broker.folder import BrokerFolder
from cloud.broker.settings import BrokerSettings
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused
from wire.envelope import MAX_ENVELOPE_BYTES

_MAX_QUEUED: Final = 100_000
_MAX_QUEUED_BYTES: Final = 256_000_000
_MAX_IN_FLIGHT: Final = 200  # one batch of ingest's
_MAX_KEEPALIVE_S: Final = 600  # the longest a gateway may be set to
_CHANGES_A_SAVE: Final = 10
CONFIGURATION: Final = "mosquitto.conf"
_ALSO_LOOK_IN: Final = "/usr/sbin:/usr/local/sbin"  # where Debian puts it, and where a user's PATH does not look


def find() -> Path | None:
    """Where mosquitto is; None when it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=_ALSO_LOOK_IN)
    return None if found is None else Path(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls:
    """What a broker needs to be opened by certificates alone; `own_key` may be the file of `own_certificate`."""

    authority: Path
    revoked: Path
    own_certificate: Path
    own_key: Path


def configuration(
    folder: BrokerFolder, settings: BrokerSettings, port: int, mutual: MutualTls | None = None, *, is_here: bool = True
) -> str:
    """mosquitto.conf for our folder: nobody unknown, everybody on their own topics, kept on disk.

    Args:
        is_here: whether it will run as the user we are; else as mosquitto's own.
    """
    lines = [
        f"listener {port} {settings.listen}",
        *_entrance(folder, settings, mutual),
        "allow_anonymous false",
        "allow_zero_length_clientid false",
        "use_username_as_clientid true",
        f"acl_file {folder.acl}",
        "persistence true",
        f"persistence_location {folder.path}/",
        "autosave_on_changes true",
        f"autosave_interval {_CHANGES_A_SAVE}",
        f"max_queued_messages {_MAX_QUEUED}",
        f"max_queued_bytes {_MAX_QUEUED_BYTES}",
        f"max_inflight_messages {_MAX_IN_FLIGHT}",
        f"max_packet_size {2 * MAX_ENVELOPE_BYTES}",
        f"max_keepalive {_MAX_KEEPALIVE_S}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    if is_here:  # started by root it would become a user who may not read this
        lines.append(f"user {pwd.getpwuid(os.geteuid()).pw_name}")
    return "".join(f"{line}\n" for line in lines)


def _entrance(folder: BrokerFolder, settings: BrokerSettings, mutual: MutualTls | None) -> list[str]:
    if mutual is not None:
        return [
            f"cafile {mutual.authority}",
            f"crlfile {mutual.revoked}",
            f"certfile {mutual.own_certificate}",
            f"keyfile {mutual.own_key}",
            "tls_version tlsv1.2",
            "require_certificate true",
            "use_identity_as_username true",
        ]
    passwords = f"password_file {folder.passwords}"
    if settings.certificate_file is None:
        return [passwords]
    return [f"certfile {settings.certificate_file}", f"keyfile {settings.key_file}", "tls_version tlsv1.2", passwords]


def write_configuration(
    folder: BrokerFolder, settings: BrokerSettings, port: int, mutual: MutualTls | None = None
) -> Path:
    """Write mosquitto.conf into our folder, and tell where it is; raises EnvironmentRefused."""
    file = folder.path / CONFIGURATION
    write_atomically(file, configuration(folder, settings, port, mutual).encode())
    return file


def become(
    program: Path, folder: BrokerFolder, settings: BrokerSettings, port: int, mutual: MutualTls | None = None
) -> NoReturn:
    """Turn this process into mosquitto, under the same process number."""
    file = write_configuration(folder, settings, port, mutual)
    try:
        os.execv(program, [str(program), "-c", str(file)])  # noqa: S606 - a fixed program, and no shell is wanted
    except OSError as error:
        raise EnvironmentRefused(
            f"mosquitto cannot be started: {error.strerror}", where=str(program), do="use --embedded, or mend it"
        ) from error
