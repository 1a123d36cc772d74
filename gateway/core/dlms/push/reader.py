"""From one message to a push: blocks joined, seals opened, the notification read.

What comes in is messages of one sender in their order, as their framing gave them; what goes out is a `Push` each, or
the refusal that says why there is none. A refusal is a value here: in a stream, the next message may be sound.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.dlms.push import block_joiner, notification, sealed
from gateway.core.dlms.push.block_joiner import BlockJoiner
from gateway.core.dlms.push.capture_kind import CaptureKind, Framing, apdu_name, refusal
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.dlms.push.pushed import Proof, Protection, Push
from gateway.core.errors import CaptureRefused, Undecodable

_MAX_SEALS = 2  # one inside the other
_MAX_NAMES = 12
_TELEGRAM = re.compile(rb"/[A-Za-z0-9]{3}[ -~]*\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens messages and tells what they mean: keys, where somebody has them, and layouts of lists."""

    keys: PushKeys | None = None
    layouts: Sequence[ListLayout] = ()


def _looks_right(inside: bytes) -> bool:
    """Whether a seal held what a meter seals: a notification, or the text of a telegram."""
    return notification.looks_right(inside) or _TELEGRAM.match(inside) is not None


class PushReader:
    """Reads the messages of one line, of one framing."""

    def __init__(self, framing: Framing, opening: Opening) -> None:
        self._framing = framing
        self._opening = opening
        self._blocks = BlockJoiner()
        self.dialogue: list[str] = []  # what the APDUs that are no push are called, each once

    def take(self, messages: Sequence[bytes | CaptureRefused]) -> tuple[Push | CaptureRefused, ...]:
        """What the messages say, in order."""
        return tuple(outcome for message in messages for outcome in self._outcomes(message))

    def flush(self) -> tuple[CaptureRefused, ...]:
        """Nothing more will come now: blocks that have begun and not ended are refused."""
        return (self._blocks.give_up("the last blocks are missing"),) if self._blocks.is_waiting else ()

    def _outcomes(self, message: bytes | CaptureRefused) -> tuple[Push | CaptureRefused, ...]:
        if isinstance(message, CaptureRefused):
            return (message,)
        if message[:1] == bytes([block_joiner.TAG]):
            joined = self._blocks.take(message)
            return tuple(apdu if isinstance(apdu, CaptureRefused) else self._read(apdu) for apdu in joined)
        given_up = self.flush()
        return (*given_up, self._read(message))

    def _read(self, apdu: bytes) -> Push | CaptureRefused:
        try:
            return self._push(apdu)
        except CaptureRefused as refused:
            return refused
        except Undecodable as error:
            return refusal(CaptureKind.DAMAGED, error.what, do=error.do)

    def _push(self, apdu: bytes) -> Push:
        sender, counter, protection, proof = b"", None, Protection.NONE, self._framing.proof
        for _ in range(_MAX_SEALS):
            if not sealed.is_sealed(apdu):
                break
            opened = sealed.unseal(apdu, self._opening.keys, _looks_right)
            apdu, sender, counter, protection = opened.apdu, opened.sender, opened.counter, opened.protection
        if protection is Protection.CHECKED:
            proof = Proof.TAG
        if not notification.is_notification(apdu):
            raise self._no_push(apdu)
        told = notification.parse(apdu, self._opening.layouts)
        if not told.readings:
            raise refusal(CaptureKind.WITHOUT_OBIS)
        push = Push(kind=self._framing.push, sent_at=told.sent_at, readings=told.readings, unnamed=told.unnamed)
        sender_text = told.sender or sender.hex()
        push = replace(push, protection=protection, proof=proof, sender=sender_text, counter=counter, event=told.event)
        return replace(push, sealed_by=sender.hex())

    def _no_push(self, apdu: bytes) -> CaptureRefused:
        name = apdu_name(apdu)
        if not name:
            return refusal(CaptureKind.DAMAGED, "no APDU begins with " + (f"{apdu[0]:02x}" if apdu else "nothing"))
        if name not in self.dialogue and len(self.dialogue) < _MAX_NAMES:
            self.dialogue.append(name)
        return refusal(self._framing.dialogue, name)
