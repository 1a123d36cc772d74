"""`verify FILE`: is this true? One envelope laid open, or a file that left the house, event by event.

An envelope is the very bytes a gateway signed, binary or in hexadecimal. A file that left the house (a CloudEvent, a
batch of them, an EndDeviceEvents message, a gateway's exported journal) holds such envelopes as evidence; each is
verified, and what the file says around it is compared. No database is asked: whoever has the file and the gateway's
public key can check it anywhere.
"""

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from cloud import command

if TYPE_CHECKING:
    from wire.keys import PublicKey

_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_MAX_KEY_BYTES: Final = 1_000_000
_KEY: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\n?")
_MOST_LINES: Final = 50


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `verify` be a command."""
    verify = command.add(commands, "verify", _verify, "lay one envelope, or a file of evidence, open, or say why not")
    about = (
        "an envelope, binary or hexadecimal; CloudEvents; EndDeviceEvents; an exported journal; - for standard input"
    )
    verify.add_argument("file", metavar="FILE", help=about)
    verify.add_argument(
        "--public-key",
        metavar="PEM",
        action="append",
        default=[],
        help="check signatures with the keys in this file; again for each file",
    )
    verify.add_argument("--json", action="store_true")


def _verify(arguments: argparse.Namespace) -> int:
    from cloud.outward import evidence_file
    from cloud.registry.service import parse_public_key

    keys = [
        parse_public_key(key, pem)
        for pem in arguments.public_key
        for key in _keys_in(command.read_named(pem, _MAX_KEY_BYTES))
    ]
    data = command.read_named(arguments.file, evidence_file.MOST_BYTES)
    if evidence_file.is_one(data):
        return _verify_file(arguments, data, keys)
    return _verify_envelope(arguments, _binary(data), keys)


def _keys_in(pem: bytes) -> list[bytes]:
    """Each public key of a file, since a gateway that changed its key has several; a file of anything else whole."""
    return [pem] if b"PRIVATE KEY" in pem else _KEY.findall(pem) or [pem]


def _verify_envelope(arguments: argparse.Namespace, sealed: bytes, keys: Sequence["PublicKey"]) -> int:
    from cloud.ingest.inspect import Inspected, inspect
    from cloud.outward.explain import key_for

    found = inspect(sealed, key_for(sealed, keys))
    if isinstance(found, Inspected):
        facts = found.facts()
        command.answer(arguments, {"ok": True} | facts, command.laid_out(facts))
        return 0
    refusal = {"ok": False, "reason": str(found.reason), "detail": found.detail}
    command.answer(arguments, refusal, [f"refused: {found.reason}" + (f" ({found.detail})" if found.detail else "")])
    return 1


def _verify_file(arguments: argparse.Namespace, data: bytes, keys: Sequence["PublicKey"]) -> int:
    from cloud.outward.evidence_file import claims
    from cloud.outward.explain import explain

    found = [explain(claim, keys) for claim in claims(data)]
    wrong = [each for each in found if not each.is_true]
    shown = (wrong or found)[:_MOST_LINES]
    hidden = len(wrong or found) - len(shown)
    sum_ = f"{len(found)} events, {len(found) - len(wrong)} true to their evidence, {len(wrong)} not"
    unchecked = [] if keys else ["no signature was checked: name the gateways' keys with --public-key"]
    more = [f"... and {hidden} more"] if hidden else []
    facts = {"ok": not wrong, "events": len(found), "wrong": len(wrong), "found": [each.facts() for each in found]}
    command.answer(arguments, facts, [*(each.line for each in shown), *more, sum_, *unchecked])
    return 1 if wrong else 0


def _binary(data: bytes) -> bytes:
    """Bytes as they are, or those that a text of hexadecimal digits spells."""
    digits = b"".join(data.split())
    is_hex = bool(digits) and len(digits) % 2 == 0 and _HEX.issuperset(digits)
    return bytes.fromhex(digits.decode()) if is_hex else data
