"""What can go wrong inside the gateway: a class per reaction, not per cause.

LamplightError
├── MeterUnread                 no reading this time; `fault` says why, to the wire and to the verdict
│   ├── MeterSilent             nothing came back: evidence for a verdict; ask again at the next poll
│   ├── MeterGarbled            bytes came, and none that hold: ask again; if it lasts, look at the optical head
│   ├── MeterRefused            the meter answered no: asking again is no use until a person has looked
│   │   ├── MeterHeld           another session holds it: leave it alone for as long as it says, then ask again
│   │   ├── SecretRefused       it does not take our password or keys: it is not tried again soon, or it locks itself
│   │   └── ChangeRefused       it lets itself be read and not be set: nothing was changed
│   └── PortGone                our own port broke away while in use: says nothing of the meter; open it anew
│       └── PortUnavailable     our own port cannot be opened: say what to mend, keep trying
├── UplinkLost                  the broker is gone: close, wait, open a new connection; nothing is lost by it
├── ProbeUnheard                the probe says nothing: say so once, keep opening its port
│   └── ProbeRefused            it speaks another version of the link: the same, until a person updates one of the two
├── EnvironmentRefused
│   ├── JournalUnavailable      nothing of the change was kept: keep what caused it, try again, say so once
│   │   ├── JournalFull         the disk has no room: give some up and try once more
│   │   └── KeyUnavailable      what holds the key does not sign: the same as its parent, and look at the hardware
│   ├── JournalDamaged          the journal cannot be trusted: stop; the next start sets it aside
│   └── LoopHung                one of our own loops hangs: end the process at once, it is started again
├── SettingsError
│   └── ProfileRefused          no such meter profile, or it cannot be used: a person edits or chooses another
└── InputRefused
    └── Undecodable             these bytes are not what they should be: skip them, keep them for a look
        └── CaptureRefused      the whole capture is of a kind this version does not read; `kind` names it
"""

from typing import ClassVar

from runtime.errors import EnvironmentRefused, InputRefused, LamplightError, SettingsError
from wire.terms import LinkFault


class MeterUnread(LamplightError):
    """The meter could not be read this time; whatever was open is closed, and the next attempt starts afresh."""

    fault: ClassVar[LinkFault]


class MeterSilent(MeterUnread):
    """Nothing came back at all: no supply at the meter, no head on it, or the wrong speed. Weigh it, ask again."""

    fault = LinkFault.SILENT


class MeterGarbled(MeterUnread):
    """Bytes came back, none that check or make sense: ask again; if it lasts, the head sits badly or light falls in."""

    fault = LinkFault.GARBLED


class MeterRefused(MeterUnread):
    """The meter is well and says no (association, mode, object): do not hammer it, a person looks at the profile."""

    fault = LinkFault.REFUSED


class MeterHeld(MeterRefused):
    """Somebody else's session holds the meter, or one of ours that was cut off: leave it alone for `leave_alone_s`.

    Each call may begin its wait anew, so that a reader that keeps asking is never let in.
    """

    def __init__(self, what: str, *, where: str = "", do: str = "", leave_alone_s: float) -> None:
        super().__init__(what, where=where, do=do)
        self.leave_alone_s = leave_alone_s


class SecretRefused(MeterRefused):
    """The meter does not take our password or keys: each further attempt may lock it, for its own utility as well."""


class ChangeRefused(MeterRefused):
    """The meter does not set or do what was asked: nothing was changed; a person asks the utility for the right."""


class PortGone(MeterUnread):
    """The gateway's own port broke away in use (cable pulled, peer closed): nothing is known about the meter."""

    fault = LinkFault.PORT_GONE


class PortUnavailable(PortGone):
    """The gateway's own port cannot be opened (missing, busy, not allowed): nothing is known about the meter."""


class UplinkLost(LamplightError):
    """There is no connection to the broker any more; what was under way is in the journal. Open a new one later."""


class ProbeUnheard(LamplightError):
    """The probe's port is open and nothing whole comes from it; open it anew, and say once that the probe is gone."""


class ProbeRefused(ProbeUnheard):
    """The probe speaks a version of the link that this gateway does not; a person updates one of the two."""


class JournalUnavailable(EnvironmentRefused):
    """The journal cannot be written now (disk full, read-only); nothing was kept. Try the same change again later."""


class JournalFull(JournalUnavailable):
    """The disk has no room for it; nothing was kept. What can be given up makes some, and it is tried once more."""


class KeyUnavailable(JournalUnavailable):
    """The TPM or token that holds the key does not sign now; nothing was kept. Try the same change again later."""


class JournalDamaged(EnvironmentRefused):
    """The journal fails its own check: stop. The next start sets it aside, begins a new generation and says so."""


class LoopHung(EnvironmentRefused):
    """One of the gateway's loops gives no sign of life; its thread may hold anything, so only the process can end."""


class ProfileRefused(SettingsError):
    """The meter profile does not exist or cannot be used; a person chooses another or edits it."""


class Undecodable(InputRefused):
    """These bytes are not what they should be; skip them. Nothing of them was kept."""


class CaptureRefused(Undecodable):
    """A capture of a kind this version does not read; `kind` names it for a program."""

    def __init__(self, kind: str, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what, where=where, do=do)
        self.kind = kind
