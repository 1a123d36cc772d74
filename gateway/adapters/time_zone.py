"""A time zone by its name, from the machine's own database (Debian: tzdata)."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runtime.errors import InputRefused


def zone_named(name: str, *, where: str) -> tzinfo:
    """The zone; raises InputRefused, naming `where` a person wrote it, for a name this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        do = "use a name such as Europe/Madrid; they are listed under /usr/share/zoneinfo (Debian: tzdata)"
        raise InputRefused(f"no time zone {name[:40]!r} is known here", where=where, do=do) from error
