"""Lines on which a meter speaks text: one that talks by itself, one that answers a sign-on. Time is the reader's."""

from gateway.core.errors import PortGone
from simulators.moment import Moment
from tests.fakes_head import Head
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


class PacedHead(Head):
    """A head before a simulated meter that changes speed by itself: what it says arrives when its last bit does."""

    def __init__(self, meter, clock):
        super().__init__(meter, clock)
        self.baud, self._coming = 300, []

    def write(self, data):
        self.clock.seconds += 10 * len(data) / self.baud
        now = Moment(at=self.clock.now(), mono_s=self.clock.monotonic())
        is_understood = self.meter.baud_at(now.mono_s) == self.baud
        due_s = self.clock.seconds
        for said in self.meter.feed(data if is_understood else bytes(len(data)), now):
            due_s += said.after_s + 10 * len(said.octets) / said.baud
            self._coming.append((due_s, said))

    def read(self, timeout_s):
        if not self._coming or self._coming[0][0] > self.clock.seconds + timeout_s:
            self.clock.seconds += timeout_s
            return b""
        due_s, said = self._coming.pop(0)
        self.clock.seconds = max(self.clock.seconds, due_s)
        return said.octets if said.baud == self.baud else b"\x55" * len(said.octets)
