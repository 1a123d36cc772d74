"""What a simulated meter can be told when it is started, by meaning: its home, its make, its locks, its line.

Each group adds its options to a parser and turns their words into one value; what does not fit together is refused.
"""

import argparse
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from runtime.arguments import Words, seconds, whole
from runtime.errors import InputRefused
from runtime.secret import read_key, read_password
from simulators.meter.acse import MIN_PDU_BYTES
from simulators.meter.buffer_encoding import Encoding
from simulators.meter.gatekeeper import Access, Authentication
from simulators.meter.link_parameters import LIMITS, LinkParameters, limits_of
from simulators.meter.makes import LAMPLIGHT, MAKES, Make
from simulators.meter.opto import BAUD_BY_IDENTIFIER
from simulators.meter.security import Keys
from simulators.meter.server import MAX_PDU_BYTES, Forms
from simulators.meter.station import INACTIVITY_TIMEOUT_S

MAX_TURNAROUND_MS = 60_000
_MS = 1_000
_SOURCE_HELP = "file:PATH, env:NAME or -"
_SCALERS = (-3, 0, 1, 3)


def frames(text: str) -> LinkParameters:
    """The most it agrees to, such as 128/1."""
    return limits_of(text)


def add_home(parser: Words) -> None:
    """Whose load it measures, where and since when."""
    parser.add_argument("--serial", default="LMP10000001", help="serial number and sign-on address")
    parser.add_argument("--from", dest="source", type=Path, help="a real home: CSV or CSV.gz (default: generated)")
    parser.add_argument("--as-dated", action="store_true", help="live that home at its own dates, not moved to now")
    parser.add_argument("--column", default="", help="which column of that file, where several would do")
    parser.add_argument("--seed", type=int, default=1, help="which generated home, and which noise")
    parser.add_argument("--phases", type=int, default=1, choices=(1, 3))
    parser.add_argument(
        "--time-zone",
        help="the meter's local time, such as America/Sao_Paulo (UTC; Europe/Paris where it speaks P1 or TIC)",
    )
    parser.add_argument("--state", type=Path, help="keeps what befell the meter over a kill")


def add_make(parser: Words) -> None:
    """In which words it tells what it measures."""
    parser.add_argument(
        "--model", choices=sorted(MAKES), default=LAMPLIGHT.name, help="whose objects, scalers, columns and codes"
    )
    parser.add_argument(
        "--encoding", choices=[kind.value for kind in Encoding], help="how it writes its load profile (the model's)"
    )
    parser.add_argument("--capture-minutes", type=int, choices=(15, 30, 60), help="its capture period (the model's)")
    parser.add_argument(
        "--energy-scaler", type=int, choices=_SCALERS, help="the step of its energy registers: 3 is 1 kWh (the model's)"
    )


def make_of(words: argparse.Namespace) -> Make:
    """The make that was asked for."""
    make = MAKES[words.model]
    if words.encoding is not None:
        make = replace(make, encoding=Encoding(words.encoding))
    if words.capture_minutes is not None:
        make = replace(make, capture_period=timedelta(minutes=words.capture_minutes))
    if words.energy_scaler is not None:
        make = replace(make, energy_scaler=words.energy_scaler)
    return make


def add_line(parser: Words) -> None:
    """How it speaks."""
    parser.add_argument(
        "--baud", type=int, default=9600, choices=sorted(BAUD_BY_IDENTIFIER.values())[1:], help="HDLC speed"
    )
    parser.add_argument(
        "--frames",
        type=frames,
        default=LIMITS,
        metavar="BYTES/WINDOW",
        help="the longest frame of HDLC it agrees to, and how many in a row (2030/7)",
    )
    parser.add_argument("--battery", action="store_true", help="its optical port sleeps until two seconds of NUL")
    parser.add_argument(
        "--turnaround-ms",
        type=whole(0, MAX_TURNAROUND_MS),
        default=0,
        metavar="MS",
        help="it thinks at least so long (0)",
    )
    parser.add_argument(
        "--max-pdu",
        type=whole(MIN_PDU_BYTES, 0xFFFF),
        default=MAX_PDU_BYTES,
        metavar="BYTES",
        help=f"the longest APDU it takes and gives ({MAX_PDU_BYTES})",
    )
    parser.add_argument(
        "--inactivity-timeout-s", type=seconds, default=INACTIVITY_TIMEOUT_S, metavar="S", help="of a held link (120)"
    )
    parser.add_argument(
        "--general-blocks", action="store_true", help="long answers go in general blocks, to a reader who knows them"
    )


def forms_of(words: argparse.Namespace) -> Forms:
    """Which general forms of messages it knows."""
    return Forms(
        has_general_protection=words.ciphering == "any",
        has_general_blocks=words.general_blocks,
        max_pdu_bytes=words.max_pdu,
    )


def turnaround_s(words: argparse.Namespace) -> float:
    """How long it thinks before each answer."""
    return float(words.turnaround_ms / _MS)


def add_access(parser: Words) -> None:
    """Who is let in."""
    parser.add_argument(
        "--auth",
        choices=[kind.value for kind in Authentication],
        default=Authentication.NONE.value,
        help="how a reader proves who it is: client 16 nothing, 17 a password, 1 its keys (none)",
    )
    parser.add_argument("--password", metavar="SOURCE", help=f"for lls: where it is, {_SOURCE_HELP}")
    parser.add_argument("--key", metavar="SOURCE", help=f"for hls-gmac, to encrypt: where it is, {_SOURCE_HELP}")
    parser.add_argument("--auth-key", metavar="SOURCE", help="for hls-gmac, to authenticate: as --key")
    parser.add_argument(
        "--ciphering", choices=("any", "service"), default="any", help="service: glo-get and its kin alone (any)"
    )
    parser.add_argument("--master-key", metavar="SOURCE", help="for hls-gmac, to be given new keys: as --key")


def access_of(words: argparse.Namespace) -> Access:
    """The locks and what opens them; raises InputRefused where the secrets do not fit the lock."""
    authentication = Authentication(words.auth)
    wanted = {Authentication.LLS: {"password"}, Authentication.HLS_GMAC: {"key", "auth_key"}}.get(authentication, set())
    given = {name for name in ("password", "key", "auth_key") if getattr(words, name) is not None}
    if given != wanted:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in sorted(wanted, reverse=True))
        raise InputRefused(f"{words.auth} takes {options or 'no secret'}", where="--auth", do="--help tells the words")
    if words.master_key is not None and authentication is not Authentication.HLS_GMAC:
        raise InputRefused("only a meter with keys has a master key", where="--master-key", do="add --auth hls-gmac")
    if authentication is Authentication.LLS:
        return Access(authentication=authentication, password=read_password("--password", words.password))
    if authentication is Authentication.HLS_GMAC:
        keys = Keys(encryption=read_key("--key", words.key), authentication=read_key("--auth-key", words.auth_key))
        master = None if words.master_key is None else read_key("--master-key", words.master_key)
        return Access(authentication=authentication, keys=keys, master=master, draw=os.urandom)
    return Access()
