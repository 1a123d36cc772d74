"""A gateway's exported journal, read back strictly: what each row claims, and whether it is true."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.outward.evidence_file import claims, is_one
from cloud.outward.explain import explain
from gateway.adapters.journal_view import RowView
from gateway.state_report import journal_facts
from runtime.errors import InputRefused
from tests.unit.cloud.outward.originals import originals
from tests.unit.wire.golden import SIGNERS

KEYS = [SIGNERS["P-256"].public]
ALL = originals()
LOST = ALL[0]
HEAD = {"gateway": "B9X7HK54", "gen": 1, "boots": 1}


def row_of(original):
    seen = RowView(record=original.record, size_bytes=len(original.sealed), is_receipted=True)
    return {**journal_facts(seen), "envelope": base64.b64encode(original.sealed).decode()}


def aside_of(original, **other):
    link = original.record.link
    row = {
        "set_aside": "too_large",
        "lane": link.lane.name.lower(),
        "seq": link.seq,
        "code": original.record.event.code,
    }
    return {**row, "at": "2026-11-21T18:10:00+00:00", "envelope": base64.b64encode(original.sealed).decode(), **other}


def journal(*rows):
    return "".join(f"{json.dumps(row)}\n" for row in (HEAD, *rows)).encode()


def test_every_row_of_a_whole_journal_is_true():
    data = journal(*map(row_of, ALL))

    found = [explain(claim, KEYS) for claim in claims(data)]

    assert is_one(data)
    assert len(found) == len(ALL) > 15
    assert all(each.is_true for each in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "B9X7HK54/1/0/2"),
        ("lane", "readings"),
        ("seq", 2),
        ("at", "2026-11-21T19:00:02.100000+00:00"),
        ("type", "SupplyRestored"),
        ("subject", "ANOTHER METER"),
        ("facts", {"began_at_ms": 1, "input_mv": 5_000}),
    ],
)
def test_a_row_that_says_other_than_its_envelope_is_found_out(name, value):
    (claim,) = claims(journal({**row_of(LOST), name: value}))

    assert explain(claim, KEYS).differences == (name,)


def test_what_was_set_aside_sealed_is_true_and_what_never_was_is_passed_over():
    never_sealed = {"set_aside": "out_of_bounds", "lane": "readings", "seq": None, "code": 101, "facts": {}}

    (claim,) = claims(journal(never_sealed, aside_of(LOST)))

    assert explain(claim, KEYS).is_true


@pytest.mark.parametrize(("name", "value"), [("seq", 2), ("code", 2), ("type", "SupplyRestored"), ("facts", {})])
def test_a_row_set_aside_that_says_other_than_its_envelope_is_found_out(name, value):
    (claim,) = claims(journal(aside_of(LOST, **{name: value})))

    assert explain(claim, KEYS).differences == (name,)


@pytest.mark.parametrize(
    "row",
    [
        b'{"id": "B9X7HK54/1/0/1"}',
        b'{"envelope": 7}',
        b'{"envelope": "no base64!"}',
        b'{"envelope": "AAAA", "envelope": "AAAA"}',
        b"[]",
        b"{",
        b"[" * 100_000,
    ],
)
def test_a_row_that_proves_nothing_is_refused(row):
    with pytest.raises(InputRefused):
        claims(journal() + row)


def test_a_journal_without_a_row_is_refused():
    with pytest.raises(InputRefused, match="no evidence"):
        claims(journal())


@given(at=st.integers(0, 2_000), octets=st.binary(max_size=8), cut=st.integers(0, 8))
def test_a_bent_journal_is_refused_or_read_and_nothing_else(at, octets, cut):
    data = journal(row_of(LOST), row_of(ALL[1]))
    bent = data[:at] + octets + data[at + cut :]

    try:
        found = [explain(claim, KEYS) for claim in claims(bent)]
    except InputRefused:
        found = []

    assert len(found) <= 2
