"""Which meter profiles go with what was found at a port, the best first, and the words that read the meter with each.

A profile goes with a meter when it comes to it the way the meter was come to, as a client that is let in with what the
profile proves itself by, and when it is not for other makers' meters. One that comes without a secret has to have been
told the serial number: a public client may be let in and shown next to nothing. Among those, one made for this maker
comes first, then whoever is answered most of what it asks for, and lacks least.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.discovery.findings import DEVICE_NAME, Findings, FoundMeter
from gateway.core.dlms.enquiry import Entry, HdlcAddress
from gateway.core.dlms.makers import letters_of
from gateway.core.line_address import LineAddress, SpeedAddress
from gateway.core.meter_access import Authentication
from gateway.core.meter_profile import MeterProfile

_ENTRIES = {
    Authentication.NONE: (Entry.OPEN,),
    Authentication.LLS: (Entry.PASSWORD, Entry.SOME_SECRET),
    Authentication.HLS_GMAC: (Entry.KEYS, Entry.SOME_SECRET),
}
_SECRET_OPTIONS = {
    Authentication.NONE: "",
    Authentication.LLS: " --password file:PASSWORD",
    Authentication.HLS_GMAC: " --key file:KEY --auth-key file:AUTH_KEY",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A profile that goes with a meter: how much it reads, and how much of that the meter gave without a secret."""

    profile: MeterProfile
    address: int | None
    asked: int
    answered: int

    @property
    def words(self) -> str:
        """What follows the port on a command line."""
        address = "" if self.address is None else f" --address {self.address}"
        return f"--profile {self.profile.name}{address}{_SECRET_OPTIONS[self.profile.access.authentication]}"


def maker_of(findings: Findings, meter: FoundMeter) -> str:
    """The maker's three letters, from the sign-on or the logical device name; empty where neither tells."""
    if findings.signed_on is not None:
        return findings.signed_on.meter.maker
    return letters_of(meter.text(DEVICE_NAME))


def fits(findings: Findings, meter: FoundMeter, line: LineAddress, profiles: Sequence[MeterProfile]) -> tuple[Fit, ...]:
    """The profiles that go with this meter, best first."""
    maker = maker_of(findings, meter).upper()
    found = []
    for profile in profiles:
        is_for_others = bool(profile.made_by) and maker not in profile.made_by
        if (
            profile.tells_itself
            or is_for_others
            or not _is_let_in(profile, meter)
            or not _comes_so(profile, meter, line)
        ):
            continue
        answered = sum(attribute in meter.answers for attribute in profile.values)
        found += [
            Fit(profile=profile, address=address, asked=len(profile.values), answered=answered)
            for address in _addresses(profile, meter)[:1]
        ]
    return tuple(sorted(found, key=lambda fit: (not fit.profile.made_by, -fit.answered, fit.asked, fit.profile.name)))


def fits_text(findings: Findings, profiles: Sequence[MeterProfile]) -> tuple[MeterProfile, ...]:
    """The profiles of meters that say what was heard, or asked for: a telegram, a list, or a readout."""
    if findings.talk is not None:
        heard = (findings.talk.kind.removesuffix("-push"), findings.talk.baud)
        return tuple(profile for profile in profiles if (profile.push.framing, profile.push.baud) == heard)
    return tuple(profile for profile in profiles if findings.older_mode and profile.line.sign_on == "mode-c")


def _comes_so(profile: MeterProfile, meter: FoundMeter, line: LineAddress) -> bool:
    if not isinstance(line, SpeedAddress):
        return True
    has_speed = meter.place.signs_on or profile.line.baud == meter.place.baud
    return profile.signs_on(line) is meter.place.signs_on and has_speed


def _is_let_in(profile: MeterProfile, meter: FoundMeter) -> bool:
    wanted = _ENTRIES[profile.access.authentication]
    if profile.access.authentication is Authentication.NONE and profile.serial not in meter.answers:
        return False
    return any(client.sap == profile.access.client_sap and client.entry in wanted for client in meter.clients)


def _addresses(profile: MeterProfile, meter: FoundMeter) -> list[int | None]:
    """What `--address` may say, None for nothing; none at all where this profile cannot reach the meter."""
    link = profile.link
    own = HdlcAddress(logical=link.server_logical, physical=link.server_physical, size=link.address_bytes)
    places = [place.address for place in (meter.place, *meter.also_at)]
    if any(address in (None, own) for address in places):
        return [None]
    return [
        address.physical
        for address in places
        if address and address.size > 1 and address.logical == own.logical and not meter.place.signs_on
    ]
