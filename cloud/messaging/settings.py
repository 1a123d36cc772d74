"""How messages leave the house: the mail relay, and how we find out what became of a mail whose answer was lost."""

from dataclasses import dataclass
from pathlib import Path

from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The mail relay and the sender's address."""

    host: str = setting("127.0.0.1", help="the mail relay's name or address")
    port: int = setting(25, help="the mail relay's port", minimum=1, maximum=65_535)
    security: str = setting(
        "none",
        help="none (this machine only), starttls, or tls from the first byte",
        choices=("none", "starttls", "tls"),
    )
    ca_file: Path | None = setting(None, help="certificate authorities to trust instead of the system's, PEM")
    username: str = setting("", help="the name to log in with; empty for a relay that asks for none")
    password_file: Path | None = setting(None, help="file with the password, readable by its owner only")
    sender: str = setting(
        "Lamplight <no-reply@lamplight.invalid>", help="who messages come from: Name <address@domain>"
    )
    timeout_s: float = setting(
        20.0, help="machine seconds to wait for an answer of the relay", minimum=0.1, maximum=600
    )
    retry_first_s: int = setting(
        5, help="seconds to the second attempt when the relay is unavailable; doubles each time", minimum=1, maximum=600
    )
    retry_longest_s: int = setting(600, help="longest pause between two attempts, seconds", minimum=1, maximum=86_400)
    reconcile_url: str = setting(
        "", help="where to ask whether a mail arrived, by Message-ID; empty: a person decides about lost answers"
    )
    reconcile_after_s: int = setting(
        5, help="seconds to let a lost mail settle before asking for it", minimum=0, maximum=3_600
    )
