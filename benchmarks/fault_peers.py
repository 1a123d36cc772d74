"""dlms-cosem's own transport and client on the same bad days: HDLC from the first octet, three registers a read.

Its line behaves as its `SerialIO` does: what was asked for, or less when the time-out is over. Whoever is given nothing
so often in a row waits for ever.
"""

import random

from dlms_cosem import cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.io import HdlcTransport
from dlms_cosem.security import NoSecurityAuthentication

from benchmarks import dlms_cosem_log
from benchmarks.fault_tally import Ending, Tried
from benchmarks.faulty_line import LINE_FAULTS, FaultyLine, HangsError, VirtualClock, a_meter, tell

TIMEOUT_S = 2.0
MAX_EMPTY = 60
_REGISTERS = ((1, 8), (1, 7), (32, 7))


class SerialLike:
    """A line as it wants one."""

    def __init__(self, line: FaultyLine) -> None:
        self._line = line
        self._arrived = bytearray()
        self._empty = 0
        self.is_open = False

    def connect(self) -> None:
        self.is_open = True

    def disconnect(self) -> None:
        self.is_open = False

    def send(self, data: bytes) -> None:
        self._line.write(bytes(data))

    def recv(self, amount: int = 1) -> bytes:
        return self._taken(amount)

    def recv_until(self, end: bytes) -> bytes:
        while end not in self._arrived:
            octets = self._line.read(TIMEOUT_S)
            if not octets:
                return self._taken(len(self._arrived))
            self._arrived += octets
        return self._taken(self._arrived.index(end) + len(end))

    def _taken(self, amount: int) -> bytes:
        taken = bytes(self._arrived[:amount])
        del self._arrived[:amount]
        self._empty = 0 if taken else self._empty + 1
        if self._empty > MAX_EMPTY:
            raise HangsError
        return taken


def _is_its_own(error: BaseException) -> bool:
    return type(error).__module__.startswith("dlms_cosem")


def read_by_dlms_cosem(count: int, share: float) -> Tried:
    """So many sessions, each with a client of its own, since one that failed cannot be used again."""
    dlms_cosem_log.silence()
    tried, clock, chance = Tried(), VirtualClock(), random.Random("dlms-cosem")
    meter = a_meter(seed=2)
    door = meter.open_converter()
    for _ in range(count):
        for fault in LINE_FAULTS:
            tell(meter, clock, "fault", "rate", fault, f"{share}")
        io = SerialLike(FaultyLine(door, clock, chance))
        with Ending(tried, is_typed=_is_its_own) as ending:
            client = DlmsClient(HdlcTransport(16, 1, io=io), NoSecurityAuthentication())
            with client.session():
                for c, d in _REGISTERS:
                    client.get(cosem.CosemAttribute(enumerations.CosemInterface.REGISTER, cosem.Obis(1, 0, c, d, 0), 2))
        tried.right += ending.is_read
        tried.leaks += io.is_open
        tell(meter, clock, "fault", "clear")
        clock.seconds += 200
    return tried
