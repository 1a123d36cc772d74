"""The probe as its host sees it: what is told, when, and how often."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from runtime.errors import InputRefused
from simulators.moment import Moment
from simulators.probe.device import MAX_WAITING, Probe
from simulators.probe.frames import Kind, frame, unstuffed
from simulators.probe.inputs import Inputs

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
BOOT = 0xC0FFEE01


def after(seconds: float, *, rate: float = 1.0) -> Moment:
    """A moment that many machine seconds into a story that runs `rate` times as fast."""
    return Moment(at=NOW + timedelta(seconds=seconds * rate), mono_s=100.0 + seconds)


@dataclass(frozen=True, slots=True)
class Told:
    """A frame as a host reads it."""

    kind: int
    fields: tuple[int, ...]


def told(frames: list[bytes], kind: Kind = Kind.EVENT) -> list[Told]:
    layouts = {Kind.HELLO: "<BI", Kind.BEAT: "<IIBHHH", Kind.EVENT: "<IIBII"}
    bodies = [unstuffed(sent[:-1])[:-4] for sent in frames]
    return [Told(body[0], struct.unpack_from(layouts[kind], body, 2)) for body in bodies if body[0] == kind]


def events(frames: list[bytes]) -> list[tuple[int, ...]]:
    """What, occurred and said, of each event told."""
    return [event.fields[2:] for event in told(frames)]


def ack(event_id: int, boot_id: int = BOOT) -> bytes:
    return frame(Kind.HOST_ACK, 0, struct.pack("<II", boot_id, event_id))


def hello(protocol: int = 1) -> bytes:
    return frame(Kind.HOST_HELLO, 0, bytes((protocol,)))


def a_probe(inputs: Inputs | None = None) -> Probe:
    """A probe that has said its hello and its first beat."""
    probe = Probe(inputs or Inputs.on_a_good_day(NOW), boot_id=BOOT, now=after(0), keep=lambda _: None)
    probe.due(after(0))
    return probe


def test_a_probe_begins_with_hello_and_a_beat() -> None:
    probe = Probe(Inputs.on_a_good_day(NOW), boot_id=BOOT, now=after(0), keep=lambda _: None)

    frames = probe.due(after(0))

    assert [Kind(unstuffed(sent[:-1])[0]) for sent in frames] == [Kind.HELLO, Kind.BEAT]
    assert [unstuffed(sent[:-1])[1] for sent in frames] == [0, 1]


def test_a_beat_comes_every_second() -> None:
    probe = a_probe()

    beats = [len(told(probe.due(after(tenth / 10)), Kind.BEAT)) for tenth in range(1, 31)]

    assert sum(beats) == 3


def test_a_beat_tells_uptime_in_the_storys_time() -> None:
    probe = a_probe()

    [beat] = told(probe.due(after(2, rate=10)), Kind.BEAT)

    assert beat.fields == (BOOT, 20_000, 1, 5_080, 5_000, 0)


@pytest.mark.parametrize(("away_ms", "edges"), [(39, 0), (40, 1)])
def test_a_supply_counts_as_lost_after_forty_milliseconds(away_ms: int, edges: int) -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0.1))

    assert len(events(probe.due(after(0.1 + away_ms / 1_000)))) == edges


def test_a_loss_is_dated_to_when_it_began_and_a_return_to_when_it_came() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0.1))

    lost = events(probe.due(after(0.2)))
    probe.command(["supply", "on"], after(0.3))
    back = events(probe.due(after(0.4)))

    assert lost == [(1, 100, 200)]
    assert back == [(2, 300, 400)]


def test_what_is_too_short_to_be_a_loss_is_not_told() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0.1))
    probe.command(["supply", "on"], after(0.13))

    assert events(probe.due(after(0.2))) == []


@pytest.mark.parametrize(
    ("length_ms", "told_of"), [("39", []), ("40", [(1, 100), (2, 140)]), ("900", [(1, 100), (2, 1_000)])]
)
def test_a_dip_ends_by_itself(length_ms: str, told_of: list[tuple[int, int]]) -> None:
    probe = a_probe()
    probe.command(["supply", "dip", length_ms], after(0.1))

    frames = probe.due(after(2))

    assert [event[:2] for event in events(frames)] == told_of
    assert probe.status(after(2))["supply"] == "on"


def test_a_dip_is_over_when_the_supply_is_switched_by_hand() -> None:
    probe = a_probe()
    probe.command(["supply", "dip", "500"], after(0.1))

    probe.command(["supply", "off"], after(0.2))

    probe.due(after(5))
    assert probe.status(after(5))["supply"] == "off"


def test_an_event_is_repeated_every_half_second_until_it_is_acknowledged() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0))

    repeats = [len(events(probe.due(after(tenth / 10)))) for tenth in range(1, 22)]
    probe.feed(ack(1), after(2.2))
    silence = events(probe.due(after(4)))

    assert sum(repeats) == 5
    assert silence == []


def test_a_repeated_event_is_the_same_and_older() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0))

    [first] = told(probe.due(after(0.1)))
    [second] = told(probe.due(after(0.7)))

    assert first.fields == (BOOT, 1, 1, 0, 100)
    assert second.fields == (BOOT, 1, 1, 0, 700)


@pytest.mark.parametrize("wrong", [ack(2), ack(1, boot_id=1)], ids=["another event", "another boot"])
def test_an_acknowledgement_of_something_else_quiets_nothing(wrong: bytes) -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0))
    probe.due(after(0.1))

    probe.feed(wrong, after(0.2))

    assert len(events(probe.due(after(1)))) == 1


def test_thirty_two_events_wait_and_the_oldest_gives_way() -> None:
    probe = a_probe()
    for count in range(MAX_WAITING):
        probe.command(["supply", "off"], after(count))
        probe.command(["supply", "on"], after(count + 0.5))

    waiting = [event.fields[1] for event in told(probe.due(after(100)))]

    assert waiting == list(range(MAX_WAITING + 1, 2 * MAX_WAITING + 1))


def test_a_host_that_says_hello_is_answered() -> None:
    [answer] = told(a_probe().feed(hello(), after(0.1)), Kind.HELLO)

    assert answer.fields == (1, BOOT)


def test_a_host_of_another_protocol_is_named_and_not_believed() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0))
    probe.due(after(0.1))

    probe.feed(hello(2) + ack(1), after(0.2))
    refused = probe.status(after(0.2))
    probe.feed(hello(1) + ack(1), after(0.3))
    accepted = probe.status(after(0.3))

    assert (refused["refused_protocol"], refused["events_waiting"]) == (2, 1)
    assert (accepted["refused_protocol"], accepted["events_waiting"]) == (None, 0)


def test_bad_frames_are_counted_in_the_beat() -> None:
    probe = a_probe()
    probe.feed(b"noise\x00" * 3, after(0.1))

    [beat] = told(probe.due(after(1)), Kind.BEAT)

    assert beat.fields[-1] == 3


def test_a_probe_that_boots_in_the_dark_tells_it_in_its_beat_and_the_return_as_an_event() -> None:
    probe = Probe(Inputs.on_a_good_day(NOW).with_supply(False, NOW), boot_id=BOOT, now=after(0), keep=lambda _: None)

    frames = probe.due(after(0))
    probe.command(["supply", "on"], after(5))
    back = events(probe.due(after(5)))

    assert told(frames, Kind.BEAT)[0].fields[2:4] == (0, 0)
    assert events(frames) == []
    assert back == [(2, 5_000, 5_000)]


def test_unplugged_the_input_is_gone_and_the_supply_is_not() -> None:
    probe = a_probe()

    status = probe.command(["input", "off"], after(0.5))

    [beat] = told(probe.due(after(1)), Kind.BEAT)
    assert (status["supply"], status["input"]) == ("on", "off")
    assert beat.fields[2:4] == (1, 0)
    assert events(probe.due(after(2))) == []


def test_a_change_is_kept_before_it_is_answered() -> None:
    kept: list[Inputs] = []
    probe = Probe(Inputs.on_a_good_day(NOW), boot_id=BOOT, now=after(0), keep=kept.append)

    probe.command(["supply", "off"], after(0))
    probe.command(["supply", "off"], after(1))

    assert [inputs.has_supply for inputs in kept] == [False]


def test_dropped_acknowledgements_make_an_event_come_again() -> None:
    probe = a_probe()
    probe.command(["fault", "drop-acks", "2"], after(0))
    probe.command(["supply", "off"], after(0))
    probe.due(after(0.1))

    waiting = []
    for tenth in range(2, 5):
        probe.feed(ack(1), after(tenth / 10))
        waiting.append(probe.status(after(tenth / 10))["events_waiting"])

    assert waiting == [1, 1, 0]


def test_a_garbled_frame_spoils_itself_only() -> None:
    probe = a_probe()
    probe.command(["fault", "garbage"], after(0))

    [garbled] = probe.due(after(1))
    [whole] = probe.due(after(2))

    assert garbled.endswith(b"\x00")
    assert len(told([whole], Kind.BEAT)) == 1


def test_within_a_silence_nothing_is_said_and_events_wait() -> None:
    probe = a_probe()
    probe.command(["fault", "silence", "3"], after(0))
    probe.command(["supply", "off"], after(0))

    silent = [frames for tenth in range(1, 30) for frames in probe.due(after(tenth / 10))]
    spoken = events(probe.due(after(3.5)))

    assert silent == []
    assert [event[0] for event in spoken] == [1]


def test_clear_makes_all_well() -> None:
    probe = a_probe()
    probe.command(["fault", "silence", "9"], after(0))
    probe.command(["fault", "garbage", "9"], after(0))

    probe.command(["fault", "clear"], after(0.1))

    assert len(told(probe.due(after(1)), Kind.BEAT)) == 1


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["supply"],
        ["supply", "dip"],
        ["supply", "dip", "long"],
        ["input", "?"],
        ["fault"],
        ["fault", "garbage", "-1"],
    ],
)
def test_a_command_nobody_knows_is_refused(words: list[str]) -> None:
    with pytest.raises(InputRefused):
        a_probe().command(words, after(0))


def test_it_wants_to_be_asked_when_its_next_beat_is_due() -> None:
    assert a_probe().next_due_s(after(0)) == after(1.0).mono_s


def test_it_wants_to_be_asked_when_an_event_is_to_be_repeated_before_the_next_beat() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0.2))

    probe.due(after(0.3))

    assert probe.next_due_s(after(0.3)) == after(0.8).mono_s


def test_an_event_that_was_acknowledged_is_not_what_it_wants_to_be_asked_for() -> None:
    probe = a_probe()
    probe.command(["supply", "off"], after(0.2))
    probe.due(after(0.3))

    probe.feed(ack(1), after(0.4))

    assert probe.next_due_s(after(0.4)) == after(1.0).mono_s


@pytest.mark.parametrize("happening", [("supply", "off"), ("supply", "dip", "5000")])
def test_it_wants_to_be_asked_soon_while_the_supply_is_about_to_be_lost_or_back(happening: tuple[str, ...]) -> None:
    probe = a_probe()
    probe.command(happening, after(0.2))

    assert probe.next_due_s(after(0.2)) < after(0.3).mono_s
