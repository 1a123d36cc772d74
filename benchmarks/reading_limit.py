"""What the same values cost on a line of 9600 Bd where nobody loses a moment: octets both ways, and turnarounds.

Worked out from the standard's own sizes and from nothing that was measured: one request for all registers and the
answer to it, one request for the rows of a day and the answer to that, in frames of 2,030 octets with addresses of one,
in windows of 7, association excluded. Nothing is asked twice, and no row more than the day has.
"""

from collections.abc import Sequence

OCTETS_A_SECOND = 960
FRAME_BYTES, HEADER_CHECK_BYTES = 9, 2  # flags, format, two addresses, control, checksum; a frame with text has two
INFO_BYTES = 2_030
LLC_BYTES = 3
SERVICE_BYTES = 3  # tag, choice, invoke id
ATTRIBUTE_BYTES = 9
RANGE_BYTES = 2 + 2 + 18 + 2 * 14 + 2  # selected, by range; a structure: the clock's column, two times, all columns
LENGTH_BYTES, RESULT_BYTES = 1, 1
ROW_BYTES, CLOCK_BYTES, STATUS_BYTES, REGISTER_BYTES = 2, 14, 2, 5


def plain_rows(count: int) -> int:
    """Rows of time, status and two registers, each in full."""
    return count * (ROW_BYTES + CLOCK_BYTES + STATUS_BYTES + 2 * REGISTER_BYTES)


def null_rows(count: int) -> int:
    """The same, where time and status of all but the first are left out."""
    return plain_rows(1) + (count - 1) * (ROW_BYTES + 1 + 1 + 2 * REGISTER_BYTES)


def line_limit_s(rows_bytes: int, register_bytes: Sequence[int], turnaround_s: float) -> float:
    """Seconds for two exchanges, of registers with these sizes (their tags included) and of these rows."""
    items = len(register_bytes)
    asked = _framed(SERVICE_BYTES + LENGTH_BYTES + items * (ATTRIBUTE_BYTES + 1))
    told = _framed(SERVICE_BYTES + LENGTH_BYTES + sum(RESULT_BYTES + size for size in register_bytes))
    asked_rows = _framed(SERVICE_BYTES + ATTRIBUTE_BYTES + RANGE_BYTES)
    told_rows = _framed(SERVICE_BYTES + RESULT_BYTES + 1 + LENGTH_BYTES + rows_bytes)
    return (asked + told + asked_rows + told_rows) / OCTETS_A_SECOND + 2 * turnaround_s


def _framed(apdu_bytes: int) -> int:
    text = LLC_BYTES + apdu_bytes
    frames = -(-text // INFO_BYTES)
    return text + frames * (FRAME_BYTES + HEADER_CHECK_BYTES)
