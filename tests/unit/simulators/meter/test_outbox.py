from simulators.meter.outbox import Outbox


def numbers(outbox: Outbox) -> list[int]:
    return [segment.number for segment in outbox.next_window()]


def test_a_message_of_exactly_one_segment_is_one_segment() -> None:
    outbox = Outbox(segment_bytes=4, window=1)
    outbox.load(b"abcd")

    [segment] = outbox.next_window()

    assert segment.is_last


def test_what_is_not_acknowledged_is_sent_again() -> None:
    outbox = Outbox(segment_bytes=1, window=3)
    outbox.load(b"abcde")

    assert numbers(outbox) == [0, 1, 2]
    assert outbox.acknowledge(1)
    assert numbers(outbox) == [1, 2, 3]


def test_numbers_go_round_after_seven() -> None:
    outbox = Outbox(segment_bytes=1, window=7)
    outbox.load(bytes(10))
    first = numbers(outbox)

    assert outbox.acknowledge(7)

    assert first == [0, 1, 2, 3, 4, 5, 6]
    assert numbers(outbox) == [7, 0, 1]


def test_a_reader_cannot_have_what_was_never_sent() -> None:
    outbox = Outbox(segment_bytes=1, window=2)
    outbox.load(b"abc")
    outbox.next_window()

    assert not outbox.acknowledge(3)
    assert numbers(outbox) == [0, 1]


def test_a_new_message_drops_what_was_not_yet_sent_of_the_old() -> None:
    outbox = Outbox(segment_bytes=1, window=1)
    outbox.load(b"abc")
    outbox.next_window()

    outbox.load(b"z")

    assert [segment.data for segment in outbox.next_window()] == [b"a"]
    assert outbox.acknowledge(1)
    assert [segment.data for segment in outbox.next_window()] == [b"z"]


def test_nothing_is_said_to_a_reader_that_is_not_ready() -> None:
    outbox = Outbox(segment_bytes=1, window=1)
    outbox.load(b"a")

    outbox.is_held = True

    assert outbox.next_window() == []


def test_a_first_segment_may_be_shorter_than_the_others() -> None:
    outbox = Outbox(segment_bytes=4, window=7)

    outbox.load(b"abcdefghij", first_bytes=3)

    assert [segment.data for segment in outbox.next_window()] == [b"abc", b"defg", b"hij"]
