"""Where the page listens, under which names it may be asked for, and when what it knows is no longer news."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from runtime.errors import SettingsError
from runtime.loopback import is_loopback
from runtime.settings import setting

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.:/_~%\[\]-]+")


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
    silent_s: int = setting(
        360, help="seconds without a word from a home's gateway until that is shown", minimum=60, maximum=86_400
    )
    public_url: str = setting(
        "",
        help="where customers reach the page, as in https://power.example; messages that need consent need it",
    )

    @property
    def fresh_for(self) -> timedelta:
        return timedelta(seconds=self.fresh_s)

    @property
    def silent_for(self) -> timedelta:
        return timedelta(seconds=self.silent_s)

    @property
    def address(self) -> str:
        """Where customers reach the page; raises SettingsError where only a running program knows."""
        if self.public_url:
            return self.public_url.rstrip("/")
        if self.port == 0:
            do = "set it, or choose a port"
            raise SettingsError("the page's port is chosen when it starts", where="web.public_url", do=do)
        host = f"[{self.listen}]" if ":" in self.listen else self.listen
        return f"{'https' if self.certificate_file else 'http'}://{host}:{self.port}"

    def check(self) -> None:
        """Raise SettingsError when a home's page would lie open to a network."""
        if (self.certificate_file is None) is not (self.key_file is None):
            raise SettingsError(
                "a certificate needs its private key", where="web.certificate_file, web.key_file", do="give both"
            )
        parts = urlsplit(self.public_url)
        is_plain = _ADDRESS.fullmatch(self.public_url) is not None  # it stands in mail headers
        if self.public_url and (parts.scheme not in {"http", "https"} or not parts.netloc or not is_plain):
            do = "write it as in https://power.example"
            raise SettingsError(f"{self.public_url!r} is no address", where="web.public_url", do=do)
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
