"""What was found in a record, drawn: use day by day, everything unusual as a band with its sign, the scores below.

A picture that needs nothing but itself: no script, no font, no address. It says the same as the list, in its title and
its description too, for whoever hears it. Signs and bands both tell the kind, so that nobody needs to see colours.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from gateway.consumption_report import DAY_S, WORDS, Anomaly, Findings

_WIDTH, _HEIGHT = 1200, 460
_LEFT, _RIGHT = 64, 1184
_SIGNS_Y = 60
_USE = (72, 300)  # top and bottom of the upper panel
_SCORES = (336, 428)
_MOST_SCORE = 2.0
_MOST_COLUMNS = 1_100
_FEW_DAYS = 20
_STYLES = {  # colours that differ for the colour-blind, and a sign each
    "spike": ("#d55e00", "▲"),
    "sustained": ("#0072b2", "■"),
    "base load": ("#00795a", "●"),
    "zero": ("#a0447f", "○"),
    "level": ("#d55e00", "▲"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A stretch of the record: the sum (of energy) or mean (of anything else) of what is known; its highest scores."""

    at_s: int
    value: float | None
    scores: dict[str, float]


def picture(findings: Findings) -> str:
    """The whole picture as SVG."""
    return "\n".join(_Sheet(findings).parts()) + "\n"


class _Sheet:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._since_s = findings.record.rows[0].at_s
        self._until_s = findings.record.ends_at_s
        self._step_s = _step_s(self._until_s - self._since_s, is_energy=findings.record.is_energy)
        self._columns = _columns(findings, self._step_s)
        values = [column.value for column in self._columns if column.value is not None]
        self._low, self._high = min(0.0, *values), max(*values, 1e-9)

    def parts(self) -> Iterator[str]:
        """From the back to the front."""
        findings = self._findings
        title = f"{findings.record.column}, {findings.clock(self._since_s)} to {findings.clock(self._until_s)}"
        yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        yield 'font-family="sans-serif" font-size="13" fill="#222">'
        yield f"<title>{escape(title)}</title>"
        yield f"<desc>{escape('; '.join(findings.lines()))}</desc>"
        yield f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
        yield _text(_LEFT, 22, f"{title}: {len(findings.anomalies)} unusual", size=16)
        yield from self._legend()
        for anomaly in findings.anomalies:
            yield from self._band(anomaly)
        yield from self._use()
        yield from self._scores()
        yield from self._times()
        yield "</svg>"

    def _legend(self) -> Iterator[str]:
        x = _LEFT
        for kind in dict.fromkeys(anomaly.kind for anomaly in self._findings.anomalies):
            colour, sign = _STYLES[kind]
            yield _text(x, 42, f"{sign} {kind}", colour=colour)
            x += 110

    def _band(self, anomaly: Anomaly) -> Iterator[str]:
        colour, sign = _STYLES[anomaly.kind]
        left = self._x(anomaly.began_at_s)
        right = self._x(self._until_s if anomaly.ended_at_s is None else anomaly.ended_at_s)
        width = max(right - left, 2.0)
        yield (
            f'<rect x="{left:.1f}" y="{_USE[0]}" width="{width:.1f}" height="{_SCORES[1] - _USE[0]}" '
            f'fill="{colour}" fill-opacity="0.22"/>'
        )
        yield _text(self._x(anomaly.noticed_at_s), _SIGNS_Y + 6, sign, colour=colour, anchor="middle")

    def _use(self) -> Iterator[str]:
        top, bottom = _USE
        is_energy = self._findings.record.is_energy
        unit = (f"kWh a {'day' if self._step_s == DAY_S else 'hour'}") if is_energy else self._findings.record.column
        scale = 1_000.0 if is_energy else 1.0
        for share in (0.0, 0.5, 1.0):
            y = bottom - share * (bottom - top)
            value = (self._low + share * (self._high - self._low)) / scale
            yield f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            yield _text(_LEFT - 6, y + 4, f"{value:.3g}", anchor="end")
        yield _text(_LEFT + 4, top + 12, unit, colour="#555")
        span = self._high - self._low
        points = [
            (column.at_s, None if column.value is None else bottom - (column.value - self._low) / span * (bottom - top))
            for column in self._columns
        ]
        yield f'<path d="{self._steps(points)}" fill="none" stroke="#333" stroke-width="1.2"/>'

    def _scores(self) -> Iterator[str]:
        top, bottom = _SCORES
        line_y = bottom - (bottom - top) / _MOST_SCORE
        yield f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{bottom}" y2="{bottom}" stroke="#ddd"/>'
        for name in self._findings.channels:
            colour, _ = _STYLES[_word(name)]
            points = [
                (column.at_s, bottom - min(column.scores[name], _MOST_SCORE) / _MOST_SCORE * (bottom - top))
                if name in column.scores
                else (column.at_s, None)
                for column in self._columns
            ]
            yield f'<path d="{self._steps(points)}" fill="none" stroke="{colour}" stroke-width="1"/>'
        yield f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{line_y}" y2="{line_y}" stroke="#222" stroke-dasharray="4 3"/>'
        yield _text(_LEFT - 6, line_y + 4, "1.0", anchor="end")
        yield _text(_LEFT + 4, top - 6, "scores; the dashed line is the alarm line", colour="#555")

    def _times(self) -> Iterator[str]:
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            at_s = self._since_s + round(share * (self._until_s - self._since_s))
            anchor = {0.0: "start", 1.0: "end"}.get(share, "middle")
            local = datetime.fromtimestamp(at_s, self._findings.zone)
            yield _text(self._x(at_s), _SCORES[1] + 20, f"{local:%Y-%m-%d}", anchor=anchor)

    def _steps(self, points: Sequence[tuple[int, float | None]]) -> str:
        """A line of steps, broken where nothing is known."""
        path: list[str] = []
        is_broken = True
        for at_s, y in points:
            if y is not None:
                path.append(f"{'M' if is_broken else 'L'}{self._x(at_s):.1f} {y:.1f}")
                path.append(f"H{self._x(min(at_s + self._step_s, self._until_s)):.1f}")
            is_broken = y is None
        return "".join(path)

    def _x(self, at_s: int) -> float:
        share = (at_s - self._since_s) / (self._until_s - self._since_s)
        return _LEFT + min(1.0, max(0.0, share)) * (_RIGHT - _LEFT)


def _step_s(length_s: int, *, is_energy: bool) -> int:
    """Energy by the day, a few days of it by the hour; anything else as finely as the paper takes it."""
    if is_energy:
        return 3_600 if length_s <= _FEW_DAYS * DAY_S else DAY_S
    return max(1, length_s // _MOST_COLUMNS)


def _columns(findings: Findings, step_s: int) -> list[_Column]:
    """The record in stretches of one length; days begin at the midnight of the home, whatever its clock does."""
    grouped: dict[int, list[tuple[float | None, dict[str, float]]]] = defaultdict(list)
    for at_s, value, scores in findings.scores:
        local = datetime.fromtimestamp(at_s, findings.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        begins_s = int(midnight.timestamp()) if step_s == DAY_S else at_s - at_s % step_s
        grouped[begins_s].append((value, scores))
    return [
        _Column(
            at_s=at_s,
            value=_together([value for value, _ in rows], is_energy=findings.record.is_energy),
            scores=_highest(scores for _, scores in rows),
        )
        for at_s, rows in sorted(grouped.items())
    ]


def _together(values: Sequence[float | None], *, is_energy: bool) -> float | None:
    """A stretch of energy is known as a whole, or scaled up from three quarters of it; else it is not known."""
    known = [value for value in values if value is not None]
    if not known or 4 * len(known) < 3 * len(values):
        return None
    mean = sum(known) / len(known)
    return mean * len(values) if is_energy else mean


def _highest(scores: Iterable[dict[str, float]]) -> dict[str, float]:
    highest: dict[str, float] = {}
    for row in scores:
        for name, score in row.items():
            highest[name] = max(score, highest.get(name, 0.0))
    return highest


def _word(channel: str) -> str:
    return next((word for kind, word in WORDS.items() if kind.name.lower() == channel), channel)


def _text(x: float, y: float, words: str, *, colour: str = "#222", anchor: str = "start", size: int = 13) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="{colour}">{escape(words)}</text>'
