"""The golden vectors: envelopes whose bytes must never change. `python -m tests.unit.wire.golden` writes them anew.

Each is two files: the octets as they go over the wire (.cbor), and beside them what they say (.json).

The keys are published test keys (RFC 6979, A.2.5 for P-256; RFC 8032, 7.1 test 1 for Ed25519): no secret is here.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import wire
from wire.bodies import event_name, facts
from wire.certificate_request import seal_request
from wire.chain import genesis
from wire.codec import decode
from wire.commands import (
    OPERATIONS,
    AuthorityKey,
    ChangeSetting,
    Command,
    KnownOperation,
    PingMeter,
    ReadNow,
    Role,
    RotateKey,
    SetConsent,
    open_command,
    seal_command,
)
from wire.envelope import Purpose, link_hash, parse, seal
from wire.events import (
    CommandAnswered,
    Event,
    EventsDropped,
    EventSetAside,
    Evidence,
    GatewayHealth,
    GatewayStarted,
    Heartbeat,
    InterruptionAssessed,
    IntervalReadings,
    JournalBegunAnew,
    KeyAnnounced,
    LaneHead,
    MeterAlarmLogged,
    MeterEventLogged,
    MeterFitted,
    MeterReachable,
    MeterRemoved,
    MeterUnreachable,
    RegisterReadings,
    SupplyDipped,
    SupplyLost,
    SupplyRestored,
    UnusualUse,
    VoltageOutOfBand,
)
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.meter_log import ClockQuality, MeterEventKind
from wire.receipts import Receipt, seal_receipt
from wire.record import ClockSource, Link, Record, Stamp, encode_record
from wire.terms import (
    Cause,
    CommandOutcome,
    Disconnector,
    DropReason,
    EvidenceKind,
    Grade,
    JournalLoss,
    Lane,
    LinkFault,
    ReadingSource,
    SetAsideReason,
    Stage,
    UseKind,
    UseStage,
    VoltageLimit,
)
from wire.units import Quantity

FOLDER = Path(wire.__file__).parent / "schema" / "vectors"
_P256 = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
_ED25519 = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
SIGNERS = {
    "P-256": SoftwareSigner(ec.derive_private_key(_P256, ec.SECP256R1())),
    "Ed25519": SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(_ED25519))),
}
TLS_KEY = ec.derive_private_key(_P256 - 1, ec.SECP256R1())
BEGAN_AT_MS = 1_795_284_000_000  # 2026-11-21T18:00:00Z
METER = "LAM00012345678"

EVENTS: tuple[Event, ...] = (
    SupplyLost(began_at_ms=BEGAN_AT_MS, input_mv=412),
    InterruptionAssessed(
        began_at_ms=BEGAN_AT_MS,
        cause=Cause.SUPPLY_INTERRUPTED,
        stage=Stage.CONFIRMED,
        grade=Grade.STRONG,
        evidence=(
            Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=0, age_ms=2_100),
            Evidence(kind=EvidenceKind.INPUT_VOLTAGE, value=412, age_ms=900),
            Evidence(kind=EvidenceKind.METER_ANSWERS, value=0, age_ms=0),
            Evidence(kind=EvidenceKind.METER_LINK, value=LinkFault.SILENT, age_ms=0),
            Evidence(kind=EvidenceKind.POWER_FAILURES, value=1, age_ms=0),
        ),
    ),
    SupplyRestored(
        began_at_ms=BEGAN_AT_MS,
        restored_at_ms=BEGAN_AT_MS + 754_000,
        held_s=60,
        voltages_mv=(230_100, 229_800, 230_400),
        disconnector=Disconnector.CLOSED,
        power_failures=13,
    ),
    SupplyDipped(began_at_ms=BEGAN_AT_MS, duration_ms=740),
    IntervalReadings.of(BEGAN_AT_MS, 3600, Quantity.ENERGY_IMPORT_WH, (212, 240, 1180, 1633, 590, 0)),
    RegisterReadings(
        at_ms=BEGAN_AT_MS, values=((Quantity.ENERGY_IMPORT_WH, 18_204_113), (Quantity.VOLTAGE_L1_MV, 230_100))
    ),
    GatewayStarted(software="0.1.0", boot=7),
    Heartbeat(heads=(LaneHead(lane=Lane.ALARM, seq=3, head=bytes(range(16))),), uptime_s=86_400, pending=2),
    MeterUnreachable(since_ms=BEGAN_AT_MS, reason=LinkFault.SILENT),
    MeterReachable(silent_for_ms=754_000),
    InterruptionAssessed(
        began_at_ms=BEGAN_AT_MS,
        cause=Cause.OWN_BREAKER,
        stage=Stage.CONFIRMED,
        grade=Grade.FAIR,
        evidence=(
            Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_100, age_ms=0),
            Evidence(kind=EvidenceKind.DISCONNECTOR, value=Disconnector.CLOSED, age_ms=0),
            Evidence(kind=EvidenceKind.METER_LOAD, value=0, age_ms=0),
        ),
    ),
    InterruptionAssessed(
        began_at_ms=BEGAN_AT_MS,
        cause=Cause.WAN_FAULT,
        stage=Stage.PROVISIONAL,
        grade=Grade.FAIR,
        evidence=(
            Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=0),
            Evidence(kind=EvidenceKind.UPLINK, value=0, age_ms=30_000),
        ),
    ),
    UnusualUse(
        kind=UseKind.SUSTAINED,
        stage=UseStage.RAISED,
        began_at_ms=BEGAN_AT_MS,
        noticed_at_ms=BEGAN_AT_MS + 64_800_000,
        observed_wh=31_870,
        usual_wh=15_340,
        period_s=86_400,
        score_milli=1_204,
    ),
    InterruptionAssessed(
        began_at_ms=BEGAN_AT_MS,
        cause=Cause.SUPPLY_INTERRUPTED,
        stage=Stage.CONFIRMED,
        grade=Grade.FAIR,
        evidence=(Evidence(kind=EvidenceKind.METER_LAST_GASP, value=1, age_ms=120),),
    ),
    MeterAlarmLogged(
        kind=MeterEventKind.SUPPLY_FAILED,
        occurred_at_ms=BEGAN_AT_MS + 754_000,
        clock=ClockQuality.GOOD,
        family="dsmr",
        log="power-failure",
        raw_code=0,
        cim=(3, 26, 0, 85),
        phase=None,
        duration_ms=754_000,
    ),
    MeterAlarmLogged(
        kind=MeterEventKind.PHASE_LOST,
        occurred_at_ms=BEGAN_AT_MS,
        clock=ClockQuality.DOUBTFUL,
        family="idis",
        log="power-quality",
        raw_code=83,
        cim=(3, 26, 25, 85),
        phase=2,
        duration_ms=None,
    ),
    MeterEventLogged(
        kind=MeterEventKind.OTHER,
        occurred_at_ms=None,
        clock=ClockQuality.INVALID,
        family="generic",
        log="standard",
        raw_code=65_000,
        cim=None,
        phase=None,
        duration_ms=None,
    ),
    RegisterReadings(
        at_ms=BEGAN_AT_MS, values=((Quantity.ENERGY_IMPORT_WH, 18_204_113),), source=ReadingSource.UNAUTHENTICATED
    ),
    EventsDropped(of_lane=Lane.READINGS, first_seq=2, last_seq=40, head=bytes(range(16, 32)), reason=DropReason.FULL),
    JournalBegunAnew(previous_gen=1, reason=JournalLoss.DAMAGED),
    KeyAnnounced(
        spki=bytes(range(91)),
        proof=bytes(range(64)),
        heads=(LaneHead(lane=Lane.READINGS, seq=40, head=bytes(range(16, 32))),),
    ),
    MeterFitted(number=3, profile="dsmr5", since_ms=BEGAN_AT_MS),
    MeterRemoved(number=3, noticed_at_ms=BEGAN_AT_MS),
    GatewayHealth(
        disk_free_kb=21_400_000,
        journal_kb=512,
        memory_kb=55_900,
        temperature_mc=48_300,
        reports_dropped=0,
        events_refused=0,
    ),
    EventSetAside(of_code=100, size=61_440, reason=SetAsideReason.TOO_LARGE),
    CommandAnswered(command=bytes(range(16)), outcome=CommandOutcome.DONE, detail="meter 1 answers", took_ms=1_840),
    VoltageOutOfBand(
        stage=UseStage.RAISED,
        phase=2,
        limit=VoltageLimit.LOW,
        limit_mv=207_000,
        began_at_ms=BEGAN_AT_MS,
        noticed_at_ms=BEGAN_AT_MS + 600_000,
        extreme_mv=198_400,
    ),
)


OPERATIONS_ORDERED: tuple[KnownOperation, ...] = (
    PingMeter(meter=METER),
    ReadNow(meter=METER),
    ChangeSetting(name="meter.poll_interval_s", value="30"),
    ChangeSetting(name="meter.poll_interval_s"),
    SetConsent(meter=METER, finest_period_s=900, until_ms=BEGAN_AT_MS + 86_400_000),
    SetConsent(meter=METER),
)


def command(key: str, operation: KnownOperation) -> Command:
    """A command to the gateway of this key."""
    return Command(
        gateway=gateway_id_of(SIGNERS[key].public.spki),
        number=1_795_284_000,
        not_before_ms=BEGAN_AT_MS,
        expires_ms=BEGAN_AT_MS + 600_000,
        actor="ana@utility.example",
        role=OPERATIONS[type(operation)],
        operation=operation,
    )


def records(key: str) -> tuple[Record, ...]:
    """The events as one gateway would number them: a chain in each lane."""
    signer = SIGNERS[key]
    start = genesis(signer.public.spki)
    heads = dict.fromkeys(Lane, (start.seq, start.hash))
    chained = []
    for event in EVENTS:
        seq, head = heads[event.lane]
        link = Link(gateway=gateway_id_of(signer.public.spki), gen=1, lane=event.lane, seq=seq + 1, prev=head)
        stamp = Stamp(at_ms=BEGAN_AT_MS + 2_100, source=ClockSource.NTP, uncertainty_ms=50, mono_ms=86_400_000, boot=7)
        record = Record(link=link, stamp=stamp, subject=METER, event=event)
        heads[event.lane] = (seq + 1, link_hash(parse(seal(encode_record(record), signer, Purpose.EVENT))))
        chained.append(record)
    return tuple(chained)


def receipt(key: str) -> Receipt:
    """A receipt for the last alarm of the chain."""
    gateway = gateway_id_of(SIGNERS[key].public.spki)
    return Receipt(gateway=gateway, gen=1, lane=Lane.ALARM, seq=3, head=bytes(range(16)), at_ms=BEGAN_AT_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One envelope: `key` names the signer, `purpose` what it is for, `says` is what a reader must find in it."""

    name: str
    key: str
    purpose: str
    envelope: bytes
    says: dict[str, object]

    @property
    def text(self) -> str:
        """What stands in the file beside the octets."""
        return json.dumps({"key": self.key, "purpose": self.purpose, **self.says}, indent=1) + "\n"


def vectors() -> list[Vector]:
    """An envelope for each event and each other purpose, by each kind of key."""
    return [
        vector
        for key, signer in SIGNERS.items()
        for vector in (*_events(key, signer), _receipt(key, signer), *_commands(key, signer), _request(key, signer))
    ]


def pair() -> Vector:
    """A command under two signatures."""
    envelope = seal_command(command("P-256", RotateKey()), tuple(SIGNERS.values()))
    return _command(" and ".join(SIGNERS), "cosigned-RotateKey", envelope)


def stored() -> list[Vector]:
    """The vectors as the files hold them, in the order of their names."""
    return [_stored(path) for path in sorted(FOLDER.glob("*.cbor")) if not path.name.startswith("cosigned")]


def stored_pair() -> Vector:
    """The command under two signatures, as the file holds it."""
    return _stored(FOLDER / "cosigned-RotateKey.cbor")


def _events(key: str, signer: SoftwareSigner) -> Iterator[Vector]:
    for number, record in enumerate(records(key), start=1):
        envelope = seal(encode_record(record), signer, Purpose.EVENT)
        name = event_name(record.event)
        says = {"event": name, "link": str(record.link), "facts": facts(record.event)}
        says["link_hash"] = link_hash(parse(envelope)).hex()
        yield Vector(name=f"event-{number:02}-{name}-{key}", key=key, purpose="event", envelope=envelope, says=says)


def _receipt(key: str, signer: SoftwareSigner) -> Vector:
    said = receipt(key)
    says: dict[str, object] = {"gateway": said.gateway, "gen": said.gen, "lane": said.lane.name.lower()}
    says |= {"seq": said.seq, "head": said.head.hex(), "at_ms": said.at_ms}
    return Vector(
        name=f"receipt-{key}", key=key, purpose="receipt", envelope=seal_receipt(said, signer), says={"receipt": says}
    )


def _commands(key: str, signer: SoftwareSigner) -> Iterator[Vector]:
    for number, operation in enumerate(OPERATIONS_ORDERED, start=1):
        envelope = seal_command(command(key, operation), [signer])
        yield _command(key, f"command-{number}-{type(operation).__name__}-{key}", envelope)


def _command(key: str, name: str, envelope: bytes) -> Vector:
    """What a command says, as it reads back with the keys of both roles that are needed here."""
    authority = [AuthorityKey(role=Role.KEY_AUTHORITY, key=signer.public) for signer in SIGNERS.values()]
    signed = open_command(envelope, authority)
    said = signed.command
    says: dict[str, object] = {"gateway": said.gateway, "number": said.number, "not_before_ms": said.not_before_ms}
    says |= {"expires_ms": said.expires_ms, "operation": type(said.operation).__name__, **asdict(said.operation)}
    says |= {"actor": said.actor, "role": said.role.name.lower(), "id": signed.id.hex()}
    return Vector(name=name, key=key, purpose="command", envelope=envelope, says={"command": says})


def _request(key: str, signer: SoftwareSigner) -> Vector:
    """A request for a certificate of the TLS key `TLS_KEY`."""
    envelope = seal_request(TLS_KEY, signer, gateway_id_of(signer.public.spki))
    said = decode(parse(envelope).payload)
    assert isinstance(said, dict)
    says = {"version": said[1], "gateway": said[2], "pkcs10": said[3]}
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in says.items()}
    return Vector(
        name=f"certificate-request-{key}", key=key, purpose="certificate", envelope=envelope, says={"request": shown}
    )


def _stored(path: Path) -> Vector:
    says = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    key, purpose = says.pop("key"), says.pop("purpose")
    return Vector(name=path.stem, key=key, purpose=purpose, envelope=path.read_bytes(), says=says)


def main() -> None:
    """Write the files; a change of an existing one breaks every gateway in the field."""
    FOLDER.mkdir(exist_ok=True)
    for key, signer in SIGNERS.items():
        (FOLDER / f"{key}.pem").write_bytes(signer.public.to_pem())
    for vector in (*vectors(), pair()):
        (FOLDER / f"{vector.name}.cbor").write_bytes(vector.envelope)
        (FOLDER / f"{vector.name}.json").write_text(vector.text, encoding="utf-8")


if __name__ == "__main__":
    main()
