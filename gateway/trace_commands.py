"""`lamplight-gateway trace`: a read whose octets are shown as they pass, or a trace that was kept, looked at again.

Nothing is asked of the meter that `read` does not ask. What is shown and what is kept (`--out`) holds no password and
no key. Exit status 1 says that the read failed; the last lines say in which layer, and what to try.
"""

import argparse
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from gateway.core.errors import MeterUnread, PortUnavailable
from gateway.core.line_address import LineAddress, TcpAddress, parse_line_address
from gateway.core.meter_access import MeterSecrets
from gateway.core.meter_profile import MeterProfile
from gateway.core.trace import trace_file
from gateway.core.trace.annotator import Annotator, Passage, Way
from gateway.core.trace.apdu_words import Opener
from gateway.core.trace.opening import opener
from gateway.core.trace.pieces import Language
from gateway.core.trace.verdict import verdict
from gateway.meter_options import add_meter_options, deadline_s, read_hours
from gateway.secret_options import passing_identity, read_secrets
from gateway.trace_report import passage_facts, passage_lines, verdict_facts, verdict_lines
from runtime.clock import clock_from_environment
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_at_most

MAX_TRACE_BYTES = 20_000_000
_FAILED = 1
_EIGHTH_BIT = 0x80


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    trace = subparsers.add_parser(
        "trace",
        help="read a meter and show every octet, in words",
        description="Read a meter and show every octet as it passes, in words; at the end, which layer failed.",
    )
    add_meter_options(trace, is_optional=True)
    trace.add_argument("--hours", type=int, default=0, metavar="N", help="load profile of the last N hours as well (0)")
    trace.add_argument("--out", type=Path, metavar="FILE", help="keep what passed in a file")
    trace.add_argument("--replay", type=Path, metavar="FILE", help="show a file that --out kept; no port is opened")
    trace.add_argument("--full", action="store_true", help="show long messages whole")
    trace.add_argument("--json", action="store_true", help="one JSON object for each message, and one for the verdict")
    trace.set_defaults(handler=trace_meter)


def trace_meter(arguments: argparse.Namespace) -> int:
    """`trace PORT --profile NAME` or `trace --replay FILE`; raises LamplightError for what cannot be tried."""
    if arguments.replay is not None:
        return _replay(arguments)
    if not arguments.port or not arguments.profile:
        raise InputRefused("a trace needs a port and a profile", do="give PORT --profile NAME, or --replay FILE")
    return _traced_read(arguments)


def _check_is_asked(profile: MeterProfile, arguments: argparse.Namespace) -> None:
    if profile.sends_lists:
        do = f"lamplight-gateway listen {arguments.port} --profile {arguments.profile} --octets"
        raise InputRefused("a trace shows questions and answers, and nobody asks a meter that pushes", do=do)


def _traced_read(arguments: argparse.Namespace) -> int:
    # The adapters bring pyserial and dlms-cosem along, which no other command should wait for.
    from gateway.adapters.dlms_meter import open_line
    from gateway.adapters.meter_session import meter_session
    from gateway.adapters.profile_files import load_profile
    from gateway.adapters.recording_line import RecordingLine

    hours = read_hours(arguments)
    line = parse_line_address(arguments.port)
    profile = load_profile(arguments.profile).addressed(arguments.address, line)
    _check_is_asked(profile, arguments)
    secrets, clock = read_secrets(arguments), clock_from_environment()
    began_s = clock.monotonic()
    of = f"{arguments.port} {profile.name} {clock.now().isoformat(timespec='seconds')}"
    with _kept(arguments.out, of) as kept:
        language = Language.TEXT if profile.speaks_text else _language(line)
        has_parity = profile.line.sign_on != "listen" or profile.push.character == "7E1"
        annotator = Annotator(language=language, has_parity=has_parity, opener=_opener(secrets))
        show = Show(annotator, kept, as_json=arguments.json, is_full=arguments.full)

        def recorded(address: LineAddress, baud: int, /, *, has_parity: bool = False) -> RecordingLine:
            opened = open_line(address, baud, has_parity=has_parity)
            speed = 0 if isinstance(address, TcpAddress) else baud
            return RecordingLine(opened, show, lambda: clock.monotonic() - began_s, speed)

        meter = meter_session(
            arguments.port,
            profile,
            clock=clock,
            deadline_s=deadline_s(hours),
            identity=passing_identity(secrets),
            open_line=recorded,
        )
        error: MeterUnread | None = None
        try:
            if hours:
                meter.read_all(clock.now() - timedelta(hours=hours), clock.now())
            else:
                meter.read_now()
        except PortUnavailable:
            raise
        except MeterUnread as unread:
            error = unread
        finally:
            show.ended(clock.monotonic() - began_s)
    show.verdict(error, signs_on=profile.signs_on(line), has_keys=secrets.key is not None)
    return _FAILED if error else 0


def _replay(arguments: argparse.Namespace) -> int:
    try:
        trace = trace_file.parse(read_at_most(arguments.replay, MAX_TRACE_BYTES))
    except OSError as error:
        raise InputRefused(f"cannot read the trace: {error.strerror}", where=str(arguments.replay)) from error
    except InputRefused as refused:
        refused.where = refused.where or str(arguments.replay)
        raise
    secrets = read_secrets(arguments)
    port = trace.of.split(" ")[0]
    language, has_parity = _language(_line(port)), True
    if language is Language.HDLC and trace.is_text:
        language, has_parity = Language.TEXT, max(trace.heard) >= _EIGHTH_BIT
    annotator = Annotator(language=language, has_parity=has_parity, opener=_opener(secrets))
    show = Show(annotator, None, as_json=arguments.json, is_full=arguments.full)
    for each in trace.passed:
        if each.way is None:
            show.sped(each.at_s, each.baud)
        else:
            show.passed(each.way, each.at_s, each.octets)
    show.ended(trace.passed[-1].at_s if trace.passed else 0.0)
    show.verdict(None, signs_on=False, has_keys=secrets.key is not None)
    return 0


@contextmanager
def _kept(path: Path | None, of: str) -> "Iterator[Kept | None]":
    """The file to keep the trace in, where there is to be one; raises InputRefused."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="ascii", buffering=1)
    except OSError as error:
        raise InputRefused(f"cannot keep the trace: {error.strerror}", where=str(path)) from error
    with file:
        kept = Kept(file, path)
        for line in trace_file.head_lines(of):
            kept.keep(line)
        yield kept


def _line(port: str) -> LineAddress | None:
    try:
        return parse_line_address(port)
    except InputRefused:
        return None


def _language(line: LineAddress | None) -> Language:
    """What is spoken first, unless it is text."""
    return Language.WRAPPER if isinstance(line, TcpAddress) and not line.carries_hdlc else Language.HDLC


def _opener(secrets: MeterSecrets) -> Opener | None:
    if secrets.key is None or secrets.auth_key is None:
        return None
    return opener(secrets.key, secrets.auth_key)


class Show:
    """Shows what passes, and keeps it where it is to be kept."""

    def __init__(self, annotator: Annotator, kept: "Kept | None", *, as_json: bool, is_full: bool) -> None:
        self._annotator, self._kept, self._as_json, self._is_full = annotator, kept, as_json, is_full
        self._width = shutil.get_terminal_size().columns

    def passed(self, way: Way, at_s: float, octets: bytes) -> None:
        """Octets went or came."""
        self._tell(self._annotator.feed(way, at_s, octets))

    def sped(self, at_s: float, baud: int) -> None:
        """The line's speed has changed."""
        if not baud:
            return
        self._annotator.speed(baud)
        if self._kept:
            self._kept.keep(trace_file.speed_line(at_s, baud))

    def ended(self, at_s: float) -> None:
        """Nothing more will come."""
        self._tell(self._annotator.flush(at_s))

    def verdict(self, error: MeterUnread | None, *, signs_on: bool, has_keys: bool) -> None:
        """Say what it adds up to."""
        tally = self._annotator.tally
        found = verdict(tally, error, signs_on=signs_on, has_keys=has_keys)
        if self._as_json:
            print(json.dumps(verdict_facts(found, tally)))
        else:
            print("\n".join(verdict_lines(found, tally)))

    def _tell(self, passages: Iterable[Passage]) -> None:
        for passage in passages:
            if self._as_json:
                print(json.dumps(passage_facts(passage)), flush=True)
            else:
                print("\n".join(passage_lines(passage, width=self._width, is_full=self._is_full)), flush=True)
            if self._kept:
                self._kept.keep(trace_file.line_of(passage))


class Kept:
    """The file a trace is kept in, written as it passes."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file, self._path = file, path

    def keep(self, line: str) -> None:
        """Write a line; raises EnvironmentRefused."""
        try:
            self._file.write(f"{line}\n")
        except OSError as error:
            raise EnvironmentRefused(f"cannot keep the trace: {error.strerror}", where=str(self._path)) from error
