"""What opens a meter's messages: its encryption key, and its authentication key where the utility gives it away.

Many give the first alone. Then a message is decrypted without its tag being checked, and is marked so. A message that
does not name its sender needs the sender's system title as well, which is no secret.
"""

from dataclasses import dataclass

from runtime.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKeys:
    """The keys of one meter; they show themselves in no repr."""

    key: Secret
    auth_key: Secret | None = None
    system_title: bytes = b""
