"""Listening at a push port: whose a push is, what is refused and said once, and a port that comes and goes."""

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.pushed import Protection, Push
from gateway.core.errors import CaptureRefused, PortGone, PortUnavailable
from gateway.core.ports import Heard
from gateway.service.inbox import Inbox, MeterPushed, PortRefused
from gateway.service.meter_watch import Instruction, MeterWatch
from gateway.service.push_watch import PushWatch, Speaker
from tests.fakes_gateway import FakeClock, StoryStop
from tests.fakes_push import TITLE, FakePushPort, FakeStream, pushed

WRONG_KEY = CaptureRefused(CaptureKind.WRONG_KEY, "this does not open with the key", do="ask the utility")


def said(octets: bytes, talk: int = 0, *, is_over: bool = False) -> Heard:
    return Heard(talk=talk, octets=octets, is_over=is_over)


def speaker(number: int, serial: str, book: Mapping[bytes, Push | CaptureRefused], key_name: str = "") -> Speaker:
    watch = MeterWatch()
    watch.instruct(Instruction(serial=serial))
    return Speaker(number=number, watch=watch, new_stream=lambda: FakeStream(book), key_name=key_name)


@dataclass
class Bench:
    """A push port with its meters; `turns` is what comes in each half second."""

    speakers: tuple[Speaker, ...]
    turns: list[list[Heard] | None]
    is_own_line: bool = False
    ports: list[PortGone] = field(default_factory=list)
    refused: tuple[tuple[str, int], ...] = ()
    cut_each_turn: int = 0
    inbox: Inbox = field(default_factory=Inbox)
    clock: FakeClock = field(default_factory=FakeClock)

    def run(self, turns: int = 12) -> None:
        self.port = FakePushPort(self.clock, deque(self.turns), cut_each_turn=self.cut_each_turn)
        self.watch = PushWatch(
            port="here",
            open_port=self._open,
            speakers=self.speakers,
            is_own_line=self.is_own_line,
            refused=self.refused,
            inbox=self.inbox,
            clock=self.clock,
            chance=random.Random(1),
        )
        self.watch.run(Turns(self.clock, turns))
        self.reports = list(iter(lambda: self.inbox.take(0), None))

    def _open(self) -> FakePushPort:
        if self.ports:
            raise self.ports.pop(0)
        return self.port

    @property
    def heard(self) -> list[int]:
        """Whose pushes were handed on."""
        return [report.number for report in self.reports if isinstance(report, MeterPushed)]

    @property
    def told(self) -> list[tuple[tuple[str, int], ...]]:
        """What the journal was told of refusals."""
        return [report.refused for report in self.reports if isinstance(report, PortRefused)]


class Turns(StoryStop):
    """A stop after so many looks at it."""

    def __init__(self, clock: FakeClock, turns: int) -> None:
        super().__init__(clock)
        self._left = turns

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_at_its_own_line_every_push_is_the_meters() -> None:
    bench = Bench((speaker(1, "A", {b"a": pushed(serial="")}),), [[said(b"aa")]], is_own_line=True)

    bench.run()

    assert bench.heard == [1, 1]


def test_what_waits_for_a_pause_is_found_when_the_line_is_quiet_and_when_the_talk_is_over() -> None:
    book = {b"P": pushed()}
    quiet = Bench((speaker(1, "A", book),), [[said(b"P")], [], [], []], is_own_line=True)
    over = Bench((speaker(1, "A", book),), [[said(b"P", is_over=True)]], is_own_line=True)

    quiet.run()
    over.run(turns=2)

    assert (quiet.heard, over.heard) == ([1], [1])


def test_on_a_network_a_meter_is_known_by_the_serial_number_it_tells() -> None:
    book = {b"a": pushed(serial="A"), b"b": pushed(serial="B")}
    bench = Bench((speaker(1, "A", book), speaker(2, "B", book)), [[said(b"b", 7)], [said(b"ab", 8)]])

    bench.run()

    assert bench.heard == [2, 1, 2]
    assert bench.told == []


def test_who_is_nobodys_meter_is_refused_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    book = {b"x": pushed(serial="X")}
    bench = Bench((speaker(1, "A", book), speaker(2, "B", book)), [[said(b"x", talk)] for talk in range(5)])

    bench.run(turns=200)

    assert bench.heard == []
    assert bench.told == [(("unknown-meter", 1),), (("unknown-meter", 5),)]
    assert caplog.text.count("push_refused port=here reason=unknown-meter") == 1


def test_a_push_that_opens_with_one_meters_keys_is_its_own_whatever_it_says() -> None:
    mine = {b"a": pushed(serial="", protection=Protection.CHECKED, sender=TITLE)}
    others = {b"a": WRONG_KEY}
    bench = Bench((speaker(1, "", others, "k1"), speaker(2, "", mine, "k2")), [[said(b"a")]])

    bench.run()

    assert bench.heard == [2]
    assert bench.told == []


def test_a_key_that_two_meters_share_names_neither() -> None:
    book = {b"a": pushed(serial="", protection=Protection.CHECKED, sender=TITLE)}
    bench = Bench((speaker(1, "", book, "k"), speaker(2, "", book, "k")), [[said(b"a")]])

    bench.run()

    assert bench.heard == []


def test_what_was_decrypted_without_a_check_names_nobody_by_its_key() -> None:
    book = {b"a": pushed(serial="", protection=Protection.UNCHECKED, sender=TITLE)}
    bench = Bench((speaker(1, "", book, "k1"),), [[said(b"a")]])

    bench.run()

    assert bench.heard == []


def test_a_wrong_key_is_said_once_and_every_refusal_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(
        (speaker(1, "A", {b"a": WRONG_KEY}),), [[said(b"aaa")]], is_own_line=True, refused=(("wrong-key", 4),)
    )

    bench.run()

    assert bench.told == [(("wrong-key", 7),)]
    assert type(bench.told[0][0][0]) is str
    assert caplog.text.count("reason=wrong-key") == 1
    assert "ask the utility" in caplog.text


def test_noise_between_messages_is_counted_and_ends_nothing() -> None:
    bench = Bench((speaker(1, "A", {b"a": pushed()}),), [[said(b"?a?a")]], is_own_line=True)

    bench.run()

    assert bench.heard == [1, 1]
    assert bench.told == [(("hdlc-damaged", 2),)]


def test_a_port_that_is_missing_or_breaks_away_is_said_once_and_opened_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench = Bench(
        (speaker(1, "A", {b"a": pushed()}),),
        [[said(b"a")], None, [said(b"a")]],
        is_own_line=True,
        ports=[PortUnavailable("there is no such port"), PortUnavailable("there is no such port")],
    )

    bench.run()

    assert bench.heard == [1, 1]
    assert (caplog.text.count("push_port_gone"), caplog.text.count("push_port_here")) == (2, 2)
    assert bench.port.is_closed


def test_what_the_port_cut_short_is_counted() -> None:
    bench = Bench((speaker(1, "A", {}),), [[said(b"")]], cut_each_turn=1)

    bench.run(turns=200)

    assert bench.told[0] == (("crowded-out", 1),)
    assert bench.told[-1] == (("crowded-out", 121),)
