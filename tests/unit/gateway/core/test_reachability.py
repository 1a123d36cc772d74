"""A meter out of reach is said once, and once when it is back."""

from gateway.core.reachability import Reachability, step
from tests.fakes_gateway import at
from wire.events import MeterReachable, MeterUnreachable
from wire.terms import LinkFault

Said = list[MeterUnreachable | MeterReachable | None]


def play(*faults: LinkFault | None) -> Said:
    """One reading a minute."""
    state, said = Reachability(), []
    for minute, fault in enumerate(faults):
        state, event = step(state, fault, at(60 * minute))
        said.append(event)
    return said


def test_one_failed_reading_is_no_news() -> None:
    assert play(LinkFault.SILENT, None) == [None, None]


def test_two_in_a_row_are_told_with_the_first_ones_time() -> None:
    assert play(LinkFault.SILENT, LinkFault.GARBLED) == [
        None,
        MeterUnreachable(since_ms=1_795_284_000_000, reason=LinkFault.GARBLED),
    ]


def test_it_is_told_once_however_long_it_lasts() -> None:
    assert play(*[LinkFault.PORT_GONE] * 50)[2:] == [None] * 48


def test_the_return_tells_how_long_it_was() -> None:
    assert play(LinkFault.SILENT, LinkFault.SILENT, None, None)[2:] == [MeterReachable(silent_for_ms=120_000), None]
