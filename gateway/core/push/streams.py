"""Which reader finds a meter's messages in what comes at its push port: its profile says, and its keys open them."""

from collections.abc import Sequence

from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.meter_access import MeterSecrets
from gateway.core.ports import PushStream
from gateway.core.profile_settings import PushSettings
from runtime.errors import InputRefused


def layouts_for(settings: PushSettings, known: Sequence[ListLayout]) -> tuple[ListLayout, ...]:
    """The one layout that the profile names, or every known one; raises InputRefused for a name nobody knows."""
    if not settings.list:
        return tuple(known)
    found = tuple(layout for layout in known if settings.list in (layout.name, layout.name.partition(".")[0]))
    if not found:
        names = ", ".join(layout.name for layout in known)
        raise InputRefused(f"no list is laid out as {settings.list!r}", where="[push] list", do=f"known: {names}")
    return found


def stream_for(settings: PushSettings, secrets: MeterSecrets, layouts: Sequence[ListLayout]) -> PushStream:
    """A reader for one conversation with a meter of this profile."""
    from gateway.core.dlms.push.stream import PushStream as Reader  # every reader there is: only where one pushes

    keys = None if secrets.key is None else PushKeys(key=secrets.key, auth_key=secrets.auth_key)
    return Reader(settings.framing, keys, layouts)
