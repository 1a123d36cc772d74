"""Finds out how the meter on a port is read: the plan, without I/O, from what was seen to what is tried next.

`Discovery.steps` is a conversation with whoever owns the port. It yields what to do (listen, say these octets, sign on,
open a link, ask), is sent what was `Seen`, and ends; what was found stands in `findings` at every moment, so that a
person who stops it keeps what is known. A serial port is listened to first, since some meters just talk; then signed on
to, as an optical head wants it; then called in HDLC at the common speeds and addresses; then listened to for longer.
A network port is asked in the wrapper and in HDLC. Every step says how long it may take at most, and every meter that
is found is asked who is let in, and who it is.

No password and no key is ever tried: `enquiry` says how what a client needs is told without one.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias

from gateway.core.discovery.attempts import (
    Attempt,
    CloseLink,
    Exchange,
    Listen,
    OpenLink,
    Outcome,
    Place,
    Request,
    Seen,
    SignOn,
    Step,
)
from gateway.core.discovery.findings import CLOCK, DEVICE_NAME, SERIAL, Findings, FoundClient, FoundMeter
from gateway.core.discovery.talk import LONGEST_PAUSE_S, SPEEDS, recognised
from gateway.core.dlms import enquiry
from gateway.core.dlms.data import Data
from gateway.core.dlms.enquiry import CALLING_PHYSICAL, Call, CallResult, Entry, HdlcAddress
from gateway.core.dlms.hdlc import FIRST_PHYSICAL, LAST_PHYSICAL
from gateway.core.dlms.link import PUBLIC_CLIENT
from gateway.core.dlms.obis import Attribute
from gateway.core.dlms.opto import FIRST_BAUD, SignedOn
from gateway.core.errors import Undecodable
from gateway.core.line_address import LineAddress, SpeedAddress
from wire.terms import LinkFault

FIRST_LISTEN_S = 2.0
CALL_WAIT_S = 0.4
WAKE_UP_S = 2.2  # IEC 62056-21, for meters that save their battery
_CALL_BITS = 150
SIGN_ON_AT_MOST_S, LINK_AT_MOST_S, OBJECT_AT_MOST_S = 8.0, 3.0, 2.0
MAX_OBJECTS = 64
MAX_METERS = 32
CALLED_SPEEDS = (9_600, 19_200, 4_800, 2_400, 38_400, 57_600, 115_200, 300)
_USUAL = (
    HdlcAddress(),
    HdlcAddress(physical=17, size=2),
    HdlcAddress(physical=CALLING_PHYSICAL[2], size=2),
    HdlcAddress(physical=17, size=4),
    HdlcAddress(physical=CALLING_PHYSICAL[4], size=4),
    HdlcAddress(logical=16),
    HdlcAddress(logical=17),
)
_LAST_USUAL_ON_A_BUS = 32
_USUAL_CLIENTS, _RARER_CLIENTS = (1, 2, 17, 18), (3, 32, 48, 64, 100, 102)
_TITLE = b"LMP\x00\x00\x00\x00\x00"  # nobody in particular; no key is used under it

_Steps: TypeAlias = Generator[Attempt, Seen, None]


class Discovery:
    """The plan for one port; see the module."""

    def __init__(
        self,
        line: LineAddress,
        *,
        client_saps: Sequence[int],
        objects: Sequence[Attribute],
        challenge: bytes,
        is_deep: bool,
    ) -> None:
        """
        Args:
            client_saps: the clients our profiles come as.
            objects: what our profiles ask for.
            challenge: unforeseeable octets to open an exchange of proofs with.
            is_deep: whether every address of one and of two octets is called, and rarer clients as well.
        """
        self._line, self._challenge, self._is_deep = line, challenge, is_deep
        rarer = _RARER_CLIENTS if is_deep else ()
        self._clients = tuple(dict.fromkeys((PUBLIC_CLIENT, *_USUAL_CLIENTS, *client_saps, *rarer)))
        self._objects = tuple(dict.fromkeys((DEVICE_NAME, SERIAL, CLOCK, *objects)))[:MAX_OBJECTS]
        self.findings = Findings()

    def steps(self) -> _Steps:
        """The conversation; see the module."""
        if isinstance(self._line, SpeedAddress):
            yield from self._serial()
        elif self._line.carries_hdlc:
            yield from self._call_all(0, tuple(self._addresses()))
        else:
            yield from self._network()
        yield from self._meet()
        for meter in self.findings.meters:
            yield from self._enquire(meter)

    # ---- ways to a meter --------------------------------------------------------------------------------------------

    def _serial(self) -> _Steps:
        if (yield from self._listen(SPEEDS[0], FIRST_LISTEN_S)):
            yield from self._find_talker()
        if self.findings.talk:
            return
        signed_on = (yield from self._sign_on(0)) or (yield from self._sign_on(WAKE_UP_S))
        if self.findings.older_mode:
            return
        if signed_on is not None:
            yield from self._call_all(signed_on.baud, (*_USUAL, *self._ranges()), signs_on=True)
            return
        for baud in CALLED_SPEEDS:
            addresses = tuple(self._addresses()) if baud == CALLED_SPEEDS[0] else _USUAL[:3]
            yield from self._call_all(baud, addresses)
            if self.findings.meters:
                return
        yield from self._find_talker()

    def _network(self) -> _Steps:
        place = Place(address=None)
        yield Step(words="asking in the TCP wrapper", at_most_s=LINK_AT_MOST_S)
        seen = yield OpenLink(place=place, client_sap=PUBLIC_CLIENT)
        if seen.failure is None:
            seen = yield Request(enquiry.open_request())
        yield CloseLink()
        if seen.failure is None:
            self.findings.meters.append(FoundMeter(place=place))
            yield self._came_to("asking in the TCP wrapper", "a meter answers")
            return
        yield self._came_to("asking in the TCP wrapper", seen.failure.detail)
        yield from self._call_all(0, _USUAL)

    def _find_talker(self) -> _Steps:
        for baud in SPEEDS:
            if (yield from self._listen(baud, LONGEST_PAUSE_S)) and self.findings.talk:
                return

    def _listen(self, baud: int, seconds: float) -> Generator[Attempt, Seen, int]:
        """Listen; how many octets came. A talker that is recognised ends it early."""
        words = f"listening at {baud} Bd"
        yield Step(words=words, at_most_s=seconds)
        heard, left_s = b"", seconds
        while left_s > 0 and self.findings.talk is None:
            heard += (yield Listen(baud=baud, seconds=min(1.0, left_s))).octets
            left_s -= 1.0
            self.findings.talk = recognised(heard, baud)
        talk = self.findings.talk
        if talk is None:
            self.findings.heard_bytes += len(heard)
        came = "nothing" if not heard else f"{len(heard)} octets that mean nothing at this speed"
        yield self._came_to(words, f"{talk.words}, {talk.character}" if talk else came)
        return len(heard)

    def _sign_on(self, wake_up_s: float) -> Generator[Attempt, Seen, SignedOn | None]:
        if self.findings.older_mode:
            return None
        woken = f", woken for {wake_up_s:g} s" if wake_up_s else ""
        words = f"signing on at {FIRST_BAUD} Bd, 7E1{woken}"
        yield Step(words=words, at_most_s=SIGN_ON_AT_MOST_S + 2 * wake_up_s)
        seen = yield SignOn(wake_up_s=wake_up_s)
        self.findings.wake_up_s = wake_up_s
        self.findings.is_echoing |= seen.reflects
        self.findings.signed_on = seen.signed_on
        if seen.signed_on is not None:
            yield self._came_to(words, f"{seen.signed_on.meter}, mode E, goes on at {seen.signed_on.baud} Bd")
            return seen.signed_on
        came = seen.failure.detail if seen.failure else "nothing"
        if seen.failure and seen.failure.fault is LinkFault.REFUSED:
            self.findings.older_mode = came
        yield self._came_to(words, came)
        return None

    # ---- calling ----------------------------------------------------------------------------------------------------

    def _addresses(self) -> Iterator[HdlcAddress]:
        """What is called on a line that several meters may share."""
        yield from _USUAL
        yield from (HdlcAddress(physical=at, size=2) for at in range(FIRST_PHYSICAL, _LAST_USUAL_ON_A_BUS + 1))
        yield from self._ranges()

    def _ranges(self) -> Iterator[HdlcAddress]:
        if self._is_deep:
            yield from (HdlcAddress(logical=at) for at in range(1, LAST_PHYSICAL[2] + 1))
            yield from (HdlcAddress(physical=at, size=2) for at in range(FIRST_PHYSICAL, LAST_PHYSICAL[2] + 1))

    def _call_all(self, baud: int, candidates: Sequence[HdlcAddress], *, signs_on: bool = False) -> _Steps:
        addresses = tuple(dict.fromkeys(candidates))
        speed = f" at {baud} Bd" if baud else ""
        words = f"calling {len(addresses)} HDLC address{'es' if len(addresses) > 1 else ''}{speed}"
        spoken_s = _CALL_BITS / baud if baud else 0.0
        yield Step(words=words, at_most_s=len(addresses) * (2 * CALL_WAIT_S + spoken_s))
        found: list[HdlcAddress] = []
        for address in addresses:
            result = yield from self._call(address, baud)
            if result.call in (Call.ANSWERED, Call.BUSY, Call.REJECTED) and result.address not in (None, *found):
                found.append(result.address or address)
            if found and (signs_on or len(found) == MAX_METERS):
                break  # an optical head sees one meter
        wake_up_s = self.findings.wake_up_s if signs_on else 0
        self.findings.meters += [
            FoundMeter(place=Place(address=each, baud=baud, signs_on=signs_on, wake_up_s=wake_up_s)) for each in found
        ]
        answer = "answer" if len(found) > 1 else "answers"
        yield self._came_to(words, f"{', '.join(map(str, found))} {answer}" if found else self._why_nobody())

    def _call(self, address: HdlcAddress, baud: int) -> Generator[Attempt, Seen, CallResult]:
        said = enquiry.call(address, PUBLIC_CLIENT)
        seen = yield Exchange(baud=baud, octets=said, wait_s=CALL_WAIT_S)
        result = enquiry.call_result(seen.octets, said, PUBLIC_CLIENT)
        self.findings.is_echoing |= result.is_echoing
        self.findings.heard_bytes += result.noise_bytes
        if result.call is Call.ANSWERED:
            goodbye = enquiry.farewell(result.address or address, PUBLIC_CLIENT)
            yield Exchange(baud=baud, octets=goodbye, wait_s=CALL_WAIT_S)
        return result

    def _why_nobody(self) -> str:
        return "only our own echo" if self.findings.is_echoing else "nothing"

    # ---- asking -----------------------------------------------------------------------------------------------------

    def _meet(self) -> _Steps:
        """Tell which addresses are one meter's, where several answered: it may listen to more than one."""
        if len(self.findings.meters) < 2:
            return
        apart: dict[tuple[str, str], FoundMeter] = {}
        for at, meter in enumerate(self.findings.meters):
            words = f"asking {meter.place.address} for its name"
            yield Step(words=words, at_most_s=LINK_AT_MOST_S)
            yield from self._enter(meter, PUBLIC_CLIENT, objects=(DEVICE_NAME, SERIAL))
            name = (meter.text(DEVICE_NAME), meter.text(SERIAL))
            known = apart.setdefault(name if any(name) else (f"{at}", ""), meter)
            if known is not meter:
                known.also_at.append(meter.place)
            yield self._came_to(words, " ".join(filter(None, name)) or "it tells no name")
        self.findings.meters = list(apart.values())

    def _enquire(self, meter: FoundMeter) -> _Steps:
        whom = f" of {meter.place.address}" if len(self.findings.meters) > 1 else ""
        meter.clients.clear()
        for client_sap in self._clients:
            words = f"client {client_sap}{whom}"
            sign_on_s = SIGN_ON_AT_MOST_S if meter.place.signs_on else 0
            yield Step(words=words, at_most_s=sign_on_s + LINK_AT_MOST_S)
            is_first = not any(client.entry is Entry.OPEN for client in meter.clients)
            client = yield from self._enter(meter, client_sap, objects=self._objects if is_first else ())
            meter.clients.append(client)
            told = {
                Entry.OPEN: "let in without a secret",
                Entry.REFUSED: f"not let in ({client.word})",
                Entry.UNHEARD: f"no answer ({client.word})",
            }
            yield self._came_to(words, told.get(client.entry, f"asks for {client.entry} ({client.word})"))

    def _enter(
        self, meter: FoundMeter, client_sap: int, *, objects: Sequence[Attribute]
    ) -> Generator[Attempt, Seen, FoundClient]:
        """Come as this client; where nothing is asked for, read these objects, too."""
        seen = yield OpenLink(place=meter.place, client_sap=client_sap)
        entry, word = Entry.UNHEARD, seen.failure.detail if seen.failure else ""
        if seen.failure is not None and seen.failure.fault is LinkFault.REFUSED:
            entry = Entry.REFUSED
        if seen.failure is None:
            entry, word = yield from self._ask_entry()
        if entry is Entry.OPEN:
            yield from self._read(meter, objects)
            yield Request(enquiry.RELEASE)
        yield CloseLink()
        return FoundClient(sap=client_sap, entry=entry, word=word)

    def _ask_entry(self) -> Generator[Attempt, Seen, tuple[Entry, str]]:
        seen = yield Request(enquiry.open_request())
        if seen.failure is not None:
            return Entry.UNHEARD, seen.failure.detail
        try:
            entry, word = enquiry.entry_of(seen.octets)
            if entry is not Entry.SOME_SECRET:
                return entry, word
            seen = yield Request(enquiry.challenge_request(_TITLE, self._challenge))
            return enquiry.secret_of(seen.octets) if seen.failure is None else (entry, word)
        except Undecodable as error:
            return Entry.REFUSED, error.what

    def _read(self, meter: FoundMeter, objects: Sequence[Attribute]) -> _Steps:
        for attribute in objects:
            seen = yield Request(enquiry.get_request(attribute))
            if seen.failure is not None:
                return
            try:
                value = enquiry.value_of(seen.octets)
            except Undecodable as error:
                value = error.what
            if isinstance(value, Data):
                meter.answers[attribute] = value
                meter.asked_at = seen.at if attribute == CLOCK else meter.asked_at
            else:
                meter.denied[attribute] = value

    def _came_to(self, step: str, words: str) -> Outcome:
        self.findings.tried.append((step, words))
        return Outcome(words)
