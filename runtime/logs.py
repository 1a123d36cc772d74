"""Structured logs: one line per unit of work, `time level event key=value ...`, on standard error.

Event names are constants of the code, so that a log can be searched by them; facts go into the keys.
A value whose key sounds like a secret is never printed.
"""

import logging
import re
import sys
from typing import TextIO

_SECRET = re.compile(r"password|secret|token|private|key_bytes|key_pem", re.IGNORECASE)
_PLAIN = re.compile(r"[\w.,:;/@+%<>()\[\]-]+")
_OWN = ("wire", "runtime", "gateway", "cloud", "simulators")
LEVELS = ("debug", "info", "warning", "error")


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error when a line is written, which need not be what it was at the start."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class Log:
    """A logger that takes an event name and facts."""

    __slots__ = ("_logger",)

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, event: str, **facts: object) -> None:
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        self._write(logging.ERROR, event, facts)

    def _write(self, level: int, event: str, facts: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", line(event, facts))


def get(name: str) -> Log:
    """The log of a module: `log = logs.get(__name__)`."""
    return Log(logging.getLogger(name))


def configure(level: str = "info") -> None:
    """Send every log line to standard error; libraries speak only from warning upwards."""
    handler = _ToStandardError()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    set_level(level)


def set_level(level: str) -> None:
    """From now on say as much of our own as this."""
    for own in _OWN:
        logging.getLogger(own).setLevel(level.upper())


def line(event: str, facts: dict[str, object]) -> str:
    """One log line without its time.

    >>> line("receipt_applied", {"lane": 0, "seq": 12, "mqtt_password": "x", "reason": "two words"})
    "receipt_applied lane=0 seq=12 mqtt_password=*** reason='two words'"
    """
    return " ".join([event, *(f"{key}={_shown(key, value)}" for key, value in facts.items())])


def _shown(key: str, value: object) -> str:
    if _SECRET.search(key):
        return "***"
    text = str(value)
    return text if _PLAIN.fullmatch(text) else repr(text)
