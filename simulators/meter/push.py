"""What the meter says unasked: a list of what it measures, every so often, and a last gasp as its supply goes.

The list is a DataNotification with a time and a row for each register: its code, its value, its scaler and unit. The
last gasp is an EventNotification under the code that meters of the MX382 class use for it, with the meter's own number;
its capacitor pays for that one message. `due` tells what to send when, and keeps no clock of its own.
"""

from dataclasses import dataclass

from runtime.secret import Secret
from simulators.meter import axdr, cosem_time
from simulators.meter.cosem_object import obis
from simulators.meter.life import Life
from simulators.meter.push_framing import Framing, blocks, framed, sealed
from simulators.moment import Moment

DATA_NOTIFICATION, EVENT_NOTIFICATION = 0x0F, 0xC2
_SERIAL, _LAST_GASP = "0.0.96.1.0.255", "128.128.128.128.128.0"
_WH, _W, _V = 30, 27, 35
_DATA_CLASS, _VALUE = 1, 2
_MAX_INVOKE_ID = 0xFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPlan:
    """How the meter pushes; `block_bytes` 0 is no general block transfer, `key` None in clear."""

    framing: Framing
    every_s: float = 10.0
    has_last_gasp: bool = False
    block_bytes: int = 0
    key: Secret | None = None
    auth_key: Secret | None = None


class Pusher:
    """One push port of a meter."""

    def __init__(self, life: Life, title: bytes, plan: PushPlan) -> None:
        self._life = life
        self._title = title
        self._plan = plan
        self._counter = 0
        self._sent = 0
        self._due_s = 0.0
        self._was_supplied = life.history.is_supplied

    def due(self, now: Moment) -> bytes:
        """What the meter says now, as it goes onto the line; mostly nothing."""
        is_supplied, was_supplied = self._life.history.is_supplied, self._was_supplied
        self._was_supplied = is_supplied
        if not is_supplied:
            gasps = was_supplied and self._plan.has_last_gasp
            return self._on_line(self._last_gasp(now), now) if gasps else b""
        if now.mono_s < self._due_s:
            return b""
        self._due_s = now.mono_s + self._plan.every_s
        return self._on_line(self._list(now), now)

    def _on_line(self, apdu: bytes, now: Moment) -> bytes:
        plan = self._plan
        if plan.key is not None:
            # It rises with the seconds, too, so that a meter that begins anew uses no number again.
            self._counter = max(self._counter + 1, int(now.at.timestamp()))
            apdu = sealed(apdu, title=self._title, counter=self._counter, key=plan.key, auth_key=plan.auth_key)
        return framed(blocks(apdu, plan.block_bytes), plan.framing)

    def _list(self, now: Moment) -> bytes:
        life, at = self._life, now.at
        rows = [
            axdr.structure(axdr.octet_string(obis(_SERIAL)), axdr.octet_string(life.history.serial.encode())),
            _row("1.0.1.8.0.255", axdr.double_long_unsigned(life.energy_import_wh(at)), 0, _WH),
            _row("1.0.2.8.0.255", axdr.double_long_unsigned(life.energy_export_wh(at)), 0, _WH),
            _row("1.0.1.7.0.255", axdr.double_long_unsigned(life.power_import_w(at)), 0, _W),
            _row("1.0.2.7.0.255", axdr.double_long_unsigned(life.power_export_w(at)), 0, _W),
            *(
                _row(
                    f"1.0.{12 + 20 * phase}.7.0.255", axdr.long_unsigned(round(life.voltage_v(phase, at) * 10)), -1, _V
                )
                for phase in range(1, life.phases + 1)
            ),
        ]
        self._sent = (self._sent + 1) & _MAX_INVOKE_ID
        moment = cosem_time.encode(life.shown(at), life.zone)
        head = bytes((DATA_NOTIFICATION,)) + self._sent.to_bytes(4, "big") + axdr.length(len(moment)) + moment
        return head + axdr.array(rows)

    def _last_gasp(self, now: Moment) -> bytes:
        moment = cosem_time.encode(self._life.shown(now.at), self._life.zone)
        head = bytes((EVENT_NOTIFICATION, 1)) + axdr.length(len(moment)) + moment
        attribute = _DATA_CLASS.to_bytes(2, "big") + obis(_LAST_GASP) + bytes((_VALUE,))
        return head + attribute + axdr.octet_string(self._life.history.serial.encode())


def _row(code: str, value: bytes, scaler: int, unit: int) -> bytes:
    scaler_unit = axdr.structure(axdr.integer(scaler), axdr.enumerated(unit))
    return axdr.structure(axdr.octet_string(obis(code)), value, scaler_unit)
