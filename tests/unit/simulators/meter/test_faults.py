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


def test_clear_makes_all_well() -> None:
    faults = Faults()
    for words in (["drop", "9"], ["flip"], ["echo", "on"], ["slow", "9"], ["silence", "9"]):
        faults.command(words, 0.0)

    faults.command(["clear"], 0.0)

    assert faults.spoil([an_answer()]) == [an_answer()]
    assert faults.echo(b"/?!", 300) == []
    assert not faults.is_silent(1.0)


@pytest.mark.parametrize(
    "words",
    [[], ["melt"], ["drop", "many"], ["drop", "-1"], ["drop", "1", "2"], ["slow"], ["slow", "nan"]],
)
def test_a_fault_nobody_knows_is_refused(words: list[str]) -> None:
    with pytest.raises(InputRefused):
        Faults().command(words, 0.0)
