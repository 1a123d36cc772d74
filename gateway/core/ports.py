"""What the core's users need from the outside, as small protocols; adapters implement them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from gateway.core.dlms.push.pushed import Push
from gateway.core.errors import CaptureRefused
from gateway.core.line_address import LineAddress
from gateway.core.meter_logs.event_log import LogSpan
from gateway.core.reading import IntervalRow, Snapshot

Span: TypeAlias = tuple[datetime, datetime]
Take: TypeAlias = Callable[[Snapshot, tuple[IntervalRow, ...]], Span | None]


class MeterSession(Protocol):
    """A meter that can be read. Each call is one short association: opened, used, released, whatever happens.

    Every method may raise `gateway.core.errors.MeterUnread`: MeterSilent, MeterGarbled, MeterRefused, or PortGone and
    PortUnavailable, which tell of the gateway's own port and nothing about the meter. It raises nothing else,
    and it returns or raises within its deadline.
    """

    def read_now(self) -> Snapshot:
        """The registers, clock and states of this instant."""
        ...

    def read_all(self, since: datetime, until: datetime) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
        """The same, and the load-profile rows whose period ends after `since` and no later than `until`, oldest first.

        Where the load profile is not to be had, no rows, and in `denied` of the snapshot why.
        """
        ...

    def read_on(self, span: Span | None, take: Take, logs: Sequence[LogSpan] = ()) -> None:
        """The same for `span`, or of this instant alone, and then for each span that `take` asks for next.

        The first snapshot brings the `logs` along, in its `logs`, as far as there is time for them; a log that is not
        to be had is a page that says why.
        All in one association, while its time lasts. `take` is given what was read and says what to read next; None
        ends the session. What it was given before an error stays read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came at a push port: octets of one conversation, and whether it is over."""

    talk: int
    octets: bytes = b""
    is_over: bool = False


class PushPort(Protocol):
    """A port at which meters speak unasked: a serial line, or an address they connect to."""

    @property
    def refused(self) -> Mapping[str, int]:
        """What was cut short so far, by reason."""
        ...

    def wait(self, timeout_s: float) -> Sequence[Heard]:
        """What has come within machine seconds, conversation by conversation. Raises PortGone."""
        ...

    def close(self) -> None:
        """Let the port go. Never raises."""
        ...


class PushStream(Protocol):
    """What finds messages in the octets of one conversation, wherever they were cut."""

    def feed(self, octets: bytes) -> Sequence[Push | CaptureRefused]:
        """Take more octets; the messages they complete, or what these are refused as."""
        ...

    def flush(self) -> Sequence[Push | CaptureRefused]:
        """Nothing more comes of what was begun; what is left of it."""
        ...


class SerialLine(Protocol):
    """A line that carries bytes both ways: a serial port, or a socket standing in for one."""

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte; empty once `timeout_s` has passed. Raises PortGone."""
        ...

    def write(self, data: bytes) -> None:
        """Send, and return when the last bit has left. Raises PortGone."""
        ...

    def set_baud(self, baud: int) -> None:
        """Change speed, where the line has one. Raises PortGone."""
        ...

    def close(self) -> None:
        """Let the line go. Never raises; a second call does nothing."""
        ...


class OpenLine(Protocol):
    """What opens the line to a meter."""

    def __call__(self, address: LineAddress, baud: int, /, *, has_parity: bool = False) -> SerialLine:
        """The line at this address and speed, with a bit of even parity where it has one. Raises PortUnavailable."""
        ...
