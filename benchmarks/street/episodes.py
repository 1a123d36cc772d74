"""What befalls a home: each kind of trouble as a script of changes, with lengths and orders left to a seeded chance.

A script begins at second 0 and ends with everything as it was; whoever plays it adds the second at which it begins. The
lengths are spread evenly over their logarithm, because trouble knows minutes and half days. Every fifth outage begins
as a recloser makes them begin, and every tenth falls once more as it is over.

A head that falls within a minute of the plug (`REMOVED`: somebody takes the whole box away) leaves a gateway what a
true outage leaves it, sense and meter gone together. One that falls earlier has been missed by a reading.
"""

import math
import random
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, TypeAlias

from benchmarks.street.world import Change, Part

_MINUTE, _HOUR = 60.0, 3_600.0


class Kind(Enum):
    """What really was."""

    OUTAGE = "true outage"
    RESTARTED = "outage, gateway restarted in it"
    SHORT = "interruption of 5 to 60 s"
    DIP = "recloser dip"
    UNPLUGGED = "gateway unplugged"
    HEAD = "optical head off"
    WAN = "WAN fault"
    SWITCHED_OFF = "switched off"
    BREAKER = "own breaker"
    HEAD_UNPLUGGED = "head off, then unplugged"
    REMOVED = "head and plug within a minute"
    HEAD_OUTAGE = "head off, then an outage"
    UNPLUGGED_OUTAGE = "unplugged, then an outage"
    WAN_OUTAGE = "WAN down, then an outage"


Script: TypeAlias = list[Change]


def script(kind: Kind, chance: random.Random) -> Script:
    """One trouble of this kind, in order of time; all parts are on again at its end."""
    return sorted(_SCRIPTS[kind](chance), key=lambda change: change.at_s)


def _length_s(chance: random.Random, least_s: float, most_s: float) -> float:
    return math.exp(chance.uniform(math.log(least_s), math.log(most_s)))


def _away(part: Part, from_s: float, to_s: float) -> Script:
    return [Change(at_s=from_s, part=part, is_on=False), Change(at_s=to_s, part=part, is_on=True)]


def _dark(chance: random.Random, from_s: float, to_s: float) -> Script:
    """The line is dead from then until then, perhaps after a recloser's tries, perhaps with a relapse."""
    changes = _away(Part.LINE, from_s, to_s)
    if chance.random() < 0.2:
        first_s = from_s - chance.uniform(3, 30)
        changes += _away(Part.LINE, first_s, first_s + chance.uniform(0.3, 2.5))
    if chance.random() < 0.1:
        again_s = to_s + chance.uniform(1, 90)
        changes += _away(Part.LINE, again_s, again_s + _length_s(chance, 0.5, 10 * _MINUTE))
    return changes


def _outage(chance: random.Random) -> Script:
    return _dark(chance, 0, _length_s(chance, 5 * _MINUTE, 4 * _HOUR))


def _restarted(chance: random.Random) -> Script:
    """The program is killed up to three times in the outage, most often while much happens."""
    changes = _outage(chance)
    ends_s = max(change.at_s for change in changes)
    moments = [chance.choice((chance.uniform(0, 90), chance.uniform(0, ends_s), ends_s + chance.uniform(0, 90)))]
    moments += [chance.uniform(0, 90) for _ in range(chance.choice((0, 0, 1, 2)))]
    return changes + [Change(at_s=at_s, part=Part.PROGRAM, is_on=False) for at_s in moments]


def _dip(chance: random.Random) -> Script:
    changes = _away(Part.LINE, 0, chance.uniform(0.1, 1.9))
    if chance.random() < 0.2:
        again_s = chance.uniform(4, 30)
        changes += _away(Part.LINE, again_s, again_s + chance.uniform(0.1, 1.9))
    return changes


def _short(chance: random.Random) -> Script:
    return _away(Part.LINE, 0, chance.uniform(5, 60))


def _pulled(chance: random.Random, from_s: float, to_s: float) -> Script:
    """The box's plug, or one time in four only the 5 V lead behind the probe."""
    return _away(chance.choice((Part.PLUG, Part.PLUG, Part.PLUG, Part.LEAD)), from_s, to_s)


def _unplugged(chance: random.Random) -> Script:
    return _pulled(chance, 0, _length_s(chance, _MINUTE, 4 * _HOUR))


def _head(chance: random.Random) -> Script:
    return _away(Part.HEAD, 0, _length_s(chance, 2 * _MINUTE, 8 * _HOUR))


def _wan(chance: random.Random) -> Script:
    return _away(Part.UPLINK, 0, _length_s(chance, 2 * _MINUTE, 4 * _HOUR))


def _switched_off(chance: random.Random) -> Script:
    ends_s = _length_s(chance, 10 * _MINUTE, 4 * _HOUR)
    changes = _away(Part.SWITCH, 0, ends_s)
    if chance.random() < 0.5:
        changes.append(Change(at_s=ends_s * chance.random(), part=Part.RELEASED, is_on=True))
        changes.append(Change(at_s=ends_s, part=Part.RELEASED, is_on=False))
    return changes


def _breaker(chance: random.Random) -> Script:
    return _away(Part.BREAKER, 0, _length_s(chance, _MINUTE, 5 * _HOUR))


def _then(first: "_Trouble", second: "_Trouble", after_s: tuple[float, float] = (5, 2 * _HOUR)) -> "_Writer":
    """One trouble and a second one within it; one time in two the first is over before the second is."""

    def write(chance: random.Random) -> Script:
        begins_s = _length_s(chance, *after_s)
        ends_s = begins_s + _length_s(chance, 5 * _MINUTE, 2 * _HOUR)
        within_s = chance.uniform(begins_s + 1, ends_s)
        first_ends_s = chance.choice((within_s, ends_s + _length_s(chance, 10, _HOUR)))
        return first(chance, 0, first_ends_s) + second(chance, begins_s, ends_s)

    return write


def _head_away(_chance: random.Random, from_s: float, to_s: float) -> Script:
    return _away(Part.HEAD, from_s, to_s)


def _uplink_away(_chance: random.Random, from_s: float, to_s: float) -> Script:
    return _away(Part.UPLINK, from_s, to_s)


def _line_away(_chance: random.Random, from_s: float, to_s: float) -> Script:
    return _away(Part.LINE, from_s, to_s)


_Writer: TypeAlias = Callable[[random.Random], Script]
_Trouble: TypeAlias = Callable[[random.Random, float, float], Script]
_SCRIPTS: Final[Mapping[Kind, _Writer]] = {
    Kind.OUTAGE: _outage,
    Kind.RESTARTED: _restarted,
    Kind.SHORT: _short,
    Kind.DIP: _dip,
    Kind.UNPLUGGED: _unplugged,
    Kind.HEAD: _head,
    Kind.WAN: _wan,
    Kind.SWITCHED_OFF: _switched_off,
    Kind.BREAKER: _breaker,
    Kind.HEAD_UNPLUGGED: _then(_head_away, _pulled, after_s=(90, 2 * _HOUR)),
    Kind.REMOVED: _then(_head_away, _pulled, after_s=(1, 60)),
    Kind.HEAD_OUTAGE: _then(_head_away, _line_away),
    Kind.UNPLUGGED_OUTAGE: _then(_pulled, _line_away),
    Kind.WAN_OUTAGE: _then(_uplink_away, _line_away),
}
