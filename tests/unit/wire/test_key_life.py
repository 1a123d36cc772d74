"""Which key signs which stretch of a chain, and what an announcement must prove."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.envelope import Purpose, signed_bytes
from wire.events import KeyAnnounced, LaneHead
from wire.ids import gateway_id_of
from wire.key_life import Cut, SigningKey, announce, read_announcement
from wire.keys import SoftwareSigner
from wire.record import Link
from wire.refusals import RecordRefused
from wire.terms import Lane

OLD, NEW = SoftwareSigner.generate(), SoftwareSigner.generate()
GATEWAY = gateway_id_of(OLD.public.spki)
HEADS = tuple(LaneHead(lane=lane, seq=seq, head=bytes(16)) for lane, seq in zip(Lane, (6, 40, 9), strict=True))
CUT = Cut(gen=2, seqs={Lane.ALARM: 7, Lane.READINGS: 40, Lane.DIAGNOSTICS: 9})


def place(lane, seq, gen=2):
    return Link(gateway=GATEWAY, gen=gen, lane=lane, seq=seq, prev=bytes(16))


ANNOUNCED = announce(GATEWAY, OLD.public, NEW, HEADS)
AT = place(Lane.ALARM, 7)


@pytest.mark.parametrize(
    ("link", "is_past"),
    [
        (place(Lane.ALARM, 7), False),
        (place(Lane.ALARM, 8), True),
        (place(Lane.READINGS, 40), False),
        (place(Lane.READINGS, 41), True),
        (place(Lane.DIAGNOSTICS, 1, gen=3), True),
        (place(Lane.DIAGNOSTICS, 10_000, gen=1), False),
    ],
)
def test_the_old_key_signs_up_to_the_cut_and_the_new_one_past_it(link, is_past):
    old, new = SigningKey(public=OLD.public, until=CUT), SigningKey(public=NEW.public, after=CUT)

    assert (old.holds_at(link), new.holds_at(link)) == (not is_past, is_past)


def test_a_key_without_bounds_signs_everything():
    assert SigningKey(public=OLD.public).holds_at(place(Lane.ALARM, 1, gen=9))


def test_of_two_cuts_the_earlier_is_before_both():
    other = Cut(gen=2, seqs={Lane.ALARM: 3, Lane.READINGS: 90, Lane.DIAGNOSTICS: 9})
    later = Cut(gen=3, seqs=dict.fromkeys(Lane, 0))

    assert CUT.earlier(other) == Cut(gen=2, seqs={Lane.ALARM: 3, Lane.READINGS: 40, Lane.DIAGNOSTICS: 9})
    assert CUT.earlier(later) == later.earlier(CUT) == CUT.earlier(None) == CUT


def test_an_announcement_says_the_new_key_and_where_it_begins():
    assert read_announcement(ANNOUNCED, AT, OLD.public.key_id) == (NEW.public, CUT)


@pytest.mark.parametrize(
    ("said", "link", "old"),
    [
        (replace(ANNOUNCED, proof=bytes(64)), AT, OLD),
        (replace(ANNOUNCED, spki=SoftwareSigner.generate().public.spki), AT, OLD),
        (replace(ANNOUNCED, spki=b"no key"), AT, OLD),
        (replace(ANNOUNCED, heads=ANNOUNCED.heads[:1]), AT, OLD),
        (ANNOUNCED, replace(AT, gateway=gateway_id_of(b"another")), OLD),
        (ANNOUNCED, AT, NEW),
    ],
    ids=["no proof", "another's key", "no key", "a lane unsaid", "another gateway", "under another key"],
)
def test_an_announcement_that_proves_nothing_is_refused(said, link, old):
    with pytest.raises(RecordRefused):
        read_announcement(said, link, old.public.key_id)


def test_a_proof_is_no_event_and_no_receipt():
    proved = signed_bytes(b"", b"", Purpose.KEY)

    assert all(signed_bytes(b"", b"", purpose) != proved for purpose in Purpose if purpose is not Purpose.KEY)


@given(spki=st.one_of(st.binary(max_size=200), st.just(NEW.public.spki)), proof=st.binary(min_size=64, max_size=64))
def test_any_octets_are_refused_by_the_one_error(spki, proof):
    with pytest.raises(RecordRefused):
        read_announcement(KeyAnnounced(spki=spki, proof=proof, heads=HEADS[1:]), AT, OLD.public.key_id)
