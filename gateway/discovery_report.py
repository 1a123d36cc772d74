"""What a discovery found, as a person sees it and as a program takes it, and the words to go on with.

A person is told how the line is spoken on, which meters are there, who they say they are, whom they let in, and the
exact commands that read and register them; where nobody was found, what was tried and what to check, likeliest first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.core.discovery.findings import CLOCK, DEVICE_NAME, SERIAL, Findings, FoundMeter
from gateway.core.discovery.fit import Fit, fits, fits_text, maker_of
from gateway.core.dlms.enquiry import Entry
from gateway.core.dlms.makers import maker_named
from gateway.core.errors import Undecodable
from gateway.core.line_address import LineAddress, SpeedAddress, TcpAddress
from gateway.core.meter_profile import MeterProfile

MAX_FITS = 3
_ENTRY_WORDS = {
    Entry.OPEN: "is let in without a secret",
    Entry.PASSWORD: "asks for a password",
    Entry.KEYS: "asks for keys (HLS-GMAC)",
    Entry.SOME_SECRET: "asks for a secret, and does not say which",
}
_NO_ANSWER = (Entry.REFUSED, Entry.UNHEARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryReport:
    """One port, explored."""

    port: str
    line: LineAddress
    findings: Findings
    profiles: Sequence[MeterProfile]

    def facts(self) -> dict[str, object]:
        """For programs."""
        findings = self.findings
        signed_on = findings.signed_on
        return {
            "port": self.port,
            "found": findings.has_found,
            "cut_short": findings.is_cut_short,
            "echo": findings.is_echoing,
            "heard_bytes": findings.heard_bytes,
            "talk": None
            if findings.talk is None
            else {"kind": findings.talk.kind, "baud": findings.talk.baud, "character": findings.talk.character},
            "sign_on": None
            if signed_on is None
            else {
                "mode": "E",
                "maker": signed_on.meter.maker,
                "maker_name": maker_named(signed_on.meter.maker),
                "model": signed_on.meter.model,
                "baud": signed_on.baud,
            },
            "older_mode": findings.older_mode or None,
            "meters": [self._meter_facts(meter) for meter in findings.meters],
            "tried": [{"step": step, "outcome": outcome} for step, outcome in findings.tried],
        }

    def _meter_facts(self, meter: FoundMeter) -> dict[str, object]:
        address = meter.place.address
        return {
            "framing": "wrapper" if address is None else "hdlc",
            "baud": meter.place.baud or None,
            "address": None
            if address is None
            else {"logical": address.logical, "physical": address.physical, "octets": address.size},
            "also_at": [str(place.address) for place in meter.also_at],
            "maker": maker_of(self.findings, meter) or None,
            "device_name": meter.text(DEVICE_NAME) or None,
            "serial": meter.text(SERIAL) or None,
            "clock_at": _clock_text(meter) or None,
            "clock_offset_s": _offset_s(meter),
            "clients": [
                {"client": client.sap, "asks_for": client.entry.value, "word": client.word} for client in meter.clients
            ],
            "profiles": [
                {"name": fit.profile.name, "asked": fit.asked, "answered": fit.answered, "read": self._read(fit)}
                for fit in self._fits(meter)
            ],
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        findings = self.findings
        if findings.is_cut_short:
            yield "stopped: it took longer than it may; what is known so far:"
        if findings.talk is not None:
            yield from self._talk_lines()
        elif findings.older_mode:
            yield from self._older_lines()
        elif findings.meters:
            for meter in findings.meters:
                yield from self._meter_lines(meter)
        else:
            yield from self._nobody_lines()

    def _talk_lines(self) -> Iterator[str]:
        talk = self.findings.talk
        assert talk is not None
        yield f"{self.port} speaks by itself: {talk.words}"
        yield f"  line       {talk.baud} Bd {talk.character}"
        yield ""
        yield "next"
        yield f"  lamplight-gateway listen {self.port} --baud {talk.baud} --character {talk.character}"
        for profile in fits_text(self.findings, self.profiles):
            if profile.tells_itself:
                yield f"  lamplight-gateway read {self.port} --profile {profile.name}"
            yield f"  lamplight-gateway meter add DIR --push {self.port} --profile {profile.name}"

    def _older_lines(self) -> Iterator[str]:
        yield f"{self.port}: {self.findings.older_mode}"
        yield "  it gives its values as text"
        yield ""
        yield "next"
        for profile in fits_text(self.findings, self.profiles):
            yield f"  lamplight-gateway read {self.port} --profile {profile.name}"

    def _meter_lines(self, meter: FoundMeter) -> Iterator[str]:
        findings, signed_on = self.findings, self.findings.signed_on
        maker = maker_of(findings, meter)
        name = meter.text(SERIAL) or meter.text(DEVICE_NAME) or "a meter that does not tell its name"
        yield f"{name} on {self.port}"
        yield f"  {'line':<11}{self._line_words(meter)}"
        if signed_on is not None:
            yield f"  {'signs on':<11}{signed_on.meter}"
            if findings.wake_up_s:
                setting = f"wake_up_s = {findings.wake_up_s:g}"
                yield f"  {'':<11}once it was woken: set `{setting}` under [sign_on] in a profile of your own"
        if maker:
            yield f"  {'maker':<11}{maker}{f', {maker_named(maker)}' if maker_named(maker) else ''}"
        if meter.text(DEVICE_NAME):
            yield f"  {'device':<11}{meter.text(DEVICE_NAME)}"
        if _clock_text(meter):
            yield f"  {'clock':<11}{_clock_text(meter)}{_offset_words(meter)}"
        label = "clients"
        for client in meter.clients:
            if client.entry not in _NO_ANSWER:
                yield f"  {label:<11}{client.sap} {_ENTRY_WORDS[client.entry]}"
                label = ""
        strangers = [str(client.sap) for client in meter.clients if client.entry in _NO_ANSWER]
        if strangers:
            yield f"  {label:<11}not let in: {', '.join(strangers)}"
        yield from self._fit_lines(meter)

    def _fit_lines(self, meter: FoundMeter) -> Iterator[str]:
        found = self._fits(meter)
        if not found:
            yield "  profile    none of ours goes with it: write one, see docs/how-to/technician.md"
            return
        label = "profile"
        for fit in found:
            asks_nothing = fit.profile.access.authentication.value == "none"
            answered = f", {fit.answered} of {fit.asked} objects answered" if asks_nothing else ""
            yield f"  {label:<11}{fit.profile.name}{answered}"
            label = ""
        port, words = self.port, found[0].words
        yield ""
        yield "next"
        yield f"  {self._read(found[0])}"
        yield f"  lamplight-gateway meter add DIR --port {port} {words}"
        yield ""

    def _nobody_lines(self) -> Iterator[str]:
        findings = self.findings
        yield f"nobody was found on {self.port}"
        yield ""
        yield "tried"
        for step, outcome in findings.tried:
            yield f"  {step}: {outcome}"
        yield ""
        yield "check"
        for number, advice in enumerate(self._advice(), 1):
            yield f"  {number}. {advice}"

    def _advice(self) -> Iterator[str]:
        findings = self.findings
        if isinstance(self.line, TcpAddress):
            yield "the port connects, so something is there: is it the meter, or another device?"
            yield "a converter has to be set to the meter's speed and to 8N1; then give hdlc+tcp://HOST:PORT"
            yield "does another program hold the converter or the meter? many serve one client at a time"
        else:
            yield from self._serial_advice()
        if findings.heard_bytes:
            came = f"{findings.heard_bytes} octets came and meant nothing"
            yield f"{came}: a wrong speed, light on the head, or two meters at once"
        yield "a rarer address: lamplight-gateway discover --deep"
        yield "another reader may hold the meter: wait two minutes, then try again"

    def _serial_advice(self) -> Iterator[str]:
        if self.findings.is_echoing:
            yield "our own words came back: the head is lit and the cable is whole, but the meter does not answer"
            yield "turn the head by 180 degrees (cable down), seat it on the meter's own window, shade it"
            yield "on RS-485 an echo is usual: swap A and B, check the termination"
        else:
            yield "does the meter have supply? is its display lit?"
            yield "does the head sit flat on the optical window, cable down? turn it by 180 degrees, clean it, shade it"
            yield "is it the right port? `ls -l /dev/serial/by-id`; on RS-485: A to A, B to B"
        yield "a customer port (P1) has to be asked by its request line: use the cable made for it"

    # ---- words ------------------------------------------------------------------------------------------------------

    def _fits(self, meter: FoundMeter) -> tuple[Fit, ...]:
        return fits(self.findings, meter, self.line, self.profiles)[:MAX_FITS]

    def _read(self, fit: Fit) -> str:
        return f"lamplight-gateway read {self.port} {fit.words}"

    def _line_words(self, meter: FoundMeter) -> str:
        if meter.place.address is None:
            return "TCP, DLMS wrapper"
        words = f"HDLC address {meter.place.address}"
        if isinstance(self.line, SpeedAddress):
            words = f"{meter.place.baud} Bd 8N1, {words}"
        if meter.place.signs_on:
            words = f"mode E from 300 Bd 7E1, then {words}"
        also = f", also at {', '.join(str(place.address) for place in meter.also_at)}" if meter.also_at else ""
        return words + also


def _clock_text(meter: FoundMeter) -> str:
    try:
        return meter.answers[CLOCK].date_time().text() if CLOCK in meter.answers else ""
    except Undecodable:
        return "told, and no time"


def _offset_s(meter: FoundMeter) -> float | None:
    if CLOCK not in meter.answers or meter.asked_at is None:
        return None
    try:
        offset = meter.answers[CLOCK].date_time().to_utc() - meter.asked_at
        return round(offset.total_seconds(), 1) + 0.0  # never -0.0
    except Undecodable:
        return None


def _offset_words(meter: FoundMeter) -> str:
    offset_s = _offset_s(meter)
    return "" if offset_s is None else f", {round(offset_s):+d} s from the gateway's"
