"""TOML that somebody wrote or handed in: read in bounded time, whatever it holds.

The standard library's reader takes time and memory that grow with the square of a key's parts, so that 40 kB of
`a.a.a...` keep it busy for many seconds. A key of more than 32 parts is none of ours, and is refused unread.
"""

import re
import tomllib
from collections.abc import Callable
from typing import Any

_LONG_PATH = re.compile(r"""(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""", re.ASCII)


def parse(text: str, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The tables of a TOML text; raises ValueError for what is no TOML, or nested deeper than anything here.

    >>> parse("a.b = 1")
    {'a': {'b': 1}}
    """
    try:
        if _LONG_PATH.search(text):
            raise RecursionError
        return tomllib.loads(text, parse_float=parse_float)
    except RecursionError as error:
        raise ValueError("its tables are nested too deeply") from error
