"""dlms-cosem as a peer, without the lines it prints: they would be timed, and hide the table."""

import logging

import structlog


def silence() -> None:
    """Let it write nothing from now on."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.ReturnLoggerFactory(),
    )
