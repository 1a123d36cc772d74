"""Signing on at an optical head: mode E, and everything that is not."""

from dataclasses import replace

import pytest

from gateway.core.dlms.link import LinkFailed, Transmit
from gateway.core.dlms.opto import (
    MAX_NOISE_BYTES,
    MAX_SPOILT_ANSWERS,
    PAUSE_AFTER_WAKING_S,
    REACTION_S,
    STEPS,
    OptoSignOn,
    SignedOn,
    SignOnSettings,
    State,
    SwitchBaud,
    from_7e1,
    to_7e1,
)
from wire.terms import LinkFault

SETTINGS = SignOnSettings(reaction_timeout_s=2.0, retries=2, switch_delay_s=0.3)
REQUEST = to_7e1(b"/?!\r\n")
MODE_E_AT_9600 = to_7e1(b"/LMP5\\2LAMPSIM01\r\n")
CONFIRMATION = to_7e1(b"\x062" + b"52\r\n")


def asked(settings=SETTINGS):
    sign_on = OptoSignOn(settings)
    assert sign_on.begin(0.0) == (Transmit(REQUEST),)
    sign_on.sent(0.2)
    return sign_on


def told_who_it_is(sign_on, identification=MODE_E_AT_9600, at=0.5):
    """What we say once the meter has said who it is, and has had its time."""
    return sign_on.receive(identification, at) + sign_on.tick(at + REACTION_S)


def confirmed(settings=SETTINGS):
    sign_on = asked(settings)
    assert told_who_it_is(sign_on) == (Transmit(CONFIRMATION),)
    sign_on.sent(0.9)
    return sign_on


def test_a_meter_that_speaks_hdlc_is_followed_to_its_speed():
    sign_on = confirmed()

    switched = sign_on.receive(CONFIRMATION, 1.2)
    too_early = sign_on.tick(1.4)
    (signed_on,) = sign_on.tick(1.5)

    assert switched == (SwitchBaud(9_600),)
    assert too_early == ()
    assert (str(signed_on.meter), signed_on.baud, signed_on.is_confirmed) == ("LMP LAMPSIM01", 9_600, True)
    assert sign_on.wake_at is None


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_identification_may_come_in_any_pieces(size):
    sign_on = asked()

    effects = [
        effect
        for at in range(0, len(MODE_E_AT_9600), size)
        for effect in sign_on.receive(MODE_E_AT_9600[at : at + size], 1.0)
    ]

    assert effects == []
    assert sign_on.tick(1.0 + REACTION_S) == (Transmit(CONFIRMATION),)


def test_a_head_that_reflects_is_seen_and_the_second_confirmation_is_the_meters():
    sign_on = asked()

    assert sign_on.receive(REQUEST, 0.3) == ()
    assert told_who_it_is(sign_on) == (Transmit(CONFIRMATION),)
    assert sign_on.receive(CONFIRMATION, 0.9) == ()
    assert sign_on.receive(CONFIRMATION, 1.3) == (SwitchBaud(9_600),)
    assert sign_on.reflects


def test_a_meter_that_changes_speed_without_confirming_is_followed_after_a_silence():
    sign_on = confirmed()

    assert sign_on.tick(2.9) == (SwitchBaud(9_600),)
    (signed_on,) = sign_on.tick(3.2)

    assert not signed_on.is_confirmed


@pytest.mark.parametrize(("maker", "reaction_s"), [(b"LMP", 0.2), (b"LMp", 0.02)])
def test_the_meter_gets_the_time_to_react_that_its_makers_third_letter_asks_for(maker, reaction_s):
    sign_on = asked()

    at_once = sign_on.receive(to_7e1(b"/" + maker + b"5\\2X\r\n"), 0.7)
    too_early, in_time = sign_on.tick(0.7 + reaction_s - 0.01), sign_on.tick(0.7 + reaction_s)

    assert (at_once, too_early) == ((), ())
    assert in_time == (Transmit(CONFIRMATION),)


def test_a_meter_that_saves_its_battery_is_woken_for_two_seconds_and_asked_after_a_pause():
    sign_on = OptoSignOn(replace(SETTINGS, wake_up_s=2.2))

    woken = sign_on.begin(0.0)
    sign_on.sent(2.2)
    before, asked_then = sign_on.tick(2.2 + PAUSE_AFTER_WAKING_S - 0.01), sign_on.tick(2.2 + PAUSE_AFTER_WAKING_S)

    assert woken == (Transmit(bytes(66)),)
    assert before == ()
    assert asked_then == (Transmit(REQUEST),)


def test_a_meter_that_stays_silent_is_woken_again_and_one_that_is_heard_is_awake():
    sign_on = OptoSignOn(replace(SETTINGS, wake_up_s=2.2))
    sign_on.begin(0.0)
    sign_on.tick(10.0)

    after_silence = sign_on.tick(20.0)
    sign_on.tick(30.0)
    sign_on.receive(b"\x81", 31.0)
    after_noise = sign_on.tick(40.0)

    assert after_silence == (Transmit(bytes(66)),)
    assert after_noise == (Transmit(REQUEST),)


def test_what_arrives_while_the_speed_changes_is_nothing():
    sign_on = confirmed()
    sign_on.receive(CONFIRMATION, 1.2)

    assert sign_on.receive(b"\xff\x00\x7e", 1.3) == ()
    assert isinstance(sign_on.tick(1.5)[0], SignedOn)


def test_a_head_that_cannot_keep_up_stays_at_300_baud():
    sign_on = asked(replace(SETTINGS, max_baud=4_800))

    assert told_who_it_is(sign_on) == (Transmit(to_7e1(b"\x06202\r\n")),)
    assert sign_on.receive(to_7e1(b"\x06202\r\n"), 1.0) == (SwitchBaud(300),)


def test_a_meter_on_a_shared_head_is_called_by_its_address():
    sign_on = OptoSignOn(replace(SETTINGS, device_address="12345678"))

    assert sign_on.begin(0.0) == (Transmit(to_7e1(b"/?12345678!\r\n")),)


@pytest.mark.parametrize(
    ("identification", "mode"),
    [
        (b"/ABB5EMH4\r\n", "mode C"),
        (b"/abb0x\r\n", "mode C"),
        (b"/ABBCEMH4\r\n", "mode B"),
        (b"/ABBxEMH4\r\n", "mode A"),
        (b"/ABB5\\@V9.3\r\n", "mode C"),
        (b"/ABBC\\2EMH4\r\n", "mode B"),
    ],
)
def test_a_meter_of_an_older_mode_is_refused_by_its_mode(identification, mode):
    sign_on = asked()

    (failure,) = sign_on.receive(to_7e1(identification), 0.7)

    assert failure.fault is LinkFault.REFUSED
    assert mode in failure.detail
    assert "mode E" in failure.detail


def test_other_escapes_before_the_one_for_hdlc_do_not_hide_it():
    sign_on = asked()

    assert told_who_it_is(sign_on, to_7e1(b"/ABB5\\@\\2V9.3\r\n")) == (Transmit(CONFIRMATION),)


def test_noise_in_front_of_the_identification_is_passed_over():
    sign_on = asked()

    assert told_who_it_is(sign_on, b"\x00\xff\x80\x01" + MODE_E_AT_9600) == (Transmit(CONFIRMATION),)


def test_a_character_of_wrong_parity_spoils_the_identification_and_it_is_asked_for_again():
    sign_on = asked()
    spoilt = bytearray(MODE_E_AT_9600)
    spoilt[4] ^= 0x80

    assert sign_on.receive(bytes(spoilt), 0.7) == ()
    assert sign_on.tick(2.7) == (Transmit(REQUEST),)
    assert told_who_it_is(sign_on, at=3.0) == (Transmit(CONFIRMATION),)


def test_silence_is_asked_again_so_often_and_then_named():
    sign_on = asked()

    assert sign_on.tick(2.1) == ()
    assert sign_on.tick(2.2) == (Transmit(REQUEST),)
    assert sign_on.tick(4.2) == (Transmit(REQUEST),)
    (failure,) = sign_on.tick(6.2)

    assert failure == LinkFailed(LinkFault.SILENT, "nobody answered 3 sign-ons")


def test_a_head_that_reflects_before_a_dead_meter_is_silence_and_the_head_is_named():
    sign_on = asked(replace(SETTINGS, retries=0))

    sign_on.receive(REQUEST, 0.3)
    (failure,) = sign_on.tick(2.3)

    assert failure.fault is LinkFault.SILENT
    assert "the head is there" in failure.detail


def test_a_meter_that_is_heard_is_asked_more_often_and_then_garbled():
    sign_on = asked(replace(SETTINGS, retries=0))

    effects = []
    for attempt in range(MAX_SPOILT_ANSWERS + 1):
        sign_on.receive(b"\x00\x81\xfe", 3.0 * attempt)
        effects += sign_on.tick(3.0 * attempt + 2.0)

    assert effects[:-1] == [Transmit(REQUEST)] * MAX_SPOILT_ANSWERS
    assert effects[-1].fault is LinkFault.GARBLED


def test_endless_noise_ends_the_sign_on():
    sign_on = asked()

    (failure,) = sign_on.receive(b"\x55" * (MAX_NOISE_BYTES + 1), 0.7)

    assert failure.fault is LinkFault.GARBLED


def test_noise_behind_a_refusal_does_not_hide_it():
    sign_on = asked()

    effects = sign_on.receive(to_7e1(b"/ABB5EMH4\r\n") + b"\x55" * MAX_NOISE_BYTES, 0.7)

    assert [effect.fault for effect in effects] == [LinkFault.REFUSED]


def test_a_meter_that_reads_itself_out_instead_of_confirming_is_garbled():
    sign_on = confirmed()

    (failure,) = sign_on.receive(to_7e1(b"1.8.0(000123*kWh)\r\n" * 30), 1.5)

    assert failure.fault is LinkFault.GARBLED
    assert "no confirmation" in failure.detail


def test_a_second_identification_while_confirming_changes_nothing():
    sign_on = confirmed()

    assert sign_on.receive(MODE_E_AT_9600, 1.0) == ()


def test_every_state_but_the_last_two_has_a_way_on():
    left = {state for state, _ in STEPS}

    assert left == set(State) - {State.SIGNED_ON, State.FAILED}


@pytest.mark.parametrize("character", range(128))
def test_seven_bits_and_even_parity_come_back_as_they_went(character):
    octet = to_7e1(bytes([character]))

    assert octet[0].bit_count() % 2 == 0
    assert from_7e1(octet) == bytes([character])
    assert from_7e1(bytes([octet[0] ^ 0x80])) == b"\x00"
