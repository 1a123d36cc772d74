"""Golden bytes by hand, from the tables of IEC 62056-53 and -62."""

from datetime import timedelta

import pytest

from simulators.meter import apdu
from simulators.meter.apdu import Target
from simulators.meter.axdr import Cursor
from simulators.meter.server import MAX_PDU_BYTES, Server
from tests.fakes_simulators import ASSOCIATE, ASSOCIATED, NOW, a_life, associated, moment

GET_CLOCK = "c001c1 0008 0000010000ff 02 00"
AARQ_HEAD = "a109060760857405080101"


def aarq(*, context: str = AARQ_HEAD, more: str = "", initiate: str = "01000000065f1f0400007e1fffff") -> bytes:
    proposal = bytes.fromhex(initiate)
    information = bytes((0xBE, len(proposal) + 2, 0x04, len(proposal))) + proposal
    fields = bytes.fromhex(context) + bytes.fromhex(more) + information
    return bytes((0x60, len(fields))) + fields


OBJECT_LIST, LOAD_PROFILE = "000f 0000280000ff 02", "0007 0100630100ff 02"


def get_target(request: bytes) -> Target:
    parsed = apdu.parse(request)
    assert isinstance(parsed, apdu.Get)
    return parsed.targets[0]


def raw_data(block: bytes) -> bytes:
    cursor = Cursor(block[9:])
    return cursor.take(cursor.length())


def answered(server: Server, request: str, at_s: float = 0.0) -> str:
    return server.answer(16, bytes.fromhex(request), moment(at=NOW + timedelta(seconds=at_s))).hex()


def test_a_public_client_is_let_in_with_the_services_both_know() -> None:
    server = Server(associated(a_life())._objects)

    answer = server.answer(16, ASSOCIATE, moment())

    assert answer == ASSOCIATED
    assert server.is_associated


def test_a_client_of_few_services_gets_no_more() -> None:
    answer = associated(a_life()).answer(16, aarq(initiate="01000000065f1f0400000010ffff"), moment())

    assert answer.hex().endswith("0800065f1f040000001004000007")


def test_a_conformance_block_whose_tag_is_one_byte_is_understood() -> None:
    answer = associated(a_life()).answer(16, aarq(initiate="01000000065f040000001004c8"), moment())

    assert answer.hex().endswith("0800065f1f040000001004000007")


def test_optional_parts_of_the_proposal_are_passed_over() -> None:
    with_key_response_and_quality = "010102aabb0101010506" + "5f1f0400000010ffff"

    answer = associated(a_life()).answer(16, aarq(initiate=with_key_response_and_quality), moment())

    assert answer.hex().endswith("0800065f1f040000001004000007")


@pytest.mark.parametrize(
    ("client", "request_apdu", "tail"),
    [
        (1, aarq(), "a203020101 a305a103020101"),
        (16, aarq(context="a109060760857405080103"), "a203020101 a305a103020102"),
        (16, aarq(more="8a02078 08b0760857405080201 ac0480023132".replace(" ", "")), "a203020101 a305a10302010b"),
        (16, aarq(initiate="01000000055f1f0400007e1fffff"), "a203020101 a305a103020101 be0604040e010601"),
        (16, aarq(initiate="01000000065f1f0400000000ffff"), "a203020101 a305a103020101 be0604040e010602"),
        (16, aarq(initiate="01000000065f1f0400007e1f000b"), "a203020101 a305a103020101 be0604040e010603"),
    ],
    ids=["another client", "ciphered", "password", "old version", "no GET", "PDU of 11 bytes"],
)
def test_who_is_not_let_in_is_told_why(client: int, request_apdu: bytes, tail: str) -> None:
    server = Server(associated(a_life())._objects)

    answer = server.answer(client, request_apdu, moment())

    assert answer[0] == 0x61
    assert answer.hex().endswith(tail.replace(" ", ""))
    assert not server.is_associated


@pytest.mark.parametrize(
    "request_apdu",
    [
        "60",
        "6003a10906",
        "6000",
        "600ba109060760857405080101",
        aarq(initiate="08").hex(),
        aarq(initiate="0100000006ff").hex(),
    ],
    ids=["cut off", "field cut off", "empty", "no proposal", "no initiate request", "no conformance"],
)
def test_an_association_request_that_cannot_be_read_is_an_exception(request_apdu: str) -> None:
    assert answered(associated(a_life()), request_apdu) == "d80103"


def test_an_association_ends_when_it_is_released() -> None:
    server = associated(a_life())

    assert answered(server, "6200") == "6303800100"
    assert not server.is_associated
    assert answered(server, "6200") == "d80101"


def test_without_an_association_nothing_is_read() -> None:
    server = associated(a_life())
    server.link_lost()

    assert answered(server, GET_CLOCK) == "d80101"


def test_the_clock_is_read_in_full() -> None:
    assert answered(associated(a_life()), GET_CLOCK) == "c401c100" + "090c07ea0b1506121e0000000000"


def test_several_attributes_are_read_at_once_and_each_has_its_own_result() -> None:
    request = (
        "c003c1 03"
        "0003 0100010800ff 03 00"  # scaler and unit of A+
        "0003 0100630100ff 02 00"  # the load profile, but of another class
        "0001 0000010203ff 02 00"  # nothing
    )

    assert answered(associated(a_life()), request) == "c403c1" + "03" + "00" + "02020f00161e" + "0109" + "0104"


def test_an_empty_list_gives_an_empty_list() -> None:
    assert answered(associated(a_life()), "c003c100") == "c403c100"


@pytest.mark.parametrize(
    ("request_apdu", "answer"),
    [
        ("c101c1 0008 0000010000ff 02 00 00", "c501c103"),
        ("c101c1 0008 0000010001ff 02 00 00", "c501c104"),
        ("c301c1 0046 0000600 30aff 01 01 0f00".replace(" ", ""), "c701c10300"),
        ("c301c1 0046 0000600 30bff 01 01 0f00".replace(" ", ""), "c701c10400"),
    ],
    ids=["set clock", "set nothing", "disconnect", "act on nothing"],
)
def test_set_and_action_are_denied_to_everybody(request_apdu: str, answer: str) -> None:
    assert answered(associated(a_life()), request_apdu) == answer


@pytest.mark.parametrize(
    ("request_apdu", "answer"),
    [
        ("c001c10008", "d80103"),
        ("c005c1", "d80102"),
        ("c102c1", "d80102"),
        ("c003c141", "d80101"),
        ("d0", "d80202"),
        ("", "d80202"),
        ("050102fa00", "0e050302"),
        ("060102fa00", "0e060302"),
    ],
    ids=["cut off", "unknown choice", "set by blocks", "too many", "unknown service", "nothing", "READ", "WRITE"],
)
def test_what_cannot_be_served_is_refused_by_the_book(request_apdu: str, answer: str) -> None:
    assert answered(associated(a_life()), request_apdu) == answer


def test_a_service_that_was_not_agreed_on_is_refused() -> None:
    server = associated(a_life(), request=aarq(initiate="01000000065f1f0400000010ffff"))

    assert answered(server, "c101c1 0008 0000010000ff 02 00 00") == "d80102"
    assert answered(server, "c003c100") == "d80102"
    assert (
        answered(server, "c001c1 0007 0100630100ff 02 01 02 0204 06 00000001 06 00000001 12 0001 12 0000")
        == "c401c1010d"
    )


def test_a_long_answer_without_block_transfer_is_refused() -> None:
    server = associated(a_life(), request=aarq(initiate="01000000065f1f0400000010ffff"))

    assert answered(server, f"c001c1 {LOAD_PROFILE} 00") == "c401c1010e"


@pytest.mark.parametrize(
    ("max_pdu_bytes", "attribute"),
    [(12, OBJECT_LIST), (137, OBJECT_LIST), (200, OBJECT_LIST), (65_535, LOAD_PROFILE), (0, LOAD_PROFILE)],
)
def test_a_long_answer_comes_in_blocks_that_fit(max_pdu_bytes: int, attribute: str) -> None:
    initiate = "01000000065f1f0400007e1f" + max_pdu_bytes.to_bytes(2, "big").hex()
    server = associated(a_life(), request=aarq(initiate=initiate))
    request = bytes.fromhex(f"c001c1 {attribute} 00")
    whole = server._objects.read(get_target(request), NOW)

    blocks = [server.answer(16, request, moment())]
    while not blocks[-1][3]:
        blocks.append(server.answer(16, bytes.fromhex("c002c1") + blocks[-1][4:8], moment()))

    assert all(len(block) <= (max_pdu_bytes or MAX_PDU_BYTES) for block in blocks)
    assert [int.from_bytes(block[4:8], "big") for block in blocks] == list(range(1, len(blocks) + 1))
    assert b"".join(raw_data(block) for block in blocks) == whole


def test_a_block_out_of_turn_ends_the_long_answer() -> None:
    server = associated(a_life(), request=aarq(initiate="01000000065f1f0400007e1f0040"))
    answered(server, f"c001c1 {OBJECT_LIST} 00")

    assert answered(server, "c002c1 00000002") == "c402c1010000000201" + "13"
    assert answered(server, "c002c1 00000001") == "c402c1010000000101" + "10"


def test_a_list_too_long_for_one_pdu_comes_in_blocks_too() -> None:
    server = associated(a_life(), request=aarq(initiate="01000000065f1f0400007e1f0020"))
    request = "c003c1 02 0008 0000010000ff 02 00 0008 0000010000ff 02 00"

    first = bytes.fromhex(answered(server, request))
    second = bytes.fromhex(answered(server, "c002c1 00000001"))

    clock = "00090c07ea0b1506121e0000000000"
    assert (first[10:] + second[10:]).hex() == "02" + clock + clock
    assert (first[3], second[3]) == (0, 1)
