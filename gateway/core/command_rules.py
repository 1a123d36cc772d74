"""Whether a command is obeyed: pure rules about one that keys of the authority really signed.

    passed over   not for us, not signed by all it takes, or not now: nothing is answered, and it may come again (said
                  too early, by a clock of ours that cannot be right) or has been (its number is behind us)
    declined      for us, new, signed as it should be, and still not to be done (too old, wrong role, unknown): answered
    obeyed        everything else

Whatever is declined or obeyed uses its number up, before anything is done, so that no command is done twice: not after
a kill, and not with the same bytes. Each role counts for itself, so that a stolen operator's key, or one of the key
authority's two, cannot use up the numbers of the key authority. A record begun anew remembers no numbers, and
therefore takes no command that was signed before it began.

A clock behind what a signed receipt or an earlier command said is wrong, and a command's life cannot be judged by it.

>>> from wire.commands import AuthorityKey, Command, PingMeter, Role, SignedCommand
>>> from wire.ids import GatewayId
>>> from wire.keys import SoftwareSigner
>>> ping = Command(gateway=GatewayId("7Z0M4QDA"), number=8, not_before_ms=1_000, expires_ms=61_000, actor="ana",
...                role=Role.OPERATOR, operation=PingMeter(meter="LMP1"))
>>> key = AuthorityKey(role=Role.OPERATOR, key=SoftwareSigner.generate().public)
>>> signed, record = SignedCommand(command=ping, id=bytes(16), signed_by=(key,)), CommandRecord(born_at_ms=0)
>>> for now_ms in (999, 1_000, 61_000, 61_001):
...     moment = Moment(now_ms=now_ms, uncertainty_ms=0, floor_ms=0)
...     print(now_ms, type(judge(signed, GatewayId("7Z0M4QDA"), moment, record)).__name__)
999 PassedOver
1000 Obeyed
61000 Obeyed
61001 Declined
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from wire.commands import LONGEST_LIFE_MS, OPERATIONS, SIGNATURES, Role, SignedCommand, UnknownOperation
from wire.ids import GatewayId
from wire.terms import CommandOutcome

MOST_DETAIL_CHARS = 120
"""What an answer has room for."""
WORST_CLOCK_MS = 60_000
"""A clock that may be further off than this cannot tell whether a command is still worth anything."""


class Why(StrEnum):
    """Why a command is not obeyed; the text goes into the answer or the log."""

    NOT_FOR_US = "it is for another gateway"
    SIGNERS = "it is not signed by the keys, and by as many of them, as its role takes"
    CLOCK = "the gateway's own clock cannot be right"
    KNOWN = "its number was used before"
    TOO_EARLY = "it is not valid yet"
    TOO_LONG_LIVED = "it would be valid for more than ten minutes"
    EXPIRED = "it came after its time"
    BEFORE_OUR_TIME = "it was signed before this gateway began to count commands"
    UNKNOWN = "this gateway does not know the operation"
    WRONG_ROLE = "its role may not order this"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """What outlives everything: the last number of each role, and what is being done, by its identity in hex.

    `newest_ms` is the latest beginning of a command that was taken: the clock was there once. `authority` names the
    keys that the numbers were used under.
    """

    born_at_ms: int
    operator: int = 0
    configurer: int = 0
    key_authority: int = 0
    newest_ms: int = 0
    under_way: str = ""
    authority: str = ""

    def under(self, authority: str, now_ms: int) -> "CommandRecord":
        """The record where these keys may order.

        Others than before count anew: whoever stole one of those may have used its numbers up. What was signed before
        is not taken, so that nothing is done twice by it.
        """
        if self.authority in ("", authority):
            return replace(self, authority=authority)
        born_at_ms = max(now_ms, self.newest_ms + 1)
        return CommandRecord(
            born_at_ms=born_at_ms, newest_ms=self.newest_ms, under_way=self.under_way, authority=authority
        )

    def last_of(self, role: Role) -> int:
        """The last number used by this role."""
        return {
            Role.OPERATOR: self.operator,
            Role.CONFIGURER: self.configurer,
            Role.KEY_AUTHORITY: self.key_authority,
        }[role]

    def taking(self, signed: SignedCommand) -> "CommandRecord":
        """The record once this command has begun."""
        command = signed.command
        newest_ms = max(self.newest_ms, command.not_before_ms)
        begun = replace(self, newest_ms=newest_ms, under_way=signed.id.hex())
        match command.role:
            case Role.OPERATOR:
                return replace(begun, operator=command.number)
            case Role.CONFIGURER:
                return replace(begun, configurer=command.number)
            case Role.KEY_AUTHORITY:
                return replace(begun, key_authority=command.number)

    def ended(self) -> "CommandRecord":
        """The record once nothing is being done."""
        return replace(self, under_way="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, how far that may be off, and an instant that has certainly passed (a receipt was signed then)."""

    now_ms: int
    uncertainty_ms: int
    floor_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Nothing is done and nothing answered."""

    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Nothing is done; that is answered, once `record` is kept."""

    why: Why
    record: CommandRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """It is done, once `record` is kept."""

    record: CommandRecord


Judgement: TypeAlias = PassedOver | Declined | Obeyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a command, in few words."""

    outcome: CommandOutcome
    detail: str


def judge(signed: SignedCommand, gateway: GatewayId, moment: Moment, record: CommandRecord) -> Judgement:
    """What this gateway does about a command that keys of its authority signed."""
    command = signed.command
    if command.gateway != gateway:
        return PassedOver(why=Why.NOT_FOR_US)
    latest_ms = moment.now_ms + moment.uncertainty_ms
    if moment.uncertainty_ms > WORST_CLOCK_MS or latest_ms < max(moment.floor_ms, record.newest_ms):
        return PassedOver(why=Why.CLOCK)
    role = command.role
    if [each.role for each in signed.signed_by] != [role] * SIGNATURES[role]:
        return PassedOver(why=Why.SIGNERS)
    if command.number <= record.last_of(role):
        return PassedOver(why=Why.KNOWN)
    if latest_ms < command.not_before_ms:
        return PassedOver(why=Why.TOO_EARLY)
    why = _declined(signed, latest_ms, record)
    taken = record.taking(signed)
    return Obeyed(record=taken) if why is None else Declined(why=why, record=taken)


def _declined(signed: SignedCommand, latest_ms: int, record: CommandRecord) -> Why | None:
    """Why a new command for us is not done; None when it is. Its age counts first: an old one proves nothing."""
    command = signed.command
    if not 0 <= command.expires_ms - command.not_before_ms <= LONGEST_LIFE_MS:
        return Why.TOO_LONG_LIVED
    if latest_ms > command.expires_ms:
        return Why.EXPIRED
    if command.not_before_ms < record.born_at_ms:
        return Why.BEFORE_OUR_TIME
    if isinstance(command.operation, UnknownOperation):
        return Why.UNKNOWN
    return None if command.role is OPERATIONS[type(command.operation)] else Why.WRONG_ROLE
