"""A week without a way to the cloud, and then one: how fast does what waited arrive, and how long do alarms wait?

A gateway reads 32 meters every quarter of an hour for seven days and says an alarm at the end; its journal, real and
signed, holds all of it. Then the broker is there: mosquitto as `lamplight-cloud broker` starts it, and the whole cloud
as `lamplight-cloud serve` does, in processes of their own. The homes agreed to readings so fine. Delivered is what the
cloud's signed receipt covers; afterwards it is counted in the cloud's database. Alarms are said throughout, and the one
that waited longest counts. Beside the rate stands the same broker handed the same envelopes by paho, which waits for
its acknowledgements and for no cloud; and, since a machine may be busy, what processors spent on one event.

Then brokers that take no message of more than 2 kB, each with another way to show it: an event too large for them is
said, and an alarm after it. The short profile drains a day, since the rate is the same.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.backlog_site import LOOK_S, METERS, READY_WITHIN_S, Gateway, Site, folder_of, meter, until
from benchmarks.report import Row, main
from gateway.core import outbox
from gateway.core.outbox import Entry
from wire import topics
from wire.events import IntervalReadings, RegisterReadings
from wire.terms import Lane
from wire.units import Quantity

QUARTERS_A_DAY: Final = 96
LEAST_EVENTS_PER_S: Final = 200.0
ALARM_WITHIN_S: Final = 5.0
SMALL_BYTES: Final = 2_048
ALARM_EVERY_S: Final = 2.0
DEADLINE_S: Final = 900.0
_PEER_MESSAGES: Final = 2_000
_PEER_WINDOW: Final = 64  # as our own of a lane

SHAPES: Final = {
    "names its limit (MQTT 5)": ("5", f"max_packet_size {SMALL_BYTES}"),
    "cuts the connection (3.1.1)": ("3.1.1", f"max_packet_size {SMALL_BYTES}"),
    "throws away what it acknowledged (3.1.1)": ("3.1.1", f"message_size_limit {SMALL_BYTES}"),
}


def fill(gateway: Gateway, days: int) -> int:
    """Let the gateway read its meters for so many days, quarter by quarter; how many events that made."""
    now_ms = time.time_ns() // 1_000_000
    quarters = days * QUARTERS_A_DAY
    for quarter in range(quarters):
        at_ms = now_ms - (quarters - quarter) * 900_000
        entries = tuple(_reading(number, at_ms, quarter) for number in range(METERS))
        gateway.journal.commit(outbox.Change(entries=entries))
    return quarters * METERS


def _reading(number: int, at_ms: int, quarter: int) -> Entry:
    values = (
        (Quantity.ENERGY_IMPORT_WH, 1_000_000 + 80 * quarter + number),
        (Quantity.ENERGY_EXPORT_WH, 10 * quarter),
        (Quantity.POWER_IMPORT_W, 300 + number),
        (Quantity.VOLTAGE_L1_MV, 230_000 + number),
    )
    return Entry(subject=meter(number), event=RegisterReadings(at_ms=at_ms, values=values))


def drain(gateway: Gateway) -> tuple[float, float, float]:
    """Seconds until nothing waits, until the alarm that waited through the outage arrived, and the worst of the others.

    While it drains an alarm is said every other second.
    """
    began_s = said_s = gateway.say_alarm()
    waited: list[float] = []
    is_waiting = True
    with gateway.forwarding():
        while gateway.journal.waiting():
            now_s = time.monotonic()
            if now_s - began_s > DEADLINE_S:
                raise TimeoutError(f"{gateway.journal.waiting()} events still wait after {DEADLINE_S:g} s")
            if is_waiting and not gateway.alarms_wait():
                waited.append(now_s - said_s)
                is_waiting = False
            elif not is_waiting and now_s - said_s > ALARM_EVERY_S:
                said_s, is_waiting = gateway.say_alarm(), True
            time.sleep(LOOK_S)
        ended_s = time.monotonic()
    return ended_s - began_s, waited[0], max(waited[1:], default=0.0)


def week(days: int) -> list[Row]:
    """The backlog's figures."""
    with ExitStack() as processes:
        site = Site(folder_of(processes), processes)
        made = fill(site.gateway, days)
        envelopes = [row.envelope for row in site.gateway.journal.oldest_waiting(Lane.READINGS, _PEER_MESSAGES)]
        site.begin_broker()
        alone = _acknowledged_per_s(site, envelopes)
        site.begin_cloud()
        began_cpu_s = time.process_time(), site.cloud_cpu_s()
        took_s, first_alarm_s, later_alarm_s = drain(site.gateway)
        ended_cpu_s = time.process_time(), site.cloud_cpu_s()
        edge_ms, cloud_ms = (1_000 * (end - begin) / made for end, begin in zip(ended_cpu_s, began_cpu_s, strict=True))
        made += sum(head.seq for head in site.gateway.journal.heads() if head.lane is Lane.ALARM)
        missing = made - site.stored()
    what = f"{days} days of {METERS} meters: {made} events"
    alarm = partial(Row, beside=ALARM_WITHIN_S, beside_name="", unit="s", is_limit=True)
    own = partial(Row, beside=1_000 / LEAST_EVENTS_PER_S, beside_name="", unit="cpu ms", is_limit=True)
    rate = partial(Row, ours=made / took_s, unit="per s", less_is_better=False)
    return [
        rate(what=what, beside=LEAST_EVENTS_PER_S, beside_name="", is_limit=True, key="events_per_s"),
        rate(what="beside the broker's acknowledgements alone", beside=alone, beside_name="paho to mosquitto"),
        alarm(what="the alarm said in the outage", ours=first_alarm_s, key="first_alarm_s"),
        alarm(what="alarms said while it drained, the slowest", ours=later_alarm_s, key="alarm_while_draining_s"),
        own(what="the gateway's own time for an event", ours=edge_ms, key="gateway_cpu_ms_per_event"),
        own(what="the cloud's", ours=cloud_ms, key="cloud_cpu_ms_per_event"),
        Row(what="not in the cloud", ours=missing, beside=0, beside_name="", unit="", is_limit=True, key="missing"),
    ]


def _acknowledged_per_s(site: Site, envelopes: Sequence[bytes]) -> float:
    """How many of the same envelopes a second the broker acknowledges to a plain client, which has nobody listening."""
    enrolment = site.gateway.enrolment
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=enrolment.username)
    assert enrolment.password is not None
    client.username_pw_set(enrolment.username, enrolment.password.reveal())
    client.max_inflight_messages_set(_PEER_WINDOW)
    client.connect(enrolment.host, enrolment.port)
    client.loop_start()
    topic = topics.up(site.gateway.journal.gateway, Lane.READINGS)
    began_s = time.monotonic()
    sent = [client.publish(topic, envelope, 1) for envelope in envelopes]
    for message in sent:
        message.wait_for_publish(READY_WITHIN_S)
    took_s = time.monotonic() - began_s
    client.disconnect()
    client.loop_stop()
    return len(envelopes) / took_s


def oversized(version: str, limit: str) -> float:
    """Seconds from an event too large for the broker to the receipt for the alarm said after it."""
    with ExitStack() as processes:
        site = Site(folder_of(processes), processes)
        site.begin_broker(limit)
        site.begin_cloud()
        gateway = site.gateway
        with gateway.forwarding(version):
            gateway.say_alarm()
            until(lambda: not gateway.alarms_wait())
            gateway.journal.commit(outbox.Change(entries=(_large(),)))
            began_s = time.monotonic()
            time.sleep(0.3)  # it is on its way
            gateway.say_alarm()
            until(lambda: not gateway.alarms_wait())
            return time.monotonic() - began_s


def _large() -> Entry:
    values = tuple(100_000 * (place % 2) for place in range(900))
    event = IntervalReadings.of(900_000, 900, Quantity.ENERGY_IMPORT_WH, values)
    return Entry(subject=meter(0), event=event)


def measure(full: bool) -> Sequence[Row]:
    """The backlog, and each kind of broker that takes no large event."""
    rows = week(7 if full else 1)
    waits = {shape: oversized(*how) for shape, how in SHAPES.items()}
    limit = partial(Row, beside=ALARM_WITHIN_S, beside_name="", unit="s", is_limit=True)
    rows += [limit(what=f"alarm after an event too large; the broker {shape}", ours=s) for shape, s in waits.items()]
    worst_s = max(waits.values())
    return [*rows, limit(what="the slowest of these", ours=worst_s, key="alarm_after_oversized_s")]


if __name__ == "__main__":
    sys.exit(main("backlog", measure))
