"""The one place that joins the gateway: settings and files in, adapters built, handed to the loops, and run.

Everything a person must mend is found before the first thread starts, and ends as one line. What the field brings (no
meter on the port, no probe, no broker, a full disk) does not end the gateway: it says so once and goes on.
"""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from functools import partial
from pathlib import Path

from gateway.adapters import folder_lock
from gateway.adapters.command_file import CommandFile
from gateway.adapters.dlms_clock import set_clock
from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.enrolment import Enrolment, load_enrolment
from gateway.adapters.event_code_files import check_families, load_event_codes
from gateway.adapters.journal import Journal
from gateway.adapters.list_layouts import load_layouts
from gateway.adapters.machine import Machine
from gateway.adapters.meter_identities import MeterIdentity, identities
from gateway.adapters.meter_keys import CounterBook, MeterKeys
from gateway.adapters.meter_session import meter_session
from gateway.adapters.mqtt import MqttUplink
from gateway.adapters.own_keys import OwnKeys
from gateway.adapters.profile_files import load_profile
from gateway.adapters.push_ports import open_push_port
from gateway.adapters.registry import Registry
from gateway.adapters.serial_port import SerialPort
from gateway.adapters.time_zone import zone_named
from gateway.config import GatewaySettings, load_settings, order_setting, settings_file
from gateway.core import interruption, validation
from gateway.core.clock.policy import ClockPolicy
from gateway.core.conclusions import MeterRules, PushRules
from gateway.core.disclosure import Disclosure
from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.errors import LoopHung
from gateway.core.interruption import InterruptionState
from gateway.core.line_address import SerialAddress, parse_line_address
from gateway.core.meter_logs.event_codes import EventCodes
from gateway.core.meter_profile import MeterProfile
from gateway.core.observations import EdgeId
from gateway.core.patience import Patience
from gateway.core.ports import MeterSession, PushStream
from gateway.core.push.address import parse_push_address
from gateway.core.push.pushes import PushRecord
from gateway.core.push.streams import layouts_for, stream_for
from gateway.core.registered_meter import RegisteredMeter
from gateway.core.remembered import Forgotten, recall
from gateway.own_folder import change_key, open_own_journal, own_keys
from gateway.service.certified_uplink import CertifiedUplink
from gateway.service.clock_tender import ClockTender
from gateway.service.commander import Commander
from gateway.service.consent_orders import ConsentOrders
from gateway.service.forwarder import Forwarder
from gateway.service.group_commit import GroupCommit
from gateway.service.health import Health
from gateway.service.inbox import Inbox
from gateway.service.key_orders import KeyOrders
from gateway.service.line_turns import LineTurns
from gateway.service.meter_desk import SUPPLY, MeterDesk, name_of, port_line
from gateway.service.meter_orders import MeterOrders
from gateway.service.meter_watch import MeterWatch
from gateway.service.pipeline import Pipeline
from gateway.service.poller import Poller
from gateway.service.ports import Loop, Uplink
from gateway.service.probe_watch import ProbeWatch
from gateway.service.push_watch import PushWatch, Speaker
from gateway.service.setting_orders import SettingOrders
from gateway.service.supervisor import Supervisor
from gateway.service.uplink_desk import UplinkDesk
from runtime import VERSION, logs
from runtime.clock import Clock, check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused
from runtime.program import end_at_once, stop_on_signals
from wire.commands import ChangeSetting, PingMeter, ReadNow, RotateKey, SetConsent

log = logs.get(__name__)


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


def run_gateway(settings_path: Path) -> int:
    """Run the gateway of a state folder, or of a settings file, until SIGTERM; raises LamplightError."""
    parts = prepare(settings_path)
    logs.configure(parts.settings.log_level)
    stop = threading.Event()
    stop_on_signals(stop.set)
    with folder_lock.held(parts.settings.files.journal.parent), closing(open_journal(parts)) as journal:
        log.info(
            "gateway_started",
            gateway=parts.keys.gateway,
            software=VERSION,
            gen=journal.gen,
            boot=journal.boot,
            meters=len(parts.meters),
            probe=parts.settings.probe.port or "none",
            waiting=journal.waiting(),
        )
        try:
            Supervisor(assemble(parts, journal), parts.clock).run(stop)
        except LoopHung as hung:
            end_at_once(hung)  # no tidying up: what hangs may hold the journal's lock
        log.info("gateway_stopped", waiting=journal.waiting())
    return 0


def prepare(settings_path: Path) -> Parts:
    """Everything a person prepared, each piece checked; nothing is written. Raises LamplightError."""
    settings = load_settings(settings_path)
    clock = clock_from_environment()
    check_clock_is_set(clock)
    keys = own_keys(settings)
    book = Registry(settings.files.registry)
    meters = _meters(book, settings.files.registry)
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


def _meters(book: Registry, where: Path) -> tuple[tuple[RegisteredMeter, MeterProfile], ...]:
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


def assemble(parts: Parts, journal: Journal) -> tuple[Loop, ...]:
    """The loops, joined and not yet running."""
    inbox = Inbox()
    watches = {meter.number: MeterWatch() for meter, _ in parts.meters}
    lines: defaultdict[str, LineTurns] = defaultdict(LineTurns)
    pollers = tuple(
        _poller(parts, meter, profile, lines[meter.port], watches[meter.number], inbox)
        for meter, profile in parts.meters
        if meter.port
    )
    desks = tuple(
        MeterDesk(
            meter,
            _rules(parts, meter, profile),
            watches[meter.number],
            backfill=timedelta(days=parts.settings.meter.backfill_days),
            log_days=parts.settings.meter.log_days,
        )
        for meter, profile in parts.meters
    )
    machine = Machine(parts.settings.files.journal, dropped=lambda: inbox.dropped, refused=journal.refused)
    health = Health(clock=parts.clock, every=parts.settings.heartbeat, software=VERSION, machine=machine)
    uplink = UplinkDesk(timedelta(seconds=parts.settings.uplink.fault_after_s))
    pipeline = Pipeline(
        book=GroupCommit(journal, parts.clock, longest_s=parts.settings.journal.group_s),
        desks=desks,
        meter_book=parts.meter_book,
        health=health,
        uplink=uplink,
        inbox=inbox,
        clock=parts.clock,
    )
    probe = (_probe(parts, journal, inbox),) if parts.settings.probe.port else ()
    asked = tuple(watches[meter.number] for meter, _ in parts.meters if meter.port)
    retune = partial(_retune, parts, pollers, desks, health)
    commander = _commander(parts, journal, asked, retune, ConsentOrders(parts.meter_book, desks, watches, parts.clock))
    return (
        pipeline,
        *pollers,
        *_push_watches(parts, journal, watches, inbox),
        *probe,
        commander,
        _forwarder(parts, journal, uplink, commander),
    )


def _retune(
    parts: Parts, pollers: Sequence[Poller], desks: Sequence[MeterDesk], health: Health, settings: GatewaySettings
) -> None:
    """Let the running loops go by other settings: those that a command may change."""
    logs.set_level(settings.log_level)
    health.change_every(settings.heartbeat)
    for poller in pollers:
        poller.change_cadence(settings.meter.cadence, logs_every=timedelta(seconds=settings.meter.log_interval_s))
    for desk, (meter, profile) in zip(desks, parts.meters, strict=True):
        if meter.push:
            desk.rules = replace(desk.rules, push=_push_rules(settings, meter, profile))


def _commander(
    parts: Parts,
    journal: Journal,
    asked: Sequence[MeterWatch],
    retune: Callable[[GatewaySettings], None],
    consents: ConsentOrders,
) -> Commander:
    """What obeys: a handler for each operation of `wire.commands` that this gateway has somebody for."""
    settings = parts.settings
    meters = MeterOrders(asked, clock=parts.clock, within_s=2 * settings.meter.read_deadline_s)
    changes = SettingOrders(partial(order_setting, parts.path), retune)
    keys = KeyOrders(partial(change_key, settings, parts.keys, journal))
    return Commander(
        gateway=parts.keys.gateway,
        authority=parts.enrolment.authority,
        memory=CommandFile(settings.files.commands),
        book=journal,
        orders={
            PingMeter: meters.ping,
            ReadNow: meters.read,
            ChangeSetting: changes.change,
            SetConsent: consents.set,
            RotateKey: keys.rotate,
        },
        clock=parts.clock,
        uncertainty_ms=settings.clock.trusted_within_ms,
    )


def _push_watches(
    parts: Parts, journal: Journal, watches: Mapping[int, MeterWatch], inbox: Inbox
) -> Iterator[PushWatch]:
    """A listener for each push port, with the meters that may speak there."""
    ports: defaultdict[str, list[tuple[RegisteredMeter, MeterProfile]]] = defaultdict(list)
    for meter, profile in parts.meters:
        if meter.push:
            ports[meter.push].append((meter, profile))
    for port, meters in ports.items():
        address, settings = parse_push_address(port), meters[0][1].push
        yield PushWatch(
            port=port,
            open_port=partial(open_push_port, address, settings, parts.clock.monotonic),
            speakers=tuple(_speaker(parts, meter, profile, watches[meter.number]) for meter, profile in meters),
            is_own_line=isinstance(address, SerialAddress),
            refused=_refused_at(journal, port),
            inbox=inbox,
            clock=parts.clock,
            chance=random.Random(),  # noqa: S311 - as above
        )


def _speaker(parts: Parts, meter: RegisteredMeter, profile: MeterProfile, watch: MeterWatch) -> Speaker:
    layouts = layouts_for(profile.push, parts.layouts)

    def new_stream() -> PushStream:
        return stream_for(profile.push, parts.meter_keys.of(meter.number), layouts)

    return Speaker(
        number=meter.number,
        watch=watch,
        new_stream=new_stream,
        key_name=parts.meter_keys.key_name(meter.number),
    )


def _refused_at(journal: Journal, port: str) -> tuple[tuple[str, int], ...]:
    """What the journal knows of a push port's refusals."""
    line = journal.recall(port_line(port))
    try:
        return () if line is None else recall(PushRecord, line).refused
    except Forgotten:
        return ()


def _rules(parts: Parts, meter: RegisteredMeter, profile: MeterProfile) -> MeterRules:
    settings = parts.settings
    return MeterRules(
        profile=profile,
        supply=interruption.Limits(
            hold_off=timedelta(seconds=settings.supply.hold_off_s),
            restored_hold=timedelta(seconds=settings.supply.restored_hold_s),
            band_low_mv=profile.supply.lowest_mv,
            band_high_mv=profile.supply.highest_mv,
            absent_below_mv=profile.supply.nominal_mv // 10,
        ),
        doubt=validation.Limits(supply=profile.supply),
        codes=parts.codes,
        zone=parts.zone,
        push=_push_rules(settings, meter, profile) if meter.push else None,
        disclosure=Disclosure(
            billing_period_s=parts.enrolment.billing_period_s, zone=parts.zone, consent=meter.consent
        ),
    )


def _push_rules(settings: GatewaySettings, meter: RegisteredMeter, profile: MeterProfile) -> PushRules:
    return PushRules(
        interval=timedelta(seconds=profile.push.interval_s),
        every=timedelta(seconds=settings.meter.poll_interval_s),
        close=timedelta(seconds=settings.meter.close_interval_s),
        is_asked=bool(meter.port),
    )


def _poller(
    parts: Parts, meter: RegisteredMeter, profile: MeterProfile, line: LineTurns, watch: MeterWatch, inbox: Inbox
) -> Poller:
    settings, identity = parts.settings.meter, parts.identities[meter.number]
    session = meter_session(
        meter.port,
        profile,
        clock=parts.clock,
        deadline_s=settings.read_deadline_s,
        identity=identity.now,
        renewal=identity.renewal,
    )
    return Poller(
        number=meter.number,
        session=session,
        line=line,
        watch=watch,
        inbox=inbox,
        clock=parts.clock,
        cadence=settings.cadence,
        chance=random.Random(),  # noqa: S311 - it spreads waits, it keeps no secret
        logs=profile.logs,
        logs_every=timedelta(seconds=settings.log_interval_s),
        clock_tender=_clock_tender(parts, meter.number, profile, session),
    )


def _clock_tender(parts: Parts, number: int, profile: MeterProfile, session: MeterSession) -> ClockTender | None:
    """What sets the meter's clock, where the utility wants that; never one whose own clock nothing sets."""
    settings, own = parts.settings.meter, parts.settings.clock
    if not settings.set_clock or own.source == "none" or not isinstance(session, DlmsMeter):
        return None
    return ClockTender(
        number=number,
        profile=profile,
        policy=ClockPolicy(
            sets=True,
            beyond=timedelta(seconds=settings.set_clock_beyond_s),
            up_to=timedelta(seconds=settings.set_clock_up_to_s),
        ),
        own_uncertainty=timedelta(milliseconds=own.uncertainty_ms),
        set_clock=partial(set_clock, session, profile, parts.clock),
        clock=parts.clock,
    )


def _probe(parts: Parts, journal: Journal, inbox: Inbox) -> ProbeWatch:
    settings = parts.settings.probe
    return ProbeWatch(
        open_port=lambda: SerialPort(settings.port, settings.baud),
        newest_edge=_newest_edge(parts, journal),
        inbox=inbox,
        clock=parts.clock,
        chance=random.Random(),  # noqa: S311 - as above
    )


def _newest_edge(parts: Parts, journal: Journal) -> Callable[[], EdgeId | None]:
    """What the journal knows of the probe's edges; every meter's line knows the same."""
    name = name_of(SUPPLY, parts.meters[0][0].number)

    def ask() -> EdgeId | None:
        line = journal.recall(name)
        try:
            return None if line is None else recall(InterruptionState, line).newest_edge
        except Forgotten:
            return None

    return ask


def _forwarder(parts: Parts, journal: Journal, desk: UplinkDesk, commander: Commander) -> Forwarder:
    settings = parts.settings.uplink
    return Forwarder(
        outbox=journal,
        uplink=_uplink(parts, journal),
        receipt_key=parts.enrolment.receipt_key,
        window_rows=settings.window_rows,
        resend=Patience(first_s=settings.resend_after_s, longest_s=settings.longest_resend_s),
        reconnect=Patience(first_s=settings.reconnect_after_s, longest_s=settings.longest_reconnect_s),
        clock=parts.clock,
        chance=random.Random(),  # noqa: S311 - as above
        tell=desk.saw,
        hear=commander.hear,
    )


def _uplink(parts: Parts, journal: Journal) -> Uplink:
    """The way to the broker; where a certificate opens it, one that keeps the certificate fresh."""
    settings, enrolment, gateway = parts.settings.uplink, parts.enrolment, parts.keys.gateway
    uplink = MqttUplink(
        enrolment,
        gateway,
        parts.clock,
        keepalive_s=settings.keepalive_s,
        version=settings.mqtt,
        most_bytes=settings.largest_message_bytes,
    )
    if (certified := enrolment.certified) is None:
        return uplink
    from gateway.adapters.tls_identity import RenewedIdentity, TlsIdentity  # it needs X.509, which is slow to load

    identity = TlsIdentity(certified.file)
    renewed = RenewedIdentity(
        identity=identity, authority=certified.authority, gateway=gateway, signer=lambda: journal.signer
    )
    return CertifiedUplink(uplink, renewed, gateway, parts.clock)
