"""What the meter says as text: P1 telegrams, the TIC of a Linky in both modes, and a data readout.

Each function tells the registers of an instant in one of these languages, as seven-bit characters, checksums included.
Energy is split over two tariffs, two to three; powers that a language knows only as apparent are told as they are, the
home having a power factor of one.
"""

from collections.abc import Iterator
from datetime import datetime

from simulators.meter import cosem_time
from simulators.meter.life import Life

DSMR5_HEADER, DSMR2_HEADER = "/LMP5\\2LAMPSIM01", "/LMP5LAMPSIM01"
_STANDARD_STATUS = 1 << 17
_SWITCH_OPEN_BY_ORDER = 4 << 1
_NOMINAL_V = 230


def dsmr5(life: Life, at: datetime) -> bytes:
    """A P1 telegram of version 5, with its CRC."""
    stamp = _stamp(life, life.shown(at))
    body = _lines(
        DSMR5_HEADER,
        "",
        "1-3:0.2.8(50)",
        f"0-0:1.0.0({stamp})",
        f"0-0:96.1.1({life.history.serial.encode().hex().upper()})",
        *_tariffs(life, at, "010.3f"),
        "0-0:96.14.0(0002)",
        f"1-0:1.7.0({_kilo(life.power_import_w(at)):06.3f}*kW)",
        f"1-0:2.7.0({_kilo(life.power_export_w(at)):06.3f}*kW)",
        f"0-0:96.7.21({life.power_failures():05})",
        f"0-0:96.7.9({life.long_power_failures():05})",
        _failure_log(life),
        *(f"1-0:{12 + 20 * phase}.7.0({life.voltage_v(phase, at):05.1f}*V)" for phase in _phases(life)),
        "0-0:96.13.0()",
        "!",
    ).rstrip(b"\r\n")
    return body + f"{crc16(body):04X}\r\n".encode("ascii")


def dsmr2(life: Life, at: datetime) -> bytes:
    """A P1 telegram of version 2, which has no CRC."""
    return _lines(
        DSMR2_HEADER,
        "",
        f"0-0:96.1.1({life.history.serial.encode().hex().upper()})",
        *_tariffs(life, at, "09.3f"),
        "0-0:96.14.0(0001)",
        f"1-0:1.7.0({_kilo(life.power_import_w(at)):07.2f}*kW)",
        f"1-0:2.7.0({_kilo(life.power_export_w(at)):07.2f}*kW)",
        "0-0:17.0.0(0999.00*kW)",
        f"0-0:96.3.10({1 if life.history.is_fed else 0})",
        "0-0:96.13.1()",
        "0-0:96.13.0()",
        "!",
    )


def tic_historic(life: Life, at: datetime) -> bytes:
    """A TIC frame of the historic mode, contract Base."""
    power_va = life.power_import_w(at)
    labels = {
        "ADCO": life.history.serial[-12:].rjust(12, "0"),
        "OPTARIF": "BASE",
        "ISOUSC": "45",
        "BASE": f"{life.energy_import_wh(at):09}",
        "PTEC": "TH..",
        "IINST": f"{round(power_va / _NOMINAL_V):03}",
        "PAPP": f"{power_va:05}",
        "HHPHC": "A",
        "MOTDETAT": "000000",
    }
    return _frame(_group((label, value), " ") for label, value in labels.items())


def tic_standard(life: Life, at: datetime) -> bytes:
    """A TIC frame of the standard mode."""
    moment, shown = f"{_season(life, at)}{_stamp(life, life.shown(at))[:-1]}", life.energy_import_wh(at)
    status = _STANDARD_STATUS | (0 if life.history.is_fed else _SWITCH_OPEN_BY_ORDER)
    groups = [
        ("ADSC", life.history.serial[-12:].rjust(12, "0")),
        ("VTIC", "02"),
        ("DATE", moment, ""),
        ("NGTF", "      BASE      "),
        ("EAST", f"{shown:09}"),
        ("EASF01", f"{shown:09}"),
        ("EAIT", f"{life.energy_export_wh(at):09}"),
        *((f"URMS{phase}", f"{round(life.voltage_v(phase, at)):03}") for phase in _phases(life)),
        ("PREF", "09"),
        ("SINSTS", f"{life.power_import_w(at):05}"),
        ("SMAXSN", moment, f"{life.power_import_w(at):05}"),
        ("STGE", f"{status:08X}"),
        ("MSG1", "PAS DE          MESSAGE         "),
    ]
    return _frame(_group(group, "\t") for group in groups)


def readout(life: Life, at: datetime) -> bytes:
    """The block of a data readout, from STX to its check."""
    stamp = _stamp(life, life.shown(at))
    text = _lines(
        "F.F(00000000)",
        f"0.0.0({life.history.serial})",
        f"C.1.0({life.history.serial})",
        f"0.9.1({stamp[6:12]})",
        f"0.9.2({stamp[:6]})",
        f"1.8.0({_kilo(life.energy_import_wh(at)):010.3f}*kWh)",
        f"2.8.0({_kilo(life.energy_export_wh(at)):010.3f}*kWh)",
        f"1.7.0({_kilo(life.power_import_w(at)):06.3f}*kW)",
        f"2.7.0({_kilo(life.power_export_w(at)):06.3f}*kW)",
        *(f"{12 + 20 * phase}.7({life.voltage_v(phase, at):05.1f}*V)" for phase in _phases(life)),
        f"C.7.0({life.power_failures():04})",
        "!",
    )
    body = text + b"\x03"
    check = 0
    for octet in body:
        check ^= octet
    return b"\x02" + body + bytes((check,))


def crc16(octets: bytes) -> int:
    """CRC-16 of a P1 telegram: x^16 + x^15 + x^2 + 1, least significant bit first, begun at 0.

    >>> f"{crc16(b'123456789'):04X}"
    'BB3D'
    """
    crc = 0
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _phases(life: Life) -> range:
    return range(1, life.phases + 1)


def _kilo(value: int) -> float:
    return value / 1_000


def _tariffs(life: Life, at: datetime, form: str) -> Iterator[str]:
    for code, energy_wh in ((1, life.energy_import_wh(at)), (2, life.energy_export_wh(at))):
        first = energy_wh * 2 // 5
        yield f"1-0:{code}.8.1({_kilo(first):{form}}*kWh)"
        yield f"1-0:{code}.8.2({_kilo(energy_wh - first):{form}}*kWh)"


def _failure_log(life: Life) -> str:
    """The last ten long failures, each by its end and length; a new meter's first entry is its own birth."""
    failures = life.power_failure_log()[-9:]
    entries = "".join(f"({_stamp(life, failure.stamp)})({failure.duration_s:010}*s)" for failure in failures)
    return f"1-0:99.97.0({len(failures) + 1})(0-0:96.7.19)(000101000001W)(2147483647*s){entries}"


def _stamp(life: Life, moment: datetime) -> str:
    letter = "S" if cosem_time.is_daylight_saving(moment, life.zone) else "W"
    return f"{moment.astimezone(life.zone):%y%m%d%H%M%S}{letter}"


def _season(life: Life, at: datetime) -> str:
    return "E" if cosem_time.is_daylight_saving(life.shown(at), life.zone) else "H"


def _frame(groups: Iterator[bytes]) -> bytes:
    return b"\x02" + b"".join(groups) + b"\x03"


def _group(fields: tuple[str, ...], separator: str) -> bytes:
    text = separator.join(fields)
    # The historic mode leaves the last separator out of its sum, the standard one takes it in.
    total = sum(text.encode("ascii")) + (ord(separator) if separator == "\t" else 0)
    return f"\n{text}{separator}{chr((total & 0x3F) + 0x20)}\r".encode("ascii")
