"""Whether a meter takes the password or the keys that are kept for it: one association, made and given back.

The answer is one of three: right, wrong, or not known because the meter could not be asked. One attempt is made, since
a meter locks itself after a few that fail.
"""

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity
from gateway.core.errors import MeterUnread, PortUnavailable, SecretRefused
from gateway.core.meter_profile import MeterProfile
from gateway.core.trace.verdict import KeyVerdict
from runtime.clock import Clock


def check_keys(port: str, profile: MeterProfile, identity: Identity, clock: Clock) -> tuple[KeyVerdict, str]:
    """What is known now, and why; raises PortUnavailable, which says nothing of the keys."""
    meter = DlmsMeter(port, profile, clock=clock, identity=identity)
    try:
        with meter.visit():
            return KeyVerdict.RIGHT, "the meter takes them, and has them itself"
    except SecretRefused as refused:
        return KeyVerdict.WRONG, refused.what
    except PortUnavailable:
        raise
    except MeterUnread as unread:
        return KeyVerdict.UNCHECKED, unread.what
