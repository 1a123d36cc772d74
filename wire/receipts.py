"""The cloud's receipt: "everything of this lane up to here is stored", signed.

A broker's acknowledgement proves nothing about the cloud's disk; a gateway frees a row only on a receipt whose number
and hash are those of its own chain. Receipts are cumulative, so a lost one costs nothing.
"""

from dataclasses import dataclass
from typing import Annotated

from wire.codec import decode, encode
from wire.envelope import Purpose, Signer, parse, seal, verify
from wire.fields import At, Octets, OneOf, Text, Whole, pack, unpack
from wire.ids import GatewayId
from wire.keys import PublicKey
from wire.refusals import Reason, RecordRefused
from wire.terms import COUNT, INSTANT_MS, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The cloud holds every event of (gateway, gen, lane) up to `seq`, whose hash is `head`; said at `at_ms`."""

    version: Annotated[int, At(1, Whole(1, 1))] = 1
    gateway: Annotated[str, At(2, Text(8))]
    gen: Annotated[int, At(3, COUNT)]
    lane: Annotated[Lane, At(4, OneOf(Lane))]
    seq: Annotated[int, At(5, COUNT)]
    head: Annotated[bytes, At(6, Octets(16))]
    at_ms: Annotated[int, At(7, INSTANT_MS)]


def seal_receipt(receipt: Receipt, signer: Signer) -> bytes:
    """The receipt, signed by the cloud's receipt key."""
    return seal(encode(pack(receipt)), signer, Purpose.RECEIPT)


def open_receipt(envelope: bytes, key: PublicKey) -> Receipt:
    """The receipt, if the cloud's key signed it as a receipt; else raises a WireRefused."""
    parsed = parse(envelope)
    verify(parsed, key, Purpose.RECEIPT)
    receipt: Receipt = unpack(Receipt, decode(parsed.payload))
    try:
        GatewayId.parse(receipt.gateway)
    except ValueError as error:
        raise RecordRefused(Reason.NOT_A_RECORD, "not a gateway identifier") from error
    return receipt
