"""Lines on which a meter speaks text: one that talks by itself, one that answers a sign-on. Time is the reader's."""

from gateway.core.errors import PortGone
from tests.fakes_telegrams import seven_bit

_REACTION_S = 0.2


class TalkingLine:
    """Gives one piece at each read, after its pause; then silence."""

    def __init__(self, clock, *pieces, pause_s=1.0, breaks_away=False):
        self.clock, self._pieces, self._pause_s, self._breaks_away = clock, list(pieces), pause_s, breaks_away
        self.is_closed, self.bauds, self.said = False, [], []

    def read(self, timeout_s):
        if self._breaks_away and not self._pieces:
            raise PortGone("the port broke away", where="/dev/fake")
        is_due = bool(self._pieces) and self._pause_s <= timeout_s
        self.clock.seconds += self._pause_s if is_due else timeout_s
        self._pause_s -= 0 if is_due else min(timeout_s, self._pause_s)
        return self._pieces.pop(0) if is_due else b""

    def write(self, data):
        self.said.append(data)

    def set_baud(self, baud):
        self.bauds.append(baud)

    def close(self):
        self.is_closed = True


class ReadoutLine(TalkingLine):
    """A mode C meter: each block is for one readout; what it hears decides what it says."""

    def __init__(self, clock, *blocks, reflects=False):
        super().__init__(clock, pause_s=_REACTION_S)
        self._blocks, self._reflects = list(blocks), reflects

    def write(self, data):
        heard = bytes(octet & 0x7F for octet in data)
        self.said.append(heard)
        self.clock.seconds += 10 * len(data) / 300
        self._pause_s = _REACTION_S
        if self._reflects:
            self._pieces.append(data)
        if heard.startswith(b"/?"):
            self._pieces.append(seven_bit(b"/LMP5LAMPSIM01\r\n"))
        elif heard[:1] in (b"\x06", b"\x15") and self._blocks:
            self._pieces.append(seven_bit(self._blocks.pop(0)))
