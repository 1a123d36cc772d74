"""`lamplight-sim bus` as a gateway meets it: one wire, three meters, each called by its address and one at a time."""

import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import serial

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.profile_files import load_profile
from gateway.core.errors import MeterSilent
from gateway.core.line_address import SerialAddress
from gateway.core.schedule import Cadence
from gateway.service.inbox import Inbox, MeterRead, MeterUnreadable
from gateway.service.line_turns import LineTurns
from gateway.service.meter_watch import MeterWatch
from gateway.service.poller import Poller
from runtime.clock import SystemClock
from simulators import control
from simulators.meter.hdlc import Address
from tests.fakes_simulators import snrm
from tests.integration.simulators.players import command
from tests.waiting import SURELY_S, eventually
from wire.terms import LinkFault

ADDRESSES = {"LMP6A": 17, "LMP6B": 18, "LMP6C": 300}
PROFILE = load_profile("lamplight-sim-bus")


@contextmanager
def bus_in(folder: Path) -> Iterator[Path]:
    """A bus of three, ready to serve; its folder of doors."""
    link, doors = folder / "bus", folder / "meters"
    meters = [word for serial, address in ADDRESSES.items() for word in ("--meter", f"{serial}={address}")]
    argv = command("bus", "--link", str(link), "--dir", str(doors), *meters)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"ready link={link} dir={doors}\n"
            yield doors
        finally:
            process.kill()


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Path]:
    with bus_in(tmp_path) as doors:
        yield doors


def tell(doors: Path, serial: str, *words: str) -> dict[str, object]:
    return control.tell(doors / f"{serial}.sock", words)


def session(folder: Path, serial: str) -> DlmsMeter:
    link = folder / "bus"
    profile = PROFILE.addressed(ADDRESSES[serial], SerialAddress(str(link)))
    return DlmsMeter(str(link), profile, clock=SystemClock())


def poller(number: int, session: DlmsMeter, line: LineTurns, inbox: Inbox) -> Poller:
    return Poller(
        number=number,
        session=session,
        line=line,
        watch=MeterWatch(),
        inbox=inbox,
        clock=SystemClock(),
        cadence=Cadence(),
        chance=random.Random(),
    )


@contextmanager
def running(pollers: list[Poller]) -> Iterator[None]:
    """The pollers, each in its thread, as the gateway runs them."""
    stop = threading.Event()
    threads = [threading.Thread(target=poller.run, args=(stop,)) for poller in pollers]
    with ExitStack() as ending:
        for thread in threads:
            thread.start()
            ending.callback(thread.join, SURELY_S)
        ending.callback(stop.set)
        yield
    assert not any(thread.is_alive() for thread in threads)


def test_a_meter_without_its_wire_does_not_keep_the_others_from_being_read(tmp_path: Path, doors: Path) -> None:
    tell(doors, "LMP6B", "head", "off")
    inbox, line = Inbox(), LineTurns()

    read, unread = dict[int, str](), dict[int, LinkFault]()

    def take() -> None:
        match inbox.take(1):
            case MeterRead(number=number, snapshot=snapshot):
                read[number] = PROFILE.interpret(snapshot).meter_serial
            case MeterUnreadable(number=number, fault=fault):
                unread[number] = fault

    with running([poller(n, session(tmp_path, serial), line, inbox) for n, serial in enumerate(ADDRESSES)]):
        eventually(lambda: take() or (1 in unread and len(read) == 2), what="each has had its turn")

    assert read == {0: "LMP6A", 2: "LMP6C"}
    assert unread == {1: LinkFault.SILENT}


def test_a_meter_that_thinks_long_does_not_keep_the_others_from_being_read(tmp_path: Path, doors: Path) -> None:
    tell(doors, "LMP6A", "fault", "slow", "600")
    with serial.Serial(str(tmp_path / "bus"), 9_600) as wire:
        wire.write(snrm(meter=Address(logical=1, physical=ADDRESSES["LMP6A"], size=2)))

    read = [PROFILE.interpret(session(tmp_path, name).read_now()).meter_serial for name in ("LMP6B", "LMP6C")]

    assert read == ["LMP6B", "LMP6C"]


def test_an_answer_that_comes_late_comes(tmp_path: Path, doors: Path) -> None:
    tell(doors, "LMP6A", "fault", "slow", "1.2")

    with serial.Serial(str(tmp_path / "bus"), 9_600, timeout=SURELY_S) as wire:
        wire.write(snrm(meter=Address(logical=1, physical=ADDRESSES["LMP6A"], size=2)))

        assert wire.read(1) == b"\x7e"


def test_a_silent_meter_is_named_by_its_address_and_answers_again_when_it_is_back(tmp_path: Path, doors: Path) -> None:
    tell(doors, "LMP6B", "head", "off")

    with pytest.raises(MeterSilent, match="address 18"):
        session(tmp_path, "LMP6B").read_now()
    tell(doors, "LMP6B", "head", "on")

    assert PROFILE.interpret(session(tmp_path, "LMP6B").read_now()).meter_serial == "LMP6B"


def test_whoever_is_called_by_nobodys_address_hears_silence(tmp_path: Path, doors: Path) -> None:
    everybody = [Address(logical=1), Address(logical=1, physical=0x7E, size=2), Address(logical=1, physical=19, size=2)]
    assert doors.exists()

    with serial.Serial(str(tmp_path / "bus"), 9_600, timeout=0.3) as wire:
        answers = [(wire.write(snrm(meter=address)), wire.read(64))[1] for address in everybody]

    assert answers == [b"", b"", b""]


def test_what_befalls_one_meter_befalls_no_other(doors: Path) -> None:
    tell(doors, "LMP6A", "breaker", "open")
    tell(doors, "LMP6C", "supply", "off")

    standing = {serial: tell(doors, serial, "status") for serial in ADDRESSES}

    assert [(status["breaker"], status["supply"]) for status in standing.values()] == [
        ("open", "on"),
        ("closed", "on"),
        ("closed", "off"),
    ]


def test_a_bus_that_was_killed_remembers_each_meter(tmp_path: Path) -> None:
    with bus_in(tmp_path) as doors:
        tell(doors, "LMP6A", "head", "off")
        tell(doors, "LMP6B", "breaker", "open")

    with bus_in(tmp_path) as doors:
        standing = [tell(doors, serial, "status") for serial in ADDRESSES]

    assert [(status["head"], status["breaker"]) for status in standing] == [
        ("off", "closed"),
        ("on", "open"),
        ("on", "closed"),
    ]
