"""Sessions recorded between two programs nobody here wrote, traced: each message is told, and no password is shown."""

import json
import os
from pathlib import Path

import pytest

from gateway.core.trace.annotator import Annotator, Way
from gateway.core.trace.apdu_words import Seal
from gateway.core.trace.opening import opener
from gateway.core.trace.pieces import Language
from runtime.secret import Secret

_DATA = os.environ.get("LAMPLIGHT_DATA", "")
_SESSIONS = sorted(Path(_DATA, "dlms-captures", "sessions").glob("*.json")) if _DATA else []

pytestmark = pytest.mark.skipif(not _SESSIONS, reason="LAMPLIGHT_DATA holds no recorded sessions")


class Traced:
    """A session as the trace tells it, its keys handed in where it has some."""

    def __init__(self, file):
        session = json.loads(file.read_text())
        parameters = session["parameters"]
        keys = [parameters.get(name) for name in ("block_cipher_key", "authentication_key")]
        self.password = (parameters.get("lls_password") or "").encode()
        self.has_keys = all(keys) and "gmac" in file.stem
        opens = opener(*(Secret(bytes.fromhex(key)) for key in keys)) if all(keys) else None
        is_wrapped = "wrapper" in file.stem
        annotator = Annotator(language=Language.WRAPPER if is_wrapped else Language.HDLC, opener=opens)
        ways = {"C>S": Way.OUT, "S>C": Way.IN}
        self.passages = [
            passage
            for at, (side, octets) in enumerate(session["exchange"])
            for passage in annotator.feed(ways[side], float(at), bytes.fromhex(octets))
        ]
        self.tally = annotator.tally


@pytest.fixture(params=_SESSIONS, ids=lambda file: file.stem)
def traced(request):
    return Traced(request.param)


def test_every_message_is_sound_and_its_meaning_told(traced):
    meanings = "\n".join(line for passage in traced.passages for line in passage.lines)

    assert all(passage.is_sound for passage in traced.passages)
    assert "GET 0-0:1.0.0 clock" in meanings
    assert "nobody knows" not in meanings
    assert (traced.tally.bad_in, traced.tally.is_associated, traced.tally.has_values) == (0, True, True)


def test_what_is_ciphered_opens_with_the_keys_and_nothing_else_is_said_to(traced):
    assert traced.tally.seals == ({Seal.RIGHT} if traced.has_keys else set())


def test_a_password_is_nowhere(traced):
    shown = b"".join(passage.octets for passage in traced.passages)

    assert not traced.password or traced.password not in shown
    assert any(passage.is_masked for passage in traced.passages) is bool(traced.password)
