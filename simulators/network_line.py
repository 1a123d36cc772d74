"""A TCP socket on this machine that stands in for a meter's network port, or for a converter before its serial one.

One reader at a time, as such a box serves: a second is let in and put out at once. What nobody is there to hear is
lost, as on a real line. The speed is the meter's: a converter is set to it, and a reader cannot change it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from runtime.errors import EnvironmentRefused

READ_BYTES = 4_096
HOST = "127.0.0.1"
# What a reader that does not read may leave behind, before it is put out.
MOST_UNREAD_BYTES = 1_000_000


class NetworkLine:
    """The simulator's end of the connection."""

    def __init__(self, baud: int, hung_up: Callable[[], None]) -> None:
        self._baud = baud
        self._hung_up = hung_up
        self._hear: Callable[[bytes], None] = lambda _octets: None
        self._writer: asyncio.StreamWriter | None = None

    def readers_baud(self) -> int | None:
        """What the converter is set to."""
        return self._baud

    def write(self, octets: bytes) -> None:
        """Put octets on the line at once."""
        if self._writer is None or self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self._writer.transport.abort()
        else:
            self._writer.write(octets)

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Call `hear` with whatever the reader sends, as it arrives."""
        self._hear = hear

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its begin to its end."""
        if self._writer is not None:
            writer.close()
            return
        self._writer = writer
        try:
            with contextlib.suppress(ConnectionError):
                while octets := await reader.read(READ_BYTES):
                    self._hear(octets)
        finally:
            self._writer = None
            writer.close()
            self._hung_up()


@contextlib.asynccontextmanager
async def open_network_line(
    port: int, *, baud: int, hung_up: Callable[[], None]
) -> AsyncIterator[tuple[NetworkLine, int]]:
    """A line that listens on this machine's `port` (0: any that is free) while the context lasts, and that port.

    Raises EnvironmentRefused when the port cannot be had.
    """
    line = NetworkLine(baud, hung_up)
    try:
        server = await asyncio.start_server(line.serve, HOST, port)
    except OSError as error:
        raise EnvironmentRefused(
            f"cannot listen: {error.strerror}", where=f"{HOST}:{port}", do="choose another port"
        ) from error
    async with server:
        yield line, server.sockets[0].getsockname()[1]
