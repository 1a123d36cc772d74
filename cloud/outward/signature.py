"""The signature of a post: by it a receiver knows that this cloud sent it, and when (Standard Webhooks 1.0, symmetric).

    webhook-id          the event's identifier: the same at every attempt, to act once by
    webhook-timestamp   when this attempt was made, Unix seconds
    webhook-signature   `v1,` and base64 of HMAC-SHA256 over id.timestamp.body

It says who posted. What the gateway said is proved by the gateway's own signature, inside.
The secret's file has a line `whsec_<base64>`; in a time of change a second line with the old one, and posts carry both.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError
from runtime.reading import read_secret
from runtime.secret import Secret

_PREFIX: Final = "whsec_"
_SIZES: Final = range(24, 65)  # octets, as Standard Webhooks bounds them
_MOST_SECRETS: Final = 2


def headers(secrets_: Sequence[Secret], event_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers for one attempt."""
    signed = f"{event_id}.{timestamp_s}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(each.reveal(), signed, hashlib.sha256)).decode() for each in secrets_)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def new_secret() -> str:
    """A new secret as a receiver's library takes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def read_secrets(path: Path) -> tuple[Secret, ...]:
    """The secrets in a file, the newest first; raises SettingsError, or EnvironmentRefused where others may read it."""
    try:
        lines = read_secret(path).decode("ascii").split()
        found = tuple(_secret(line) for line in lines)
    except OSError as error:
        raise SettingsError(
            f"the secret cannot be read: {error.strerror}", where=f"outward.secret_file {path}"
        ) from error
    except ValueError:  # its words may quote the secret
        found = ()
    if not 1 <= len(found) <= _MOST_SECRETS:
        do = "let it hold one line, or in a time of change two, as `lamplight-cloud outward new-secret FILE` writes it"
        raise SettingsError("the file holds no secret", where=f"outward.secret_file {path}", do=do)
    return found


def _secret(line: str) -> Secret:
    octets = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    if not line.startswith(_PREFIX) or len(octets) not in _SIZES:
        raise ValueError
    return Secret(octets)
