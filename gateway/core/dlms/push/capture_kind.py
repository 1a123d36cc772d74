"""What a capture is, for people and for programs: what was opened, and why what was not opened was refused.

A kind is the word a program acts on; with it go a sentence of what is there and one of what to do, for a person. The
APDUs of a dialogue have names, so that a recorded session handed in by mistake is told for what it is.
"""

from enum import StrEnum

from gateway.core.dlms.push.pushed import Proof
from gateway.core.errors import CaptureRefused

MAX_CAPTURE_BYTES = 1_000_000


class CaptureKind(StrEnum):
    """What a capture is: the first four are opened, all others are refused."""

    HDLC_PUSH = "hdlc-push"
    M_BUS_PUSH = "m-bus-push"
    WRAPPER_PUSH = "tcp-wrapper-push"
    RAW_PUSH = "raw-push"
    HDLC_DIALOGUE = "hdlc-dialogue"
    HDLC_DAMAGED = "hdlc-damaged"
    HDLC_CUT = "hdlc-cut-off"
    M_BUS = "m-bus"
    M_BUS_DAMAGED = "m-bus-damaged"
    WRAPPER = "tcp-wrapper"
    WRAPPER_CUT = "tcp-wrapper-cut-off"
    RAW_APDU = "raw-apdu"
    CIPHERED = "ciphered"
    WRONG_KEY = "wrong-key"
    BLOCK_TRANSFER = "general-block-transfer"
    DAMAGED = "contents-damaged"
    WITHOUT_OBIS = "list-without-obis"
    MIXED = "several-captures"
    UNKNOWN = "unknown"


_WORDS = {
    CaptureKind.HDLC_DIALOGUE: "these HDLC frames are a dialogue with a meter, not a push",
    CaptureKind.HDLC_DAMAGED: "these are HDLC frames whose checksums do not hold or which are not all there",
    CaptureKind.HDLC_CUT: "an HDLC frame breaks off",
    CaptureKind.M_BUS: "these are M-Bus frames, but nothing of DLMS is in them",
    CaptureKind.M_BUS_DAMAGED: "these are M-Bus frames whose checksums do not hold or which are not all there",
    CaptureKind.WRAPPER: "this is a dialogue with a meter behind a TCP wrapper, not a push",
    CaptureKind.WRAPPER_CUT: "a message behind a TCP wrapper breaks off",
    CaptureKind.RAW_APDU: "this is a bare APDU of a dialogue with a meter, not a push",
    CaptureKind.CIPHERED: "this is ciphered",
    CaptureKind.WRONG_KEY: "this does not open with the key",
    CaptureKind.BLOCK_TRANSFER: "general block transfer whose blocks are not all there or not in their order",
    CaptureKind.DAMAGED: "the contents are not what they should be",
    CaptureKind.WITHOUT_OBIS: "these values come without OBIS codes, in an order nobody has told us",
    CaptureKind.MIXED: "these are captures of several kinds in one file",
    CaptureKind.UNKNOWN: "this is nothing a meter is known to send",
}
_DIALOGUE = "`lamplight-gateway trace --replay FILE` shows what was traced; here, hand in what a meter sends unasked"
_AGAIN = "capture it again: look at the speed, the parity and the head"
_WHOLE = "copy it whole, from its first octet to its last"
_DO = {
    CaptureKind.HDLC_DIALOGUE: _DIALOGUE,
    CaptureKind.WRAPPER: _DIALOGUE,
    CaptureKind.RAW_APDU: _DIALOGUE,
    CaptureKind.HDLC_DAMAGED: _AGAIN,
    CaptureKind.HDLC_CUT: _WHOLE,
    CaptureKind.M_BUS_DAMAGED: _AGAIN,
    CaptureKind.WRAPPER_CUT: _WHOLE,
    CaptureKind.CIPHERED: "give the meter's encryption key with --key, and its authentication key with --auth-key",
    CaptureKind.WRONG_KEY: "ask the utility for this meter's own keys",
    CaptureKind.BLOCK_TRANSFER: "copy every block, in the order they came",
    CaptureKind.DAMAGED: _WHOLE,
    CaptureKind.WITHOUT_OBIS: "ask the utility for the list's layout",
    CaptureKind.MIXED: "hand them in one at a time",
}
_DO_ELSE = "hand in what a meter sends unasked: HDLC or M-Bus frames, TCP wrapper, a bare APDU, or a text telegram"

_APDU_NAMES = {
    0x01: "InitiateRequest", 0x08: "InitiateResponse", 0x0E: "ConfirmedServiceError", 0x21: "glo-InitiateRequest",
    0x28: "glo-InitiateResponse", 0x60: "AARQ", 0x61: "AARE", 0x62: "RLRQ", 0x63: "RLRE", 0xC0: "GET request",
    0xC1: "SET request", 0xC3: "ACTION request", 0xC4: "GET response", 0xC5: "SET response", 0xC7: "ACTION response",
    0xC8: "glo-GET request", 0xC9: "glo-SET request", 0xCB: "glo-ACTION request", 0xCC: "glo-GET response",
    0xCD: "glo-SET response", 0xCF: "glo-ACTION response", 0xD0: "ded-GET request", 0xD1: "ded-SET request",
    0xD3: "ded-ACTION request", 0xD4: "ded-GET response", 0xD5: "ded-SET response", 0xD7: "ded-ACTION response",
    0xD8: "ExceptionResponse", 0xD9: "ACCESS request", 0xDA: "ACCESS response",
}  # fmt: skip


class Framing(StrEnum):
    """What stands around an APDU on its way, and with that what proves it whole."""

    HDLC = "hdlc"
    M_BUS = "m-bus"
    WRAPPER = "wrapper"
    RAW = "raw"

    @property
    def push(self) -> CaptureKind:
        """The kind of a push that came so."""
        return _PUSHES[self]

    @property
    def dialogue(self) -> CaptureKind:
        """The kind of anything else that came so."""
        return _DIALOGUES[self]

    @property
    def proof(self) -> Proof:
        """What says that its octets are those the meter sent."""
        return _PROOFS[self]


_PUSHES = {
    Framing.HDLC: CaptureKind.HDLC_PUSH,
    Framing.M_BUS: CaptureKind.M_BUS_PUSH,
    Framing.WRAPPER: CaptureKind.WRAPPER_PUSH,
    Framing.RAW: CaptureKind.RAW_PUSH,
}
_DIALOGUES = {
    Framing.HDLC: CaptureKind.HDLC_DIALOGUE,
    Framing.M_BUS: CaptureKind.M_BUS,
    Framing.WRAPPER: CaptureKind.WRAPPER,
    Framing.RAW: CaptureKind.RAW_APDU,
}
_PROOFS = {
    Framing.HDLC: Proof.CRC16,
    Framing.M_BUS: Proof.BLOCK_CHECK,
    Framing.WRAPPER: Proof.TCP,
    Framing.RAW: Proof.NONE,
}


def refusal(kind: CaptureKind, detail: str = "", *, do: str = "") -> CaptureRefused:
    """The refusal of a kind, with what is known beyond it."""
    words = f"{_WORDS[kind]}: {detail}" if detail else _WORDS[kind]
    return CaptureRefused(kind, words, do=do or _DO.get(kind, _DO_ELSE))


def apdu_name(apdu: bytes) -> str:
    """What an APDU of a dialogue is called; empty for what is none.

    >>> apdu_name(bytes.fromhex("c001c100080000010000ff0200"))
    'GET request'
    """
    return _APDU_NAMES.get(apdu[0], "") if apdu else ""
