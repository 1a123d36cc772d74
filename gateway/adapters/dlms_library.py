"""Loads dlms-cosem without its log, which tells every object it touches, keys included, and is never written here.

It logs by structlog, which brings asyncio and, where some other program has put it there, `rich` along: 8 MB of a
gateway's 60 for words that nobody is to see. So what dlms-cosem finds under that name while it is loaded is a logger
that says nothing. Who imports dlms-cosem imports this module first.
"""

import sys
from types import ModuleType
from typing import Any


class SilentLog:
    """Takes every word, and tells none."""

    def __getattr__(self, _level: str) -> Any:
        return lambda *_words, **_more: None


def _load() -> None:
    known = sys.modules.get("structlog")
    stand_in = ModuleType("structlog")
    stand_in.get_logger = lambda *_names, **_more: SilentLog()  # type: ignore[attr-defined] # a module made by hand
    sys.modules["structlog"] = stand_in
    try:
        import dlms_cosem.connection
        import dlms_cosem.state  # noqa: F401 - these two log; all else is loaded by whoever needs it
    finally:
        if known is None:
            del sys.modules["structlog"]
        else:
            sys.modules["structlog"] = known


_load()
