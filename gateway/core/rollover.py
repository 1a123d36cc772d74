"""A register that has run past its last digit and begun at nought again, told from one that went backwards.

Registers have so many decimal digits, or so many bits; which, hardly any meter tells. So a fall counts as a rollover
only where one of the sizes that registers have makes it a small step forward: a fall that fits none is no rollover.
Without that, one wrap would be a month's bill, or its refund.

>>> size_passed(then=99_999_950, now=70, most=500)
100000000
>>> size_passed(then=99_999_950, now=7_000, most=500) is None
True
"""

# Ten to the power of seven Wh, five digits of kWh with two decimals, is the least that energy registers have.
_DECIMAL = tuple(10**digits for digits in range(7, 16))
# 32 bits in steps of 0.001 Wh to 1 kWh; a signed register has one bit less.
_BINARY = tuple(int(2**bits * step) for bits in (31, 32) for step in (0.001, 0.01, 0.1, 1, 10, 100, 1_000))
_SIZES = tuple(sorted({*_DECIMAL, *_BINARY}))
_COUNT_SIZES = (2**8, 2**16, 2**32, *(10**digits for digits in range(3, 10)))
MOST_COUNTED = 25  # of what a counter of incidents may have gone on meanwhile


def size_passed(*, then: int, now: int, most: int) -> int | None:
    """The size of the register that went from `then` on to `now`, by no more than `most`; None where none fits."""
    return _passed(then, now, most, _SIZES)


def count_passed(*, then: int, now: int) -> int | None:
    """The same for a counter of incidents."""
    return _passed(then, now, MOST_COUNTED, _COUNT_SIZES)


def size_of_fall(fall: int, *, most: int) -> int | None:
    """The size of a register whose difference is `fall`, below nought, and which in truth went on by at most `most`."""
    return next((size for size in _SIZES if 0 <= fall + size <= most), None)


def _passed(then: int, now: int, most: int, sizes: tuple[int, ...]) -> int | None:
    return next((size for size in sizes if then < size and now >= 0 and now + size - then <= most), None)
