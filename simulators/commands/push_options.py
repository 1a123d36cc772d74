"""What a simulated meter is told of its push port when it is started."""

import argparse

from runtime.arguments import Words, seconds, whole
from runtime.errors import InputRefused
from runtime.secret import read_key
from simulators.meter.push import PushPlan
from simulators.meter.push_framing import Framing
from simulators.push_line import check_place, is_network

_SOURCE_HELP = "file:PATH, env:NAME or -"


def add_push(parser: Words) -> None:
    """Where and how it pushes."""
    parser.add_argument("--push", metavar="WHERE", help="where it pushes: a link to a pty, tcp:// or udp://HOST:PORT")
    parser.add_argument("--push-every", type=seconds, default=10.0, metavar="S", help="from one list to the next (10)")
    parser.add_argument(
        "--push-framing", choices=[kind.value for kind in Framing], help="hdlc on a pty, wrapper on a network, or other"
    )
    parser.add_argument("--push-blocks", type=whole(16, 1_024), default=0, metavar="N", help="in blocks of N octets")
    parser.add_argument("--push-key", metavar="SOURCE", help=f"ciphered: where the key is, {_SOURCE_HELP}")
    parser.add_argument("--push-auth-key", metavar="SOURCE", help="authenticated as well: as --push-key")
    parser.add_argument("--last-gasp", action="store_true", help="it says so when its supply goes")
    parser.add_argument(
        "--capacitor-s", type=seconds, default=0.0, metavar="S", help="it answers in the dark so long, and reads 0 V"
    )


def push_plan_of(words: argparse.Namespace) -> PushPlan | None:
    """How it pushes; None where it does not. Raises InputRefused for what does not fit together."""
    if words.push is None:
        given = [name for name in ("push_framing", "push_key", "push_auth_key") if getattr(words, name) is not None]
        if given or words.last_gasp or words.push_blocks:
            raise InputRefused("nothing is pushed anywhere", where="--push", do="give --push WHERE")
        return None
    check_place(words.push, where="--push")
    if words.push_auth_key is not None and words.push_key is None:
        raise InputRefused("an authentication key comes with a key", where="--push-auth-key", do="give --push-key")
    framing = words.push_framing or ("wrapper" if is_network(words.push) else "hdlc")
    return PushPlan(
        framing=Framing(framing),
        every_s=words.push_every,
        has_last_gasp=words.last_gasp,
        block_bytes=words.push_blocks,
        key=None if words.push_key is None else read_key("--push-key", words.push_key),
        auth_key=None if words.push_auth_key is None else read_key("--push-auth-key", words.push_auth_key),
    )
