"""Commands: what the cloud may order a gateway to do, signed by keys that sign nothing else.

A command names the one gateway it is for, has a number that rises, an instant before which and one after which it is
worth nothing (ten minutes apart at most), who ordered it, and in which role. The roles have keys of their own: whoever
holds an operator's key can have a meter read and can change nothing. What touches keys needs two key authorities. The
tables `OPERATIONS` and `SIGNATURES` say which role an operation belongs to and how many of it must sign; an operation
is added there, once, for both sides.

`open_command` refuses what no key of the authority signed, or what is no command. Whether a genuine one is obeyed
(for us, now, for the first time, by the right role) is the gateway's own judgement. Its identity is the hash of what
was signed; the answer names it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, ClassVar, TypeAlias

from wire.codec import Value, decode, encode
from wire.cosigned import HEAD as COSIGNED_HEAD
from wire.cosigned import cosign, parse_pair, verify_one
from wire.envelope import Purpose, Signer, parse, seal, verify
from wire.fields import At, OneOf, Text, Whole, pack, refuse_unknown_negative, unpack
from wire.ids import GatewayId
from wire.keys import PublicKey
from wire.refusals import EnvelopeRefused, Reason, RecordRefused
from wire.terms import COUNT, INSTANT_MS

VERSION = 1
MAX_COMMAND_BYTES = 1_000
LONGEST_LIFE_MS = 600_000
ID_BYTES = 16
_CODE = Whole(1, 2**16)
_METER = Text(32)
_ACTOR = Text(64)
_GATEWAY = Text(8)


class Role(IntEnum):
    """In whose name something is ordered; each role has keys of its own."""

    OPERATOR = 1
    CONFIGURER = 2
    KEY_AUTHORITY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PingMeter:
    """Ask the meter of this serial number whether it answers."""

    code: ClassVar[int] = 1
    meter: Annotated[str, At(1, _METER)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNow:
    """Read the meter of this serial number now; its registers come as any reading does."""

    code: ClassVar[int] = 2
    meter: Annotated[str, At(1, _METER)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting:
    """Let the setting of this name have this value, or again what the gateway's own file says (None)."""

    code: ClassVar[int] = 10
    name: Annotated[str, At(1, Text(64))]
    value: Annotated[str | None, At(2, Text(64), optional=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsent:
    """The customer at this meter agrees to readings over `finest_period_s` and longer, until an instant or until
    further notice; to none finer than bills need, where it is None."""

    code: ClassVar[int] = 11
    meter: Annotated[str, At(1, _METER)]
    finest_period_s: Annotated[int | None, At(2, Whole(1, 86_401), optional=True)] = None
    until_ms: Annotated[int | None, At(3, INSTANT_MS, optional=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKey:
    """Make a new key of the gateway's own and announce it under the old one."""

    code: ClassVar[int] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownOperation:
    """An operation this program does not know, or whose arguments it cannot read (`why`)."""

    code: int
    arguments: dict[int, Value]
    why: str


KnownOperation: TypeAlias = PingMeter | ReadNow | ChangeSetting | SetConsent | RotateKey
Operation: TypeAlias = KnownOperation | UnknownOperation


OPERATIONS: dict[type[KnownOperation], Role] = {
    PingMeter: Role.OPERATOR,
    ReadNow: Role.OPERATOR,
    ChangeSetting: Role.CONFIGURER,
    SetConsent: Role.CONFIGURER,
    RotateKey: Role.KEY_AUTHORITY,
}
"""Every operation, with who may order it."""
SIGNATURES = {Role.OPERATOR: 1, Role.CONFIGURER: 1, Role.KEY_AUTHORITY: 2}
"""How many keys of the role must sign, each another one."""
_BY_CODE = {operation.code: operation for operation in OPERATIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityKey:
    """A key that may sign commands, in one role."""

    role: Role
    key: PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """For gateway `gateway`, the command of this number, worth something from `not_before_ms` to `expires_ms`."""

    gateway: GatewayId
    number: int
    not_before_ms: int
    expires_ms: int
    actor: str
    role: Role
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCommand:
    """A command that keys of the authority really signed, and in which roles those may."""

    command: Command
    id: bytes
    signed_by: tuple[AuthorityKey, ...]


def seal_command(command: Command, signers: Sequence[Signer]) -> bytes:
    """The command under one signature, or under two; raises ValueError for any other number, WireRefused."""
    payload = encode(_packed(command))
    match signers:
        case [signer]:
            envelope = seal(payload, signer, Purpose.COMMAND)
        case _:
            envelope = cosign(payload, signers, Purpose.COMMAND)
    if len(envelope) > MAX_COMMAND_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_COMMAND_BYTES}")
    return envelope


def open_command(envelope: bytes, authority: Sequence[AuthorityKey]) -> SignedCommand:
    """The command, if each of its signatures is of a key of the authority; else raises a WireRefused."""
    if len(envelope) > MAX_COMMAND_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_COMMAND_BYTES}")
    known = {each.key.key_id: each for each in authority}
    is_pair = envelope.startswith(COSIGNED_HEAD)
    signatures = parse_pair(envelope).signatures if is_pair else (parse(envelope),)
    check = verify_one if is_pair else verify
    for signature in signatures:
        if signature.key_id not in known:
            raise EnvelopeRefused(Reason.UNKNOWN_KEY, signature.key_id.hex())
        check(signature, known[signature.key_id].key, Purpose.COMMAND)
    payload = signatures[0].payload
    signed_by = tuple(known[signature.key_id] for signature in signatures)
    return SignedCommand(command=_unpacked(decode(payload)), id=id_of(payload), signed_by=signed_by)


def authority_name(authority: Sequence[AuthorityKey]) -> str:
    """What tells these keys from any others, in hex."""
    keys = sorted((each.role, each.key.key_id) for each in authority)
    return hashlib.sha256(b"".join(bytes([role]) + key_id for role, key_id in keys)).digest()[:ID_BYTES].hex()


def id_of(payload: bytes) -> bytes:
    """By what an answer names a command: the first 16 bytes of SHA-256 over what was signed."""
    return hashlib.sha256(payload).digest()[:ID_BYTES]


def _packed(command: Command) -> dict[int, Value]:
    operation = command.operation
    arguments = operation.arguments if isinstance(operation, UnknownOperation) else pack(operation)
    return {
        1: VERSION,
        2: _GATEWAY.pack(command.gateway),
        3: COUNT.pack(command.number),
        4: INSTANT_MS.pack(command.not_before_ms),
        5: INSTANT_MS.pack(command.expires_ms),
        6: _CODE.pack(operation.code),
        7: arguments,
        8: _ACTOR.pack(command.actor),
        9: OneOf(Role).pack(command.role),
    }


def _unpacked(packed: Value) -> Command:
    if not isinstance(packed, dict):
        raise RecordRefused(Reason.NOT_A_RECORD, "not a map")
    if packed.get(1) != VERSION or type(packed[1]) is not int:
        raise RecordRefused(Reason.VERSION, f"{packed.get(1)!r:.40}")
    refuse_unknown_negative(packed)
    try:
        return Command(
            gateway=GatewayId.parse(_GATEWAY.unpack(packed[2])),
            number=COUNT.unpack(packed[3]),
            not_before_ms=INSTANT_MS.unpack(packed[4]),
            expires_ms=INSTANT_MS.unpack(packed[5]),
            operation=_operation(_CODE.unpack(packed[6]), packed[7]),
            actor=_ACTOR.unpack(packed[8]),
            role=OneOf(Role).unpack(packed[9]),
        )
    except KeyError as error:
        raise RecordRefused(Reason.NOT_A_RECORD, f"key {error} is missing") from error
    except ValueError as error:
        raise RecordRefused(Reason.NOT_A_RECORD, "not a gateway identifier") from error


def _operation(code: int, arguments: Value) -> Operation:
    if not isinstance(arguments, dict):
        raise RecordRefused(Reason.NOT_A_RECORD, "the arguments are not a map")
    cls = _BY_CODE.get(code)
    if cls is None:
        return UnknownOperation(code=code, arguments=arguments, why="unknown operation")
    try:
        operation: KnownOperation = unpack(cls, arguments)
    except RecordRefused as refused:
        return UnknownOperation(code=code, arguments=arguments, why=str(refused))
    return operation
