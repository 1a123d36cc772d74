"""What is unusual in a record, as a person sees it and as a program takes it: the same facts, with their units.

A record of energy goes through the bank that a gateway keeps for each meter, and one of anything else through the score
for any series; each row by row, as if it had come from a meter just now. People read times by the wall clock of the
home; programs get instants with their offset.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from gateway.adapters.recorded_use import Record
from gateway.core.consumption import Bank, Maturity, look
from gateway.core.consumption.hours import HOUR_S
from gateway.core.consumption.stream import SETTLED, Stream, score
from wire.events import UnusualUse
from wire.terms import UseKind, UseStage

DAY_S = 86_400
MONTH_S = 30.4375 * DAY_S
_LEAST_IN_KWH_WH = 900.0  # less is told in Wh
WORDS = {
    UseKind.SPIKE: "spike",
    UseKind.SUSTAINED: "sustained",
    UseKind.BASE_LOAD: "base load",
    UseKind.ZERO: "zero",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something unusual: of energy with its kind, observed and usual; of any other series with its value alone."""

    kind: str
    began_at_s: int
    noticed_at_s: int
    ended_at_s: int | None
    score: float
    period_s: int
    observed: float
    usual: float | None = None


@dataclass(slots=True, kw_only=True)
class Findings:
    """A record looked through: what is unusual, and the score of each channel at each instant."""

    record: Record
    zone: tzinfo
    channels: tuple[str, ...]
    anomalies: list[Anomaly] = field(default_factory=list)
    scores: list[tuple[int, float | None, dict[str, float]]] = field(default_factory=list)
    learnt_at_s: int | None = None  # since when the home is known; None: not yet

    def facts(self) -> Iterator[dict[str, object]]:
        """For programs: one object for each anomaly."""
        unit = "wh" if self.record.is_energy else "value"
        for anomaly in self.anomalies:
            yield {
                "kind": anomaly.kind,
                "began_at": self._instant(anomaly.began_at_s),
                "noticed_at": self._instant(anomaly.noticed_at_s),
                "ended_at": None if anomaly.ended_at_s is None else self._instant(anomaly.ended_at_s),
                f"observed_{unit}": anomaly.observed,
                f"usual_{unit}": anomaly.usual,
                "period_s": anomaly.period_s,
                "score": round(anomaly.score, 3),
            }

    def score_rows(self) -> str:
        """For programs: a CSV of every score; a channel that cannot tell has an empty cell."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["timestamp", "energy_wh" if self.record.is_energy else "value", *self.channels])
        for at_s, value, scores in self.scores:
            cells = [f"{scores[name]:.4f}" if name in scores else "" for name in self.channels]
            rows.writerow([self._instant(at_s), "" if value is None else f"{value:.10g}", *cells])
        return text.getvalue()

    def lines(self) -> Iterator[str]:
        """For people."""
        record = self.record
        first_s, last_s = record.rows[0].at_s, record.ends_at_s
        yield f"{record.column}, every {_length(record.cadence_s)}, {self.clock(first_s)} to {self.clock(last_s)}"
        yield from self._lacking()
        if record.is_energy:
            yield self._known()
        yield ""
        for anomaly in self.anomalies:
            yield self._line(anomaly)
        months = len(record.rows) * record.cadence_s / MONTH_S
        count = len(self.anomalies)
        what = "nothing unusual" if not count else f"{count} unusual"
        yield f"{what} in {months:.1f} months" + (f", {count / months:.2f} a month" if months >= 1 else "")

    def _lacking(self) -> Iterator[str]:
        gaps = self.record.gaps()
        if gaps:
            begins_s, ends_s = max(gaps, key=lambda gap: gap[1] - gap[0])
            missing_s = sum(ends - begins for begins, ends in gaps)
            longest = f"the longest from {self.clock(begins_s)} to {self.clock(ends_s)}"
            yield f"missing: {_length(missing_s)} in {len(gaps)} gap{'s' if len(gaps) > 1 else ''}, {longest}"
        if self.record.doubled:
            yield f"doubled: {self.record.doubled} rows stand twice, counted once"

    def _known(self) -> str:
        if self.learnt_at_s is None:
            return "still learning: eight weeks are needed; until then only what is gross is told"
        return f"learning until {self.clock(self.learnt_at_s)}: until then only what is gross is told"

    def _line(self, anomaly: Anomaly) -> str:
        until = "still so at the end" if anomaly.ended_at_s is None else f"until {self.clock(anomaly.ended_at_s)}"
        noticed = f"{self.clock(anomaly.noticed_at_s)}  {anomaly.kind:<9}"
        if anomaly.usual is None:
            return f"{noticed}  {anomaly.observed:.6g}, score {anomaly.score:.2f}"
        usual = f"{_energy(anomaly.usual)} at most" if anomaly.kind == "spike" else _energy(anomaly.usual)
        per = "a day" if anomaly.period_s == DAY_S else "an hour"
        much = f"{_energy(anomaly.observed)} {per}, usual {usual}"
        return f"{noticed}  {much:<44}  since {self.clock(anomaly.began_at_s)}, {until}"

    def clock(self, at_s: int) -> str:
        """An instant by the wall clock of the home."""
        return f"{datetime.fromtimestamp(at_s, self.zone):%Y-%m-%d %H:%M}"

    def _instant(self, at_s: int) -> str:
        return datetime.fromtimestamp(at_s, self.zone).isoformat()


def look_through(record: Record, zone: tzinfo) -> Findings:
    """Everything unusual in the record, row by row, none of which knows what comes after it."""
    return _energy_findings(record, zone) if record.is_energy else _series_findings(record, zone)


def _energy_findings(record: Record, zone: tzinfo) -> Findings:
    findings = Findings(record=record, zone=zone, channels=tuple(kind.name.lower() for kind in UseKind))
    bank = Bank()
    raised: dict[UseKind, UnusualUse] = {}
    for row in record.rows:
        looked = look(bank, row.at_s, record.cadence_s, row.value, zone)
        bank = looked.bank
        for hour, scores in looked.scores:
            named = {kind.name.lower(): stood for kind, stood in scores.items()}
            findings.scores.append((hour.starts_at_s, hour.energy_wh, named))
            if findings.learnt_at_s is None and bank.maturity is Maturity.LEARNED:
                findings.learnt_at_s = hour.ends_at_s
        for event in looked.events:
            if event.stage is UseStage.RAISED:
                raised[event.kind] = event
            else:
                findings.anomalies.append(_anomaly(raised.pop(event.kind), event.noticed_at_ms // 1000))
    findings.anomalies += [_anomaly(event, None) for event in raised.values()]
    findings.anomalies.sort(key=lambda anomaly: anomaly.noticed_at_s)
    return findings


def _anomaly(event: UnusualUse, ended_at_s: int | None) -> Anomaly:
    return Anomaly(
        kind=WORDS[event.kind],
        began_at_s=event.began_at_ms // 1000,
        noticed_at_s=event.noticed_at_ms // 1000,
        ended_at_s=ended_at_s,
        score=event.score_milli / 1000,
        period_s=event.period_s,
        observed=event.observed_wh,
        usual=event.usual_wh,
    )


def _series_findings(record: Record, zone: tzinfo) -> Findings:
    findings = Findings(record=record, zone=zone, channels=("level",))
    stream = Stream()
    for number, row in enumerate(record.rows):
        stream, scored, is_alarm = score(stream, row.at_s, row.value, zone)
        if is_alarm:
            findings.anomalies.append(
                Anomaly(
                    kind="level",
                    began_at_s=row.at_s,
                    noticed_at_s=row.at_s,
                    ended_at_s=row.at_s,
                    score=scored,
                    period_s=record.cadence_s,
                    observed=row.value,
                )
            )
        findings.scores.append((row.at_s, row.value, {"level": scored} if number >= SETTLED else {}))
    return findings


def _energy(energy_wh: float) -> str:
    return f"{energy_wh:.0f} Wh" if energy_wh < _LEAST_IN_KWH_WH else f"{energy_wh / 1000:.2f} kWh"


def _length(seconds: int) -> str:
    """A duration for people.

    >>> _length(1800), _length(5400), _length(200_000)
    ('30 min', '1 h 30 min', '2 d 7 h')
    """
    whole = timedelta(seconds=seconds)
    hours, minutes = whole.seconds // HOUR_S, whole.seconds % HOUR_S // 60
    if whole.days:
        parts = [f"{whole.days} d", f"{hours} h" if hours else ""]
    else:
        parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(filter(None, parts)) or f"{seconds} s"
