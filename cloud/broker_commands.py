"""The words that make a broker: `broker` is one, `broker-config` writes what mosquitto needs to be one.

    broker DIR                         be the broker of this state folder
    broker-config DIR                  write DIR/broker/mosquitto.conf and all it names, and say how to start it
    broker-config DIR --start          and start it, as `broker` does
    broker-config DIR --out FOLDER     all files for a mosquitto on another machine; --at says where they will lie there

What opens the broker is `mqtt.entrance` in cloud.toml. Where that is a certificate, the authority that signs them is
made with the first of these words.
"""

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import command
from runtime import logs
from runtime.clock import check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused
from runtime.loopback import is_loopback

if TYPE_CHECKING:
    from cloud.config import CloudSettings
    from cloud.state import StateFolder


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `broker` and `broker-config` be commands."""
    broker = command.add(
        commands, "broker", _broker, "be the MQTT broker: mosquitto where it is installed, else an embedded one"
    )
    broker.add_argument("dir", type=Path, metavar="DIR")
    broker.add_argument("--embedded", action="store_true", help="use the embedded broker even where mosquitto is")
    written = command.add(commands, "broker-config", _write, "write a complete mosquitto configuration, and start it")
    written.add_argument("dir", type=Path, metavar="DIR")
    written.add_argument("--out", type=Path, metavar="FOLDER", help="write for a broker elsewhere, into this folder")
    written.add_argument("--at", type=Path, metavar="PATH", help="where that folder will lie there (as FOLDER here)")
    written.add_argument("--start", action="store_true", help="turn into that mosquitto")
    written.add_argument("--json", action="store_true")


def _broker(arguments: argparse.Namespace) -> int:
    folder, settings = _prepared(arguments.dir)
    _be(folder, settings, must_be_embedded=arguments.embedded)
    return 0


def _write(arguments: argparse.Namespace) -> int:
    from cloud.broker import mosquitto
    from cloud.broker.elsewhere import write_for_elsewhere

    if arguments.start and arguments.out is not None:
        raise InputRefused(
            "what is written for elsewhere is started there", where="--start", do="leave one of them out"
        )
    if arguments.at is not None and (arguments.out is None or not arguments.at.is_absolute()):
        raise InputRefused("it is a whole path, and goes with --out", where="--at", do="write --out FOLDER --at /PATH")
    folder, settings = _prepared(arguments.dir)
    if arguments.start:
        _be(folder, settings, must_be_embedded=False)
        return 0
    mutual, port = folder.mutual_tls(settings), settings.mqtt.port
    if arguments.out is None:
        file = mosquitto.write_configuration(folder.broker, settings.broker, port, mutual)
        start = f"lamplight-cloud broker {arguments.dir}"
    else:
        out = arguments.out.resolve()
        at = arguments.at or out
        file = write_for_elsewhere(folder.broker, settings.broker, port, mutual, out=out, at=at)
        start = f"mosquitto -c {at / file.name}, as a user who owns the folder"
        if is_loopback(settings.broker.listen):
            start = (
                f"set broker.listen in cloud.toml, so that it is heard beyond its machine, and write it again; {start}"
            )
    facts = {
        "configuration": str(file),
        "entrance": settings.mqtt.entrance,
        "listen": settings.broker.listen,
        "port": port,
    }
    lines = (f"wrote {file}: opened by {settings.mqtt.entrance}, {settings.broker.listen}:{port}", f"next: {start}")
    command.answer(arguments, facts, lines)
    return 0


def _prepared(path: Path) -> "tuple[StateFolder, CloudSettings]":
    """The state folder with all that a broker reads written anew."""
    from cloud.state import StateFolder

    clock = clock_from_environment()
    folder = StateFolder.open(path)
    settings = folder.settings()
    if settings.mqtt.is_by_certificate:
        check_clock_is_set(clock)
    with closing(folder.open_registry()) as database:
        folder.registrar(database, clock).write_broker_access()
    return folder, settings


def _be(folder: "StateFolder", settings: "CloudSettings", *, must_be_embedded: bool) -> None:
    from cloud.broker import service

    logs.configure(settings.log.level)
    mutual = folder.mutual_tls(settings)
    service.run(folder.broker, settings.broker, settings.mqtt.port, mutual, must_be_embedded=must_be_embedded)
