"""Which reader finds a meter's messages in what comes at its push port: chosen by its profile, or by what it says.

`auto` looks at the octet a conversation begins with: a `/` begins a P1 telegram, STX a TIC frame, everything else is
left to the readers of DLMS. It looks anew after each pause.
"""

from collections.abc import Sequence

from gateway.core.dlms import p1, push, tic
from gateway.core.dlms.push_keys import PushKeys
from gateway.core.dlms.pushed import Push
from gateway.core.errors import CaptureRefused
from gateway.core.meter_access import MeterSecrets
from gateway.core.ports import PushStream
from gateway.core.profile_settings import PushSettings

_MOST_OCTETS = 64_000
_SEALED_TELEGRAM, _STX = b"\xdb", b"\x02"


def stream_for(settings: PushSettings, secrets: MeterSecrets) -> PushStream:
    """A reader for one conversation with a meter of this profile."""
    keys = None if secrets.key is None else PushKeys(key=secrets.key, auth_key=secrets.auth_key)
    match settings.framing:
        case "p1":
            return p1.TelegramStream(keys)
        case "tic-historic" | "tic-standard":
            return tic.TelegramStream()
        case "auto":
            return AutoStream(keys)
        case _:
            return CaptureStream()


class CaptureStream:
    """Messages between which the line is quiet, as customer ports send them."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def feed(self, octets: bytes) -> tuple[Push | CaptureRefused, ...]:
        """Take more octets; what is too long for any message is dropped."""
        self._octets += octets
        if len(self._octets) <= _MOST_OCTETS:
            return ()
        self._octets.clear()
        return (CaptureRefused("too-long", f"nothing of a meter's is longer than {_MOST_OCTETS} octets"),)

    def flush(self) -> tuple[Push | CaptureRefused, ...]:
        """The line is quiet: what has come is whole now, or never."""
        capture = bytes(self._octets)
        self._octets.clear()
        try:
            return push.read_capture(capture) if capture else ()
        except CaptureRefused as refused:
            return (refused,)


class AutoStream:
    """A reader that is chosen by what comes first."""

    def __init__(self, keys: PushKeys | None) -> None:
        self._keys = keys
        self._chosen: PushStream | None = None

    def feed(self, octets: bytes) -> Sequence[Push | CaptureRefused]:
        """Take more octets."""
        if self._chosen is None and octets:
            self._chosen = self._choice(octets)
        return () if self._chosen is None else self._chosen.feed(octets)

    def flush(self) -> Sequence[Push | CaptureRefused]:
        """A pause: what comes next may be something else."""
        chosen, self._chosen = self._chosen, None
        return () if chosen is None else chosen.flush()

    def _choice(self, octets: bytes) -> PushStream:
        first = octets.translate(_SEVEN_BITS)[:1]
        if first == b"/" or octets[:1] == _SEALED_TELEGRAM:
            return p1.TelegramStream(self._keys)
        return tic.TelegramStream() if first == _STX else CaptureStream()


_SEVEN_BITS = bytes(octet & 0x7F for octet in range(256))
