"""Who may order what: each role its own, keys by two, and nobody else anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes_commands import CONFIGURER, FIRST, OPERATOR, PING, ROTATE, SECOND, STRANGER, Edge, command, sealed
from wire.commands import Command, Role
from wire.cosigned import parse_pair
from wire.envelope import Purpose, parse, seal
from wire.keys import SoftwareSigner
from wire.terms import CommandOutcome


@pytest.mark.parametrize("role", [Role.CONFIGURER, Role.KEY_AUTHORITY])
def test_a_role_orders_only_what_is_its_own(edge: Edge, role: Role) -> None:
    edge.hear(sealed(command(PING, role=role)))

    assert edge.done == []
    assert edge.book.outcomes == [CommandOutcome.REFUSED]


@pytest.mark.parametrize(
    "signers",
    [
        (OPERATOR,),
        (CONFIGURER,),
        (FIRST,),
        (SECOND,),
        (OPERATOR, FIRST),
        (CONFIGURER, SECOND),
        (OPERATOR, CONFIGURER),
        (STRANGER,),
        (FIRST, STRANGER),
    ],
)
def test_what_touches_keys_needs_both_key_authorities(edge: Edge, signers: tuple[SoftwareSigner, ...]) -> None:
    edge.hear(sealed(command(ROTATE), *signers))

    assert (edge.done, edge.book.events) == ([], [])
    assert edge.memory.record is not None
    assert edge.memory.record.key_authority == 0


@pytest.mark.parametrize("signers", [(CONFIGURER,), (FIRST,), (STRANGER,), (OPERATOR, FIRST), (FIRST, SECOND)])
def test_what_others_than_its_role_signed_is_not_done(edge: Edge, signers: tuple[SoftwareSigner, ...]) -> None:
    edge.hear(sealed(command(PING), *signers))

    assert (edge.done, edge.book.events) == ([], [])


def test_one_signature_taken_twice_is_not_two(edge: Edge) -> None:
    pair = sealed(command(ROTATE))

    edge.hear(pair[:-84] + pair[-168:-84], pair[:-168] + pair[-84:] * 2)

    assert edge.done == []


def test_one_of_two_signatures_alone_is_not_enough(edge: Edge) -> None:
    payload = parse_pair(sealed(command(ROTATE))).payload

    edge.hear(seal(payload, FIRST, Purpose.COMMAND), seal(payload, SECOND, Purpose.COMMAND))

    assert edge.done == []


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.COMMAND])
def test_what_was_signed_for_another_purpose_orders_nothing(edge: Edge, purpose: Purpose) -> None:
    edge.hear(seal(parse(sealed(command())).payload, OPERATOR, purpose))

    assert (edge.done, edge.book.events) == ([], [])


@given(st.lists(st.binary(max_size=200), max_size=4), st.integers(0, 10_000))
def test_no_octets_and_no_flipped_bit_do_anything(octets: list[bytes], bit: int) -> None:
    edge, envelope = Edge(), bytearray(sealed(command()))
    envelope[bit // 8 % len(envelope)] ^= 1 << bit % 8

    edge.hear(*octets, bytes(envelope))

    assert (edge.done, edge.book.events) == ([], [])


def test_an_order_of_an_authority_nobody_told_us_of_is_not_done(edge: Edge) -> None:
    order: Command = command()

    edge.hear(sealed(order, STRANGER))

    assert edge.done == []
