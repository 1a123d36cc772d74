import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from runtime.errors import EnvironmentRefused, InputRefused
from simulators import control


def echo(words: Sequence[str]) -> dict[str, object]:
    match words:
        case ["refuse"]:
            raise InputRefused("not that", do="say this")
        case _:
            return {"heard": list(words)}


async def told(path: Path, *words: str) -> dict[str, object]:
    return await asyncio.to_thread(control.tell, path, words)


def test_a_command_is_answered(tmp_path: Path) -> None:
    async def story() -> dict[str, object]:
        async with control.serving(tmp_path / "sock", echo):
            return await told(tmp_path / "sock", "supply", "off")

    assert asyncio.run(story()) == {"heard": ["supply", "off"]}


def test_a_refusal_comes_back_as_one(tmp_path: Path) -> None:
    async def story() -> dict[str, object]:
        async with control.serving(tmp_path / "sock", echo):
            return await told(tmp_path / "sock", "refuse")

    with pytest.raises(InputRefused, match="not that: say this"):
        asyncio.run(story())


def test_several_commands_may_follow_each_other_on_one_connection(tmp_path: Path) -> None:
    async def story() -> list[bytes]:
        async with control.serving(tmp_path / "sock", echo):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "sock")
            writer.write(b"one\ntwo\n")
            answers = [await reader.readline(), await reader.readline()]
            writer.close()
            return answers

    assert asyncio.run(story()) == [b'{"ok": true, "heard": ["one"]}\n', b'{"ok": true, "heard": ["two"]}\n']


def test_a_line_without_end_closes_its_connection_and_no_other(tmp_path: Path) -> None:
    async def story() -> tuple[bytes, dict[str, object]]:
        async with control.serving(tmp_path / "sock", echo):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "sock")
            writer.write(b"x" * 100_000)
            end = await reader.read()
            writer.close()
            return end, await told(tmp_path / "sock", "still there?")

    end, answer = asyncio.run(story())

    assert end == b""
    assert answer == {"heard": ["still", "there?"]}


def test_the_socket_goes_with_its_simulator(tmp_path: Path) -> None:
    async def story() -> None:
        async with control.serving(tmp_path / "sock", echo):
            assert (tmp_path / "sock").is_socket()

    asyncio.run(story())

    assert list(tmp_path.iterdir()) == []


def test_a_socket_left_by_a_killed_simulator_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "sock"))
    left.close()

    async def story() -> dict[str, object]:
        async with control.serving(tmp_path / "sock", echo):
            return await told(tmp_path / "sock", "hello")

    assert asyncio.run(story()) == {"heard": ["hello"]}


def test_a_simulator_that_still_answers_keeps_its_socket(tmp_path: Path) -> None:
    async def story() -> None:
        async with control.serving(tmp_path / "sock", echo):
            with pytest.raises(EnvironmentRefused, match="another simulator answers"):
                async with control.serving(tmp_path / "sock", echo):
                    pass
            assert await told(tmp_path / "sock", "still", "there") == {"heard": ["still", "there"]}

    asyncio.run(story())


def test_nobody_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentRefused, match="no simulator answers"):
        control.tell(tmp_path / "sock", ["status"])


@pytest.mark.parametrize("answer", [b"", b"hello\n", b"[]\n", b"{}\n"], ids=["nothing", "text", "list", "no ok"])
def test_somebody_else_there_is_said_in_one_line(tmp_path: Path, answer: bytes) -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async def story() -> None:
        server = await asyncio.start_unix_server(speak, tmp_path / "sock")
        async with server:
            await told(tmp_path / "sock", "status")

    with pytest.raises(EnvironmentRefused, match="no simulator answers"):
        asyncio.run(story())


def test_a_command_too_long_for_a_line_is_not_sent(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="at most 4096 bytes"):
        control.tell(tmp_path / "sock", ["x" * 5_000])
