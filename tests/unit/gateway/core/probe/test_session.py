"""The conversation with the probe: what it says becomes observations, in order."""

import pytest

from gateway.core.errors import ProbeRefused
from gateway.core.observations import EdgeId, ProbeBeat, ProbeLink, ProbeObservation, SupplyEdge
from gateway.core.probe.frames import Ack, Beat, Frame, GatewayHello, Hello, Supply, SupplyEvent, decode, encode
from gateway.core.probe.session import SILENCE_S, ProbeSession
from tests.fakes_gateway import at

BEAT = Beat(boot_id=7, uptime_ms=90_000, supply_present=True, input_mv=5_080, hold_mv=4_900, bad_frames=0)


def told(number: int, *, what: Supply = Supply.LOST, occurred_ms: int = 1_000, now_ms: int = 1_040) -> SupplyEvent:
    return SupplyEvent(boot_id=7, event_id=number, what=what, occurred_ms=occurred_ms, now_ms=now_ms)


def hear(session: ProbeSession, *frames: Frame, s: float = 0.0) -> list[ProbeObservation]:
    line = b"".join(encode(frame, number) for number, frame in enumerate(frames))
    return session.receive(line, now=at(s), monotonic_s=s)


def edges_of(observations: list[ProbeObservation]) -> list[int]:
    return [seen.edge.event_id for seen in observations if isinstance(seen, SupplyEdge)]


@pytest.fixture
def session() -> ProbeSession:
    """A session that knows edge 4 of the probe's run 7 and has heard a beat."""
    session = ProbeSession(newest_edge=EdgeId(boot_id=7, event_id=4))
    hear(session, BEAT)
    return session


def test_the_first_whole_frame_means_the_probe_is_there() -> None:
    session = ProbeSession(newest_edge=None)

    assert hear(session, BEAT, BEAT) == [
        ProbeLink(up=True),
        ProbeBeat(present=True, input_mv=5_080),
        ProbeBeat(present=True, input_mv=5_080),
    ]


def test_an_edge_happened_as_long_ago_as_the_probe_says(session: ProbeSession) -> None:
    (edge,) = hear(session, told(5, occurred_ms=1_000, now_ms=3_500), s=60)

    assert edge == SupplyEdge(edge=EdgeId(boot_id=7, event_id=5), present=False, occurred_at=at(57.5))


def test_uptime_may_run_over_between_an_edge_and_its_telling(session: ProbeSession) -> None:
    (edge,) = hear(session, told(5, what=Supply.BACK, occurred_ms=2**32 - 500, now_ms=500), s=60)

    assert edge == SupplyEdge(edge=EdgeId(boot_id=7, event_id=5), present=True, occurred_at=at(59))


def test_an_edge_waits_for_its_elder(session: ProbeSession) -> None:
    early = hear(session, told(6, what=Supply.BACK))
    next_round = hear(session, told(5), told(6, what=Supply.BACK), s=0.5)

    assert edges_of(early) == []
    assert edges_of(next_round) == [5, 6]


def test_an_elder_that_never_comes_is_not_waited_for_long(session: ProbeSession) -> None:
    rounds = [edges_of(hear(session, told(9), told(10), s=s)) for s in (0, 0.5, 1, 1.5, 2)]

    assert rounds == [[], [], [], [], [9, 10]]


def test_an_edge_not_acknowledged_yet_is_told_again(session: ProbeSession) -> None:
    rounds = [edges_of(hear(session, told(5), s=s)) for s in (0, 0.5)]

    assert rounds == [[5], [5]]


def test_a_probe_that_began_anew_counts_from_wherever_it_is(session: ProbeSession) -> None:
    fresh = SupplyEvent(boot_id=8, event_id=3, what=Supply.LOST, occurred_ms=1, now_ms=2)

    assert edges_of(hear(session, fresh)) == [3]


def test_a_probe_of_another_version_is_refused(session: ProbeSession) -> None:
    with pytest.raises(ProbeRefused, match="version 2"):
        hear(session, Hello(protocol=2, boot_id=7, firmware="probe 9"))


def test_the_probe_says_what_it_runs(session: ProbeSession) -> None:
    hear(session, Hello(protocol=1, boot_id=7, firmware="probe 1.0"))

    assert session.firmware == "probe 1.0"


def test_noise_is_counted_and_our_own_echo_passed_over(session: ProbeSession) -> None:
    observations = session.receive(b"\x01noise\0" + encode(GatewayHello(), 1), now=at(0), monotonic_s=0)

    assert observations == []
    assert session.noises == 1


def test_three_missed_beats_are_silence(session: ProbeSession) -> None:
    assert not session.has_fallen_silent(SILENCE_S, opened_s=0)
    assert session.has_fallen_silent(SILENCE_S + 0.1, opened_s=0)


def test_a_probe_never_heard_is_silent_since_the_port_was_opened() -> None:
    session = ProbeSession(newest_edge=None)

    assert not session.has_fallen_silent(103, opened_s=100)
    assert session.has_fallen_silent(104, opened_s=100)


def test_the_gateway_greets_and_acknowledges(session: ProbeSession) -> None:
    assert decode(session.greeting()[:-1]) == GatewayHello(protocol=1)
    assert decode(session.acknowledgement(EdgeId(boot_id=7, event_id=5))[:-1]) == Ack(boot_id=7, event_id=5)
