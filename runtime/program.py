"""How a command ends: every refusal is one line on standard error, and no traceback reaches a person.

Exit statuses: 0 done, 1 the command ran and the answer is no, 2 refused (see the line), 130 stopped by Ctrl-C.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from runtime.errors import LamplightError

REFUSED = 2
INTERRUPTED = 128 + signal.SIGINT


def run(main: Callable[[list[str]], int], arguments: list[str] | None = None) -> int:
    """Run `main` on the arguments (the process's own by default) and return its exit status."""
    try:
        status = main(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except LamplightError as error:
        print(f"{_program_name()}: {error}", file=sys.stderr)  # noqa: T201 - this is the one line a person sees
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`): not our failure. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT; it must only set a flag, since it runs between two bytecodes of anything."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _program_name() -> str:
    return os.path.basename(sys.argv[0]) or "lamplight"  # noqa: PTH119 - argv[0] is text, not a path we open
