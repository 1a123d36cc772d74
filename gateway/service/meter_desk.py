"""What the pipeline has on its desk about one meter: its rules, its standing, and how the standing is stored.

Nine lines in the journal, each written only when it changed: the supply, the reach, how far the load profile and the
event logs have been taken over, what the home usually draws and how far its use was told, the latest reading, how its
voltage stands, and what became of its pushes. A line that cannot be read back is begun anew, and the log says so.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.core.batches import IntervalProgress
from gateway.core.conclusions import Conclusion, LatestReading, MeterRules, Standing
from gateway.core.consumption import Bank
from gateway.core.disclosure import Told
from gateway.core.interruption import InterruptionState
from gateway.core.meter_logs.log_progress import LogsTaken
from gateway.core.outbox import Change, Entry
from gateway.core.push.pushes import Pushes, PushRecord
from gateway.core.quality import Quality
from gateway.core.reachability import Reachability
from gateway.core.reading import Finding
from gateway.core.registered_meter import RegisteredMeter
from gateway.core.remembered import Forgotten, recall, remember
from gateway.service.meter_watch import Instruction, MeterWatch
from gateway.service.ports import Book
from gateway.service.presence import Presence
from runtime import logs

log = logs.get(__name__)
T = TypeVar("T")
SUPPLY, REACH, INTERVALS, CONSUMPTION, READING = "supply", "reach", "intervals", "consumption", "reading"
LOGS, PUSHES, TOLD, QUALITY = "logs", "pushes", "told", "quality"
_LONGEST_SUBJECT = 32


class MeterDesk:
    """One meter, as the pipeline knows it. For the pipeline's thread alone."""

    def __init__(
        self, meter: RegisteredMeter, rules: MeterRules, watch: MeterWatch, backfill: timedelta, log_days: int = 31
    ) -> None:
        self.number = meter.number
        self.rules = rules
        self._serial = meter.serial
        self._watch = watch
        self._backfill, self._log_days = backfill, log_days
        self._standing: Standing | None = None
        self._stored: dict[str, str] = {}
        self._worded: dict[str, tuple[object, str]] = {}
        self._doubts: frozenset[Finding] = frozenset()
        self._presence = Presence(log, "push", meter=meter.number)
        self._refusals_said: set[str] = set()

    @property
    def standing(self) -> Standing:
        """What is concluded about the meter so far; to be recalled first."""
        assert self._standing is not None
        return self._standing

    @property
    def unregistered_serial(self) -> str:
        """The serial number the meter has told and the registry does not know yet; empty when there is none."""
        return "" if self._serial else self.standing.serial

    def registered(self) -> None:
        """The registry knows the serial number now."""
        self._serial = self.standing.serial

    def recall(self, book: Book, now: datetime) -> None:
        """Take up where the journal says this meter was left; raises JournalUnavailable."""
        kinds = (SUPPLY, REACH, INTERVALS, LOGS, CONSUMPTION, READING, PUSHES, TOLD, QUALITY)
        names = [name_of(kind, self.number) for kind in kinds]
        self._stored = {name: line for name in names if (line := book.recall(name)) is not None}
        latest = self._recalled(READING, LatestReading)
        self._standing = Standing(
            serial=self._serial or (latest.serial if latest else ""),
            supply=self._recalled(SUPPLY, InterruptionState) or InterruptionState(),
            reach=self._recalled(REACH, Reachability) or Reachability(),
            progress=self._recalled(INTERVALS, IntervalProgress) or IntervalProgress(through=now - self._backfill),
            consumption=self._recalled(CONSUMPTION, Bank) or Bank(),
            logs=(self._recalled(LOGS, LogsTaken) or LogsTaken()).of(self.rules.profile.logs, now, self._log_days),
            latest=latest,
            pushes=Pushes.of(self._recalled(PUSHES, PushRecord), now),
            told=self._recalled(TOLD, Told) or Told(),
            quality=self._recalled(QUALITY, Quality) or Quality(),
        )
        self._instruct(now, at_once=False)

    def changes(self, conclusion: Conclusion) -> tuple[Change, Change, Change]:
        """What the journal must keep for `conclusion`: the supply's part, and two that yield: readings', and logs'."""
        standing = conclusion.standing
        subject = subject_of(standing.serial)
        taken_over: dict[str, object] = {INTERVALS: standing.progress, TOLD: standing.told}
        if standing.consumption is not self.standing.consumption:
            taken_over[CONSUMPTION] = standing.consumption
        firm: dict[str, object] = {SUPPLY: standing.supply, REACH: standing.reach, READING: standing.latest}
        if standing.quality is not self.standing.quality:
            firm[QUALITY] = standing.quality
        if self.rules.push is not None:
            firm[PUSHES] = standing.pushes.record
        logs: dict[str, object] = {} if standing.logs is self.standing.logs else {LOGS: standing.logs}
        of_supply = self._new_lines(firm)
        return (
            Change(
                entries=tuple(Entry(subject=subject, event=event) for event in conclusion.events),
                remembered=of_supply,
                can_wait=not conclusion.events
                and of_supply.keys() <= {name_of(READING, self.number), name_of(QUALITY, self.number)},
            ),
            Change(
                entries=tuple(Entry(subject=subject, event=event) for event in conclusion.readings),
                remembered=self._new_lines(taken_over),
                yields=True,
                can_wait=True,
            ),
            Change(
                entries=tuple(Entry(subject=subject, event=event) for event in conclusion.logged),
                remembered=self._new_lines(logs),
                yields=True,
                can_wait=True,
            ),
        )

    def adopt(self, conclusion: Conclusion, changes: Sequence[Change], kept: Sequence[bool], now: datetime) -> None:
        """The journal holds those of the `changes` that were kept: go on from there, and tell the poller of it."""
        before, standing = self.standing, conclusion.standing
        for change in itertools.compress(changes, kept):
            self._stored |= change.remembered
        _, readings_kept, logs_kept = kept
        if not readings_kept:
            standing = replace(standing, progress=before.progress, consumption=before.consumption, told=before.told)
        if not logs_kept:
            standing = replace(standing, logs=before.logs)
        self._standing = standing
        self._instruct(now, at_once=standing.supply.phase is not before.supply.phase)
        self._tell_refusal(conclusion.refused)
        if conclusion.doubts is not None:
            self._tell_doubts(frozenset(conclusion.doubts))

    def _instruct(self, now: datetime, *, at_once: bool) -> None:
        standing = self.standing
        instruction = Instruction(
            attention=standing.supply.attention,
            progress=standing.progress,
            logs=standing.logs,
            serial=standing.serial,
            is_pushed=self._is_pushed(standing.pushes, now),
        )
        self._watch.instruct(instruction, at_once=at_once)

    def _is_pushed(self, pushes: Pushes, now: datetime) -> bool:
        """Whether its pushes come; said when they begin and when they stop."""
        if self.rules.push is None or pushes.heard_at is None:
            return False
        is_live = pushes.is_live(now, self.rules.push.interval)
        if is_live:
            self._presence.here()
        else:
            self._presence.gone(instead="it is asked as often as any other" if self.rules.push.is_asked else "nothing")
        return is_live

    def _tell_refusal(self, reason: str) -> None:
        """Each reason once."""
        if reason and reason not in self._refusals_said:
            self._refusals_said.add(reason)
            log.warning("push_refused", meter=self.number, reason=reason)

    def _recalled(self, kind: str, cls: type[T]) -> T | None:
        line = self._stored.get(name_of(kind, self.number))
        try:
            return None if line is None else recall(cls, line)
        except Forgotten as forgotten:
            log.warning("conclusion_forgotten", meter=self.number, kind=kind, reason=str(forgotten))
            return None

    def _new_lines(self, values: dict[str, object]) -> dict[str, str]:
        lines = {name_of(kind, self.number): self._in_words(kind, value) for kind, value in values.items()}
        return {name: line for name, line in lines.items() if line and self._stored.get(name) != line}

    def _in_words(self, kind: str, value: object) -> str:
        """The line for `value`, none for None. The same value comes at every tick, and some are kilobytes."""
        if value is None:
            return ""
        of_value, line = self._worded.get(kind, (None, ""))
        if of_value is not value:
            line = remember(value)
            self._worded[kind] = value, line
        return line

    def _tell_doubts(self, doubts: frozenset[Finding]) -> None:
        """Each doubt once, until it is gone and comes again."""
        known = {(finding.doubt, finding.quantity) for finding in self._doubts}
        for finding in doubts:
            if (finding.doubt, finding.quantity) not in known:
                quantity = finding.quantity.name.lower() if finding.quantity else ""
                log.warning(
                    "reading_doubted",
                    meter=self.number,
                    doubt=finding.doubt,
                    quantity=quantity,
                    observed=finding.observed,
                    allowed=finding.allowed,
                )
        self._doubts = doubts


def name_of(kind: str, number: int) -> str:
    """Under which name the journal stores this kind of conclusion about this meter."""
    return f"{kind}/{number}"


def port_line(port: str) -> str:
    """Under which name the journal stores what was refused at this push port."""
    return f"{PUSHES}/{port}"


def subject_of(serial: str) -> str:
    """How events name a meter: its serial number, as far as it can be printed and fits."""
    return "".join(filter(str.isprintable, serial))[:_LONGEST_SUBJECT]
