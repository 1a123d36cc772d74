"""Conditions keep the laws of Kleene's logic, and what becomes known never turns an answer round."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cloud.assistance.predicate import (
    All,
    Any,
    Compare,
    Limit,
    Not,
    Op,
    Truth,
    both,
    decisive,
    either,
    judge,
    missing,
    opposite,
)

ON = date(2026, 11, 22)
NAMES = ("a", "b", "c", "d")
TRUTHS = st.sampled_from(Truth)
NUMBERS = st.integers(-3, 3).map(Decimal)
KNOWN = st.dictionaries(st.sampled_from(NAMES), NUMBERS)
LEAVES = st.builds(
    Compare,
    fact=st.sampled_from(NAMES),
    op=st.sampled_from(Op),
    limit=st.builds(
        Limit, base=NUMBERS, plus=st.lists(st.tuples(st.sampled_from(NAMES), NUMBERS), max_size=1).map(tuple)
    ),
    per=st.none() | st.sampled_from(NAMES),
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(tuple).map(All), st.lists(parts, max_size=3).map(tuple).map(Any), parts.map(Not)
    ),
    max_leaves=6,
)


@given(TRUTHS, TRUTHS, TRUTHS)
def test_both_and_either_are_a_lattice_with_de_morgans_laws(a: Truth, b: Truth, c: Truth) -> None:
    assert both(a, b) is both(b, a)
    assert either(a, both(b, c)) is both(either(a, b), either(a, c))
    assert both(a, either(b, c)) is either(both(a, b), both(a, c))
    assert opposite(both(a, b)) is either(opposite(a), opposite(b))
    assert opposite(opposite(a)) is a
    assert either(a, both(a, b)) is a


def test_there_is_no_excluded_middle() -> None:
    assert either(Truth.UNKNOWN, opposite(Truth.UNKNOWN)) is Truth.UNKNOWN
    assert both(Truth.UNKNOWN, opposite(Truth.UNKNOWN)) is Truth.UNKNOWN


@given(TREES, KNOWN, KNOWN)
def test_one_more_fact_settles_what_is_open_and_changes_nothing_settled(tree, known, learned) -> None:
    before = judge(tree, known, ON)

    after = judge(tree, learned | known, ON)

    assert after is before or before is Truth.UNKNOWN


@given(TREES, KNOWN)
def test_with_nothing_missing_to_ask_for_nothing_new_can_settle_it(tree, known) -> None:
    asked = missing(tree, known, ON)

    others = {name: Decimal(1) for name in NAMES if name not in asked}

    assert not set(asked) & set(known)
    assert asked or judge(tree, others | known, ON) is judge(tree, known, ON)


@given(TREES, KNOWN)
def test_what_is_decisive_suffices(tree, known) -> None:
    named = {fact for one in decisive(tree, known, ON) for fact in one.needs}

    settled = {fact: value for fact, value in known.items() if fact in named}

    assert judge(tree, settled, ON) is judge(tree, known, ON)
