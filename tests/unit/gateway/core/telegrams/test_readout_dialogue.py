"""The readout by modes A, B and C: what is said when, at which speed, and how a bad line is met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.link import LinkFailed, Transmit
from gateway.core.dlms.opto import SignOnSettings, SwitchBaud
from gateway.core.telegrams.readout_dialogue import ReadOut, ReadoutDialogue
from tests.fakes_telegrams import block, seven_bit
from wire.terms import LinkFault

REQUEST, BREAK = b"/?!\r\n", b"\x01B0\x03q"
BLOCK = block("1.8.0(001234.567*kWh)")
IDENTIFIED = b"/LMP5LAMPSIM01\r\n"


class Reader:
    """A dialogue with its effects written down; time passes when it waits."""

    def __init__(self, **changes):
        self.dialogue = ReadoutDialogue(SignOnSettings(**changes))
        self.now, self.said, self.bauds, self.ends = 0.0, [], [], []
        self.take(self.dialogue.begin(self.now))

    def take(self, effects):
        for effect in effects:
            match effect:
                case Transmit(octets):
                    self.said.append(bytes(octet & 0x7F for octet in octets))
                    self.dialogue.sent(self.now)
                case SwitchBaud(baud):
                    self.bauds.append(baud)
                case _:
                    self.ends.append(effect)

    def hears(self, text):
        self.take(self.dialogue.receive(seven_bit(text), self.now))

    def waits(self, times=1):
        for _ in range(times):
            self.now = self.dialogue.wake_at
            self.take(self.dialogue.tick(self.now))


def identified(ident=IDENTIFIED, **changes):
    reader = Reader(**changes)
    reader.hears(ident)
    return reader


def test_mode_c_is_chosen_and_followed_at_the_meters_speed():
    reader = identified()
    reader.waits(2)
    reader.hears(BLOCK)

    assert reader.said == [REQUEST, b"\x06050\r\n", BREAK]
    assert reader.bauds == [9600]
    assert reader.ends == [ReadOut(block=BLOCK[1:], identification="LMP5LAMPSIM01")]
    assert reader.dialogue.wake_at is None


@pytest.mark.parametrize(("maker", "reaction_s"), [(b"LMP", 0.2), (b"LMp", 0.02)])
def test_the_third_letter_of_the_maker_tells_how_long_to_wait(maker, reaction_s):
    reader = identified(b"/" + maker + b"5X\r\n")

    assert reader.dialogue.wake_at == pytest.approx(reaction_s)
    assert reader.said == [REQUEST]


def test_a_head_that_holds_back_what_it_is_given_gets_its_pause_before_the_change():
    reader = identified(change_delay_s=0.4)
    reader.waits()

    assert reader.bauds == []
    assert reader.dialogue.wake_at == pytest.approx(0.2 + 6 * 10 / 300 + 0.4)


def test_the_speed_is_not_changed_before_our_choice_can_have_left():
    reader = identified(b"/LMp5LAMPSIM01\r\n")
    reader.waits()

    assert reader.dialogue.wake_at == pytest.approx(0.02 + 6 * 10 / 300)


def test_a_head_that_cannot_follow_stays_at_the_first_speed():
    reader = identified(max_baud=4800)
    reader.waits(2)
    reader.hears(BLOCK)

    assert reader.said[1] == b"\x06000\r\n"
    assert reader.bauds == []
    assert len(reader.ends) == 1


def test_mode_b_changes_by_itself_and_mode_a_not_at_all():
    mode_b, mode_a = identified(b"/LMPEX\r\n"), identified(b"/LMP-X\r\n")

    mode_b.hears(BLOCK)
    mode_a.hears(BLOCK)

    assert (mode_b.bauds, mode_a.bauds) == ([9600], [])
    assert mode_b.said == mode_a.said == [REQUEST, BREAK]


def test_a_spoilt_block_is_asked_for_again_a_few_times_and_no_more():
    reader = identified()
    reader.waits(2)

    for _ in range(3):
        reader.hears(BLOCK.replace(b"1234", b"1235"))

    assert reader.said[2:] == [b"\x15", b"\x15"]
    assert reader.ends[0].fault is LinkFault.GARBLED


def test_a_block_that_breaks_off_is_asked_for_again():
    reader = identified()
    reader.waits(2)
    reader.hears(BLOCK[:20])
    reader.waits()
    reader.hears(BLOCK)

    assert reader.said[2:] == [b"\x15", BREAK]
    assert isinstance(reader.ends[0], ReadOut)


def test_our_own_words_coming_back_are_passed_over():
    reader = Reader()
    reader.hears(REQUEST + IDENTIFIED)
    reader.waits(2)
    reader.hears(b"\x06050\r\n" + BLOCK)

    assert isinstance(reader.ends[0], ReadOut)


def test_a_meter_that_did_not_hear_our_choice_is_asked_from_the_beginning():
    reader = identified()
    reader.waits(3)

    assert reader.bauds == [9600, 300]
    assert reader.said[2:] == [REQUEST]


def test_a_meter_that_saves_its_battery_is_woken_first():
    reader = Reader(wake_up_s=2.2)
    reader.waits()

    assert reader.said == [bytes(66), REQUEST]


def test_silence_is_told_from_noise_and_from_a_meter_that_sends_no_block():
    silent, noisy, mute = Reader(retries=0), Reader(retries=0), identified(retries=0)

    silent.waits()
    for _ in range(4):
        noisy.hears(b"@@@@")
        noisy.waits()
    mute.waits(3)

    assert silent.ends[0].fault is LinkFault.SILENT
    assert noisy.said == [REQUEST] * 4
    assert noisy.ends[0].fault is LinkFault.GARBLED
    assert mute.ends[0].fault is LinkFault.GARBLED
    assert "LMP5LAMPSIM01" in mute.ends[0].detail


def test_our_own_words_alone_are_silence_with_a_head():
    reader = Reader(retries=0)
    reader.hears(REQUEST)
    reader.waits()

    assert reader.ends[0].fault is LinkFault.SILENT
    assert "the head is there" in reader.ends[0].detail


@pytest.mark.parametrize("noise", [b"x" * 600])
def test_what_never_becomes_an_identification_ends(noise):
    reader = Reader()
    reader.hears(noise)

    assert reader.ends[0].fault is LinkFault.GARBLED


@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([IDENTIFIED, BLOCK, REQUEST])), max_size=12))
def test_whatever_comes_the_dialogue_ends_in_a_sound_block_or_a_named_fault(pieces):
    reader = Reader()

    for piece in pieces:
        reader.take(reader.dialogue.receive(piece, reader.now))
        reader.take(reader.dialogue.tick(reader.now + 1))
    for _ in range(12):
        reader.now = reader.dialogue.wake_at or reader.now
        reader.take(reader.dialogue.tick(reader.now))

    assert reader.dialogue.wake_at is None
    assert all(isinstance(end, ReadOut | LinkFailed) for end in reader.ends)
    assert len(reader.ends) == 1


def test_a_readout_that_comes_in_one_piece_with_the_identification_is_taken():
    reader = identified(b"/LMP-X\r\n" + BLOCK)

    assert reader.ends == [ReadOut(block=BLOCK[1:], identification="LMP-X")]
