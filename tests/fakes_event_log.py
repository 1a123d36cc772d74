"""A meter's event logs in small: rows as a meter sends them, and what is read of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.adapters.event_code_files import load_event_codes
from gateway.core.dlms.data import Data
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.profile_generic import CLOCK
from gateway.core.meter_logs.event_log import EventLog, LogEntry, log_entries
from tests.fakes_meter import stamp, u8, u32

Row = tuple[Data, ...]
NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CODES = load_event_codes()
CODE = Attribute(class_id=1, obis=Obis.parse("0.0.96.11.0.255"), index=2)
DURATION = Attribute(class_id=3, obis=Obis.parse("0.0.96.7.19.255"), index=2)
COLUMNS = (CLOCK, CODE)


def log_named(name: str, obis: str) -> EventLog:
    """A Dutch meter's log."""
    return EventLog(name=name, buffer=Attribute(class_id=7, obis=Obis.parse(obis), index=2), family="dsmr")


LOG = log_named("standard", "0.0.99.98.0.255")
FAILURES = log_named("power-failure", "1.0.99.97.0.255")


def row(at: datetime, code: int, status: int = 0) -> Row:
    """A row of a log with codes."""
    return (stamp(at, status=status), u8(code))


def entries(*rows: Row, columns: Sequence[Attribute] = COLUMNS) -> tuple[LogEntry, ...]:
    """What these rows say."""
    return log_entries(rows, columns, LOG)


def failure(at: datetime, duration_s: int, status: int = 0) -> LogEntry:
    """An entry of the log of long failures."""
    (entry,) = log_entries(((stamp(at, status=status), u32(duration_s)),), (CLOCK, DURATION), FAILURES)
    return entry
