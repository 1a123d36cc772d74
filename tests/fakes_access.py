"""A meter with locks and a reader with keys, for tests that join both ends in memory; the keys are the standard's."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle

from runtime.secret import Secret
from simulators.meter import gatekeeper, security
from simulators.meter.gatekeeper import Access, Authentication, Gatekeeper
from simulators.meter.life import Life
from simulators.meter.objects import Locks, model_of
from simulators.meter.security import Keys
from simulators.meter.server import Server
from tests.fakes_simulators import moment

KEY, AUTH_KEY = bytes(range(16)), bytes(range(0xD0, 0xE0))
KEYS = Keys(encryption=Secret(KEY), authentication=Secret(AUTH_KEY))
PASSWORD = Secret(b"open sesame")
BY_PASSWORD = Access(authentication=Authentication.LLS, password=PASSWORD)
METER_TITLE, READER_TITLE = b"LMP00001", b"MMM\x00\x00\x00\x00\x01"
INITIATE = bytes.fromhex("01000000065f1f0400007e1fffff")


def by_keys() -> Access:
    """Access with keys, and challenges that are each another."""
    drawn = cycle(range(1, 256))
    return Access(authentication=Authentication.HLS_GMAC, keys=KEYS, draw=lambda count: bytes([next(drawn)]) * count)


def locked_server(
    life: Life, access: Access, *, heard: int = 0, keep: Callable[[int], None] = lambda _heard: None
) -> tuple[Server, Gatekeeper]:
    keeper = Gatekeeper(access, METER_TITLE, heard=heard, keep=keep)
    locks = Locks(
        title=METER_TITLE, heard_counter=keeper.told_counter, take_keys=lambda value, _: keeper.take_keys(value)
    )
    return Server(model_of(life, locks), keeper), keeper


def tagged(tag: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes((tag, len(content))) + content


def aarq(*, mechanism: int, value: bytes, information: bytes = INITIATE, title: bytes = b"", context: int = 1) -> bytes:
    fields = tagged(0xA1, tagged(0x06, bytes.fromhex("608574050801") + bytes((context,))))
    fields += tagged(0xA6, tagged(0x04, title)) if title else b""
    if mechanism:
        fields += bytes.fromhex("8a020780") + tagged(0x8B, bytes.fromhex("608574050802") + bytes((mechanism,)))
        fields += tagged(0xAC, tagged(0x80, value))
    fields += tagged(0xBE, tagged(0x04, information))
    head = bytes((0x60, len(fields))) if len(fields) < 128 else bytes((0x60, 0x81, len(fields)))
    return head + fields


def diagnostic(aare: bytes) -> tuple[int, int]:
    """Result and diagnostic of an AARE."""
    at = aare.index(bytes.fromhex("a20302 01".replace(" ", "")))
    return aare[at + 4], aare[at + 11]


@dataclass
class GmacReader:
    """The reader's end of HLS-GMAC; its counter is what a test makes it."""

    server: Server
    counter: int = 1
    keys: Keys = field(default_factory=lambda: KEYS)
    title: bytes = READER_TITLE
    challenge: bytes = b"K56iVagY"
    is_ciphered: bool = True
    meter_challenge: bytes = b""

    def call(self) -> bytes:
        """The AARE."""
        information, context = INITIATE, 1
        if self.is_ciphered:
            sealed = self.seal(INITIATE)
            information, context = bytes((0x21, len(sealed))) + sealed, 3
        request = aarq(mechanism=5, value=self.challenge, information=information, title=self.title, context=context)
        aare = self.server.answer(gatekeeper.GMAC_SAP, request, moment())
        at = aare.find(b"\xaa\x12\x80\x10")
        self.meter_challenge = aare[at + 4 : at + 20] if at >= 0 else b""
        return aare

    def proof(self, counter: int | None = None) -> bytes:
        """The ACTION with the reader's proof."""
        if counter is None:
            counter, self.counter = self.counter, self.counter + 1
        proof = security.prove(self.keys, self.title, counter, self.meter_challenge)
        return bytes.fromhex("c301c1000f0000280000ff01010911") + proof

    def seal(self, plain: bytes) -> bytes:
        counter, self.counter = self.counter, self.counter + 1
        return security.seal(self.keys, self.title, counter, plain)

    def ask(self, apdu: bytes) -> bytes:
        """The answer to an APDU, protected both ways where everything is."""
        if not self.is_ciphered:
            return self.server.answer(gatekeeper.GMAC_SAP, apdu, moment())
        answer = self.server.answer(gatekeeper.GMAC_SAP, gatekeeper.wrapped(self.title, self.seal(apdu)), moment())
        if answer[0] != gatekeeper.GENERAL_GLO_CIPHERING:
            return answer
        title, sealed = gatekeeper.unwrapped(answer)
        return security.unseal(self.keys, title, sealed)[1]
