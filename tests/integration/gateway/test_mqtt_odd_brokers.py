"""Brokers that speak an older MQTT, set terms, or answer nonsense: the gateway goes on, or says in one line why not."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import MQTTProtocolVersion

from gateway.adapters.mqtt import MqttUplink
from gateway.core.errors import UplinkLost
from runtime.clock import SystemClock
from tests.fakes_broker import (
    CONNACK,
    CONNECT_KIND,
    Answers,
    LastWords,
    answering,
    broker_answering,
    connack_5,
    kind_of,
    level_of,
)
from tests.mosquitto import GATEWAY, enrolment_at
from tests.waiting import eventually
from wire import topics
from wire.envelope import MAX_ENVELOPE_BYTES
from wire.terms import Lane

MANY_LOOKS = 500  # a turn takes up to 0.1 s: as patient as any test
ALARMS = topics.up(GATEWAY, Lane.ALARM)


@dataclass
class LaterClock(SystemClock):
    """The machine's time, and as many seconds later as a test wants."""

    later_s: float = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later_s


@dataclass
class WaitingClock(LaterClock):
    """One on which a minute goes by with every look, as long as somebody waits."""

    is_waiting: Callable[[], bool] = bool

    def monotonic(self) -> float:
        self.later_s += 60 * self.is_waiting()
        return super().monotonic()


@dataclass
class ImpatientClock(SystemClock):
    """One on which nobody may wait: no deadline of its own ever comes, and who looks again and again is stopped."""

    looks: int = 0

    def monotonic(self) -> float:
        self.looks += 1
        assert self.looks < MANY_LOOKS, "waited in vain"
        return 0.0


def uplink_to(port: int, clock: SystemClock | None = None, *, keepalive_s: int = 30, version: str = "5") -> MqttUplink:
    enrolment = enrolment_at(port)
    return MqttUplink(enrolment, GATEWAY, clock or SystemClock(), keepalive_s=keepalive_s, version=version)


def noting(levels: list[int], answers: Answers) -> Answers:
    """The same answers; the level of each CONNECT is noted."""

    def answer(packet: bytes) -> bytes | None:
        levels.extend(level_of(each) for each in [packet] if kind_of(each) == CONNECT_KIND)
        return answers(packet)

    return answer


def only_3(to_5: bytes | None) -> Answers:
    """A broker that knows 3.1.1, and meets a CONNECT of 5 like this."""
    plain = answering(CONNACK)

    def answer(packet: bytes) -> bytes | None:
        is_5 = kind_of(packet) == CONNECT_KIND and level_of(packet) == 5
        return to_5 if is_5 else plain(packet)

    return answer


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to_5",
    [None, bytes.fromhex("20020001"), bytes.fromhex("2003008400"), CONNACK, bytes.fromhex("20020005"), b"\0\0"],
    ids=["hangs up", "no in 3.1.1", "no in 5", "yes in 3.1.1", "not allowed in 3.1.1", "noise"],
)
def test_a_broker_that_does_not_know_mqtt_5_is_spoken_to_in_3_1_1(to_5: bytes | None) -> None:
    levels: list[int] = []
    with broker_answering(*(noting(levels, only_3(to_5)) for _ in range(2))) as port:
        uplink = uplink_to(port)

        uplink.open()
        uplink.publish(ALARMS, b"envelope")
        eventually(lambda: uplink.wait(0.02) or uplink.is_quiet())
        uplink.close()

    assert levels == [5, 4]


def test_one_that_says_nothing_to_mqtt_5_is_spoken_to_in_3_1_1_once_it_has_had_its_time() -> None:
    levels: list[int] = []
    clock = WaitingClock()

    def is_unanswered() -> bool:
        return levels == [5] and uplink._client is not None and uplink._client.protocol is MQTTProtocolVersion.MQTTv5

    with broker_answering(noting(levels, only_3(b""))) as port:
        uplink = uplink_to(port, clock)
        clock.is_waiting = is_unanswered

        uplink.open()
        uplink.close()

    assert levels == [5, 4]


def test_the_older_mqtt_is_remembered_for_an_hour_and_no_longer() -> None:
    levels: list[int] = []
    clock = LaterClock()
    with broker_answering(*(noting(levels, only_3(None)) for _ in range(6))) as port:
        uplink = uplink_to(port, clock)
        uplink.open()
        uplink.open()
        clock.later_s = 3_600

        uplink.open()
        uplink.close()

    assert levels == [5, 4, 4, 5, 4]


def test_a_gateway_set_to_3_1_1_never_tries_5() -> None:
    levels: list[int] = []
    with broker_answering(noting(levels, answering(CONNACK))) as port:
        uplink = uplink_to(port, version="3.1.1")

        uplink.open()
        uplink.close()

    assert levels == [4]


def test_a_refusal_in_proper_mqtt_5_is_no_reason_to_try_another_version() -> None:
    levels: list[int] = []
    with (
        broker_answering(noting(levels, answering(bytes.fromhex("2003008700")))) as port,
        pytest.raises(UplinkLost, match="refuses this gateway: Not authorized"),
    ):
        uplink_to(port).open()

    assert levels == [5]


# --- terms ------------------------------------------------------------------------------------------------------------


def test_the_brokers_terms_hold_from_its_answer_on() -> None:
    with broker_answering(answering(connack_5(most_bytes=4_096, under_way=3))) as port:
        uplink = uplink_to(port)
        uplink.open()
        room_with_the_first_word_under_way = uplink.room()
        eventually(lambda: uplink.wait(0.02) or uplink.is_quiet())

        fits = [uplink.fits(bytes(size)) for size in (4_000, 4_096)]
        uplink.close()

    assert (room_with_the_first_word_under_way, uplink.room()) == (2, 3)
    assert fits == [True, False]


def test_what_fits_goes_through_a_broker_to_its_last_byte() -> None:
    heard: list[bytes] = []
    answers = answering(connack_5(most_bytes=4_096))

    def answer(packet: bytes) -> bytes | None:
        heard.append(packet)
        return answers(packet)

    with broker_answering(answer) as port:
        uplink = uplink_to(port)
        uplink.open()
        largest = next(size for size in range(4_096, 0, -1) if uplink.fits(bytes(size)))
        uplink.publish(ALARMS, bytes(largest))
        eventually(lambda: uplink.wait(0.02) or uplink.is_quiet())
        uplink.close()

    assert 4_050 < max(map(len, heard)) <= 4_096


def test_a_broker_that_takes_next_to_nothing_is_not_used() -> None:
    with (
        broker_answering(answering(connack_5(most_bytes=100))) as port,
        pytest.raises(UplinkLost, match="takes no message of more than"),
    ):
        uplink_to(port).open()


def test_a_broker_that_grants_no_listening_says_so_at_once() -> None:
    with (
        broker_answering(answering(suback=bytes.fromhex("90050001008787"))) as port,
        pytest.raises(UplinkLost, match="does not let this gateway listen"),
    ):
        uplink_to(port).open()


def test_a_refused_message_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    refused = bytes.fromhex("4004000287004004000387004004000487 00".replace(" ", ""))
    with broker_answering(answering(then=refused)) as port:
        uplink = uplink_to(port)
        uplink.open()
        for _ in range(3):
            uplink.publish(ALARMS, b"envelope")
        eventually(lambda: uplink.wait(0.02) or uplink.is_quiet())
        uplink.close()

    assert caplog.text.count("message_refused reason='Not authorized'") == 1


def test_a_broker_that_forbids_pings_is_still_found_out_when_it_dies() -> None:
    clock = LaterClock()
    answers = answering(connack_5(keep_alive_s=0))
    deaf: list[bool] = []
    with broker_answering(lambda packet: b"" if deaf else answers(packet)) as port:
        uplink = uplink_to(port, clock)
        uplink.open()
        eventually(lambda: uplink.wait(0.02) or uplink.is_quiet())
        deaf.append(True)

        clock.later_s = 31
        uplink.wait(0)
        clock.later_s = 60

        with pytest.raises(UplinkLost, match="fallen silent"):
            uplink.wait(0)
        uplink.close()


# --- nonsense ---------------------------------------------------------------------------------------------------------

TOPIC = topics.receipt(GATEWAY).encode()
QUALITY_2 = bytes((0x34, 2 + len(TOPIC) + 2 + 1)) + len(TOPIC).to_bytes(2, "big") + TOPIC + b"\x00\x01\x00"


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (b"\x30\xff\xff\xff\x7f" + bytes(1_000), "nobody asked for"),
        (QUALITY_2, "nobody asked for"),
        (b"\x30\xff\xff\xff\xff\x7f", "nobody asked for"),
        (b"\x00\x00", "the connection broke"),
        (b"\xe0\x01\x8b", "the broker ended it: Server shutting down"),
    ],
    ids=["256 MB", "quality 2", "endless length", "no kind", "a farewell"],
)
def test_what_is_nonsense_ends_the_connection_in_one_line(then: bytes, why: str) -> None:
    with broker_answering(answering(then=then)) as port:
        uplink = uplink_to(port)
        uplink.open()

        with pytest.raises(UplinkLost, match=why):
            eventually(lambda: uplink.wait(0.02) and False)

        uplink.close()


def test_what_is_on_another_topic_or_too_long_is_passed_over() -> None:
    def publication(topic: bytes, payload: bytes) -> bytes:
        rest = len(topic).to_bytes(2, "big") + topic + b"\x00" + payload
        length = len(rest)
        octets = bytes((length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14))
        return b"\x30" + octets + rest

    strange = publication(b"\xff\xfe", b"x") + publication(b"lw/1/ZZZZZZZZ/down/ack", b"another's")
    strange += publication(TOPIC, bytes(MAX_ENVELOPE_BYTES + 1)) + publication(TOPIC, b"receipt")
    with broker_answering(answering(then=strange)) as port:
        uplink = uplink_to(port)
        uplink.open()

        came = eventually(lambda: uplink.wait(0.02))
        uplink.close()

    assert [arrival.payload for arrival in came] == [b"receipt"]


octets = st.binary(max_size=64) | st.builds(
    lambda kind, rest: bytes((kind, len(rest))) + rest,
    st.sampled_from([0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x90, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0]),
    st.binary(max_size=60),
)


@given(said=octets, version=st.sampled_from(["5", "3.1.1"]), is_inside=st.booleans())
def test_any_octets_do_nothing_or_lose_the_connection_and_nothing_is_waited_for_in_vain(
    said: bytes, version: str, *, is_inside: bool
) -> None:
    connack = {"5": connack_5(), "3.1.1": CONNACK}[version]
    honest = answering(connack, then=LastWords(said))
    with broker_answering(honest if is_inside else lambda _packet: LastWords(said), lambda _packet: None) as port:
        uplink = uplink_to(port, ImpatientClock(), version=version)

        try:
            uplink.open()
            for _ in range(5):
                uplink.wait(0.001)
        except UplinkLost:
            pass
        uplink.close()
