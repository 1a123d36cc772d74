"""Setting, acting, long requests and long answers: what is sent to the meter, and what its answers are taken for."""

import pytest

from gateway.adapters.dlms_association import Association
from gateway.adapters.dlms_security import Identity
from gateway.adapters.link_driver import LinkDriver
from gateway.core.dlms.block_exchange import Block
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.selection import Entries
from gateway.core.errors import ChangeRefused, MeterGarbled
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from tests.builders_meter import a_profile
from tests.fakes_meter import CLOCK, IMPORT, LOAD_PROFILE, FakeLine, FakeMeter, u32

EVERYTHING = 0x201A1D  # general blocks; get, set, selection, action, blocks with get and set, lists
NO_ONE = Identity(title=bytes(8), secrets=MeterSecrets(), counter=InvocationCounter(KeptCounter(), lambda _kept: None))
A_TIME = bytes.fromhex("090c07ea0b15ff0c000000003c00")


def an_association(meter, *, may_change=True):
    """An open one, and the line it is on."""
    profile, line = a_profile(), FakeLine(meter=meter)
    driver = LinkDriver(
        line,
        HdlcLink(profile.link),
        profile,
        signs_on=False,
        where="/dev/fake",
        clock=line.clock,
        deadline_s=60.0,
        report=lambda _words: None,
    )
    association = Association(driver, profile.access, NO_ONE, "/dev/fake", may_change=may_change)
    association.open()
    return association


def a_meter(answers, *, conformance=EVERYTHING, max_pdu_bytes=0x0FFF):
    """One that answers requests by how they begin."""

    def answer(apdu):
        return next((bytes.fromhex(said) for begins, said in answers.items() if apdu.hex().startswith(begins)), None)

    return FakeMeter(answer_to=answer, conformance=conformance, max_pdu_bytes=max_pdu_bytes)


class TestSetting:
    def test_a_value_is_set(self):
        meter = a_meter({"c101": "c501c100"})

        an_association(meter).set(CLOCK, A_TIME)

        assert meter.requests[-1].hex() == "c101c1" + "0008" + "0000010000ff" + "02" + "00" + A_TIME.hex()

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            ("c501c103", "denies it: read-write-denied"),
            ("d80202", "refuses the service: service-unknown"),
            ("0e060302", "refuses the service"),
        ],
    )
    def test_a_meter_that_does_not_let_it_be_set_is_told_with_its_reason(self, answer, why):
        with pytest.raises(ChangeRefused, match=why):
            an_association(a_meter({"c1": answer})).set(CLOCK, A_TIME)

    def test_without_set_in_the_agreement_nothing_is_sent(self):
        meter = a_meter({}, conformance=0x001214)

        with pytest.raises(ChangeRefused, match="not let us set"):
            an_association(meter).set(CLOCK, A_TIME)

        assert [request[0] for request in meter.requests] == [0x60]

    def test_who_only_reads_asks_for_no_right_to_set(self):
        meter = a_meter({})

        an_association(meter, may_change=False)

        (request,) = meter.requests
        assert bytes.fromhex("5f1f0400221214") in request

    def test_a_long_value_is_set_in_blocks(self):
        meter = FakeMeter(conformance=0x001A1D, max_pdu_bytes=60)
        taken = iter(["c502c100000001", "c502c100000002", "c503c10000000003"])
        meter.answer_to = lambda apdu: bytes.fromhex(next(taken)) if apdu[0] == 0xC1 else None

        an_association(meter).set(CLOCK, b"\x09\x5a" + bytes(90))

        blocks = [request for request in meter.requests if request[0] == 0xC1]
        assert [block[:2].hex() for block in blocks] == ["c102", "c103", "c103"]
        assert all(len(block) <= 60 for block in blocks)

    @pytest.mark.parametrize("second", ["c502c100000007", "c501c10c"])
    def test_a_long_value_that_is_not_taken_is_not_said_to_be(self, second):
        meter = FakeMeter(conformance=0x001A1D, max_pdu_bytes=60)
        taken = iter(["c502c100000001", second])
        meter.answer_to = lambda apdu: bytes.fromhex(next(taken)) if apdu[0] == 0xC1 else None

        with pytest.raises((ChangeRefused, MeterGarbled)):
            an_association(meter).set(CLOCK, b"\x09\x5a" + bytes(90))


class TestActing:
    def test_a_method_is_called_with_its_parameters(self):
        meter = a_meter({"c301": "c701c100"})

        returned = an_association(meter).act(CLOCK.sibling(6), bytes.fromhex("10fff6"))

        assert returned is None
        assert meter.requests[-1].hex() == "c301c0" + "0008" + "0000010000ff" + "06" + "01" + "10fff6"

    def test_what_a_method_gives_back_is_read(self):
        returned = an_association(a_meter({"c301": "c701c10001001105"})).act(CLOCK.sibling(1))

        assert returned == Data(DataType.UNSIGNED, 5)

    @pytest.mark.parametrize("answer", ["c701c103", "d80202", "c701c100010104"])
    def test_a_meter_that_does_not_act_is_told_with_its_reason(self, answer):
        with pytest.raises(ChangeRefused, match="not changed"):
            an_association(a_meter({"c301": answer})).act(CLOCK.sibling(6))

    def test_without_action_in_the_agreement_nothing_is_sent(self):
        with pytest.raises(ChangeRefused, match="not let us act"):
            an_association(a_meter({}, conformance=0x001214)).act(CLOCK.sibling(6))


class TestBlocks:
    def test_an_answer_in_general_blocks_is_joined(self):
        answer = bytes.fromhex("c401c10006") + (12_345).to_bytes(4, "big")
        meter = FakeMeter(conformance=EVERYTHING)
        parts = iter([answer[:4], answer[4:]])
        meter.answer_to = lambda apdu: _block(parts, apdu) if apdu[0] in (0xC0, 0xE0) else None

        answers, _ = an_association(meter).get((IMPORT,))

        assert answers == {IMPORT: u32(12_345)}
        assert meter.requests[-1].hex(" ") == "e0 87 00 01 00 01 00"

    def test_blocks_that_the_meter_streams_are_joined(self):
        answer = bytes.fromhex("c401c10006") + (12_345).to_bytes(4, "big")
        meter = FakeMeter(conformance=EVERYTHING)
        first = Block(number=1, acknowledged=0, octets=answer[:4], is_last=False, is_streaming=True).encode()
        second = Block(number=2, acknowledged=0, octets=answer[4:]).encode()
        meter.answer_to = lambda apdu: first if apdu[0] == 0xC0 else None
        meter.unasked = [second]

        answers, _ = an_association(meter).get((IMPORT,))

        assert answers == {IMPORT: u32(12_345)}
        assert [request[0] for request in meter.requests] == [0x60, 0xC0]

    def test_a_request_too_long_for_the_meter_goes_in_general_blocks(self):
        meter = FakeMeter(conformance=EVERYTHING & ~0x000800, max_pdu_bytes=60)
        heard = bytearray()

        def take(apdu):
            block = Block.parse(apdu)
            heard.extend(block.octets)
            is_whole = block.is_last
            said = bytes.fromhex("c501c100") if is_whole else b""
            number = 1 if is_whole else 0
            return Block(number=number, acknowledged=block.number, octets=said, is_last=is_whole).encode()

        meter.answer_to = lambda apdu: take(apdu) if apdu[0] == 0xE0 else None

        an_association(meter).set(CLOCK, b"\x09\x5a" + bytes(90))

        assert bytes(heard) == bytes.fromhex("c101c1 0008 0000010000ff 02 00") + b"\x09\x5a" + bytes(90)
        assert all(len(request) <= 60 for request in meter.requests if request[0] == 0xE0)


class TestEntries:
    def test_entries_are_selected_by_their_numbers(self):
        meter = a_meter({"c001": "c401c1000100"})

        found = an_association(meter).get_entries(LOAD_PROFILE, Entries(5, 8))

        assert found == Data(DataType.ARRAY, ())
        assert meter.requests[-1].hex() == ("c001c100070100630100ff020102020406000000050600000008120001120000")


def _block(parts, _apdu):
    part = next(parts)
    number = 1 if part.startswith(b"\xc4") else 2
    return Block(number=number, acknowledged=0, octets=part, is_last=number == 2).encode()
