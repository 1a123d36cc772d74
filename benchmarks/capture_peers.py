"""What others make of the same captures: dlms-cosem's parsers, and the Gurux client. Benchmarks only; see the ADR.

Both leave it to their caller which value has which code. Each gets the kindest caller there can be: a value counts as
theirs where it stands behind its code in what they decoded, and a scaler behind it is applied.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import dlms_cosem_log
from gateway.core.dlms.push.keys import PushKeys

# isort: split
from dlms_cosem import security, utils
from dlms_cosem.exceptions import DecryptionError
from dlms_cosem.hdlc.exceptions import HdlcException
from dlms_cosem.hdlc.frames import UnnumberedInformationFrame
from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.secure import GXDLMSSecureClient

_FLAG, _LLC_BYTES, _WRAPPER_BYTES = 0x7E, 3, 8
_MAX_PIECES = 20
_TROUBLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    HdlcException,
    DecryptionError,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A code, and the number or text behind it."""

    code: str
    value: float | str


def told_by_dlms_cosem(capture: bytes, keys: PushKeys | None) -> list[Told] | None:
    """Its values, None where it does not open the capture."""
    dlms_cosem_log.silence()
    try:
        apdu = _message_by_dlms_cosem(capture)
        if apdu[0] == GeneralGlobalCipher.TAG:
            apdu = _deciphered_by_dlms_cosem(apdu, keys)
        return list(_told(utils.parse_as_dlms_data(DataNotification.from_bytes(apdu).body)))
    except _TROUBLE:
        return None


def _message_by_dlms_cosem(capture: bytes) -> bytes:
    if capture[0] != _FLAG:
        return capture[_WRAPPER_BYTES:] if capture[:2] == b"\x00\x01" else capture
    frames = [UnnumberedInformationFrame.from_bytes(frame) for frame in _frames(capture)]
    return b"".join(frame.information for frame in frames)[_LLC_BYTES:]


def _frames(capture: bytes) -> Iterator[bytes]:
    while capture[:1] == bytes([_FLAG]):
        size = (int.from_bytes(capture[1:3], "big") & 0x7FF) + 2
        yield capture[:size]
        capture = capture[size:]


def _deciphered_by_dlms_cosem(apdu: bytes, keys: PushKeys | None) -> bytes:
    sealed = GeneralGlobalCipher.from_bytes(apdu)
    if keys is None:
        raise ValueError("no key")
    plain: bytes = security.decrypt(
        security_control=sealed.security_control,
        system_title=bytes(sealed.system_title or b""),
        invocation_counter=sealed.invocation_counter,
        key=keys.key.reveal(),
        cipher_text=sealed.ciphered_text,
        auth_key=b"" if keys.auth_key is None else keys.auth_key.reveal(),
    )
    return plain


def told_by_gurux(capture: bytes, keys: PushKeys | None) -> list[Told] | None:
    """Its values, None where it does not open the capture."""
    client = GXDLMSSecureClient(True, 1, 1, Authentication.NONE, None, _interface(capture))
    if keys is not None:
        client.ciphering.blockCipherKey = keys.key.reveal()
        client.ciphering.security = Security.ENCRYPTION
        if keys.auth_key is not None:
            client.ciphering.authenticationKey = keys.auth_key.reveal()
            client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    reply, notify, octets = GXReplyData(), GXReplyData(), GXByteBuffer(capture)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
            for _ in range(_MAX_PIECES):
                client.getData(octets, reply, notify)
                if octets.position >= len(capture):
                    break
    except _TROUBLE:
        return None
    return None if notify.value is None else list(_told(notify.value))


def _interface(capture: bytes) -> Any:
    if capture[0] == _FLAG:
        return InterfaceType.HDLC
    if capture[0] == 0x68:
        return InterfaceType.WIRED_MBUS
    return InterfaceType.WRAPPER if capture[:2] == b"\x00\x01" else InterfaceType.PDU


def _told(items: Any) -> Iterator[Told]:
    if not isinstance(items, (list, tuple)):
        return
    for place, item in enumerate(items):
        if isinstance(item, (list, tuple)):
            yield from _told(item)
        elif isinstance(item, (bytes, bytearray)) and len(item) == 6 and place + 1 < len(items):
            code = ".".join(str(octet) for octet in item)
            yield Told(code, _value(items[place + 1], items[place + 2 : place + 3]))


def _value(value: Any, behind: Sequence[Any]) -> float | str:
    match behind:
        case [[int() as exponent, int()]] if isinstance(value, (int, float)):
            return float(value) * 10.0**exponent
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).rstrip(b"\x00").decode("latin-1")
    return str(value)
