"""A meter's keys exchanged for new ones: handed to it under its master key, and from then on used (Blue Book 4.4.7).

The new keys come wrapped by the utility (RFC 3394); the gateway passes them on and cannot open them. Both go in one
key transfer of the security setup, so that a meter never has one old and one new. A gateway that was cut off in the
middle does not know which keys the meter has: it offers the old ones first, and the new ones where those are not taken.
Only a meter that let us in with the new keys has them, and only then the old ones are forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.adapters.dlms_security import Identity
from gateway.core.dlms.data import DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.meter_access import KeyExchange

KEY_TRANSFER = Attribute(class_id=64, obis=Obis.parse("0.0.43.0.0.255"), index=2)
_UNICAST_ENCRYPTION_KEY, _AUTHENTICATION_KEY = 0, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """An exchange that is due; `identity` is who we are afterwards, `taken` keeps durably that it is done."""

    exchange: KeyExchange
    identity: Identity
    taken: Callable[[], None]


def transfer_of(exchange: KeyExchange) -> bytes:
    """The parameter of the key transfer in A-XDR: each key's number and its wrapped octets."""
    keys = (
        (_UNICAST_ENCRYPTION_KEY, exchange.wrapped_key),
        (_AUTHENTICATION_KEY, exchange.wrapped_auth_key),
    )
    rows = (
        bytes([DataType.STRUCTURE, 2, DataType.ENUM, number, DataType.OCTET_STRING, len(wrapped.reveal())])
        + wrapped.reveal()
        for number, wrapped in keys
    )
    return bytes([DataType.ARRAY, len(keys)]) + b"".join(rows)
