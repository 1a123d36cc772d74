"""What can be asked of a meter without a secret, and what its answers are taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import enquiry
from gateway.core.dlms.enquiry import Call, Entry, HdlcAddress
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import Undecodable
from simulators.meter import acse
from simulators.meter.acse import Challenge, Conformance, Diagnostic

ADDRESS = HdlcAddress(physical=17, size=2)
ASKED = enquiry.call(ADDRESS, 16)


def answered(kind, source=ADDRESS):
    return Frame(destination=client_address(16), source=source.octets, kind=kind, is_final=True).encode()


class TestCalls:
    @pytest.mark.parametrize(
        ("heard", "call"),
        [
            (answered(FrameKind.UNNUMBERED_ACKNOWLEDGE), Call.ANSWERED),
            (answered(FrameKind.DISCONNECTED_MODE), Call.BUSY),
            (answered(FrameKind.FRAME_REJECT), Call.REJECTED),
            (ASKED, Call.ECHO),
            (b"\x55\xaa\x00", Call.NOISE),
            (b"", Call.NOTHING),
        ],
    )
    def test_each_answer_is_told_apart(self, heard, call):
        assert enquiry.call_result(heard, ASKED, 16).call is call

    def test_an_answer_behind_our_echo_is_found_and_the_echo_is_told(self):
        result = enquiry.call_result(ASKED + answered(FrameKind.UNNUMBERED_ACKNOWLEDGE), ASKED, 16)

        assert (result.call, result.is_echoing) == (Call.ANSWERED, True)

    def test_whoever_answers_in_another_name_is_known_by_that(self):
        other = HdlcAddress(physical=42, size=2)

        assert enquiry.call_result(answered(FrameKind.UNNUMBERED_ACKNOWLEDGE, other), ASKED, 16).address == other

    def test_an_answer_to_another_client_is_none_of_ours(self):
        heard = Frame(
            destination=client_address(1),
            source=ADDRESS.octets,
            kind=FrameKind.UNNUMBERED_ACKNOWLEDGE,
            is_final=True,
        ).encode()

        assert enquiry.call_result(heard, ASKED, 16).call is Call.NOTHING

    @given(
        st.sampled_from([(1, 127, 0), (2, 127, 127), (4, 16_383, 16_383)]).flatmap(
            lambda most: st.builds(
                HdlcAddress,
                size=st.just(most[0]),
                logical=st.integers(0, most[1]),
                physical=st.integers(0, most[2]),
            )
        )
    )
    def test_an_address_reads_back_from_its_octets(self, address):
        assert HdlcAddress.of(address.octets) == address


class TestEntries:
    def test_our_requests_are_what_a_meter_written_apart_reads(self):
        plain = acse.parse_association_request(enquiry.open_request())
        challenged = acse.parse_association_request(enquiry.challenge_request(b"LMP00000", bytes(range(16))))

        assert (plain.mechanism, plain.value) == (0, b"")
        assert acse.parse_proposal(plain.information).conformance & Conformance.GET
        assert (challenged.mechanism, challenged.title, challenged.value) == (5, b"LMP00000", bytes(range(16)))

    @pytest.mark.parametrize(
        ("diagnostic", "entry"),
        [
            (Diagnostic.NO_REASON_GIVEN, Entry.REFUSED),
            (Diagnostic.APPLICATION_CONTEXT_NOT_SUPPORTED, Entry.REFUSED),
            (Diagnostic.CALLING_TITLE_NOT_RECOGNISED, Entry.REFUSED),
            (Diagnostic.AUTHENTICATION_REQUIRED, Entry.SOME_SECRET),
            (Diagnostic.AUTHENTICATION_FAILURE, Entry.SOME_SECRET),
        ],
    )
    def test_who_offers_nothing_is_told_by_the_diagnostic(self, diagnostic, entry):
        assert enquiry.entry_of(acse.rejected(diagnostic))[0] is entry

    def test_a_challenge_that_is_met_with_another_tells_of_keys(self):
        information = acse.agreement(Conformance.GET, 1024)
        met = acse.accepted(acse.LOGICAL_NAMES_UNCIPHERED, information, Challenge(title=b"LMP00001", value=bytes(16)))

        assert enquiry.secret_of(met)[0] is Entry.KEYS

    def test_a_mechanism_nobody_knows_leaves_the_password(self):
        answer = acse.rejected(Diagnostic.AUTHENTICATION_MECHANISM_NOT_RECOGNISED)

        assert enquiry.secret_of(answer)[0] is Entry.PASSWORD

    @given(st.binary(max_size=100))
    def test_any_octets_are_read_or_refused(self, answer):
        for reader in (enquiry.entry_of, enquiry.secret_of, enquiry.value_of):
            _read_or_refused(reader, answer)


def test_a_get_names_class_code_and_attribute():
    asked = enquiry.get_request(Attribute(class_id=8, obis=Obis.parse("0.0.1.0.0.255"), index=2))

    assert asked.hex() == "c001c100080000010000ff0200"


def _read_or_refused(reader, answer):
    try:
        reader(answer)
    except Undecodable:
        return
