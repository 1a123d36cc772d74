"""Listens at one push port for ever: finds messages in what comes, whose they are, and hands them on.

At a serial customer port one meter speaks. At an address of our own anybody may: there a push is taken for a meter's
only by what it says itself, its serial number or what opens with the meter's own keys, never by who connected. What is
nobody's is refused, counted with the port, and said once in the log. No noise ends the loop; a port that is gone is
said once and opened again and again.
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gateway.core.dlms.push.pushed import Protection, Push
from gateway.core.errors import CaptureRefused, PortGone
from gateway.core.patience import Patience
from gateway.core.ports import Heard, PushPort, PushStream
from gateway.core.push.pushes import HeardPush, added
from gateway.service.inbox import Inbox, MeterPushed, PortRefused
from gateway.service.meter_watch import MeterWatch
from gateway.service.presence import Presence
from runtime import logs
from runtime.clock import Clock

log = logs.get(__name__)

UNKNOWN_METER = "unknown-meter"
_WAIT_S = 0.5
_QUIET_S = 1.0  # within a message no meter pauses so long
_TELL_EVERY_S = 60.0
_MOST_SAID = 64
_REOPEN = Patience(first_s=0.5, longest_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A meter that may speak at the port. `key_name` tells its key from others without telling it; empty for none."""

    number: int
    watch: MeterWatch
    new_stream: Callable[[], PushStream]
    key_name: str = ""


@dataclass(slots=True)
class _Talk:
    """One conversation: a stream for each meter that may be speaking."""

    streams: tuple[tuple[Speaker, PushStream], ...]
    heard_s: float
    is_flushed: bool = field(default=True)


class PushWatch:
    """The loop of one push port."""

    def __init__(
        self,
        *,
        port: str,
        open_port: Callable[[], PushPort],
        speakers: tuple[Speaker, ...],
        is_own_line: bool,
        refused: tuple[tuple[str, int], ...],
        inbox: Inbox,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        """`refused` is what the journal knows of the port's refusals; `is_own_line` where no other can speak."""
        self.name = f"push {port}"
        self._where = port
        self._open_port = open_port
        self._speakers = speakers
        self._is_own_line = is_own_line
        self._refused = refused
        self._inbox = inbox
        self._clock = clock
        self._chance = chance
        self._told, self._told_s = refused, clock.monotonic() - _TELL_EVERY_S
        self._said: set[tuple[str, str]] = set()
        self._titles: dict[str, int] = {}
        self._presence = Presence(log, "push_port", port=port)

    def run(self, stop: threading.Event) -> None:
        """Listen, and open the port anew when it is gone, until told to stop."""
        attempts = 0
        while not stop.is_set():
            try:
                self._listen_once(stop)
            except PortGone as gone:
                attempts = 1 if self._presence.is_here else attempts + 1
                self._presence.gone(reason=str(gone))
                stop.wait(_REOPEN.wait_s(attempts, self._chance.random()))

    def _listen_once(self, stop: threading.Event) -> None:
        """One opened port's life; raises PortGone when it breaks."""
        port = self._open_port()
        try:
            self._presence.here()
            talks: dict[int, _Talk] = {}
            cut_short = dict(port.refused)
            while not stop.is_set():
                for heard in port.wait(_WAIT_S):
                    self._hear(talks, heard)
                self._flush_the_quiet(talks)
                for reason, total in port.refused.items():
                    self._refuse(reason, total - cut_short.get(reason, 0), what="it was cut short")
                cut_short = dict(port.refused)
                self._tell_refused()
        finally:
            port.close()

    def _hear(self, talks: dict[int, _Talk], heard: Heard) -> None:
        now_s = self._clock.monotonic()
        if heard.octets:
            talk = talks.get(heard.talk) or self._begun(now_s)
            talks[heard.talk] = talk
            talk.heard_s, talk.is_flushed = now_s, False
            self._take((speaker, stream.feed(heard.octets)) for speaker, stream in talk.streams)
        if heard.is_over and heard.talk in talks:
            self._flush(talks.pop(heard.talk))

    def _begun(self, now_s: float) -> _Talk:
        return _Talk(tuple((speaker, speaker.new_stream()) for speaker in self._speakers), heard_s=now_s)

    def _flush_the_quiet(self, talks: dict[int, _Talk]) -> None:
        now_s = self._clock.monotonic()
        for talk in talks.values():
            if not talk.is_flushed and now_s - talk.heard_s >= _QUIET_S:
                self._flush(talk)

    def _flush(self, talk: _Talk) -> None:
        talk.is_flushed = True
        self._take((speaker, stream.flush()) for speaker, stream in talk.streams)

    def _take(self, told: Iterable[tuple[Speaker, Iterable[Push | CaptureRefused]]]) -> None:
        """What the streams found; of those that cannot open another meter's push nothing is said."""
        is_taken, refusals = False, list[tuple[str, str]]()
        for speaker, outcome in _flat(told):
            if isinstance(outcome, CaptureRefused):
                refusals.append((outcome.kind, str(outcome)))
            elif self._is_of(speaker, outcome):
                is_taken = True
                self._hand_on(speaker, outcome)
            else:
                refusals.append((UNKNOWN_METER, f"no meter of this port is called so: {_names(outcome)}"))
        if self._is_own_line:
            for reason, what in refusals:
                self._refuse(reason, 1, what=what)
        elif refusals and not is_taken:
            reason, what = next((each for each in refusals if each[0] == UNKNOWN_METER), refusals[0])
            self._refuse(reason, 1, what=what)

    def _is_of(self, speaker: Speaker, push: Push) -> bool:
        """Whether the push is this meter's, by its own word."""
        if self._is_own_line:
            return True
        told = {reading.value.strip() for reading in push.readings if isinstance(reading.value, str)} | {
            push.sender,
            push.sealed_by,
        }
        named = {each.watch.instruction.serial: each.number for each in self._speakers} | self._titles
        numbers = {number for name, number in named.items() if name and name in told}
        if numbers:
            return numbers == {speaker.number}
        if push.protection is not Protection.CHECKED:
            return False
        keepers = [each.number for each in self._speakers if each.key_name == speaker.key_name]
        if keepers != [speaker.number]:
            return False
        if push.sealed_by and len(self._titles) < _MOST_SAID:
            self._titles[push.sealed_by] = speaker.number
        return True

    def _hand_on(self, speaker: Speaker, push: Push) -> None:
        heard = HeardPush(
            push=push,
            heard_at=self._clock.now(),
            sender=f"{push.sealed_by}/{speaker.key_name}/{push.protection}",
            is_own_line=self._is_own_line,
        )
        log.debug("push_heard", meter=speaker.number, kind=push.kind, readings=len(push.readings))
        self._inbox.offer(MeterPushed(number=speaker.number, heard=heard, done=_nothing_to_do))

    def _refuse(self, reason: str, count: int, *, what: str) -> None:
        if count < 1:
            return
        self._refused = added(self._refused, reason, count)
        key = (reason, what if reason == UNKNOWN_METER else "")
        if key not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(key)
            log.warning("push_refused", port=self._where, reason=reason, what=what)

    def _tell_refused(self) -> None:
        """To the journal, seldom: whoever fills the port with noise must not wear out the card."""
        now_s = self._clock.monotonic()
        if self._refused == self._told or now_s - self._told_s < _TELL_EVERY_S:
            return
        self._told, self._told_s = self._refused, now_s
        self._inbox.offer(PortRefused(port=self._where, refused=self._refused, done=_nothing_to_do))


def _flat(
    told: Iterable[tuple[Speaker, Iterable[Push | CaptureRefused]]],
) -> Iterator[tuple[Speaker, Push | CaptureRefused]]:
    for speaker, outcomes in told:
        for outcome in outcomes:
            yield speaker, outcome


def _names(push: Push) -> str:
    """How a push names its sender, as far as a log can hold it."""
    texts = [reading.value.strip() for reading in push.readings if isinstance(reading.value, str)]
    return " ".join(filter(None, (push.sender, *texts[:3])))[:80]


def _nothing_to_do() -> None:
    """Nobody waits for this report."""
