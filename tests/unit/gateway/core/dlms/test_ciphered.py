"""Protected octets travel in either form, and come out as they went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import ciphered
from gateway.core.dlms.ciphered import Sealed
from gateway.core.errors import Undecodable


@pytest.mark.parametrize("length", [0, 127, 128, 300, 70_000])
def test_what_is_wrapped_comes_out_whole(length):
    wrapped = ciphered.wrap(b"MMM00001", bytes(length))

    assert ciphered.unwrap(wrapped) == Sealed(octets=bytes(length), title=b"MMM00001")


@pytest.mark.parametrize(("request_tag", "its_form"), [(0xC0, 0xC8), (0xC1, 0xC9), (0xC3, 0xCB)])
def test_a_service_has_a_form_of_its_own(request_tag, its_form):
    assert ciphered.wrap_service(request_tag, b"sealed") == bytes([its_form, 6]) + b"sealed"


@pytest.mark.parametrize(("its_form", "holds"), [(0xCC, 0xC4), (0xCD, 0xC5), (0xCF, 0xC7)])
def test_an_answer_in_a_services_form_names_what_it_holds(its_form, holds):
    assert ciphered.unwrap(bytes([its_form, 2, 1, 2])) == Sealed(octets=b"\x01\x02", holds=holds)


@pytest.mark.parametrize("octets", ["", "c4", "db", "db08", "db0002", "dbff", "cc", "cc0101ff", "c80101", "cc85000000"])
def test_what_is_cut_off_or_nothing_ciphered_is_refused(octets):
    with pytest.raises(Undecodable):
        ciphered.unwrap(bytes.fromhex(octets))


@given(st.sampled_from([b"\xdb", b"\xcc", b""]), st.binary(max_size=60))
def test_whatever_comes_it_is_unwrapped_or_undecodable(head, rest):
    try:
        sealed = ciphered.unwrap(head + rest)
    except Undecodable:
        return

    assert len(sealed.octets) <= len(rest)
