"""A mosquitto on another machine: all its files in one folder, to be carried there.

    mosquitto.conf   acl   passwords                                      where passwords open it
    mosquitto.conf   acl   ca.pem  crl.pem  certificate.pem  key.pem      where certificates do

They are copies: after a gateway was added by password, or any was revoked, they are written and carried again, and the
broker there reads them anew on SIGHUP. Until then the registry alone refuses what a revoked gateway says.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from cloud.broker.folder import BrokerFolder
from cloud.broker.mosquitto import CONFIGURATION, MutualTls, configuration
from cloud.broker.settings import BrokerSettings
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused

_CERTIFICATE: Final = "certificate.pem"
_PRIVATE_KEYS: Final = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\s*", re.DOTALL)
"""Left out of the certificate, which people take for public."""


def write_for_elsewhere(
    folder: BrokerFolder, settings: BrokerSettings, port: int, mutual: MutualTls | None, *, out: Path, at: Path
) -> Path:
    """Write the files into `out`, for a mosquitto to which they will lie in `at`; where its configuration is.

    What was written there before is replaced. Raises: EnvironmentRefused.
    """
    certificate, key = settings.certificate_file, settings.key_file
    if mutual is not None:
        certificate, key = mutual.own_certificate, mutual.own_key
    copied = {
        "acl": folder.acl,
        "passwords": folder.passwords if mutual is None else None,
        "ca.pem": None if mutual is None else mutual.authority,
        "crl.pem": None if mutual is None else mutual.revoked,
        _CERTIFICATE: certificate,
        "key.pem": key,
    }
    there = replace(
        settings,
        certificate_file=None if certificate is None else at / _CERTIFICATE,
        key_file=None if key is None else at / "key.pem",
    )
    text = configuration(BrokerFolder(at), there, port, None if mutual is None else _moved(at), is_here=False)
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, source in copied.items():
            if source is not None:
                octets = source.read_bytes()
                write_atomically(out / name, _PRIVATE_KEYS.sub(b"", octets) if name == _CERTIFICATE else octets)
    except OSError as error:
        do = "check the path and its rights"
        raise EnvironmentRefused(f"cannot copy: {error.strerror}", where=str(error.filename or out), do=do) from error
    write_atomically(out / CONFIGURATION, text.encode())
    return out / CONFIGURATION


def _moved(at: Path) -> MutualTls:
    return MutualTls(
        authority=at / "ca.pem",
        revoked=at / "crl.pem",
        own_certificate=at / _CERTIFICATE,
        own_key=at / "key.pem",
    )
