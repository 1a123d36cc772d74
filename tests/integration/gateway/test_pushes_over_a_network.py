"""Simulated meters call a listening gateway: sealed, in clear, by datagrams; and somebody who only makes noise."""

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateway.adapters.profile_files import load_profile
from gateway.adapters.push_ports import TcpPushPort, UdpPushPort
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.pushed import EventKind, Protection
from gateway.core.meter_access import MeterSecrets
from gateway.core.ports import PushPort
from gateway.core.push.address import ListenAddress
from gateway.core.push.streams import stream_for
from gateway.service.inbox import Inbox, MeterPushed, PortRefused, Report
from gateway.service.meter_watch import Instruction, MeterWatch
from gateway.service.push_watch import UNKNOWN_METER, PushWatch, Speaker
from runtime.secret import Secret
from simulators.meter.history import History
from simulators.meter.push import Pusher, PushPlan
from simulators.meter.push_framing import Framing
from tests.fakes_access import AUTH_KEY, KEY
from tests.fakes_gateway import FakeClock
from tests.fakes_simulators import NOW, a_life, moment
from tests.waiting import SURELY_S, eventually

SETTINGS = load_profile("lamplight-sim").push
KEYS = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
TCP = ListenAddress(transport="tcp", host="127.0.0.1", port=0)
UDP = ListenAddress(transport="udp", host="127.0.0.1", port=0)
SEALED = PushPlan(framing=Framing.WRAPPER, key=KEYS.key, auth_key=KEYS.auth_key)
CLEAR = PushPlan(framing=Framing.WRAPPER, has_last_gasp=True)


def speaker(number: int, serial: str, secrets: MeterSecrets) -> Speaker:
    watch = MeterWatch()
    watch.instruct(Instruction(serial=serial))
    key_name = "" if secrets.key is None else f"key {number}"
    return Speaker(number=number, watch=watch, new_stream=lambda: stream_for(SETTINGS, secrets, ()), key_name=key_name)


@contextmanager
def listening(port: PushPort, clock: FakeClock, *speakers: Speaker) -> Iterator[Callable[[], list[Report]]]:
    """A gateway's loop at the port, in a thread; gives what it reported so far."""
    inbox, stop, reports = Inbox(), threading.Event(), list[Report]()
    watch = PushWatch(
        port="here",
        open_port=lambda: port,
        speakers=speakers,
        is_own_line=False,
        refused=(),
        inbox=inbox,
        clock=clock,
        chance=random.Random(1),
    )
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()

    def so_far() -> list[Report]:
        while (report := inbox.take(0)) is not None:
            reports.append(report)
        return reports

    try:
        yield so_far
    finally:
        stop.set()
        thread.join(SURELY_S)
    assert not thread.is_alive()


def pusher(plan: PushPlan, serial: str = "LMP10000001", title: bytes = b"LMP00001") -> Pusher:
    return Pusher(a_life(history=History.of_new_meter(serial, NOW)), title, plan)


def test_a_sealed_meter_and_one_in_clear_share_an_address_and_noise_beside_them_harms_nobody() -> None:
    clock = FakeClock()
    port = TcpPushPort(TCP, clock.monotonic)
    peers = [socket.create_connection(("127.0.0.1", port.port)) for _ in range(5)]
    noise, sealed, clear, unknown, cut = peers
    stranger = pusher(SEALED, "NOBODY", b"LMP00099")

    with listening(port, clock, speaker(1, "", KEYS), speaker(2, "LMP2", MeterSecrets())) as so_far:
        for _ in range(20):
            noise.sendall(random.Random(7).randbytes(500))
        octets = pusher(SEALED).due(moment(0))
        for at in range(0, len(octets), 7):
            sealed.sendall(octets[at : at + 7])
        clear.sendall(pusher(CLEAR, "LMP2").due(moment(0)))
        unknown.sendall(pusher(CLEAR, "LMP3").due(moment(0)))
        cut.sendall(stranger.due(moment(0))[:-3])
        eventually(lambda: len([each for each in so_far() if isinstance(each, MeterPushed)]) == 2, what="two pushes")

        def refused() -> dict[str, int]:
            """What the port has refused, as it is told from time to time."""
            clock.advance(10)  # nobody pauses so long within a message
            return dict(next((each.refused for each in reversed(so_far()) if isinstance(each, PortRefused)), ()))

        eventually(lambda: refused().keys() >= {UNKNOWN_METER, CaptureKind.WRAPPER_CUT}, what="what was refused")
    for peer in peers:
        peer.close()

    pushed = {each.number: each.heard for each in so_far() if isinstance(each, MeterPushed)}
    assert {number: heard.push.protection for number, heard in pushed.items()} == {
        1: Protection.CHECKED,
        2: Protection.NONE,
    }
    assert pushed[1].is_authenticated
    assert not pushed[2].is_authenticated


def test_a_last_gasp_comes_in_one_datagram() -> None:
    clock = FakeClock()
    port = UdpPushPort(UDP, clock.monotonic)
    meter = pusher(PushPlan(framing=Framing.WRAPPER, has_last_gasp=True, key=KEYS.key, auth_key=KEYS.auth_key))
    meter.due(moment(0))
    meter._life.history = meter._life.history.with_supply(False, NOW)

    with listening(port, clock, speaker(1, "LMP10000001", KEYS)) as so_far:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(meter.due(moment(1)), ("127.0.0.1", port.port))
        (report,) = eventually(lambda: list(so_far()), what="the gasp")

    assert isinstance(report, MeterPushed)
    assert report.heard.push.event is not None
    assert report.heard.push.event.kind is EventKind.LAST_GASP
    assert report.heard.is_authenticated


@pytest.mark.parametrize("seed", range(5))
def test_whatever_octets_come_a_conversation_raises_nothing(seed: int) -> None:
    chance = random.Random(seed)
    stream = stream_for(SETTINGS, KEYS, ())
    good = pusher(SEALED).due(moment(0))

    for _ in range(20):
        octets = bytearray(good if chance.random() < 0.5 else chance.randbytes(200))
        octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
        stream.feed(bytes(octets))
    outcomes = [*stream.flush(), *stream.feed(good), *stream.flush()]

    assert outcomes
