"""Commands typed into this very process: what they say and how they end, as a process of their own would.

To start a program takes a good part of a processor's second, so only what a process alone can show is tried with one:
signals, its streams, and once for each program that its words get through. What a command sets for its process is set
back when it ends: which signals it heeds, and how much it logs.
"""

import importlib
import signal
from dataclasses import dataclass

import pytest

from runtime import logs

_MODULES = {"lamplight-gateway": "gateway.cli", "lamplight-cloud": "cloud.cli", "lamplight-sim": "simulators.cli"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one line of a command that was refused; it said nothing else."""
        assert (self.status, self.out, self.err.count("\n")) == (2, "", 1), self
        return self.err


class Terminal:
    """Where the words are typed; what was printed before is not theirs."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def run(self, program: str, *words: object) -> Ended:
        """Run the program's entry point with these words to its end."""
        main = importlib.import_module(_MODULES[program]).main
        self._monkeypatch.setattr("sys.argv", [program, *map(str, words)])
        self._capsys.readouterr()
        heeded = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            status = main()
        except SystemExit as left:  # argparse, having shown its help
            status = left.code
        finally:
            for number, handler in heeded.items():
                signal.signal(number, handler)
            logs.set_level("notset")
        said = self._capsys.readouterr()
        return Ended(status=status, out=said.out, err=said.err)
