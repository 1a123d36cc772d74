"""What one signed event costs to seal and to open, beside an independent COSE library; sizes beside their limits."""

import sys
import time
from collections.abc import Callable

import cwt

from benchmarks.report import Row, main
from wire.envelope import Purpose, parse, seal, verify
from wire.events import Evidence, InterruptionAssessed, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.record import ClockSource, Link, Record, Stamp, decode_record, encode_record
from wire.terms import Cause, EvidenceKind, Grade, Lane, Stage

AT_MS = 1_795_284_000_000


def measure(full: bool) -> list[Row]:
    """Best of several rounds, since the machine is shared; both sides take turns in the same process."""
    signer = SoftwareSigner.generate()
    payload = encode_record(_record(signer, SupplyLost(began_at_ms=AT_MS, input_mv=412)))
    sealed = seal(payload, signer, Purpose.EVENT)
    key_id = signer.public.key_id
    private = cwt.COSEKey.from_pem(signer.to_pem().decode(), alg="ESP256", kid=key_id)
    public = cwt.COSEKey.from_pem(signer.public.to_pem().decode(), alg="ESP256", kid=key_id)
    peer = cwt.COSE.new()
    aad = Purpose.EVENT.value

    def open_ours() -> None:
        parsed = parse(sealed)
        verify(parsed, signer.public, Purpose.EVENT)
        decode_record(parsed.payload)

    def seal_theirs() -> None:
        peer.encode_and_sign(payload, private, protected={1: -9, 4: key_id}, unprotected={}, external_aad=aad)

    rounds, calls = (20, 500) if full else (6, 150)
    ours_seal, theirs_seal = _best(rounds, calls, lambda: seal(payload, signer, Purpose.EVENT), seal_theirs)
    ours_open, theirs_open = _best(rounds, calls, open_ours, lambda: peer.decode(sealed, public, external_aad=aad))
    verdict = seal(encode_record(_record(signer, _widest_verdict())), signer, Purpose.EVENT)
    return [
        Row(what="seal one event", ours=ours_seal, beside=theirs_seal, beside_name="cwt", unit="us"),
        Row(what="open and read one event", ours=ours_open, beside=theirs_open, beside_name="cwt, unread", unit="us"),
        Row(what="SupplyLost, signed", ours=len(sealed), beside=200, beside_name="", unit="bytes", is_limit=True),
        Row(what="verdict, 32 evidences", ours=len(verdict), beside=1000, beside_name="", unit="bytes", is_limit=True),
    ]


def _record(signer: SoftwareSigner, event: SupplyLost | InterruptionAssessed) -> Record:
    link = Link(gateway=gateway_id_of(signer.public.spki), gen=1, lane=Lane.ALARM, seq=70_000, prev=bytes(16))
    stamp = Stamp(at_ms=AT_MS, source=ClockSource.NTP, uncertainty_ms=50, mono_ms=2**33, boot=300)
    return Record(link=link, stamp=stamp, subject="LAM00012345678", event=event)


def _widest_verdict() -> InterruptionAssessed:
    evidence = Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_000, age_ms=60_000)
    return InterruptionAssessed(
        began_at_ms=AT_MS,
        cause=Cause.SUPPLY_INTERRUPTED,
        stage=Stage.CONFIRMED,
        grade=Grade.STRONG,
        evidence=(evidence,) * 32,
    )


def _best(rounds: int, calls: int, *contenders: Callable[[], object]) -> tuple[float, ...]:
    """Microseconds of CPU per call, the best round of each contender, taken in turn."""
    best = [float("inf")] * len(contenders)
    for _ in range(rounds):
        for index, contender in enumerate(contenders):
            began = time.process_time()
            for _ in range(calls):
                contender()
            best[index] = min(best[index], (time.process_time() - began) / calls * 1e6)
    return tuple(best)


if __name__ == "__main__":
    sys.exit(main("wire", measure))
