"""Starting the broker: mosquitto if it is installed, else the embedded one; either way this process is the broker."""

import signal
import socket

from cloud.broker import mosquitto
from cloud.broker.folder import BrokerFolder
from cloud.broker.mosquitto import MutualTls
from cloud.broker.settings import BrokerSettings
from cloud.kernel.certificates import check_pair
from runtime import logs
from runtime.errors import EnvironmentRefused

log = logs.get(__name__)


def run(
    folder: BrokerFolder,
    settings: BrokerSettings,
    port: int,
    mutual: MutualTls | None = None,
    *,
    must_be_embedded: bool = False,
) -> None:
    """Be the broker of this folder until told to stop; with `mutual`, one that certificates open and nothing else.

    Raises: SettingsError for an open door without TLS, EnvironmentRefused when one runs already or the port is taken.
    """
    settings.check(is_tls_our_own=mutual is not None)
    check_pair(settings.certificate_file, settings.key_file, "broker.certificate_file, broker.key_file")
    program = None if must_be_embedded else mosquitto.find()
    if program is None and mutual is not None:
        what = "the embedded broker is opened by passwords alone"
        do = 'apt install mosquitto, or set mqtt.entrance = "password"'
        raise EnvironmentRefused(what, where="mqtt.entrance", do=do)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # "read the passwords anew" must not end us before we can obey
    folder.claim()
    check_port_is_free(settings.listen, port)
    log.info("broker_starts", program=program or "embedded", listen=settings.listen, port=port)
    if program is not None:
        mosquitto.become(program, folder, settings, port, mutual)
    _run_embedded(folder, settings, port)


def check_port_is_free(host: str, port: int) -> None:
    """Raise EnvironmentRefused when nobody could listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:  # UnicodeError: what can be no host name
        raise EnvironmentRefused(
            f"cannot listen: {getattr(error, 'strerror', None) or error}",
            where=f"{host}:{port}",
            do="stop the program that uses the port, or choose another one in cloud.toml",
        ) from error


def _run_embedded(folder: BrokerFolder, settings: BrokerSettings, port: int) -> None:
    try:
        from cloud.broker import embedded
    except ModuleNotFoundError as error:
        raise EnvironmentRefused(
            "no broker is installed", do="apt install mosquitto, or pip install lamplight[demo] for the embedded one"
        ) from error
    embedded.run(folder, settings, port)
