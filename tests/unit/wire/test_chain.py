"""What an event is to a chain, place by place, and what names mean."""

import pytest

from wire import topics
from wire.chain import Head, Step, follow, genesis
from wire.ids import GatewayId, gateway_id_of
from wire.record import Link
from wire.terms import Lane
from wire.topics import Kind

HEAD = Head(seq=5, hash=b"h" * 16)
GATEWAY = GatewayId.parse("7Z0M4QDA")


@pytest.mark.parametrize(
    ("seq", "prev", "own_hash", "step"),
    [
        (6, b"h" * 16, b"n" * 16, Step.NEXT),
        (6, b"x" * 16, b"n" * 16, Step.CONFLICT),
        (5, b"p" * 16, b"h" * 16, Step.DUPLICATE),
        (5, b"p" * 16, b"x" * 16, Step.CONFLICT),
        (4, b"p" * 16, b"o" * 16, Step.BEHIND),
        (7, b"n" * 16, b"m" * 16, Step.GAP),
    ],
)
def test_each_place_means_one_thing(seq, prev, own_hash, step):
    link = Link(gateway=GATEWAY, gen=1, lane=Lane.ALARM, seq=seq, prev=prev)

    assert follow(HEAD, link, own_hash) is step


def test_a_chain_begins_at_a_hash_of_the_gateways_key():
    assert genesis(b"one").seq == 0
    assert genesis(b"one").hash != genesis(b"two").hash
    assert len(genesis(b"one").hash) == 16


def test_a_gateway_is_named_after_its_key_in_letters_that_cannot_be_mistaken():
    name = gateway_id_of(b"some key")

    assert GatewayId.parse(name) == name
    assert not set(name) & set("ILOU")


@pytest.mark.parametrize("text", ["", "7Z0M4QD", "7Z0M4QDAA", "7z0m4qda", "7Z0M4QDU", "7Z0M4QD\n"])
def test_what_is_no_gateway_identifier_is_refused(text):
    with pytest.raises(ValueError, match="not a gateway identifier"):
        GatewayId.parse(text)


@pytest.mark.parametrize("lane", Lane)
def test_a_topic_reads_back(lane):
    parsed = topics.parse(topics.up(GATEWAY, lane))

    assert parsed is not None
    assert (parsed.gateway, parsed.lane) == (GATEWAY, lane)


def test_the_downlink_and_the_hint_have_topics_of_their_own():
    assert topics.parse(topics.receipt(GATEWAY)).kind is Kind.RECEIPT
    assert topics.parse(topics.state(GATEWAY)).kind is Kind.STATE
    assert topics.parse(topics.state(GATEWAY)).lane is None


@pytest.mark.parametrize(
    "topic",
    ["", "lw/1/7Z0M4QDA/up", "lw/2/7Z0M4QDA/up/a", "lw/1/short/up/a", "lw/1/7Z0M4QDA/down/a", "lw/1/7Z0M4QDA/up/ack",
     "lw/1/7Z0M4QDA/up/a/b", "lw/1/7Z0M4QDA/sideways/a", "LW/1/7Z0M4QDA/up/a"],
)  # fmt: skip
def test_a_foreign_topic_is_nobodys(topic):
    assert topics.parse(topic) is None
