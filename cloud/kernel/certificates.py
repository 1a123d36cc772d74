"""Certificates that settings name, looked at before anything starts, and not at the first connection."""

import ssl
from pathlib import Path

from runtime.errors import SettingsError


def check_pair(certificate: Path | None, key: Path | None, where: str) -> None:
    """Raise SettingsError unless the files are a certificate chain and its private key; `where` names the settings."""
    if certificate is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except OSError as error:  # an SSLError is one
        raise _refused(f"the certificate and its key cannot be used: {_words(error)}", certificate, where) from error


def check_authority(file: Path | None, where: str) -> None:
    """Raise SettingsError unless it is none, or holds certificates to trust."""
    if file is None:
        return
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:
        raise _refused(f"the authority's certificate cannot be used: {_words(error)}", file, where) from error


def _no_password() -> str:
    """A key under a password is refused, where OpenSSL would ask for it at the terminal."""
    return ""


def _words(error: OSError) -> str:
    return error.strerror or str(error)


def _refused(what: str, file: Path, where: str) -> SettingsError:
    return SettingsError(what, where=str(file), do=f"check {where} in cloud.toml")
