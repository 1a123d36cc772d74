"""The golden vectors hold bit for bit, and none is believed with a bit flipped."""

import pytest

from tests.unit.wire.golden import FOLDER, SIGNERS, TLS_KEY, pair, receipt, records, stored, vectors
from wire.certificate_request import open_request
from wire.envelope import Purpose, parse, verify
from wire.ids import gateway_id_of
from wire.receipts import open_receipt
from wire.record import decode_record
from wire.refusals import WireRefused

STORED = stored()
WHOLLY_FLIPPED = (
    "event-01-SupplyLost-P-256",
    "receipt-P-256",
)  # the benchmark `forgery` flips every bit of all


def test_todays_code_writes_the_stored_bytes():
    written = {f"{vector.name}.cbor": vector.envelope for vector in (*vectors(), pair())}
    written |= {f"{vector.name}.json": vector.text.encode() for vector in (*vectors(), pair())}
    written |= {f"{key}.pem": signer.public.to_pem() for key, signer in SIGNERS.items()}

    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == written


@pytest.mark.parametrize("key", SIGNERS)
def test_a_stored_event_reads_back_as_the_record_it_was(key):
    stored = [row.envelope for row in STORED if row.key == key and row.purpose == "event"]

    read = tuple(decode_record(parse(envelope).payload) for envelope in stored)

    assert read == records(key)


@pytest.mark.parametrize("key", SIGNERS)
def test_a_stored_receipt_reads_back(key):
    (row,) = [row for row in STORED if row.key == key and row.purpose == "receipt"]

    assert open_receipt(row.envelope, SIGNERS[key].public) == receipt(key)


@pytest.mark.parametrize("key", SIGNERS)
def test_a_stored_request_brings_its_tls_key(key):
    (row,) = [row for row in STORED if row.key == key and row.purpose == "certificate"]
    signer = SIGNERS[key].public

    assert open_request(row.envelope, signer, gateway_id_of(signer.spki)) == TLS_KEY.public_key()


@pytest.mark.parametrize("row", STORED, ids=lambda row: row.name)
def test_a_flipped_bit_is_refused_wherever_it_is(row):
    key, envelope = SIGNERS[row.key].public, row.envelope
    purpose = Purpose[row.purpose.upper()]
    every = 1 if row.name in WHOLLY_FLIPPED else 31  # odd: each bit of an octet has its turn

    accepted = [bit for bit in range(0, 8 * len(envelope), every) if _accepts(_flip(envelope, bit), key, purpose)]

    assert accepted == []
    assert _accepts(envelope, key, purpose)


def test_a_supply_lost_event_is_small_enough_for_any_uplink():
    sizes = {row.says["event"]: len(row.envelope) for row in STORED if row.purpose == "event"}

    assert sizes["SupplyLost"] <= 200
    assert sizes["InterruptionAssessed"] <= 1_000


def _flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _accepts(envelope, key, purpose):
    try:
        verify(parse(envelope), key, purpose)
    except WireRefused:
        return False
    return True
