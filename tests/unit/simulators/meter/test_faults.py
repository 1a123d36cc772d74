import pytest

from runtime.errors import InputRefused
from simulators.meter.faults import Faults
from simulators.meter.transmission import Transmission


def an_answer(octets: bytes = b"an answer on the line") -> Transmission:
    return Transmission(octets=octets, baud=9_600, after_s=0.02)


def said(faults: Faults, count: int = 1) -> list[bytes]:
    return [answer.octets for _ in range(count) for answer in faults.spoil([an_answer()])]


def differing_bits(one: bytes, other: bytes) -> int:
    return sum((left ^ right).bit_count() for left, right in zip(one, other, strict=True))


def test_on_a_good_day_an_answer_arrives_as_it_was_said() -> None:
    assert Faults().spoil([an_answer()]) == [an_answer()]


def test_dropped_answers_never_arrive_and_the_one_behind_them_does() -> None:
    faults = Faults()

    faults.command(["drop", "2"], 0.0)

    assert said(faults, 3) == [an_answer().octets]


def test_a_flip_is_one_bit_of_one_answer() -> None:
    faults = Faults()
    faults.command(["flip"], 0.0)

    first, second = said(faults, 2)

    assert differing_bits(first, an_answer().octets) == 1
    assert second == an_answer().octets


def test_garbage_is_as_long_as_the_answer_and_the_same_for_the_same_seed() -> None:
    one, same = Faults(seed=3), Faults(seed=3)
    one.command(["garbage"], 0.0)
    same.command(["garbage"], 0.0)

    [noise] = said(one)

    assert len(noise) == len(an_answer().octets)
    assert noise != an_answer().octets
    assert [noise] == said(same)


def test_a_cut_answer_breaks_off_half_way() -> None:
    faults = Faults()

    faults.command(["cut"], 0.0)

    assert said(faults) == [an_answer().octets[:10]]


def test_a_slow_meter_takes_its_time_until_told_otherwise() -> None:
    faults = Faults()
    faults.command(["slow", "1.5"], 0.0)

    [slow] = faults.spoil([an_answer()])
    faults.command(["slow", "0"], 0.0)
    [quick] = faults.spoil([an_answer()])

    assert (slow.after_s, quick.after_s) == (1.52, 0.02)


def test_an_echo_shows_the_reader_its_own_octets() -> None:
    faults = Faults()
    quiet = faults.echo(b"/?!", 300)

    faults.command(["echo", "on"], 0.0)

    assert quiet == []
    assert faults.echo(b"/?!", 300) == [Transmission(octets=b"/?!", baud=300)]


def test_silence_lasts_as_long_as_it_was_told() -> None:
    faults = Faults()

    faults.command(["silence", "5"], 100.0)

    assert faults.is_silent(104.9)
    assert not faults.is_silent(105.0)


@pytest.mark.parametrize("fault", ["flip", "burst", "parity"])
def test_what_turns_bits_over_keeps_the_length_and_changes_something(fault: str) -> None:
    faults = Faults()
    faults.command([fault, "200"], 0.0)

    differences = {differing_bits(octets, an_answer().octets) for octets in said(faults, 200)}

    assert min(differences) == 1
    assert max(differences) == {"flip": 1, "parity": 1}.get(fault, max(differences)) <= 16


def test_a_burst_is_no_longer_than_sixteen_bits() -> None:
    faults = Faults()
    faults.command(["burst", "200"], 0.0)

    wrong = [
        int.from_bytes(octets, "little") ^ int.from_bytes(an_answer().octets, "little") for octets in said(faults, 200)
    ]

    assert max(bits.bit_length() - (bits & -bits).bit_length() + 1 for bits in wrong) == 16


def test_a_character_of_wrong_parity_differs_in_bit_seven() -> None:
    faults = Faults()
    faults.command(["parity"], 0.0)

    [octets] = said(faults)

    assert {left ^ right for left, right in zip(octets, an_answer().octets, strict=True)} == {0, 0x80}


def test_an_answer_at_another_speed_is_told_to_the_line() -> None:
    faults = Faults()
    faults.command(["baud"], 0.0)

    assert [answer.baud for answer in faults.spoil([an_answer(), an_answer()])] == [4_800, 9_600]


def test_a_rate_strikes_its_share_and_the_same_ones_for_the_same_seed() -> None:
    one, same = Faults(seed=5), Faults(seed=5)
    one.command(["rate", "drop", "0.05"], 0.0)
    same.command(["rate", "drop", "0.05"], 0.0)

    arrived = [len(said(one)) for _ in range(2_000)]

    assert 60 < arrived.count(0) < 140
    assert arrived == [len(said(same)) for _ in range(2_000)]


def test_bits_are_wrong_at_the_rate_that_was_told() -> None:
    faults = Faults()
    faults.command(["bits", "0.01"], 0.0)

    wrong = sum(differing_bits(octets, an_answer().octets) for octets in said(faults, 500))

    assert 0.008 < wrong / (500 * 8 * len(an_answer().octets)) < 0.012


def test_a_silence_that_strikes_lasts_and_then_ends() -> None:
    faults = Faults()
    faults.command(["rate", "silence", "1"], 0.0)

    assert faults.spoil([an_answer()], 10.0) == []
    assert [faults.is_silent(at) for at in (10.0, 14.9, 15.0)] == [True, True, False]


def test_an_echo_may_strike_now_and_then() -> None:
    faults = Faults()
    faults.command(["rate", "echo", "0.5"], 0.0)

    assert {len(faults.echo(b"/?!", 300)) for _ in range(30)} == {0, 1}


def test_a_dip_breaks_one_of_the_frames_off() -> None:
    faults = Faults()
    faults.command(["dip"], 0.0)

    said_until_then = faults.dips_within([an_answer(), an_answer()])

    assert said_until_then is not None
    assert len(said_until_then[-1].octets) < len(an_answer().octets)
    assert faults.dips_within([an_answer()]) is None


def test_what_the_meter_mishears_differs_in_one_bit() -> None:
    faults = Faults()
    faults.command(["mishear"], 0.0)

    assert differing_bits(faults.heard(b"/?!"), b"/?!") == 1
    assert faults.heard(b"/?!") == b"/?!"


def test_clear_makes_all_well() -> None:
    faults = Faults()
    for words in (["drop", "9"], ["flip"], ["echo", "on"], ["slow", "9"], ["silence", "9"]):
        faults.command(words, 0.0)

    faults.command(["clear"], 0.0)

    assert faults.spoil([an_answer()]) == [an_answer()]
    assert faults.echo(b"/?!", 300) == []
    assert not faults.is_silent(1.0)


def test_rates_in_force_are_told_and_cleared() -> None:
    faults = Faults()
    faults.command(["rate", "flip", "0.05"], 0.0)
    faults.command(["bits", "1e-4"], 0.0)

    told = faults.status()
    faults.command(["clear"], 0.0)

    assert (told["flip_rate"], told["bit_error_rate"]) == (0.05, 1e-4)
    assert faults.status() == Faults().status()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["melt"],
        ["drop", "many"],
        ["drop", "-1"],
        ["drop", "1", "2"],
        ["slow"],
        ["slow", "nan"],
        ["rate", "melt", "1"],
        ["rate", "drop", "2"],
    ],
)
def test_a_fault_nobody_knows_is_refused(words: list[str]) -> None:
    with pytest.raises(InputRefused):
        Faults().command(words, 0.0)
