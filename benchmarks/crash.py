"""Messages lost, doubled or untrue in the storm night, when processes are killed (-9) and MQTT messages get lost.

Any process can be the victim: gateways, broker, cloud, meters, probes, the mail server, the radio. The limit is none.
The short profile plays one night in which all of it goes wrong at once; `--full` plays, with each broker, four nights
with five kills each, and one in which a tenth of all MQTT messages is lost and a tenth comes twice.
"""

import sys

from benchmarks.report import Row, main
from benchmarks.story import play

BROKERS: tuple[tuple[str, tuple[str, ...]], ...] = (("mosquitto if here", ()), ("embedded broker", ("--embedded",)))
LOSSES = ("--lose", "10", "--double", "10")
FULL_SEEDS = range(1, 5)


def measure(full: bool) -> list[Row]:
    """Each run is the whole night; one that goes wrong is told on standard error with its seed."""
    if not full:
        return [_row("kills, losses and doubles at once", [("--crashes", "1", *LOSSES)])]
    rows = []
    for broker, options in BROKERS:
        rows.append(_row(f"{broker}, kills", [("--crashes", str(seed), *options) for seed in FULL_SEEDS]))
        rows.append(_row(f"{broker}, 10 % lost, 10 % doubled", [(*LOSSES, *options)]))
    return rows


def _row(name: str, nights: list[tuple[str, ...]]) -> Row:
    wrong = kills = 0
    for options in nights:
        outcome = play(*options)
        kills += len(outcome.get("crashes", []))
        if not outcome["ok"]:
            wrong += 1
            sys.stderr.write(f"{' '.join(options)}: {outcome['failure']}\n")
    what = f"{name}: nights gone wrong of {len(nights)} with {kills} kills"
    return Row(what=what, ours=wrong, beside=0, beside_name="", unit="", is_limit=True)


if __name__ == "__main__":
    sys.exit(main("crash", measure))
