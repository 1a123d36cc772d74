"""Who may look: one random token in a file, and names under which the page may be asked for.

The page shows a person's home and when it is dark, so it opens to nobody by default. `lamplight-cloud init` writes a
token to a file only its owner can read; programs send it as a Bearer token, people type it once and get a cookie.
The cookie holds a value derived from the token, never the token: who steals it can look, but not call as a program.

Any page of the web can make a browser ask 127.0.0.1, under a name of its own that it points there for the moment. The
browser then sends that name as Host, so a Host we were not given is refused whatever else the request brings.

This module is pure but for the token's file; routes ask `Access` and turn its no into an answer.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused
from runtime.loopback import is_loopback

COOKIE_NAME: Final = "lamplight_entry"
_TOKEN_BYTES: Final = 32
_MIN_TOKEN_CHARS: Final = 32
_COOKIE_CONTEXT: Final = b"lamplight web cookie 1"
_BEARER: Final = "bearer "


def write_new_token(path: Path) -> None:
    """Make a random token and put it into `path`, readable by its owner only."""
    write_atomically(path, f"{secrets.token_urlsafe(_TOKEN_BYTES)}\n".encode(), mode=0o600)


def read_token(path: Path) -> str:
    """The token of `path`; raises EnvironmentRefused when it is missing, too short to be one, or others can read it."""
    again = "run `lamplight-cloud new-token` on the state folder for a new one"
    try:
        token = path.read_text(encoding="ascii").strip()
        open_to_others = path.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentRefused("the access token cannot be read", where=str(path), do=again) from error
    if open_to_others:
        raise EnvironmentRefused("others can read the access token", where=str(path), do=f"run chmod 600 {path}")
    if len(token) < _MIN_TOKEN_CHARS:
        raise EnvironmentRefused("the access token is too short to be one", where=str(path), do=again)
    return token


class Access:
    """Decides who may look. Holds the token and shows it to nobody."""

    __slots__ = ("_host_names", "_is_open", "_token")

    def __init__(self, *, token: str, host_names: Collection[str], is_open: bool = False) -> None:
        """`host_names` are the names beside loopback's; `is_open` lets in whoever asks without a token."""
        self._token = token.encode()
        self._host_names = frozenset(name.lower() for name in host_names)
        self._is_open = is_open

    def knows_host(self, host_header: str | None) -> bool:
        """Whether the request was made to a name that is ours; false for none at all."""
        name = _host_name(host_header or "")
        return name is not None and (is_loopback(name) or name in self._host_names)

    def admits(self, *, authorization: str | None = None, cookie: str | None = None) -> bool:
        """Whether the request's Authorization header or entry cookie lets it in."""
        return self._is_open or self._is_bearer(authorization or "") or self._is_cookie(cookie or "")

    def cookie_for(self, token: str) -> str | None:
        """What the entry cookie holds for a person who typed this token; None when it is not the token."""
        typed_right = hmac.compare_digest(token.strip().encode(), self._token)
        return self._cookie() if typed_right else None

    def _is_bearer(self, authorization: str) -> bool:
        scheme, token = authorization[: len(_BEARER)], authorization[len(_BEARER) :]
        return scheme.lower() == _BEARER and hmac.compare_digest(token.strip().encode(), self._token)

    def _is_cookie(self, cookie: str) -> bool:
        return hmac.compare_digest(cookie.encode(), self._cookie().encode())

    def _cookie(self) -> str:
        return hmac.new(self._token, _COOKIE_CONTEXT, hashlib.sha256).hexdigest()


def _host_name(header: str) -> str | None:
    """The host of a Host header without its port; None when it is not a host at all."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises for what is no port
    except ValueError:
        return None
    is_plain = parts.netloc == header and "@" not in header
    return parts.hostname if is_plain else None
