"""What is lost when the broker is killed (-9) holding a backlog, and when its queue overflows.

Ours: twenty gateways make events while the cloud is away. The broker keeps a hundred messages for it at most and drops
the rest, all acknowledged; then it is killed. After that the cloud comes back, and the books are compared as in
`delivery`. Beside it, in the same run, mosquitto alone as it is commonly trusted: as it comes, persistence switched on,
messages of quality 1 to a listener whose session is kept. What it acknowledged and did not deliver is lost.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.chaos.books import Verdict, compare, read_made, read_stored
from benchmarks.chaos.clouds import LISTENS
from benchmarks.chaos.plain_mqtt import Mosquitto, heard, published
from benchmarks.chaos.stage import BROKER, CLOUD, Cast, Stage
from benchmarks.report import Row, Skipped, main
from cloud.broker import mosquitto
from simulators.uplink.mischief import Odds
from tests.ports import free_port

MAX_QUEUED: Final = 100
GATEWAYS: Final = 20
_LISTENS_WITHIN_S: Final = 60.0
_DRAIN_WITHIN_S: Final = 150.0
_OVERFLOWN_WITHIN_S: Final = 60.0
_LOOK_S: Final = 0.5
_SETTLED_S: Final = 2.0


def measure(full: bool) -> list[Row]:
    """Some hundred events for ours in the short profile, some thousand in the long one; as many for mosquitto."""
    program = mosquitto.find()
    if program is None:
        raise Skipped("mosquitto is not installed (apt install mosquitto)")
    verdict, taken = play(15.0 if full else 4.0)
    count = 10_000 if full else 2_000
    acknowledged, overflown = _alone(program, count, is_killed=False)
    acknowledged_again, killed = _alone(program, count // 4, is_killed=True)
    return [
        _told("events made while the cloud was away", verdict.made, "made"),
        _told("messages the broker took for it", taken, "broker_took"),
        _told("of which it keeps at most", MAX_QUEUED, "broker_keeps"),
        _none("lost, queue overflown and broker killed", verdict.lost, "lost"),
        _none("doubled", verdict.doubled, "doubled"),
        _none("gaps", verdict.gaps, "gaps"),
        _told("mosquitto alone: acknowledged", acknowledged, "mosquitto_acknowledged"),
        _told("lost of them, its queue overflowing", acknowledged - overflown, "mosquitto_lost_by_overflow"),
        _told("acknowledged before a kill", acknowledged_again, "mosquitto_acknowledged_before_kill"),
        _told("lost of them by the kill", acknowledged_again - killed, "mosquitto_lost_by_kill"),
    ]


def play(talk_s: float) -> tuple[Verdict, int]:
    """Let gateways talk for so long at least to a broker that keeps little, and kill it; what is there in the end.

    Also how many messages the broker took while the cloud was away.
    """
    cast = Cast(gateways=GATEWAYS, processes=2, odds=Odds(), per_s=8, seed=6, max_queued=MAX_QUEUED)
    with tempfile.TemporaryDirectory(prefix="lamplight-") as folder:
        stage = Stage(Path(folder), cast)
        stage.prepare()
        try:
            stage.begin([BROKER, CLOUD])
            _until_cloud_listens(stage)
            stage.kill(CLOUD)
            for name in stage.gateway_processes:
                stage.restart(name)
            _talk(stage, talk_s)
            stage.quiet.touch()
            time.sleep(_SETTLED_S)
            taken = stage.lines.counts("published")
            stage.kill(BROKER)
            stage.restart(BROKER)
            stage.restart(CLOUD)
            verdict = _drained(stage)
            if not verdict.is_whole:
                sys.stderr.write(f"{verdict}\n{stage.last_words()}\n")
        finally:
            stage.close()
        return verdict, taken


def _until_cloud_listens(stage: Stage) -> None:
    """Until the broker brings the cloud what is said, and so keeps it while the cloud is away."""
    end_s = time.monotonic() + _LISTENS_WITHIN_S
    while not (stage.cloud_folder / LISTENS).exists():
        if time.monotonic() > end_s:
            raise TimeoutError(f"the cloud was not let in within {_LISTENS_WITHIN_S:g} s\n{stage.last_words()}")
        time.sleep(_LOOK_S)


def _talk(stage: Stage, talk_s: float) -> None:
    """Let them talk for so long, and until the broker was given more than it keeps: on a busy machine that is later."""
    began_s = time.monotonic()
    while (took_s := time.monotonic() - began_s) < talk_s or (
        took_s < _OVERFLOWN_WITHIN_S and not _is_overflown(stage)
    ):
        time.sleep(_LOOK_S)


def _is_overflown(stage: Stage) -> bool:
    return min(stage.lines.counts("published"), len(read_made(stage.posts).events)) > MAX_QUEUED


def _drained(stage: Stage) -> Verdict:
    end_s = time.monotonic() + _DRAIN_WITHIN_S
    while True:
        time.sleep(_LOOK_S)
        verdict = compare(read_made(stage.posts), read_stored(stage.cloud_folder / "lamplight.sqlite"))
        if verdict.is_whole or time.monotonic() > end_s:
            return verdict


def _alone(program: Path, count: int, *, is_killed: bool) -> tuple[int, int]:
    """How many of `count` messages mosquitto acknowledged, and how many of those its listener was given after."""
    with tempfile.TemporaryDirectory(prefix="lamplight-") as folder:
        broker = Mosquitto(program, Path(folder), free_port())
        broker.start()
        try:
            heard(broker.port)
            acknowledged = published(broker.port, [b"%d" % number for number in range(count)])
            if is_killed:
                broker.kill()
                broker.start()
            return acknowledged, len(heard(broker.port))
        finally:
            broker.kill()


def _told(what: str, count: float, key: str) -> Row:
    return Row(what=what, ours=count, beside=0, beside_name="none", unit="", key=key)


def _none(what: str, count: float, key: str) -> Row:
    return Row(what=what, ours=count, beside=0, beside_name="none", unit="", key=key, is_limit=True)


if __name__ == "__main__":
    sys.exit(main("broker_loss", measure))
