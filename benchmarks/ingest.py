"""Events that a CPU second takes in, verified and committed on SQLite, beside the signature check's own limit.

The events are signed before the clock runs. They go to the very intake that `serve` runs, in the batches its connection
makes; after each batch as many bare signature checks are timed, so that a busy machine slows both alike. Only this
process's CPU counts. Every event must then stand in the database, and every gateway must have its receipts.

Beside it similar work in Node-RED, where npm is (`benchmarks.node_red`): it checks the same signatures with node's own
crypto and keeps the same octets in SQLite, but has no chain, registry, receipt or strict form to look after.
"""

import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy import func, select

from benchmarks import node_red
from benchmarks.report import Row, main
from cloud.ingest.consumer import MAX_BATCH
from cloud.ingest.service import Intake, Message
from cloud.ingest.store import intake_table
from cloud.kernel.db import Database
from runtime.clock import SystemClock
from tests.fakes_cloud import FakeGateway, fresh_database, register
from wire.envelope import Purpose, parse, signed_bytes
from wire.events import RegisterReadings
from wire.keys import SoftwareSigner
from wire.units import Quantity

GATEWAYS: Final = 20
AIM: Final = 0.5
_READ: Final = RegisterReadings(
    at_ms=1_795_284_000_000, values=((Quantity.ENERGY_IMPORT_WH, 12_345_678), (Quantity.VOLTAGE_L1_MV, 230_100))
)
_ECDSA: Final = ec.ECDSA(hashes.SHA256())

Check = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Per CPU second: events taken in, and signatures that can be checked at all."""

    taken: float
    limit: float


def measure(full: bool) -> list[Row]:
    """Both rates, and Node-RED's."""
    gateways = [FakeGateway(meter=f"LMP{number:08d}") for number in range(GATEWAYS)]
    rounds = 2_000 if full else 250
    messages = [gateway.say(_READ) for _ in range(rounds) for gateway in gateways]
    rates = _ours(gateways, messages)
    pems = {str(gateway.id): gateway.public.to_pem().decode() for gateway in gateways}
    peer = node_red.events_per_cpu_s(pems, messages[: 20_000 if full else 3_000], MAX_BATCH, install=full)
    share = rates.taken / rates.limit
    return [
        Row(
            what="events taken in",
            ours=rates.taken,
            beside=rates.limit,
            beside_name="bare signature checks",
            unit="/CPU s",
            less_is_better=False,
            key="events_per_cpu_s",
        ),
        Row(
            what="the signature check's own limit",
            ours=rates.limit,
            beside=0.0,
            beside_name="",
            unit="/CPU s",
            less_is_better=False,
            key="signature_limit_per_cpu_s",
        ),
        Row(
            what="share of that limit, aim",
            ours=share * 100,
            beside=AIM * 100,
            beside_name="aim",
            unit="%",
            less_is_better=False,
            key="share_of_limit_percent",
        ),
        Row(
            what=f"in Node-RED: {peer.told}",
            ours=peer.rate,
            beside=rates.taken,
            beside_name="ours",
            unit="/CPU s",
            less_is_better=False,
            key="node_red_events_per_cpu_s",
        ),
    ]


def _ours(gateways: Sequence[FakeGateway], messages: Sequence[Message]) -> Rates:
    logging.disable(logging.INFO)
    owners = {str(gateway.id): gateway for gateway in gateways}
    taken_s = checked_s = 0.0
    with tempfile.TemporaryDirectory() as folder, fresh_database(Path(folder)) as database:
        for gateway in gateways:
            register(database, gateway)
        signer = SoftwareSigner.generate()
        intake = Intake(database=database, clock=SystemClock(), signer=signer, on_commit=_nobody_waits)
        for batch in _batches(messages):
            checks = [_check(owners[message.topic.split("/")[2]], message) for message in batch]
            taken_s += _cpu_s(partial(_all_receipted, intake, batch))
            checked_s += _cpu_s(partial(_do_all, checks))
        _must_hold_all(database, len(messages))
    return Rates(taken=len(messages) / taken_s, limit=len(messages) / checked_s)


def _batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for start in range(0, len(messages), MAX_BATCH):
        yield messages[start : start + MAX_BATCH]


def _all_receipted(intake: Intake, batch: Sequence[Message]) -> None:
    receipts = intake.take(batch)
    if len(receipts) != len({message.topic for message in batch}):
        raise RuntimeError("a lane has no receipt")


def _do_all(checks: Sequence[Check]) -> None:
    for check in checks:
        check()


def _check(gateway: FakeGateway, message: Message) -> Check:
    """One bare signature check, everything about it made ready."""
    parsed = parse(message.payload)
    r, s = parsed.signature[:32], parsed.signature[32:]
    signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    data = signed_bytes(parsed.protected, parsed.payload, Purpose.EVENT)
    key = gateway.public.for_agreement()
    return lambda: key.verify(signature, data, _ECDSA)


def _cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _must_hold_all(database: Database, count: int) -> None:
    with database.read() as connection:
        held = connection.execute(select(func.count()).select_from(intake_table)).scalar_one()
    if held != count:
        raise RuntimeError(f"{held} of {count} events are stored")


def _nobody_waits() -> None:
    return None


if __name__ == "__main__":
    sys.exit(main("ingest", measure))
