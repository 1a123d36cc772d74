"""A meter on a line, in memory: what the gateway's reading is tested against without ports, processes or waiting.

`FakeMeter` answers HDLC, association and GET from a table of attributes. `FakeLine` is the `SerialLine` to it: time
passes only when somebody waits on it, so that a time-out costs nothing; it can be told to reflect, to lose or spoil
what the meter sends, to fall silent or to break away. Both keep their state readable.
The protocol's octets come from the gateway's own encoders; that they are the standard's is proved elsewhere, by
captures of real meters and by the simulated meter, which was written apart.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.core.dlms.cosem_time import from_utc
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.opto import from_7e1, to_7e1
from gateway.core.errors import PortGone
from tests import fakes_axdr

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SERIAL = Attribute(class_id=1, obis=Obis.parse("0.0.96.1.0.255"), index=2)
CLOCK = Attribute(class_id=8, obis=Obis.parse("0.0.1.0.0.255"), index=2)
IMPORT = Attribute(class_id=3, obis=Obis.parse("1.0.1.8.0.255"), index=2)
VOLTAGE = Attribute(class_id=3, obis=Obis.parse("1.0.32.7.0.255"), index=2)
DISCONNECTOR = Attribute(class_id=70, obis=Obis.parse("0.0.96.3.10.255"), index=3)
STATUS = Attribute(class_id=1, obis=Obis.parse("0.0.96.10.1.255"), index=2)
LOAD_PROFILE = Attribute(class_id=7, obis=Obis.parse("1.0.99.1.0.255"), index=2)
READ_ONLY_LISTS_BLOCKS_RANGES = 0x001214  # what the meter's association grants: get, selection, blocks, lists
ACCEPTED, REJECTED = 0, 1


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self._started_at = now
        self.seconds = 0.0

    def now(self) -> datetime:
        return self._started_at + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1_000.0 + self.seconds

    def wall_seconds(self, story_seconds: float) -> float:
        return story_seconds


def u8(value: int) -> Data:
    return Data(DataType.UNSIGNED, value)


def u16(value: int) -> Data:
    return Data(DataType.LONG_UNSIGNED, value)


def u32(value: int) -> Data:
    return Data(DataType.DOUBLE_LONG_UNSIGNED, value)


def octets(value: bytes) -> Data:
    return Data(DataType.OCTET_STRING, value)


def structure(*members: Data) -> Data:
    return Data(DataType.STRUCTURE, members)


def array(*members: Data) -> Data:
    return Data(DataType.ARRAY, members)


def scaler_unit(exponent: int, unit: int) -> Data:
    return structure(Data(DataType.INTEGER, exponent), Data(DataType.ENUM, unit))


def stamp(at: datetime, deviation_min: int = 0, status: int = 0) -> Data:
    return octets(from_utc(at, deviation_min=deviation_min).encode()[:-1] + bytes([status]))


def capture_object(attribute: Attribute) -> Data:
    index = Data(DataType.INTEGER, attribute.index)
    return structure(u16(attribute.class_id), octets(attribute.obis.octets), index, u16(0))


def home_meter() -> dict[Attribute, Data]:
    """A single-phase meter at noon: 1,234.5 kWh, 230.1 V, switch closed, three hours of load profile in totals."""
    rows = [structure(stamp(NOON - timedelta(hours=2 - hour)), u8(0), u32(12_335 + 5 * hour)) for hour in range(3)]
    return {
        SERIAL: octets(b"LMP10000001"),
        CLOCK: stamp(NOON),
        IMPORT: u32(12_345),
        IMPORT.sibling(3): scaler_unit(2, 30),
        VOLTAGE: u16(2_301),
        VOLTAGE.sibling(3): scaler_unit(-1, 35),
        DISCONNECTOR: Data(DataType.ENUM, 1),
        LOAD_PROFILE: array(*rows),
        LOAD_PROFILE.sibling(3): array(*map(capture_object, (CLOCK, STATUS, IMPORT))),
        LOAD_PROFILE.sibling(4): u32(3_600),
    }


@dataclass
class FakeMeter:
    """A meter's end of the line."""

    objects: dict[Attribute, Data] = field(default_factory=home_meter)
    sign_on: bytes | None = None  # the identification it answers a sign-on with; None speaks HDLC at once
    max_pdu_bytes: int = 0x0FFF
    info_bytes: int = 128
    conformance: int = READ_ONLY_LISTS_BLOCKS_RANGES
    association_result: int = ACCEPTED
    serves_lists: bool = True
    answer_to: Callable[[bytes], bytes | None] = lambda _apdu: None  # overrules the meter's own answer to an APDU
    unasked: list[bytes] = field(default_factory=list)  # what it says at the next poll, without a request
    requests: list[bytes] = field(default_factory=list)
    is_linked: bool = False
    is_associated: bool = False
    has_signed_on: bool = False
    _deframer: Deframer = field(default_factory=Deframer)
    _next_seq: int = 0
    _expected_seq: int = 0
    _segments: deque[bytes] = field(default_factory=deque)
    _last: bytes = b""
    _request: bytes = b""
    _blocks: bytes = b""

    def hear(self, heard: bytes) -> bytes:
        """What the meter sends to what it hears."""
        if self.sign_on is not None and not self.has_signed_on:
            return self._hear_sign_on(from_7e1(heard))
        return b"".join(self._hear_frame(frame) for frame in self._deframer.feed(heard))

    def _hear_sign_on(self, words: bytes) -> bytes:
        assert self.sign_on is not None
        if words.startswith(b"\x06"):
            self.has_signed_on = True
            return to_7e1(words)
        return to_7e1(self.sign_on) if words == b"/?!\r\n" else b""

    def _hear_frame(self, frame: Frame) -> bytes:
        match frame.kind:
            case FrameKind.SET_NORMAL_RESPONSE_MODE:
                self._next_seq, self._expected_seq, self.is_linked = 0, 0, True
                return self._say(frame, FrameKind.UNNUMBERED_ACKNOWLEDGE, info=self._parameters())
            case FrameKind.DISCONNECT:
                self.is_linked = self.is_associated = self.has_signed_on = False
                return self._say(frame, FrameKind.UNNUMBERED_ACKNOWLEDGE)
            case _ if not self.is_linked:
                return self._say(frame, FrameKind.DISCONNECTED_MODE)
            case FrameKind.RECEIVE_READY:
                return self._hear_poll(frame)
            case _:
                return self._hear_information(frame)

    def _hear_poll(self, frame: Frame) -> bytes:
        if self.unasked and not self._segments:
            self._segments.append(bytes.fromhex("e6e700") + self.unasked.pop(0))
        if frame.receive_seq == self._next_seq and self._segments:
            return self._next_segment(frame)
        behind = (self._next_seq - frame.receive_seq) % 8 == 1
        return self._last if behind else self._say(frame, FrameKind.RECEIVE_READY)

    def _hear_information(self, frame: Frame) -> bytes:
        if frame.send_seq == self._expected_seq:
            self._expected_seq = (self._expected_seq + 1) % 8
            self._request += frame.info
            if not frame.is_segmented:
                request, self._request = self._request[3:], b""
                self.requests.append(request)
                answer = bytes.fromhex("e6e700") + (self.answer_to(request) or self._answer(request))
                size = self.info_bytes
                self._segments = deque(answer[at : at + size] for at in range(0, len(answer), size))
                return self._next_segment(frame)
        return self._say(frame, FrameKind.RECEIVE_READY) if frame.is_final else b""

    def _next_segment(self, frame: Frame) -> bytes:
        segment = self._segments.popleft()
        self._last = self._say(
            frame, FrameKind.INFORMATION, send_seq=self._next_seq, is_segmented=bool(self._segments), info=segment
        )
        self._next_seq = (self._next_seq + 1) % 8
        return self._last

    def _say(
        self, to: Frame, kind: FrameKind, *, send_seq: int = 0, is_segmented: bool = False, info: bytes = b""
    ) -> bytes:
        return Frame(
            destination=to.source,
            source=to.destination,
            kind=kind,
            is_final=True,
            send_seq=send_seq,
            receive_seq=self._expected_seq,
            is_segmented=is_segmented,
            info=info,
        ).encode()

    def _parameters(self) -> bytes:
        size = self.info_bytes.to_bytes(2, "big").hex()
        return bytes.fromhex(f"8180140502{size}0602{size}070400000001080400000001")

    def _answer(self, apdu: bytes) -> bytes:
        if apdu[0] == 0x60:
            self.is_associated = self.association_result == ACCEPTED
            granted = f"{self.conformance:06x}{self.max_pdu_bytes:04x}0007"
            result = f"a2030201{self.association_result:02x}a305a103020100"
            return bytes.fromhex(f"6129a109060760857405080101{result}be10040e0800065f1f0400{granted}")
        if apdu[0] == 0x62:
            self.is_associated = False
            return bytes.fromhex("6303800100")
        if not self.is_associated or (apdu[1] == 3 and not self.serves_lists):
            return bytes.fromhex("d80202")
        return self._get(apdu[1], apdu[3:])

    def _get(self, choice: int, body: bytes) -> bytes:
        if choice == 2:
            return self._block(int.from_bytes(body[:4], "big") + 1)
        if choice == 3:
            results = b"".join(self._result(body[at : at + 9]) for at in range(1, len(body), 10))
            return self._whole_or_first_block(3, body[:1] + results)
        result = self._result(body[:9])
        return self._whole_or_first_block(1, result)

    def _result(self, descriptor: bytes) -> bytes:
        attribute = Attribute(
            class_id=int.from_bytes(descriptor[:2], "big"), obis=Obis.of(descriptor[2:8]), index=descriptor[8]
        )
        data = self.objects.get(attribute)
        return bytes([1, 4]) if data is None else b"\x00" + fakes_axdr.encode(data)

    def _whole_or_first_block(self, choice: int, results: bytes) -> bytes:
        if len(results) + 3 <= self.max_pdu_bytes:
            return bytes([0xC4, choice, 0xC1]) + results
        self._blocks = results if choice == 3 else results[1:]
        return self._block(1)

    def _block(self, number: int) -> bytes:
        size = self.max_pdu_bytes - 12
        part, self._blocks = self._blocks[:size], self._blocks[size:]
        header = bytes([0xC4, 2, 0xC1, not self._blocks]) + number.to_bytes(4, "big")
        return header + b"\x00" + fakes_axdr.encode_length(len(part)) + part


@dataclass
class FakeLine:
    """The line to a `FakeMeter`; `clock` passes only while it is waited on."""

    meter: FakeMeter = field(default_factory=FakeMeter)
    clock: FakeClock = field(default_factory=FakeClock)
    is_silent: bool = False
    reflects: bool = False
    breaks_away_after: int | None = None  # writes until the port is gone
    spoil: Callable[[int, bytes], bytes] = lambda _number, sent: sent  # what becomes of the meter's n-th answer
    piece_bytes: int = 4_096  # how much of what arrived one read gives
    baud: int = 9_600
    is_closed: bool = False
    written: list[bytes] = field(default_factory=list)
    _arrived: bytearray = field(default_factory=bytearray)
    _answers: int = 0

    def read(self, timeout_s: float) -> bytes:
        self._check_open()
        if not self._arrived:
            self.clock.seconds += max(timeout_s, 0.001)
        piece = bytes(self._arrived[: self.piece_bytes])
        del self._arrived[: self.piece_bytes]
        return piece

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self._check_open()
        self._arrived += data if self.reflects else b""
        is_heard = not self.is_silent and (self.baud == 300) is (
            self.meter.sign_on is not None and not self.meter.has_signed_on
        )
        answer = self.meter.hear(data) if is_heard else b""
        if answer:
            self._answers += 1
            self._arrived += self.spoil(self._answers, answer)

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def close(self) -> None:
        self.is_closed = True

    def _check_open(self) -> None:
        assert not self.is_closed, "a closed line is used"
        if self.breaks_away_after is not None and len(self.written) > self.breaks_away_after:
            raise PortGone("the port broke away", where="fake")
