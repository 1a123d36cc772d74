"""What dlms-cosem does of authentication and ciphering, with what it does wrong done right.

Its LLS and HLS-GMAC classes and its AES-GCM serve; around them stand five repairs, each with a test of its name:
- no object that holds a secret shows it in its repr (its clients, connections and LLS class do);
- every protected APDU and every proof has a counter of its own, reserved before it is used (its proof takes the number
  of the request that carries it: two messages under one nonce, which gives the authentication key away);
- requests of 128 octets and more carry their length (it writes one octet, whatever the length);
- what comes back is opened only in the protection that was agreed on, of the meter that answered, and never in clear;
- the meter's proof is compared in constant time, and an echo of our own challenge is none.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from gateway.adapters import dlms_library  # noqa: F401 - before dlms-cosem

# isort: split
from dlms_cosem import exceptions, security
from dlms_cosem.connection import DlmsConnection
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
    SecurityControlField,
)

from gateway.core.dlms import ciphered, get_response
from gateway.core.errors import Undecodable
from gateway.core.invocation_counter import InvocationCounter
from gateway.core.meter_access import Authentication, MeterSecrets, ProfileAccess

TITLE_BYTES, TAG_BYTES, COUNTER_BYTES = 8, 12, 4
PROTECTION_BYTES = 1 + 1 + TITLE_BYTES + 3 + 1 + COUNTER_BYTES + TAG_BYTES
_PROOF_BYTES = 1 + COUNTER_BYTES + TAG_BYTES
_CHALLENGE_BYTES = 16
_AUTHENTICATED = SecurityControlField(security_suite=0, authenticated=True)
_SEALED = SecurityControlField(security_suite=0, authenticated=True, encrypted=True)
_SEALED_HEAD: bytes = _SEALED.to_bytes()
_BEFORE_THE_FIRST = -1  # its own default refuses a meter whose first counter is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are to one meter: our system title, its secrets, and their counter."""

    title: bytes
    secrets: MeterSecrets
    counter: InvocationCounter


def title_of(unique: bytes) -> bytes:
    """Our system title: the maker's three letters, and five octets that are nobody else's."""
    return b"LMP" + unique[: TITLE_BYTES - 3]


def title_for_meter(gateway: bytes, number: int) -> bytes:
    """The gateway's title towards one of its meters.

    Title and counter together must never come twice under one key, and utilities have given one key to several meters:
    with a title for each, their counters need not know of one another.
    """
    return title_of(hashlib.sha256(gateway + number.to_bytes(8, "big")).digest())


class Password(LowLevelSecurityAuthentication):  # type: ignore[misc]
    """Its LLS, which shows no password."""

    def __repr__(self) -> str:
        return "Password()"


class ProofOfKeys(HighLevelSecurityGmacAuthentication):  # type: ignore[misc]
    """Its HLS-GMAC, with counters of its own; whether anything else is ciphered does not matter to it."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(challenge_length=_CHALLENGE_BYTES)
        self._identity = identity

    def __repr__(self) -> str:
        return "ProofOfKeys()"

    def hls_generate_reply_data(self, connection: Any) -> bytes:
        """Our answer to the meter's challenge."""
        counter = self._identity.counter.take()
        control: bytes = _AUTHENTICATED.to_bytes()
        challenge = connection.meter_to_client_challenge
        return control + counter.to_bytes(COUNTER_BYTES, "big") + self._gmac(self._identity.title, counter, challenge)

    def hls_meter_data_is_valid(self, data: bytes, connection: Any) -> bool:
        """Whether this proves that the meter has the keys, too."""
        own_challenge = self.get_calling_authentication_value()
        is_echo = own_challenge == connection.meter_to_client_challenge or connection.meter_system_title == (
            self._identity.title
        )
        if len(data) != _PROOF_BYTES or data[:1] != _AUTHENTICATED.to_bytes() or is_echo:
            return False
        counter = int.from_bytes(data[1:-TAG_BYTES], "big")
        right = self._gmac(connection.meter_system_title, counter, own_challenge)
        return hmac.compare_digest(right, data[-TAG_BYTES:])

    def _gmac(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        key, auth_key = _keys(self._identity.secrets)
        tag: bytes = security.gmac(_AUTHENTICATED, title, counter, key, auth_key, challenge)
        return tag


class ProtectedConnection(DlmsConnection):  # type: ignore[misc]
    """Its connection, whose requests are protected and whose answers are opened, where that was agreed on."""

    counter: InvocationCounter
    meter_invocation_counter: int
    names_service: bool = False  # whether requests go out in their service's own ciphered form

    def __repr__(self) -> str:
        return "ProtectedConnection()"

    def encrypt(self, plain_text: bytes) -> tuple[bytes, int]:
        """As its own, with a number that was reserved."""
        self.client_invocation_counter = self.counter.take()
        text, number = super().encrypt(plain_text)
        return text, number

    def request(self, event: Any, octets: bytes = b"") -> bytes:
        """A service's request as it goes out: `octets`, or what it writes itself, in the form that was agreed on.

        As its `send`, but for the length of what is protected and for the other form; raises its protocol error where
        the order of things forbids the request.
        """
        self.state.process_event(event)
        plain = octets or bytes(event.to_bytes())
        if not self.use_protection:
            return plain
        text, number = self.encrypt(plain)
        sealed = _SEALED_HEAD + number.to_bytes(COUNTER_BYTES, "big") + text
        if self.names_service:
            return ciphered.wrap_service(plain[0], sealed)
        return ciphered.wrap(self.client_system_title, sealed)

    @property
    def security_control(self) -> SecurityControlField:
        """As its own, which works it out anew four times a request: protected is always both, in suite 0."""
        return _SEALED

    def open(self, sealed: bytes) -> bytes:
        """What the meter protected; raises Undecodable."""
        if sealed[:1] != _SEALED_HEAD or len(sealed) < 1 + COUNTER_BYTES + TAG_BYTES:
            raise Undecodable("an answer is protected in another way than was agreed on")
        number, text = int.from_bytes(sealed[1 : 1 + COUNTER_BYTES], "big"), sealed[1 + COUNTER_BYTES :]
        if number <= self.meter_invocation_counter:
            raise Undecodable("an answer carries a counter that was used before")
        self.meter_invocation_counter = number
        try:
            return bytes(self.decrypt(text))
        except exceptions.DecryptionError:
            raise Undecodable("an answer does not open with the meter's keys") from None

    def open_answer(self, apdu: bytes) -> bytes:
        """The plain answer; a refusal of the service may come in clear, anything else not. Raises Undecodable."""
        if not self.use_protection or get_response.service_refused(apdu) is not None:
            return apdu
        sealed = ciphered.unwrap(apdu)
        if sealed.title not in (b"", self.meter_system_title):
            raise Undecodable("an answer comes from another meter than the one that was called")
        plain = self.open(sealed.octets)
        if sealed.holds not in (None, *plain[:1]) and get_response.service_refused(plain) is None:
            raise Undecodable("an answer holds another service's than it names")
        return plain


def connection_for(access: ProfileAccess, identity: Identity, *, max_pdu_bytes: int) -> ProtectedConnection:
    """A new connection that proves itself as the profile says, with secrets that fit it."""
    key, auth_key = _keys(identity.secrets) if access.is_ciphered else (None, None)
    connection = ProtectedConnection(
        authentication=_authentication(access, identity),
        client_system_title=identity.title,
        global_encryption_key=key,
        global_authentication_key=auth_key,
        meter_invocation_counter=_BEFORE_THE_FIRST,
        max_pdu_size=max_pdu_bytes,
    )
    connection.counter = identity.counter
    return connection


def _authentication(access: ProfileAccess, identity: Identity) -> Any:
    if access.authentication is Authentication.LLS:
        assert identity.secrets.password is not None
        return Password(identity.secrets.password.reveal())
    return ProofOfKeys(identity) if access.authentication is Authentication.HLS_GMAC else NoSecurityAuthentication()


def _keys(secrets: MeterSecrets) -> tuple[bytes, bytes]:
    assert secrets.key is not None
    assert secrets.auth_key is not None
    return secrets.key.reveal(), secrets.auth_key.reveal()
