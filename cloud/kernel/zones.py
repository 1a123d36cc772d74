"""The time zones in which a home, or whoever bills it, can be.

A file names them, so a name is checked against the list before it is opened: `ZoneInfo` would also take what lies
beside the zones, as "posixrules" does. The list is made once, because that goes through every file of the zone data.
"""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

_NO_PLACES: Final = {"localtime", "Factory"}  # this machine's own zone, and that of one that was never set up


@cache
def names() -> frozenset[str]:
    """The names of the IANA time zone database: 'America/Sao_Paulo'."""
    return frozenset(available_timezones() - _NO_PLACES)
