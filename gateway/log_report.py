"""What a meter wrote into its event logs, as a person reads it and as a program takes it: in words, with the raw code.

Nothing is left out of either form: a code nobody named stands there with its number, an entry that tells of nothing
with why, a log the meter does not give with its reason. Instants are UTC, by the meter's clock.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.core.meter_logs.event_codes import EventCodes, Meaning
from gateway.core.meter_logs.event_log import EventLog, LogEntry, LogPage, logged
from wire.meter_log import ClockQuality

_DOUBTS = (ClockQuality.DOUBTFUL, ClockQuality.INVALID)
_NO_OUTAGE = "no outage: the meter's first day, or a duration nobody lived"


def log_facts(page: LogPage, codes: EventCodes) -> dict[str, object]:
    """One log for programs."""
    return {
        "log": page.span.log.name,
        "obis": str(page.span.log.buffer.obis),
        "family": page.span.log.family,
        "without_entries": page.why_not or None,
        "entries": [_entry_facts(entry, page.span.log, codes) for entry in page.entries],
    }


def log_lines(page: LogPage, codes: EventCodes) -> Iterator[str]:
    """One log for people."""
    log = page.span.log
    count = page.why_not or f"{len(page.entries)} {'entry' if len(page.entries) == 1 else 'entries'}"
    yield f"  log {log.name} ({log.buffer.obis}, codes of {log.family}): {count}"
    for entry in page.entries:
        at = "at no real time        " if entry.occurred_at is None else f"{entry.occurred_at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"    {at}  {_said(entry, log, codes)}"


def code_facts(family: str, log: str, code: int, meaning: Meaning) -> dict[str, object]:
    """What a table says of one code, for programs."""
    return {"family": family, "log": log, "code": code} | _meant(meaning)


def code_line(log: str, code: int, meaning: Meaning) -> str:
    """The same for people."""
    return f"  {log:<24} {code:>5}  {_kind(meaning):<24} {_cim(meaning) or '-':<14} {meaning.words}"


def _entry_facts(entry: LogEntry, log: EventLog, codes: EventCodes) -> dict[str, object]:
    meaning = codes.meaning(log.family, log.name, entry.code)
    began_at = _began_at(entry)
    return {
        "occurred_at": None if entry.occurred_at is None else entry.occurred_at.isoformat(),
        "clock": entry.clock.name.lower(),
        "code": entry.code,
        **_meant(meaning),
        "duration_s": entry.duration_s,
        "began_at": None if began_at is None else began_at.isoformat(),
        "is_event": logged(entry, log, codes) is not None,
    }


def _meant(meaning: Meaning) -> dict[str, object]:
    return {
        "kind": _kind(meaning),
        "words": meaning.words,
        "cim": _cim(meaning) or None,
        "phase": meaning.phase,
        "is_alarm": meaning.kind.is_alarm,
        "is_tamper": meaning.kind.is_tamper,
    }


def _said(entry: LogEntry, log: EventLog, codes: EventCodes) -> str:
    meaning = codes.meaning(log.family, log.name, entry.code)
    if logged(entry, log, codes) is None:
        return _NO_OUTAGE
    lasted = "" if entry.duration_s is None else f", lasted {timedelta(seconds=entry.duration_s)}"
    doubt = f", clock {entry.clock.name.lower()}" if entry.clock in _DOUBTS else ""
    cim = f", CIM {_cim(meaning)}" if meaning.cim else ""
    return f"{meaning.words}{lasted}{doubt} (code {entry.code}{cim})"


def _began_at(entry: LogEntry) -> datetime | None:
    """When what the entry tells of began; failure logs are stamped at its end."""
    if entry.occurred_at is None or entry.duration_s is None:
        return None
    try:
        return entry.occurred_at - timedelta(seconds=entry.duration_s)
    except OverflowError:
        return None


def _kind(meaning: Meaning) -> str:
    return meaning.kind.name.lower()


def _cim(meaning: Meaning) -> str:
    return "" if meaning.cim is None else ".".join(map(str, meaning.cim))
