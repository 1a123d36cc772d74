"""The journal's way to `wire.instants`, which has the rest."""

from wire.instants import unix_ms

__all__ = ["unix_ms"]
