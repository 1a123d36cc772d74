"""What comes down from the broker: octets of which nothing is believed yet, and what their topic calls them."""

from dataclasses import dataclass

from wire.topics import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message: a receipt, a command or a certificate, as its topic says; `is_retained` when the broker had kept it
    for whoever comes, so that nobody knows how old it is."""

    kind: Kind
    payload: bytes
    is_retained: bool = False
