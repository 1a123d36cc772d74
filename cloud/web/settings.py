"""Where the page listens, under which names it may be asked for, and when what it knows is no longer news."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from runtime.errors import SettingsError
from runtime.loopback import is_loopback
from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The page and the REST interface."""

    listen: str = setting("127.0.0.1", help="the address the page listens on")
    port: int = setting(8_080, help="the page's port; 0 takes a free one", minimum=0, maximum=65_535)
    host_names: tuple[str, ...] = setting(
        (), help="names, beside this machine's own, under which browsers may ask for the page"
    )
    open_to_all: bool = setting(False, help="let in whoever reaches the port, without a token; this machine only")
    certificate_file: Path | None = setting(None, help="certificate chain to serve HTTPS with, PEM")
    key_file: Path | None = setting(None, help="the private key of the certificate, PEM")
    fresh_s: int = setting(
        900, help="seconds for which a voltage read at a home says that its power is on", minimum=60, maximum=86_400
    )

    @property
    def fresh_for(self) -> timedelta:
        return timedelta(seconds=self.fresh_s)

    def check(self) -> None:
        """Raise SettingsError when a home's page would lie open to a network."""
        if (self.certificate_file is None) is not (self.key_file is None):
            raise SettingsError(
                "a certificate needs its private key", where="web.certificate_file, web.key_file", do="give both"
            )
        if is_loopback(self.listen):
            return
        if self.open_to_all:
            raise SettingsError(
                f"the page on {self.listen} would be open to everyone",
                where="web.open_to_all",
                do="set it to false, or listen on 127.0.0.1",
            )
        if self.certificate_file is None:
            raise SettingsError(
                f"the page on {self.listen} would show the token to the network",
                where="web.listen",
                do="give web.certificate_file and web.key_file, or listen on 127.0.0.1 behind a proxy that speaks TLS",
            )
