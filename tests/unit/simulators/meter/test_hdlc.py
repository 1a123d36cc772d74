import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.meter.hdlc import Address, Control, Deframer, Frame, FrameRefused, Kind, checksum, unnumbered

SNRM = bytes.fromhex("7ea0070321930f017e")
addresses = st.one_of(
    st.builds(Address, logical=st.integers(0, 127)),
    st.builds(Address, logical=st.integers(0, 127), physical=st.integers(0, 127), size=st.just(2)),
    st.builds(Address, logical=st.integers(0, 16_383), physical=st.integers(0, 16_383), size=st.just(4)),
)
frames = st.builds(
    Frame,
    destination=addresses,
    source=addresses,
    control=st.builds(Control, st.integers(0, 255)),
    # Flags are common in it, to be mistaken for the end of the frame.
    information=st.lists(st.sampled_from([0x7E, 0xA0, 0x00, 0xFF, 0x41]), max_size=200).map(bytes),
    is_segment=st.booleans(),
)


def test_the_plain_snrm_of_a_public_client_is_nine_bytes() -> None:
    frame = Frame(
        destination=Address(logical=1),
        source=Address(logical=16),
        control=unnumbered(Kind.SET_NORMAL_RESPONSE_MODE),
    )

    assert frame.to_bytes() == SNRM


@given(frame=frames)
def test_a_frame_survives_its_bytes(frame: Frame) -> None:
    assert list(Deframer().feed(frame.to_bytes())) == [frame]


@given(
    sent=st.lists(frames, min_size=1, max_size=4),
    noise=st.lists(st.binary(max_size=12), min_size=5, max_size=5),
    data=st.data(),
)
def test_any_cut_of_the_stream_gives_the_same_frames(
    sent: list[Frame], noise: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(before + frame.to_bytes() for before, frame in zip(noise, sent, strict=False)) + noise[-1]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    deframer = Deframer()

    found = [
        frame
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for frame in deframer.feed(stream[start:end])
    ]

    assert found == list(Deframer().feed(stream))


def test_a_checksum_that_ends_in_a_flag_does_not_hold_the_frame_back() -> None:
    ends_in_flag = (
        Frame(
            destination=Address(logical=1),
            source=Address(logical=16),
            control=Control(0x10),
            information=number.to_bytes(2, "big"),
        )
        for number in range(65_536)
    )
    frame = next(frame for frame in ends_in_flag if frame.to_bytes()[-2] == 0x7E)

    assert list(Deframer().feed(frame.to_bytes())) == [frame]


def test_frames_may_share_one_flag() -> None:
    assert len(list(Deframer().feed(SNRM + SNRM[1:]))) == 2


def test_flags_between_frames_are_idle_time() -> None:
    assert len(list(Deframer().feed(b"\x7e\x7e\x7e" + SNRM + b"\x7e\x7e" + SNRM))) == 2


@pytest.mark.parametrize("bit", range(8, (len(SNRM) - 1) * 8))
def test_no_single_wrong_bit_is_overlooked(bit: int) -> None:
    wrong = bytearray(SNRM)
    wrong[bit // 8] ^= 1 << bit % 8

    assert list(Deframer().feed(bytes(wrong))) == []


def test_a_frame_behind_a_spoilt_one_is_found() -> None:
    deframer = Deframer()

    found = list(deframer.feed(SNRM[:-3] + b"\x00\x00\x7e" + SNRM))

    assert len(found) == 1
    assert deframer.refused == 1


def test_a_wrong_header_checksum_spoils_a_frame_whose_other_one_holds() -> None:
    frame = Frame(
        destination=Address(logical=1), source=Address(logical=16), control=Control(0x10), information=b"text"
    )
    body = bytearray(frame.to_bytes()[1:-3])
    body[5] ^= 1

    with pytest.raises(FrameRefused):
        Frame.parse(bytes(body) + checksum(bytes(body)))


def test_the_deframer_never_holds_more_than_a_frame() -> None:
    deframer = Deframer()

    frames_found = [frame for _ in range(1_000) for frame in deframer.feed(b"\x7e\xa7\xff" + bytes(61))]

    assert frames_found == []
    assert len(deframer._buffer) <= 2_049


def test_a_frame_longer_than_its_length_field_cannot_be_built() -> None:
    frame = Frame(
        destination=Address(logical=1), source=Address(logical=16), control=Control(0x10), information=bytes(2_040)
    )

    with pytest.raises(ValueError, match="2049"):
        frame.to_bytes()


@pytest.mark.parametrize("data", ["02", "0202", "020203", "02020202", ""])
def test_an_address_of_three_or_more_than_four_bytes_is_refused(data: str) -> None:
    with pytest.raises(FrameRefused):
        Address.take(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("octet", "kind"),
    [
        (0x93, Kind.SET_NORMAL_RESPONSE_MODE),
        (0x53, Kind.DISCONNECT),
        (0x73, Kind.UNNUMBERED_ACKNOWLEDGE),
        (0x1F, Kind.DISCONNECTED_MODE),
        (0x97, Kind.FRAME_REJECT),
        (0x03, Kind.UNNUMBERED_INFORMATION),
        (0x11, Kind.RECEIVE_READY),
        (0x35, Kind.RECEIVE_NOT_READY),
        (0x19, Kind.UNKNOWN),
        (0x54, Kind.INFORMATION),
    ],
)
def test_a_control_field_is_read_as_the_standard_writes_it(octet: int, kind: Kind) -> None:
    assert Control(octet).kind is kind


def test_a_frame_without_a_control_field_is_refused() -> None:
    body = bytes.fromhex("a0060321")

    with pytest.raises(FrameRefused, match="control"):
        Frame.parse(body + checksum(body))
