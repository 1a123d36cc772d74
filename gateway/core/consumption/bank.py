"""One meter's bank: four channels over the same hours, each with its alarm, and the events they make.

`look` takes one row of the load profile in and gives the next bank, what is to be told, and the scores. A row seen
before, or one that overlaps it, changes nothing, so that rows read again after a restart are neither counted nor told
twice. The bank is a value that `gateway.core.remembered` stores bit for bit: killed after any row and recalled, it
gives the scores it would have given.

While whole days are above usual, so are the quiet hours: no base load is told beside an open sustained alarm.
"""

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TypeVar

from gateway.core.consumption.alarm import LINE, Alarm, Rules, Turn
from gateway.core.consumption.base_load import BaseLoad
from gateway.core.consumption.channel import DAY_H, Account, Channel, Maturity, Moment
from gateway.core.consumption.hours import Hours, HourUse
from gateway.core.consumption.spike import Spike
from gateway.core.consumption.sustained import Sustained
from gateway.core.consumption.zero import Zero
from wire.events import UnusualUse
from wire.terms import UseKind, UseStage

NEW_DAYS, LEARNING_DAYS = 14, 56
_RULES = {
    UseKind.SPIKE: Rules(calm_looks=1, longest_h=24, rest_h=72),
    UseKind.SUSTAINED: Rules(calm_looks=12, longest_h=28 * DAY_H, rest_h=7 * DAY_H),
    UseKind.BASE_LOAD: Rules(calm_looks=1, longest_h=28 * DAY_H, rest_h=14 * DAY_H),
    UseKind.ZERO: Rules(calm_looks=1, longest_h=90 * DAY_H, rest_h=72),
}
_MOST_SCORE_MILLI = 1_000_000
C = TypeVar("C", bound=Channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Everything kept of one meter's use: the hour under way, the last day, the channels, their alarms."""

    hours: Hours = Hours()
    known_h: int = 0
    day_wh: tuple[float | None, ...] = ()
    sustained: Sustained = Sustained()
    base_load: BaseLoad = BaseLoad()
    spike: Spike = Spike()
    zero: Zero = Zero()
    alarms: tuple[Alarm, Alarm, Alarm, Alarm] = (Alarm(), Alarm(), Alarm(), Alarm())  # in the same order

    @property
    def maturity(self) -> Maturity:
        """How well the home is known, by the hours that were."""
        if self.known_h < NEW_DAYS * DAY_H:
            return Maturity.NEW
        return Maturity.LEARNING if self.known_h < LEARNING_DAYS * DAY_H else Maturity.LEARNED

    @property
    def unusual(self) -> tuple[tuple[UseKind, int], ...]:
        """What is unusual now, as far as it was told, and since when."""
        kinds = (UseKind.SUSTAINED, UseKind.BASE_LOAD, UseKind.SPIKE, UseKind.ZERO)
        return tuple((kind, alarm.began_at_s) for kind, alarm in zip(kinds, self.alarms, strict=True) if alarm.is_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The next bank, what is to be told, and how each channel stood in each hour that was settled."""

    bank: Bank
    events: tuple[UnusualUse, ...] = ()
    scores: tuple[tuple[HourUse, dict[UseKind, float]], ...] = ()


def look(bank: Bank, starts_at_s: int, period_s: int, energy_wh: float, zone: tzinfo) -> Looked:
    """Take in what was drawn in the period that began at `starts_at_s` (Unix seconds); `zone` is where the home is."""
    hours, settled = bank.hours.with_row(starts_at_s, period_s, energy_wh, zone)
    if not settled:
        return Looked(bank=replace(bank, hours=hours))
    events: list[UnusualUse] = []
    scores: list[tuple[HourUse, dict[UseKind, float]]] = []
    for hour in settled:
        bank, told, stood = _hour(bank, hours, hour)
        events += told
        scores.append((hour, stood))
    return Looked(bank=bank, events=tuple(events), scores=tuple(scores))


def _hour(bank: Bank, hours: Hours, hour: HourUse) -> tuple[Bank, list[UnusualUse], dict[UseKind, float]]:
    day_wh = (*bank.day_wh[1 - DAY_H :], hour.energy_wh)
    desk = _Desk(Moment(hour=hour, day_wh=day_wh, maturity=bank.maturity))
    of_sustained, of_base_load, of_spike, of_zero = bank.alarms
    sustained, of_sustained = desk.turn(bank.sustained, of_sustained)
    base_load, of_base_load = desk.turn(bank.base_load, of_base_load, is_explained=of_sustained.is_open)
    spike, of_spike = desk.turn(bank.spike, of_spike)
    zero, of_zero = desk.turn(bank.zero, of_zero)
    after = Bank(
        hours=hours,
        known_h=bank.known_h + (hour.energy_wh is not None),
        day_wh=day_wh,
        sustained=sustained,
        base_load=base_load,
        spike=spike,
        zero=zero,
        alarms=(of_sustained, of_base_load, of_spike, of_zero),
    )
    return after, desk.events, desk.scores


class _Desk:
    """One hour before the channels, one after the other: what they told, and their scores."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.events: list[UnusualUse] = []
        self.scores: dict[UseKind, float] = {}

    def turn(self, channel: C, alarm: Alarm, *, is_explained: bool = False) -> tuple[C, Alarm]:
        """The channel and its alarm after this hour; what another alarm explains is neither raised nor learnt."""
        was_open = alarm.is_open
        channel, score = channel.look(self._moment)
        if score is not None:
            self.scores[channel.kind] = score
            if was_open or (score >= LINE and not is_explained and self._moment.maturity is not Maturity.NEW):
                channel, alarm = self._judged(channel, alarm, score)
        if was_open or alarm.is_open:
            return channel, alarm
        return (channel.settle() if is_explained else channel.learn(self._moment)), alarm

    def _judged(self, channel: C, alarm: Alarm, score: float) -> tuple[C, Alarm]:
        account = channel.account(self._moment)
        began_at_s = alarm.began_at_s or account.began_at_s
        alarm, turn = alarm.step(score, began_at_s, self._moment.hour.ends_at_s, _RULES[channel.kind])
        if turn is not Turn.NONE:
            self.events.append(self._told(channel, account, score, began_at_s, turn))
        if turn is Turn.CALMED:
            channel = channel.settle()
        elif turn is Turn.LASTED:
            channel = channel.adopt()
        return channel, alarm

    def _told(self, channel: Channel, account: Account, score: float, began_at_s: int, turn: Turn) -> UnusualUse:
        return UnusualUse(
            kind=channel.kind,
            stage=UseStage.RAISED if turn is Turn.RAISED else UseStage.ENDED,
            began_at_ms=began_at_s * 1000,
            noticed_at_ms=self._moment.hour.ends_at_s * 1000,
            observed_wh=round(account.observed_wh),
            usual_wh=round(account.usual_wh),
            period_s=channel.period_s,
            score_milli=min(round(score * 1000), _MOST_SCORE_MILLI),
        )
