"""The same reading by others: dlms-cosem as shipped on the same line, it and the Gurux client over TCP.

dlms-cosem asks for frames of 128 octets, one at a time, and for each value by itself: that is what its client does. Its
log, which it prints by default and which alone costs more than a read, is silenced, as ours silences it. The Gurux
client is GPL and comes from PyPI, for measuring only.
"""

import contextlib
import io
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

from benchmarks import dlms_cosem_log
from benchmarks.faulty_line import VirtualClock
from benchmarks.reading_line import PacedLine, a_meter, reading_of, took_s
from gateway.adapters import dlms_library  # noqa: F401 - it loads dlms-cosem as the gateway does, whose figure is ours

# isort: split
from dlms_cosem import cosem, enumerations, security, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient

from gateway.adapters.dlms_security import Identity, ProofOfKeys
from gateway.core.dlms.obis import Attribute
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from runtime.secret import Secret
from simulators.meter.buffer_encoding import Encoding

TIMEOUT_S = 5.0
_ITS_COUNTER, _GURUX_COUNTER = 2_000_000, 3_000_000  # each behind the one before: the meter takes no lower one
_PUBLIC, _BY_KEYS, _METER = 16, 1, 1
_ENERGY = cosem.CosemAttribute(enumerations.CosemInterface.REGISTER, cosem.Obis(1, 0, 1, 8, 0), 2)
_BUFFER = cosem.CosemAttribute(enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 1, 0), 2)
_CLOCK = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 2)


class _SerialLike:
    """A paced line as dlms-cosem wants one."""

    def __init__(self, line: PacedLine) -> None:
        self._line, self._arrived = line, bytearray()

    def connect(self) -> None:
        """It is open."""

    def disconnect(self) -> None:
        """It stays so."""

    def send(self, data: bytes) -> None:
        self._line.write(bytes(data))

    def recv(self, amount: int = 1) -> bytes:
        self._arrived += b"" if len(self._arrived) >= amount else self._line.read(TIMEOUT_S)
        return self._taken(amount)

    def recv_until(self, end: bytes) -> bytes:
        while end not in self._arrived:
            self._arrived += self._line.read(TIMEOUT_S)
        return self._taken(self._arrived.index(end) + len(end))

    def _taken(self, amount: int) -> bytes:
        taken = bytes(self._arrived[:amount])
        del self._arrived[:amount]
        return taken


def dlms_cosem_s(encoding: Encoding, values: tuple[Attribute, ...], begin: datetime, end: datetime) -> float:
    """Seconds dlms-cosem takes for the same values and rows, association excluded."""
    dlms_cosem_log.silence()
    line = PacedLine(a_meter(encoding).open_converter(), VirtualClock())
    client = DlmsClient(HdlcTransport(_PUBLIC, _METER, io=_SerialLike(line)), security.NoSecurityAuthentication())
    rows = RangeDescriptor(restricting_object=CaptureObject(_CLOCK, 0), from_value=begin, to_value=end)
    with client.session():
        for value in values:
            instance = cosem.Obis.from_bytes(value.obis.octets)
            client.get(cosem.CosemAttribute(enumerations.CosemInterface(value.class_id), instance, value.index))
        client.get(_BUFFER, access_descriptor=rows)
    return took_s(reading_of(line.exchanges))


def dlms_cosem_decodes(octets: bytes) -> object:
    """A plain buffer as dlms-cosem reads it: values alone, without what was left out made whole."""
    return utils.parse_as_dlms_data(octets)


def dlms_cosem_register_ms(port: int, key: bytes, auth_key: bytes, cpu_ms: Callable[..., float]) -> float:
    """CPU milliseconds for a ciphered register over TCP.

    Its own proof goes under the number of the request that carries it, which the meter refuses: here it has ours.
    """
    dlms_cosem_log.silence()
    counter = InvocationCounter(KeptCounter(), lambda _kept: None)
    counter.learn(_ITS_COUNTER - 10)
    secrets = MeterSecrets(key=Secret(key), auth_key=Secret(auth_key))
    identity = Identity(title=b"LMPpeer1", secrets=secrets, counter=counter)
    client = DlmsClient(
        TcpTransport(_BY_KEYS, _METER, io=BlockingTcpIO("127.0.0.1", port, TIMEOUT_S)),
        ProofOfKeys(identity),
        encryption_key=key,
        authentication_key=auth_key,
        client_system_title=identity.title,
        client_initial_invocation_counter=_ITS_COUNTER,
        meter_initial_invocation_counter=-1,
    )
    with client.session():
        return cpu_ms(lambda: client.get(_ENERGY))


def gurux_register_ms(port: int, key: bytes, auth_key: bytes, cpu_ms: Callable[..., float]) -> float:
    """The same by the Gurux client, whose AES is in Python."""
    client: Any = GXDLMSSecureClient(True, _BY_KEYS, _METER, Authentication.HIGH_GMAC, None, InterfaceType.WRAPPER)
    client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    client.ciphering.systemTitle = b"LMPpeer2"
    client.ciphering.blockCipherKey, client.ciphering.authenticationKey = key, auth_key
    client.ciphering.invocationCounter = _GURUX_COUNTER
    energy = GXDLMSRegister("1.0.1.8.0.255")
    # It prints what it does at every request.
    with contextlib.redirect_stdout(io.StringIO()), socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as wire:

        def exchange(requests: Any, reply: Any) -> Any:
            for request in requests if isinstance(requests, list) else [requests]:
                wire.sendall(bytes(request))
                heard, notify = GXByteBuffer(), GXReplyData()
                while not client.getData(heard, reply, notify):
                    heard.set(wire.recv(4_096))
            return reply

        client.parseAareResponse(exchange(client.aarqRequest(), GXReplyData()).data)
        proof = exchange(client.getApplicationAssociationRequest(), GXReplyData())
        client.parseApplicationAssociationResponse(proof.data)

        def read() -> None:
            client.updateValue(energy, 2, exchange(client.read(energy, 2), GXReplyData()).value)

        return cpu_ms(read)
