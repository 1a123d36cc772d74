import pytest

from cloud.ingest.verify import Genuine, LaneEnd, Refused, judge, key_id_of, verify
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Gateway, Place, Status
from tests.fakes_cloud import NOON, FakeGateway
from wire import chain
from wire.chain import Head, Step
from wire.envelope import MAX_ENVELOPE_BYTES, Purpose, seal
from wire.events import GatewayStarted, SupplyLost
from wire.keys import Algorithm, SoftwareSigner
from wire.record import encode_record
from wire.refusals import Reason

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)
STARTED = GatewayStarted(software="0.1.0", boot=1)


def registered(fake, status=Status.ACTIVE):
    return Gateway(
        id=fake.id,
        key=fake.public,
        places=(Place(usage_point=UsagePointId("UP-1"), meter=MeterSerial(fake.meter)),),
        status=status,
        status_reason="",
        added_at=NOON,
    )


def owners_of(*fakes):
    return {fake.public.key_id: registered(fake) for fake in fakes}.get


def reason_of(verdict):
    assert isinstance(verdict, Refused)
    return verdict.reason


@pytest.fixture
def fake():
    return FakeGateway()


def test_what_a_registered_gateway_signed_is_genuine(fake):
    message = fake.say(LOST)

    verdict = verify(message.topic, message.payload, owners_of(fake))

    assert isinstance(verdict, Genuine)
    assert verdict.record.event == LOST
    assert str(verdict.id) == f"{fake.id}/1/0/1"
    assert verdict.sealed == message.payload


def test_an_ed25519_key_serves_where_it_is_registered():
    fake = FakeGateway(signer=SoftwareSigner.generate(Algorithm.ED25519))
    message = fake.say(LOST)

    assert isinstance(verify(message.topic, message.payload, owners_of(fake)), Genuine)


def test_no_flipped_bit_is_genuine(fake):
    message = fake.say(LOST)
    flipped = [
        bytes(byte ^ (1 << bit) if at == index else byte for at, byte in enumerate(message.payload))
        for index in range(len(message.payload))
        for bit in range(8)
    ]

    verdicts = [verify(message.topic, payload, owners_of(fake)) for payload in flipped]

    assert all(isinstance(verdict, Refused) for verdict in verdicts)


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xd2\x84", b"{}", b"\xff" * 200, b"a" * 10_000])
def test_what_is_no_envelope_is_refused(fake, payload):
    topic = fake.say(LOST).topic

    assert reason_of(verify(topic, payload, owners_of(fake))) is Reason.NOT_AN_ENVELOPE
    assert key_id_of(payload) is None


def test_a_message_too_large_is_not_even_looked_at(fake):
    topic = fake.say(LOST).topic

    assert reason_of(verify(topic, b"\xd2" * (MAX_ENVELOPE_BYTES + 1), owners_of(fake))) is Reason.TOO_LARGE


def test_a_key_nobody_registered_is_refused(fake):
    message = fake.say(LOST)

    assert reason_of(verify(message.topic, message.payload, owners_of())) is Reason.UNKNOWN_KEY


def test_a_gateway_cannot_speak_on_anothers_topic(fake):
    other = FakeGateway()
    message = fake.say(LOST)
    their_topic = other.say(LOST).topic

    assert reason_of(verify(their_topic, message.payload, owners_of(fake, other))) is Reason.WRONG_GATEWAY


def test_a_gateway_cannot_sign_in_anothers_name(fake):
    other = FakeGateway()
    record = other.record(LOST, seq=1, prev=bytes(16))
    payload = seal(encode_record(record), fake.signer, Purpose.EVENT)
    topic = fake.say(STARTED).topic.replace("/up/d", "/up/a")

    assert reason_of(verify(topic, payload, owners_of(fake, other))) is Reason.WRONG_GATEWAY


def test_an_event_on_the_topic_of_another_lane_is_refused(fake):
    message = fake.say(LOST)

    topic = message.topic.replace("/up/a", "/up/d")

    assert reason_of(verify(topic, message.payload, owners_of(fake))) is Reason.WRONG_TOPIC


@pytest.mark.parametrize(
    "topic", ["", "lw/1/x/up/a", "lw/2/{}/up/a", "lw/1/{}/down/ack", "lw/1/{}/up/state", "lw/1/{}/up/a/b"]
)
def test_a_topic_that_carries_no_events_is_refused(fake, topic):
    message = fake.say(LOST)

    assert reason_of(verify(topic.format(fake.id), message.payload, owners_of(fake))) is Reason.WRONG_TOPIC


def test_a_signature_made_for_another_purpose_is_none(fake):
    record = fake.record(LOST, seq=1, prev=chain.genesis(fake.public.spki).hash)
    payload = seal(encode_record(record), fake.signer, Purpose.RECEIPT)

    assert reason_of(verify(fake.say(LOST).topic, payload, owners_of(fake))) is Reason.BAD_SIGNATURE


def test_a_signed_payload_that_is_no_record_is_refused(fake):
    payload = seal(b"\xa1\x01\x02", fake.signer, Purpose.EVENT)

    assert reason_of(verify(fake.say(LOST).topic, payload, owners_of(fake))) is Reason.VERSION


def genuine(fake, *, seq, prev, gen=1):
    fake.gen = gen
    message = fake.sealed(fake.record(STARTED, seq=seq, prev=prev))
    verdict = verify(message.topic, message.payload, owners_of(fake))
    assert isinstance(verdict, Genuine)
    return verdict


@pytest.fixture
def genesis(fake):
    return chain.genesis(fake.public.spki).hash


def end(seq, own_hash, gen=1):
    return LaneEnd(gen=gen, head=Head(seq=seq, hash=own_hash))


def test_a_chain_begins_at_the_genesis_of_the_registered_key(fake, genesis):
    assert judge(genuine(fake, seq=1, prev=genesis), None, None) is Step.NEXT


def test_a_chain_that_begins_elsewhere_is_refused(fake):
    verdict = judge(genuine(fake, seq=1, prev=bytes(16)), None, None)

    assert reason_of(verdict) is Reason.BROKEN_CHAIN


def test_what_follows_the_head_is_next_and_what_lies_beyond_is_a_gap(fake):
    head = b"h" * 16

    assert judge(genuine(fake, seq=8, prev=head), end(7, head), None) is Step.NEXT
    assert judge(genuine(fake, seq=9, prev=head), end(7, head), None) is Step.GAP
    assert judge(genuine(fake, seq=2, prev=head), None, None) is Step.GAP


def test_what_names_another_event_before_it_is_a_conflict(fake):
    assert judge(genuine(fake, seq=8, prev=b"x" * 16), end(7, b"h" * 16), None) is Step.CONFLICT


def test_what_is_known_already_is_a_duplicate_wherever_it_stands(fake, genesis):
    first = genuine(fake, seq=1, prev=genesis)

    assert judge(first, end(1, first.own_hash), first.own_hash) is Step.DUPLICATE
    assert judge(first, end(9, b"h" * 16), first.own_hash) is Step.DUPLICATE
    assert judge(first, end(9, b"h" * 16, gen=2), first.own_hash) is Step.DUPLICATE


@pytest.mark.parametrize("seq", [3, 7, 8, 20])
def test_two_events_at_one_place_are_a_conflict_stored_or_waiting(fake, seq):
    assert judge(genuine(fake, seq=seq, prev=b"h" * 16), end(7, b"h" * 16), b"k" * 16) is Step.CONFLICT


def test_a_higher_generation_begins_anew_at_the_genesis_only(fake, genesis):
    old = end(7, b"h" * 16, gen=1)

    assert judge(genuine(fake, seq=1, prev=genesis, gen=2), old, None) is Step.NEXT
    assert judge(genuine(fake, seq=1, prev=genesis, gen=5), old, None) is Step.NEXT
    assert judge(genuine(fake, seq=2, prev=genesis, gen=2), old, None) is Step.GAP
    assert reason_of(judge(genuine(fake, seq=1, prev=b"h" * 16, gen=2), old, None)) is Reason.BROKEN_CHAIN


def test_a_closed_generation_says_nothing_new(fake):
    newer = end(1, b"h" * 16, gen=2)

    assert reason_of(judge(genuine(fake, seq=8, prev=b"h" * 16, gen=1), newer, None)) is Reason.BROKEN_CHAIN
