"""Laws of the octets: what is written is read again, any cut gives the same frames, only refusals escape."""

import random
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import axdr, get_response
from gateway.core.dlms.cosem_time import CosemDateTime, from_utc
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind, client_address, server_address
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.hdlc_negotiation import LinkSettings, negotiate
from gateway.core.dlms.link import Delivered, LinkFailed, LinkUp, Transmit
from gateway.core.dlms.opto import OptoSignOn, SignOnSettings
from gateway.core.dlms.profile_generic import capture_objects, rows
from gateway.core.dlms.push.capture import read_capture
from gateway.core.dlms.wrapper import WrapperLink
from gateway.core.errors import CaptureRefused, Undecodable
from tests import fakes_axdr
from tests.fakes_meter import CLOCK, IMPORT, STATUS, FakeMeter

METER, US = server_address(logical=1, physical=0, size=1), client_address(16)
date_times = st.builds(
    from_utc,
    st.datetimes(min_value=datetime(2, 1, 3), max_value=datetime(9998, 12, 29), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given
    deviation_min=st.integers(-840, 840),
)
numbers = st.one_of(
    *(
        st.integers(low, high).map(lambda value, type_=type_: Data(type_, value))
        for type_, low, high in [
            (DataType.INTEGER, -(2**7), 2**7 - 1),
            (DataType.LONG, -(2**15), 2**15 - 1),
            (DataType.DOUBLE_LONG, -(2**31), 2**31 - 1),
            (DataType.LONG64, -(2**63), 2**63 - 1),
            (DataType.UNSIGNED, 0, 2**8 - 1),
            (DataType.LONG_UNSIGNED, 0, 2**16 - 1),
            (DataType.DOUBLE_LONG_UNSIGNED, 0, 2**32 - 1),
            (DataType.LONG64_UNSIGNED, 0, 2**64 - 1),
            (DataType.ENUM, 0, 255),
            (DataType.BCD, 0, 99),
            (DataType.DELTA_INTEGER, -(2**7), 2**7 - 1),
            (DataType.DELTA_LONG_UNSIGNED, 0, 2**16 - 1),
        ]
    ),
    st.floats(width=32, allow_nan=False).map(lambda value: Data(DataType.FLOAT32, value)),
    st.floats(allow_nan=False).map(lambda value: Data(DataType.FLOAT64, value)),
)
leaves = st.one_of(
    numbers,
    st.sampled_from([Data(DataType.NULL_DATA), Data(DataType.DONT_CARE)]),
    st.booleans().map(lambda value: Data(DataType.BOOLEAN, value)),
    st.binary(max_size=300).map(lambda value: Data(DataType.OCTET_STRING, value)),
    st.text(st.characters(max_codepoint=255), max_size=40).map(lambda value: Data(DataType.VISIBLE_STRING, value)),
    st.text(max_size=40).map(lambda value: Data(DataType.UTF8_STRING, value)),
    st.lists(st.booleans(), max_size=40).map(lambda value: Data(DataType.BIT_STRING, tuple(value))),
    date_times.map(lambda value: Data(DataType.DATE_TIME, value)),
    date_times.map(lambda value: Data(DataType.DATE, value.date)),
    date_times.map(lambda value: Data(DataType.TIME, value.time)),
)
values = st.recursive(
    leaves,
    lambda inner: st.builds(
        Data, st.sampled_from([DataType.ARRAY, DataType.STRUCTURE]), st.lists(inner, max_size=6).map(tuple)
    ),
    max_leaves=20,
)
compact_rows = st.lists(st.tuples(st.integers(0, 65_535), st.binary(max_size=20)), max_size=20).map(
    lambda cells: Data(
        DataType.COMPACT_ARRAY,
        tuple(
            Data(DataType.STRUCTURE, (Data(DataType.LONG_UNSIGNED, number), Data(DataType.OCTET_STRING, octets)))
            for number, octets in cells
        ),
    )
)
frames = st.builds(
    Frame,
    destination=st.just(US),
    source=st.sampled_from([server_address(logical=1, physical=17, size=size) for size in (1, 2, 4)]),
    kind=st.just(FrameKind.INFORMATION),
    is_final=st.booleans(),
    send_seq=st.integers(0, 7),
    receive_seq=st.integers(0, 7),
    is_segmented=st.booleans(),
    info=st.one_of(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=60).map(lambda b: b"\x7e" + b)),
)


@given(values | compact_rows)
def test_what_is_written_is_read_again(data):
    assert axdr.decode(fakes_axdr.encode(data)) == data


@given(values, st.binary(max_size=8))
def test_the_first_value_never_takes_from_what_stands_behind(data, behind):
    assert axdr.decode_first(fakes_axdr.encode(data) + behind) == (data, behind)


@given(st.integers(0, 2**32 - 1), st.binary(max_size=4))
def test_a_length_is_read_as_it_was_written(length, behind):
    assert axdr.decode_length(fakes_axdr.encode_length(length) + behind) == (length, behind)


@given(date_times)
def test_an_instant_survives_its_twelve_octets(moment):
    again = CosemDateTime.decode(moment.encode())

    assert again == moment
    assert again.to_utc().tzinfo is UTC


@given(st.binary(max_size=80))
def test_any_octets_are_a_value_or_a_refusal(octets):
    for read in (axdr.decode, get_response.parse, CosemDateTime.decode, lambda o: capture_objects(axdr.decode(o))):
        assert _reads_or_refuses(read, octets)
    assert negotiate(octets, LinkSettings()).window <= 7


@given(values)
def test_any_value_is_a_buffer_or_a_refusal(data):
    assert _reads_or_refuses(
        lambda octets: rows(axdr.decode(octets), (CLOCK, STATUS, IMPORT), 3600), fakes_axdr.encode(data)
    )


@given(st.one_of(st.binary(max_size=120), frames.map(Frame.encode), values.map(fakes_axdr.encode)))
def test_any_capture_is_opened_or_refused_by_its_kind(capture):
    assert _opens_or_names(capture)


@given(st.lists(frames, max_size=5), st.binary(max_size=30), st.lists(st.integers(0, 1_500), max_size=12))
def test_any_cut_of_the_stream_gives_the_same_frames(sent, noise, cuts):
    stream = noise + noise.join(frame.encode() for frame in sent) + noise
    whole, piecewise = Deframer(), Deframer()
    bounds = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]

    at_once = whole.feed(stream) + whole.flush()
    in_pieces = (
        tuple(frame for begin, end in pairwise(bounds) for frame in piecewise.feed(stream[begin:end]))
        + piecewise.flush()
    )

    assert at_once == in_pieces
    assert whole.noise_bytes == piecewise.noise_bytes


@given(st.lists(frames, max_size=6))
def test_frames_on_a_clean_line_are_all_found_at_once(sent):
    assert Deframer().feed(b"".join(frame.encode() for frame in sent)) == tuple(sent)


def test_twenty_thousand_random_frames_and_not_one_hangs():
    chance = random.Random(62056)
    deframer = Deframer()
    lost = 0
    for _ in range(20_000):
        info = chance.randbytes(chance.randint(1, 40))
        octets = Frame(destination=US, source=METER, kind=FrameKind.INFORMATION, is_final=True, info=info).encode()
        lost += [frame.info for frame in deframer.feed(octets)] != [info]

    assert lost == 0


@given(st.lists(st.tuples(st.binary(max_size=60), st.floats(0, 3)), max_size=30))
def test_no_octets_and_no_timing_confuse_a_link_or_a_sign_on(events):
    for machine in (
        _asked(HdlcLink(LinkSettings())),
        _asked(WrapperLink(LinkSettings())),
        OptoSignOn(SignOnSettings()),
    ):
        now = 0.0
        for octets, pause_s in events:
            now += pause_s
            machine.receive(octets, now)
            machine.tick(now)


@given(
    request=st.binary(min_size=1, max_size=600),
    answer=st.binary(min_size=1, max_size=600),
    info_bytes=st.sampled_from([32, 64, 128, 600]),
    fates=st.lists(st.sampled_from(["fine", "lost", "spoilt", "noisy"]), max_size=40),
)
def test_a_link_delivers_each_answer_exactly_once_or_says_why_not(request, answer, info_bytes, fates):
    meter = FakeMeter(info_bytes=info_bytes, answer_to=lambda _apdu: answer)
    link = HdlcLink(LinkSettings(max_info_bytes=info_bytes))
    fate = iter(fates)

    opened = _run(link, meter, link.open(0.0), fate)
    delivered = _run(link, meter, link.request(request, 100.0), fate) if opened == LinkUp() else opened

    assert delivered == Delivered(answer) or isinstance(delivered, LinkFailed)
    assert meter.requests in ([], [request])


def _run(link, meter, effects, fates):
    """Play a link against a meter over a line with these fates; the last effect that is no transmission."""
    now = 1_000.0
    while True:
        heard = b""
        for effect in effects:
            if not isinstance(effect, Transmit):
                return effect
            heard += meter.hear(effect.octets)
        fate = next(fates, "fine")
        spoilt = {"lost": b"", "spoilt": heard[:-4] + b"\xaa" + heard[-3:], "noisy": b"\x00\x7e\xa0" + heard}
        now += 0.1
        effects = link.receive(spoilt.get(fate, heard), now) if spoilt.get(fate, heard) else ()
        if not effects:
            now = max(now, link.wake_at)
            effects = link.tick(now)


def _asked(link):
    link.open(0.0)
    link.receive(
        Frame(destination=US, source=METER, kind=FrameKind.UNNUMBERED_ACKNOWLEDGE, is_final=True).encode(), 0.0
    )
    link.request(b"ask", 0.0)
    return link


def _reads_or_refuses(read, octets):
    try:
        read(octets)
    except Undecodable:
        return True
    return True


def _opens_or_names(capture):
    try:
        return bool(read_capture(capture))
    except CaptureRefused as refused:
        return str(refused.kind).replace("-", "").isalnum()
