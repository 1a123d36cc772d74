"""Every event of the catalogue as it would leave the house."""

from cloud.outward.original import Original
from tests.unit.wire.golden import SIGNERS, records
from wire.envelope import Purpose, parse, seal
from wire.record import decode_record, encode_record


def originals(key="P-256"):
    """One original for each golden event, signed by this kind of key."""
    signer = SIGNERS[key]
    sealed = [seal(encode_record(record), signer, Purpose.EVENT) for record in records(key)]
    return [
        Original(record=decode_record(parse(each).payload), sealed=each, usage_point="UP-1", spki=signer.public.spki)
        for each in sealed
    ]
