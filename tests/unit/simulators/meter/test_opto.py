import pytest

from simulators.meter.opto import SignOn, with_even_parity

REQUEST = with_even_parity(b"/?!\r\n")
IDENTIFICATION = with_even_parity(b"/LMP5\\2LAMPSIM01\r\n")
CHOICE = with_even_parity(b"\x06252\r\n")


def sign_on(address: str = "LMP10000001") -> SignOn:
    return SignOn(address=address)


def spoken(meter: SignOn, octets: bytes, mono_s: float = 0.0) -> list[bytes]:
    return [answer.octets for answer in meter.feed(octets, mono_s)]


def test_a_reader_and_the_meter_agree_on_hdlc_at_9600() -> None:
    meter = sign_on()

    [identification] = meter.feed(REQUEST, 0.0)
    [confirmation] = meter.feed(CHOICE, 1.5)

    assert identification.octets == IDENTIFICATION
    assert identification.agreed_baud is None
    assert confirmation.octets == CHOICE
    assert confirmation.agreed_baud == 9_600


def test_the_request_on_the_line_carries_even_parity() -> None:
    assert REQUEST.hex(" ") == "af 3f 21 8d 0a"


def test_a_reader_that_cannot_change_speed_stays_at_300() -> None:
    meter = sign_on()
    meter.feed(REQUEST, 0.0)

    [confirmation] = meter.feed(with_even_parity(b"\x06202\r\n"), 1.0)

    assert confirmation.agreed_baud == 300


@pytest.mark.parametrize(
    "choice", [b"\x06050\r\n", b"\x06051\r\n", b"\x06242\r\n", b"\x06251\r\n"], ids=["readout", "C", "speed", "mode"]
)
def test_a_choice_the_meter_did_not_offer_is_met_with_silence(choice: bytes) -> None:
    meter = sign_on()
    meter.feed(REQUEST, 0.0)

    assert spoken(meter, with_even_parity(choice), 1.0) == []
    assert spoken(meter, CHOICE, 1.2) == []


def test_a_choice_without_a_request_is_met_with_silence() -> None:
    assert spoken(sign_on(), CHOICE) == []


def test_a_choice_may_begin_one_and_a_half_seconds_after_the_identification() -> None:
    said_at = 0.2 + 18 * 10 / 300

    in_time, late = sign_on(), sign_on()
    in_time.feed(REQUEST, 0.0)
    late.feed(REQUEST, 0.0)

    assert spoken(in_time, CHOICE, said_at + 1.49) == [CHOICE]
    assert spoken(late, CHOICE, said_at + 1.51) == []


def test_a_reader_may_ask_again_before_it_chooses() -> None:
    meter = sign_on()
    meter.feed(REQUEST, 0.0)

    assert spoken(meter, REQUEST, 1.0) == [IDENTIFICATION]
    assert spoken(meter, CHOICE, 2.0) == [CHOICE]


@pytest.mark.parametrize("address", ["", "00123", "123", "0000000123"])
def test_the_meter_knows_its_address_with_or_without_leading_zeros(address: str) -> None:
    assert len(spoken(sign_on("00123"), with_even_parity(f"/?{address}!\r\n".encode()))) == 1


@pytest.mark.parametrize("address", ["124", "1234", "12", "LMP123"])
def test_a_request_for_another_meter_is_met_with_silence(address: str) -> None:
    assert spoken(sign_on("00123"), with_even_parity(f"/?{address}!\r\n".encode())) == []


def test_a_character_of_wrong_parity_spoils_its_message_only() -> None:
    spoilt = bytes((REQUEST[0], REQUEST[1] ^ 0x80)) + REQUEST[2:]

    assert spoken(sign_on(), spoilt) == []
    assert spoken(sign_on(), spoilt + REQUEST) == [IDENTIFICATION]


def test_a_request_broken_off_does_not_spoil_the_next() -> None:
    meter = sign_on()
    meter.feed(REQUEST[:3], 0.0)

    assert spoken(meter, REQUEST, 2.0) == [IDENTIFICATION]


def test_any_cut_of_the_request_is_understood() -> None:
    meter = sign_on()

    answers = [answer for octet in REQUEST for answer in spoken(meter, bytes((octet,)))]

    assert answers == [IDENTIFICATION]


def test_two_seconds_of_wake_up_before_a_request_are_ignored() -> None:
    assert spoken(sign_on(), bytes(66) + REQUEST) == [IDENTIFICATION]


@pytest.mark.parametrize(("nuls", "answers"), [(59, 0), (60, 1), (66, 1)])
def test_a_port_that_saves_its_battery_sleeps_until_two_seconds_of_nul(nuls: int, answers: int) -> None:
    sign_on = SignOn(address="LMP10000001", saves_battery=True)

    sign_on.feed(bytes(nuls), 0.0)
    woken = sign_on.feed(REQUEST, 3.8)
    sign_on.reset()

    assert len(woken) == answers
    assert sign_on.feed(REQUEST, 10.0) == []


def test_a_message_without_end_is_forgotten() -> None:
    assert spoken(sign_on(), with_even_parity(b"A" * 200) + REQUEST) == [IDENTIFICATION]


@pytest.mark.parametrize(("maker", "reaction_s"), [("LMP", 0.2), ("LMp", 0.02)])
def test_the_makers_third_letter_promises_the_reaction_time(maker: str, reaction_s: float) -> None:
    [answer] = SignOn(address="1", maker=maker).feed(REQUEST, 0.0)

    assert answer.after_s == reaction_s


def test_the_identification_names_the_fastest_speed() -> None:
    assert spoken(SignOn(address="1", fastest_baud=19_200), REQUEST) == [with_even_parity(b"/LMP6\\2LAMPSIM01\r\n")]


def test_after_a_reset_a_reader_must_ask_anew() -> None:
    meter = sign_on()
    meter.feed(REQUEST, 0.0)

    meter.reset()

    assert spoken(meter, CHOICE, 1.0) == []
