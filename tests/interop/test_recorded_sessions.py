"""Sessions recorded between two programs nobody here wrote: our link plays the client's part, octet for octet.

The client of the recording proposes nothing and the server takes 128 octets and one frame; so is our link set here.
"""

import json
import os
from pathlib import Path

import pytest

from gateway.core.dlms import get_response
from gateway.core.dlms.hdlc import Deframer, FrameKind
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.link import Delivered, LinkDown, LinkUp, Transmit

_DATA = os.environ.get("LAMPLIGHT_DATA", "")
_FOLDER = Path(_DATA, "dlms-captures", "sessions")
_SESSIONS = sorted(_FOLDER.glob("*hdlc*.json")) if _DATA else []

pytestmark = pytest.mark.skipif(not _SESSIONS, reason="LAMPLIGHT_DATA holds no recorded HDLC sessions")


class Recording:
    """The two sides of a session: what was asked for, and each side's octets in order."""

    def __init__(self, file):
        exchange = json.loads(file.read_text())["exchange"]
        self.said = [bytes.fromhex(octets) for side, octets in exchange if side == "C>S"]
        self.heard = [bytes.fromhex(octets) for side, octets in exchange if side == "S>C"]
        frames = [Deframer().feed(octets)[0] for octets in self.said]
        self.requests = [frame.info[3:] for frame in frames if frame.kind is FrameKind.INFORMATION]
        self.played = []

    def play(self, link, effects):
        """Carry out what the link wants, answered as recorded, until it has what it was asked for."""
        while isinstance(effects[0], Transmit):
            self.played.append(effects[0].octets)
            effects = link.receive(self.heard[len(self.played) - 1], 0.0)
        return effects[0]


@pytest.fixture(params=_SESSIONS, ids=lambda file: file.stem)
def recording(request):
    return Recording(request.param)


def test_our_link_says_what_the_recorded_client_said(recording):
    link = HdlcLink(LinkSettings(max_info_bytes=128, window=1))

    opened = recording.play(link, link.open(0.0))
    answers = [recording.play(link, link.request(request, 0.0)) for request in recording.requests]
    closed = recording.play(link, link.close(0.0))

    assert (opened, closed) == (LinkUp(), LinkDown())
    assert all(isinstance(answer, Delivered) for answer in answers)
    assert recording.played == recording.said


def test_every_answer_to_a_get_is_read(recording):
    link = HdlcLink(LinkSettings(max_info_bytes=128, window=1))
    recording.play(link, link.open(0.0))

    apdus = [recording.play(link, link.request(request, 0.0)).apdu for request in recording.requests]

    answers = [get_response.parse(apdu) for apdu in apdus if apdu[:1] == b"\xc4"]
    assert len(answers) > 5
    assert not any(isinstance(answer, get_response.ServiceRefused) for answer in answers)
