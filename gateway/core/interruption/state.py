"""What the machine knows between two observations, and where the lines run.

The state is a frozen value and outlives the process (`gateway.core.remembered`); what is `passing` is about this very
second and is learnt again from the probe's next beat.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from gateway.core.interruption.verdict import Gasp, Load, MeterWord, Verdict
from gateway.core.observations import EdgeId, MeterAnswered, MeterFailed
from gateway.core.remembered import passing
from wire.terms import Cause, Disconnector, Grade, Stage

_ASKED_CLOSELY = 3  # failed readings after which a meter out of reach is asked no more often than any other
_BEYOND_CHANCE = 6  # readings that agree
_STEADY_READINGS = 3
_JUST_BEFORE, _JUST_AFTER = timedelta(minutes=3), timedelta(minutes=1)
_GASP_REACHES_US = timedelta(seconds=30)  # over a mobile network; and before a late edge of the probe


class Phase(Enum):
    """Where the gateway stands between a supply that is there and one that is not."""

    PRESENT = "present"
    SUSPECT = "suspect"
    LOST = "lost"
    RETURNING = "returning"


class Attention(Enum):
    """How closely the meter should be watched."""

    ROUTINE = "routine"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where the lines run; the band is EN 50160's 230 V +-10 %, and what is below `absent_below_mv` is no voltage.

    Below `input_low_mv` the gateway's own 5 V input is not fed.
    """

    hold_off: timedelta = timedelta(seconds=2)
    restored_hold: timedelta = timedelta(seconds=60)
    band_low_mv: int = 207_000
    band_high_mv: int = 253_000
    absent_below_mv: int = 23_000
    input_low_mv: int = 4_000

    def word(self, voltages_mv: tuple[int, ...]) -> MeterWord:
        """What these phase voltages say."""
        absent = sum(voltage < self.absent_below_mv for voltage in voltages_mv)
        in_band = sum(self.band_low_mv <= voltage <= self.band_high_mv for voltage in voltages_mv)
        match len(voltages_mv):
            case 0:
                return MeterWord.NO_VOLTAGE
            case phases if in_band == phases:
                return MeterWord.IN_BAND
            case phases if absent == phases:
                return MeterWord.ABSENT
            case phases if absent and in_band:
                return MeterWord.PART_ABSENT
            case _:
                return MeterWord.OUT_OF_BAND


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSeen:
    """What the probe last measured at the gateway's 5 V input, and when."""

    input_mv: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Beats in a row that say otherwise than what is held, and when the first of them came."""

    beats: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A run of readings in band without a break: when its first and its last were asked for."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """The meter has not answered since, while supply was sensed: `noticed_at` its first failed reading was done with.

    `while_sensed`: the probe has sensed supply since then, so that the meter's line did not fail with the gateway's.
    """

    noticed_at: datetime
    failures: int = 1
    while_sensed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Readings in a row in which the home drew something, and when the last of them was asked for."""

    readings: int
    last_at: datetime

    def makes_a_sign(self, fell_at: datetime, read_at: datetime) -> bool:
        """Whether something was drawn all the time just before a fall, so that nothing read just after it is a sign."""
        is_steady = self.readings >= _STEADY_READINGS and fell_at - self.last_at <= _JUST_BEFORE
        return is_steady and read_at - fell_at <= _JUST_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong while supply is sensed: seen so many times in a row since `began_at`, and when it was told."""

    cause: Cause
    began_at: datetime
    seen: int = 0
    told_at: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """What is told of it while it lasts."""
        return Verdict(cause=self.cause, stage=Stage.PROVISIONAL, grade=Grade.FAIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionState:
    """All the machine knows of one meter's supply."""

    phase: Phase = Phase.PRESENT
    changed_at: datetime | None = None  # when the supply sense last fell or rose
    began_at: datetime | None = None
    due_at: datetime | None = None  # when a suspicion becomes a loss
    returned_at: datetime | None = None  # since when supply may count as restored, once it is proved
    hold: Hold | None = None
    has_read_voltage: bool = False  # since supply was sensed again
    word: MeterWord = MeterWord.UNASKED  # what the meter said while the sense was away, with the disconnector it told
    agreeing: int = 0
    switch: Disconnector = Disconnector.UNKNOWN
    load: Load = Load.UNTOLD
    together: bool = True  # the meter had not failed before the sense fell, and has read no voltage since
    silent_since: datetime | None = None  # the first silent reading since the meter last answered
    failing: Failing | None = None
    testimony: MeterAnswered | MeterFailed | None = None  # its last answer since the sense changed
    verdict: Verdict | None = None
    power_failures: int | None = None  # the meter's count when supply was last there
    drawn: Drawn | None = None  # what the home drew in its last readings with supply; None if nothing, or untold
    gasped_at: datetime | None = None  # when the meter's last gasp was heard
    is_alone: bool = False  # the interruption rests on that gasp: no probe was heard when it came
    troubles: tuple[Trouble, ...] = ()
    tells_disconnector: bool = False
    newest_edge: EdgeId | None = None
    link_up: bool | None = passing(None)
    input_seen: InputSeen | None = passing(None)
    contradiction: Contradiction | None = passing(None)
    input_turn: Contradiction | None = passing(None)  # the same of the 5 V input: gone, or back

    @property
    def attention(self) -> Attention:
        """Close while a verdict or a restoration waits for the meter's word, and after its first failed readings.

        While it is out of reach a loss of supply can be told from a plug pulled only by its count, much later. A
        verdict is watched a little longer than it takes to confirm it: two readings may be lost by chance, six not.
        """
        is_confirmed = self.verdict is not None and self.verdict.stage is Stage.CONFIRMED
        settled = is_confirmed and self.agreeing >= _BEYOND_CHANCE
        answers = self.failing is None or self.failing.failures > _ASKED_CLOSELY
        at_rest = (self.phase is Phase.PRESENT and answers) or (self.phase is Phase.LOST and settled)
        return Attention.ROUTINE if at_rest else Attention.CLOSE

    @property
    def told_troubles(self) -> tuple[Trouble, ...]:
        """What is wrong while supply is sensed, as far as it was told."""
        return tuple(trouble for trouble in self.troubles if trouble.told_at is not None)

    @property
    def gasp(self) -> Gasp:
        """What the meter's last gasp is to the interruption at hand."""
        if self.gasped_at is None or self.changed_at is None or self.phase is Phase.PRESENT:
            return Gasp.NONE
        if self.is_alone:
            return Gasp.ALONE
        return Gasp.TOGETHER if abs(self.gasped_at - self.changed_at) <= _GASP_REACHES_US else Gasp.NONE

    @property
    def is_sensed(self) -> bool | None:
        """Whether the probe senses supply now; None while it says nothing, or contradicts what is held."""
        if self.phase in (Phase.SUSPECT, Phase.LOST):
            return False
        is_told = self.link_up and self.input_seen is not None and self.contradiction is None
        return True if is_told else None


def sense_changed(state: InterruptionState, phase: Phase, at: datetime) -> InterruptionState:
    """Into `phase`, since `at`; what the meter said before is about another moment."""
    return replace(
        state,
        phase=phase,
        changed_at=at,
        returned_at=None,
        hold=None,
        has_read_voltage=False,
        word=MeterWord.UNASKED,
        agreeing=0,
        switch=Disconnector.UNKNOWN,
        load=Load.UNTOLD,
        testimony=None,
    )


def at_rest(state: InterruptionState, *, power_failures: int | None) -> InterruptionState:
    """Supply is there and no interruption is open; what belongs to the probe and the meter themselves is kept."""
    return InterruptionState(
        changed_at=state.changed_at,
        silent_since=state.silent_since,
        failing=state.failing,
        power_failures=power_failures,
        drawn=state.drawn,
        troubles=state.troubles,
        tells_disconnector=state.tells_disconnector,
        newest_edge=state.newest_edge,
        link_up=state.link_up,
        input_seen=state.input_seen,
    )


def known(at: datetime | None) -> datetime:
    """An instant that its phase always has."""
    assert at is not None
    return at
