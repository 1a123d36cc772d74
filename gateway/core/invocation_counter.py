"""The counter of what one key has protected: each number serves once, for ever, or the key is given away.

A number is used only after it was reserved where a restart finds it; that is done for many at a time, since a card
wears out. A restart goes on behind what was reserved. Another reader with the same key (the utility's own) moves the
meter's counter on: the meter tells it to the public client, and ours goes on behind the higher of the two. A meter that
tells less than it told before is not believed: that is how somebody would make us use a number again.

>>> kept = []
>>> counter = InvocationCounter(KeptCounter(reserved=1_000, told=7), kept.append)
>>> counter.learn(1_500)
>>> counter.take(), counter.take(), kept
(1501, 1502, [KeptCounter(reserved=2500, told=1500)])
>>> counter.learn(1_499)
Traceback (most recent call last):
...
gateway.core.invocation_counter.CounterWentBack: the meter's invocation counter went back from 1500 to 1499
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from runtime.errors import InputRefused

RESERVED_AT_ONCE = 1_000
LAST = 0xFFFFFFFF


class CounterWentBack(InputRefused):
    """The meter tells a lower counter than before: do not use the key; a person finds out why."""


class CounterUsedUp(InputRefused):
    """Every number of this key was used: the utility has to give the meter another key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCounter:
    """What outlives a restart: every number up to `reserved` may have been used, and the meter has told `told`."""

    reserved: int = 0
    told: int = 0


class InvocationCounter:
    """One key's counter. For one thread at a time."""

    def __init__(self, kept: KeptCounter, keep: Callable[[KeptCounter], None]) -> None:
        """`keep` writes durably before it returns; what it raises leaves through `take`, and no number is used."""
        self._kept = kept
        self._keep = keep
        self._next = kept.reserved + 1
        self.is_doubtful = True

    def doubt(self) -> None:
        """The meter did not take what was protected: its counter may have moved on, so ask for it first."""
        self.is_doubtful = True

    def learn(self, told: int) -> None:
        """Take what the meter tells as the last number it took; raises CounterWentBack."""
        if told < self._kept.told:
            raise CounterWentBack(f"the meter's invocation counter went back from {self._kept.told} to {told}")
        self._kept = replace(self._kept, told=told)
        self._next = max(self._next, told + 1)
        self.is_doubtful = False

    def take(self) -> int:
        """A number nobody used before; raises CounterUsedUp, and what `keep` raises."""
        if self._next > LAST:
            raise CounterUsedUp("the key has protected all it can", do="ask the utility for another key")
        if self._next > self._kept.reserved:
            kept = replace(self._kept, reserved=min(self._next + RESERVED_AT_ONCE - 1, LAST))
            self._keep(kept)
            self._kept = kept
        number, self._next = self._next, self._next + 1
        return number
