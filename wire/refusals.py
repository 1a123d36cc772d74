"""Why something that came over the wire is refused: one list, so that a quarantine can be counted by reason.

    WireRefused
    ├── EnvelopeRefused  the outside is wrong; nothing inside was looked at
    ├── CodecRefused     the bytes inside are not our deterministic CBOR
    └── RecordRefused    the CBOR inside is not a record of this contract

The catcher of any of them does the same: keep the bytes with the reason, act on nothing.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A word for the log and the quarantine; the text is stable."""

    TOO_LARGE = "too large"
    NOT_AN_ENVELOPE = "not an envelope"
    ALGORITHM = "algorithm not allowed"
    UNKNOWN_KEY = "unknown key"
    WRONG_KEY = "key does not belong to this algorithm"
    BAD_SIGNATURE = "bad signature"
    NOT_CANONICAL = "not deterministic CBOR"
    NOT_A_RECORD = "not a record"
    VERSION = "unknown version"
    MUST_UNDERSTAND = "an extension that must be understood is unknown"
    WRONG_GATEWAY = "gateway does not own this key or topic"
    WRONG_TOPIC = "topic does not fit"
    GATEWAY_NOT_ACTIVE = "gateway is not active"
    NOT_ITS_PLACE = "the key does not sign this part of the chain"
    CONFLICT = "another event stands at this place of the chain"
    BROKEN_CHAIN = "does not follow the chain"
    NOT_CONSENTED = "finer than the customer agreed to"


class WireRefused(Exception):
    """Something that came over the wire is not accepted."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class EnvelopeRefused(WireRefused):
    """The envelope is malformed, unsigned, or signed by the wrong key."""


class CodecRefused(WireRefused):
    """The payload is not deterministic CBOR within our limits."""


class RecordRefused(WireRefused):
    """The payload is CBOR, but not a record of this contract."""
