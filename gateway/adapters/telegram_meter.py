"""A meter that speaks text as a `MeterSession`: asked for its data readout, or listened to until its next telegram.

Nothing is sent to a meter that is listened to. Each session opens the line, takes one telegram that a CRC or a tag
vouches for, or two that agree where nothing strong does (see core/agreement.py), and closes the line on every path.
Text holds no load profile: where one is asked for, the registers of this instant come alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.adapters.dlms_meter import open_line
from gateway.adapters.telegram_source import Asked, ListenedTo, TelegramSource
from gateway.core.agreement import Agreement, agreed
from gateway.core.dlms import p1, tic
from gateway.core.dlms.opto import FIRST_BAUD
from gateway.core.dlms.push_keys import PushKeys
from gateway.core.event_log import LogSpan
from gateway.core.line_address import LineAddress, parse_line_address
from gateway.core.meter_access import Authentication, MeterSecrets
from gateway.core.meter_profile import MeterProfile
from gateway.core.ports import SerialLine, Span, Take
from gateway.core.pushed_snapshot import snapshot_of
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
        open_line: Callable[[LineAddress, int], SerialLine] = open_line,
    ) -> None:
        """Nothing is opened yet; raises InputRefused for a port that cannot be one, or a password.

        Args:
            deadline_s: machine seconds a whole session may take.
            secrets: the key of sealed telegrams, where they are.
            report: is told in words what takes long, for a person who waits.
            open_line: opens the port at a speed; raises PortUnavailable.
        """
        secrets.check(Authentication.NONE, profile.name, pushes=True)
        self._keys = PushKeys(key=secrets.key, auth_key=secrets.auth_key) if secrets.key else None
        self._address = parse_line_address(port)
        self._profile, self._clock, self._deadline_s = profile, clock, deadline_s
        self._report, self._open_line = report, open_line

    def read_now(self) -> Snapshot:
        is_asked = self._profile.line.sign_on == "mode-c"
        line = self._open_line(self._address, FIRST_BAUD if is_asked else self._profile.push.baud)
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
        is_tic = self._profile.push.framing.startswith("tic")
        self._report(f"listening at {self._profile.push.baud} baud")
        return ListenedTo(
            line,
            tic.TelegramStream() if is_tic else p1.TelegramStream(self._keys),
            self._clock,
            ends_at_s=self._clock.monotonic() + self._deadline_s,
            patience_s=max(_LEAST_PATIENCE_S, _PAUSES_WAITED_FOR * self._profile.push.interval_s),
            where=str(self._address),
        )

    def _agreed(self, source: TelegramSource) -> Snapshot:
        asked_at, asked_at_s = self._clock.now(), self._clock.monotonic()
        push = source.next()
        if push.proof.is_strong:
            return snapshot_of(push, self._profile, asked_at)
        wanted = {attribute.obis for attribute in self._profile.values}
        self._report("no strong check vouches for this telegram; waiting for one that agrees")
        for _ in range(1, MOST_TELEGRAMS):
            first, first_asked_at_s = push, asked_at_s
            asked_at, asked_at_s = self._clock.now(), self._clock.monotonic()
            push = source.next()
            elapsed_s = self._clock.monotonic() - first_asked_at_s
            both = agreed(first, push, elapsed_s=elapsed_s, most_power_w=self._profile.supply.most_power_w)
            if not both.disputed & wanted:
                break
        return self._snapshot(both, asked_at)

    def _snapshot(self, both: Agreement, asked_at: datetime) -> Snapshot:
        return snapshot_of(both.push, self._profile, asked_at, disputed=both.disputed)
