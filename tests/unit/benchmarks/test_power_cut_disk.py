"""The disk of the power cuts: only what was made durable must be there, and nothing is there that was never written."""

import random
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.power_cut_disk import Disk, Loss, Step, cuts, read_trace

CREATE = 0o101
CHANCE = random.Random(1)


def opened(path: str, descriptor: int = 3, flags: int = CREATE) -> Step:
    return Step(op="o", descriptor=descriptor, number=flags, data=path.encode())


def written(data: bytes, at: int = 0, descriptor: int = 3) -> Step:
    return Step(op="w", descriptor=descriptor, number=at, data=data)


def step(op: str, number: int = 0, descriptor: int = 3) -> Step:
    return Step(op=op, descriptor=descriptor, number=number, data=b"")


def renamed(old: str, new: str) -> Step:
    return Step(op="r", descriptor=-1, number=len(old) + 1, data=f"{old}\0{new}".encode())


FOLDER_SYNCED = (opened("/d", descriptor=9, flags=0), step("s", descriptor=9), step("c", descriptor=9))


def after(steps: Sequence[Step], loss: Loss = Loss.ALL) -> dict[str, bytes]:
    disk = Disk()
    for each in steps:
        disk.step(each)
    return disk.after_a_cut(loss, CHANCE)


def test_what_was_not_made_durable_is_gone() -> None:
    steps = [opened("/d/a"), written(b"one"), step("s"), written(b"two", at=3)]

    assert after(steps) == {"/d/a": b"one"}


def test_a_new_file_without_fsync_is_not_even_there() -> None:
    assert after([opened("/d/a"), written(b"one")]) == {}


def test_a_name_is_durable_once_its_folder_is() -> None:
    steps = [opened("/d/a"), written(b"one"), step("s"), renamed("/d/a", "/d/b")]

    assert after(steps) == {"/d/a": b"one"}
    assert after([*steps, *FOLDER_SYNCED]) == {"/d/b": b"one"}


def test_a_rename_before_the_files_own_fsync_leaves_an_empty_file() -> None:
    assert after([opened("/d/a"), written(b"one"), renamed("/d/a", "/d/b"), *FOLDER_SYNCED]) == {"/d/b": b""}


def test_a_truncation_after_the_fsync_leaves_the_old_end() -> None:
    steps = [opened("/d/a"), written(b"longer"), step("s"), written(b"new"), step("s"), step("t", number=3)]

    assert after(steps) == {"/d/a": b"newger"}


def test_a_file_that_is_taken_away_comes_back_until_the_folder_is_durable() -> None:
    away = Step(op="u", descriptor=-1, number=0, data=b"/d/a")
    steps = [opened("/d/a"), written(b"one"), step("s"), away]

    assert (after(steps), after([*steps, *FOLDER_SYNCED])) == ({"/d/a": b"one"}, {})


def test_a_torn_write_holds_only_sectors_that_were_written() -> None:
    old, new = b"o" * 2048, b"n" * 2048
    steps = [opened("/d/a"), written(old), step("s"), written(new)]

    contents = {after(steps, Loss.SOME)["/d/a"] for _ in range(60)}

    assert {old, new} < contents
    assert all(set(content[at : at + 512]) in ({110}, {111}) for content in contents for at in range(0, 2048, 512))


def test_what_was_said_counts_though_it_is_not_on_the_disk() -> None:
    steps = [opened("/d/acks"), written(b"1\n"), written(b"2\n", at=2)]

    said = {cut.done: cut.said for cut in cuts(steps, 30, "/d/acks", random.Random(3))}

    assert said == {1: [], 2: ["1"], 3: ["1", "2"]}


@given(
    octets=st.lists(st.binary(min_size=1, max_size=1_500), min_size=1, max_size=8),
    durable=st.integers(0, 8),
    seed=st.integers(),
)
def test_whatever_is_lost_the_durable_part_is_there_and_nothing_was_made_up(
    octets: list[bytes], durable: int, seed: int
) -> None:
    steps, length, safe = [opened("/d/a")], 0, b""
    for number, data in enumerate(octets, start=1):
        steps += [written(data, at=length), *[step("s")] * (number == durable)]
        length += len(data)
        safe = b"".join(octets[:number]) if number == durable else safe
    disk = Disk()
    for each in steps:
        disk.step(each)

    content = disk.after_a_cut(Loss.SOME, random.Random(seed)).get("/d/a", b"")

    assert content.startswith(safe)
    assert all(octet in (0, whole) for octet, whole in zip(content, b"".join(octets)[: len(content)], strict=True))


def test_a_trace_that_was_cut_off_gives_the_records_before_the_cut(tmp_path: Path) -> None:
    record = b"w" + (3).to_bytes(4, "little") + (7).to_bytes(8, "little") + (2).to_bytes(4, "little") + b"hi"
    path = tmp_path / "trace"

    found = []
    for end in range(2 * len(record) + 1):
        path.write_bytes((record * 2)[:end])
        found.append(len(read_trace(path)))

    assert found == [0] * len(record) + [1] * len(record) + [2]
    assert read_trace(path)[0] == written(b"hi", at=7)
