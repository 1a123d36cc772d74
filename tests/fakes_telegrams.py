"""Text telegrams for tests: built line by line, with a CRC of their own, sealed by an independent AES-GCM."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER = "/LMP5\\2LAMPSIM01"
TITLE = b"LMP\x00\x00\x00\x00\x07"
KEY, AUTH_KEY = bytes(range(16)), bytes(range(16, 32))
PUBLIC_AUTH_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")


def crc16(octets: bytes) -> int:
    """CRC-16/ARC, bit by bit."""
    crc = 0
    for octet in octets:
        crc ^= octet
        for _bit in range(8):
            crc = crc >> 1 ^ (0xA001 * (crc & 1))
    return crc


def old_telegram(*lines: str, header: str = HEADER) -> bytes:
    """Without a CRC, as to version 3."""
    return "\r\n".join((header, "", *lines, "!", "")).encode("latin-1")


def telegram(*lines: str, header: str = HEADER) -> bytes:
    """With a CRC, as from version 4."""
    body = "\r\n".join((header, "", *lines, "!")).encode("latin-1")
    return body + f"{crc16(body):04X}\r\n".encode()


def seven_bit(text: bytes) -> bytes:
    """Even parity in bit 7."""
    return bytes(octet | (octet.bit_count() % 2) << 7 for octet in text)


def sealed(text: bytes, *, key: bytes = KEY, auth_key: bytes = PUBLIC_AUTH_KEY, length: str = "82") -> bytes:
    """General-glo-ciphering around a telegram; `length` "" leaves the length out."""
    counter = (7).to_bytes(4, "big")
    ciphered = AESGCM(key).encrypt(TITLE + counter, text, b"\x30" + auth_key)
    body = b"\x30" + counter + ciphered[:-4]  # a tag of 12 octets
    octets = {"82": b"\x82" + len(body).to_bytes(2, "big"), "": b""}[length]
    return b"\xdb\x08" + TITLE + octets + body


def readings_of(push) -> dict[str, object]:
    """Values by code, the last where one comes twice."""
    return {str(reading.obis): reading.value for reading in push.readings}


def tic_group(*fields: str, separator: str = "\t") -> bytes:
    """One group of a TIC frame with its check: over the last separator too where that is HT."""
    text = separator.join(fields)
    summed = text + separator if separator == "\t" else text
    check = chr((sum(summed.encode()) & 0x3F) + 0x20)
    return f"\n{text}{separator}{check}\r".encode("ascii")


def tic_frame(*groups: bytes) -> bytes:
    """A frame of the TIC."""
    return b"\x02" + b"".join(groups) + b"\x03"


def historic(**labels: str) -> bytes:
    """A frame of the historic mode."""
    return tic_frame(*(tic_group(label, value, separator=" ") for label, value in labels.items()))


def standard(*groups: tuple[str, ...]) -> bytes:
    """A frame of the standard mode."""
    return tic_frame(*(tic_group(*group) for group in groups))


def block(*lines: str) -> bytes:
    """A data readout from STX to its block check, in seven bits without parity."""
    text = b"\x02" + "".join(f"{line}\r\n" for line in (*lines, "!")).encode("ascii") + b"\x03"
    check = 0
    for octet in text[1:]:
        check ^= octet
    return text + bytes((check,))
