"""What a disk holds when the power goes: a model of files, fed with the trace of a program that really ran.

Any number of power cuts come from one trace (`power_cut_shim.c`): the model is stepped to an instant, and asked what
would be there. Only what was made durable must be: the octets of a file by its own fsync, and with them the name it was
made under; another name by the fsync of the folder. What was not may be gone, or there, or there in part, in any order:

- `Loss.ALL` drops all of it: the page cache is gone, and nothing of it had been written back;
- `Loss.SOME` keeps some of it by chance, writes torn at sectors of 512 octets, names up to some point.

What a disk that lies about its cache would do is not modelled: then nothing helps but another disk.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

_HEAD = struct.Struct("<ciqI")
_SECTOR_BYTES = 512
_O_CREAT, _O_TRUNC = 0o100, 0o1000


class Loss(Enum):
    """How much of what was not made durable is gone."""

    ALL = "all"
    SOME = "some"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of the trace: its letter (see the shim), descriptor, number, and the octets with it."""

    op: str
    descriptor: int
    number: int
    data: bytes


def read_trace(path: Path) -> list[Step]:
    """Every operation, in order; a record that was cut off at the end is left out."""
    octets = path.read_bytes()
    steps: list[Step] = []
    at = 0
    while at + _HEAD.size <= len(octets):
        op, descriptor, number, length = _HEAD.unpack_from(octets, at)
        data = octets[at + _HEAD.size : at + _HEAD.size + length]
        if len(data) == length:
            steps.append(Step(op=op.decode("ascii"), descriptor=descriptor, number=number, data=data))
        at += _HEAD.size + length
    return steps


@dataclass(slots=True, eq=False)
class _File:
    """What of a file is durable, and what was done to it since: (offset, octets), or (size, None) for a truncation."""

    durable: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def make_durable(self) -> None:
        for number, data in self.since:
            _apply(self.durable, number, data)
        self.since.clear()

    def after(self, loss: Loss, chance: random.Random) -> bytes:
        content = bytearray(self.durable)
        if loss is Loss.SOME:
            for number, data in self.since:
                for at, piece in _survivors(number, data, chance):
                    _apply(content, at, piece)
        return bytes(content)


class Disk:
    """One folder on a disk, stepped through a trace."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._renamings: list[tuple[str, _File | None]] = []  # what names mean since the folder was last made durable
        self._open: dict[int, _File | None] = {}  # None: the folder itself

    def step(self, step: Step) -> None:
        """Do what the program did."""
        match step.op:
            case "o":
                self._opened(step.descriptor, step.data.decode(), step.number)
            case "c":
                self._open.pop(step.descriptor, None)
            case "w" | "t":
                file = self._open.get(step.descriptor)
                if file is not None:
                    file.since.append((step.number, step.data if step.op == "w" else None))
            case "s":
                self._synced(step.descriptor)
            case "r":
                old, new = step.data[: step.number - 1].decode(), step.data[step.number :].decode()
                self._mean(new, self._names[old])
                self._mean(old, None)
            case "u":
                self._mean(step.data.decode(), None)

    def as_written(self, path: str) -> bytes:
        """The content of a file as the program itself sees it."""
        file, content = self._names.get(path, _File()), bytearray()
        content += file.durable
        for number, data in file.since:
            _apply(content, number, data)
        return bytes(content)

    def after_a_cut(self, loss: Loss, chance: random.Random) -> dict[str, bytes]:
        """Path and content of every file, had the power gone now."""
        names = dict(self._durable_names)
        kept = chance.randint(0, len(self._renamings)) if loss is Loss.SOME else 0
        for path, file in self._renamings[:kept]:
            _bind(names, path, file)
        return {path: file.after(loss, chance) for path, file in names.items()}

    def _opened(self, descriptor: int, path: str, flags: int) -> None:
        file = self._names.get(path)
        if file is None and flags & _O_CREAT:
            file = _File()
            self._mean(path, file)
        elif file is not None and flags & _O_TRUNC:
            file.since.append((0, None))
        self._open[descriptor] = file

    def _synced(self, descriptor: int) -> None:
        file = self._open.get(descriptor)
        if file is not None:
            file.make_durable()
            self._name_durably(file)
        elif descriptor in self._open:
            self._durable_names = dict(self._names)
            self._renamings.clear()

    def _name_durably(self, file: _File) -> None:
        """As Linux's file systems do for a file that is new: its name goes to the disk with it."""
        named = next((index for index, (_, each) in enumerate(self._renamings) if each is file), None)
        if named is not None and file not in self._durable_names.values():
            path, _ = self._renamings.pop(named)
            self._durable_names[path] = file

    def _mean(self, path: str, file: _File | None) -> None:
        _bind(self._names, path, file)
        self._renamings.append((path, file))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The power goes after `done` steps: what is on the disk then, and what the program had said by then."""

    done: int
    loss: Loss
    files: dict[str, bytes]
    said: list[str]


def cuts(steps: list[Step], count: int, said_in: str, chance: random.Random) -> Iterator[Cut]:
    """So many power cuts, at instants by chance; `said_in` is the file whose lines count as said once written."""
    disk, done = Disk(), 0
    for number, at in enumerate(sorted(chance.choices(range(1, len(steps) + 1), k=count))):
        while done < at:
            disk.step(steps[done])
            done += 1
        loss = Loss.ALL if number % 2 == 0 else Loss.SOME
        said = disk.as_written(said_in).decode().splitlines()
        yield Cut(done=done, loss=loss, files=disk.after_a_cut(loss, chance), said=said)


def _bind(names: dict[str, _File], path: str, file: _File | None) -> None:
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file


def _apply(content: bytearray, number: int, data: bytes | None) -> None:
    size = number if data is None else number + len(data)
    if size > len(content):
        content.extend(bytes(size - len(content)))
    if data is None:
        del content[number:]
    else:
        content[number : number + len(data)] = data


def _survivors(number: int, data: bytes | None, chance: random.Random) -> Iterator[tuple[int, bytes | None]]:
    """What reached the disk of one write or truncation: nothing, all of it, or some of its sectors."""
    fate = chance.random()
    if fate < 1 / 3:
        return
    if data is None or fate < 2 / 3:
        yield number, data
        return
    end = number + len(data)
    for start in range(number - number % _SECTOR_BYTES, end, _SECTOR_BYTES):
        first, last = max(start, number), min(start + _SECTOR_BYTES, end)
        if chance.random() < 0.5:
            yield first, data[first - number : last - number]
