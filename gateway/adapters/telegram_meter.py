"""A meter that tells what it likes as a `MeterSession`: asked for its data readout, or listened to for what it sends.

Nothing is sent to a meter that is listened to. Each session opens the line, takes one telegram or list that a CRC or a
tag vouches for, or two that agree where nothing strong does (core/push/agreement.py), and closes it on every path.
Of lists, the short ones in between that do not name their meter are passed over. Neither telegrams nor lists hold a
load profile: where one is asked for, the registers of this instant come alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gateway.adapters.dlms_meter import open_line
from gateway.adapters.list_layouts import load_layouts
from gateway.adapters.telegram_source import Asked, ListenedTo, TelegramSource
from gateway.core.dlms.opto import FIRST_BAUD
from gateway.core.line_address import parse_line_address
from gateway.core.meter_access import Authentication, MeterSecrets
from gateway.core.meter_logs.event_log import LogSpan
from gateway.core.meter_profile import MeterProfile
from gateway.core.ports import OpenLine, PushStream, SerialLine, Span, Take
from gateway.core.push.agreement import agreed
from gateway.core.push.snapshot import names_its_meter, snapshot_of
from gateway.core.push.streams import layouts_for, stream_for
from gateway.core.reading import IntervalRow, Snapshot
from runtime.clock import Clock

MOST_TELEGRAMS = 5  # are compared until two agree
_PAUSES_WAITED_FOR = 2.5
_LEAST_PATIENCE_S = 5.0
_NO_SECRETS = MeterSecrets()


class TelegramMeter:
    """A `MeterSession` for the meter at `port`, read as `profile` says."""

    def __init__(
        self,
        port: str,
        profile: MeterProfile,
        *,
        clock: Clock,
        deadline_s: float = 60.0,
        secrets: MeterSecrets = _NO_SECRETS,
        report: Callable[[str], None] = lambda _words: None,
        open_line: OpenLine = open_line,
    ) -> None:
        """Nothing is opened yet; raises InputRefused for a port that cannot be one, or a password.

        Args:
            deadline_s: machine seconds a whole session may take.
            secrets: the keys of what is sealed, where it is.
            report: is told in words what takes long, for a person who waits.
            open_line: opens the port at a speed; raises PortUnavailable.
        """
        secrets.check(Authentication.NONE, profile.name, pushes=True)
        self._secrets = secrets
        self._layouts = layouts_for(profile.push, load_layouts()) if profile.sends_lists else ()
        self._address = parse_line_address(port)
        self._profile, self._clock, self._deadline_s = profile, clock, deadline_s
        self._report, self._open_line = report, open_line

    def read_now(self) -> Snapshot:
        is_asked = self._profile.line.sign_on == "mode-c"
        line = self._opened(is_asked)
        try:
            return self._agreed(self._asked(line) if is_asked else self._listened_to(line))
        finally:
            line.close()

    def read_all(self, since: datetime, until: datetime) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
        del since, until
        return self.read_now(), ()

    def read_on(self, span: Span | None, take: Take, logs: Sequence[LogSpan] = ()) -> None:
        del span, logs
        take(self.read_now(), ())

    def _opened(self, is_asked: bool) -> SerialLine:
        push = self._profile.push
        if push.character == "8E1" and not is_asked:  # seven bits with parity are taken out of eight
            return self._open_line(self._address, push.baud, has_parity=True)
        return self._open_line(self._address, FIRST_BAUD if is_asked else push.baud)

    def _asked(self, line: SerialLine) -> TelegramSource:
        return Asked(
            line,
            self._profile.sign_on,
            self._clock,
            ends_at_s=self._clock.monotonic() + self._deadline_s,
            where=str(self._address),
            report=self._report,
        )

    def _listened_to(self, line: SerialLine) -> TelegramSource:
        profile = self._profile
        self._report(f"listening at {profile.push.baud} baud")
        return ListenedTo(
            line,
            self._stream(),
            self._clock,
            ends_at_s=self._clock.monotonic() + self._deadline_s,
            patience_s=max(_LEAST_PATIENCE_S, _PAUSES_WAITED_FOR * profile.push.interval_s),
            where=str(self._address),
            is_wanted=lambda push: not profile.sends_lists or names_its_meter(push, profile),
        )

    def _stream(self) -> PushStream:
        return stream_for(self._profile.push, self._secrets, self._layouts)

    def _agreed(self, source: TelegramSource) -> Snapshot:
        push = source.next()
        if push.proof.is_strong:
            return snapshot_of(push, self._profile, self._told_at(source))
        wanted = {attribute.obis for attribute in self._profile.values}
        self._report("no strong check vouches for this telegram; waiting for one that agrees")
        for _ in range(1, MOST_TELEGRAMS):
            first, first_began_s = push, source.began_s
            push = source.next()
            elapsed_s = self._clock.monotonic() - first_began_s
            both = agreed(first, push, elapsed_s=elapsed_s, most_power_w=self._profile.supply.most_power_w)
            if not both.disputed & wanted:
                break
        return snapshot_of(both.push, self._profile, self._told_at(source), disputed=both.disputed)

    def _told_at(self, source: TelegramSource) -> datetime:
        """The earliest that what has just come can have been measured."""
        age_s = self._clock.monotonic() - source.began_s
        return self._clock.now() - timedelta(seconds=age_s)
