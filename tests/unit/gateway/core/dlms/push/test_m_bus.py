"""M-Bus long frames: found, summed and joined."""

import pytest

from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.m_bus import MAX_MESSAGE_BYTES, MBusMessages
from gateway.core.errors import CaptureRefused
from tests.fakes_push_octets import m_bus, m_bus_frame

MESSAGE = bytes(range(256)) * 2


def read(octets):
    messages = MBusMessages()
    return (*messages.feed(octets), *messages.flush())


def kinds(outcomes):
    return [outcome.kind if isinstance(outcome, CaptureRefused) else outcome for outcome in outcomes]


@pytest.mark.parametrize("bytes_per_frame", [245, 100, 1])
def test_a_message_over_any_number_of_frames_is_joined(bytes_per_frame):
    assert read(m_bus(MESSAGE, bytes_per_frame=bytes_per_frame)) == (MESSAGE,)


def test_frames_come_out_wherever_the_octets_are_cut():
    messages = MBusMessages()

    outcomes = [found for octet in m_bus(MESSAGE) for found in messages.feed(bytes([octet]))]

    assert outcomes == [MESSAGE]


def test_noise_is_passed_over_and_counted():
    messages = MBusMessages()

    assert messages.feed(b"\x68\x00\x68" + m_bus(MESSAGE) + b"\xff") == (MESSAGE,)
    assert messages.noise_bytes == 4


def test_a_frame_whose_sum_does_not_hold_is_none_and_said():
    first, second = m_bus_frame(b"one", ci=0), m_bus_frame(b"two", ci=0x11)
    spoilt = first[:-3] + bytes([first[-3] ^ 1]) + first[-2:]

    outcomes = read(spoilt + second)

    assert kinds(outcomes) == [CaptureKind.M_BUS_DAMAGED] * 2
    assert "sum of a frame" in outcomes[1].what


@pytest.mark.parametrize("numbers", [(0, 2), (0, 0), (1,), (0, 1, 3)])
def test_frames_out_of_their_order_are_refused(numbers):
    frames = b"".join(m_bus_frame(b"part", ci=number) for number in numbers[:-1])

    outcomes = kinds(read(frames + m_bus_frame(b"last", ci=numbers[-1] | 0x10)))

    assert CaptureKind.M_BUS_DAMAGED in outcomes
    assert b"partlast" not in outcomes


def test_a_message_that_breaks_off_is_refused_and_the_next_one_read():
    messages = MBusMessages()
    messages.feed(m_bus_frame(b"first", ci=0))

    assert kinds(messages.flush()) == [CaptureKind.M_BUS_DAMAGED]
    assert messages.feed(m_bus(MESSAGE)) == (MESSAGE,)


def test_a_message_that_begins_anew_gives_the_old_one_up():
    outcomes = read(m_bus_frame(b"first", ci=0) + m_bus(MESSAGE))

    assert kinds(outcomes) == [CaptureKind.M_BUS_DAMAGED, MESSAGE]


def test_m_bus_of_another_kind_is_named():
    (refused,) = read(m_bus_frame(b"\x78" * 12, ci=0x72))

    assert refused.kind is CaptureKind.M_BUS
    assert "72" in refused.what


def test_a_message_without_end_is_given_up():
    endless = b"".join(m_bus_frame(bytes(240), ci=number % 16) for number in range(MAX_MESSAGE_BYTES // 240 + 2))

    assert kinds(read(endless))[0] is CaptureKind.M_BUS_DAMAGED
