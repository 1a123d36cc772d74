"""Builders for what a home's gateway says about supply, in story time, and the story that it makes."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cloud.kernel.ids import EventId
from cloud.messaging.model import Announcement
from cloud.outages.effects import (
    BreakerNoticeAt,
    CaseChanged,
    DropBreakerNotice,
    DropNotice,
    Effect,
    Noted,
    NotifyAt,
    Tell,
    TellOfBreaker,
)
from cloud.outages.model import Case, Remark, State
from cloud.outages.rules import step
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import Assessed, BreakerDue, Dipped, Heard, Lost, NoticeDue, Observation, Returned, Unsaid
from wire.events import Evidence
from wire.ids import GatewayId
from wire.terms import Cause, EvidenceKind, Grade, Stage

EVENING = datetime(2026, 11, 21, 23, 15, tzinfo=UTC)
OWN_METER = "LMP00000001"
GATEWAY = GatewayId("7Z0M4QDA")
AWAY = Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=0, age_ms=2_000)
THERE = Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=2_000)
READS_POWER = Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_600, age_ms=1_000)
DRAWS_NOTHING = Evidence(kind=EvidenceKind.METER_LOAD, value=0, age_ms=1_000)
DARK = (AWAY,)
BESIDE_SUPPLY = (THERE,)
COUNTED = (THERE, READS_POWER)  # the meter's counter moved, and it reads power again
COUNTED_AWAY = (AWAY, READS_POWER)  # the same, while something else keeps the sense away
TRIPPED = (AWAY, READS_POWER, DRAWS_NOTHING)
AFTER_A_MINUTE = OutageSettings(notify_after_s=60)


def at(seconds: float) -> datetime:
    """The story's instant, `seconds` after the evening's beginning."""
    return EVENING + timedelta(seconds=seconds)


def heard(seq: int, said_s: float, *, heard_s: float | None = None, meter: str = OWN_METER, good: bool = True) -> Heard:
    return Heard(
        event=EventId(gateway=GATEWAY, gen=1, lane=0, seq=seq),
        meter=meter,
        said_at=at(said_s),
        heard_at=at(said_s if heard_s is None else heard_s),
        clock_is_good=good,
    )


def lost(seq: int, began_s: float, **frame: object) -> Lost:
    return Lost(heard=_framed(seq, began_s + 2, frame), began_at=at(began_s))


def interrupted(
    seq: int,
    began_s: float,
    *,
    cause: Cause = Cause.SUPPLY_INTERRUPTED,
    stage: Stage = Stage.CONFIRMED,
    grade: Grade = Grade.FAIR,
    evidence: tuple[Evidence, ...] = DARK,
    **frame: object,
) -> Assessed:
    return Assessed(
        heard=_framed(seq, began_s + 4, frame),
        began_at=at(began_s),
        cause=cause,
        stage=stage,
        grade=grade,
        evidence=evidence,
    )


def withdrawn(seq: int, began_s: float, **frame: object) -> Assessed:
    return interrupted(seq, began_s, stage=Stage.WITHDRAWN, **frame)  # type: ignore[arg-type] # the frame's words


def unplugged(seq: int, began_s: float, **frame: object) -> Assessed:
    return interrupted(seq, began_s, cause=Cause.GATEWAY_UNPLUGGED, **frame)  # type: ignore[arg-type] # as above


def found(seq: int, began_s: float, cause: Cause, **verdict: object) -> Assessed:
    """A verdict that is no outage, confirmed while the supply sense is away unless told otherwise."""
    return interrupted(seq, began_s, cause=cause, **verdict)  # type: ignore[arg-type] # as above


def beside(seq: int, began_s: float, cause: Cause, stage: Stage, **verdict: object) -> Assessed:
    """A verdict made while supply is sensed."""
    return interrupted(seq, began_s, cause=cause, stage=stage, evidence=BESIDE_SUPPLY, **verdict)  # type: ignore[arg-type] # as above


def own_breaker(seq: int, began_s: float, **verdict: object) -> Assessed:
    return found(seq, began_s, Cause.OWN_BREAKER, evidence=TRIPPED, **verdict)


def in_hindsight(
    seq: int, began_s: float, said_s: float, *, evidence: tuple[Evidence, ...] = COUNTED, **frame: object
) -> Assessed:
    """The meter counted a failure nobody saw, and reads power now."""
    seen = interrupted(seq, began_s, grade=Grade.STRONG, evidence=evidence)
    return replace(seen, heard=heard(seq, said_s, **frame))  # type: ignore[arg-type] # as above


def restored(
    seq: int, began_s: float, back_s: float, *, lowest_mv: int | None = 230_600, off: bool = False, **frame: object
) -> Returned:
    return Returned(
        heard=_framed(seq, back_s + 60, frame),
        began_at=at(began_s),
        returned_at=at(back_s),
        held_s=60,
        lowest_mv=lowest_mv,
        is_switched_off=off,
    )


def dipped(seq: int, began_s: float) -> Dipped:
    return Dipped(heard=heard(seq, began_s + 1), began_at=at(began_s))


def _framed(seq: int, said_s: float, frame: dict[str, object]) -> Heard:
    return heard(seq, said_s, **frame)  # type: ignore[arg-type] # the caller names what `heard` takes


@dataclass(slots=True)
class Home:
    """A home whose observations are stepped through, with its timer, as the shell would."""

    settings: OutageSettings = AFTER_A_MINUTE
    state: State = field(default_factory=lambda: State(meter=OWN_METER))
    effects: list[Effect] = field(default_factory=list)
    notices: dict[int, datetime] = field(default_factory=dict)
    breaker_notices: dict[int, datetime] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)

    def see(self, *observations: Observation, now: datetime | None = None) -> "Home":
        """Take observations in, each at the instant it is heard unless `now` says otherwise."""
        for seen in observations:
            heard_at = EVENING if isinstance(seen, Unsaid) else seen.heard.heard_at
            self._step(seen, now or heard_at)
        return self

    def wait_until(self, seconds: float) -> "Home":
        """Let time pass; notices that fall due are heard."""
        due = [(due_at, NoticeDue(case_number=number)) for number, due_at in self.notices.items()]
        due += [(due_at, BreakerDue(occurrence=number)) for number, due_at in self.breaker_notices.items()]
        for due_at, notice in sorted(due, key=lambda timer: timer[0]):
            if due_at <= at(seconds):
                self._step(notice, due_at)
        self.notices = _still_to_come(self.notices, seconds)
        self.breaker_notices = _still_to_come(self.breaker_notices, seconds)
        return self

    @property
    def told(self) -> list[tuple[int, Announcement]]:
        return [(effect.case.number, effect.announcement) for effect in self.effects if isinstance(effect, Tell)]

    @property
    def told_of_breaker(self) -> list[int]:
        return [effect.occurrence for effect in self.effects if isinstance(effect, TellOfBreaker)]

    @property
    def is_told_nothing(self) -> bool:
        return not self.told and not self.told_of_breaker

    @property
    def found(self) -> Cause | None:
        """The cause of the finding that stands."""
        return self.state.finding.cause if self.state.finding else None

    @property
    def remarks(self) -> list[Remark]:
        return [effect.remark for effect in self.effects if isinstance(effect, Noted)]

    @property
    def case(self) -> Case:
        """The one case there is."""
        (case,) = self.cases.values()
        return case

    def _step(self, seen: Observation, now: datetime) -> None:
        made = step(self.state, seen, now, self.settings)
        self.state = made.state
        self.effects += made.effects
        self._write(made.effects)

    def _write(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case CaseChanged(case=case):
                    self.cases[case.number] = case
                case NotifyAt(case_number=number, due_at=due_at):
                    self.notices[number] = due_at
                case DropNotice(case_number=number):
                    self.notices.pop(number, None)
                case BreakerNoticeAt(occurrence=number, due_at=due_at):
                    self.breaker_notices[number] = due_at
                case DropBreakerNotice(occurrence=number):
                    self.breaker_notices.pop(number, None)
                case _:
                    pass


def _still_to_come(notices: dict[int, datetime], seconds: float) -> dict[int, datetime]:
    return {number: due_at for number, due_at in notices.items() if due_at > at(seconds)}


def at_another_meter(seen: Returned, meter: str = "LMP00000009") -> Returned:
    return replace(seen, heard=replace(seen.heard, meter=meter))
