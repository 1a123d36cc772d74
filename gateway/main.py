"""The one place that joins the gateway: settings and files in, adapters built, handed to the loops, and run.

Everything a person must mend is found before the first thread starts, and ends as one line. What the field brings (no
meter on the port, no probe, no broker, a full disk) does not end the gateway: it says so once and goes on.
"""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from gateway.adapters import folder_lock
from gateway.adapters.command_file import CommandFile
from gateway.adapters.dlms_clock import set_clock
from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.journal import Journal
from gateway.adapters.machine import Machine
from gateway.adapters.meter_session import meter_session
from gateway.adapters.mqtt import MqttUplink
from gateway.adapters.push_ports import open_push_port
from gateway.adapters.serial_port import SerialPort
from gateway.config import GatewaySettings, order_setting
from gateway.core import interruption, validation
from gateway.core.clock.policy import ClockPolicy
from gateway.core.conclusions import MeterRules, PushRules
from gateway.core.disclosure import Disclosure
from gateway.core.errors import LoopHung
from gateway.core.interruption import InterruptionState
from gateway.core.line_address import SerialAddress
from gateway.core.meter_profile import MeterProfile
from gateway.core.observations import EdgeId
from gateway.core.patience import Patience
from gateway.core.ports import MeterSession, PushStream
from gateway.core.push.address import parse_push_address
from gateway.core.push.pushes import PushRecord
from gateway.core.push.streams import layouts_for, stream_for
from gateway.core.registered_meter import RegisteredMeter
from gateway.core.remembered import Forgotten, recall
from gateway.own_folder import change_key
from gateway.parts import Parts, open_journal, prepare
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
from runtime.program import end_at_once, stop_on_signals
from wire.commands import ChangeSetting, PingMeter, ReadNow, RotateKey, SetConsent

log = logs.get(__name__)


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
