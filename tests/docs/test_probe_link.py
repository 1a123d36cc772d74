"""The example of docs/probe-link.md, taken from the page itself and taken apart byte by byte."""

import re
import zlib
from pathlib import Path

import pytest

from simulators.probe.frames import Deframer, Event, HostAck, What, unstuffed

PAGE = (Path(__file__).parents[2] / "docs" / "probe-link.md").read_text(encoding="utf-8")
FRAMES = [bytes.fromhex(line) for line in re.findall(r"^    ((?:[0-9a-f]{2} )+00)$", PAGE, re.MULTILINE)]
TABLES = [
    b"".join(bytes.fromhex(cell) for cell in re.findall(r"^\| `([0-9a-f ]+)` \|", part, re.MULTILINE))
    for part in PAGE.split("## One event")[1].split("The gateway keeps it")
]
EVENT, ACK = 0, 1


@pytest.mark.parametrize("which", [EVENT, ACK])
def test_the_table_lists_every_byte_of_its_frame(which: int) -> None:
    assert unstuffed(FRAMES[which][:-1]) == TABLES[which]


@pytest.mark.parametrize("which", [EVENT, ACK])
def test_the_checksum_is_that_of_zlib(which: int) -> None:
    assert zlib.crc32(TABLES[which][:-4]).to_bytes(4, "little") == TABLES[which][-4:]


def test_the_probe_says_the_event_as_the_page_shows_it() -> None:
    event = Event(boot_id=0xC0FFEE01, event_id=1, what=What.SUPPLY_LOST, occurred_ms=61_000, now_ms=61_045)

    assert event.frame(7) == FRAMES[EVENT]


def test_the_probe_understands_the_acknowledgement_of_the_page() -> None:
    assert list(Deframer().feed(FRAMES[ACK])) == [HostAck(boot_id=0xC0FFEE01, event_id=1)]
