"""Where the telegrams of a meter that speaks text come from: an open line, listened to or asked.

Both give one whole telegram at each call and never wait past the session's end. What is refused on the way is passed
over and remembered: if nothing better comes, it says what was wrong with the line.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from gateway.core.dlms.link import LinkFailed, Transmit
from gateway.core.dlms.opto import FIRST_BAUD, SignOnSettings, SwitchBaud
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.pushed import Push
from gateway.core.errors import CaptureRefused, MeterGarbled, MeterRefused, MeterSilent, MeterUnread
from gateway.core.ports import PushStream, SerialLine
from gateway.core.telegrams import readout
from gateway.core.telegrams.readout_dialogue import ReadOut, ReadoutDialogue
from runtime.clock import Clock
from wire.terms import LinkFault

MEASURED_BEFORE_S = 3.0  # a meter gathers what it tells before it begins to send
PAUSE_S = 0.8  # what ends a telegram that does not tell its end
MOST_REFUSED = 20
REST_S = 0.5  # between two readouts: five characters take 0.17 s at 300 baud
_WITHOUT_KEY = frozenset((CaptureKind.CIPHERED, CaptureKind.WRONG_KEY))
_DO_SILENT_HEAD = "check that the head sits on the meter's port, cable down, and the meter has supply"
_DO_SILENT_PORT = "check the cable, that the meter's customer port is unlocked, and the speed in the meter profile"
_DO_NAMELESS = "see what it sends with `listen`; the meter profile may look for its number under another code"
_DO_GARBLED = "seat the head or the plug anew, check the speed in the meter profile"


class TelegramSource(Protocol):
    """One telegram after the other; `began_s` is the earliest that the newest can have been measured."""

    began_s: float

    def next(self) -> Push:
        """The next one; raises MeterUnread."""
        ...


class ListenedTo:
    """A meter that speaks unasked."""

    def __init__(
        self,
        line: SerialLine,
        stream: PushStream,
        clock: Clock,
        *,
        ends_at_s: float,
        patience_s: float,
        where: str,
        is_wanted: Callable[[Push], bool] = lambda _push: True,
    ) -> None:
        """`patience_s` is how long a meter that says nothing at all is waited for, each time.

        What is not wanted is passed over: the short lists between those that name their meter.
        """
        self._line, self._stream, self._clock, self._where = line, stream, clock, where
        self._ends_at_s, self._patience_s, self._is_wanted = ends_at_s, patience_s, is_wanted
        self._passed_over = 0
        self._is_quiet = True
        self.began_s = clock.monotonic()
        self._ready: list[Push] = []
        self._refused: list[CaptureRefused] = []

    def next(self) -> Push:
        heard_bytes, gives_up_at_s = 0, min(self._ends_at_s, self._clock.monotonic() + self._patience_s)
        if not self._ready:
            self.began_s = self._clock.monotonic()
        while not self._ready:
            now_s = self._clock.monotonic()
            if now_s >= (self._ends_at_s if heard_bytes else gives_up_at_s):
                raise self._unheard(heard_bytes)
            octets = self._line.read(max(0.0, min(PAUSE_S, self._ends_at_s - now_s)))
            heard_bytes += len(octets)
            self._mark(octets)
            self._sort(self._stream.feed(octets) if octets else self._stream.flush() if heard_bytes else ())
        return self._ready.pop(0)

    def _mark(self, octets: bytes) -> None:
        """What begins to come after a silence was measured shortly before, and not while it was waited for."""
        if octets and self._is_quiet:
            self.began_s = max(self.began_s, self._clock.monotonic() - MEASURED_BEFORE_S)
        self._is_quiet = not octets

    def _sort(self, found: Sequence[Push | CaptureRefused]) -> None:
        pushes = [item for item in found if isinstance(item, Push)]
        self._ready += [push for push in pushes if self._is_wanted(push)]
        self._passed_over += sum(not self._is_wanted(push) for push in pushes)
        self._refused += [item for item in found if isinstance(item, CaptureRefused)]
        if self._refused and self._refused[-1].kind in _WITHOUT_KEY:
            refused = self._refused[-1]
            raise MeterRefused(refused.what, where=self._where, do=refused.do)
        if len(self._refused) > MOST_REFUSED:
            raise self._unheard(1)

    def _unheard(self, heard_bytes: int) -> MeterUnread:
        if self._refused:
            return MeterGarbled(self._refused[-1].what, where=self._where, do=self._refused[-1].do)
        if self._passed_over:
            what = f"{self._passed_over} short lists came in time, and none that names its meter"
            return MeterGarbled(what, where=self._where, do=_DO_NAMELESS)
        if heard_bytes:
            what = f"{heard_bytes} octets came, and no telegram among them"
            return MeterGarbled(what, where=self._where, do=_DO_GARBLED)
        return MeterSilent("the meter says nothing", where=self._where, do=_DO_SILENT_PORT)


class Asked:
    """A meter that gives its data readout when it is asked."""

    def __init__(
        self,
        line: SerialLine,
        settings: SignOnSettings,
        clock: Clock,
        *,
        ends_at_s: float,
        where: str,
        report: Callable[[str], None],
    ) -> None:
        self._line, self._settings, self._clock, self._ends_at_s = line, settings, clock, ends_at_s
        self._where, self._report = where, report
        self._at_rest_at_s = 0.0
        self.began_s = clock.monotonic()

    def next(self) -> Push:
        self._wait_until_s(self._at_rest_at_s)
        self._report(f"signing on at {FIRST_BAUD} baud")
        self._line.set_baud(FIRST_BAUD)
        self.began_s = self._clock.monotonic()
        dialogue = ReadoutDialogue(self._settings)
        effects: Iterable[object] = dialogue.begin(self._clock.monotonic())
        while True:
            read_out = self._carried_out(effects, dialogue)
            if read_out is not None:
                self._at_rest_at_s = self._clock.monotonic() + REST_S
                return self._read(read_out)
            effects = self._await(dialogue)

    def _wait_until_s(self, at_rest_s: float) -> None:
        """Our good-bye has to leave the line and the meter to go back to its first speed before it is asked anew."""
        while (left_s := min(at_rest_s, self._ends_at_s) - self._clock.monotonic()) > 0:
            self._line.read(left_s)

    def _carried_out(self, effects: Iterable[object], dialogue: ReadoutDialogue) -> ReadOut | None:
        found = None
        for effect in effects:
            match effect:
                case Transmit(octets):
                    self._line.write(octets)
                    dialogue.sent(self._clock.monotonic())
                case SwitchBaud(baud):
                    self._report(f"the meter answers; going on at {baud} baud")
                    self._line.set_baud(baud)
                case ReadOut():
                    found = effect
                case LinkFailed(fault, detail):
                    raise self._unread(fault, detail)
        return found

    def _await(self, dialogue: ReadoutDialogue) -> Iterable[object]:
        now_s = self._clock.monotonic()
        if now_s >= self._ends_at_s:
            raise self._unread(LinkFault.GARBLED, "the readout was not done in time")
        wake_at_s = self._ends_at_s if dialogue.wake_at is None else min(dialogue.wake_at, self._ends_at_s)
        octets = self._line.read(max(0.0, wake_at_s - now_s))
        now_s = self._clock.monotonic()
        return dialogue.receive(octets, now_s) if octets else dialogue.tick(now_s)

    def _read(self, read_out: ReadOut) -> Push:
        try:
            return readout.read_block(read_out.block, read_out.identification)
        except CaptureRefused as refused:
            raise self._unread(LinkFault.GARBLED, refused.what) from refused

    def _unread(self, fault: LinkFault, what: str) -> MeterUnread:
        if fault is LinkFault.SILENT:
            return MeterSilent(what, where=self._where, do=_DO_SILENT_HEAD)
        return MeterGarbled(what, where=self._where, do=_DO_GARBLED)
