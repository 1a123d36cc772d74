"""What a person may do about an alarm: say that it was seen, or write a gap off.

Writing off is the way back from a gap that will never fill. The lane's head moves over what is missing, to what is
known of the chain behind it (the hash that the first event held there names, or the one a heartbeat named), and what
was held is taken in. The hole stays in the book under the name of who wrote it off, with the reason. Only a gap that
an alarm stands for can be written off: what still comes is no gap.

There is no way back for a gateway with two chains: its alarm can be seen, and the gateway is given a new key.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import Connection

from cloud.ingest import alarms
from cloud.ingest.alarms import Alarm, Kind
from cloud.ingest.batch import Batch
from cloud.registry import store as registry
from cloud.registry.model import Gateway
from runtime import logs
from runtime.errors import InputRefused

MAX_WHO_CHARS: Final = 100
MAX_REMARK_CHARS: Final = 500

NewBatch: TypeAlias = Callable[[Connection, Iterable[Gateway]], Batch]
"""Makes an empty batch for these gateways; `Intake.batch` is one."""

log = logs.get(__name__)


class NoOpenAlarm(InputRefused):
    """There is no open alarm of this number, or none of which this can be said."""


class WordRefused(InputRefused):
    """Who says it, or why, is not told properly."""


class AlarmDesk:
    """Takes a person's word on alarms."""

    def __init__(self, batch: NewBatch) -> None:
        """`batch` makes the batch in which a lane goes on: the intake's own, under all of its rules."""
        self._batch = batch

    def seen(self, connection: Connection, number: int, who: str, remark: str, now: datetime) -> Alarm:
        """End an alarm that a person has seen; raises NoOpenAlarm, WordRefused."""
        who, remark = _line(who, "name", MAX_WHO_CHARS), _line(remark, "remark", MAX_REMARK_CHARS)
        alarm = _open(connection, number)
        if alarm.kind is Kind.GAP:
            do = "let it fill, or write it off with `lamplight-cloud alarm write-off`"
            raise NoOpenAlarm(f"alarm {number} is about a gap, which is not over by being seen", do=do)
        alarms.end_by_person(connection, number, who, remark, now)
        log.info("alarm_seen", alarm=number, by=who)
        return alarm

    def write_off(self, connection: Connection, number: int, who: str, remark: str, now: datetime) -> Alarm:
        """Go on behind what is missing, for good; raises NoOpenAlarm, WordRefused."""
        who, remark = _line(who, "name", MAX_WHO_CHARS), _line(remark, "remark", MAX_REMARK_CHARS)
        alarm = _open(connection, number)
        gateway = registry.get(connection, alarm.gateway)
        if alarm.kind is not Kind.GAP or gateway is None:
            raise NoOpenAlarm(f"alarm {number} is about no gap", do="say that it was seen")
        batch = self._batch(connection, [gateway])
        holes = batch.write_off(alarm.lane_id, who, remark)
        batch.finish()
        alarms.end_by_person(connection, number, who, remark, now)
        log.warning("gap_written_off", alarm=number, lane=str(alarm.lane_id), holes=holes, by=who)
        return alarm


def _open(connection: Connection, number: int) -> Alarm:
    alarm = alarms.find(connection, number)
    if alarm is None or not alarm.is_open:
        raise NoOpenAlarm(f"there is no open alarm {number}", do="see `lamplight-cloud alarm list`")
    return alarm


def _line(text: str, thing: str, limit: int) -> str:
    """One printable line a person typed; raises WordRefused."""
    line = text.strip()
    if not line or len(line) > limit or not line.isprintable():
        raise WordRefused(f"this is no {thing}", do=f"write it in one line of 1 to {limit} printable characters")
    return line
