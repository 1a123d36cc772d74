"""What a meter does wrong in its application layer, on command; what a bad line does stands in `faults`.

    refuse S            every association is refused for S seconds, as by a meter that is busy with itself
    refuse idle         ... until nobody has tried for the inactivity time-out, as after a reader that crashed
    counter WORD        replay: answers carry a counter that has been; lower: each a lower one; wrong: another than they
                        were sealed with; right: all is well again
    told N|right        the invocation counter it tells the public client is N
    key wrong|right     answers are sealed with another key
    addressee wrong|right   answers are addressed to another reader
    sender wrong|right      answers say that another meter speaks
    clear               all is well again

In come a command's words, out goes what the gatekeeper and the ports ask before they speak.
"""

from collections.abc import Sequence
from dataclasses import replace

from runtime.errors import InputRefused
from runtime.secret import Secret
from simulators.meter.security import Keys

MAX_REFUSE_S = 3_600.0
MAX_COUNTER = 0xFFFFFFFF
_COUNTERS = ("right", "replay", "lower", "wrong")
_DO = "say refuse S|idle, counter replay|lower|wrong|right, told N|right, key|addressee|sender wrong|right or clear"


class Misconduct:
    """The misconduct in force; none, unless told."""

    def __init__(self, *, idle_s: float = 120.0) -> None:
        self._idle_s = idle_s
        self._clear()

    def _clear(self) -> None:
        self._refuses_until_s = 0.0
        self._waits_for_quiet = False
        self._counter = "right"
        self._told: int | None = None
        self._has_wrong_key = False
        self._wrong_ends: set[str] = set()

    def command(self, words: Sequence[str], mono_s: float) -> None:
        """Obey `misbehave <words>`; raises InputRefused for what is none of the above."""
        match tuple(words):
            case ("refuse", "idle"):
                self._waits_for_quiet, self._refuses_until_s = True, mono_s + self._idle_s
            case ("refuse", seconds):
                self._waits_for_quiet = False
                self._refuses_until_s = mono_s + _bounded(seconds, MAX_REFUSE_S)
            case ("counter", word) if word in _COUNTERS:
                self._counter = word
            case ("told", "right"):
                self._told = None
            case ("told", number):
                self._told = int(_bounded(number, MAX_COUNTER))
            case ("key", ("wrong" | "right") as word):
                self._has_wrong_key = word == "wrong"
            case (("addressee" | "sender") as end, "wrong"):
                self._wrong_ends.add(end)
            case (("addressee" | "sender") as end, "right"):
                self._wrong_ends.discard(end)
            case ("clear",):
                self._clear()
            case _:
                raise InputRefused(f"no such misconduct: {' '.join(words)!r}", do=_DO)

    def status(self, mono_s: float) -> dict[str, object]:
        """What is in force now."""
        return {
            "refuses_for_s": round(max(0.0, self._refuses_until_s - mono_s), 1),
            "counter": self._counter,
            "told": self._told,
            "key": "wrong" if self._has_wrong_key else "right",
            "wrong_ends": sorted(self._wrong_ends),
        }

    def refuses(self, mono_s: float) -> bool:
        """Whether an association asked for now is refused; one that waits for quiet hears that there is none."""
        is_refused = mono_s < self._refuses_until_s
        if is_refused and self._waits_for_quiet:
            self._refuses_until_s = mono_s + self._idle_s
        return is_refused

    def told_counter(self, heard: int) -> int:
        """What the public client is told of the counter."""
        return heard if self._told is None else self._told

    def next_counter(self, last: int) -> int:
        """The number of the meter's next answer."""
        return last + {"replay": 0, "lower": -1}.get(self._counter, 1)

    def written(self, sealed: bytes) -> bytes:
        """Protected octets as they leave the meter: their counter stands behind the security control."""
        if self._counter != "wrong":
            return sealed
        counter = (int.from_bytes(sealed[1:5], "big") + 1) & MAX_COUNTER
        return sealed[:1] + counter.to_bytes(4, "big") + sealed[5:]

    def keys(self, keys: Keys) -> Keys:
        """The keys its answers are sealed with."""
        return replace(keys, encryption=Secret(keys.encryption.reveal()[::-1])) if self._has_wrong_key else keys

    def addressee(self, client_sap: int) -> int:
        """Whom an answer to this reader is addressed to."""
        return client_sap ^ 2 if "addressee" in self._wrong_ends else client_sap

    def sender(self, address: int) -> int:
        """Which address answers where this one was called."""
        return address ^ 2 if "sender" in self._wrong_ends else address


def _bounded(text: str, maximum: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= maximum:
        raise InputRefused(f"{text!r} is not a number from 0 to {maximum:g}", do=_DO)
    return value
