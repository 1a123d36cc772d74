"""Everything a person prepared before a gateway can run: read, and checked piece by piece; nothing is written.

Settings, the keys, the enrolment, the meters with their profiles and secrets. What is missing or makes no sense is
refused here with one line, before any thread begins; `main` joins what is left into a running gateway.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from gateway.adapters.enrolment import Enrolment, load_enrolment
from gateway.adapters.event_code_files import check_families, load_event_codes
from gateway.adapters.journal import Journal
from gateway.adapters.list_layouts import load_layouts
from gateway.adapters.meter_identities import MeterIdentity, identities
from gateway.adapters.meter_keys import CounterBook, MeterKeys
from gateway.adapters.own_keys import OwnKeys
from gateway.adapters.profile_files import load_profile
from gateway.adapters.registry import Registry
from gateway.adapters.time_zone import zone_named
from gateway.config import GatewaySettings, load_settings, settings_file
from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.line_address import parse_line_address
from gateway.core.meter_logs.event_codes import EventCodes
from gateway.core.meter_profile import MeterProfile
from gateway.core.push.address import parse_push_address
from gateway.core.registered_meter import RegisteredMeter
from gateway.own_folder import open_own_journal, own_keys
from runtime.clock import Clock, check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a person prepared, read and checked."""

    path: Path
    settings: GatewaySettings
    clock: Clock
    keys: OwnKeys
    enrolment: Enrolment
    meter_book: Registry
    meters: tuple[tuple[RegisteredMeter, MeterProfile], ...]
    meter_keys: MeterKeys
    layouts: tuple[ListLayout, ...]
    identities: Mapping[int, MeterIdentity]
    zone: tzinfo
    codes: EventCodes


def prepare(settings_path: Path) -> Parts:
    """Everything a person prepared, each piece checked; nothing is written. Raises LamplightError."""
    settings = load_settings(settings_path)
    clock = clock_from_environment()
    check_clock_is_set(clock)
    keys = own_keys(settings)
    book = Registry(settings.files.registry)
    meters = meters_of(book, settings.files.registry)
    meter_keys = MeterKeys(settings.files.meter_keys, keys.sealing)
    counters = CounterBook(settings.files.meter_counters, keys.sealing)
    codes = load_event_codes(settings.meter.event_codes)
    for _, profile in meters:
        check_families(profile, codes)
    return Parts(
        path=settings_path,
        settings=settings,
        clock=clock,
        keys=keys,
        enrolment=load_enrolment(settings.files.enrolment, keys.gateway),
        meter_book=book,
        meters=meters,
        meter_keys=meter_keys,
        layouts=load_layouts(),
        identities=identities(meter_keys, counters, keys.first, meters),
        zone=zone_named(settings.meter.time_zone, where=f"{settings_file(settings_path)}: meter.time_zone"),
        codes=codes,
    )


def meters_of(book: Registry, where: Path) -> tuple[tuple[RegisteredMeter, MeterProfile], ...]:
    """Every meter with its profile at its address; a port need not be there yet, but it must be one."""
    meters = book.meters()
    if not meters:
        do = "add one: lamplight-gateway meter add DIR --port PORT --profile NAME"
        raise InputRefused("this gateway has no meter", where=str(where), do=do)
    return tuple((meter, _addressed(meter, load_profile(meter.profile))) for meter in meters)


def _addressed(meter: RegisteredMeter, profile: MeterProfile) -> MeterProfile:
    if meter.push:
        parse_push_address(meter.push)
    return profile.addressed(meter.address, parse_line_address(meter.port)) if meter.port else profile


def open_journal(parts: Parts) -> Journal:
    """The journal, begun anew as the next generation where it is lost or damaged. Raises LamplightError."""
    return open_own_journal(parts.settings, parts.keys, parts.clock, parts.meter_book)
