"""The control socket: how a story tells a simulator what happens next.

A UNIX stream socket; a request is one line of words, its answer one line of JSON, `{"ok": true, ...}` or
`{"ok": false, "error": "..."}`. Several requests may follow each other on one connection. A command that was answered
has happened. A line is at most 4,096 bytes; a longer one ends the connection.

`serving` refuses a path on which a simulator already answers; the socket a killed one left behind is replaced.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from runtime.errors import EnvironmentRefused, InputRefused, LamplightError

Handler = Callable[[Sequence[str]], dict[str, object]]
MAX_LINE_BYTES = 4_096
# The kernel's limit for the path of a UNIX socket, less its end mark.
MAX_PATH_BYTES = 107
TELL_TIMEOUT_S = 30.0


@contextlib.asynccontextmanager
async def serving(path: Path, handle: Handler) -> AsyncIterator[None]:
    """Answer on `path` while the context lasts; `handle` raises LamplightError for what it refuses.

    Raises EnvironmentRefused when the path cannot be had.
    """
    _check_free(path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(_answer(handle, line))
                await writer.drain()
        except (ConnectionError, ValueError):
            # The other end is gone, or its line has no end.
            return
        finally:
            writer.close()

    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        server = await asyncio.start_unix_server(serve, aside, limit=MAX_LINE_BYTES)
        inode = aside.stat().st_ino
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise EnvironmentRefused(f"no control socket: {error.strerror}", where=str(path)) from error
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == inode:
                path.unlink()


def tell(path: Path, words: Sequence[str], *, timeout_s: float = TELL_TIMEOUT_S) -> dict[str, object]:
    """Say one command and wait for its answer.

    Raises EnvironmentRefused when nobody answers there, InputRefused when the command was refused.
    """
    line = " ".join(words).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise InputRefused(f"a command is at most {MAX_LINE_BYTES} bytes", do="say less")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(line)
            with connection.makefile("rb") as answers:
                answer = dict(json.loads(answers.readline()))
        is_ok = answer.pop("ok")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise EnvironmentRefused(
            "no simulator answers", where=str(path), do="start it, or name the --control path it was given"
        ) from error
    if not is_ok:
        raise InputRefused(str(answer["error"]))
    return answer


def _answer(handle: Handler, line: bytes) -> bytes:
    try:
        answer = {"ok": True, **handle(line.decode("utf-8", "replace").split())}
    except LamplightError as refused:
        answer = {"ok": False, "error": str(refused)}
    return json.dumps(answer).encode() + b"\n"


def _check_free(path: Path) -> None:
    if len(os.fsencode(path)) > MAX_PATH_BYTES - len(f"..{os.getpid()}"):
        raise EnvironmentRefused("the path is too long for a socket", where=str(path), do="choose a shorter one")
    if not path.exists():
        return
    if not path.is_socket():
        raise EnvironmentRefused("something else stands there", where=str(path), do="choose another --control path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(TELL_TIMEOUT_S)
        probe.connect(str(path))
        raise EnvironmentRefused(
            "another simulator answers there", where=str(path), do="stop it, or choose another --control path"
        )
