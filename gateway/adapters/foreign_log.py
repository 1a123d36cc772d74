"""The log of dlms-cosem, which is not written: it tells every object it touches, keys included.

It comes with structlog, which prints tracebacks in colours where some other program has put `rich` on the machine. That
is 5 MB for what a gateway never prints, so structlog is loaded as if `rich` were not there. The only importer of it.
"""

import logging
import sys

_without_colours = "rich" not in sys.modules
if _without_colours:
    sys.modules["rich"] = None  # type: ignore[assignment] # the documented way to let an import find nothing
import structlog  # noqa: E402 - after that

if _without_colours:
    del sys.modules["rich"]


def silence() -> None:
    """Let nothing be written from now on, unless somebody else has decided how structlog writes."""
    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
            logger_factory=structlog.ReturnLoggerFactory(),
        )
