"""What a COSEM object is called, by its OBIS code: for people who look at a conversation with a meter."""

from gateway.core.dlms.obis import Attribute, Obis

_NAMES = {
    "0.0.1.0.0.255": "clock", "0.0.42.0.0.255": "logical device name", "0.0.96.1.0.255": "serial number",
    "0.0.96.1.1.255": "equipment number", "0.0.40.0.0.255": "current association", "0.0.43.0.0.255": "security setup",
    "0.0.43.1.0.255": "invocation counter", "0.0.43.1.1.255": "invocation counter", "1.0.99.1.0.255": "load profile",
    "1.0.99.2.0.255": "daily profile", "0.0.98.1.0.255": "billing profile", "1.0.98.1.0.255": "billing profile",
    "0.0.96.10.1.255": "profile status", "0.0.96.10.2.255": "profile status", "0.0.96.3.10.255": "disconnector",
    "0.0.17.0.0.255": "limiter", "0.0.96.7.21.255": "power failures", "0.0.96.7.9.255": "long power failures",
    "0.0.96.14.0.255": "active tariff", "0.0.97.97.0.255": "error register", "0.0.97.98.0.255": "alarm register",
    "0.0.99.98.0.255": "standard event log", "0.0.99.98.1.255": "fraud event log",
    "0.0.99.98.2.255": "disconnector event log", "0.0.99.98.5.255": "power quality log",
    "1.0.99.97.0.255": "power failure log", "0.0.25.9.0.255": "push setup", "1.0.1.8.0.255": "energy import",
    "1.0.2.8.0.255": "energy export", "1.0.1.7.0.255": "power import", "1.0.2.7.0.255": "power export",
    "1.0.1.8.1.255": "energy import, rate 1", "1.0.1.8.2.255": "energy import, rate 2",
    "1.0.2.8.1.255": "energy export, rate 1", "1.0.2.8.2.255": "energy export, rate 2",
    "1.0.3.8.0.255": "reactive import", "1.0.4.8.0.255": "reactive export", "1.0.32.7.0.255": "voltage L1",
    "1.0.52.7.0.255": "voltage L2", "1.0.72.7.0.255": "voltage L3", "1.0.31.7.0.255": "current L1",
    "1.0.51.7.0.255": "current L2", "1.0.71.7.0.255": "current L3", "1.0.14.7.0.255": "frequency",
    "1.0.13.7.0.255": "power factor", "1.0.0.2.0.255": "firmware", "0.0.96.1.4.255": "identifier",
}  # fmt: skip
_BY_CODE = {Obis.parse(code): name for code, name in _NAMES.items()}
_REGISTERS = (3, 4)
_PARTS = {
    (7, 3): "columns", (7, 4): "capture period", (7, 7): "entries in use", (8, 3): "time zone", (8, 4): "status",
    (15, 2): "object list", (70, 2): "output", (70, 3): "control state",
}  # fmt: skip


def quantity_named(obis: Obis) -> str:
    """What a code stands for, empty where it has no name here.

    >>> quantity_named(Obis.parse("1.0.32.7.0.255"))
    'voltage L1'
    """
    return _BY_CODE.get(obis, "")


def name_of(attribute: Attribute) -> str:
    """The code in short and its name, where it has one, with the part that is meant where it is not the value.

    >>> name_of(Attribute(class_id=3, obis=Obis.parse("1.0.1.8.0.255"), index=3))
    '1-0:1.8.0 energy import, scaler and unit'
    """
    octets = attribute.obis.octets
    short = f"{octets[0]}-{octets[1]}:{octets[2]}.{octets[3]}.{octets[4]}"
    short += "" if octets[5] == 255 else f"*{octets[5]}"
    name = _BY_CODE.get(attribute.obis, f"class {attribute.class_id}")
    part = _PARTS.get((attribute.class_id, attribute.index), "")
    if attribute.class_id in _REGISTERS and attribute.index == 3:
        part = "scaler and unit"
    if not part and attribute.index not in (2,):
        part = f"attribute {attribute.index}"
    return f"{short} {name}{f', {part}' if part else ''}"
