"""What a simulated meter is told of the text it speaks at its port instead of DLMS."""

import argparse
import asyncio

from runtime.arguments import Words
from runtime.clock import Clock
from runtime.errors import InputRefused
from runtime.secret import Secret, read_key
from simulators.meter.device import Meter
from simulators.meter.link import MeterLink
from simulators.meter.security import Keys
from simulators.meter.talker import LANGUAGES, Talker
from simulators.moment import Moment

MODE_C = "mode-c"
_SOURCE_HELP = "file:PATH, env:NAME or -"
# What Luxembourg's meters authenticate with: the same for all of them, and public.
_PUBLIC_AUTH_KEY = Secret(bytes.fromhex("00112233445566778899aabbccddeeff"))


def add_speaking(parser: Words) -> None:
    """Which text, and sealed by which key."""
    parser.add_argument(
        "--speak", choices=[*LANGUAGES, MODE_C], help="speak text at --link: telegrams unasked, or mode C by sign-on"
    )
    parser.add_argument("--speak-key", metavar="SOURCE", help=f"with p1, sealed: where the key is, {_SOURCE_HELP}")
    parser.add_argument("--speak-auth-key", metavar="SOURCE", help="the same to authenticate; else the public one")


def check_speaking(words: argparse.Namespace) -> None:
    """Raises InputRefused for what does not fit together."""
    if words.speak is not None and words.link is None:
        raise InputRefused("text is spoken at a port", where="--speak", do="give --link")
    if words.speak_key is not None and words.speak != "p1":
        raise InputRefused("only p1 telegrams are sealed", where="--speak-key", do="add --speak p1")
    if words.speak_auth_key is not None and words.speak_key is None:
        raise InputRefused("an authentication key comes with a key", where="--speak-auth-key", do="give --speak-key")


def zone_spoken(language: str | None) -> str:
    """The local time of a meter that was told none: P1 and TIC stamp with that of the countries they are spoken in."""
    return "Europe/Paris" if language in LANGUAGES else "UTC"


def talker_of(words: argparse.Namespace, meter: Meter) -> Talker | None:
    """What speaks unasked at the port; None for a meter that waits to be asked."""
    if words.speak not in LANGUAGES:
        return None
    keys = None
    if words.speak_key is not None:
        source = words.speak_auth_key
        auth_key = _PUBLIC_AUTH_KEY if source is None else read_key("--speak-auth-key", source)
        keys = Keys(encryption=read_key("--speak-key", words.speak_key), authentication=auth_key)
    return Talker(meter.life, LANGUAGES[words.speak], title=meter.keeper.title, keys=keys)


async def talk_for_ever(talker: Talker, meter: Meter, link: MeterLink, clock: Clock) -> None:
    """Say one telegram after the other, at the line's pace."""
    while True:
        began_s, now = clock.monotonic(), Moment.read(clock)
        await link.say(meter.spoken(talker.says(now), talker.language.baud, now))
        pause_s = began_s + talker.language.every_s - clock.monotonic()
        await asyncio.sleep(max(0.05, pause_s))
