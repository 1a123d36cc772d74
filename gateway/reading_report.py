"""What was read, as a person sees it and as a program takes it: the same facts, with units, doubts and gaps.

Nothing is left out of either form: a quantity the meter did not tell stands there with its reason, an interval that was
set aside with its doubts. Instants are UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.core.meter_logs.event_codes import NO_CODES, EventCodes
from gateway.core.meter_logs.event_log import LogPage
from gateway.core.meter_profile import MeterProfile
from gateway.core.reading import CheckedIntervals, CheckedReading, Finding, IntervalRow, IntervalStatus
from gateway.log_report import log_facts, log_lines
from wire.terms import Disconnector
from wire.units import Quantity

_UNUSED = "-"
_NO_DEVIATION = (
    "or does not say how far it is from UTC: then say it in the profile, `[clock] unspecified_deviation_min`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """One meter, read once."""

    port: str
    profile: MeterProfile
    checked: CheckedReading
    intervals: CheckedIntervals
    logs: tuple[LogPage, ...] = ()
    codes: EventCodes = NO_CODES
    without_intervals: str  # why the meter gave no load profile; empty where it did, or was not asked

    def facts(self) -> dict[str, object]:
        """For programs."""
        reading = self.checked.reading
        offset_s = self._clock_offset_s()
        return {
            "port": self.port,
            "profile": self.profile.name,
            "meter_serial": reading.meter_serial,
            "taken_at": reading.taken_at.isoformat(),
            "meter_clock_at": None if reading.meter_clock_at is None else reading.meter_clock_at.isoformat(),
            "meter_clock_offset_s": offset_s,
            "values": {_name(quantity): _plain(quantity, value) for quantity, value in reading.values},
            "unread": {_name(quantity): why for quantity, why in reading.unread},
            "doubts": [_finding(finding) for finding in self.checked.findings],
            "without_intervals": self.without_intervals or None,
            "intervals": [_row(row) for row in self.intervals.usable],
            "set_aside": [
                _row(row) | {"doubts": [_finding(finding) for finding in findings]}
                for row, findings in self.intervals.set_aside
            ],
            "gaps": [
                {"starts_at": gap.starts_at.isoformat(), "ends_at": gap.ends_at.isoformat()}
                for gap in self.intervals.gaps
            ],
            **({"logs": [log_facts(page, self.codes) for page in self.logs]} if self.logs else {}),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        reading = self.checked.reading
        yield f"meter {reading.meter_serial} ({self.profile.title}) on {self.port}"
        yield f"read at {_instant(reading.taken_at)}"
        offset_s = self._clock_offset_s()
        unset = f"is not set, {_NO_DEVIATION}" if reading.tells_time else "is not told"
        clock = unset if reading.meter_clock_at is None else _instant(reading.meter_clock_at)
        yield f"its clock {clock}" + ("" if offset_s is None else f", {round(offset_s):+d} s from the gateway's")
        yield ""
        for quantity, value in reading.values:
            yield f"  {_label(quantity):<20} {_shown(quantity, value):>14}"
        for quantity, why in reading.unread:
            yield f"  {_label(quantity):<20} {_UNUSED:>14} ({why})"
        for finding in self.checked.findings:
            yield f"  doubtful: {_doubt(finding)}"
        if self.without_intervals:
            yield f"  no load profile: {self.without_intervals}"
        yield from self._interval_lines()
        for page in self.logs:
            yield ""
            yield from log_lines(page, self.codes)

    def _interval_lines(self) -> Iterator[str]:
        rows = sorted(
            [*((row, ()) for row in self.intervals.usable), *self.intervals.set_aside], key=lambda item: item[0].ends_at
        )
        if not rows:
            return
        quantities = tuple(dict.fromkeys(quantity for row, _ in rows for quantity, _ in row.values))
        yield ""
        yield "  from, UTC           minutes" + "".join(
            f"{_label(quantity) + ' ' + quantity.unit:>20}" for quantity in quantities
        )
        for row, findings in rows:
            cells = "".join(f"{_cell(row.value(quantity)):>20}" for quantity in quantities)
            remarks = "".join(f"  {_doubt(finding)}" for finding in findings)
            yield f"  {row.starts_at:%Y-%m-%d %H:%M}    {row.period_s // 60:>7}{cells}{remarks}"
        for gap in self.intervals.gaps:
            yield f"  no rows from {_instant(gap.starts_at)} to {_instant(gap.ends_at)}"

    def _clock_offset_s(self) -> float | None:
        reading = self.checked.reading
        if reading.meter_clock_at is None:
            return None
        return round((reading.meter_clock_at - reading.taken_at).total_seconds(), 1) + 0.0  # never -0.0


def _row(row: IntervalRow) -> dict[str, object]:
    return {
        "starts_at": row.starts_at.isoformat(),
        "period_s": row.period_s,
        "status": [flag.name.lower() for flag in IntervalStatus if flag in row.status and flag.name],
        "values": {_name(quantity): value for quantity, value in row.values},
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "doubt": finding.doubt,
        "quantity": None if finding.quantity is None else _name(finding.quantity),
        "observed": finding.observed,
        "allowed": finding.allowed,
    }


def _doubt(finding: Finding) -> str:
    about = "" if finding.quantity is None else f" of {_label(finding.quantity)}"
    figures = "" if finding.observed is None else f" ({finding.observed:,}, allowed {finding.allowed or 0:,})"
    return f"{finding.doubt}{about}{figures}"


def _plain(quantity: Quantity, value: int) -> int | str:
    return Disconnector(value).name.lower() if quantity is Quantity.DISCONNECTOR else value


def _shown(quantity: Quantity, value: int) -> str:
    """A value with its unit, as a technician writes it.

    >>> _shown(Quantity.VOLTAGE_L1_MV, 229_700), _shown(Quantity.ENERGY_IMPORT_WH, 6_639_254)
    ('229.7 V', '6,639,254 Wh')
    """
    if quantity is Quantity.DISCONNECTOR:
        return Disconnector(value).name.lower()
    return f"{value / 1000:.1f} V" if quantity.unit == "mV" else f"{value:,} {quantity.unit}".rstrip()


def _cell(value: int | None) -> str:
    return _UNUSED if value is None else f"{value:,}"


def _name(quantity: Quantity) -> str:
    return quantity.name.lower()


def _label(quantity: Quantity) -> str:
    """The quantity without its unit.

    >>> _label(Quantity.VOLTAGE_L1_MV)
    'voltage l1'
    """
    words = _name(quantity).split("_")
    return " ".join(words[:-1] if quantity.unit else words)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
