"""The truth table: what an interruption is, by what the probe senses and the meter says.

The table holds one row for each thing that can be told apart; the first row that fits is the finding. A finding is
provisional until as many readings in a row agree as its row asks for, and its grade says how strong all the evidence is
together. What the table does not know it calls CANNOT_TELL; it never guesses.

Four rules of evidence stand above the rows. A meter that merely answers proves nothing, because it may live on its
capacitor: only a voltage it reads now does. The meter's own count of power failures decides, because it was there.
A meter's last gasp as the sense fell is its word too, until it reads a voltage; alone, without a probe, it is fair.
And silence is evidence only of two witnesses who fell together: a meter that had failed before, or that has read a
voltage since, is silent on its own, and a head knocked off is no outage because a plug is pulled later.

`revise` holds a new finding against the verdict that stands: weaker evidence changes nothing, and a verdict that gives
way to another cause is withdrawn by name, because somebody may have acted on it. That a cause can no longer be told
takes nothing from one that was settled; only an interruption is disproved so, by a count that did not move. A verdict
in doubt gives way to nothing less than what had settled it.
"""

from dataclasses import dataclass
from enum import Enum

from wire.terms import Cause, Disconnector, Grade, Stage


class Sense(Enum):
    """What the probe senses of the gateway's supply; RESTORED once the meter has proved it for the whole hold."""

    LOST = "lost"
    BACK = "back"
    RESTORED = "restored"


class MeterWord(Enum):
    """What the meter said while the supply sense was away."""

    UNASKED = "unasked"
    SILENT = "silent since the sense fell"
    SILENT_ALONE = "silent on its own"
    LINK_FAULT = "link fault"
    NO_VOLTAGE = "answers without a voltage"
    IN_BAND = "every phase in band"
    OUT_OF_BAND = "voltage out of band"
    PART_ABSENT = "some phases absent"
    ABSENT = "every phase absent"


class Load(Enum):
    """What the meter said of the current through it, while the supply sense was away."""

    UNTOLD = "untold"
    DRAWN = "something is drawn"
    NONE = "nothing is drawn"
    GONE = "nothing is drawn any more"


class Counter(Enum):
    """The meter's count of power failures, against its count from before the interruption."""

    UNKNOWN = "unknown"
    UNMOVED = "unmoved"
    MOVED = "moved"


class Gasp(Enum):
    """Whether the meter said, as its supply went, that it was going."""

    NONE = "none"
    TOGETHER = "as the sense fell"
    ALONE = "and no probe is heard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one interruption.

    `meter`, `disconnector` and `load` are what the meter said while the sense was away, `agreeing` how many readings in
    a row said so; `counter` is its count as last read.
    """

    sense: Sense
    meter: MeterWord
    agreeing: int
    disconnector: Disconnector
    counter: Counter
    load: Load = Load.UNTOLD
    gasp: Gasp = Gasp.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A cause, how far it is settled, and how strong the evidence is."""

    cause: Cause
    stage: Stage
    grade: Grade

    @property
    def is_in_doubt(self) -> bool:
        """Whether supply was sensed again since it was confirmed, so that it is to be shown again."""
        return self.stage is Stage.CONFIRMED and self.grade < Grade.FAIR

    def __str__(self) -> str:
        """In words, for logs and for the technician."""
        return ", ".join(part.name.lower().replace("_", " ") for part in (self.cause, self.stage, self.grade))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `()` fits anything. `confirmed_by` readings that agree settle it, None never."""

    sense: tuple[Sense, ...]
    meter: tuple[MeterWord, ...]
    disconnector: tuple[Disconnector, ...]
    counter: tuple[Counter, ...]
    load: tuple[Load, ...]
    cause: Cause
    grade: Grade
    confirmed_by: int | None
    gasp: tuple[Gasp, ...] = ()

    def fits(self, facts: Facts) -> bool:
        """Whether this row speaks of these facts."""
        return (
            (not self.sense or facts.sense in self.sense)
            and (not self.meter or facts.meter in self.meter)
            and (not self.disconnector or facts.disconnector in self.disconnector)
            and (not self.counter or facts.counter in self.counter)
            and (not self.load or facts.load in self.load)
            and (not self.gasp or facts.gasp in self.gasp)
        )


_LOST, _RESTORED = (Sense.LOST,), (Sense.RESTORED,)
_MOVED, _UNMOVED = (Counter.MOVED,), (Counter.UNMOVED,)
_NOT_CLOSED = (Disconnector.OPEN, Disconnector.READY)
PROVES_NOTHING = (MeterWord.UNASKED, MeterWord.NO_VOLTAGE, MeterWord.LINK_FAULT)
READS_VOLTAGE = (MeterWord.IN_BAND, MeterWord.OUT_OF_BAND, MeterWord.PART_ABSENT)
_SILENT = (MeterWord.SILENT, MeterWord.SILENT_ALONE)
_NO_VOLTAGE_READ = (*_SILENT, *PROVES_NOTHING)
_ALIVE, _ALIVE_OR_NOTHING = (MeterWord.IN_BAND,), (MeterWord.IN_BAND, *PROVES_NOTHING)

TABLE = (
    # sense | meter | disconnector | counter | load | cause | grade | confirmed by | gasp
    #
    # The meter was there: its own count moved, or it reads that its line is dead. (A failure that was over while the
    # sense is still away is told in hindsight, and the count taken anew, before the table is asked: `assessment`.)
    Row((), (), (), _MOVED, (), Cause.SUPPLY_INTERRUPTED, Grade.STRONG, 0),
    Row(_LOST, (MeterWord.ABSENT,), (), (), (), Cause.SUPPLY_INTERRUPTED, Grade.STRONG, 1),
    # It said itself that it was going, and has read nothing since that says otherwise.
    Row(_LOST, _NO_VOLTAGE_READ, (), (), (), Cause.SUPPLY_INTERRUPTED, Grade.STRONG, 0, (Gasp.TOGETHER,)),
    Row(_LOST, _NO_VOLTAGE_READ, (), (), (), Cause.SUPPLY_INTERRUPTED, Grade.FAIR, 0, (Gasp.ALONE,)),
    # Both witnesses fell silent together; a second reading rules out a frame lost by chance.
    Row(_LOST, (MeterWord.SILENT,), (), (), (), Cause.SUPPLY_INTERRUPTED, Grade.FAIR, 2),
    # The meter reads a healthy voltage: the street is alive. What took the gateway's supply, switch and load tell.
    Row(_LOST, _ALIVE, _NOT_CLOSED, (), (), Cause.SWITCHED_OFF, Grade.FAIR, 2),
    Row(_LOST, _ALIVE, (), (), (Load.GONE,), Cause.OWN_BREAKER, Grade.FAIR, 2),
    Row(_LOST, _ALIVE, (), (), (Load.NONE,), Cause.CANNOT_TELL, Grade.WEAK, None),
    Row(_LOST, _ALIVE, (), (), (), Cause.GATEWAY_UNPLUGGED, Grade.FAIR, 2),
    Row(_LOST, (MeterWord.PART_ABSENT,), (), (), (), Cause.PHASE_LOST, Grade.FAIR, 2),
    # Something is wrong, but nothing says where.
    Row(_LOST, (MeterWord.SILENT_ALONE,), (), (), (), Cause.CANNOT_TELL, Grade.WEAK, None),
    Row(_LOST, (MeterWord.OUT_OF_BAND,), (), (), (), Cause.CANNOT_TELL, Grade.WEAK, None),
    Row(_LOST, (MeterWord.NO_VOLTAGE, MeterWord.LINK_FAULT), (), (), (), Cause.CANNOT_TELL, Grade.NONE, None),
    # Supply is proved to be back and the count stands where it stood: the meter never lost its line.
    # Where it had been silent, or had gasped, all the same, why is not known.
    Row(_RESTORED, (), (), _UNMOVED, (), Cause.CANNOT_TELL, Grade.FAIR, None, (Gasp.ALONE,)),
    Row(_RESTORED, _SILENT, (), _UNMOVED, (), Cause.CANNOT_TELL, Grade.FAIR, None),
    Row(_RESTORED, _ALIVE_OR_NOTHING, _NOT_CLOSED, _UNMOVED, (), Cause.SWITCHED_OFF, Grade.FAIR, 0),
    Row(_RESTORED, _ALIVE_OR_NOTHING, (), _UNMOVED, (Load.GONE,), Cause.OWN_BREAKER, Grade.FAIR, 0),
    Row(_RESTORED, _ALIVE_OR_NOTHING, (), _UNMOVED, (Load.NONE,), Cause.CANNOT_TELL, Grade.FAIR, None),
    Row(_RESTORED, _ALIVE_OR_NOTHING, (), _UNMOVED, (), Cause.GATEWAY_UNPLUGGED, Grade.FAIR, 0),
    Row(_RESTORED, (), (), (), (), Cause.CANNOT_TELL, Grade.NONE, None),
)


def find(facts: Facts) -> Verdict | None:
    """The finding of the first row that fits; None while there is nothing to say.

    >>> facts = Facts(sense=Sense.LOST, meter=MeterWord.SILENT, agreeing=1, disconnector=Disconnector.UNKNOWN,
    ...               counter=Counter.UNKNOWN)
    >>> found = find(facts)
    >>> found.cause.name, found.stage.name, found.grade.name
    ('SUPPLY_INTERRUPTED', 'PROVISIONAL', 'WEAK')
    """
    row = next((row for row in TABLE if row.fits(facts)), None)
    if row is None:
        return None
    if row.confirmed_by is not None and facts.agreeing >= row.confirmed_by:
        return Verdict(cause=row.cause, stage=Stage.CONFIRMED, grade=row.grade)
    provisional = row.grade if row.confirmed_by is None else min(row.grade, Grade.WEAK)
    return Verdict(cause=row.cause, stage=Stage.PROVISIONAL, grade=provisional)


def revise(standing: Verdict | None, found: Verdict) -> tuple[Verdict, ...]:
    """What to say when `found` meets the verdict that stands: nothing, the finding, or a withdrawal and the finding."""
    if standing is None:
        return (found,)
    if found.grade < (Grade.FAIR if standing.is_in_doubt else standing.grade):
        return ()
    if found.cause is standing.cause:
        return () if found == standing else (found,)
    if standing.cause is Cause.CANNOT_TELL or standing.stage is Stage.WITHDRAWN:
        return (found,)
    is_disproved = standing.stage is not Stage.CONFIRMED or standing.cause is Cause.SUPPLY_INTERRUPTED
    if found.cause is Cause.CANNOT_TELL and not is_disproved:
        return ()
    withdrawal = Verdict(cause=standing.cause, stage=Stage.WITHDRAWN, grade=found.grade)
    return (withdrawal,) if found.cause is Cause.CANNOT_TELL else (withdrawal, found)
