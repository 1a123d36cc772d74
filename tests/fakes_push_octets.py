"""What a meter that sends unasked puts on a line: the other way of what `gateway.core.dlms` opens."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests import fakes_axdr
from tests.fakes_axdr import encode_length

TITLE, KEY, AUTH_KEY = b"KFMg\x50\x00\x00\x09", bytes(range(16)), bytes(range(0xD0, 0xE0))


SENT = bytes.fromhex("07ea0b15060c000000ffc400")


def notification(body, *, date=b"\x0c" + SENT):
    """A DataNotification of these values."""
    return b"\x0f\x40\x00\x00\x00" + date + fakes_axdr.encode(body)


def with_length(octets):
    """The octets behind their length."""
    return encode_length(len(octets)) + octets


def m_bus(apdu, *, bytes_per_frame=240, first_ci=0):
    """The APDU in as many long frames as it takes."""
    parts = [apdu[at : at + bytes_per_frame] for at in range(0, len(apdu), bytes_per_frame)]
    return b"".join(
        m_bus_frame(part, ci=(first_ci + number) % 16 | (0x10 if number == len(parts) - 1 else 0))
        for number, part in enumerate(parts)
    )


def m_bus_frame(data, *, ci):
    """One long frame."""
    inner = bytes([0x53, 0xFF, ci, 0x01, 0x67]) + data
    return bytes([0x68, len(inner), len(inner), 0x68]) + inner + bytes([sum(inner) & 0xFF, 0x16])


def blocks(apdu, *, bytes_per_block=100):
    """The APDU in general block transfer, a block each."""
    parts = [apdu[at : at + bytes_per_block] for at in range(0, len(apdu), bytes_per_block)]
    return [
        bytes([0xE0, 0xC0 if number == len(parts) else 0x40]) + number.to_bytes(2, "big") + bytes(2) + with_length(part)
        for number, part in enumerate(parts, start=1)
    ]


def seal(apdu, *, control=0x30, counter=35, tag=0xDB, title=TITLE, key=KEY, auth_key=AUTH_KEY):
    """The APDU ciphered as its security control octet says."""
    nonce, head = title + counter.to_bytes(4, "big"), bytes([control]) + counter.to_bytes(4, "big")
    associated = bytes([control]) + auth_key
    if control & 0x20:
        sealed = AESGCM(key).encrypt(nonce, apdu, associated)
        contents = sealed[:-4] if control & 0x10 else sealed[:-16]  # a tag of 12 octets, not 16
    else:
        contents = apdu + AESGCM(key).encrypt(nonce, b"", associated + apdu)[:12]
    titled = with_length(title) if tag in (0xDB, 0xDC) else b""
    return bytes([tag]) + titled + with_length(head + contents)
