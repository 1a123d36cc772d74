"""Orders about a meter go through its own poller, and are answered by a reading that began after them."""

import random
import threading
from datetime import timedelta

import pytest

from gateway.core.schedule import Cadence
from gateway.service.inbox import Inbox
from gateway.service.line_turns import LineTurns
from gateway.service.meter_orders import MeterOrders
from gateway.service.meter_watch import Instruction, MeterWatch, Outcome
from gateway.service.poller import Poller
from tests.fakes_gateway import FakeClock, FakeSession
from tests.waiting import SURELY_S
from wire.commands import PingMeter, ReadNow
from wire.terms import CommandOutcome, LinkFault

NEVER = threading.Event()


class AnsweringWatch(MeterWatch):
    """A watch whose poller reads at once, with what comes of it."""

    def __init__(self, fault: LinkFault | None, serial: str = "LMP1") -> None:
        super().__init__()
        self._fault = fault
        self.instruct(Instruction(serial=serial))

    def call(self) -> int:
        number = super().call()
        self.begin()
        self.mark_handled(Outcome(number=self.begun, fault=self._fault))
        return number


def orders(*watches: MeterWatch) -> MeterOrders:
    return MeterOrders(watches, clock=FakeClock(), within_s=10)


def test_a_meter_that_answers_is_said_to() -> None:
    answer = orders(AnsweringWatch(None)).ping(PingMeter(meter="LMP1"), NEVER)

    assert (answer.outcome, answer.detail) == (CommandOutcome.DONE, "the meter answers")


def test_a_meter_that_does_not_is_an_answer_to_a_ping_and_a_reading_that_failed() -> None:
    silent = orders(AnsweringWatch(LinkFault.SILENT))

    ping, read = silent.ping(PingMeter(meter="LMP1"), NEVER), silent.read(ReadNow(meter="LMP1"), NEVER)

    assert (ping.outcome, ping.detail) == (CommandOutcome.DONE, "the meter does not answer: silent")
    assert (read.outcome, read.detail) == (CommandOutcome.FAILED, "it could not be read: silent")


def test_the_meter_is_found_by_its_serial_number_among_several() -> None:
    several = orders(AnsweringWatch(LinkFault.SILENT), AnsweringWatch(None, serial="LMP2"))

    assert several.read(ReadNow(meter="LMP2"), NEVER).outcome is CommandOutcome.DONE


@pytest.mark.parametrize("serial", ["", "LMP9"])
def test_a_meter_it_does_not_ask_is_refused(serial: str) -> None:
    nameless = AnsweringWatch(None, serial="")

    answer = orders(nameless, AnsweringWatch(None)).read(ReadNow(meter=serial), NEVER)

    assert answer.outcome is CommandOutcome.REFUSED


def test_a_reading_that_had_begun_before_is_no_answer() -> None:
    watch = MeterWatch()
    watch.begin()

    number = watch.call()
    watch.mark_handled(Outcome(number=watch.begun, fault=None))

    assert watch.outcome(number, 0) is None
    assert watch.is_called(0)


def test_an_order_ends_when_the_gateway_stops() -> None:
    stop = threading.Event()
    stop.set()
    watch = MeterWatch()
    watch.instruct(Instruction(serial="LMP1"))

    assert orders(watch).read(ReadNow(meter="LMP1"), stop).outcome is CommandOutcome.FAILED


def test_the_poller_reads_when_it_is_called_and_says_what_came_of_it_once_that_is_safe() -> None:
    clock, inbox, watch, stop = FakeClock(), Inbox(), MeterWatch(), threading.Event()
    poller = Poller(
        number=1,
        session=FakeSession(clock),
        line=LineTurns(),
        watch=watch,
        inbox=inbox,
        clock=clock,
        cadence=Cadence(routine=timedelta(days=1)),
        chance=random.Random(1),
    )
    thread = threading.Thread(target=poller.run, args=(stop,))
    thread.start()
    handle(inbox)

    number = watch.call()
    before = watch.outcome(number, 0)
    handle(inbox)
    after = watch.outcome(number, SURELY_S)
    stop.set()
    thread.join()

    assert before is None
    assert after == Outcome(number=number, fault=None)


def handle(inbox: Inbox) -> None:
    """What the pipeline does with one report."""
    report = inbox.take(SURELY_S)
    assert report is not None
    report.done()
