"""What a trace adds up to: which layer failed, how the line did, what became of the keys, and what to try next.

A read climbs: port, line, sign-on, HDLC, association, security, objects. The layer that failed is the one above the
highest that was seen to work, unless the error itself names one. What to try is said of that layer alone, the likeliest
first.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.core.errors import MeterRefused, MeterUnread, PortGone, SecretRefused
from gateway.core.trace.annotator import Tally
from gateway.core.trace.apdu_words import Seal
from wire.terms import LinkFault


class Layer(StrEnum):
    """Where a read can fail, from the bottom."""

    PORT = "port"
    LINE = "line"
    SIGN_ON = "sign-on"
    HDLC = "HDLC"
    ASSOCIATION = "association"
    SECURITY = "security"
    OBJECTS = "objects"


class KeyVerdict(StrEnum):
    """What is known of the keys."""

    RIGHT = "tag right"
    UNCHECKED = "not checked"
    WRONG = "wrong key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a trace. `layer` None: nothing failed."""

    layer: Layer | None
    what: str
    keys: KeyVerdict | None
    next_steps: tuple[str, ...]


_NEXT = {
    Layer.PORT: ("`ls -l /dev/serial/by-id` tells which ports there are", "stop whatever else uses the port"),
    Layer.LINE: (
        "does the meter have supply? does the head sit flat, cable down? turn it by 180 degrees, shade it",
        "`lamplight-gateway discover` tries every speed and address",
    ),
    Layer.SIGN_ON: (
        "try again: the meter's first answer is easily spoilt by light",
        "a head that cannot change its speed: set `max_baud = 300` under [sign_on] in a profile of your own",
        "a change of speed that comes too early: raise `switch_delay_s` to 0.4",
    ),
    Layer.HDLC: (
        "wait two minutes: another reader may hold the meter",
        "`lamplight-gateway discover` tells the HDLC address, and the speed",
    ),
    Layer.ASSOCIATION: (
        "`lamplight-gateway discover` tells which clients are let in, and what each asks for",
        "wait two minutes: an association that was not given back may still stand",
    ),
    Layer.SECURITY: (
        "check the secret with the utility; do not try again at random: a meter locks itself after a few failures",
        "was it locked? wait a minute, then try once more",
    ),
    Layer.OBJECTS: ("take the objects that were refused out of the profile, or choose another profile",),
}


def verdict(tally: Tally, error: MeterUnread | None, *, signs_on: bool, has_keys: bool) -> Verdict:
    """What a read that ended so, with or without an error, adds up to."""
    keys = _keys(tally, error, has_keys=has_keys)
    if error is None:
        what = "the meter was read" if tally.has_values else "nothing failed"
        return Verdict(layer=None, what=what, keys=keys, next_steps=())
    layer = _layer(tally, error, signs_on=signs_on)
    return Verdict(layer=layer, what=error.what, keys=keys, next_steps=(*_hints(tally, layer), *_NEXT[layer]))


def _layer(tally: Tally, error: MeterUnread, *, signs_on: bool) -> Layer:
    if isinstance(error, PortGone):
        return Layer.PORT
    if isinstance(error, SecretRefused):
        return Layer.SECURITY
    if tally.is_associated:
        return Layer.OBJECTS if isinstance(error, MeterRefused) else Layer.LINE
    if tally.is_associated is False:
        return Layer.ASSOCIATION
    if tally.has_link:
        return Layer.ASSOCIATION if tally.good_in and error.fault is not LinkFault.GARBLED else Layer.LINE
    if tally.is_hung_up:
        return Layer.HDLC
    if signs_on and tally.has_identification:
        return Layer.SIGN_ON
    return Layer.HDLC if tally.good_in and not signs_on else Layer.LINE


def _hints(tally: Tally, layer: Layer) -> tuple[str, ...]:
    hints = []
    if layer is Layer.LINE and tally.echoes and not tally.good_in:
        hints.append("only our own words came back: the head is lit, and the meter does not answer")
    if layer is Layer.LINE and tally.bad_in and not tally.good_in:
        hints.append("octets came and none held: the speed, the characters (7E1 or 8N1), or light on the head")
    elif layer is Layer.LINE and tally.bad_in:
        hints.append("some frames held and some did not: seat the head anew, shade it, check cable and termination")
    if tally.parity_errors:
        hints.append(f"{tally.parity_errors} characters came with wrong parity")
    return tuple(hints)


def _keys(tally: Tally, error: MeterUnread | None, *, has_keys: bool) -> KeyVerdict | None:
    if Seal.WRONG in tally.seals:
        return KeyVerdict.WRONG
    if not has_keys:
        return KeyVerdict.UNCHECKED if Seal.UNCHECKED in tally.seals else None
    if isinstance(error, SecretRefused):
        return KeyVerdict.WRONG
    # Where nothing is ciphered, an association with keys stands only once the meter's own proof was right.
    is_proved = Seal.RIGHT in tally.seals or (error is None and tally.has_values)
    return KeyVerdict.RIGHT if is_proved else KeyVerdict.UNCHECKED
