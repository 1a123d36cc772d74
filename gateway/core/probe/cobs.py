"""Consistent Overhead Byte Stuffing: a frame without a zero byte in it, so that a zero can mark its end.

After noise, a cut cable or a reset in mid-frame the receiver is back in step at the next zero, whatever it missed.
(S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999.)
"""

_LONGEST_RUN = 254  # its code, 255, stands for "as many bytes, and no zero behind them"


def encode(data: bytes) -> bytes:
    """`data` without zero bytes: one byte longer, and one more for every 254; the closing zero is not added.

    >>> encode(b"\\x11\\x00\\x22").hex()
    '02110222'
    """
    encoded = bytearray()
    for run in data.split(b"\0"):
        ends_at = len(run) // _LONGEST_RUN * _LONGEST_RUN
        for start in range(0, ends_at, _LONGEST_RUN):
            encoded.append(_LONGEST_RUN + 1)
            encoded += run[start : start + _LONGEST_RUN]
        encoded.append(len(run) - ends_at + 1)
        encoded += run[ends_at:]
    return bytes(encoded)


def decode(encoded: bytes) -> bytes | None:
    """The data that encodes to `encoded`; None when there is none.

    >>> decode(bytes.fromhex("02110222")).hex()
    '110022'
    """
    data = bytearray()
    at = 0
    while at < len(encoded):
        code = encoded[at]
        run = encoded[at + 1 : at + code]
        if code == 0 or len(run) != code - 1 or 0 in run:
            return None
        data += run
        at += code
        if code <= _LONGEST_RUN and at < len(encoded):
            data.append(0)
    return bytes(data)
