"""The head between the gateway's line and the simulated meter, in memory: time passes only when somebody waits."""

from simulators.moment import Moment


class Head:
    """An optical head between a reader and a simulated meter: a `SerialLine` at the speed it was set to."""

    def __init__(self, meter, clock):
        self.meter, self.clock = meter, clock
        self.baud, self.is_closed = 9_600, False
        self.before_write = {}  # what happens just before the n-th write, once
        self._writes = 0
        self._arrived = bytearray()

    def read(self, timeout_s):
        if not self._arrived:
            self.clock.seconds += timeout_s
        arrived = bytes(self._arrived)
        self._arrived.clear()
        return arrived

    def write(self, data):
        self._writes += 1
        self.before_write.pop(self._writes, lambda: None)()
        self.clock.seconds += 10 * len(data) / self.baud
        now = Moment(at=self.clock.now(), mono_s=self.clock.monotonic())
        is_understood = self.meter.baud_at(now.mono_s) == self.baud
        for said in self.meter.feed(data if is_understood else bytes(len(data)), now):
            self.clock.seconds += said.after_s + 10 * len(said.octets) / said.baud
            self._arrived += said.octets if said.baud == self.baud else b"\x55" * len(said.octets)

    def set_baud(self, baud):
        self.baud = baud

    def close(self):
        self.is_closed = True


class SharedWire:
    """Several meters on one wire, as one that a `Head` can stand before."""

    def __init__(self, *meters):
        self._meters = meters

    def baud_at(self, mono_s):
        return self._meters[0].baud_at(mono_s)

    def feed(self, octets, now):
        return [said for meter in self._meters for said in meter.feed(octets, now)]


class EmptyHead(Head):
    """A head on nothing: silent, or showing the reader its own words."""

    def __init__(self, clock, *, reflects=False):
        super().__init__(None, clock)
        self._reflects = reflects

    def write(self, data):
        self.clock.seconds += 10 * len(data) / self.baud
        self._arrived += data if self._reflects else b""


class TalkingHead(EmptyHead):
    """A customer port that says the same every so many seconds; at another speed that is noise."""

    def __init__(self, clock, telegram, *, baud, every_s):
        super().__init__(clock)
        self._telegram, self._at_baud, self._every_s = telegram, baud, every_s
        self._next_s = every_s
        self.said = []

    def read(self, timeout_s):
        self.clock.seconds += timeout_s
        if self.clock.seconds < self._next_s:
            return b""
        self._next_s += self._every_s
        return self._telegram if self.baud == self._at_baud else b"\xa5\x00\xff" * 20

    def write(self, data):
        self.said.append(data)
