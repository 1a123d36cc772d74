"""Which engine reads a meter: the one place that looks at its profile for that."""

from collections.abc import Callable

from gateway.adapters.dlms_meter import DlmsMeter, open_line
from gateway.adapters.dlms_security import Identity
from gateway.adapters.key_renewal import Renewal
from gateway.core.meter_profile import MeterProfile
from gateway.core.ports import MeterSession, OpenLine
from runtime.clock import Clock


def meter_session(
    port: str,
    profile: MeterProfile,
    *,
    clock: Clock,
    deadline_s: float,
    identity: Identity,
    renewal: Renewal | None = None,
    report: Callable[[str], None] = lambda _words: None,
    open_line: OpenLine = open_line,
) -> MeterSession:
    """A session for the meter at `port`; nothing is opened yet. Raises InputRefused for a port or secrets amiss."""
    if profile.tells_itself:
        from gateway.adapters.telegram_meter import TelegramMeter  # few meters do, and it brings their readers

        return TelegramMeter(
            port,
            profile,
            clock=clock,
            deadline_s=deadline_s,
            secrets=identity.secrets,
            report=report,
            open_line=open_line,
        )
    return DlmsMeter(
        port,
        profile,
        clock=clock,
        deadline_s=deadline_s,
        identity=identity,
        renewal=renewal,
        report=report,
        open_line=open_line,
    )
