"""How a command ends: every refusal is one line on standard error, and no traceback reaches a person.

Exit statuses: 0 done, 1 the command ran and the answer is no, 2 refused (see the line), 3 hung and given up,
130 stopped by Ctrl-C.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from runtime.errors import EnvironmentRefused, InputRefused, LamplightError

REFUSED = 2
HUNG = 3
INTERRUPTED = 128 + signal.SIGINT
NEW_BEFORE_COLLECTED = 10_000  # what a start makes stays: to look through it for garbage takes a tenth of it


def run(main: Callable[[list[str]], int], arguments: list[str] | None = None) -> int:
    """Run `main` on the arguments (the process's own by default) and return its exit status."""
    _open_closed_streams()
    gc.set_threshold(NEW_BEFORE_COLLECTED)
    try:
        status = main(_readable(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except LamplightError as error:
        return _refused(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()  # the reader of a pipe went away (`| head`): not our failure
        return 0
    except OSError as error:
        return _refused(_from_system(error))
    return status


def _open_closed_streams() -> None:
    """Give a program that was started without its streams (`>&-`) empty ones.

    Otherwise the next file it opens would get their number, and whatever prints would write into that.
    """
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for the process's whole life


def _readable(arguments: Sequence[str]) -> list[str]:
    """The arguments, if all are text: names end in logs, settings and JSON, which are UTF-8."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InputRefused(f"the argument {argument!a} is not UTF-8 text", do="rename it") from error
    return list(arguments)


def _refused(error: LamplightError) -> int:
    with suppress(OSError):  # standard error may be full or gone, too
        print(f"{_program_name()}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the one line a person sees
    _forget_output()
    return REFUSED


def end_at_once(error: LamplightError) -> NoReturn:
    """End the process with that one line and nothing else: no lock is waited for, no thread and no file."""
    _refused(error)
    os._exit(HUNG)


def _from_system(error: OSError) -> EnvironmentRefused:
    """What the system refused and nobody put into better words: a path too long, a folder closed to us, no space."""
    where = error.filename if isinstance(error.filename, str) else ""
    do = "check the path and its rights, and that the disk is not full"
    return EnvironmentRefused(f"the system refuses: {error.strerror or error}", where=where, do=do)


def _forget_output() -> None:
    """Drop what could not be written: Python would try again at exit, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT; it must only set a flag, since it runs between two bytecodes of anything."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _program_name() -> str:
    return os.path.basename(sys.argv[0]) or "lamplight"  # noqa: PTH119 - argv[0] is text, not a path we open
