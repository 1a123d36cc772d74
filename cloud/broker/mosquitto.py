"""mosquitto as our broker: its configuration, and the step that turns this process into it.

Its own defaults lose what it has acknowledged: a thousand queued messages a client, and a write to disk every half
hour. Both are raised here, and still nothing rests on them: a gateway keeps what it said until the cloud's receipt.
"""

import os
import pwd
import shutil
from pathlib import Path
from typing import Final, NoReturn

from cloud.broker.folder import BrokerFolder
from cloud.broker.settings import BrokerSettings
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused
from wire.envelope import MAX_ENVELOPE_BYTES

_MAX_QUEUED: Final = 100_000
_MAX_IN_FLIGHT: Final = 200  # one batch of ingest's
_CHANGES_A_SAVE: Final = 10
_ALSO_LOOK_IN: Final = "/usr/sbin:/usr/local/sbin"  # where Debian puts it, and where a user's PATH does not look


def find() -> Path | None:
    """Where mosquitto is; None when it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=_ALSO_LOOK_IN)
    return None if found is None else Path(found)


def configuration(folder: BrokerFolder, settings: BrokerSettings, port: int) -> str:
    """mosquitto.conf for our folder: nobody without a password, everybody on their own topics, kept on disk."""
    lines = [
        f"listener {port} {settings.listen}",
        "allow_anonymous false",
        "use_username_as_clientid true",
        f"password_file {folder.passwords}",
        f"acl_file {folder.acl}",
        "persistence true",
        f"persistence_location {folder.path}/",
        "autosave_on_changes true",
        f"autosave_interval {_CHANGES_A_SAVE}",
        f"max_queued_messages {_MAX_QUEUED}",
        f"max_inflight_messages {_MAX_IN_FLIGHT}",
        f"max_packet_size {2 * MAX_ENVELOPE_BYTES}",
        f"user {pwd.getpwuid(os.geteuid()).pw_name}",  # started by root it would become a user who may not read this
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    if settings.certificate_file is not None:
        lines[1:1] = [f"certfile {settings.certificate_file}", f"keyfile {settings.key_file}", "tls_version tlsv1.2"]
    return "".join(f"{line}\n" for line in lines)


def become(program: Path, folder: BrokerFolder, settings: BrokerSettings, port: int) -> NoReturn:
    """Turn this process into mosquitto, under the same process number."""
    file = folder.path / "mosquitto.conf"
    write_atomically(file, configuration(folder, settings, port).encode())
    try:
        os.execv(program, [str(program), "-c", str(file)])  # noqa: S606 - a fixed program, and no shell is wanted
    except OSError as error:
        raise EnvironmentRefused(
            f"mosquitto cannot be started: {error.strerror}", where=str(program), do="use --embedded, or mend it"
        ) from error
