"""Passwords and keys that a person hands in: where to find them, never themselves; and how they are kept out of sight.

A command line is seen by every user of a machine and kept in a shell's history; a secret is named by its SOURCE:

    file:PATH    a file that nobody else may read        env:NAME    an environment variable
    -            the next line of standard input, or typed unseen at a terminal

A key is 32 hex digits (AES-128), where a caller takes them also 64; a password is what stands there, without the end of
its line. What is refused is told apart in one line that names the option, and never repeats what was handed in. A
`Secret` shows itself in no repr.
"""

import errno
import getpass
import hmac
import os
import sys
from pathlib import Path

from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_secret

KEY_BYTES = 16
MAX_PASSWORD_BYTES = 64
_MOST_BYTES = 4_096
_FORM = "write file:PATH, env:NAME or -"


class Secret:
    """Octets that open something. They leave by `reveal` alone, where they are used."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def reveal(self) -> bytes:
        """The octets themselves."""
        return self._octets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._octets, other._octets)

    def __hash__(self) -> int:
        return hash(self._octets)

    def __repr__(self) -> str:
        return f"Secret({len(self._octets)} octets)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def read_key(option: str, source: str, sizes: tuple[int, ...] = (KEY_BYTES,)) -> Secret:
    """An AES key of one of these sizes; raises InputRefused or EnvironmentRefused, which name `option` and no key."""
    wanted = " or ".join(str(size) for size in sizes)
    do = f"hand in {' or '.join(str(2 * size) for size in sizes)} hex digits"
    try:
        digits = "".join(_content(option, source).decode("ascii").split())
        octets = bytes.fromhex(digits)
    except ValueError:  # its words may quote what was handed in
        raise InputRefused("the key is not hex", where=option, do=do) from None
    if len(octets) not in sizes:
        raise InputRefused(f"the key has {len(octets)} octets, not {wanted}", where=option, do=do)
    return Secret(octets)


def read_password(option: str, source: str) -> Secret:
    """A password; raises InputRefused or EnvironmentRefused, which name `option` and nothing of the password."""
    octets = _content(option, source)
    if len(octets) > MAX_PASSWORD_BYTES:
        raise InputRefused(f"a password has at most {MAX_PASSWORD_BYTES} octets, not {len(octets)}", where=option)
    return Secret(octets)


def _content(option: str, source: str) -> bytes:
    kind, separator, rest = source.partition(":")
    if source == "-":
        octets = _line_of_standard_input(option)
    elif kind == "file" and separator and rest:
        octets = _file(option, Path(rest))
    elif kind == "env" and separator and rest:
        octets = _variable(option, rest)
    else:  # whoever gave the secret itself must not read it again in a log
        raise InputRefused("a secret is never given itself", where=option, do=_FORM)
    octets = octets.rstrip(b"\r\n")
    if not octets.strip():
        raise InputRefused("the secret is empty", where=option)
    return octets


def _file(option: str, path: Path) -> bytes:
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return read_secret(path)
    except EnvironmentRefused as refused:
        raise EnvironmentRefused(refused.what, where=f"{option}: {path}", do=refused.do) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "the path holds a NUL"
        raise InputRefused(f"cannot read the file of the secret: {why}", where=option) from None


def _variable(option: str, name: str) -> bytes:
    try:
        return os.environb[os.fsencode(name)]
    except (KeyError, ValueError):
        raise InputRefused("the environment variable of the secret is not set", where=option) from None


def _line_of_standard_input(option: str) -> bytes:
    if sys.stdin.isatty():
        return getpass.getpass(f"{option}: ").encode()
    return sys.stdin.buffer.readline(_MOST_BYTES)
