"""`lamplight-sim tell SOCKET WORD...`: one command to a simulator; its answer is one line of JSON."""

import json
import sys
from pathlib import Path

from runtime.arguments import Words
from simulators import control


def main(arguments: list[str]) -> int:
    """Say it; 0 once it has happened."""
    parser = Words(prog="lamplight-sim tell", description="Say one command to a simulator.")
    parser.add_argument("socket", type=Path, help="the path the simulator was given as --control")
    parser.add_argument("word", nargs="+", help="such as: supply off | disconnector open | fault drop 2 | status")
    words = parser.parse_args(arguments)
    answer = {"ok": True, **control.tell(words.socket, words.word)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0
