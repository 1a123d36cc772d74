"""The load curve as SVG geometry: numbers in, path strings and label positions out; the template writes the elements.

Only attributes and classes, never a style: the page's policy forbids inline ones, and colours belong to the stylesheet,
where light and dark differ. Two drawings are made, a wide and a narrow one, because text inside a picture that is
scaled down cannot be read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cloud.web.curve import Curve
from cloud.web.moments import Moments

_LEFT: Final = 44
_RIGHT: Final = 8
_TOP: Final = 26
_BOTTOM: Final = 34
_GAP: Final = 1.5
_TICKS: Final = 4
_LEAST_TOP_W: Final = 100
_HOURS_OF_TWO_DAYS: Final = 72
_WEEKDAYS: Final = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_LABEL_WIDTH: Final = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time in which power was out; no end when it still is."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word beside an axis; a `strong` one begins a day."""

    x: float
    y: float
    text: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of the picture."""

    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything a template needs to write the picture."""

    name: str
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    bars: str
    partial_bars: str
    grid: str
    days: str
    unread: tuple[Band, ...]
    dark: tuple[Band, ...]
    x_labels: tuple[Label, ...]
    y_labels: tuple[Label, ...]


def draw(curve: Curve, dark: Iterable[Span], moments: Moments, *, name: str, width: int, height: int) -> Drawing:
    """The curve in a picture of this size."""
    frame = _Frame(curve, width, height)
    ticks = _ticks(max((period.mean_w or 0 for period in curve.periods), default=0))
    frame.top_w = ticks[-1]
    full = [p for p in curve.read if p.covered_s >= curve.period_s]
    part = [p for p in curve.read if p.covered_s < curve.period_s]
    midnights, x_labels = _time_axis(curve, moments, frame)
    return Drawing(
        name=name,
        width=width,
        height=height,
        left=_LEFT,
        right=frame.right,
        top=_TOP,
        bottom=frame.bottom,
        bars=_bars(frame, [(p.start_at, p.mean_w or 0) for p in full]),
        partial_bars=_bars(frame, [(p.start_at, p.mean_w or 0) for p in part]),
        grid="".join(f"M{_LEFT} {frame.y(tick):.1f}H{frame.right}" for tick in ticks),
        days="".join(f"M{frame.x(at):.1f} {_TOP}V{frame.bottom}" for at in midnights),
        unread=tuple(_unread(curve, frame)),
        dark=tuple(_dark(dark, curve, frame)),
        x_labels=tuple(x_labels),
        y_labels=tuple(Label(x=_LEFT - 8, y=frame.y(tick) + 4, text=_watts(tick, ticks[-1])) for tick in ticks),
    )


class _Frame:
    """Where an instant and a power stand in the picture."""

    def __init__(self, curve: Curve, width: int, height: int) -> None:
        self.right = width - _RIGHT
        self.bottom = height - _BOTTOM
        self.top_w = _LEAST_TOP_W
        self._since = curve.since
        self._span_s = max((curve.until - curve.since).total_seconds(), 1.0)
        self.bar = (self.right - _LEFT) * curve.period_s / self._span_s

    def x(self, at: datetime) -> float:
        share = (at - self._since).total_seconds() / self._span_s
        return _LEFT + (self.right - _LEFT) * min(max(share, 0.0), 1.0)

    def y(self, watts: int) -> float:
        return self.bottom - (self.bottom - _TOP) * max(watts, 0) / self.top_w


def _bars(frame: _Frame, values: Sequence[tuple[datetime, int]]) -> str:
    gap = min(_GAP, frame.bar / 4)
    return "".join(
        f"M{frame.x(at) + gap / 2:.1f} {frame.bottom}V{min(frame.y(watts), frame.bottom - 1):.1f}"
        f"h{frame.bar - gap:.1f}V{frame.bottom}z"
        for at, watts in values
    )


def _unread(curve: Curve, frame: _Frame) -> Iterable[Band]:
    """Runs of periods nobody read, each as one band."""
    began: datetime | None = None
    for period in curve.periods:
        if period.energy_wh is None:
            began = began or period.start_at
        elif began is not None:
            yield Band(x=frame.x(began), width=frame.x(period.start_at) - frame.x(began))
            began = None
    if began is not None:
        yield Band(x=frame.x(began), width=frame.right - frame.x(began))


def _dark(spans: Iterable[Span], curve: Curve, frame: _Frame) -> Iterable[Band]:
    for span in spans:
        until = curve.until if span.until is None else span.until
        if until > curve.since and span.since < curve.until:
            x = frame.x(span.since)
            yield Band(x=x, width=max(frame.x(until) - x, 2.0))


def _time_axis(curve: Curve, moments: Moments, frame: _Frame) -> tuple[list[datetime], list[Label]]:
    """The instants at which days begin by the home's clock, and the words under the axis."""
    hours = (curve.until - curve.since) / timedelta(hours=1)
    room = (frame.right - _LEFT) / hours
    step = next((hours for hours in (3, 6, 12) if hours * room >= _LABEL_WIDTH), 24)
    midnights, labels = [], []
    first = curve.since + timedelta(minutes=-moments.local(curve.since).minute % 60)  # where zones stand at half hours
    for index in range(int(hours) + 1):
        at = first + timedelta(hours=index)
        local = moments.local(at)
        is_midnight = local.hour == 0
        if is_midnight:
            midnights.append(at)
        shows_hours = hours <= _HOURS_OF_TWO_DAYS and local.hour % step == 0
        if (is_midnight or shows_hours) and frame.right - frame.x(at) > _LABEL_WIDTH / 2:
            day = f"{_WEEKDAYS[local.weekday()]} {local.day}"
            text = day if is_midnight else f"{local.hour:02d}"
            labels.append(Label(x=frame.x(at), y=frame.bottom + 20, text=text, is_strong=is_midnight))
    return midnights, labels


def _ticks(highest_w: int) -> list[int]:
    """Round powers from zero to at least `highest_w`.

    >>> _ticks(3100), _ticks(0)
    ([0, 1000, 2000, 3000, 4000], [0, 25, 50, 75, 100])
    """
    highest_w = max(highest_w, _LEAST_TOP_W)
    step = 1
    while step * _TICKS < highest_w:
        step = next(round_ for round_ in _round_steps(step) if round_ > step)
    count = -(-highest_w // step)
    return [step * index for index in range(count + 1)]


def _round_steps(step: int) -> list[int]:
    power = 10 ** (len(str(step)) - 1)
    return [power, 2 * power, 25 * power // 10 if power >= 10 else 2 * power, 5 * power, 10 * power]


def _watts(value_w: int, highest_w: int) -> str:
    """A power as the axis says it: kilowatts, with as many decimals as the steps need."""
    digits = 2 if highest_w < 1_000 else 1
    return f"{value_w / 1000:.{digits}f}" if value_w else "0"
