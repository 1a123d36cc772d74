"""Commands: what no key of the authority signed is none, and nothing is taken out of one form into another."""

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire.golden import OPERATIONS_ORDERED, SIGNERS, command, stored, stored_pair
from wire.codec import decode, encode
from wire.commands import (
    AuthorityKey,
    ChangeSetting,
    PingMeter,
    Role,
    RotateKey,
    UnknownOperation,
    id_of,
    open_command,
    seal_command,
)
from wire.cosigned import cosign, parse_pair
from wire.envelope import MAX_ENVELOPE_BYTES, Purpose, parse, seal
from wire.keys import SoftwareSigner
from wire.refusals import Reason, WireRefused

P256, ED25519 = SIGNERS.values()
STRANGER = SoftwareSigner.generate()
AUTHORITY = tuple(AuthorityKey(role=Role.KEY_AUTHORITY, key=signer.public) for signer in SIGNERS.values())
PING = command("P-256", PingMeter(meter="LMP1"))
ROTATE = command("P-256", RotateKey())


def refusal(envelope, authority=AUTHORITY):
    with pytest.raises(WireRefused) as refused:
        open_command(envelope, authority)
    return refused.value.reason


def flipped(octets, bit):
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("key", SIGNERS)
def test_a_stored_command_reads_back_as_it_was_ordered(key):
    rows = [row.envelope for row in stored() if row.purpose == "command" and row.key == key]

    read = [open_command(envelope, AUTHORITY).command for envelope in rows]

    assert read == [command(key, operation) for operation in OPERATIONS_ORDERED]


def test_a_command_under_two_signatures_reads_back_with_both_signers():
    signed = open_command(stored_pair().envelope, AUTHORITY)

    assert signed.command == ROTATE
    assert {each.key.key_id for each in signed.signed_by} == {P256.public.key_id, ED25519.public.key_id}


def test_an_answer_names_a_command_by_what_was_signed_and_not_by_who_signed():
    one, other = (open_command(seal_command(PING, [signer]), AUTHORITY) for signer in (P256, ED25519))

    assert one.id == other.id == id_of(parse(seal_command(PING, [P256])).payload)


def test_nobody_outside_the_authority_orders_anything():
    assert refusal(seal_command(PING, [STRANGER])) is Reason.UNKNOWN_KEY
    assert refusal(seal_command(ROTATE, [P256, STRANGER])) is Reason.UNKNOWN_KEY
    assert refusal(seal_command(PING, [P256]), ()) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.COMMAND])
def test_what_was_signed_for_another_purpose_is_no_command(purpose):
    payload = parse(seal_command(PING, [P256])).payload

    assert refusal(seal(payload, P256, purpose)) is Reason.BAD_SIGNATURE
    assert refusal(cosign(payload, [P256, ED25519], purpose)) is Reason.BAD_SIGNATURE


def test_one_signature_of_two_is_no_single_one_and_a_single_one_is_none_of_two():
    pair, alone = parse_pair(stored_pair().envelope), parse(seal_command(ROTATE, [P256]))
    (of_p256,) = [each for each in pair.signatures if each.key_id == P256.public.key_id]
    whole = seal_command(ROTATE, [P256])

    taken_out = whole[:-64] + of_p256.signature
    put_in = stored_pair().envelope.replace(of_p256.signature, alone.signature)

    assert refusal(taken_out) is Reason.BAD_SIGNATURE
    assert refusal(put_in) is Reason.BAD_SIGNATURE


def test_one_key_does_not_sign_twice():
    with pytest.raises(ValueError, match="two different keys"):
        seal_command(ROTATE, [P256, P256])

    halves = stored_pair().envelope
    twice = halves[:-84] + halves[-168:-84]

    assert refusal(twice) is Reason.NOT_AN_ENVELOPE


def test_two_signatures_stand_in_one_order():
    halves = stored_pair().envelope

    assert refusal(halves[:-168] + halves[-84:] + halves[-168:-84]) is Reason.NOT_AN_ENVELOPE


def test_an_operation_nobody_here_knows_is_still_a_command():
    later = replace(PING, operation=UnknownOperation(code=999, arguments={1: "x"}, why=""))

    read = open_command(seal_command(later, [P256]), AUTHORITY).command.operation

    assert read == UnknownOperation(code=999, arguments={1: "x"}, why="unknown operation")


@pytest.mark.parametrize("arguments", [{}, {1: 5}, {1: "x" * 65}, {1: "a", 2: 3}, {1: "a", -7: 1}])
def test_arguments_that_cannot_be_read_are_an_operation_that_is_not_obeyed(arguments):
    payload = decode(parse(seal_command(command("P-256", ChangeSetting(name="a", value="1")), [P256])).payload)

    read = open_command(seal(encode(payload | {7: arguments}), P256, Purpose.COMMAND), AUTHORITY).command.operation

    assert isinstance(read, UnknownOperation)


@pytest.mark.parametrize(
    ("key", "value"), [(1, 2), (1, True), (2, "7z0m4qda"), (3, -1), (4, 2**50), (6, 0), (7, []), (9, 4), (-1, 0)]
)
def test_a_payload_that_is_no_command_is_refused_even_if_the_authority_signed_it(key, value):
    payload = decode(parse(seal_command(PING, [P256])).payload)

    assert refusal(seal(encode(payload | {key: value}), P256, Purpose.COMMAND)) in Reason


@pytest.mark.parametrize("missing", range(1, 10))
def test_every_key_of_a_command_is_needed(missing):
    payload = decode(parse(seal_command(PING, [P256])).payload)
    del payload[missing]

    assert refusal(seal(encode(payload), P256, Purpose.COMMAND)) in (Reason.NOT_A_RECORD, Reason.VERSION)


def test_a_command_is_small():
    assert refusal(bytes(MAX_ENVELOPE_BYTES)) is Reason.TOO_LARGE
    assert len(stored_pair().envelope) < 350


def test_any_flipped_bit_of_a_cosigned_command_is_refused():
    envelope = stored_pair().envelope

    reasons = [refusal(flipped(envelope, bit)) for bit in range(0, 8 * len(envelope), 3)]

    assert set(reasons) <= set(Reason)


@given(st.binary(max_size=400), st.sampled_from([b"", bytes.fromhex("d8628440a0"), bytes.fromhex("d2844da2012804")]))
def test_any_octets_at_all_are_refused_with_a_reason(octets, head):
    assert refusal(head + octets) in Reason


@given(st.integers(0, 400))
def test_a_cosigned_command_cut_anywhere_is_refused(length):
    envelope = stored_pair().envelope

    assert refusal(envelope[: length % len(envelope)]) in Reason


def test_the_two_signatures_are_over_the_structure_of_the_standard():
    pair = parse_pair(stored_pair().envelope)
    (of_p256,) = [each for each in pair.signatures if each.key_id == P256.public.key_id]

    data = cbor2.dumps(["Signature", b"", of_p256.protected, b"lw1:cmd", pair.payload])

    assert P256.public.verify(data, of_p256.signature)
