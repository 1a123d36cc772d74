"""`lamplight-gateway decode`: a capture opened, for a person or for a program.

A capture is what a meter sent, as it was cut from a line or copied from a log: binary or hex. What comes out of it is
printed as a table, or as one JSON object on a line for each message (`--json`). Where a part of it gives nothing, that
is said on standard error; where nothing comes out, it ends as one line and exit status 2, and a program reads the kind.
"""

import argparse
import json
import sys
from pathlib import Path

from gateway.core.dlms.push.capture_kind import MAX_CAPTURE_BYTES
from gateway.core.dlms.push.pushed import Push
from gateway.core.errors import CaptureRefused
from gateway.core.pasted import octets_of
from gateway.core.trace import trace_file
from gateway.push_report import push_facts, push_lines, refusal_facts
from gateway.secret_options import add_key_options, read_push_keys
from runtime.errors import InputRefused

_STANDARD_INPUT = "-"
_TITLE_BYTES = 8
_MOST_BYTES = 8 * MAX_CAPTURE_BYTES  # as hex, with what a log puts around it
_MOST_TOLD = 20  # parts that gave nothing, on a line each


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    decode = subparsers.add_parser(
        "decode",
        help="open a capture of what a meter sent",
        description="Open what a meter sent unasked: HDLC or M-Bus frames, TCP wrapper, a bare APDU, P1, TIC or a data "
        "readout; hex or binary.",
    )
    decode.add_argument("file", metavar="FILE", help="the capture, or - for standard input")
    add_key_options(decode)
    decode.add_argument("--system-title", metavar="HEX", help="who sends, where a ciphered message does not say")
    decode.add_argument("--json", action="store_true", help="one JSON object for each message instead of a table")
    decode.set_defaults(handler=decode_capture)


def decode_capture(arguments: argparse.Namespace) -> int:
    """`decode FILE|-`; raises CaptureRefused, InputRefused, SettingsError."""
    # What opens seals takes its time to import, and no other command should wait for it.
    from gateway.adapters.list_layouts import load_layouts
    from gateway.core.dlms.push.capture import open_capture

    if _STANDARD_INPUT in (arguments.key, arguments.auth_key) and arguments.file == _STANDARD_INPUT:
        raise InputRefused("standard input cannot be capture and key at once", do="name a file for one of them")
    keys = read_push_keys(arguments, _title(arguments.system_title))
    try:
        outcomes = open_capture(_heard(_content(arguments.file)), keys, load_layouts())
    except InputRefused as refused:
        refused.where = refused.where or arguments.file
        raise
    pushes = [outcome for outcome in outcomes if isinstance(outcome, Push)]
    refused_parts = [outcome for outcome in outcomes if isinstance(outcome, CaptureRefused)]
    for push in pushes:
        print(json.dumps(push_facts(push)) if arguments.json else "\n".join(push_lines(push)))
    for part in refused_parts:
        part.where = arguments.file
    if not pushes:
        if arguments.json:
            print(json.dumps(refusal_facts(refused_parts[0])))
        raise refused_parts[0]
    for part in refused_parts[:_MOST_TOLD]:
        sys.stderr.write(f"a part of the capture gave nothing: {part}\n")
    if len(refused_parts) > _MOST_TOLD:
        sys.stderr.write(f"{len(refused_parts) - _MOST_TOLD} more parts of the capture gave nothing\n")
    return 0


def _title(text: str | None) -> bytes:
    try:
        title = bytes.fromhex(text or "")
    except ValueError:
        title = b"?"
    if text is not None and len(title) != _TITLE_BYTES:
        what = f"a system title has {2 * _TITLE_BYTES} hex digits"
        raise InputRefused(what, where="--system-title", do="write it as 4b464d6750000009")
    return title


def _heard(content: bytes) -> bytes:
    """What a meter sent: of a trace what came in, of all else the octets that were meant."""
    return trace_file.parse(content).heard if trace_file.is_trace(content) else octets_of(content)


def _content(file: str) -> bytes:
    try:
        if file == _STANDARD_INPUT:
            content = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputRefused(f"cannot read the capture: {error.strerror}", where=file) from error
    if len(content) > _MOST_BYTES:
        raise InputRefused(f"a file of more than {_MOST_BYTES} octets is not read", where=file, do="cut it into pieces")
    return content
