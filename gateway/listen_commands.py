"""`lamplight-gateway listen`: what a meter says unasked at a push port, as it comes: octets, and what they mean.

Nothing is said on the line. It ends after `--for` seconds, after `--count` messages, or with Ctrl-C, and then tells
how much came and how much of it held. Exit status 1 says that no message did.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.core.dlms.push.pushed import Push
from gateway.core.dlms.push.stream import PushStream
from gateway.core.errors import CaptureRefused
from gateway.core.ports import Heard
from gateway.core.profile_settings import PushSettings
from gateway.core.push.address import parse_push_address
from gateway.core.trace.annotator import Passage, Way
from gateway.core.trace.trace_file import head_lines, line_of
from gateway.push_report import push_facts, push_lines, refusal_facts
from gateway.secret_options import add_key_options, read_push_keys
from gateway.trace_report import octet_lines
from runtime.arguments import seconds, whole
from runtime.clock import clock_from_environment
from runtime.errors import InputRefused

QUIET_S = 0.5
MAX_KEPT_BYTES = 10_000_000
FRAMINGS = ("auto", "hdlc", "m-bus", "wrapper", "raw", "p1", "tic-historic", "tic-standard")
_NOTHING = 1
_CHECK = (
    "is the port switched on? many are off until the utility or the customer asks for them",
    "the right speed and characters: `lamplight-gateway discover` tries the usual ones",
    "a P1 port speaks only while its request line is high: use the cable made for it",
)


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    default = PushSettings()
    listen = subparsers.add_parser(
        "listen", help="show what a meter says unasked", description="Show what a meter says unasked at a push port."
    )
    listen.add_argument("port", metavar="PORT", help="/dev/..., tcp-listen://HOST:PORT or udp-listen://HOST:PORT")
    listen.add_argument("--profile", metavar="NAME", help="take speed, characters and framing from this meter profile")
    listen.add_argument("--baud", type=whole(300, 921_600), metavar="N", help=f"speed of the line ({default.baud})")
    listen.add_argument("--character", choices=("8N1", "8E1", "7E1"), help=f"({default.character})")
    listen.add_argument("--framing", choices=FRAMINGS, help="how messages begin and end (auto)")
    add_key_options(listen)
    listen.add_argument("--for", dest="for_s", type=seconds, default=60.0, metavar="S", help="how long to listen (60)")
    listen.add_argument("--count", type=whole(1, 1_000_000), metavar="N", help="end after so many messages")
    listen.add_argument("--octets", action="store_true", help="show the octets as well")
    listen.add_argument("--out", type=Path, metavar="FILE", help="keep what came in a file, for decode")
    listen.add_argument("--json", action="store_true", help="one JSON object for each message, and one at the end")
    listen.set_defaults(handler=listen_at_port)


def listen_at_port(arguments: argparse.Namespace) -> int:
    """`listen PORT`; raises PortUnavailable, PortGone, InputRefused, SettingsError."""
    from gateway.adapters.list_layouts import load_layouts
    from gateway.adapters.push_ports import open_push_port

    settings, keys = _settings(arguments), read_push_keys(arguments)
    layouts = load_layouts()
    clock = clock_from_environment()
    began_s = clock.monotonic()
    show = _Show(
        new_stream=lambda: PushStream(settings.framing, keys, layouts),
        as_json=arguments.json,
        with_octets=arguments.octets,
        kept=[*head_lines(f"{arguments.port} {settings.framing}")],
    )
    address = parse_push_address(arguments.port)
    with closing(open_push_port(address, settings, clock.monotonic)) as port, suppress(KeyboardInterrupt):
        while (elapsed_s := clock.monotonic() - began_s) < arguments.for_s:  # or until a person has seen enough
            heard = port.wait(min(QUIET_S, arguments.for_s - elapsed_s))
            show.take(heard, clock.monotonic() - began_s)
            if arguments.count and show.messages >= arguments.count:
                break
    show.end()
    if arguments.out:
        _keep(arguments.out, show.kept)
    return 0 if show.messages else _NOTHING


def _settings(arguments: argparse.Namespace) -> PushSettings:
    from gateway.adapters.profile_files import load_profile

    settings = load_profile(arguments.profile).push if arguments.profile else PushSettings()
    said = {name: getattr(arguments, name) for name in ("baud", "character", "framing")}
    return replace(settings, **{name: value for name, value in said.items() if value is not None})


def _keep(path: Path, lines: Iterable[str]) -> None:
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    except OSError as error:
        raise InputRefused(f"cannot keep what came: {error.strerror}", where=str(path)) from error


@dataclass(slots=True, kw_only=True)
class _Show:
    """Opens what comes, one stream for each conversation, and prints it."""

    new_stream: Callable[[], PushStream]
    as_json: bool
    with_octets: bool
    kept: list[str]
    messages: int = 0
    refused: int = 0
    heard_bytes: int = 0
    _streams: dict[int, PushStream] = field(default_factory=dict)

    def take(self, heard: Sequence[Heard], at_s: float) -> None:
        """What came in this turn; nothing means that every line is quiet."""
        for each in heard:
            if each.octets:
                self._octets_came(each.octets, at_s)
            stream = self._streams.setdefault(each.talk, self.new_stream())
            self._tell(stream.feed(each.octets) if each.octets else ())
            if each.is_over:
                self._tell(self._streams.pop(each.talk).flush())
        if not heard:
            for stream in self._streams.values():
                self._tell(stream.flush())

    def end(self) -> None:
        """No more will come: say what it adds up to."""
        for stream in self._streams.values():
            self._tell(stream.flush())
        if self.as_json:
            print(json.dumps({"messages": self.messages, "refused": self.refused, "heard_bytes": self.heard_bytes}))
            return
        messages = "1 message" if self.messages == 1 else f"{self.messages} messages"
        print(f"heard {self.heard_bytes} octets: {messages}, {self.refused} that gave nothing")
        if not self.messages:
            print("\n".join(f"  {number}. {advice}" for number, advice in enumerate(_CHECK, 1)))

    def _octets_came(self, octets: bytes, at_s: float) -> None:
        self.heard_bytes += len(octets)
        if self.heard_bytes <= MAX_KEPT_BYTES:
            self.kept.append(line_of(Passage(way=Way.IN, at_s=at_s, octets=octets, lines=(), is_sound=True)))
        if self.with_octets and not self.as_json:
            print(f"{at_s:8.3f} < {len(octets)} octets")
            print("\n".join(octet_lines(octets, width=shutil.get_terminal_size().columns)))

    def _tell(self, outcomes: Iterable[Push | CaptureRefused]) -> None:
        for outcome in outcomes:
            is_push = isinstance(outcome, Push)
            self.messages += is_push
            self.refused += not is_push
            print("\n".join(self._words(outcome)), flush=True)

    def _words(self, outcome: Push | CaptureRefused) -> Iterator[str]:
        if isinstance(outcome, Push):
            yield from [json.dumps(push_facts(outcome))] if self.as_json else push_lines(outcome)
        else:
            yield json.dumps(refusal_facts(outcome)) if self.as_json else f"!! {outcome}"
